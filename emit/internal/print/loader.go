package print

// The data of the templates: what the plan holds, in the words of Go.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// loaderData is what the loader template reads.
type loaderData struct {
	Header header
	plan.API
	Maps      []mapData
	Programs  []programData
	Variables []variableData
	// Text are the layouts that all targets share; HasLayouts is true if there are
	// any, these or those of targets.
	Text       string
	HasLayouts bool
	// Sum is the checksum of the object, if no other file has it.
	Sum string
	// Number is what the files of the run agree on, "" where there is one,
	// LenderGuard what ties them to the run of another ident.
	Number, LenderGuard string
	// Imports is the import block, specs what is in it.
	Imports string
	specs   []string
	// Q is the qualifier of the runtime package.
	Q string
}

func newLoaderData(p *plan.Plan) loaderData {
	d := loaderData{Header: header{p.Package, p.Constraint}, API: p.API, Text: p.Layouts, Sum: p.Checksum, LenderGuard: lenderGuard(p), Q: p.Runtime.LoaderQualifier()}
	if len(p.Targets) > 0 {
		d.Number = setNumber(p)
	}
	d.HasLayouts = p.Layouts != "" || ownLayouts(p)
	var types []plan.GoType
	netlink := false
	for _, m := range p.Maps {
		d.Maps = append(d.Maps, mapData{m})
	}
	for _, prog := range p.Programs {
		d.Programs = append(d.Programs, programData{prog})
		netlink = netlink || slices.ContainsFunc(prog.Hooks, func(h plan.Hook) bool { return h.Netlink })
	}
	for _, v := range p.Variables {
		d.Variables = append(d.Variables, variableData{v})
		types = append(types, v.Type)
	}
	specs := append(packagesOf(types), "io", p.Runtime.Loader, "github.com/cilium/ebpf")
	slices.Sort(specs)
	specs = slices.Compact(specs)
	if netlink {
		specs = append(specs, "_ "+p.Runtime.Netlink+" // programs that attach by netlink")
	}
	d.Imports, d.specs = importBlock(specs), specs
	return d
}

// ownLayouts says whether each target has layouts of its own.
func ownLayouts(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Targets, func(t *plan.Target) bool { return t.Layouts != "" })
}

// SpecVariables are the variables that have a value before load: the kernel
// gives others theirs.
func (d loaderData) SpecVariables() []variableData {
	return slices.DeleteFunc(slices.Clone(d.Variables), func(v variableData) bool { return v.Given })
}

// targetData is what the template of a target reads.
type targetData struct {
	Header header
	plan.API
	ObjectFile string
	// Sum is the checksum of the object, Text the layouts, Guard what keeps the
	// file from others of another run.
	Sum, Text, Guard string
	// HasLayouts is true if each target has its own.
	HasLayouts bool
	Aliases    []aliasData
	// Imports is the import block.
	Imports string
}

func newTargetData(p *plan.Plan, t *plan.Target) targetData {
	var types []plan.GoType
	for _, a := range t.Aliases {
		types = append(types, a.Type)
	}
	return targetData{
		Header:     header{p.Package, t.Constraint},
		API:        p.API,
		ObjectFile: t.ObjectFile,
		Sum:        t.Checksum,
		Text:       t.Layouts,
		HasLayouts: ownLayouts(p),
		Guard:      setGuard(p),
		Aliases:    aliases(t.Aliases),
		Imports:    importBlock(append(packagesOf(types), "_ embed")),
	}
}

// aliasData is a type alias.
type aliasData struct{ plan.Alias }

func aliases(list []plan.Alias) []aliasData {
	data := make([]aliasData, len(list))
	for i, a := range list {
		data[i] = aliasData{a}
	}
	return data
}

// Comment is the doc comment.
func (a aliasData) Comment() string {
	doc := a.Doc
	if a.Foreign {
		doc = append(slices.Clone(doc), "This target has none: it is that of another.")
	}
	return strings.Join(docLines(doc...), "\n")
}

// mapData is one map.
type mapData struct{ *plan.Map }

// Quoted is the C name as a Go string.
func (m mapData) Quoted() string { return strconv.Quote(m.Name) }

// programData is one program.
type programData struct{ *plan.Program }

// Quoted is the C name as a Go string.
func (p programData) Quoted() string { return strconv.Quote(p.Name) }

// Comment is what stands behind the field: the section as C has it, and the
// decl tags.
func (p programData) Comment() string {
	places := make([]string, len(p.Sections))
	for i, section := range p.Sections {
		places[i] = fmt.Sprintf("SEC(%q)", section)
	}
	return placeComment(places, p.Tags)
}

// placeComment is where something is in C, on one target or another, and what its decl
// tags say.
func placeComment(places, tags []string) string {
	return lineComment(strings.Join(append([]string{anyOf(places)}, tags...), "; "))
}

// anyOf is what is not the same on all targets.
func anyOf(what []string) string { return strings.Join(what, " or ") }

// variableData is one variable.
type variableData struct{ *plan.Variable }

// Handle is the class of the loaded variable.
func (v variableData) Handle() string {
	if v.Constant {
		return "Constant"
	}
	return "Variable"
}

// BindSpec is the function of the runtime that finds the variable's spec.
func (v variableData) BindSpec() string {
	if v.Static {
		return "BindStaticSpec"
	}
	return "BindVariableSpec"
}

// Bind is the function of the runtime that finds the loaded variable.
func (v variableData) Bind() string {
	if v.Static {
		return "BindStatic"
	}
	return "BindVariable"
}

// Arguments are how Bind and BindSpec find the variable: globals by name,
// statics by section, name and index.
func (v variableData) Arguments() string {
	if v.Static {
		return fmt.Sprintf("%q, %q, %d", strings.Join(v.Sections, " "), v.Name, v.Index)
	}
	return strconv.Quote(v.Name)
}

// Comment is what stands behind the field: C type, section and decl tags.
func (v variableData) Comment() string { return placeComment(v.C, v.Tags) }
