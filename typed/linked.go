package typed

// What has the form that it has because of the linker, which takes into each program
// all that it cannot exclude. Two things make it keep methods that nobody calls: a
// type that an interface may hold, with all types that are in it, and the
// dictionaries of generic code, which are such types.

import (
	"slices"
	"unsafe"

	"github.com/cilium/ebpf"
)

// hidden is a pointer in a handle. The linker keeps the methods of all types that it
// finds in a type which some interface holds, where any interface has a method like
// it: String, Format, Close. The handles of programs are in interfaces, and would
// keep the library's printing of instructions and the links of the collection. What
// is hidden is found by who uses it alone.
type hidden struct{ p unsafe.Pointer }

// hide hides a pointer. It is no method of a generic type: packages of generated code
// would compile that for each type which a handle hides.
func hide[T any](p *T) hidden { return hidden{unsafe.Pointer(p)} }

// sortedKeys are the keys of a map in their order: slices.Sorted(maps.Keys(m)), which
// is inlined, as a function.
//
//go:noinline
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// programNames is sortedKeys without a type of a map that an interface may hold: with it
// the linker would keep what the library prints of programs.
func programNames(m map[string]*ebpf.ProgramSpec) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// copySpec is the library's Copy for what Load changes: maps, programs and values. Types
// are shared, as those of instructions are in the library's copies. Its Copy is generic,
// which has the linker keep what programNames has not.
func copySpec(from *ebpf.CollectionSpec) *ebpf.CollectionSpec {
	spec := *from
	spec.Maps = make(map[string]*ebpf.MapSpec, len(from.Maps))
	for name, m := range from.Maps {
		spec.Maps[name] = m.Copy()
	}
	spec.Programs = make(map[string]*ebpf.ProgramSpec, len(from.Programs))
	for name, prog := range from.Programs {
		spec.Programs[name] = prog.Copy()
	}
	spec.Variables = make(map[string]*ebpf.VariableSpec, len(from.Variables))
	for name, v := range from.Variables {
		variable := *v
		variable.Value = append([]byte(nil), v.Value...)
		spec.Variables[name] = &variable
	}
	return &spec
}
