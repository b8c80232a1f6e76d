package main

// bpfgen gen [packages]: all bpfgen lines of packages in one process.

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/clang"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/gopkg"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
)

// writeOptions are the flags of gen that are about writing, for one command line
// and for packages alike.
type writeOptions struct {
	dryRun      bool
	noTypeCheck bool
}

func (o *writeOptions) define(fs *flag.FlagSet) {
	fs.BoolVar(&o.dryRun, "n", false, "write nothing, say what would change")
	fs.BoolVar(&o.noTypeCheck, "no-typecheck", false, "do not type-check the package with the new files before they are written")
}

// finish checks and writes what one command line gives.
func (c *cli) finish(ctx context.Context, o *outputFlags, w writeOptions, results ...*result) error {
	var all []gopkg.Generated
	for _, r := range results {
		if w.noTypeCheck && len(results) == 1 {
			break // writing finds what forbids it, too
		}
		g, changes, err := r.generated(o)
		if err != nil {
			return err
		}
		if changes {
			all = append(all, g)
		}
	}
	if err := c.typeCheck(ctx, w, all); err != nil {
		return err
	}
	var plans []*outfile.Plan
	for _, r := range results {
		plans = append(plans, r.out)
	}
	_, err := c.writeAll(ctx, plans, o, w)
	return err
}

// genPackages generates, and writes if no line failed.
func genPackages(ctx context.Context, c *cli, o *genOptions, patterns []string) error {
	defer func() { c.cache.Trim() }()
	return untilCurrent(func() error {
		c.cache, c.strips = c.openCache(), new(clang.Strips) // the cache knows what it has read
		return genLines(ctx, c, o, patterns)
	})
}

// emptyCache removes what the cache holds, or says what that would be.
func (c *cli) emptyCache(dryRun bool) error {
	store := c.openCache()
	if store == nil {
		return errors.New("there is no cache: $BPFGEN_CACHE is off, or there is no folder for caches ($HOME, $XDG_CACHE_HOME)")
	}
	entries, bytes := store.Usage()
	held := fmt.Sprintf("%d entries", entries)
	if entries == 1 {
		held = "1 entry"
	}
	what := "removed"
	if dryRun {
		what = "would be removed"
	} else if err := store.Clean(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.stdout, "%s: %s, %.1f MB, %s\n", store.Dir(), held, float64(bytes)/1e6, what)
	return err
}

func genLines(ctx context.Context, c *cli, o *genOptions, patterns []string) error {
	r, err := findRepo(ctx, c, patterns)
	if err != nil {
		return err
	}
	progress := newProgress(c.stderr, len(r.jobs))
	r.generate(ctx, func(j *job) { progress.step(j.place()) })
	progress.end()
	r.said(c)
	strict := r.warn(c, o.verbose, o.strict)
	if err := cmp.Or(r.problems(), strict); err != nil {
		return err
	}
	if err := r.typeCheck(ctx, c, o.write); err != nil {
		return err
	}
	changed, err := r.commit(ctx, c, o)
	if err != nil {
		return err
	}
	if o.verbose || progress.terminal {
		lines := slices.DeleteFunc(slices.Clone(r.jobs), func(j *job) bool { return j.part })
		fmt.Fprintf(c.stdout, "%s, %s changed%s\n", count(uint32(len(lines)), "line"), count(uint32(changed), "file"), othersNotRun(r.others))
	}
	return nil
}

// warn prints the warnings of all jobs. It is an error if a line that has some
// is strict.
func (r *repo) warn(c *cli, all, strict bool) error {
	var errs []error
	for _, j := range r.jobs {
		if j.result == nil {
			continue
		}
		if err := c.warn(j.result.warnings, all || j.flags().verbose, strict || j.flags().strict); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", j.place(), err))
		}
	}
	return errors.Join(errs...)
}

func othersNotRun(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %s of other tools not run", count(uint32(n), "line"))
}

// typeCheck checks all that will change, before anything does.
func (r *repo) typeCheck(ctx context.Context, c *cli, o writeOptions) error {
	var all []gopkg.Generated
	for _, j := range r.jobs {
		g, changes, err := j.result.generated(j.flags())
		if err != nil {
			return fmt.Errorf("%s: %w", j.place(), err)
		}
		if changes {
			all = append(all, g)
		}
	}
	return c.typeCheck(ctx, o, all)
}

// generated is what the type checker is to see of a result, and whether there
// is anything to check.
func (res *result) generated(o *outputFlags) (g gopkg.Generated, changes bool, err error) {
	all, err := res.out.Check()
	if err != nil {
		return g, false, err
	}
	g = gopkg.Generated{Dir: absolutePath(res.out.Dir()), Files: make(map[string][]byte), Package: res.pkg, Tags: o.tags.String()}
	for _, ch := range all {
		isGo := filepath.Ext(ch.Name) == ".go"
		changes = changes || isGo && ch.Kind != outfile.Unchanged
		if ch.Kind == outfile.Removed {
			g.Files[ch.Name] = nil
		} else {
			g.Files[ch.Name] = res.out.Content(ch.Name)
		}
	}
	for _, name := range res.out.Barriers() {
		g.Files[name] = nil
	}
	return g, changes, nil
}

// typeCheck says what is wrong with files that are about to be written.
func (c *cli) typeCheck(ctx context.Context, o writeOptions, all []gopkg.Generated) error {
	if o.noTypeCheck || len(all) == 0 {
		return nil
	}
	v := gopkg.TypeCheck(ctx, c.env, all)
	if err := ctx.Err(); err != nil {
		return err
	}
	if v.Skipped != "" {
		c.note("generated files were not type-checked: " + v.Skipped)
	}
	for _, n := range v.Notes {
		c.note("uses what has changed: " + n)
	}
	for _, n := range v.Before {
		c.note("an error that was there before: " + n)
	}
	return joinTexts(v.Fatal)
}

// commit writes all lines' files.
func (r *repo) commit(ctx context.Context, c *cli, o *genOptions) (changed int, err error) {
	for _, j := range r.jobs {
		f := *j.flags()
		f.verbose = f.verbose || o.verbose
		n, err := c.write(ctx, j.result.out, &f, o.write)
		changed += n
		if err != nil {
			return changed, fmt.Errorf("%s: %w", j.place(), err)
		}
	}
	return changed, nil
}

// progress is a line on a terminal that says how far things are; in a pipe it
// is nothing.
type progress struct {
	out       io.Writer
	terminal  bool
	all, done int
}

func newProgress(out io.Writer, all int) *progress {
	return &progress{out: out, terminal: isTerminal(out), all: all}
}

// clearLine takes the cursor to the start of the line and clears it (ECMA-48).
const clearLine = "\r\x1b[K"

func (p *progress) step(what string) {
	p.done++
	if p.terminal {
		fmt.Fprintf(p.out, "%s%d/%d %s", clearLine, p.done, p.all, what)
	}
}

func (p *progress) end() {
	if p.terminal {
		fmt.Fprint(p.out, clearLine)
	}
}

// isTerminal says whether somebody watches.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
