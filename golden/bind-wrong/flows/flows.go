// Package flows has types that look like those of C.
package flows

// Flow has a bitfield as a signed number, a union as two, and something where C
// has nothing.
type Flow struct {
	Saddr, Daddr uint32
	Port         uint8
	Hidden       uint8
	Proto        uint8
	Flags        int8
	Mark         [2]int16
	Extra        uint32
	When         int64
}

// Smaller lacks a member.
type Smaller struct{ A uint32 }

// Signs has other kinds everywhere.
type Signs struct {
	A  uint32
	B  int32
	F  uint32
	On bool
	_  [3]byte
	P  uintptr
	N  *uint32
}

// Gap leaves padding to the compiler.
type Gap struct {
	A uint32
	B uint64
}

// Swapped has the members in another order.
type Swapped struct{ Daddr, Saddr uint32 }

// Words has a size of its own on every architecture.
type Words struct{ N uint }

// Big cannot hold what C has.
type Big int32

// Count is no int of C: its size is that of the machine.
type Count int

// Unsigned is no short of C.
type Unsigned uint16

// Switch is a bool, with a constant that is no number.
type Switch bool

const On Switch = true

// Half is no float of C: its size is that of a double. Its constant is no integer.
type Half float64

const Quarter Half = 0.25
