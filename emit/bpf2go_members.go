package emit

// The members of bpf2go's types that have no field: bitfields, members of unions
// behind the first, flexible arrays, and what -packed fix made bytes of. A type
// can have no methods in that flavour; so there are functions.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// memberFinder walks through one declared type.
type memberFinder struct {
	*bpf2go
	of    *bpf2goType
	taken scope
	found []plan.MemberFunctions
}

// memberPlace is a struct within the type.
type memberPlace struct {
	// path leads to the struct that Go has a field for, of size bytes; index
	// are the parameters in it.
	path  string
	size  uint32
	index []string
	// bit is where the struct that is looked at starts in it. inside is true if
	// that is itself no field.
	bit    uint64
	inside bool
	scope  typeScope
	// name is what stands before the names of members.
	name string
	c    btfparse.Path
}

// memberFunctions are those of all declared types.
func (b *bpf2go) memberFunctions(taken scope) []plan.MemberFunctions {
	var all []plan.MemberFunctions
	roots := slices.SortedFunc(slices.Values(b.roots), func(x, y *bpf2goType) int { return strings.Compare(x.name, y.name) })
	for _, r := range roots {
		t, ok := btfparse.Underlying(r.typ).(*btfparse.Struct)
		if !ok {
			continue
		}
		m := &memberFinder{bpf2go: b, of: r, taken: taken}
		b.scope = ofMember
		m.structure(t, memberPlace{path: "x", size: t.Bytes, name: r.name, c: r.path.Join(t.CName()), scope: r.scope})
		all = append(all, m.found...)
	}
	return all
}

// structure finds those of a struct, and of the structs that are written out in
// it.
func (m *memberFinder) structure(t *btfparse.Struct, p memberPlace) {
	s := m.layout(t, p.scope)
	for _, d := range s.dropped {
		m.member(d, p)
	}
	for i, f := range s.of {
		if f.Type != nil {
			m.field(f, s.fields[i], p)
		}
	}
	if p.path == "x" && !p.inside && len(t.Fields) > 0 {
		m.lastField(s, p)
	}
}

// layout is a struct as it is written out in a scope. One that has a name there
// was written out in another: only the types of fields differ.
func (m *memberFinder) layout(t *btfparse.Struct, scope typeScope) *structBuilder {
	for _, s := range []typeScope{scope, ofMaps, ofVariable, besideBpf2go, ofMember} {
		if b := m.built[builtStruct{t, s}]; b != nil {
			return b
		}
	}
	return new(structBuilder)
}

// lastField is a flexible array that has a field, of no size, since padding
// follows.
func (m *memberFinder) lastField(s *structBuilder, p memberPlace) {
	for i, f := range slices.Backward(s.of) {
		if f.Type == nil {
			continue
		}
		if s.fields[i].Size == 0 {
			m.tail(f, 8*uint64(s.fields[i].Offset), p)
		}
		return
	}
}

// field looks into the struct that a field is, or is an array of.
func (m *memberFinder) field(f btfparse.Field, in plan.Field, p memberPlace) {
	inner, dims := writtenOut(f.Type, in.Type)
	if inner == nil || slices.Contains(dims, 0) {
		return
	}
	p.c = p.c.Join("field " + f.Name)
	p.name += in.Name
	switch {
	case p.inside && len(dims) > 0:
		m.unreached(inner, p)
		return
	case p.inside:
		p.bit += 8 * uint64(in.Offset)
	default:
		p.path, p.size, p.bit = p.path+"."+in.Name, inner.Bytes, 0
		p.index = slices.Clone(p.index)
		for range dims {
			i := string(rune('i' + len(p.index)))
			p.path += "[" + i + "]"
			p.index = append(p.index, i)
		}
	}
	m.structure(inner, p)
}

// writtenOut is the struct of which Go's type t has the fields in place of a
// name, with the dimensions of an array around it. nil for every other type.
func writtenOut(c btfparse.Type, t plan.GoType) (inner *btfparse.Struct, dims []uint32) {
	if t.Name != "" {
		return nil, nil
	}
	for {
		switch u := btfparse.Underlying(c).(type) {
		case *btfparse.Array:
			dims, c = append(dims, u.Len), u.Elem
		case *btfparse.Struct:
			return u, dims
		default:
			return nil, nil
		}
	}
}

// unreached warns of members in the elements of an array that has no field.
func (m *memberFinder) unreached(t *btfparse.Struct, p memberPlace) {
	for _, d := range m.layout(t, p.scope).dropped {
		m.warn(m.on, btfparse.Diagnostic{
			Path: p.c.Join("field " + d.field.Name), What: "has neither a field nor a function: it is in the elements of an array that has no field itself",
			Remedy: "-type with the name of the elements' type gives that type functions",
		})
	}
}

// member adds the functions of one member.
func (m *memberFinder) member(d droppedMember, p memberPlace) {
	bit := p.bit + d.bit
	path := p.c.Join("field " + d.field.Name)
	lost := func(why, remedy string) { m.warn(m.on, btfparse.Diagnostic{Path: path, What: why, Remedy: remedy}) }
	a := plan.Accessor{Access: plan.AccessLoad}
	size := uint64(d.field.SizeBits)
	switch {
	case m.isTail(d.field, bit, p):
		m.tail(d.field, bit, p)
		return
	case d.field.Bitfield:
		ok := false
		if a.Type, a.Access, ok = m.bitfield(d.field); !ok {
			lost("is a bitfield that no function can read: it is blank bytes", "without -bpf2go they are a field")
			return
		}
		a.Off, a.N = uint32(bit), d.field.SizeBits
	case bit%8 != 0 || size%8 != 0:
		lost("starts or ends within a byte without being a bitfield: it is blank bytes", damagedBTF)
		return
	default:
		v := m.value(d.field.Type, path)
		if v.size*8 != size || isOpaque(d.field.Type) {
			v.typ = bytesType(uint32(size / 8))
		}
		a.Type, a.Off, a.N = v.typ, uint32(bit/8), uint32(size/8)
		a.Whole = a.Off == 0 && a.N == p.size
	}
	switch {
	case size == 0 && btfparse.Innermost(d.field.Type).Size() > 0:
		lost("has neither a field nor a function: it is a flexible array in a struct inside of another", "-type with the name of its struct (C must give it one) gives that a function")
		return
	case size == 0:
		return
	case bit+size > 8*uint64(p.size):
		lost("lies outside of its struct", damagedBTF)
		return
	}
	a.Getter = m.taken.free(p.name+bpf2goIdentifier(d.field.Name), "a function")
	a.Setter = m.taken.free(verb("set", a.Getter), "a function")
	m.add(d.field, a, p, false)
	if inner, dims := writtenOut(d.field.Type, a.Type); inner != nil && !d.field.Bitfield {
		in := p
		in.bit, in.inside, in.c, in.scope = bit, true, path, ofMember
		in.name += bpf2goIdentifier(d.field.Name)
		if len(dims) > 0 {
			m.unreached(inner, in)
			return
		}
		m.structure(inner, in)
	}
}

// bitfield is the Go type of a bitfield, and how it is read: as in the typed
// profile. ok is false for types that have none.
func (m *memberFinder) bitfield(f btfparse.Field) (t plan.GoType, access plan.Access, ok bool) {
	if f.SizeBits > 64 {
		return t, access, false
	}
	access = plan.AccessBits
	switch u := btfparse.Underlying(f.Type).(type) {
	case *btfparse.Enum:
		if u.Signed {
			access = plan.AccessSignedBits
		}
		return m.value(f.Type, m.of.path).typ, access, u.Bytes <= 8
	case *btfparse.Int:
		if u.Encoding == btfparse.Bool && u.Bytes == 1 {
			return plan.GoType{Name: "bool"}, plan.AccessBoolBits, true
		}
		if u.Encoding == btfparse.Signed {
			access = plan.AccessSignedBits
		}
		base := sizedInt(min(u.Bytes, 8), access == plan.AccessSignedBits)
		return base.typ, access, len(base.typ.Dims) == 0
	}
	return t, access, false
}

// isTail says whether a member is a flexible array at the very end.
func (m *memberFinder) isTail(f btfparse.Field, bit uint64, p memberPlace) bool {
	a, ok := btfparse.Underlying(f.Type).(*btfparse.Array)
	if !ok || a.Len != 0 || a.Elem.Size() == 0 || p.path != "x" || bit%8 != 0 || bit > 8*uint64(p.size) {
		return false
	}
	s := m.layout(btfparse.Underlying(m.of.typ).(*btfparse.Struct), m.of.scope)
	return !slices.ContainsFunc(s.fields, func(f plan.Field) bool { return f.Name != "_" && 8*uint64(f.Offset) > bit }) &&
		!slices.ContainsFunc(s.dropped, func(d droppedMember) bool { return d.bit > bit })
}

// tail adds the function of a flexible array.
func (m *memberFinder) tail(f btfparse.Field, bit uint64, p memberPlace) {
	if !m.isTail(f, bit, p) {
		return
	}
	a, _ := btfparse.Underlying(f.Type).(*btfparse.Array)
	elem := m.value(a.Elem, p.c.Join("field "+f.Name))
	if elem.size == 0 || elem.size != uint64(a.Elem.Size()) {
		return
	}
	get := plan.Accessor{Type: elem.typ, Off: uint32(bit / 8), Getter: m.taken.free(p.name+bpf2goIdentifier(f.Name)+"Tail", "a function")}
	m.add(f, get, p, true)
}

func (m *memberFinder) add(f btfparse.Field, a plan.Accessor, p memberPlace, tail bool) {
	a.Doc = append([]string{a.Getter + " is " + f.Declaration() + "."}, userTags(f.Tags)...)
	if tail {
		a.Doc[0] = fmt.Sprintf("%s is %s, read from the bytes that stand behind the struct.", a.Getter, f.Declaration())
	}
	m.found = append(m.found, plan.MemberFunctions{Of: m.of.name, Path: p.path, Size: p.size, Index: p.index, Accessor: a, Tail: tail})
}
