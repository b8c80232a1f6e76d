package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files, if the packages compile")

// goarchs are what generated code must compile for: 64 and 32 bits, both byte
// orders, strict and lax alignment.
var goarchs = []string{"amd64", "arm64", "386", "arm", "s390x"}

// TestCases compares what bpfgen makes of each case with what is committed. With
// -update it commits what differs, for the cases that -run selects:
//
//	go test ./golden -run TestCases/counter -update
func TestCases(t *testing.T) {
	var changed []changedCase
	for _, c := range findCases(t) {
		t.Run(c.name, func(t *testing.T) {
			got := generate(t, c)
			want, err := c.committed()
			if err != nil {
				t.Fatal(err)
			}
			switch diff := cmp.Diff(want, got); {
			case diff == "":
			case *update:
				changed = append(changed, changedCase{c, want, got})
			default:
				t.Errorf("not as committed (-committed +generated); if it is right: go test ./golden -run 'TestCases/%s$' -update\n%s", c.name, diff)
			}
		})
	}
	if len(changed) > 0 {
		updateCases(t, changed)
	}
}

func generate(t *testing.T, c *goldenCase) result {
	t.Helper()
	r, err := c.generate()
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return r
}

// changedCase is a case that gives something else than what is committed.
type changedCase struct {
	*goldenCase
	committed, generated result
}

// updateCases rewrites the changed cases or none: none while a package does not
// compile for every GOARCH. Only these are compiled; TestVet has the rest.
func updateCases(t *testing.T, changed []changedCase) {
	overlay := make(map[string]string)
	packages := []string{"./counter"} // for every GOARCH: no package at all would be an error
	dir := t.TempDir()
	for _, c := range changed {
		for name := range c.committed {
			overlay[filepath.Join(c.dir, name)] = "" // as if removed
		}
		hasGo := false
		for name, content := range c.generated {
			if filepath.Ext(name) != ".go" {
				continue
			}
			hasGo = true
			tmp := filepath.Join(dir, c.name+"_"+name)
			if err := os.WriteFile(tmp, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			overlay[filepath.Join(c.dir, name)] = tmp
		}
		if hasGo {
			packages = append(packages, "./"+c.name+"/...") // a pattern may match nothing for a GOARCH
		}
	}
	replace, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, replace, 0o644); err != nil {
		t.Fatal(err)
	}
	if len(packages) > 1 {
		vet := append([]string{"vet", "-overlay", file}, packages...)
		var all sync.WaitGroup
		for _, goarch := range goarchs {
			all.Go(func() { goTool(t, ".", goarch, vet...) })
		}
		all.Wait()
	}
	if t.Failed() {
		t.Fatal("nothing is updated: a generated package does not compile")
	}
	for _, c := range changed {
		if err := c.write(c.generated); err != nil {
			t.Fatal(err)
		}
	}
}

// goTool runs the go command in dir for a GOARCH, and fails the test with its
// output where it fails.
func goTool(t *testing.T, dir, goarch string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = goEnv(goarch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("GOARCH=%s go %s: %v\n%s", goarch, strings.Join(args, " "), err, firstLines(out, 40))
	}
}

// goEnv is the environment of the go command for a GOARCH.
func goEnv(goarch string) []string {
	return append(os.Environ(), "GOOS=linux", "GOARCH="+goarch, "CGO_ENABLED=0")
}

func firstLines(out []byte, n int) []byte {
	lines := bytes.SplitAfter(out, []byte("\n"))
	return bytes.Join(lines[:min(n, len(lines))], nil)
}

// TestVet runs go vet over all committed packages, for each GOARCH.
func TestVet(t *testing.T) {
	for _, goarch := range goarchs {
		goTool(t, ".", goarch, "vet", "./...")
	}
}

// TestSameBytes generates each case over and over, from other working
// directories: neither the order of Go's maps nor the place may show.
func TestSameBytes(t *testing.T) {
	const times = 20
	first := make(map[string]result)
	cases := findCases(t)
	for range times {
		t.Chdir(t.TempDir())
		for _, c := range cases {
			r := generate(t, c)
			if first[c.name] == nil {
				first[c.name] = r
			}
			if diff := cmp.Diff(first[c.name], r); diff != "" {
				t.Fatalf("%s: another run gave another result:\n%s", c.name, diff)
			}
		}
	}
}

// TestObjects rebuilds every object and compares it with the committed one.
func TestObjects(t *testing.T) {
	if _, err := exec.LookPath("clang-19"); err != nil {
		missing(t, "clang-19 is not installed (apt-get install clang-19 llvm-19)")
	}
	if out, err := exec.CommandContext(t.Context(), "./build.sh", "-check").CombinedOutput(); err != nil {
		t.Errorf("build.sh -check: %v\n%s", err, out)
	}
}

// missing skips the test for want of a tool or a privilege; with CI=true,
// where everything must be there, it fails.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}
