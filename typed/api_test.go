package typed

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What no exported method of this package may have: a parameter of type any.
// Its place is a type parameter. Found in the source of all platforms.

// takesAny says that a type of a parameter is any, or has it where values of
// any type go in: in a slice, a map, a pointer, a channel.
func takesAny(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "any"
	case *ast.InterfaceType:
		return e.Methods.NumFields() == 0
	case *ast.Ellipsis:
		return takesAny(e.Elt)
	case *ast.ArrayType:
		return takesAny(e.Elt)
	case *ast.StarExpr:
		return takesAny(e.X)
	case *ast.ChanType:
		return takesAny(e.Value)
	case *ast.MapType:
		return takesAny(e.Key) || takesAny(e.Value)
	case *ast.ParenExpr:
		return takesAny(e.X)
	case *ast.FuncType:
		return anyParam(e)
	}
	return false
}

func anyParam(f *ast.FuncType) bool {
	for _, p := range f.Params.List {
		if takesAny(p.Type) {
			return true
		}
	}
	return false
}

// anyMethods are the exported methods, of types and of interfaces, and the
// exported functions of a file that take any.
func anyMethods(file *ast.File) (found []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.IsExported() && anyParam(n.Type) {
				found = append(found, n.Name.Name)
			}
			return false
		case *ast.InterfaceType:
			for _, m := range n.Methods.List {
				if f, ok := m.Type.(*ast.FuncType); ok && len(m.Names) == 1 && m.Names[0].IsExported() && anyParam(f) {
					found = append(found, m.Names[0].Name)
				}
			}
		case *ast.StructType:
			found = append(found, embeddedLibrary(n)...)
		}
		return true
	})
	return found
}

// mayEmbed are the types of the library whose methods may become ours. The
// others have methods that take any: Map.Put, Variable.Set, …
var mayEmbed = map[string]bool{"MapSpec": true, "ProgramSpec": true}

// embeddedLibrary are the types of the library that a struct embeds and must
// not.
func embeddedLibrary(s *ast.StructType) (found []string) {
	for _, f := range s.Fields.List {
		t := f.Type
		if p, ok := t.(*ast.StarExpr); ok {
			t = p.X
		}
		sel, ok := t.(*ast.SelectorExpr)
		if ok && len(f.Names) == 0 && sel.X.(*ast.Ident).Name == "ebpf" && !mayEmbed[sel.Sel.Name] {
			found = append(found, "embedded ebpf."+sel.Sel.Name)
		}
	}
	return found
}

// takesLike are what generated code, or package typedtest, alone calls, with a pointer to
// the type of a variable.
var takesLike = map[string]bool{"BindVariableSpec": true, "BindStaticSpec": true, "BindVariable": true, "BindStatic": true, "BindKconfig": true, "BindMemoryVariable": true}

func TestNoMethodTakesAny(t *testing.T) {
	if kernel := os.Getenv("BPFGEN_KERNEL"); kernel != "" && kernel != "host" {
		t.Skip("the source is not in virtual machines; the host's run looks at it")
	}
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		files++
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range anyMethods(file) {
			if !takesLike[name] {
				t.Errorf("%s: %s takes any", path, name)
			}
		}
	}
	if files < 20 {
		t.Errorf("looked at %d files only", files)
	}
}

// TestTakesAnyIsFound tests the test.
func TestTakesAnyIsFound(t *testing.T) {
	source := `package p
		func (t *T) Put(key, value any) {}
		func (t *T) Set(value interface{}) {}
		func (t *T) Keys(keys ...any) {}
		func Each(f func(any)) {}
		func (t *T) ok(value any) {}
		func (t *T) Fine(value V, keys []K) any { return nil }
		type I interface { Do(m map[string]any) }
		type T struct { *ebpf.Map; *ebpf.MapSpec; ebpf.Variable }`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(anyMethods(file), " ")
	if want := "Put Set Keys Each Do embedded ebpf.Map embedded ebpf.Variable"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
