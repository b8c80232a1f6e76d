package emit

// Keys of LPM tries: functions that make one from a netip.Prefix, and methods
// that give the prefix back.
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
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// lpmKeyOf recognises the form of a key, nil if it is another one. The names of
// its functions come with nameKeys.
func (v *variant) lpmKeyOf(d *plan.Decl) *plan.LPM {
	length, ok := v.lpmLengthOf()
	address := len(d.Fields) - 1
	for address >= 0 && d.Fields[address].Name == "_" {
		address--
	}
	if !ok || address < 1 {
		return nil
	}
	end := d.Size
	if address+1 < len(d.Fields) {
		end = d.Fields[address+1].Offset
	}
	a := d.Fields[address]
	size := end - a.Offset
	if a.Offset < lpmLengthSize || size != 4 && size != 16 {
		return nil
	}
	k := &plan.LPM{Length: length, Address: []string{a.Name}, Before: 8 * (a.Offset - lpmLengthSize)}
	params := newScope("a variable of the function", "key", "prefix", "bits", "err", "netip")
	for _, f := range d.Fields[:address] {
		if f.Offset >= lpmLengthSize && f.Name != "_" {
			e := v.lpmExactOf(d, f)
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

// lpmExactOf takes the member itself where it has its storage for itself, and
// a number that stands anywhere as a plain one.
func (v *variant) lpmExactOf(d *plan.Decl, f plan.Field) plan.LPMExact {
	for _, a := range d.Accessors {
		if a.Storage == f.Name && a.Whole {
			return plan.LPMExact{Param: paramName(a.Getter), Type: a.Type, Setter: a.Setter}
		}
	}
	e := plan.LPMExact{Param: paramName(f.Name), Type: f.Type, Field: f.Name}
	for _, l := range v.leaves {
		if l.reach == plan.ByField && l.of.goName == f.Name && len(l.ref.dims) == 0 && l.ref.plain != "" {
			e.Type, e.Setter = plan.GoType{Name: l.ref.plain}, "Set"
		}
	}
	return e
}

// lpmLengthSize is the size of the length in bytes.
const lpmLengthSize = 4

// lpmLengthOf finds the length: an unsigned integer of 4 bytes at the start, in
// the struct itself or in a struct that it starts with.
func (v *variant) lpmLengthOf() (plan.LPMLength, bool) {
	for _, l := range v.leaves {
		switch {
		case l.off != 0 || l.field.SizeBits != 8*lpmLengthSize || len(l.ref.dims) > 0:
		case l.ref.decl == nil && l.ref.base.typ.Name == "uint32" && l.reach == plan.ByField:
			return plan.LPMLength{Getter: l.of.goName}, true
		case l.ref.decl == nil && l.ref.base.typ.Name == "uint32" && l.reach == plan.ByAccessor:
			return plan.LPMLength{Getter: l.of.getter, Setter: l.of.setter, Call: true}, true
		case l.ref.decl == nil && l.ref.base.typ.Name == "Uint32" && l.reach == plan.ByField:
			return plan.LPMLength{Path: []string{l.of.goName}, Getter: "Get", Setter: "Set", Call: true}, true
		case l.ref.decl != nil && l.reach == plan.ByField:
			if length, ok := l.ref.decl.lpmLengthOf(); ok {
				length.Path = append([]string{l.of.goName}, length.Path...)
				return length, true
			}
		}
	}
	return plan.LPMLength{}, false
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
// the declarations of one thing.
func (n *names) nameKeys(decls []*plan.Decl) {
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
			nameKey(d, decls, names)
		}
	}
}

func hasConstructor(k *plan.LPM, suffix string) bool {
	for _, c := range k.Constructors {
		if c.Name == suffix {
			return true
		}
	}
	return false
}

// nameKey names functions and methods of one key, and says what they do.
func nameKey(d *plan.Decl, decls []*plan.Decl, names map[string]string) {
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
		p.Name = freeMethod(decls, p.Name)
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
