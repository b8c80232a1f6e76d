package main

// -types-from: which Go types another ident of the package has declared, so
// that both can share maps.

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/internal/target"
)

// declaredTypes reads what generated code of the output directory has of an
// ident. Files that another line of the same run is about to write take the
// place of those that are there.
func (o *genOptions) declaredTypes(c *cli, ident string) ([]emit.Lender, error) {
	files, err := filepath.Glob(filepath.Join(o.directory(), "*.go"))
	if err != nil {
		return nil, err
	}
	contents := make(map[string][]byte)
	for _, name := range files {
		if contents[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	for _, other := range c.overlay {
		for _, name := range other.Files() {
			contents[name] = other.Content(name)
		}
	}
	d := declaredIn{ident: ident}
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		if bytes.HasPrefix(contents[name], []byte(emit.Header)) {
			if err := d.file(name, contents[name]); err != nil {
				return nil, fmt.Errorf("-types-from %s: %w", ident, err)
			}
		}
	}
	if len(d.layouts) == 0 {
		return nil, fmt.Errorf("-types-from %s: no generated file in %s has types of that ident: generate it first, go:generate lines run from top to bottom (bpfgen types with -layouts)",
			ident, o.directory())
	}
	return d.all(), nil
}

// declaredIn collects what files declare.
type declaredIn struct {
	ident string
	// layouts are those of each file that has some, with its architectures.
	layouts []emit.Lender
	// own are the declarations of every file.
	own []emit.Lender
	set string
}

// file reads one generated file.
func (d *declaredIn) file(name string, content []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	here := emit.Lender{GOARCH: fileGOARCH(file), Types: make(map[string]emit.Declaration)}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					declare(here.Types, spec.Name.Name).addType(spec.Type)
				case *ast.ValueSpec:
					d.constant(&here, spec)
				}
			}
		case *ast.FuncDecl:
			if of, result := getter(decl); of != "" {
				declare(here.Types, of)[decl.Name.Name+"()"] = result
			}
		}
	}
	if here.Layouts != "" {
		d.layouts = append(d.layouts, here)
	}
	d.own = append(d.own, here)
	return nil
}

// constant reads the constants that name the ident.
func (d *declaredIn) constant(here *emit.Lender, spec *ast.ValueSpec) {
	if len(spec.Names) != 1 || len(spec.Values) != 1 {
		return
	}
	literal, ok := spec.Values[0].(*ast.BasicLit)
	switch {
	case !ok:
	case emit.IsLayouts(d.ident, spec.Names[0].Name):
		here.Layouts, _ = strconv.Unquote(literal.Value)
	case spec.Names[0].Name == emit.SetName(d.ident):
		d.set = literal.Value
	}
}

// all are the layouts of all files, with the declarations that are built
// together with them.
func (d *declaredIn) all() []emit.Lender {
	for i := range d.layouts {
		l := &d.layouts[i]
		l.Set, l.Types = d.set, maps.Clone(l.Types)
		for _, other := range d.own {
			if !target.Overlap(l.GOARCH, other.GOARCH) {
				continue
			}
			for name, decl := range other.Types {
				maps.Copy(declare(l.Types, name), decl)
			}
		}
	}
	return d.layouts
}

func declare(types map[string]emit.Declaration, name string) declaration {
	if types[name] == nil {
		types[name] = make(emit.Declaration)
	}
	return declaration(types[name])
}

type declaration emit.Declaration

// addType adds the fields of a struct, or what another type is.
func (d declaration) addType(t ast.Expr) {
	s, ok := t.(*ast.StructType)
	if !ok {
		d[""] = types.ExprString(t)
		return
	}
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			if name.Name != "_" {
				d[name.Name] = types.ExprString(f.Type)
			}
		}
	}
}

// getter is the type and the result of a method without parameters.
func getter(decl *ast.FuncDecl) (of, result string) {
	if decl.Recv == nil || len(decl.Recv.List) != 1 || len(decl.Type.Params.List) > 0 ||
		decl.Type.Results == nil || len(decl.Type.Results.List) != 1 {
		return "", ""
	}
	recv := decl.Recv.List[0].Type
	if star, ok := recv.(*ast.StarExpr); ok {
		recv = star.X
	}
	name, ok := recv.(*ast.Ident)
	if !ok {
		return "", ""
	}
	return name.Name, types.ExprString(decl.Type.Results.List[0].Type)
}

// fileGOARCH are the architectures for which a file is built, nil for all.
func fileGOARCH(file *ast.File) []string {
	var expr constraint.Expr
	for _, group := range file.Comments {
		for _, c := range group.List {
			if c.Pos() < file.Package && constraint.IsGoBuild(c.Text) {
				expr, _ = constraint.Parse(c.Text)
			}
		}
	}
	if expr == nil {
		return nil
	}
	known := target.AllGOARCH()
	var archs []string
	for _, arch := range known {
		// Other tags may be set or not.
		for _, others := range []bool{true, false} {
			if expr.Eval(func(tag string) bool { return tag == arch || others && !slices.Contains(known, tag) }) {
				archs = append(archs, arch)
				break
			}
		}
	}
	return archs
}
