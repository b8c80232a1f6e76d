package main

// bpfgen btf min: the BTF that the relocations of objects need of kernels, as a Go
// package that embeds it (internal/btfmin, typed.KernelBTF).

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"go/token"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/internal/btfmin"
	"github.com/bpfgen/bpfgen/internal/corerelo"
	"github.com/bpfgen/bpfgen/internal/kernelbtf"
)

// btfOptions are the command line of btf min.
type btfOptions struct {
	forecastOptions
	dir, pkg string
}

// minIndex is typed.KernelBTFIndex: this command does not link the runtime.
const minIndex = "kernels.txt"

func runBTF(ctx context.Context, c *cli, args []string) error {
	o := &btfOptions{}
	flags := newFlagSet("btf")
	if len(args) > 0 && args[0] == "min" {
		args = args[1:]
	} else if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return fmt.Errorf("there is no command btf %s; there is btf min", args[0])
	}
	flags.StringVar(&o.dir, "o", "", "`directory` of the Go package that is written; it must exist")
	flags.StringVar(&o.pkg, "go-package", "", "`name` of that package (that of the directory)")
	flags.StringVar(&o.base, "base", "", "`kernel` that the modules among the arguments belong to")
	if err := c.parse(flags, args); err != nil {
		return err
	}
	if err := flagBehind(flags.Args()); err != nil {
		return err
	}
	if o.args = flags.Args(); o.dir == "" {
		return errors.New("-o DIR is needed: where the package goes")
	}
	if o.pkg == "" {
		o.pkg = packageOf(o.dir)
	}
	if !token.IsIdentifier(o.pkg) {
		return fmt.Errorf("%q is no name of a Go package: give one with -go-package", o.pkg)
	}
	return c.minimise(ctx, o)
}

// packageOf makes a package's name of its directory's.
func packageOf(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, filepath.Base(abs))
}

// needed are the relocations of all objects of one byte order.
type needed map[binary.ByteOrder][]corerelo.Relocation

func (c *cli) minimise(ctx context.Context, o *btfOptions) error {
	files, sources, err := c.forecastFiles(&o.forecastOptions)
	if err != nil {
		return err
	}
	relocations, err := c.neededBy(files)
	if err != nil {
		return err
	}
	out, err := outfile.New(o.dir, "kernelbtf")
	if err != nil {
		return err
	}
	p := minPackage{name: o.pkg, out: out, releases: make(map[string]string)}
	for _, source := range sources {
		if err := errors.Join(ctx.Err(), p.kernel(source, relocations)); err != nil {
			return err
		}
	}
	p.finish()
	_, err = out.Commit(ctx)
	return err
}

// neededBy reads the objects, and names those that need no BTF.
func (c *cli) neededBy(files []string) (needed, error) {
	all := make(needed)
	for _, file := range files {
		content, err := c.readInput(file)
		if err != nil {
			return nil, err
		}
		spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(content))
		if err != nil {
			return nil, fmt.Errorf("%s: cilium/ebpf v0.22 cannot read it: %w", file, err)
		}
		relocations, err := btfmin.Relocations(spec)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if len(relocations) == 0 {
			fmt.Fprintf(c.stderr, "bpfgen: %s has no relocations (CO-RE) and needs no BTF of a kernel\n", oneLine(file))
		}
		all[spec.ByteOrder] = append(all[spec.ByteOrder], relocations...)
	}
	return all, nil
}

// minPackage is the package being made.
type minPackage struct {
	name  string
	out   *outfile.Plan
	files []string
	index strings.Builder
	// releases are the kernels by release and byte order.
	releases map[string]string
}

func (p *minPackage) kernel(source kernelbtf.Source, all needed) error {
	k, err := source.Open()
	if err != nil {
		return err
	}
	order := k.ByteOrder()
	relocations := all[order]
	if len(relocations) == 0 {
		return fmt.Errorf("%s: no object for its byte order has relocations", k.Path)
	}
	if k.Release == "" {
		return fmt.Errorf("%s: its release (uname -r) is not known, by which it would be picked: give the file that name, as in 5.4.0-42-generic.btf", k.Path)
	}
	key := k.Release + " " + endian(order)
	if other := p.releases[key]; other != "" {
		return fmt.Errorf("%s and %s are both kernel %s", other, k.Path, k.Release)
	}
	p.releases[key] = k.Path
	small, err := minimisedOf(k, relocations, order)
	if err != nil {
		return fmt.Errorf("%s: %w", k.Path, err)
	}
	name := k.Release + ".btf"
	if p.out.Has(name) {
		name = k.Release + "-" + endian(order) + ".btf"
	}
	p.out.Add(name, small, k.Path)
	p.files = append(p.files, name)
	fmt.Fprintf(&p.index, "%s %s %x %x\n", name, key, sha256.Sum256(k.BTF), sha256.Sum256(small))
	return nil
}

func endian(order binary.ByteOrder) string {
	if order == binary.BigEndian {
		return "big"
	}
	return "little"
}

func minimisedOf(k *kernelbtf.Kernel, relocations []corerelo.Relocation, order binary.ByteOrder) ([]byte, error) {
	types, err := k.Types()
	if err != nil {
		return nil, err
	}
	all := []*btf.Spec{types}
	for i := range k.Modules {
		spec, err := k.Modules[i].Types(types)
		if err != nil {
			return nil, err
		}
		all = append(all, spec)
	}
	return btfmin.Minimise(relocations, all, order)
}

// finish adds the index and the Go file.
func (p *minPackage) finish() {
	const head = "# What bpfgen btf min made. A line is: file, release of the kernel, byte order,\n# SHA-256 of the BTF that it was made of, SHA-256 of the file.\n"
	p.out.Add(minIndex, []byte(head+p.index.String()), "the kernels")
	p.out.Add("kernelbtf.go", fmt.Appendf(nil, `%s

// Package %s has the BTF that relocations (CO-RE) need, for kernels that come
// without BTF.
package %s

import (
	"embed"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/typed"
)

// FS has the files and their index.
//
%s
var FS embed.FS

// KernelBTF is the BTF for the running kernel, for ebpf.ProgramOptions.KernelTypes;
// nil where the kernel has its own. See typed.KernelBTF.
func KernelBTF() (*btf.Spec, error) { return typed.KernelBTF(FS) }
`, outfile.Header, p.name, p.name, embedLines(append([]string{minIndex}, p.files...))), "the kernels")
}

// embedLines has a line for each file, by which a later run knows its own.
func embedLines(files []string) string {
	return "//go:embed " + strings.Join(files, "\n//go:embed ")
}
