package typedtest

import (
	"unsafe"

	"github.com/bpfgen/bpfgen/typed"
)

// NewVariable makes a global variable in memory. The program's part is played by
// the test, through the same handle: Set, and the atomic functions of package
// typed.
func NewVariable[T any](value T) *typed.Variable[T] {
	v := new(typed.Variable[T])
	bindVariable((*typed.VariableHandle)(v), &value, false)
	return v
}

// NewConstant makes a constant, of .rodata or .kconfig, in memory.
func NewConstant[T any](value T) *typed.Constant[T] {
	v := new(typed.Constant[T])
	bindVariable((*typed.VariableHandle)(v), &value, true)
	return v
}

// bindVariable gives a variable memory of its own, with the value in it.
func bindVariable(h *typed.VariableHandle, value any, readOnly bool) {
	if err := typed.BindMemoryVariable(h, "typedtest", value, readOnly); err != nil {
		panic("typedtest: " + err.Error())
	}
}

// view is memory as a T, nil if it is too short. What it is of is aligned as a slice
// of bytes of the heap is: to 8 bytes where it has so many.
func view[T any](memory []byte) *T {
	if uintptr(len(memory)) < unsafe.Sizeof(*new(T)) || len(memory) == 0 {
		return nil
	}
	return (*T)(unsafe.Pointer(&memory[0]))
}

// bytesOf are the bytes of a value as C has them.
func bytesOf[T any](v T) []byte {
	return append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(&v)), unsafe.Sizeof(v))...)
}
