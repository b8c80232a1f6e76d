package main

// Without a compiler: the objects that a C file gave the last time.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/clang"
)

// missing are objects that are not there.
type missing struct{ files []string }

func (m *missing) Error() string {
	return fmt.Sprintf("%s does not exist: run bpfgen gen", m.files[0])
}

// missingObjects says whether a line lacks nothing but its objects.
func missingObjects(err error) (*missing, bool) {
	var m *missing
	ok := errors.As(err, &m)
	return m, ok
}

func (m *missing) findings(j *job) []finding {
	var found []finding
	for _, file := range m.files {
		found = append(found, finding{File: seen(absolutePath(file)), State: stateMissing, Line: j.place()})
	}
	return found
}

// committedBuilds has the objects that the compiler would make, if the cache
// knows them, else those of the output directory.
func committedBuilds(c *cli, o *genOptions) ([]*build, error) {
	targets, err := o.findTargets()
	if err != nil {
		return nil, err
	}
	builds := make([]*build, len(targets))
	for i, t := range targets {
		b := &build{target: t, source: o.args[0]}
		if object, ok := c.cachedObject(o, clang.Target{Name: t.Name, Clang: t.Clang, Linux: t.Linux}); ok {
			b.bytes, b.dependencies, b.compiled = object.Object, object.Dependencies, true
		}
		builds[i] = b
	}
	if !allCompiled(builds) { // objects of two compilers do not mix
		if err := o.readObjects(builds); err != nil {
			return nil, err
		}
	}
	for _, b := range builds {
		b.object, err = parseObject(b.source, b.bytes, sortedNames(o.binds)...)
		if err != nil && !b.compiled { // the fault is not in the C file
			_, err = parseObject(seen(absolutePath(o.path(b.target.Name, ".o"))), b.bytes)
			return nil, fmt.Errorf("%w; take it out of git again, or run bpfgen gen", err)
		}
		if err != nil {
			return nil, err
		}
	}
	return builds, nil
}

// readObjects takes the objects out of the output directory.
func (o *genOptions) readObjects(builds []*build) (err error) {
	var none missing
	for _, b := range builds {
		path := filepath.Join(o.directory(), o.fileName(b.target.Name, ".o"))
		b.compiled, b.dependencies = false, dependOn(path)
		b.bytes, err = os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			none.files = append(none.files, path)
		case err != nil:
			return err
		}
	}
	if len(none.files) > 0 {
		return &none
	}
	return nil
}

func allCompiled(builds []*build) bool {
	for _, b := range builds {
		if !b.compiled {
			return false
		}
	}
	return true
}

// cachedObject is what the cache has of a compilation.
func (c *cli) cachedObject(o *genOptions, t clang.Target) (clang.Result, bool) {
	compiler, err := o.compiler(c)
	if err != nil || c.cache == nil {
		return clang.Result{}, false
	}
	return compiler.Cached(t, c.cache)
}

// isC says whether an argument of gen is no object.
func isC(path string) bool {
	s, err := readSource(path)
	return err == nil && !s.isObject
}
