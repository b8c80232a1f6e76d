package golden

// What is said of C and made of it, a few lines of C for each behaviour. No Go
// is compiled: that is what the cases in folders are for.

import (
	"bytes"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/internal/target"
)

// behaviour is one row. Of want, not and says, each is a part of the text.
type behaviour struct {
	name string
	// c is the source, behind bpf.h; language is that of clang's -x.
	c, language string
	// targets as -target names them; bpfel without.
	targets []string
	opts    emit.Options
	// want is in the Go code, not is nowhere in it.
	want, not []string
	// says are the warnings, all of them; fails are the errors.
	says, fails []string
}

// hashMap is a map in a row's C.
func hashMap(name, value string) string {
	return "struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, " + value + "); } " + name + ` SEC(".maps");`
}

// trie is an LPM trie in a row's C.
func trie(name, key string) string {
	return "struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(map_flags, 1); __uint(max_entries, 8); __type(key, struct " + key + "); __type(value, __u32); } " + name + ` SEC(".maps");`
}

const ringOfBytes = `struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } `

var behaviours = []behaviour{
	{
		name: "a decl tag like a heading is formatted",
		c:    strings.Replace(hashMap("m", "__u32"), "} m", `} m __decl_tag("Statistics") __decl_tag("of the last hour.")`, 1),
		want: []string{"Statistics", "of the last hour."},
	}, {
		name: "a type tag that does not fit",
		c:    `struct v { bool seen[8] __decl_tag("bpfgen:type=char"); };` + hashMap("m", "struct v"),
		want: []string{"Seen [8]ctypes.Bool"}, not: []string{"SeenString"},
		says: []string{`btf_decl_tag("bpfgen:type=char") is on _Bool, which is neither a number nor text`},
	}, {
		name: "tags that have no effect",
		c: `struct v {
	__be32 a __decl_tag("bpfgen:type=__le32"); __be32 b __decl_tag("bpfgen:type=__be32");
	__u8 c __decl_tag("bpfgen:type=char"); __u8 d[16] __decl_tag("bpfgen:type=ipv4");
	__u32 e __decl_tag("bpfgen:type=__be32") __decl_tag("bpfgen:type=ipv4");
	__u32 f __decl_tag("bpfgen:name=one") __decl_tag("bpfgen:name=two");
};` + hashMap("m", "struct v"),
		want: []string{"A ctypes.BE32", "B ctypes.BE32", "C uint8", "D [16]uint8"},
		says: []string{
			`struct v > field a: btf_decl_tag("bpfgen:type=__le32") has no effect on __be32, which says its byte order itself`,
			`struct v > field c: btf_decl_tag("bpfgen:type=char") is on a single byte, and text is an array`,
			`struct v > field d: btf_decl_tag("bpfgen:type=ipv4") is on an array of 16 bytes with elements of 1 byte`,
			`struct v > field e: btf_decl_tag("bpfgen:type=`, `struct v > field f: btf_decl_tag("bpfgen:name=`,
		},
	}, {
		name: "one name on all targets",
		c: `struct foo_bar { __u32 a; };` + hashMap("m", "struct foo_bar") + `
#ifdef __TARGET_ARCH_x86
struct fooBar { __u32 b; }; enum mode { MODE_A = 1 };` + hashMap("x", "struct fooBar") + `
#else
enum mode { MODE_A = 2 };
#endif
enum mode mode;`,
		targets: []string{"amd64", "arm64"},
		want:    []string{"type XFooBar struct", "type X_fooBar struct", "XModeA XMode = 1", "XModeA XMode = 2"},
		says:    []string{"for x86_bpfel: struct fooBar: its name in Go is X_fooBar, because XFooBar is that of struct foo_bar"},
	}, {
		name: "an enumerator of an enum without a name has one name, in whichever enum of a target",
		c: `
#ifdef __TARGET_ARCH_x86
int use(enum { FIRST_X, FLAG_A, FLAG_B } f) { return f + FLAG_B; }
#else
int use(enum { FLAG_A = 1, FLAG_B = 7, FLAG_C } f) { return f + FLAG_B; }
#endif`,
		targets: []string{"amd64", "arm64"},
		opts:    emit.Options{Types: []string{"FLAG_*"}},
		want:    []string{"XFlagB uint32 = 2", "XFlagB uint32 = 7", "XFirstX uint32 = 0", "XFlagC uint32 = 8"},
		not:     []string{"X_FLAG"},
	}, {
		name: "flexible arrays whose bytes other members have",
		c: `struct header { __u32 len; __u8 data[]; }; struct middle { struct header h; __u32 after; }; struct list { __u64 t; struct header h[1]; };
struct deep { struct { __u8 k; struct { struct header h; } in; } mid; __u64 z; }; struct last { __u64 t; struct header h; }; struct full { __u32 t; struct header h[1]; };
struct middle m; struct list l; struct deep d; struct last e; struct full f; struct header n;`,
		want: []string{"H XLastH"},
		says: []string{`3 members are structs that end in a flexible array, whose first bytes are in C what stands behind the member; ` +
			`their Tail methods in Go read what is behind the outermost struct: variable d > struct deep > field mid, variable l > struct list > field h, variable m > struct middle > field h; ` +
			`read the bytes of the whole record instead, or in C put the member at the end`},
	}, {
		name: "an event type of several",
		c: `SEC("socket") int f(void *ctx) { struct event { __u32 a; }; static volatile struct event last; return last.a++; }
SEC("socket") int g(void *ctx) { struct event { __u64 b; }; static volatile struct event last; return last.b++; }` + ringOfBytes + `events SEC(".maps");`,
		opts:  emit.Options{Events: map[string]emit.EventType{"events": {Type: "event"}}},
		fails: []string{"map events: event type event is any of 2 types of the object; name one of them", "(4 bytes: unsigned int a)", "(8 bytes: unsigned long long b)"},
	}, {
		name: "a key of a trie ends in what its tag calls an address",
		c: `struct in_addr { __be32 s_addr; };
struct tagged { __u32 prefixlen; __u8 id[16] __decl_tag("bpfgen:type=ipv6"); };
struct inside { __u32 prefixlen; __u32 vrf; struct in_addr port __decl_tag("bpfgen:type=ipv4"); };
struct either { __u32 prefixlen; union { __u32 mark __decl_tag("bpfgen:type=ipv4"); __u8 path[4]; }; };
struct other { __u32 prefixlen; __u8 id[16]; };` + trie("t", "tagged") + trie("i", "inside") + trie("e", "either") + trie("o", "other"),
		want: []string{
			"func NewXTagged(prefix netip.Prefix) (key XTagged, err error) {", "func NewXTaggedIPv4(prefix netip.Prefix) (key XTagged, err error) {",
			"func NewXInside(vrf uint32, prefix netip.Prefix) (key XInside, err error) {",
			"func NewXEither(prefix netip.Prefix) (key XEither, err error) {", "type XOther struct {",
		},
		not: []string{"NewXOther"},
	}, {
		name: "the function of a trie's key refuses what a bitfield cuts off",
		c:    `struct tenant { __u32 prefixlen; __u32 id : 8, zone : 24; __be32 addr; };` + trie("t", "tenant"),
		want: []string{"func NewXTenant(id uint32, zone uint32, prefix netip.Prefix) (key XTenant, err error) {",
			"if key.Id() != id {", "return key, ctypes.LPMTooWide(\"id\", 8, id)", "if key.Zone() != zone {", "return key, ctypes.LPMTooWide(\"zone\", 24, zone)"},
	}, {
		name: "C++: base classes and member functions", language: "c++",
		c: `struct base { unsigned id; }; struct known { unsigned char k; void f() {} };
struct derived : base { unsigned long long z; }; struct also : known { unsigned z; };
known gk; also ga; derived gd;`,
		want: []string{"BaseClass [8]uint8", "Z         uint64", "K uint8"},
		says: []string{
			"struct derived > field base_class: is a base class that the BTF does not describe", "struct known > field f: is left out",
			"2 places in the BTF are refused by the kernel",
		},
	}, {
		name: "C++: references, and static members at their place", language: "c++",
		c: `struct refs { int &r; unsigned char c; const long &k; private: int p; static int s; public: refs(int &i, long &l) : r(i), k(l) {} };
int one; long two; refs g(one, two);`,
		want: []string{"R [8]byte // void", "K [8]byte // void"},
		says: []string{"left out, since static members and member functions are no part of the data: refs of struct refs, s of struct refs;",
			"4 places in the BTF are refused by the kernel", "variable g: is initialised with addresses"},
	}, {
		name: "C++: a type that clang does not define", language: "c++",
		c: `struct plain { int a; }; template<class T> struct box { T a; };
struct { int (*type)[1]; int (*max_entries)[8]; plain *key; box<int> *value; } boxes __attribute__((section(".maps"), used));
int mangled() { return 0; }`,
		says: []string{
			"-fstandalone-debug, without which clang leaves out definitions of C++ types",
			"and instantiate it: static_assert(sizeof(box<int>) > 0)", "2 maps are created by no kernel",
		},
	}, {
		name: "types that are asked for by name, without those of maps",
		c: `struct event { __u32 pid; char comm[16]; }; struct flow { __u32 a; }; struct other { __u64 z; };` +
			hashMap("flows", "struct flow") + hashMap("others", "struct other") + ringOfBytes + `events SEC(".maps"); struct event *unused;`,
		opts: emit.Options{NoGlobalTypes: true, Types: []string{"flow"}, Events: map[string]emit.EventType{"events": {Type: "event"}}},
		want: []string{"type XFlow struct", "type XEvent struct", "(value XFlow, err error)"}, not: []string{"type XOther struct"},
	}, {
		name: "the type of a map gives way to that of another",
		c:    hashMap("flows", "__u64") + hashMap("flows_map", "__u32"),
		want: []string{"FlowsMap *XFlowsMapMap", "Flows    *XFlowsMap"},
		says: []string{"map flows_map: the name of its type in Go is XFlowsMapMap, because XFlowsMap is that of the type of map flows; -rename 'map flows_map=…'"},
	}, {
		name: "a map is renamed where its type gave way",
		c:    hashMap("flows", "__u64") + hashMap("flows_map", "__u32"),
		opts: emit.Options{Renames: map[string]string{"map flows_map": "Table"}},
		want: []string{"Table *XTableMap", "Flows *XFlowsMap"}, says: []string{},
	}, {
		name: "a type without a name gives way to one of that name",
		c:    "struct flows_value { int z; };" + hashMap("flows", "struct { int a; }") + hashMap("others", "struct flows_value"),
		want: []string{"XFlowsValue is struct flows_value", "XFlowsValueStruct is an anonymous struct"},
		says: []string{"map flows > value > anonymous struct: its name in Go is XFlowsValueStruct, because XFlowsValue is that of struct flows_value; -rename 'struct flows_value{}=…'"},
	}, {
		name: "the type without a name is renamed",
		c:    "struct flows_value { int z; };" + hashMap("flows", "struct { int a; }") + hashMap("others", "struct flows_value"),
		opts: emit.Options{Renames: map[string]string{"struct flows_value{}": "Inline", "struct flows_value{}.a": "First"}},
		want: []string{"XFlowsValue is struct flows_value", "XInline is an anonymous struct", "First int32", "Z int32"}, says: []string{},
	}, {
		name: "braces are left out where no type has the name",
		c:    hashMap("flows", "struct { int a; }"),
		opts: emit.Options{Renames: map[string]string{"struct flows_value": "Inline", "struct flows_value.a": "First"}},
		want: []string{"XInline is an anonymous struct", "First int32"}, says: []string{},
	}, {
		name: "single letters in enumerators",
		c:    `enum act { A_B, A_C, AB_C, ACT_D }; enum act a;`,
		want: []string{"XActAB XAct = 0", "XActAC XAct = 1", "XActAbC XAct = 2", "XActD XAct = 3"}, not: []string{"A_B "},
		says: []string{},
	}, {
		name: "a marker of a type",
		c:    `struct event { __u32 a; }; struct event *unused; struct event *used; SEC("socket") int p(void *c) { return used != 0; }`,
		want: []string{"type XEvent struct", "Used *typed.Variable[ctypes.Pointer]"}, not: []string{"Unused"},
	}, {
		name: "what the kernel's configuration does not have",
		c:    `extern const bool LINUX_HAS_BPF_COOKIE __kconfig; int p_; SEC("socket") int p(void *c) { return LINUX_HAS_BPF_COOKIE; }`,
		says: []string{"variable LINUX_HAS_BPF_COOKIE: is no option of the kernel"},
	}, {
		name: "the maps of libbpf's usdt.bpf.h",
		c: `struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, int); __type(value, int); } __bpf_usdt_specs SEC(".maps") __attribute__((weak));
SEC("usdt") int p(void *c) { return bpf_map_lookup_elem(&__bpf_usdt_specs, c) != 0; }`,
		says: []string{"define __weak, __hidden, __kconfig and LINUX_HAS_BPF_COOKIE around the include of usdt.bpf.h as go.generate.md says of static probes"},
	}, {
		name: "kernel symbols of no type",
		c:    `extern const void bpf_prog_active __ksym; __u64 out; SEC("socket") int p(void *c) { out = (__u64)&bpf_prog_active; return 0; }`,
		says: []string{"variable bpf_prog_active: cilium/ebpf v0.22 loads nothing of an object with kernel symbols of type const void; declare it: extern void bpf_prog_active __ksym"},
	}, {
		name: "addresses in arenas are lost by the library",
		c: `struct { __uint(type, BPF_MAP_TYPE_ARENA); __uint(map_flags, 1024); __uint(max_entries, 4); } arena SEC(".maps");
extern __attribute__((address_space(1))) void *pages(void *map) __ksym;
SEC("syscall") int use(void *c) { __attribute__((address_space(1))) __u64 *p = pages(&arena); if (p) *p = 7; return 0; }
SEC("syscall") int other(void *c) { return 0; }`,
		says: []string{"program use: cilium/ebpf v0.22 loses the offset of addr_space_cast, by which programs use addresses in arenas, so that every kernel refuses the program; " +
			"use global variables, or an array with BPF_F_MMAPABLE, in place of the arena's memory"},
	}, {
		name: "variables of no size",
		c:    `struct nothing {}; struct nothing g; int n; SEC("socket") int p(void *c) { asm volatile("" :: "r"(&g)); return n; }`,
		says: []string{"variable g: the kernel refuses BTF with a variable of no size"},
	}, {
		name: "maps that no kernel creates",
		c: `struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 0); __type(key, __u64); __type(value, __u32); } a SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); } h SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } o SEC(".maps");`,
		says: []string{
			"map a: no kernel creates the map: max_entries is 0", "created by no kernel, because of the size of key or value: a (the key has 8 bytes",
			"map o: no kernel creates the map: nothing says what the maps inside are",
		},
	}, {
		name: "pointers in initialised data",
		c: `const char *const names[] = { "alpha", "beta" }; int target = 3; int *volatile where = &target; volatile int i;
SEC("socket") int p(void *c) { return names[i & 1][0] + *where; }`,
		says: []string{"2 variables are initialised with addresses that no loader fills in"},
	}, {
		name: "formats of bpf_printk are not API",
		c: `SEC("socket") int p(void *c) { static const char fmt[] = "one %d"; bpf_trace_printk(fmt, sizeof(fmt), 1); return 0; }
SEC("socket") int q(void *c) { static const char fmt[] = "two"; bpf_trace_printk(fmt, sizeof(fmt)); return 0; } int n;`,
		targets: []string{"bpfel", "bpfeb"},
		want:    []string{"N *typed.Variable[int32]"}, not: []string{"Fmt", "fmt"},
	}, {
		name: "void is said once",
		c:    `struct s { __u32 a; _Atomic int b; }; _Atomic int v;` + hashMap("m", "struct s"),
		want: []string{"B [4]byte"},
		says: []string{"2 places in the BTF are refused by the kernel", "struct s > field b (a member of type void), variable v (a variable of type void)"},
	}, {
		name: "many of one kind are one line",
		c: `SEC("first") int p1(void *c) { return 0; } SEC("second") int p2(void *c) { return 0; }
SEC("xdp_one") int p3(void *c) { return 0; } SEC("xdp_two") int p4(void *c) { return 0; }
struct clash { __u32 ab_cd, abCd; }; struct clash c; __u32 xx_yy, xxYy;`,
		says: []string{
			`2 programs are in sections that neither libbpf nor cilium/ebpf knows`, `p1 (SEC("first")), p2 (SEC("second"))`,
			`2 programs are in sections that libbpf since 1.0 does not know`, `p3 (SEC("xdp_one") for "xdp"), p4 (SEC("xdp_two") for "xdp")`,
			`2 names of C clash in Go`, `struct clash.abCd: XabCd (AbCd is that of field ab_cd), variable xxYy: XxxYy (XxYy is that of variable xx_yy)`,
		},
	},
}

// TestBehaviours compiles each row, and compares code, warnings and errors.
func TestBehaviours(t *testing.T) {
	if _, err := exec.LookPath("clang-19"); err != nil {
		missing(t, "clang-19 is not installed (apt-get install clang-19 llvm-19)")
	}
	for _, b := range behaviours {
		t.Run(b.name, b.test)
	}
}

func (b behaviour) test(t *testing.T) {
	b.opts.Package, b.opts.Ident = "p", "X"
	plan, err := emit.NewPlan(b.compile(t), b.opts)
	if err != nil {
		expect(t, "error", err.Error(), b.fails)
	}
	if failed := err != nil; failed || len(b.fails) > 0 {
		if len(b.fails) == 0 || !failed {
			t.Errorf("error %v, want %q", err, b.fails)
		}
		return
	}
	var lines []string
	for _, w := range btfparse.Join(plan.Warnings) {
		lines = append(lines, w.String())
		if !containsAny(w.String(), b.says) {
			t.Errorf("warning: %s", w)
		}
	}
	expect(t, "warning", strings.Join(lines, "\n"), b.says)
	files, err := plan.Files()
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, f := range files {
		code.Write(f.Content)
		if formatted, err := format.Source(f.Content); err != nil || !bytes.Equal(formatted, f.Content) {
			t.Errorf("%s is not as gofmt has it (%v)", f.Name, err)
		}
	}
	expect(t, "line", squeezed(code.String()), b.want)
	for _, not := range b.not {
		if strings.Contains(squeezed(code.String()), not) {
			t.Errorf("%q is in the code", not)
		}
	}
}

// squeezed has one blank where gofmt aligns.
func squeezed(code string) string {
	lines := strings.Split(code, "\n")
	for i, l := range lines {
		lines[i] = strings.Join(strings.Fields(l), " ")
	}
	return strings.Join(lines, "\n")
}

func expect(t *testing.T, what, text string, parts []string) {
	t.Helper()
	for _, part := range parts {
		if part = strings.Join(strings.Fields(part), " "); !strings.Contains(text, part) {
			t.Errorf("no %s %q in\n%s", what, part, firstLines([]byte(text), 400))
		}
	}
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// compile makes the objects of a row.
func (b behaviour) compile(t *testing.T) []emit.Target {
	t.Helper()
	if b.targets == nil {
		b.targets = []string{"bpfel"}
	}
	language, source := "c", "#include \"bpf.h\"\n"+b.c+"\nchar _license[] SEC(\"license\") = \"GPL\";\n"
	if b.language != "" {
		language, source = b.language, b.c
	}
	var targets []emit.Target
	for _, id := range b.targets {
		info, err := target.Find(id)
		if err != nil {
			t.Fatal(err)
		}
		object := filepath.Join(t.TempDir(), "x.o")
		args := []string{"-O2", "-g", "-target", info.Clang, "-I", "include", "-Wno-everything", "-x", language, "-c", "-o", object, "-"}
		if info.Linux != "" {
			args = append(args, "-D__TARGET_ARCH_"+info.Linux)
		}
		cmd := exec.CommandContext(t.Context(), "clang-19", args...)
		cmd.Stdin = strings.NewReader(source)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, firstLines(out, 20))
		}
		content, err := os.ReadFile(object)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := btfparse.Parse("x.o", bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		targets = append(targets, emit.Target{Name: info.Name, GOARCH: info.GOARCH, Object: parsed, ObjectFile: "x_" + info.Name + ".o", Source: "x.c"})
	}
	return targets
}
