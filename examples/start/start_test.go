package start

import (
	"slices"
	"strings"
	"testing"
)

// Every family has what init writes.
func TestHooks(t *testing.T) {
	if len(Hooks()) < 16 {
		t.Fatalf("hooks %q", Hooks())
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
		if main := string(files["main.go"]); strings.Count(main, "//go:generate ") != 1 {
			t.Errorf("%s: main.go has not one go:generate line:\n%s", hook, main)
		}
	}
	if !slices.IsSorted(Hooks()) {
		t.Errorf("not sorted: %q", Hooks())
	}
}
