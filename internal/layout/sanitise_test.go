package layout

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// stripping says what a library takes out of BTF for an old kernel, or what is
// lost on the way.
type stripping struct {
	enum64, enumSign, floats, declTags, typeTags, names bool
}

// BTF kinds of include/uapi/linux/btf.h.
const (
	kindInt     = 1
	kindStruct  = 4
	kindUnion   = 5
	kindEnum    = 6
	kindConst   = 10
	kindFloat   = 16
	kindDeclTag = 17
	kindTypeTag = 18
	kindEnum64  = 19
)

// elementSizes are the bytes of what follows the header of a type: of a fixed
// part, and of each element.
var elementSizes = map[uint32][2]int{
	kindInt: {4, 0}, 3: {12, 0}, kindStruct: {0, 12}, kindUnion: {0, 12}, kindEnum: {0, 8},
	13: {0, 8}, 14: {4, 0}, 15: {0, 12}, kindDeclTag: {4, 0}, kindEnum64: {0, 12},
}

// sanitise does to raw BTF what bpf_object__sanitize_btf of libbpf does
// (src/libbpf.c), and with names more.
func sanitise(t *testing.T, raw []byte, s stripping) *btf.Spec {
	t.Helper()
	raw = bytes.Clone(raw)
	order := binary.ByteOrder(binary.LittleEndian)
	header := int(order.Uint32(raw[4:]))
	start := header + int(order.Uint32(raw[8:]))
	end := start + int(order.Uint32(raw[12:]))
	// The placeholder comes last, and everything behind it moves.
	count := uint32(0)
	for at := start; at < end; count++ {
		kind, n := typeInfo(order, raw[at:])
		at += 12 + elementSizes[kind][0] + elementSizes[kind][1]*n
	}
	placeholder := count + 1
	for at := start; at < end; {
		kind, n := typeInfo(order, raw[at:])
		s.one(order, raw[at:], kind, n, placeholder)
		at += 12 + elementSizes[kind][0] + elementSizes[kind][1]*n
	}
	// enum64_placeholder: an unsigned INT of one byte.
	extra := make([]byte, 16)
	order.PutUint32(extra[4:], kindInt<<24)
	order.PutUint32(extra[8:], 1)
	order.PutUint32(extra[12:], 8)
	out := append(bytes.Clone(raw[:end]), extra...)
	out = append(out, raw[end:]...)
	order.PutUint32(out[12:], order.Uint32(out[12:])+16)
	order.PutUint32(out[16:], order.Uint32(out[16:])+16)
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func typeInfo(order binary.ByteOrder, b []byte) (kind uint32, n int) {
	info := order.Uint32(b[4:])
	return info >> 24 & 0x1f, int(info & 0xffff)
}

func (s stripping) one(order binary.ByteOrder, b []byte, kind uint32, n int, placeholder uint32) {
	info := func(kind, n uint32) { order.PutUint32(b[4:], kind<<24|n) }
	switch {
	case kind == kindFloat && s.floats:
		order.PutUint32(b, 0)
		info(kindStruct, 0)
	case kind == kindDeclTag && s.declTags:
		order.PutUint32(b, 0)
		info(kindInt, 0)
		order.PutUint32(b[8:], 1)
		order.PutUint32(b[12:], 8)
	case kind == kindTypeTag && s.typeTags:
		order.PutUint32(b, 0)
		info(kindConst, 0)
	case kind == kindEnum && s.enumSign:
		info(kindEnum, uint32(n))
	case kind == kindEnum64 && s.enum64:
		info(kindUnion, uint32(n))
		for i := range n {
			order.PutUint32(b[12+12*i+4:], placeholder)
			order.PutUint32(b[12+12*i+8:], 0)
		}
	case (kind == kindStruct || kind == kindUnion) && s.names:
		for i := range n {
			order.PutUint32(b[12+12*i:], 0)
		}
	}
}
