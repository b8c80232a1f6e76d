package typed

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/internal/layout"
)

// TestLayoutsOfGeneratedCode: what generated code carries of an object is what
// Open finds in it, at every place.
func TestLayoutsOfGeneratedCode(t *testing.T) {
	objects, err := filepath.Glob("../golden/*/*.o")
	if err != nil || len(objects) < 50 {
		t.Fatal(len(objects), err)
	}
	places := 0
	for _, object := range objects {
		text, ok := generatedLayouts(t, object)
		if !ok {
			continue
		}
		data, err := os.ReadFile(object)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := readSpec(bytes.NewReader(data))
		if err != nil {
			continue // the library refuses it
		}
		spec := newCollectionSpec("golden", parsed)
		types := (*objectTypes)(spec.Spec)
		err = layout.EachHash(text, func(place []string, _ layout.Hash) {
			places++
			if _, ok := types.at(place); !ok && !strings.Contains(strings.Join(place, " "), "struct_ops") {
				t.Errorf("%s: there is no type at %q", object, place)
			}
		})
		if err != nil {
			t.Errorf("%s: %v", object, err)
		}
		if checkLayouts(spec, text); spec.Err() != nil {
			t.Errorf("%s: %v", object, spec.Err())
		}
		if _, err := layout.ParseTable(text); err != nil {
			t.Errorf("%s: %v", object, err)
		}
	}
	if places < 300 {
		t.Errorf("only %d places were compared", places)
	}
}
