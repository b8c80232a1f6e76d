package emit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
)

// declare turns a laid out and named type into what is printed.
func (n *node) declare() *typeDecl {
	d := &typeDecl{name: n.name, borrowed: n.borrowed, cName: n.cName(), size: n.typ.Size(), uses: n.useSentences(), doc: n.notes()}
	switch t := n.typ.(type) {
	case *btfparse.Enum:
		d.enum = n.declareEnum(t)
	case *btfparse.Struct:
		n.declareStruct(d)
		if n.lpm && !n.borrowed {
			d.lpm = n.lpmKeyOf(d)
		}
	}
	return d
}

func (n *node) declareEnum(t *btfparse.Enum) *enumDecl {
	e := &enumDecl{base: sizedInt(t.Bytes, t.Signed).typ, signed: t.Signed}
	names, values := make(map[string]bool), make(map[string]bool)
	for i, v := range t.Values {
		c := enumConst{name: n.consts[i], cName: v.Name, value: t.Literal(v.Value)}
		if names[c.name] {
			continue // the same enumerator twice: broken BTF
		}
		c.repeats = values[c.value]
		names[c.name], values[c.value] = true, true
		e.consts = append(e.consts, c)
	}
	return e
}

// kernelOwned are structs that the kernel manages inside map values: its map
// operations skip them in updates and zero them in lookups (copy_map_value and
// check_and_init_map_value in include/linux/bpf.h, field names in
// btf_get_field_type of kernel/bpf/btf.c).
var kernelOwned = setOf("bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer", "bpf_wq", "bpf_task_work",
	"bpf_list_head", "bpf_list_node", "bpf_rb_root", "bpf_rb_node", "bpf_refcount")

// notes are the paragraphs of the type's comment behind the first.
func (n *node) notes() []string {
	var doc []string
	if kernelOwned[btfparse.BareName(n.typ)] && n.kind() == "struct" {
		doc = append(doc, "It belongs to the kernel: an update of a map leaves it as it is and a lookup reads zeroes. User space must not write it.")
	}
	var empty []string
	for _, l := range n.leaves {
		if l.reach == byDoc {
			empty = append(empty, l.field.Declaration())
		}
	}
	if len(empty) > 0 {
		doc = append(doc, "Without data in C, and so not in Go: "+strings.Join(empty, ", ")+".")
	}
	return append(doc, userTags(n.tags)...)
}

// maxUsers is how many structs the comment of a type names.
const maxUsers = 4

// useSentences say who refers to the type.
func (n *node) useSentences() []string {
	var uses []string
	for _, u := range slices.Sorted(slices.Values(n.uses)) {
		uses = append(uses, upperFirst(u)+".")
	}
	if len(n.users) > 0 && n.owner == nil {
		users := slices.Sorted(slices.Values(n.users))
		more := ""
		if len(users) > maxUsers {
			users, more = users[:maxUsers], " and others"
		}
		uses = append(uses, "Part of "+strings.Join(users, ", ")+more+".")
	}
	return uses
}

// declareStruct lists fields and methods.
func (n *node) declareStruct(d *typeDecl) {
	names := n.memberNames()
	at := uint64(0)
	pad := func(to uint64) {
		if to > at {
			d.fields = append(d.fields, goField{name: "_", typ: bytesBase(uint32(to-at), "").typ, offset: uint32(at)})
			at = to
		}
	}
	for _, p := range n.parts {
		pad(p.start)
		d.fields = append(d.fields, names.field(p))
		at = p.end
	}
	pad(uint64(d.size))
	for _, l := range n.leaves {
		names.methods(d, l)
		d.reached = append(d.reached, reachedMember{l.field.Name, names.of(l), l.reach})
	}
}

// memberNames are the names of the fields and methods of one type.
type memberNames struct {
	getters, setters, strings, tails map[*leaf]string
	storage                          map[*part]string
}

// memberNames settles all names that are derived from those of the members, in
// an order that depends on names alone.
func (n *node) memberNames() *memberNames {
	m := &memberNames{
		getters: make(map[*leaf]string), setters: make(map[*leaf]string),
		strings: make(map[*leaf]string), tails: make(map[*leaf]string),
		storage: make(map[*part]string),
	}
	taken := make(scope)
	for _, l := range n.leaves {
		if l.reach != byAccessor || getterName(l.goName) == l.goName {
			taken.add(l.goName)
		}
	}
	byName := slices.SortedFunc(slices.Values(n.leaves), func(a, b *leaf) int { return cmp.Compare(a.goName, b.goName) })
	for _, l := range byName {
		if l.reach != byAccessor {
			continue
		}
		m.getters[l] = l.goName
		if getter := getterName(l.goName); getter != l.goName {
			m.getters[l] = taken.free(getter)
		}
	}
	for _, l := range byName {
		if l.reach == byAccessor {
			m.setters[l] = taken.free(setterName(m.getters[l]))
		}
	}
	for _, l := range byName {
		if l.isText() {
			m.strings[l] = taken.free(stringName(l.goName))
		}
	}
	for _, l := range byName {
		if l.reach == byTail {
			m.tails[l] = taken.free(tailName(l.goName))
		}
	}
	parts := slices.SortedFunc(slices.Values(n.parts), func(a, b *part) int { return cmp.Compare(a.first().goName, b.first().goName) })
	for _, p := range parts {
		if p.storage {
			m.storage[p] = taken.free(rawName(p.first().goName))
		}
	}
	return m
}

// first is the first member of a part in the order of C.
func (p *part) first() *leaf {
	return slices.MinFunc(p.leaves, func(a, b *leaf) int { return a.index - b.index })
}

// isText says whether a member is an array of char that Go can reach.
func (l *leaf) isText() bool {
	return l.ref.char && len(l.ref.dims) > 0 && !slices.Contains(l.ref.dims, 0) &&
		(l.reach == byField || l.reach == byAccessor)
}

// of is the field or method by which a member is reached.
func (m *memberNames) of(l *leaf) string {
	switch l.reach {
	case byField:
		return l.goName
	case byAccessor:
		return m.getters[l]
	case byTail:
		return m.tails[l]
	default:
		return ""
	}
}

// field is the Go field of a part.
func (m *memberNames) field(p *part) goField {
	if p.storage {
		return goField{
			name:    m.storage[p],
			typ:     bytesBase(uint32(p.end-p.start), "").typ,
			offset:  uint32(p.start),
			comment: listed(p.leaves),
		}
	}
	l := p.leaves[0]
	return goField{
		name:    l.goName,
		typ:     l.ref.goType(),
		offset:  uint32(p.start),
		doc:     userTags(l.field.Tags),
		comment: l.comment(),
	}
}

// maxListed is how many members the comment of a storage field names.
const maxListed = 6

// listed are the C names of members, in the order of C.
func listed(leaves []*leaf) string {
	var names []string
	for _, l := range slices.SortedFunc(slices.Values(leaves), func(a, b *leaf) int { return a.index - b.index }) {
		names = append(names, l.field.Name)
	}
	if len(names) > maxListed {
		names = append(names[:maxListed], "…")
	}
	return strings.Join(names, ", ")
}

// comment says of a field what its Go type does not.
func (l *leaf) comment() string {
	switch t := btfparse.Innermost(l.field.Type).(type) {
	case *btfparse.Pointer:
		return strings.Join(append([]string{l.field.Type.CName()}, t.TypeTags...), ", ")
	case *btfparse.Int, *btfparse.Float, *btfparse.Opaque:
		if len(l.ref.base.typ.dims) > 0 {
			return l.field.Type.CName()
		}
	}
	return ""
}

// methods are those of one member.
func (m *memberNames) methods(d *typeDecl, l *leaf) {
	switch l.reach {
	case byAccessor:
		d.accessors = append(d.accessors, m.accessor(l))
	case byTail:
		d.tails = append(d.tails, m.tail(l))
	case byField, byDoc, byWarning: // no methods
	}
	if l.isText() {
		d.strings = append(d.strings, stringMethod{
			name:   m.strings[l],
			member: m.of(l),
			call:   l.reach == byAccessor,
			dims:   l.ref.dims[:len(l.ref.dims)-1],
			doc:    []string{m.strings[l] + " is " + m.of(l) + " as text, up to the first NUL."},
		})
	}
}

// accessor is the pair of methods of a member in storage.
func (m *memberNames) accessor(l *leaf) accessor {
	a := accessor{
		getter:  m.getters[l],
		setter:  m.setters[l],
		typ:     l.ref.goType(),
		kind:    accessLoad,
		storage: m.storage[l.place],
		doc:     append([]string{m.getters[l] + " is " + l.field.Declaration() + "."}, userTags(l.field.Tags)...),
	}
	if l.field.Bitfield {
		a.typ, a.kind = l.bitfield()
		a.off, a.n = uint32(l.off-8*l.place.start), l.field.SizeBits
		return a
	}
	a.off, a.n = uint32(l.off/8-l.place.start), l.field.SizeBits/8
	a.whole = a.off == 0 && uint64(a.n) == l.place.end-l.place.start
	if a.typ.String() == "bool" {
		a.kind = accessBool
	}
	return a
}

// bitfield is the Go type of a bitfield, and how it is read.
func (l *leaf) bitfield() (goType, accessKind) {
	if n := l.ref.decl; n != nil {
		if n.typ.(*btfparse.Enum).Signed {
			return l.ref.goType(), accessSignedBits
		}
		return l.ref.goType(), accessBits
	}
	t := btfparse.Underlying(l.field.Type).(*btfparse.Int)
	kind := accessBits
	switch {
	case t.Encoding == btfparse.Bool && t.Bytes == 1:
		return goType{name: "bool"}, accessBoolBits
	case t.Encoding == btfparse.Signed:
		kind = accessSignedBits
	}
	base := sizedInt(t.Bytes, kind == accessSignedBits)
	if len(base.typ.dims) > 0 { // __int128: the field itself fits
		base = sizedInt(8, kind == accessSignedBits)
	}
	return base.typ, kind
}

// tail is the method of a flexible array.
func (m *memberNames) tail(l *leaf) tailMethod {
	elem := l.ref.goType()
	elem.dims = elem.dims[1:]
	t := tailMethod{
		name: m.tails[l],
		elem: elem,
		doc: append([]string{m.tails[l] + " is " + l.field.Declaration() + ", read from the bytes that stand behind the struct."},
			userTags(l.field.Tags)...),
	}
	if l.place != nil {
		t.storage, t.off = m.storage[l.place], uint32(l.off/8-l.place.start)
	}
	return t
}
