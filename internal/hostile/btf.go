package hostile

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
	"math"
	"slices"
)

const (
	// MaxObjectTypes bounds the BTF of an object, which the library's loader
	// reads too, in an order of its own. Real objects have a few thousand
	// types, a whole kernel has 130,000.
	MaxObjectTypes = 100_000
	// MaxBTFDepth bounds the decoder's recursion. A vmlinux of Linux 6.18
	// takes 223 levels, because pahole sorts what refers behind what is referred to.
	MaxBTFDepth = 50_000
	// unlimited is any number of types: as many as fit into the file.
	unlimited = math.MaxInt

	btfMagic      = 0xeb9f
	btfEnum       = 6
	btfDatasec    = 15
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

// btfTypes is raw BTF: a graph of references between types, and their names.
type btfTypes struct {
	types   []byte
	strings []byte
	order   binary.ByteOrder
	// offsets is where each type starts; type id 1 is at index 0.
	offsets []int
	// names is how many names are used, of types and of what is in them.
	names int
	// longest is the length of the longest string.
	longest int
}

// CheckBTF finds BTF that would exhaust the stack or the memory of the decoder,
// or that is cut short. It takes the BTF of a kernel.
func CheckBTF(raw []byte) error {
	_, err := checkedBTF(raw)
	return err
}

func checkedBTF(raw []byte) (*btfTypes, error) {
	if len(raw) > MaxBTFBytes {
		return nil, fmt.Errorf("more than %d MiB of BTF", MaxBTFBytes>>20)
	}
	return readBTF(raw, unlimited)
}

func readBTF(raw []byte, maxTypes int) (*btfTypes, error) {
	g, err := splitBTF(raw)
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{func() error { return g.index(maxTypes) }, g.dangling, g.deep, g.checkNames} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// splitBTF reads struct btf_header and cuts out types and strings.
func splitBTF(raw []byte) (*btfTypes, error) {
	if len(raw) < btfHeaderSize {
		return nil, errors.New("truncated BTF")
	}
	g := &btfTypes{order: binary.ByteOrder(binary.LittleEndian)}
	if g.order.Uint16(raw) != btfMagic {
		g.order = binary.BigEndian
	}
	if g.order.Uint16(raw) != btfMagic {
		return nil, errors.New("malformed BTF: wrong magic")
	}
	field := func(offset int) uint64 { return uint64(g.order.Uint32(raw[offset:])) }
	var ok bool
	if g.types, ok = cut(raw, field(4)+field(8), field(12)); !ok {
		return nil, errors.New("truncated BTF")
	}
	if g.strings, ok = cut(raw, field(4)+field(16), field(20)); !ok {
		return nil, errors.New("truncated BTF")
	}
	g.longest = longest(g.strings)
	return g, nil
}

// cut is part of b, if b has it.
func cut(b []byte, start, size uint64) ([]byte, bool) {
	if end := start + size; start <= end && end <= uint64(len(b)) {
		return b[start:end], true
	}
	return nil, false
}

// index finds where each type starts.
func (g *btfTypes) index(limit int) error {
	g.offsets = make([]int, 0, len(g.types)/24) // about as many as clang writes
	for at := 0; at < len(g.types); {
		if len(g.offsets) >= limit {
			return fmt.Errorf("more than %d BTF types", limit)
		}
		if len(g.types)-at < btfTypeSize {
			return errors.New("truncated BTF")
		}
		kind, vlen := g.info(g.types[at:])
		if kind < 1 || kind >= len(btfShapes) {
			return fmt.Errorf("BTF type %d is of kind %d, which is newer than this version of bpfgen or damaged", len(g.offsets)+1, kind)
		}
		g.offsets = append(g.offsets, at)
		g.names += 1 + vlen
		at += btfTypeSize + btfShapes[kind].fixed + btfShapes[kind].each*vlen
		if at > len(g.types) {
			return errors.New("truncated BTF")
		}
	}
	return nil
}

// info splits the info field of struct btf_type.
func (g *btfTypes) info(t []byte) (kind, vlen int) {
	info := g.order.Uint32(t[4:])
	return int(info >> 24 & 0x1f), int(info & 0xffff)
}

// dangling finds a reference to a type that is not there. The decoder's
// Spec.All would take it for the end of the types.
func (g *btfTypes) dangling() error {
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
func (g *btfTypes) refs(index int, into []int) []int {
	t := g.at(index)
	kind, vlen := g.info(t)
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

// deep finds types that refer to each other through too many others. A depth
// takes as many types.
func (g *btfTypes) deep() error {
	if len(g.offsets) > MaxBTFDepth && g.depth() > MaxBTFDepth {
		return fmt.Errorf("malformed BTF: types refer to each other more than %d levels deep", MaxBTFDepth)
	}
	return nil
}

// depth of the recursion that decoding all types in order takes: a depth-first
// walk with an explicit stack of the references still to follow.
func (g *btfTypes) depth() int {
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

// checkNames refuses names that do not fit into memory.
func (g *btfTypes) checkNames() error {
	return checkNames("BTF types", g.strings, g.longest, g.names, g.eachName)
}

// eachName ranges over the names of types, members, enumerators and parameters.
func (g *btfTypes) eachName(yield func(uint32) bool) {
	for i := range g.offsets {
		t := g.at(i)
		if !yield(g.order.Uint32(t)) {
			return
		}
		kind, vlen := g.info(t)
		shape := btfShapes[kind]
		if kind == btfDatasec { // whose elements have no names
			continue
		}
		for j := range vlen {
			if shape.each > 0 && !yield(g.order.Uint32(t[btfTypeSize+shape.fixed+j*shape.each:])) {
				return
			}
		}
	}
}

// HalvedEnums are the type ids of the enums of 8 bytes of which raw BTF has the lower
// 4 of each value: BTF_KIND_ENUM and not BTF_KIND_ENUM64. clang before 15 writes it,
// and later ones where C names the type behind the colon by a typedef (enum e :
// __u64). The error is CheckBTF's.
func HalvedEnums(raw []byte) ([]uint32, error) {
	g, err := checkedBTF(raw)
	if err != nil {
		return nil, err
	}
	return g.halvedEnums(), nil
}

// HalvedEnums are those of the object, see the function of that name.
func (o *Object) HalvedEnums() []uint32 {
	if o.btf == nil {
		return nil
	}
	return o.btf.halvedEnums()
}

func (g *btfTypes) halvedEnums() []uint32 {
	var ids []uint32
	for i := range g.offsets {
		t := g.at(i)
		if kind, _ := g.info(t); kind == btfEnum && g.order.Uint32(t[8:]) == 8 {
			ids = append(ids, uint32(i)+1)
		}
	}
	return ids
}

// at is a type in BTF, by index, and what is behind it.
func (g *btfTypes) at(index int) []byte { return g.types[g.offsets[index]:] }

// size of a type in BTF.
func (g *btfTypes) size(index int) int {
	kind, vlen := g.info(g.at(index))
	return btfTypeSize + btfShapes[kind].fixed + btfShapes[kind].each*vlen
}

// name of a type.
func (g *btfTypes) name(index int) string { return string(g.nameBytes(g.order.Uint32(g.at(index)))) }

// nameBytes is a string of the table.
func (g *btfTypes) nameBytes(offset uint32) []byte {
	n := nameLength(g.strings, offset)
	if n == 0 {
		return nil
	}
	return g.strings[offset : int(offset)+n]
}
