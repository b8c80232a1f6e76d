package typed

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// choiceSpec makes a spec of several programs, each of a section and with code
// of its own, and the spec's handles of them.
func choiceSpec(t *testing.T, programs map[string]*ebpf.ProgramSpec, maps ...*ebpf.MapSpec) *CollectionSpec {
	t.Helper()
	needKernel(t)
	for name, p := range programs {
		p.Name = name
	}
	return testSpec(programs, maps...)
}

func specHandle[P any, H programHandleOf[P]](t *testing.T, cs *CollectionSpec, name string) *ProgramSpec[P] {
	t.Helper()
	var s *ProgramSpec[P]
	bindProgramSpec[P](cs, &s, name)
	if err := cs.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

func skippedNames(c *Collection) (names []string) {
	for _, s := range c.Skipped() {
		names = append(names, s.Name)
	}
	return names
}

// Optional leaves out what the kernel lacks, and nothing else.
func TestOptionalLacks(t *testing.T) {
	ret := asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}
	for _, test := range []struct {
		name, section string
		code          asm.Instructions
		left          bool
	}{
		{"a program that reads what is not there", "socket", asm.Instructions{asm.Mov.Reg(asm.R0, asm.R9), asm.Return()}, false},
		{"a program without an end", "socket", asm.Instructions{asm.Mov.Imm(asm.R0, 0)}, false},
		{"a helper of no kernel", "socket", asm.Instructions{asm.BuiltinFunc(60000).Call(), asm.Mov.Imm(asm.R0, 0), asm.Return()}, true},
		{"a helper of another type", "socket", append(asm.Instructions{asm.Mov.Imm(asm.R2, 0), asm.FnXdpAdjustHead.Call()}, ret...), true},
		{"a relocation that cannot be", "socket", append(asm.Instructions{asm.BuiltinFunc(0xbad2310).Call()}, ret...), true},
		{"a target that is not there", "tp_btf/no_such_tracepoint", ret, true},
		{"a mistake behind a good target", "tp_btf/sched_switch", asm.Instructions{asm.Mov.Reg(asm.R0, asm.R9), asm.Return()}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			cs := choiceSpec(t, map[string]*ebpf.ProgramSpec{
				"maybe": sectionSpec(t, test.section, test.code),
				"sure":  sectionSpec(t, "socket", ret),
			})
			if test.section == "socket" {
				specHandle[SocketFilter](t, cs, "maybe").Optional()
			} else {
				specHandle[TPBTF](t, cs, "maybe").Optional()
			}
			coll, err := cs.Load(nil)
			if !test.left {
				var load *LoadError
				if !errors.As(err, &load) || load.Program != "maybe" {
					t.Errorf("%v", err)
				}
				if err == nil {
					coll.Close()
				}
				return
			}
			if err != nil {
				t.Fatalf("%+v", err)
			}
			defer coll.Close()
			if got := skippedNames(coll); !slices.Equal(got, []string{"maybe"}) {
				t.Errorf("skipped %v", coll.Skipped())
			}
		})
	}
}

// OptionalIf accepts what the user accepts.
func TestOptionalIf(t *testing.T) {
	bad := asm.Instructions{asm.Mov.Reg(asm.R0, asm.R9), asm.Return()}
	cs := choiceSpec(t, map[string]*ebpf.ProgramSpec{"maybe": sectionSpec(t, "socket", bad)})
	var asked error
	h := specHandle[SocketFilter](t, cs, "maybe")
	h.OptionalIf(func(err error) bool { asked = err; return errors.Is(err, syscall.EACCES) })
	coll, err := cs.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer coll.Close()
	var load *LoadError
	if !errors.As(asked, &load) || len(coll.Skipped()) != 1 || !errors.Is(coll.Skipped()[0].Err, load) {
		t.Errorf("asked of %v, skipped %v", asked, coll.Skipped())
	}
	h.OptionalIf(func(err error) bool { return errors.Is(err, os.ErrExist) })
	if _, err := cs.Load(nil); !errors.As(err, &load) {
		t.Errorf("%v", err)
	}
}

func TestOnly(t *testing.T) {
	ret := asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}
	cs := choiceSpec(t, map[string]*ebpf.ProgramSpec{
		"a": sectionSpec(t, "socket", ret), "b": sectionSpec(t, "socket", ret), "c": sectionSpec(t, "?socket", ret),
	})
	loaded := func() []string {
		t.Helper()
		coll, err := cs.Load(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer coll.Close()
		if len(coll.Skipped()) != 0 {
			t.Errorf("disabled programs are skipped: %v", coll.Skipped())
		}
		return slices.Sorted(maps.Keys(coll.Library.Programs))
	}
	a, c := specHandle[SocketFilter](t, cs, "a"), specHandle[SocketFilter](t, cs, "c")
	cs.Only(a, c)
	if got := loaded(); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("only a and c: %v", got)
	}
	cs.DisableAll()
	if got := loaded(); len(got) != 0 {
		t.Errorf("all disabled: %v", got)
	}
	a.Enable()
	if got := loaded(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("a enabled: %v", got)
	}
}

// FirstOf takes the first alternative that the kernel has, and all of a group.
func TestFirstOf(t *testing.T) {
	ret := asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}
	absent := append(asm.Instructions{asm.BuiltinFunc(60000).Call()}, ret...)
	bad := asm.Instructions{asm.Mov.Reg(asm.R0, asm.R9), asm.Return()}
	for _, test := range []struct {
		name    string
		code    map[string]asm.Instructions
		groups  [][]string
		want    []string // loaded; nil is an error
		skipped []string
	}{
		{"the first", map[string]asm.Instructions{"a": ret, "b": ret}, [][]string{{"a"}, {"b"}}, []string{"a"}, []string{"b"}},
		{"the second", map[string]asm.Instructions{"a": absent, "b": ret}, [][]string{{"a"}, {"b"}}, []string{"b"}, []string{"a"}},
		{"the third", map[string]asm.Instructions{"a": absent, "b": absent, "c": ret}, [][]string{{"a"}, {"b"}, {"c"}}, []string{"c"}, []string{"a", "b"}},
		{"all of a group", map[string]asm.Instructions{"a": ret, "b": absent, "c": ret, "d": ret}, [][]string{{"a", "b"}, {"c", "d"}}, []string{"c", "d"}, []string{"a", "b"}},
		{"none", map[string]asm.Instructions{"a": absent, "b": absent}, [][]string{{"a"}, {"b"}}, nil, nil},
		{"a mistake", map[string]asm.Instructions{"a": bad, "b": ret}, [][]string{{"a"}, {"b"}}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			programs := make(map[string]*ebpf.ProgramSpec)
			for name, code := range test.code {
				programs[name] = sectionSpec(t, "socket", code)
			}
			cs := choiceSpec(t, programs)
			var alternatives []Choosable
			for _, names := range test.groups {
				var parts []Choosable
				for _, name := range names {
					parts = append(parts, specHandle[SocketFilter](t, cs, name))
				}
				alternatives = append(alternatives, Group(parts...))
			}
			cs.FirstOf(alternatives...)
			coll, err := cs.Load(nil)
			if (err == nil) != (test.want != nil) {
				t.Fatalf("%v", err)
			}
			if err != nil {
				return
			}
			defer coll.Close()
			if got := slices.Sorted(maps.Keys(coll.Library.Programs)); !slices.Equal(got, test.want) {
				t.Errorf("loaded %v, want %v", got, test.want)
			}
			if got := skippedNames(coll); !slices.Equal(got, test.skipped) {
				t.Errorf("skipped %v, want %v", coll.Skipped(), test.skipped)
			}
		})
	}
}

// What Disable took away after FirstOf is no alternative, also where others were refused by
// the kernel before it was its turn.
func TestFirstOfLeavesDisabledOut(t *testing.T) {
	coll := got(firstOfSpec(t, "b", []string{"a"}, []string{"b"}, []string{"c"}).Load(nil))(t)
	defer coll.Close()
	if got := slices.Sorted(maps.Keys(coll.Library.Programs)); !slices.Equal(got, []string{"c", "d"}) {
		t.Errorf("loaded %v", got)
	}
	for _, s := range coll.Skipped() {
		if strings.Contains(s.Err.Error(), "a was chosen") {
			t.Errorf("%v: a is not there", s)
		}
	}
}

// A program may be in several alternatives of a choice, as a map that they share.
func TestFirstOfWithCommonParts(t *testing.T) {
	for _, test := range []struct{ groups, want [][]string }{
		{[][]string{{"b", "d"}, {"c", "d"}}, [][]string{{"b", "d"}, {"c"}}},
		{[][]string{{"a", "d"}, {"c", "d"}}, [][]string{{"c", "d"}, {"a"}}},
	} {
		coll := got(firstOfSpec(t, "", test.groups...).Load(nil))(t)
		defer coll.Close()
		for _, name := range test.want[0] {
			if coll.Library.Programs[name] == nil {
				t.Errorf("%v: %s is not loaded: %v", test.groups, name, coll.Skipped())
			}
		}
		if got := skippedNames(coll); !slices.Equal(got, test.want[1]) {
			t.Errorf("%v: skipped %v", test.groups, coll.Skipped())
		}
	}
}

// A program that is an alternative of two choices, and is refused, makes both take their
// next one.
func TestFirstOfTwice(t *testing.T) {
	cs := firstOfSpec(t, "", []string{"a"}, []string{"b"})
	cs.FirstOf(specHandle[SocketFilter](t, cs, "a"), specHandle[SocketFilter](t, cs, "c"))
	specHandle[SocketFilter](t, cs, "d").Disable()
	coll := got(cs.Load(nil))(t)
	defer coll.Close()
	if got := slices.Sorted(maps.Keys(coll.Library.Programs)); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("loaded %v, skipped %v", got, coll.Skipped())
	}
}

// Where the kernel has none, the error says of each why.
func TestFirstOfNone(t *testing.T) {
	cs := firstOfSpec(t, "b", []string{"a"}, []string{"b"}, []string{"e"})
	for _, name := range []string{"c", "d"} {
		specHandle[SocketFilter](t, cs, name).Disable()
	}
	coll, err := cs.Load(nil)
	if err == nil {
		coll.Close()
		t.Fatal("loaded")
	}
	for _, want := range []string{"a: load program a (", "b: not loaded: disabled", "e: load program e ("} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

// Load says what Only and FirstOf cannot mean.
func TestFirstOfMistakes(t *testing.T) {
	other := firstOfSpec(t, "", []string{"b"})
	for _, test := range []struct {
		name string
		call func(cs *CollectionSpec)
		want string
	}{
		{"no alternative", func(cs *CollectionSpec) { cs.FirstOf() }, "load test: FirstOf: there is no alternative that the object has"},
		{"none that the object has", func(cs *CollectionSpec) { cs.FirstOf(nil, new(ProgramSpec[SocketFilter]), Group()) }, "load test: FirstOf: there is no alternative that the object has"},
		{"a program of another spec", func(cs *CollectionSpec) {
			cs.FirstOf(specHandle[SocketFilter](t, cs, "b"), Group(specHandle[SocketFilter](t, other, "b")))
		}, "load test: FirstOf: program b is of another collection's spec"},
		{"Only a program of another spec", func(cs *CollectionSpec) { cs.Only(specHandle[SocketFilter](t, other, "b")) }, "load test: Only: program b is of another collection's spec"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cs := firstOfSpec(t, "", []string{"b"})
			test.call(cs)
			coll, err := cs.Load(nil)
			if err == nil {
				coll.Close()
			}
			if err == nil || err.Error() != test.want {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// What the object does not have, since another target has it, is no alternative that the
// kernel has, and nothing to enable.
func TestFirstOfAbsent(t *testing.T) {
	for _, test := range []struct {
		name string
		call func(cs *CollectionSpec, absent *ProgramSpec[SocketFilter])
	}{
		{"FirstOf", func(cs *CollectionSpec, absent *ProgramSpec[SocketFilter]) {
			cs.FirstOf(absent, new(ProgramSpec[SocketFilter]), specHandle[SocketFilter](t, cs, "b"))
		}},
		{"Only", func(cs *CollectionSpec, absent *ProgramSpec[SocketFilter]) {
			cs.Only(absent, specHandle[SocketFilter](t, cs, "b"))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cs := firstOfSpec(t, "")
			test.call(cs, specHandle[SocketFilter](t, cs, "absent"))
			coll := got(cs.Load(nil))(t)
			defer coll.Close()
			if coll.Library.Programs["b"] == nil {
				t.Errorf("skipped %v", coll.Skipped())
			}
		})
	}
}

// A struct_ops map is left out for what its programs lack, if the user has not disabled
// all of them, whatever their order.
func TestStructOpsLeftOut(t *testing.T) {
	ops := func(member string) *ebpf.ProgramSpec {
		return &ebpf.ProgramSpec{Type: ebpf.StructOps, AttachTo: "ops:" + member}
	}
	lacking := errors.New("lacking")
	for range 20 {
		l := &loading{
			from: &ebpf.CollectionSpec{
				Programs: map[string]*ebpf.ProgramSpec{"a": ops("a"), "b": ops("b"), "c": ops("c")},
				Maps:     map[string]*ebpf.MapSpec{"m": {Type: ebpf.StructOpsMap, Value: &btf.Struct{Name: "ops"}}},
			},
			out: map[string]error{"a": errDisabled, "b": lacking, "c": errDisabled},
		}
		if l.leaveStructOps(); !errors.Is(l.out["m"], lacking) {
			t.Fatalf("left out: %v", l.out["m"])
		}
	}
}

// firstOfSpec has programs a and e, which no kernel takes, and b, c, d; FirstOf was told of
// the groups, and one of them is disabled afterwards.
func firstOfSpec(t *testing.T, disabled string, groups ...[]string) *CollectionSpec {
	t.Helper()
	ret := asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}
	absent := append(asm.Instructions{asm.BuiltinFunc(60000).Call()}, ret...)
	cs := choiceSpec(t, map[string]*ebpf.ProgramSpec{
		"a": sectionSpec(t, "socket", absent), "b": sectionSpec(t, "socket", ret), "c": sectionSpec(t, "socket", ret),
		"d": sectionSpec(t, "socket", ret), "e": sectionSpec(t, "?socket", absent),
	})
	var alternatives []Choosable
	for _, names := range groups {
		var parts []Choosable
		for _, name := range names {
			parts = append(parts, specHandle[SocketFilter](t, cs, name))
		}
		alternatives = append(alternatives, Group(parts...))
	}
	if !slices.ContainsFunc(groups, func(g []string) bool { return slices.Contains(g, "a") }) {
		specHandle[SocketFilter](t, cs, "a").Disable()
	}
	if len(alternatives) > 0 {
		cs.FirstOf(alternatives...)
	}
	if disabled != "" {
		specHandle[SocketFilter](t, cs, disabled).Disable()
	}
	return cs
}

// A hook that only attaching would show: TCX, or clsact.
func TestFirstOfHooks(t *testing.T) {
	ret := asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()}
	cs := choiceSpec(t, map[string]*ebpf.ProgramSpec{"by_tcx": sectionSpec(t, "tcx/ingress", ret), "by_clsact": sectionSpec(t, "tc", ret)})
	cs.FirstOf(specHandle[TCX](t, cs, "by_tcx"), specHandle[TC](t, cs, "by_clsact"))
	coll, err := cs.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer coll.Close()
	want := "by_tcx"
	if runningKernel(t) < versionCode(t, "6.6") {
		want = "by_clsact"
	}
	if len(coll.Library.Programs) != 1 || coll.Library.Programs[want] == nil {
		t.Errorf("loaded %v, want %s", coll.Library.Programs, want)
	}
}

// A map that the kernel lacks is left out. Programs do without it where they do
// not get to it; others are left out if they may be.
func TestOptionalMaps(t *testing.T) {
	absent := &ebpf.MapSpec{Name: "absent", Type: 200, KeySize: 4, ValueSize: 4, MaxEntries: 1}
	uses := func(dead bool) asm.Instructions {
		jump := asm.JEq.Imm(asm.R6, 0, "use")
		if dead {
			jump = asm.JNE.Imm(asm.R6, 0, "use")
		}
		return asm.Instructions{
			asm.Mov.Imm(asm.R6, 0),
			jump,
			asm.Mov.Imm(asm.R0, 0),
			asm.Return(),
			asm.LoadMapPtr(asm.R1, 0).WithSymbol("use").WithReference("absent"),
			asm.StoreImm(asm.RFP, -4, 0, asm.Word),
			asm.Mov.Reg(asm.R2, asm.RFP),
			asm.Add.Imm(asm.R2, -4),
			asm.FnMapLookupElem.Call(),
			asm.Mov.Imm(asm.R0, 0),
			asm.Return(),
		}
	}
	load := func(dead, optional bool) (*Collection, error) {
		cs := choiceSpec(t, map[string]*ebpf.ProgramSpec{"uses": sectionSpec(t, "socket", uses(dead))}, absent.Copy())
		(&mapSpec{name: "absent", set: cs}).optional()
		if h := specHandle[SocketFilter](t, cs, "uses"); optional {
			h.Optional()
		}
		return cs.Load(nil)
	}
	coll, err := load(true, false)
	if err != nil {
		t.Fatalf("a program that does not get there: %+v", err)
	}
	if got := skippedNames(coll); !slices.Equal(got, []string{"absent"}) {
		t.Errorf("skipped %v", coll.Skipped())
	}
	coll.Close()
	if _, err := load(false, false); err == nil || !strings.Contains(err.Error(), "it uses a map that was left out") {
		t.Errorf("a program that needs it: %v", err)
	}
	if coll, err = load(false, true); err != nil {
		t.Fatalf("an optional program that needs it: %+v", err)
	}
	defer coll.Close()
	if got := skippedNames(coll); !slices.Equal(got, []string{"absent", "uses"}) {
		t.Errorf("skipped %v", coll.Skipped())
	}
}

// A struct_ops map without any function is left out with its programs.
func TestStructOpsLeftOutWithItsPrograms(t *testing.T) {
	needKernel(t)
	spec := openGolden(t, "struct-ops/structops")
	spec.DisableAll()
	coll, err := spec.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer coll.Close()
	if got := coll.Skipped(); len(got) > 0 {
		t.Errorf("what was disabled is skipped: %v", got)
	}
	for name, m := range coll.Library.Maps {
		if m.Type() == ebpf.StructOpsMap {
			t.Errorf("map %s is loaded", name)
		}
	}
}

// The kernel has struct_ops maps, but not this struct.
func TestOptionalStructOpsWithoutStruct(t *testing.T) {
	sinceKernel(t, 6, 4, "struct_ops links")
	spec := openGolden(t, "maps-all/mapsall")
	for name := range spec.Spec.Maps {
		if name != "struct_ops" {
			delete(spec.Spec.Maps, name)
		}
	}
	var ops *MapSpec[*StructOpsMap[uint64]]
	bindSpecOf(spec, &ops, "struct_ops")
	var run *ProgramSpec[StructOpsProgram]
	bindProgramSpec(spec, &run, "run")
	ops.Optional()
	run.Optional()
	coll, err := spec.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer coll.Close()
	if got := skippedNames(coll); !slices.Equal(got, []string{"run", "struct_ops"}) {
		t.Errorf("skipped %v", coll.Skipped())
	}
}

// A struct_ops map lacks the function of a program that is disabled: it is
// named, and not the kernel's EINVAL alone.
func TestStructOpsMembersLeftOut(t *testing.T) {
	sinceKernel(t, 6, 4, "struct_ops links")
	spec := openGolden(t, "struct-ops/structops")
	var undo *ProgramSpec[StructOpsProgram]
	bindProgramSpec(spec, &undo, "undo_cwnd")
	undo.Disable()
	coll, err := spec.Load(nil)
	if err == nil {
		coll.Close()
		t.Fatal("loaded")
	}
	if want := "tcp_congestion_ops.undo_cwnd (program undo_cwnd)"; !strings.Contains(err.Error(), want) {
		t.Errorf("%v\nwant %s", err, want)
	}
}
