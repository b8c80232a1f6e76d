package main

// What gen and types share: where files go, what they are called, and the
// package that they belong to.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/token"
	"path/filepath"
	"strings"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/gopkg"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/emit"
)

// outputFlags are the flags of every command that writes Go files.
type outputFlags struct {
	dir     string
	stem    string
	suffix  string
	pkg     string
	tags    buildTags
	types   patterns
	renames pairs
	verbose bool
	// strict takes no warnings.
	strict bool
}

func (o *outputFlags) define(fs *flag.FlagSet, env environment) {
	suffix := ""
	if strings.HasSuffix(env.lookup("GOFILE", ""), "_test.go") {
		suffix = "_test"
	}
	o.renames = make(pairs)
	fs.StringVar(&o.dir, "output-dir", "", "`directory` of the generated files (the current one)")
	fs.StringVar(&o.stem, "output-stem", "", "`stem` of the names of generated files (ident in lower case)")
	fs.StringVar(&o.suffix, "output-suffix", suffix, "`suffix` of the names of generated files, such as _test (_test if $GOFILE has it)")
	fs.StringVar(&o.pkg, "go-package", "", "`name` of the Go package ($GOPACKAGE, else that of the directory)")
	fs.Var(&o.tags, "tags", "build `tags` for the generated files: a,b or a&&b for both, \"a b\" or a||b for either")
	fs.Var(&o.types, "type", "C `names` and globs to declare: event, \"struct event\", bpf_*; comma-separated, repeatable")
	fs.Var(o.renames, "rename", "`'struct foo=Bar'`: the Go type of struct foo is called <ident>Bar; repeatable")
	fs.BoolVar(&o.strict, "strict", false, "with a warning, write nothing and exit with status 1")
	fs.BoolVar(&o.verbose, "verbose", env.flag("V"), "say what is done, and each warning on a line of its own ($V)")
}

// finish reads what depends on other flags and finds what cannot be.
func (o *outputFlags) finish(c *cli, ident string) error {
	o.dir = c.path(o.dir)
	if o.stem == "" {
		o.stem = emit.Stem(ident)
	}
	var errs []error
	if !token.IsIdentifier(ident) || ident == "_" {
		errs = append(errs, fmt.Errorf("ident %q is not a Go identifier: choose a name of letters, digits and _", ident))
	}
	for _, part := range []struct{ name, value string }{{"stem", o.stem}, {"suffix", o.suffix}} {
		if strings.ContainsAny(part.value, `/\`) {
			errs = append(errs, fmt.Errorf("-output-%s %q must not have a path in it: use -output-dir", part.name, part.value))
		}
	}
	if o.pkg != "" && !token.IsIdentifier(o.pkg) {
		errs = append(errs, fmt.Errorf("-go-package %q is not a Go package name", o.pkg))
	}
	return errors.Join(errs...)
}

// packageName is the one that the user gave, that go generate gave, or that
// the output directory has.
func (o *outputFlags) packageName(ctx context.Context, env environment) (string, error) {
	if name := o.pkg; name != "" {
		return name, nil
	}
	if name := env.lookup("GOPACKAGE", ""); name != "" {
		return name, nil
	}
	return gopkg.Name(ctx, o.directory(), env)
}

func (o *outputFlags) directory() string {
	if o.dir == "" {
		return "."
	}
	return o.dir
}

// options for package emit, as far as all commands share them.
func (o *outputFlags) options(ident, pkg string) emit.Options {
	return emit.Options{
		Package: pkg,
		Ident:   ident,
		Stem:    o.stem,
		Suffix:  o.suffix,
		Tags:    o.tags.String(),
		Types:   o.types,
		Renames: o.renames,
	}
}

// fileName is that of the file of one part, such as a target's object.
func (o *outputFlags) fileName(part, ext string) string {
	return o.stem + "_" + part + o.suffix + ext
}

// print adds what a plan prints to the files to be written.
func print(plan *emit.Plan, out *outfile.Plan) error {
	files, err := plan.Files()
	if err != nil {
		return err
	}
	for _, f := range files {
		out.Add(f.Name, f.Content, f.Name)
	}
	return nil
}

// write writes, or with -n says what it would do, and returns how many files
// changed. Removals are always said.
func (c *cli) write(ctx context.Context, out *outfile.Plan, o *outputFlags, w writeOptions) (changed int, err error) {
	return c.writeAll(ctx, []*outfile.Plan{out}, o, w)
}

// wouldBe says what -n leaves undone.
var wouldBe = map[outfile.Kind]string{
	outfile.Created: "would create", outfile.Replaced: "would replace", outfile.Removed: "would remove", outfile.Unchanged: "unchanged",
}

// writeAll carries out the plans of several directories together.
func (c *cli) writeAll(ctx context.Context, plans []*outfile.Plan, o *outputFlags, w writeOptions) (changed int, err error) {
	commit := outfile.CommitAll
	if w.dryRun {
		commit = func(_ context.Context, plans ...*outfile.Plan) (changes [][]outfile.Change, err error) {
			for _, p := range plans {
				would, err := p.Check()
				if err != nil {
					return nil, err
				}
				changes = append(changes, would)
			}
			return changes, nil
		}
	}
	changes, err := commit(ctx, plans...)
	if err != nil {
		return 0, err
	}
	for i, p := range plans {
		for _, ch := range changes[i] {
			if ch.Kind != outfile.Unchanged {
				changed++
			}
			say := o.verbose || ch.Kind == outfile.Removed || w.dryRun && ch.Kind != outfile.Unchanged
			what := string(ch.Kind)
			if w.dryRun {
				what = wouldBe[ch.Kind]
			}
			c.debugf(say, "%s %s", what, filepath.Join(p.Dir(), ch.Name))
		}
	}
	return changed, nil
}

// debugf prints what -verbose wants to know to stdout, as bpf2go does.
func (c *cli) debugf(verbose bool, format string, args ...any) {
	if verbose {
		fmt.Fprintf(c.stdout, format+"\n", args...)
	}
}

// workingDirectory is the absolute one that the command line counts from.
func (c *cli) workingDirectory() (string, error) {
	dir, err := filepath.Abs(c.base)
	if err != nil {
		return "", fmt.Errorf("the working directory cannot be found: %w", err)
	}
	return dir, nil
}
