package typed

import (
	"reflect"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/bpfgen/bpfgen/typed/internal/hook"
)

// Maps, variables and programs in memory, which package typedtest makes. They have
// the handles of the kernel's: what differs is who answers a command.

func init() {
	hook.BindMap = func(h any, name string, m bpf.Map) error { return bindMemory(h.(AnyMap), name, m) }
	hook.MapOf = func(h any) bpf.Map { return mapOf(h.(AnyMap)).fake }
	hook.BindVariable = func(h any, name string, value any, readOnly bool) error {
		return (&h.(*VariableHandle).g).bindMemory(name, value, readOnly)
	}
	hook.BindProgram = func(h any, name string, run func(*bpf.Run) error) {
		handle := h.(programHandle)
		b := handle.base()
		b.name, b.life = name, &programLife{fake: run, typ: handle.kind().typ}
	}
}

// bindMemory makes h the handle of a map in memory.
func bindMemory(h AnyMap, name string, m bpf.Map) error {
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
