package btfparse

// This file writes an Object as text, for golden files and for people who want
// to know what bpfgen saw. The text has all facts, one a line, and depends on
// nothing but the Object.

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Dump writes the object as readable text. It ignores errors of w, which is
// meant to be a buffer.
func (o *Object) Dump(w io.Writer) {
	d := dumper{w}
	d.line(0, "byte order %s", o.ByteOrder)
	if o.License != "" {
		d.line(0, "license %q", o.License)
	}
	for _, m := range o.Maps {
		d.mapDef(0, m)
	}
	for _, p := range o.Programs {
		d.program(p)
	}
	for _, v := range o.Variables {
		d.variable(v)
	}
	for _, t := range o.Types {
		d.declaration(t)
	}
	for _, warning := range slices.Concat(o.TypeWarnings, o.Warnings) {
		d.line(0, "warning: %s", warning)
	}
}

type dumper struct{ w io.Writer }

func (d dumper) line(indent int, format string, args ...any) {
	fmt.Fprintf(d.w, strings.Repeat("\t", indent)+format+"\n", args...)
}

// property prints what is not its kind's usual value.
func (d dumper) property(indent int, name string, value, usual any) {
	if value != usual {
		d.line(indent, "%s %v", name, value)
	}
}

func (d dumper) tags(indent int, tags []string) {
	for _, tag := range tags {
		d.line(indent, "tag %q", tag)
	}
}

func (d dumper) mapDef(indent int, m *Map) {
	d.line(indent, "map %s", name(m.Name))
	indent++
	d.line(indent, "section %s", name(m.Section))
	d.line(indent, "type %s", m.Type)
	d.line(indent, "key %s, %d bytes", typeName(m.Key), m.KeySize)
	d.line(indent, "value %s, %d bytes", typeName(m.Value), m.ValueSize)
	d.line(indent, "max_entries %d", m.MaxEntries)
	d.property(indent, "flags", fmt.Sprintf("%#x", m.Flags), "0x0")
	d.property(indent, "numa_node", m.NumaNode, uint32(0))
	d.property(indent, "map_extra", fmt.Sprintf("%#x", m.MapExtra), "0x0")
	d.property(indent, "pinning", m.Pinning, uint32(0))
	d.property(indent, "legacy", m.Legacy, false)
	for _, slot := range m.Contents {
		d.line(indent, "slot %d: %s", slot.Key, name(slot.Name))
	}
	d.tags(indent, m.Tags)
	if m.Inner != nil {
		d.mapDef(indent, m.Inner)
	}
}

func (d dumper) program(p *Program) {
	d.line(0, "program %s", name(p.Name))
	d.line(1, "section %s", name(p.Section))
	d.line(1, "type %s", p.Type)
	d.property(1, "prefix", p.Prefix, "")
	d.property(1, "attach type", p.AttachType, AttachNone)
	d.property(1, "target", name(p.Target), `""`)
	d.property(1, "sleepable", p.Sleepable, false)
	d.property(1, "frags", p.Frags, false)
	d.property(1, "autoload", !p.NoAutoload, true)
	d.property(1, "static", p.Static, false)
	d.tags(1, p.Tags)
}

var variableKinds = map[VariableKind]string{
	VarData: "data", VarConst: "const", VarKconfig: "kconfig", VarKsym: "ksym", VarArena: "arena", VarExtern: "extern",
}

func (d dumper) variable(v *Variable) {
	d.line(0, "variable %s", name(v.Name))
	d.line(1, "section %s+%d, %d bytes", name(v.Section), v.Offset, v.Size)
	d.line(1, "kind %s", variableKinds[v.Kind])
	d.line(1, "type %s", typeName(v.Type))
	d.property(1, "static", v.Static, false)
	d.property(1, "weak", v.Weak, false)
	d.property(1, "local", v.Local, false)
	d.property(1, "function", v.Function, "")
	if v.Marks != nil {
		d.line(1, "marks %s", typeName(v.Marks))
	}
	if len(v.Unfilled) > 0 {
		d.line(1, "unfilled addresses at %d", v.Unfilled)
	}
	d.tags(1, v.Tags)
	d.anonymous(1, v.Type)
}

// declaration writes a named type with all that is in it.
func (d dumper) declaration(t Type) {
	switch t := t.(type) {
	case *Typedef:
		d.line(0, "typedef %s = %s, %d bytes", name(t.Name), typeName(t.Type), t.Size())
		d.tags(1, t.Tags)
		d.anonymous(1, t.Type)
	case *Opaque:
		d.line(0, "%s: %s", name(t.Spelling), t.Why)
	default:
		d.body(0, t)
	}
}

// body writes a struct, union or enum.
func (d dumper) body(indent int, t Type) {
	switch t := t.(type) {
	case *Struct:
		d.line(indent, "%s, %d bytes%s", name(t.CName()), t.Bytes, ifTypedef(t.FromTypedef))
		d.tags(indent+1, t.Tags)
		for _, f := range t.Fields {
			d.field(indent+1, f)
		}
	case *Enum:
		sign := "unsigned"
		if t.Signed {
			sign = "signed"
		}
		if t.Halved {
			sign += ", lower halves of values"
		}
		d.line(indent, "%s, %d bytes, %s%s", name(t.CName()), t.Bytes, sign, ifTypedef(t.FromTypedef))
		d.tags(indent+1, t.Tags)
		for _, v := range t.Values {
			d.line(indent+1, "%s = %s", name(v.Name), t.Literal(v.Value))
		}
	}
}

func ifTypedef(is bool) string {
	if is {
		return ", by typedef"
	}
	return ""
}

// field writes "+8 u32 x", in bytes, or "+8.3:5 …" for five bits from bit 3 on.
func (d dumper) field(indent int, f Field) {
	at := fmt.Sprintf("+%d", f.OffsetBits/8)
	if f.Bitfield {
		at += fmt.Sprintf(".%d:%d", f.OffsetBits%8, f.SizeBits)
	} else if f.OffsetBits%8 != 0 {
		at += fmt.Sprintf(".%d", f.OffsetBits%8)
	}
	d.line(indent, "%s %s %s", at, name(f.Name), typeName(f.Type))
	d.tags(indent+1, f.Tags)
	d.anonymous(indent+1, f.Type)
}

// anonymous writes out the nameless struct, union or enum in a type: it stands
// nowhere else.
func (d dumper) anonymous(indent int, t Type) {
	switch t := Innermost(t).(type) {
	case *Struct:
		if t.Name == "" {
			d.body(indent, t)
		}
	case *Enum:
		if t.Name == "" {
			d.body(indent, t)
		}
	}
}

// typeName is the C spelling with what the spelling hides.
func typeName(t Type) string {
	switch t := t.(type) {
	case nil:
		return "unknown"
	case *Typedef:
		return name(t.Name)
	case *Pointer:
		s := t.CName()
		for _, tag := range t.TypeTags {
			s += fmt.Sprintf(" tag %q", tag)
		}
		return name(s)
	case *Opaque:
		if t.Spelling == t.Why {
			return t.Spelling
		}
		return name(t.Spelling) + " (" + t.Why + ")"
	}
	return name(t.CName())
}

// name quotes what would break the line.
func name(s string) string {
	if s == "" || oneLine(s) != s {
		return strconv.Quote(s)
	}
	return s
}
