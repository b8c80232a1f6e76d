// Package goshape is how the Go compiler lays out a type on one architecture, as
// plain data: what package shaper finds out and package emit compares with C.
package goshape

// Kind is what a type is in memory.
type Kind int

// The kinds. Other is everything that C's memory cannot be: pointers, strings,
// slices, maps, interfaces, channels, functions.
const (
	Other Kind = iota
	Unsigned
	Signed
	Float
	Bool
	Array
	Struct
)

// Shape is a type on one architecture. Sizes and offsets are in bytes.
type Shape struct {
	// Name as Go spells it, with the package's name: "flows.Key", "[4]uint8".
	Name        string
	Kind        Kind
	Size, Align int64
	// Elem and Len are those of an array.
	Elem *Shape
	Len  int64
	// Fields are those of a struct, in order of offset.
	Fields []Field
	// Constants are those of an integer type that has a name, in its own package, by
	// name.
	Constants []Constant
}

// Constant is one of a type.
type Constant struct {
	Name string
	// Value in two's complement, extended to 64 bits.
	Value uint64
}

// Field is one field of a struct.
type Field struct {
	Name     string
	Offset   int64
	Exported bool
	Type     *Shape
}

// End is the offset behind the field.
func (f Field) End() int64 { return f.Offset + f.Type.Size }

// Bytes says whether the type is an array of bytes, of whatever dimensions: it
// stands for any memory of its size.
func (s *Shape) Bytes() bool {
	if s.Kind != Array {
		return false
	}
	return s.Elem.Bytes() || s.Elem.Kind == Unsigned && s.Elem.Size == 1
}
