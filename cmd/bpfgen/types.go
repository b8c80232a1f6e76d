package main

// bpfgen types: the Go types of any BTF, without an object to load. types_sources.go
// reads it, types_many.go writes the packages of several kernels.

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/emit"
)

// typesOptions are the command line of types.
type typesOptions struct {
	outputFlags
	ident  string
	target string
	// layouts of the types are written, too.
	layouts bool
	// bases are the kernels of modules, by label; "" is for all.
	bases pathsByLabel
	args  []typesArgument
	write writeOptions
}

func runTypes(ctx context.Context, c *cli, args []string) error {
	o, err := c.parseTypes(args)
	if err != nil {
		return err
	}
	results, report, err := c.generateTypes(ctx, o)
	if err != nil {
		return err
	}
	if err := c.warn(results[0].warnings, o.verbose, o.strict); err != nil {
		return err
	}
	if err := c.finish(ctx, &o.outputFlags, o.write, results...); err != nil {
		return err
	}
	return report(c.stdout)
}

func (c *cli) parseTypes(args []string) (*typesOptions, error) {
	o := &typesOptions{bases: make(pathsByLabel)}
	fs := newFlagSet("types")
	o.defineTypes(fs, c.env)
	if err := c.parse(fs, args); err != nil {
		return nil, err
	}
	if err := flagBehind(fs.Args()); err != nil {
		return nil, err
	}
	if fs.NArg() == 0 {
		cmd, _ := findCommand("types")
		return nil, fmt.Errorf("a BTF source is needed: %s", usage(cmd))
	}
	if err := errors.Join(c.wellLabelled(fs.Args()), c.notLabelled(o.bases[""])); err != nil {
		return nil, err
	}
	for _, arg := range fs.Args() {
		o.args = append(o.args, c.typesArgument(arg))
	}
	if err := labelled(o.args); err != nil {
		return nil, err
	}
	named := identOfKernels
	if len(o.args) == 1 {
		named = identOf(o.args[0].name())
	}
	if !given(fs)["ident"] {
		o.ident = named
	}
	if o.ident == "" {
		o.stem = cmp.Or(o.stem, emit.Stem(named))
		return o, o.finish(c, named)
	}
	return o, o.finish(c, o.ident)
}

func (o *typesOptions) defineTypes(fs *flag.FlagSet, env environment) {
	o.define(fs, env)
	fs.StringVar(&o.ident, "ident", "", "`stem` of the Go type names; an upper-case one exports them (made from the source's name; Kernel for several); '' for none")
	fs.StringVar(&o.target, "target", "", "`target` whose GOARCHes the types are for (those of the source's byte order)")
	fs.BoolVar(&o.layouts, "layouts", false, "write how C lays out the types as well, for typed.CheckKernel and -types-from")
	fs.Var(o.bases, "base", "`kernel` whose BTF that of a module continues (/sys/kernel/btf/vmlinux for files beside it); label=kernel for the module of that label")
	o.write.define(fs)
}

// generateTypes does everything but write: a result for each directory. report prints
// what is to be said of them.
func (c *cli) generateTypes(ctx context.Context, o *typesOptions) (results []*result, report func(io.Writer) error, err error) {
	sources, err := c.readTypes(o)
	if err != nil {
		return nil, nil, err
	}
	if len(sources) > 1 {
		return c.generateKernels(ctx, o, sources)
	}
	r, err := c.generateFrom(ctx, o, sources[0])
	return []*result{r}, func(io.Writer) error { return nil }, err
}

// generateFrom generates the types of one source.
func (c *cli) generateFrom(ctx context.Context, o *typesOptions, s *typesSource) (*result, error) {
	out, err := outfile.New(o.directory(), o.stem)
	if err != nil {
		return nil, err
	}
	pkg := start(func() (string, error) { return o.packageName(ctx, c.env) })
	target, err := objectTarget(s.path, o.target, o.suffix, s.object)
	name, pkgErr := pkg()
	if err := errors.Join(err, pkgErr, checkNames(s.path, s.object)); err != nil {
		return nil, err
	}
	if len(o.types) == 0 {
		return nil, noTypes(s.path, s.object)
	}
	opts := o.options(o.ident, name)
	opts.TypesOnly, opts.Layouts = true, o.layouts
	plan, err := emit.NewPlan([]emit.Target{{GOARCH: target.GOARCH, Object: s.object, Source: s.path}}, opts)
	if err != nil {
		return nil, err
	}
	err = print(plan, out)
	return &result{out: out, warnings: slices.Concat(plan.Warnings, leftOut(out, o.suffix)), pkg: name}, err
}

// identOfKernels is the ident of the types of several kernels. It is upper-case:
// their packages use each other's types.
const identOfKernels = "Kernel"

// wellKnown are types of kernels that people ask for.
var wellKnown = []string{"task_struct", "sk_buff", "trace_event_raw_*"}

// noTypes says that nothing was asked for, and what there is.
func noTypes(source string, object *btfparse.Object) error {
	if err := checkNames(source, object); err != nil {
		return err
	}
	var some []string
	for _, name := range wellKnown {
		if len(object.Matching(name)) > 0 {
			some = append(some, name)
		}
	}
	for _, t := range object.Types {
		if _, ok := btfparse.Underlying(t).(*btfparse.Struct); ok && len(some) < len(wellKnown) {
			some = append(some, btfparse.BareName(t))
		}
	}
	if len(some) == 0 {
		some = append(some, "some_struct")
	}
	return fmt.Errorf("%s: which of its %d types? Name them, such as -type '%s'; -type '*' is all of them",
		source, len(object.Types), strings.Join(some, ","))
}

// identOf makes an identifier of the source's name: "vmlinux" of
// /sys/kernel/btf/vmlinux, "nfConntrack" of nf_conntrack.btf.
func identOf(path string) string {
	base := filepath.Base(path)
	for ext := filepath.Ext(base); slices.Contains([]string{".btf", ".o", ".elf", ".bpf", ".ko", ".xz", ".zst", ".gz"}, ext); ext = filepath.Ext(base) {
		base = strings.TrimSuffix(base, ext)
	}
	words := strings.FieldsFunc(base, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, word := range words {
		first := []rune(word)
		first[0] = unicode.ToUpper(first[0])
		words[i] = string(first)
	}
	ident := []rune(strings.Join(words, ""))
	if len(ident) == 0 || unicode.IsDigit(ident[0]) {
		ident = append([]rune("btf"), ident...)
	}
	ident[0] = unicode.ToLower(ident[0])
	return string(ident)
}
