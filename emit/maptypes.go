package emit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/templates"
)

// The types of the maps: <stem>_maps.go, and <stem>_<target>_maps.go for those
// that are not the same on all targets.

// mergeMapType adds the type of a map once where all targets agree, else to every
// target its own; one that lacks the map has that of another.
func (m *merged) mergeMapType(targets []*targetPlan, own map[string]*mapPlan) {
	first := own[sortedKeys(own)[0]]
	if !differ(own) {
		m.mapTypes = append(m.mapTypes, first)
		return
	}
	for _, t := range targets {
		p, ok := own[t.Name]
		if !ok {
			p = first
		}
		m.ownMapTypes[t.Name] = append(m.ownMapTypes[t.Name], p)
	}
}

// mapsData is what the template of map types reads.
type mapsData struct {
	Header fileHeader
	// Declarations are the types.
	Declarations []string

	imports []string
}

// Imports are the lines of the import block: the standard library first.
func (d mapsData) Imports() string {
	slices.Sort(d.imports)
	var standard, others strings.Builder
	for _, path := range slices.Compact(d.imports) {
		b := &standard
		if strings.Contains(path, ".") {
			b = &others
		}
		fmt.Fprintf(b, "\n\t%q", path)
	}
	if standard.Len() > 0 {
		standard.WriteByte('\n')
	}
	return standard.String() + others.String()
}

// mapsFile prints the types of maps.
func (p *Plan) mapsFile(h fileHeader, maps []*mapPlan) ([]byte, error) {
	data := mapsData{Header: h, imports: []string{typedPath}}
	declared := make(map[string]string) // the name of a type by what it is
	var add func(m *mapPlan) error
	add = func(m *mapPlan) error {
		if m.inner != nil {
			if err := add(m.inner); err != nil {
				return err
			}
		}
		text, err := data.declare(m, declared)
		data.Declarations = append(data.Declarations, text)
		return err
	}
	for _, m := range maps {
		if err := add(m); err != nil {
			return nil, err
		}
	}
	return execute(templates.Maps, data)
}

// declare is the declaration of the type of a map. If there is one that is the
// same, it is another name of that.
func (d *mapsData) declare(m *mapPlan, declared map[string]string) (string, error) {
	d.importFor(m.GoType)
	if m.decl.Class == "" {
		return m.typeDoc("") + "\ntype " + m.Alias + " = " + m.GoType, nil
	}
	if other := declared[m.GoType]; other != "" {
		return m.typeDoc("") + "\ntype " + m.Alias + " = " + other, nil
	}
	declared[m.GoType] = m.Alias
	d.imports = append(d.imports, m.decl.Imports()...)
	decl := m.decl
	decl.Doc = m.typeDoc(mapInterfaces[m.class.name])
	return decl.Declaration()
}

// importFor imports what a type is of.
func (d *mapsData) importFor(goType string) {
	if strings.Contains(goType, "ctypes.") {
		d.imports = append(d.imports, ctypesPath)
	}
}

// typeDoc says which map it is the type of, and which interface says more.
func (m *mapPlan) typeDoc(iface string) string {
	text := fmt.Sprintf("%s is the type of the map %s (%s).", m.Alias, m.Name, m.Type)
	if iface != "" {
		text += fmt.Sprintf(" [typed.%s] says more of its methods.", iface)
	}
	return strings.Join(docLines(text, m.Tags), "\n")
}

// mapInterfaces are the interfaces of package typed that describe the methods of
// classes.
var mapInterfaces = map[string]string{
	"Hash": "Hash", "LPMTrie": "Map", "Array": "FixedMap", "CgroupStorage": "FixedMap",
	"PerCPUHash": "PerCPUMap", "PerCPUArray": "FixedPerCPUMap", "PerCPUCgroupStorage": "FixedPerCPUMap",
	"Queue": "QueueLike", "Stack": "QueueLike", "BloomFilter": "FilterLike",
	"SkStorage": "StorageLike", "InodeStorage": "StorageLike", "TaskStorage": "StorageLike", "CgrpStorage": "StorageLike",
}
