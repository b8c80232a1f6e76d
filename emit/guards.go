package emit

import (
	"github.com/dave/jennifer/jen"
)

// Guards hold the compiler to the layout of C. Each is a constant that is -0 if
// size and offsets are right; else one of the XORs has a bit set, and the
// negated uintptr overflows: the file does not compile, on any GOARCH where the
// layout is wrong.

// guardComment says what a failure means to whoever reads it.
const guardComment = "Sizes and offsets as in C. A line that does not compile (overflow) names a type whose layout " +
	"differs from that of the compiled C code: generate this file again."

// guards writes one line for each type.
func (s *source) guards(decls []*typeDecl) error {
	write := func(line jen.Code) error { return s.add(comment(guardComment), line) }
	for _, d := range decls {
		if d.foreign {
			continue
		}
		if err := write(s.guard(d)); err != nil {
			return err
		}
		write = func(line jen.Code) error { return s.addLines(line) }
	}
	return nil
}

// guard compares size and offsets of one type with C's.
func (s *source) guard(d *typeDecl) *jen.Statement {
	if d.enum != nil {
		size := s.qual("unsafe", "Sizeof").Call(jen.Id(d.name).Call(lit(0)))
		return jen.Const().Id("_").Op("=").Op("-").Add(differs(size, d.size))
	}
	zero := func() *jen.Statement { return jen.Id(d.name).Values() }
	sum := jen.Add(differs(s.qual("unsafe", "Sizeof").Call(zero()), d.size))
	n := 0
	for _, f := range d.fields {
		if f.name == "_" {
			continue
		}
		n++
		sum.Op("|").Add(differs(s.qual("unsafe", "Offsetof").Call(zero().Dot(f.name)), f.offset))
	}
	if n == 0 {
		return jen.Const().Id("_").Op("=").Op("-").Add(sum)
	}
	return jen.Const().Id("_").Op("=").Op("-").Parens(sum)
}

// differs is 0 if a constant is want.
func differs(constant *jen.Statement, want uint32) *jen.Statement {
	if want == 0 {
		return constant
	}
	return jen.Parens(constant.Op("^").Add(lit(want)))
}
