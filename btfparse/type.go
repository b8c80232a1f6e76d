package btfparse

import "slices"

// Type is a C type. The set is sealed: *Int, *Float, *Enum, *Struct (C structs
// and unions), *Array, *Pointer, *Typedef and *Opaque.
//
// Types form a directed acyclic graph (a Pointer knows only the spelling of
// what it points to) and are interned: == on two Types of one Object says
// whether they are structurally identical. Names of integers and of typedefs
// that mean nothing to the layout (__u32 or unsigned int) do not count for
// identity; names of structs, unions, enums and fields, "char", decl tags, and
// the typedefs __be16 … __le64 and those with decl tags do. const, volatile, restrict and type tags other
// than on pointers are gone.
type Type interface {
	// Size in bytes. 0 for forward declarations, void, empty structs and
	// flexible arrays.
	Size() uint32
	// CName is how C spells the type in a declaration: "struct flow_key",
	// "unsigned int", "__be32", "char[16]", "struct sock *".
	CName() string
	isType()
}

// IntEncoding of an Int.
type IntEncoding int

const (
	Unsigned IntEncoding = iota
	Signed
	// Bool is _Bool, usually of one byte.
	Bool
)

// Int is an integer of any size, _Bool and char included.
type Int struct {
	// Name is C's for the size and encoding, the same in every object:
	// "unsigned int", "long long", "char", "__int128", "_Bool"; for sizes that
	// C has no name for it is a description, "unsigned (3 bytes)".
	Name     string
	Bytes    uint32
	Encoding IntEncoding
	// Char is true for plain "char" (whatever its signedness): an array of it is text.
	Char bool
}

// Float is float, double or long double, or a float of another odd size.
type Float struct {
	Name  string
	Bytes uint32
}

// Enum is an enum or enum64.
type Enum struct {
	// Name of the enum; of its outermost typedef where the enum itself is
	// anonymous; "" where nothing names it.
	Name string
	// FromTypedef is true where Name is a typedef's ("T", not "enum T").
	FromTypedef bool
	Bytes       uint32
	Signed      bool
	// Halved is true for an enum of 8 bytes of which the BTF has the lower 4 of
	// each value.
	Halved bool
	Values []EnumValue
	Tags   []string
}

// MayBeNegative says whether an enum that BTF has as unsigned looks like one with small
// negative values: clang before 15 writes no sign, and later ones none where C names the
// type behind the colon by a typedef (enum e : __s32). Flags, such as 1 << 31, and
// masks of more than 16 bits with zeroes do not.
func (e *Enum) MayBeNegative() bool {
	if e.Signed || e.Halved {
		return false
	}
	bits := 8 * e.Bytes
	flag := ^uint64(0)>>(64-bits) - (1<<min(16, bits-1) - 1) // or a mask
	return slices.ContainsFunc(e.Values, func(v EnumValue) bool { return v.Value > flag })
}

// EnumValue is one enumerator. Value holds the two's complement of negative
// values, extended to 64 bits, where the enum is signed.
type EnumValue struct {
	Name  string
	Value uint64
}

// Struct is a C struct or union.
type Struct struct {
	// Name of the struct; of its outermost typedef where the struct itself is
	// anonymous; "" where nothing names it.
	Name string
	// FromTypedef is true where Name is a typedef's ("T", not "struct T").
	FromTypedef bool
	Union       bool
	Bytes       uint32
	Fields      []Field
	Tags        []string
}

// Field is one member of a struct or union, in the order of C.
type Field struct {
	// Name, "" for an anonymous struct or union member.
	Name string
	Type Type
	// OffsetBits from the start of the struct, as BTF counts: on big-endian
	// bit 0 of a byte is its most significant one.
	OffsetBits uint32
	// SizeBits is the width of a bitfield, else 8 × Type.Size().
	SizeBits uint32
	// Bitfield is true where C gives a width ("x:3"), also where the width
	// happens to fill whole bytes.
	Bitfield bool
	Tags     []string
}

// Array is a C array of one dimension; more dimensions nest.
type Array struct {
	Elem Type
	Len  uint32
}

// Pointer is a pointer of any kind: data, function, kptr. Always 8 bytes, as
// in the BPF machine.
type Pointer struct {
	// Target is the C spelling of what it points to: "struct sock", "void",
	// "int (struct ctx *, int)".
	Target string
	// Func is true for a pointer to a function.
	Func bool
	// TypeTags are the btf_type_tag attributes ("kptr", "user", "percpu").
	TypeTags []string

	// spelled is how the pointer itself is written.
	spelled spelling
}

// Typedef is one step of a typedef chain. Chains end in another kind of type;
// see [Underlying].
type Typedef struct {
	Name string
	Type Type
	Tags []string
}

// Opaque is a type that has no usable layout: void, a forward declaration, a
// function type.
type Opaque struct {
	// Spelling is the C spelling: "void", "struct foo".
	Spelling string
	// Why says what is missing: "void", "forward declaration", …
	Why string
}

// What Opaque.Why is.
const (
	whyVoid     = "void"
	whyForward  = "forward declaration"
	whyFunction = "function type"
	whyCut      = "512 MiB or more, of which clang's BTF has no size"
	whyHuge     = "4 GiB or more"
)

// opaqueInC has what to do about each.
var opaqueInC = map[string]string{
	whyVoid:     "clang writes void for _Atomic and _Complex types: declare a plain one",
	whyForward:  "define it in C",
	whyFunction: "declare a pointer to one",
	whyCut:      "declare a smaller one",
	whyHuge:     "declare a smaller one",
}

// InC is what to do in C so that the type has a layout, as a clause.
func (t *Opaque) InC() string { return opaqueInC[t.Why] }

func (t *Int) Size() uint32     { return t.Bytes }
func (t *Float) Size() uint32   { return t.Bytes }
func (t *Enum) Size() uint32    { return t.Bytes }
func (t *Struct) Size() uint32  { return t.Bytes }
func (t *Array) Size() uint32   { return t.Len * t.Elem.Size() }
func (t *Pointer) Size() uint32 { return 8 }
func (t *Typedef) Size() uint32 { return t.Type.Size() }
func (t *Opaque) Size() uint32  { return 0 }

func (t *Int) CName() string   { return t.Name }
func (t *Float) CName() string { return t.Name }
func (t *Enum) CName() string  { return tagged("enum", t.Name, t.FromTypedef) }
func (t *Struct) CName() string {
	if t.Union {
		return tagged("union", t.Name, t.FromTypedef)
	}
	return tagged("struct", t.Name, t.FromTypedef)
}

// CName of arrays and pointers is the type as in a cast: int[2][3], int (*)[4].
func (t *Array) CName() string   { return spellingOf(t).with("") }
func (t *Pointer) CName() string { return spellingOf(t).with("") }
func (t *Typedef) CName() string { return t.Name }
func (t *Opaque) CName() string  { return t.Spelling }

func (*Int) isType()     {}
func (*Float) isType()   {}
func (*Enum) isType()    {}
func (*Struct) isType()  {}
func (*Array) isType()   {}
func (*Pointer) isType() {}
func (*Typedef) isType() {}
func (*Opaque) isType()  {}

func tagged(kind, name string, typedef bool) string {
	switch {
	case name == "":
		return nameless + kind
	case typedef:
		return name
	}
	return kind + " " + name
}

// Underlying skips typedefs.
func Underlying(t Type) Type {
	for {
		td, ok := t.(*Typedef)
		if !ok {
			return t
		}
		t = td.Type
	}
}
