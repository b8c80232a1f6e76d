// Package layout describes how C lays out a type, so that two builds of one
// type can be compared: what Go code was generated from, with the object that
// is opened, with a map that is pinned, or with the running kernel.
//
// A [Layout] holds what decides on how bytes are read: the size, the leaves with
// their place, width, array shape and category, the sign of integers of more
// than one byte, the byte order where a typedef or tag gives one, the names of
// the kernel's special types, enumerators by name and value. It holds nothing in
// which two compilers, or a library that adapts BTF to an old kernel, differ
// for one C source: names of integers, tags of structs, typedefs, qualifiers,
// what pointers point to, the sign of char, the order of union members, padding.
// What old BTF cannot say compares as [Unknown].
//
// Where to go next: make.go makes layouts of btf.Type, special.go has the tables
// of what the kernel and bpfgen give a meaning to, text.go and parse.go are the
// text that generated code carries, compare.go finds the differences and
// severity.go says how bad each of them is where.
package layout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Layout is how C lays out one type. The zero Layout knows nothing, and compares
// with all others as [Unknown].
type Layout struct{ root elem }

// Hash is of all that a layout holds: layouts with one hash are equal. It is the
// same on all machines and for both byte orders. It keeps accidents apart, not
// forgers.
type Hash uint64

// String has 16 hexadecimal digits.
func (h Hash) String() string { return fmt.Sprintf("%016x", uint64(h)) }

// Hash of the layout.
func (l Layout) Hash() Hash { return l.root.hash() }

// Known says whether anything is known of the type: void, forward declarations
// and functions have no layout.
func (l Layout) Known() bool { return l.root.cat != void }

// Size in bytes, 0 where it is not known or does not fit.
func (l Layout) Size() uint64 { return l.root.totalBits() / 8 }

// category is what the bytes of a leaf mean.
type category uint8

const (
	void    category = iota // nothing is known
	integer                 // without sign, or of one byte
	signed                  // an integer with sign, of more than one byte
	boolean
	float
	pointer
	enum
	bigEndian
	littleEndian
	aggregate // a struct or union
	special   // a type that the kernel manages, by its name
)

// elem is the type of a leaf or of a root: dimensions around one category.
type elem struct {
	// dims are the lengths of the arrays around it, outermost first; a
	// flexible array has length 0.
	dims []uint32
	cat  category
	// bits is the width of one element.
	bits uint64
	// name of a special type.
	name string
	// tag is the type tag or decl tag that gives the kernel a meaning.
	tag string
	// tagged is true where only a decl tag says what the category is, which
	// BTF for old kernels has not.
	tagged bool
	// of is the enum or aggregate.
	of *node
}

// totalBits is the width of all elements.
func (e elem) totalBits() uint64 {
	bits := e.bits
	for _, n := range e.dims {
		bits *= uint64(n) // bounded where elems are made
	}
	return bits
}

// kinds of nodes, as C spells them.
const (
	structKind = "struct"
	unionKind  = "union"
	enumKind   = "enum"
)

// node is a struct, union or enum. Nodes do not change once they are made, and
// refer to each other without cycles.
type node struct {
	// kind, name and typedef are for messages: they count for no comparison.
	kind    string
	name    string
	typedef bool // the name is a typedef's

	size   uint32 // bytes
	fields []field
	values []value
	hash   Hash
	depth  int // of the nodes below
}

// field is a leaf of a struct or union: a member that has a name, those of
// anonymous structs and unions inside it included.
type field struct {
	name string
	off  uint64 // bits from the start, counted as BTF does
	elem
}

// end is the first bit behind the field.
func (f field) end() uint64 { return f.off + f.totalBits() }

// value is an enumerator. Its value counts modulo the size of the enum: clang
// before 15 writes signed enums as unsigned.
type value struct {
	name  string
	value uint64
}

// label is what C calls the type.
func (n *node) label() string {
	switch {
	case n.name == "":
		return "anonymous " + n.kind
	case n.typedef:
		return n.name
	}
	return n.kind + " " + n.name
}

// finish sorts what has no order and computes the hash.
func (n *node) finish() {
	n.fields = sorted(n.fields, func(a, b *field) int {
		return cmp.Or(cmp.Compare(a.off, b.off), strings.Compare(a.name, b.name), cmp.Compare(a.totalBits(), b.totalBits()))
	})
	n.values = sorted(n.values, func(a, b *value) int {
		return cmp.Or(cmp.Compare(n.signedValue(a.value), n.signedValue(b.value)), strings.Compare(a.name, b.name))
	})
	for _, f := range n.fields {
		if f.of != nil {
			n.depth = max(n.depth, f.of.depth+1)
		}
	}
	n.hash = n.hashFields(n.fields)
	if n.kind == enumKind {
		n.hash = n.hashValues(len(n.values), func(i int) (string, uint64) { return n.values[i].name, n.values[i].value })
	}
}

// sorted is a sorted copy. It sorts pointers, of which all types share the code:
// sorting structs brings twelve kilobytes for each type into every user's program.
func sorted[T any](list []T, compare func(a, b *T) int) []T {
	order := make([]*T, len(list))
	for i := range list {
		order[i] = &list[i]
	}
	slices.SortFunc(order, compare)
	out := make([]T, len(list))
	for i, p := range order {
		out[i] = *p
	}
	return out
}

// signedValue is the value of an enumerator as a number of the enum's size.
func (n *node) signedValue(v uint64) int64 {
	unused := 64 - 8*min(n.size, 8)
	return int64(v<<unused) >> unused
}
