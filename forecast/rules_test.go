package forecast

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/internal/bpfuse"
)

func TestParseVersion(t *testing.T) {
	for release, want := range map[string]version{
		"6.1.0-56-cloud-amd64": v(6, 1), "5.10.223": v(5, 10), "6.12": v(6, 12), "7.0-rc1": v(7, 0),
		"": 0, "six": 0, "6": 0, "6.x": 0, ".5": 0, "6.1000": 0,
	} {
		if got := parseVersion(release); got != want {
			t.Errorf("%q is %v, want %v", release, got, want)
		}
	}
}

// The level is that of the newest mark; uname -r counts where it fits between marks.
func TestLevel(t *testing.T) {
	for i, m := range marks {
		if i > 0 && m.version <= marks[i-1].version {
			t.Errorf("%v stands behind %v", m.version, marks[i-1].version)
		}
	}
	upTo := func(x version) map[fact]bool {
		has := make(map[fact]bool)
		for _, m := range marks {
			has[m.fact] = m.version <= x
		}
		return has
	}
	for _, test := range []struct {
		has     map[fact]bool
		release string
		want    version
	}{
		{upTo(v(6, 1)), "", v(6, 1)},
		{upTo(v(6, 6)), "5.14.0-427.el9.x86_64", v(6, 6)}, // a backport
		{upTo(v(6, 19)), "7.3.4", v(7, 3)},
		{upTo(v(6, 1)), "6.12.1", v(6, 1)}, // not what it says
		{upTo(v(5, 3)), "5.4.0", v(5, 4)},
		{upTo(v(5, 3)), "mine", v(5, 3)},
		{nil, "", 0},
		{nil, "4.19.0", v(4, 19)},
	} {
		k := &Kernel{has: test.has, release: test.release}
		if got := k.findLevel(); got != test.want {
			t.Errorf("release %q: level %v, want %v", test.release, got, test.want)
		}
	}
}

// The facts are found in the bytes of BTF of either order.
func TestFacts(t *testing.T) {
	types := []btf.Type{
		enumOf("", 0, "ANONYMOUS_ONE", "ANONYMOUS_TWO"),
		&btf.Enum{Name: "wide", Size: 8, Values: []btf.EnumValue{{Name: "WIDE", Value: 1 << 40}}},
		structOf("task", btf.Member{Name: "pid", Type: intType}), structOf("other", btf.Member{Name: "state", Type: intType}),
		aFunction("run"), &btf.Typedef{Name: "name_of_typedef", Type: intType},
	}
	there := []fact{enumerator("ANONYMOUS_TWO"), enumerator("WIDE"), member("task", "pid"), member("other", "state"), kernelFunc("run")}
	absent := []fact{enumerator("ANONYMOUS_THREE"), enumerator("task"), member("task", "state"), member("other", "pid"), kernelFunc("task"), kernelFunc("name_of_typedef"), enumerator("run")}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		raw := rawBTF(t, order, types)
		has, err := facts(raw, order, append(there, absent...))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range there {
			if !has[f] {
				t.Errorf("%v: %v is not found", order, f)
			}
		}
		for _, f := range absent {
			if has[f] {
				t.Errorf("%v: %v is found", order, f)
			}
		}
		for n := range raw {
			if _, err := facts(raw[:n], order, there); err == nil && n < 24 {
				t.Errorf("%d bytes are no error", n)
			}
		}
	}
}

func TestMapRules(t *testing.T) {
	k := makeKernel(t, binary.LittleEndian, KernelSource{Name: "new"}, append(newKernel(), aFunction("stack_map_alloc")))
	for _, test := range []struct {
		name string
		spec ebpf.MapSpec
		says string // "" for clear
	}{
		{"hash", ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1}, ""},
		{"hash without entries", ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 8}, "max_entries is 0"},
		{"hash without key", ebpf.MapSpec{Type: ebpf.Hash, ValueSize: 8, MaxEntries: 1}, "no key"},
		{"array with a long key", ebpf.MapSpec{Type: ebpf.Array, KeySize: 8, ValueSize: 8, MaxEntries: 1}, "a key of 8 bytes, and the type wants 4"},
		{"perf events", ebpf.MapSpec{Type: ebpf.PerfEventArray}, ""},
		{"queue with a key", ebpf.MapSpec{Type: ebpf.Queue, KeySize: 4, ValueSize: 8, MaxEntries: 1}, "the type has no keys"},
		{"trie", ebpf.MapSpec{Type: ebpf.LPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 1, Flags: 1}, ""},
		{"trie that is allocated", ebpf.MapSpec{Type: ebpf.LPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 1}, "BPF_F_NO_PREALLOC is missing"},
		{"trie of nothing", ebpf.MapSpec{Type: ebpf.LPMTrie, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: 1}, "wants 5 to 260"},
		{"ring", ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16}, ""},
		{"ring that is rounded up", ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 5000}, ""},
		{"ring with a type of records", ebpf.MapSpec{Type: ebpf.UserRingbuf, MaxEntries: 4096, ValueSize: 24}, ""},
		{"ring without a size", ebpf.MapSpec{Type: ebpf.RingBuf}, "max_entries is 0"},
		{"ring that is too large", ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 3 << 30}, "at most 2147483648 bytes"},
		{"storage without types", ebpf.MapSpec{Type: ebpf.TaskStorage, KeySize: 4, ValueSize: 8, Flags: 1}, "need types"},
		{"storage", ebpf.MapSpec{Type: ebpf.TaskStorage, KeySize: 4, ValueSize: 8, Flags: 1, Key: intType, Value: u64Type}, ""},
		{"storage with entries", ebpf.MapSpec{Type: ebpf.TaskStorage, KeySize: 4, ValueSize: 8, Flags: 1, MaxEntries: 1, Key: intType, Value: u64Type}, "the type wants 0"},
		{"stack trace", ebpf.MapSpec{Type: ebpf.StackTrace, KeySize: 4, ValueSize: 12, MaxEntries: 1}, "a multiple of 8"},
		{"a type of the future", ebpf.MapSpec{Type: 99, KeySize: 4, ValueSize: 8, MaxEntries: 1}, "no maps of type BPF_MAP_TYPE_"},
		{"a flag of the future", ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16, Flags: 1 << 19}, "does not know the flag BPF_F_RB_OVERWRITE"},
		{"a name that C does not have", ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1, Value: &btf.Struct{Name: "a b", Size: 8}}, "no identifier of C"},
		{"a float out of place", ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1,
			Value: &btf.Struct{Name: "s", Size: 8, Members: []btf.Member{{Name: "f", Type: &btf.Float{Name: "float", Size: 4}, Offset: 8}}}}, "not aligned"},
		{"a list of unknown nodes", ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1,
			Value: &btf.Struct{Name: "s", Size: 16, Members: []btf.Member{{Name: "list", Type: u64Type, Tags: []string{"contains:node:link"}}}}}, "contains struct node by a tag alone"},
	} {
		c := checker{object: &Object{name: "o"}, kernel: k}
		test.spec.Name = "m"
		r := c.checkMap(&mapDef{name: "m", MapSpec: &test.spec})
		switch {
		case test.says == "" && r.Verdict != Clear:
			t.Errorf("%s: %+v", test.name, r.Findings)
		case test.says != "" && (r.Verdict != Fails || !strings.Contains(r.Findings[0].What, test.says)):
			t.Errorf("%s: %+v, want %q", test.name, r, test.says)
		}
	}
}

// Every map type of the library has a rule, but those whose sizes are its own.
func TestEveryMapTypeHasARule(t *testing.T) {
	for typ := ebpf.Hash; !strings.Contains(typ.String(), "("); typ++ {
		if _, ok := mapRules[typ]; !ok && typ != ebpf.StructOpsMap {
			t.Errorf("%v has no rule", typ)
		}
	}
}

func TestKconfig(t *testing.T) {
	tristate := &btf.Enum{Name: "libbpf_tristate", Size: 4}
	boolean, char := &btf.Int{Name: "_Bool", Size: 1, Encoding: btf.Bool}, &btf.Int{Name: "char", Size: 1, Encoding: btf.Char}
	text := &btf.Array{Index: intType, Type: char, Nelems: 8}
	u32 := &btf.Int{Name: "unsigned int", Size: 4}
	config := "# comment\nCONFIG_Y=y\nCONFIG_M=m\nCONFIG_N=300\nCONFIG_S=\"text\"\nCONFIG_NEG=-5\nCONFIG_Y=n\n"
	known := &Kernel{config: parseConfig([]byte(config)), release: "6.1.77-x"}
	for _, test := range []struct {
		kernel *Kernel
		name   string
		typ    btf.Type
		want   Verdict
	}{
		{known, "CONFIG_Y", boolean, Clear},
		{known, "CONFIG_Y", tristate, Clear},
		{known, "CONFIG_Y", intType, Fails},
		{known, "CONFIG_M", boolean, Fails},
		{known, "CONFIG_M", tristate, Clear},
		{known, "CONFIG_N", intType, Clear},
		{known, "CONFIG_N", char, Fails},
		{known, "CONFIG_N", boolean, Fails},
		{known, "CONFIG_N", &btf.Typedef{Name: "__u32", Type: u32}, Clear},
		{known, "CONFIG_NEG", intType, Clear},
		{known, "CONFIG_NEG", u32, Fails},
		{known, "CONFIG_S", text, Clear},
		{known, "CONFIG_S", intType, Fails},
		{known, "CONFIG_MISSING", boolean, Fails},
		{&Kernel{}, "CONFIG_Y", boolean, Unknown},
		{&Kernel{}, kernelVersion, u32, Clear},
		{&Kernel{}, kernelVersion, &btf.Typedef{Name: "__u32", Type: u32}, Fails},
		{&Kernel{}, kernelVersion, u64Type, Fails},
		{&Kernel{}, syscallWrapper, boolean, Clear},
		{&Kernel{}, syscallWrapper, tristate, Fails},
		{&Kernel{}, "LINUX_HAS_BPF_COOKIE", boolean, Fails},
	} {
		f := test.kernel.kconfigVariable(&btf.Var{Name: test.name, Type: test.typ})
		if f.Verdict != test.want || (f.Verdict != Clear) != (f.What != "") {
			t.Errorf("%s of type %v: %v %q, want %v", test.name, test.typ, f.Verdict, f.What, test.want)
		}
	}
	o := &Object{kconfig: &btf.Datasec{Vars: []btf.VarSecinfo{
		{Type: &btf.Var{Name: "CONFIG_Y", Type: boolean}}, {Type: &btf.Var{Name: "CONFIG_M", Type: tristate}}, {Type: &btf.Var{Name: "CONFIG_N", Type: intType}},
		{Type: &btf.Var{Name: "CONFIG_S", Type: text}}, {Type: &btf.Var{Name: "CONFIG_MISSING", Type: intType}},
	}}}
	got := known.kconfigValues(o)
	for name, want := range map[string]uint64{"CONFIG_Y": 1, "CONFIG_M": 2, "CONFIG_N": 300, kernelVersion: 6<<16 | 1<<8 | 77} {
		if got[name] != want {
			t.Errorf("%s is %d, want %d", name, got[name], want)
		}
	}
	if len(got) != 4 {
		t.Errorf("values %v", got)
	}
}

// Where the measured kernels differ, those between are unclear.
func TestAllowedBetween(t *testing.T) {
	table, err := parseAllowed("kernels 5.10 6.1 6.12\nprobed helper 3 3 3\nhelper f - 0 1\nhelper g 1 = -\n")
	if err != nil {
		t.Fatal(err)
	}
	k := func(x version) *Kernel { return &Kernel{level: x} }
	for level, want := range map[version]tri{v(5, 10): no, v(6, 1): no, v(6, 6): unclear, v(6, 12): yes, v(7, 0): yes} {
		if got := k(level).allowedIn(table, helperUses, "f", 0); got != want {
			t.Errorf("f on %v: %v, want %v", level, got, want)
		}
	}
	if got := k(v(7, 0)).allowedIn(table, helperUses, "g", 0); got != yes {
		t.Errorf("g: %v", got)
	}
	for _, bad := range []string{"kernels 5.10\nhelper f 0 0\n", "kernels 5.10\nhelper f x\n", "uses nothing\n"} {
		if _, err := parseAllowed(bad); err == nil {
			t.Errorf("%q is no error", bad)
		}
	}
}

// Every program of golden/sections-all has a use or is of a kind without one.
func TestUses(t *testing.T) {
	o := readTestObject(t, "../golden/sections-all/sectionsall_bpfel.o")
	for _, p := range o.programs {
		i := bpfuse.Of(p.ProgramSpec)
		without := p.Type == ebpf.UnspecifiedProgram || p.Type == ebpf.Extension || p.Type == ebpf.StructOps || p.Type == ebpf.Tracing && p.AttachType > ebpf.AttachTraceIter
		sleepy := p.Flags&flagSleepable != 0
		if i < 0 && !without && !sleepy {
			t.Errorf("%s, SEC(%q), has no use", p.Name, p.SectionName)
		}
	}
}

// What is spelled alike and is another type to the library is told with a remedy that
// makes it the same: a struct that is only declared.
func TestRemedyForDeclaredTypes(t *testing.T) {
	function := func(pointee btf.Type) *btf.Func {
		return &btf.Func{Name: "release", Linkage: btf.ExternFunc, Type: &btf.FuncProto{
			Return: &btf.Void{}, Params: []btf.FuncParam{{Name: "t", Type: &btf.Pointer{Target: pointee}}},
		}}
	}
	for name, test := range map[string]struct {
		pointee btf.Type
		says    string
	}{
		"declared": {&btf.Fwd{Name: "task", Kind: btf.FwdStruct}, "give struct task its members"},
		"defined":  {structOf("task", btf.Member{Name: "pid", Type: intType}), "declare it as the kernel does"},
	} {
		p := programCheck{checker: &checker{object: &Object{kernelFuncs: map[string]*btf.Func{"release": function(test.pointee)}}}}
		if got := p.declareAs("release"); !strings.HasSuffix(got, test.says) && !strings.Contains(got, test.says+":") {
			t.Errorf("%s: %q, want %q", name, got, test.says)
		}
	}
}
