package forecast

// This file tells what is in an object's code, whatever the kernel.

import (
	"maps"
	"slices"

	"github.com/cilium/ebpf"

	"github.com/bpfgen/bpfgen/internal/corerelo"
)

// Use is what the code of one program refers to, with all functions that it
// calls. Each list is sorted and has nothing twice.
type Use struct {
	Program string
	// Maps are named as cilium/ebpf does: those of data sections like the section.
	Maps []string
	// Helpers are named as in C: bpf_map_lookup_elem.
	Helpers []string
	// Kfuncs are kernel functions.
	Kfuncs []string
	// Ksyms are variables of the kernel.
	Ksyms []string
	// Kconfig are settings of the kernel's build.
	Kconfig []string
	// Weak are those of Kfuncs and Ksyms that the kernel need not have.
	Weak []string
	// Relocations are CO-RE's, as findings name them.
	Relocations []string
	// Instructions of the program as the library links it.
	Instructions int
}

// Uses are those of the programs that have code, by name. An object that the
// library refuses has none.
func (o *Object) Uses() []Use {
	var all []Use
	for _, p := range o.programs {
		if p.code != nil {
			all = append(all, p.code.use(p.Name, o))
		}
	}
	return all
}

func (c *code) use(program string, o *Object) Use {
	named := make(map[pointKind]map[string]bool)
	for _, pt := range c.points {
		name := pt.name
		if pt.kind == pointHelper {
			name = HelperName(pt.id)
		}
		if named[pt.kind] == nil {
			named[pt.kind] = make(map[string]bool)
		}
		if name != "" {
			named[pt.kind][name] = true
		}
	}
	weak := make(map[string]bool)
	for _, ext := range c.externs {
		if ext.weak {
			weak[ext.name] = true
		}
	}
	list := func(kind pointKind) []string { return slices.Sorted(maps.Keys(named[kind])) }
	return Use{
		Program: program, Instructions: len(c.ins),
		Maps: list(pointMap), Helpers: list(pointHelper), Kfuncs: list(pointKfuncCall),
		Ksyms: list(pointKsym), Kconfig: list(pointKconfig), Relocations: c.relocationNames(o),
		Weak: slices.Sorted(maps.Keys(weak)),
	}
}

func (c *code) relocationNames(o *Object) []string {
	found := make(map[string]bool)
	for _, relo := range c.relocations {
		name := relo.String()
		if r, err := corerelo.Parse(relo, o.types); err == nil {
			name = r.String()
		}
		found[name] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// Initial is what a data section has in it before programs run: the content of
// the map that is made of it. False for sections of which there is none.
func (o *Object) Initial(section string) ([]byte, bool) {
	for _, m := range o.maps {
		if m.name != section || len(m.Contents) != 1 {
			continue
		}
		data, ok := m.Contents[0].Value.([]byte)
		return data, ok
	}
	return nil, false
}

// Section is a data section that becomes a map.
type Section struct {
	Name  string
	Bytes uint32
	// ReadOnly is true for .rodata and its like.
	ReadOnly bool
}

// Sections are the data sections of the object, by name.
func (o *Object) Sections() []Section {
	var all []Section
	for _, m := range o.maps {
		if m.Type == ebpf.Array && m.name == m.section {
			_, readOnly := constantData(m.MapSpec)
			all = append(all, Section{m.name, m.ValueSize, readOnly})
		}
	}
	return all
}
