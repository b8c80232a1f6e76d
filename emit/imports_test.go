package emit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/emit/internal/print"
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
		for _, text := range literals(t, file) {
			if typedName.MatchString(text) {
				t.Errorf("%s has %s, which names the profile's runtime: take it from the plan", file, text)
			}
		}
	}
}

// typedName is a name of the runtime as Go code has it, or its qualifier.
var typedName = regexp.MustCompile(`\b(c?typed|ctypes)\.([A-Z]|"$)`)

// literals are the strings in a file of Go.
func literals(t *testing.T, file string) (all []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			all = append(all, lit.Value)
		}
		return true
	})
	return all
}

// What is printed calls the runtime that the plan names, whatever that is.
func TestRuntimeIsThePlans(t *testing.T) {
	other := plan.Runtime{Types: ctypesPath, Loader: "example.org/other", Netlink: "example.org/other/tc"}
	called := regexp.MustCompile(`\bother\.[A-Z]`)
	for golden, targets := range goldenTargets(t) {
		w := want(targets, &Options{Package: "p", Ident: "Ident", Stem: "ident"})
		types := w.typedTypes()
		b := newBuilder(w, types, name(w, types, nil))
		b.plan.Runtime = other
		b.plan.Merge(b.alone())
		files, err := print.Files(b.plan)
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		for _, f := range files {
			for line := range strings.Lines(string(f.Content)) {
				code, _, _ := strings.Cut(line, "//")
				calls += len(called.FindAllString(code, -1))
				if strings.Contains(code, "typed.") || strings.Contains(code, typedPath+`"`) {
					t.Errorf("%s: %s: %s", golden, f.Name, line)
				}
			}
		}
		if calls == 0 {
			t.Errorf("%s calls nothing", golden)
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
