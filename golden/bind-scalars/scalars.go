// Package bindscalars has Go types for scalars of C.
package bindscalars

type (
	// Number is int.
	Number int32
	// Level is level_t.
	Level int32
	// Letter is char.
	Letter uint8
	// Truth is _Bool.
	Truth uint8
	// Byte is unsigned char.
	Byte uint8
)
