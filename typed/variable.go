package typed

import (
	"cmp"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/plain"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// Global variables of the object. Before load they are bytes of the spec
// ([VariableSpec]); after load they live in the only element of an array map
// per ELF section, which is mapped into this process (variable_memory.go).
//
// Values are copied byte by byte as the program has them, in the byte order of
// the host, which is that of a loaded object. Of the library's Variable only
// the address of the data is taken, out of its spec: Variable.Get and Set go
// through encoding/binary for types with padding.
//
// What has type parameters is one line each over what has none.

// VariableSpec is a global variable before load. Constants (const volatile in
// C) can be set too: the verifier then knows their values.
//
// Where the opened object has no such variable, what is set is remembered and
// has no effect.
type VariableSpec[T any] VariableSpecCore

// VariableSpecCore is a [VariableSpec] as generated code sees it: what it has is
// compiled once, not for each type. It is not for other code.
type VariableSpecCore struct {
	// Spec is the library's object, nil where the object has no such variable.
	Spec *ebpf.VariableSpec

	absent []byte
}

// Get is the value that the variable will have when it is loaded.
func (s *VariableSpec[T]) Get() (value T) {
	(*VariableSpecCore)(s).get(unsafe.Pointer(&value), unsafe.Sizeof(value))
	return value
}

// Set makes value the one that the variable will have when it is loaded.
func (s *VariableSpec[T]) Set(value T) {
	(*VariableSpecCore)(s).set(unsafe.Pointer(&value), unsafe.Sizeof(value))
}

//go:noinline
func (s *VariableSpecCore) get(value unsafe.Pointer, size uintptr) {
	switch {
	case s == nil:
	case s.Spec == nil:
		copy(unsafe.Slice((*byte)(value), size), s.absent)
	default:
		copy(unsafe.Slice((*byte)(value), size), s.Spec.Value)
	}
}

//go:noinline
func (s *VariableSpecCore) set(from unsafe.Pointer, size uintptr) {
	value := append([]byte(nil), unsafe.Slice((*byte)(from), size)...)
	switch {
	case s == nil:
	case s.Spec == nil:
		s.absent = value
	case len(s.Spec.Value) == len(value):
		copy(s.Spec.Value, value)
	default: // changed through Spec
		s.Spec.Value = value
	}
}

// BindVariableSpec is the spec of the variable with that C name. like is a nil
// pointer to its Go type. Generated code calls it; errors are collected and come out
// of [CollectionSpec.Err].
func BindVariableSpec(c *CollectionSpec, name string, like any) *VariableSpecCore {
	return &VariableSpecCore{Spec: (*specCore)(c).variableSpec(name, like)}
}

// BindStaticSpec is the spec of a static variable. The library makes
// none of these; it is added to the spec under a key like ".bss+16", made of
// its section and offset. A variable that is not in the same section on all targets has
// these with blanks between. index tells apart variables of one name, which linked
// translation units may have: their number in the order of offsets, from 0 on.
func BindStaticSpec(c *CollectionSpec, section, name string, index int, like any) *VariableSpecCore {
	return &VariableSpecCore{Spec: (*specCore)(c).staticSpec(section, name, index, like)}
}

// variableSpec finds the spec of a variable by its key in the library's.
func (c *specCore) variableSpec(key string, like any) *ebpf.VariableSpec {
	spec := c.Spec.Variables[key]
	if spec != nil {
		if err := checkVariable(key, like, spec.Size()); err != nil {
			c.fail(err)
		}
	}
	return spec
}

// staticSpec is variableSpec of a static variable.
func (c *specCore) staticSpec(section, name string, index int, like any) *ebpf.VariableSpec {
	section = staticSection(c.Spec, section, name, index)
	key, v := findStatic(c.Spec, section, name, index)
	if v != nil && c.Spec.Variables[key] == nil {
		if err := addStatic(c.Spec, section, key, v); err != nil {
			c.fail(fmt.Errorf("variable %s: %w", name, err))
		}
	}
	return c.variableSpec(key, like)
}

// checkVariable compares the size of a variable with its Go type, to which like is
// a pointer.
func checkVariable(name string, like any, size uint32) error {
	t := reflect.TypeOf(like).Elem()
	if err := plain.Check(t); err != nil {
		return fmt.Errorf("variable %s: %w", name, err)
	}
	if uintptr(size) != t.Size() {
		return &LayoutError{
			Object: "variable " + name, Property: "size",
			Want: fmt.Sprint(t.Size()), Got: fmt.Sprint(size),
		}
	}
	return nil
}

// staticSection is which of the sections, with blanks between, has the variable.
func staticSection(spec *ebpf.CollectionSpec, sections, name string, index int) string {
	if !strings.Contains(sections, " ") {
		return sections
	}
	for _, section := range strings.Fields(sections) {
		if _, v := findStatic(spec, section, name, index); v != nil {
			return section
		}
	}
	return sections
}

// findStatic finds the static variable of a name in the BTF of its section that
// has this index. Where v is nil, there is none, and the key is no variable's.
func findStatic(spec *ebpf.CollectionSpec, section, name string, index int) (key string, v *btf.VarSecinfo) {
	var found []*btf.VarSecinfo
	if ds := datasec(spec, section); ds != nil {
		for i := range ds.Vars {
			if v := &ds.Vars[i]; v.Type.TypeName() == name && !isGlobal(spec, section, name, v.Offset) {
				found = append(found, v)
			}
		}
	}
	if index < 0 || index >= len(found) {
		return fmt.Sprintf("%s: %s (%d)", section, name, index+1), nil
	}
	slices.SortFunc(found, func(a, b *btf.VarSecinfo) int { return cmp.Compare(a.Offset, b.Offset) })
	return fmt.Sprintf("%s+%d", section, found[index].Offset), found[index]
}

// isGlobal says whether the library has that variable by its name.
func isGlobal(spec *ebpf.CollectionSpec, section, name string, offset uint32) bool {
	v := spec.Variables[name]
	return v != nil && v.SectionName == section && v.Offset == offset
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

// Variable is a global variable of a loaded object, in .data or .bss. The zero
// Variable, and a nil pointer, is one that was not loaded.
//
// Where the kernel has mmap for arrays (Linux ≥ 5.5), values of 4 and 8 bytes are
// loaded and stored in one piece. Larger ones are copied and may be torn when
// the program writes at the same time.
type Variable[T any] VariableHandle

// Constant is a global variable that does not change once the object is
// loaded: of .rodata (const volatile in C) or of .kconfig (extern __kconfig).
type Constant[T any] VariableHandle

// Get reads the value.
func (v *Variable[T]) Get() (value T, err error) {
	err = (*VariableHandle)(v).read(unsafe.Pointer(&value), unsafe.Sizeof(value))
	return value, err
}

// Get reads the value.
func (v *Constant[T]) Get() (value T, err error) {
	err = (*VariableHandle)(v).read(unsafe.Pointer(&value), unsafe.Sizeof(value))
	return value, err
}

// Set writes the value. Before Linux 5.5, and if the map of the section is
// without BPF_F_MMAPABLE, the error wraps [ebpf.ErrNotSupported]: the kernel
// could only replace the whole section, and with it what the program has
// written since.
func (v *Variable[T]) Set(value T) error {
	return (*VariableHandle)(v).write(unsafe.Pointer(&value), unsafe.Sizeof(value))
}

// Name is the C name of the variable.
func (v *Variable[T]) Name() string { return (*VariableHandle)(v).Name() }

// Name is the C name of the variable.
func (v *Constant[T]) Name() string { return (*VariableHandle)(v).Name() }

// Err is why the variable cannot be read: it wraps [ErrNotLoaded] or
// [os.ErrClosed], or is a [*LayoutError]. nil if it can.
func (v *Variable[T]) Err() error { return (*VariableHandle)(v).Err() }

// Err is [Variable.Err].
func (v *Constant[T]) Err() error { return (*VariableHandle)(v).Err() }

// VariableHandle is what [Variable] and [Constant] are made of. Its methods may be
// called from any goroutine. After Close of the collection the errors of all
// methods that have one wrap [os.ErrClosed].
type VariableHandle struct {
	g global
	_ [0]func() // not comparable, which would be code for each type
}

// noVariable is the variable behind a nil handle. Nothing writes to it.
var noVariable global

func (v *VariableHandle) global() *global {
	if v == nil {
		return &noVariable
	}
	return &v.g
}

// Name is the C name of the variable.
//
//go:noinline
func (v *VariableHandle) Name() string { return v.global().name }

// Err is [Variable.Err].
//
//go:noinline
func (v *VariableHandle) Err() error { return v.global().usable() }

// global is where a variable lives.
type global struct {
	name string
	sec  *section // nil: it cannot be read; see err
	off  uint32
	size uint32 // bytes
	err  error
}

func (g *global) usable() error {
	switch {
	case g.err != nil:
		return g.err
	case g.sec == nil:
		return variableError(g.name, ErrNotLoaded)
	case g.sec.calls.Closed():
		return variableError(g.name, errVariableClosed)
	}
	return nil
}

var errVariableClosed error = &fixedError{"the collection is closed", &os.ErrClosed}

func variableError(name string, err error) error {
	if name == "" { // the zero handle
		return fmt.Errorf("variable: %w", err)
	}
	return fmt.Errorf("variable %s: %w", name, err)
}

// enter begins the use of a variable, which sec.calls.Leave ends.
func (g *global) enter(size uintptr) error {
	if g.sec == nil || !g.sec.calls.Enter() {
		return g.usable()
	}
	if uintptr(g.size) != size {
		g.sec.calls.Leave()
		return &LayoutError{Object: "variable " + g.name, Property: "size", Want: fmt.Sprint(size), Got: fmt.Sprint(g.size)}
	}
	return nil
}

// read copies the variable to value, from mapped memory or by a system call.
//
//go:noinline
func (v *VariableHandle) read(value unsafe.Pointer, size uintptr) error {
	g := v.global()
	if err := g.enter(size); err != nil {
		return err
	}
	defer g.sec.calls.Leave()
	mem := g.sec.mem
	if mem == nil {
		var err error
		if mem, err = g.sec.lookUp(); err != nil {
			return fmt.Errorf("read variable %s: %w", g.name, err)
		}
	}
	g.sec.load(value, mem[g.off:][:size])
	return nil
}

// write copies value to the variable.
//
//go:noinline
func (v *VariableHandle) write(value unsafe.Pointer, size uintptr) error {
	g := v.global()
	if g.sec != nil && g.sec.lent != nil {
		return g.setLent(copyOf(value, int(size)))
	}
	mem, err := g.writable(size)
	if err != nil {
		return err
	}
	store(mem, value)
	g.sec.calls.Leave()
	return nil
}

// writable is the mapped memory of the variable. Without an error,
// sec.calls.Leave ends its use.
func (g *global) writable(size uintptr) ([]byte, error) {
	if err := g.enter(size); err != nil {
		return nil, err
	}
	mem, err := g.sec.writable()
	if err != nil {
		g.sec.calls.Leave()
		return nil, fmt.Errorf("write variable %s: %w", g.name, err)
	}
	return mem[g.off:][:size], nil
}

// load copies out of mem, in one piece where the processor can and somebody may
// write meanwhile.
func (s *section) load(value unsafe.Pointer, mem []byte) {
	switch {
	case len(mem) == 8 && !s.readOnly && aligned(mem, 8):
		x := atomic.LoadUint64((*uint64)(unsafe.Pointer(&mem[0])))
		copy(unsafe.Slice((*byte)(value), 8), plain.Memory(&x))
	case len(mem) == 4 && !s.readOnly && aligned(mem, 4):
		x := atomic.LoadUint32((*uint32)(unsafe.Pointer(&mem[0])))
		copy(unsafe.Slice((*byte)(value), 4), plain.Memory(&x))
	default:
		copy(unsafe.Slice((*byte)(value), len(mem)), mem)
	}
}

// store is load in the other direction.
func store(mem []byte, value unsafe.Pointer) {
	b := unsafe.Slice((*byte)(value), len(mem))
	switch {
	case len(mem) == 8 && aligned(mem, 8):
		var x uint64
		copy(plain.Memory(&x), b)
		atomic.StoreUint64((*uint64)(unsafe.Pointer(&mem[0])), x)
	case len(mem) == 4 && aligned(mem, 4):
		var x uint32
		copy(plain.Memory(&x), b)
		atomic.StoreUint32((*uint32)(unsafe.Pointer(&mem[0])), x)
	default:
		copy(mem, b)
	}
}

func aligned(mem []byte, size uintptr) bool {
	return uintptr(unsafe.Pointer(&mem[0]))%size == 0
}

// BindVariable is the loaded variable or constant with that C name. like is a nil
// pointer to its Go type. Generated code calls it.
func BindVariable(c *Collection, name string, like any) *VariableHandle {
	return &VariableHandle{g: (*collectionCore)(c).locate(name, like)}
}

// BindKconfig is a loaded constant of .kconfig. Generated code calls it; an object that
// was opened may have a constant of its own in its place.
func BindKconfig(c *Collection, name string, like any) *VariableHandle {
	v := findKconfig(c.spec, name)
	if v == nil || c.Library.Variables[name] != nil {
		return BindVariable(c, name, like)
	}
	g := global{name: name, off: v.Offset, size: v.Size}
	return &VariableHandle{g: (*collectionCore)(c).placed(g, like, kconfig, (*collectionCore).readKconfig)}
}

// BindStatic is a loaded static variable or constant. Generated code calls it.
func BindStatic(c *Collection, section, name string, index int, like any) *VariableHandle {
	key, _ := findStatic(c.spec, staticSection(c.spec, section, name, index), name, index)
	return BindVariable(c, key, like)
}

// locate finds a loaded variable by its key in the spec.
func (c *collectionCore) locate(key string, like any) global {
	spec := c.spec.Variables[key]
	if spec == nil || c.Library.Variables[key] == nil {
		return global{name: key, err: variableError(key, ErrNotLoaded)}
	}
	g := global{name: spec.Name, off: spec.Offset, size: spec.Size()}
	if c.lent {
		g = c.lentVariable(key, g)
	}
	return c.placed(g, like, spec.SectionName, (*collectionCore).newSection)
}

// placed completes a variable with its section, which is made by newSection where no
// other variable has it.
func (c *collectionCore) placed(g global, like any, in string, newSection func(*collectionCore, string) (*section, error)) global {
	if g.err = checkVariable(g.name, like, g.size); g.err == nil && g.sec == nil {
		if g.sec, g.err = c.section(in, newSection); g.err == nil {
			g.err = g.inside()
		}
	}
	if g.err != nil {
		g.sec = nil
	}
	return g
}

// inside says whether the variable lies in the memory of its section. One that
// is not mapped is as long as the map's value.
func (g *global) inside() error {
	end, size := uint64(g.off)+uint64(g.size), uint64(len(g.sec.mem))
	if g.sec.mem == nil {
		_ = g.sec.life.use(g.name, func(m *ebpf.Map) error {
			size = uint64(m.ValueSize())
			return nil
		})
	}
	if end > size {
		return variableError(g.name, fmt.Errorf("bytes %d to %d are outside of %d bytes", g.off, end, size))
	}
	return nil
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
	err = (*VariableHandle)(v).global().atomic(unsafe.Sizeof(*new(T)),
		func(p *uint32) { value = T(atomic.LoadUint32(p)) },
		func(p *uint64) { value = T(atomic.LoadUint64(p)) })
	return value, err
}

// AtomicStore writes a variable with the meaning of sync/atomic.
func AtomicStore[T AtomicInteger](v *Variable[T], value T) error {
	return (*VariableHandle)(v).global().atomic(unsafe.Sizeof(*new(T)),
		func(p *uint32) { atomic.StoreUint32(p, uint32(value)) },
		func(p *uint64) { atomic.StoreUint64(p, uint64(value)) })
}

// AtomicAdd adds delta, which may be negative, to a variable and returns the
// sum: the counterpart of __sync_fetch_and_add in the program.
func AtomicAdd[T AtomicInteger](v *Variable[T], delta T) (sum T, err error) {
	err = (*VariableHandle)(v).global().atomic(unsafe.Sizeof(*new(T)),
		func(p *uint32) { sum = T(atomic.AddUint32(p, uint32(delta))) },
		func(p *uint64) { sum = T(atomic.AddUint64(p, uint64(delta))) })
	return sum, err
}

// AtomicSwap writes a variable and returns the value that it had before.
func AtomicSwap[T AtomicInteger](v *Variable[T], value T) (old T, err error) {
	err = (*VariableHandle)(v).global().atomic(unsafe.Sizeof(*new(T)),
		func(p *uint32) { old = T(atomic.SwapUint32(p, uint32(value))) },
		func(p *uint64) { old = T(atomic.SwapUint64(p, uint64(value))) })
	return old, err
}

// AtomicCompareAndSwap writes a variable if it has the value old, and says
// whether it had.
func AtomicCompareAndSwap[T AtomicInteger](v *Variable[T], old, value T) (swapped bool, err error) {
	err = (*VariableHandle)(v).global().atomic(unsafe.Sizeof(*new(T)),
		func(p *uint32) { swapped = atomic.CompareAndSwapUint32(p, uint32(old), uint32(value)) },
		func(p *uint64) { swapped = atomic.CompareAndSwapUint64(p, uint64(old), uint64(value)) })
	return swapped, err
}

// atomic calls the function for the size of T with the memory of the variable.
func (g *global) atomic(size uintptr, word func(*uint32), long func(*uint64)) error {
	mem, err := g.writable(size)
	if err != nil {
		return err
	}
	defer g.sec.calls.Leave()
	if !aligned(mem, uintptr(len(mem))) {
		return fmt.Errorf("variable %s: not aligned: %w", g.name, ebpf.ErrNotSupported)
	}
	if len(mem) == 8 {
		long((*uint64)(unsafe.Pointer(&mem[0])))
	} else {
		word((*uint32)(unsafe.Pointer(&mem[0])))
	}
	return nil
}
