package main

// Types of several kernels: what all have alike is written once, into the package of
// the output directory, and the rest into a package for each kernel below it.

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/gopkg"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/internal/layout"
)

// kernelPackages is one run.
type kernelPackages struct {
	*typesOptions
	sources []*typesSource
	// pkg and path are name and import path of the common package.
	pkg, path string
	// types are those of each kernel by what C calls them, for the report.
	types map[string]map[string]btfparse.Type
}

// generateKernels makes the packages, the common one first.
func (c *cli) generateKernels(ctx context.Context, o *typesOptions, sources []*typesSource) ([]*result, func(io.Writer) error, error) {
	k := &kernelPackages{typesOptions: o, sources: sources, types: make(map[string]map[string]btfparse.Type)}
	if err := k.findPackage(ctx, c); err != nil {
		return nil, nil, err
	}
	plan, err := k.plan()
	if err == nil && len(o.types) == 0 {
		err = noTypes(sources[0].path, sources[0].object)
	}
	if err != nil {
		return nil, nil, err
	}
	results, err := k.results(ctx, c, plan)
	if err != nil {
		return nil, nil, err
	}
	results[0].warnings = plan.Warnings
	return results, func(w io.Writer) error { return k.report(bufio.NewWriter(w), plan) }, nil
}

// findPackage finds out how the packages of kernels import the common one.
func (k *kernelPackages) findPackage(ctx context.Context, c *cli) (err error) {
	if k.pkg, err = k.packageName(ctx, c.env); err != nil {
		return err
	}
	if k.path, err = gopkg.ImportPath(k.directory()); err != nil {
		return err
	}
	switch {
	case k.path == "":
		return fmt.Errorf("%s is in no module: the packages of kernels import the one in it, which needs a go.mod around it (go mod init)", k.directory())
	case k.pkg == "main":
		return fmt.Errorf("%s holds package main, which no package can import: give another directory with -output-dir", k.directory())
	case k.pkg != filepath.Base(filepath.FromSlash(k.path)):
		return fmt.Errorf("package %s in %s is called otherwise than the directory: give -go-package %s, or another directory with -output-dir", k.pkg, k.path, filepath.Base(k.path))
	}
	return nil
}

func (k *kernelPackages) plan() (*emit.Plan, error) {
	var targets []emit.Target
	var errs []error
	for _, s := range k.sources {
		target, err := objectTarget(s.path, k.target, k.suffix, s.object)
		errs = append(errs, err, checkNames(s.path, s.object))
		targets = append(targets, emit.Target{Name: s.label, GOARCH: target.GOARCH, Object: s.object, Source: s.path})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	opts := k.options(k.ident, k.pkg)
	opts.TypesOnly, opts.Packages, opts.Layouts = true, true, k.layouts
	return emit.NewPlan(targets, opts)
}

// results are the directories with what goes there, the common one first.
func (k *kernelPackages) results(ctx context.Context, c *cli, plan *emit.Plan) ([]*result, error) {
	names := make(map[string]string)
	for _, s := range k.sources {
		names[s.label] = packageOfLabel(s.label)
	}
	common, own, err := plan.Packages(k.path, names)
	if err != nil {
		return nil, err
	}
	shared, err := outfile.New(k.directory(), k.stem)
	if err != nil {
		return nil, err
	}
	addFiles(shared, common)
	results := []*result{{out: shared, pkg: k.pkg}}
	for _, p := range own {
		r, err := k.result(ctx, c, names[p.Target], p.Files)
		if err != nil {
			return nil, err
		}
		if r != nil {
			results = append(results, r)
		}
	}
	stale, err := k.stale(names)
	return append(results, stale...), err
}

// stale are the packages of kernels that an earlier run wrote and this one does not:
// files of ours of that name that name the common package above their own clause.
func (k *kernelPackages) stale(names map[string]string) (stale []*result, err error) {
	entries, err := os.ReadDir(k.directory())
	if err != nil {
		return nil, err
	}
	current := make(map[string]bool)
	for _, name := range names {
		current[name] = true
	}
	file := k.stem + "_types" + k.suffix + ".go"
	for _, e := range entries {
		dir := filepath.Join(k.directory(), e.Name())
		content, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil || !e.IsDir() || current[e.Name()] || !bytes.HasPrefix(content, []byte(outfile.Header)) || !bytes.Contains(content, []byte("package "+k.path+".\n")) {
			continue
		}
		out, err := outfile.New(dir, k.stem)
		if err != nil {
			return nil, err
		}
		out.RemoveStale(file)
		stale = append(stale, &result{out: out, pkg: e.Name()})
	}
	return stale, nil
}

// result is the directory of one kernel; nil where nothing is to be done.
func (k *kernelPackages) result(ctx context.Context, c *cli, pkg string, files []emit.File) (*result, error) {
	dir := filepath.Join(k.directory(), pkg)
	_, err := os.Stat(dir)
	exists := err == nil
	if exists {
		if has, err := gopkg.Name(ctx, dir, c.env); err == nil && has != pkg && gopkg.HasGoFiles(dir) {
			return nil, fmt.Errorf("%s holds package %s: give the kernel another label, or another directory with -output-dir", dir, has)
		}
	}
	if !exists && len(files) == 0 {
		return nil, nil
	}
	out, err := outfile.NewBelow(dir, k.stem)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 { // of an earlier run
		out.RemoveStale(k.stem + "_types" + k.suffix + ".go")
	}
	addFiles(out, files)
	return &result{out: out, pkg: pkg}, nil
}

func addFiles(out *outfile.Plan, files []emit.File) {
	for _, f := range files {
		out.Add(f.Name, f.Content, f.Name)
	}
}

// shownDiffs is how many differences of a type the report shows.
const shownDiffs = 4

// report says which types are not the same, and in what.
func (k *kernelPackages) report(w *bufio.Writer, plan *emit.Plan) error {
	differences := plan.Differences()
	fmt.Fprintf(w, "%s of all kernels in package %s", count(uint32(plan.Shared()), "type"), k.pkg)
	if len(differences) == 0 {
		fmt.Fprintln(w, "; nothing differs")
		return w.Flush()
	}
	verb := "differ"
	if len(differences) == 1 {
		verb = "differs"
	}
	fmt.Fprintf(w, "; %d %s:\n", len(differences), verb)
	for _, d := range differences {
		groups := make([]string, len(d.Alike))
		for i, labels := range d.Alike {
			groups[i] = strings.Join(labels, ", ")
		}
		fmt.Fprintf(w, "%s (%s): %s\n", oneLine(d.C), d.Go, strings.Join(groups, " | "))
		if len(d.Holds) > 0 {
			fmt.Fprintf(w, "  holds %s\n", strings.Join(d.Holds, ", "))
		}
		for i := range len(d.Alike) - 1 {
			k.reportDiff(w, d.C, d.Alike[i][0], d.Alike[i+1][0])
		}
	}
	return w.Flush()
}

// reportDiff shows what differs between two kernels.
func (k *kernelPackages) reportDiff(w *bufio.Writer, c, old, new string) {
	was, okOld := k.layout(old, c)
	is, okNew := k.layout(new, c)
	if !okOld || !okNew {
		return
	}
	diffs := layout.Compare(was, is)
	for _, d := range diffs[:min(len(diffs), shownDiffs)] {
		fmt.Fprintf(w, "  %s → %s: %s\n", old, new, oneLine(d.String()))
	}
	if more := len(diffs) - shownDiffs; more > 0 {
		fmt.Fprintf(w, "  %s → %s: %d more\n", old, new, more)
	}
}

// layout of the type that C calls so on a kernel.
func (k *kernelPackages) layout(label, c string) (l layout.Layout, ok bool) {
	i := slices.IndexFunc(k.sources, func(s *typesSource) bool { return s.label == label })
	object := k.sources[i].object
	byName := k.types[label]
	if byName == nil {
		byName = make(map[string]btfparse.Type)
		for _, t := range slices.Backward(object.Types) { // the first of a name stays
			byName[t.CName()] = t
		}
		k.types[label] = byName
	}
	t := byName[c]
	if t == nil {
		return l, false
	}
	return object.Layout(t)
}
