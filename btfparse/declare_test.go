package btfparse

import "testing"

// What package golden compares with C itself is here for types that were not
// converted from BTF.
func TestDeclare(t *testing.T) {
	u32 := &Int{Name: "unsigned int", Bytes: 4}
	for _, test := range []struct {
		typ  Type
		want string
	}{
		{u32, "unsigned int x"},
		{&Array{Elem: &Array{Elem: u32, Len: 3}, Len: 2}, "unsigned int x[2][3]"},
		{&Array{Elem: &Array{Elem: u32, Len: 3}}, "unsigned int x[][3]"},
		{&Array{Elem: &Array{Elem: u32}, Len: 2}, "unsigned int x[2][0]"},
		{&Pointer{Target: "struct sock"}, "struct sock *x"},
		{&Pointer{Target: "char **"}, "char ***x"},
		{&Pointer{Target: "int[4]"}, "int (*x)[4]"},
		{&Array{Elem: &Pointer{Target: "void"}, Len: 4}, "void *x[4]"},
		{&Pointer{Target: "char *(struct ctx *, int)", Func: true}, "char *(*x)(struct ctx *, int)"},
		{&Typedef{Name: "__be32", Type: u32}, "__be32 x"},
		{&Struct{}, "struct {…} x"},
		{&Array{Elem: &Struct{Union: true}, Len: 2}, "union {…} x[2]"},
		{&Pointer{Target: "anonymous struct"}, "struct {…} *x"},
		{&Struct{Name: "anonymous", FromTypedef: true}, "anonymous x"},
	} {
		if got := Declare(test.typ, "x"); got != test.want {
			t.Errorf("%s is declared as %q, want %q", test.typ.CName(), got, test.want)
		}
	}
}

func TestLiteral(t *testing.T) {
	for _, test := range []struct {
		enum  Enum
		value uint64
		want  string
	}{
		{Enum{Bytes: 4}, 0xffffffff, "4294967295"},
		{Enum{Bytes: 4}, 0xffffffffffffffff, "4294967295"},
		{Enum{Bytes: 4, Signed: true}, 0xffffffff, "-1"},
		{Enum{Bytes: 4, Signed: true}, 0xffffffffffffffff, "-1"},
		{Enum{Bytes: 1, Signed: true}, 0x80, "-128"},
		{Enum{Bytes: 8}, 1 << 63, "9223372036854775808"},
		{Enum{Bytes: 8, Signed: true}, 1 << 63, "-9223372036854775808"},
	} {
		if got := test.enum.Literal(test.value); got != test.want {
			t.Errorf("%#x of %d bytes, signed %v: %s, want %s", test.value, test.enum.Bytes, test.enum.Signed, got, test.want)
		}
	}
}

func TestNamed(t *testing.T) {
	event := &Struct{Name: "event", Bytes: 4}
	other := &Struct{Name: "event", Bytes: 8}
	enum := &Enum{Name: "event", Bytes: 4}
	state := &Enum{Name: "state", Bytes: 4}
	typedef := &Typedef{Name: "state", Type: event}
	obj := &Object{Types: []Type{enum, event, other, state, typedef}}
	for name, want := range map[string][]Type{
		"struct event": {event, other},
		"enum event":   {enum},
		"event":        {enum, event, other},
		"state":        {typedef}, // in C, state is the typedef
		"enum state":   {state},
		"union event":  nil,
		"":             nil,
	} {
		got := obj.Named(name)
		if len(got) != len(want) {
			t.Errorf("%q: %v, want %v", name, got, want)
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%q: %v, want %v", name, got, want)
			}
		}
	}
}
