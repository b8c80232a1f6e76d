package golden

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
)

// openOthers is a test of the generated package; its last arguments are 10 objects.
const openOthers = `package others

import (
	"os"
	"testing"
)

func TestOthers(t *testing.T) {
	for _, path := range os.Args[len(os.Args)-10:] {
		object, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenOthersFrom(object); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		object.Close()
	}
}
`

// TestOtherCompilersObjectsOpen has code that was generated from clang 19's object open
// those of the same C by clang 14 to 19, with other signs of char, as C23 and linked.
func TestOtherCompilersObjectsOpen(t *testing.T) {
	const dir = "../internal/layout/testdata/"
	paths, err := filepath.Glob(dir + "clang*.o")
	if err != nil || len(paths) != 11 {
		t.Fatalf("%d objects in %s, want 11: %v", len(paths), dir, err)
	}
	var others []string
	for _, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(path) != "clang19-bpfeb.o" {
			others = append(others, abs)
		}
	}
	content, err := os.ReadFile(dir + "clang19.o")
	if err != nil {
		t.Fatal(err)
	}
	object, err := btfparse.Parse("clang19.o", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := emit.NewPlan([]emit.Target{{Name: "bpfel", Object: object, ObjectFile: "clang19.o", Embedded: content}},
		emit.Options{Package: "others", Ident: "Others"})
	if err != nil {
		t.Fatal(err)
	}
	files, err := plan.Files()
	if err != nil {
		t.Fatal(err)
	}
	pkg := filepath.Join(newModule(t), "others")
	writePackage(t, pkg, append(files, emit.File{Name: "clang19.o", Content: content}, emit.File{Name: "others_test.go", Content: []byte(openOthers)}))
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"test", "-count=1", "-v", ".", "-args"}, others...)...)
	cmd.Dir = pkg
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS: TestOthers")) {
		t.Errorf("%v\n%s", err, firstLines(out, 40))
	}
}
