package main

import (
	"os/exec"
	"strings"
	"testing"
)

// mayImport is what packages may depend on, directly or not, beside the
// standard library and themselves: see docs/design.md.
var mayImport = map[string][]string{
	// Generated types build wherever Go does.
	"typed/ctypes":     nil,
	"typed":            {"github.com/cilium/ebpf", "golang.org/x/sys", modulePath + "/typed", modulePath + "/internal/layout", modulePath + "/internal/hostile"},
	"internal/hostile": nil,
	"internal/layout":  {"github.com/cilium/ebpf", "golang.org/x/sys"},
}

func TestPackagesImportWhatTheyMay(t *testing.T) {
	for pkg, allowed := range mayImport {
		path := modulePath + "/" + pkg
		out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", path).Output()
		if err != nil {
			t.Fatalf("go list %s: %v", path, err)
		}
		deps := strings.Fields(string(out))
		if len(deps) == 0 {
			t.Errorf("go list says nothing of %s", path)
		}
		for _, dep := range deps {
			if dep != path && !within(dep, allowed) {
				t.Errorf("%s depends on %s", pkg, dep)
			}
		}
	}
}

// within says whether a package is one of the modules or trees.
func within(pkg string, trees []string) bool {
	for _, tree := range trees {
		if pkg == tree || strings.HasPrefix(pkg, tree+"/") {
			return true
		}
	}
	return false
}
