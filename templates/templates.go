// Package templates holds the text of everything that bpfgen writes and whose
// shape is constant: the loader that all targets share, the small file of
// each target, the types of maps. What varies comes as data from package emit; a
// template asks no question about BTF and has no functions of its own.
//
// The text is a part of what text/template reads: definitions, fields, if and
// range without else, other templates, comments. It is read and executed here
// (expand.go): most packages are generated in less time than text/template took for
// its part of it, which finds every field by reflection. A test has text/template
// print the same.
package templates

import (
	"bytes"
	"embed"
)

//go:embed *.tmpl
var files embed.FS

// Names of the templates of files.
const (
	// Loader is <stem>_bpfgen.go: open, load, and the collection's types.
	Loader = "loader file"
	// Maps is <stem>_maps.go: the types of the maps.
	Maps = "maps file"
	// Bpf2go is <stem>_<target>.go with bpf2go's API.
	Bpf2go = "bpf2go file"
	// Typed is <stem>_<target>_typed.go: the typed API over bpf2go's types.
	Typed = "typed file"
	// Target is <stem>_<target>.go: build line, embedded object, and what differs
	// from the other targets.
	Target = "target file"
)

// Data is what a template reads, by the names of its fields: a string, a bool, Data
// of another template, or []Data to range over.
type Data map[string]any

// Print is the text of a template with its data, which has about size bytes: memory
// that grows is touched twice, which is what small runs pay for.
func Print(name string, data Data, size int) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(size)
	err := expand(&b, name, data)
	return b.Bytes(), err
}
