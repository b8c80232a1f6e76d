package emit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/templates"
	"github.com/cilium/ebpf"
)

// mapTypesWithoutClass are those that get the class OpaqueMap, and why. A
// library that knows one of them is the time to give it a class.
var mapTypesWithoutClass = map[btfparse.MapType]string{
	btfparse.MapInsnArray: "unknown to cilium/ebpf v0.22",
	btfparse.MapRHash:     "unknown to cilium/ebpf v0.22",
}

// Every map type of the kernel, and of the library, has a class or a reason. A
// class is a template, or a Go type of package typed with as many parameters, a golden case
// has a map of that type, and the guide a section on it.
func TestEveryMapTypeHasAClass(t *testing.T) {
	params := typedParams(t)
	model := readFile(t, "../golden/maps-all/model.txt")
	guide := readFile(t, "../go.generate.md")
	library := libraryMapTypes()
	all := slices.Concat(btfparse.MapTypes(), library)
	slices.Sort(all)
	for _, m := range slices.Compact(all) {
		class, ok := mapClasses[m]
		if reason := mapTypesWithoutClass[m]; ok == (reason != "") {
			t.Errorf("%s: has a class: %v, reason for none: %q", m, ok, reason)
		} else if !ok && slices.Contains(library, m) {
			t.Errorf("%s: cilium/ebpf knows it now: give it a class", m)
		}
		if !ok {
			continue
		}
		names := []string{class.name}
		if withProgram[m] {
			names = append(names, class.name+"Prog")
		}
		for _, name := range names {
			if n, ok := params[name]; class.given && (!ok || n != len(class.params)) {
				t.Errorf("%s: typed.%s has %d parameters (is there: %v), the table has %d", m, name, n, ok, len(class.params))
			}
			if !class.given && !slices.Contains(templates.MapClasses(), "Class"+name) {
				t.Errorf("%s: there is no template Class%s", m, name)
			}
			if !inHeading(guide, name, m.String()) {
				t.Errorf("%s: no heading of the guide has it and %s", m, name)
			}
		}
		if !strings.Contains(model, "\ttype "+m.String()+"\n") {
			t.Errorf("%s: golden/maps-all has no map of that type", m)
		}
	}
}

// libraryMapTypes are those of cilium/ebpf.
func libraryMapTypes() []btfparse.MapType {
	var types []btfparse.MapType
	for m := ebpf.Hash; !strings.Contains(m.String(), "("); m++ {
		types = append(types, btfparse.MapType(m))
	}
	return types
}

// inHeading says whether one heading of the text has all the words.
func inHeading(text string, words ...string) bool {
	for line := range strings.Lines(text) {
		lacks := func(word string) bool { return !regexp.MustCompile(`\b` + word + `\b`).MatchString(line) }
		if strings.HasPrefix(line, "### ") && !slices.ContainsFunc(words, lacks) {
			return true
		}
	}
	return false
}

// typedParams is how many type parameters each exported type of package typed
// has.
func typedParams(t *testing.T) map[string]int {
	t.Helper()
	params := make(map[string]int)
	eachTyped(t, func(spec *ast.TypeSpec) {
		n := 0
		if spec.TypeParams != nil {
			n = spec.TypeParams.NumFields()
		}
		params[spec.Name.Name] = n
	})
	return params
}

// eachTyped visits the exported types of package typed.
func eachTyped(t *testing.T, visit func(*ast.TypeSpec)) {
	t.Helper()
	files, err := filepath.Glob("../typed/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.IsExported() {
				visit(spec)
			}
			return true
		})
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
