package typed

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// Global variables of the object. Before load they are bytes of the spec
// ([VariableSpec]); after load they live in the only element of an array map
// per ELF section, which is mapped into this process (section.go).
//
// Values are copied byte by byte as the program has them, in the byte order of
// the host, which is that of a loaded object. Of the library's Variable only
// the address of the data is taken, out of its spec: Variable.Get and Set go
// through encoding/binary for types with padding.

// VariableSpec is a global variable before load. Constants (const volatile in
// C) can be set too: the verifier then knows their values.
//
// Where the opened object has no such variable, what is set is remembered and
// has no effect.
type VariableSpec[T any] struct {
	// Spec is the library's object, nil where the object has no such variable.
	Spec *ebpf.VariableSpec

	absent T
}

// Get is the value that the variable will have when it is loaded.
func (s *VariableSpec[T]) Get() T {
	v := s.absent
	if s.Spec != nil {
		copy(memoryOf(&v), s.Spec.Value)
	}
	return v
}

// Set makes value the one that the variable will have when it is loaded.
func (s *VariableSpec[T]) Set(value T) {
	if s.Spec == nil {
		s.absent = value
		return
	}
	if len(s.Spec.Value) != sizeOf[T]() { // changed through Spec
		s.Spec.Value = make([]byte, sizeOf[T]())
	}
	copy(s.Spec.Value, memoryOf(&value))
}

// BindVariableSpec makes *dst the spec of the variable with that C name.
// Generated code calls it; errors are collected and come out of
// [CollectionSpec.Err].
func BindVariableSpec[T any](c *CollectionSpec, dst **VariableSpec[T], name string) {
	s := new(VariableSpec[T])
	if spec := c.Spec.Variables[name]; spec != nil {
		s.Spec = spec
		if err := checkVariable[T](name, spec.Size()); err != nil {
			c.fail(err)
		}
	}
	*dst = s
}

// BindStaticSpec makes *dst the spec of a static variable. The library makes
// none of these; it is added to the spec under a key like ".bss+16", made of
// its section and offset. offset tells apart variables of one name.
func BindStaticSpec[T any](c *CollectionSpec, dst **VariableSpec[T], section, name string, offset uint32) {
	key, v := findStatic(c.Spec, section, name, offset)
	if v != nil && c.Spec.Variables[key] == nil {
		if err := addStatic(c.Spec, section, key, v); err != nil {
			c.fail(fmt.Errorf("variable %s: %w", name, err))
		}
	}
	BindVariableSpec(c, dst, key)
}

// checkVariable compares the size of a variable with its Go type.
func checkVariable[T any](name string, size uint32) error {
	if err := checkPlain[T](); err != nil {
		return fmt.Errorf("variable %s: %w", name, err)
	}
	if int(size) != sizeOf[T]() {
		return &LayoutError{
			Object: "variable " + name, Property: "size",
			Want: fmt.Sprint(sizeOf[T]()), Got: fmt.Sprint(size),
		}
	}
	return nil
}

// findStatic finds a variable in the BTF of its section. Of several of one
// name (static ones of linked translation units) it is the one at the offset.
// The key is that of a variable that is absent where v is nil.
func findStatic(spec *ebpf.CollectionSpec, section, name string, offset uint32) (key string, v *btf.VarSecinfo) {
	if ds := datasec(spec, section); ds != nil {
		for i := range ds.Vars {
			candidate := &ds.Vars[i]
			if candidate.Type.TypeName() != name {
				continue
			}
			if v == nil || candidate.Offset == offset {
				v = candidate
			}
		}
	}
	if v != nil {
		offset = v.Offset
	}
	return fmt.Sprintf("%s+%d", section, offset), v
}

// datasec is the BTF of a section, nil if the object has none.
func datasec(spec *ebpf.CollectionSpec, section string) *btf.Datasec {
	var ds *btf.Datasec
	if spec.Types == nil || spec.Types.TypeByName(section, &ds) != nil {
		return nil
	}
	return ds
}

// addStatic adds a variable to the spec.
func addStatic(spec *ebpf.CollectionSpec, section, key string, v *btf.VarSecinfo) error {
	m := spec.Maps[section]
	if m == nil || len(m.Contents) == 0 {
		return fmt.Errorf("the object has no section %s", section)
	}
	data, ok := m.Contents[0].Value.([]byte)
	if end := uint64(v.Offset) + uint64(v.Size); !ok || end > uint64(len(data)) {
		return fmt.Errorf("bytes %d to %d are outside of section %s", v.Offset, end, section)
	}
	t, ok := v.Type.(*btf.Var)
	if !ok {
		return fmt.Errorf("section %s: %v is not a variable", section, v.Type)
	}
	spec.Variables[key] = &ebpf.VariableSpec{
		Name: t.Name, SectionName: section, Offset: v.Offset,
		Value: append([]byte(nil), data[v.Offset:v.Offset+v.Size]...),
		Type:  btf.Copy(t).(*btf.Var),
	}
	return nil
}

// Variable is a global variable of a loaded object, in .data or .bss.
//
// Where the kernel has mmap for arrays (5.5), values of 4 and 8 bytes are
// loaded and stored in one piece. Larger ones are copied and may be torn when
// the program writes at the same time.
type Variable[T any] struct {
	// Variable is the library's object, nil where the variable was not loaded.
	Variable *ebpf.Variable

	global
}

// Constant is a global variable that does not change once the object is
// loaded: of .rodata (const volatile in C) or of .kconfig (extern __kconfig).
type Constant[T any] struct {
	// Variable is the library's object, nil where the variable was not loaded
	// and for variables of .kconfig, of which the library has none.
	Variable *ebpf.Variable

	global
}

// global is where a variable lives.
type global struct {
	name string
	sec  *section
	off  uint32
	err  error // why it cannot be read
}

// Get reads the value.
func (v *Variable[T]) Get() (T, error) { return readGlobal[T](&v.global) }

// Get reads the value.
func (v *Constant[T]) Get() (T, error) { return readGlobal[T](&v.global) }

// Set writes the value. Below Linux 5.5, and if the map of the section is
// without BPF_F_MMAPABLE, the error wraps [ebpf.ErrNotSupported]: the kernel
// could only replace the whole section, and with it what the program has
// written since.
func (v *Variable[T]) Set(value T) error {
	b := memoryOf(&value)
	mem, err := v.writable(len(b))
	if err != nil {
		return err
	}
	defer v.sec.keepAlive()
	switch {
	case len(b) == 8 && aligned(mem, 8):
		var x uint64
		copy(memoryOf(&x), b)
		atomic.StoreUint64((*uint64)(unsafe.Pointer(&mem[0])), x)
	case len(b) == 4 && aligned(mem, 4):
		var x uint32
		copy(memoryOf(&x), b)
		atomic.StoreUint32((*uint32)(unsafe.Pointer(&mem[0])), x)
	default:
		copy(mem, b)
	}
	return nil
}

// readGlobal reads a variable, from mapped memory or by a system call.
func readGlobal[T any](g *global) (value T, err error) {
	if g.err != nil {
		return value, g.err
	}
	b := memoryOf(&value)
	mem, err := g.sec.bytes(g.off, len(b))
	if err != nil {
		return value, fmt.Errorf("read variable %s: %w", g.name, err)
	}
	defer g.sec.keepAlive()
	switch {
	case g.sec.readOnly: // does not change
		copy(b, mem)
	case len(b) == 8 && aligned(mem, 8):
		x := atomic.LoadUint64((*uint64)(unsafe.Pointer(&mem[0])))
		copy(b, memoryOf(&x))
	case len(b) == 4 && aligned(mem, 4):
		x := atomic.LoadUint32((*uint32)(unsafe.Pointer(&mem[0])))
		copy(b, memoryOf(&x))
	default:
		copy(b, mem)
	}
	return value, nil
}

// writable is the mapped memory of the variable.
func (g *global) writable(size int) ([]byte, error) {
	if g.err != nil {
		return nil, g.err
	}
	mem, err := g.sec.writable(g.off, size)
	if err != nil {
		return nil, fmt.Errorf("write variable %s: %w", g.name, err)
	}
	return mem, nil
}

func aligned(mem []byte, size uintptr) bool {
	return uintptr(unsafe.Pointer(&mem[0]))%size == 0
}

// BindVariable makes *dst the loaded variable with that C name. Generated code
// calls it.
func BindVariable[T any](c *Collection, dst **Variable[T], name string) {
	*dst = &Variable[T]{
		Variable: c.Collection.Variables[name],
		global:   locate[T](c, name),
	}
}

// BindConstant makes *dst the loaded constant with that C name. Generated code
// calls it.
func BindConstant[T any](c *Collection, dst **Constant[T], name string) {
	*dst = &Constant[T]{
		Variable: c.Collection.Variables[name],
		global:   locate[T](c, name),
	}
}

// BindStatic makes *dst a loaded static variable. Generated code calls it.
func BindStatic[T any](c *Collection, dst **Variable[T], section, name string, offset uint32) {
	key, _ := findStatic(c.spec, section, name, offset)
	BindVariable(c, dst, key)
}

// BindStaticConstant makes *dst a loaded static constant. Generated code calls
// it.
func BindStaticConstant[T any](c *Collection, dst **Constant[T], section, name string, offset uint32) {
	key, _ := findStatic(c.spec, section, name, offset)
	BindConstant(c, dst, key)
}

// locate finds a loaded variable by its key in the spec.
func locate[T any](c *Collection, key string) global {
	if spec := c.spec.Variables[key]; spec != nil && c.Collection.Variables[key] != nil {
		g := global{name: spec.Name, off: spec.Offset}
		if g.err = checkVariable[T](spec.Name, spec.Size()); g.err == nil {
			g.sec, g.err = c.section(spec.SectionName)
		}
		return g
	}
	if v := findKconfig(c.spec, key); v != nil {
		g := global{name: key, off: v.Offset}
		if g.err = checkVariable[T](key, v.Size); g.err == nil {
			g.sec, g.err = c.section(kconfig)
		}
		return g
	}
	return global{name: key, err: fmt.Errorf("variable %s: %w", key, ErrNotLoaded)}
}

// findKconfig finds an extern __kconfig variable.
func findKconfig(spec *ebpf.CollectionSpec, name string) *btf.VarSecinfo {
	_, v := findStatic(spec, kconfig, name, 0)
	return v
}

// AtomicInteger are the integers that the processor and the program can change
// in one piece.
type AtomicInteger interface {
	~int32 | ~uint32 | ~int64 | ~uint64
}

// AtomicLoad reads a variable with the meaning of sync/atomic. The error wraps
// [ebpf.ErrNotSupported] where the memory of the variable is not mapped: see
// [Variable.Set]. So do those of the other atomic functions.
func AtomicLoad[T AtomicInteger](v *Variable[T]) (value T, err error) {
	err = v.atomic(
		func(p *uint32) { value = T(atomic.LoadUint32(p)) },
		func(p *uint64) { value = T(atomic.LoadUint64(p)) })
	return value, err
}

// AtomicStore writes a variable with the meaning of sync/atomic.
func AtomicStore[T AtomicInteger](v *Variable[T], value T) error {
	return v.atomic(
		func(p *uint32) { atomic.StoreUint32(p, uint32(value)) },
		func(p *uint64) { atomic.StoreUint64(p, uint64(value)) })
}

// AtomicAdd adds delta, which may be negative, to a variable and returns the
// sum: the counterpart of __sync_fetch_and_add in the program.
func AtomicAdd[T AtomicInteger](v *Variable[T], delta T) (sum T, err error) {
	err = v.atomic(
		func(p *uint32) { sum = T(atomic.AddUint32(p, uint32(delta))) },
		func(p *uint64) { sum = T(atomic.AddUint64(p, uint64(delta))) })
	return sum, err
}

// AtomicSwap writes a variable and returns the value that it had before.
func AtomicSwap[T AtomicInteger](v *Variable[T], value T) (old T, err error) {
	err = v.atomic(
		func(p *uint32) { old = T(atomic.SwapUint32(p, uint32(value))) },
		func(p *uint64) { old = T(atomic.SwapUint64(p, uint64(value))) })
	return old, err
}

// AtomicCompareAndSwap writes a variable if it has the value old, and says
// whether it had.
func AtomicCompareAndSwap[T AtomicInteger](v *Variable[T], old, value T) (swapped bool, err error) {
	err = v.atomic(
		func(p *uint32) { swapped = atomic.CompareAndSwapUint32(p, uint32(old), uint32(value)) },
		func(p *uint64) { swapped = atomic.CompareAndSwapUint64(p, uint64(old), uint64(value)) })
	return swapped, err
}

// atomic calls the function for the size of T with the memory of the variable.
func (v *Variable[T]) atomic(word func(*uint32), long func(*uint64)) error {
	mem, err := v.writable(sizeOf[T]())
	if err != nil {
		return err
	}
	defer v.sec.keepAlive()
	if !aligned(mem, uintptr(len(mem))) {
		return fmt.Errorf("variable %s: not aligned: %w", v.name, ebpf.ErrNotSupported)
	}
	if len(mem) == 8 {
		long((*uint64)(unsafe.Pointer(&mem[0])))
	} else {
		word((*uint32)(unsafe.Pointer(&mem[0])))
	}
	return nil
}
