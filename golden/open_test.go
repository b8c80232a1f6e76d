package golden

import (
	"testing"

	mapsall "github.com/bpfgen/bpfgen/golden/maps-all"
	sectionsall "github.com/bpfgen/bpfgen/golden/sections-all"
)

// Opening an object compares the class of each map, and the kind of each
// program, that the generator has chosen with what package typed demands of it.
// These two cases have a map of every type and a program of every section.
func TestOpenEverything(t *testing.T) {
	if _, err := mapsall.OpenMapsAll(); err != nil {
		t.Error(err)
	}
	if _, err := sectionsall.OpenSectionsAll(); err != nil {
		t.Error(err)
	}
}
