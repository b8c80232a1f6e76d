// Package templates holds the text of everything that bpfgen writes and whose
// shape is constant: the loader that all targets share, and the small file of
// each target. What varies comes as data with methods from package emit; a
// template asks no question about BTF and has no functions of its own.
//
// A file's text is parsed when it is first used: to parse all of it would take longer
// than to generate most packages. The types of maps are not parsed at all (expand.go).
package templates

import (
	"embed"
	"io"
	"sync"
	"text/template"
)

//go:embed *.tmpl
var files embed.FS

// File is the template of a file.
type File struct{ parsed func() *template.Template }

// Execute prints the file.
func (f File) Execute(w io.Writer, data any) error { return f.parsed().Execute(w, data) }

// Prepare parses the template, which Execute does otherwise.
func (f File) Prepare() { f.parsed() }

// file is the template of a file of this package. Definitions that it uses stand in
// the others.
func file(name string, others ...string) File {
	return File{sync.OnceValue(func() *template.Template {
		return template.Must(template.ParseFS(files, append([]string{name}, others...)...))
	})}
}

var (
	// Loader is <stem>_bpfgen.go: open, load, and the collection's types.
	Loader = file("loader.go.tmpl")
	// Maps is <stem>_maps.go: the types of the maps.
	Maps = file("maps.go.tmpl")
	// Bpf2go is <stem>_<target>.go with bpf2go's API.
	Bpf2go = file("bpf2go.go.tmpl")
	// Typed is <stem>_<target>_typed.go: the typed API over bpf2go's types.
	Typed = file("typed.go.tmpl", "loader.go.tmpl", "maps.go.tmpl")
	// Target is <stem>_<target>.go: build line, embedded object, and what differs
	// from the other targets.
	Target = file("target.go.tmpl")
)
