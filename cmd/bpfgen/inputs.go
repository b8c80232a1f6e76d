package main

// What the arguments of gen are: one C file for all targets, or objects, each
// with a target that is found.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/clang"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/internal/kernelbtf"
	"github.com/bpfgen/bpfgen/internal/target"
)

// findBuilds makes or reads the objects and parses them.
func findBuilds(ctx context.Context, c *cli, o *genOptions) ([]*build, error) {
	sources, err := c.readSources(o.args)
	if err != nil {
		return nil, err
	}
	var builds []*build
	switch {
	case sources[0].isObject:
		builds, err = objectBuilds(sources, o)
	case len(sources) > 1:
		err = fmt.Errorf("%s: only one C file can be compiled: include the others in it, or give objects", o.args[1])
	case o.committed:
		builds, err = committedBuilds(c, o)
	default:
		builds, err = compiledBuilds(ctx, c, o)
	}
	if err != nil {
		return nil, err
	}
	others, err := otherBuilds(c, o, builds)
	if err != nil {
		return nil, err
	}
	builds = append(builds, others...)
	for _, b := range builds {
		b.objectFile = o.fileName(b.target.Name, ".o")
	}
	return builds, checkTargets(builds)
}

// otherBuilds are the objects of targets that an earlier run of the stem wrote
// and that this one does not: what all targets share is decided over these, too.
// The files of bpf2go's API stand alone, and -prune removes the others.
func otherBuilds(c *cli, o *genOptions, builds []*build) ([]*build, error) {
	var others []*build
	var errs []error
	for _, b := range otherObjects(c, o, builds) {
		var err error
		if b.bytes == nil {
			_, err = c.readFile(b.source)
		} else {
			b.object, err = parseObject(b.source, b.bytes, sortedNames(o.binds)...)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s belongs to the same ident and cannot be read: give its target in this line, too, or remove it with -prune: %w", o.path(b.target.Name, ".go"), openError(b.source, err)))
		}
		others = append(others, b)
	}
	return others, errors.Join(errs...)
}

// otherObjects are those of otherBuilds, not parsed; without bytes where the object
// cannot be read.
func otherObjects(c *cli, o *genOptions, builds []*build) (others []*build) {
	if o.bpf2go || o.prune {
		return nil
	}
	for _, t := range target.All() {
		written := slices.ContainsFunc(builds, func(b *build) bool { return !b.earlier && b.target.Name == t.Name })
		if written {
			continue
		}
		goFile, _ := c.readFile(o.path(t.Name, ".go"))
		if !bytes.HasPrefix(goFile, []byte(outfile.Header)) || o.ofOtherStem(o.fileName(t.Name, ".go"), fileParts()) {
			continue
		}
		b := &build{target: t, source: o.path(t.Name, ".o"), earlier: true}
		b.bytes, _ = c.readFile(b.source)
		others = append(others, b)
	}
	return others
}

// sameOthers says whether the objects of other targets are those that builds were
// made with: another run may have written some since.
func sameOthers(c *cli, o *genOptions, builds []*build) bool {
	onDisk := *c
	onDisk.overlay = nil
	return slices.EqualFunc(otherObjects(&onDisk, o, builds), slices.DeleteFunc(slices.Clone(builds), func(b *build) bool { return !b.earlier }),
		func(a, b *build) bool { return a.target.Name == b.target.Name && bytes.Equal(a.bytes, b.bytes) })
}

// path of one part's file, seen from the working directory.
func (o *genOptions) path(part, ext string) string {
	return filepath.Join(o.directory(), o.fileName(part, ext))
}

// readFile reads what another line of this run is about to write, else the file.
func (c *cli) readFile(path string) ([]byte, error) {
	for _, other := range c.overlay {
		if name := filepath.Base(path); filepath.Clean(other.Dir()) == filepath.Clean(filepath.Dir(path)) && other.Has(name) {
			return other.Content(name), nil
		}
	}
	return os.ReadFile(path)
}

// source is one argument.
type source struct {
	path     string
	isObject bool
	// bytes of an object.
	bytes []byte
}

func (c *cli) readSources(paths []string) ([]source, error) {
	var sources []source
	var errs []error
	for _, path := range paths {
		s, err := readSource(path)
		if path == kernelbtf.Stdin {
			s.bytes, err = c.readStdin()
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		sources = append(sources, s)
		if s.isObject != sources[0].isObject {
			errs = append(errs, fmt.Errorf("%s and %s: give one C file or objects, not both", sources[0].path, path))
		}
	}
	return sources, errors.Join(errs...)
}

// readSource tells objects from C by their content and else by their name.
// Only objects are read whole. Standard input is an object, and not read here.
func readSource(path string) (source, error) {
	if path == kernelbtf.Stdin {
		return source{path: stdinName, isObject: true}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return source{}, openError(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return source{}, err
	case info.IsDir():
		return source{}, fmt.Errorf("%s is a directory: give a C file or an object", path)
	case info.Mode().IsRegular() && info.Size() == 0:
		return source{}, fmt.Errorf("%s is empty: give a C file or an object", path)
	}
	magic := make([]byte, 6)
	n, _ := io.ReadFull(f, magic)
	isELF := bytes.HasPrefix(magic[:n], []byte("\x7fELF")) || kernelbtf.IsPacked(magic[:n])
	if filepath.Ext(path) == ".go" {
		return source{}, fmt.Errorf("%s is a Go file: give a C file or an object", path)
	}
	if !isELF && !slices.Contains([]string{".o", ".elf", ".btf", ".bc", ".gz", ".xz", ".zst", ".a", ""}, filepath.Ext(path)) {
		return source{path: path}, nil
	}
	read := bytes.NewBuffer(make([]byte, 0, n+int(info.Size())+bytes.MinRead))
	read.Write(magic[:n])
	if _, err := read.ReadFrom(f); err != nil {
		return source{}, err
	}
	content, err := kernelbtf.Unpack(read.Bytes())
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", path, err)
	}
	return source{path: path, isObject: true, bytes: content}, nil
}

func openError(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s does not exist", path)
	}
	return err
}

// objectBuilds parses objects and finds the target of each.
func objectBuilds(sources []source, o *genOptions) ([]*build, error) {
	if flags := o.compile.forC(); len(flags) > 0 {
		return nil, fmt.Errorf("%s is already compiled: %s can only be used with a C file", sources[0].path, strings.Join(flags, " and "))
	}
	if o.targets != nil && len(o.targets) != len(sources) {
		return nil, fmt.Errorf("-target names %d targets for %d objects: name one for each, or none", len(o.targets), len(sources))
	}
	builds := make([]*build, len(sources))
	err := forEach(len(sources), func(i int) error {
		s := sources[i]
		object, err := parseObject(s.path, s.bytes, sortedNames(o.binds)...)
		if err != nil {
			return err
		}
		id := ""
		if o.targets != nil {
			id = o.targets[i]
		}
		target, err := objectTarget(s.path, id, o.suffix, object)
		err = errors.Join(err, checkNames(s.path, object))
		builds[i] = &build{target: target, source: s.path, bytes: s.bytes, object: object, dependencies: dependOn(s.path)}
		return err
	})
	return builds, err
}

// parseObject parses what is to be embedded: raw BTF or a kernel would not do.
func parseObject(name string, content []byte, keep ...string) (*btfparse.Object, error) {
	object, err := parseBytes(name, content, keep...)
	if err == nil && object.TypesOnly {
		err = fmt.Errorf("%s has types alone, no maps or programs: use bpfgen types", name)
	}
	if err == nil && object.ByGCC() && object.Unloadable() != "" {
		err = fmt.Errorf("%s was compiled by GCC, and cannot be loaded (%s): compile it with clang -g -O2 -target bpf", name, object.Unloadable())
	}
	return object, err
}

func parseBytes(name string, content []byte, keep ...string) (*btfparse.Object, error) {
	if len(content) == 0 {
		return nil, fmt.Errorf("%s is empty: give a compiled eBPF object", name)
	}
	if err := noObject(name, content); err != nil {
		return nil, err
	}
	return btfparse.Parse(name, bytes.NewReader(content), keep...)
}

// dependOn is the rule for an object that we did not compile.
func dependOn(path string) []clang.Dependency {
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	return []clang.Dependency{{Prerequisites: []string{abs}}}
}

// objectTarget is the target that the user named, that the file's name ends
// with, or that serves all architectures of the object's byte order.
func objectTarget(path, id, suffix string, object *btfparse.Object) (target.Info, error) {
	generic := "bpfel"
	if object.ByteOrder.String() == "BigEndian" {
		generic = "bpfeb"
	}
	t, err := target.Find(generic)
	why := ""
	if named, ok := targetOfName(path, suffix); ok {
		t, why = named, "is named like an object for "+named.Name
	}
	if id != "" {
		t, err = target.Find(id)
		why = "is said to be for " + id
	}
	if err == nil && t.ByteOrder().String() != object.ByteOrder.String() {
		err = fmt.Errorf("%s %s, but holds %s code: say what it is for with -target, or rename it", path, why, generic)
	}
	return t, err
}

// targetOfName finds the target in a name like counter_x86_bpfel.o.
func targetOfName(path, suffix string) (target.Info, bool) {
	stem := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	return target.OfName(strings.TrimSuffix(stem, suffix))
}

// checkTargets finds objects that would get one name, or that would both be
// built into one program.
func checkTargets(builds []*build) error {
	var errs []error
	for i, b := range builds {
		for _, a := range builds[:i] {
			if err := clash(a, b); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// overlap says whether both would be built for some GOARCH.
func overlap(a, b *build) bool { return target.Overlap(a.target.GOARCH, b.target.GOARCH) }

func clash(a, b *build) error {
	if a.target.Name == b.target.Name {
		return fmt.Errorf("%s and %s would both be written to %s: say what each is for with -target", a.source, b.source, a.objectFile)
	}
	if b.earlier && overlap(a, b) {
		return fmt.Errorf("targets %s and %s, which an earlier run wrote, would both be built into one program: -prune removes the files of %s", a.target.Name, b.target.Name, b.target.Name)
	}
	if len(a.target.GOARCH) == 0 || len(b.target.GOARCH) == 0 {
		return fmt.Errorf("targets %s and %s would both be built into one program: bpf is for all architectures", a.target.Name, b.target.Name)
	}
	for _, arch := range a.target.GOARCH {
		if slices.Contains(b.target.GOARCH, arch) {
			return fmt.Errorf("targets %s and %s would both be built for GOARCH=%s: leave one out", a.target.Name, b.target.Name, arch)
		}
	}
	return nil
}
