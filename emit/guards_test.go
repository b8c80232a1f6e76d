package emit

import (
	"strings"
	"testing"
)

// A layout that is not C's does not compile, on each GOARCH where it is wrong
// and only there.
func TestGuards(t *testing.T) {
	source := generateTypes(t, rootsOf(structOf("r", 32,
		at(0, "a", cU32), at(8, "b", cU64), bits(128, "c", cU32, 3), at(20, "d", cU32), at(24, "e", cU64)))...).source
	for _, c := range []struct {
		name, old, wrong string
		goarches         []string
	}{
		{"as it is", "", "", nil},
		{"wrong offset", "_    [4]byte", "_    [8]byte", goarches},
		{"wrong size", "E    uint64\n", "E    uint64\n\tF    uint8\n", goarches},
		{"wrong type", "A    uint32", "A    uint16", nil}, // the padding behind makes up for it
		{"swapped fields", "A    uint32\n\t_    [4]byte", "_    [4]byte\n\tA    uint32", goarches},
		{"padding left to the compiler", "_    [4]byte\n", "", []string{"386", "arm"}},
		{"trailing field of no size", "E    uint64\n", "E    uint64\n\tF    [0]uint8\n", goarches},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(source, c.old) {
				t.Fatalf("no %q in\n%s", c.old, source)
			}
			changed := strings.Replace(source, c.old, c.wrong, 1)
			want := make(map[string]bool)
			for _, goarch := range c.goarches {
				want[goarch] = true
			}
			for _, goarch := range goarches {
				_, errs := typeCheck(t, goarch, changed)
				switch {
				case want[goarch] && (len(errs) != 1 || !strings.Contains(errs[0].Error(), "overflow")):
					t.Errorf("%s: errors %v, want one of an overflow", goarch, errs)
				case !want[goarch] && len(errs) > 0:
					t.Errorf("%s: %v", goarch, errs)
				}
			}
		})
	}
	_, errs := typeCheck(t, "amd64", strings.Replace(generateTypes(t, rootsOf(enumOf("e", 4, false))...).source, "type counterE uint32", "type counterE uint16", 1))
	if len(errs) != 1 {
		t.Errorf("an enum of the wrong size: %v", errs)
	}
}
