package main

// The report of inspect as a page for a browser. Package inspecthtml draws it;
// this file fills in what it draws.

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/inspecthtml"
)

// maxDrawn bounds the types of one page: the BTF of a kernel has ten thousand.
const maxDrawn = 2000

func (r *report) writeHTML(w io.Writer, name string) error {
	if len(r.Types) > maxDrawn {
		return fmt.Errorf("%s: %d types are too many for one page: choose some with -type", name, len(r.Types))
	}
	return r.page(name).Write(w)
}

// page is the report as inspecthtml wants it.
func (r *report) page(name string) *inspecthtml.Page {
	p := &inspecthtml.Page{Title: oneLine(filepath.Base(name)), Facts: r.facts()}
	if r.LoadError != "" {
		p.Failures = append(p.Failures, "cilium/ebpf does not load this object: "+r.LoadError)
		p.GraphNote = "What programs use is not shown, as cilium/ebpf does not read their code."
	}
	p.Failures = append(p.Failures, oneLines(r.Failures)...)
	p.Warnings = oneLines(r.Warnings)
	for _, program := range r.Programs {
		p.Programs = append(p.Programs, program.page())
	}
	for _, m := range r.Maps {
		p.Maps = append(p.Maps, m.page())
	}
	for _, s := range r.Sections {
		p.Maps = append(p.Maps, s.page())
	}
	for _, v := range r.Variables {
		p.Variables = append(p.Variables, v.page())
	}
	for _, t := range r.Types {
		p.Types = append(p.Types, t.page())
	}
	return p
}

func oneLines(list []string) []string {
	var lines []string
	for _, s := range list {
		lines = append(lines, oneLine(s))
	}
	return lines
}

func (r *report) facts() []inspecthtml.Fact {
	facts := []inspecthtml.Fact{{Name: "byte order", Value: r.ByteOrder}}
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, inspecthtml.Fact{Name: name, Value: value})
		}
	}
	add("license", oneLine(r.License))
	add("to load", strings.Join(r.capabilities(), ", "))
	add("maps take", r.memory().String())
	return facts
}

// capabilities are those of all programs together.
func (r *report) capabilities() []string {
	var all []string
	for _, p := range r.Programs {
		all = append(all, p.Capabilities...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// memory of all maps of which it is known.
func (r *report) memory() *memoryReport {
	sum := &memoryReport{}
	for _, m := range r.Maps {
		if m.Memory != nil {
			sum.Bytes += m.Memory.Bytes
			sum.PerCPU += m.Memory.PerCPU
		}
	}
	for _, s := range r.Sections {
		sum.Bytes += uint64(s.Bytes)
	}
	if *sum == (memoryReport{}) {
		return nil
	}
	return sum
}

func (p programReport) page() inspecthtml.Program {
	kind := p.Type
	if p.Sleepable {
		kind += ", sleepable"
	}
	if p.Frags {
		kind += ", frags"
	}
	page := inspecthtml.Program{
		Name: oneLine(p.Name), Section: oneLine(p.Section), Type: kind, Hook: oneLine(p.hook()), Maps: oneLines(p.Maps),
	}
	for _, list := range p.lists() {
		if len(list.Items) > 0 {
			page.Lists = append(page.Lists, inspecthtml.List{Title: list.Title, Items: oneLines(list.Items)})
		}
	}
	return page
}

// hook is where the program attaches, in words.
func (p programReport) hook() string {
	if !p.Autoload {
		return p.Attaches + ", not loaded by default"
	}
	return p.Attaches
}

// lists are what its code refers to, other than maps.
func (p programReport) lists() []inspecthtml.List {
	return []inspecthtml.List{
		{Title: "helpers", Items: p.Helpers},
		{Title: "kfuncs", Items: p.Kfuncs},
		{Title: "ksyms", Items: p.Ksyms},
		{Title: "kconfig", Items: p.Kconfig},
		{Title: "CO-RE", Items: p.Relocations},
		{Title: "capabilities", Items: p.Capabilities},
		{Title: "tags", Items: p.Tags},
	}
}

func (m mapReport) page() inspecthtml.Map {
	page := inspecthtml.Map{
		Name: oneLine(m.Name), Type: m.Type, Entries: m.entries(), Memory: m.Memory.String(), Notes: oneLine(m.notes()),
		Key:   inspecthtml.Ref{Text: oneLine(m.describe(m.Key, m.KeySize)), Type: m.KeyID},
		Value: inspecthtml.Ref{Text: oneLine(m.describeValue()), Type: m.ValueID},
	}
	if len(m.Events) > 0 {
		page.Value.Type = m.Events[0].TypeID
	}
	if m.Flags != 0 {
		page.Flags = fmt.Sprintf("%#x", m.Flags)
	}
	for _, slot := range m.Contents {
		if held := oneLine(slot.Name); !slices.Contains(page.Holds, held) {
			page.Holds = append(page.Holds, held)
		}
	}
	return page
}

// entries of a ring buffer are bytes; a perf event array of none gets one for each
// CPU when it is loaded.
func (m mapReport) entries() string {
	if m.Type == btfparse.MapPerfEventArray.String() && m.MaxEntries == 0 {
		return "each CPU"
	}
	if m.Type == btfparse.MapRingBuf.String() || m.Type == btfparse.MapUserRingBuf.String() {
		return byteSize(uint64(m.MaxEntries))
	}
	return fmt.Sprint(m.MaxEntries)
}

func (s sectionReport) page() inspecthtml.Map {
	page := inspecthtml.Map{Name: oneLine(s.Name), Type: "variables", Data: true, Memory: byteSize(uint64(s.Bytes))}
	if s.ReadOnly {
		page.Type = "constants"
	}
	return page
}

func (v variableReport) page() inspecthtml.Variable {
	page := inspecthtml.Variable{
		Section: oneLine(v.Section), Kind: v.kind(), Offset: v.Offset, Size: v.Size,
		Initial: oneLine(v.Initial), Notes: oneLine(v.notes()), Declared: oneLine(v.Name), Type: v.TypeID,
	}
	if v.typ != nil {
		page.Declared = oneLine(btfparse.Declare(v.typ, v.Name))
	}
	return page
}

func (t typeReport) page() inspecthtml.Type {
	page := inspecthtml.Type{ID: t.ID, Name: oneLine(t.Name), Size: count(t.Size, "byte"), UsedBy: oneLines(t.UsedBy)}
	for _, v := range t.Values {
		page.Values = append(page.Values, inspecthtml.Fact{Name: oneLine(v.Name), Value: v.Value})
	}
	s, ok := t.typ.(*btfparse.Struct)
	if !ok {
		return page
	}
	holes := holeBits(s, t.Members)
	if holes > 0 {
		page.Size += ", " + bits(holes) + " in holes"
	}
	page.Drawings, page.Order = inspecthtml.Draw(s), inspecthtml.Reorder(s)
	page.Listing = listing(t.Members)
	if holes > 0 && slices.ContainsFunc(t.UsedBy, func(user string) bool { return strings.HasPrefix(user, "key of map ") }) {
		page.Notes = append(page.Notes, "Kernels compare keys byte by byte: what is in holes must be the same each time, so set the whole key to 0 first.")
	}
	return page
}

// listing is the table that the terminal shows.
func listing(members []memberReport) []inspecthtml.Line {
	var t table
	t.addMembers(members, "")
	var lines []inspecthtml.Line
	for _, row := range t.rows {
		text := strings.TrimLeft(row[2], " ")
		lines = append(lines, inspecthtml.Line{
			Offset: row[0], Size: row[1], Text: row[2], Hole: text == "(hole)" || text == "(padding)",
		})
	}
	return lines
}
