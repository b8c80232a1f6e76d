package print

// One Go file of types, as gofmt has it. It is printed as it shall stand, since
// parsing and printing it again takes several times as long as all the rest: columns
// are aligned by columns.go, and a function is on one line where gofmt leaves it
// there. Imports stand in two groups under their own names, and C's strings reach a
// comment only through clean.

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// source collects the declarations of a file and what they import.
type source struct {
	// runtime is the import path of what types call.
	runtime  string
	guarding guarding
	body     bytes.Buffer
	imports  map[string]bool
}

func newSource(runtime string) *source {
	return &source{runtime: runtime, imports: make(map[string]bool)}
}

// call is a call of a function of the runtime.
func (s *source) call(function string, args ...string) string {
	return s.qual(s.runtime, function) + "(" + strings.Join(args, ", ") + ")"
}

// qual is an identifier of another package, which it imports. The package is
// called as the last element of its path, or as what stands before the path.
func (s *source) qual(path, name string) string {
	s.imports[path] = true
	return plan.PackageName(path) + "." + name
}

// line writes a line of its own, as all that follow.
func (s *source) line(parts ...string) {
	for _, p := range parts {
		s.body.WriteString(p)
	}
	s.body.WriteByte('\n')
}

// comment writes a doc comment of several paragraphs, below a blank line.
func (s *source) comment(paragraphs ...string) {
	s.body.WriteByte('\n')
	for _, l := range docLines(paragraphs...) {
		s.line(l)
	}
}

// function is a function or method.
type function struct {
	// header is all before the opening brace.
	header string
	// body are the statements.
	body []string
	// block is true if each statement is a line in any case.
	block bool
}

// short says whether gofmt leaves a function on one line (funcBody in go/printer,
// which counts the header with one byte more than it has).
func (f function) short() bool {
	const longest = 99
	if f.block || strings.Contains(f.header, "\n") {
		return false
	}
	n := len(f.header) + 2*(len(f.body)-1)
	for _, statement := range f.body {
		if strings.Contains(statement, "\n") {
			return false
		}
		n += len(statement)
	}
	return n <= longest
}

// functions writes functions on lines right under each other, below a blank line
// and the comment of all. Braces of neighbours that have a line each are aligned.
func (s *source) functions(doc []string, all ...function) {
	s.comment(doc...)
	var rows [][]string
	flush := func() {
		for _, l := range aligned(rows) {
			s.line(l)
		}
		rows = nil
	}
	for _, f := range all {
		if f.short() {
			rows = append(rows, []string{f.header, "{ " + strings.Join(f.body, "; ") + " }"})
			continue
		}
		flush()
		s.line(f.header, " {")
		for _, statement := range f.body {
			s.line("\t", statement)
		}
		s.line("}")
	}
	flush()
}

// writeTo writes the file: header, package clause, imports, declarations.
func (s *source) writeTo(w io.Writer, h header) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n\npackage %s\n", h, h.Package)
	if imports := importBlock(sortedKeys(s.imports)); imports != "" {
		b.WriteString(imports + "\n")
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return err
	}
	_, err := w.Write(s.body.Bytes())
	return err
}

// lit is a decimal number.
func lit(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// typ is a Go type expression on a line that is indented so far.
func (s *source) typ(t plan.GoType, indent string) string {
	var b strings.Builder
	if t.Slice {
		b.WriteString("[]")
	}
	for _, n := range t.Dims {
		b.WriteString("[" + lit(n) + "]")
	}
	switch {
	case t.Name == "":
		b.WriteString(s.structure(t.Fields, indent))
	case t.Pkg != "":
		b.WriteString(s.qual(t.Pkg, t.Name))
	default:
		b.WriteString(t.Name)
	}
	for i, a := range t.Args {
		b.WriteString([]string{"[", ", "}[min(i, 1)] + s.typ(a, indent))
	}
	if len(t.Args) > 0 {
		b.WriteByte(']')
	}
	return b.String()
}

// structure is a struct with every byte accounted for, on lines that are indented
// by one more.
func (s *source) structure(fields []plan.Field, indent string) string {
	var b strings.Builder
	b.WriteString("struct {\n")
	inner := indent + "\t"
	rows := [][]string{{"_", s.qual("structs", "HostLayout")}}
	flush := func() {
		for _, l := range aligned(rows) {
			b.WriteString(inner + l + "\n")
		}
		rows = nil
	}
	for _, f := range fields {
		if len(f.Doc) > 0 { // ends the columns
			flush()
		}
		for _, line := range f.Doc {
			b.WriteString(inner + lineComment(line) + "\n")
		}
		first, last, long := strings.Cut(s.typ(f.Type, inner), "\n")
		row := []string{f.Name, first}
		if long { // ends the columns, too; a comment is behind its last line
			rows = append(rows, row)
			flush()
			b.WriteString(last)
			if f.Comment != "" {
				b.WriteString(" " + lineComment(f.Comment))
			}
			b.WriteByte('\n')
			continue
		}
		if f.Comment != "" {
			row = append(row, lineComment(f.Comment))
		}
		rows = append(rows, row)
	}
	flush()
	b.WriteString(indent + "}")
	return b.String()
}
