package layout

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Class is what kind of difference a [Diff] is.
type Class int

const (
	// Moved is another size, place, width or array shape.
	Moved Class = iota
	// Retyped is another category: an integer, a float, a pointer, a struct or
	// a special type of the kernel where there was another of them.
	Retyped
	// Meaning is another sign or byte order, or another of bool, enum and integer.
	Meaning
	// Tagged is a Meaning that only a decl tag gives, which BTF for old kernels
	// has not.
	Tagged
	// Renamed is another name for what is at one place and of one width.
	Renamed
	// Removed is a field in whose place there is padding now, or a reserved field.
	Removed
	// Added is a field in what was padding.
	Added
	// Reserved is a change of padding that has a name: renamed, cut, put to use.
	Reserved
	// Revalued is another value of an enumerator.
	Revalued
	// Enumerator is one that is there on one side only.
	Enumerator
	// Unknown is a place where one side cannot say what it is.
	Unknown
)

var classNames = [...]string{
	Moved: "moved", Retyped: "retyped", Meaning: "meaning", Tagged: "tagged", Renamed: "renamed", Removed: "removed", Added: "added",
	Reserved: "reserved", Revalued: "revalued", Enumerator: "enumerator", Unknown: "unknown",
}

func (c Class) String() string { return classNames[c] }

// Diff is one difference between two layouts.
type Diff struct {
	// Path in C from the root down: "struct flow_stats > field verdict"; "" for
	// the root itself.
	Path  string
	Class Class
	// Property that differs: "place", "width", "sign", …
	Property string
	// Old and New are its values. New also names the struct in which it is where
	// that has another name than in Path.
	Old, New string
}

// String is one line.
func (d Diff) String() string {
	return strings.TrimPrefix(fmt.Sprintf("%s: %s was %s, is %s", d.Path, d.Property, d.Old, d.New), ": ")
}

// MaxDiffs is the most that [Compare] returns.
const MaxDiffs = 1000

// Compare finds what has changed from an old layout to a new one. Two structs
// are compared once, where they are first met. A struct of which no field has a
// name is [Unknown].
func Compare(old, new Layout) []Diff {
	c := comparer{seen: make(map[[2]*node]bool)}
	c.elems("", old.root, new.root)
	return c.diffs
}

// maxPairs bounds the pairs of types that are compared.
const maxPairs = 1 << 16

type comparer struct {
	diffs []Diff
	seen  map[[2]*node]bool
	full  bool
}

func (c *comparer) add(path string, class Class, property, old, new string) {
	if len(c.diffs) < MaxDiffs {
		c.diffs = append(c.diffs, Diff{path, class, property, old, new})
	}
}

// visit remembers a pair. Beyond maxPairs, which only made-up BTF has, what is
// left is unknown.
func (c *comparer) visit(path string, pair [2]*node) bool {
	switch {
	case c.full || len(c.diffs) == MaxDiffs:
		return false
	case len(c.seen) == maxPairs:
		c.full = true
		c.add(path, Unknown, "type", pair[0].label(), "too large to compare")
		return false
	}
	c.seen[pair] = true
	return true
}

// join adds a step to a path.
func join(path, step string) string {
	if path == "" {
		return step
	}
	return path + " > " + step
}

// elems compares two types at one place.
func (c *comparer) elems(path string, old, new elem) {
	switch {
	case old.cat == void || new.cat == void:
		if old.cat != new.cat {
			c.add(path, Unknown, "type", old.String(), new.String())
		}
	case old.shape() != new.shape():
		c.add(path, Moved, "type", old.String(), new.String())
	case sanitised(old, new) || sanitised(new, old):
		c.add(path, Unknown, "type", old.String(), new.String())
	case old.bits != new.bits && (old.cat != aggregate || new.cat != aggregate):
		c.add(path, Moved, "type", old.String(), new.String())
	default:
		c.categories(path, old, new)
	}
}

// categories compares two types of one shape and width; structs may have two sizes.
func (c *comparer) categories(path string, old, new elem) {
	switch {
	case old.cat == new.cat && old.cat == aggregate:
		c.aggregates(path, old.of, new.of)
	case old.cat == new.cat && old.cat == enum:
		c.enums(join(path, old.of.label()), old.of, new.of)
	case old.cat == new.cat && old.name == new.name:
		c.tags(path, old, new)
	case old.isInteger() && new.isInteger() && (old.tagged || new.tagged):
		c.add(path, Tagged, "type", old.String(), new.String())
	case old.isInteger() && new.isInteger():
		c.add(path, Meaning, "type", old.String(), new.String())
	default:
		c.add(path, Retyped, "type", old.String(), new.String())
	}
}

// tags compares what the kernel makes of a pointer or special type. One that has
// no tag may have lost it.
func (c *comparer) tags(path string, old, new elem) {
	switch {
	case old.tag == new.tag:
	case old.tag == "" || new.tag == "":
		c.add(path, Unknown, "type", old.String(), new.String())
	default:
		c.add(path, Retyped, "type", old.String(), new.String())
	}
}

// isInteger is true for what an integer of C can be without being another type
// of the machine.
func (e elem) isInteger() bool {
	switch e.cat {
	case integer, signed, boolean, enum, bigEndian, littleEndian:
		return true
	default:
		return false
	}
}

// shape is the dimensions of the arrays.
func (e elem) shape() string {
	var s strings.Builder
	for _, d := range e.dims {
		fmt.Fprintf(&s, "[%d]", d)
	}
	return s.String()
}

// sanitised says whether e is what a library makes of the type old where the
// kernel does not know that kind of BTF: bpf_object__sanitize_btf of libbpf,
// btf/marshal.go of cilium/ebpf. An ENUM64 becomes a union with a member for
// each enumerator, a FLOAT a struct without members.
func sanitised(old, e elem) bool {
	if e.cat != aggregate || e.bits != old.bits {
		return false
	}
	switch {
	case len(e.of.fields) == 0:
		return e.bits > 0 && (old.cat != aggregate || len(old.of.fields) > 0)
	case old.cat != enum:
		return false
	}
	names := make(map[string]bool)
	for _, v := range old.of.values {
		names[v.name] = true
	}
	for _, f := range e.of.fields {
		if f.off != 0 || !f.isInteger() || !names[f.name] {
			return false
		}
	}
	return true
}

// aggregates compares two structs or unions.
func (c *comparer) aggregates(path string, old, new *node) {
	pair := [2]*node{old, new}
	if old.hash == new.hash || c.seen[pair] {
		return
	}
	path = join(path, old.label())
	if !c.visit(path, pair) {
		return
	}
	if old.size != new.size {
		c.add(path, Moved, "size", byteCount(uint64(old.size)), byteCount(uint64(new.size))+of(new, old))
	}
	if len(old.fields) > 0 && len(new.fields) == 0 && new.size > 0 || len(new.fields) > 0 && len(old.fields) == 0 && old.size > 0 {
		c.add(path, Unknown, "fields", old.fieldNames(), new.fieldNames())
		return
	}
	m := match(old, new)
	for _, p := range m.pairs {
		c.fields(join(path, "field "+p.old.name), p, old, new)
	}
	for _, f := range m.added {
		c.added(path, f, m)
	}
}

// of names the new type where that is not the old one's name.
func of(new, old *node) string {
	if new.label() == old.label() {
		return ""
	}
	return " of " + new.label()
}

func (n *node) fieldNames() string {
	names := make([]string, 0, len(n.fields))
	for _, f := range n.fields {
		names = append(names, f.name)
	}
	if len(names) == 0 {
		return "no field with a name"
	}
	return strings.Join(names, ", ")
}

// fields compares a field with what has its name, or else its place.
func (c *comparer) fields(path string, p pairing, old, new *node) {
	was, is := p.old, p.new
	switch {
	case is == nil && isReserved(was.name):
		c.add(path, Reserved, "place", was.at(), "padding or other fields"+of(new, old))
	case is == nil && len(p.over) > 0:
		c.add(path, Retyped, "place", was.at(), fmt.Sprintf("that of %s%s", p.overNames(), of(new, old)))
	case is == nil:
		c.add(path, Removed, "place", was.at(), "nowhere"+of(new, old))
	case isReserved(was.name) && (was.off != is.off || !was.sameStorage(*is)):
		c.add(path, Reserved, "place", was.at(), is.at()+of(new, old))
	case was.name == is.name:
		if was.off != is.off {
			c.add(path, Moved, "place", was.at(), is.at()+of(new, old))
		}
		c.elems(path, was.elem, is.elem)
	case isReserved(was.name):
		c.add(path, Reserved, "name", was.name, is.name+of(new, old))
	case isReserved(is.name):
		c.add(path, Removed, "name", was.name, is.name+of(new, old))
	default:
		c.add(path, Renamed, "name", was.name+" at "+was.at(), is.name+" at "+is.at()+of(new, old))
		c.elems(path, was.elem, is.elem)
	}
}

// added is a field of which the old struct has nothing.
func (c *comparer) added(path string, f *field, m matching) {
	path = join(path, "field "+f.name)
	switch {
	case f.overlapsAny(m.replaced): // of which that has been said
	case isReserved(f.name) || f.overlapsAny(m.reserved):
		c.add(path, Reserved, "place", "padding or reserved", f.at())
	default:
		c.add(path, Added, "place", "nowhere", f.at())
	}
}

// at says where a field is and how wide.
func (f field) at() string {
	if f.off%8 == 0 && f.totalBits()%8 == 0 {
		return fmt.Sprintf("byte %d", f.off/8)
	}
	return fmt.Sprintf("bit %d of byte %d, %d bits wide", f.off%8, f.off/8, f.totalBits())
}

// sameStorage says whether two fields have one width, shape and category.
func (f field) sameStorage(o field) bool {
	return f.bits == o.bits && f.shape() == o.shape() && f.cat == o.cat
}

func byteCount(n uint64) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// String is how C or people would say it: "u32", "[4]struct in_addr".
func (e elem) String() string {
	switch {
	case e.cat == special:
		return e.shape() + "struct " + e.name + suffix(e.tag)
	case e.of == nil:
		var p printer
		p.word(e)
		return string(p.line)
	}
	text := e.shape() + e.of.label()
	if e.bits != 8*uint64(e.of.size) {
		text += fmt.Sprintf(" of %d bits", e.bits)
	}
	return text + fmt.Sprintf(" (%s)", byteCount(uint64(e.of.size)))
}

func suffix(tag string) string {
	if tag == "" {
		return ""
	}
	return " " + tag
}

// pairing is a field of the old struct and what it is in the new one.
type pairing struct {
	old, new *field
	// over are the new fields that have its bytes, where new is nil.
	over []*field
}

func (p pairing) overNames() string {
	names := make([]string, len(p.over))
	for i, f := range p.over {
		names[i] = fmt.Sprintf("%s (%s at %s)", f.name, f.elem, f.at())
	}
	return strings.Join(names, " and ")
}

// matching says which fields of two structs are each other's.
type matching struct {
	pairs []pairing
	// added are the new fields that are no old one's, at most MaxDiffs.
	added []*field
	// reserved are the old fields that mean nothing, and replaced those that are
	// gone and whose bytes others have, at most MaxDiffs each.
	reserved, replaced []*field
}

// match pairs fields by name, then what is left by place and width.
func match(old, new *node) matching {
	byName := make(map[string][]*field, len(new.fields))
	for i := range new.fields {
		f := &new.fields[i]
		byName[f.name] = append(byName[f.name], f)
	}
	m := matching{pairs: make([]pairing, len(old.fields))}
	taken := make(map[*field]bool, len(new.fields))
	for i := range old.fields {
		f := &old.fields[i]
		m.pairs[i].old = f
		if same := byName[f.name]; len(same) > 0 { // C has one of each name
			m.pairs[i].new, byName[f.name] = same[0], same[1:]
			taken[same[0]] = true
		}
	}
	m.pairByPlace(new, taken)
	for i := range new.fields {
		if f := &new.fields[i]; !taken[f] && len(m.added) < MaxDiffs {
			m.added = append(m.added, f)
		}
	}
	m.findReplaced()
	return m
}

// pairByPlace pairs the fields that names leave alone.
func (m *matching) pairByPlace(new *node, taken map[*field]bool) {
	type storage struct{ off, bits uint64 }
	byPlace := make(map[storage]*field)
	for i := len(new.fields) - 1; i >= 0; i-- {
		if f := &new.fields[i]; !taken[f] {
			byPlace[storage{f.off, f.totalBits()}] = f
		}
	}
	for i := range m.pairs {
		p := &m.pairs[i]
		at := storage{p.old.off, p.old.totalBits()}
		if f := byPlace[at]; p.new == nil && f != nil {
			p.new, taken[f] = f, true
			delete(byPlace, at)
		}
	}
}

// findReplaced finds the added fields that lie over fields that are gone. Of
// these no more are looked at than there can be messages.
func (m *matching) findReplaced() {
	gone := 0
	for i := range m.pairs {
		p := &m.pairs[i]
		reserved := isReserved(p.old.name)
		if reserved && len(m.reserved) < MaxDiffs {
			m.reserved = append(m.reserved, p.old)
		}
		if p.new != nil || reserved || gone == MaxDiffs {
			continue
		}
		gone++
		for _, f := range m.added {
			if f.overlaps(p.old) && !isReserved(f.name) && len(p.over) < maxOver {
				p.over = append(p.over, f)
			}
		}
		if len(p.over) > 0 {
			m.replaced = append(m.replaced, p.old)
		}
	}
}

// maxOver bounds how many fields a message names.
const maxOver = 4

func (f *field) overlaps(o *field) bool { return f.off < o.end() && o.off < f.end() }

// overlapsAny says whether the field has a bit of one of the others.
func (f *field) overlapsAny(others []*field) bool {
	return slices.ContainsFunc(others, f.overlaps)
}

// enums compares the enumerators.
func (c *comparer) enums(path string, old, new *node) {
	pair := [2]*node{old, new}
	if old.hash == new.hash || c.seen[pair] || !c.visit(path, pair) {
		return
	}
	if len(old.values) == 0 || len(new.values) == 0 {
		c.add(path, Unknown, "enumerators", fmt.Sprint(len(old.values)), fmt.Sprint(len(new.values)))
		return
	}
	left := make(map[string]value, len(new.values))
	for _, v := range new.values {
		left[v.name] = v
	}
	truncated := old.truncated() != new.truncated()
	var gone []value
	for _, v := range old.values {
		now, ok := left[v.name]
		delete(left, v.name)
		switch was, is := old.signedValue(v.value), new.signedValue(now.value); {
		case !ok:
			gone = append(gone, v)
		case was == is:
		case truncated && uint32(was) == uint32(is):
			c.add(join(path, v.name), Unknown, "value", fmt.Sprint(was), fmt.Sprint(is))
		default:
			c.add(join(path, v.name), Revalued, "value", fmt.Sprint(was), fmt.Sprint(is))
		}
	}
	c.otherValues(path, gone, left, old, new)
}

// truncated says whether an enum of 8 bytes may have lost the upper half of its
// values: clang before 15 has no BTF for more.
func (n *node) truncated() bool {
	for _, v := range n.values {
		if v.value > math.MaxUint32 {
			return false
		}
	}
	return n.size == 8
}

// otherValues compares the enumerators that only one side has: of one value,
// they are renamed.
func (c *comparer) otherValues(path string, gone []value, left map[string]value, old, new *node) {
	names := make(map[int64]string)
	for _, v := range new.values {
		if _, ok := left[v.name]; ok {
			names[new.signedValue(v.value)] = v.name
		}
	}
	for _, v := range gone {
		n := old.signedValue(v.value)
		if name, ok := names[n]; ok {
			c.add(join(path, v.name), Renamed, "name", v.name, name)
			delete(left, name)
			delete(names, n)
			continue
		}
		c.add(join(path, v.name), Enumerator, "value", fmt.Sprint(n), "none")
	}
	for _, v := range new.values {
		if _, ok := left[v.name]; ok {
			c.add(join(path, v.name), Enumerator, "value", "none", fmt.Sprint(new.signedValue(v.value)))
		}
	}
}
