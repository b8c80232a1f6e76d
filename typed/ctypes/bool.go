package ctypes

import (
	"fmt"
	"strconv"
)

// Bool is C's bool: one byte, of which C says that it is 0 or 1. Nothing makes
// the kernel or a BPF program keep to that, and a Go bool of another value is
// true and false at once. Any byte that is not zero is true here, and the byte
// is kept: it may be part of a map's key.
//
// Two Bools that are both true need not be equal. Compare b.Get().
type Bool uint8

// BoolOf is v as C writes it: 1 or 0.
func BoolOf(v bool) Bool { return Bool(Bit(v)) }

// Get says whether the byte is not zero.
func (b Bool) Get() bool { return b != 0 }

// Set stores 1 or 0.
func (b *Bool) Set(v bool) { *b = BoolOf(v) }

// String is "true" or "false".
func (b Bool) String() string { return strconv.FormatBool(b.Get()) }

// Format prints true or false for %v, %t and %s, and the byte for other verbs.
func (b Bool) Format(f fmt.State, verb rune) {
	switch verb {
	case 'v', 't':
		fmt.Fprintf(f, fmt.FormatString(f, verb), b.Get())
	case 's', 'q':
		fmt.Fprintf(f, fmt.FormatString(f, verb), b.String())
	default:
		fmt.Fprintf(f, fmt.FormatString(f, verb), uint8(b))
	}
}

// MarshalJSON is true or false. No error.
func (b Bool) MarshalJSON() ([]byte, error) { return b.MarshalText() }

// UnmarshalJSON stores true as 1 and false as 0, which may stand in quotes, as
// keys of maps do. null leaves b as it is.
func (b *Bool) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	return b.UnmarshalText(unquoted(text))
}

// MarshalText is the text of String. No error.
func (b Bool) MarshalText() ([]byte, error) { return strconv.AppendBool(nil, b.Get()), nil }

// UnmarshalText stores "true" as 1 and "false" as 0.
func (b *Bool) UnmarshalText(text []byte) error {
	switch string(text) {
	case "true":
		*b = 1
	case "false":
		*b = 0
	default:
		return notA("bool", string(text))
	}
	return nil
}
