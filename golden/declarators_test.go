package golden

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
)

// TestDeclarationsAreC compares what bpfgen calls each member of a struct with
// the line of C that clang has read.
func TestDeclarationsAreC(t *testing.T) {
	source, err := os.ReadFile("declarators/declarators.c")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(source), "struct declarators {\n")
	body, _, _ = strings.Cut(body, "\n};")
	// BTF has no qualifiers, and the types without a name are written short.
	body = strings.ReplaceAll(body, "const ", "")
	body = regexp.MustCompile(`(?s)\{.*?\}`).ReplaceAllString(body, "{…}")
	lines := strings.Split(body, "\n")

	object := parseGolden(t, "declarators/declarators_bpfel.o")
	found := object.Named("struct declarators")
	if len(found) != 1 {
		t.Fatalf("%d types are struct declarators", len(found))
	}
	fields := found[0].(*btfparse.Struct).Fields
	if len(fields) != len(lines) {
		t.Fatalf("%d members, %d lines of C", len(fields), len(lines))
	}
	for i, f := range fields {
		if got, want := f.Declaration()+";", strings.TrimSpace(lines[i]); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func parseGolden(t *testing.T, path string) *btfparse.Object {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	object, err := btfparse.Parse(path, f)
	if err != nil {
		t.Fatal(err)
	}
	return object
}
