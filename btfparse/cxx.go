package btfparse

// This file reads what clang's BTF backend makes of structs of C++. It takes
// every entry of a class for a member: base classes (without a name, and of type
// void where nothing else uses the class), static members (at offset 0) and
// member functions (of type void, at an offset that is made of their flags: never 0,
// since each has a prototype). References, pointers to members and the types that
// BTF has not (char16_t, decltype(nullptr)) are members of type void with a place of
// their own. In C no member of a struct overlaps another, so that these can be told
// apart.

import (
	"debug/elf"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/internal/words"
)

// definition is how the definition of a type gets into the BTF that is only declared
// there. Of C++ clang describes what code needs, unless it is told otherwise
// (-fstandalone-debug); no code needs what map definitions point to. A template that
// nothing instantiates has no definition at all.
func (p *parser) definition(t *Opaque) string {
	const flag = "compile with -fstandalone-debug, without which clang leaves out definitions of C++ types"
	template := strings.Contains(t.Spelling, "<")
	switch {
	case t.Why != whyForward:
		return t.InC()
	case template:
		return flag + fmt.Sprintf(", and instantiate it: static_assert(sizeof(%s) > 0)", strings.TrimPrefix(t.Spelling, "struct "))
	case p.hasMangled():
		return "define it, and " + flag
	}
	return t.InC() + "; if it is C++ that defines it, " + flag
}

// hasMangled says whether a symbol has a name as C++ gives it.
func (p *parser) hasMangled() bool {
	return slices.ContainsFunc(p.elf.symbols, func(s elf.Symbol) bool { return strings.HasPrefix(s.Name, "_Z") })
}

// leftOut is said of several.
var leftOut = &Kind{
	What:   "%d members in C++ are left out, since static members and member functions are no part of the data",
	Remedy: leftOutRemedy,
}

const leftOutRemedy = "declare what maps and variables hold as a plain struct"

// ownMembers are the members that have a place in a struct or union of so many
// bytes; base classes that BTF does not describe have bytes instead.
func (c *converter) ownMembers(what string, union bool, bytes uint32, members []btf.Member) []btf.Member {
	if !likeCXX(union, bytes, members) {
		return members
	}
	members = c.withoutVirtualBases(what, members)
	placed := c.withoutFunctions(what, union, bytes, c.withoutStatics(what, union, bytes, members))
	own := c.baseClasses(what, union, bytes, placed)
	if !union {
		c.sayShared(what, own)
	}
	return own
}

// withoutVirtualBases leaves out virtual base classes, where BTF has the offset of their
// offset in the table of virtual functions: 24, 32, …, taken for bits, within the pointer
// to that table. Where they are, nothing says.
func (c *converter) withoutVirtualBases(what string, members []btf.Member) []btf.Member {
	const pointer = 64
	table := func(m btf.Member) bool { return strings.HasPrefix(m.Name, "_vptr$") && m.Offset == 0 }
	virtual := func(m btf.Member) bool { return m.Name == "" && m.Offset > 0 && m.Offset < pointer }
	if !slices.ContainsFunc(members, table) || !slices.ContainsFunc(members, virtual) {
		return members
	}
	c.notes = append(c.notes, Diagnostic{
		Path: Path(what), What: "has virtual base classes, of whose place the BTF says nothing: their members are padding in Go, and so is the pointer to its table",
		Remedy: leftOutRemedy,
	})
	return slices.DeleteFunc(slices.Clone(members), func(m btf.Member) bool { return table(m) || virtual(m) })
}

// withoutStatics leaves out static members.
func (c *converter) withoutStatics(what string, union bool, bytes uint32, members []btf.Member) (placed []btf.Member) {
	x := c.newClass(union, bytes, members)
	sized := false // a member behind offset 0 was seen
	for _, m := range members {
		if x.isStatic(m, sized) {
			c.leaveOut(what, m.Name)
		} else {
			placed = append(placed, m)
		}
		sized = sized || m.Offset > 0 && memberBits(m) > 0
	}
	return placed
}

// withoutFunctions leaves out member functions. Static members are gone: they would
// take the place of a member of type void at the start.
func (c *converter) withoutFunctions(what string, union bool, bytes uint32, members []btf.Member) (placed []btf.Member) {
	x := c.newClass(union, bytes, members)
	for _, m := range members {
		if x.isFunction(m) {
			c.leaveOut(what, m.Name)
		} else {
			placed = append(placed, m)
		}
	}
	return placed
}

// baseClasses gives base classes that BTF does not describe the bytes where no
// other member is. Those of no bytes are left out.
func (c *converter) baseClasses(what string, union bool, bytes uint32, members []btf.Member) []btf.Member {
	x := c.newClass(union, bytes, members)
	var own []btf.Member
	bases := 0
	for _, m := range members {
		if m.Name != "" || !isVoid(m.Type) {
			own = append(own, m)
		} else if n := x.spaceAt(m); n > 0 {
			bases++
			own = append(own, c.baseClass(what, m, bases, n))
		}
	}
	return own
}

// sayShared warns of members of a struct at its start of which nobody knows which one
// is there.
func (c *converter) sayShared(what string, members []btf.Member) {
	var names []string
	for _, m := range members {
		if m.Offset == 0 && memberBits(m) > 0 && m.Name != "" {
			names = append(names, m.Name)
		}
	}
	if len(names) > 1 {
		c.notes = append(c.notes, Diagnostic{
			Path: Path(what), What: fmt.Sprintf("members %s are at one place in the BTF: all but one are static members", strings.Join(names, ", ")),
			Remedy: leftOutRemedy,
		})
	}
}

// likeCXX is true if a member is of type void, before one that precedes it, or
// at the start behind another that is there, or in a class of no data, which has one
// byte.
func likeCXX(union bool, bytes uint32, members []btf.Member) bool {
	last := btf.Bits(0)
	sized := false
	for _, m := range members {
		if isVoid(m.Type) || !union && (m.Offset < last || sized && m.Offset == 0 && m.BitfieldSize == 0) {
			return true
		}
		if !union && bytes == 1 && m.Offset == 0 && memberBits(m) > 8 {
			return true
		}
		last = m.Offset
		sized = sized || memberBits(m) > 0
	}
	return false
}

func isVoid(t btf.Type) bool {
	_, void := t.(*btf.Void)
	return void
}

// memberBits is the size of a member, 0 where it has none.
func memberBits(m btf.Member) uint64 {
	if m.BitfieldSize > 0 {
		return uint64(m.BitfieldSize)
	}
	n, err := btf.Sizeof(m.Type)
	if err != nil {
		return 0
	}
	return 8 * uint64(n)
}

// class is a struct or union with what is known of the places in it, in bits.
type class struct {
	union bool
	bits  uint64
	// starts are the offsets of members that have a size, sorted, and ends how
	// far any of those up to there reaches.
	starts, ends []uint64
	// bases are the offsets of members without a name, sorted.
	bases []uint64
	// next is the first start behind 0, align its alignment; 0 for none.
	next, align uint64
	// reached is true if a member at offset 0 reaches to next, voidFirst if one of
	// type void is there.
	reached, voidFirst bool
}

func (c *converter) newClass(union bool, bytes uint32, members []btf.Member) *class {
	x := &class{union: union, bits: 8 * uint64(bytes)}
	sorted := slices.Clone(members)
	slices.SortStableFunc(sorted, func(a, b btf.Member) int { return compareUint(a.Offset, b.Offset) })
	for _, m := range sorted {
		start, size := uint64(m.Offset), memberBits(m)
		if m.Name == "" {
			x.bases = append(x.bases, start)
		}
		if size == 0 {
			continue
		}
		end := start + size
		if n := len(x.ends); n > 0 {
			end = max(end, x.ends[n-1])
		}
		x.starts, x.ends = append(x.starts, start), append(x.ends, end)
		if start > 0 && x.next == 0 {
			x.next, x.align = start, 8
			if m.BitfieldSize == 0 {
				x.align = 8 * uint64(max(1, c.alignOf(m.Type)))
			}
		}
	}
	for _, m := range members {
		x.reached = x.reached || m.Offset == 0 && x.reaches(m)
		x.voidFirst = x.voidFirst || m.Offset == 0 && m.Name != "" && isVoid(m.Type)
	}
	return x
}

// isFunction is true for a member of type void where none can be: outside of the
// struct, within another member, or behind the start of a union. An _Atomic
// member is of type void, too, and has a place of its own.
func (x *class) isFunction(m btf.Member) bool {
	if m.Name == "" || !isVoid(m.Type) {
		return false
	}
	at := uint64(m.Offset)
	if at == 0 || at >= x.bits || x.union {
		return at != 0
	}
	n, found := slices.BinarySearch(x.starts, at)
	return found || n > 0 && x.ends[n-1] > at
}

// isStatic is true for a member at offset 0 that is not the first of the struct:
// one behind that was there before, or one of type void, or another reaches to the next. Of several
// that do, or of none, nobody knows.
func (x *class) isStatic(m btf.Member, sized bool) bool {
	if x.union || m.Offset != 0 || m.BitfieldSize > 0 || memberBits(m) == 0 {
		return false
	}
	return sized || x.voidFirst || memberBits(m) > x.bits || x.reached && !x.reaches(m)
}

// reaches says whether the next member stands where it would behind this one,
// which is at offset 0.
func (x *class) reaches(m btf.Member) bool {
	end := memberBits(m)
	switch {
	case end == 0:
		return false
	case x.next == 0:
		return end <= x.bits
	}
	return (end+x.align-1)/x.align*x.align == x.next
}

// spaceAt is how many bytes there are from a member without a size to the next
// one, 0 where that has the same offset: an empty base class.
func (x *class) spaceAt(m btf.Member) uint32 {
	start, end := uint64(m.Offset), x.bits
	n, found := slices.BinarySearch(x.starts, start)
	if found {
		return 0
	}
	if n < len(x.starts) {
		end = min(end, x.starts[n])
	}
	if n, _ := slices.BinarySearch(x.bases, start+1); n < len(x.bases) {
		end = min(end, x.bases[n])
	}
	return uint32((max(end, start) - start) / 8)
}

// alignOf is the alignment of a type in bytes. What nests too deep has none.
func (c *converter) alignOf(t btf.Type) uint32 {
	if align, ok := c.aligns[t]; ok || c.depth > maxNesting {
		return max(1, align)
	}
	c.aligns[t] = 1 // what a cycle sees
	c.depth++
	align := c.alignOfNew(t)
	c.depth--
	c.aligns[t] = align
	return align
}

func (c *converter) alignOfNew(t btf.Type) uint32 {
	switch t := underlying(t).(type) {
	case *btf.Int:
		return t.Size
	case *btf.Float:
		return t.Size
	case *btf.Enum:
		return t.Size
	case *btf.Pointer:
		return 8
	case *btf.Array:
		return c.alignOf(t.Type)
	case *btf.Struct:
		return c.alignOfMembers(t.Members)
	case *btf.Union:
		return c.alignOfMembers(t.Members)
	}
	return 1
}

func (c *converter) alignOfMembers(members []btf.Member) uint32 {
	align := uint32(1)
	for _, m := range members {
		align = max(align, c.alignOf(m.Type))
	}
	return align
}

// baseClass stands for a class of which BTF has nothing but the place.
func (c *converter) baseClass(what string, m btf.Member, n int, bytes uint32) btf.Member {
	m.Name = "base_class"
	if n > 1 {
		m.Name = fmt.Sprintf("base_class_%d", n)
	}
	m.Type = &btf.Array{Type: &btf.Int{Name: "unsigned char", Size: 1}, Index: &btf.Int{Name: "int", Size: 4}, Nelems: bytes}
	c.notes = append(c.notes, Diagnostic{
		Path: Path(what).Join("field " + m.Name), What: fmt.Sprintf("is a base class that the BTF does not describe: it is %s", words.Bytes(bytes)),
		Remedy: "declare a variable of the base class, so that clang describes it, or make it a member",
	})
	return m
}

func (c *converter) leaveOut(what, member string) {
	c.notes = append(c.notes, Diagnostic{
		Path: Path(what).Join("field " + member), Kind: leftOut, Item: fmt.Sprintf("%s of %s", member, what),
		What: "is left out, since static members and member functions are no part of the data", Remedy: leftOutRemedy,
	})
}
