package btfparse

import (
	"bytes"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/google/go-cmp/cmp"
)

var nothing = (*btf.Void)(nil)

// What clang++ 19 writes of classes, in its order: base classes, data members,
// functions, at the offsets that it writes.
func TestCXX(t *testing.T) {
	at := func(name string, typ btf.Type, bits btf.Bits) btf.Member {
		return btf.Member{Name: name, Type: typ, Offset: bits}
	}
	base := &btf.Struct{Name: "base", Size: 8, Members: []btf.Member{member("id", btfU32, 0), member("kind", btfU8, 4)}}
	for _, test := range []struct {
		name  string
		types []btf.Type
		want  string
		notes string
	}{
		{"a base class that is described", []btf.Type{&btf.Struct{Name: "derived", Size: 16, Members: []btf.Member{member("", base, 0), member("z", btfU64, 8)}}}, `
struct base, 8 bytes
	+0 id unsigned int
	+4 kind unsigned char
struct derived, 16 bytes
	+0 "" struct base
	+8 z unsigned long long
`, ""},
		{"base classes that are not", []btf.Type{&btf.Struct{Name: "derived", Size: 24, Members: []btf.Member{member("", nothing, 0), member("", nothing, 8), member("z", btfU64, 16)}}}, `
struct derived, 24 bytes
	+0 base_class unsigned char[8]
	+8 base_class_2 unsigned char[8]
	+16 z unsigned long long
`, `struct derived > field base_class, derived > field base_class_2: is a base class that the BTF does not describe: it is 8 bytes; declare a variable of the base class, so that clang describes it, or make it a member
`},
		{"base classes that are not, beside a static member", []btf.Type{&btf.Struct{Name: "derived", Size: 16, Members: []btf.Member{member("", nothing, 0), member("", nothing, 4), member("z", btfU64, 8), member("s", btfU32, 0), at("f", nothing, 256)}}}, `
struct derived, 16 bytes
	+0 base_class unsigned char[4]
	+4 base_class_2 unsigned char[4]
	+8 z unsigned long long
`, `struct derived > field base_class, derived > field base_class_2: is a base class that the BTF does not describe: it is 4 bytes; declare a variable of the base class, so that clang describes it, or make it a member
2 members in C++ are left out, since static members and member functions are no part of the data: f of struct derived, s of struct derived; declare what maps and variables hold as a plain struct
`},
		{"a virtual base class", []btf.Type{&btf.Struct{Name: "derived", Size: 16, Members: []btf.Member{
			at("", base, 24), member("_vptr$derived", nothing, 0), member("vd", btfU32, 8)}}}, `
struct base, 8 bytes
	+0 id unsigned int
	+4 kind unsigned char
struct derived, 16 bytes
	+8 vd unsigned int
`, `struct derived: has virtual base classes, of whose place the BTF says nothing: their members are padding in Go, and so is the pointer to its table; declare what maps and variables hold as a plain struct
`},
		{"an empty base class", []btf.Type{&btf.Struct{Name: "derived", Size: 4, Members: []btf.Member{member("", nothing, 0), member("z", btfU32, 0)}}}, `
struct derived, 4 bytes
	+0 z unsigned int
`, ""},
		{"static members and functions", []btf.Type{&btf.Struct{Name: "big", Size: 56, Members: []btf.Member{
			member("x", &btf.Array{Type: btfU64, Index: btfU32, Nelems: 6}, 0), member("s", btfU32, 0), member("t", btfU32, 48), member("late", btfU64, 0),
			at("f", nothing, 256), at("g", nothing, 259), at("h", nothing, 4352)}}}, `
struct big, 56 bytes
	+0 x unsigned long long[6]
	+48 t unsigned int
`, `5 members in C++ are left out, since static members and member functions are no part of the data: f of struct big, g of struct big, h of struct big, late of struct big, s of struct big; declare what maps and variables hold as a plain struct
`},
		{"a static member that is first", []btf.Type{&btf.Struct{Name: "st", Size: 16, Members: []btf.Member{member("first", btfU32, 0), member("a", btfU64, 0), member("b", btfU32, 8)}}}, `
struct st, 16 bytes
	+0 a unsigned long long
	+8 b unsigned int
`, `struct st > field first: is left out, since static members and member functions are no part of the data; declare what maps and variables hold as a plain struct
`},
		{"two of which one is static", []btf.Type{&btf.Struct{Name: "st", Size: 8, Members: []btf.Member{member("a", btfU32, 0), member("b", btfU32, 0), member("c", btfU32, 4)}}}, `
struct st, 8 bytes
	+0 a unsigned int
	+0 b unsigned int
	+4 c unsigned int
`, `struct st: members a, b are at one place in the BTF: all but one are static members; declare what maps and variables hold as a plain struct
`},
		{"a class of nothing but a static member", []btf.Type{&btf.Struct{Name: "st", Size: 1, Members: []btf.Member{member("only", btfU32, 0)}}}, `
struct st, 1 bytes
`, `struct st > field only: is left out, since static members and member functions are no part of the data; declare what maps and variables hold as a plain struct
`},
		{"a reference that is first, beside static members", []btf.Type{
			&btf.Struct{Name: "behind", Size: 24, Members: []btf.Member{member("r", nothing, 0), member("x", btfU32, 8), member("k", nothing, 16), member("s", btfU32, 0), at("f", nothing, 256)}},
			&btf.Struct{Name: "before", Size: 16, Members: []btf.Member{member("s", btfU64, 0), member("r", nothing, 0), member("x", btfU32, 8)}},
			&btf.Struct{Name: "only", Size: 8, Members: []btf.Member{member("r", nothing, 0), member("s", btfU32, 0)}},
		}, `
struct before, 16 bytes
	+0 r void
	+8 x unsigned int
struct behind, 24 bytes
	+0 r void
	+8 x unsigned int
	+16 k void
struct only, 8 bytes
	+0 r void
`, `4 members in C++ are left out, since static members and member functions are no part of the data: s of struct before, f of struct behind, s of struct behind, s of struct only; declare what maps and variables hold as a plain struct
`},
		{"a union with a function", []btf.Type{&btf.Union{Name: "un", Size: 40, Members: []btf.Member{member("a", btfU32, 0), at("f", nothing, 256)}}}, `
union un, 40 bytes
	+0 a unsigned int
`, `union un > field f: is left out, since static members and member functions are no part of the data; declare what maps and variables hold as a plain struct
`},
		{"_Atomic members of C", []btf.Type{
			&btf.Struct{Name: "counters", Size: 40, Members: []btf.Member{member("a", nothing, 0), member("x", &btf.Array{Type: btfU64, Index: btfU32, Nelems: 3}, 8), member("last", nothing, 32)}},
			&btf.Union{Name: "either", Size: 8, Members: []btf.Member{member("a", btfU64, 0), member("b", nothing, 0)}},
		}, `
struct counters, 40 bytes
	+0 a void
	+8 x unsigned long long[3]
	+32 last void
union either, 8 bytes
	+0 a unsigned long long
	+0 b void
`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			obj, err := Parse("test.btf", bytes.NewReader(rawBTF(t, le, test.types...)))
			if err != nil {
				t.Fatal(err)
			}
			notes := ""
			for _, w := range Join(obj.TypeWarnings) {
				notes += w.String() + "\n"
			}
			obj.TypeWarnings = nil
			if diff := cmp.Diff("byte order LittleEndian"+test.want, dump(obj)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.notes, notes); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
