package emit

// Keys of LPM tries: functions that make one from a netip.Prefix, and methods
// that give the prefix back.
//
// In C such a key is a length in bits, exact fields, an address (struct
// bpf_lpm_trie_key, include/uapi/linux/bpf.h; kernel/bpf/lpm_trie.c compares
// the bytes behind the length as one string of bits). The length is the first
// member and the address the last, also of structs inside; what stands between
// them is matched exactly, and the function takes it as parameters. Which types
// are addresses says lpmaddress.go. Keys of another form have no function.

import (
	"fmt"
	"go/token"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// lpmLengthSize is the size of the length in bytes.
const lpmLengthSize = 4

// lpmPart is one part of a key: a Go field of it, or of a struct in it.
type lpmPart struct {
	*part
	// offset is where it starts in the key, path the fields on the way to the
	// struct that has it, from the key or from the copy of that name.
	offset uint64
	path   []string
	in     string
}

// lpmParts are the parts of v, which stands in the key, that have bytes.
func (v *variant) lpmParts(path []string, in string, offset uint64) []lpmPart {
	var parts []lpmPart
	for _, p := range v.parts {
		if p.start < p.end {
			parts = append(parts, lpmPart{part: p, offset: offset + p.start, path: path, in: in})
		}
	}
	return parts
}

// size in bytes.
func (p lpmPart) size() uint64 { return p.end - p.start }

// inside are the parts of a struct that is a field, nil of other fields.
func (p lpmPart) inside() []lpmPart {
	l := p.leaves[0]
	if l.reach != plan.ByField || l.ref.decl == nil || len(l.ref.dims) > 0 {
		return nil
	}
	return l.ref.decl.lpmParts(p.field(), p.in, p.offset)
}

// lpmCopies are the structs of a key that are no fields, since Go has none at their
// place.
type lpmCopies struct {
	all    []plan.LPMCopy
	params scope
}

// open are the parts of a struct inside, in a copy if that is no field; nil of other
// parts.
func (c *lpmCopies) open(p lpmPart) []lpmPart {
	l := p.leaves[0]
	if len(p.leaves) > 1 || l.reach != plan.ByAccessor || l.field.Bitfield || l.ref.decl == nil || len(l.ref.dims) > 0 {
		return p.inside()
	}
	if _, ok := l.ref.decl.typ.(*btfparse.Struct); !ok {
		return nil
	}
	a := l.accessor()
	name := paramName(a.Getter)
	if name == "s" { // the receiver
		name = "s_"
	}
	name = c.params.free(name, "a copy")
	c.all = append(c.all, plan.LPMCopy{Var: name, Type: a.Type, Path: p.path, In: p.in, Getter: a.Getter, Setter: a.Setter})
	return l.ref.decl.lpmParts(nil, name, p.offset)
}

// field is the path to the Go field.
func (p lpmPart) field() []string {
	return append(append([]string(nil), p.path...), p.part.field().Name)
}

// lpmKeyOf recognises the form of a key, nil if it is another one. The names of
// its functions come with nameKeys.
func (v *variant) lpmKeyOf() *plan.LPM {
	params := newScope("a variable of the function", "key", "prefix", "bits", "err", "netip")
	copies := &lpmCopies{params: params}
	parts := v.lpmParts(nil, "", 0)
	for len(parts) > 0 {
		inside := copies.open(parts[0])
		if inside == nil {
			break
		}
		parts = append(inside, parts[1:]...)
	}
	for n := len(parts) - 1; n > 0 && parts[n].addressSize() == 0; n = len(parts) - 1 {
		inside := copies.open(parts[n])
		if inside == nil {
			break
		}
		parts = append(parts[:n:n], inside...)
	}
	if len(parts) < 2 {
		return nil
	}
	length, ok := parts[0].lpmLength()
	address, exact := parts[len(parts)-1], parts[1:len(parts)-1]
	size := address.addressSize()
	if !ok || size == 0 {
		return nil
	}
	k := &plan.LPM{
		Length: length, Address: address.field(), In: address.in, Copies: copies.all,
		Before: uint32(8 * (address.offset - lpmLengthSize)),
	}
	for _, p := range exact {
		if other := p.addressSize(); other != 0 && other != size {
			return nil // that is the address, and what follows is not part of it
		}
		for _, e := range p.lpmExact() {
			e.Param = params.free(e.Param, "a parameter")
			k.Exact = append(k.Exact, e)
		}
	}
	k.Constructors = []plan.LPMConstructor{{Put: "PutLPMPrefix"}}
	k.Prefixes = []plan.LPMPrefix{{Name: "Prefix", Get: "LPMPrefix"}}
	if size == 16 {
		k.Constructors = append(k.Constructors, plan.LPMConstructor{Name: "IPv4", Put: "PutLPMPrefix4"}, plan.LPMConstructor{Name: "Mapped", Put: "PutLPMPrefixMapped"})
		k.Prefixes = append(k.Prefixes, plan.LPMPrefix{Name: "Prefix4", Get: "LPMPrefix4"})
	}
	return k
}

// lpmLength is how the length is reached: an unsigned integer of 4 bytes at the
// start, alone or with other names for the same bytes.
func (p lpmPart) lpmLength() (plan.LPMLength, bool) {
	if p.offset != 0 || p.size() != lpmLengthSize {
		return plan.LPMLength{}, false
	}
	for _, l := range p.leaves {
		t, ok := btfparse.Underlying(l.field.Type).(*btfparse.Int)
		switch {
		case !ok || l.ref.base.bound || t.Encoding != btfparse.Unsigned || l.field.Bitfield || l.field.SizeBits != 8*lpmLengthSize || l.isByteOrdered():
		case l.reach == plan.ByField && l.ref.plain != "":
			return plan.LPMLength{Path: p.field(), In: p.in, Getter: "Get", Setter: "Set", Call: true}, true
		case l.reach == plan.ByField:
			return plan.LPMLength{Path: p.path, In: p.in, Getter: l.of.goName}, true
		case l.reach == plan.ByAccessor:
			return plan.LPMLength{Path: p.path, In: p.in, Getter: l.of.getter, Setter: l.of.setter, Call: true}, true
		}
	}
	return plan.LPMLength{}, false
}

// lpmExact are the parameters for a part: one for each bitfield and for a
// member that has its bytes for itself, else one for the bytes.
func (p lpmPart) lpmExact() []plan.LPMExact {
	first := p.leaves[0]
	if p.bits || len(p.leaves) == 1 && first.reach == plan.ByAccessor {
		var exact []plan.LPMExact
		for _, l := range p.inOrder() {
			if l.reach == plan.ByAccessor {
				a := l.accessor()
				e := plan.LPMExact{Param: paramName(a.Getter), Type: a.Type, Path: p.path, In: p.in, Setter: a.Setter}
				if l.field.Bitfield {
					e.Getter, e.Bits = a.Getter, l.field.SizeBits
				}
				exact = append(exact, e)
			}
		}
		return exact
	}
	f := p.part.field()
	e := plan.LPMExact{Param: paramName(f.Name), Type: f.Type, Path: p.field(), In: p.in}
	if !p.storage && len(first.ref.dims) == 0 && first.ref.plain != "" {
		e.Type, e.Setter = plan.GoType{Name: first.ref.plain}, "Set"
	}
	return []plan.LPMExact{e}
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

// nameKeys gives the functions of a key names that no type or constant has, the
// same on all targets, and its methods names that it does not have. decls are
// the declarations of the thing.
func (n *names) nameKeys(th *thing, decls []*plan.Decl) {
	names := make(map[string]string)
	for _, suffix := range []string{"", "IPv4", "Mapped"} {
		for _, d := range decls {
			if d.LPM == nil || names[suffix] != "" || !hasConstructor(d.LPM, suffix) {
				continue
			}
			typ := strings.TrimPrefix(d.Name, n.opts.Ident)
			names[suffix] = n.pkg.free(verb("new", n.opts.Ident)+typ+suffix, "the constructor of "+d.C)
		}
	}
	for _, d := range decls {
		if d.LPM != nil {
			n.nameKey(th, d, decls, names)
		}
	}
}

func hasConstructor(k *plan.LPM, suffix string) bool {
	return slices.ContainsFunc(k.Constructors, func(c plan.LPMConstructor) bool { return c.Name == suffix })
}

// nameKey names functions and methods of one key, and says what they do.
func (n *names) nameKey(th *thing, d *plan.Decl, decls []*plan.Decl, names map[string]string) {
	k := d.LPM
	plain := names[""]
	for i := range k.Constructors {
		c := &k.Constructors[i]
		suffix := c.Name
		c.Name = names[suffix]
		switch suffix {
		case "":
			c.Doc = []string{lpmDoc(k, plain)}
		case "IPv4":
			c.Doc = []string{fmt.Sprintf("%s is %s for tries that hold IPv4 in the first 4 bytes of the address.", c.Name, plain)}
		default:
			c.Doc = []string{fmt.Sprintf("%s is %s for tries that hold IPv4 under ::ffff:0:0/96.", c.Name, plain)}
		}
	}
	for i := range k.Prefixes {
		p := &k.Prefixes[i]
		says := " is the prefix that the key stands for, not valid if its length is not."
		if p.Name == "Prefix4" {
			says = " is the IPv4 prefix in the first 4 bytes of the address."
		}
		first := p.Name
		p.Name = freeMethod(decls, first)
		if i := slices.IndexFunc(th.members, func(m *member) bool { return m.goName == first }); i >= 0 {
			m := th.members[i]
			n.warn(th.targets(), clashDiagnostic(th.variants[0].path, &claim{name: p.Name, first: first, rival: "field " + m.c}, "prefix", th.memberKey(m)))
		}
		p.Doc = []string{p.Name + says}
	}
}

// lpmDoc says of the plain constructor what it matches and which addresses fit.
func lpmDoc(k *plan.LPM, name string) string {
	text := name + " is the key that stands for a prefix."
	if len(k.Exact) > 0 {
		var params []string
		for _, e := range k.Exact {
			params = append(params, e.Param)
		}
		text += " Lookups match " + strings.Join(params, ", ") + " exactly."
	}
	if len(k.Constructors) > 1 {
		return text + " An error if it is an IPv4 prefix, which has two other forms."
	}
	return text + " An error if it is not an IPv4 prefix."
}

// freeMethod is a name that none of the declarations has.
func freeMethod(decls []*plan.Decl, name string) string {
	for _, d := range decls {
		for d.HasName(name) {
			name += "_"
		}
	}
	return name
}
