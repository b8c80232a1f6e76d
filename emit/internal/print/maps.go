package print

// The types of the maps: <stem>_maps.go, and <stem>_<target>_maps.go for those
// that are not the same on all targets.

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/templates"
)

// mapsPrinter collects the types of one file.
type mapsPrinter struct {
	runtime plan.Runtime
	// declarations are the types.
	declarations []string
	// declared has the name of each type by what it is.
	declared map[mapIdentity]string
	imports  map[string]bool
	// pending are the declarations that are yet to be printed.
	pending []pendingType
}

// pendingType is a type, and which of the declarations it is.
type pendingType struct {
	at  int
	typ templates.MapType
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
	d := fileData(p.Package, constraint, m.data())
	d["Imports"], d["Guard"] = importBlock(sortedKeys(m.imports)), setGuard(p)
	size := 4 << 10
	for _, text := range m.declarations {
		size += len(text)
	}
	return templates.Print(templates.Maps, d, size)
}

// data is what the template of map types reads.
func (p *mapsPrinter) data() templates.Data {
	rows := make([]templates.Data, len(p.declarations))
	for i, text := range p.declarations {
		rows[i] = templates.Data{"Text": text}
	}
	return templates.Data{"Declarations": rows}
}

// printMaps declares the types of maps.
func printMaps(p *plan.Plan, maps []*plan.Map) (*mapsPrinter, error) {
	m := &mapsPrinter{runtime: p.Runtime, declared: make(map[mapIdentity]string), imports: map[string]bool{p.Runtime.Loader: true}}
	for _, one := range maps {
		m.add(one)
	}
	return m, m.print()
}

// print prints the types that are declared, as many at a time as there are
// processors: they are most of what there is to print of an object with many maps.
func (p *mapsPrinter) print() error {
	errs := make([]error, len(p.pending))
	var next atomic.Int32
	work := func() {
		for i := int(next.Add(1)) - 1; i < len(p.pending); i = int(next.Add(1)) - 1 {
			d := p.pending[i]
			p.declarations[d.at], errs[i] = printed(d.typ)
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(p.pending)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return errors.Join(errs...)
}

// printed is the text of a type. Whatever goes wrong here is a bug.
func printed(t templates.MapType) (text string, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%s: %v\n%s", t.Name, v, debug.Stack())
		}
	}()
	return t.Declaration()
}

// add declares the type of a map, and that of maps inside before it. If there is one
// that is the same, it is another name of that.
func (p *mapsPrinter) add(m *plan.Map) {
	if inner := m.Inner(); inner != nil {
		p.add(inner)
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
		p.declare(m)
	}
}

func (p *mapsPrinter) importFor(t plan.GoType) {
	for _, path := range t.Packages() {
		p.imports[path] = true
	}
}

func (p *mapsPrinter) alias(m *plan.Map, of string) {
	p.declarations = append(p.declarations, typeDoc(m, "")+"\ntype "+m.Alias+" = "+of)
}

// declare declares a type with its methods.
func (p *mapsPrinter) declare(m *plan.Map) {
	decl := templates.MapType{Name: m.Alias, T: m.Alias, Q: p.runtime.LoaderQualifier(), Class: "Class" + m.Class, Doc: typeDoc(m, p.interfaceOf(m))}
	if m.Short {
		decl.MinSize = 1
	}
	for _, a := range m.Args {
		switch a.Role {
		case plan.Key:
			decl.K = a.Type.String()
		case plan.Value, plan.Event:
			decl.V, decl.Raw = a.Type.String(), a.Role == plan.Event && a.Type.Slice
		case plan.InnerMap:
			decl.Inner = a.Inner.Alias
			continue
		}
		p.importFor(a.Type)
	}
	for _, path := range decl.Imports() {
		p.imports[path] = true
	}
	p.pending = append(p.pending, pendingType{len(p.declarations), decl})
	p.declarations = append(p.declarations, "")
}

// typeDoc says which map it is the type of, and which interface says more.
func typeDoc(m *plan.Map, iface string) string {
	kind := anyOf(m.Kinds)
	if kind == "" {
		kind = "of a kind that the object does not say"
	}
	text := fmt.Sprintf("%s is the type of the map %s (%s).", m.Alias, m.Name, kind)
	if iface != "" {
		text += fmt.Sprintf(" [%s] says more of its methods.", iface)
	}
	return strings.Join(docLines(slices.Concat([]string{text}, m.Tags)...), "\n")
}

// interfaceOf is the interface with the methods of a map's class, "" for none.
func (p *mapsPrinter) interfaceOf(m *plan.Map) string {
	if name := mapInterfaces[m.Class]; name != "" {
		return p.runtime.LoaderQualifier() + name
	}
	return ""
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
