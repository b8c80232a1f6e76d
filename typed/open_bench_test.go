package typed

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/internal/layout"
)

// generatedLayouts are the layouts that the generated code of a golden case
// carries for an object.
func generatedLayouts(t testing.TB, object string) (layouts string, ok bool) {
	t.Helper()
	stem := regexp.MustCompile(`(_[a-z0-9]+)?_bpfe[lb]\.o$`).ReplaceAllString(object, "")
	own := strings.TrimSuffix(object, ".o")
	for _, file := range []string{own + ".go", own + "_typed.go", stem + "_bpfgen.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if m := layoutsConst.FindSubmatch(text); m != nil {
			return string(m[1]), true
		}
	}
	return "", false
}

var layoutsConst = regexp.MustCompile("const _\\w+Layouts = `([^`]*)`")

// BenchmarkOpen says what the comparison of layouts costs: "embedded" does what
// generated code does with its own object, "other" with that of somebody else,
// and "bare" leaves out all that compares.
func BenchmarkOpen(b *testing.B) {
	for _, object := range []string{"counter/counter_bpfel.o", "maps-all/mapsall_bpfel.o", "variables-all/variablesall_bpfel.o", "flexible-tail/flexibletail_bpfel.o"} {
		path := filepath.Join("../golden", object)
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		text, ok := generatedLayouts(b, path)
		if !ok {
			b.Fatalf("%s: no layouts", object)
		}
		checksum := layout.Checksum(data)
		for _, how := range []struct {
			name string
			open func() (*CollectionSpec, error)
		}{
			{"bare", func() (*CollectionSpec, error) { return Open("bench", bytes.NewReader(data), "") }},
			{"embedded", func() (*CollectionSpec, error) { return OpenEmbedded("bench", data, checksum, text) }},
			{"other", func() (*CollectionSpec, error) { return Open("bench", bytes.NewReader(data), text) }},
		} {
			b.Run(filepath.Base(object)+"/"+how.name, func(b *testing.B) {
				for b.Loop() {
					spec, err := how.open()
					if err != nil {
						b.Fatal(err)
					}
					if err := spec.Err(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
