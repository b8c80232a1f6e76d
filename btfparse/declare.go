package btfparse

// This file writes types as C does. In C a name stands inside its type:
// "int (*x)[4]" is a pointer to an array, "int *x[4]" an array of pointers. So
// a type is spelled in two parts, between which the name goes, and arrays,
// pointers and functions each add to one of them.

import (
	"fmt"
	"strconv"
	"strings"
)

// Declare is the declaration of a variable or member of that type, without a
// semicolon: "unsigned int x[2]", "int (*x)[4]", "void (*x)(struct ctx *)". A
// struct or union without a name is "struct {…} x", an array of no elements
// "x[]".
func Declare(t Type, name string) string {
	s := spellingOf(t)
	if kind, ok := strings.CutPrefix(s.base, nameless); ok {
		s.base = kind + " {…}"
	}
	if a, ok := t.(*Array); ok && a.Len == 0 {
		s.right = "[]" + strings.TrimPrefix(s.right, "[0]")
	}
	return s.with(name)
}

// Declaration is the member as C declares it, without a semicolon; a bitfield
// has its width: "unsigned int flags : 3".
func (f Field) Declaration() string {
	c := Declare(f.Type, f.Name)
	if f.Bitfield {
		c += fmt.Sprintf(" : %d", f.SizeBits)
	}
	return c
}

// Anonymous is the struct or union whose members C counts among those of the
// struct around it; nil for a member that has a name or is no struct.
func (f Field) Anonymous() *Struct {
	if f.Name != "" {
		return nil
	}
	inner, _ := Underlying(f.Type).(*Struct)
	return inner
}

// Innermost skips typedefs and the dimensions of arrays.
func Innermost(t Type) Type {
	for {
		t = Underlying(t)
		a, ok := t.(*Array)
		if !ok {
			return t
		}
		t = a.Elem
	}
}

// Nameless is the struct or union, of which t may be an array, that nothing
// gives a name: its members are written where it is used. Nil for other types.
func Nameless(t Type) *Struct {
	if s, ok := Innermost(t).(*Struct); ok && s.Name == "" {
		return s
	}
	return nil
}

// Literal is the value of an enumerator as a decimal number that the enum's
// type can hold: compilers differ in how far they extend the sign.
func (t *Enum) Literal(value uint64) string {
	unused := 64 - 8*t.Bytes
	if t.Signed {
		return strconv.FormatInt(int64(value<<unused)>>unused, 10)
	}
	return strconv.FormatUint(value<<unused>>unused, 10)
}

// ByteOrderTypedef is a typedef of uapi/linux/types.h that says in which byte
// order an integer is stored.
type ByteOrderTypedef struct {
	Name      string
	Bytes     uint32
	BigEndian bool
}

// ByteOrderTypedefs are all of them: __be16 … __le64.
func ByteOrderTypedefs() []ByteOrderTypedef { return byteOrderTypedefs[:] }

var byteOrderTypedefs = [...]ByteOrderTypedef{
	{"__be16", 2, true}, {"__be32", 4, true}, {"__be64", 8, true},
	{"__le16", 2, false}, {"__le32", 4, false}, {"__le64", 8, false},
}

// isByteOrder says whether a typedef of that name gives an integer of that size
// a byte order.
func isByteOrder(name string, bytes uint32) bool {
	for _, td := range byteOrderTypedefs {
		if td.Name == name && td.Bytes == bytes {
			return true
		}
	}
	return false
}

// nameless is what messages put before the kind of a type without a name.
const nameless = "anonymous "

// spelling is a type in C: the type that everything is built of, and what
// stands left and right of the name.
type spelling struct{ base, left, right string }

// maxSpelling bounds the spelling of one type in bytes: function types nest in
// parameters of function types.
const maxSpelling = 1024

// with is the declaration of the name; without a name it is the type as in a
// cast: "int (*)[4]", "char[16]".
func (s spelling) with(name string) string {
	declarator := s.left + name + s.right
	switch {
	case declarator == "", declarator[0] == '[':
		return s.base + declarator
	}
	return s.base + " " + declarator
}

// pointer is a pointer to what s spells. Dimensions and parameters bind more
// tightly than the star.
func (s spelling) pointer() spelling {
	if s.right != "" && s.right[0] != ')' {
		return spelling{s.base, s.left + "(*", ")" + s.right}
	}
	return spelling{s.base, s.left + "*", s.right}
}

// array is an array of what s spells.
func (s spelling) array(n uint32) spelling {
	return spelling{s.base, s.left, fmt.Sprintf("[%d]%s", n, s.right)}
}

// function is a function that returns what s spells.
func (s spelling) function(params []string) spelling {
	return spelling{s.base, s.left, "(" + strings.Join(params, ", ") + ")" + s.right}
}

// bounded cuts what is too long.
func (s spelling) bounded() spelling {
	if text := s.with(""); len(text) > maxSpelling {
		return spelling{base: strings.ToValidUTF8(text[:maxSpelling], "") + "…"}
	}
	return s
}

func spellingOf(t Type) spelling {
	switch t := t.(type) {
	case *Array:
		return spellingOf(t.Elem).array(t.Len)
	case *Pointer:
		return t.spelling()
	}
	return spelling{base: t.CName()}
}

// spelling of a pointer. One that was not converted from BTF knows the text of
// its target alone, which is then no pointer to an array or function itself.
func (t *Pointer) spelling() spelling {
	if t.spelled != (spelling{}) {
		return t.spelled
	}
	base, right := t.Target, ""
	if i := strings.IndexAny(base, "(["); i >= 0 {
		base, right = base[:i], base[i:]
	}
	bare := strings.TrimRight(base, "* ")
	return spelling{bare, strings.TrimSpace(base[len(bare):]), right}.pointer()
}
