// Package clang compiles C to BPF objects. It alone runs a compiler in
// bpfgen.
//
// The flags are those of cilium/ebpf's bpf2go, chosen so that one source and
// one compiler give one object: no compiler version, no path of the machine
// and no trace of the working directory gets into it. bpf2go maps the
// directory of the source to its path from the working directory, which still
// shows in the line information of BTF; here it is always ".". Where bpf2go
// runs in the source's directory, both make the same stripped object.
//
// words.go splits -cflags, hint.go knows what to do about headers that are not
// found, makedep.go turns the compiler's dependency file
// into one that make can read from elsewhere.
package clang

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Compiler is everything about a compilation but its target.
type Compiler struct {
	// CC are the words of the compiler's command: "clang", or "ccache", "clang".
	CC []string
	// Flags are the user's. They come behind the defaults, so that they may
	// override them, and before what must not be overridden.
	Flags []string
	// Strip is the command that removes DWARF; empty keeps it.
	Strip string
	// Dir is the working directory, against which relative -I are read.
	Dir string
	// Source is the absolute path of the C file.
	Source string
	// Env of the compiler.
	Env []string
	// Temp is a directory for what the compiler writes.
	Temp string
	// Dependencies asks for Result.Dependencies.
	Dependencies bool
	// Strips collects the objects of many compilations that wait to be stripped, nil
	// where each is at once.
	Strips *Strips
}

// Target is what the compiler needs to know of a target.
type Target struct {
	// Name tells targets of one source apart: "x86_bpfel".
	Name string
	// Clang is the value of -target: "bpf", "bpfel" or "bpfeb".
	Clang string
	// Linux is x in -D__TARGET_ARCH_x, "" for none.
	Linux string
}

// Result of one compilation.
type Result struct {
	Object []byte
	// Messages are what compiler and strip wrote to stderr, also where the
	// compilation failed.
	Messages []byte
	// Dependencies as the compiler lists them: the first is the object's.
	Dependencies []Dependency
}

// ErrFailed is wrapped where a command ran and was not content; its messages
// say why.
var ErrFailed = errors.New("its messages are above")

// missingArch makes libbpf's bpf_tracing.h name our flag where a program reads
// registers and has no architecture to read them of.
const missingArch = `GCC error "The eBPF is using target specific macros, please provide -target that is not bpf, bpfel or bpfeb"`

// Compile makes the object of one target. It may run for several targets at
// the same time.
func (c *Compiler) Compile(ctx context.Context, t Target) (Result, error) {
	object := filepath.Join(c.Temp, t.Name+".o")
	depfile := filepath.Join(c.Temp, t.Name+".d")
	args := c.arguments(t, object)
	if c.Dependencies {
		// -MP adds a phony rule for each header, so that deleting one does not
		// break the build.
		args = append(args, "-MD", "-MP", "-MF"+depfile)
	}
	var r Result
	if err := c.run(ctx, &r, c.CC[0], args); err != nil {
		return r, err
	}
	if c.Strip != "" {
		if err := c.stripped(ctx, &r, object); err != nil {
			return r, err
		}
	}
	return r, c.collect(&r, object, depfile)
}

// collect reads what the commands left in the temporary directory.
func (c *Compiler) collect(r *Result, object, depfile string) (err error) {
	if r.Object, err = os.ReadFile(object); err != nil {
		return fmt.Errorf("%s left no object: %w", c.CC[0], err)
	}
	if !c.Dependencies {
		return nil
	}
	rules, err := os.ReadFile(depfile)
	if err != nil {
		return fmt.Errorf("%s left no dependency file: %w", c.CC[0], err)
	}
	r.Dependencies, err = ParseDependencies(c.Dir, string(rules))
	return err
}

// arguments are the compiler's: wrapped command, defaults, the user's flags,
// and what is not the user's to change.
func (c *Compiler) arguments(t Target, object string) []string {
	wrapped := 1
	for wrapped < len(c.CC) && !strings.HasPrefix(c.CC[wrapped], "-") {
		wrapped++
	}
	args := slices.Clone(c.CC[1:wrapped])
	// The verifier often understands only optimised code. -mcpu=v1 is what
	// every kernel runs; clang's own default would be the machine's.
	args = append(args, "-O2", "-mcpu=v1")
	args = append(args, c.CC[wrapped:]...)
	args = append(args, c.Flags...)
	if t.Linux != "" {
		args = append(args, "-D__TARGET_ARCH_"+t.Linux)
	}
	return append(args,
		"-Wunused-command-line-argument",
		"-target", t.Clang,
		"-c", c.Source,
		"-o", object,
		"-fno-ident",
		"-ffile-prefix-map="+filepath.Dir(c.Source)+"=.",
		"-fdebug-compilation-dir", ".",
		// BTF is made from debug information. Its line information holds lines
		// of the source, which the compiler would read under the mapped names
		// and find only from the source's directory; with the source embedded
		// it need not.
		"-g", "-gdwarf-5", "-gembed-source",
		fmt.Sprintf("-D__BPF_TARGET_MISSING=%q", missingArch),
	)
}

func (c *Compiler) run(ctx context.Context, r *Result, name string, args []string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.Dir = c.Dir
	cmd.Env = c.Env
	err := cmd.Run()
	r.Messages = append(r.Messages, stderr.Bytes()...)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit) && stderr.Len() > 0:
		return fmt.Errorf("%s failed (%w), %w%s", filepath.Base(name), exit, ErrFailed, hint(stderr.String(), systemIncludes))
	case err != nil:
		return fmt.Errorf("%s failed: %w", filepath.Base(name), err)
	}
	return nil
}

// FindCompiler looks a compiler's command up. Its error says what to do.
func FindCompiler(cc string) error {
	if _, err := exec.LookPath(cc); err != nil {
		todo := "install clang, or name it with -cc or BPF2GO_CC"
		if other := installed("clang-"); other != "" && filepath.Base(cc) == "clang" {
			todo = fmt.Sprintf("install clang, or name the one that is here with -cc %[1]s or BPF2GO_CC=%[1]s", other)
		}
		return fmt.Errorf("compiler %s not found: %s", cc, todo)
	}
	return nil
}

// FindStrip chooses the command that removes DWARF: the one the user named,
// else the llvm-strip that belongs to the compiler.
func FindStrip(strip string, cc []string) (string, error) {
	candidates := []string{strip}
	if strip == "" {
		candidates = stripsOf(cc)
	}
	for _, name := range candidates {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s not found: install LLVM's, name it with -strip or BPF2GO_STRIP, or keep DWARF with -no-strip", candidates[0])
}

// stripsOf are the names that the llvm-strip of a compiler may have:
// "llvm-strip-19" for "clang-19", beside it first.
func stripsOf(cc []string) []string {
	for _, word := range cc {
		dir, base := filepath.Split(word)
		if version, ok := strings.CutPrefix(base, "clang"); ok {
			beside := "llvm-strip" + version
			return slices.Compact([]string{dir + beside, beside, "llvm-strip"})
		}
	}
	return []string{"llvm-strip"}
}

// installed is the name of a command in PATH with a version behind the prefix,
// the highest by name.
func installed(prefix string) string {
	best := ""
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		paths, _ := filepath.Glob(filepath.Join(dir, prefix+"[0-9]*"))
		for _, p := range paths {
			name := filepath.Base(p)
			if strings.Trim(name[len(prefix):], "0123456789") == "" {
				best = max(best, name)
			}
		}
	}
	return best
}

// Installed is the clang of $PATH: clang, or the newest with a version in its
// name; "" where there is none.
func Installed() string {
	if _, err := exec.LookPath("clang"); err == nil {
		return "clang"
	}
	return installed("clang-")
}
