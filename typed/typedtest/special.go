package typedtest

import (
	"reflect"
	"strings"

	"github.com/bpfgen/bpfgen/typed"
)

// The fields of values that belong to the kernel: an update leaves them as they are,
// a lookup reads zeroes. Generated types for them are called as the C struct is.

// kernelTypes end the names of Go types of such fields, in lower case (enum
// btf_field_type, include/linux/bpf.h).
var kernelTypes = []string{
	spinLock, "bpfresspinlock", "bpftimer", "bpfwq", "bpftaskwork", "bpfrefcount",
	"bpflisthead", "bpflistnode", "bpfrbroot", "bpfrbnode",
}

const spinLock = "bpfspinlock"

// span is a part of a value, in bytes.
type span struct{ start, end uintptr }

// valueType is the type of the values of a map, nil where it has no Lookup for one.
func valueType(h typed.AnyMap) reflect.Type {
	m, ok := reflect.TypeOf(h).MethodByName("Lookup")
	if !ok {
		return nil
	}
	t := m.Type.Out(0)
	if t.Kind() == reflect.Slice { // of CPUs
		t = t.Elem()
	}
	return t
}

// kernelFields are those of a type, and whether one is a struct bpf_spin_lock.
func kernelFields(t reflect.Type) (special []span, lock bool) {
	eachField(t, 0, func(kernel string, at span) {
		special, lock = append(special, at), lock || kernel == spinLock
	})
	return special, lock
}

// eachField calls use for each field of the kernel in a value of type t at an
// offset, nested ones included.
func eachField(t reflect.Type, at uintptr, use func(kernel string, at span)) {
	switch {
	case t == nil:
	case t.Kind() == reflect.Array:
		for i := range t.Len() {
			eachField(t.Elem(), at+uintptr(i)*t.Elem().Size(), use)
		}
	case t.Kind() == reflect.Struct:
		if kernel := kernelType(t); kernel != "" {
			use(kernel, span{at, at + t.Size()})
			return
		}
		for i := range t.NumField() {
			f := t.Field(i)
			eachField(f.Type, at+f.Offset, use)
		}
	}
}

func kernelType(t reflect.Type) string {
	name := strings.ToLower(t.Name())
	for _, kernel := range kernelTypes {
		if strings.HasSuffix(name, kernel) {
			return kernel
		}
	}
	return ""
}

// withoutKernelFields is a value for a table, with zeroes where the kernel has its
// own.
func (m *memory) withoutKernelFields(value []byte) []byte {
	if len(m.special) == 0 {
		return value
	}
	value = append([]byte(nil), value...)
	for slot := value; len(slot) > 0; slot = slot[min(len(slot), m.stride()):] {
		for _, s := range m.special {
			clear(slot[s.start:s.end])
		}
	}
	return value
}
