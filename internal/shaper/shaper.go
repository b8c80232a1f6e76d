// Package shaper finds out how Go lays out a type on many architectures.
//
// Of a package only the declarations are read that the type is made of, and of
// those that they need: a few, whatever the package imports. So the answer costs
// little, does not depend on the rest of the package, which may need code that is
// yet to be generated, and says exactly which files the type comes from.
package shaper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/bpfgen/bpfgen/internal/goshape"
	"github.com/bpfgen/bpfgen/internal/suggest"
)

// GoType is a type of a package.
type GoType struct {
	// Path is the import path, "" for the package of the directory.
	Path, Name string
}

// Found is what there is to know of a GoType.
type Found struct {
	// Path is the import path, Package the package's name.
	Path, Package string
	// Own is true for the package of the directory.
	Own bool
	// Shapes by GOARCH.
	Shapes map[string]*goshape.Shape
}

// Shaper finds shapes, as seen from one directory.
type Shaper struct {
	Dir string
	Env []string
	// Header is what generated files begin with: no type may depend on one.
	Header string

	graph map[string]*packages.Package // by path
}

// Shapes finds the shape of a type on every one of the architectures.
func (s *Shaper) Shapes(ctx context.Context, t GoType, arches []string) (Found, error) {
	if len(arches) == 0 {
		return Found{}, errors.New("no architecture")
	}
	root, err := s.root(ctx, t, arches[0])
	if err != nil {
		return Found{}, err
	}
	own, err := s.isOwn(root)
	if err != nil {
		return Found{}, err
	}
	found := Found{Path: root.PkgPath, Package: root.Name, Own: own, Shapes: make(map[string]*goshape.Shape)}
	if !own && !token.IsExported(t.Name) {
		return found, fmt.Errorf("%s is not exported by %s", t.Name, root.PkgPath)
	}
	if !own && root.Name == "main" {
		return found, fmt.Errorf("%s is a command: no package can import it", root.PkgPath)
	}
	for i, arch := range arches {
		l := &archLoader{shaper: s, ctx: ctx, arch: arch, fset: token.NewFileSet(), sizes: types.SizesFor("gc", arch), pkgs: make(map[string]*partial)}
		if l.sizes == nil {
			return found, fmt.Errorf("the sizes of GOARCH=%s are not known", arch)
		}
		shape, err := l.shape(root.PkgPath, t.Name)
		if err != nil && i > 0 { // the first one had none
			err = fmt.Errorf("GOARCH=%s: %w", arch, err)
		}
		if err != nil {
			return found, err
		}
		found.Shapes[arch] = shape
	}
	return found, nil
}

// root is the package of the type.
func (s *Shaper) root(ctx context.Context, t GoType, arch string) (*packages.Package, error) {
	pattern := t.Path
	if pattern == "" {
		pattern = "."
	}
	if p := s.graph[t.Path]; p != nil {
		return p, nil
	}
	return s.load(ctx, pattern, arch)
}

// load asks the go command for a package and all that it imports.
func (s *Shaper) load(ctx context.Context, pattern, arch string) (*packages.Package, error) {
	pkgs, err := packages.Load(&packages.Config{
		Context: ctx, Dir: s.Dir, Env: append(slices.Clone(s.Env), "GOOS=linux", "GOARCH="+arch),
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedDeps,
	}, pattern)
	if err != nil {
		return nil, err
	}
	if len(pkgs) != 1 {
		return nil, fmt.Errorf("%s is not one package", pattern)
	}
	p := pkgs[0]
	if p.Dir == "" && len(p.GoFiles) > 0 {
		p.Dir = filepath.Dir(p.GoFiles[0])
	}
	if p.Dir == "" {
		if len(p.Errors) > 0 {
			first, _, _ := strings.Cut(p.Errors[0].Msg, "\n")
			return nil, errors.New(first)
		}
		return nil, fmt.Errorf("package %s is not found", pattern)
	}
	if s.graph == nil {
		s.graph = make(map[string]*packages.Package)
	}
	packages.Visit(pkgs, nil, func(p *packages.Package) {
		if s.graph[p.PkgPath] == nil {
			s.graph[p.PkgPath] = p
		}
	})
	return p, nil
}

// isOwn says whether a package is that of the directory.
func (s *Shaper) isOwn(p *packages.Package) (bool, error) {
	a, err := os.Stat(s.Dir)
	if err != nil {
		return false, err
	}
	b, err := os.Stat(p.Dir)
	return err == nil && os.SameFile(a, b), err
}

// archLoader type-checks for one architecture.
type archLoader struct {
	shaper *Shaper
	ctx    context.Context
	arch   string
	fset   *token.FileSet
	sizes  types.Sizes
	pkgs   map[string]*partial
}

// partial is a package of which some declarations are read.
type partial struct {
	path, name string
	files      []*partialFile
	decls      map[string]partialDecl
	needed     map[ast.Node]bool // *ast.GenDecl of constants, *ast.FuncDecl, specs
	types      *types.Package
}

// partialFile is one of its files.
type partialFile struct {
	syntax    *ast.File
	path      string
	generated bool
	// imports are the paths by name; used those that needed declarations use.
	imports map[string]string
	used    map[string]bool
}

// partialDecl is a declaration at package level.
type partialDecl struct {
	file *partialFile
	decl *ast.GenDecl
	// node is what is taken as a whole: a spec, all constants of a group, or a
	// function.
	node ast.Node
}

// shape reads what a type is made of, checks that alone, and looks at it.
func (l *archLoader) shape(path, name string) (*goshape.Shape, error) {
	p, err := l.pkg(path)
	if err != nil {
		return nil, err
	}
	if _, ok := p.decls[name]; !ok {
		return nil, fmt.Errorf("package %s declares no %s%s", path, name, suggest.DidYouMean(name, slices.Collect(maps.Keys(p.decls))))
	}
	if err := l.need(p, name); err != nil {
		return nil, err
	}
	tp, problems := l.check(p)
	obj, ok := tp.Scope().Lookup(name).(*types.TypeName)
	if !ok {
		return nil, fmt.Errorf("%s.%s is no type", path, name)
	}
	if generic, ok := obj.Type().(interface{ TypeParams() *types.TypeParamList }); ok && generic.TypeParams().Len() > 0 {
		return nil, fmt.Errorf("%s.%s has type parameters: declare a type for the arguments", path, name)
	}
	if !valid(obj.Type(), nil) {
		return nil, fmt.Errorf("%s.%s cannot be type-checked: %w", path, name, errors.Join(problems[:min(1, len(problems))]...))
	}
	return l.shapeOf(obj.Type()), nil
}

// pkg parses a package, for the architecture.
func (l *archLoader) pkg(path string) (*partial, error) {
	if p := l.pkgs[path]; p != nil {
		return p, nil
	}
	meta := l.shaper.graph[path]
	if meta == nil || meta.Dir == "" {
		var err error
		if meta, err = l.shaper.load(l.ctx, path, l.arch); err != nil {
			return nil, err
		}
	}
	p := &partial{path: path, name: meta.Name, decls: make(map[string]partialDecl), needed: make(map[ast.Node]bool)}
	l.pkgs[path] = p
	bctx := build.Default
	bctx.GOOS, bctx.GOARCH, bctx.CgoEnabled = "linux", l.arch, true
	entries, err := os.ReadDir(meta.Dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".go" || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		if match, err := bctx.MatchFile(meta.Dir, e.Name()); err != nil || !match {
			continue
		}
		if err := l.parse(p, meta, filepath.Join(meta.Dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// parse adds the declarations of one file.
func (l *archLoader) parse(p *partial, meta *packages.Package, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	syntax, err := parser.ParseFile(l.fset, file, content, parser.SkipObjectResolution)
	if syntax == nil || syntax.Name.Name != meta.Name && err == nil {
		return err
	}
	f := &partialFile{syntax: syntax, path: file, generated: bytes.HasPrefix(content, []byte(l.shaper.Header)), imports: make(map[string]string), used: make(map[string]bool)}
	p.files = append(p.files, f)
	for _, spec := range syntax.Imports {
		f.addImport(meta, spec)
	}
	for _, decl := range syntax.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				p.decls[d.Name.Name] = partialDecl{f, nil, d}
			}
		case *ast.GenDecl:
			p.addGroup(f, d)
		}
	}
	return nil
}

// addImport notes by which name the file knows a package.
func (f *partialFile) addImport(meta *packages.Package, spec *ast.ImportSpec) {
	as := strings.Trim(spec.Path.Value, "\"`")
	target := as
	name := path.Base(as)
	if imported := meta.Imports[as]; imported != nil {
		target, name = imported.PkgPath, imported.Name
	}
	if spec.Name != nil {
		name = spec.Name.Name
	}
	f.imports[name] = target
}

func (p *partial) addGroup(f *partialFile, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			p.decls[s.Name.Name] = partialDecl{f, d, s}
		case *ast.ValueSpec:
			var node ast.Node = s
			if d.Tok == token.CONST { // iota, and values that are repeated
				node = d
			}
			for _, name := range s.Names {
				p.decls[name.Name] = partialDecl{f, d, node}
			}
		}
	}
}

// need marks a declaration of a package and all that it is made of.
func (l *archLoader) need(p *partial, name string) error {
	d, ok := p.decls[name]
	if !ok || name == "_" || p.needed[d.node] {
		return nil // predeclared, a local name, or known
	}
	if d.file.generated {
		return fmt.Errorf("depends on generated code: %s declares %s; a type that stands for one of C must not need what is made of it", l.seen(d.file.path), name)
	}
	p.needed[d.node] = true
	var node ast.Node = d.node
	if f, ok := node.(*ast.FuncDecl); ok {
		node = f.Type
	}
	var first error
	var visit func(n ast.Node) bool
	visit = func(n ast.Node) bool {
		if first != nil {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit, *ast.InterfaceType, *ast.FuncType:
			// Neither has a say in the layout; what is in them need not be known.
			return node == n
		case *ast.Field: // its names are nobody else's
			ast.Inspect(n.Type, visit)
			return false
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && d.file.imports[x.Name] != "" {
				first = l.needOther(d.file, x.Name, n.Sel.Name)
				return false
			}
		case *ast.Ident:
			first = l.need(p, n.Name)
		}
		return true
	}
	ast.Inspect(node, visit)
	if spec, ok := node.(*ast.TypeSpec); ok && first == nil {
		l.needConstants(p, spec)
	}
	return first
}

// needConstants marks the constants of a type that may be a number. What they need
// and is not there yet, they alone lack.
func (l *archLoader) needConstants(p *partial, spec *ast.TypeSpec) {
	switch spec.Type.(type) {
	case *ast.Ident, *ast.SelectorExpr:
	default:
		return
	}
	for name, d := range p.decls {
		if d.decl != nil && d.decl.Tok == token.CONST && !d.file.generated && !p.needed[d.node] && mentions(d.node, spec.Name.Name) {
			_ = l.need(p, name)
		}
	}
}

// mentions says whether an identifier stands anywhere in a declaration.
func mentions(node ast.Node, name string) (found bool) {
	ast.Inspect(node, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}

// needOther marks what a file uses of another package.
func (l *archLoader) needOther(f *partialFile, pkg, name string) error {
	f.used[pkg] = true
	switch path := f.imports[pkg]; path {
	case "unsafe":
		return nil
	case "C":
		return fmt.Errorf("%s uses cgo (C.%s): what C's types are there is not known", l.seen(f.path), name)
	default:
		other, err := l.pkg(path)
		if err != nil {
			return fmt.Errorf("%s: %w", l.seen(f.path), err)
		}
		return l.need(other, name)
	}
}

// check type-checks what is needed of a package.
func (l *archLoader) check(p *partial) (*types.Package, []error) {
	var problems []error
	cfg := types.Config{
		Importer: importerFunc(func(path string) (*types.Package, error) {
			if path == "unsafe" {
				return types.Unsafe, nil
			}
			other, err := l.pkg(path)
			if err != nil {
				return nil, err
			}
			if other.types == nil {
				_, more := l.check(other)
				problems = append(problems, more...)
			}
			return other.types, nil
		}),
		Sizes:            l.sizes,
		IgnoreFuncBodies: true,
		Error:            func(err error) { problems = append(problems, err) },
	}
	var files []*ast.File
	for _, f := range p.files {
		files = append(files, p.only(f))
	}
	// What the pruned source lacks are errors; whether they matter shows in the
	// type that is asked for.
	p.types, _ = cfg.Check(p.path, l.fset, files, nil)
	return p.types, problems
}

// seen is a file from the directory of the one who asks, if it is below.
func (l *archLoader) seen(file string) string {
	return strings.TrimPrefix(file, filepath.Clean(l.shaper.Dir)+string(filepath.Separator))
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

// only is the file with nothing but what is needed.
func (p *partial) only(f *partialFile) *ast.File {
	file := &ast.File{Name: f.syntax.Name, Package: f.syntax.Package}
	imports := &ast.GenDecl{Tok: token.IMPORT}
	for _, name := range slices.Sorted(maps.Keys(f.used)) {
		path := &ast.BasicLit{Kind: token.STRING, Value: `"` + f.imports[name] + `"`, ValuePos: f.syntax.Package}
		imports.Specs = append(imports.Specs, &ast.ImportSpec{Name: &ast.Ident{Name: name, NamePos: f.syntax.Package}, Path: path})
	}
	if len(imports.Specs) > 0 {
		file.Decls = append(file.Decls, imports)
	}
	for _, decl := range f.syntax.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if p.needed[d] {
				file.Decls = append(file.Decls, &ast.FuncDecl{Name: d.Name, Type: d.Type})
			}
		case *ast.GenDecl:
			if p.needed[d] {
				file.Decls = append(file.Decls, d)
				continue
			}
			part := *d
			part.Specs = slices.DeleteFunc(slices.Clone(d.Specs), func(s ast.Spec) bool { return !p.needed[s] })
			if len(part.Specs) > 0 {
				file.Decls = append(file.Decls, &part)
			}
		}
	}
	return file
}

// valid says whether all that a type's memory is made of is known.
func valid(t types.Type, seen []types.Type) bool {
	if slices.Contains(seen, t) {
		return true
	}
	seen = append(seen, t)
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Kind() != types.Invalid
	case *types.Array:
		return u.Len() >= 0 && valid(u.Elem(), seen)
	case *types.Struct:
		for f := range u.Fields() {
			if !valid(f.Type(), seen) {
				return false
			}
		}
	}
	return true
}

// shapeOf is how the compiler lays out a type.
func (l *archLoader) shapeOf(t types.Type) *goshape.Shape {
	s := &goshape.Shape{
		Name: types.TypeString(t, func(p *types.Package) string { return p.Name() }),
		Size: l.sizes.Sizeof(t), Align: l.sizes.Alignof(t),
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		s.Kind = kindOf(u)
		s.Constants = constantsOf(t)
	case *types.Array:
		s.Kind, s.Elem, s.Len = goshape.Array, l.shapeOf(u.Elem()), u.Len()
	case *types.Struct:
		s.Kind = goshape.Struct
		fields := slices.Collect(u.Fields())
		for i, at := range l.sizes.Offsetsof(fields) {
			s.Fields = append(s.Fields, goshape.Field{
				Name: fields[i].Name(), Offset: at, Exported: fields[i].Exported(), Type: l.shapeOf(fields[i].Type()),
			})
		}
	}
	return s
}

// constantsOf are those of an integer type, in its package.
func constantsOf(t types.Type) (found []goshape.Constant) {
	named, ok := t.(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return nil
	}
	scope := named.Obj().Pkg().Scope()
	for _, name := range scope.Names() {
		c, ok := scope.Lookup(name).(*types.Const)
		if !ok || !types.Identical(c.Type(), t) || c.Val().Kind() != constant.Int {
			continue
		}
		if v, exact := constant.Uint64Val(c.Val()); exact {
			found = append(found, goshape.Constant{Name: name, Value: v})
		} else if v, exact := constant.Int64Val(c.Val()); exact {
			found = append(found, goshape.Constant{Name: name, Value: uint64(v)})
		}
	}
	return found
}

// kindOf is what a predeclared type is in memory.
func kindOf(b *types.Basic) goshape.Kind {
	switch info := b.Info(); {
	case b.Kind() == types.Uintptr, b.Kind() == types.UnsafePointer:
		return goshape.Other
	case info&types.IsBoolean != 0:
		return goshape.Bool
	case info&types.IsUnsigned != 0:
		return goshape.Unsigned
	case info&types.IsInteger != 0:
		return goshape.Signed
	case info&types.IsFloat != 0:
		return goshape.Float
	}
	return goshape.Other
}
