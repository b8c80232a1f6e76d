// Package start has a first program for every family of hooks: the sources that
// bpfgen init writes, and the objects that it takes where there is no compiler.
// Each is a program of this repository, which its tests run in kernels.
package start

import (
	"embed"
	"io/fs"
	"slices"
)

//go:embed */hello.c */main.go */main_test.go */hello_bpfel.o */hello_bpfeb.o
var files embed.FS

// Hooks are the families, sorted.
func Hooks() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // of what is embedded
	}
	var hooks []string
	for _, e := range entries {
		hooks = append(hooks, e.Name())
	}
	slices.Sort(hooks)
	return hooks
}

// Files are those of a family: hello.c, main.go, main_test.go, hello_bpfel.o and
// hello_bpfeb.o.
func Files(hook string) (map[string][]byte, error) {
	entries, err := files.ReadDir(hook)
	if err != nil {
		return nil, err
	}
	content := make(map[string][]byte)
	for _, e := range entries {
		if content[e.Name()], err = fs.ReadFile(files, hook+"/"+e.Name()); err != nil {
			return nil, err
		}
	}
	return content, nil
}
