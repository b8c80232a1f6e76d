// Package gopkg answers questions about Go packages. It is the only user of
// golang.org/x/tools/go/packages, which runs the go command and costs some
// hundred milliseconds, and so is asked only where nothing else knows.
package gopkg

import (
	"context"
	"errors"
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/go/packages"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/gogen"
)

// Name is the name of the package in a directory. Where there is none yet, it
// is the directory's name, made legal.
func Name(ctx context.Context, dir string, env []string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if HasGoFiles(abs) {
		for _, find := range []func() string{
			func() string { return fromClauses(abs) },
			func() string { return fromPackages(ctx, abs, env) },
			func() string { return fromFiles(abs) },
		} {
			if name := find(); name != "" {
				return name, nil
			}
		}
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	return Legal(filepath.Base(abs)), nil
}

// ImportPath is that of the package in a directory, "" where no module is around it.
func ImportPath(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	root := gogen.ModuleRoot(abs)
	if root == "" {
		return "", nil
	}
	file := filepath.Join(root, "go.mod")
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	module := modfile.ModulePath(content)
	if module == "" {
		return "", fmt.Errorf("%s names no module", file)
	}
	rel, err := filepath.Rel(root, abs)
	return path.Join(module, filepath.ToSlash(rel)), err
}

// fromClauses is the name that all files have, tests aside, whether they are built
// or not: then the go command need not be asked which are. It is "" where they
// have several, and where none is built here.
func fromClauses(dir string) (name string) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	built := false
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".go" || strings.HasSuffix(f.Name(), "_test.go") || strings.HasPrefix(f.Name(), ".") || strings.HasPrefix(f.Name(), "_") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, f.Name()), nil, parser.PackageClauseOnly)
		if err != nil || name != "" && parsed.Name.Name != name {
			return ""
		}
		name = parsed.Name.Name
		match, err := build.Default.MatchFile(dir, f.Name())
		built = built || err == nil && match
	}
	if !built || name == "documentation" { // which the go command skips
		return ""
	}
	return name
}

// fromPackages is "" where the go command cannot tell: outside a module, or
// with files that do not parse.
func fromPackages(ctx context.Context, dir string, env []string) string {
	pkgs, err := packages.Load(&packages.Config{Context: ctx, Mode: packages.NeedName, Dir: dir, Env: env}, ".")
	if err != nil || len(pkgs) != 1 {
		return ""
	}
	return pkgs[0].Name
}

// fromFiles reads the package clauses, where there is no module. Whatever else
// is wrong with the files does not matter.
func fromFiles(dir string) string {
	p, _ := build.ImportDir(dir, 0)
	return p.Name
}

// HasGoFiles says whether a directory has Go files.
func HasGoFiles(dir string) bool {
	files, err := filepath.Glob(filepath.Join(escapeGlob(dir), "*.go"))
	return err == nil && len(files) > 0
}

// escapeGlob takes the meaning from what filepath.Match reads as a pattern.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// Legal turns a directory's name into a package name: lower case, without what
// an identifier cannot have, "main" where nothing is left. As package paths
// often do, "go-" before and "-go" or ".go" behind the name do not count.
func Legal(name string) string {
	name = strings.ToLower(name)
	name = strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(name, ".go"), "-go"), "go-")
	name = strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, name)
	name = strings.TrimLeftFunc(name, func(r rune) bool { return r == '_' || unicode.IsDigit(r) })
	switch {
	case name == "":
		return "main"
	case token.IsKeyword(name):
		return name + "pkg"
	}
	return name
}

// Directories are those of the packages that import paths and patterns name,
// files for other systems and tests included.
func Directories(ctx context.Context, dir string, env, patterns []string) ([]string, error) {
	pkgs, err := packages.Load(&packages.Config{Context: ctx, Mode: packages.NeedName | packages.NeedFiles, Dir: dir, Env: env}, patterns...)
	if err != nil {
		return nil, err
	}
	var dirs []string
	var errs []error
	for _, p := range pkgs {
		switch {
		case p.Dir != "":
			dirs = append(dirs, p.Dir)
		case len(p.Errors) > 0:
			errs = append(errs, fmt.Errorf("%s: %s", p.PkgPath, p.Errors[0].Msg))
		}
	}
	return dirs, errors.Join(errs...)
}
