package emit

import (
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bpfgen/bpfgen/btfparse"
)

// TestFilesAreFormatted holds every file of every golden object against gofmt:
// neither the templates nor the declarations are formatted again.
func TestFilesAreFormatted(t *testing.T) {
	objects, err := filepath.Glob("../golden/*/*.o")
	if err != nil || len(objects) == 0 {
		t.Fatalf("no golden objects: %v", err)
	}
	for _, name := range objects {
		t.Run(filepath.Base(name), func(t *testing.T) {
			obj, err := btfparse.Parse(name, open(t, name))
			if err != nil {
				t.Skipf("refused: %v", err)
			}
			target := Target{Name: "bpfel", Object: obj, ObjectFile: "x.o"}
			plan, err := NewPlan([]Target{target}, Options{Package: "x", Ident: "Ident", Tags: "linux && !race"})
			if err != nil {
				t.Fatal(err)
			}
			files, err := plan.Files()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				checkFormatted(t, f)
			}
		})
	}
}

func checkFormatted(t *testing.T, f File) {
	t.Helper()
	want, err := format.Source(f.Content)
	if err != nil {
		t.Fatalf("%s: %v\n%s", f.Name, err, numbered(string(f.Content)))
	}
	got, formatted := strings.Split(string(f.Content), "\n"), strings.Split(string(want), "\n")
	if diff := cmp.Diff(formatted, got); diff != "" {
		t.Errorf("%s (-gofmt +got):\n%s", f.Name, diff)
	}
}

func open(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// Go sees no file whose name starts with an underscore.
func TestStem(t *testing.T) {
	for ident, want := range map[string]string{"Counter": "counter", "_Counter": "counter", "__x_Y": "x_y"} {
		if got := Stem(ident); got != want {
			t.Errorf("the stem of %s is %q, want %q", ident, got, want)
		}
	}
}

// TestNetlinkOfAnyTarget: the first target's program is XDP, the other's tc,
// which needs the netlink library.
func TestNetlinkOfAnyTarget(t *testing.T) {
	parse := func(file string) *btfparse.Object {
		name := "../golden/targets-class-different/targetsclassdifferent_" + file + ".o"
		obj, err := btfparse.Parse(name, open(t, name))
		if err != nil {
			t.Fatal(err)
		}
		return obj
	}
	plan, err := NewPlan([]Target{
		{Name: "a", GOARCH: []string{"amd64"}, Object: parse("x86_bpfel"), ObjectFile: "a.o"},
		{Name: "b", GOARCH: []string{"arm64"}, Object: parse("arm64_bpfel"), ObjectFile: "b.o"},
	}, Options{Package: "x", Ident: "ident"})
	if err != nil {
		t.Fatal(err)
	}
	files, err := plan.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name == "ident_bpfgen.go" && !strings.Contains(string(f.Content), `_ "`+typedPath+`/tc"`) {
			t.Errorf("typed/tc is not imported:\n%s", f.Content)
		}
	}
}
