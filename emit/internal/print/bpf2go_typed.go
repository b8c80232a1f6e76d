package print

// The file of the typed API over bpf2go's types: <stem>_<target>_typed.go.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/templates"
)

// typedFile prints the file of one target.
func typedFile(f *plan.Bpf2go) ([]byte, error) {
	api := f.Typed.API
	m, err := printMaps(api, api.MapTypes)
	if err != nil {
		return nil, err
	}
	s := newSource(api.Runtime.Types)
	s.declareAll(f.Typed.Types)
	for _, functions := range f.Typed.Functions {
		s.memberFunctions(functions)
	}
	loader, imports := loaderData(api)
	d := fileData(api.Package, f.Constraint, templates.Data{
		"Ident": f.Ident, "Bridge": f.Typed.Bridge, "Collection": api.API.Collection, "Open": api.API.Open, "Q": api.Runtime.LoaderQualifier(),
		"Maps": named(f.Maps), "Programs": named(f.Programs), "Variables": named(f.Variables),
		"Loader": loader, "MapTypes": templates.Data{}, "Types": strings.TrimRight("\n"+s.body.String(), "\n"),
	})
	imports = append(imports, sortedKeys(s.imports)...)
	if len(api.MapTypes) > 0 {
		d["MapTypes"] = m.data()
		imports = append(imports, sortedKeys(m.imports)...)
	}
	slices.Sort(imports)
	d["Imports"] = importBlock(slices.Compact(imports))
	return templates.Print(templates.Typed, d, 16<<10)
}

// memberFunctions writes the functions of a member that has no field. The one
// that sets stands right under the one that gets, which has the comment of both.
func (s *source) memberFunctions(m plan.MemberFunctions) {
	a := m.Accessor
	at := "x"
	if m.Path != "x" {
		at = "&" + m.Path
	}
	s.qual("unsafe", "Pointer")
	a.Bytes = fmt.Sprintf("(*[%d]byte)(unsafe.Pointer(%s))", m.Size, at)
	params := "x *" + m.Of
	if len(m.Index) > 0 {
		params += ", " + strings.Join(m.Index, ", ") + " int"
	}
	if m.Tail {
		head := "nil"
		if a.Off < m.Size {
			head = bytesOf(a) + "[" + lit(a.Off) + ":]"
		}
		s.functions(a.Doc, s.tailOf("func "+a.Getter, params+", ", a.Type, head))
		return
	}
	s.functions(a.Doc,
		function{header: "func " + a.Getter + "(" + params + ") " + s.typ(a.Type, ""), body: []string{"return " + s.load(a)}},
		function{header: "func " + a.Setter + "(" + params + ", v " + s.typ(a.Type, "") + ")", body: []string{s.store(a)}})
}
