package emit

// Declarations: of types that are laid out and named, what is printed.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/internal/words"
)

// goType is the Go type expression. Names must have been settled.
func (r typeRef) goType() plan.GoType {
	t := r.base.typ
	switch {
	case r.decl == nil:
	case r.inline:
		t = r.decl.writtenOut()
	default:
		t = plan.GoType{Name: r.decl.of.name}
	}
	t.Dims = append(slices.Clone(r.dims), t.Dims...)
	return t
}

// writtenOut is the type without its name.
func (v *variant) writtenOut() plan.GoType {
	if e, ok := v.typ.(*btfparse.Enum); ok {
		return sizedInt(e.Bytes, e.Signed).typ
	}
	return plan.GoType{Fields: v.fields()}
}

// declare is the declaration of one variant.
func (p *profile) declare(v *variant) *plan.Decl {
	d := &plan.Decl{
		Name: v.of.name, Borrowed: v.of.borrowed, C: v.cName(), Size: v.typ.Size(),
		Uses: v.useSentences(), Doc: v.notes(),
	}
	if v.of.owner != nil {
		d.Within = v.of.owner.name
	}
	switch t := v.typ.(type) {
	case *btfparse.Enum:
		d.Enum = v.declareEnum(t)
		d.Enum.Plain = v.plain
		d.Enum.Stringer = p.stringer && !v.plain
	case *btfparse.Struct:
		p.declareStruct(d, v)
	}
	return d
}

func (v *variant) declareEnum(t *btfparse.Enum) *plan.Enum {
	e := &plan.Enum{Base: sizedInt(t.Bytes, t.Signed).typ, Signed: t.Signed}
	values := make(map[string]bool)
	for i, key := range enumerators(t) {
		c := plan.Const{Name: v.of.consts[key], C: key.name, Value: t.Literal(t.Values[i].Value)}
		c.Repeats = values[c.Value]
		values[c.Value] = true
		e.Consts = append(e.Consts, c)
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
func (v *variant) notes() []string {
	var doc []string
	if kernelOwned[v.cBare()] && v.kind() == "struct" {
		doc = append(doc, "It belongs to the kernel: an update of a map leaves it as it is and a lookup reads zeroes. User space must not write it.")
	}
	var empty []string
	for _, l := range v.leaves {
		if l.reach == plan.ByDoc {
			empty = append(empty, l.declaration())
		}
	}
	if len(empty) > 0 {
		doc = append(doc, "Without data in C, and so not in Go: "+strings.Join(empty, ", ")+".")
	}
	return append(doc, userTags(v.tags)...)
}

// maxUsers is how many structs the comment of a type names.
const maxUsers = 4

// useSentences say who refers to the type.
func (v *variant) useSentences() []string {
	var uses []string
	for _, u := range slices.Sorted(slices.Values(v.uses)) {
		uses = append(uses, words.UpperFirst(u)+".")
	}
	if len(v.users) > 0 && v.owner == nil {
		users := slices.Sorted(slices.Values(v.users))
		more := ""
		if len(users) > maxUsers {
			users, more = users[:maxUsers], " and others"
		}
		uses = append(uses, "Part of "+strings.Join(users, ", ")+more+".")
	}
	return uses
}

// declareStruct lists fields and methods.
func (p *profile) declareStruct(d *plan.Decl, v *variant) {
	d.Fields = v.fields()
	for _, l := range v.leaves {
		if p.methods {
			declareMethods(d, l)
			declareDataLoc(d, l)
		}
		d.Members = append(d.Members, plan.Member{C: l.field.Name, Name: l.name(), Reach: l.reach})
	}
	if least, ok := v.minSize(); ok && p.methods && !d.HasName("MinSize") {
		d.MinSize = least
	}
	if v.lpm && !d.Borrowed && p.methods {
		d.LPM = v.lpmKeyOf()
	}
}

// fields are those of the Go struct, padding included.
func (v *variant) fields() []plan.Field {
	var fields []plan.Field
	at := uint64(0)
	pad := func(to uint64) {
		if to > at {
			n := uint32(to - at)
			fields = append(fields, plan.Field{Name: "_", Type: bytesType(n), Offset: uint32(at), Size: n})
			at = to
		}
	}
	for _, p := range v.parts {
		pad(p.start)
		fields = append(fields, p.field())
		at = p.end
	}
	pad(uint64(v.typ.Size()))
	return fields
}

// first is the first member of a part in the order of C.
func (p *part) first() *leaf {
	return slices.MinFunc(p.leaves, func(a, b *leaf) int { return a.index - b.index })
}

// inOrder are the members of a part in the order of C.
func (p *part) inOrder() []*leaf {
	return slices.SortedFunc(slices.Values(p.leaves), func(a, b *leaf) int { return a.index - b.index })
}

// isText says whether a member is an array of char that Go can reach.
func (l *leaf) isText() bool {
	return l.ref.char && len(l.ref.dims) > 0 && !slices.Contains(l.ref.dims, 0) &&
		(l.reach == plan.ByField || l.reach == plan.ByAccessor)
}

// isTailText says whether a flexible array is text. That of a tracepoint's record is
// what its other members refer to.
func (l *leaf) isTailText() bool {
	return l.ref.char && len(l.ref.dims) == 1 && l.reach == plan.ByTail && l.field.Name != "__data"
}

// name is the field or method by which a member is reached.
func (l *leaf) name() string {
	switch l.reach {
	case plan.ByField:
		return l.of.goName
	case plan.ByAccessor:
		return l.of.getter
	case plan.ByTail:
		return l.of.tail
	case plan.ByDoc, plan.ByWarning:
	}
	return ""
}

// field is the Go field of a part.
func (p *part) field() plan.Field {
	size := uint32(p.end - p.start)
	if p.storage {
		return plan.Field{
			Name:    p.first().of.storage,
			Type:    bytesType(size),
			Offset:  uint32(p.start),
			Size:    size,
			Comment: listed(p.inOrder()),
		}
	}
	l := p.leaves[0]
	return plan.Field{
		Name:    l.of.goName,
		Type:    l.ref.goType(),
		Offset:  uint32(p.start),
		Size:    size,
		Doc:     userTags(l.field.Tags),
		Comment: l.comment(),
	}
}

// maxListed is how many members the comment of a storage field names.
const maxListed = 6

// listed are the C names of members.
func listed(leaves []*leaf) string {
	var names []string
	for _, l := range leaves {
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
		if len(l.ref.base.typ.Dims) > 0 {
			return l.field.Type.CName()
		}
	}
	return ""
}

// declareMethods adds those of one member.
func declareMethods(d *plan.Decl, l *leaf) {
	switch l.reach {
	case plan.ByAccessor:
		d.Accessors = append(d.Accessors, l.accessor())
	case plan.ByTail:
		d.Tails = append(d.Tails, l.tail())
	case plan.ByField, plan.ByDoc, plan.ByWarning: // no methods
	}
	if l.isText() {
		d.Texts = append(d.Texts, plan.Text{
			Name:   l.of.text,
			Setter: l.of.setText,
			Member: l.name(),
			Call:   l.reach == plan.ByAccessor,
			Store:  l.of.setter,
			Dims:   l.ref.dims[:len(l.ref.dims)-1],
			Doc:    []string{l.of.text + " is " + l.name() + " as text, up to the first NUL, for which " + l.of.setText + " leaves room."},
		})
	}
}

// accessor is the pair of methods of a member in storage.
func (l *leaf) accessor() plan.Accessor {
	a := plan.Accessor{
		Getter:  l.of.getter,
		Setter:  l.of.setter,
		Type:    l.ref.goType(),
		Access:  plan.AccessLoad,
		Storage: l.place.first().of.storage,
		Doc:     append([]string{l.of.getter + " is " + l.declaration() + "."}, userTags(l.field.Tags)...),
	}
	if l.field.Bitfield {
		a.Type, a.Access = l.bitfield()
		a.Off, a.N = uint32(l.off-8*l.place.start), l.field.SizeBits
		return a
	}
	a.Off, a.N = uint32(l.off/8-l.place.start), l.field.SizeBits/8
	a.Whole = a.Off == 0 && uint64(a.N) == l.place.end-l.place.start
	return a
}

// bitfield is the Go type of a bitfield, and how it is read. Of a bool only its
// truth is read, so that Go's type can never hold another value.
func (l *leaf) bitfield() (plan.GoType, plan.Access) {
	if v := l.ref.decl; v != nil {
		if v.typ.(*btfparse.Enum).Signed {
			return l.ref.goType(), plan.AccessSignedBits
		}
		return l.ref.goType(), plan.AccessBits
	}
	if l.ref.base.bound {
		return l.ref.goType(), signedBits(btfparse.Underlying(l.field.Type))
	}
	t := btfparse.Underlying(l.field.Type).(*btfparse.Int)
	access := plan.AccessBits
	switch {
	case t.Encoding == btfparse.Bool && t.Bytes == 1:
		return plan.GoType{Name: "bool"}, plan.AccessBoolBits
	case t.Encoding == btfparse.Signed:
		access = plan.AccessSignedBits
	}
	base := sizedInt(t.Bytes, access == plan.AccessSignedBits)
	if len(base.typ.Dims) > 0 { // __int128: the field itself fits
		base = sizedInt(8, access == plan.AccessSignedBits)
	}
	return base.typ, access
}

// signedBits is how a bitfield of that type is read.
func signedBits(t btfparse.Type) plan.Access {
	e, isEnum := t.(*btfparse.Enum)
	i, isInt := t.(*btfparse.Int)
	if isEnum && e.Signed || isInt && i.Encoding == btfparse.Signed {
		return plan.AccessSignedBits
	}
	return plan.AccessBits
}

// tail is the method of a flexible array.
func (l *leaf) tail() plan.Tail {
	t := plan.Tail{
		Name: l.of.tail,
		Elem: l.ref.goType().Elem(),
		Doc: append([]string{fmt.Sprintf("%s is %s, read from the bytes that stand behind the struct.", l.of.tail, l.declaration())},
			userTags(l.field.Tags)...),
	}
	if l.isTailText() {
		t.Text = l.of.tailText
		t.Doc[0] += fmt.Sprintf(" %s is its text, up to the first NUL.", t.Text)
	}
	if l.place != nil {
		t.Storage, t.Off = l.place.first().of.storage, uint32(l.off/8-l.place.start)
	}
	return t
}
