package start

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every family has a directory, with what init writes and a test in a kernel.
func TestHooks(t *testing.T) {
	dirs, err := filepath.Glob("*/hello.c")
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) < 10 || len(Hooks()) != len(dirs) {
		t.Fatalf("%d directories, hooks %q", len(dirs), Hooks())
	}
	for _, hook := range Hooks() {
		files, err := Files(hook)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"hello.c", "main.go", "main_test.go", "hello_bpfel.o", "hello_bpfeb.o"} {
			if len(files[name]) == 0 {
				t.Errorf("%s: no %s", hook, name)
			}
		}
		test, err := os.ReadFile(filepath.Join(hook, "kernel_test.go"))
		if err != nil || !strings.Contains(string(test), "testkernel.Require(") {
			t.Errorf("%s has no test in a kernel: %v", hook, err)
		}
		if main := string(files["main.go"]); strings.Count(main, "//go:generate ") != 1 {
			t.Errorf("%s: main.go has not one go:generate line:\n%s", hook, main)
		}
	}
	if !slices.IsSorted(Hooks()) {
		t.Errorf("not sorted: %q", Hooks())
	}
}
