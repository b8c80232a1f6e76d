package typed

import (
	"reflect"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
)

// Maps, variables and programs in memory, which package typedtest makes. They have
// the handles of the kernel's: what differs is who answers a command.

// BindMemoryMap makes h the handle of a map in memory. Package typedtest calls it.
func BindMemoryMap(h AnyMap, name string, m bpf.Map) error {
	c := mapOf(h)
	c.name, c.life, c.facts = name, new(mapLife), m.Facts()
	if c.err = h.Shape().checkMap(name, c.facts); c.err == nil {
		c.err = c.layOut(h.Shape(), func() (int, error) { return m.CPUs(), nil })
	}
	if c.err == nil {
		c.fake, c.keyErrors = m, newKeyErrors(name)
	}
	return c.err
}

// MemoryMapOf is the map that BindMemoryMap has bound; nil for handles of the kernel.
// Package typedtest calls it.
func MemoryMapOf(h AnyMap) bpf.Map { return mapOf(h).fake }

// BindMemoryProgram makes h, the handle of a program of any kind, one in memory: run is
// what it does when it is run. Package typedtest calls it.
func BindMemoryProgram(h AnyProgram, name string, run func(*bpf.Run) error) {
	b := h.base()
	b.name, b.life = name, &programLife{fake: hide(&memoryProgram{run}), typ: h.(programHandle).kind().typ}
}

// BindMemoryVariable makes v a variable in memory. value is a pointer to its first
// value. Package typedtest calls it.
func BindMemoryVariable(v *VariableHandle, name string, value any, readOnly bool) error {
	return v.g.bindMemory(name, value, readOnly)
}

// bindMemory makes g a variable with memory of its own, aligned as a section of an
// object is, that starts as what value points to.
func (g *global) bindMemory(name string, value any, readOnly bool) error {
	v := reflect.ValueOf(value).Elem()
	size := v.Type().Size()
	if err := checkVariable(name, value, uint32(size)); err != nil {
		return err
	}
	words := make([]uint64, size/8+1)
	mem := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)
	copy(mem, unsafe.Slice((*byte)(v.Addr().UnsafePointer()), size))
	*g = global{name: name, size: uint32(size), sec: copyOfSection(mem, readOnly)}
	return nil
}
