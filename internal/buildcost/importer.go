package buildcost

import (
	"bytes"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A package that imports generated code is made of what the types in the archive
// of that say: one call for each field of the structs of maps and variables.

// firstUse are methods for daily use, the first of which a type has is called.
var firstUse = []string{"Lookup", "Get", "Peek", "Contains", "NewReader", "NewProducer", "Put", "Memory", "Ops", "Name"}

// WriteImporter writes a package that calls one method of each field of the
// structs, which a package of the set declares; with the body of a main function it
// is a program.
func (s *Set) WriteImporter(dir, path string, structs []string, main string) error {
	exports := func(path string) (io.ReadCloser, error) {
		file, ok := s.exports[path]
		if !ok {
			return nil, fmt.Errorf("package %s is not in the set", path)
		}
		return os.Open(file)
	}
	p, err := importer.ForCompiler(token.NewFileSet(), "gc", exports).Import(path)
	if err != nil {
		return err
	}
	w := &importerWriter{imports: make(map[string]bool)}
	for _, name := range structs {
		w.uses(p.Scope().Lookup(name))
	}
	name := "importer"
	if main != "" {
		name = "main"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "package %s\n\nimport (\n", name)
	for path := range w.imports {
		fmt.Fprintf(&b, "\t%q\n", path)
	}
	fmt.Fprintf(&b, ")\n%s", w.body.String())
	if main != "" {
		fmt.Fprintf(&b, "\nfunc main() {\n%s}\n", main)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "importer.go"), b.Bytes(), 0o666)
}

type importerWriter struct {
	imports map[string]bool
	body    strings.Builder
	funcs   int
}

// qualify names a package in a type and imports it.
func (w *importerWriter) qualify(p *types.Package) string {
	w.imports[p.Path()] = true
	return p.Name()
}

// uses writes a function that calls a method of each field of a struct.
func (w *importerWriter) uses(obj types.Object) {
	if obj == nil {
		return
	}
	fields := obj.Type().Underlying().(*types.Struct)
	fmt.Fprintf(&w.body, "\nfunc Use%d(s *%s) {\n", w.funcs, types.TypeString(obj.Type(), w.qualify))
	w.funcs++
	for field := range fields.Fields() {
		if f := method(field.Type()); f != nil {
			fmt.Fprintf(&w.body, "\ts.%s.%s(%s)\n", field.Name(), f.Name(), w.zeroes(f.Signature()))
		}
	}
	w.body.WriteString("}\n")
}

func method(t types.Type) *types.Func {
	set := types.NewMethodSet(t)
	for _, name := range firstUse {
		if s := set.Lookup(nil, name); s != nil {
			return s.Obj().(*types.Func)
		}
	}
	return nil
}

// zeroes are the zero values of all parameters.
func (w *importerWriter) zeroes(s *types.Signature) string {
	var list []string
	for p := range s.Params().Variables() {
		list = append(list, "*new("+types.TypeString(p.Type(), w.qualify)+")")
	}
	return strings.Join(list, ", ")
}
