package ctypes

// Integers of a fixed byte order.

import (
	"encoding/binary"
	"fmt"
	"net/netip"
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
func (b BE16) String() string { return numberText(b.Get()) }

// String is the number in decimal. See [BE32.Addr] for IPv4 addresses.
func (b BE32) String() string { return numberText(b.Get()) }

// String is the number in decimal.
func (b BE64) String() string { return numberText(b.Get()) }

// String is the number in decimal.
func (b LE16) String() string { return numberText(b.Get()) }

// String is the number in decimal.
func (b LE32) String() string { return numberText(b.Get()) }

// String is the number in decimal.
func (b LE64) String() string { return numberText(b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b BE16) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b BE32) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b BE64) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b LE16) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b LE32) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b LE64) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// MarshalJSON is the number. No error.
func (b BE16) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// MarshalJSON is the number. No error.
func (b BE32) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// MarshalJSON is the number. No error.
func (b BE64) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// MarshalJSON is the number. No error.
func (b LE16) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// MarshalJSON is the number. No error.
func (b LE32) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// MarshalJSON is the number. No error.
func (b LE64) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *BE16) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *BE32) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *BE64) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *LE16) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *LE32) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *LE64) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// MarshalText is the text of String. No error.
func (b BE16) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// MarshalText is the text of String. No error.
func (b BE32) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// MarshalText is the text of String. No error.
func (b BE64) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// MarshalText is the text of String. No error.
func (b LE16) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// MarshalText is the text of String. No error.
func (b LE32) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// MarshalText is the text of String. No error.
func (b LE64) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// UnmarshalText takes a number in decimal that fits.
func (b *BE16) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// UnmarshalText takes a number in decimal that fits.
func (b *BE32) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// UnmarshalText takes a number in decimal that fits.
func (b *BE64) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// UnmarshalText takes a number in decimal that fits.
func (b *LE16) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// UnmarshalText takes a number in decimal that fits.
func (b *LE32) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// UnmarshalText takes a number in decimal that fits.
func (b *LE64) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// Addr is the IPv4 address that the four bytes are.
func (b BE32) Addr() netip.Addr { return netip.AddrFrom4(b) }

// SetAddr stores an IPv4 address, or an IPv4-mapped IPv6 address (::ffff:a.b.c.d).
// Other addresses are an error, and b stays as it is.
func (b *BE32) SetAddr(addr netip.Addr) error {
	v4, err := as4(addr)
	if err == nil {
		*b = v4
	}
	return err
}
