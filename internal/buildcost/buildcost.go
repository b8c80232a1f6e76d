// Package buildcost measures what Go packages cost to compile and to link: the
// processor time, memory and archive of the compiler alone, one package at a
// time, without the go command around it. It is what a build with an empty cache
// pays for that package, for each GOARCH.
//
//	set, err := buildcost.NewSet("github.com/cilium/ebpf")
//	cost, err := set.Compile("example.com/bindings", dir)
//	cost, err = set.Compile("main", other) // may import bindings
//	size, err := set.Link()
//
// The size of an archive depends on nothing but the source, the compiler's
// version and the archives that it imports, so that a test can hold it to a limit.
package buildcost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/build"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Cost is what a compilation took.
type Cost struct {
	User    time.Duration // processor time in user mode, of all threads
	Archive int64         // bytes of the package's archive
	Memory  int64         // bytes of the largest resident set, 0 where that is not known
}

// Set are the packages that others can import: their archives.
type Set struct {
	dir      string
	exports  map[string]string // import path to archive
	compiler string
	linker   string
}

// NewSet makes a set of packages of the module in the working directory, with
// all that they import. The go command compiles them, if its cache lacks them.
// Close removes what the set has written.
func NewSet(packages ...string) (*Set, error) {
	list := append([]string{"list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}}={{.Export}}{{end}}"}, packages...)
	out, err := output("go", list...)
	if err != nil {
		return nil, err
	}
	s := &Set{exports: make(map[string]string)}
	for line := range strings.Lines(out) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			s.exports[path] = file
		}
	}
	if s.compiler, err = tool("compile"); err != nil {
		return nil, err
	}
	if s.linker, err = tool("link"); err != nil {
		return nil, err
	}
	s.dir, err = os.MkdirTemp("", "buildcost")
	return s, err
}

// Close removes the archives that the set has compiled.
func (s *Set) Close() error { return os.RemoveAll(s.dir) }

// Compile compiles the Go files of a directory, those for this system alone, as
// a package that those to come can import. path is "main" for a command.
func (s *Set) Compile(path, dir string) (Cost, error) {
	archive := filepath.Join(s.dir, strings.ReplaceAll(path, "/", "+")+".a")
	args, err := s.compileArgs(path, dir, archive)
	if err != nil {
		return Cost{}, err
	}
	cmd := exec.Command(s.compiler, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return Cost{}, fmt.Errorf("compile %s: %w\n%s", path, err, out)
	}
	info, err := os.Stat(archive)
	if err != nil {
		return Cost{}, err
	}
	s.exports[path] = archive
	return Cost{cmd.ProcessState.UserTime(), info.Size(), maxResident(cmd.ProcessState)}, nil
}

// compileArgs are what the go command calls the compiler with.
func (s *Set) compileArgs(path, dir, archive string) ([]string, error) {
	p, err := build.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	imports, err := s.importConfig()
	if err != nil {
		return nil, err
	}
	args := []string{"-p", path, "-o", archive, "-trimpath", dir + "=>" + path, "-importcfg", imports, "-pack", "-complete", "-buildid", "x"}
	if len(p.EmbedPatterns) > 0 {
		embeds, err := s.embedConfig(p)
		if err != nil {
			return nil, err
		}
		args = append(args, "-embedcfg", embeds)
	}
	for _, file := range p.GoFiles {
		args = append(args, filepath.Join(dir, file))
	}
	return args, nil
}

// importConfig writes where the archives are, for compiler and linker.
func (s *Set) importConfig() (file string, err error) {
	var b bytes.Buffer
	for _, path := range slices.Sorted(maps.Keys(s.exports)) {
		fmt.Fprintf(&b, "packagefile %s=%s\n", path, s.exports[path])
	}
	file = filepath.Join(s.dir, "importcfg")
	return file, os.WriteFile(file, b.Bytes(), 0o666)
}

// embedConfig writes which files a package embeds. Its patterns are names.
func (s *Set) embedConfig(p *build.Package) (file string, err error) {
	var config struct {
		Patterns map[string][]string
		Files    map[string]string
	}
	config.Patterns, config.Files = make(map[string][]string), make(map[string]string)
	for _, name := range p.EmbedPatterns {
		config.Patterns[name] = []string{name}
		config.Files[name] = filepath.Join(p.Dir, name)
	}
	text, err := json.Marshal(config)
	if err != nil {
		return "", err
	}
	file = filepath.Join(s.dir, "embedcfg")
	return file, os.WriteFile(file, text, 0o666)
}

// Link links the command that was compiled as "main", without symbols, and
// returns the size of the binary.
func (s *Set) Link() (int64, error) {
	binary, err := s.link("-s", "-w")
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(binary)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// link links the command that was compiled as "main".
func (s *Set) link(flags ...string) (binary string, err error) {
	imports, err := s.importConfig()
	if err != nil {
		return "", err
	}
	binary = filepath.Join(s.dir, "main")
	args := append(flags, "-importcfg", imports, "-buildmode", "exe", "-o", binary, s.exports["main"])
	_, err = output(s.linker, args...)
	return binary, err
}

// Code is how many bytes of machine code the command that was compiled as "main" has of
// each package.
func (s *Set) Code() (map[string]int64, error) {
	binary, err := s.link("-w")
	if err != nil {
		return nil, err
	}
	list, err := output("go", "tool", "nm", "-size", binary)
	if err != nil {
		return nil, err
	}
	code := make(map[string]int64)
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.EqualFold(fields[2], "T") {
			continue
		}
		size, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return nil, err
		}
		code[packageOf(fields[3])] += size
	}
	return code, nil
}

// packageOf is the package of a symbol, without what it is instantiated with.
func packageOf(symbol string) string {
	symbol = strings.TrimPrefix(strings.TrimPrefix(symbol, "type:"), ".eq.")
	symbol, _, _ = strings.Cut(symbol, "[")
	slash := strings.LastIndexByte(symbol, '/') + 1
	name, _, _ := strings.Cut(symbol[slash:], ".")
	return symbol[:slash] + name
}

// Dir is where the source of a package of the module, or of one that it requires, is.
func Dir(path string) (string, error) {
	out, err := output("go", "list", "-f", "{{.Dir}}", path)
	return strings.TrimSpace(out), err
}

// tool is the path of a tool of the go command, which builds it if need be.
func tool(name string) (string, error) {
	out, err := output("go", "tool", "-n", name)
	return strings.TrimSpace(out), err
}

func output(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("%s %s: %w\n%s", name, args[0], err, exit.Stderr)
	}
	return string(out), err
}
