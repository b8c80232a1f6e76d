package emit

// A profile is every decision in which the flavours of generated code differ.
// No other place asks which flavour it is.

import (
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/internal/words"
)

type profile struct {
	// runtime has the packages that generated code calls.
	runtime plan.Runtime

	// pointer stands for any C pointer, boolean for _Bool of one byte.
	pointer, boolean goBase
	// byteOrdered are the typedefs that have Go types of their own, by name.
	byteOrdered map[string]goBase
	// addresses are the types of "bpfgen:type=ipv4" and "…ipv6", by these names.
	addresses map[string]goBase
	// unaligned stand for numbers at offsets where Go has none, by their Go
	// type: arrays of bytes with methods that get and set. A type that has none
	// there is raw bytes with accessors.
	unaligned map[plan.TypeName]goBase

	// typeName is the Go type of a C type, behind the ident; memberType that of
	// a member whose type has no name, after the Go names of both.
	typeName   func(c string) string
	memberType func(parent, member string) string
	// constant is the constant of an enumerator. goType is the Go name of the
	// enum.
	constant func(goType, enum, enumerator string) string

	// inline says whether a type is written out where it is used, instead of
	// having a declaration of its own. root is true where a map, a variable or
	// the user names it.
	inline func(t btfparse.Type, root bool) bool
	// methods is true if members in storage have accessors, and text, tails and
	// keys of tries their methods; stringer if enums have String.
	methods, stringer bool
}

// typedPath is the import path of the runtime package.
const typedPath = "github.com/bpfgen/bpfgen/typed"

// ctypesPath is the import path of what generated types are made of.
const ctypesPath = typedPath + "/ctypes"

// typedProfile is the default one, over packages typed and ctypes: lossless,
// each C type a Go type of its own.
var typedProfile = &profile{
	runtime:     plan.Runtime{Types: ctypesPath, Loader: typedPath, Netlink: typedPath + "/tc"},
	pointer:     goBase{typ: plan.GoType{Pkg: ctypesPath, Name: "Pointer"}, size: 8, align: 8},
	boolean:     goBase{typ: plan.GoType{Pkg: ctypesPath, Name: "Bool"}, size: 1, align: 1},
	byteOrdered: byteOrderedBases(),
	addresses: map[string]goBase{
		"ipv4": {typ: plan.GoType{Pkg: ctypesPath, Name: "IPv4"}, size: 4, align: 1, address: true},
		"ipv6": {typ: plan.GoType{Pkg: ctypesPath, Name: "IPv6"}, size: 16, align: 1, address: true},
	},
	unaligned:  unalignedBases("uint16", "uint32", "uint64", "int16", "int32", "int64", "float32", "float64"),
	typeName:   identifier,
	memberType: func(parent, member string) string { return parent + member },
	constant:   constantName,
	inline:     func(btfparse.Type, bool) bool { return false },
	methods:    true,
	stringer:   true,
}

// typedTypes are the types of the typed API that the roots need.
func (w *wanted) typedTypes() *typeSet { return findTypes(w.report, typedProfile, w.binds, w.roots) }

// typedBeside is that API beside bpf2go's types, which others have found.
func (w *wanted) typedBeside() *typeSet { return findTypes(w.report, typedProfile, nil, nil) }

// typedRuntime are the packages that it calls.
func typedRuntime() plan.Runtime { return typedProfile.runtime }

// byteOrderedBases are BE16 … LE64 for __be16 … __le64.
func byteOrderedBases() map[string]goBase {
	bases := make(map[string]goBase)
	for _, td := range btfparse.ByteOrderTypedefs() {
		name := strings.ToUpper(strings.TrimPrefix(td.Name, "__"))
		order := littleEndian
		if td.BigEndian {
			order = bigEndian
		}
		bases[td.Name] = goBase{typ: plan.GoType{Pkg: ctypesPath, Name: name}, size: td.Bytes, align: 1, order: order}
	}
	return bases
}

// unalignedBases are Uint16 … Float64 for uint16 … float64.
func unalignedBases(names ...string) map[plan.TypeName]goBase {
	bases := make(map[plan.TypeName]goBase)
	for _, name := range names {
		bits, _ := strconv.Atoi(strings.TrimLeft(name, "abdefgilnotuv"))
		typ := plan.GoType{Pkg: ctypesPath, Name: words.UpperFirst(name)}
		bases[plan.TypeName{Name: name}] = goBase{typ: typ, size: uint32(bits / 8), align: 1}
	}
	bases[plan.TypeName{Pkg: ctypesPath, Name: "Pointer"}] = bases[plan.TypeName{Name: "uint64"}]
	return bases
}
