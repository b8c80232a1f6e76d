// Command bpfgen writes Go source for compiled eBPF objects: types that are
// proved to have C's layout, and a loader with typed maps, programs and
// variables.
//
// Everything that this command adds to packages btfparse and emit is at the
// edges: flags, the compiler, the disk. Each subcommand has a file: gen.go,
// types.go, inspect.go, forecast.go, version.go, help.go. Of gen, inputs.go finds out what
// the arguments are, compile.go makes objects of C, stale.go knows which files
// are no longer wanted. generate returns what is to be written, in memory, so
// that comparing needs no second way; the one Commit that writes stands in the
// subcommand. problems.go is how errors and warnings look.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/cache"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/clang"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/temp"
	"github.com/bpfgen/bpfgen/internal/kernelbtf"
	"github.com/bpfgen/bpfgen/internal/stack"
)

// Exit statuses.
const (
	exitOK = 0
	// exitNo is check's answer that files are not current, forecast's that
	// something fails on a required kernel, diff's that there are changes, and that
	// of -strict to warnings.
	exitNo = 1
	// exitTrouble is for everything that went wrong, wrong usage too.
	exitTrouble = 2
)

func main() {
	adoptOrphans()
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	done := make(chan int)
	go func() {
		<-signals
		cancel()
		status := interrupted(done)
		killChildren()
		temp.RemoveAll()
		os.Exit(status)
	}()
	stack.Grow()
	status := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	if ctx.Err() != nil { // who waits for signals ends the process
		done <- status
		select {}
	}
	os.Exit(status)
}

// patience is how long the steps have to notice that they were interrupted, and
// again how long after their commands were killed. Those that compute do not look;
// nothing is lost if they end with the process.
const patience = 20 * time.Millisecond

// interrupted waits for whoever can end in order, and for a commit however long
// it takes to take back what it did.
func interrupted(done <-chan int) (status int) {
	for range 2 {
		select {
		case status := <-done:
			return status
		case <-time.After(patience):
			killChildren()
		}
	}
	outfile.Stop()
	fmt.Fprintln(os.Stderr, "bpfgen: "+interruption())
	return exitTrouble
}

// interruption says what an interrupted run leaves.
func interruption() string {
	if outfile.Changed() {
		return "interrupted: some files are written, all others are as they were"
	}
	return "interrupted: every file is as it was"
}

// cli is what a subcommand may touch.
type cli struct {
	env    environment
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	// base is the directory that relative paths of the command line count
	// from, "" for the working directory. Where one process runs the lines of
	// many packages, it is a package's.
	base string
	// cache of compilations and generated files, nil for none.
	cache *cache.Cache
	// strips are the objects of many lines, nil where there is one.
	strips *clang.Strips
	// describe gets the flags of a command instead of their being parsed.
	describe func(*flag.FlagSet)
	// overlay is what other lines of the same run give, for -types-from.
	overlay []*outfile.Plan
}

// path is one of the command line as it is opened and named in messages: seen
// from the working directory.
func (c *cli) path(p string) string {
	if c.base == "" || filepath.IsAbs(p) || p == kernelbtf.Stdin {
		return p
	}
	return filepath.Join(c.base, p)
}

// command is a subcommand.
type command struct {
	name string
	// synopsis is what follows "bpfgen" in a command line.
	synopsis string
	// summary is one line for the list of commands.
	summary string
	run     func(ctx context.Context, c *cli, args []string) error
}

// commands are all subcommands. The first is meant where none is named.
func commands() []command {
	return []command{
		{"gen", "[gen] [flags] <ident> <file.c | object...> [-- clang flags] | gen [packages]", "write types and a loader for an object, or for the C source of one", runGen},
		{"check", "check [flags] [packages]", "say whether what the go:generate lines of packages give is current, and committed", runCheck},
		{"init", "init [flags] [directory]", "write a first program for a hook: C, main.go, a test, and all that is generated", runInit},
		{"migrate", "migrate [flags] [packages] [Makefiles]", "turn bpf2go's go:generate lines into bpfgen -bpf2go's", runMigrate},
		{"types", "types [flags] <[label=]btf source...>", "write the types of any BTF: vmlinux, a module, an object, raw .btf; of several kernels at once", runTypes},
		{"inspect", "inspect [flags] <object>", "show maps, programs, variables, and structs with offsets and holes", runInspect},
		{"forecast", "forecast [flags] <object | kernel...>", "say which programs of objects would load on which kernels, by the kernels' BTF", runForecast},
		{"diff", "diff [flags] <old> <new>", "say what changed between two builds of an object, or the BTF of two kernels, and what that breaks", runDiff},
		{"btf", "btf min -o <directory> <object | kernel...>", "write the BTF that objects need of kernels without BTF, as a Go package", runBTF},
		{"completion", "completion bash|zsh|fish", "print a script that completes command lines in a shell", runCompletion},
		{"version", "version", "show the version", runVersion},
		{"help", "help [command]", "show the help of a command", runHelp},
	}
}

func findCommand(name string) (command, bool) {
	for _, cmd := range commands() {
		if cmd.name == name {
			return cmd, true
		}
	}
	return command{}, false
}

// run is the whole program. It returns the exit status.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	c := &cli{env: env, stdin: stdin, stdout: stdout, stderr: stderr}
	defer func() {
		if v := recover(); v != nil {
			c.report(panicked{v, debug.Stack()})
			status = exitTrouble
		}
	}()
	if len(args) == 0 {
		c.report(fmt.Errorf("nothing to do: %s", usage(commands()[0])))
		return exitTrouble
	}
	err := c.runCommand(ctx, slices.Clone(args))
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errNotCurrent) || errors.Is(err, errFails) || errors.Is(err, errDiffers):
		return exitNo
	case ctx.Err() != nil:
		err = errors.New(interruption())
	}
	c.report(err)
	if errors.Is(err, errWarnings) {
		return exitNo
	}
	return exitTrouble
}

// longForms are what users type who know other tools.
var longForms = map[string]string{"-h": "help", "-help": "help", "--help": "help", "-version": "version", "--version": "version"}

// runCommand finds the command, gen where none is named, and runs it.
func (c *cli) runCommand(ctx context.Context, args []string) error {
	if long, ok := longForms[args[0]]; ok {
		args[0] = long
	}
	cmd, ok := findCommand(args[0])
	switch {
	case ok:
		args = args[1:]
	case !strings.HasPrefix(args[0], "-"):
		if meant, ok := mistypedCommand(args[0]); ok {
			return fmt.Errorf("there is no command %s; did you mean bpfgen %s? If %s is the ident of what is to be generated, say: bpfgen gen %s", args[0], meant, args[0], strings.Join(args, " "))
		}
		cmd = commands()[0]
	default:
		cmd = commands()[0]
	}
	if wantsHelp(args) {
		args = []string{"-h"}
	}
	return cmd.run(ctx, c, args)
}
