package main

// bpfgen types: the Go types of any BTF, without an object to load.

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/internal/kernelbtf"
)

// typesOptions are the command line of types.
type typesOptions struct {
	outputFlags
	ident  string
	target string
	source string
	write  writeOptions
}

func runTypes(ctx context.Context, c *cli, args []string) error {
	o, err := c.parseTypes(args)
	if err != nil {
		return err
	}
	r, err := generateTypes(ctx, c, o)
	if err != nil {
		return err
	}
	if err := c.warn(r.warnings, o.strict); err != nil {
		return err
	}
	return c.finish(ctx, r, &o.outputFlags, o.write)
}

func (c *cli) parseTypes(args []string) (*typesOptions, error) {
	o := &typesOptions{}
	fs := newFlagSet("types")
	o.define(fs, c.env)
	fs.StringVar(&o.ident, "ident", "", "`stem` of the Go type names; an upper-case one exports them (made from the source's name)")
	fs.StringVar(&o.target, "target", "", "`target` whose GOARCHes the types are for (those of the source's byte order)")
	o.write.define(fs)
	if err := c.parse(fs, args); err != nil {
		return nil, err
	}
	if err := flagBehind(fs.Args()); err != nil {
		return nil, err
	}
	if fs.NArg() != 1 {
		cmd, _ := findCommand("types")
		return nil, fmt.Errorf("one BTF source is needed, not %d: %s", fs.NArg(), usage(cmd))
	}
	o.source = fs.Arg(0)
	if o.ident == "" {
		o.ident = identOf(o.source)
	}
	if len(o.types) == 0 {
		o.types = patterns{"*"}
	}
	o.source = c.path(o.source)
	return o, o.finish(c, o.ident)
}

// generateTypes does everything but write.
func generateTypes(ctx context.Context, c *cli, o *typesOptions) (*result, error) {
	out, err := outfile.New(o.directory(), o.stem)
	if err != nil {
		return nil, err
	}
	pkg := start(func() (string, error) { return o.packageName(ctx, c.env) })
	object, err := c.parseFile(o.source)
	if err != nil {
		return nil, err
	}
	target, err := objectTarget(o.source, o.target, o.suffix, object)
	name, pkgErr := pkg()
	if err := errors.Join(err, pkgErr, checkNames(o.source, object)); err != nil {
		return nil, err
	}
	opts := o.options(o.ident, name)
	opts.TypesOnly = true
	plan, err := emit.NewPlan([]emit.Target{{GOARCH: target.GOARCH, Object: object, Source: o.source}}, opts)
	if err != nil {
		return nil, err
	}
	err = print(plan, out)
	return &result{out: out, warnings: slices.Concat(plan.Warnings, leftOut(out)), pkg: name}, err
}

// parseFile parses an object or raw BTF.
func (c *cli) parseFile(path string) (*btfparse.Object, error) {
	content, err := c.readInput(path)
	if err != nil {
		return nil, err
	}
	if path == kernelbtf.Stdin {
		path = stdinName
	}
	return parseBytes(path, content)
}

// identOf makes an identifier of the source's name: "vmlinux" of
// /sys/kernel/btf/vmlinux, "nfConntrack" of nf_conntrack.btf.
func identOf(path string) string {
	base := filepath.Base(path)
	for ext := filepath.Ext(base); ext == ".btf" || ext == ".o" || ext == ".elf" || ext == ".bpf"; ext = filepath.Ext(base) {
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
