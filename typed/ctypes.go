package typed

// What C has and Go has not: integers of a fixed byte order, pointers of the
// BPF machine, bitfields, members at any offset, flexible arrays and text in
// arrays of char. The methods of generated types are one call of a function
// in this file.
//
// All functions go by value: they copy bytes out of and into storage and never
// hand out a pointer into it, so that alignment does not matter (a packed
// member may stand anywhere, and 8-byte alignment is not to be had on 386 and
// arm).

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"unsafe"
)

// BE16 is C's __be16: 2 bytes in network byte order. It is a byte array, so
// that assigning a plain number does not compile.
type BE16 [2]byte

// BE32 is C's __be32: 4 bytes in network byte order, such as an IPv4 address.
type BE32 [4]byte

// BE64 is C's __be64: 8 bytes in network byte order.
type BE64 [8]byte

// LE16 is C's __le16: 2 bytes in little-endian order.
type LE16 [2]byte

// LE32 is C's __le32: 4 bytes in little-endian order.
type LE32 [4]byte

// LE64 is C's __le64: 8 bytes in little-endian order.
type LE64 [8]byte

// NewBE16 is v, a number in host order, as __be16.
func NewBE16(v uint16) (b BE16) { b.Set(v); return }

// NewBE32 is v, a number in host order, as __be32.
func NewBE32(v uint32) (b BE32) { b.Set(v); return }

// NewBE64 is v, a number in host order, as __be64.
func NewBE64(v uint64) (b BE64) { b.Set(v); return }

// NewLE16 is v, a number in host order, as __le16.
func NewLE16(v uint16) (b LE16) { b.Set(v); return }

// NewLE32 is v, a number in host order, as __le32.
func NewLE32(v uint32) (b LE32) { b.Set(v); return }

// NewLE64 is v, a number in host order, as __le64.
func NewLE64(v uint64) (b LE64) { b.Set(v); return }

// Get is the number in host order.
func (b BE16) Get() uint16 { return binary.BigEndian.Uint16(b[:]) }

// Get is the number in host order.
func (b BE32) Get() uint32 { return binary.BigEndian.Uint32(b[:]) }

// Get is the number in host order.
func (b BE64) Get() uint64 { return binary.BigEndian.Uint64(b[:]) }

// Get is the number in host order.
func (b LE16) Get() uint16 { return binary.LittleEndian.Uint16(b[:]) }

// Get is the number in host order.
func (b LE32) Get() uint32 { return binary.LittleEndian.Uint32(b[:]) }

// Get is the number in host order.
func (b LE64) Get() uint64 { return binary.LittleEndian.Uint64(b[:]) }

// Set stores a number that is in host order.
func (b *BE16) Set(v uint16) { binary.BigEndian.PutUint16(b[:], v) }

// Set stores a number that is in host order.
func (b *BE32) Set(v uint32) { binary.BigEndian.PutUint32(b[:], v) }

// Set stores a number that is in host order.
func (b *BE64) Set(v uint64) { binary.BigEndian.PutUint64(b[:], v) }

// Set stores a number that is in host order.
func (b *LE16) Set(v uint16) { binary.LittleEndian.PutUint16(b[:], v) }

// Set stores a number that is in host order.
func (b *LE32) Set(v uint32) { binary.LittleEndian.PutUint32(b[:], v) }

// Set stores a number that is in host order.
func (b *LE64) Set(v uint64) { binary.LittleEndian.PutUint64(b[:], v) }

// String is the number in decimal.
func (b BE16) String() string { return strconv.FormatUint(uint64(b.Get()), 10) }

// String is the number in decimal. See [BE32.Addr] for IPv4 addresses.
func (b BE32) String() string { return strconv.FormatUint(uint64(b.Get()), 10) }

// String is the number in decimal.
func (b BE64) String() string { return strconv.FormatUint(b.Get(), 10) }

// String is the number in decimal.
func (b LE16) String() string { return strconv.FormatUint(uint64(b.Get()), 10) }

// String is the number in decimal.
func (b LE32) String() string { return strconv.FormatUint(uint64(b.Get()), 10) }

// String is the number in decimal.
func (b LE64) String() string { return strconv.FormatUint(b.Get(), 10) }

// Addr is the IPv4 address that the four bytes are.
func (b BE32) Addr() netip.Addr { return netip.AddrFrom4(b) }

// SetAddr stores an IPv4 address, or an IPv4-mapped IPv6 address (::ffff:a.b.c.d).
// Other addresses are an error, and b stays as it is.
func (b *BE32) SetAddr(addr netip.Addr) error {
	v4 := addr.Unmap()
	if !v4.Is4() {
		return fmt.Errorf("%v is not an IPv4 address", addr)
	}
	*b = v4.As4()
	return nil
}

// Pointer is a pointer of the BPF machine or of the kernel, always 8 bytes. It
// means nothing in user space, except to compare it or to look it up in
// /proc/kallsyms.
type Pointer uint64

// String is the address in hexadecimal: 0xffff888003a2c000.
func (p Pointer) String() string { return "0x" + strconv.FormatUint(uint64(p), 16) }

// Load copies a T out of storage, whatever its alignment. Bytes that b lacks
// are zero. T must hold no Go pointer, which is so for every generated type.
func Load[T any](b []byte) (v T) {
	copy(memoryOf(&v), b)
	return v
}

// Store copies a T into storage, whatever its alignment. It stops where b ends.
func Store[T any](b []byte, v T) { copy(b, memoryOf(&v)) }

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

// Tail is a flexible array: the elements in the bytes that stand behind a
// struct, as a copy. head are those of its bytes that lie within the struct
// (in what would else be padding), rest those behind it. Bytes that do not
// fill an element are left out. An element must have a size.
func Tail[T any](head, rest []byte) []T {
	var elem T
	size := int(unsafe.Sizeof(elem))
	tail := make([]T, (len(head)+len(rest))/size)
	if len(tail) == 0 {
		return tail
	}
	// unsafe: as in memoryOf, for all elements at once.
	to := unsafe.Slice((*byte)(unsafe.Pointer(&tail[0])), size*len(tail))
	copy(to[copy(to, head):], rest)
	return tail
}

// CString is the text in an array of char, up to the first NUL or else the
// whole array.
func CString[T ~int8 | ~uint8](chars []T) string {
	// unsafe: int8 and uint8 are both one byte; a loop would cost time only.
	text := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(chars))), len(chars))
	if i := bytes.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	return string(text)
}
