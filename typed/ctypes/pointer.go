package ctypes

import (
	"fmt"
	"strconv"
)

// Pointer is a pointer of the BPF machine or of the kernel, always 8 bytes. It
// means nothing in user space, except to compare it or to look it up in
// /proc/kallsyms. As text, and so in JSON, it is hexadecimal.
type Pointer uint64

// String is the address in hexadecimal: 0xffff888003a2c000.
func (p Pointer) String() string { return "0x" + strconv.FormatUint(uint64(p), 16) }

// Format prints String for %v, %s and %q, and the number for other verbs.
func (p Pointer) Format(f fmt.State, verb rune) {
	switch {
	case verb == 'v' && !f.Flag('#'):
		fmt.Fprintf(f, fmt.FormatString(f, 's'), p.String())
	case verb == 's' || verb == 'q':
		fmt.Fprintf(f, fmt.FormatString(f, verb), p.String())
	default:
		fmt.Fprintf(f, fmt.FormatString(f, verb), uint64(p))
	}
}

// MarshalText is the text of String. No error.
func (p Pointer) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText writes, and any other number as Go
// spells it.
func (p *Pointer) UnmarshalText(text []byte) error {
	v, err := strconv.ParseUint(string(text), 0, 64)
	if err != nil {
		return notA("64-bit address", string(text))
	}
	*p = Pointer(v)
	return nil
}
