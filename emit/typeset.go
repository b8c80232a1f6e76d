package emit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
)

// The tags by which C speaks to bpfgen. Other decl tags become comments.
const (
	tagPrefix = "bpfgen:"
	// nameTag gives a type or member another Go name.
	nameTag = "bpfgen:name="
	// typeTag makes a plain integer one of a byte order, or bytes text.
	typeTag = "bpfgen:type="
)

// root is a type that must exist in Go.
type root struct {
	Type btfparse.Type
	// Path of the use, for messages.
	Path btfparse.Path
	// Use for the type's comment: "key of map flows". May be empty.
	Use string
	// Name that a type without one gets, as C would spell it: "flows_value".
	Name string
	// LPM is true for the key of an LPM trie.
	LPM bool
}

// typeSet is every decision on the types of one target: which are declared,
// under which names, with which layout.
type typeSet struct {
	warnings []btfparse.Diagnostic
	errors   []error

	opts    *Options
	profile *profile
	// nodes are all declarations, in the order in which they were found.
	nodes []*node
	named map[btfparse.Type]*node
	// anonymous types are one declaration for each place where they stand, and
	// one for all roots.
	anonymous map[place]*node
	// roots are the Go types of the roots.
	roots map[btfparse.Type]typeRef
	// taken are the identifiers of the package.
	taken  map[string]bool
	hashes map[btfparse.Type]string
}

// place is where a type without a name stands.
type place struct {
	typ    btfparse.Type
	owner  *node
	member string
}

// node is a C type that becomes a declaration in Go.
type node struct {
	typ  btfparse.Type // *btfparse.Struct or *btfparse.Enum
	path btfparse.Path
	tags []string

	// owner and member are where a type without a name stands; rootName is
	// its name if that is a root.
	owner    *node
	member   *leaf
	rootName string

	// uses are the roots that refer to it, users the structs.
	uses, users []string

	// lpm is true for keys of LPM tries.
	lpm bool

	// leaves, parts and align are the layout of a struct.
	leaves []*leaf
	parts  []*part
	align  uint32

	// name in Go.
	name string
	// borrowed is true if another ident declares the type.
	borrowed bool
	// consts are the names of an enum's constants.
	consts []string
}

// typeUse says where a type is referred to.
type typeUse struct {
	path btfparse.Path
	// owner and member refer to it; without them it is a root, called rootName.
	owner    *node
	member   *leaf
	rootName string
	// tags of the member and of the typedefs on the way.
	tags []string
	// root is what the root says of its use.
	root string
}

// newTypeSet decides on all types that the roots need. reserved are Go
// identifiers that no type may have.
func newTypeSet(_ *btfparse.Object, roots []root, opts *Options, reserved []string) *typeSet {
	ts := &typeSet{
		opts:      opts,
		profile:   typedProfile,
		named:     make(map[btfparse.Type]*node),
		anonymous: make(map[place]*node),
		roots:     make(map[btfparse.Type]typeRef),
		taken:     setOf(reserved...),
		hashes:    make(map[btfparse.Type]string),
	}
	for _, r := range roots {
		ref := ts.refer(r.Type, typeUse{path: r.Path, rootName: r.Name, root: r.Use})
		if ref.base.problem != "" {
			ts.warn(r.Path, ref.base.problem, ref.base.remedy)
		}
		if r.LPM && ref.decl != nil && len(ref.dims) == 0 {
			ref.decl.lpm = true
		}
		ts.roots[r.Type] = ref
	}
	ts.nameTypes()
	ts.borrowTypes()
	ts.nameConstants()
	return ts
}

// borrowTypes takes the types that another ident has declared.
func (ts *typeSet) borrowTypes() {
	if ts.opts.TypesFrom == "" {
		return
	}
	for _, n := range ts.nodes {
		other := ts.opts.TypesFrom + strings.TrimPrefix(n.name, ts.opts.Ident)
		if ts.opts.Declared[other] {
			n.name, n.borrowed = other, true
		}
	}
}

// goType is the Go type of a root, or of any type built of scalars and roots:
// "counterFlowKey", "[4]ctypes.BE32". A struct that is no root is raw bytes.
func (ts *typeSet) goType(t btfparse.Type) string {
	if ref, ok := ts.roots[t]; ok {
		return ref.goType().String()
	}
	switch u := btfparse.Underlying(t).(type) {
	case *btfparse.Struct, *btfparse.Enum:
		if n := ts.named[u]; n != nil {
			return n.name
		}
		return bytesType(t.Size())
	case *btfparse.Array:
		return fmt.Sprintf("[%d]%s", u.Len, ts.goType(u.Elem))
	default:
		return ts.refer(t, typeUse{}).goType().String()
	}
}

// decls are all declarations, sorted by Go name.
func (ts *typeSet) decls() []*typeDecl {
	decls := make([]*typeDecl, 0, len(ts.nodes))
	for _, n := range ts.nodes {
		decls = append(decls, n.declare())
	}
	sortDecls(decls)
	ts.nameConstructors(decls)
	return decls
}

func (ts *typeSet) warn(path btfparse.Path, what, remedy string) {
	ts.warnings = append(ts.warnings, btfparse.Diagnostic{Path: path, What: what, Remedy: remedy})
}

// structNode is the declaration of a struct or union, with all it needs.
func (ts *typeSet) structNode(t *btfparse.Struct, use typeUse) *node {
	n, fresh := ts.node(t, t.Name, use)
	if fresh {
		ts.tag(n, t.Tags)
		ts.layOut(n, t)
	}
	return n
}

// enumNode is the declaration of an enum.
func (ts *typeSet) enumNode(t *btfparse.Enum, use typeUse) *node {
	n, fresh := ts.node(t, t.Name, use)
	if fresh {
		ts.tag(n, t.Tags)
		n.align = t.Bytes
	}
	return n
}

// tag gives a fresh declaration the tags of its C type.
func (ts *typeSet) tag(n *node, tags []string) {
	n.tags = append(n.tags, tags...)
	ts.warnings = append(ts.warnings, strayTags(n.path, tags, nameTag)...)
}

// node finds the declaration of a type or makes a fresh one.
func (ts *typeSet) node(t btfparse.Type, name string, use typeUse) (n *node, fresh bool) {
	if name != "" {
		n = ts.named[t]
	} else {
		n = ts.anonymous[use.place(t)]
	}
	if n == nil {
		n, fresh = &node{typ: t, path: joinOnce(use.path, t.CName())}, true
		ts.nodes = append(ts.nodes, n)
		if name != "" {
			ts.named[t] = n
		} else {
			ts.anonymous[use.place(t)] = n
			n.owner, n.member, n.rootName = use.owner, use.member, use.rootName
		}
	}
	n.use(use)
	return n, fresh
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
		return place{typ: t}
	}
	return place{t, u.owner, u.member.goName}
}

// use remembers who refers to the type. Of several names for one root without
// a name the first in alphabetical order counts.
func (n *node) use(u typeUse) {
	if u.owner == nil {
		n.rootName = min(n.rootName, u.rootName)
		if u.root != "" && !slices.Contains(n.uses, u.root) {
			n.uses = append(n.uses, u.root)
		}
		return
	}
	if c := u.owner.cKey(); !slices.Contains(n.users, c) {
		n.users = append(n.users, c)
	}
}

// layOut finds the members of a struct, their names and types, and where each
// stands.
func (ts *typeSet) layOut(n *node, t *btfparse.Struct) {
	flatten(t, 0, nil, nil, n.path, func(l *leaf) {
		l.index = len(n.leaves)
		n.leaves = append(n.leaves, l)
	})
	ts.warnings = append(ts.warnings, strayAnonymousTags(t, n.path)...)
	ts.nameMembers(n)
	for _, l := range n.leaves {
		ts.referLeaf(n, l)
	}
	s := &structLayout{size: uint64(t.Bytes), leaves: n.leaves, warn: func(l *leaf, what, remedy string) {
		ts.warn(l.path, what, remedy)
	}}
	n.parts = s.parts()
	n.align = alignment(n.parts)
}

// referLeaf finds the Go type of a member. Where it is none, or not of the size
// that the struct has for it, the member is raw bytes.
func (ts *typeSet) referLeaf(n *node, l *leaf) {
	f := l.field
	l.ref = ts.refer(f.Type, typeUse{path: l.path, owner: n, member: l, tags: f.Tags})
	switch {
	case unsized(f) && f.SizeBits > 0:
		remedy := l.ref.base.remedy
		l.ref = typeRef{base: bytesBase(f.SizeBits/8, fmt.Sprintf("%s; it has the %s up to the next member or the end", l.ref.base.problem, byteCount(f.SizeBits/8)))}
		l.ref.base.remedy = remedy
	case !f.Bitfield && l.ref.size()*8 != uint64(f.SizeBits):
		l.ref = typeRef{base: bytesBase(f.SizeBits/8, fmt.Sprintf("%s does not have the size that BTF gives the member, %s",
			f.Type.CName(), byteCount(f.SizeBits/8)))}
	}
	if l.ref.base.problem != "" {
		ts.warn(l.path, l.ref.base.problem, l.ref.base.remedy)
	}
	ts.warnings = append(ts.warnings, strayTags(l.path, f.Tags, nameTag, typeTag)...)
	if name, ok := tagValue(f.Tags, typeTag); ok && f.Bitfield {
		ts.warn(l.path, fmt.Sprintf("btf_decl_tag(%q) has no effect on a bitfield", typeTag+name), "")
	}
}

// cKey is what C calls the type; one without a name is called after the member
// that has it: "struct flow.addr". It is what -rename takes.
func (n *node) cKey() string {
	switch {
	case n.owner != nil:
		return n.owner.cKey() + "." + n.member.field.Name
	case btfparse.BareName(n.typ) == "":
		return n.kind() + " " + n.rootName
	}
	return n.typ.CName()
}

// cName is what the comment calls the type.
func (n *node) cName() string {
	switch {
	case n.owner != nil:
		return fmt.Sprintf("the %s %s in %s", n.kind(), n.member.field.Name, n.owner.cKey())
	case btfparse.BareName(n.typ) == "":
		return "an " + n.typ.CName()
	}
	return n.typ.CName()
}

// kind is struct, union or enum.
func (n *node) kind() string {
	switch t := n.typ.(type) {
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
		stray = append(stray, btfparse.Diagnostic{Path: path, What: fmt.Sprintf("btf_decl_tag(%q) has no effect", t), Remedy: remedy})
	}
	return stray
}

// byteCount is a size for people: "1 byte", "2 bytes".
func byteCount(n uint32) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
