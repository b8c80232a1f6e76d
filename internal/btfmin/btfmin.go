// Package btfmin makes the BTF that the CO-RE relocations of objects need of a
// kernel, and nothing else, for kernels that come without BTF of their own:
// relocations against it come out as against the whole.
//
// It keeps every type that a relocation's name finds, since the library weighs all
// of them, and of each the members that the access goes along; of enums the
// enumerators that are asked for. Sizes, offsets and signs stay. Pointers lose what
// they point to, where no relocation looks at it. bpftool gen min_core_btf does the
// same, for little-endian objects.
package btfmin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/internal/corerelo"
)

// ErrTypeID is for relocations that put the id of a kernel's type into an
// instruction: the id in minimised BTF is another.
var ErrTypeID = errors.New("uses bpf_core_type_id_kernel, which needs the kernel's own BTF")

// Relocations of all programs of an object, in an order that depends on nothing
// but the object.
func Relocations(spec *ebpf.CollectionSpec) ([]corerelo.Relocation, error) {
	var relocations []corerelo.Relocation
	seen := make(map[*btf.CORERelocation]bool)
	for _, name := range sortedNames(spec.Programs) {
		for i := range spec.Programs[name].Instructions {
			relo := btf.CORERelocationMetadata(&spec.Programs[name].Instructions[i])
			if relo == nil || seen[relo] {
				continue
			}
			seen[relo] = true
			r, err := corerelo.Parse(relo, spec.Types)
			if err != nil {
				return nil, err
			}
			if r.Kind == corerelo.TypeIDTarget {
				return nil, fmt.Errorf("program %s: %s: %w", name, r, ErrTypeID)
			}
			relocations = append(relocations, r)
		}
	}
	return relocations, nil
}

// Minimise gives raw BTF with what the relocations need. kernel are the kernel's
// types and those of its modules, which are merged.
func Minimise(relocations []corerelo.Relocation, kernel []*btf.Spec, order binary.ByteOrder) ([]byte, error) {
	m := &minimiser{
		kernel: kernel, kept: make(map[btf.Type]map[int]bool), values: make(map[*btf.Enum]map[string]bool),
		whole: make(map[btf.Type]bool), small: make(map[btf.Type]btf.Type), isRoot: make(map[btf.Type]bool),
	}
	for _, r := range relocations {
		if err := m.need(r); err != nil {
			return nil, err
		}
	}
	types := make([]btf.Type, 0, len(m.roots))
	for _, root := range m.roots {
		types = append(types, m.shrink(root))
	}
	if len(types) == 0 { // BTF without a type is refused
		types = append(types, &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed})
	}
	b, err := btf.NewBuilder(types, nil)
	if err != nil {
		return nil, err
	}
	return b.Marshal(nil, &btf.MarshalOptions{Order: order})
}

// minimiser collects first, then shrinks.
type minimiser struct {
	kernel []*btf.Spec
	roots  []btf.Type
	isRoot map[btf.Type]bool
	// kept members of structs and unions, by index.
	kept map[btf.Type]map[int]bool
	// values are the kept enumerators.
	values map[*btf.Enum]map[string]bool
	// whole types are followed through pointers and functions.
	whole map[btf.Type]bool
	small map[btf.Type]btf.Type
}

// need marks what one relocation looks at, in every type of its name.
func (m *minimiser) need(r corerelo.Relocation) error {
	if r.Kind == corerelo.TypeIDLocal {
		return nil
	}
	var steps []corerelo.Step
	if r.Kind.OfField() {
		var err error
		if steps, err = r.Steps(); err != nil {
			return err
		}
	}
	name := corerelo.Essential(r.Type.TypeName())
	for _, spec := range m.kernel {
		types, err := spec.AnyTypesByName(name)
		if errors.Is(err, btf.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		for _, t := range types {
			m.root(t)
			switch {
			case r.Kind.OfField():
				m.path(t, steps)
			case r.Kind.OfEnumerator():
				m.enumerator(t, r.Enumerator())
			case r.Kind == corerelo.TypeMatches:
				m.match(r.Type, t, make(map[[2]btf.Type]bool))
			default:
				m.keepWhole(t)
			}
		}
	}
	return nil
}

func (m *minimiser) root(t btf.Type) {
	if !m.isRoot[t] {
		m.isRoot[t] = true
		m.roots = append(m.roots, t)
	}
}

// path keeps the members on the way to a field.
func (m *minimiser) path(t btf.Type, steps []corerelo.Step) {
	at := btf.UnderlyingType(t)
	for _, s := range steps {
		switch v := at.(type) {
		case *btf.Array:
			if !s.Element {
				return
			}
			at = btf.UnderlyingType(v.Type)
		case *btf.Struct, *btf.Union:
			if s.Element {
				return
			}
			if s.Name == "" {
				continue // anonymous in the object; it need not be here
			}
			next, ok := m.member(v, s.Name, 0)
			if !ok {
				return
			}
			at = next
		default:
			return
		}
	}
}

// member keeps the one of a name, in anonymous members too, and gives its type.
func (m *minimiser) member(t btf.Type, name string, depth int) (btf.Type, bool) {
	const deepest = 32 // maxResolveDepth of the library
	members := corerelo.Members(t)
	for i, mem := range members {
		if mem.Name == name {
			m.keep(t, i)
			return btf.UnderlyingType(mem.Type), true
		}
		if mem.Name != "" || depth == deepest {
			continue
		}
		if found, ok := m.member(btf.UnderlyingType(mem.Type), name, depth+1); ok {
			m.keep(t, i)
			return found, true
		}
	}
	return nil, false
}

// keep keeps a member. An array without elements may be indexed only as the last
// member, so where it is not the last, the last stays, too.
func (m *minimiser) keep(t btf.Type, i int) {
	if m.kept[t] == nil {
		m.kept[t] = make(map[int]bool)
	}
	m.kept[t][i] = true
	members := corerelo.Members(t)
	if a, ok := btf.UnderlyingType(members[i].Type).(*btf.Array); ok && a.Nelems == 0 {
		m.kept[t][len(members)-1] = true
	}
}

func (m *minimiser) enumerator(t btf.Type, name string) {
	enum, ok := btf.UnderlyingType(t).(*btf.Enum)
	if !ok {
		return
	}
	for _, v := range enum.Values {
		if corerelo.Essential(v.Name) == name {
			m.value(enum, v.Name)
		}
	}
}

func (m *minimiser) value(enum *btf.Enum, name string) {
	if m.values[enum] == nil {
		m.values[enum] = make(map[string]bool)
	}
	m.values[enum][name] = true
}

// keepWhole keeps what a comparison of types looks at (CheckTypeCompatibility):
// all but the members of structs.
func (m *minimiser) keepWhole(t btf.Type) {
	t = btf.UnderlyingType(t)
	if m.whole[t] {
		return
	}
	m.whole[t] = true
	switch v := t.(type) {
	case *btf.Pointer:
		m.keepWhole(v.Target)
	case *btf.Array:
		m.keepWhole(v.Type)
	case *btf.FuncProto:
		m.keepWhole(v.Return)
		for _, p := range v.Params {
			m.keepWhole(p.Type)
		}
	}
}

// match keeps what matching a local type looks at (coreTypesMatch): members by
// name, and what they are, behind pointers too. All members of such a struct stay,
// because they are counted.
func (m *minimiser) match(local, target btf.Type, seen map[[2]btf.Type]bool) {
	local, target = btf.UnderlyingType(local), btf.UnderlyingType(target)
	if seen[[2]btf.Type{local, target}] {
		return
	}
	seen[[2]btf.Type{local, target}] = true
	m.whole[target] = true
	switch t := target.(type) {
	case *btf.Struct, *btf.Union:
		m.matchMembers(local, t, seen)
	case *btf.Enum:
		for _, v := range t.Values {
			m.value(t, v.Name)
		}
	case *btf.Pointer:
		if l, ok := local.(*btf.Pointer); ok {
			m.match(l.Target, t.Target, seen)
		}
	case *btf.Array:
		if l, ok := local.(*btf.Array); ok {
			m.match(l.Type, t.Type, seen)
		}
	case *btf.FuncProto:
		l, ok := local.(*btf.FuncProto)
		if !ok {
			return
		}
		m.match(l.Return, t.Return, seen)
		for i := range min(len(l.Params), len(t.Params)) {
			m.match(l.Params[i].Type, t.Params[i].Type, seen)
		}
	}
}

func (m *minimiser) matchMembers(local, target btf.Type, seen map[[2]btf.Type]bool) {
	for i, mem := range corerelo.Members(target) {
		m.keep(target, i)
		for _, l := range corerelo.Members(local) {
			if l.Name == mem.Name {
				m.match(l.Type, mem.Type, seen)
			}
		}
	}
}

// shrink copies a type with what is kept of it. Typedefs and qualifiers stay only
// where a relocation finds them by name: nothing else looks at them.
func (m *minimiser) shrink(t btf.Type) btf.Type {
	if !m.isRoot[t] {
		t = btf.UnderlyingType(t)
	}
	if small, ok := m.small[t]; ok {
		return small
	}
	switch v := t.(type) {
	case *btf.Struct:
		s := &btf.Struct{Name: v.Name, Size: v.Size}
		m.small[t] = s
		s.Members = m.members(t)
		return s
	case *btf.Union:
		u := &btf.Union{Name: v.Name, Size: v.Size}
		m.small[t] = u
		u.Members = m.members(t)
		return u
	case *btf.Enum:
		e := &btf.Enum{Name: v.Name, Size: v.Size, Signed: v.Signed}
		m.small[t] = e
		for _, value := range v.Values {
			if m.values[v][value.Name] {
				e.Values = append(e.Values, value)
			}
		}
		return e
	case *btf.Pointer:
		p := &btf.Pointer{Target: &btf.Void{}}
		m.small[t] = p
		if m.whole[t] {
			p.Target = m.shrink(v.Target)
		}
		return p
	case *btf.Array:
		a := &btf.Array{Nelems: v.Nelems}
		m.small[t] = a
		a.Index, a.Type = m.shrink(v.Index), m.shrink(v.Type)
		return a
	case *btf.Typedef:
		d := &btf.Typedef{Name: v.Name}
		m.small[t] = d
		d.Type = m.shrink(v.Type)
		return d
	case *btf.FuncProto:
		return m.function(v)
	case *btf.Func:
		f := &btf.Func{Name: v.Name, Linkage: v.Linkage}
		m.small[t] = f
		f.Type = m.shrink(v.Type)
		return f
	case *btf.Var:
		return &btf.Var{Name: v.Name, Linkage: v.Linkage, Type: m.shrink(v.Type)}
	}
	return t // integers, floats, forward declarations, void
}

func (m *minimiser) function(v *btf.FuncProto) btf.Type {
	f := &btf.FuncProto{Return: &btf.Void{}}
	m.small[v] = f
	if !m.whole[v] {
		return f
	}
	f.Return = m.shrink(v.Return)
	for _, p := range v.Params {
		f.Params = append(f.Params, btf.FuncParam{Name: p.Name, Type: m.shrink(p.Type)})
	}
	return f
}

func (m *minimiser) members(t btf.Type) (members []btf.Member) {
	for i, mem := range corerelo.Members(t) {
		if m.kept[t][i] {
			mem.Type, mem.Tags = m.shrink(mem.Type), nil
			members = append(members, mem)
		}
	}
	return members
}

func sortedNames(programs map[string]*ebpf.ProgramSpec) []string {
	return slices.Sorted(maps.Keys(programs))
}
