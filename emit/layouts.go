package emit

// The layouts that generated code carries: how C lays out everything that has a
// Go type, to be compared with the object that is opened and with maps that exist.

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/internal/layout"
)

// layoutTable has the layouts of the types of a target, by where they are used,
// and their names in Go.
func (b *builder) layoutTable(target int) *layout.Table {
	t := &layouts{builder: b, target: target, done: make(map[string]bool)}
	for _, m := range b.wanted.maps {
		if on := m.on[target]; on != nil {
			t.addMap(on, "map", m.name)
		}
	}
	for _, v := range b.wanted.variables {
		if on := v.on[target]; on == nil {
			continue
		} else if v.static {
			t.add(on.root, on.Tags, "static", on.Section, v.name, strconv.Itoa(v.index))
		} else {
			t.add(on.root, on.Tags, "variable", v.name)
		}
	}
	for _, r := range b.roots {
		if r.ByName && r.target == target {
			t.add(r, nil, "type", r.Type.CName())
		}
	}
	for _, th := range b.names.things {
		t.name(th)
	}
	return &t.Table
}

// layouts collects the layouts of one target.
type layouts struct {
	layout.Table
	*builder
	target int
	done   map[string]bool
}

// addMap adds the types of a map, at such places as package typed finds in an
// object.
func (t *layouts) addMap(m *mapOn, place ...string) {
	named := func(r *root, role string) {
		if r != nil && r.Type != nil {
			t.add(r, nil, slices.Concat(place, []string{role, r.Type.CName()})...)
		}
	}
	for _, a := range m.args {
		switch role := mapRoles[a.param]; {
		case a.param == paramInner:
			t.addMap(a.inner, slices.Concat(place, []string{"inner"})...)
		case m.named[a.param]:
			named(a.root, role)
		case role != "":
			t.add(a.root, nil, slices.Concat(place, []string{role})...)
		}
	}
	for _, r := range m.events {
		named(r, mapRoles[paramEvent])
	}
}

// mapRoles are what the places call the C types of a map.
var mapRoles = map[mapParam]string{paramKey: "key", paramValue: "value", paramEvent: "event"}

// add adds the layout of a type that Go has a type for. tags are those of the
// variable that has it.
func (t *layouts) add(r *root, tags []string, place ...string) {
	if r == nil || r.Type == nil || !t.hasGoType(r) {
		return
	}
	l, ok := t.layoutOf(r.Type, tags)
	key := fmt.Sprintf("%q %s", place, l.Hash())
	if ok && !t.done[key] {
		t.done[key] = true
		t.Add(l, place...)
	}
}

// name names the declarations of the target.
func (t *layouts) name(th *thing) {
	for _, v := range th.variants {
		if l, ok := t.layoutOf(v.typ, nil); ok && v.on[t.target] && !th.borrowed {
			t.Name(th.name, l)
		}
	}
}

// layoutOf is the layout of a type in C; ok is false where BTF has none.
func (w *wanted) layoutOf(t btfparse.Type, tags []string) (l layout.Layout, ok bool) {
	t = w.origin(t)
	for _, target := range w.targets {
		if l, ok := target.Object.Layout(t, tags...); ok {
			return l, true
		}
	}
	return layout.Layout{}, false
}

// hasGoType is false for structs and enums of which Go has only bytes.
func (b *builder) hasGoType(r *root) bool {
	switch btfparse.Innermost(r.Type).(type) {
	case *btfparse.Struct, *btfparse.Enum:
		return b.goType(r, 0).Name != "byte"
	default:
		return true
	}
}

// set is a number that changes with the layouts and with what of them the files
// of all targets have in their types.
func (b *builder) set(alone []*plan.Alone) uint32 {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	for _, a := range slices.CompactFunc(slices.Clone(alone), func(x, y *plan.Alone) bool { return x.Layouts == y.Layouts }) {
		fmt.Fprintln(sum, a.Layouts)
	}
	maps := func(list []*plan.Map) {
		for _, m := range list {
			fmt.Fprintln(sum, m.Name, m.Field, m.Alias, m.Type(b.plan.Runtime))
		}
	}
	maps(b.plan.MapTypes)
	for _, t := range b.plan.Targets {
		maps(t.MapTypes)
	}
	for _, v := range b.plan.Variables {
		fmt.Fprintln(sum, v.Name, v.Field, v.Type, strings.Join(v.Sections, " "), v.Index, v.Static)
	}
	return sum.Sum32()
}
