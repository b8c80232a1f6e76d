package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
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

// The command is a static program: one with cgo takes milliseconds longer to start.
// Who imports packages net, os/user, plugin or archive/tar brings it.
func TestCommandIsWithoutCgo(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}}", modulePath+"/cmd/bpfgen")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "runtime") || slices.Contains(deps, "runtime/cgo") {
		t.Errorf("depends on runtime/cgo: %v", deps)
	}
}

// What packages do before main begins, every run pays for: tables are made and
// templates and regular expressions are compiled where they are first used.
func TestStartIsCheap(t *testing.T) {
	const limit = 40 << 10 // bytes; emit has 31,000 of tables
	cmd := exec.Command(os.Args[0], "version")
	cmd.Args[0] = "bpfgen" // see TestMain
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	// init github.com/bpfgen/bpfgen/emit @0.7 ms, 0.015 ms clock, 31080 bytes, 88 allocs
	own := regexp.MustCompile(`(?m)^init (`+modulePath+`\S*) .* (\d+) bytes, \d+ allocs$`).FindAllStringSubmatch(string(out), -1)
	if len(own) < 5 {
		t.Fatalf("only %d packages of this module have inits:\n%s", len(own), out)
	}
	for _, m := range own {
		if m[1] == modulePath+"/cmd/bpfgen" {
			continue // has the tables of its tests here
		}
		if n, err := strconv.Atoi(m[2]); err != nil || n > limit {
			t.Errorf("%s has %s bytes before main begins, %d is the limit", m[1], m[2], limit)
		}
	}
}
