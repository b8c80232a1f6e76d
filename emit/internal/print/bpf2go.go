package print

import (
	"go/token"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/internal/words"
	"github.com/bpfgen/bpfgen/templates"
)

// bpf2goData is what the template of bpf2go's API reads.
type bpf2goData struct {
	Header header
	*plan.Bpf2go
	// Upper is the ident with its first letter in upper case.
	Upper string
	// Load and LoadObjects are functions; exported with the ident.
	Load, LoadObjects string
	Imports           string
	// TypeDeclarations are the types and their guards, as source.
	TypeDeclarations string
}

// bpf2goFile prints the file of one target.
func bpf2goFile(p *plan.Plan, f *plan.Bpf2go) ([]byte, error) {
	s := newSource("")
	s.guarding = places
	s.declareAll(f.Types)
	upper := words.UpperFirst(f.Ident)
	d := bpf2goData{
		Header: header{p.Package, f.Constraint}, Bpf2go: f, Upper: upper,
		Load: "load" + upper, LoadObjects: "load" + upper + "Objects",
		TypeDeclarations: strings.TrimRight("\n"+s.body.String(), "\n"),
	}
	if token.IsExported(f.Ident) { // _x is not
		d.Load, d.LoadObjects = "Load"+upper, "Load"+upper+"Objects"
	}
	d.Imports = importBlock(append(sortedKeys(s.imports), "bytes", "_ embed", "fmt", "io", "github.com/cilium/ebpf"))
	return execute(templates.Bpf2go, d, 16<<10)
}

// declareAll writes types and their guards.
func (s *source) declareAll(decls []*plan.Decl) {
	for _, d := range decls {
		s.declare(d)
	}
	s.guards(decls)
}

// Constants are the names in C, as bpf2go calls them.
func (d bpf2goData) Constants() string {
	var rows [][]string
	add := func(kind string, all []plan.Named) {
		for _, n := range all {
			rows = append(rows, []string{d.Ident + kind + n.Go, "= " + strconv.Quote(n.C)})
		}
	}
	add("Map", d.Maps)
	add("Prog", d.Programs)
	add("Var", d.Variables)
	return fieldLines(rows, func(row []string) []string { return row })
}

// Fields are those of a struct that the library fills, by their tags.
func (bpf2goData) Fields(class string, all []plan.Named) string {
	return fieldLines(all, func(n plan.Named) []string {
		return []string{n.Go, "*ebpf." + class, "`ebpf:" + strconv.Quote(n.C) + "`"}
	})
}
