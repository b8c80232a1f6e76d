package print

import (
	"bytes"
	"strings"
	"testing"

	"github.com/dave/jennifer/jen"
)

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

// Source that does not parse comes back with numbers to its lines.
func TestBrokenSource(t *testing.T) {
	s := newSource("counter", "")
	err := s.add(jen.Type().Id("a b").Struct(), jen.Type().Id("c").Int())
	if err == nil || !strings.Contains(err.Error(), "\n   2  ") || !strings.Contains(err.Error(), "   1  type a b struct{}") {
		t.Errorf("error: %v", err)
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
		s := newSource("counter", "")
		for _, p := range c.paths {
			if got := s.qual(p, "X").GoString(); !strings.HasSuffix(got, ".X") {
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
