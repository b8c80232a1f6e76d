package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/bpfgen/bpfgen/internal/buildcost"
)

// measurement collects the rows of the tables.
type measurement struct {
	config
	rows    []row
	runtime []runtimeCost // of typed and of the library
}

// runtimeCost is what a package costs that all generated ones import.
type runtimeCost struct {
	path string
	buildcost.Cost
}

// runtimePaths are what is compiled once for each GOARCH, however many packages
// are generated.
var runtimePaths = []string{
	"github.com/bpfgen/bpfgen/typed", "github.com/bpfgen/bpfgen/typed/ctypes", "github.com/cilium/ebpf", "github.com/cilium/ebpf/btf",
}

// row is an input: what both packages cost by both generators.
type row struct {
	in             input
	bpfgen, bpf2go flavour
	// imports is the size of bpf2go's program with the packages that programs which
	// attach something and print addresses import.
	imports int64
}

// flavour is what one generator wrote.
type flavour struct {
	set                *buildcost.Set
	dir                string
	structs            []string // of maps and variables
	main               string   // the body of a program that loads and uses them
	bindings, importer buildcost.Cost
	binary             int64
	code               map[string]int64 // bytes of each package
}

// The import paths of the measured packages.
const (
	bindingsPath = "example.com/bindings"
	importerPath = "example.com/importer"
)

const bpfgenMain = `	spec, err := bindings.OpenBench()
	if err != nil {
		panic(err)
	}
	b, err := spec.Load(nil)
	if err != nil {
		panic(err)
	}
	defer b.Close()
	Use0(&b.Maps)
	Use1(&b.Variables)
`

const bpf2goMain = `	var objs bindings.BenchObjects
	if err := bindings.LoadBenchObjects(&objs, nil); err != nil {
		panic(err)
	}
	defer objs.Close()
	Use0(&objs.BenchMaps)
	Use1(&objs.BenchVariables)
`

func (m *measurement) add(in input, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	object, err := in.build(m.cc, dir)
	if err != nil {
		return err
	}
	r := row{in: in}
	r.bpfgen.main, r.bpf2go.main = bpfgenMain, bpf2goMain
	r.bpfgen.structs = []string{"BenchCollectionMaps", "BenchCollectionVariables"}
	r.bpf2go.structs = []string{"BenchMaps", "BenchVariables"}
	if r.bpfgen.dir, err = m.generateBpfgen(filepath.Join(dir, "bpfgen"), object); err != nil {
		return err
	}
	if r.bpf2go.dir, err = m.generateBpf2go(filepath.Join(dir, "bpf2go"), object, in.bpf2go); err != nil {
		return err
	}
	if err := m.measure(&r); err != nil {
		return err
	}
	m.rows = append(m.rows, r)
	return nil
}

// addRuntime compiles the packages that generated ones import.
func (m *measurement) addRuntime() error {
	set, err := buildcost.NewSet(runtimePaths...)
	if err != nil {
		return err
	}
	defer set.Close()
	m.runtime = make([]runtimeCost, len(runtimePaths))
	for i := range m.n {
		for j, path := range runtimePaths {
			dir, err := buildcost.Dir(path)
			if err != nil {
				return err
			}
			cost, err := set.Compile(path, dir)
			if err != nil {
				return err
			}
			m.runtime[j].path = path
			least(&m.runtime[j].Cost, cost, i == 0)
		}
	}
	return nil
}

func (m *measurement) generateBpfgen(dir, object string) (string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	return dir, command("", []string{"GOPACKAGE=bindings"}, m.bpfgen, "-no-typecheck", "-target", "bpfel", "-output-dir", dir, "Bench", object)
}

// generateBpf2go gives bpf2go, which starts from C alone, a compiler that copies
// the object.
func (m *measurement) generateBpf2go(dir, object string, flags []string) (string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	copier := filepath.Join(dir, "copier")
	script := fmt.Sprintf("#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done\nexec cp '%s' \"$2\"\n", object)
	if err := os.WriteFile(copier, []byte(script), 0o777); err != nil {
		return "", err
	}
	args := append([]string{"-cc", copier, "-no-strip", "-target", "bpfel", "-output-dir", dir}, flags...)
	return dir, command("", []string{"GOPACKAGE=bindings"}, m.bpf2go, append(args, "Bench", "golden/counter/counter.c")...)
}

// measure compiles everything n times, in turns, and keeps the least times.
func (m *measurement) measure(r *row) (err error) {
	for _, f := range []*flavour{&r.bpfgen, &r.bpf2go} {
		if f.set, err = buildcost.NewSet("embed", "github.com/bpfgen/bpfgen/typed", "github.com/bpfgen/bpfgen/typed/tc"); err != nil {
			return err
		}
		defer f.set.Close()
	}
	for i := range m.n {
		for _, f := range []*flavour{&r.bpfgen, &r.bpf2go} {
			if err := f.compile(i == 0); err != nil {
				return err
			}
		}
	}
	if r.in.binary {
		return r.link()
	}
	return nil
}

func (f *flavour) compile(first bool) error {
	bindings, err := f.set.Compile(bindingsPath, f.dir)
	if err != nil {
		return err
	}
	importer := filepath.Join(f.dir, "importer")
	if first {
		if err := f.set.WriteImporter(importer, bindingsPath, f.structs, ""); err != nil {
			return err
		}
	}
	importing, err := f.set.Compile(importerPath, importer)
	if err != nil {
		return err
	}
	least(&f.bindings, bindings, first)
	least(&f.importer, importing, first)
	return nil
}

// least keeps the lower time. Archives are the same each time.
func least(to *buildcost.Cost, c buildcost.Cost, first bool) {
	if first || c.User < to.User {
		*to = c
	}
}

// link makes a program of each flavour that uses what the importer does.
func (r *row) link() error {
	for _, f := range []*flavour{&r.bpfgen, &r.bpf2go} {
		dir := filepath.Join(f.dir, "program")
		if err := f.set.WriteImporter(dir, bindingsPath, f.structs, f.main); err != nil {
			return err
		}
		if _, err := f.set.Compile("main", dir); err != nil {
			return err
		}
		var err error
		if f.binary, err = f.set.Link(); err != nil {
			return err
		}
		if f.code, err = f.set.Code(); err != nil {
			return err
		}
	}
	return r.linkImports()
}

// linkImports links bpf2go's program with two packages more.
func (r *row) linkImports() error {
	f := &r.bpf2go
	dir := filepath.Join(f.dir, "program")
	imports := "package main\n\nimport (\n\t_ \"net/netip\"\n\n\t_ \"github.com/cilium/ebpf/link\"\n)\n"
	if err := os.WriteFile(filepath.Join(dir, "imports.go"), []byte(imports), 0o666); err != nil {
		return err
	}
	if _, err := f.set.Compile("main", dir); err != nil {
		return err
	}
	var err error
	r.imports, err = f.set.Link()
	return err
}

func (m *measurement) print(w io.Writer) {
	fmt.Fprintln(w, "| package | bpfgen user s | bpf2go user s | ratio | bpfgen archive MB | bpf2go archive MB | ratio | bpfgen memory MB | bpf2go memory MB |")
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, r := range m.rows {
		printRow(w, r.in.title, r.bpfgen.bindings, r.bpf2go.bindings)
		printRow(w, "… its importer", r.bpfgen.importer, r.bpf2go.importer)
	}
	for _, r := range m.rows {
		if r.in.binary {
			r.printBinary(w)
		}
	}
	m.printRuntime(w)
}

// printBinary says how large the programs are, and what code there is more of than in
// bpf2go's.
func (r *row) printBinary(w io.Writer) {
	ratio := func(to int64) float64 { return float64(r.bpfgen.binary) / float64(to) }
	fmt.Fprintf(w, "\nA stripped program that loads and uses %s: %.2f MB, %.3f times bpf2go's %.2f MB, and %.3f times that with cilium/ebpf/link and net/netip, %.2f MB.\n",
		r.in.title, mb(r.bpfgen.binary), ratio(r.bpf2go.binary), mb(r.bpf2go.binary), ratio(r.imports), mb(r.imports))
	fmt.Fprintln(w, "\n| package | code KB | more than bpf2go's |\n|---|--:|--:|")
	code := r.bpfgen.code
	more := func(path string) int64 { return code[path] - r.bpf2go.code[path] }
	paths := slices.SortedFunc(maps.Keys(code), func(a, b string) int { return cmp.Compare(more(b), more(a)) })
	for _, path := range paths {
		if more(path) < 1000 {
			break
		}
		fmt.Fprintf(w, "| %s | %.1f | %.1f |\n", path, float64(code[path])/1e3, float64(more(path))/1e3)
	}
}

func (m *measurement) printRuntime(w io.Writer) {
	fmt.Fprintln(w, "\n| package | user s | archive MB | memory MB |")
	fmt.Fprintln(w, "|---|--:|--:|--:|")
	for _, r := range m.runtime {
		fmt.Fprintf(w, "| %s | %.2f | %.2f | %.0f |\n", r.path, r.User.Seconds(), mb(r.Archive), mb(r.Memory))
	}
}

func printRow(w io.Writer, title string, a, b buildcost.Cost) {
	fmt.Fprintf(w, "| %s | %.2f | %.2f | %.1f | %.2f | %.2f | %.1f | %.0f | %.0f |\n", title,
		a.User.Seconds(), b.User.Seconds(), a.User.Seconds()/b.User.Seconds(),
		mb(a.Archive), mb(b.Archive), mb(a.Archive)/mb(b.Archive), mb(a.Memory), mb(b.Memory))
}

func mb(bytes int64) float64 { return float64(bytes) / 1e6 }
