package print

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// types writes a Go file of type declarations. It stands alone, asks no
// question about C, and its guards stand last.
func types(w io.Writer, h header, runtime, guard string, decls []*plan.Decl) error {
	s := newSource(h.Package, runtime)
	if guard != "" {
		s.body.WriteString(guard + "\n")
	}
	for _, d := range decls {
		if d.Borrowed {
			continue
		}
		if err := s.declare(d); err != nil {
			return fmt.Errorf("type %s: %w", d.Name, err)
		}
	}
	if err := s.guards(decls); err != nil {
		return err
	}
	return s.writeTo(w, h)
}

// declare writes one type with its constants and methods.
func (s *source) declare(d *plan.Decl) error {
	switch {
	case d.Alias != "":
		return s.add(declComment(d), jen.Type().Id(d.Name).Op("=").Id(d.Alias))
	case d.Enum != nil:
		return s.declareEnum(d)
	case d.Base != nil:
		return s.add(declComment(d), jen.Type().Id(d.Name).Add(s.typ(*d.Base)))
	}
	groups := [][]jen.Code{{declComment(d), jen.Type().Id(d.Name).Add(s.structure(d.Fields))}}
	for _, a := range d.Accessors {
		groups = append(groups, s.accessor(d, a))
	}
	for _, m := range d.Texts {
		groups = append(groups, s.text(d, m))
	}
	for _, t := range d.Tails {
		groups = append(groups, s.tail(d, t))
	}
	for _, l := range d.DataLocs {
		groups = append(groups, s.dataLoc(d, l))
	}
	if d.MinSize != 0 {
		groups = append(groups, []jen.Code{
			comment("MinSize is the offset of the flexible array: the size of a record without elements."),
			method(d, "MinSize").Params().Int().Add(oneLine(jen.Return(lit(d.MinSize)))),
		})
	}
	if d.LPM != nil {
		groups = append(groups, s.lpmKey(d)...)
	}
	for _, g := range groups {
		if err := s.add(g...); err != nil {
			return err
		}
	}
	return nil
}

// declComment is the doc comment of the type.
func declComment(d *plan.Decl) *jen.Statement {
	paragraphs := []string{fmt.Sprintf("%s is %s, %s.", d.Name, d.C, byteCount(d.Size))}
	if len(d.Uses) > 0 {
		paragraphs = append(paragraphs, strings.Join(d.Uses, " "))
	}
	return comment(append(paragraphs, d.Doc...)...)
}

// byteCount is a size for people: "1 byte", "2 bytes".
func byteCount(n uint32) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// structure is a struct with every byte accounted for.
func (s *source) structure(fields []plan.Field) *jen.Statement {
	return jen.StructFunc(func(g *jen.Group) {
		g.Id("_").Add(s.qual("structs", "HostLayout"))
		for _, f := range fields {
			for _, line := range f.Doc {
				g.Comment(lineComment(line))
			}
			field := g.Id(f.Name).Add(s.typ(f.Type))
			if f.Comment != "" {
				field.Comment(lineComment(f.Comment))
			}
		}
	})
}

// method starts a method of d.
func method(d *plan.Decl, name string) *jen.Statement {
	return jen.Func().Params(jen.Id("s").Op("*").Id(d.Name)).Id(name)
}

// accessor is a get/set pair. The setter stands right under the getter, which
// has the comment of both.
func (s *source) accessor(d *plan.Decl, a plan.Accessor) []jen.Code {
	getter := method(d, a.Getter).Params().Add(s.typ(a.Type)).Add(oneLine(jen.Return(s.load(a))))
	setter := method(d, a.Setter).Params(jen.Id("v").Add(s.typ(a.Type))).Add(oneLine(s.store(a)))
	return []jen.Code{comment(a.Doc...), getter, setter}
}

// load reads the value of an accessor.
func (s *source) load(a plan.Accessor) *jen.Statement {
	switch a.Access {
	case plan.AccessBits:
		return s.convert(a.Type, "uint64", s.bits("Bits", a))
	case plan.AccessSignedBits:
		return s.convert(a.Type, "int64", s.bits("SignedBits", a))
	case plan.AccessBoolBits:
		return s.bits("Bits", a).Op("!=").Add(lit(0))
	default:
		return s.call("Load").Types(s.typ(a.Type)).Call(place(a))
	}
}

// store writes v where load reads.
func (s *source) store(a plan.Accessor) *jen.Statement {
	switch a.Access {
	case plan.AccessBits, plan.AccessSignedBits:
		v := jen.Id("v")
		if a.Type.String() != "uint64" {
			v = jen.Uint64().Call(v)
		}
		return s.bits("SetBits", a, v)
	case plan.AccessBoolBits:
		return s.bits("SetBits", a, s.call("Bit").Call(jen.Id("v")))
	default:
		return s.call("Store").Call(place(a), jen.Id("v"))
	}
}

// convert makes a t of a value of another type, unless that is t.
func (s *source) convert(t plan.GoType, from string, value *jen.Statement) *jen.Statement {
	if t.String() == from {
		return value
	}
	return s.typ(t).Call(value)
}

// bits calls a function of package ctypes on a bitfield.
func (s *source) bits(function string, a plan.Accessor, more ...jen.Code) *jen.Statement {
	args := append([]jen.Code{bytesOf(a).Index(jen.Op(":")), lit(a.Off), lit(a.N)}, more...)
	return s.call(function).Call(args...)
}

// place is the bytes of an accessor in storage.
func place(a plan.Accessor) *jen.Statement {
	if a.Whole {
		return bytesOf(a).Index(jen.Op(":"))
	}
	return bytesOf(a).Index(lit(a.Off).Op(":").Add(lit(a.Off + a.N)))
}

// bytesOf are the bytes that an accessor's place is in.
func bytesOf(a plan.Accessor) *jen.Statement {
	if a.Bytes != "" {
		return jen.Op(a.Bytes)
	}
	return storage(a.Storage)
}

// storage is a field of the receiver.
func storage(field string) *jen.Statement { return jen.Id("s").Dot(field) }

// text reads and stores text. Arrays of arrays of char take an index for each
// outer dimension.
func (s *source) text(d *plan.Decl, m plan.Text) []jen.Code {
	var params []jen.Code
	index := jen.Null()
	for i := range m.Dims {
		name := "i"
		if len(m.Dims) > 1 {
			name += strconv.Itoa(i)
		}
		params = append(params, jen.Id(name))
		index.Index(jen.Id(name))
	}
	if len(params) > 0 {
		params = []jen.Code{jen.List(params...).Int()}
	}
	chars := func(array *jen.Statement) *jen.Statement { return array.Add(index).Index(jen.Op(":")) }
	get := func(array *jen.Statement) jen.Code { return jen.Return(s.call("CString").Call(chars(array))) }
	set := func(array *jen.Statement) *jen.Statement {
		return s.call("SetCString").Call(chars(array), jen.Id("text"))
	}
	read, write := oneLine(get(storage(m.Member))), oneLine(jen.Return(set(storage(m.Member))))
	if m.Call {
		load := jen.Id("v").Op(":=").Add(storage(m.Member)).Call()
		read = jen.Block(load.Clone(), get(jen.Id("v")))
		write = jen.Block(load, jen.Err().Op(":=").Add(set(jen.Id("v"))), storage(m.Store).Call(jen.Id("v")), jen.Return(jen.Err()))
	}
	return []jen.Code{
		comment(m.Doc...),
		method(d, m.Name).Params(params...).String().Add(read),
		method(d, m.Setter).Params(append(params, jen.Id("text").String())...).Error().Add(write),
	}
}

// tail reads a flexible array.
func (s *source) tail(d *plan.Decl, t plan.Tail) []jen.Code {
	head := jen.Nil()
	if t.Storage != "" {
		head = storage(t.Storage).Index(lit(t.Off).Op(":"))
		if t.Off == 0 {
			head = storage(t.Storage).Index(jen.Op(":"))
		}
	}
	return []jen.Code{
		comment(t.Doc...),
		method(d, t.Name).Params(jen.Id("rest").Index().Byte()).Index().Add(s.typ(t.Elem)).Add(oneLine(
			jen.Return(s.call("Tail").Types(s.typ(t.Elem)).Call(head, jen.Id("rest"))))),
	}
}

// dataLoc reads an array of a tracepoint's record.
func (s *source) dataLoc(d *plan.Decl, l plan.DataLoc) []jen.Code {
	from := jen.Lit(0)
	if l.Relative {
		from = s.qual("unsafe", "Offsetof").Call(storage(l.Field)).Op("+").Lit(4)
	}
	rest := func() *jen.Statement { return jen.Id("rest").Index().Byte() }
	array := s.call("DataLoc").Call(jen.Id("s"), jen.Id("rest"), jen.Uint32().Call(storage(l.Field)), from)
	text := s.call("CString").Call(storage(l.Bytes).Call(jen.Id("rest")))
	return []jen.Code{
		comment(l.Doc...),
		method(d, l.Bytes).Params(rest()).Index().Byte().Add(oneLine(jen.Return(array))),
		method(d, l.Text).Params(rest()).String().Add(oneLine(jen.Return(text))),
	}
}

// declareEnum writes a named integer with its constants and String.
func (s *source) declareEnum(d *plan.Decl) error {
	if d.Enum.Plain {
		return s.add(comment("Values of an enum without a name in C."), s.enumConsts(d))
	}
	if err := s.add(declComment(d), jen.Type().Id(d.Name).Add(s.typ(d.Enum.Base))); err != nil {
		return err
	}
	if len(d.Enum.Consts) > 0 {
		if err := s.add(comment("Values of "+d.C+"."), s.enumConsts(d)); err != nil {
			return err
		}
	}
	if !d.Enum.Stringer {
		return nil
	}
	return s.add(comment("String is the name in C."), s.enumString(d))
}

func (s *source) enumConsts(d *plan.Decl) *jen.Statement {
	typ := jen.Id(d.Name)
	if d.Enum.Plain {
		typ = s.typ(d.Enum.Base)
	}
	return jen.Const().DefsFunc(func(g *jen.Group) {
		for _, c := range d.Enum.Consts {
			line := g.Id(c.Name).Add(typ).Op("=").Id(c.Value)
			if c.Repeats {
				line.Comment(lineComment(c.C))
			}
		}
	})
}

// enumString is String: of several names of one value the first, and the
// number where there is none.
func (s *source) enumString(d *plan.Decl) *jen.Statement {
	number := s.qual("strconv", "FormatUint").Call(jen.Uint64().Call(jen.Id("v")), lit(10))
	if d.Enum.Signed {
		number = s.qual("strconv", "FormatInt").Call(jen.Int64().Call(jen.Id("v")), lit(10))
	}
	unknown := jen.Return(str(d.Name + "(").Op("+").Add(number).Op("+").Add(str(")")))
	return jen.Func().Params(jen.Id("v").Id(d.Name)).Id("String").Params().String().BlockFunc(func(g *jen.Group) {
		if len(d.Enum.Consts) > 0 {
			g.Switch(jen.Id("v")).BlockFunc(func(g *jen.Group) {
				for _, c := range d.Enum.Consts {
					if !c.Repeats {
						g.Case(jen.Id(c.Name)).Block(jen.Return(str(c.C)))
					}
				}
			})
		}
		g.Add(unknown)
	})
}
