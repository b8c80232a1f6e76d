package emit

// Layout: from C types to Go types, and where in a Go struct each byte of a C
// struct stands.
//
// A member is a field where Go puts a field of its type at its offset on every
// GOARCH; a number at another offset (packed structs) is a field of a type that
// has no alignment; everything else (unions, bitfields, packed enums, structs
// and pointers) lies in storage: exported byte arrays, with a pair of methods for
// each member. What no member
// claims is padding, always written out as blank fields. So a Go struct has no
// padding of the compiler's own, and its size does not depend on GOARCH.
//
// The compilers' rule (cmd/compile/internal/types, CalcSize): a field's offset
// and a struct's size are multiples of alignments; int64, uint64 and float64
// align to 8 bytes, but to 4 on 386 and arm. What stands right for 8 stands
// right for 4. A field without size at the end of a struct with one makes the
// compiler add padding: such members are never fields.

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/internal/words"
)

// goBase is a Go type that is no declaration of ours, with what the layout
// needs of it.
type goBase struct {
	typ plan.GoType
	// size and align in bytes; align is that of 64-bit machines.
	size, align uint32
	// bound is true for a type of the user that stands for C's; an integer may
	// be that of a bitfield.
	bound bool
	// order is the byte order that the type has, of whatever machine. address is
	// true for a type that C says to be an IP address.
	order   order
	address bool
	// problem says why the type is only bytes, "" where it is a proper one;
	// remedy what to do about it.
	problem, remedy string
}

// order is the byte order of a type: that of the machine, or one of its own.
type order int

const (
	hostOrder order = iota
	bigEndian
	littleEndian
)

// diagnostic is the problem of something of that type.
func (b goBase) diagnostic(path btfparse.Path) btfparse.Diagnostic {
	return btfparse.Diagnostic{Path: path, What: b.problem, InC: b.remedy}
}

// bytesBase is raw bytes.
func bytesBase(size uint32, problem string) goBase {
	return goBase{typ: bytesType(size), size: size, align: 1, problem: problem}
}

// bytesType is the Go type of n raw bytes.
func bytesType(n uint32) plan.GoType { return plan.GoType{Dims: []uint32{n}, Name: "byte"} }

// intBase is the Go type of an integer. Sizes that Go has not are bytes.
func (p *profile) intBase(t *btfparse.Int) goBase {
	if t.Encoding == btfparse.Bool && t.Bytes == 1 {
		return p.boolean
	}
	return sizedInt(t.Bytes, t.Encoding == btfparse.Signed)
}

// sizedInt is the integer of that size, else bytes.
func sizedInt(size uint32, signed bool) goBase {
	if size != 1 && size != 2 && size != 4 && size != 8 {
		return bytesBase(size, "")
	}
	name := fmt.Sprintf("int%d", 8*size)
	if !signed {
		name = "u" + name
	}
	return goBase{typ: plan.GoType{Name: name}, size: size, align: size}
}

// floatBase is float32 or float64; long double and its like are bytes.
func floatBase(t *btfparse.Float) goBase {
	if t.Bytes != 4 && t.Bytes != 8 {
		return bytesBase(t.Bytes, "")
	}
	return goBase{typ: plan.GoType{Name: fmt.Sprintf("float%d", 8*t.Bytes)}, size: t.Bytes, align: t.Bytes}
}

// opaqueBase is what stands for a type without layout: nothing, and a warning.
// A member has bytes all the same, see unsized.
func opaqueBase(t *btfparse.Opaque) goBase {
	base := bytesBase(0, fmt.Sprintf("is %s, which has no layout (%s)", t.Spelling, t.Why))
	if t.Spelling == "void" {
		base.problem = "is void in BTF, which has no size"
	}
	base.remedy = t.InC()
	return base
}

// typeRef is the Go side of one use of a C type: array dimensions around a
// base or around a type that we declare.
type typeRef struct {
	dims []uint32
	base goBase
	// decl is the struct, union or enum, nil where base stands.
	decl *variant
	// inline is true if decl is written out here.
	inline bool
	// char is true for C's char, of which an array is text.
	char bool
	// plain is the Go type of a number whose base stands anywhere, else "".
	plain string
}

// elem is the size of the innermost element.
func (r typeRef) elem() uint64 {
	if r.decl != nil {
		return uint64(r.decl.typ.Size())
	}
	return uint64(r.base.size)
}

// size in bytes. Broken BTF may give arrays of more than 4 GiB.
func (r typeRef) size() uint64 {
	size := r.elem()
	for _, n := range r.dims {
		if size > 1<<32 {
			break
		}
		size *= uint64(n)
	}
	return size
}

// align is the alignment in Go on 64-bit machines.
func (r typeRef) align() uint32 {
	if r.decl != nil {
		return r.decl.align
	}
	return r.base.align
}

// refer is the only place where a kind of C type becomes Go. use says where
// the type stands: it names anonymous types and diagnostics.
func (ts *typeSet) refer(t btfparse.Type, use typeUse) typeRef {
	if ref, ok := ts.bound(t, use); ok {
		return ref
	}
	if base, ok := ts.address(t, use); ok {
		return typeRef{base: base}
	}
	switch t := t.(type) {
	case *btfparse.Typedef:
		return ts.referTypedef(t, use)
	case *btfparse.Array:
		return arrayRef(t.Len, ts.refer(t.Elem, use))
	case *btfparse.Int:
		return ts.tagged(t, typeRef{base: ts.profile.intBase(t), char: t.Char && t.Bytes == 1}, use)
	}
	if name, ok := tagValue(use.tags, typeTag); ok {
		switch base, known := ts.profile.addresses[name]; {
		case known:
			ts.warnOf(use, tagDiagnostic(use.path, name, "is on "+t.CName()+" of "+words.Bytes(t.Size()), addressRemedy(base)))
		case !isAddress(name):
			ts.warnOf(use, tagDiagnostic(use.path, name, "is on "+t.CName()+", which is no integer", integerRemedy(name)))
		}
	}
	switch t := t.(type) {
	case *btfparse.Float:
		return typeRef{base: floatBase(t)}
	case *btfparse.Pointer:
		return typeRef{base: ts.profile.pointer}
	case *btfparse.Enum:
		return ts.referEnum(t, use)
	case *btfparse.Struct:
		return typeRef{decl: ts.structure(t, use), inline: ts.profile.inline(t, use.owner == nil)}
	case *btfparse.Opaque:
		return typeRef{base: opaqueBase(t)}
	default:
		return typeRef{base: bytesBase(t.Size(), fmt.Sprintf("C type %s is not supported", t.CName()))}
	}
}

// maxValueBytes is the most that Go's functions, of which generated ones take and
// give values, can have as arguments: the compiler refuses frames over 1 GB, and a
// function that passes a value on has it twice.
const maxValueBytes = 511 << 20

// tooLarge is what is said of something that is larger.
func tooLarge(what string, bytes uint64) string {
	return fmt.Sprintf("%s of %d bytes is more than Go's functions can take (511 MiB)", what, bytes)
}

// address is what btf_decl_tag("bpfgen:type=ipv4") or "…ipv6" makes of bytes,
// integers, and structs and unions of them, that are as large as an address.
func (ts *typeSet) address(t btfparse.Type, use typeUse) (goBase, bool) {
	name, _ := tagValue(use.tags, typeTag)
	base, ok := ts.profile.addresses[name]
	if !ok || t.Size() != base.size {
		return goBase{}, false
	}
	switch u := btfparse.Innermost(t).(type) {
	case *btfparse.Int:
		return base, u.Encoding != btfparse.Bool
	case *btfparse.Struct:
		return base, true
	}
	return goBase{}, false
}

// isAddress says whether a tag makes its member an address.
func isAddress(tag string) bool { return tag == "ipv4" || tag == "ipv6" }

func addressRemedy(base goBase) string {
	return "tag an integer, an array of integers or a struct of " + words.Bytes(base.size)
}

// integerRemedy is where a tag belongs that is on no integer.
func integerRemedy(tag string) string {
	if tag == "char" {
		return "tag an array of __u8, or take the tag away"
	}
	return "tag an integer, or take the tag away"
}

// arrayRef is an array. Go's are as long as an int of the GOARCH can count; in
// C only one of elements without size can be longer.
func arrayRef(n uint32, elem typeRef) typeRef {
	if size := uint64(n) * elem.size(); size > maxValueBytes {
		base := bytesBase(0, tooLarge("an array", size))
		base.remedy = "declare a smaller one"
		return typeRef{base: base}
	}
	if n > math.MaxInt32 {
		base := bytesBase(0, fmt.Sprintf("an array of %d elements is longer than Go's on 32-bit machines", n))
		base.remedy = "declare one of fewer elements"
		return typeRef{base: base}
	}
	elem.dims = append([]uint32{n}, elem.dims...)
	return elem
}

// referTypedef looks through a typedef, unless it is __be32 and the like.
func (ts *typeSet) referTypedef(t *btfparse.Typedef, use typeUse) typeRef {
	if base, ok := ts.profile.byteOrdered[t.Name]; ok && base.size == t.Size() {
		if name, ok := tagValue(use.tags, typeTag); ok && name != t.Name {
			ts.warnOf(use, tagDiagnostic(use.path, name, "has no effect on "+t.Name+", which says its byte order itself", "take the tag away, or declare a plain integer"))
		}
		return typeRef{base: base}
	}
	path := btfparse.Path("typedef " + t.Name)
	if name, ok := tagValue(t.Tags, nameTag); ok {
		ts.warnOf(use, btfparse.Diagnostic{
			Path: path, What: fmt.Sprintf("btf_decl_tag(%q) has no effect: the typedef is no Go type of its own", nameTag+name),
			InC: "put the tag on the struct, union or enum",
		})
	}
	ts.warnOf(use, strayTags(path, t.Tags, nameTag, typeTag)...)
	use.tags = append(slices.Clone(t.Tags), use.tags...)
	return ts.refer(t.Type, use)
}

// tagged makes a plain integer what btf_decl_tag("bpfgen:type=__be32") says
// of it, or a byte one of text: "bpfgen:type=char".
func (ts *typeSet) tagged(t *btfparse.Int, ref typeRef, use typeUse) typeRef {
	name, ok := tagValue(use.tags, typeTag)
	if !ok {
		return ref
	}
	misfit := func(what, remedy string) { ts.warnOf(use, tagDiagnostic(use.path, name, what, remedy)) }
	size := "is on an integer of " + words.Bytes(ref.base.size)
	if whole := use.size(); whole > ref.base.size {
		size = "is on an array of " + words.Bytes(whole) + " with elements of " + words.Bytes(ref.base.size)
	}
	base, known := ts.profile.byteOrdered[name]
	address, hasAddresses := ts.profile.addresses[name]
	switch {
	case isAddress(name):
		if hasAddresses {
			misfit(size, addressRemedy(address))
		}
	case name != "char" && !isByteOrder(name):
		misfit("names no type that is known", "one of __be16, __be32, __be64, __le16, __le32, __le64, char, ipv4, ipv6")
	case t.Encoding == btfparse.Bool:
		misfit("is on "+t.Name+", which is neither a number nor text", "tag an integer")
	case name == "char" && ref.base.size == 1:
		ref.char = true
	case name == "char":
		misfit(size, "tag an array of __u8")
	case known && base.size != ref.base.size:
		misfit(size, "tag one of the same size")
	case known:
		return typeRef{base: base}
	}
	return ref
}

// tagDiagnostic says of a tag for a type that it does not fit.
func tagDiagnostic(path btfparse.Path, name, what, remedy string) btfparse.Diagnostic {
	return btfparse.Diagnostic{Path: path, What: fmt.Sprintf("btf_decl_tag(%q) %s", typeTag+name, what), InC: remedy}
}

// isByteOrder says whether a typedef of that name has a byte order.
func isByteOrder(name string) bool {
	return slices.ContainsFunc(btfparse.ByteOrderTypedefs(), func(td btfparse.ByteOrderTypedef) bool { return td.Name == name })
}

// referEnum is the enum's declaration; one of a size that Go has not is bytes.
func (ts *typeSet) referEnum(t *btfparse.Enum, use typeUse) typeRef {
	if base := sizedInt(t.Bytes, t.Signed); len(base.typ.Dims) > 0 {
		base.problem = fmt.Sprintf("%s is of %s", t.CName(), words.Bytes(t.Bytes))
		return typeRef{base: base}
	}
	return typeRef{decl: ts.enumeration(t, use), inline: ts.profile.inline(t, use.owner == nil)}
}

// leaf is one named member of a struct or union, those of anonymous structs
// and unions inside it included, as C scopes them.
type leaf struct {
	field btfparse.Field
	// off is where it starts, in bits from the start of the outer struct.
	off uint64
	// union is the outermost union around it within the struct, nil for none.
	union *span
	ref   typeRef
	path  btfparse.Path
	// index in the order of C.
	index int
	// of is the member over all targets, which has the names; it comes with
	// names.
	of *member
	// reach says how Go gets at it; place is the part of the struct where it
	// lies, nil if it has no bytes there.
	reach plan.Reach
	place *part
	// flexible is true for an array without a length of its own behind
	// everything else.
	flexible bool
	// extends is the field as C has it where Go gives it more bytes: those that
	// belong to the flexible array at its end. See tail.go.
	extends btfparse.Field
}

// declaration is the member as C declares it.
func (l *leaf) declaration() string {
	if l.extends.Type != nil {
		return l.extends.Declaration()
	}
	return l.field.Declaration()
}

// empty says whether the leaf has no size.
func (l *leaf) empty() bool { return l.field.SizeBits == 0 }

// bytes is where the leaf lies: whole bytes.
func (l *leaf) bytes() span {
	return span{l.off / 8, (l.off + uint64(l.field.SizeBits) + 7) / 8}
}

// span is a range of bytes.
type span struct{ start, end uint64 }

func (s span) overlaps(o span) bool { return s.start < o.end && o.start < s.end }

// part is one field of a Go struct that is no padding: a member, or storage.
type part struct {
	span
	leaves []*leaf
	// storage is true if the part is bytes that accessors share.
	storage bool
	// bits is true if all leaves are bitfields: neighbours become one part.
	bits bool
}

// flatten lists the named members of t in the order of C. tags are those of the
// anonymous members around t, which its members carry on.
func flatten(t *btfparse.Struct, base uint64, union *span, tags []string, path btfparse.Path, add func(*leaf)) {
	if t.Union && union == nil && len(t.Fields) > 1 { // one with a single member is no more than a struct
		union = &span{base / 8, base/8 + uint64(t.Bytes)}
	}
	for _, f := range t.Fields {
		off := base + uint64(f.OffsetBits)
		if inner := f.Anonymous(); inner != nil {
			flatten(inner, off, union, slices.Concat(tags, anonymousTags(f, inner)), path, add)
			continue
		}
		if f.Name != "" {
			if unsized(f) {
				f.SizeBits = 8 * room(t, f)
			}
			f.Tags = slices.Concat(userTags(tags), f.Tags)
			add(&leaf{field: f, off: off, union: union, path: path.Join("field " + f.Name)})
		}
	}
}

// anonymousTags are the decl tags of a member without a name, and of its type.
func anonymousTags(f btfparse.Field, inner *btfparse.Struct) []string {
	return slices.Concat(f.Tags, inner.Tags)
}

// strayAnonymousTags says of the tags for bpfgen on anonymous members that they
// have no effect: there is nothing that could be renamed.
func strayAnonymousTags(t *btfparse.Struct, path btfparse.Path) []btfparse.Diagnostic {
	var stray []btfparse.Diagnostic
	for _, f := range t.Fields {
		if inner := f.Anonymous(); inner != nil {
			stray = append(stray, strayTags(path.Join("anonymous member"), anonymousTags(f, inner))...)
			stray = append(stray, strayAnonymousTags(inner, path)...)
		}
	}
	return stray
}

// unsized says whether a member is of a type of which BTF has no size, and
// which has one in C: void stands for _Atomic int.
func unsized(f btfparse.Field) bool {
	t := btfparse.Underlying(f.Type)
	for {
		a, ok := t.(*btfparse.Array)
		if !ok {
			break
		}
		if a.Len == 0 {
			return false
		}
		t = btfparse.Underlying(a.Elem)
	}
	return isOpaque(t) && !f.Bitfield && f.OffsetBits%8 == 0
}

// isOpaque is true for types of which BTF has no size.
func isOpaque(t btfparse.Type) bool {
	_, opaque := btfparse.Underlying(t).(*btfparse.Opaque)
	return opaque
}

// room is how many bytes there are from a member of t to the next one, in a
// union to the end: the most that the member can have.
func room(t *btfparse.Struct, f btfparse.Field) uint32 {
	end := t.Bytes
	for _, o := range t.Fields {
		if !t.Union && o.OffsetBits > f.OffsetBits {
			end = min(end, o.OffsetBits/8)
		}
	}
	return end - f.OffsetBits/8
}

// structLayout decides on one struct.
type structLayout struct {
	size   uint64
	leaves []*leaf
	// unaligned are the types of numbers that stand anywhere.
	unaligned map[plan.TypeName]goBase
	warn      func(l *leaf, what, remedy string)
}

// parts decides how each leaf is reached and gives the fields in order of
// offset, those without size before others at the same place.
func (s *structLayout) parts() []*part {
	var parts []*part
	unions := make(map[*span]*part)
	for _, l := range s.leaves {
		if s.lost(l) || l.empty() {
			continue
		}
		if l.union == nil {
			parts = append(parts, s.ownPart(l))
			continue
		}
		p := unions[l.union]
		if p == nil {
			p = &part{span: span{l.union.start, min(l.union.end, s.size)}, storage: true}
			unions[l.union] = p
			parts = append(parts, p)
		}
		p.end = max(p.end, l.bytes().end) // one that ends in a tail goes on behind
		p.leaves = append(p.leaves, l)
	}
	parts = append(parts, s.tails()...)
	parts = mergeParts(parts)
	for _, p := range parts {
		for _, l := range p.leaves {
			s.settleReach(l, p)
		}
	}
	return s.addEmpty(parts)
}

// ownPart is the part of a leaf outside of unions.
func (s *structLayout) ownPart(l *leaf) *part {
	if name, ok := l.ref.base.typ.Named(); ok && l.ref.decl == nil && !l.field.Bitfield && l.off%8 == 0 && !s.aligned(l) {
		if base, ok := s.unaligned[name]; ok {
			l.ref.base, l.ref.plain = base, name.Name
		}
	}
	return &part{
		span:    l.bytes(),
		leaves:  []*leaf{l},
		storage: l.field.Bitfield || !s.aligned(l),
		bits:    l.field.Bitfield,
	}
}

// aligned says whether Go can have the leaf as a field: its place and the size
// of the struct are multiples of its alignment.
func (s *structLayout) aligned(l *leaf) bool {
	align := uint64(l.ref.align())
	return l.off%(8*align) == 0 && s.size%align == 0
}

// lost says, with a warning, that a member cannot be reached by a name of its
// own. Its bytes stay reachable.
func (s *structLayout) lost(l *leaf) bool {
	bits := uint64(l.field.SizeBits)
	problem, remedy := "", ""
	switch {
	case l.off+bits > 8*s.size:
		problem, remedy = "lies outside of its struct", damagedBTF
	case !l.field.Bitfield && (l.off%8 != 0 || bits%8 != 0):
		problem, remedy = "starts or ends within a byte without being a bitfield", damagedBTF
	case l.field.Bitfield && bits > 64:
		problem, remedy = fmt.Sprintf("is a bitfield of %d bits, more than Go's integers have", bits), "read it from the bytes of its Raw field"
	case l.field.Bitfield && !l.bitsFit():
		problem, remedy = "is a bitfield of a type that has none", damagedBTF
	}
	if problem == "" {
		return false
	}
	s.warn(l, problem, remedy)
	l.reach = plan.ByWarning
	return bits == 0 || l.off+bits > 8*s.size
}

// bitsFit says whether the type of a bitfield is an integer or an enum.
func (l *leaf) bitsFit() bool {
	switch btfparse.Underlying(l.field.Type).(type) {
	case *btfparse.Int, *btfparse.Enum:
		return len(l.ref.dims) == 0
	default:
		return false
	}
}

// settleReach says how a leaf with bytes in p is reached.
func (s *structLayout) settleReach(l *leaf, p *part) {
	l.place = p
	switch {
	case l.reach == plan.ByWarning || l.flexible:
	case p.storage:
		l.reach = plan.ByAccessor
	default:
		l.reach = plan.ByField
	}
}

// tails finds the flexible arrays that end the struct. Where one starts within
// the struct, in what else would be padding or in a union, the bytes from there
// on are storage.
func (s *structLayout) tails() []*part {
	var parts []*part
	ends := endsOf(s.leaves)
	for _, l := range s.leaves {
		if !l.isFlexible() || !ends.isLast(l) || l.ref.elem() == 0 {
			continue
		}
		l.flexible, l.reach = true, plan.ByTail
		if start := l.off / 8; start < s.size {
			parts = append(parts, &part{span: span{start, s.size}, leaves: []*leaf{l}, storage: true})
		}
	}
	return parts
}

// mergeParts sorts parts by place and joins those that share bytes, and
// neighbouring runs of bitfields.
func mergeParts(parts []*part) []*part {
	slices.SortStableFunc(parts, func(a, b *part) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
	var merged []*part
	for _, p := range parts {
		if len(merged) == 0 {
			merged = append(merged, p)
			continue
		}
		prev := merged[len(merged)-1]
		if !prev.overlaps(p.span) && !(prev.bits && p.bits && prev.end == p.start) {
			merged = append(merged, p)
			continue
		}
		prev.end = max(prev.end, p.end)
		prev.leaves = append(prev.leaves, p.leaves...)
		prev.storage = true
		prev.bits = prev.bits && p.bits
	}
	return merged
}

// addEmpty finds a place for the members of no size: a field where Go allows
// one, else the comment.
func (s *structLayout) addEmpty(parts []*part) []*part {
	for _, l := range s.leaves {
		if !l.empty() || l.flexible || l.reach == plan.ByWarning {
			continue
		}
		at := l.off / 8
		l.reach = plan.ByDoc
		i := slices.IndexFunc(parts, func(p *part) bool { return p.end > at })
		if i < 0 {
			i = len(parts)
		}
		inside := i < len(parts) && parts[i].start < at
		if l.union != nil || inside || at >= s.size || l.off%8 != 0 || !s.aligned(l) {
			continue
		}
		l.reach = plan.ByField
		l.place = &part{span: span{at, at}, leaves: []*leaf{l}}
		parts = slices.Insert(parts, i, l.place)
	}
	return parts
}

// alignment is that of the Go struct on 64-bit machines.
func alignment(parts []*part) uint32 {
	align := uint32(1)
	for _, p := range parts {
		if !p.storage {
			align = max(align, p.leaves[0].ref.align())
		}
	}
	return align
}
