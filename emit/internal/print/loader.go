package print

// The data of the templates: what the plan holds, in the words of Go.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/templates"
)

// fileData is what the templates of files have in common.
func fileData(pkg, constraint string, d templates.Data) templates.Data {
	h := header{pkg, constraint}
	d["Header"], d["Package"] = h.String(), h.Package
	return d
}

// apiData are the names of what is exported.
func apiData(api plan.API) templates.Data {
	return templates.Data{
		"Ident": api.Ident, "CollectionSpec": api.CollectionSpec, "Collection": api.Collection,
		"Open": api.Open, "OpenFrom": api.OpenFrom, "Bind": api.Bind, "Bytes": api.Bytes, "Checksum": api.Checksum,
		"Layouts": api.Layouts, "Set": api.Set,
	}
}

// loaderData is what the loader template reads, and what it imports.
func loaderData(p *plan.Plan) (d templates.Data, imports []string) {
	d = fileData(p.Package, p.Constraint, apiData(p.API))
	d["Q"], d["Text"], d["Sum"] = p.Runtime.LoaderQualifier(), p.Layouts, p.Checksum
	d["LayoutsOrNone"] = `""`
	if p.Layouts != "" || ownLayouts(p) {
		d["LayoutsOrNone"] = p.API.Layouts
	}
	d["Number"], d["LenderGuard"] = "", lenderGuard(p)
	if len(p.Targets) > 0 {
		d["Number"] = setNumber(p)
	}
	c := columns{p.Runtime.LoaderQualifier()}
	c.maps(d, p.Maps)
	c.programs(d, p.Programs)
	c.variables(d, p.Variables)
	imports = loaderImports(p)
	d["Imports"] = importBlock(imports)
	return d, imports
}

func loaderImports(p *plan.Plan) []string {
	var types []plan.GoType
	for _, v := range p.Variables {
		types = append(types, v.Type)
	}
	specs := append(packagesOf(types), "io", p.Runtime.Loader, "github.com/cilium/ebpf")
	slices.Sort(specs)
	specs = slices.Compact(specs)
	byNetlink := func(h plan.Hook) bool { return h.Netlink }
	if slices.ContainsFunc(p.Programs, func(prog *plan.Program) bool { return slices.ContainsFunc(prog.Hooks, byNetlink) }) {
		specs = append(specs, "_ "+p.Runtime.Netlink+" // programs that attach by netlink")
	}
	return specs
}

// ownLayouts says whether each target has layouts of its own.
func ownLayouts(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Targets, func(t *plan.Target) bool { return t.Layouts != "" })
}

// targetData is what the template of a target reads.
func targetData(p *plan.Plan, t *plan.Target) templates.Data {
	var types []plan.GoType
	for _, a := range t.Aliases {
		types = append(types, a.Type)
	}
	d := fileData(p.Package, t.Constraint, apiData(p.API))
	d["Imports"], d["Guard"] = importBlock(append(packagesOf(types), "_ embed")), setGuard(p)
	d["ObjectFile"], d["Sum"] = t.ObjectFile, t.Checksum
	d["HasLayouts"], d["Text"] = ownLayouts(p), t.Layouts
	d["Aliases"] = aliases(t.Aliases)
	return d
}

// aliases are type aliases.
func aliases(list []plan.Alias) []templates.Data {
	rows := make([]templates.Data, len(list))
	for i, a := range list {
		doc := a.Doc
		if a.Foreign {
			doc = append(slices.Clone(doc), "This target has none: it is that of another.")
		}
		rows[i] = templates.Data{"Comment": strings.Join(docLines(doc...), "\n"), "Name": a.Name, "Type": a.Type.String()}
	}
	return rows
}

// programComment is what stands behind the field of a program: the section as C has
// it, and the decl tags.
func programComment(p *plan.Program) string {
	places := make([]string, len(p.Sections))
	for i, section := range p.Sections {
		places[i] = "SEC(" + strconv.Quote(section) + ")"
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

// variableHandle is the class of the loaded variable.
func variableHandle(v *plan.Variable) string {
	if v.Constant {
		return "Constant"
	}
	return "Variable"
}

// variableData is one variable. Globals are found by name, statics by section, name and
// index, by functions of the runtime of their own.
func variableData(v *plan.Variable) templates.Data {
	d := templates.Data{"Field": v.Field, "Type": v.Type.String(), "Handle": variableHandle(v)}
	if v.Static {
		d["BindSpec"], d["Bind"] = "BindStaticSpec", "BindStatic"
		d["Arguments"] = fmt.Sprintf("%q, %q, %d", strings.Join(v.Sections, " "), v.Name, v.Index)
	} else {
		d["BindSpec"], d["Bind"] = "BindVariableSpec", "BindVariable"
		d["Arguments"] = strconv.Quote(v.Name)
		if v.Given {
			d["Bind"] = "BindKconfig"
		}
	}
	return d
}

// variableComment is what stands behind the field: C type, section and decl tags.
func variableComment(v *plan.Variable) string { return placeComment(v.C, v.Tags) }
