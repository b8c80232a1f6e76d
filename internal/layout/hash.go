package layout

import (
	"encoding/binary"
	"math/bits"
)

// Hashes are made without the layouts, because every object that is opened is
// compared by them. What has no order is added up.

// mix takes in a number: the step of wyhash, a multiplication to 128 bits.
func (h Hash) mix(n uint64) Hash {
	hi, lo := bits.Mul64(uint64(h)^0x9e3779b97f4a7c15, n^0xd6e8feb86659fd93)
	return Hash(hi ^ lo)
}

// text takes in a string and its length, so that two different sequences of
// strings are never the same.
func (h Hash) text(s string) Hash {
	h = h.mix(uint64(len(s)))
	for len(s) >= 8 {
		h = h.mix(binary.LittleEndian.Uint64([]byte(s[:8])))
		s = s[8:]
	}
	if s != "" {
		var rest [8]byte
		copy(rest[:], s)
		h = h.mix(binary.LittleEndian.Uint64(rest[:]))
	}
	return h
}

func (e *elem) hash() Hash {
	h := Hash(e.cat).mix(e.bits).mix(uint64(len(e.dims)))
	for _, d := range e.dims {
		h = h.mix(uint64(d))
	}
	if e.name != "" || e.tag != "" {
		h = h.text(e.name).text(e.tag)
	}
	if e.of != nil {
		h = h.mix(uint64(e.of.hash))
	}
	return h
}

// hashFields is the hash of a struct or union.
func (n *node) hashFields(fields []field) Hash {
	var sum Hash
	for i := range fields {
		f := &fields[i]
		sum += f.elem.hash().mix(f.off).text(f.name)
	}
	return Hash(n.size).mix(uint64(len(fields))).mix(uint64(sum))
}

// hashValues is the hash of an enum with so many enumerators.
func (n *node) hashValues(count int, at func(int) (name string, value uint64)) Hash {
	var sum Hash
	for i := range count {
		name, value := at(i)
		sum += Hash(0).mix(uint64(n.signedValue(value))).text(name)
	}
	return Hash(n.size).mix(uint64(count)).mix(uint64(sum))
}

// Combine is one hash of several, in their order.
func Combine(hashes ...Hash) Hash {
	h := Hash(len(hashes))
	for _, other := range hashes {
		h = h.mix(uint64(other))
	}
	return h
}
