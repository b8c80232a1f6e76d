package main

// bpfgen diff: what changed between two objects, the BTF of two kernels, or two
// folders of them. Package diff knows; this file finds out what the arguments are.
// diff_text.go has the forms of the answer.

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/bpfgen/bpfgen/diff"
	"github.com/bpfgen/bpfgen/forecast"
	"github.com/bpfgen/bpfgen/internal/kernelbtf"
)

// errDiffers is said by the changes alone.
var errDiffers = errors.New("there are changes")

// diffFormat is the version of what diff -json prints: docs/diff.schema.json. It
// grows when a member changes its meaning or goes, not when one is added.
const diffFormat = 1

// diffOptions are the command line of diff.
type diffOptions struct {
	json, markdown, breaking bool
	types, pinned            patterns
	events, mapTypes         pairs
	usedBy, kernels          paths
	old, new                 string
	comparison               diff.Options
}

// paths are several files, a flag each.
type paths []string

func (p *paths) String() string { return "" }

func (p *paths) Set(value string) error {
	if value == "" {
		return errors.New("a path is missing")
	}
	*p = append(*p, value)
	return nil
}

// diffDocument is what -json prints.
type diffDocument struct {
	Format int `json:"format"`
	// Same is true if nothing differs, Breaking if something breaks.
	Same     bool           `json:"same"`
	Breaking bool           `json:"breaking"`
	Reports  []*diff.Report `json:"reports"`
	// Removed and Added are the files of folders, and the modules of kernels, that only
	// one side has.
	Removed []string `json:"removed,omitempty"`
	Added   []string `json:"added,omitempty"`

	// breaking is true if something removed is missed.
	breaking bool
}

func runDiff(ctx context.Context, c *cli, args []string) error {
	o, err := c.parseDiff(args)
	if err != nil {
		return err
	}
	if err := c.diffContext(o); err != nil {
		return err
	}
	doc, err := c.compare(ctx, o)
	if err != nil {
		return err
	}
	switch {
	case o.json:
		enc := json.NewEncoder(c.stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "\t")
		err = enc.Encode(doc)
	case o.markdown:
		err = diffMarkdown(c.stdout, doc)
	default:
		err = diffText(c.stdout, doc)
	}
	if err == nil && (doc.Breaking || !doc.Same && !o.breaking) {
		err = errDiffers
	}
	return err
}

func (c *cli) parseDiff(args []string) (*diffOptions, error) {
	o := &diffOptions{events: make(pairs), mapTypes: make(pairs)}
	flags := newFlagSet("diff")
	flags.BoolVar(&o.json, "json", false, "print JSON; docs/diff.schema.json has its form")
	flags.BoolVar(&o.markdown, "markdown", false, "print Markdown, for a comment in a review")
	flags.BoolVar(&o.breaking, "breaking", false, "exit with status 1 only for what breaks something")
	flags.Var(&o.types, "type", "C `names` and globs of types that Go code is generated for beside those of maps and variables")
	flags.Var(o.events, "event", "`map=type`: the type of the records of a ring buffer or perf event array, as for gen; repeatable")
	flags.Var(o.mapTypes, "map", "`map=key,value`: C types of a map that C declares by sizes alone, as for gen; repeatable")
	flags.Var(&o.pinned, "pinned", "`names` and globs of maps that Go pins (all); those that C pins always count")
	flags.Var(&o.usedBy, "used-by", "`object` that runs on the kernels whose BTF is compared: only what it touches counts; repeatable")
	flags.Var(&o.kernels, "kernel", "`kernel` or folder of kernels on which the programs of old and new are forecast; repeatable")
	if err := c.parse(flags, args); err != nil {
		return nil, err
	}
	if err := flagBehind(flags.Args()); err != nil {
		return nil, err
	}
	if flags.NArg() != 2 {
		cmd, _ := findCommand("diff")
		return nil, fmt.Errorf("an old and a new side are needed, not %d: %s", flags.NArg(), usage(cmd))
	}
	if o.json && o.markdown {
		return nil, errors.New("-json and -markdown exclude each other")
	}
	o.old, o.new = flags.Arg(0), flags.Arg(1)
	o.comparison.Types, o.comparison.Events = o.types, eventTypes(o.events)
	var err error
	if o.comparison.MapTypes, err = mapTypes(o.mapTypes); err != nil {
		return nil, err
	}
	if len(o.pinned) > 0 {
		o.comparison.Pinned = o.pinned.match
	}
	return o, nil
}

// match says whether one of the patterns is that of the name.
func (p patterns) match(name string) bool {
	return slices.ContainsFunc(p, func(pattern string) bool {
		ok, _ := path.Match(pattern, name) // the flag has checked the pattern
		return ok
	})
}

// diffContext reads the kernels and objects that are not compared themselves.
func (c *cli) diffContext(o *diffOptions) error {
	for _, name := range o.usedBy {
		content, err := c.readInput(name)
		if err != nil {
			return err
		}
		in, err := diff.ReadObject(name, content)
		if err != nil {
			return err
		}
		o.comparison.UsedBy = append(o.comparison.UsedBy, in)
	}
	if len(o.kernels) == 0 {
		return nil
	}
	sources, err := kernelbtf.Find(o.kernels, "", c.stdin)
	if err != nil {
		return err
	}
	for _, source := range sources {
		image, err := source.Open()
		if err != nil {
			return err
		}
		kernel, err := forecast.FromImage(image)
		if err != nil {
			return err
		}
		o.comparison.Kernels = append(o.comparison.Kernels, kernel)
	}
	return nil
}

// diffSide is one argument: what there is to compare, by the name that both sides
// know it by.
type diffSide map[string]func() (*diff.Input, error)

// compare compares what both sides have.
func (c *cli) compare(ctx context.Context, o *diffOptions) (*diffDocument, error) {
	old, err := c.diffSide(o.old)
	if err != nil {
		return nil, err
	}
	new, err := c.diffSide(o.new)
	if err != nil {
		return nil, err
	}
	if (old[""] == nil) != (new[""] == nil) {
		return nil, fmt.Errorf("%s and %s: a folder can only be compared with a folder", o.old, o.new)
	}
	pairLoneKernels(old, new)
	doc := &diffDocument{Format: diffFormat, Reports: []*diff.Report{}}
	if err := doc.sides(ctx, "", old, new, &o.comparison); err != nil {
		return nil, err
	}
	doc.Same = len(doc.Removed)+len(doc.Added) == 0 && !slices.ContainsFunc(doc.Reports, func(r *diff.Report) bool { return len(r.Changes) > 0 })
	doc.Breaking = doc.breaking || slices.ContainsFunc(doc.Reports, (*diff.Report).Breaks)
	return doc, nil
}

// pairLoneKernels lets the only kernel of a folder be compared with the only one of
// another: the files of two releases are called by them.
func pairLoneKernels(old, new diffSide) {
	if len(old) != 1 || len(new) != 1 {
		return
	}
	was, is := slices.Collect(maps.Keys(old))[0], slices.Collect(maps.Keys(new))[0]
	if was != is && !objectName().MatchString(was) && !objectName().MatchString(is) {
		new[was] = new[is]
		delete(new, is)
	}
}

// sides compares what two sides call alike, and the modules of kernels. within is
// the kernel that they are modules of.
func (d *diffDocument) sides(ctx context.Context, within string, old, new diffSide, opts *diff.Options) error {
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if new[name] == nil {
			d.Removed = append(d.Removed, within+name)
			d.breaking = true
			continue
		}
		if err := d.pair(ctx, name, old[name], new[name], opts); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(new)) {
		if old[name] == nil {
			d.Added = append(d.Added, within+name)
		}
	}
	return nil
}

func (d *diffDocument) pair(ctx context.Context, name string, old, new func() (*diff.Input, error), opts *diff.Options) error {
	was, err := old()
	if err != nil {
		return err
	}
	is, err := new()
	if err != nil {
		return err
	}
	report, err := diff.Compare(was, is, opts)
	if err := errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	d.Reports = append(d.Reports, report)
	return d.modules(ctx, cmp.Or(name, was.Name())+" module ", was, is, opts)
}

// modules compares those of two kernels. One that is built in now is gone and missed
// by nobody; what objects (-used-by) miss, the kernel's own report says.
func (d *diffDocument) modules(ctx context.Context, within string, old, new *diff.Input, opts *diff.Options) error {
	was, is := old.Modules(), new.Modules()
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if is[name] != nil || len(opts.UsedBy) > 0 {
			continue
		}
		module, err := was[name]()
		if err != nil {
			return err
		}
		d.breaking = d.breaking || !new.HasTypesOf(module)
	}
	breaking := d.breaking
	err := d.sides(ctx, within, was, is, opts)
	d.breaking = breaking
	return err
}

// diffSide finds out what an argument is: an object, a kernel, or a folder.
func (c *cli) diffSide(arg string) (diffSide, error) {
	if arg != kernelbtf.Stdin {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, openError(arg, err)
		}
		if info.IsDir() {
			return c.diffFolder(arg)
		}
		if !isObjectFile(arg) {
			return kernelSides([]string{arg}, func(string) string { return "" })
		}
	}
	content, err := c.readInput(arg)
	if err != nil {
		return nil, err
	}
	if !isObject(content) {
		return nil, fmt.Errorf("%s is no object: give the BTF of a kernel as a file", stdinName)
	}
	return diffSide{"": func() (*diff.Input, error) { return diff.ReadObject(arg, content) }}, nil
}

// diffFolder has the objects and kernels of a folder by their paths in it.
func (c *cli) diffFolder(dir string) (diffSide, error) {
	side := make(diffSide)
	if kernelbtf.HasKernel(dir) {
		kernels, err := kernelSides([]string{dir}, func(name string) string {
			rel, err := filepath.Rel(dir, name)
			if err != nil {
				return name
			}
			return filepath.ToSlash(rel)
		})
		if err != nil {
			return nil, err
		}
		side = kernels
	}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !objectName().MatchString(name) || !isObjectFile(name) {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		side[filepath.ToSlash(rel)] = func() (*diff.Input, error) {
			content, err := c.readInput(name)
			if err != nil {
				return nil, err
			}
			return diff.ReadObject(name, content)
		}
		return err
	})
	if err == nil && len(side) == 0 {
		err = fmt.Errorf("%s: no object and no kernel in this folder", dir)
	}
	return side, err
}

func kernelSides(args []string, name func(path string) string) (diffSide, error) {
	sources, err := kernelbtf.Find(args, "", nil)
	if err != nil {
		return nil, err
	}
	side := make(diffSide)
	for _, source := range sources {
		side[name(source.Path)] = func() (*diff.Input, error) {
			image, err := source.Open()
			if err != nil {
				return nil, err
			}
			return diff.FromKernel(image)
		}
	}
	return side, nil
}
