package ctypes

// Numbers of packed structs: in host byte order, at offsets at which Go can have
// no field of a number's type. They are byte arrays, so that their alignment is
// 1 on every GOARCH. In composite literals: NewUint32(7).

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Uint16 is an unsigned integer of 2 bytes at any offset.
type Uint16 [2]byte

// Uint32 is an unsigned integer of 4 bytes at any offset.
type Uint32 [4]byte

// Uint64 is an unsigned integer of 8 bytes at any offset.
type Uint64 [8]byte

// Int16 is a signed integer of 2 bytes at any offset.
type Int16 [2]byte

// Int32 is a signed integer of 4 bytes at any offset.
type Int32 [4]byte

// Int64 is a signed integer of 8 bytes at any offset.
type Int64 [8]byte

// Float32 is a float of 4 bytes at any offset.
type Float32 [4]byte

// Float64 is a double of 8 bytes at any offset.
type Float64 [8]byte

// NewUint16 is v as bytes.
func NewUint16(v uint16) (b Uint16) { b.Set(v); return }

// NewUint32 is v as bytes.
func NewUint32(v uint32) (b Uint32) { b.Set(v); return }

// NewUint64 is v as bytes.
func NewUint64(v uint64) (b Uint64) { b.Set(v); return }

// NewInt16 is v as bytes.
func NewInt16(v int16) (b Int16) { b.Set(v); return }

// NewInt32 is v as bytes.
func NewInt32(v int32) (b Int32) { b.Set(v); return }

// NewInt64 is v as bytes.
func NewInt64(v int64) (b Int64) { b.Set(v); return }

// NewFloat32 is v as bytes.
func NewFloat32(v float32) (b Float32) { b.Set(v); return }

// NewFloat64 is v as bytes.
func NewFloat64(v float64) (b Float64) { b.Set(v); return }

// Get is the number.
func (b Uint16) Get() uint16 { return binary.NativeEndian.Uint16(b[:]) }

// Get is the number.
func (b Uint32) Get() uint32 { return binary.NativeEndian.Uint32(b[:]) }

// Get is the number.
func (b Uint64) Get() uint64 { return binary.NativeEndian.Uint64(b[:]) }

// Get is the number.
func (b Int16) Get() int16 { return int16(binary.NativeEndian.Uint16(b[:])) }

// Get is the number.
func (b Int32) Get() int32 { return int32(binary.NativeEndian.Uint32(b[:])) }

// Get is the number.
func (b Int64) Get() int64 { return int64(binary.NativeEndian.Uint64(b[:])) }

// Get is the number.
func (b Float32) Get() float32 { return math.Float32frombits(binary.NativeEndian.Uint32(b[:])) }

// Get is the number.
func (b Float64) Get() float64 { return math.Float64frombits(binary.NativeEndian.Uint64(b[:])) }

// Set stores a number.
func (b *Uint16) Set(v uint16) { binary.NativeEndian.PutUint16(b[:], v) }

// Set stores a number.
func (b *Uint32) Set(v uint32) { binary.NativeEndian.PutUint32(b[:], v) }

// Set stores a number.
func (b *Uint64) Set(v uint64) { binary.NativeEndian.PutUint64(b[:], v) }

// Set stores a number.
func (b *Int16) Set(v int16) { binary.NativeEndian.PutUint16(b[:], uint16(v)) }

// Set stores a number.
func (b *Int32) Set(v int32) { binary.NativeEndian.PutUint32(b[:], uint32(v)) }

// Set stores a number.
func (b *Int64) Set(v int64) { binary.NativeEndian.PutUint64(b[:], uint64(v)) }

// Set stores a number.
func (b *Float32) Set(v float32) { binary.NativeEndian.PutUint32(b[:], math.Float32bits(v)) }

// Set stores a number.
func (b *Float64) Set(v float64) { binary.NativeEndian.PutUint64(b[:], math.Float64bits(v)) }

// String is the number in decimal.
func (b Uint16) String() string { return numberText(b.Get()) }

// String is the number in decimal.
func (b Uint32) String() string { return numberText(b.Get()) }

// String is the number in decimal.
func (b Uint64) String() string { return numberText(b.Get()) }

// String is the number in decimal.
func (b Int16) String() string { return numberText(b.Get()) }

// String is the number in decimal.
func (b Int32) String() string { return numberText(b.Get()) }

// String is the number in decimal.
func (b Int64) String() string { return numberText(b.Get()) }

// String is the number in decimal.
func (b Float32) String() string { return numberText(b.Get()) }

// String is the number in decimal.
func (b Float64) String() string { return numberText(b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b Uint16) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b Uint32) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b Uint64) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b Int16) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b Int32) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b Int64) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b Float32) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// Format prints the number for all verbs that print numbers, and for %s.
func (b Float64) Format(f fmt.State, verb rune) { format(f, verb, b.Get()) }

// MarshalJSON is the number. No error.
func (b Uint16) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// MarshalJSON is the number. No error.
func (b Uint32) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// MarshalJSON is the number. No error.
func (b Uint64) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// MarshalJSON is the number. No error.
func (b Int16) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// MarshalJSON is the number. No error.
func (b Int32) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// MarshalJSON is the number. No error.
func (b Int64) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// MarshalJSON is the number. NaN and infinities are an error.
func (b Float32) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// MarshalJSON is the number. NaN and infinities are an error.
func (b Float64) MarshalJSON() ([]byte, error) { return marshalJSON(b.Get()) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *Uint16) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *Uint32) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *Uint64) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *Int16) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *Int32) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *Int64) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *Float32) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// UnmarshalJSON takes a number that fits, in quotes too, as keys of maps are.
func (b *Float64) UnmarshalJSON(text []byte) error { return unmarshalJSON(b.Set, text) }

// MarshalText is the text of String. No error.
func (b Uint16) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// MarshalText is the text of String. No error.
func (b Uint32) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// MarshalText is the text of String. No error.
func (b Uint64) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// MarshalText is the text of String. No error.
func (b Int16) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// MarshalText is the text of String. No error.
func (b Int32) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// MarshalText is the text of String. No error.
func (b Int64) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// MarshalText is the text of String. No error.
func (b Float32) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// MarshalText is the text of String. No error.
func (b Float64) MarshalText() ([]byte, error) { return marshalText(b.Get()) }

// UnmarshalText takes a number in decimal that fits.
func (b *Uint16) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// UnmarshalText takes a number in decimal that fits.
func (b *Uint32) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// UnmarshalText takes a number in decimal that fits.
func (b *Uint64) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// UnmarshalText takes a number in decimal that fits.
func (b *Int16) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// UnmarshalText takes a number in decimal that fits.
func (b *Int32) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// UnmarshalText takes a number in decimal that fits.
func (b *Int64) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// UnmarshalText takes a number in decimal that fits.
func (b *Float32) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }

// UnmarshalText takes a number in decimal that fits.
func (b *Float64) UnmarshalText(text []byte) error { return unmarshalText(b.Set, text) }
