// Package templates holds the text of everything that bpfgen writes and whose
// shape is constant: the loader that all targets share, and the small file of
// each target. What varies comes as data with methods from package emit; a
// template asks no question about BTF and has no functions of its own.
package templates

import (
	"embed"
	"text/template"
)

//go:embed *.tmpl
var files embed.FS

var all = template.Must(template.New("").ParseFS(files, "*.tmpl"))

// Loader is <stem>_bpfgen.go: open, load, and the collection's types.
var Loader = all.Lookup("loader.go.tmpl")

// Maps is <stem>_maps.go: the types of the maps.
var Maps = all.Lookup("maps.go.tmpl")

// Bpf2go is <stem>_<target>.go with bpf2go's API.
var Bpf2go = all.Lookup("bpf2go.go.tmpl")

// Typed is <stem>_<target>_typed.go: the typed API over bpf2go's types.
var Typed = all.Lookup("typed.go.tmpl")

// Target is <stem>_<target>.go: build line, embedded object, and what differs
// from the other targets.
var Target = all.Lookup("target.go.tmpl")
