package emit

// Keys of LPM tries: a function that makes one from a netip.Prefix, and a
// method that gives the prefix back.
//
// In C such a key is a length in bits, exact fields, an address (struct
// bpf_lpm_trie_key, include/uapi/linux/bpf.h; kernel/bpf/lpm_trie.c compares
// the bytes behind the length as one string of bits). The address is the last
// member, of 4 or 16 bytes; what stands before it is matched exactly, and the
// function takes it as parameters. Keys of another form, such as MAC
// addresses, have no function.

import (
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dave/jennifer/jen"
)

// lpmKey is what the key of an LPM trie has beside other structs.
type lpmKey struct {
	// constructor and prefix are the function and the method. first4, mapped and
	// prefix4 are their forms for IPv4 in 16 bytes, "" where there are 4.
	constructor, first4, mapped string
	prefix, prefix4             string
	// length is where the number of bits stands.
	length lpmLength
	// exact are the members before the address.
	exact []lpmExact
	// address is the field with the address.
	address string
	// before is the number of bits before the address.
	before uint32
}

// lpmLength is the path to the length: a field, or a pair of methods if call
// is true.
type lpmLength struct {
	path           []string
	getter, setter string
	call           bool
}

// lpmExact is a member that is matched exactly.
type lpmExact struct {
	param string
	typ   goType
	// field is what takes the parameter, or if setter is not "", the method.
	field, setter string
}

// nameConstructors gives the functions names that no type or constant has. The
// plain ones come first: that of struct key_mapped wins over the second one of
// struct key.
func (ts *typeSet) nameConstructors(decls []*typeDecl) {
	taken, names := scope(maps.Clone(ts.taken)), apiNames{ts.opts.Ident}
	for _, n := range ts.nodes {
		taken.add(n.consts...)
	}
	keys := slices.DeleteFunc(slices.Clone(decls), func(d *typeDecl) bool { return d.lpm == nil })
	for _, d := range keys {
		d.lpm.constructor = taken.free(names.KeyConstructor(d.name))
	}
	for _, d := range keys {
		if d.lpm.prefix4 != "" {
			d.lpm.first4 = taken.free(names.KeyConstructor(d.name) + "IPv4")
			d.lpm.mapped = taken.free(names.KeyConstructor(d.name) + "Mapped")
		}
	}
}

// lpmKeyOf recognises the form of a key, nil if it is another one. The names of
// its functions come with nameConstructors.
func (n *node) lpmKeyOf(d *typeDecl) *lpmKey {
	length, ok := n.lpmLengthOf()
	address := len(d.fields) - 1
	for address >= 0 && d.fields[address].name == "_" {
		address--
	}
	if !ok || address < 1 {
		return nil
	}
	end := d.size
	if address+1 < len(d.fields) {
		end = d.fields[address+1].offset
	}
	a := d.fields[address]
	size := end - a.offset
	if a.offset < lpmLengthSize || size != 4 && size != 16 {
		return nil
	}
	k := &lpmKey{length: length, address: a.name, before: 8 * (a.offset - lpmLengthSize)}
	params := scope(maps.Clone(lpmLocals))
	for _, f := range d.fields[:address] {
		if f.offset >= lpmLengthSize && f.name != "_" {
			e := d.lpmExactOf(f)
			e.param = params.free(e.param)
			k.exact = append(k.exact, e)
		}
	}
	k.prefix = d.free("Prefix")
	if size == 16 {
		k.prefix4 = d.free("Prefix4")
	}
	return k
}

// lpmExactOf takes the member itself where it has its storage for itself.
func (d *typeDecl) lpmExactOf(f goField) lpmExact {
	for _, a := range d.accessors {
		if a.storage == f.name && a.whole {
			return lpmExact{param: paramName(a.getter), typ: a.typ, setter: a.setter}
		}
	}
	return lpmExact{param: paramName(f.name), typ: f.typ, field: f.name}
}

// lpmLengthSize is the size of the length in bytes.
const lpmLengthSize = 4

// lpmLengthOf finds the length: an unsigned integer of 4 bytes at the start, in
// the struct itself or in a struct that it starts with.
func (n *node) lpmLengthOf() (lpmLength, bool) {
	names := n.memberNames()
	for _, l := range n.leaves {
		switch {
		case l.off != 0 || l.field.SizeBits != 8*lpmLengthSize || len(l.ref.dims) > 0:
		case l.ref.decl == nil && l.ref.base.typ.name == "uint32" && l.reach == byField:
			return lpmLength{getter: l.goName}, true
		case l.ref.decl == nil && l.ref.base.typ.name == "uint32" && l.reach == byAccessor:
			return lpmLength{getter: names.getters[l], setter: names.setters[l], call: true}, true
		case l.ref.decl != nil && l.reach == byField:
			if length, ok := l.ref.decl.lpmLengthOf(); ok {
				length.path = append([]string{l.goName}, length.path...)
				return length, true
			}
		}
	}
	return lpmLength{}, false
}

// free is a name that the type has not.
func (d *typeDecl) free(name string) string {
	for d.hasName(name) {
		name += "_"
	}
	return name
}

// paramName is the parameter for a field.
func paramName(field string) string {
	r, n := utf8.DecodeRuneInString(field)
	name := string(unicode.ToLower(r)) + field[n:]
	if token.IsKeyword(name) || reservedInPackage[name] {
		name += "_"
	}
	return name
}

// lpmLocals are the names that the constructor itself uses.
var lpmLocals = setOf("key", "prefix", "bits", "err", "netip")

// lpmKey writes constructors and methods.
func (s *source) lpmKey(d *typeDecl) [][]jen.Code {
	k := d.lpm
	text := fmt.Sprintf("%s is the key that stands for a prefix.", k.constructor)
	if len(k.exact) > 0 {
		var params []string
		for _, e := range k.exact {
			params = append(params, e.param)
		}
		text += " Lookups match " + strings.Join(params, ", ") + " exactly."
	}
	groups := [][]jen.Code{s.lpmConstructor(d, k.constructor, "PutLPMPrefix", text+lpmWidth(k))}
	if k.first4 != "" {
		groups = append(groups, s.lpmConstructor(d, k.first4, "PutLPMPrefix4",
			fmt.Sprintf("%s is %s for tries that hold IPv4 in the first 4 bytes of the address.", k.first4, k.constructor)))
		groups = append(groups, s.lpmConstructor(d, k.mapped, "PutLPMPrefixMapped",
			fmt.Sprintf("%s is %s for tries that hold IPv4 under ::ffff:0:0/96.", k.mapped, k.constructor)))
	}
	groups = append(groups, s.lpmPrefix(d, k.prefix, "LPMPrefix",
		k.prefix+" is the prefix that the key stands for, not valid if its length is not."))
	if k.prefix4 != "" {
		groups = append(groups, s.lpmPrefix(d, k.prefix4, "LPMPrefix4",
			k.prefix4+" is the IPv4 prefix in the first 4 bytes of the address."))
	}
	return groups
}

// lpmWidth says which addresses fit.
func lpmWidth(k *lpmKey) string {
	if k.first4 != "" {
		return " An error if it is an IPv4 prefix, which has two other forms."
	}
	return " An error if it is not an IPv4 prefix."
}

func (s *source) lpmConstructor(d *typeDecl, name, put, doc string) []jen.Code {
	k := d.lpm
	key := func() *jen.Statement { return jen.Id("key") }
	prefixType := s.qual("net/netip", "Prefix")
	var params []jen.Code
	for _, e := range k.exact {
		params = append(params, jen.Id(e.param).Add(s.typ(e.typ)))
	}
	params = append(params, jen.Id("prefix").Add(prefixType))
	bits := jen.Id("bits")
	if k.before > 0 {
		bits = lit(k.before).Op("+").Id("bits")
	}
	return []jen.Code{comment(doc), jen.Func().Id(name).Params(params...).Params(jen.Id("key").Id(d.name), jen.Err().Error()).BlockFunc(func(g *jen.Group) {
		for _, e := range k.exact {
			g.Add(e.assign(key()))
		}
		g.List(jen.Id("bits"), jen.Err()).Op(":=").Add(s.qual(ctypesPath, put)).Call(jen.Op("&").Add(key()).Dot(k.address), jen.Id("prefix"))
		g.Add(k.length.write(key(), bits))
		g.Return(key(), jen.Err())
	})}
}

func (e lpmExact) assign(key *jen.Statement) *jen.Statement {
	if e.setter != "" {
		return key.Dot(e.setter).Call(jen.Id(e.param))
	}
	return key.Dot(e.field).Op("=").Id(e.param)
}

func (s *source) lpmPrefix(d *typeDecl, name, get, doc string) []jen.Code {
	k := d.lpm
	length := k.length.read(jen.Id("s"))
	if k.before > 0 {
		length.Op("-").Add(lit(k.before))
	}
	body := jen.Return(s.qual(ctypesPath, get).Call(jen.Op("&").Add(storage(k.address)), length))
	return []jen.Code{comment(doc), method(d, name).Params().Add(s.qual("net/netip", "Prefix")).Add(oneLine(body))}
}

func (l lpmLength) at(key *jen.Statement) *jen.Statement {
	for _, p := range l.path {
		key.Dot(p)
	}
	return key
}

func (l lpmLength) read(key *jen.Statement) *jen.Statement {
	get := l.at(key).Dot(l.getter)
	if l.call {
		get.Call()
	}
	return get
}

func (l lpmLength) write(key, bits *jen.Statement) *jen.Statement {
	if l.call {
		return l.at(key).Dot(l.setter).Call(bits)
	}
	return l.at(key).Dot(l.getter).Op("=").Add(bits)
}
