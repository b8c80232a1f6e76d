package gopkg

// Packages that are about to be written, type-checked. Their files are found and
// read here, by the rules of the go command (go/build); it is asked for what they
// import alone, where that does not lead back to them. To have it do all means to
// have it compile these packages, which takes longer than all else: that is left
// for what is rare, and for what is wrong, of which it finds better words.

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"
)

// load type-checks the packages of directories.
func load(cfg packages.Config, dirs []string) ([]*packages.Package, error) {
	c := &checker{cfg: cfg, fset: token.NewFileSet(), imports: map[string]*types.Package{"unsafe": types.Unsafe}}
	if roots, ok := c.load(dirs); ok {
		return roots, nil
	}
	return packages.Load(&cfg, dirs...)
}

// checker type-checks packages whose imports are compiled.
type checker struct {
	cfg  packages.Config
	fset *token.FileSet
	// build is how the go command chooses files, goVersion the language's in the module.
	build     build.Context
	goVersion string
	// files are those of each package, paths what they import.
	files map[*packages.Package][]*ast.File
	paths map[string]bool
	// imports have their types.
	imports map[string]*types.Package
	sizes   types.Sizes
}

// load is false for what the go command is to do: packages with cgo or tests, other
// drivers than the go command, and whatever is wrong but types.
func (c *checker) load(dirs []string) (roots []*packages.Package, ok bool) {
	if c.cfg.Tests || lookup(c.cfg.Env, "GOPACKAGESDRIVER") != "" {
		return nil, false
	}
	if c.findContext() != nil || c.findGoVersion() != nil {
		return nil, false
	}
	c.files, c.paths = make(map[*packages.Package][]*ast.File), make(map[string]bool)
	for _, dir := range dirs {
		p, ok := c.parse(dir)
		if !ok {
			return nil, false
		}
		roots = append(roots, p)
	}
	if !c.loadImports(roots) {
		return nil, false
	}
	for _, p := range roots {
		c.check(p)
	}
	return roots, true
}

// goCommand is what "go list" prints for a template, each package on a line.
func (c *checker) goCommand(args ...string) ([]byte, error) {
	ctx := cmp.Or[context.Context](c.cfg.Context, context.Background())
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-e"}, args...)...)
	cmd.Dir, cmd.Env = c.cfg.Dir, append(slices.Clone(c.cfg.Env), "PWD="+c.cfg.Dir)
	cmd.WaitDelay = time.Second
	return cmd.Output()
}

// findContext asks for what the environment, GOFLAGS and the configuration of the go
// command make of build constraints.
func (c *checker) findContext() error {
	out, err := c.goCommand(append(slices.Clone(c.cfg.BuildFlags), "-f",
		`{{with context}}[{{printf "%q,%q,%q,%v,%q,%q,%q" .GOARCH .GOOS .Compiler .CgoEnabled (join .BuildTags " ") (join .ToolTags " ") (join .ReleaseTags " ")}}]{{end}}`, "--", "unsafe")...)
	if err != nil {
		return err
	}
	var goarch, goos, compiler, tags, toolTags, releaseTags string
	var cgo bool
	if err := json.Unmarshal(out, &[]any{&goarch, &goos, &compiler, &cgo, &tags, &toolTags, &releaseTags}); err != nil {
		return err
	}
	if c.sizes = types.SizesFor(compiler, goarch); c.sizes == nil || compiler != "gc" {
		return errors.New("another compiler")
	}
	c.build = build.Default
	c.build.GOARCH, c.build.GOOS, c.build.Compiler, c.build.CgoEnabled = goarch, goos, compiler, cgo
	c.build.BuildTags, c.build.ToolTags, c.build.ReleaseTags = strings.Fields(tags), strings.Fields(toolTags), strings.Fields(releaseTags)
	c.build.IsDir = func(string) bool { return true }
	c.build.ReadDir = c.readDir
	c.build.OpenFile = c.openFile
	return nil
}

// findGoVersion reads go.mod.
func (c *checker) findGoVersion() error {
	path := filepath.Join(c.cfg.Dir, "go.mod")
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f, err := modfile.ParseLax(path, content, nil)
	if err != nil {
		return err
	}
	if f.Go == nil {
		return errors.New("no language version")
	}
	c.goVersion = "go" + f.Go.Version
	return nil
}

// readDir lists a directory as it will be.
func (c *checker) readDir(dir string) ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var infos []fs.FileInfo
	for _, e := range entries {
		if _, planned := c.cfg.Overlay[filepath.Join(dir, e.Name())]; planned {
			continue
		}
		if info, err := e.Info(); err == nil {
			infos = append(infos, info)
		}
	}
	for path, content := range c.cfg.Overlay {
		if filepath.Dir(path) == dir {
			infos = append(infos, plannedFile{filepath.Base(path), int64(len(content))})
		}
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int { return cmp.Compare(a.Name(), b.Name()) })
	return infos, nil
}

func (c *checker) openFile(path string) (io.ReadCloser, error) {
	if content, ok := c.cfg.Overlay[path]; ok {
		return io.NopCloser(bytes.NewReader(content)), nil
	}
	return os.Open(path)
}

// plannedFile is one that is not written yet.
type plannedFile struct {
	name string
	size int64
}

func (f plannedFile) Name() string     { return f.name }
func (f plannedFile) Size() int64      { return f.size }
func (plannedFile) Mode() fs.FileMode  { return 0o666 }
func (plannedFile) ModTime() time.Time { return time.Time{} }
func (plannedFile) IsDir() bool        { return false }
func (plannedFile) Sys() any           { return nil }

// parse reads the files of a package. It is false where that is not enough: with cgo,
// with files that do not belong together, where the go command refuses C files.
func (c *checker) parse(dir string) (p *packages.Package, ok bool) {
	found, err := c.build.ImportDir(dir, 0)
	if err != nil || len(found.CgoFiles)+len(found.CFiles)+len(found.SwigFiles)+len(found.InvalidGoFiles) > 0 {
		return nil, false
	}
	path, err := ImportPath(dir)
	if err != nil || path == "" {
		return nil, false
	}
	p = &packages.Package{PkgPath: path, Name: found.Name, Dir: dir}
	for _, name := range found.GoFiles {
		c.parseFile(p, filepath.Join(dir, name))
	}
	return p, true
}

func (c *checker) parseFile(p *packages.Package, path string) {
	var source any
	if content, ok := c.cfg.Overlay[path]; ok {
		source = content
	}
	f, err := parser.ParseFile(c.fset, path, source, parser.SkipObjectResolution|parser.AllErrors|parser.ParseComments)
	p.Errors = append(p.Errors, parseErrors(err)...)
	if f == nil {
		return
	}
	c.files[p] = append(c.files[p], f)
	for _, spec := range f.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil {
			c.paths[path] = true
		}
	}
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

// loadImports has the go command compile what is imported, which it keeps, and reads the
// types of that alone: what they are made of stands with them. It is false if the imports
// lead back to the roots, or something is wrong.
func (c *checker) loadImports(roots []*packages.Package) bool {
	delete(c.paths, "unsafe")
	if len(c.paths) == 0 {
		return true
	}
	exports, all, err := c.exports(slices.Sorted(maps.Keys(c.paths)))
	if err != nil {
		return false
	}
	if slices.ContainsFunc(roots, func(p *packages.Package) bool { return all[p.PkgPath] }) {
		return false
	}
	for path := range c.paths {
		if c.readTypes(path, exports[path]) != nil {
			return false
		}
	}
	return true
}

// exports are the files with the types of packages; all are these and what they import.
func (c *checker) exports(paths []string) (exports map[string]string, all map[string]bool, err error) {
	args := append(slices.Clone(c.cfg.BuildFlags), "-export", "-f", "{{.ImportPath}}{{range .Deps}} {{.}}{{end}}\t{{if not .Error}}{{.Export}}{{end}}", "--")
	out, err := c.goCommand(append(args, paths...)...)
	if err != nil {
		return nil, nil, err
	}
	exports, all = make(map[string]string), make(map[string]bool)
	for line := range strings.Lines(string(out)) {
		paths, file, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		path, _, _ := strings.Cut(paths, " ")
		exports[path] = file
		for path := range strings.SplitSeq(paths, " ") {
			all[path] = true
		}
	}
	return exports, all, nil
}

// readTypes reads one file of exports.
func (c *checker) readTypes(path, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := gcexportdata.NewReader(f)
	if err != nil {
		return err
	}
	_, err = gcexportdata.Read(r, c.fset, c.imports, path)
	return err
}

// Import makes checker a types.Importer.
func (c *checker) Import(path string) (*types.Package, error) {
	if p := c.imports[path]; p != nil && (path == "unsafe" || c.paths[path]) {
		return p, nil
	}
	return nil, fmt.Errorf("no types of %s", path)
}

// check adds what is wrong with a package to its errors.
func (c *checker) check(p *packages.Package) {
	conf := types.Config{Importer: c, Sizes: c.sizes, GoVersion: c.goVersion, Error: func(err error) {
		var e types.Error
		if errors.As(err, &e) {
			p.Errors = append(p.Errors, packages.Error{Pos: c.fset.Position(e.Pos).String(), Msg: e.Msg, Kind: packages.TypeError})
		}
	}}
	_, _ = conf.Check(p.PkgPath, c.fset, c.files[p], nil)
}
