package print

import (
	"slices"

	"github.com/dave/jennifer/jen"

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
func (s *source) guards(decls []*plan.Decl) error {
	write := func(block jen.Code) error { return s.add(comment(guardComment), block) }
	for _, d := range decls {
		if d.Foreign || d.Alias != "" || d.Enum != nil && d.Enum.Plain {
			continue
		}
		if err := write(s.guard(d)); err != nil {
			return err
		}
		write = func(block jen.Code) error { return s.addLines(block) }
	}
	return nil
}

// guard compares one type with C's: its size, and place and size of each field.
func (s *source) guard(d *plan.Decl) *jen.Statement {
	if d.Enum != nil {
		return jen.Const().Id("_").Op("=").Op("-").Add(s.sizeof(jen.Id(d.Name).Call(lit(0)), d.Size))
	}
	name := func() *jen.Statement {
		if d.Pkg != "" {
			return s.qual(d.Pkg, d.Name)
		}
		return jen.Id(d.Name)
	}
	zero := func() *jen.Statement { return name().Values() }
	if d.Base != nil {
		zero = func() *jen.Statement { return jen.Op("*").New(name()) }
	}
	lines := []jen.Code{jen.Id("_").Op("=").Op("-").Add(s.sizeof(zero(), d.Size))}
	lines = append(lines, s.guardFields(d.Fields, zero)...)
	if len(lines) == 1 {
		return jen.Const().Add(lines[0])
	}
	return jen.Const().Defs(lines...)
}

// guardFields compares place and size of the fields of a struct, and of the
// structs that are written out in it.
func (s *source) guardFields(fields []plan.Field, of func() *jen.Statement) []jen.Code {
	var lines []jen.Code
	for i, f := range fields {
		if f.Name == "_" {
			continue
		}
		field := func() *jen.Statement { return of().Dot(f.Name) }
		offset := differs(s.qual("unsafe", "Offsetof").Call(field()), f.Offset)
		switch {
		case !s.offsetsAlone:
			lines = append(lines, jen.Id("_").Op("=").Op("-").Parens(offset.Op("|").Add(s.sizeof(field(), f.Size))))
		case i > 0: // the first is where it must be
			lines = append(lines, jen.Id("_").Op("=").Op("-").Add(offset))
		}
		if len(f.Type.Fields) == 0 || slices.Contains(f.Type.Dims, 0) {
			continue
		}
		lines = append(lines, s.guardFields(f.Type.Fields, func() *jen.Statement {
			inner := field()
			for range f.Type.Dims {
				inner.Index(lit(0))
			}
			return inner
		})...)
	}
	return lines
}

// sizeof is 0 if the value has that size.
func (s *source) sizeof(value jen.Code, want uint32) *jen.Statement {
	return differs(s.qual("unsafe", "Sizeof").Call(value), want)
}

// differs is 0 if a constant is want.
func differs(constant *jen.Statement, want uint32) *jen.Statement {
	if want == 0 {
		return constant
	}
	return jen.Parens(constant.Op("^").Add(lit(want)))
}
