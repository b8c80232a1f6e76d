package layout

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Random structs and what one change of the C does to them. Where the table of
// planted differences shows what somebody thought of, this shows combinations.

const (
	randomSeed  = 7
	randomPairs = 400
)

// member is a member of a random struct.
type member struct {
	name  string
	typ   string // a C type, or "" for a nested one
	dims  []int
	bits  int
	inner *record
}

// record is a struct or union; without a name it is defined where it is used.
type record struct {
	name    string // after the keyword
	union   bool
	members []*member
}

var intTypes = []string{"__u8", "__s8", "char", "__u16", "__s16", "__u32", "__s32", "__u64", "__s64", "long", "unsigned long"}

var otherTypes = []string{"_Bool", "float", "double", "void *", "__be16", "__be32", "__be64", "__le16"}

// signs are types of one size and another sign.
var signs = map[string]string{
	"__u16": "__s16", "__s16": "__u16", "__u32": "__s32", "__s32": "__u32", "__u64": "__s64", "__s64": "__u64",
	"long": "unsigned long", "unsigned long": "long",
}

// wider are types of another size.
var wider = map[string]string{
	"__u8": "__u16", "__s8": "__s32", "char": "__u64", "__u16": "__u32", "__s16": "__s64", "__u32": "__u64", "__s32": "__s16",
	"__u64": "__u8", "__s64": "__s32", "long": "__s32", "unsigned long": "__u16", "_Bool": "__u64", "float": "double", "double": "float",
	"__be16": "__be32", "__be32": "__be64", "__be64": "__be16", "__le16": "__be32", "void *": "__u32",
}

// retyped are types of another category.
var retyped = map[string]string{
	"__u32": "float", "__s32": "float", "__u64": "double", "__s64": "void *", "long": "double", "unsigned long": "void *", "float": "__u32",
	"double": "__u64", "void *": "__u64", "__be32": "float", "__be64": "void *",
}

// alike are other spellings of types.
var alike = map[string]string{
	"__u8": "signed char", "__s8": "char", "char": "__u8", "__u16": "unsigned short", "__s16": "const short", "__u32": "volatile unsigned", "__s32": "int",
	"__u64": "unsigned long", "__s64": "long", "long": "long long", "unsigned long": "__u64", "_Bool": "const _Bool", "float": "volatile float",
	"double": "const double", "void *": "struct p1 *const", "__be16": "const __be16", "__be32": "volatile __be32", "__be64": "const __be64", "__le16": "const __le16",
}

type generator struct {
	*rand.Rand
	names int
}

func (g *generator) name(prefix string) string {
	g.names++
	return fmt.Sprintf("%s%d", prefix, g.names)
}

func (g *generator) record(depth int) *record {
	r := &record{union: g.IntN(4) == 0}
	for range 1 + g.IntN(5) {
		r.members = append(r.members, g.member(depth))
	}
	return r
}

func (g *generator) member(depth int) *member {
	m := &member{name: g.name("m")}
	switch n := g.IntN(10); {
	case n < 2 && depth < 3:
		m.inner = g.record(depth + 1)
		if m.inner.name = g.name("t"); g.IntN(2) == 0 {
			m.name, m.inner.name = "", "" // anonymous
			return m
		}
	case n < 7:
		m.typ = intTypes[g.IntN(len(intTypes))]
		if g.IntN(4) == 0 {
			m.bits = 1 + g.IntN(7)
			return m
		}
	default:
		m.typ = otherTypes[g.IntN(len(otherTypes))]
	}
	for g.IntN(4) == 0 {
		m.dims = append(m.dims, 1+g.IntN(4))
	}
	return m
}

func (r *record) c() string {
	var b strings.Builder
	keyword := "struct"
	if r.union {
		keyword = "union"
	}
	fmt.Fprintf(&b, "%s %s {", keyword, r.name)
	for _, m := range r.members {
		typ := m.typ
		if m.inner != nil {
			typ = m.inner.c()
		}
		fmt.Fprintf(&b, " %s %s", typ, m.name)
		for _, d := range m.dims {
			fmt.Fprintf(&b, "[%d]", d)
		}
		if m.bits > 0 {
			fmt.Fprintf(&b, " : %d", m.bits)
		}
		b.WriteString(";")
	}
	b.WriteString(" }")
	return b.String()
}

// named are the members that have a name, however deep.
func (r *record) named(into []*member) []*member {
	for _, m := range r.members {
		if m.name != "" {
			into = append(into, m)
		}
		if m.inner != nil {
			into = m.inner.named(into)
		}
	}
	return into
}

// unions are the unions within.
func (r *record) unions(into []*record) []*record {
	if r.union {
		into = append(into, r)
	}
	for _, m := range r.members {
		if m.inner != nil {
			into = m.inner.unions(into)
		}
	}
	return into
}

// change edits a record and says which class the member of that name must then
// have; ok is false if it cannot be edited in this way, class is -1 where nothing counts.
type change func(g *generator, r *record) (class Class, name string, ok bool)

const none = Class(-1)

// retype makes a change that replaces the type of a member by the table's.
func retype(table map[string]string, class Class) change {
	return func(g *generator, r *record) (Class, string, bool) {
		all := r.named(nil)
		m := all[g.IntN(len(all))]
		to, ok := table[m.typ]
		if !ok || m.bits > 0 && class != Meaning && class != none {
			return 0, "", false
		}
		m.typ = to
		return class, m.name, true
	}
}

var changes = []change{
	retype(signs, Meaning), retype(wider, Moved), retype(retyped, Retyped), retype(alike, none),
	func(g *generator, r *record) (Class, string, bool) { // renamed
		all := r.named(nil)
		m := all[g.IntN(len(all))]
		was := m.name
		m.name = g.name("new")
		return Renamed, was, true
	},
	func(g *generator, r *record) (Class, string, bool) { // another array
		all := r.named(nil)
		m := all[g.IntN(len(all))]
		if m.bits > 0 {
			return 0, "", false
		}
		if m.dims = append(m.dims, 2); len(m.dims) > 1 {
			m.dims = []int{m.dims[1] + 5, m.dims[0]}
		}
		return Moved, m.name, true
	},
	func(g *generator, r *record) (Class, string, bool) { // another width of a bitfield
		all := r.named(nil)
		m := all[g.IntN(len(all))]
		if m.bits == 0 {
			return 0, "", false
		}
		m.bits = m.bits%7 + 1
		return Moved, m.name, true
	},
	func(g *generator, r *record) (Class, string, bool) { // order of a union
		all := r.unions(nil)
		if len(all) == 0 {
			return 0, "", false
		}
		u := all[g.IntN(len(all))]
		g.Shuffle(len(u.members), func(i, j int) { u.members[i], u.members[j] = u.members[j], u.members[i] })
		return none, "", true
	},
	func(g *generator, r *record) (Class, string, bool) { // tags of nested structs
		for _, m := range r.named(nil) {
			if m.inner != nil && m.inner.name != "" {
				m.inner.name = g.name("tag")
			}
		}
		return none, "", true
	},
}

// TestRandomPairs: what was changed in C is what Compare finds, and if nothing
// was that counts, it finds nothing.
func TestRandomPairs(t *testing.T) {
	type pair struct {
		old, new string
		class    Class
		name     string
	}
	var pairs []pair
	var old, new strings.Builder
	for seed := uint64(0); len(pairs) < randomPairs; seed++ {
		// The same seed gives the same struct twice.
		make := func() *record { return (&generator{Rand: rand.New(rand.NewPCG(randomSeed, seed))}).record(0) }
		g := &generator{Rand: rand.New(rand.NewPCG(randomSeed, seed)), names: 1000}
		a, b := make(), make()
		a.union, b.union = false, false
		a.name = fmt.Sprintf("pair_%d", len(pairs))
		b.name = a.name
		class, name, ok := changes[seed%uint64(len(changes))](g, b)
		if !ok {
			continue
		}
		p := pair{a.c(), b.c(), class, name}
		// Nested structs have one scope in C.
		unique := func(c string) string { return strings.NewReplacer(" t", fmt.Sprintf(" t%d_", len(pairs))).Replace(c) }
		fmt.Fprintf(&old, "%s v_%d;\n", unique(p.old), len(pairs))
		fmt.Fprintf(&new, "%s v_%d;\n", unique(p.new), len(pairs))
		pairs = append(pairs, p)
	}
	was, is := compileC(t, old.String()), compileC(t, new.String())
	counts := map[Class]int{}
	for i, p := range pairs {
		name := fmt.Sprintf("pair_%d", i)
		a, b := structLayout(t, was, name), structLayout(t, is, name)
		diffs, back := Compare(a, b), Compare(b, a)
		if (len(diffs) == 0) != (a.Hash() == b.Hash()) || (len(back) == 0) != (len(diffs) == 0) {
			t.Errorf("%v and %v, hashes %s %s", diffs, back, a.Hash(), b.Hash())
		}
		found := p.class == none && len(diffs) == 0
		for _, d := range diffs {
			found = found || d.Class == p.class && strings.HasSuffix(d.Path, "field "+p.name)
		}
		if !found {
			t.Errorf("pair %d, want class %d of %s, found %v\n%s\n%s", i, p.class, p.name, diffs, p.old, p.new)
		}
		counts[p.class]++
	}
	for _, class := range []Class{none, Moved, Retyped, Meaning, Renamed} {
		if counts[class] < randomPairs/20 {
			t.Errorf("%d pairs of class %d", counts[class], class)
		}
	}
}
