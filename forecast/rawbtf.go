package forecast

// This file answers questions about a kernel from the bytes of its BTF, in one
// walk and without decoding: whether it has an enumerator, a member of a struct,
// a function. Decoding one struct of the kernel would decode most of the others.

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// fact is a thing that a kernel's BTF has or lacks.
type fact struct {
	kind factKind
	// name of the enumerator, function or type; member is that of the struct name.
	name, member string
}

type factKind int

const (
	isEnumerator factKind = iota + 1
	isMember
	isFunction
)

func enumerator(name string) fact     { return fact{isEnumerator, name, ""} }
func member(structure, m string) fact { return fact{isMember, structure, m} }
func kernelFunc(name string) fact     { return fact{isFunction, name, ""} }

// Kinds of BTF, include/uapi/linux/btf.h.
const (
	kindInt = iota + 1
	kindPtr
	kindArray
	kindStruct
	kindUnion
	kindEnum
	kindFwd
	kindTypedef
	kindVolatile
	kindConst
	kindRestrict
	kindFunc
	kindFuncProto
	kindVar
	kindDatasec
	kindFloat
	kindDeclTag
	kindTypeTag
	kindEnum64
)

// kindBytes are the bytes behind the 12 of struct btf_type: some, and some for
// each element.
var kindBytes = [...]struct{ fixed, each int }{
	kindInt: {4, 0}, kindArray: {12, 0}, kindStruct: {0, 12}, kindUnion: {0, 12}, kindEnum: {0, 8},
	kindFuncProto: {0, 8}, kindVar: {4, 0}, kindDatasec: {0, 12}, kindDeclTag: {4, 0}, kindEnum64: {0, 12},
}

var errMalformed = errors.New("malformed BTF")

// facts finds those of the wanted facts that the BTF has.
func facts(raw []byte, order binary.ByteOrder, wanted []fact) (map[fact]bool, error) {
	types, strings, err := btfParts(raw, order)
	if err != nil {
		return nil, err
	}
	w := newWantedFacts(strings, wanted)
	const header = 12
	for len(types) >= header {
		info := order.Uint32(types[4:])
		kind, vlen := int(info>>24&0x1f), int(info&0xffff)
		if kind >= len(kindBytes) {
			return nil, errMalformed
		}
		shape := kindBytes[kind]
		size := header + shape.fixed + shape.each*vlen
		if size > len(types) {
			return nil, errMalformed
		}
		w.look(kind, order.Uint32(types), types[header:size], shape.each, order)
		types = types[size:]
	}
	return w.found, nil
}

// btfParts cuts out types and strings.
func btfParts(raw []byte, order binary.ByteOrder) (types, strings []byte, err error) {
	const header = 24
	if len(raw) < header {
		return nil, nil, errMalformed
	}
	part := func(at int) []byte {
		start := uint64(order.Uint32(raw[4:])) + uint64(order.Uint32(raw[at:]))
		end := start + uint64(order.Uint32(raw[at+4:]))
		if end > uint64(len(raw)) {
			err = errMalformed
			return nil
		}
		return raw[start:end]
	}
	return part(8), part(16), err
}

// wantedFacts are indexed by the places of their names in the strings.
type wantedFacts struct {
	byName, byMember map[uint32][]fact
	found            map[fact]bool
}

func newWantedFacts(strings []byte, wanted []fact) *wantedFacts {
	at := make(map[string]uint32)
	for _, f := range wanted {
		at[f.name], at[f.member] = 0, 0
	}
	for rest := strings; len(rest) > 0; {
		end := bytes.IndexByte(rest, 0)
		if end < 0 {
			break
		}
		if _, ok := at[string(rest[:end])]; ok {
			at[string(rest[:end])] = uint32(len(strings) - len(rest))
		}
		rest = rest[end+1:]
	}
	w := &wantedFacts{make(map[uint32][]fact), make(map[uint32][]fact), make(map[fact]bool)}
	for _, f := range wanted {
		if name := at[f.name]; name != 0 {
			w.byName[name] = append(w.byName[name], f)
		}
	}
	for _, f := range wanted {
		if m := at[f.member]; m != 0 {
			w.byMember[m] = append(w.byMember[m], f)
		}
	}
	return w
}

func (w *wantedFacts) look(kind int, name uint32, elements []byte, each int, order binary.ByteOrder) {
	switch kind {
	case kindFunc:
		w.mark(w.byName[name], isFunction, "")
	case kindEnum, kindEnum64:
		for ; len(elements) >= each; elements = elements[each:] {
			w.mark(w.byName[order.Uint32(elements)], isEnumerator, "")
		}
	case kindStruct, kindUnion:
		named := w.byName[name]
		if len(named) == 0 {
			return
		}
		for ; len(elements) >= each; elements = elements[each:] {
			for _, f := range w.byMember[order.Uint32(elements)] {
				w.mark(named, isMember, f.member)
			}
		}
	}
}

func (w *wantedFacts) mark(candidates []fact, kind factKind, member string) {
	for _, f := range candidates {
		if f.kind == kind && f.member == member {
			w.found[f] = true
		}
	}
}
