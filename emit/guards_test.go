package emit

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
)

// A layout that is not C's does not compile, on each GOARCH where it is wrong
// and only there, and the errors name type and field.
func TestGuards(t *testing.T) {
	source := generateTypes(t, rootsOf(structOf("r", 32,
		at(0, "a", cU32), at(8, "b", cU64), bits(128, "c", cU32, 3), at(20, "d", cU32), at(24, "e", cU64)))...).source
	for _, c := range []struct {
		name, old, wrong string
		goarches         []string
		// names are what the errors name.
		names []string
	}{
		{"as it is", "", "", nil, nil},
		{"wrong offset", "_    [4]byte", "_    [8]byte", goarches, []string{"Sizeof(counterR{}", "counterR{}.B", "counterR{}.RawC", "counterR{}.D", "counterR{}.E"}},
		{"wrong size", "E    uint64\n", "E    uint64\n\tF    uint8\n", goarches, []string{"Sizeof(counterR{}"}},
		{"wrong type", "A    uint32", "A    uint16", goarches, []string{"counterR{}.A"}}, // the padding behind makes up for it
		{"a smaller field that ends at the same byte", "A    uint32\n", "_    [2]byte\n\tA    uint16\n", goarches, []string{"counterR{}.A"}},
		{"swapped fields", "A    uint32\n\t_    [4]byte", "_    [4]byte\n\tA    uint32", goarches, []string{"counterR{}.A"}},
		{"padding left to the compiler", "_    [4]byte\n", "", []string{"386", "arm"}, []string{"Sizeof(counterR{}", "counterR{}.B", "counterR{}.RawC", "counterR{}.D", "counterR{}.E"}},
		{"trailing field of no size", "E    uint64\n", "E    uint64\n\tF    [0]uint8\n", goarches, []string{"Sizeof(counterR{}"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(source, c.old) {
				t.Fatalf("no %q in\n%s", c.old, source)
			}
			changed := strings.Replace(source, c.old, c.wrong, 1)
			for _, goarch := range goarches {
				want := c.names
				if !slices.Contains(c.goarches, goarch) {
					want = nil
				}
				_, errs := typeCheck(t, goarch, changed)
				if !overflowsOf(errs, want) {
					t.Errorf("%s: errors %v, want overflows of %v", goarch, errs, want)
				}
			}
		})
	}
	enum := generateTypes(t, rootsOf(enumOf("e", 4, false))...).source
	_, errs := typeCheck(t, "amd64", strings.Replace(enum, "type counterE uint32", "type counterE uint16", 1))
	if !overflowsOf(errs, []string{"counterE(0"}) {
		t.Errorf("an enum of the wrong size: %v", errs)
	}
}

// The types of a whole kernel have one guard each, which sees what moves the end.
func TestGuardsOfManyFields(t *testing.T) {
	all := []btfparse.Type{structOf("one", 4, at(0, "only", cU32)), structOf("r", 24, at(0, "a", cU32), at(8, "b", cU64), at(16, "c", cU32))}
	for i := range 100 {
		wide := make([]btfparse.Field, 200)
		for k := range wide {
			wide[k] = at(uint32(k), "f"+strconv.Itoa(k), cU8)
		}
		all = append(all, structOf("wide"+strconv.Itoa(i), 200, wide...))
	}
	source := generateTypes(t, rootsOf(all...)...).source
	if n, want := strings.Count(source, "unsafe."), 1+2+100*2; n != want {
		t.Errorf("guards ask %d questions, not %d", n, want)
	}
	for _, c := range []struct {
		name, old, wrong string
		overflows        []string
	}{
		{"as it is", "", "", nil},
		{"wrong size", "\tC uint32\n", "\tC uint64\n\tD uint64\n", []string{"Sizeof(counterR{}"}},
		{"a smaller field", "\tB uint64\n", "\tB uint32\n", []string{"Sizeof(counterR{}"}},
		{"a field more", "F7   uint8\n", "F7   uint8\n\tF7a uint8\n", []string{"Sizeof(counterWide0{}"}},
		{"an only field that is smaller", "Only uint32\n", "Only uint16\n", []string{"Sizeof(counterOne{}"}},
	} {
		if !strings.Contains(source, c.old) {
			t.Fatalf("%s: no %q in\n%.2000s", c.name, c.old, source)
		}
		_, errs := typeCheck(t, "amd64", strings.Replace(source, c.old, c.wrong, 1))
		if !overflowsOf(errs, c.overflows) {
			t.Errorf("%s: errors %v, want overflows of %v", c.name, errs, c.overflows)
		}
	}
}

// overflowsOf says whether there is one error of an overflow for each name.
func overflowsOf(errs []error, names []string) bool {
	if len(errs) != len(names) {
		return false
	}
	for i, err := range errs {
		if text := err.Error(); !strings.Contains(text, "overflow") || !strings.Contains(text, names[i]+")") {
			return false
		}
	}
	return true
}
