package print

import (
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
		if d.Foreign || d.Alias != "" {
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
	zero := func() *jen.Statement { return jen.Id(d.Name).Values() }
	lines := []jen.Code{jen.Id("_").Op("=").Op("-").Add(s.sizeof(zero(), d.Size))}
	for _, f := range d.Fields {
		if f.Name == "_" {
			continue
		}
		offset := differs(s.qual("unsafe", "Offsetof").Call(zero().Dot(f.Name)), f.Offset)
		lines = append(lines, jen.Id("_").Op("=").Op("-").Parens(offset.Op("|").Add(s.sizeof(zero().Dot(f.Name), f.Size))))
	}
	if len(lines) == 1 {
		return jen.Const().Add(lines[0])
	}
	return jen.Const().Defs(lines...)
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
