// Package plan is every decision about the Go code of one ident, as plain data:
// what is declared, under which names, with which layout, and which file it
// goes to. Package emit makes it, package print writes it; in between nothing
// is decided, and nothing of BTF is left.
//
// Text that comes from C (Doc, Comment, Tags and the like) is as C has it:
// print makes comments of it.
package plan

import (
	"reflect"
	"slices"
)

// Plan is the Go code of one ident.
type Plan struct {
	// Package is the name of the Go package.
	Package string
	// Stem and Suffix are what the names of files begin and end with.
	Stem, Suffix string
	// Constraint is the build constraint of what all targets share, "" for none.
	Constraint string
	Runtime    Runtime
	API        API

	// Types are the declarations that all targets share.
	Types []*Decl
	// TypesOnly is true if there is neither loader nor embedded object.
	TypesOnly bool
	// Packages is true if each target has a package of its own, for what is not that of
	// all.
	Packages bool

	// Maps, Programs and Variables are those of all targets, sorted by field.
	// Where targets differ, their Go type is an alias, or the map type of each.
	Maps      []*Map
	Programs  []*Program
	Variables []*Variable
	// MapTypes are the maps whose type is the same on all targets that have
	// them.
	MapTypes []*Map

	// Layouts is how C lays out what has Go types, as text, where it is the same
	// on all targets.
	Layouts string
	// Checksum is that of the object of a plan for one target, whose file has it.
	Checksum string
	// Set tells the files of this run from those of others.
	Set uint32
	// Lender has the types that are borrowed.
	Lender Lender

	Targets []*Target

	// Bpf2go are the files of bpf2go's flavour, which has nothing else.
	Bpf2go []*Bpf2go
}

// Runtime has the import paths of what generated code calls.
type Runtime struct {
	// Types is for types and their methods, Loader for the rest; "" where
	// nothing is called.
	Types, Loader string
	// Netlink registers the attaching by netlink.
	Netlink string
}

// Packages are those that types can name.
func (r Runtime) Packages() []string {
	return slices.DeleteFunc([]string{r.Types, r.Loader}, func(path string) bool { return path == "" })
}

// LoaderQualifier is what stands in front of the names of package Loader.
func (r Runtime) LoaderQualifier() string { return PackageName(r.Loader) + "." }

// TypesQualifier is what stands in front of the names of package Types.
func (r Runtime) TypesQualifier() string { return PackageName(r.Types) + "." }

// Lender is another ident of the package, whose types are used.
type Lender struct {
	// Ident is "" where none is used.
	Ident string
	// Set is its constant, Number what that must be.
	Set, Number string
}

// API are the Go identifiers that every ident has.
type API struct {
	Ident string
	// CollectionSpec is the type of the parsed object, Collection that of the
	// loaded one.
	CollectionSpec, Collection string
	// Open parses the embedded object, OpenFrom another build of it.
	// Bind is the function that gives what they have parsed its types.
	Open, OpenFrom, Bind string
	// Bytes is the variable with the embedded object, Checksum the constant of
	// what it must be.
	Bytes, Checksum string
	// Layouts is the constant with the layouts of C.
	Layouts string
	// Set is the constant that all files of a run agree on.
	Set string
}

// Target is what one target has for itself.
type Target struct {
	Name string
	// Constraint of its files, "" for none.
	Constraint string
	// ObjectFile is the name of the file to embed, Checksum what tells its bytes
	// from others.
	ObjectFile, Checksum string
	// Layouts are those of the target, where they are not those of all.
	Layouts string
	// Types and Aliases differ from those of other targets.
	Types    []*Decl
	Aliases  []Alias
	MapTypes []*Map
}

// Alias is a type alias.
type Alias struct {
	Name string
	Type GoType
	// Doc is the comment, a paragraph each.
	Doc []string
	// Foreign is true on a target that lacks what it is for: it is that of another.
	Foreign bool
}

// Map is one map.
type Map struct {
	// Name in C.
	Name string
	// Kinds are the map type as the kernel calls it, HASH, and those of other targets.
	Kinds []string
	// Field in the collection's Maps.
	Field string
	// Alias is the name of the map's Go type.
	Alias string
	// Class is what the runtime calls maps with these methods, Args the types
	// that the map is made for; where these differ, targets alone have them. Given is true if the runtime has the type, with
	// Args as type arguments; else it is generated.
	Class string
	Given bool
	Args  []MapArg
	// EventName is the C type that the user gave for events, "" where the
	// object says it.
	EventName string
	// Short is true if records may be shorter than their type.
	Short bool
	// Tags are the user's decl tags.
	Tags []string
}

// MapArg is one type argument of the class of a map.
type MapArg struct {
	Role MapRole
	// Type is that of keys, values or records.
	Type GoType
	// Inner is the map inside.
	Inner *Map
}

// MapRole says what a type argument is for.
type MapRole int

// The roles of a map's type arguments.
const (
	Key MapRole = iota
	Value
	// Event is the type of records.
	Event
	// InnerMap is the type of the maps inside.
	InnerMap
)

// Type is what tells the type of a map from those of others: its class with the
// types that it is made for. Where the class is given, it is the Go type.
func (m *Map) Type(r Runtime) GoType {
	t := GoType{Pkg: r.Loader, Name: m.Class}
	for _, a := range m.Args {
		if a.Inner != nil {
			t.Args = append(t.Args, GoType{Name: a.Inner.Alias, Args: []GoType{a.Inner.Type(r)}})
		} else {
			t.Args = append(t.Args, a.Type)
		}
	}
	return t
}

// Inner is the map inside, nil where there is none.
func (m *Map) Inner() *Map {
	for _, a := range m.Args {
		if a.Inner != nil {
			return a.Inner
		}
	}
	return nil
}

// Arg is the type for a role, ok false where the class has none.
func (m *Map) Arg(role MapRole) (t GoType, ok bool) {
	i := slices.IndexFunc(m.Args, func(a MapArg) bool { return a.Role == role })
	if i < 0 {
		return GoType{}, false
	}
	return m.Args[i].Type, true
}

// Program is one program.
type Program struct {
	// Name in C.
	Name string
	// Sections are the one in SEC(), and those of other targets; Hooks likewise.
	Sections []string
	Hooks    []Hook
	// Field in the collection's Programs.
	Field string
	// Type is that of the hook, or an alias where targets differ. Own is what the alias
	// is for a target.
	Type GoType
	Own  Alias
	// Tags are the user's decl tags.
	Tags []string
}

// Hook is the kind of a program.
type Hook struct {
	// Kind is the Go type in the runtime.
	Kind string
	// Netlink is true if attaching may need the netlink library.
	Netlink bool
}

// Variable is one variable that user space can reach.
type Variable struct {
	// Name in C. Sections are where the object has it, and where those of other targets.
	// Index tells static variables of one name in one section apart: their number in the
	// order of offsets.
	Name     string
	Sections []string
	Index    int
	// Field in the collection's Variables.
	Field string
	// Type of the value, or an alias where targets differ. Own is what the alias is for
	// a target.
	Type GoType
	Own  Alias
	// Static is true for internal linkage.
	Static bool
	// Constant is true if it cannot be written after load, Given if the kernel
	// gives it its value.
	Constant, Given bool
	// C is how C has it, for the comment, "static unsigned int in .bss", and how on
	// other targets.
	C []string
	// Tags are the user's decl tags.
	Tags []string
}

// Decl is one Go type with everything that is printed of it. Two targets share
// a declaration if theirs are equal.
type Decl struct {
	// Name in Go.
	Name string
	// C is what C calls it: "struct flow_key", "the union addr in struct flow".
	C string
	// Size in bytes.
	Size uint32
	// Uses say what refers to it, a sentence each. They do not count for
	// equality.
	Uses []string
	// Doc are more paragraphs of the comment: what to know, decl tags.
	Doc []string

	// Within is the type that has it as a member, if it has no name in C.
	Within string
	// Alias makes it another name of that type, with nothing but a comment.
	Alias string
	// Pkg is the import path of a type of another package, of which only the guard
	// is printed, like GoType's.
	Pkg string
	// Borrowed is true if another ident of the package declares the type; only
	// its guard is printed.
	Borrowed bool
	// Foreign is true on a target whose object does not have the type: nothing
	// is proved of its layout, which is that of another target.
	Foreign bool
	// Enum is nil for structs and unions.
	Enum *Enum
	// Base is the type beneath, where that is neither a struct nor an enum.
	Base *GoType

	// Fields cover the struct without a gap, in order of offset.
	Fields    []Field
	Accessors []Accessor
	Texts     []Text
	Tails     []Tail
	DataLocs  []DataLoc
	// MinSize is where the first flexible array begins that begins within the
	// type, in itself or in a struct at its end; 0 if none does. The runtime's
	// readers of events ask for it.
	MinSize uint32
	// LPM is set for keys of LPM tries.
	LPM *LPM
	// Members are all named members of the C type in its order, those of
	// anonymous structs and unions included, and how Go reaches each.
	Members []Member
}

// Enum is what enums have beside a Decl.
type Enum struct {
	// Base is the Go type beneath.
	Base   GoType
	Signed bool
	Consts []Const
	// Stringer is true if the type has a method String.
	Stringer bool
	// Plain is true where there is no type: the constants are of Base.
	Plain bool
}

// Const is the constant of one enumerator.
type Const struct {
	Name string
	// C is the enumerator.
	C string
	// Value as a decimal literal.
	Value string
	// Repeats is true if an earlier constant of the enum has that value.
	Repeats bool
}

// Field is one field of a Go struct.
type Field struct {
	// Name, "_" for padding.
	Name         string
	Type         GoType
	Offset, Size uint32
	// Doc stands above the field, Comment behind it.
	Doc     []string
	Comment string
}

// Access says how an accessor gets at its value.
type Access int

const (
	// AccessLoad copies whole bytes.
	AccessLoad Access = iota
	// AccessBits is an unsigned bitfield, AccessSignedBits a signed one,
	// AccessBoolBits one that is not zero.
	AccessBits
	AccessSignedBits
	AccessBoolBits
)

// Accessor is a pair of methods for a member that lies in a storage field.
type Accessor struct {
	Getter, Setter string
	Type           GoType
	Access         Access
	// Storage is the field with the bytes.
	Storage string
	// Off and N are the place in storage: in bytes for AccessLoad, else in bits
	// as BTF counts them.
	Off, N uint32
	// Whole is true if the member fills its storage.
	Whole bool
	// Bytes is the expression of the bytes that Off counts in, "" for the field
	// Storage of the receiver.
	Bytes string
	Doc   []string
}

// Text is a method that reads an array of char as text.
type Text struct {
	// Name is the getter, Setter the method that stores text.
	Name, Setter string
	// Member is the field or, if Call is true, the getter that has the array.
	Member string
	Call   bool
	// Store is the setter of the array, where Call is true.
	Store string
	// Dims are the outer dimensions: an index each.
	Dims []uint32
	Doc  []string
}

// Tail is a method that reads a flexible array behind the struct.
type Tail struct {
	Name string
	// Text is the method that reads an array of char as text, "" for others.
	Text string
	Elem GoType
	// Storage is the field whose bytes from Off on belong to the array, ""
	// where it starts behind the struct.
	Storage string
	Off     uint32
	Doc     []string
}

// DataLoc is a pair of methods for a member that says where in the record an
// array is, as the kernel's tracepoints have it: one for its bytes, one for text.
type DataLoc struct {
	Bytes, Text string
	// Field is the member.
	Field string
	// Relative is true if the place is counted from the end of the member, else
	// it is from the start of the record.
	Relative bool
	Doc      []string
}

// LPM is what the key of an LPM trie has beside other structs: functions that
// make it from a netip.Prefix, and methods that give the prefix back.
type LPM struct {
	Constructors []LPMConstructor
	Prefixes     []LPMPrefix
	// Length is where the number of bits stands.
	Length LPMLength
	// Exact are the members before the address, which lookups match exactly.
	Exact []LPMExact
	// Address is the path to the field with the address, in the copy In, or in the key
	// if that is "".
	Address []string
	In      string
	// Copies are structs inside that are no fields: what is in them is reached in a copy.
	// Those that hold others come first.
	Copies []LPMCopy
	// Before is the number of bits before the address.
	Before uint32
}

// LPMConstructor is a function that makes a key.
type LPMConstructor struct {
	Name string
	// Put is the function of the runtime that writes the address.
	Put string
	Doc []string
}

// LPMPrefix is a method that gives the prefix back.
type LPMPrefix struct {
	Name string
	// Get is the function of the runtime that reads the address.
	Get string
	Doc []string
}

// LPMCopy is the copy of a struct, in a variable.
type LPMCopy struct {
	Var  string
	Type GoType
	// Path is what has the methods that get and set it, in the copy In, or in the key if
	// that is "".
	Path           []string
	In             string
	Getter, Setter string
}

// LPMLength is the path to the length: a field, or a pair of methods if Call
// is true. In is as in LPM.
type LPMLength struct {
	Path           []string
	In             string
	Getter, Setter string
	Call           bool
}

// LPMExact is a member that is matched exactly.
type LPMExact struct {
	Param string
	Type  GoType
	// Path is what takes the parameter: a field, or if Setter is not "" what has
	// that method. In is as in LPM.
	Path   []string
	In     string
	Setter string
	// Getter is the method that gives a bitfield of that many Bits back, "" for
	// other members.
	Getter string
	Bits   uint32
}

// Reach says how Go reaches a member of C.
type Reach int

const (
	// ByField is a Go field.
	ByField Reach = iota
	// ByAccessor is a pair of methods.
	ByAccessor
	// ByTail is a method that reads a flexible array.
	ByTail
	// ByDoc is a member of no size that is only named in the comment.
	ByDoc
	// ByWarning is a member that only a warning names. Its bytes are in the
	// struct, if it has any.
	ByWarning
)

// Member is one named member of C.
type Member struct {
	C string
	// Name is the field or method, "" where there is none.
	Name  string
	Reach Reach
}

// HasName says whether the type has a field or method of that name.
func (d *Decl) HasName(name string) bool {
	return slices.ContainsFunc(d.Fields, func(f Field) bool { return f.Name == name }) ||
		slices.ContainsFunc(d.Accessors, func(a Accessor) bool { return a.Getter == name || a.Setter == name }) ||
		slices.ContainsFunc(d.Texts, func(t Text) bool { return t.Name == name || t.Setter == name }) ||
		slices.ContainsFunc(d.Tails, func(t Tail) bool { return t.Name == name || t.Text == name }) ||
		slices.ContainsFunc(d.DataLocs, func(l DataLoc) bool { return l.Bytes == name || l.Text == name }) ||
		d.Enum != nil && d.Enum.Stringer && name == "String"
}

// held are the types of the package of which fields are made: their size is theirs.
func (d *Decl) held() (names []string) {
	for _, f := range d.Fields {
		names = f.Type.names(names)
	}
	return names
}

// Names are the types of the package that the declaration names.
func (d *Decl) Names() []string {
	names := d.held()
	if d.Alias != "" {
		names = append(names, d.Alias)
	}
	if d.Base != nil {
		names = d.Base.names(names)
	}
	for _, a := range d.Accessors {
		names = a.Type.names(names)
	}
	for _, t := range d.Tails {
		names = t.Elem.names(names)
	}
	return names
}

// Equal says whether one declaration serves both. What refers to the type may
// differ.
func (d *Decl) Equal(other *Decl) bool {
	x, y := *d, *other
	x.Uses, y.Uses = nil, nil
	return reflect.DeepEqual(x, y)
}
