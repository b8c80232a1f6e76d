package diff

import (
	"strings"
	"testing"
)

// kinds are changes of kinds.c.
var kinds = []plantedChange{
	{name: "enumerator's value alone", edits: []string{"MODE_B = 2", "MODE_B = 3"}, want: []string{
		"layout enum mode > MODE_B value: go",
		"layout struct rec > field mode > enum mode > MODE_B value: go pins",
	}},
	{name: "bitfield's width", edits: []string{"w : 5, x : 7", "w : 6, x : 6"}, want: []string{
		"layout struct rec > field w type: go pins",
		"layout struct rec > field x place: go pins",
		"layout struct rec > field x type: go pins",
		"code function helper instructions",
	}},
	{name: "bitfields become members", edits: []string{"__u32 w : 5, x : 7;", "__u16 w; __u16 x;"}, want: []string{
		"layout struct rec > field w type: go pins",
		"layout struct rec > field x place: go pins",
		"layout struct rec > field x type: go pins",
		"code function helper instructions",
	}},
	{name: "order of a union's members", edits: []string{"__u32 v4;\n\t__u8 v6[16];", "__u8 v6[16];\n\t__u32 v4;"}, want: []string{
		"go_api union addr > field v4 Go names: go",
		"go_api union addr > field v6 Go names",
	}},
	{name: "union's member goes", edits: []string{"__u32 v4;\n\t", ""}, want: []string{
		"layout struct rec > field addr > union addr > field v4 place: go",
		"go_api union addr > field v6 Go names: go",
	}},
	{name: "typedef of another size", edits: []string{"typedef __u32 ident_t", "typedef __u16 ident_t"}, want: []string{
		"pinned_map map recs value size: pins",
		"pinned_map struct rec size: go pins",
		"pinned_map struct rec > field addr place: go pins",
		"pinned_map struct rec > field delta place: go pins",
		"pinned_map struct rec > field grid place: go pins",
		"pinned_map struct rec > field id type: go pins",
		"pinned_map struct rec > field in place: go pins",
		"pinned_map struct rec > field mode place: go pins",
		"pinned_map struct rec > field name place: go pins",
		"pinned_map struct rec > field owner place: go pins",
		"pinned_map struct rec > field proto place: go pins",
		"pinned_map struct rec > field w place: go pins",
		"pinned_map struct rec > field x place: go pins",
		"code function helper instructions",
	}},
	{name: "typedef of another sign", edits: []string{"typedef __u32 ident_t", "typedef __s32 ident_t"}, want: []string{
		"layout struct rec > field id type: go pins",
	}},
	{name: "dimensions swapped", edits: []string{"grid[2][3]", "grid[3][2]"}, want: []string{
		"layout struct rec > field grid type: go pins",
	}},
	{name: "pointer becomes a number", edits: []string{"void *owner", "__u64 owner"}, want: []string{
		"layout struct rec > field owner type: go pins",
	}},
	{name: "char becomes a number", edits: []string{"char name[8]", "__u8 name[8]"}, want: []string{
		"go_api struct rec > field name Go names: go",
	}},
	{name: "struct renamed", edits: []string{"inner_s", "other_s"}, want: []string{
		"go_api struct inner_s removed: go",
		"go_api struct other_s added",
		"go_api struct rec > field in Go names: go",
	}},
	{name: "alignment of a struct", edits: []string{"struct al { __u8 c; __u32 n; }", "struct al { __u8 c; __u32 n; } __attribute__((aligned(16)))"}, want: []string{
		"pinned_map map als value size: pins",
		"pinned_map struct al size: go pins",
		"go_api struct al size: go",
	}},
	{name: "packed", edits: []string{"struct al { __u8 c; __u32 n; }", "struct al { __u8 c; __u32 n; } __attribute__((packed))"}, want: []string{
		"pinned_map map als value size: pins",
		"pinned_map struct al size: go pins",
		"pinned_map struct al > field n place: go pins",
		"go_api struct al size: go",
		"go_api struct al > field n place: go",
		"code program classify instructions",
	}},
	{name: "address of a trie's key", edits: []string{"struct trie_key { __u32 prefixlen; __u32 addr; }", "struct trie_key { __u32 prefixlen; __u8 addr[4]; }"}, want: []string{
		"layout struct trie_key > field addr type: go pins",
	}},
	{name: "prefix of a trie's key renamed", edits: []string{"prefixlen", "plen"}, want: []string{
		"go_api struct trie_key > field plen added",
		"go_api struct trie_key > field prefixlen name: go",
	}},
	{name: "value of inner maps", edits: []string{"__uint(max_entries, 8); __type(key, __u32); __type(value, __u64)", "__uint(max_entries, 8); __type(key, __u32); __type(value, __u32)"}, want: []string{
		"pinned_map map outer > inner map value size: go pins",
		"pinned_map map outer > inner map > value type: go pins",
	}},
	{name: "type of inner maps", edits: []string{"struct inner_map { __uint(type, BPF_MAP_TYPE_HASH)", "struct inner_map { __uint(type, BPF_MAP_TYPE_LRU_HASH)"}, want: []string{
		"pinned_map map outer maps inside: pins",
		"pinned_map map outer > inner map type: pins",
	}},
	{name: "pinning added", edits: []string{"__uint(max_entries, 4); __type(key, __u32); __type(value, struct al)", "__uint(max_entries, 4); __uint(pinning, 1); __type(key, __u32); __type(value, struct al)"}, want: []string{
		"code map als pinning",
	}},
	{name: "event's inner struct grows", edits: []string{"__u16 hi; __u16 lo;", "__u16 hi; __u16 lo; __u32 more;"}, want: []string{
		"event struct ev > field part > anonymous struct size: go",
		"event struct ev > field part > anonymous struct > field more place",
	}},
	{name: "event of another type", edits: []string{"__type(value, struct ev)", "__type(value, struct inner_s)"}, want: []string{
		"event struct ev size: go",
		"event struct ev > field part place: go",
		"event struct ev > field pid place: go",
		"event struct ev > field tid place: go",
		"event struct ev > field when place: go",
		"go_api map ring Go names: go",
		"go_api the struct part in struct ev removed: go",
	}},
	{name: "attach type", edits: []string{"SEC(\"tc\")\nint classify", "SEC(\"tcx/egress\")\nint classify"}, want: []string{
		"go_api program classify Go names: go",
		"code program classify section",
	}},
	{name: "sleepable", edits: []string{"lsm/file_open", "lsm.s/file_open"}, want: []string{
		"code program guard section",
	}},
	{name: "optional", edits: []string{"SEC(\"lsm/file_open\")", "SEC(\"?lsm/file_open\")"}, want: []string{
		"code program guard section",
	}},
	{name: "type of a setting", edits: []string{"extern int CONFIG_HZ", "extern unsigned long CONFIG_HZ"}, want: []string{
		"go_api variable CONFIG_HZ type: go",
		"code function helper instructions",
	}},
	{name: "data of operations", edits: []string{"bpf_base", "bpf_best"}, want: []string{
		"code map cc > field name initial value",
	}},
	{name: "program of operations", edits: []string{".undo_cwnd = (void *)undo_cwnd, ", ""}, want: []string{
		"code map cc initial contents",
	}},
	{name: "constant becomes a variable", edits: []string{"const volatile __u32 limit = 10", "volatile __u32 limit = 10"}, want: []string{
		"pinned_map map .data places of variables",
		"go_api variable limit Go names: go",
	}},
	{name: "text", edits: []string{"\"hello\"", "\"hullo\""}, want: []string{
		"code variable greeting initial value",
	}},
	{name: "slot of programs", edits: []string{"[0] = (void *)&tailed", "[0] = (void *)&tailed_too"}, want: []string{
		"code map slots initial contents",
	}},
	{name: "symbols that must be there", edits: []string{", weak))", "))"}, want: []string{
		"code program asks weak symbols",
	}},
	{name: "global function becomes static", edits: []string{"__attribute__((noinline)) int shared", "static __attribute__((noinline)) int shared"}, want: []string{
		"code function shared instructions",
		"code function shared linkage",
		"code program tailed instructions",
	}},
	{name: "data section renamed", edits: []string{".data.pair", ".data.duo"}, want: []string{
		"pinned_map map .data.pair places of variables",
	}},
}

func TestKindsOfChanges(t *testing.T) {
	findPlanted(t, readSource(t, "kinds.c"), kinds, &Options{Types: []string{"mode"}})
}

// What makes no difference to anybody is none.
func TestChangesThatAreNone(t *testing.T) {
	text := readSource(t, "kinds.c")
	old := build(t, text)
	tc, guard, end := strings.Index(text, "SEC(\"tc\")\nint classify"), strings.Index(text, "SEC(\"lsm/"), strings.Index(text, "int tailed(void *ctx);")
	for name, changed := range map[string]string{
		"typedef renamed":   strings.ReplaceAll(text, "ident_t", "ident_type"),
		"pointer's target":  strings.Replace(text, "void *owner", "struct sock *owner", 1),
		"order of programs": text[:tc] + text[guard:end] + text[tc:guard] + text[end:],
	} {
		report, err := Compare(old, build(t, changed), &Options{Types: []string{"mode"}})
		if err != nil || changed == text || len(report.Changes) > 0 {
			t.Errorf("%s: %q, %v", name, lines(report), err)
		}
	}
}
