package main

// The report of inspect as a person reads it in a terminal: a table for maps,
// programs and variables each, and structs much as pahole shows them.

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/inspecthtml"
)

func (r *report) writeText(w io.Writer) error {
	out := bufio.NewWriter(w)
	license := ""
	if r.License != "" {
		license = fmt.Sprintf(", license %q", r.License)
	}
	fmt.Fprintf(out, "%s-endian%s\n", r.ByteOrder, license)
	r.writeMaps(out)
	r.writePrograms(out)
	r.writeUses(out)
	r.writeVariables(out)
	for _, t := range r.Types {
		t.write(out)
	}
	if r.LoadError != "" {
		fmt.Fprintf(out, "\ncilium/ebpf does not load this object: %s\n", r.LoadError)
	}
	for _, failure := range r.Failures {
		fmt.Fprintf(out, "\nas it is, it cannot be loaded: %s\n", oneLine(failure))
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(out, "\nwarning: %s\n", oneLine(warning))
	}
	return out.Flush()
}

func (r *report) writeMaps(w io.Writer) {
	t := table{header: []string{"MAP", "TYPE", "KEY", "VALUE", "ENTRIES", "MEMORY", "FLAGS", "NOTES"}, right: "    rrr "}
	for _, m := range r.Maps {
		t.add(m.Name, m.Type, m.describe(m.Key, m.KeySize), m.describeValue(),
			m.entries(), m.Memory.String(), fmt.Sprintf("%#x", m.Flags), m.notes())
	}
	t.write(w)
}

// describe is a type with its size in bytes.
func (m mapReport) describe(name string, size uint32) string {
	switch {
	case name == "" && size == 0:
		return "-"
	case name == "":
		return fmt.Sprintf("%d bytes", size)
	}
	return fmt.Sprintf("%s (%d)", name, size)
}

// describeValue is the value, or the record of what carries events.
func (m mapReport) describeValue() string {
	if len(m.Events) > 0 {
		return m.describe(m.Events[0].Type, m.Events[0].Size)
	}
	return m.describe(m.Value, m.ValueSize)
}

func (m mapReport) notes() string {
	var notes []string
	if m.PinByName {
		notes = append(notes, "pinned by name")
	}
	if m.Section == "maps" {
		notes = append(notes, "legacy definition")
	}
	if m.Inner != nil {
		inner := "of " + m.Inner.Type
		if m.Inner.KeySize > 0 || m.Inner.ValueSize > 0 {
			inner += fmt.Sprintf(" of %s to %s",
				m.describe(m.Inner.Key, m.Inner.KeySize), m.describe(m.Inner.Value, m.Inner.ValueSize))
		}
		notes = append(notes, inner)
	}
	if len(m.Contents) > 0 {
		var slots []string
		for _, s := range m.Contents {
			slots = append(slots, fmt.Sprintf("%d=%s", s.Key, s.Name))
		}
		notes = append(notes, "holds "+strings.Join(slots, " "))
	}
	return strings.Join(append(notes, m.Tags...), ", ")
}

func (r *report) writePrograms(w io.Writer) {
	t := table{header: []string{"PROGRAM", "SECTION", "TYPE", "ATTACHES"}}
	for _, p := range r.Programs {
		kind := p.Type
		if p.Sleepable {
			kind += " sleepable"
		}
		if p.Frags {
			kind += " frags"
		}
		attaches := p.Attaches
		if !p.Autoload {
			attaches += ", not loaded by default"
		}
		t.add(p.Name, p.Section, kind, attaches)
	}
	t.write(w)
}

// writeUses shows what each program refers to.
func (r *report) writeUses(w io.Writer) {
	for _, p := range r.Programs {
		t := table{indent: "  "}
		for _, list := range append([]inspecthtml.List{{Title: "maps", Items: p.Maps}}, p.lists()...) {
			if len(list.Items) > 0 {
				t.add(list.Title, strings.Join(list.Items, ", "))
			}
		}
		if len(t.rows) > 0 {
			fmt.Fprintf(w, "\n%s uses\n", oneLine(p.Name))
			t.writeRows(w)
		}
	}
}

func (r *report) writeVariables(w io.Writer) {
	t := table{header: []string{"VARIABLE", "SECTION", "OFFSET", "SIZE", "KIND", "TYPE", "INITIAL", "NOTES"}, right: "  rr   "}
	for _, v := range r.Variables {
		t.add(v.Name, v.Section, fmt.Sprint(v.Offset), fmt.Sprint(v.Size), v.kind(), v.Type, shortened(v.Initial), v.notes())
	}
	t.write(w)
}

// shortened is text that leaves room for the next column.
func shortened(s string) string {
	const room = 40
	if r := []rune(s); len(r) > room {
		return string(r[:room-1]) + "…"
	}
	return s
}

func (v variableReport) kind() string {
	kind := v.Kind
	if v.Static {
		kind = "static " + kind
	}
	if v.Weak {
		kind = "weak " + kind
	}
	return kind
}

// notes say why generated code does not have the variable, and what C puts into
// it that is not there.
func (v variableReport) notes() string {
	var notes []string
	switch {
	case v.Function != "":
		notes = append(notes, "in function "+v.Function)
	case v.Local:
		notes = append(notes, "in a function")
	}
	if v.Marks != "" {
		notes = append(notes, "marks "+v.Marks)
	}
	if len(v.Unfilled) > 0 {
		notes = append(notes, "addresses are not filled in")
	}
	return strings.Join(append(notes, v.Tags...), ", ")
}

func (t typeReport) write(w io.Writer) {
	fmt.Fprintf(w, "\n%s: %s", oneLine(t.Name), count(t.Size, "byte"))
	if s, ok := t.typ.(*btfparse.Struct); ok {
		if holes := holeBits(s, t.Members); holes > 0 {
			fmt.Fprintf(w, ", %s in holes", bits(holes))
		}
	}
	if len(t.UsedBy) > 0 {
		fmt.Fprintf(w, "; %s", oneLine(strings.Join(t.UsedBy, ", ")))
	}
	fmt.Fprintln(w)
	tab := table{indent: "  ", right: "rr "}
	if t.Kind == "enum" {
		tab.right = "r "
		for _, v := range t.Values {
			tab.add(v.Value, v.Name)
		}
	} else if len(t.Members) > 0 {
		tab.header = []string{"OFFSET", "SIZE", "MEMBER"}
		tab.addMembers(t.Members, "")
	}
	tab.writeRows(w)
	if s, ok := t.typ.(*btfparse.Struct); ok {
		if o := inspecthtml.Reorder(s); o != nil {
			fmt.Fprintf(w, "  %d bytes in another order: %s\n", o.Bytes, oneLine(strings.Join(o.Declared, " ")))
		}
	}
}

// addMembers adds a row for each member and hole; nested ones are indented.
func (t *table) addMembers(members []memberReport, indent string) {
	for _, m := range members {
		size := bits(m.SizeBits)
		if m.SizeBits%8 == 0 && !m.Bitfield {
			size = fmt.Sprint(m.SizeBits / 8)
		}
		offset := fmt.Sprint(m.OffsetBits / 8)
		if m.Bitfield || m.OffsetBits%8 != 0 || m.SizeBits%8 != 0 {
			offset += fmt.Sprintf(":%d", m.OffsetBits%8)
		}
		switch {
		case m.Hole != "":
			t.add(offset, size, indent+"("+m.Hole+")")
		case m.Members != nil:
			t.add(offset, size, indent+m.open())
			t.addMembers(m.Members, indent+"    ")
			t.add("", "", indent+m.close())
		default:
			t.add(offset, size, indent+m.declaration())
		}
	}
}

// open is the first line of a nested struct without a name of its own.
func (m memberReport) open() string {
	return structKind(btfparse.Nameless(m.typ)) + " {"
}

// close is the last line.
func (m memberReport) close() string {
	_, declarator, _ := strings.Cut(btfparse.Declare(m.typ, m.Name), "{…}")
	return "}" + declarator + ";"
}

func (m memberReport) declaration() string {
	decl := m.declared + ";"
	if len(m.Tags) > 0 {
		decl += " // " + strings.Join(m.Tags, ", ")
	}
	return decl
}

// holeBits are the bits of a struct that no member claims; of a union, those
// that the arm with the fewest leaves.
func holeBits(t *btfparse.Struct, members []memberReport) uint32 {
	sum, least := uint32(0), 8*t.Bytes
	for _, m := range members {
		holes := m.holeBits() // looks at all that is inside: once
		sum += holes
		if m.Hole == "" {
			least = min(least, 8*t.Bytes-m.SizeBits+holes)
		}
	}
	if t.Union {
		return least
	}
	return sum
}

// holeBits are those of a hole, or of a struct that is shown in its place, in
// each element of an array.
func (m memberReport) holeBits() uint32 {
	if m.Hole != "" {
		return m.SizeBits
	}
	s := btfparse.Nameless(m.typ)
	if s == nil || s.Bytes == 0 {
		return 0
	}
	return m.SizeBits / (8 * s.Bytes) * holeBits(s, m.Members)
}

// bits is a size in bytes where it is whole, else in bits.
func bits(n uint32) string {
	if n%8 == 0 && n > 0 {
		return count(n/8, "byte")
	}
	return count(n, "bit")
}

func count(n uint32, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// table is text in columns.
type table struct {
	header []string
	indent string
	// right has an r for each column that is set flush right.
	right string
	rows  [][]string
}

func (t *table) add(cells ...string) {
	for i := range cells {
		cells[i] = oneLine(cells[i])
	}
	t.rows = append(t.rows, cells)
}

// write prints a table with rows after an empty line.
func (t *table) write(w io.Writer) {
	if len(t.rows) > 0 {
		fmt.Fprintln(w)
		t.writeRows(w)
	}
}

func (t *table) writeRows(w io.Writer) {
	rows := t.rows
	if t.header != nil {
		rows = append([][]string{t.header}, rows...)
	}
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		line.WriteString(t.indent)
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < len(t.right) && t.right[i] == 'r' {
				line.WriteString(pad + cell + "  ")
			} else {
				line.WriteString(cell + pad + "  ")
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}
