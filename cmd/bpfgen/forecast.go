package main

// bpfgen forecast: which programs of which objects would load on which kernels.
// Package forecast knows; this file finds out what the arguments are and streams
// kernels past the objects, a few at a time, so that a thousand kernels take the
// memory of a few. forecast_text.go and forecast_json.go are the two outputs.

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/bpfgen/bpfgen/forecast"
	"github.com/bpfgen/bpfgen/internal/kernelbtf"
	"github.com/bpfgen/bpfgen/internal/lazyregexp"
	"github.com/bpfgen/bpfgen/internal/words"
)

// errFails is said by the findings alone.
var errFails = errors.New("something fails on a required kernel")

// forecastOptions are the command line of forecast.
type forecastOptions struct {
	json     bool
	verbose  bool
	base     string
	required patterns
	args     []string
}

// forecastOutput takes reports kernel by kernel.
type forecastOutput interface {
	// add takes what one kernel is for all objects of its byte order.
	add(kernel *forecast.Kernel, reports []*forecast.Report) error
	close() error
}

func runForecast(ctx context.Context, c *cli, args []string) error {
	o, err := c.parseForecast(args)
	if err != nil {
		return err
	}
	files, sources, err := c.forecastFiles(o)
	if err != nil {
		return err
	}
	objects, err := c.readObjects(files)
	if err != nil {
		return err
	}
	var out forecastOutput = newForecastText(c.stdout, objects, o.verbose)
	if o.json {
		out = newForecastJSON(c.stdout)
	}
	r := forecastRun{objects: objects, out: out, required: o.required, matched: make(map[string]bool)}
	if err := r.kernels(ctx, sources); err != nil {
		return err
	}
	if err := r.unmatched(); err != nil {
		return err // ahead of causes that nobody asked for
	}
	if err := out.close(); err != nil {
		return err
	}
	if r.fails {
		return errFails
	}
	return nil
}

func (c *cli) parseForecast(args []string) (*forecastOptions, error) {
	o := &forecastOptions{}
	flags := newFlagSet("forecast")
	flags.BoolVar(&o.json, "json", false, "print a line of JSON for each object and kernel; docs/forecast.md has its form")
	flags.BoolVar(&o.verbose, "v", false, "show remarks on what was found and does no harm, too")
	flags.StringVar(&o.base, "base", "", "`kernel` that the modules among the arguments belong to")
	flags.Var(&o.required, "required", "`names` and globs of kernels on which nothing may fail: exit status 1 if something does")
	if err := c.parse(flags, args); err != nil {
		return nil, err
	}
	if err := flagBehind(flags.Args()); err != nil {
		return nil, err
	}
	o.args = flags.Args()
	return o, nil
}

// forecastFiles tells objects from kernels by what they are.
func (c *cli) forecastFiles(o *forecastOptions) (files []string, sources []kernelbtf.Source, err error) {
	var kernels []string
	for _, arg := range o.args {
		found, isKernel, err := c.forecastArgument(arg)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, found...)
		if isKernel {
			kernels = append(kernels, arg)
		}
	}
	if len(kernels) == 0 && o.base != "" {
		kernels = []string{o.base}
	}
	switch {
	case len(files) == 0:
		return nil, nil, errors.New("no object among the arguments: give eBPF objects and kernels")
	case len(kernels) == 0:
		return nil, nil, errors.New("no kernel among the arguments: give eBPF objects and kernels")
	}
	sources, err = kernelbtf.Find(kernels, o.base, c.stdin)
	return files, sources, err
}

// forecastArgument is the objects of an argument, and whether it has kernels.
func (c *cli) forecastArgument(arg string) (objects []string, isKernel bool, err error) {
	if arg == kernelbtf.Stdin {
		return nil, true, nil
	}
	info, err := os.Stat(arg)
	if err != nil {
		return nil, false, openError(arg, err)
	}
	if !info.IsDir() {
		if isObjectFile(arg) {
			return []string{arg}, false, nil
		}
		return nil, true, nil
	}
	err = filepath.WalkDir(arg, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && objectName().MatchString(name) && isObjectFile(name) {
			objects = append(objects, name)
		}
		return err
	})
	if err != nil {
		return nil, false, err
	}
	isKernel = len(objects) == 0 || kernelbtf.HasKernel(arg)
	return objects, isKernel, nil
}

// objectName is what objects are called in folders, and compressed ones anywhere.
var objectName = lazyregexp.New(`\.o(\.[a-z0-9]+)?$`)

// isObjectFile: an ELF for BPF, or one of LLVM before 3.8, which wrote none. What is
// compressed is unpacked for that only if it is called like an object: a kernel is
// large.
func isObjectFile(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, headerBytes)
	n, _ := f.ReadAt(head, 0)
	head = head[:n]
	if kernelbtf.IsPacked(head) && objectName().MatchString(name) {
		packed, err := os.ReadFile(name)
		if err != nil {
			return false
		}
		if head, err = kernelbtf.Unpack(packed); err != nil {
			return false
		}
	}
	return isObject(head)
}

const headerBytes = 20

// isObject looks at the first bytes of a file.
func isObject(head []byte) bool {
	if len(head) < headerBytes || !bytes.HasPrefix(head, []byte(elf.ELFMAG)) {
		return false
	}
	machine := elf.Machine(uint16(head[18]) | uint16(head[19])<<8)
	if elf.Data(head[elf.EI_DATA]) == elf.ELFDATA2MSB {
		machine = elf.Machine(uint16(head[19]) | uint16(head[18])<<8)
	}
	return machine == elf.EM_BPF || machine == elf.EM_NONE
}

func (c *cli) readObjects(files []string) ([]*forecast.Object, error) {
	objects := make([]*forecast.Object, len(files))
	err := forEach(len(files), func(i int) error {
		content, err := c.readInput(files[i])
		if err != nil {
			return err
		}
		objects[i], err = forecast.ReadObject(files[i], bytes.NewReader(content))
		return err
	})
	return objects, err
}

// forecastRun is one run over all kernels.
type forecastRun struct {
	objects  []*forecast.Object
	out      forecastOutput
	required patterns
	// matched are the patterns of required that a kernel has matched.
	matched map[string]bool
	// names of the kernels so far.
	names []string
	fails bool
}

// checkedKernel is what one kernel gives.
type checkedKernel struct {
	kernel  *forecast.Kernel
	reports []*forecast.Report
}

// kernels reads some kernels ahead, side by side, and takes them in order.
func (r *forecastRun) kernels(ctx context.Context, sources []kernelbtf.Source) error {
	ahead := min(runtime.GOMAXPROCS(0), 4)
	var waiting []func() (checkedKernel, error)
	names := make(map[string]string)
	for i := 0; i < len(sources) || len(waiting) > 0; {
		if i < len(sources) && len(waiting) < ahead {
			source := sources[i]
			waiting = append(waiting, start(func() (checkedKernel, error) { return r.check(source) }))
			i++
			continue
		}
		done, err := waiting[0]()
		waiting = waiting[1:]
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.take(done, names); err != nil {
			return err
		}
	}
	return nil
}

func (r *forecastRun) check(source kernelbtf.Source) (done checkedKernel, err error) {
	image, err := source.Open()
	if err != nil {
		return done, err
	}
	if done.kernel, err = forecast.FromImage(image); err != nil {
		return done, err
	}
	for _, o := range r.objects {
		report, err := forecast.Check(o, done.kernel)
		if errors.Is(err, forecast.ErrByteOrder) {
			continue
		}
		if err != nil {
			return done, err
		}
		done.reports = append(done.reports, report)
	}
	return done, nil
}

// take gives one kernel to the output. Two kernels of one name could not be told
// apart in it.
func (r *forecastRun) take(done checkedKernel, names map[string]string) error {
	name := done.kernel.Name()
	if other, ok := names[name]; ok {
		return fmt.Errorf("%s and %s are both called %s: give one of them another file name", other, done.kernel.Path(), name)
	}
	names[name] = done.kernel.Path()
	r.names = append(r.names, name)
	if r.isRequired(done.kernel) {
		if len(done.reports) == 0 {
			return fmt.Errorf("%s is required, and no object is for its byte order", name)
		}
		for _, report := range done.reports {
			r.fails = r.fails || report.Verdict == forecast.Fails
		}
	}
	return r.out.add(done.kernel, done.reports)
}

// isRequired compares names and releases with the patterns of -required.
func (r *forecastRun) isRequired(k *forecast.Kernel) (required bool) {
	for _, pattern := range r.required {
		byName, _ := path.Match(pattern, k.Name()) // the flag has checked the pattern
		byRelease, _ := path.Match(pattern, k.Release())
		if byName || byRelease {
			r.matched[pattern], required = true, true
		}
	}
	return required
}

// unmatched is the error of patterns that no kernel matches. Releases are known when
// the kernels have been read.
func (r *forecastRun) unmatched() error {
	var missing []string
	for _, pattern := range r.required {
		if !r.matched[pattern] {
			missing = append(missing, pattern)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("no kernel is called %s, which -required names; there are %s", strings.Join(missing, " or "), words.Some(r.names, 10))
}
