package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
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
// compile for every GOARCH. Only these are looked at; TestVet has the rest.
func updateCases(t *testing.T, changed []changedCase) {
	overlay := make(map[string][]byte)
	patterns := []string{"./counter"} // for every GOARCH: no package at all would be an error
	for _, c := range changed {
		for name := range c.committed {
			if filepath.Ext(name) == ".go" {
				overlay[filepath.Join(c.dir, name)] = []byte("//go:build ignore\n\npackage removed\n")
			}
		}
		hasGo := false
		for name, content := range c.generated {
			if filepath.Ext(name) == ".go" {
				hasGo = true
				overlay[filepath.Join(c.dir, name)] = []byte(content)
			}
		}
		if hasGo {
			patterns = append(patterns, "./"+c.name+"/...") // a pattern may match nothing for a GOARCH
		}
	}
	if len(patterns) > 1 {
		var vet sync.WaitGroup
		vet.Go(func() { vetOverlay(t, overlay, patterns) })
		for _, err := range typeCheck(overlay, patterns) {
			t.Error(err)
		}
		vet.Wait()
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

// vetOverlay runs go vet as for this test, whose packages are compiled.
func vetOverlay(t *testing.T, overlay map[string][]byte, patterns []string) {
	dir := t.TempDir()
	replace := make(map[string]string)
	for path, content := range overlay {
		tmp := filepath.Join(dir, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(tmp, content, 0o644); err != nil {
			t.Error(err)
			return
		}
		replace[path] = tmp
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Error(err)
		return
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, list, 0o644); err != nil {
		t.Error(err)
		return
	}
	goTool(t, ".", "", append([]string{"vet", "-overlay", file}, patterns...)...)
}

// typeCheck checks packages for every GOARCH, without compiling what they import for
// each of them. The guards of layouts are constants, which the type checker evaluates
// as the compiler does. What is imported is checked out of its source, which is parsed
// once, without the bodies of its functions.
func typeCheck(overlay map[string][]byte, patterns []string) (errs []error) {
	files := make(map[string]*parsedFile)
	var lock sync.Mutex
	fset := token.NewFileSet()
	parse := func(_ *token.FileSet, path string, source []byte) (*ast.File, error) {
		lock.Lock()
		f := files[path]
		if f == nil {
			f = new(parsedFile)
			files[path] = f
		}
		lock.Unlock()
		f.once.Do(func() { f.file, f.err = parser.ParseFile(fset, path, source, parser.SkipObjectResolution) })
		return f.file, f.err
	}
	for _, goarch := range goarchs {
		roots, err := packages.Load(&packages.Config{
			Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
				packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesSizes,
			Env: goEnv(goarch), Overlay: overlay, Fset: fset, ParseFile: parse,
		}, patterns...)
		if err != nil {
			errs = append(errs, fmt.Errorf("GOARCH=%s: %w", goarch, err))
		}
		packages.Visit(roots, nil, func(p *packages.Package) {
			for _, err := range p.Errors {
				errs = append(errs, fmt.Errorf("GOARCH=%s: %w", goarch, err))
			}
		})
	}
	return errs
}

// What does not compile for one GOARCH alone, a constant or the body of a function, is
// not committed.
func TestTypeCheck(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds for each GOARCH")
	}
	path, err := filepath.Abs("counter/counter_types.go")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wrong := "\nconst _ = -(uint64(unsafe.Sizeof(struct{ p *byte }{})) ^ 8)\n\nfunc _() int { return 1 << 40 }\n"
	if errs := typeCheck(map[string][]byte{path: append(content, wrong...)}, []string{"./counter"}); len(errs) != 4 {
		t.Errorf("not an overflow of the constant and one of the body on 386 and on arm: %v", errs)
	}
}

// parsedFile is a file that is parsed once.
type parsedFile struct {
	once sync.Once
	file *ast.File
	err  error
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

// goEnv is the environment of the go command for a GOARCH; "" is what this test was
// built by, whose packages are compiled.
func goEnv(goarch string) []string {
	if goarch == "" {
		return os.Environ()
	}
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
