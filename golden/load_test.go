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
}

func newLoader(t *testing.T, goarch string) *loader {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-export", "-deps",
		"-f", "{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}"}, runtimeImports...)...)
	cmd.Env = goEnv(goarch)
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
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

// load type-checks the package in a directory, without its tests. docs are the
// comments of its types, by name.
func (l *loader) load(dir string) (p *types.Package, docs map[string]string, err error) {
	files, err := l.parse(dir)
	if err != nil {
		return nil, nil, err
	}
	docs = make(map[string]string)
	for _, f := range files {
		for _, d := range f.Decls {
			if decl, ok := d.(*ast.GenDecl); ok && decl.Tok == token.TYPE {
				docs[decl.Specs[0].(*ast.TypeSpec).Name.Name] = decl.Doc.Text()
			}
		}
	}
	config := types.Config{Importer: l.importer, Sizes: l.sizes()}
	p, err = config.Check(filepath.Base(dir), l.fset, files, nil)
	return p, docs, err
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
