package btfparse

// Types that no C compiler here writes, or not in one file, built in memory.

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/google/go-cmp/cmp"
)

var (
	btfU8   = &btf.Int{Name: "unsigned char", Size: 1}
	btfU32  = &btf.Int{Name: "unsigned int", Size: 4}
	btfU64  = &btf.Int{Name: "long unsigned int", Size: 8}
	btfChar = &btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}
)

func member(name string, t btf.Type, offset btf.Bits) btf.Member {
	return btf.Member{Name: name, Type: t, Offset: 8 * offset}
}

// parseTypes parses raw BTF of the types in both byte orders, which must give
// the same, and returns the dump without its first line.
func parseTypes(t *testing.T, types ...btf.Type) string {
	t.Helper()
	var dumps []string
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		obj, err := Parse("test.btf", bytes.NewReader(rawBTF(t, order, types...)))
		if err != nil {
			t.Fatal(err)
		}
		first, rest, _ := strings.Cut(dump(obj), "\n")
		if !obj.TypesOnly || first != "byte order "+order.String() {
			t.Errorf("%s: TypesOnly is %v, dump starts with %q", order, obj.TypesOnly, first)
		}
		dumps = append(dumps, rest)
	}
	if dumps[0] != dumps[1] {
		t.Errorf("the byte orders differ:\n%s", cmp.Diff(dumps[0], dumps[1]))
	}
	return dumps[0]
}

var typeCases = []struct {
	name  string
	types []btf.Type
	want  string
}{
	{"scalars", []btf.Type{&btf.Struct{Name: "s", Size: 64, Members: []btf.Member{
		member("f", &btf.Float{Name: "float", Size: 4}, 0),
		member("d", &btf.Float{Name: "double", Size: 8}, 8),
		member("wide", &btf.Int{Name: "__int128", Size: 16, Encoding: btf.Signed}, 16),
		member("odd", &btf.Int{Name: "_BitInt(24)", Size: 3}, 32),
		member("flag", &btf.Int{Name: "bool", Size: 1, Encoding: btf.Bool}, 35),
		member("long_flag", &btf.Int{Name: "bool", Size: 4, Encoding: btf.Bool}, 36),
		member("text", &btf.Array{Type: btfChar, Index: btfU32, Nelems: 8}, 40),
		member("bytes", &btf.Array{Type: btfU8, Index: btfU32, Nelems: 8}, 48),
		member("long", &btf.Int{Name: "long int", Size: 8, Encoding: btf.Signed}, 56),
	}}}, `
struct s, 64 bytes
	+0 f float
	+8 d double
	+16 wide __int128
	+32 odd unsigned (3 bytes)
	+35 flag _Bool
	+36 long_flag _Bool (4 bytes)
	+40 text char[8]
	+48 bytes unsigned char[8]
	+56 long long long
`},
	{"enums", []btf.Type{
		&btf.Enum{Name: "tiny", Size: 1, Signed: true, Values: []btf.EnumValue{{Name: "MINUS", Value: ^uint64(0)}, {Name: "PLUS", Value: 1}, {Name: "SAME", Value: 1}}},
		&btf.Enum{Name: "big", Size: 8, Values: []btf.EnumValue{{Name: "TOP", Value: 1 << 63}}},
		&btf.Enum{Name: "big_signed", Size: 8, Signed: true, Values: []btf.EnumValue{{Name: "BOTTOM", Value: 1 << 63}}},
		&btf.Typedef{Name: "named", Type: &btf.Enum{Size: 4, Values: []btf.EnumValue{{Name: "ZERO"}}}},
	}, `
enum big, 8 bytes, unsigned
	TOP = 9223372036854775808
enum big_signed, 8 bytes, signed
	BOTTOM = -9223372036854775808
enum tiny, 1 bytes, signed
	MINUS = -1
	PLUS = 1
	SAME = 1
named, 4 bytes, unsigned, by typedef
	ZERO = 0
`},
	// clang counts the bits of a struct in 32 bits.
	{"larger than clang can say", []btf.Type{
		&btf.Struct{Name: "s", Size: 8, Members: []btf.Member{
			member("a", &btf.Struct{Name: "cut", Size: 8, Members: []btf.Member{
				member("n", btfU32, 0), member("huge", &btf.Array{Type: btfChar, Index: btfU32, Nelems: 1 << 29}, 4),
			}}, 0),
		}},
	}, `
struct cut: 512 MiB or more, of which clang's BTF has no size
struct s, 8 bytes
	+0 a struct cut (512 MiB or more, of which clang's BTF has no size)
`},
	{"bitfields", []btf.Type{&btf.Struct{Name: "b", Size: 8, Members: []btf.Member{
		{Name: "a", Type: btfU32, Offset: 0, BitfieldSize: 3},
		{Name: "", Type: btfU32, Offset: 3, BitfieldSize: 5},
		{Name: "whole", Type: btfU8, Offset: 8, BitfieldSize: 8},
		{Name: "plain", Type: btfU32, Offset: 32},
	}}}, `
struct b, 8 bytes
	+0.0:3 a unsigned int
	+0.3:5 "" unsigned int
	+1.0:8 whole unsigned char
	+4 plain unsigned int
`},
	{"declarations and pointers", []btf.Type{&btf.Struct{Name: "p", Size: 48, Members: []btf.Member{
		member("fwd", &btf.Pointer{Target: &btf.Fwd{Name: "hidden", Kind: btf.FwdStruct}}, 0),
		member("nothing", &btf.Pointer{Target: &btf.Const{Type: (*btf.Void)(nil)}}, 8),
		member("kept", &btf.Pointer{Target: &btf.TypeTag{Value: "kptr", Type: &btf.Struct{Name: "task_struct", Size: 4, Members: []btf.Member{member("pid", btfU32, 0)}}}}, 16),
		member("call", &btf.Pointer{Target: &btf.FuncProto{Return: btfU32, Params: []btf.FuncParam{{Name: "ctx", Type: &btf.Pointer{Target: &btf.Fwd{Name: "ctx"}}}, {Type: (*btf.Void)(nil)}}}}, 24),
		member("twice", &btf.Pointer{Target: &btf.Pointer{Target: btfChar}}, 32),
		member("tail", &btf.Array{Type: btfU64, Index: btfU32}, 48),
	}}}, `
struct p, 48 bytes
	+0 fwd struct hidden *
	+8 nothing void *
	+16 kept struct task_struct * tag "kptr"
	+24 call unsigned int (*)(struct ctx *, ...)
	+32 twice char **
	+48 tail unsigned long long[0]
struct task_struct, 4 bytes
	+0 pid unsigned int
`},
	{"anonymous types", []btf.Type{&btf.Struct{Name: "outer", Size: 24, Members: []btf.Member{
		member("", &btf.Union{Size: 8, Members: []btf.Member{
			member("x", btfU64, 0),
			member("", &btf.Struct{Size: 8, Members: []btf.Member{member("low", btfU32, 0), member("high", btfU32, 4)}}, 0),
		}}, 0),
		member("pair", &btf.Array{Type: &btf.Struct{Size: 4, Members: []btf.Member{member("v", btfU32, 0)}}, Index: btfU32, Nelems: 2}, 8),
		member("none", &btf.Struct{}, 16),
		member("mode", &btf.Enum{Size: 4, Values: []btf.EnumValue{{Name: "ON", Value: 1}}}, 16),
	}}}, `
struct outer, 24 bytes
	+0 "" anonymous union
		anonymous union, 8 bytes
			+0 x unsigned long long
			+0 "" anonymous struct
				anonymous struct, 8 bytes
					+0 low unsigned int
					+4 high unsigned int
	+8 pair anonymous struct[2]
		anonymous struct, 4 bytes
			+0 v unsigned int
	+16 none anonymous struct
		anonymous struct, 0 bytes
	+16 mode anonymous enum
		anonymous enum, 4 bytes, unsigned
			ON = 1
`},
	{"typedefs", []btf.Type{&btf.Struct{Name: "t", Size: 24, Members: []btf.Member{
		member("addr", &btf.Typedef{Name: "ipv4_t", Type: &btf.Typedef{Name: "__be32", Type: &btf.Typedef{Name: "__u32", Type: btfU32}}}, 0),
		member("plain", &btf.Typedef{Name: "__u32", Type: btfU32}, 4),
		member("inner", &btf.Const{Type: &btf.Typedef{Name: "inner_t", Type: &btf.Volatile{Type: &btf.Struct{Size: 4, Members: []btf.Member{member("v", btfU32, 0)}}}}}, 8),
		member("stamp", &btf.Typedef{Name: "stamp_t", Tags: []string{"nanoseconds"}, Type: btfU64}, 16),
	}}}, `
typedef __be32 = unsigned int, 4 bytes
typedef __u32 = unsigned int, 4 bytes
inner_t, 4 bytes, by typedef
	+0 v unsigned int
typedef ipv4_t = __be32, 4 bytes
typedef stamp_t = unsigned long long, 8 bytes
	tag "nanoseconds"
struct t, 24 bytes
	+0 addr __be32
	+4 plain unsigned int
	+8 inner inner_t
	+16 stamp stamp_t
`},
	{"one name, two structures", []btf.Type{
		&btf.Struct{Name: "twin", Size: 8, Members: []btf.Member{member("a", btfU64, 0)}},
		&btf.Struct{Name: "twin", Size: 4, Members: []btf.Member{member("a", btfU32, 0)}},
		&btf.Struct{Name: "twin", Size: 4, Members: []btf.Member{member("a", &btf.Typedef{Name: "u32", Type: btfU32}, 0)}},
		&btf.Struct{Name: "twin", Size: 4, Members: []btf.Member{member("a", &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}, 0)}},
		&btf.Union{Name: "twin", Size: 4, Members: []btf.Member{member("a", btfU32, 0)}},
	}, `
struct twin, 4 bytes
	+0 a int
struct twin, 4 bytes
	+0 a unsigned int
struct twin, 8 bytes
	+0 a unsigned long long
typedef u32 = unsigned int, 4 bytes
union twin, 4 bytes
	+0 a unsigned int
`},
	{"decl tags", []btf.Type{&btf.Struct{Name: "tagged", Size: 4, Tags: []string{"whole", "second"}, Members: []btf.Member{
		{Name: "m", Type: btfU32, Tags: []string{"bpfgen:type=__be32"}},
	}}, &btf.Typedef{Name: "anon_t", Tags: []string{"outside"}, Type: &btf.Struct{Size: 4, Tags: []string{"inside"}, Members: []btf.Member{member("v", btfU32, 0)}}}}, `
anon_t, 4 bytes, by typedef
	tag "outside"
	tag "inside"
	+0 v unsigned int
struct tagged, 4 bytes
	tag "whole"
	tag "second"
	+0 m unsigned int
		tag "bpfgen:type=__be32"
`},
}

func TestTypes(t *testing.T) {
	for _, c := range typeCases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), parseTypes(t, c.types...)); diff != "" {
				t.Errorf("dump (-want +got):\n%s", diff)
			}
		})
	}
}

// The order of the types in the file must not show.
func TestTypesOfAnyOrder(t *testing.T) {
	var types, reversed []btf.Type
	for _, c := range typeCases {
		types = append(types, c.types...)
	}
	for _, typ := range types {
		reversed = append([]btf.Type{typ}, reversed...)
	}
	if diff := cmp.Diff(parseTypes(t, types...), parseTypes(t, reversed...)); diff != "" {
		t.Errorf("the order of the file shows:\n%s", diff)
	}
}

// Types that refer to each other through pointers, to which C's nesting is no bound.
func TestTypesWithCycles(t *testing.T) {
	list := &btf.Struct{Name: "list", Size: 16}
	callback := &btf.Typedef{Name: "callback"}
	callback.Type = &btf.Pointer{Target: &btf.FuncProto{Return: (*btf.Void)(nil), Params: []btf.FuncParam{{Type: callback}, {Type: &btf.Pointer{Target: list}}}}}
	list.Members = []btf.Member{member("next", &btf.Pointer{Target: list}, 0), member("call", callback, 8)}
	want := `typedef callback = void (*)(callback, struct list *), 8 bytes
struct list, 16 bytes
	+0 next struct list *
	+8 call void (*)(callback, struct list *)
`
	if diff := cmp.Diff(want, parseTypes(t, list)); diff != "" {
		t.Errorf("dump (-want +got):\n%s", diff)
	}
}

func TestTypesAreInterned(t *testing.T) {
	a := &btf.Struct{Name: "same", Size: 4, Members: []btf.Member{member("v", btfU32, 0)}}
	b := &btf.Struct{Name: "same", Size: 4, Members: []btf.Member{member("v", &btf.Typedef{Name: "__u32", Type: &btf.Int{Name: "uint", Size: 4}}, 0)}}
	user := &btf.Struct{Name: "user", Size: 8, Members: []btf.Member{member("a", a, 0), member("b", b, 4)}}
	obj, err := Parse("test.btf", bytes.NewReader(rawBTF(t, binary.LittleEndian, user)))
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range obj.Types {
		if s, ok := typ.(*Struct); ok && s.Name == "user" {
			if s.Fields[0].Type != s.Fields[1].Type {
				t.Error("two structs of one structure are two nodes")
			}
			return
		}
	}
	t.Errorf("struct user is missing: %v", obj.Types)
}
