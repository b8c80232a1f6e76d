package emit

import (
	"fmt"
	"io"
	"strconv"

	"github.com/dave/jennifer/jen"
)

// renderTypes writes a Go file of type declarations. It stands alone, asks no
// question about C, and its guards stand last.
func renderTypes(w io.Writer, h fileHeader, decls []*typeDecl) error {
	s := newSource(h.Package)
	for _, d := range decls {
		if d.borrowed {
			continue
		}
		if err := s.declare(d); err != nil {
			return fmt.Errorf("type %s: %w", d.name, err)
		}
	}
	if err := s.guards(decls); err != nil {
		return err
	}
	return s.writeTo(w, h)
}

// declare writes one type with its constants and methods.
func (s *source) declare(d *typeDecl) error {
	if d.enum != nil {
		return s.declareEnum(d)
	}
	groups := [][]jen.Code{{d.comment(), s.structType(d)}}
	for _, a := range d.accessors {
		groups = append(groups, s.accessor(d, a))
	}
	for _, m := range d.strings {
		groups = append(groups, s.stringMethod(d, m))
	}
	for _, t := range d.tails {
		groups = append(groups, s.tail(d, t))
	}
	if d.lpm != nil {
		groups = append(groups, s.lpmKey(d)...)
	}
	for _, g := range groups {
		if err := s.add(g...); err != nil {
			return err
		}
	}
	return nil
}

// comment is the doc comment of the type.
func (d *typeDecl) comment() *jen.Statement {
	paragraphs := []string{fmt.Sprintf("%s is %s, %s.", d.name, d.cName, byteCount(d.size))}
	for i, u := range d.uses {
		if i == 0 {
			paragraphs = append(paragraphs, u)
		} else {
			paragraphs[1] += " " + u
		}
	}
	return comment(append(paragraphs, d.doc...)...)
}

// structType is the struct with every byte accounted for.
func (s *source) structType(d *typeDecl) *jen.Statement {
	return jen.Type().Id(d.name).StructFunc(func(g *jen.Group) {
		g.Id("_").Add(s.qual("structs", "HostLayout"))
		for _, f := range d.fields {
			for _, line := range f.doc {
				g.Comment(lineComment(line))
			}
			field := g.Id(f.name).Add(s.typ(f.typ))
			if f.comment != "" {
				field.Comment(lineComment(f.comment))
			}
		}
	})
}

// method starts a method of d.
func method(d *typeDecl, name string) *jen.Statement {
	return jen.Func().Params(jen.Id("s").Op("*").Id(d.name)).Id(name)
}

// accessor is a get/set pair. The setter stands right under the getter, which
// has the comment of both.
func (s *source) accessor(d *typeDecl, a accessor) []jen.Code {
	getter := method(d, a.getter).Params().Add(s.typ(a.typ)).Add(oneLine(jen.Return(s.load(a))))
	setter := method(d, a.setter).Params(jen.Id("v").Add(s.typ(a.typ))).Add(oneLine(s.store(a)))
	return []jen.Code{comment(a.doc...), getter, setter}
}

// load reads the value of an accessor.
func (s *source) load(a accessor) *jen.Statement {
	switch a.kind {
	case accessBool:
		return storage(a.storage).Index(lit(a.off)).Op("!=").Add(lit(0))
	case accessBits:
		return s.convert(a.typ, "uint64", s.bits("Bits", a))
	case accessSignedBits:
		return s.convert(a.typ, "int64", s.bits("SignedBits", a))
	case accessBoolBits:
		return s.bits("Bits", a).Op("!=").Add(lit(0))
	default:
		return s.qual(ctypesPath, "Load").Types(s.typ(a.typ)).Call(a.place())
	}
}

// store writes v where load reads.
func (s *source) store(a accessor) *jen.Statement {
	switch a.kind {
	case accessBits, accessSignedBits:
		v := jen.Id("v")
		if a.typ.String() != "uint64" {
			v = jen.Uint64().Call(v)
		}
		return s.bits("SetBits", a, v)
	case accessBoolBits:
		return s.bits("SetBits", a, s.qual(ctypesPath, "Bit").Call(jen.Id("v")))
	default:
		return s.qual(ctypesPath, "Store").Call(a.place(), jen.Id("v"))
	}
}

// convert makes a t of a value of another type, unless that is t.
func (s *source) convert(t goType, from string, value *jen.Statement) *jen.Statement {
	if t.String() == from {
		return value
	}
	return s.typ(t).Call(value)
}

// bits calls a function of package ctypes on a bitfield.
func (s *source) bits(function string, a accessor, more ...jen.Code) *jen.Statement {
	args := append([]jen.Code{storage(a.storage).Index(jen.Op(":")), lit(a.off), lit(a.n)}, more...)
	return s.qual(ctypesPath, function).Call(args...)
}

// place is the bytes of an accessor in storage.
func (a accessor) place() *jen.Statement {
	if a.whole {
		return storage(a.storage).Index(jen.Op(":"))
	}
	return storage(a.storage).Index(lit(a.off).Op(":").Add(lit(a.off + a.n)))
}

// storage is a field of the receiver.
func storage(field string) *jen.Statement { return jen.Id("s").Dot(field) }

// stringMethod reads text. Arrays of arrays of char take an index for each
// outer dimension.
func (s *source) stringMethod(d *typeDecl, m stringMethod) []jen.Code {
	var params []jen.Code
	index := jen.Null()
	for i := range m.dims {
		name := "i"
		if len(m.dims) > 1 {
			name += strconv.Itoa(i)
		}
		params = append(params, jen.Id(name))
		index.Index(jen.Id(name))
	}
	if len(params) > 0 {
		params = []jen.Code{jen.List(params...).Int()}
	}
	text := func(array *jen.Statement) jen.Code {
		return jen.Return(s.qual(ctypesPath, "CString").Call(array.Add(index).Index(jen.Op(":"))))
	}
	body := oneLine(text(storage(m.member)))
	if m.call {
		body = jen.Block(jen.Id("v").Op(":=").Add(storage(m.member)).Call(), text(jen.Id("v")))
	}
	return []jen.Code{comment(m.doc...), method(d, m.name).Params(params...).String().Add(body)}
}

// tail reads a flexible array.
func (s *source) tail(d *typeDecl, t tailMethod) []jen.Code {
	head := jen.Nil()
	if t.storage != "" {
		head = storage(t.storage).Index(lit(t.off).Op(":"))
		if t.off == 0 {
			head = storage(t.storage).Index(jen.Op(":"))
		}
	}
	return []jen.Code{
		comment(t.doc...),
		method(d, t.name).Params(jen.Id("rest").Index().Byte()).Index().Add(s.typ(t.elem)).Add(oneLine(
			jen.Return(s.qual(ctypesPath, "Tail").Types(s.typ(t.elem)).Call(head, jen.Id("rest"))))),
	}
}

// declareEnum writes a named integer with its constants and String.
func (s *source) declareEnum(d *typeDecl) error {
	if err := s.add(d.comment(), jen.Type().Id(d.name).Add(s.typ(d.enum.base))); err != nil {
		return err
	}
	if len(d.enum.consts) > 0 {
		if err := s.add(comment("Values of "+d.cName+"."), s.enumConsts(d)); err != nil {
			return err
		}
	}
	return s.add(comment("String is the name in C."), s.enumString(d))
}

func (s *source) enumConsts(d *typeDecl) *jen.Statement {
	return jen.Const().DefsFunc(func(g *jen.Group) {
		for _, c := range d.enum.consts {
			line := g.Id(c.name).Id(d.name).Op("=").Id(c.value)
			if c.repeats {
				line.Comment(lineComment(c.cName))
			}
		}
	})
}

// enumString is String: of several names of one value the first, and the
// number where there is none.
func (s *source) enumString(d *typeDecl) *jen.Statement {
	number := s.qual("strconv", "FormatUint").Call(jen.Uint64().Call(jen.Id("v")), lit(10))
	if d.enum.signed {
		number = s.qual("strconv", "FormatInt").Call(jen.Int64().Call(jen.Id("v")), lit(10))
	}
	unknown := jen.Return(str(d.name + "(").Op("+").Add(number).Op("+").Add(str(")")))
	return jen.Func().Params(jen.Id("v").Id(d.name)).Id("String").Params().String().BlockFunc(func(g *jen.Group) {
		if len(d.enum.consts) > 0 {
			g.Switch(jen.Id("v")).BlockFunc(func(g *jen.Group) {
				for _, c := range d.enum.consts {
					if !c.repeats {
						g.Case(jen.Id(c.name)).Block(jen.Return(str(c.cName)))
					}
				}
			})
		}
		g.Add(unknown)
	})
}
