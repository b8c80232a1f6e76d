package emit

import (
	"fmt"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
)

// Classes of claims: who keeps a name that several want.
const (
	classChosen    = iota // by -rename or a tag
	classNamed            // C has that name
	classHidden           // C has that name with underscores in front: rx_bytes goes before __rx_bytes
	classAnonymous        // derived from a name of C
)

// classOfName is the class of a name of C.
func classOfName(c string) int {
	if strings.HasPrefix(c, "_") {
		return classHidden
	}
	return classNamed
}

// nameMembers gives every member its own name in Go.
func (ts *typeSet) nameMembers(n *node) {
	claims := make([]*claim, len(n.leaves))
	for i, l := range n.leaves {
		claims[i] = ts.memberClaim(l)
	}
	settleClaims(claims, nil)
	for i, l := range n.leaves {
		l.goName = claims[i].name
		if c := claims[i]; c.renamed() {
			ts.warn(l.path, c.clash(c.rivals(claims)), fmt.Sprintf("btf_decl_tag(%q)", nameTag+"…"))
		}
	}
}

// memberClaim is the names that a member may have.
func (ts *typeSet) memberClaim(l *leaf) *claim {
	c := l.field.Name
	chosen := chosenMember(l.field.Tags, func(what string) { ts.warn(l.path, what, "") })
	claim := fieldForms(c, chosen, func() string {
		return hashSuffix(fmt.Sprintf("%s %d %s", c, l.off, l.field.Type.CName()), 8)
	}, func() string { return "_" + strconv.Itoa(l.index) })
	return &claim
}

// fieldForms is the names that something of C may have in a Go struct: the one
// that is chosen, or the pretty form of C's; then the exact spelling, and that
// with what third and last say to tell apart what C spells alike.
func fieldForms(c, chosen string, third, last func() string) claim {
	class, first := classOfName(c), identifier(c)
	if chosen != "" {
		class, first = classChosen, identifier(chosen)
	}
	return claim{label: c, class: class, form: func(n int) string {
		switch n {
		case 0:
			return first
		case 1:
			return exactIdentifier(c)
		case 2:
			return "X" + spelled(c)
		case 3:
			return "X" + spelled(c) + third()
		default:
			return "X" + spelled(c) + last()
		}
	}}
}

// chosenMember is the name that a tag chooses, "" for none.
func chosenMember(tags []string, warn func(what string)) string {
	name, ok := tagValue(tags, nameTag)
	if ok && !token.IsIdentifier(name) {
		warn(fmt.Sprintf("btf_decl_tag(%q) gives no Go identifier", nameTag+name))
		return ""
	}
	return name
}

// nameTypes gives every declaration its name: first the types that have one in
// C, and roots; then level by level those that are named after a member.
func (ts *typeSet) nameTypes() {
	for name := range reservedInPackage {
		ts.taken[name] = true
	}
	var top []*node
	children := make(map[*node][]*node)
	for _, n := range ts.nodes {
		if n.owner == nil {
			top = append(top, n)
		} else {
			children[n.owner] = append(children[n.owner], n)
		}
	}
	ts.settleTypes(top, ts.topClaims(top))
	for level := top; len(level) > 0; {
		var next []*node
		for _, n := range level {
			next = append(next, children[n]...)
		}
		claims := make([]*claim, len(next))
		for i, n := range next {
			claims[i] = ts.memberTypeClaim(n)
		}
		ts.settleTypes(next, claims)
		level = next
	}
	ts.unknownRenames()
}

// settleTypes names one level of declarations.
func (ts *typeSet) settleTypes(nodes []*node, claims []*claim) {
	settleClaims(claims, ts.taken)
	for i, n := range nodes {
		n.name = claims[i].name
		ts.taken[n.name] = true
		if claims[i].renamed() {
			ts.warnTypeClash(n, claims[i], claims)
		}
	}
}

// warnTypeClash says why a type did not get the name that it would have alone.
func (ts *typeSet) warnTypeClash(n *node, c *claim, claims []*claim) {
	rivals, rename := c.rivals(claims), n.cKey()
	if slices.Contains(rivals, rename) {
		rivals = []string{"another " + rename + ", of a different structure"}
		rename += structureHash(n)
	}
	ts.warn(btfparse.Path(n.cKey()), c.clash(rivals), fmt.Sprintf("-rename '%s=…' or btf_decl_tag(%q)", rename, nameTag+"…"))
}

// topClaims are the names that types may have which C names, and roots.
func (ts *typeSet) topClaims(top []*node) []*claim {
	rivals := make(map[string][]*node)
	for _, n := range top {
		if c := btfparse.BareName(n.typ); c != "" {
			rivals[identifier(c)] = append(rivals[identifier(c)], n)
		}
	}
	claims := make([]*claim, len(top))
	for i, n := range top {
		class, c := classOfName(btfparse.BareName(n.typ)), btfparse.BareName(n.typ)
		if c == "" {
			class, c = classAnonymous, n.rootName
		}
		first := identifier(c)
		if chosen, ok := ts.chosenName(n); ok {
			class, first = classChosen, chosen
		}
		claims[i] = &claim{label: n.cKey(), class: class, form: func(form int) string {
			switch form {
			case 0:
				return ts.opts.Ident + first
			case 1:
				return ts.opts.Ident + ts.distinctName(n, c, rivals[identifier(c)])
			default:
				return ts.hashedName(n, "_"+spelled(c), form)
			}
		}}
	}
	return claims
}

// distinctName tells a type apart from its rivals, of which it is one, by as
// little as it takes: spelling, kind, structure.
func (ts *typeSet) distinctName(n *node, c string, rivals []*node) string {
	name, kind, structure := identifier(c), false, false
	for _, o := range rivals {
		switch {
		case btfparse.BareName(o.typ) != c:
			name = "_" + spelled(c)
		case o.kindSuffix() != n.kindSuffix():
			kind = true
		case o != n:
			structure = true
		}
	}
	if kind || name == identifier(c) && !structure {
		name += n.kindSuffix()
	}
	if structure {
		name += structureHash(n)
	}
	return name
}

// kindSuffix tells struct foo, union foo, enum foo and typedef … foo apart.
func (n *node) kindSuffix() string {
	switch t := n.typ.(type) {
	case *btfparse.Struct:
		if t.FromTypedef {
			return "Typedef"
		}
	case *btfparse.Enum:
		if t.FromTypedef {
			return "Typedef"
		}
	}
	return upperFirst(n.kind())
}

// hashedName is the last resort: forms 2 and up.
func (ts *typeSet) hashedName(n *node, base string, form int) string {
	id := n.cKey() + "\n" + ts.structure(n.typ)
	name := ts.opts.Ident + base
	switch form {
	case 2:
		return name + hashSuffix(id, 8)
	case 3:
		return name + hashSuffix(id, 16)
	default:
		return name + "_" + strconv.Itoa(slices.Index(ts.nodes, n))
	}
}

// memberTypeClaim is the names of a type that is named after a member.
func (ts *typeSet) memberTypeClaim(n *node) *claim {
	class, first := classAnonymous, memberTypeName(n.owner.name, n.member.goName)
	if chosen, ok := ts.chosenName(n); ok {
		class, first = classChosen, ts.opts.Ident+chosen
	}
	return &claim{label: n.cKey(), class: class, form: func(form int) string {
		switch form {
		case 0:
			return first
		case 1:
			return memberTypeName(n.owner.name+"_", n.member.goName)
		default:
			return ts.hashedName(n, "_"+spelled(n.owner.name)+"_"+n.member.goName, form)
		}
	}}
}

// chosenName is the name that the user wants for a type, behind the ident.
func (ts *typeSet) chosenName(n *node) (string, bool) {
	for _, key := range ts.renameKeys(n) {
		if name, ok := ts.opts.Renames[key]; ok {
			if !token.IsIdentifier(ts.opts.Ident + name) {
				ts.errors = append(ts.errors, fmt.Errorf("-rename %s=%s: %s is not a Go identifier", key, name, ts.opts.Ident+name))
			}
			return name, true
		}
	}
	name, ok := tagValue(n.tags, nameTag)
	if ok && !token.IsIdentifier(ts.opts.Ident+name) {
		ts.warn(n.path, fmt.Sprintf("btf_decl_tag(%q) gives no Go identifier", nameTag+name), "")
		return "", false
	}
	return name, ok
}

// renameKeys are how -rename may call a type: by its C name, or by that with
// the hash of its structure.
func (ts *typeSet) renameKeys(n *node) []string {
	if len(ts.opts.Renames) == 0 {
		return nil
	}
	return []string{n.cKey() + structureHash(n), n.cKey()}
}

// unknownRenames warns of renames that name no type.
func (ts *typeSet) unknownRenames() {
	known := make(map[string]bool)
	for _, n := range ts.nodes {
		for _, key := range ts.renameKeys(n) {
			known[key] = true
		}
	}
	for _, key := range sortedKeys(ts.opts.Renames) {
		if !known[key] {
			ts.warn("", fmt.Sprintf("-rename %s=%s names no type that is generated", key, ts.opts.Renames[key]),
				`types are called as in C: "struct foo", "enum foo", "foo" for a typedef`)
		}
	}
}

// structureHash tells types of one C name apart by what C says of their own
// members. It is in names that users write, so the text under it must stay as
// it is; and it does not follow named types inside, so that a change in one of
// these does not rename all that hold it.
func structureHash(n *node) string { return hashSuffix(structureText(n.typ, 0), 6) }

// structureText is size, members and enumerators; of types inside, those
// without a name only, and the names of others.
func structureText(t btfparse.Type, depth int) string {
	switch t := t.(type) {
	case *btfparse.Int:
		return fmt.Sprintf("int %d %d %t", t.Bytes, t.Encoding, t.Char)
	case *btfparse.Array:
		return fmt.Sprintf("[%d]%s", t.Len, structureText(t.Elem, depth+1))
	case *btfparse.Enum:
		if depth == 0 || t.Name == "" {
			return fmt.Sprintf("%s %d %t %v", t.CName(), t.Bytes, t.Signed, t.Values)
		}
	case *btfparse.Struct:
		if depth > 0 && t.Name != "" {
			break
		}
		s := fmt.Sprintf("%s %d", t.CName(), t.Bytes)
		for _, f := range t.Fields {
			s += fmt.Sprintf("\n%q %d %d %t %s", f.Name, f.OffsetBits, f.SizeBits, f.Bitfield, structureText(f.Type, depth+1))
		}
		return s
	}
	return t.CName()
}

// structure is a text that is the same for two types only if they are
// structurally identical, all the way down.
func (ts *typeSet) structure(t btfparse.Type) string {
	if s, ok := ts.hashes[t]; ok {
		return s
	}
	s := structureText(t, 0)
	switch t := t.(type) {
	case *btfparse.Typedef:
		s += " = " + ts.structure(t.Type)
	case *btfparse.Array:
		s += " of " + ts.structure(t.Elem)
	case *btfparse.Struct:
		for _, f := range t.Fields {
			s += "\n" + ts.structure(f.Type)
		}
		s = hashSuffix(s, 64)
	}
	ts.hashes[t] = s
	return s
}

// nameConstants names the constants of all enums, in the scope of the package.
func (ts *typeSet) nameConstants() {
	var claims []*claim
	var enums []*node
	for _, n := range ts.nodes {
		e, ok := n.typ.(*btfparse.Enum)
		if !ok {
			continue
		}
		enums = append(enums, n)
		for i, v := range e.Values {
			claims = append(claims, constantClaim(n, e, i, v))
		}
	}
	settleClaims(claims, ts.taken)
	rest := claims
	for _, n := range enums {
		for _, v := range n.typ.(*btfparse.Enum).Values {
			c := rest[0]
			rest = rest[1:]
			n.consts = append(n.consts, c.name)
			if c.renamed() {
				ts.warn(n.path.Join(v.Name), c.clash(c.rivals(claims)), "rename one of them in C")
			}
		}
	}
}

// constantClaim is the names that an enumerator may have.
func constantClaim(n *node, e *btfparse.Enum, i int, v btfparse.EnumValue) *claim {
	id := fmt.Sprintf("%s %s %d", n.cKey(), v.Name, v.Value)
	return &claim{label: n.cKey() + "'s " + v.Name, class: classOfName(v.Name), form: func(form int) string {
		switch form {
		case 0:
			return constantName(n.name, e.Name, v.Name)
		case 1:
			return n.name + "_" + spelled(v.Name)
		case 2:
			return n.name + "_" + spelled(v.Name) + hashSuffix(id, 8)
		case 3:
			return n.name + "_" + spelled(v.Name) + hashSuffix(id, 16)
		default:
			return n.name + "_" + spelled(v.Name) + "_" + strconv.Itoa(i)
		}
	}}
}
