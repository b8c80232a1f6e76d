//go:build linux

package typed

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"structs"
	"sync"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// What bpfgen makes of the types in golden/variables-all.
type (
	testMode   uint32
	testConfig struct {
		_     structs.HostLayout
		Limit uint32
		Bits  uint8
		_     [3]byte
		RawV4 [16]byte
	}
	testPair struct {
		_    structs.HostLayout
		X, Y uint32
	}
)

// openGolden opens an object of a golden case in the byte order of this
// machine.
func openGolden(t testing.TB, stem string) *CollectionSpec {
	t.Helper()
	object, err := os.ReadFile("../golden/" + stem + "_" + targetOf(nativeOrder()) + ".o")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open("golden", bytes.NewReader(object), "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const variablesAll = "variables-all/variablesall"

func specOf[T any](t testing.TB, c *CollectionSpec, name string) *VariableSpec[T] {
	t.Helper()
	s := (*VariableSpec[T])(BindVariableSpec(c, name, (*T)(nil)))
	if err := c.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

func staticSpec[T any](t testing.TB, c *CollectionSpec, section, name string, index int) *VariableSpec[T] {
	t.Helper()
	s := (*VariableSpec[T])(BindStaticSpec(c, section, name, index, (*T)(nil)))
	if err := c.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

func variable[T any](c *Collection, name string) *Variable[T] {
	return (*Variable[T])(BindKconfig(c, name, (*T)(nil)))
}

func constant[T any](c *Collection, name string) *Constant[T] {
	return (*Constant[T])(BindKconfig(c, name, (*T)(nil)))
}

func static[T any](c *Collection, section, name string) *Variable[T] {
	return (*Variable[T])(BindStatic(c, section, name, 0, (*T)(nil)))
}

// expectGet compares the value of a Variable or Constant.
func expectGet[T any](t testing.TB, what string, v interface{ Get() (T, error) }, want T) {
	t.Helper()
	if got, err := v.Get(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, %v; want %v", what, got, err, want)
	}
}

func TestVariableSpecInitialValues(t *testing.T) {
	c := openGolden(t, variablesAll)
	if got := specOf[uint32](t, c, "rate").Get(); got != 10 {
		t.Errorf("rate %d", got)
	}
	if got := specOf[testMode](t, c, "mode").Get(); got != 2 {
		t.Errorf("mode %d", got)
	}
	if got := specOf[[2][3]uint16](t, c, "grid").Get(); got != [2][3]uint16{{1, 2, 3}, {4, 5, 6}} {
		t.Errorf("grid %v", got)
	}
	if got := specOf[testPair](t, c, "anonymous").Get(); got != (testPair{X: 1, Y: 2}) {
		t.Errorf("anonymous %v", got)
	}
	if got := specOf[[3]testConfig](t, c, "table").Get(); got[2].Limit != 3 {
		t.Errorf("table %v", got)
	}
	if got := specOf[float64](t, c, "ratio").Get(); got != 0.5 {
		t.Errorf("ratio %v", got)
	}
	if got := specOf[bool](t, c, "verbose").Get(); !got {
		t.Error("verbose is false")
	}
}

// floats is what the golden object has and older kernels refuse.
const floats = "floats in BTF"

func TestVariablesOfEverySection(t *testing.T) {
	sinceKernel(t, 5, 13, floats)
	c := openGolden(t, variablesAll)
	config := testConfig{Limit: 1, Bits: 2, RawV4: [16]byte{3, 4, 5, 15: 6}}
	specOf[uint32](t, c, "rate").Set(64)
	specOf[testConfig](t, c, "config").Set(config)
	specOf[uint64](t, c, "counter").Set(1 << 40)
	specOf[uint32](t, c, "in_custom_data").Set(44)
	specOf[uint32](t, c, "in_custom_rodata").Set(55)
	staticSpec[uint32](t, c, ".data", "static_data", 0).Set(33)
	staticSpec[uint32](t, c, ".data.custom", "static_in_custom_data", 0).Set(66)
	staticSpec[uint64](t, c, ".rodata", "static_constant", 0).Set(77)

	l, err := c.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	expectGet(t, "rate", constant[uint32](l, "rate"), 64)
	expectGet(t, "config", constant[testConfig](l, "config"), config)
	expectGet(t, "mode", constant[testMode](l, "mode"), 2)
	expectGet(t, "counter", variable[uint64](l, "counter"), 1<<40)
	expectGet(t, "grid", variable[[2][3]uint16](l, "grid"), [2][3]uint16{{1, 2, 3}, {4, 5, 6}})
	expectGet(t, "in_custom_data", variable[uint32](l, "in_custom_data"), 44)
	expectGet(t, "in_custom_rodata", constant[uint32](l, "in_custom_rodata"), 55)
	expectGet(t, "weak", variable[uint32](l, "weak"), 9)

	data := static[uint32](l, ".data", "static_data")
	custom := static[uint32](l, ".data.custom", "static_in_custom_data")
	zero := static[uint64](l, ".bss", "static_zero")
	fixed := (*Constant[uint64])(static[uint64](l, ".rodata", "static_constant"))
	expectGet(t, "static_data", data, 33)
	expectGet(t, "static_in_custom_data", custom, 66)
	expectGet(t, "static_constant", fixed, 77)

	// The program writes, and sees what is written.
	if err := zero.Set(1000); !errors.Is(err, ErrNotLoaded) {
		t.Errorf("a static variable without BindStaticSpec: %v", err)
	}
	if err := data.Set(100); err != nil {
		t.Error(err)
	}
	prog := l.Library.Programs["touch"]
	if _, err := prog.Run(&ebpf.RunOptions{Data: make([]byte, 64)}); err != nil {
		t.Fatal(err)
	}
	expectGet(t, "static_data after the program", data, 177)
	expectGet(t, "static_in_custom_data after the program", custom, 67)
}

func TestVariableSet(t *testing.T) {
	sinceKernel(t, 5, 13, floats)
	l, err := openGolden(t, variablesAll).Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	grid := [2][3]uint16{{6, 5, 4}, {3, 2, 1}}
	table := [3]testConfig{{Limit: 9}, {Bits: 8}, {RawV4: [16]byte{15: 7}}}
	err = errors.Join(
		variable[uint64](l, "counter").Set(1<<50),
		variable[testMode](l, "anonymous_enum").Set(1),
		variable[[2][3]uint16](l, "grid").Set(grid),
		variable[[3]testConfig](l, "table").Set(table),
		variable[testPair](l, "anonymous").Set(testPair{X: 3, Y: 4}))
	if err != nil {
		t.Fatal(err)
	}
	expectGet(t, "counter", variable[uint64](l, "counter"), 1<<50)
	expectGet(t, "anonymous_enum", variable[testMode](l, "anonymous_enum"), 1)
	expectGet(t, "grid", variable[[2][3]uint16](l, "grid"), grid)
	expectGet(t, "table", variable[[3]testConfig](l, "table"), table)
	expectGet(t, "anonymous", variable[testPair](l, "anonymous"), testPair{X: 3, Y: 4})
	expectGet(t, "the neighbour of what was set", variable[uint64](l, "start"), 42)

	// The library's object is the same memory.
	var raw uint64
	if err := l.Library.Variables["counter"].Get(&raw); err != nil || raw != 1<<50 {
		t.Errorf("through the library: %d, %v", raw, err)
	}
	// A constant has no Set; one that is bound as a variable refuses.
	if err := variable[uint32](l, "rate").Set(1); !errors.Is(err, ebpf.ErrReadOnly) {
		t.Errorf("constant: %v", err)
	}
}

func TestVariableAtomics(t *testing.T) {
	sinceKernel(t, 5, 13, floats)
	l, err := openGolden(t, variablesAll).Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	testAtomics(t, variable[uint64](l, "counter"), 1<<40)
	testAtomics(t, variable[int32](l, "weak"), -7)

	counter := variable[uint64](l, "counter")
	if err := counter.Set(0); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				if _, err := AtomicAdd(counter, 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	expectGet(t, "4 × 1000 additions", counter, 4000)
}

func testAtomics[T AtomicInteger](t *testing.T, v *Variable[T], start T) {
	t.Helper()
	if err := AtomicStore(v, start); err != nil {
		t.Fatal(err)
	}
	expect := func(what string, got T, err error, want T) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", what, got, err, want)
		}
	}
	got, err := AtomicLoad(v)
	expect("load", got, err, start)
	got, err = AtomicAdd(v, 5)
	expect("add", got, err, start+5)
	got, err = AtomicSwap(v, 3)
	expect("swap", got, err, start+5)
	if ok, err := AtomicCompareAndSwap(v, 4, 8); ok || err != nil {
		t.Errorf("compare with another value: %v, %v", ok, err)
	}
	if ok, err := AtomicCompareAndSwap(v, 3, 8); !ok || err != nil {
		t.Errorf("compare: %v, %v", ok, err)
	}
	got, err = v.Get()
	expect("get", got, err, 8)
}

// Without BPF_F_MMAPABLE, as on kernels before 5.5, reading works and writing
// says why not.
func TestVariableWithoutMemory(t *testing.T) {
	sinceKernel(t, 5, 13, floats)
	c := openGolden(t, variablesAll)
	spec := c.Spec.Maps[".data"].Copy()
	spec.Flags = 0
	plain := newMap(t, spec)
	loaded := map[string]*ebpf.Map{".data": plain}
	l := &Collection{spec: c.Spec, maps: newMapLives(loaded), Library: &ebpf.Collection{
		Maps:      loaded,
		Variables: map[string]*ebpf.Variable{"start": {}, "grid": {}},
	}}
	expectGet(t, "start", variable[uint64](l, "start"), 42)
	expectGet(t, "grid", variable[[2][3]uint16](l, "grid"), [2][3]uint16{{1, 2, 3}, {4, 5, 6}})
	start := variable[uint64](l, "start")
	_, err := AtomicAdd(start, 1)
	for _, err := range []error{err, start.Set(1), AtomicStore(start, 1)} {
		// A version is named if the kernel is older, and only then.
		if !errors.Is(err, ebpf.ErrNotSupported) || !strings.Contains(err.Error(), "BPF_F_MMAPABLE") || strings.Contains(err.Error(), "Linux") {
			t.Errorf("error %v", err)
		}
	}
	expectGet(t, "start", start, 42)
}

func TestKconfig(t *testing.T) {
	needKernel(t)
	c := openGolden(t, "kconfig-ksyms/kconfigksyms")
	// Up to the first load of a variable, of .kconfig; the kernel need not have
	// the symbols that the rest of the program refers to.
	prog := c.Spec.Programs["read_externs"]
	first := slices.IndexFunc(prog.Instructions, func(ins asm.Instruction) bool { return ins.OpCode.IsDWordLoad() })
	prog.Instructions = append(prog.Instructions[:first+1], asm.Mov.Imm(asm.R0, 0), asm.Return())
	l, err := c.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	version := constant[uint32](l, "LINUX_KERNEL_VERSION")
	if got, err := version.Get(); err != nil || got < 4<<16 {
		t.Errorf("kernel version %#x, %v", got, err)
	}
	if l.Library.Variables["LINUX_KERNEL_VERSION"] != nil {
		t.Error("the library has a variable of .kconfig")
	}
	expectGet(t, "CONFIG_BPF", constant[bool](l, "CONFIG_BPF"), true)
	if got, err := constant[int32](l, "CONFIG_HZ").Get(); err != nil || got < 100 || got > 1000 {
		t.Errorf("CONFIG_HZ %d, %v", got, err)
	}
	if err := variable[uint32](l, "LINUX_KERNEL_VERSION").Set(1); !errors.Is(err, ebpf.ErrReadOnly) {
		t.Errorf("set: %v", err)
	}
	var layout *LayoutError
	if _, err := constant[uint64](l, "CONFIG_HZ").Get(); !errors.As(err, &layout) {
		t.Errorf("of another size: %v", err)
	}
}

func TestKconfigWithoutProgram(t *testing.T) {
	c := openGolden(t, "kconfig-ksyms/kconfigksyms")
	l := &Collection{spec: c.Spec, Library: new(ebpf.Collection)}
	if _, err := constant[uint32](l, "LINUX_KERNEL_VERSION").Get(); !errors.Is(err, ErrNotLoaded) {
		t.Errorf("error %v", err)
	}
}

func TestVariableNotInObject(t *testing.T) {
	c := openGolden(t, variablesAll)
	s := specOf[uint32](t, c, "no_such")
	s.Set(3)
	if s.Spec != nil || s.Get() != 3 {
		t.Errorf("spec %v, value %d", s.Spec, s.Get())
	}
	if s := staticSpec[uint32](t, c, ".data", "no_such", 0); s.Spec != nil {
		t.Errorf("spec %v", s.Spec)
	}
	l := &Collection{spec: c.Spec, Library: new(ebpf.Collection)}
	v := variable[uint32](l, "no_such")
	_, err1 := v.Get()
	_, err2 := AtomicLoad(v)
	_, err3 := constant[uint32](l, "no_such").Get()
	for _, err := range []error{err1, err2, err3, v.Set(1)} {
		if !errors.Is(err, ErrNotLoaded) {
			t.Errorf("error %v", err)
		}
	}
}

func TestVariableLayout(t *testing.T) {
	bind := map[string]func(*CollectionSpec){
		"too small": func(c *CollectionSpec) { BindVariableSpec(c, "counter", (*uint32)(nil)) },
		"too large": func(c *CollectionSpec) { BindVariableSpec(c, "counter", (*[2]uint64)(nil)) },
		"static":    func(c *CollectionSpec) { BindStaticSpec(c, ".data", "static_data", 0, (*uint64)(nil)) },
	}
	for name, bind := range bind {
		c := openGolden(t, variablesAll)
		bind(c)
		var layout *LayoutError
		if err := c.Err(); !errors.As(err, &layout) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := openGolden(t, variablesAll)
	BindVariableSpec(c, "pointer", (**uint64)(nil))
	if c.Err() == nil {
		t.Error("a Go pointer was taken as a variable")
	}
}

// A static variable is found by its place among those of its name, at whatever
// offset another build has it. What a build lacks is no other variable.
func TestStaticIsFoundByName(t *testing.T) {
	c := openGolden(t, variablesAll)
	if a := staticSpec[uint32](t, c, ".data", "static_data", 0); a.Spec == nil || a.Get() != 3 {
		t.Errorf("static_data is %v", a.Spec)
	}
	if s := staticSpec[uint32](t, c, ".data", "static_data", 1); s.Spec != nil {
		t.Errorf("a second static_data is %v", s.Spec)
	}

	u32 := &btf.Int{Name: "unsigned int", Size: 4}
	static := func(name string, offset uint32) btf.VarSecinfo {
		return btf.VarSecinfo{Type: &btf.Var{Name: name, Type: u32, Linkage: btf.StaticVar}, Offset: offset, Size: 4}
	}
	global := btf.VarSecinfo{Type: &btf.Var{Name: "twice", Type: u32, Linkage: btf.GlobalVar}, Offset: 12, Size: 4}
	types := typesOf(t, &btf.Datasec{Name: ".data", Size: 24, Vars: []btf.VarSecinfo{
		static("other", 4), static("twice", 8), global, static("twice", 20),
	}})
	spec := &ebpf.CollectionSpec{Types: types, Variables: map[string]*ebpf.VariableSpec{"twice": {Name: "twice", SectionName: ".data", Offset: 12}}}
	for index, want := range []string{".data+8", ".data+20"} {
		if key, v := findStatic(spec, ".data", "twice", index); v == nil || key != want {
			t.Errorf("variable %d is %q, want %q", index, key, want)
		}
	}
	for sections, want := range map[string]string{".bss .data": ".data", ".data .bss": ".data", ".bss": ".bss", ".bss .rodata": ".bss .rodata"} {
		if got := staticSection(spec, sections, "other", 0); got != want {
			t.Errorf("a variable that is in %q, on one target or another, is looked for in %q, want %q", sections, got, want)
		}
	}
	for _, name := range []string{"twice", "absent"} {
		if key, v := findStatic(spec, ".data", name, 2); v != nil || strings.Contains(key, "+") {
			t.Errorf("%s, which is not there, is %q, %v", name, key, v)
		}
	}
}

// typesOf is BTF of one type.
func typesOf(t *testing.T, typ btf.Type) *btf.Spec {
	t.Helper()
	b, err := btf.NewBuilder([]btf.Type{typ}, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Marshal(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestVariableAccessDoesNotAllocate(t *testing.T) {
	sinceKernel(t, 5, 13, floats)
	l, err := openGolden(t, variablesAll).Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	counter, table := variable[uint64](l, "counter"), variable[[3]testConfig](l, "table")
	if n := testing.AllocsPerRun(100, func() {
		v, err1 := counter.Get()
		err2 := counter.Set(v + 1)
		_, err3 := AtomicAdd(counter, 1)
		w, err4 := table.Get()
		if err := errors.Join(err1, err2, err3, err4, table.Set(w)); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
