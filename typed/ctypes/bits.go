package ctypes

// Bitfields: numbers of 0 to 64 bits anywhere in storage.

import "encoding/binary"

// Bits is the unsigned bitfield of n bits, 0 to 64, that starts at bit off of
// b. Bits count as in BTF, by the byte order of the host: bit 0 of a byte is
// its least significant one on little-endian, and its most significant one on
// big-endian.
func Bits(b []byte, off, n uint32) uint64 {
	if bigEndian() {
		return bitsBE(b, off, n)
	}
	return bitsLE(b, off, n)
}

// SignedBits is [Bits] of a signed bitfield: the topmost of its n bits, 1 to
// 64, is the sign.
func SignedBits(b []byte, off, n uint32) int64 {
	unused := 64 - n
	return int64(Bits(b, off, n)<<unused) >> unused
}

// SetBits stores the lowest n bits of v where [Bits] reads them. The bits
// around stay as they are. A signed value comes as its two's complement.
func SetBits(b []byte, off, n uint32, v uint64) {
	if bigEndian() {
		setBitsBE(b, off, n, v)
		return
	}
	setBitsLE(b, off, n, v)
}

// Bit is a bool as [SetBits] takes it.
func Bit(v bool) uint64 {
	if v {
		return 1
	}
	return 0
}

// bigEndian says whether the host is. The compiler makes a constant of it.
func bigEndian() bool { return binary.NativeEndian.Uint16([]byte{0, 1}) == 1 }

// bitsLE collects the field from its low end, a byte or a part of one at a time.
func bitsLE(b []byte, off, n uint32) (v uint64) {
	for done := uint32(0); done < n; {
		bit := (off + done) % 8
		take := min(8-bit, n-done)
		part := b[(off+done)/8] >> bit & lowBits(take)
		v |= uint64(part) << done
		done += take
	}
	return v
}

// bitsBE collects the field from its high end.
func bitsBE(b []byte, off, n uint32) (v uint64) {
	for done := uint32(0); done < n; {
		bit := (off + done) % 8
		take := min(8-bit, n-done)
		part := b[(off+done)/8] >> (8 - bit - take) & lowBits(take)
		v = v<<take | uint64(part)
		done += take
	}
	return v
}

func setBitsLE(b []byte, off, n uint32, v uint64) {
	for done := uint32(0); done < n; {
		bit := (off + done) % 8
		take := min(8-bit, n-done)
		p := &b[(off+done)/8]
		*p = *p&^(lowBits(take)<<bit) | byte(v>>done)&lowBits(take)<<bit
		done += take
	}
}

func setBitsBE(b []byte, off, n uint32, v uint64) {
	for done := uint32(0); done < n; {
		bit := (off + done) % 8
		take := min(8-bit, n-done)
		shift := 8 - bit - take
		p := &b[(off+done)/8]
		*p = *p&^(lowBits(take)<<shift) | byte(v>>(n-done-take))&lowBits(take)<<shift
		done += take
	}
}

// lowBits is a byte with its n lowest bits set, n from 0 to 8.
func lowBits(n uint32) byte { return byte(1<<n - 1) }
