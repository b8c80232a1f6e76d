package print

import (
	"slices"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// Guards hold the compiler to the layout of C. Each is a constant that is -0 if
// a size or an offset is right; else the XOR has a bit set, and the negated
// uintptr overflows: the file does not compile, on any GOARCH where the layout
// is wrong, and the error shows the line with type and field.

// guardComment says what a failure means to whoever reads it.
const guardComment = "Sizes and offsets as in C. A line that does not compile (overflow) names what is laid out " +
	"otherwise than in the compiled C code: generate this file again."

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
		lines = s.guardFields(lines, d.Fields, zero)
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
func (s *source) guardFields(lines []string, fields []plan.Field, of string) []string {
	for i, f := range fields {
		if f.Name == "_" {
			continue
		}
		field := of + "." + f.Name
		offset := differs(s.qual("unsafe", "Offsetof")+"("+field+")", f.Offset)
		switch {
		case !s.offsetsAlone:
			lines = append(lines, "_ = -("+offset+" | "+s.sizeof(field, f.Size)+")")
		case i > 0: // the first is where it must be
			lines = append(lines, "_ = -"+offset)
		}
		if len(f.Type.Fields) == 0 || slices.Contains(f.Type.Dims, 0) {
			continue
		}
		for range f.Type.Dims {
			field += "[0]"
		}
		lines = s.guardFields(lines, f.Type.Fields, field)
	}
	return lines
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
