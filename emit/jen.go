package emit

// The house rules over jennifer, in one place: comments are "//" lines, numbers
// are decimal, imports stand in two groups under their own names, source is
// formatted declaration by declaration, and C's strings reach a comment only
// through clean.

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dave/jennifer/jen"
)

// textWidth is where comments are wrapped, in runes, "// " not counted.
const textWidth = 77

// source collects one Go file. Each declaration is formatted when it is added,
// so that a file of 100,000 declarations is never one syntax tree.
type source struct {
	file    *jen.File
	body    bytes.Buffer
	scratch bytes.Buffer
	imports map[string]bool
}

func newSource(pkg string) *source {
	return &source{file: jen.NewFile(pkg), imports: make(map[string]bool)}
}

// qual is an identifier of another package, which it imports. The package is
// called as the last element of its path.
func (s *source) qual(path, name string) *jen.Statement {
	if !s.imports[path] {
		s.imports[path] = true
		s.file.ImportName(path, path[strings.LastIndexByte(path, '/')+1:])
	}
	return jen.Qual(path, name)
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
func (s *source) writeTo(w io.Writer, h fileHeader) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n\npackage %s\n", h, h.Package)
	b.WriteString(s.importBlock())
	if _, err := w.Write(b.Bytes()); err != nil {
		return err
	}
	_, err := w.Write(s.body.Bytes())
	return err
}

// importBlock has the standard library first, then the rest.
func (s *source) importBlock() string {
	var std, other []string
	for _, path := range sortedKeys(s.imports) {
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			other = append(other, path)
		} else {
			std = append(std, path)
		}
	}
	all := slices.Concat(std, other)
	switch len(all) {
	case 0:
		return ""
	case 1:
		return "\nimport " + strconv.Quote(all[0]) + "\n"
	}
	var b strings.Builder
	b.WriteString("\nimport (\n")
	for i, path := range all {
		if i > 0 && i == len(std) {
			b.WriteByte('\n')
		}
		b.WriteString("\t" + strconv.Quote(path) + "\n")
	}
	b.WriteString(")\n")
	return b.String()
}

// lit is a decimal number.
func lit(n uint32) *jen.Statement { return jen.Id(strconv.FormatUint(uint64(n), 10)) }

// str is a string literal.
func str(s string) *jen.Statement { return jen.Id(strconv.Quote(s)) }

// typ is a Go type expression.
func (s *source) typ(t goType) *jen.Statement {
	e := jen.Null()
	for _, n := range t.dims {
		e.Index(lit(n))
	}
	if t.pkg != "" {
		return e.Add(s.qual(t.pkg, t.name))
	}
	return e.Id(t.name)
}

// oneLine is a function body that gofmt leaves on the line of the signature if
// it is short.
func oneLine(body ...jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Open: "{", Close: "}", Separator: ";"}, body...)
}

// comment is a doc comment of several paragraphs.
func comment(paragraphs ...string) *jen.Statement {
	return jen.Comment(strings.Join(docLines(paragraphs[0], paragraphs[1:]), "\n"))
}

// docLines are the "//" lines of a doc comment: a first paragraph, and one for
// each decl tag that is not for bpfgen.
func docLines(text string, tags []string) []string {
	var lines []string
	for i, p := range append([]string{text}, userTags(tags)...) {
		if i > 0 {
			lines = append(lines, "//")
		}
		lines = append(lines, wrap(clean(p))...)
	}
	return lines
}

// lineComment is a comment behind code, or above it on one line.
func lineComment(text string) string {
	words := strings.Fields(clean(text))
	if len(words) > 0 {
		words[0] = lineStart(words[0])
	}
	return "// " + strings.Join(words, " ")
}

// lineStart is a word as it may start a comment line: "// +build" is a build
// constraint of Go 1.16 wherever it stands, which gofmt moves and vet refuses,
// and gofmt moves what defines a link, "// [x]:".
func lineStart(word string) string {
	if word == "+build" || strings.HasPrefix(word, "[") && strings.HasSuffix(word, "]:") {
		return `\` + word
	}
	return word
}

// wrap breaks a paragraph into comment lines. Indentation means something to
// gofmt, so words are single-spaced.
func wrap(paragraph string) []string {
	var lines []string
	line, width := "", 0
	for _, word := range strings.Fields(paragraph) {
		n := utf8.RuneCountInString(word)
		if width > 0 && width+1+n > textWidth {
			lines = append(lines, line)
			line, width = "", 0
		}
		if width > 0 {
			line, width = line+" ", width+1
		} else {
			line, word = "// ", lineStart(word)
		}
		line, width = line+word, width+n
	}
	if width > 0 {
		lines = append(lines, line)
	}
	return lines
}

// clean makes any text of C fit for one line of a comment: what cannot be
// printed is escaped as in a Go string.
func clean(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) {
			quoted := strconv.Quote(s[:n])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
