package emit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the flavours of generated code differ in stands in profile.go: nothing else knows
// where the runtime is. Who makes a plan of the typed flavour says so.
func TestProfileAlone(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	inside, err := filepath.Glob("internal/*/*.go")
	if err != nil || len(inside) < 10 {
		t.Fatal(inside, err)
	}
	for _, file := range append(files, inside...) {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if file == "profile.go" || strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, word := range []string{"typedPath", "ctypesPath", `bpfgen/bpfgen/typed`} {
			if strings.Contains(string(source), word) {
				t.Errorf("%s has %s, which is the profile's", file, word)
			}
		}
	}
}

// The border between deciding and printing: neither the plan nor what prints it
// knows BTF, not even through others.
func TestPlanAndPrintDoNotKnowBTF(t *testing.T) {
	for _, pkg := range []string{"plan", "print"} {
		out, err := exec.Command("go", "list", "-deps", "./internal/"+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		deps := strings.Fields(string(out))
		if len(deps) < 5 {
			t.Errorf("package %s: go list knows %d packages", pkg, len(deps))
		}
		for _, dep := range deps {
			if strings.HasPrefix(dep, "github.com/cilium/ebpf") || strings.Contains(dep, "/bpfgen/btfparse") || strings.HasSuffix(dep, "/bpfgen/emit") {
				t.Errorf("package %s depends on %s", pkg, dep)
			}
		}
	}
}
