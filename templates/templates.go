// Package templates holds the text of everything that bpfgen writes and whose
// shape is constant: the loader that all targets share, and the small file of
// each target. What varies comes as data with methods from package emit; a
// template asks no question about BTF and has no functions of its own.
//
// To parse all of the text would take longer than to generate most packages. So
// only what is used is parsed: a file's own text, and those of its definitions
// and of others' that it refers to.
package templates

import (
	"embed"
	"fmt"
	"io"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"
)

//go:embed *.tmpl
var files embed.FS

// File is the template of a file.
type File struct{ parsed func() *template.Template }

// Execute prints the file.
func (f File) Execute(w io.Writer, data any) error { return f.parsed().Execute(w, data) }

// Prepare parses the template, which Execute does otherwise.
func (f File) Prepare() { f.parsed() }

// file is the template of a file of this package.
func file(name string) File {
	return File{sync.OnceValue(func() *template.Template { return parsed(name) })}
}

var (
	// Loader is <stem>_bpfgen.go: open, load, and the collection's types.
	Loader = file("loader.go.tmpl")
	// Maps is <stem>_maps.go: the types of the maps.
	Maps = file("maps.go.tmpl")
	// Bpf2go is <stem>_<target>.go with bpf2go's API.
	Bpf2go = file("bpf2go.go.tmpl")
	// Typed is <stem>_<target>_typed.go: the typed API over bpf2go's types.
	Typed = file("typed.go.tmpl")
	// Target is <stem>_<target>.go: build line, embedded object, and what differs
	// from the other targets.
	Target = file("target.go.tmpl")
)

// texts are the templates by name: the files without their definitions, and the
// definitions.
var texts = sync.OnceValue(func() map[string]*text {
	texts := make(map[string]*text)
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		content, err := files.ReadFile(e.Name())
		if err != nil {
			panic(err)
		}
		split(texts, e.Name(), string(content))
	}
	return texts
})

// text is one template.
type text struct {
	source string
	// tree is source, parsed.
	tree func() *parse.Tree
}

func newText(name, source string) *text {
	return &text{source, sync.OnceValue(func() *parse.Tree {
		return template.Must(template.New(name).Parse(source)).Lookup(name).Tree
	})}
}

// definition is what a line with a definition begins with. It begins no other.
const definition = "\n{{ define \""

// split takes a file apart before each definition.
func split(texts map[string]*text, file, content string) {
	blocks := strings.Split(content, definition)
	texts[file] = newText(file, blocks[0])
	for _, block := range blocks[1:] {
		name, _, _ := strings.Cut(block, `"`)
		texts[name] = newText(name, definition+block)
	}
}

// parsed gives a template with all that it refers to.
func parsed(name string) *template.Template {
	t := template.New(name)
	added := make(map[string]bool)
	var add func(name string)
	add = func(name string) {
		text, ok := texts()[name]
		if !ok {
			panic(fmt.Sprintf("there is no template %q", name))
		}
		added[name] = true
		template.Must(t.AddParseTree(name, text.tree()))
		for _, reference := range strings.Split(text.source, `template "`)[1:] {
			if other, _, _ := strings.Cut(reference, `"`); !added[other] {
				add(other)
			}
		}
	}
	add(name)
	return t.Lookup(name)
}
