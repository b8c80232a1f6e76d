package main

// From one C file to an object for each target, compiled side by side.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/clang"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/temp"
	"github.com/bpfgen/bpfgen/internal/target"
)

// compileOptions are the flags of gen that only C needs.
type compileOptions struct {
	cc      string
	cflags  string
	strip   string
	noStrip bool
	// behind are the arguments behind --.
	behind []string

	// words of cc, and all flags of the user.
	command, flags []string
	// explicit are the flags of the command line that have no meaning for
	// objects.
	explicit []string
}

func (o *compileOptions) define(fs *flag.FlagSet, env environment) {
	fs.StringVar(&o.cc, "cc", env.lookup("BPF2GO_CC", "clang"), "`command` that compiles C (clang, $BPF2GO_CC)")
	fs.StringVar(&o.cflags, "cflags", env.lookup("BPF2GO_CFLAGS", ""), "`flags` for clang, blanks in quotes ($BPF2GO_CFLAGS); those behind -- come later")
	fs.StringVar(&o.strip, "strip", env.lookup("BPF2GO_STRIP", ""), "`command` that removes DWARF (the llvm-strip of -cc, $BPF2GO_STRIP)")
	fs.BoolVar(&o.noStrip, "no-strip", false, "keep DWARF in the object")
}

// finish splits what is several words.
func (o *compileOptions) finish(c *cli, given map[string]bool) (err error) {
	for _, name := range []string{"cc", "cflags", "strip", "no-strip"} {
		if given[name] {
			o.explicit = append(o.explicit, "-"+name)
		}
	}
	if len(o.behind) > 0 {
		o.explicit = append(o.explicit, "--")
	}
	if o.command = strings.Fields(o.cc); len(o.command) == 0 {
		return errors.New("-cc is empty: name a compiler")
	}
	o.command[0], o.strip = c.program(o.command[0]), c.program(o.strip)
	if o.flags, err = clang.Words(o.cflags); err != nil {
		return fmt.Errorf("-cflags: %w", err)
	}
	o.flags = append(o.flags, o.behind...)
	for _, f := range o.flags {
		if strings.HasPrefix(f, "-M") {
			return fmt.Errorf("clang flag %s: use -makebase instead", f)
		}
	}
	return nil
}

// program is a command that may be named by a path.
func (c *cli) program(name string) string {
	if c.base == "" || !strings.ContainsRune(name, filepath.Separator) {
		return name
	}
	abs, err := filepath.Abs(c.path(name))
	if err != nil {
		return name
	}
	return abs
}

// forC are the flags that the user gave and that objects have no use for.
func (o *compileOptions) forC() []string { return o.explicit }

// compiledBuilds compiles the C file for every target and parses what comes
// out.
func compiledBuilds(ctx context.Context, c *cli, o *genOptions) ([]*build, error) {
	targets, err := o.findTargets()
	if err != nil {
		return nil, err
	}
	compiler, err := o.compiler(c)
	if err != nil {
		return nil, err
	}
	dir, remove, err := temp.Dir("")
	if err != nil {
		return nil, err
	}
	defer remove()
	compiler.Temp, compiler.Strips = dir, c.strips
	builds := make([]*build, len(targets))
	results := make([]clang.Result, len(targets))
	failed := make([]error, len(targets))
	err = forEach(len(targets), func(i int) error {
		t := targets[i]
		r, _, err := compiler.CompileCached(ctx, clang.Target{Name: t.Name, Clang: t.Clang, Linux: t.Linux}, c.cache)
		results[i], failed[i] = r, err
		if err == nil {
			builds[i] = &build{target: t, source: o.args[0], bytes: r.Object, dependencies: r.Dependencies, compiled: true}
			builds[i].object, failed[i] = parseObject("its object", r.Object, sortedNames(o.binds)...)
		}
		return nil
	})
	c.showMessages(results)
	if err := errors.Join(err, compileErrors(o.args[0], targets, failed)); err != nil {
		return nil, err
	}
	for _, b := range builds {
		c.debugf(o.verbose, "compiled %s for %s", b.source, b.target.Name)
	}
	return builds, nil
}

// findTargets are the targets that the user named, those of one name once.
func (o *genOptions) findTargets() ([]target.Info, error) {
	ids := o.targets
	if ids == nil {
		ids = splitList(defaultTargets)
	}
	var targets []target.Info
	var errs []error
	for _, id := range ids {
		t, err := target.Find(id)
		if err != nil {
			errs = append(errs, err)
		}
		if !slices.ContainsFunc(targets, func(u target.Info) bool { return u.Name == t.Name }) {
			targets = append(targets, t)
		}
	}
	return targets, errors.Join(errs...)
}

// compiler finds the commands. Its Temp is not set.
func (o *genOptions) compiler(c *cli) (*clang.Compiler, error) {
	strip, stripErr := "", error(nil)
	if !o.compile.noStrip {
		strip, stripErr = clang.FindStrip(o.compile.strip, o.compile.command)
	}
	if err := clang.FindCompiler(o.compile.command[0]); err != nil {
		// Where there is no clang there is no llvm-strip: one error is enough.
		return nil, err
	}
	dir, dirErr := c.workingDirectory()
	source, sourceErr := filepath.Abs(o.args[0])
	return &clang.Compiler{
		CC:           o.compile.command,
		Flags:        o.compile.flags,
		Strip:        strip,
		Dir:          dir,
		Source:       source,
		Env:          c.env,
		Dependencies: o.makeBase != "",
	}, errors.Join(stripErr, dirErr, sourceErr)
}

// showMessages prints what the compiler said, in the order of the targets;
// what it said of several targets once.
func (c *cli) showMessages(results []clang.Result) {
	seen := make(map[string]bool)
	for _, r := range results {
		if messages := string(r.Messages); !seen[messages] {
			seen[messages] = true
			fmt.Fprint(c.stderr, messages)
		}
	}
}

// compileErrors gives targets that failed in the same way one line.
func compileErrors(source string, targets []target.Info, failed []error) error {
	var errs []error
	names := make(map[string][]string)
	for i, err := range failed {
		if err == nil {
			continue
		}
		if names[err.Error()] == nil {
			errs = append(errs, err)
		}
		names[err.Error()] = append(names[err.Error()], targets[i].Name)
	}
	for i, err := range errs {
		errs[i] = fmt.Errorf("%s for %s: %w", source, strings.Join(names[err.Error()], " and "), err)
	}
	return errors.Join(errs...)
}
