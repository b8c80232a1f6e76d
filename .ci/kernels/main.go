// Command kernels runs compiled tests in real kernels:
//
//	go run ./.ci/kernels -kernels 6.1,6.12 -try 5.10,newest -host ./typed ./golden -test.run=Attach
//
// It finds Debian's kernels by APT (apt.go), keeps them unpacked in a cache
// (kernel.go), compiles the packages' tests once (build.go), packs them with
// the kernel's modules (modules.go) and a small /init (init/, wire/) into an
// initramfs (cpio.go), boots that in QEMU (guest.go), and reports per kernel
// and binary (report.go) and per kernel and hook (hooks.go, docs/kernels.md).
//
// Kernels given by -kernels are required: one that cannot be had, does not
// boot or fails a test fails the run. Those given by -try are reported, because
// what the archive has of them changes from day to day: a kernel that appears
// in it overnight is no reason to fail. But a release that -check's table was
// measured with has passed then; if a test fails in it, in two boots, the
// tests or the code have become worse, and the run fails.
//
// Binaries see BPFGEN_KERNEL, the name of the column ("6.12", "host"), and CI.
// In a guest they are root, alone but for busybox, and find their package's
// files but no Go toolchain, no compiler and no network.
//
// The kernel's image is booted as it is: unpacking it beforehand would save
// about a second of a boot and cost three decompressors.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// kernelVariable tells a test where it runs.
const kernelVariable = "BPFGEN_KERNEL"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// config is the command line.
type config struct {
	required []string
	tried    []string
	host     bool
	table    string
	check    string
	verbose  bool
	parallel int
	limits   limits
	cache    string
	shared   []string
	packages []string
	testArgs []string
}

// errUsage is an error that the flag package has already printed.
var errUsage = errors.New("usage")

func parseFlags(args []string, stderr io.Writer) (*config, error) {
	c := &config{}
	f := flag.NewFlagSet("kernels", flag.ContinueOnError)
	f.SetOutput(stderr)
	required := f.String("kernels", "6.1,6.12", "`series` that must be had and pass, separated by commas")
	tried := f.String("try", "", "`series` that are reported if they can be had, and must pass if -check's table knows their release; \"newest\" is one")
	f.BoolVar(&c.host, "host", false, "run on this machine's kernel too")
	f.StringVar(&c.table, "table", "", "write the table of hooks to `file`")
	f.StringVar(&c.check, "check", "", "fail if the columns of kernels that are required, or whose release is the same, differ from the table in `file`")
	f.BoolVar(&c.verbose, "v", false, "print the output of tests that pass")
	f.IntVar(&c.parallel, "parallel", 0, "virtual machines at a time; 0: as many as processors and memory allow")
	f.DurationVar(&c.limits.binary, "timeout", 10*time.Minute, "for one test binary")
	f.DurationVar(&c.limits.boot, "boot-timeout", 20*time.Minute, "for one virtual machine")
	f.IntVar(&c.limits.memory, "memory", 2048, "of a virtual machine, `MiB`")
	f.IntVar(&c.limits.cpus, "cpus", 2, "of a virtual machine")
	f.StringVar(&c.cache, "cache", defaultCache(), "`directory` that keeps kernels")
	f.Func("copy", "a `directory` whose files tests open, beside their packages' own; may be repeated", func(dir string) error {
		c.shared = append(c.shared, dir)
		return nil
	})
	f.Usage = func() {
		fmt.Fprintln(stderr, "usage: kernels [flags] [--] packages... [-test.flags...]")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return nil, errUsage
	}
	if c.parallel <= 0 {
		c.parallel = max(1, min(runtime.NumCPU(), availableMiB()/(c.limits.memory+overhead)))
	}
	c.required, c.tried = splitList(*required), splitList(*tried)
	c.takeArgs(f.Args())
	if len(c.packages) == 0 {
		f.Usage()
		return nil, errUsage
	}
	return c, nil
}

// takeArgs tells packages from the flags of test binaries. Those print their
// tests as they go, and dump their goroutines before they are killed.
func (c *config) takeArgs(args []string) {
	c.testArgs = []string{"-test.v", fmt.Sprintf("-test.timeout=%v", c.limits.binary-c.limits.binary/10)}
	for _, a := range args {
		if strings.HasPrefix(a, "-") {
			c.testArgs = append(c.testArgs, a)
		} else {
			c.packages = append(c.packages, a)
		}
	}
}

// overhead is what QEMU takes beyond the guest's memory, with room to spare, MiB.
const overhead = 512

// availableMiB is the memory that can be had without swapping, or enough for
// anything if the kernel does not say (before 3.14).
func availableMiB() int {
	b, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(b)) {
		var kib int
		if _, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); err == nil {
			return kib / 1024
		}
	}
	return math.MaxInt
}

func splitList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

// defaultCache is $BPFGEN_KERNEL_CACHE, else below the user's cache directory.
func defaultCache() string {
	if dir := os.Getenv("BPFGEN_KERNEL_CACHE"); dir != "" {
		return dir
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "bpfgen", "kernels")
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parseFlags(args, stderr)
	if errors.Is(err, errUsage) {
		return 2
	}
	ok, err := c.run(ctx, stdout)
	if err != nil {
		fmt.Fprintln(stderr, "kernels:", err)
	}
	if err != nil || !ok {
		return 1
	}
	return 0
}

func (c *config) run(ctx context.Context, stdout io.Writer) (ok bool, err error) {
	qemu, busybox, err := lookTools()
	if err != nil {
		return false, err
	}
	if c.cache, err = filepath.Abs(c.cache); err != nil {
		return false, err
	}
	if err := os.MkdirAll(c.cache, 0o755); err != nil {
		return false, err
	}
	tmp, err := os.MkdirTemp("", "kernels-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(tmp)
	initFile := filepath.Join(tmp, "init")
	if err := buildInit(ctx, initFile); err != nil {
		return false, err
	}
	tests, err := buildTests(ctx, tmp, c.packages)
	if err != nil {
		return false, err
	}
	shared, err := openTrees(ctx, c.shared)
	if err != nil {
		return false, err
	}
	before, err := c.readTable()
	if err != nil {
		return false, err
	}
	template := guest{
		qemu: qemu, busybox: busybox, init: initFile,
		tests: tests, shared: shared, args: c.testArgs, env: passedEnv(),
		limits: c.limits, tmp: tmp,
	}
	runs := c.runAll(ctx, template, before, stdout)
	return c.conclude(runs, before, stdout)
}

// readTable reads the table to be checked against; without one, nothing is
// known of any kernel.
func (c *config) readTable() (writtenTable, error) {
	if c.check == "" {
		return writtenTable{}, nil
	}
	written, err := os.ReadFile(c.check)
	return readTable(written), err
}

// passedEnv is what binaries in a guest see of the environment.
func passedEnv() []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if name == "CI" || name == "GOTRACEBACK" || name == "GODEBUG" || strings.HasPrefix(name, "BPFGEN_TEST_") {
			env = append(env, kv)
		}
	}
	return env
}

// kernelRun is what came of one series: a report or an error.
type kernelRun struct {
	series   string
	required bool
	known    bool // the table was measured with this release
	report   *report
	err      error // it could not be had or not be booted
}

// runAll runs all kernels and the host, some at a time, and prints each
// report when it is there. Kernels are had one after the other, because APT
// locks, and because a network is one.
func (c *config) runAll(ctx context.Context, template guest, before writtenTable, stdout io.Writer) []*kernelRun {
	var runs []*kernelRun
	for _, s := range slices.Concat(c.required, c.tried) {
		runs = append(runs, &kernelRun{series: s, required: slices.Contains(c.required, s)})
	}
	var (
		wait    sync.WaitGroup
		slots   = make(chan struct{}, c.parallel)
		printer sync.Mutex
	)
	print := func(r *report) {
		printer.Lock()
		defer printer.Unlock()
		if r != nil {
			r.write(stdout, c.verbose)
		}
	}
	start := func(r *kernelRun, work func() (*report, error)) {
		slots <- struct{}{}
		wait.Go(func() {
			r.report, r.err = work()
			if !r.required && r.known && r.failed() {
				print(r.report)
				r.report, r.err = work()
			}
			<-slots
			print(r.report)
		})
	}
	var host []*kernelRun
	if c.host {
		r := &kernelRun{series: hostName, required: true}
		start(r, func() (*report, error) { return runOnHost(ctx, template.tests, c.testArgs, c.limits.binary), nil })
		host = append(host, r)
	}
	for i, r := range runs {
		k, err := obtain(ctx, r.series, c.cache)
		if err != nil {
			r.err = err
			continue
		}
		r.series = k.Series
		r.known = before.releases[k.Series] == k.Release
		g := template
		g.kernel, g.tmp = k, filepath.Join(template.tmp, fmt.Sprint("guest", i))
		start(r, func() (*report, error) { return g.runIn(ctx) })
	}
	wait.Wait()
	return append(runs, host...)
}

// runIn runs the guest with a directory that is gone afterwards: what is in
// it can be a hundred megabytes.
func (g *guest) runIn(ctx context.Context) (*report, error) {
	if err := os.Mkdir(g.tmp, 0o755); err != nil {
		return nil, err
	}
	defer os.RemoveAll(g.tmp)
	return g.run(ctx)
}

// conclude prints the summary, writes the table and says whether all that is
// required passed.
func (c *config) conclude(runs []*kernelRun, before writtenTable, stdout io.Writer) (ok bool, err error) {
	ok = true
	for _, r := range runs {
		fmt.Fprintf(stdout, "kernel %-7s %s\n", r.series, r.verdict())
		ok = ok && !r.decides()
	}
	t := tableOf(runs)
	if c.table != "" {
		if err := os.WriteFile(c.table, t.markdown(), 0o644); err != nil {
			return false, err
		}
	}
	if c.check == "" {
		return ok, nil
	}
	for _, d := range t.compare(before) {
		ok = false
		fmt.Fprintf(stdout, "FAIL\t%s is not what was measured: %s\n", c.check, d)
	}
	return ok, nil
}

func (r *kernelRun) failed() bool { return r.err != nil || r.report.failed() }

// decides says whether this kernel fails the run. That a machine died is not
// held against a kernel that is only tried.
func (r *kernelRun) decides() bool {
	if r.required {
		return r.failed()
	}
	return r.known && r.failed() && r.err == nil && r.report.died == ""
}

func (r *kernelRun) verdict() string {
	switch {
	case r.err != nil && r.required:
		return fmt.Sprintf("FAIL: required and not run: %v", r.err)
	case r.err != nil:
		return fmt.Sprintf("not run: %v", r.err)
	case !r.failed():
		return "ok"
	case r.decides() && !r.required:
		return "FAIL: only tried, but this release has passed before"
	case r.decides():
		return "FAIL"
	}
	return "failed, but was only tried"
}

func tableOf(runs []*kernelRun) table {
	var t table
	for _, r := range runs {
		c := column{series: r.series, required: r.required, hooks: map[string]hookResult{}}
		if r.err != nil {
			c.remark = r.err.Error()
		} else {
			c.release, c.died = r.report.release, r.report.died != ""
			if r.series == hostName { // the build of a host says nothing to others
				c.release = seriesOf(c.release)
			}
			for _, res := range r.report.results {
				hooksIn(res.output, c.hooks)
			}
		}
		t = append(t, c)
	}
	return t
}
