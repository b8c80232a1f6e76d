package print

// The file of the typed API over bpf2go's types: <stem>_<target>_typed.go.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

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
	s := newSource(api.Package, api.Runtime.Types)
	if err := s.declareAll(f.Typed.Types); err != nil {
		return nil, err
	}
	for _, functions := range f.Typed.Functions {
		if err := s.memberFunctions(functions); err != nil {
			return nil, fmt.Errorf("%s: %w", functions.Accessor.Getter, err)
		}
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
	return execute(templates.Typed, d)
}

// memberFunctions writes the functions of a member that has no field. The one
// that sets stands right under the one that gets, which has the comment of both.
func (s *source) memberFunctions(m plan.MemberFunctions) error {
	a := m.Accessor
	at := "x"
	if m.Path != "x" {
		at = "&" + m.Path
	}
	s.qual("unsafe", "Pointer")
	a.Bytes = fmt.Sprintf("(*[%d]byte)(unsafe.Pointer(%s))", m.Size, at)
	params := func(more ...jen.Code) []jen.Code {
		all := []jen.Code{jen.Id("x").Op("*").Id(m.Of)}
		if len(m.Index) > 0 {
			all = append(all, jen.Id(strings.Join(m.Index, ", ")+" int"))
		}
		return append(all, more...)
	}
	function := func(name string) *jen.Statement { return jen.Func().Id(name) }
	if m.Tail {
		head := jen.Nil()
		if a.Off < m.Size {
			head = bytesOf(a).Index(lit(a.Off).Op(":"))
		}
		return s.add(comment(a.Doc...), function(a.Getter).Params(params(jen.Id("rest").Index().Byte())...).Index().Add(s.typ(a.Type)).Add(oneLine(
			jen.Return(s.call("Tail").Types(s.typ(a.Type)).Call(head, jen.Id("rest"))))))
	}
	return s.add(comment(a.Doc...),
		function(a.Getter).Params(params()...).Add(s.typ(a.Type)).Add(oneLine(jen.Return(s.load(a)))),
		function(a.Setter).Params(params(jen.Id("v").Add(s.typ(a.Type)))...).Add(oneLine(s.store(a))))
}
