package inspecthtml

// This file finds an order of a struct's members in which it takes fewer bytes.
//
// BTF tells where members are, not why. So the order that is there is laid out
// by C's rules first: where that is not what BTF says, C has attributes (packed,
// aligned) that the rules know nothing of, and nothing is proposed.

import (
	"slices"

	"github.com/bpfgen/bpfgen/btfparse"
)

// Order is a proposal.
type Order struct {
	Bytes    uint64
	Declared []string
	// Saved bytes.
	Saved uint64
}

// block is a run of members that keep their distance: one, or bitfields with
// what they share a unit with.
type block struct {
	fields []btfparse.Field
	// start, size and align in bytes.
	start, size, align uint64
	last               bool
}

// Reorder proposes an order, nil where none is known to be better.
func Reorder(t *btfparse.Struct) *Order {
	if t.Union || len(t.Fields) < 2 {
		return nil
	}
	list, ok := blocks(t)
	if !ok || !laidOut(list, t) {
		return nil
	}
	slices.SortStableFunc(list, compareBlocks)
	size := layOut(list, nil)
	if size >= uint64(t.Bytes) {
		return nil
	}
	o := &Order{Bytes: size, Saved: uint64(t.Bytes) - size}
	for _, b := range list {
		for _, f := range b.fields {
			o.Declared = append(o.Declared, f.Declaration()+";")
		}
	}
	return o
}

// compareBlocks orders by alignment. Blocks that fill their alignment come before
// others of the same, so that what is smaller fits behind those.
func compareBlocks(a, b block) int {
	switch {
	case a.last != b.last:
		return boolCompare(a.last, b.last)
	case a.align != b.align:
		return int(b.align) - int(a.align)
	}
	return boolCompare(a.size%a.align != 0, b.size%b.align != 0)
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// blocks of a struct in the order of memory; false where it cannot be taken apart.
func blocks(t *btfparse.Struct) ([]block, bool) {
	var list []block
	for i, f := range t.Fields {
		align, ok := alignment(f.Type)
		if !ok {
			return nil, false
		}
		from, to := uint64(f.OffsetBits)/8, (uint64(f.OffsetBits)+uint64(f.SizeBits)+7)/8
		b := block{[]btfparse.Field{f}, from, to - from, align, f.SizeBits == 0}
		if b.last && i != len(t.Fields)-1 {
			return nil, false
		}
		for f.Bitfield && len(list) > 0 && (list[len(list)-1].hasBitfield() || b.start%b.align != 0) {
			b = join(list[len(list)-1], b)
			list = list[:len(list)-1]
		}
		if b.start%b.align != 0 {
			return nil, false
		}
		list = append(list, b)
	}
	// Bitfields that come together share a unit: their size would be another.
	return list, countFunc(list, block.hasBitfield) < 2
}

func countFunc[T any](list []T, is func(T) bool) (n int) {
	for _, e := range list {
		if is(e) {
			n++
		}
	}
	return n
}

func (b block) hasBitfield() bool {
	return slices.ContainsFunc(b.fields, func(f btfparse.Field) bool { return f.Bitfield })
}

func join(a, b block) block {
	end := max(a.start+a.size, b.start+b.size)
	return block{append(slices.Clone(a.fields), b.fields...), a.start, end - a.start, max(a.align, b.align), b.last}
}

// laidOut is true where C's rules put the blocks where they are.
func laidOut(list []block, t *btfparse.Struct) bool {
	same := true
	size := layOut(list, func(b block, at uint64) { same = same && b.start == at })
	return same && size == uint64(t.Bytes)
}

// layOut is the size of a struct of the blocks in that order.
func layOut(list []block, place func(b block, at uint64)) uint64 {
	at, whole := uint64(0), uint64(1)
	for _, b := range list {
		at = up(at, b.align)
		if place != nil {
			place(b, at)
		}
		at, whole = at+b.size, max(whole, b.align)
	}
	return up(at, whole)
}

func up(n, align uint64) uint64 { return (n + align - 1) / align * align }

// alignment that C gives a type without attributes, in bytes.
func alignment(t btfparse.Type) (uint64, bool) {
	switch t := btfparse.Innermost(t).(type) {
	case *btfparse.Struct:
		whole := uint64(1)
		for _, f := range t.Fields {
			a, ok := alignment(f.Type)
			if !ok || !f.Bitfield && uint64(f.OffsetBits)%(8*a) != 0 {
				return 0, false
			}
			whole = max(whole, a)
		}
		return whole, uint64(t.Bytes)%whole == 0
	case *btfparse.Opaque:
		return 0, false
	default:
		size := uint64(t.Size())
		return size, size > 0 && size&(size-1) == 0 && size <= 16
	}
}
