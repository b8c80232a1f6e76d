package print

import (
	"bytes"
	"fmt"
	"go/format"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// checkFormatted holds a file with these declarations against gofmt.
func checkFormatted(t *testing.T, s *source) {
	t.Helper()
	var b bytes.Buffer
	if err := s.writeTo(&b, header{Package: "counter"}); err != nil {
		t.Fatal(err)
	}
	want, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatalf("%v\n%s", err, b.Bytes())
	}
	if !bytes.Equal(want, b.Bytes()) {
		t.Errorf("printed\n%s\ngofmt has\n%s", b.Bytes(), want)
	}
}

// Structs of all kinds of fields in any order are in columns as gofmt has them.
func TestStructsAreFormatted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func() string { return strings.Repeat("ä", r.IntN(2)) + strings.Repeat("X", 1+r.IntN(12)) }
	var fields func(depth int) []plan.Field
	fields = func(depth int) (all []plan.Field) {
		for i := range r.IntN(8) {
			f := plan.Field{Name: fmt.Sprint(word(), i), Type: plan.GoType{Name: strings.ToLower(word())}}
			if r.IntN(4) == 0 {
				f.Comment = word() + " of C"
			}
			if r.IntN(5) == 0 {
				f.Doc = []string{word(), word()}[:1+r.IntN(2)]
			}
			switch n := r.IntN(8); {
			case n == 0:
				f.Name, f.Type = "_", plan.GoType{Dims: []uint32{uint32(r.IntN(300))}, Name: "byte"}
			case n == 1:
				f.Type = plan.GoType{Pkg: "a.org/b", Name: word(), Args: []plan.GoType{{Name: "int"}, {Name: "string"}}}
			case n < 4 && depth < 3:
				f.Type = plan.GoType{Dims: []uint32{2, 3}[:r.IntN(3)], Fields: fields(depth + 1)}
			}
			all = append(all, f)
		}
		return all
	}
	for i := range 300 {
		s := newSource("")
		s.declare(&plan.Decl{Name: fmt.Sprint("T", i), C: "struct t", Fields: fields(0)})
		checkFormatted(t, s)
	}
}

func TestEnumsAreFormatted(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 100 {
		e := &plan.Enum{Base: plan.GoType{Name: "int32"}, Signed: i%2 == 0, Plain: i%3 == 0, Stringer: true}
		for j := range 1 + r.IntN(9) {
			e.Consts = append(e.Consts, plan.Const{
				Name: fmt.Sprint(strings.Repeat("A", 1+r.IntN(9)), j), C: "c", Repeats: r.IntN(3) == 0,
				Value: fmt.Sprint(r.IntN(1 << (1 + r.IntN(30)))),
			})
		}
		s := newSource("")
		s.declare(&plan.Decl{Name: "T", C: "enum t", Enum: e})
		checkFormatted(t, s)
	}
}

// Functions are on one line up to the length at which gofmt breaks them.
func TestFunctionsAreFormatted(t *testing.T) {
	lines := make(map[int]bool)
	for n := 40; n < 70; n++ {
		for m := 40; m < 70; m++ {
			s := newSource("")
			s.functions([]string{"F is one."},
				function{header: "func " + strings.Repeat("f", n-11) + "() int", body: []string{"return " + strings.Repeat("1", 10)}},
				function{header: "func g() int", body: []string{"x := 1", "return " + strings.Repeat("1", m-15)}},
				function{header: "func " + strings.Repeat("h", n-11) + "() int", body: []string{"return " + strings.Repeat("1", m-7)}},
				function{header: "func i(x int)", body: []string{"x++"}, block: m == n})
			lines[strings.Count(s.body.String(), "\n")] = true
			checkFormatted(t, s)
			if t.Failed() {
				t.FailNow()
			}
		}
	}
	if len(lines) < 3 {
		t.Errorf("functions of %d lines: no limit is reached", len(lines))
	}
}

// Comments are as gofmt has them, whatever C says.
func TestCommentsAreFormatted(t *testing.T) {
	for _, text := range []string{
		"- item", "* item", "+ item", "1. item", "1) item", "2. item", "• item", "– item", "# Heading", "#Heading", "Heading", "Deprecated: no", "[x]: http://a.org/", "[x]", "//go:build x",
		"+build x", "  indented", "\tindented", "``quoted\u0027\u0027", "https://a.org/", "a\\b", "go:generate x", "line x:1", "export x", "extern x", "nolint:x", "TODO(x): y",
		"//", "/*", "*/", "-", "1.", "a. b", "= =", "|a|b|", "---", "===",
	} {
		s := newSource("")
		s.declare(&plan.Decl{Name: "T", C: "struct t", Doc: []string{text, text, "Last."}, Fields: []plan.Field{{Name: "A", Type: plan.GoType{Name: "int"}, Doc: []string{text}, Comment: text}}})
		s.declare(&plan.Decl{Name: "U", C: "struct u", Doc: []string{text}, Alias: "T"})
		s.declare(&plan.Decl{Name: "V", C: text, Uses: []string{text}, Alias: "T"})
		checkFormatted(t, s)
	}
}

func TestDocLines(t *testing.T) {
	long := strings.Repeat("word ", 40)
	lines := docLines("First sentence.", "a tag", long)
	if strings.Join(lines[:4], "|") != "// First sentence.|//|// a tag|//" {
		t.Errorf("%q", lines)
	}
	for _, l := range lines {
		if len(l) > textWidth+3 || l != strings.TrimRight(l, " ") {
			t.Errorf("line %q", l)
		}
	}
	if n := strings.Count(strings.Join(lines, " "), "word"); n != 40 {
		t.Errorf("%d words of 40 are left", n)
	}
}

func TestClean(t *testing.T) {
	for s, want := range map[string]string{
		"struct flow_key": "struct flow_key", "größe 名": "größe 名", "a\nb\tc": `a\nb\tc`,
		"\xff": `\xff`, "\u2028": `\u2028`, "*/ \" `": "*/ \" `", "\x00": `\x00`, "\ufffd": "\ufffd",
	} {
		if got := clean(s); got != want {
			t.Errorf("clean(%q) = %q, want %q", s, got, want)
		}
	}
	if got := lineComment("a\n//go:b"); got != `// a\n//go:b` {
		t.Errorf("lineComment: %q", got)
	}
}

func TestImports(t *testing.T) {
	for _, c := range []struct {
		paths []string
		want  string
	}{
		{nil, ""},
		{[]string{"strconv"}, "\nimport \"strconv\""},
		{[]string{runtimePath, "unsafe", "net/netip"}, "\nimport (\n\t\"net/netip\"\n\t\"unsafe\"\n\n\t\"" + runtimePath + "\"\n)"},
		{[]string{runtimePath, "a.org/b"}, "\nimport (\n\t\"a.org/b\"\n\t\"" + runtimePath + "\"\n)"},
	} {
		s := newSource("")
		for _, p := range c.paths {
			if got := s.qual(p, "X"); !strings.HasSuffix(got, ".X") {
				t.Errorf("%s: %s", p, got)
			}
		}
		if got := importBlock(sortedKeys(s.imports)); got != c.want {
			t.Errorf("%v: %q, want %q", c.paths, got, c.want)
		}
	}
}

const runtimePath = "github.com/bpfgen/bpfgen/typed/ctypes"

// A file without types is a file all the same.
func TestNoTypes(t *testing.T) {
	var b bytes.Buffer
	if err := types(&b, header{Package: "counter"}, "", "", nil); err != nil {
		t.Fatal(err)
	}
	if want := Header + "\n\npackage counter\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// What would mean something to Go at the start of a comment line is escaped.
func TestCommentLines(t *testing.T) {
	long := strings.Repeat("word ", 15)
	for text, want := range map[string]string{
		"+build ignore":           `// \+build ignore`,
		"builds +build":           "// builds +build",
		"[x]: http://example.com": `// \[x]: http://example.com`,
		"[0, 9]":                  "// [0, 9]",
		long + "+build it":        "// " + strings.TrimSpace(long) + "\n// \\+build it",
	} {
		if got := strings.Join(wrap(clean(text)), "\n"); got != want {
			t.Errorf("%q becomes\n%s\nwant\n%s", text, got, want)
		}
		if strings.Contains(want, "\n") {
			continue
		}
		if got := lineComment(text); got != want {
			t.Errorf("%q on one line becomes %s, want %s", text, got, want)
		}
	}
}
