// Package inspecthtml draws what an eBPF object holds as one HTML page that
// needs nothing else: no script, no file beside it, no network.
//
// Page is plain data, which bpfgen inspect fills. draw.go lays structs out by
// bytes, order.go looks for a shorter order of members, graph.go places programs
// and maps. page.html and page.css are the rest.
package inspecthtml

import (
	_ "embed"
	"encoding/hex"
	"html/template"
	"io"
	"sync"
)

// Page is what is shown. Lists are shown in their order.
type Page struct {
	Title string
	Facts []Fact
	// Failures keep the object from being loaded.
	Failures, Warnings []string
	// GraphNote says what the graph lacks.
	GraphNote string
	Programs  []Program
	Maps      []Map
	Variables []Variable
	Types     []Type
}

// Fact is a name with a value.
type Fact struct{ Name, Value string }

// Program is an entry point.
type Program struct {
	Name, Section, Type string
	// Hook is where it attaches, in words.
	Hook string
	// Maps that its code uses.
	Maps []string
	// Lists are helpers, kernel functions and the like.
	Lists []List
}

// List is names under a title.
type List struct {
	Title string
	Items []string
}

// Map is a map, or the data section that becomes one.
type Map struct {
	Name, Type string
	Data       bool
	Key, Value Ref
	Entries    string
	Memory     string
	Flags      string
	Notes      string
	// Holds are the programs and maps that the object puts into it.
	Holds []string
}

// Ref is a type as C spells it. Type is the ID of one of the page's types, or "".
type Ref struct {
	Text string
	Type string
}

// Variable is a global variable.
type Variable struct {
	Section, Kind string
	Offset, Size  uint32
	Declared      string
	Type          string
	Initial       string
	Notes         string
}

// Type is a struct, union or enum.
type Type struct {
	ID   string
	Name string
	// Size in words, with the holes.
	Size     string
	UsedBy   []string
	Drawings []Drawing
	// Listing has a line for each member and hole.
	Listing []Line
	Values  []Fact
	Notes   []string
	Order   *Order
}

// Line of a listing.
type Line struct {
	Offset, Size, Text string
	Hole               bool
}

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string

	// page is parsed when a page is written: all other commands start without.
	page = sync.OnceValue(func() *template.Template {
		return template.Must(template.New("page").Funcs(template.FuncMap{
			"program": programID,
			"map":     mapID,
		}).Parse(pageHTML))
	})
)

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	return page().Execute(w, struct {
		*Page
		CSS   template.CSS
		Graph *Graph
	}{p, template.CSS(pageCSS), newGraph(p)})
}

// Names may hold anything: in addresses they are hexadecimal.
func programID(name string) string { return "program-" + hex.EncodeToString([]byte(name)) }
func mapID(name string) string     { return "map-" + hex.EncodeToString([]byte(name)) }
