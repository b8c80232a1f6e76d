package main

// bpfgen init: a first program, from nothing. What it writes are programs of this
// repository (examples/start), with a go:generate line for this machine.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/clang"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/gopkg"
	hooks "github.com/bpfgen/bpfgen/examples/start"
	"github.com/bpfgen/bpfgen/internal/lazyregexp"
	"github.com/bpfgen/bpfgen/internal/suggest"
)

// modulePath is the module of what generated code imports.
const modulePath = "github.com/bpfgen/bpfgen"

// initOptions are the command line of init.
type initOptions struct {
	hook string
	cc   string
	// dir as the user wrote it.
	dir string
	// sources are the files of the program.
	sources map[string][]byte
}

func runInit(ctx context.Context, c *cli, args []string) error {
	o, err := c.parseInit(args)
	if err != nil {
		return err
	}
	made, err := o.write()
	if err != nil {
		return err
	}
	if err := o.generate(ctx, c); err != nil {
		for _, path := range slices.Backward(made) { // as if nothing had been
			os.Remove(path)
		}
		return err
	}
	fetched := o.fetch(ctx, c)
	if err := ctx.Err(); err != nil {
		return err
	}
	o.whatNext(c, fetched)
	return nil
}

func (c *cli) parseInit(args []string) (*initOptions, error) {
	o := &initOptions{}
	fs := newFlagSet("init")
	fs.StringVar(&o.hook, "hook", "xdp", "`hook` of the program: "+strings.Join(hooks.Hooks(), ", "))
	fs.StringVar(&o.cc, "cc", c.env.lookup("BPF2GO_CC", ""), "`command` that compiles C (the newest clang in $PATH, $BPF2GO_CC); none for the objects that bpfgen brings")
	if err := c.parse(fs, args); err != nil {
		return nil, err
	}
	if err := flagBehind(fs.Args()); err != nil {
		return nil, err
	}
	if fs.NArg() > 1 {
		cmd, _ := findCommand("init")
		return nil, fmt.Errorf("one directory is needed, not %d: %s", fs.NArg(), usage(cmd))
	}
	if !slices.Contains(hooks.Hooks(), o.hook) {
		return nil, fmt.Errorf("-hook %s: there is no such program%s; there are %s", o.hook, suggest.DidYouMean(o.hook, hooks.Hooks()), strings.Join(hooks.Hooks(), ", "))
	}
	if o.cc != "" && o.cc != "none" {
		if err := clang.FindCompiler(strings.Fields(o.cc)[0]); err != nil {
			return nil, fmt.Errorf("%w; without -cc and $BPF2GO_CC init looks for one itself, and -cc none takes objects that bpfgen brings", err)
		}
	}
	o.dir = c.path(cmp.Or(fs.Arg(0), "."))
	var err error
	o.sources, err = hooks.Files(o.hook)
	return o, err
}

// write writes the sources, or nothing where one of the files is there. made are
// the paths that were not there before, directories first.
func (o *initOptions) write() (made []string, err error) {
	if err := o.mustBeFree(); err != nil {
		return nil, err
	}
	files, err := o.files()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			for _, path := range slices.Backward(made) {
				os.Remove(path)
			}
		}
	}()
	if _, statErr := os.Stat(o.dir); statErr != nil {
		if err := os.MkdirAll(o.dir, 0o777); err != nil {
			return nil, err
		}
		made = append(made, o.dir)
	}
	for _, name := range sortedNames(files) {
		path := filepath.Join(o.dir, name)
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if errors.Is(err, os.ErrExist) && name == ".gitignore" {
			continue // it is the user's, and nothing depends on it
		}
		if err != nil {
			return made, err
		}
		made = append(made, path)
		_, err = f.Write(files[name])
		if err := errors.Join(err, f.Close()); err != nil {
			return made, err
		}
	}
	return made, nil
}

// mustBeFree refuses a directory with files of these names, or with Go files.
func (o *initOptions) mustBeFree() error {
	entries, err := os.ReadDir(o.dir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	var taken []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".go" || strings.HasPrefix(e.Name(), "hello") {
			taken = append(taken, e.Name())
		}
	}
	if len(taken) > 0 {
		return fmt.Errorf("%s has %s: init writes into a directory without Go files and hello…; name another", o.dir, strings.Join(taken, ", "))
	}
	return nil
}

// lineOf is the go:generate line of the sources, which is for this repository.
var lineOf = lazyregexp.New(`(?m)^//go:generate .*$`)

// files are what is written, the go:generate line that of C.
func (o *initOptions) files() (map[string][]byte, error) {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{".gitignore": []byte("/" + filepath.Base(dir) + "\n*.test\n*.d\n")}
	for _, name := range []string{"hello.c", "main.go", "main_test.go"} {
		files[name] = o.sources[name]
	}
	if !inModule(dir) {
		files["go.mod"] = []byte("module " + gopkg.Legal(filepath.Base(dir)) + "\n\ngo " + minimumGo + "\n")
	}
	return files, nil
}

// minimumGo is what generated code and package typed need.
const minimumGo = "1.25.0"

// inModule says whether a directory is below a go.mod.
func inModule(dir string) bool {
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false
		}
		dir = parent
	}
}

// generate compiles the C and generates; without a compiler, or where it fails,
// the objects that bpfgen brings stand in. The go:generate line is the one that
// did it.
func (o *initOptions) generate(ctx context.Context, c *cli) error {
	cc, why := o.findCompiler()
	if cc != "" {
		args := append([]string{"-cc", cc, "hello", "hello.c"}, includeFlags()...)
		err := o.run(ctx, c, args)
		if err == nil {
			return o.setLine(ctx, c, args)
		}
		why = fmt.Sprintf("%s does not compile hello.c here (%s)", cc, problems(err)[0])
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.note(why + ": objects that bpfgen brings are used. Later: bpfgen -cc clang hello hello.c in the go:generate line")
	var objects []string
	for _, name := range []string{"hello_bpfel.o", "hello_bpfeb.o"} {
		if err := os.WriteFile(filepath.Join(o.dir, name), o.sources[name], 0o666); err != nil {
			return err
		}
		objects = append(objects, name)
	}
	args := append([]string{"hello"}, objects...)
	err := o.run(ctx, c, args)
	if err != nil {
		for _, name := range objects {
			os.Remove(filepath.Join(o.dir, name))
		}
		return err
	}
	return o.setLine(ctx, c, args)
}

// findCompiler is the command that compiles, "" with the reason where there is
// none.
func (o *initOptions) findCompiler() (cc, why string) {
	if o.cc == "none" {
		return "", "no compiler is wanted"
	}
	cc = cmp.Or(o.cc, clang.Installed())
	if cc == "" {
		return "", "there is no clang in $PATH"
	}
	return cc, ""
}

// includeFlags are what clang needs to find the kernel's headers, where
// distributions keep some of them by architecture.
func includeFlags() []string {
	machines := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i386", "arm": "arm", "ppc64le": "powerpc64le", "riscv64": "riscv64", "s390x": "s390x"}
	dirs, _ := filepath.Glob("/usr/include/" + machines[runtime.GOARCH] + "*-linux-gnu*/asm/types.h")
	if len(dirs) == 0 {
		return nil
	}
	return []string{"--", "-I" + filepath.Dir(filepath.Dir(dirs[0]))}
}

// run generates with these arguments, in the directory.
func (o *initOptions) run(ctx context.Context, c *cli, args []string) error {
	one := *c
	one.base = o.dir
	one.env = append(slices.Clone(c.env), "GOPACKAGE=main", "GOFILE=main.go")
	g, err := one.parseGen(args)
	if err != nil {
		return err
	}
	r, err := generate(ctx, &one, g)
	if err != nil {
		return err
	}
	if err := one.warn(r.warnings, false, false); err != nil {
		return err
	}
	_, err = one.write(ctx, r.out, &g.outputFlags, g.write)
	return err
}

// setLine writes the go:generate line.
func (o *initOptions) setLine(ctx context.Context, c *cli, args []string) error {
	line := "//go:generate " + o.tool(ctx, c) + " " + goWords(args)
	main := filepath.Join(o.dir, "main.go")
	return os.WriteFile(main, lineOf().ReplaceAllLiteral(o.sources["main.go"], []byte(line)), 0o666)
}

// goWords are words as go:generate reads them.
func goWords(args []string) string {
	words := slices.Clone(args)
	for i, w := range words {
		if strings.ContainsAny(w, " \t\"") {
			words[i] = fmt.Sprintf("%q", w)
		}
	}
	return strings.Join(words, " ")
}

// tool is how the line runs bpfgen: as the module has it, by its version, or for
// a build from a clone by its name.
func (o *initOptions) tool(ctx context.Context, c *cli) string {
	const command = modulePath + "/cmd/bpfgen"
	if out, err := o.goCommand(ctx, c, "mod", "edit", "-json"); err == nil && strings.Contains(string(out), `"Path": "`+command+`"`) {
		return "go tool bpfgen"
	}
	if v := ownVersion(); released(v) {
		return "go run " + command + "@" + v
	}
	return "bpfgen"
}

// released says whether a version is one that others can fetch.
func released(version string) bool {
	return strings.HasPrefix(version, "v") && !strings.Contains(version, "+") && !strings.HasPrefix(version, "v0.0.0-")
}

// fetch makes the module know what the program imports. It returns what to do
// about it where that fails, "" where all is there.
func (o *initOptions) fetch(ctx context.Context, c *cli) (todo string) {
	if o.resolves(ctx, c) {
		return ""
	}
	modules := neededModules()
	args := append([]string{"get"}, modules...)
	if out, err := o.goCommand(ctx, c, args...); err != nil {
		c.note("go get: " + firstLine(string(out)))
	}
	if o.resolves(ctx, c) {
		return ""
	}
	return "go get " + strings.Join(modules, " ")
}

// resolves says whether everything that the program imports is there.
func (o *initOptions) resolves(ctx context.Context, c *cli) bool {
	_, err := o.goCommand(ctx, c, "list", "-test", "-deps", ".")
	return err == nil
}

func (o *initOptions) goCommand(ctx context.Context, c *cli, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = o.dir, c.env
	return cmd.CombinedOutput()
}

// firstLine is the first that says something.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "go: downloading") {
			return line
		}
	}
	return "no message"
}

// neededModules are those of the program, in the versions that bpfgen was built
// with.
func neededModules() []string {
	own := modulePath
	if v := ownVersion(); released(v) {
		own += "@" + v
	}
	modules := []string{own}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return modules
	}
	for _, dep := range info.Deps {
		if dep.Path == ebpfModule || dep.Path == "golang.org/x/sys" {
			modules = append(modules, dep.Path+"@"+dep.Version)
		}
	}
	return modules
}

// whatNext says what there is and what to do with it.
func (o *initOptions) whatNext(c *cli, todo string) {
	files, _ := os.ReadDir(o.dir)
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	fmt.Fprintf(c.stdout, "%s: %s\n\n", o.dir, strings.Join(names, " "))
	in := ""
	if o.dir != "." {
		in = "cd " + o.dir + "\n"
	}
	if todo != "" {
		c.note("modules are missing, and were not to be had. With a network, or GOPROXY set: " + todo)
		in += todo + "\n"
	}
	// sudo rarely finds the go command, and a cache of root's is not wanted.
	binary := filepath.Base(o.dir)
	if dir, err := filepath.Abs(o.dir); err == nil {
		binary = filepath.Base(dir)
	}
	fmt.Fprintf(c.stdout, "%sgo test .\ngo build -o %[2]s . && sudo ./%[2]s\n", in, binary)
}
