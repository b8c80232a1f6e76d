package golden

// Every remedy is tried to the letter: a row has C with a warning, what the remedy
// says to change, and then the warning is gone and nothing new is said.

import (
	"errors"
	"go/format"
	"os/exec"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
)

// remedied is one row.
type remedied struct {
	name string
	// c is the source as in a behaviour, before says the warning and its remedy,
	// each a part of the text.
	c      string
	before []string
	// edits are what is changed in C, old and new by turns; with are the options
	// that are given instead of opts.
	edits      []string
	opts, with emit.Options
	// want is in the Go code then; rest is what is still said.
	want, rest []string
}

const (
	lookup  = `SEC("socket") int p(void *c) { __u32 k = 0; return bpf_map_lookup_elem(&m, &k) != 0; }`
	socket  = `SEC("socket") int p(void *c) `
	ringMap = ringOfBytes + `events SEC(".maps");`
)

var remedies = []remedied{
	// Events.
	{
		name: "events: -event", c: `struct event { __u32 a; }; struct event *unused;` + ringMap,
		before: []string{"map events: nothing says what its events are: its reader gives []byte; add -event events=…"},
		with:   emit.Options{Events: map[string]emit.EventType{"events": {Type: "struct event"}}},
		want:   []string{"Value: unsafe.Sizeof(*new(XEvent))"},
	}, {
		name: "events: a type", c: `struct event { __u32 a; };` + ringMap, before: []string{"or in C __type(value, struct …)"},
		edits: []string{"__uint(max_entries, 4096);", "__uint(max_entries, 4096); __type(value, struct event);"}, want: []string{"Value: unsafe.Sizeof(*new(XEvent))"},
	}, {
		name: "events: a tag", c: `struct event { __u32 a; }; struct event *unused;` + ringMap, before: []string{`or btf_decl_tag("bpfgen:event=struct …")`},
		edits: []string{`SEC(".maps")`, `SEC(".maps") __decl_tag("bpfgen:event=struct event")`}, want: []string{"Value: unsafe.Sizeof(*new(XEvent))"},
	},

	// Tags.
	{
		name: "tag on a bitfield", c: `struct v { __u32 port : 16 __decl_tag("bpfgen:type=__be32"); };` + hashMap("m", "struct v"),
		before: []string{"has no effect on a bitfield; declare the member without a width, or take the tag away"},
		edits:  []string{" : 16", ""}, want: []string{"Port ctypes.BE32"},
	}, {
		name: "tag on a float", c: `struct v { float f __decl_tag("bpfgen:type=__be32"); };` + hashMap("m", "struct v"),
		before: []string{"is on float, which is no integer; tag an integer, or take the tag away"},
		edits:  []string{"float f", "__u32 f"}, want: []string{"F ctypes.BE32"},
	}, {
		name: "tag of text on a float", c: `struct v { float f __decl_tag("bpfgen:type=char"); };` + hashMap("m", "struct v"),
		before: []string{"is on float, which is no integer; tag an array of __u8, or take the tag away"},
		edits:  []string{"float f", "__u8 f[8]"}, want: []string{"FString() string"},
	}, {
		name: "tag of text on an integer", c: `struct v { __u32 f __decl_tag("bpfgen:type=char"); };` + hashMap("m", "struct v"),
		before: []string{"is on an integer of 4 bytes; tag an array of __u8"}, edits: []string{"__u32 f", "__u8 f[4]"}, want: []string{"FString() string"},
	}, {
		name: "tag of text on a byte", c: `struct v { __u8 f __decl_tag("bpfgen:type=char"); };` + hashMap("m", "struct v"),
		before: []string{"tag an array of __u8"}, edits: []string{"__u8 f", "__u8 f[4]"}, want: []string{"FString() string"},
	}, {
		name: "tag of another size", c: `struct v { __u32 f __decl_tag("bpfgen:type=__be16"); };` + hashMap("m", "struct v"),
		before: []string{"is on an integer of 4 bytes; tag one of the same size"}, edits: []string{"__u32 f", "__u16 f"}, want: []string{"F ctypes.BE16"},
	}, {
		name: "tag of an address", c: `struct v { __u16 f __decl_tag("bpfgen:type=ipv4"); };` + hashMap("m", "struct v"),
		before: []string{"tag an integer, an array of integers or a struct of 4 bytes"}, edits: []string{"__u16 f", "__u8 f[4]"}, want: []string{"F ctypes.IPv4"},
	}, {
		name: "tag of no type", c: `struct v { __u32 f __decl_tag("bpfgen:type=be32"); };` + hashMap("m", "struct v"),
		before: []string{"names no type that is known; one of __be16, __be32,"}, edits: []string{"type=be32", "type=__be32"}, want: []string{"F ctypes.BE32"},
	}, {
		name: "tag on _Bool", c: `struct v { bool f __decl_tag("bpfgen:type=char"); };` + hashMap("m", "struct v"),
		before: []string{"is neither a number nor text; tag an integer"}, edits: []string{"bool f", "__u8 f[1]"}, want: []string{"FString() string"},
	}, {
		name: "tag on __be32", c: `struct v { __be32 f __decl_tag("bpfgen:type=__le32"); };` + hashMap("m", "struct v"),
		before: []string{"take the tag away, or declare a plain integer"}, edits: []string{"__be32 f", "__u32 f"}, want: []string{"F ctypes.LE32"},
	}, {
		name: "two tags", c: `struct v { __u32 f __decl_tag("bpfgen:name=One") __decl_tag("bpfgen:name=Two"); };` + hashMap("m", "struct v"),
		before: []string{"keep one of them"}, edits: []string{`__decl_tag("bpfgen:name=Two")`, ""}, want: []string{"One uint32"},
	}, {
		name: "tag of no name", c: `struct v { __u32 f __decl_tag("bpfgen:name=a b"); };` + hashMap("m", "struct v"),
		before: []string{`btf_decl_tag("bpfgen:name=a b") gives no Go identifier; letters, digits and _ make one`}, edits: []string{"name=a b", "name=AB"}, want: []string{"AB uint32"},
	}, {
		name: "tag of no name on a type", c: `struct v { __u32 f; } __decl_tag("bpfgen:name=a-b");` + hashMap("m", "struct v"),
		before: []string{"letters, digits and _ make one"}, edits: []string{"name=a-b", "name=AB"}, want: []string{"type XAB struct"},
	}, {
		name: "tag on a typedef", c: `struct v { __u32 f; }; typedef struct v t __decl_tag("bpfgen:name=Other");` + hashMap("m", "t"),
		before: []string{"put the tag on the struct, union or enum"},
		edits:  []string{"__u32 f; };", `__u32 f; } __decl_tag("bpfgen:name=Other");`, `t __decl_tag("bpfgen:name=Other")`, "t"}, want: []string{"type XOther struct"},
	}, {
		name: "tag on an anonymous member", c: `struct v { struct { __u32 f; } __decl_tag("bpfgen:name=N"); };` + hashMap("m", "struct v"),
		before: []string{"tag the members inside"}, edits: []string{`__u32 f; } __decl_tag("bpfgen:name=N")`, `__u32 f __decl_tag("bpfgen:name=N"); }`}, want: []string{"N uint32"},
	}, {
		name: "tag that is another's", c: strings.Replace(hashMap("m", "__u32"), "} m", `} m __decl_tag("bpfgen:event=__u32")`, 1),
		before: []string{"here it is bpfgen:name=…"}, edits: []string{"event=__u32", "name=Other"}, want: []string{"Other *XOtherMap"},
	}, {
		name: "tag in front of a map", c: strings.Replace(hashMap("m", "__u32"), "struct {", `struct __decl_tag("bpfgen:name=Other") {`, 1),
		before: []string{"put it behind the name of the map"}, edits: []string{`struct __decl_tag("bpfgen:name=Other") {`, "struct {", "} m", `} m __decl_tag("bpfgen:name=Other")`},
		want: []string{"Other *XOtherMap"},
	},

	// Layouts.
	{
		name: "halved enum", c: `typedef unsigned long long wide; enum e : wide { LOW = 1, HIGH = 0x100000001 }; enum e v;`,
		before: []string{"or in C write unsigned long long or long long behind the colon of the enum, no typedef"}, edits: []string{"e : wide", "e : unsigned long long"},
		want: []string{"XEHigh XE = 4294967297"},
	}, {
		name: "flexible array in the middle", c: `struct h { __u32 len; __u8 data[]; }; struct v { struct h h; __u32 after; }; struct v v;`,
		before: []string{"or in C put the member at the end"}, edits: []string{"struct h h; __u32 after;", "__u32 after; struct h h;"},
		want: []string{"DataTail("},
	}, {
		name: "array of 2 GiB", c: `struct v { __u8 a[1ull << 30]; }; extern struct v v; struct v *p;` + `struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct v); } m SEC(".maps");`,
		before: []string{"declare a smaller one"}, edits: []string{"1ull << 30", "1 << 20"}, want: []string{"A [1048576]uint8"},
	}, {
		name: "_Atomic", c: `struct v { _Atomic int a; };` + hashMap("m", "struct v"), before: []string{"declare a plain one"}, edits: []string{"_Atomic int", "int"}, want: []string{"A int32"},
	},

	{
		name: "bitfield of 100 bits", c: `struct v { unsigned __int128 wide : 100; };` + hashMap("m", "struct v"), before: []string{"read it from the bytes of its Raw field"},
		edits: []string{"", ""}, want: []string{"RawWide [13]byte"}, rest: []string{"is a bitfield of 100 bits"},
	}, {
		name: "variable with a tail", c: `struct h { __u32 len; __u8 data[]; }; struct h v = { 1, { 1, 2, 3 } };` + socket + `{ return v.len; }`, before: []string{"ctypes.Load reads the type, and its Tail method what is behind it"},
		edits: []string{"", ""}, want: []string{"DataTail("}, rest: []string{"has a size of its own"},
	},

	// Programs and sections.
	{
		name: "unknown section", c: `SEC("nonsense") int p(void *c) { return 0; }`, before: []string{"use one of libbpf's section names"}, edits: []string{"nonsense", "xdp"}, want: []string{"typed.XDP"},
	}, {
		name: "old section", c: `SEC("xdp_prog1") int p(void *c) { return 0; }`, before: []string{`write SEC("xdp")`}, edits: []string{"xdp_prog1", "xdp"}, want: []string{"typed.XDP"},
	}, {
		name: "function that is not there", c: `int f(void *); SEC("socket") int p(void *c) { return f(c); }`, before: []string{"define it"}, edits: []string{"int f(void *);", "__noinline int f(void *c) { return c != 0; }"},
	}, {
		name: "variable that is not there", c: `extern int n; SEC("socket") int p(void *c) { return n; }`, before: []string{"define it"}, edits: []string{"extern int n", "int n"},
	}, {
		name: "variable in .bss.x", c: `int n SEC(".bss.x"); SEC("socket") int p(void *c) { return n++; }`, before: []string{"use .bss, or .data.x"}, edits: []string{".bss.x", ".data.x"}, want: []string{"N *typed.Variable[int32]"},
	}, {
		name: "unused variable in .bss.x", c: `int n SEC(".bss.x");`, before: []string{"use .bss, or .data.x"}, edits: []string{".bss.x", ".data.x"}, want: []string{"N *typed.Variable[int32]"},
	}, {
		name: "variable in a section of its own", c: `int n SEC("mine") = 1;`, before: []string{"use .data.mine"}, edits: []string{`"mine"`, `".data.mine"`}, want: []string{"N *typed.Variable[int32]"},
	}, {
		name: "code that uses a section of its own", c: `int n SEC("mine") = 1; SEC("socket") int p(void *c) { return n++; }`, before: []string{"use .data.mine"}, edits: []string{`"mine"`, `".data.mine"`}, want: []string{"N *typed.Variable[int32]"},
	}, {
		name: "addresses: a program assigns them", c: `int n = 3; int *where = &n;` + socket + `{ return *where; }`, before: []string{"have a program assign them"},
		edits: []string{"*where = &n;", "*where;", "{ return", "{ where = &n; return"},
	}, {
		name: "addresses: arrays", c: `const char *const names[] = { "one", "two" }; volatile int i;` + socket + `{ return names[i & 1][0]; }`,
		before: []string{"or use arrays instead (char names[][16])"}, edits: []string{"char *const names[]", "char names[][16]"},
	},

	// kconfig and kernel symbols.
	{
		name: "kconfig: weak", c: `extern int CONFIG_HZ __kconfig __weak;` + socket + `{ return CONFIG_HZ; }`, before: []string{"remove __weak where every kernel has the option"}, edits: []string{" __weak", ""},
	}, {
		name: "kconfig: weak, a variable of Go's", c: `extern int CONFIG_HZ __kconfig __weak;` + socket + `{ return CONFIG_HZ; }`, before: []string{"else use a const volatile variable that Go sets before Load"},
		edits: []string{"extern int CONFIG_HZ __kconfig __weak", "const volatile int CONFIG_HZ = 0"},
	}, {
		name: "kconfig: no option", c: `extern int MINE __kconfig;` + socket + `{ return MINE; }`, before: []string{"use a const volatile variable that Go sets before Load"}, edits: []string{"extern int MINE __kconfig", "const volatile int MINE = 0"},
	}, {
		name: "kconfig: version", c: `extern __u32 LINUX_KERNEL_VERSION __kconfig;` + socket + `{ return LINUX_KERNEL_VERSION; }`, before: []string{"declare it: extern int LINUX_KERNEL_VERSION __kconfig"}, edits: []string{"extern __u32", "extern int"},
	}, {
		name: "kconfig: wrapper", c: `extern const bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;` + socket + `{ return LINUX_HAS_SYSCALL_WRAPPER; }`, before: []string{"declare it: extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig"}, edits: []string{"const bool", "_Bool"},
	}, {
		name: "kconfig: tristate", c: `enum tristate { N, Y, M }; extern enum tristate CONFIG_X __kconfig;` + socket + `{ return CONFIG_X; }`, before: []string{"declare it as _Bool or enum libbpf_tristate"}, edits: []string{"enum tristate", "enum libbpf_tristate"},
	}, {
		name: "ksym with const", c: `extern const void sym __ksym; __u64 o;` + socket + `{ o = (__u64)&sym; return 0; }`, before: []string{"declare it: extern void sym __ksym"}, edits: []string{"const void", "void"},
	}, {
		name: "ksym with a type", c: `extern const int sym __ksym; __u64 o;` + socket + `{ o = (__u64)&sym; return 0; }`, before: []string{"declare it: extern void sym __ksym"}, edits: []string{"const int", "void"},
	},

	// Maps.
	{
		name: "map type of the future", c: strings.Replace(hashMap("m", "__u32"), "BPF_MAP_TYPE_HASH", "999", 1), before: []string{"use Map of its typed.OpaqueMap"},
		edits: []string{"", ""}, want: []string{"XMMap = typed.OpaqueMap"}, rest: []string{"is unknown to cilium/ebpf v0.22"},
	}, {
		name: "map without a type", c: strings.Replace(hashMap("m", "__u32"), "__uint(type, BPF_MAP_TYPE_HASH);", "", 1), before: []string{"add __uint(type, BPF_MAP_TYPE_…)"},
		edits: []string{"struct { ", "struct { __uint(type, BPF_MAP_TYPE_HASH); "},
	}, {
		name: "map without entries", c: strings.Replace(hashMap("m", "__u32"), "__uint(max_entries, 8);", "", 1), before: []string{"give it in C"}, edits: []string{"__type(key", "__uint(max_entries, 1); __type(key"},
	}, {
		name: "array with its own key", c: strings.Replace(hashMap("m", "__u32"), "_HASH", "_ARRAY", 1), before: nil, edits: []string{"", ""},
	}, {
		name: "array with a wide key", c: `struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 8); __type(key, __u64); __type(value, __u32); } m SEC(".maps");`,
		before: []string{"change it in C"}, edits: []string{"key, __u64", "key, __u32"},
	}, {
		name: "queue with a key", c: `struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 8); __type(key, __u32); __type(value, __u32); } m SEC(".maps");`,
		before: []string{"remove the key"}, edits: []string{"__type(key, __u32);", ""},
	}, {
		name: "storage with entries", c: `struct { __uint(type, BPF_MAP_TYPE_TASK_STORAGE); __uint(map_flags, 1); __uint(max_entries, 8); __type(key, int); __type(value, __u32); } m SEC(".maps");`,
		before: []string{"remove max_entries"}, edits: []string{"__uint(max_entries, 8);", ""},
	}, {
		name: "storage by size", c: `struct { __uint(type, BPF_MAP_TYPE_TASK_STORAGE); __uint(map_flags, 1); __uint(key_size, 4); __uint(value_size, 8); } m SEC(".maps");`,
		before: []string{"use __type(key, int) and __type(value, …)"}, edits: []string{"__uint(key_size, 4); __uint(value_size, 8)", "__type(key, int); __type(value, __u64)"},
	}, {
		name: "flag that is missing", c: strings.Replace(trie("m", "k { __u32 prefixlen; __u8 addr[4]; }"), "__uint(map_flags, 1);", "", 1) + ` `, before: []string{"add it to map_flags"}, edits: []string{"__uint(max_entries", "__uint(map_flags, 1); __uint(max_entries"},
	}, {
		name: "flag that the type does not have", c: strings.Replace(hashMap("m", "__u32"), "__uint(max", "__uint(map_flags, 1024); __uint(max", 1), before: []string{"remove it from map_flags"}, edits: []string{"__uint(map_flags, 1024);", ""},
	}, {
		name: "flags that exclude each other", c: strings.Replace(hashMap("m", "__u32"), "__uint(max", "__uint(map_flags, 24); __uint(max", 1), before: []string{"remove one from map_flags"}, edits: []string{"map_flags, 24", "map_flags, 8"},
	}, {
		name: "build ids", c: `struct id { __s32 status; __u8 id[20]; __u64 ip; }; struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(map_flags, 32); __uint(max_entries, 8); __uint(key_size, 4); __uint(value_size, 40); } m SEC(".maps");`,
		before: []string{"use __type(value, struct bpf_stack_build_id[…])"}, edits: []string{"struct id", "struct bpf_stack_build_id", "__uint(value_size, 40)", "__type(value, struct bpf_stack_build_id[8])"},
	}, {
		name: "map_extra", c: strings.Replace(hashMap("m", "__u32"), "__uint(max", "__uint(map_extra, 1); __uint(max", 1), before: []string{"remove it"}, edits: []string{"__uint(map_extra, 1);", ""},
	}, {
		name: "pinning", c: strings.Replace(hashMap("m", "__u32"), "__uint(max", "__uint(pinning, 7); __uint(max", 1), before: []string{"use LIBBPF_PIN_BY_NAME"}, edits: []string{"pinning, 7", "pinning, 1"},
	}, {
		name: "numa_node", c: strings.Replace(hashMap("m", "__u32"), "__uint(max", "__uint(map_flags, 4); __uint(numa_node, 1); __uint(max", 1), before: []string{"remove it, and set NumaNode of the spec in Go before Load"}, edits: []string{"__uint(numa_node, 1);", ""},
	}, {
		name: "key and key_size", c: strings.Replace(hashMap("m", "__u32"), "__type(key", "__uint(key_size, 4); __type(key", 1), before: []string{"give one of them"}, edits: []string{"__uint(key_size, 4);", ""},
	}, {
		name: "unknown member", c: strings.Replace(hashMap("m", "__u32"), "__type(key", "__uint(mine, 4); __type(key", 1), before: []string{"remove it"}, edits: []string{"__uint(mine, 4);", ""},
	}, {
		name: "maps in a hash", c: `struct in { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); }; struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __array(values, struct in); } m SEC(".maps");`,
		before: []string{"use BPF_MAP_TYPE_ARRAY_OF_MAPS or HASH_OF_MAPS"}, edits: []string{"BPF_MAP_TYPE_HASH", "BPF_MAP_TYPE_HASH_OF_MAPS"},
	}, {
		name: "value_size of maps", c: `struct in { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); }; struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 8); __type(key, __u32); __uint(value_size, 8); __array(values, struct in); } m SEC(".maps");`,
		before: []string{"remove value_size"}, edits: []string{"__uint(value_size, 8);", ""},
	}, {
		name: "nothing inside", c: `struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } m SEC(".maps");`,
		before: []string{"add __array(values, struct { … })"},
		edits:  []string{"__type(value, __u32);", "__array(values, struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); });"},
	}, {
		name: "static map", c: "static " + hashMap("m", "__u32") + lookup, before: []string{"remove static"}, edits: []string{"static ", ""},
	}, {
		name: "weak map", c: strings.Replace(hashMap("m", "__u32"), "} m", "} m __weak", 1) + lookup, before: []string{"remove __weak"}, edits: []string{"__weak ", ""},
	}, {
		name: "forward declaration", c: hashMap("m", "struct later"), before: []string{"define it in C"}, edits: []string{"struct { __uint(type", "struct later { __u32 a; }; struct { __uint(type"},
	}, {
		name: "old struct_ops", c: `struct golden_ops { int (*run)(void); }; SEC("struct_ops/run") int run(void *c) { return 0; } SEC(".struct_ops") struct golden_ops o = { .run = (void *)run };`,
		before: []string{`use SEC(".struct_ops.link")`}, edits: []string{`SEC(".struct_ops")`, `SEC(".struct_ops.link")`},
	}, {
		name: "optional struct_ops", c: `struct golden_ops { int (*run)(void); }; SEC("struct_ops/run") int run(void *c) { return 0; } SEC("?.struct_ops") struct golden_ops o = { .run = (void *)run };`,
		before: []string{`use SEC(".struct_ops.link")`}, edits: []string{`SEC("?.struct_ops")`, `SEC(".struct_ops.link")`},
	},

	// What the kernel refuses.
	{
		name: "misaligned float", c: `struct v { __u8 b; float f; } __packed;` + hashMap("m", "struct v"), before: []string{"misaligned float"}, edits: []string{"float f", "__u32 f"},
	}, {
		name: "misaligned float: align it", c: `struct v { __u8 b; float f; } __packed;` + hashMap("m", "struct v"), before: []string{"align it, or use an integer"}, edits: []string{"__packed", ""},
	}, {
		name: "variable of no size", c: `struct nothing {}; struct nothing g; int n;` + socket + `{ asm volatile("" :: "r"(&g)); return n; }`, before: []string{"remove it, or give its type a member"}, edits: []string{"nothing {}", "nothing { int a; }"},
	},

	// bpf2go's flavour.
	{
		name: "bpf2go: two of one name", c: hashMap("my_map", "__u32") + hashMap("myMap", "__u32"), opts: emit.Options{Bpf2go: true}, with: emit.Options{Bpf2go: true},
		before: []string{"rename one of them"}, edits: []string{"} myMap", "} other"},
	}, {
		name: "bpf2go: flexible array", c: `struct v { __u32 n; __u8 data[]; };` + hashMap("m", "struct v"), opts: emit.Options{Bpf2go: true}, with: emit.Options{Bpf2go: true, Typed: true},
		before: []string{"with -typed there is a function for it"}, want: []string{"func XVDataTail("},
	}, {
		name: "bpf2go: flexible array inside", c: `struct in { __u32 n; __u8 data[]; }; struct v { __u32 a; struct in in; };` + hashMap("m", "struct v"),
		opts: emit.Options{Bpf2go: true, Typed: true}, with: emit.Options{Bpf2go: true, Typed: true, Types: []string{"in"}},
		before: []string{"-type with the name of its struct"}, want: []string{"func XInDataTail("}, rest: []string{"map m > value > struct v > field in > field data"},
	},
}

// TestEveryWarningHasARemedy is about all that is said of the golden cases: it names
// file and place, and what to do.
func TestEveryWarningHasARemedy(t *testing.T) {
	warned := 0
	for _, c := range findCases(t) {
		targets, refused, err := c.objects()
		if err == nil {
			err = errors.Join(refused, c.bind(targets))
		}
		if err != nil {
			continue // which is what the case is about
		}
		plan, err := emit.NewPlan(targets, c.opts)
		if err != nil {
			continue
		}
		warned += len(plan.Warnings)
		for _, w := range plan.Warnings {
			if w.Remedy == "" && w.InC == "" {
				t.Errorf("%s: no remedy: %s", c.name, w)
			}
			if w.File == "" || w.Path == "" {
				t.Errorf("%s: no file or no place: %s", c.name, w)
			}
		}
	}
	if warned < 100 {
		t.Errorf("only %d warnings", warned)
	}
}

func TestRemedies(t *testing.T) {
	if _, err := exec.LookPath("clang-19"); err != nil {
		missing(t, "clang-19 is not installed (apt-get install clang-19 llvm-19)")
	}
	for _, r := range remedies {
		t.Run(r.name, r.test)
	}
}

func (r remedied) test(t *testing.T) {
	said, _ := r.warnings(t, r.c, r.opts)
	expect(t, "warning", said, r.before)
	c := r.c
	for i := 0; i < len(r.edits); i += 2 {
		if !strings.Contains(c, r.edits[i]) {
			t.Fatalf("%q is not in the C", r.edits[i])
		}
		if r.edits[i] != "" {
			c = strings.ReplaceAll(c, r.edits[i], r.edits[i+1])
		}
	}
	said, plan := r.warnings(t, c, r.with)
	for line := range strings.Lines(said) {
		if !containsAny(line, r.rest) {
			t.Errorf("after the remedy: %s", line)
		}
	}
	files, err := plan.Files()
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, f := range files {
		code.Write(f.Content)
		if _, err := format.Source(f.Content); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	for _, want := range r.want {
		if !strings.Contains(squeezed(code.String()), want) {
			t.Errorf("after the remedy, %q is not in the code", want)
		}
	}
}

// warnings generates, and gives what is said, a line each.
func (r remedied) warnings(t *testing.T, c string, opts emit.Options) (string, *emit.Plan) {
	t.Helper()
	opts.Package, opts.Ident = "p", "X"
	plan, err := emit.NewPlan(behaviour{c: c}.compile(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, w := range btfparse.Sorted(plan.Warnings) {
		lines = append(lines, w.String())
	}
	return strings.Join(lines, "\n"), plan
}
