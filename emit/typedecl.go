package emit

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// typeDecl is one Go type with everything that is printed of it: pure data, in
// which nothing of BTF is left. Two targets may share a declaration if theirs
// are equal.
type typeDecl struct {
	// name in Go.
	name string
	// cName is what C calls it: "struct flow_key", "union addr of struct flow".
	cName string
	// size in bytes.
	size uint32
	// uses say what refers to it: "key of map flows". Sorted. They do not
	// count for equality.
	uses []string
	// doc are more paragraphs of the comment: what to know, decl tags.
	doc []string

	// borrowed is true if another ident of the package declares the type; only
	// its guard is printed.
	borrowed bool
	// foreign is true on a target whose object does not have the type: nothing
	// is proved of its layout, which is that of another target.
	foreign bool
	// enum is nil for structs and unions.
	enum *enumDecl

	// fields cover the struct without a gap, in order of offset.
	fields    []goField
	accessors []accessor
	strings   []stringMethod
	tails     []tailMethod
	// lpm is set for keys of LPM tries.
	lpm *lpmKey
	// reached lists every member in the order of C, and how Go reaches it.
	reached []reachedMember
}

// enumDecl is what enums have beside a typeDecl.
type enumDecl struct {
	// base is the Go type beneath.
	base   goType
	signed bool
	consts []enumConst
}

// enumConst is the constant of one enumerator.
type enumConst struct {
	name  string
	cName string
	// value as a decimal literal.
	value string
	// repeats is true if an earlier constant of the enum has that value.
	repeats bool
}

// goType is a Go type expression: array dimensions around a name.
type goType struct {
	dims []uint32
	// pkg is the import path of the package, "" for predeclared types and
	// those of the generated package.
	pkg  string
	name string
}

func (t goType) String() string {
	var b strings.Builder
	for _, n := range t.dims {
		fmt.Fprintf(&b, "[%d]", n)
	}
	if t.pkg != "" {
		b.WriteString(t.pkg[strings.LastIndexByte(t.pkg, '/')+1:] + ".")
	}
	return b.String() + t.name
}

// goField is one field of a Go struct.
type goField struct {
	// name, "_" for padding.
	name   string
	typ    goType
	offset uint32
	// doc stands above the field, comment behind it.
	doc     []string
	comment string
}

// accessKind says how an accessor gets at its value.
type accessKind int

const (
	// accessLoad copies whole bytes.
	accessLoad accessKind = iota
	// accessBool is a byte that is not zero.
	accessBool
	// accessBits is an unsigned bitfield, accessSignedBits a signed one,
	// accessBoolBits one that is not zero.
	accessBits
	accessSignedBits
	accessBoolBits
)

// accessor is a pair of methods for a member that lies in a storage field.
type accessor struct {
	getter, setter string
	typ            goType
	kind           accessKind
	// storage is the field with the bytes.
	storage string
	// off and n are the place in storage: in bytes for accessLoad and
	// accessBool, else in bits as BTF counts them.
	off, n uint32
	// whole is true if the member fills its storage.
	whole bool
	doc   []string
}

// stringMethod reads an array of char as text.
type stringMethod struct {
	name string
	// member is the field or, if call is true, the getter that has the array.
	member string
	call   bool
	// dims are the outer dimensions: an index each.
	dims []uint32
	doc  []string
}

// tailMethod reads a flexible array behind the struct.
type tailMethod struct {
	name string
	elem goType
	// storage is the field whose bytes from off on belong to the array, ""
	// where it starts behind the struct.
	storage string
	off     uint32
	doc     []string
}

// reachKind says how Go reaches a member of C.
type reachKind int

const (
	// byField is a Go field.
	byField reachKind = iota
	// byAccessor is a get/set pair.
	byAccessor
	// byTail is a method that reads a flexible array.
	byTail
	// byDoc is a member of no size that is only named in the comment.
	byDoc
	// byWarning is a member that only a warning names. Its bytes are in the
	// struct, if it has any.
	byWarning
)

// reachedMember is one named member of C, those of anonymous structs and
// unions included.
type reachedMember struct {
	cName string
	// goName is the field or method.
	goName string
	how    reachKind
}

// members are all named members of the C type, those of anonymous structs and
// unions included, and how Go reaches each.
func (d *typeDecl) members() []reachedMember { return d.reached }

// hasName says whether the type has a field or method of that name.
func (d *typeDecl) hasName(name string) bool {
	return slices.ContainsFunc(d.fields, func(f goField) bool { return f.name == name }) ||
		slices.ContainsFunc(d.accessors, func(a accessor) bool { return a.getter == name || a.setter == name }) ||
		slices.ContainsFunc(d.strings, func(s stringMethod) bool { return s.name == name }) ||
		slices.ContainsFunc(d.tails, func(t tailMethod) bool { return t.name == name }) ||
		d.enum != nil && name == "String"
}

// holds says whether a field is of one of these types of the package, or an
// array of it: its size is theirs.
func (d *typeDecl) holds(types map[string]bool) bool {
	return slices.ContainsFunc(d.fields, func(f goField) bool { return f.typ.pkg == "" && types[f.typ.name] })
}

// equal says whether one declaration serves both. What refers to the type may
// differ.
func (d *typeDecl) equal(other *typeDecl) bool {
	x, y := *d, *other
	x.uses, y.uses = nil, nil
	return reflect.DeepEqual(x, y)
}
