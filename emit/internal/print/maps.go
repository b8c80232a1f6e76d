package print

// The types of the maps: <stem>_maps.go, and <stem>_<target>_maps.go for those
// that are not the same on all targets.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/templates"
)

// mapsData is what the template of map types reads.
type mapsData struct {
	Header header
	// Imports is the import block.
	Imports string
	// Guard keeps the file from others of another run.
	Guard string
	// Declarations are the types.
	Declarations []string
}

// mapsPrinter collects the types of one file.
type mapsPrinter struct {
	runtime plan.Runtime
	data    mapsData
	// declared has the name of each type by what it is.
	declared map[mapIdentity]string
	imports  map[string]bool
}

// mapIdentity is what tells types of maps apart.
type mapIdentity struct {
	typ   string
	short bool
}

// mapsFile prints the types of maps.
func mapsFile(p *plan.Plan, constraint string, maps []*plan.Map) ([]byte, error) {
	m, err := printMaps(p, maps)
	if err != nil {
		return nil, err
	}
	m.data.Header, m.data.Guard = header{p.Package, constraint}, setGuard(p)
	m.data.Imports = importBlock(sortedKeys(m.imports))
	return execute(templates.Maps, m.data)
}

// printMaps declares the types of maps.
func printMaps(p *plan.Plan, maps []*plan.Map) (*mapsPrinter, error) {
	m := &mapsPrinter{runtime: p.Runtime, declared: make(map[mapIdentity]string), imports: map[string]bool{p.Runtime.Loader: true}}
	for _, one := range maps {
		if err := m.add(one); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// add prints the type of a map, and that of maps inside before it. If there is one
// that is the same, it is another name of that.
func (p *mapsPrinter) add(m *plan.Map) error {
	if inner := m.Inner(); inner != nil {
		if err := p.add(inner); err != nil {
			return err
		}
	}
	typ := m.Type(p.runtime)
	id := mapIdentity{typ.String(), m.Short}
	other := p.declared[id]
	switch {
	case m.Given:
		p.importFor(typ)
		p.alias(m, typ.String())
	case other != "":
		p.alias(m, other)
	default:
		p.declared[id] = m.Alias
		return p.declare(m)
	}
	return nil
}

func (p *mapsPrinter) importFor(t plan.GoType) {
	for _, path := range t.Packages() {
		p.imports[path] = true
	}
}

func (p *mapsPrinter) alias(m *plan.Map, of string) {
	p.data.Declarations = append(p.data.Declarations, typeDoc(m, "")+"\ntype "+m.Alias+" = "+of)
}

// declare prints a type with its methods.
func (p *mapsPrinter) declare(m *plan.Map) error {
	decl := templates.MapType{Name: m.Alias, T: m.Alias, Q: "typed.", Class: "Class" + m.Class, Doc: typeDoc(m, mapInterfaces[m.Class])}
	if m.Short {
		decl.MinSize = 1
	}
	for _, a := range m.Args {
		switch a.Role {
		case plan.Key:
			decl.K = a.Type.String()
		case plan.Value, plan.Event:
			decl.V = a.Type.String()
		case plan.InnerMap:
			decl.Inner = a.Inner.Alias
			continue
		}
		p.importFor(a.Type)
	}
	for _, path := range decl.Imports() {
		p.imports[path] = true
	}
	text, err := decl.Declaration()
	p.data.Declarations = append(p.data.Declarations, text)
	return err
}

// typeDoc says which map it is the type of, and which interface says more.
func typeDoc(m *plan.Map, iface string) string {
	kind := m.Kind
	if kind == "" {
		kind = "of a kind that the object does not say"
	}
	text := fmt.Sprintf("%s is the type of the map %s (%s).", m.Alias, m.Name, kind)
	if iface != "" {
		text += fmt.Sprintf(" [typed.%s] says more of its methods.", iface)
	}
	return strings.Join(docLines(slices.Concat([]string{text}, m.Tags)...), "\n")
}

// mapInterfaces are the interfaces of package typed that describe the methods of
// classes.
var mapInterfaces = map[string]string{
	"Hash": "Hash", "LPMTrie": "Map", "Array": "FixedMap", "CgroupStorage": "FixedMap",
	"PerCPUHash": "PerCPUMap", "PerCPUArray": "FixedPerCPUMap", "PerCPUCgroupStorage": "FixedPerCPUMap",
	"Queue": "QueueLike", "Stack": "QueueLike", "BloomFilter": "FilterLike",
	"SkStorage": "StorageLike", "InodeStorage": "StorageLike", "TaskStorage": "StorageLike", "CgrpStorage": "StorageLike",
	"RingBuf": "RingBuf", "PerfEventArray": "PerfEventArray", "UserRingBuf": "UserRingBuf",
	"SockMap": "SocketMap", "SockHash": "SocketMap", "StructOps": "StructOps",
}
