package emit

// Things: what has one name in Go. The struct flow of two targets is one thing,
// whatever it looks like on each; two structs flow of one target are two.

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/words"
)

// thing is a C type that has one Go name, with all its variants.
type thing struct {
	// key is what -rename calls it: "struct flow"; c is its name in C, that of
	// a type without one is the name of the place where it stands.
	key, c   string
	variants []*variant
	// owner and member are where a type without a name stands, nil for a root.
	owner  *thing
	member *member
	// split is true if C calls other types the same.
	split bool
	// typedefs are the names that typedefs give it beside its own.
	typedefs []string

	// members are those of all variants.
	members []*member

	// name in Go, aliases are more of them.
	name    string
	aliases []thingAlias
	// borrowed is true if another ident declares it.
	borrowed bool
	// consts are the constants of an enum.
	consts map[constKey]string
}

// thingAlias is a second name of a thing: it is used by its own name, and the
// user asks for a typedef of it.
type thingAlias struct{ c, name string }

// constKey is an enumerator: the n-th of that name, which is the first but for
// broken BTF.
type constKey struct {
	name string
	n    int
}

// member is one member of a thing, on all variants that have it.
type member struct {
	c      string
	n      int // the n-th of that name, which is the first but for broken BTF
	leaves []*leaf

	// goName is the member's own name in Go. Those of methods and of storage
	// derive from it.
	goName                                                 string
	getter, setter, text, setText, tail, tailText, storage string
	dataBytes, dataText                                    string
}

// things groups the variants: those with a name, roots without one, and level
// by level those that stand in others.
func (ts *typeSet) things(typedefs map[btfparse.Type][]string) (levels [][]*thing) {
	var level []*thing
	children := make(map[*variant][]*variant)
	byKey, same := make(map[string][]*variant), &structures{texts: make(map[btfparse.Type]string)}
	for _, v := range ts.variants {
		if v.owner != nil {
			children[v.owner] = append(children[v.owner], v)
			continue
		}
		key := v.cKey()
		if v.cBare() == "" {
			key = "root " + v.root // whatever it is on each target
		}
		byKey[key] = append(byKey[key], v)
	}
	for _, key := range sortedKeys(byKey) {
		variants := byKey[key]
		groups := [][]*variant{variants}
		if variants[0].cBare() != "" {
			groups = split(variants, outline, structureHash, same.of)
		}
		for _, g := range groups {
			th := newThing(g)
			th.split = len(groups) > 1
			th.typedefs = typedefs[g[0].typ]
			level = append(level, th)
		}
	}
	for len(level) > 0 {
		levels = append(levels, level)
		var next []*thing
		for _, th := range level {
			next = append(next, th.inside(children)...)
		}
		level = next
	}
	return levels
}

// newThing takes the key of the first target's variant.
func newThing(variants []*variant) *thing {
	v := variants[0]
	th := &thing{key: v.cKey(), c: cmp.Or(v.cBare(), v.root), variants: variants}
	for _, v := range variants {
		v.of = th
	}
	th.findMembers()
	return th
}

// rootOf is the part of a key that names the type at its root; rest is what follows,
// nothing where that type has a name.
func rootOf(key string) (root, rest string) {
	root, rest, ok := strings.Cut(key, "{}")
	if !ok || strings.Contains(root, ".") {
		return key, ""
	}
	return root, "{}" + rest
}

// settledKey is a key without the braces of its root. Ranks and hashes are of it: they
// go by what a type is called, not by whether C or its place calls it so.
func settledKey(key string) string {
	root, rest := rootOf(key)
	return root + strings.TrimPrefix(rest, "{}")
}

// plain says whether the thing is no type, only constants.
func (th *thing) plain() bool { return th.variants[0].plain }

// targets are those that have it.
func (th *thing) targets() []int {
	var targets []int
	for i := range th.variants[0].on {
		if slices.ContainsFunc(th.variants, func(v *variant) bool { return v.on[i] }) {
			targets = append(targets, i)
		}
	}
	return targets
}

// findMembers finds what is one member on all variants.
func (th *thing) findMembers() {
	byName := make(map[constKey]*member)
	for _, v := range th.variants {
		seen := make(map[string]int)
		for _, l := range v.leaves {
			key := constKey{l.field.Name, seen[l.field.Name]}
			seen[l.field.Name]++
			m := byName[key]
			if m == nil {
				m = &member{c: key.name, n: key.n}
				byName[key] = m
				th.members = append(th.members, m)
			}
			m.leaves = append(m.leaves, l)
			l.of = m
		}
	}
}

// inside are the types without a name that stand in the thing, one for each
// member.
func (th *thing) inside(children map[*variant][]*variant) []*thing {
	byMember := make(map[*member][]*variant)
	for _, v := range th.variants {
		for _, c := range children[v] {
			byMember[c.member.of] = append(byMember[c.member.of], c)
		}
	}
	var inside []*thing
	for _, m := range th.members {
		if variants := byMember[m]; variants != nil {
			t := newThing(variants)
			t.owner, t.member = th, m
			inside = append(inside, t)
		}
	}
	return inside
}

// split parts variants that C calls alike until none is twice on one target, by
// as little as it takes.
func split(variants []*variant, by ...func(btfparse.Type) string) [][]*variant {
	if len(by) == 0 || !overlap(variants) {
		return [][]*variant{variants}
	}
	groups := make(map[string][]*variant)
	for _, v := range variants {
		text := by[0](v.typ)
		groups[text] = append(groups[text], v)
	}
	var parts [][]*variant
	for _, text := range sortedKeys(groups) {
		parts = append(parts, split(groups[text], by[1:]...)...)
	}
	return parts
}

// overlap says whether a target has several of the variants.
func overlap(variants []*variant) bool {
	for i := range variants[0].on {
		n := 0
		for _, v := range variants {
			if v.on[i] {
				n++
			}
		}
		if n > 1 {
			return true
		}
	}
	return false
}

// outline is which members or enumerators a type has: what does not depend on
// the target.
func outline(t btfparse.Type) string {
	var names []string
	switch t := t.(type) {
	case *btfparse.Struct:
		for _, f := range t.Fields {
			names = append(names, strconv.Quote(f.Name))
		}
	case *btfparse.Enum:
		for _, v := range t.Values {
			names = append(names, strconv.Quote(v.Name))
		}
	}
	return strings.Join(names, " ")
}

// kindSuffix tells struct foo, union foo, enum foo and typedef … foo apart.
func (v *variant) kindSuffix() string {
	if fromTypedef(v.typ) {
		return "Typedef"
	}
	return words.UpperFirst(v.kind())
}

// kindRank is the order in which they keep a name.
func (v *variant) kindRank() int {
	return slices.Index([]string{"Struct", "Union", "Enum", "Typedef"}, v.kindSuffix())
}

// fromTypedef says whether a type has the name of a typedef alone.
func fromTypedef(t btfparse.Type) bool {
	switch t := t.(type) {
	case *btfparse.Struct:
		return t.FromTypedef
	case *btfparse.Enum:
		return t.FromTypedef
	}
	return false
}
