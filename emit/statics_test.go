package emit

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bpfgen/bpfgen/btfparse"
)

// Linked objects have static variables of one name: what a warning tells to give to
// -rename reaches the one that it speaks of, and silences it.
func TestStaticVariablesOfOneNameAreRenamedEach(t *testing.T) {
	static := func(name, section string, offset uint32) *btfparse.Variable {
		return &btfparse.Variable{Name: name, Section: section, Offset: offset, Size: 4, Kind: btfparse.VarData, Static: true, Type: cU32}
	}
	target := Target{Name: "a", ObjectFile: "a.o", Embedded: []byte("x"), GOARCH: []string{"amd64"}, Object: &btfparse.Object{Variables: []*btfparse.Variable{
		static("count", ".bss", 0), static("count", ".data", 0), static("count", ".data", 4), static("once", ".data", 8),
	}}}
	fields := func(renames map[string]string) (fields, remedies []string) {
		t.Helper()
		p, err := NewPlan([]Target{target}, Options{Ident: "x", Package: "x", Renames: renames})
		if err != nil {
			t.Fatal(err)
		}
		names := p.Names()
		for _, key := range slices.Sorted(maps.Keys(names)) {
			fields = append(fields, key+": "+names[key])
		}
		for _, w := range p.Warnings {
			remedies = append(remedies, w.Remedy)
		}
		return fields, remedies
	}
	got, remedies := fields(nil)
	want := []string{
		"static variable count in .bss: Count", "static variable count in .data: Count_data",
		"static variable count in .data (2): Count_data_2", "static variable once in .data: Once",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	renames := map[string]string{"variable once": "Only"} // by the name alone, where there is one
	for i, remedy := range remedies {
		key := strings.TrimSuffix(strings.TrimPrefix(remedy, "-rename '"), "=…'")
		renames[key] = []string{"First", "Second"}[i]
	}
	got, remedies = fields(renames)
	want = []string{
		"static variable count in .bss: Count", "static variable count in .data: First",
		"static variable count in .data (2): Second", "static variable once in .data: Only",
	}
	if diff := cmp.Diff(want, got); diff != "" || len(remedies) > 0 {
		t.Errorf("with %v still %q; (-want +got):\n%s", renames, remedies, diff)
	}
}
