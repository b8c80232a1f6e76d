package emit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/words"
)

// The tags by which C speaks to bpfgen. Other decl tags become comments.
const (
	tagPrefix = btfparse.TagPrefix
	// nameTag gives a type or member another Go name.
	nameTag = tagPrefix + "name="
	// typeTag makes a plain integer one of a byte order, or bytes text.
	typeTag = tagPrefix + "type="
)

// onceTags are those of which the last one counts. A map may have several events.
var onceTags = []string{nameTag, typeTag}

// typeSet is what is found of the C types that the roots need: which are
// declared, and with which layout. Nothing has a name in Go here.
type typeSet struct {
	*report
	profile *profile
	binds   *bindings
	// variants are all declarations, in the order in which they were found.
	variants []*variant
	named    map[btfparse.Type]*variant
	// nameless types are one declaration for each place where they stand.
	nameless map[place]*variant
	// roots are what becomes of the roots.
	roots map[*root]typeRef
}

// place is where a type without a name stands: a member of another, or a root.
type place struct {
	typ   btfparse.Type
	owner *variant
	index int
	root  string
}

// variant is a struct, union or enum that becomes a declaration in Go. What C
// calls alike may be several, on one target or on different ones; see thing.
type variant struct {
	typ  btfparse.Type // *btfparse.Struct or *btfparse.Enum
	path btfparse.Path
	tags []string
	// on says which targets have it.
	on []bool

	// owner and member are where a type without a name stands; root is its name
	// if that is a root.
	owner  *variant
	member *leaf
	root   string

	// uses are the roots that refer to it, users the structs. direct is true if
	// it is a root by its own name, asked are the typedefs by which the user
	// asks for it.
	uses, users []string
	direct      bool
	asked       []string

	// lpm is true for keys of LPM tries.
	lpm bool
	// plain is true for an enum that is no type in Go: its enumerators are
	// constants of a plain integer.
	plain bool

	// leaves, parts and align are the layout of a struct.
	leaves []*leaf
	parts  []*part
	align  uint32

	// warnings are those about the type and what it has.
	warnings []btfparse.Diagnostic

	// of has the names, of all variants that bear one.
	of *thing
}

// targets are those that have it.
func (v *variant) targets() []int {
	var targets []int
	for i, has := range v.on {
		if has {
			targets = append(targets, i)
		}
	}
	return targets
}

func (v *variant) warn(warnings ...btfparse.Diagnostic) { v.warnings = append(v.warnings, warnings...) }

// typeUse says where a type is referred to.
type typeUse struct {
	target int
	path   btfparse.Path
	// owner and member refer to it; without them it is a root, called root.
	owner  *variant
	member *leaf
	root   string
	// tags of the member and of the typedefs on the way.
	tags []string
	// use is what the root says of its use.
	use string
	// asked is the typedef by which the user asks for it.
	asked string
}

// size is that of the member, in bytes; 0 for a root.
func (u typeUse) size() uint32 {
	if u.member == nil {
		return 0
	}
	return u.member.field.SizeBits / 8
}

// findTypes finds all types that the roots need.
func findTypes(r *report, p *profile, binds *bindings, roots []*root) *typeSet {
	ts := &typeSet{
		report:   r,
		profile:  p,
		binds:    binds,
		named:    make(map[btfparse.Type]*variant),
		nameless: make(map[place]*variant),
		roots:    make(map[*root]typeRef),
	}
	for _, r := range roots {
		ts.root(r)
	}
	for _, v := range ts.variants {
		ts.warn(v.targets(), v.warnings...)
	}
	return ts
}

func (ts *typeSet) root(r *root) {
	ref := ts.refer(r.Type, typeUse{target: r.target, path: r.Path, root: r.Name, use: r.Use, asked: r.Asked})
	if ref.base.problem != "" && !ts.targets[r.target].Object.RefusedAt(r.Path) { // else that has been said
		ts.warn([]int{r.target}, ref.base.diagnostic(r.Path))
	}
	if r.LPM && ref.decl != nil && len(ref.dims) == 0 {
		ref.decl.lpm = true
	}
	if r.Plain && ref.decl != nil {
		ref.decl.plain = true
	}
	ts.roots[r] = ref
}

// ref is what Go makes of the type of a root. Of one that is not declared it is
// what scalars and other roots make of it; a struct among them is raw bytes.
func (ts *typeSet) ref(r *root) typeRef {
	if ref, ok := ts.roots[r]; ok {
		return ref
	}
	return ts.known(r.Type)
}

func (ts *typeSet) known(t btfparse.Type) typeRef {
	if ref, ok := ts.bound(t, typeUse{}); ok {
		return ref
	}
	switch u := btfparse.Underlying(t).(type) {
	case *btfparse.Struct, *btfparse.Enum:
		if v := ts.named[u]; v != nil {
			return typeRef{decl: v}
		}
		return typeRef{base: bytesBase(t.Size(), "")}
	case *btfparse.Array:
		return arrayRef(u.Len, ts.known(u.Elem))
	default:
		return ts.refer(t, typeUse{})
	}
}

// structure is the declaration of a struct or union, with all it needs.
func (ts *typeSet) structure(t *btfparse.Struct, use typeUse) *variant {
	v, fresh := ts.variant(t, t.Name, use)
	if fresh {
		v.tag(t.Tags)
		ts.layOut(v, t, use.target)
	}
	return v
}

// enumeration is the declaration of an enum.
func (ts *typeSet) enumeration(t *btfparse.Enum, use typeUse) *variant {
	v, fresh := ts.variant(t, t.Name, use)
	if fresh {
		v.tag(t.Tags)
		v.align = t.Bytes
		if t.Halved {
			v.warn(btfparse.Diagnostic{Path: v.path, What: halvedEnum, Remedy: "take those from the header in C", InC: halvedEnumInC})
		}
		if t.MayBeNegative() && !knowsSigns(ts.targets[use.target].Object) {
			v.warn(signless(v.path, t))
		}
	}
	return v
}

// halvedEnum is said of an enum of which the BTF is no more than the lower half.
const (
	halvedEnum    = "has 8 bytes, and of its values the BTF has the lower 4: constants of negative ones, and of those from 2^32, are wrong"
	halvedEnumInC = "write unsigned long long or long long behind the colon of the enum, no typedef, and compile it with clang 15 or later"
)

// signless is said of an enum without a sign in BTF, that looks like one with negative
// values.
func signless(path btfparse.Path, t *btfparse.Enum) btfparse.Diagnostic {
	signed := sizedInt(t.Bytes, true).typ.String()
	return btfparse.Diagnostic{
		Path: path, Kind: signlessEnums, Item: t.CName(), InC: signlessEnums.InC,
		What:   "is " + signlessWhat,
		Remedy: signlessRemedy + signed + "(v)",
	}
}

const (
	signlessWhat = "unsigned in the BTF, and may have negative values in C: clang before 15 writes no sign, and later ones none if a typedef is " +
		"behind the colon"
	signlessRemedy = "convert where the sign matters: "
)

// signlessEnums is what is said of several.
var signlessEnums = &btfparse.Kind{
	What:   "%d enums are " + signlessWhat,
	Remedy: signlessRemedy + "int32(v)",
	InC:    "write int behind the colon of those that are signed, no typedef, and compile it with clang 15 or later",
	Most:   10,
}

// knowsSigns says whether the BTF is a kernel's by a pahole that writes signs.
func knowsSigns(o *btfparse.Object) bool {
	return o.TypesOnly && slices.ContainsFunc(o.Types, func(t btfparse.Type) bool {
		e, ok := t.(*btfparse.Enum)
		return ok && e.Signed
	})
}

// tag gives a fresh declaration the tags of its C type.
func (v *variant) tag(tags []string) {
	v.tags = append(v.tags, tags...)
	v.warn(strayTags(v.path, tags, nameTag)...)
}

// variant finds the declaration of a type or makes a fresh one.
func (ts *typeSet) variant(t btfparse.Type, name string, use typeUse) (v *variant, fresh bool) {
	if name != "" {
		v = ts.named[t]
	} else {
		v = ts.nameless[use.place(t)]
	}
	if v == nil {
		v, fresh = &variant{typ: t, path: joinOnce(use.path, t.CName()), on: make([]bool, len(ts.targets))}, true
		ts.variants = append(ts.variants, v)
		if name != "" {
			ts.named[t] = v
		} else {
			ts.nameless[use.place(t)] = v
			v.owner, v.member, v.root = use.owner, use.member, use.root
		}
	}
	v.use(use)
	v.found(use.target)
	return v, fresh
}

// found notes that a target has the type, and with it all that it holds.
func (v *variant) found(target int) {
	if target >= len(v.on) || v.on[target] {
		return
	}
	v.on[target] = true
	for _, l := range v.leaves {
		if inner := l.ref.decl; inner != nil {
			inner.found(target)
		}
	}
}

// joinOnce is Join, unless the path ends in that step.
func joinOnce(p btfparse.Path, step string) btfparse.Path {
	if s := string(p); s == step || strings.HasSuffix(s, " > "+step) {
		return p
	}
	return p.Join(step)
}

func (u typeUse) place(t btfparse.Type) place {
	if u.owner == nil {
		return place{typ: t, root: u.root}
	}
	return place{typ: t, owner: u.owner, index: u.member.index}
}

// warnOf is a warning about what is used, on all targets where that stands.
func (ts *typeSet) warnOf(u typeUse, warnings ...btfparse.Diagnostic) {
	if u.owner != nil {
		u.owner.warn(warnings...)
	} else {
		ts.warn([]int{u.target}, warnings...)
	}
}

// use remembers who refers to the type.
func (v *variant) use(u typeUse) {
	if u.owner != nil {
		v.users = appendNew(v.users, settledKey(u.owner.cKey()))
		return
	}
	v.direct = v.direct || u.asked == ""
	v.asked = appendNew(v.asked, u.asked)
	v.uses = appendNew(v.uses, u.use)
}

// appendNew appends what is not there yet, and not empty.
func appendNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// layOut finds the members of a struct, their types, and where each stands.
func (ts *typeSet) layOut(v *variant, t *btfparse.Struct, target int) {
	flatten(t, 0, nil, nil, v.path, func(l *leaf) { v.leaves = append(v.leaves, l) })
	if ts.profile.methods {
		v.leaves = extendTails(v.leaves, uint64(t.Bytes), v.warn)
	}
	for i, l := range v.leaves {
		l.index = i
	}
	v.warn(strayAnonymousTags(t, v.path)...)
	for _, l := range v.leaves {
		ts.referLeaf(v, l, target)
	}
	s := &structLayout{size: uint64(t.Bytes), leaves: v.leaves, unaligned: ts.profile.unaligned, warn: func(l *leaf, what, remedy string) {
		v.warn(btfparse.Diagnostic{Path: l.path, What: what, Remedy: remedy})
	}}
	v.parts = s.parts()
	v.align = alignment(v.parts)
}

// referLeaf finds the Go type of a member. Where it is none, or not of the size
// that the struct has for it, the member is raw bytes.
func (ts *typeSet) referLeaf(v *variant, l *leaf, target int) {
	f := l.field
	l.ref = ts.refer(f.Type, typeUse{target: target, path: l.path, owner: v, member: l, tags: f.Tags})
	switch {
	case unsized(f) && f.SizeBits > 0:
		remedy := l.ref.base.remedy
		l.ref = typeRef{base: bytesBase(f.SizeBits/8, fmt.Sprintf("%s; it has the %s up to the next member or the end", l.ref.base.problem, words.Bytes(f.SizeBits/8)))}
		l.ref.base.remedy = remedy
	case !f.Bitfield && l.ref.size()*8 != uint64(f.SizeBits):
		problem, remedy := l.ref.base.problem, l.ref.base.remedy
		if problem == "" {
			remedy = damagedBTF
			problem = fmt.Sprintf("%s does not have the size that BTF gives the member, %s", f.Type.CName(), words.Bytes(f.SizeBits/8))
		}
		l.ref = typeRef{base: bytesBase(f.SizeBits/8, problem)}
		l.ref.base.remedy = remedy
	}
	if l.ref.base.problem != "" && !ts.targets[target].Object.RefusedAt(l.path) { // else that has been said
		v.warn(l.ref.base.diagnostic(l.path))
	}
	v.warn(strayTags(l.path, f.Tags, nameTag, typeTag)...)
	switch name, ok := tagValue(f.Tags, typeTag); {
	case ok && f.Bitfield:
		v.warn(btfparse.Diagnostic{Path: l.path, What: fmt.Sprintf("btf_decl_tag(%q) has no effect on a bitfield", typeTag+name), InC: "declare the member without a width, or take the tag away"})
	case name == "char" && l.ref.char && len(l.ref.dims) == 0:
		v.warn(tagDiagnostic(l.path, name, "is on a single byte, and text is an array", "tag an array of __u8"))
	}
}

// damagedBTF is what to do about what no compiler writes.
const damagedBTF = "no compiler writes that: build the object again"

// cKey is what C calls the type. One without a name is called after the place
// where it stands: "struct flow.addr{}" for the type of that member, "struct
// flows_value{}" for that of the map flows, which is not C's struct flows_value.
func (v *variant) cKey() string {
	switch {
	case v.owner != nil:
		return inside(v.owner.cKey()) + "." + v.member.field.Name + "{}"
	case v.cBare() == "":
		return v.kind() + " " + v.root + "{}"
	}
	return v.typ.CName()
}

// inside is what keys of members begin with: the braces stay where the name could be
// that of another type of C.
func inside(key string) string {
	if !strings.Contains(key, ".") {
		return key
	}
	return strings.TrimSuffix(key, "{}")
}

// cPlace is the key without braces, as comments have it.
func (v *variant) cPlace() string { return strings.ReplaceAll(v.cKey(), "{}", "") }

// cBare is the name of the type in C without its kind, "" if it has none.
func (v *variant) cBare() string { return btfparse.BareName(v.typ) }

// cName is what the comment calls the type.
func (v *variant) cName() string {
	switch {
	case v.owner != nil && v.member.extends.Type != nil:
		return fmt.Sprintf("%s in %s, with the bytes of its flexible array that stand there", v.member.declaration(), v.owner.cPlace())
	case v.owner != nil:
		return fmt.Sprintf("the %s %s in %s", v.kind(), v.member.field.Name, v.owner.cPlace())
	case v.cBare() == "":
		return "an " + v.typ.CName()
	}
	return v.typ.CName()
}

// kind is struct, union or enum.
func (v *variant) kind() string {
	switch t := v.typ.(type) {
	case *btfparse.Struct:
		if t.Union {
			return "union"
		}
		return "struct"
	default:
		return "enum"
	}
}

// tagValue is what the last tag with that prefix says.
func tagValue(tags []string, prefix string) (value string, ok bool) {
	for _, t := range tags {
		if after, found := strings.CutPrefix(t, prefix); found {
			value, ok = after, true
		}
	}
	return value, ok
}

// userTags are the tags that are not for bpfgen, and say something.
func userTags(tags []string) []string {
	var own []string
	for _, t := range tags {
		if !strings.HasPrefix(t, tagPrefix) && strings.TrimSpace(t) != "" {
			own = append(own, t)
		}
	}
	return own
}

// strayTags says of each tag for bpfgen that has none of these prefixes that
// nothing comes of it. No prefixes: nothing of bpfgen's can stand there.
func strayTags(path btfparse.Path, tags []string, known ...string) []btfparse.Diagnostic {
	var stray []btfparse.Diagnostic
	for _, t := range tags {
		if !strings.HasPrefix(t, tagPrefix) || slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(t, k) }) {
			continue
		}
		remedy := "tag the members inside"
		if len(known) > 0 {
			remedy = "here it is " + strings.Join(known, "… or ") + "…"
		}
		stray = append(stray, btfparse.StrayTag(path, remedy, t))
	}
	for _, prefix := range onceTags {
		last, _ := tagValue(tags, prefix)
		for _, t := range tags {
			if value, ok := strings.CutPrefix(t, prefix); ok && value != last {
				stray = append(stray, btfparse.Diagnostic{Path: path, What: fmt.Sprintf("btf_decl_tag(%q) has no effect beside %q", t, prefix+last), InC: "keep one of them"})
			}
		}
	}
	return stray
}
