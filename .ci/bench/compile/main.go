// Command compile measures what generated packages cost their users at compile
// time, beside bpf2go's of the same objects, and prints the tables of
// docs/benchmarks.md.
//
//	compile -n 5 -bpfgen ./bpfgen -bpf2go ./bpf2go -cc clang-19
//
// For each object, both generators write a package with exported names, and this
// command a second package that imports it and uses each map once. Each is compiled
// alone (internal/buildcost), in turns; the times are the least of n runs. The same
// for what all of them import: packages typed and cilium/ebpf.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

type config struct {
	n              int
	bpfgen, bpf2go string
	cc             string
	only           string
	keep           string
}

func main() {
	var c config
	flag.IntVar(&c.n, "n", 5, "compilations of each package")
	flag.StringVar(&c.bpfgen, "bpfgen", "bpfgen", "the `command`")
	flag.StringVar(&c.bpf2go, "bpf2go", "bpf2go", "the `command`")
	flag.StringVar(&c.cc, "cc", "clang", "compiler `command`")
	flag.StringVar(&c.only, "only", "", "measure this `input` alone")
	flag.StringVar(&c.keep, "keep", "", "write the packages to this `directory` and leave them there")
	flag.Parse()
	if err := run(c); err != nil {
		fmt.Fprintln(os.Stderr, "compile:", err)
		os.Exit(2)
	}
}

func run(c config) error {
	dir := c.keep
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "compile"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	m := &measurement{config: c}
	for _, in := range inputs {
		if c.only != "" && c.only != in.name {
			continue
		}
		if err := m.add(in, filepath.Join(dir, in.name)); err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
	}
	if err := m.addRuntime(); err != nil {
		return err
	}
	m.print(os.Stdout)
	return nil
}
