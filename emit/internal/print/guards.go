package print

import (
	"fmt"
	"slices"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// Guards hold the compiler to the layout of C. Each is a constant that is -0 if
// a size or an offset is right; else the XOR has a bit set, and the negated
// uintptr overflows: the file does not compile, on any GOARCH where the layout
// is wrong, and the error shows the line with type and field.
//
// Place and size of a field are one number, the size times 0x10000 and the offset,
// which the compiler has half the work with that it has with two numbers. Of a
// struct that is smaller than that, whose size is compared as well, no offset
// reaches into the size.
//
// All types of a kernel are 58,000 fields: a line for each would be as much source
// as all declarations, and a third of the time that these take the compiler. There
// a type has one line, for its size and the place of its last field, which a field
// in between that is larger, smaller or elsewhere moves, but for padding that makes
// up for it. The tests of the golden package compare every member there.

// A guarding is what guards compare.
type guarding uint8

const (
	placesAndSizes guarding = iota // of every field
	// places leaves the sizes of fields out: those of types that the file declares
	// are proved by themselves, and compiled in less time.
	places
	// lastPlaces is the place of the last field alone. Only types that the file
	// declares are compared by it: what is declared elsewhere can change by itself.
	lastPlaces
)

// manyFields is for how many fields of one file there are guards for each. What
// people ask for of a kernel stays below it: 53 structs with all that they need have 2,500.
const manyFields = 20_000

// guardComments say what a failure means to whoever reads it.
var guardComments = [...]string{
	placesAndSizes: "Sizes and offsets as in C, of fields as size_offset in hexadecimal." + guardFails,
	places:         "Sizes and offsets as in C." + guardFails,
	lastPlaces:     "Sizes as in C, with the offset of the last field as size_offset in hexadecimal." + guardFails,
}

const guardFails = " A line that does not compile (overflow) " +
	"names what is laid out otherwise than in the compiled C code: generate this file again."

// guards writes a block for each type.
func (s *source) guards(decls []*plan.Decl) {
	if s.guarding == placesAndSizes && fieldsOf(decls) > manyFields {
		s.guarding = lastPlaces
	}
	first := true
	for _, d := range decls {
		if d.Foreign || d.Alias != "" || d.Enum != nil && d.Enum.Plain {
			continue
		}
		if first {
			s.comment(guardComments[s.guarding])
			first = false
		}
		s.guard(d)
	}
}

// fieldsOf is how many fields the types have, without those of structs that are
// written out in them.
func fieldsOf(decls []*plan.Decl) int {
	n := 0
	for _, d := range decls {
		n += len(d.Fields)
	}
	return n
}

// guard compares one type with C's: its size, and place and size of each field.
func (s *source) guard(d *plan.Decl) {
	name := d.Name
	if d.Pkg != "" {
		name = s.qual(d.Pkg, d.Name)
	}
	zero := name + "{}"
	switch {
	case d.Enum != nil:
		zero = name + "(0)"
	case d.Base != nil:
		zero = "*new(" + name + ")"
	}
	if s.guarding == lastPlaces && d.Pkg == "" && !d.Borrowed {
		s.line("const _ = -", s.sizeAndLast(zero, d))
		return
	}
	lines := []string{"_ = -" + s.sizeof(zero, d.Size)}
	if d.Enum == nil {
		lines = s.guardFields(lines, d.Fields, zero, d.Size)
	}
	if len(lines) == 1 {
		s.line("const ", lines[0])
		return
	}
	s.line("const (")
	for _, l := range lines {
		s.line("\t", l)
	}
	s.line(")")
}

// sizeAndLast is 0 if a type is as large as it must be and its last field, padding
// aside, is where it must be. A field at the very front can be nowhere else.
func (s *source) sizeAndLast(zero string, d *plan.Decl) string {
	for _, f := range slices.Backward(d.Fields) {
		switch {
		case f.Name == "_":
			continue
		case f.Offset == 0:
			return s.sizeof(zero, d.Size)
		}
		return "(" + s.placeAndSize(zero+"."+f.Name, f.Offset, zero, d.Size, d.Size) + ")"
	}
	return s.sizeof(zero, d.Size)
}

// guardFields compares place and size of the fields of a struct, and of the
// structs that are written out in it.
func (s *source) guardFields(lines []string, fields []plan.Field, of string, size uint32) []string {
	for i, f := range fields {
		if f.Name == "_" {
			continue
		}
		field := of + "." + f.Name
		switch {
		case s.guarding != places:
			lines = append(lines, "_ = -("+s.placeAndSize(field, f.Offset, field, f.Size, size)+")")
		case i > 0: // the first is where it must be
			lines = append(lines, "_ = -"+s.offset(field, f.Offset))
		}
		if len(f.Type.Fields) == 0 || slices.Contains(f.Type.Dims, 0) {
			continue
		}
		for range f.Type.Dims {
			field += "[0]"
		}
		lines = s.guardFields(lines, f.Type.Fields, field, f.Size)
	}
	return lines
}

// placeAndSize is 0 if a field is at that offset and a value has that size, both in a
// struct of some size.
func (s *source) placeAndSize(field string, offset uint32, value string, size, of uint32) string {
	if of >= 0x10000 {
		return s.offset(field, offset) + " | " + s.sizeof(value, size)
	}
	sum := s.qual("unsafe", "Offsetof") + "(" + field + ") + " + s.qual("unsafe", "Sizeof") + "(" + value + ")*0x10000"
	if size == 0 && offset == 0 {
		return sum // linters think little of ^ 0
	}
	return fmt.Sprintf("%s ^ 0x%x_%04x", sum, size, offset)
}

// offset is 0 if a field is at that offset.
func (s *source) offset(field string, want uint32) string {
	return differs(s.qual("unsafe", "Offsetof")+"("+field+")", want)
}

// sizeof is 0 if the value has that size.
func (s *source) sizeof(value string, want uint32) string {
	return differs(s.qual("unsafe", "Sizeof")+"("+value+")", want)
}

// differs is 0 if a constant is want.
func differs(constant string, want uint32) string {
	if want == 0 {
		return constant
	}
	return "(" + constant + " ^ " + lit(want) + ")"
}
