package print

// The file of the typed API over bpf2go's types: <stem>_<target>_typed.go.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/templates"
)

// typedData is what the template of the typed API over bpf2go's types reads.
type typedData struct {
	Header header
	*plan.Bpf2go
	Bridge  string
	Imports string
	Loader  loaderData
	// MapTypes are the types of maps.
	MapTypes mapsData
	// Types are further types, their guards, and functions, as source.
	Types string
}

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
	d := typedData{
		Header: header{api.Package, f.Constraint}, Bpf2go: f, Bridge: f.Typed.Bridge,
		Loader: newLoaderData(api), MapTypes: m.data, Types: strings.TrimRight("\n"+s.body.String(), "\n"),
	}
	specs := slices.Concat(d.Loader.specs, sortedKeys(s.imports))
	if len(api.MapTypes) > 0 {
		specs = append(specs, sortedKeys(m.imports)...)
	}
	slices.Sort(specs)
	d.Imports = importBlock(slices.Compact(specs))
	return execute(templates.Typed, d, 16<<10)
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
