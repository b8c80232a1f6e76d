package main

// What all subcommands share of flags: their environment, their errors on one
// line, their help, and the forms of value that package flag does not have.

import (
	"errors"
	"flag"
	"fmt"
	"go/build/constraint"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// environment is a list of NAME=value; the last of a name counts.
type environment []string

// lookup is the value of a variable, fallback where it is not set or empty.
func (e environment) lookup(name, fallback string) string {
	for _, entry := range slices.Backward(e) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok && value != "" {
			return value
		}
	}
	return fallback
}

// flag is true where the variable says so; what is no boolean says no.
func (e environment) flag(name string) bool {
	value, err := strconv.ParseBool(e.lookup(name, "false"))
	return err == nil && value
}

// newFlagSet makes flags that print nothing by themselves.
func newFlagSet(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	return fs
}

// parse prints help on stdout where it is asked for, and gives wrong flags as
// one error that says how to get help.
func (c *cli) parse(fs *flag.FlagSet, args []string) error {
	if c.describe != nil {
		c.describe(fs)
		return flag.ErrHelp
	}
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		cmd, _ := findCommand(fs.Name())
		printHelp(c.stdout, cmd, fs)
		return err
	}
	if err != nil {
		return fmt.Errorf("%w; see bpfgen %s -h", withSuggestion(fs, err), fs.Name())
	}
	return nil
}

// given are the flags that the command line sets.
func given(fs *flag.FlagSet) map[string]bool {
	names := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { names[f.Name] = true })
	return names
}

// flagBehind finds a flag that stands where it is not read any more, so that
// the error can say so.
func flagBehind(args []string) error {
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") && arg != "-" {
			return fmt.Errorf("%s: flags go before the other arguments, clang's behind --", arg)
		}
	}
	return nil
}

// patterns are names and globs, given several times or separated by commas.
type patterns []string

func (p *patterns) String() string { return strings.Join(*p, ",") }

func (p *patterns) Set(value string) error {
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			return errors.New("a name is missing")
		}
		if _, err := path.Match(name, ""); err != nil {
			return fmt.Errorf("%q is no glob: %w", name, err)
		}
		if !slices.Contains(*p, name) {
			*p = append(*p, name)
		}
	}
	return nil
}

// pairs are several key=value.
type pairs map[string]string

func (p pairs) String() string { return "" }

func (p pairs) Set(value string) error {
	key, val, ok := strings.Cut(value, "=")
	key, val = strings.TrimSpace(key), strings.TrimSpace(val)
	if !ok || key == "" || val == "" {
		return errors.New("want name=value")
	}
	if old, ok := p[key]; ok && old != val {
		return fmt.Errorf("%s is given as %s and as %s", key, old, val)
	}
	p[key] = val
	return nil
}

// buildTags is a build constraint, in the old form that bpf2go takes ("a,b" is
// both, "a b" is either) or in that of //go:build lines.
type buildTags struct{ expr constraint.Expr }

func (t *buildTags) String() string {
	if t.expr == nil {
		return ""
	}
	return t.expr.String()
}

func (t *buildTags) Set(value string) (err error) {
	prefix := "// +build "
	if strings.ContainsAny(value, "&|()") || strings.Contains(value, "! ") {
		prefix = "//go:build "
	}
	t.expr, err = constraint.Parse(prefix + value)
	return err
}
