package gopkg

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/temp"
	"github.com/bpfgen/bpfgen/internal/words"
)

// Generated are files that are about to be written to a directory.
type Generated struct {
	// Dir is absolute.
	Dir string
	// Files have their content, embedded ones too; nil: the file is about to
	// be removed.
	Files map[string][]byte
	// Package is the name of the package, Tags the build constraint.
	Package, Tags string
}

// Verdict is what the type checker says of generated files.
type Verdict struct {
	// Fatal are errors in generated files, and names that are declared twice.
	Fatal []string
	// Notes are errors in files of the user, which may use what changed.
	Notes []string
	// Skipped says why nothing was checked, "" if it was.
	Skipped string
}

// TypeCheck checks the packages as if the files were written. The files of one
// module are checked in one go, those in no module not at all.
func TypeCheck(ctx context.Context, env []string, all []Generated) Verdict {
	var v Verdict
	modules := make(map[string][]Generated)
	for _, g := range all {
		root := moduleRoot(g.Dir)
		if root == "" {
			continue // nobody could build it here
		}
		key := root + "\x00" + g.Tags
		modules[key] = append(modules[key], g)
	}
	for key, group := range modules {
		root, _, _ := strings.Cut(key, "\x00")
		v.check(ctx, env, root, group)
	}
	slices.Sort(v.Fatal)
	slices.Sort(v.Notes)
	v.Fatal, v.Notes = slices.Compact(v.Fatal), slices.Compact(v.Notes)
	return v
}

// moduleRoot is the directory of the go.mod that a directory belongs to.
func moduleRoot(dir string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// check checks the packages of one module.
func (v *Verdict) check(ctx context.Context, env []string, root string, group []Generated) {
	overlay := make(map[string][]byte)
	generated := make(map[string]bool)
	var patterns []string
	tests := false
	for _, g := range group {
		for name, content := range g.Files {
			path := filepath.Join(g.Dir, name)
			switch {
			case content != nil:
				generated[path] = true
				overlay[path] = content
			case filepath.Ext(name) == ".go":
				overlay[path] = []byte("package " + g.Package + "\n")
			}
			tests = tests || strings.HasSuffix(name, "_test.go")
		}
		patterns = append(patterns, g.Dir)
	}
	slices.Sort(patterns)
	cfg := packages.Config{
		Context: ctx,
		Mode:    ofRoots,
		Dir:     root,
		Env:     append(slices.Clone(env), "GOOS=linux"),
		Overlay: overlay,
		Tests:   tests,
	}
	if tags := positiveTags(group[0].Tags); len(tags) > 0 {
		cfg.BuildFlags = []string{"-tags=" + strings.Join(tags, ",")}
	}
	// The go command compiles what is imported. It leaves nothing if it is killed.
	if dir, remove, err := temp.Dir(lookup(env, "GOTMPDIR")); err == nil {
		defer remove()
		cfg.Env = append(cfg.Env, "GOTMPDIR="+dir)
	}
	pkgs, err := load(cfg, slices.Compact(patterns))
	if err != nil {
		v.Skipped = whatTheDriverSaid(err)
		return
	}
	for _, p := range pkgs {
		v.add(p, generated)
	}
}

// What is asked of the packages that are checked, of what they import, and of both
// at once.
const (
	ofRoots   = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedModule
	ofImports = packages.NeedName | packages.NeedImports | packages.NeedDeps | packages.NeedExportFile | packages.NeedTypes | packages.NeedTypesSizes
	ofBoth    = ofRoots | packages.NeedImports | packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo
)

// load type-checks packages. To have the go command do all of it means to have it
// compile the packages, too, which takes longer than all else; so it is asked for what
// they import alone, where that does not lead back to them.
func load(cfg packages.Config, patterns []string) ([]*packages.Package, error) {
	if cfg.Tests {
		return loadAll(cfg, patterns)
	}
	roots, err := packages.Load(&cfg, patterns...)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(roots, func(p *packages.Package) bool { return len(p.Errors) > 0 }) {
		return roots, nil // nothing to be compiled, then
	}
	c := &checker{cfg: cfg, fset: token.NewFileSet(), imports: map[string]*types.Package{"unsafe": types.Unsafe}}
	if !c.parse(roots) || !c.loadImports(roots) {
		return loadAll(cfg, patterns)
	}
	for _, p := range roots {
		c.check(p)
	}
	return roots, nil
}

// loadAll leaves everything to the go command.
func loadAll(cfg packages.Config, patterns []string) ([]*packages.Package, error) {
	cfg.Mode = ofBoth
	return packages.Load(&cfg, patterns...)
}

// checker type-checks packages whose imports are compiled.
type checker struct {
	cfg  packages.Config
	fset *token.FileSet
	// files are those of each package, paths what they import.
	files map[*packages.Package][]*ast.File
	paths map[string]bool
	// imports have their types.
	imports map[string]*types.Package
	sizes   types.Sizes
}

// parse reads all files. It is false where that is not enough: with cgo.
func (c *checker) parse(roots []*packages.Package) bool {
	c.files, c.paths = make(map[*packages.Package][]*ast.File), make(map[string]bool)
	for _, p := range roots {
		for _, path := range p.CompiledGoFiles {
			var source any
			if content, ok := c.cfg.Overlay[path]; ok {
				source = content
			}
			f, err := parser.ParseFile(c.fset, path, source, parser.SkipObjectResolution|parser.AllErrors|parser.ParseComments)
			p.Errors = append(p.Errors, parseErrors(err)...)
			if f == nil {
				continue
			}
			c.files[p] = append(c.files[p], f)
			for _, spec := range f.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err == nil {
					c.paths[path] = true
				}
			}
		}
	}
	return !c.paths["C"]
}

// parseErrors are what the parser says.
func parseErrors(err error) (errs []packages.Error) {
	var list scanner.ErrorList
	if errors.As(err, &list) {
		for _, e := range list {
			errs = append(errs, packages.Error{Pos: e.Pos.String(), Msg: e.Msg, Kind: packages.ParseError})
		}
	} else if err != nil {
		errs = append(errs, packages.Error{Msg: err.Error(), Kind: packages.ParseError})
	}
	return errs
}

// loadImports has the go command compile what is imported. It is false if that
// leads back to the roots, or cannot be done in one go.
func (c *checker) loadImports(roots []*packages.Package) bool {
	c.sizes = types.SizesFor("gc", cmp.Or(lookup(c.cfg.Env, "GOARCH"), runtime.GOARCH))
	delete(c.paths, "unsafe")
	if len(c.paths) == 0 {
		return true
	}
	cfg := c.cfg
	cfg.Mode, cfg.Overlay, cfg.Fset = ofImports, nil, c.fset
	pkgs, err := packages.Load(&cfg, slices.Sorted(maps.Keys(c.paths))...)
	if err != nil {
		return false
	}
	own := make(map[string]bool)
	for _, p := range roots {
		own[p.PkgPath] = true
	}
	back := false
	packages.Visit(pkgs, func(p *packages.Package) bool {
		back = back || own[p.PkgPath]
		return !back
	}, nil)
	for _, p := range pkgs {
		if c.imports[p.PkgPath] = p.Types; p.Types == nil || p.IllTyped || len(p.Errors) > 0 {
			return false // the go command finds better words
		}
		c.sizes = p.TypesSizes
	}
	return !back
}

// Import makes checker a types.Importer.
func (c *checker) Import(path string) (*types.Package, error) {
	if p := c.imports[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("no types of %s", path)
}

// check adds what is wrong with a package to its errors.
func (c *checker) check(p *packages.Package) {
	conf := types.Config{Importer: c, Sizes: c.sizes, Error: func(err error) {
		var e types.Error
		if errors.As(err, &e) {
			p.Errors = append(p.Errors, packages.Error{Pos: c.fset.Position(e.Pos).String(), Msg: e.Msg, Kind: packages.TypeError})
		}
	}}
	if p.Module != nil && p.Module.GoVersion != "" {
		conf.GoVersion = "go" + p.Module.GoVersion
	}
	_, _ = conf.Check(p.PkgPath, c.fset, c.files[p], nil)
}

// lookup is the value of a variable, "" if it is not set.
func lookup(env []string, name string) string {
	for _, entry := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// add sorts the errors of one package.
func (v *Verdict) add(p *packages.Package, generated map[string]bool) {
	// The go command compiles for export data, too, and fails where the package
	// has errors: those are found below.
	own := func(e packages.Error) bool {
		first, _, _ := strings.Cut(e.Msg, "\n")
		return e.Kind == packages.ListError && (first == "# "+p.PkgPath || strings.HasPrefix(first, "# "+p.PkgPath+" ["))
	}
	p.Errors = slices.DeleteFunc(p.Errors, own)
	for _, e := range p.Errors {
		if e.Kind == packages.ListError || strings.Contains(e.Msg, "could not import") {
			first, _, _ := strings.Cut(e.Msg, "\n")
			v.Skipped = fmt.Sprintf("package %s: %s", p.PkgPath, first)
			return
		}
	}
	twice := make(map[string][]string) // by the old file of bpfgen's that declares them
	for i, e := range p.Errors {
		text := seenFrom(e.Pos) + ": " + e.Msg
		switch {
		case strings.Contains(e.Msg, "other declaration of"): // said with the one before
		case strings.Contains(e.Msg, "redeclared") || strings.Contains(e.Msg, "already declared"):
			other := ""
			if i+1 < len(p.Errors) && strings.Contains(p.Errors[i+1].Msg, "other declaration of") {
				other = p.Errors[i+1].Pos
				text += "; the other is at " + seenFrom(other)
			}
			if old := leftOver(generated, fileOf(e.Pos), fileOf(other)); old != "" {
				name, _, _ := strings.Cut(e.Msg, " ")
				twice[old] = append(twice[old], name)
				continue
			}
			v.Fatal = append(v.Fatal, text)
		case generated[fileOf(e.Pos)]:
			v.Fatal = append(v.Fatal, text)
		default:
			v.Notes = append(v.Notes, text)
		}
	}
	for old, names := range twice {
		v.Fatal = append(v.Fatal, fmt.Sprintf("%s: bpfgen wrote it before, for another line or target, and it declares the same names (%s): remove it; with -bpf2go, -prune does", seenFrom(old), words.Some(names, 3)))
	}
}

// whatTheDriverSaid is an error of packages.Load on one line: of the go command's
// failure, what it said itself.
func whatTheDriverSaid(err error) string {
	text := err.Error()
	if _, stderr, ok := strings.Cut(text, "stderr: "); ok {
		text = stderr
	}
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

// leftOver is the file of two that bpfgen has written before and does not write now.
func leftOver(generated map[string]bool, files ...string) string {
	for i, file := range files {
		if file == "" || generated[file] || !generated[files[1-i]] {
			continue
		}
		content, err := os.ReadFile(file)
		if err == nil && bytes.HasPrefix(content, []byte(outfile.Header)) {
			return file
		}
	}
	return ""
}

// fileOf is the file of a position.
func fileOf(pos string) string {
	file, _, _ := strings.Cut(pos, ":")
	return file
}

// seenFrom is a position from the working directory.
func seenFrom(pos string) string {
	wd, err := os.Getwd()
	if err != nil {
		return pos
	}
	return strings.TrimPrefix(pos, wd+string(filepath.Separator))
}

// positiveTags are the tags that a build constraint wants.
func positiveTags(expr string) []string {
	if expr == "" {
		return nil
	}
	parsed, err := constraint.Parse("//go:build " + expr)
	if err != nil {
		return nil
	}
	var tags []string
	var walk func(x constraint.Expr)
	walk = func(x constraint.Expr) {
		switch x := x.(type) {
		case *constraint.TagExpr:
			tags = append(tags, x.Tag)
		case *constraint.AndExpr:
			walk(x.X)
			walk(x.Y)
		case *constraint.OrExpr:
			walk(x.X)
		}
	}
	walk(parsed)
	return tags
}
