package gopkg

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"go/build/constraint"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/gogen"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/temp"
	"github.com/bpfgen/bpfgen/internal/lazyregexp"
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
	// Notes are errors in files of the user, which use what changed.
	Notes []string
	// Before are errors in files of the user that the files on disk give, too.
	Before []string
	// Skipped says why nothing was checked, "" if it was.
	Skipped string
}

// TypeCheck checks the packages as if the files were written. The files of one
// module are checked in one go, those in no module not at all.
func TypeCheck(ctx context.Context, env []string, all []Generated) Verdict {
	var v Verdict
	modules := make(map[string][]Generated)
	for _, g := range all {
		root := gogen.ModuleRoot(g.Dir)
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
	slices.Sort(v.Before)
	v.Fatal, v.Notes, v.Before = slices.Compact(v.Fatal), slices.Compact(v.Notes), slices.Compact(v.Before)
	return v
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
		Mode:    packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedModule | packages.NeedImports | packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo,
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
	var now Verdict
	for _, p := range pkgs {
		now.add(p, generated)
	}
	if len(now.Notes) > 0 {
		now.tellBefore(cfg, slices.Compact(patterns))
	}
	v.merge(now)
}

// tellBefore takes what is wrong without the new files, too, out of the notes.
func (v *Verdict) tellBefore(cfg packages.Config, patterns []string) {
	cfg.Overlay = nil
	pkgs, err := load(cfg, patterns)
	if err != nil {
		return // of nothing it is known that it was so
	}
	var old Verdict
	for _, p := range pkgs {
		old.add(p, nil)
	}
	notes := v.Notes
	v.Notes = nil
	for _, n := range notes {
		if slices.Contains(old.Notes, n) {
			v.Before = append(v.Before, n)
		} else {
			v.Notes = append(v.Notes, n)
		}
	}
}

func (v *Verdict) merge(other Verdict) {
	v.Fatal = append(v.Fatal, other.Fatal...)
	v.Notes = append(v.Notes, other.Notes...)
	v.Before = append(v.Before, other.Before...)
	v.Skipped = cmp.Or(other.Skipped, v.Skipped)
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
			if m := noPackage().FindStringSubmatch(first); m != nil {
				first = "no module that go.mod requires has " + m[1] + ": run go mod tidy"
			}
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

// noPackage is what the type checker makes of an import that the go command has not
// found.
var noPackage = lazyregexp.New(`^could not import (\S+) \(invalid package name: ""\)$`)

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
