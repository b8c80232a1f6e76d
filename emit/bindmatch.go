package emit

// Whether a Go type of the user has the layout of a C type: size, place and kind
// of every member, and the Go side without memory that C does not know.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/goshape"
	"github.com/bpfgen/bpfgen/internal/words"
)

// mismatches says what keeps a Go type from standing for a C type, a line each,
// the members by their path.
func mismatches(c btfparse.Type, g *goshape.Shape) []string {
	m := &matcher{}
	m.value("", c, g)
	return m.problems
}

type matcher struct{ problems []string }

// problem is one, of the member of that path in C, "" for the type itself.
func (m *matcher) problem(path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if path != "" {
		text = "member " + path + ": " + text
	}
	m.problems = append(m.problems, text)
}

// value compares one value. Raw bytes stand for anything.
func (m *matcher) value(path string, c btfparse.Type, g *goshape.Shape) {
	if int64(c.Size()) != g.Size {
		m.problem(path, "%s has %s, Go's %s %s", c.CName(), words.Bytes(c.Size()), g.Name, words.Bytes(uint32(g.Size)))
		if s, ok := btfparse.Underlying(c).(*btfparse.Struct); ok && !s.Union && g.Kind == goshape.Struct {
			m.structure(path, s, g) // says where it begins
		}
		return
	}
	if g.Bytes() {
		return
	}
	switch u := btfparse.Underlying(c).(type) {
	case *btfparse.Struct:
		if u.Union {
			m.union(path, u, g)
		} else {
			m.structure(path, u, g)
		}
	case *btfparse.Array:
		m.array(path, u, g)
	default:
		if why := scalarMismatch(u, g); why != "" {
			m.problem(path, "%s in C, %s in Go: %s", c.CName(), g.Name, why)
		} else if e, ok := u.(*btfparse.Enum); ok {
			for _, text := range otherValues(e, g) {
				m.problem(path, "%s", text)
			}
		}
	}
}

// scalarMismatch says why a Go type is not a scalar of C, "" if it is. The sizes
// are the same.
func scalarMismatch(c btfparse.Type, g *goshape.Shape) string {
	integer := g.Kind == goshape.Unsigned || g.Kind == goshape.Signed
	switch u := c.(type) {
	case *btfparse.Int:
		switch {
		case u.Encoding == btfparse.Bool && g.Kind == goshape.Bool:
			return "Go's bool is 0 or 1, C's memory any byte; use " + typedProfile.boolean.typ.String() + " or uint8"
		case !integer:
			return "not an integer"
		case u.Char || u.Encoding == btfparse.Bool:
		case (u.Encoding == btfparse.Signed) != (g.Kind == goshape.Signed):
			return "the sign differs"
		}
	case *btfparse.Enum:
		if !integer {
			return "not an integer"
		}
		if u.Signed != (g.Kind == goshape.Signed) && slices.ContainsFunc(u.Values, func(v btfparse.EnumValue) bool { return highBit(u, v) }) {
			return "the sign differs, and an enumerator needs it"
		}
	case *btfparse.Float:
		if g.Kind != goshape.Float {
			return "not a float"
		}
	case *btfparse.Pointer:
		if g.Kind != goshape.Unsigned {
			return "an address of the kernel is a number; use " + typedProfile.pointer.typ.String() + " or uint64"
		}
	default:
		return "it has no layout"
	}
	return ""
}

// highBit says whether an enumerator has the bit set that is the sign.
func highBit(e *btfparse.Enum, v btfparse.EnumValue) bool {
	return e.Bytes > 0 && e.Bytes <= 8 && v.Value>>(8*e.Bytes-1)&1 == 1
}

func (m *matcher) array(path string, c *btfparse.Array, g *goshape.Shape) {
	if g.Kind != goshape.Array || g.Len != int64(c.Len) {
		m.problem(path, "%s in C, %s in Go: not an array of %d elements", c.CName(), g.Name, c.Len)
		return
	}
	if c.Len > 0 {
		m.value(path+"[]", c.Elem, g.Elem)
	}
}

// union takes the type of any member that fills it.
func (m *matcher) union(path string, c *btfparse.Struct, g *goshape.Shape) {
	for _, f := range c.Fields {
		try := &matcher{}
		if f.Bitfield {
			continue
		}
		if try.value(path, f.Type, g); len(try.problems) == 0 {
			return
		}
	}
	m.problem(path, "%s in C, %s in Go: a union is [%d]byte, or the type of a member of its size", c.CName(), g.Name, c.Bytes)
}

// cMember is a member of a struct, or of an anonymous one in it.
type cMember struct {
	btfparse.Field
	off int64 // in bits, from the start of the outer struct
}

func (c cMember) start() int64 { return c.off / 8 }
func (c cMember) end() int64   { return (c.off + int64(c.SizeBits) + 7) / 8 }

// cMembers are the members that have bytes; an anonymous union is one.
func cMembers(s *btfparse.Struct, base int64) []cMember {
	var members []cMember
	for _, f := range s.Fields {
		at := base + int64(f.OffsetBits)
		inner := f.Anonymous()
		switch {
		case inner != nil && !inner.Union:
			members = append(members, cMembers(inner, at)...)
		case f.SizeBits > 0 && (f.Name != "" || inner != nil):
			members = append(members, cMember{f, at})
		}
	}
	return members
}

func (m *matcher) structure(path string, c *btfparse.Struct, g *goshape.Shape) {
	if g.Kind != goshape.Struct {
		m.problem(path, "%s in C, %s in Go: not a struct", c.CName(), g.Name)
		return
	}
	members := cMembers(c, 0)
	for _, f := range members {
		m.member(join(path, f.Name), f, g)
	}
	for _, f := range goLeaves(g, 0, members) {
		m.extra(path, f, members)
		m.swapped(path, f, members)
	}
	m.gaps(path, g)
}

func join(path, name string) string {
	if name == "" {
		name = "(anonymous union)"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// member finds what Go has at the place of a member.
func (m *matcher) member(path string, c cMember, g *goshape.Shape) {
	f, ok := fieldAt(g, c)
	place := fmt.Sprintf("%s at offset %d, %s", c.Type.CName(), c.start(), words.Bytes(uint32(c.end()-c.start())))
	switch {
	case !ok:
		m.problem(path, "%s; Go has no field there", place)
	case c.Bitfield:
		if f.Offset > c.start() || f.End() < c.end() || !f.Type.Bytes() && f.Type.Kind != goshape.Unsigned {
			m.problem(path, "a bitfield in the bytes %d to %d; Go has %s, which is not an unsigned integer or byte array that holds them", c.start(), c.end(), describeField(f))
		}
	case f.Offset != c.start() || f.End() != c.end():
		m.problem(path, "%s; Go has %s", place, describeField(f))
	case f.Name == "_":
		if !meansNothing(c.Name) {
			m.problem(path, "%s; Go has a field without a name there", place)
		}
	default:
		m.value(path, c.Type, f.Type)
	}
}

func describeField(f goshape.Field) string {
	return fmt.Sprintf("%s %s at offset %d, %s", f.Name, f.Type.Name, f.Offset, words.Bytes(uint32(f.Type.Size)))
}

// fieldAt is the field with the bytes of a member: of several around each other
// the outermost that has no others, if it is in a struct, the one in there.
func fieldAt(g *goshape.Shape, c cMember) (goshape.Field, bool) {
	for _, f := range g.Fields {
		if f.Type.Size == 0 || f.End() <= c.start() || f.Offset >= c.end() {
			continue
		}
		exact := f.Offset == c.start() && f.End() == c.end()
		if f.Type.Kind == goshape.Struct && (!exact || !aggregate(c.Type)) {
			inner := c
			inner.off -= 8 * f.Offset
			if found, ok := fieldAt(f.Type, inner); ok {
				found.Offset += f.Offset
				if found.Name != "_" {
					found.Name = f.Name + "." + found.Name
				}
				return found, true
			}
		}
		return f, true
	}
	return goshape.Field{}, false
}

// aggregate says whether C's type is a struct or union.
func aggregate(t btfparse.Type) bool {
	_, ok := btfparse.Underlying(t).(*btfparse.Struct)
	return ok
}

// meansNothing says whether a member's name says that it is padding.
func meansNothing(name string) bool {
	name = strings.ToLower(strings.Trim(name, "_0123456789"))
	return name == "" || strings.HasPrefix(name, "pad") || strings.HasPrefix(name, "reserved") || strings.HasPrefix(name, "unused")
}

// goLeaves are the fields of a struct. A struct in it that is none in C stands
// for its fields.
func goLeaves(g *goshape.Shape, base int64, members []cMember) []goshape.Field {
	var leaves []goshape.Field
	for _, f := range g.Fields {
		f.Offset += base
		inC := func(c cMember) bool { return aggregate(c.Type) && c.start() == f.Offset && c.end() == f.End() }
		if f.Type.Kind == goshape.Struct && !slices.ContainsFunc(members, inC) {
			leaves = append(leaves, goLeaves(f.Type, f.Offset, members)...)
		} else if f.Type.Size > 0 {
			leaves = append(leaves, f)
		}
	}
	return leaves
}

// extra finds fields where C has nothing.
func (m *matcher) extra(path string, f goshape.Field, members []cMember) {
	in := func(c cMember) bool { return c.start() < f.End() && f.Offset < c.end() }
	if f.Name != "_" && !slices.ContainsFunc(members, in) {
		m.problem(path, "C has padding where Go has the field %s", describeField(f))
	}
}

// swapped finds fields that are called like a member which stands elsewhere: that
// their types are alike does not make them the same.
func (m *matcher) swapped(path string, f goshape.Field, members []cMember) {
	i := slices.IndexFunc(members, func(c cMember) bool { return plainName(c.Name) == plainName(f.Name) })
	if i < 0 || f.Name == "_" {
		return
	}
	c := members[i]
	other := slices.IndexFunc(members, func(o cMember) bool { return o.start() <= f.Offset && f.Offset < o.end() })
	if f.Offset != c.start() && !c.Bitfield && !aggregate(c.Type) && other >= 0 && other != i {
		m.problem(join(path, c.Name), "is at offset %d in C, Go's field of that name, %s, at %d, where C has %s", c.start(), f.Name, f.Offset, members[other].Name)
	}
}

// plainName is a name without what C and Go write differently.
func plainName(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// gaps finds padding of Go's own: nobody writes it, and a map compares it.
func (m *matcher) gaps(path string, g *goshape.Shape) {
	at, before := int64(0), "the start"
	check := func(to int64, behind string) {
		if to > at {
			m.problem(path, "between %s and %s Go's %s has %s of padding whose content nobody sets: add a field _ [%d]byte", before, behind, g.Name, words.Bytes(uint32(to-at)), to-at)
		}
	}
	for _, f := range g.Fields {
		if f.Type.Size == 0 {
			continue
		}
		check(f.Offset, f.Name)
		at, before = f.End(), f.Name
	}
	check(g.Size, "the end")
}
