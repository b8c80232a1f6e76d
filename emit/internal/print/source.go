package print

// The house rules over jennifer, in one place: comments are "//" lines, numbers
// are decimal, imports stand in two groups under their own names, source is
// formatted declaration by declaration, and C's strings reach a comment only
// through clean.

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// source collects one Go file. Each declaration is formatted when it is added,
// so that a file of 100,000 declarations is never one syntax tree.
type source struct {
	file *jen.File
	// runtime is the import path of what types call.
	runtime string
	// offsetsAlone leaves the sizes of fields out of guards: those of types that
	// the file declares are proved by themselves, and compiled in less time.
	offsetsAlone bool
	body         bytes.Buffer
	scratch      bytes.Buffer
	imports      map[string]bool
}

func newSource(pkg, runtime string) *source {
	return &source{file: jen.NewFile(pkg), runtime: runtime, imports: make(map[string]bool)}
}

// call is a function of the runtime.
func (s *source) call(function string) *jen.Statement { return s.qual(s.runtime, function) }

// qual is an identifier of another package, which it imports. The package is
// called as the last element of its path, or as what stands before the path.
func (s *source) qual(path, name string) *jen.Statement {
	_, bare, ok := strings.Cut(path, " ")
	if !ok {
		bare = path
	}
	if !s.imports[path] {
		s.imports[path] = true
		s.file.ImportName(bare, plan.PackageName(path))
	}
	return jen.Qual(bare, name)
}

// add formats declarations that belong together and appends them. They stand
// on lines of their own; a blank line sets them off from what is before.
func (s *source) add(together ...jen.Code) error {
	s.body.WriteByte('\n')
	return s.addLines(together...)
}

// addLines is add without the blank line.
func (s *source) addLines(lines ...jen.Code) error {
	all := jen.Null()
	for i, l := range lines {
		if i > 0 {
			all.Line()
		}
		all.Add(l)
	}
	s.scratch.Reset()
	if err := all.RenderWithFile(&s.scratch, s.file); err != nil {
		return numberedError(err)
	}
	s.body.Write(bytes.TrimSpace(s.scratch.Bytes()))
	s.body.WriteByte('\n')
	return nil
}

// numberedError is jennifer's error of formatting, which ends in the whole
// source, with numbers to its lines.
func numberedError(err error) error {
	first, src, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("%s\n%s", first, numbered([]byte(src)))
}

// numbered is source text with line numbers, for messages.
func numbered(src []byte) string {
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimRight(string(src), "\n"), "\n") {
		fmt.Fprintf(&b, "%4d  %s\n", i+1, line)
	}
	return b.String()
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
func lit(n uint32) *jen.Statement { return jen.Id(strconv.FormatUint(uint64(n), 10)) }

// str is a string literal.
func str(s string) *jen.Statement { return jen.Id(strconv.Quote(s)) }

// typ is a Go type expression.
func (s *source) typ(t plan.GoType) *jen.Statement {
	e := jen.Null()
	if t.Slice {
		e.Index()
	}
	for _, n := range t.Dims {
		e.Index(lit(n))
	}
	switch {
	case t.Name == "":
		e.Add(s.structure(t.Fields))
	case t.Pkg != "":
		e.Add(s.qual(t.Pkg, t.Name))
	default:
		e.Id(t.Name)
	}
	if len(t.Args) > 0 {
		var args []jen.Code
		for _, a := range t.Args {
			args = append(args, s.typ(a))
		}
		e.Types(args...)
	}
	return e
}

// oneLine is a function body that gofmt leaves on the line of the signature if
// it is short.
func oneLine(body ...jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Open: "{", Close: "}", Separator: ";"}, body...)
}
