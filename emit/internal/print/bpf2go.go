package print

import (
	"go/token"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/internal/words"
	"github.com/bpfgen/bpfgen/templates"
)

// bpf2goFile prints the file of one target.
func bpf2goFile(p *plan.Plan, f *plan.Bpf2go) ([]byte, error) {
	s := newSource("")
	s.guarding = places
	s.declareAll(f.Types)
	upper := words.UpperFirst(f.Ident)
	d := fileData(p.Package, f.Constraint, templates.Data{
		"Ident": f.Ident, "Upper": upper, "Load": "load" + upper, "LoadObjects": "load" + upper + "Objects",
		"ObjectFile": f.ObjectFile, "TypeDeclarations": strings.TrimRight("\n"+s.body.String(), "\n"),
		"Constants": cNames(f), "Maps": named(f.Maps), "Programs": named(f.Programs),
	})
	if token.IsExported(f.Ident) { // _x is not
		d["Load"], d["LoadObjects"] = "Load"+upper, "Load"+upper+"Objects"
	}
	for class, all := range map[string][]plan.Named{"Map": f.Maps, "Program": f.Programs, "Variable": f.Variables} {
		d[class+"Fields"], d[class+"SpecFields"] = taggedFields(class, all), taggedFields(class+"Spec", all)
	}
	d["Imports"] = importBlock(append(sortedKeys(s.imports), "bytes", "_ embed", "fmt", "io", "github.com/cilium/ebpf"))
	return templates.Print(templates.Bpf2go, d, 16<<10)
}

// named are the names of maps, programs or variables.
func named(all []plan.Named) []templates.Data {
	rows := make([]templates.Data, len(all))
	for i, n := range all {
		rows[i] = templates.Data{"Go": n.Go, "C": n.C}
	}
	return rows
}

// declareAll writes types and their guards.
func (s *source) declareAll(decls []*plan.Decl) {
	for _, d := range decls {
		s.declare(d)
	}
	s.guards(decls)
}

// cNames are constants of the names in C, as bpf2go calls them.
func cNames(f *plan.Bpf2go) string {
	var rows [][]string
	add := func(kind string, all []plan.Named) {
		for _, n := range all {
			rows = append(rows, []string{f.Ident + kind + n.Go, "= " + strconv.Quote(n.C)})
		}
	}
	add("Map", f.Maps)
	add("Prog", f.Programs)
	add("Var", f.Variables)
	return fieldLines(rows, func(row []string) []string { return row })
}

// taggedFields are those of a struct that the library fills, by their tags.
func taggedFields(class string, all []plan.Named) string {
	return fieldLines(all, func(n plan.Named) []string {
		return []string{n.Go, "*ebpf." + class, "`ebpf:" + strconv.Quote(n.C) + "`"}
	})
}
