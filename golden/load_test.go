package golden

// Loading generated packages for go/types. Only what they import is compiled,
// by the go command; they themselves are type-checked here, many times faster
// than the compiler, which makes code of every method of package typed that
// they might call.

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// loader type-checks packages for one GOARCH.
type loader struct {
	context  build.Context
	fset     *token.FileSet
	importer types.Importer
}

// runtimeImports is what generated code may import.
var runtimeImports = []string{
	"bytes", "embed", "encoding/binary", "io", "net/netip", "strconv", "structs",
	"github.com/bpfgen/bpfgen/typed/...", "github.com/cilium/ebpf",
	"github.com/bpfgen/bpfgen/golden/bind/net-flows", // the user's types of that case
}

func newLoader(t *testing.T, goarch string) *loader {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-export", "-deps",
		"-f", "{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}"}, runtimeImports...)...)
	cmd.Env = goEnv(goarch)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("GOARCH=%s go list -export: %v\n%s", goarch, err, exit.Stderr)
	}
	exports := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	l := &loader{context: build.Default, fset: token.NewFileSet()}
	l.context.GOOS, l.context.GOARCH, l.context.CgoEnabled = "linux", goarch, false
	l.importer = importer.ForCompiler(l.fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("generated code imports %s", path)
		}
		return os.Open(exports[path])
	})
	return l
}

func (l *loader) sizes() types.Sizes { return types.SizesFor("gc", l.context.GOARCH) }

// generatedCode is a type-checked package.
type generatedCode struct {
	scope *types.Scope
	// docs are the comments of types, by name.
	docs map[string]string
	// bound are the fields of Maps and Variables that the loader binds to a C
	// name: "Maps.flows" → Flows. Static variables may share a name.
	bound map[string][]string
}

// load type-checks the package in a directory, without its tests.
func (l *loader) load(dir string) (*generatedCode, error) {
	files, err := l.parse(dir)
	if err != nil {
		return nil, err
	}
	code := &generatedCode{docs: make(map[string]string), bound: make(map[string][]string)}
	for _, f := range files {
		ast.Inspect(f, code.collect)
	}
	config := types.Config{Importer: l.importer, Sizes: l.sizes()}
	p, err := config.Check(filepath.Base(dir), l.fset, files, nil)
	if err != nil {
		return nil, err
	}
	code.scope = p.Scope()
	return code, nil
}

func (g *generatedCode) collect(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GenDecl:
		if n.Tok == token.TYPE {
			g.docs[n.Specs[0].(*ast.TypeSpec).Name.Name] = n.Doc.Text()
		}
	case *ast.CallExpr: // typed.BindMap(c, b.Maps.Flows, "flows")
		if len(n.Args) > 2 {
			g.bind(n.Args[1], n)
		}
	case *ast.AssignStmt: // b.Variables.Count = (*typed.Variable[uint64])(typed.BindVariable(c, "count", …))
		g.bind(n.Lhs[0], n.Rhs[0])
	}
	return true
}

// bind notes that a field of a collection is bound to the names that a call has.
func (g *generatedCode) bind(to ast.Expr, call ast.Node) {
	field, ok := boundField(to)
	if !ok {
		return
	}
	key := field.X.(*ast.SelectorExpr).Sel.Name + "."
	ast.Inspect(call, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			name, _ := strconv.Unquote(literal.Value)
			g.bound[key+name] = append(g.bound[key+name], field.Sel.Name)
		}
		return true
	})
}

// boundField is b.Maps.Flows of that and of &b.Maps.Flows.
func boundField(e ast.Expr) (*ast.SelectorExpr, bool) {
	if address, ok := e.(*ast.UnaryExpr); ok {
		e = address.X
	}
	field, ok := e.(*ast.SelectorExpr)
	if !ok {
		return nil, false
	}
	_, ok = field.X.(*ast.SelectorExpr)
	return field, ok
}

// parse reads the files of a directory that are for the GOARCH.
func (l *loader) parse(dir string) ([]*ast.File, error) {
	entries, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, path := range entries {
		match, err := l.context.MatchFile(dir, filepath.Base(path))
		if err != nil {
			return nil, err
		}
		if !match || strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(l.fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no Go files for %s", dir, l.context.GOARCH)
	}
	return files, nil
}
