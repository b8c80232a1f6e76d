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

// guardComment says what a failure means to whoever reads it.
const guardComment = "Sizes and offsets as in C, of fields as size_offset in hexadecimal. A line that does not compile (overflow) " +
	"names what is laid out otherwise than in the compiled C code: generate this file again."

// guards writes a block for each type.
func (s *source) guards(decls []*plan.Decl) {
	first := true
	for _, d := range decls {
		if d.Foreign || d.Alias != "" || d.Enum != nil && d.Enum.Plain {
			continue
		}
		if first {
			s.comment(guardComment)
			first = false
		}
		s.guard(d)
	}
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

// guardFields compares place and size of the fields of a struct, and of the
// structs that are written out in it.
func (s *source) guardFields(lines []string, fields []plan.Field, of string, size uint32) []string {
	for i, f := range fields {
		if f.Name == "_" {
			continue
		}
		field := of + "." + f.Name
		switch {
		case !s.offsetsAlone:
			lines = append(lines, "_ = -("+s.placeAndSize(field, f, size)+")")
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

// placeAndSize is 0 if a field of a struct of some size is where it must be and as
// large.
func (s *source) placeAndSize(field string, f plan.Field, size uint32) string {
	if size >= 0x10000 {
		return s.offset(field, f.Offset) + " | " + s.sizeof(field, f.Size)
	}
	sum := s.qual("unsafe", "Offsetof") + "(" + field + ") + " + s.qual("unsafe", "Sizeof") + "(" + field + ")*0x10000"
	if f.Size == 0 && f.Offset == 0 {
		return sum // linters think little of ^ 0
	}
	return fmt.Sprintf("%s ^ 0x%x_%04x", sum, f.Size, f.Offset)
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
