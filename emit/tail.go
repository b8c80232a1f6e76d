package emit

// Flexible arrays at the end of structs, wherever they nest.
//
// In C the array begins where it stands in the innermost struct, though the
// structs around may have bytes behind that: 4 of padding in
// { __u64 ts; struct { __u32 len; __u8 data[]; } h; }. These are the first of the
// array. So a struct that ends in one, at the end of another, has all bytes up to
// the end of the outermost in Go: it is a type of that place then. One of no
// bytes at all, at the very end, is no field; its array is a member of the outer
// struct, called after both.

import (
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
)

// isFlexible says whether the member is an array of no elements that have a size.
func (l *leaf) isFlexible() bool {
	t, ok := btfparse.Underlying(l.field.Type).(*btfparse.Array)
	if !ok || t.Len != 0 || l.off%8 != 0 || l.field.Bitfield {
		return false
	}
	elem := btfparse.Underlying(t.Elem)
	for {
		a, ok := elem.(*btfparse.Array)
		if !ok {
			return elem.Size() > 0
		}
		if a.Len == 0 {
			return false
		}
		elem = btfparse.Underlying(a.Elem)
	}
}

// ends says where the members of a struct end.
type ends struct {
	// last is the end of all, in the union of that (nil if that is none); others
	// is the end of those that are not in it.
	last, others uint64
	union        *span
}

func endsOf(leaves []*leaf) ends {
	var e ends
	for _, l := range leaves {
		if end := l.bytes().end; l.field.SizeBits > 0 && end > e.last {
			e.last, e.union = end, l.union
		}
	}
	for _, l := range leaves {
		if l.field.SizeBits > 0 && l.union != e.union {
			e.others = max(e.others, l.bytes().end)
		}
	}
	return e
}

// isLast says whether nothing but its own union stands behind the start of a
// member that has no bytes, or behind the end of one that has.
func (e ends) isLast(l *leaf) bool {
	if l.union != nil && l.union == e.union {
		return e.others <= l.bytes().end
	}
	return e.last <= l.bytes().end
}

// endsOpen says whether a struct or union ends in a flexible array.
func endsOpen(t *btfparse.Struct) bool { return len(openLeaves(flattened(t))) > 0 }

// openLeaves are the members that are flexible arrays at the end, or structs
// there that end in one.
func openLeaves(leaves []*leaf) []*leaf {
	var open []*leaf
	ends := endsOf(leaves)
	for _, l := range leaves {
		inner, ok := btfparse.Underlying(l.field.Type).(*btfparse.Struct)
		if (l.isFlexible() || ok && !l.field.Bitfield && l.off%8 == 0) && ends.isLast(l) && (!ok || endsOpen(inner)) {
			open = append(open, l)
		}
	}
	return open
}

// flattened are the members of a struct.
func flattened(t *btfparse.Struct) []*leaf {
	var leaves []*leaf
	flatten(t, 0, nil, nil, "", func(l *leaf) { leaves = append(leaves, l) })
	return leaves
}

// extendTails gives the structs at the end of one of size bytes that end in a
// flexible array the bytes behind them, and puts the array of one without bytes
// in its place. It warns of those that it can give none.
func extendTails(leaves []*leaf, size uint64, warn func(...btfparse.Diagnostic)) []*leaf {
	var extended []*leaf
	open := make(map[*leaf]bool)
	for _, l := range openLeaves(leaves) {
		open[l] = true
	}
	last := endsOf(leaves)
	for _, l := range leaves {
		inner, ok := btfparse.Underlying(l.field.Type).(*btfparse.Struct)
		if !ok || !open[l] {
			if d, lost := l.lostTail(size, last.isLast(l)); lost {
				warn(d)
			}
			extended = append(extended, l)
			continue
		}
		switch end := l.off/8 + uint64(inner.Bytes); {
		case end < size:
			l.extend(inner, uint32(size-end))
			extended = append(extended, l)
		case inner.Bytes == 0:
			extended = append(extended, extendTails(l.opened(inner), size, warn)...)
		default:
			extended = append(extended, l)
		}
	}
	return extended
}

// lostTail says of a struct that ends in a flexible array, or an array of such, that
// the array overlaps what C has behind it, which its method in Go does not know.
func (l *leaf) lostTail(size uint64, last bool) (btfparse.Diagnostic, bool) {
	elem, n := l.field.Type, uint32(1)
	for a, ok := btfparse.Underlying(elem).(*btfparse.Array); ok; a, ok = btfparse.Underlying(elem).(*btfparse.Array) {
		elem, n = a.Elem, n*a.Len
	}
	inner, ok := btfparse.Underlying(elem).(*btfparse.Struct)
	if ok && strings.HasPrefix(inner.Name, "bpf_lpm_trie_key") { // is made to stand in front of its data
		return btfparse.Diagnostic{}, false
	}
	if !ok || n == 0 || inner.Bytes == 0 || l.field.Bitfield || !endsOpen(inner) || last && n == 1 && l.bytes().end == size {
		return btfparse.Diagnostic{}, false
	}
	return btfparse.Diagnostic{
		Path: l.path, Kind: lostTails, Remedy: lostTails.Remedy, InC: lostTails.InC,
		What: "is a struct that ends in a flexible array, whose first bytes are in C what stands behind the member; its Tail method in Go reads what is behind the outermost struct",
	}, true
}

// lostTails is what is said of several.
var lostTails = &btfparse.Kind{
	What: "%d members are structs that end in a flexible array, whose first bytes are in C what stands behind the member; " +
		"their Tail methods in Go read what is behind the outermost struct",
	Remedy: "read the bytes of the whole record instead",
	InC:    "put the member at the end",
	Most:   10,
}

// extend gives the member so many bytes more. Its type is another one then,
// which has no name of its own and no tag that would give it one.
func (l *leaf) extend(t *btfparse.Struct, more uint32) {
	l.extends = l.field
	longer := *t
	longer.Name, longer.FromTypedef = "", false
	longer.Bytes += more
	longer.Tags = userTags(t.Tags)
	l.field.Type = &longer
	l.field.SizeBits = 8 * longer.Bytes
}

// opened are the members of a member of no bytes.
func (l *leaf) opened(t *btfparse.Struct) []*leaf {
	var inside []*leaf
	flatten(t, l.off, l.union, userTags(l.field.Tags), l.path, func(i *leaf) {
		i.field.Name = l.field.Name + "." + i.field.Name
		inside = append(inside, i)
	})
	return inside
}

// tailStart is the offset of the first flexible array that ends the struct, at
// which a record without elements ends; ok false if it has none.
func (v *variant) tailStart() (start uint64, ok bool) {
	ends := endsOf(v.leaves)
	for _, l := range v.leaves {
		at := l.off / 8
		if d := l.ref.decl; !l.flexible {
			inner, open := uint64(0), false
			if d != nil && len(l.ref.dims) == 0 && !l.field.Bitfield && ends.isLast(l) {
				inner, open = d.tailStart()
			}
			if !open {
				continue
			}
			at += inner
		}
		if !ok || at < start {
			start, ok = at, true
		}
	}
	return start, ok
}

// minSize is the size of a record without elements, where that is less than the size of
// the type: the flexible array begins in the padding at its end.
func (v *variant) minSize() (uint32, bool) {
	start, ok := v.tailStart()
	return uint32(start), ok && start < uint64(v.typ.Size())
}

// fieldName is the name of a member that stands for one inside of it, as Go
// takes it.
func fieldName(c string) string { return strings.ReplaceAll(c, ".", "_") }
