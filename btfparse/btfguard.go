package btfparse

// The BTF decoder of cilium/ebpf v0.22 is recursive: a type is decoded inside
// the call that decodes whatever refers to it, about 2 KiB of stack a level. A
// Go stack that reaches its limit (1 GB) ends the process and cannot be
// recovered from, so a file must not choose the depth. This file walks the raw
// BTF first, in the decoder's order and without recursion, and measures it.
//
// The layout of BTF is in Documentation/bpf/btf.rst of the kernel and in
// include/uapi/linux/btf.h.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

const (
	// maxObjectTypes bounds the BTF of an object that the library's loader
	// reads too, in an order of its own. Real objects have a few thousand
	// types, a whole kernel has 130,000.
	maxObjectTypes = 100_000
	// maxBTFDepth bounds the decoder's recursion. A vmlinux of Linux 6.18
	// takes 223 levels, because pahole sorts what refers behind what is referred to.
	maxBTFDepth = 50_000

	btfHeaderSize = 24
	btfTypeSize   = 12
)

// btfShape says how the data behind one kind's 12-byte header is laid out.
type btfShape struct {
	// fixed bytes, then each bytes per element (vlen).
	fixed, each int
	// refs are the offsets of type ids in the fixed part; eachRef is that in
	// an element, -1 for none.
	refs    []int
	eachRef int
	// self is true where the header's size_or_type field is a type id.
	self bool
}

// btfShapes is indexed by kind, BTF_KIND_INT (1) to BTF_KIND_ENUM64 (19).
var btfShapes = [...]btfShape{
	1:  {fixed: 4, eachRef: -1},                     // INT
	2:  {self: true, eachRef: -1},                   // PTR
	3:  {fixed: 12, refs: []int{4, 0}, eachRef: -1}, // ARRAY: type, index_type, nelems
	4:  {each: 12, eachRef: 4},                      // STRUCT
	5:  {each: 12, eachRef: 4},                      // UNION
	6:  {each: 8, eachRef: -1},                      // ENUM
	7:  {eachRef: -1},                               // FWD
	8:  {self: true, eachRef: -1},                   // TYPEDEF
	9:  {self: true, eachRef: -1},                   // VOLATILE
	10: {self: true, eachRef: -1},                   // CONST
	11: {self: true, eachRef: -1},                   // RESTRICT
	12: {self: true, eachRef: -1},                   // FUNC
	13: {self: true, each: 8, eachRef: 4},           // FUNC_PROTO
	14: {self: true, fixed: 4, eachRef: -1},         // VAR
	15: {each: 12, eachRef: 0},                      // DATASEC
	16: {eachRef: -1},                               // FLOAT
	17: {self: true, fixed: 4, eachRef: -1},         // DECL_TAG
	18: {self: true, eachRef: -1},                   // TYPE_TAG
	19: {each: 12, eachRef: -1},                     // ENUM64
}

// checkRawBTF finds BTF that would exhaust the stack or is cut short.
func checkRawBTF(raw []byte, maxTypes int) error {
	types, order, err := btfTypeSection(raw)
	if err != nil {
		return err
	}
	offsets, err := btfTypeOffsets(types, order, maxTypes)
	if err != nil {
		return err
	}
	g := btfGraph{types, order, offsets}
	if err := g.dangling(); err != nil {
		return err
	}
	if depth := g.depth(); depth > maxBTFDepth {
		return fmt.Errorf("malformed BTF: types refer to each other more than %d levels deep", maxBTFDepth)
	}
	return nil
}

// btfTypeSection reads struct btf_header and cuts out the types.
func btfTypeSection(raw []byte) ([]byte, binary.ByteOrder, error) {
	if !isBTFMagic(raw) {
		return nil, nil, errors.New("malformed BTF: wrong magic")
	}
	if len(raw) < btfHeaderSize {
		return nil, nil, errors.New("truncated BTF")
	}
	order := btfByteOrder(raw)
	header := uint64(order.Uint32(raw[4:]))
	start := header + uint64(order.Uint32(raw[8:]))
	end := start + uint64(order.Uint32(raw[12:]))
	strs := header + uint64(order.Uint32(raw[16:])) + uint64(order.Uint32(raw[20:]))
	if end > uint64(len(raw)) || strs > uint64(len(raw)) {
		return nil, nil, errors.New("truncated BTF")
	}
	return raw[start:end], order, nil
}

// btfTypeOffsets is where each type starts; type id 1 is at index 0.
func btfTypeOffsets(types []byte, order binary.ByteOrder, limit int) ([]int, error) {
	var offsets []int
	for at := 0; at < len(types); {
		if len(offsets) >= limit {
			return nil, fmt.Errorf("more than %d BTF types", limit)
		}
		if len(types)-at < btfTypeSize {
			return nil, errors.New("truncated BTF")
		}
		kind, vlen := btfInfo(types[at:], order)
		if kind < 1 || kind >= len(btfShapes) {
			return nil, fmt.Errorf("BTF type %d is of kind %d, which is newer than this version of bpfgen or damaged", len(offsets)+1, kind)
		}
		offsets = append(offsets, at)
		at += btfTypeSize + btfShapes[kind].fixed + btfShapes[kind].each*vlen
		if at > len(types) {
			return nil, errors.New("truncated BTF")
		}
	}
	return offsets, nil
}

// btfInfo splits the info field of struct btf_type.
func btfInfo(t []byte, order binary.ByteOrder) (kind, vlen int) {
	info := order.Uint32(t[4:])
	return int(info >> 24 & 0x1f), int(info & 0xffff)
}

// btfGraph is the raw types as a graph of references.
type btfGraph struct {
	types   []byte
	order   binary.ByteOrder
	offsets []int
}

// dangling finds a reference to a type that is not there. The decoder's
// Spec.All would take it for the end of the types.
func (g btfGraph) dangling() error {
	var refs []int
	for i := range g.offsets {
		refs = g.refs(i, refs[:0])
		for _, ref := range refs {
			if ref < 0 || ref >= len(g.offsets) { // below 0 where int has 32 bits
				return fmt.Errorf("malformed BTF: type %d refers to type %d of %d; the BTF of a kernel module needs that of its kernel", i+1, ref+1, len(g.offsets))
			}
		}
	}
	return nil
}

// refs of one type, by index into offsets (type id - 1), in the order in which
// the decoder follows them. void is left out.
func (g btfGraph) refs(index int, into []int) []int {
	t := g.types[g.offsets[index]:]
	kind, vlen := btfInfo(t, g.order)
	shape := btfShapes[kind]
	add := func(b []byte) {
		if id := g.order.Uint32(b); id > 0 {
			into = append(into, int(id)-1)
		}
	}
	body := t[btfTypeSize:]
	for _, ref := range shape.refs {
		add(body[ref:])
	}
	for i := 0; shape.eachRef >= 0 && i < vlen; i++ {
		add(body[shape.fixed+i*shape.each+shape.eachRef:])
	}
	if shape.self {
		add(t[8:])
	}
	return into
}

// depth of the recursion that decoding all types in order takes: a depth-first
// walk with an explicit stack of the references still to follow.
func (g btfGraph) depth() int {
	const leave = -1
	var stack []int
	deepest, level := 0, 0
	visited := make([]bool, len(g.offsets))
	for root := range g.offsets {
		stack = append(stack, root)
		for len(stack) > 0 {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if at == leave {
				level--
				continue
			}
			if visited[at] {
				continue
			}
			visited[at] = true
			level++
			deepest = max(deepest, level)
			stack = append(stack, leave)
			first := len(stack)
			stack = g.refs(at, stack)
			slices.Reverse(stack[first:])
		}
	}
	return deepest
}
