package print

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/internal/words"
)

// types writes a Go file of type declarations. It stands alone, asks no
// question about C, and its guards stand last.
func types(w io.Writer, h header, runtime, guard string, decls []*plan.Decl) error {
	s := newSource(runtime)
	if guard != "" {
		s.line(guard)
	}
	for _, d := range decls {
		if !d.Borrowed {
			s.declare(d)
		}
	}
	s.guards(decls)
	return s.writeTo(w, h)
}

// declare writes one type with its constants and methods.
func (s *source) declare(d *plan.Decl) {
	if d.Enum != nil {
		s.declareEnum(d)
		return
	}
	s.comment(declComment(d)...)
	switch {
	case d.Alias != "":
		s.line("type ", d.Name, " = ", d.Alias)
		return
	case d.Base != nil:
		s.line("type ", d.Name, " ", s.typ(*d.Base, ""))
		return
	}
	s.line("type ", d.Name, " ", s.structure(d.Fields, ""))
	for _, a := range d.Accessors {
		s.accessor(d, a)
	}
	for _, m := range d.Texts {
		s.text(d, m)
	}
	for _, t := range d.Tails {
		s.tail(d, t)
	}
	for _, l := range d.DataLocs {
		s.dataLoc(d, l)
	}
	if d.MinSize != 0 {
		s.functions([]string{"MinSize is the offset of the flexible array: the size of a record without elements."},
			function{header: method(d, "MinSize") + "() int", body: []string{"return " + lit(d.MinSize)}})
	}
	if d.LPM != nil {
		s.lpmKey(d)
	}
}

// declComment is the doc comment of the type.
func declComment(d *plan.Decl) []string {
	paragraphs := []string{fmt.Sprintf("%s is %s, %s.", d.Name, d.C, words.Bytes(d.Size))}
	if len(d.Uses) > 0 {
		paragraphs = append(paragraphs, strings.Join(d.Uses, " "))
	}
	return append(paragraphs, d.Doc...)
}

// method is the header of a method of d up to its parameters.
func method(d *plan.Decl, name string) string { return "func (s *" + d.Name + ") " + name }

// accessor is a get/set pair. The setter stands right under the getter, which
// has the comment of both.
func (s *source) accessor(d *plan.Decl, a plan.Accessor) {
	s.functions(a.Doc,
		function{header: method(d, a.Getter) + "() " + s.typ(a.Type, ""), body: []string{"return " + s.load(a)}},
		function{header: method(d, a.Setter) + "(v " + s.typ(a.Type, "") + ")", body: []string{s.store(a)}})
}

// load reads the value of an accessor.
func (s *source) load(a plan.Accessor) string {
	switch a.Access {
	case plan.AccessBits:
		return s.convert(a.Type, "uint64", s.bits("Bits", a))
	case plan.AccessSignedBits:
		return s.convert(a.Type, "int64", s.bits("SignedBits", a))
	case plan.AccessBoolBits:
		return s.bits("Bits", a) + " != 0"
	default:
		return s.call("Load["+s.typ(a.Type, "\t")+"]", place(a))
	}
}

// store writes v where load reads.
func (s *source) store(a plan.Accessor) string {
	switch a.Access {
	case plan.AccessBits, plan.AccessSignedBits:
		v := "v"
		if !a.Type.Equal(plan.GoType{Name: "uint64"}) {
			v = "uint64(v)"
		}
		return s.bits("SetBits", a, v)
	case plan.AccessBoolBits:
		return s.bits("SetBits", a, s.call("Bit", "v"))
	default:
		return s.call("Store", place(a), "v")
	}
}

// convert makes a t of a value of another type, unless that is t.
func (s *source) convert(t plan.GoType, from, value string) string {
	if t.Equal(plan.GoType{Name: from}) {
		return value
	}
	return s.typ(t, "\t") + "(" + value + ")"
}

// bits calls a function of package ctypes on a bitfield.
func (s *source) bits(function string, a plan.Accessor, more ...string) string {
	return s.call(function, append([]string{bytesOf(a) + "[:]", lit(a.Off), lit(a.N)}, more...)...)
}

// place is the bytes of an accessor in storage.
func place(a plan.Accessor) string {
	if a.Whole {
		return bytesOf(a) + "[:]"
	}
	return bytesOf(a) + "[" + lit(a.Off) + ":" + lit(a.Off+a.N) + "]"
}

// bytesOf are the bytes that an accessor's place is in.
func bytesOf(a plan.Accessor) string {
	if a.Bytes != "" {
		return a.Bytes
	}
	return storage(a.Storage)
}

// storage is a field of the receiver.
func storage(field string) string { return "s." + field }

// text reads and stores text. Arrays of arrays of char take an index for each
// outer dimension.
func (s *source) text(d *plan.Decl, m plan.Text) {
	var indexes []string
	for i := range m.Dims {
		name := "i"
		if len(m.Dims) > 1 {
			name += strconv.Itoa(i)
		}
		indexes = append(indexes, name)
	}
	params, chars := "", "[:]"
	if len(indexes) > 0 {
		params = strings.Join(indexes, ", ") + " int"
		chars = "[" + strings.Join(indexes, "][") + "][:]"
	}
	array, block := storage(m.Member), m.Call
	var load []string
	if m.Call {
		array, load = "v", []string{"v := " + storage(m.Member) + "()"}
	}
	set := s.call("SetCString", array+chars, "text")
	get := append(load, "return "+s.call("CString", array+chars))
	put := []string{"return " + set}
	if m.Call {
		put = append(load, "err := "+set, storage(m.Store)+"(v)", "return err")
	}
	text := "text string"
	if params != "" {
		text = params + ", " + text
	}
	s.functions(m.Doc,
		function{header: method(d, m.Name) + "(" + params + ") string", body: get, block: block},
		function{header: method(d, m.Setter) + "(" + text + ") error", body: put, block: block})
}

// tail reads a flexible array.
func (s *source) tail(d *plan.Decl, t plan.Tail) {
	head := "nil"
	if t.Storage != "" {
		head = storage(t.Storage) + from(t.Off)
	}
	functions := []function{s.tailOf(method(d, t.Name), "", t.Elem, head)}
	if t.Text != "" {
		functions = append(functions, function{
			header: method(d, t.Text) + "(rest []byte) string",
			body:   []string{"return " + s.call("CString", storage(t.Name)+"(rest)")},
		})
	}
	s.functions(t.Doc, functions...)
}

// tailOf is the function that reads a flexible array whose first bytes are head. Its
// first parameters come with a comma.
func (s *source) tailOf(name, params string, elem plan.GoType, head string) function {
	return function{
		header: name + "(" + params + "rest []byte) []" + s.typ(elem, ""),
		body:   []string{"return " + s.call("Tail["+s.typ(elem, "\t")+"]", head, "rest")},
	}
}

// from is the slice of an array from a byte on.
func from(off uint32) string {
	if off == 0 {
		return "[:]"
	}
	return "[" + lit(off) + ":]"
}

// dataLoc reads an array of a tracepoint's record.
func (s *source) dataLoc(d *plan.Decl, l plan.DataLoc) {
	base := "0"
	if l.Relative {
		base = s.qual("unsafe", "Offsetof") + "(" + storage(l.Field) + ")+4"
	}
	s.functions(l.Doc,
		function{
			header: method(d, l.Bytes) + "(rest []byte) []byte",
			body:   []string{"return " + s.call("DataLoc", "s", "rest", "uint32("+storage(l.Field)+")", base)},
		},
		function{
			header: method(d, l.Text) + "(rest []byte) string",
			body:   []string{"return " + s.call("CString", storage(l.Bytes)+"(rest)")},
		})
}

// declareEnum writes a named integer with its constants and String.
func (s *source) declareEnum(d *plan.Decl) {
	if d.Enum.Plain {
		s.comment("Values of an enum without a name in C.")
		s.enumConsts(d)
		return
	}
	s.comment(declComment(d)...)
	s.line("type ", d.Name, " ", s.typ(d.Enum.Base, ""))
	if len(d.Enum.Consts) > 0 {
		s.comment("Values of " + d.C + ".")
		s.enumConsts(d)
	}
	if d.Enum.Stringer {
		s.enumString(d)
	}
}

func (s *source) enumConsts(d *plan.Decl) {
	typ := d.Name
	if d.Enum.Plain {
		typ = s.typ(d.Enum.Base, "")
	}
	rows := make([][]string, len(d.Enum.Consts))
	for i, c := range d.Enum.Consts {
		rows[i] = []string{c.Name, typ, "= " + c.Value}
		if c.Repeats {
			rows[i] = append(rows[i], lineComment(c.C))
		}
	}
	s.line("const (")
	for _, l := range aligned(rows) {
		s.line("\t", l)
	}
	s.line(")")
}

// enumString is String: of several names of one value the first, and the
// number where there is none.
func (s *source) enumString(d *plan.Decl) {
	number := s.qual("strconv", "FormatUint") + "(uint64(v), 10)"
	if d.Enum.Signed {
		number = s.qual("strconv", "FormatInt") + "(int64(v), 10)"
	}
	s.comment("String is the name in C.")
	s.line("func (v ", d.Name, ") String() string {")
	if len(d.Enum.Consts) > 0 {
		s.line("\tswitch v {")
		for _, c := range d.Enum.Consts {
			if !c.Repeats {
				s.line("\tcase ", c.Name, ":")
				s.line("\t\treturn ", strconv.Quote(c.C))
			}
		}
		s.line("\t}")
	}
	s.line("\treturn ", strconv.Quote(d.Name+"("), " + ", number, ` + ")"`)
	s.line("}")
}
