package diff

// Maps that both sides have: whether one that the old object made, and that is
// pinned, can be the new object's.

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
)

// maps compares definitions, keys and values.
func (c *comparison) maps() error {
	for _, m := range c.old.object.Maps {
		if other := c.new.mapNamed(m.Name); other != nil {
			given := c.opts.MapTypes[m.Name]
			c.mapPair("map "+m.Name, c.old.typedMap(m, given), c.new.typedMap(other, given), c.programsUsing("map "+m.Name))
		}
	}
	return nil
}

func (i *Input) mapNamed(name string) *btfparse.Map {
	for _, m := range i.object.Maps {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// typedMap is a map with the types that the user gives where C has sizes alone.
// Package emit says what is wrong with them.
func (i *Input) typedMap(m *btfparse.Map, given emit.MapTypes) *btfparse.Map {
	typed := *m
	for _, side := range []struct {
		name string
		typ  *btfparse.Type
	}{{given.Key, &typed.Key}, {given.Value, &typed.Value}} {
		if found := i.object.Named(side.name); *side.typ == nil && side.name != "" && len(found) > 0 {
			*side.typ = found[0]
		}
	}
	return &typed
}

// mayBePinned says whether maps of that name may be pinned.
func (c *comparison) mayBePinned(m *btfparse.Map) bool {
	return m.Pinning != 0 || c.opts.Pinned == nil || c.opts.Pinned(m.Name)
}

// mapPair compares two maps of one name, or those inside of them.
func (c *comparison) mapPair(place string, old, new *btfparse.Map, users []string) {
	pins := c.mayBePinned(old)
	for _, p := range properties(old, new) {
		if p.old == p.new {
			continue
		}
		change := Change{Class: p.class, Place: place, What: p.what, Old: p.old, New: p.new, UsedBy: users}
		if pins && p.class == PinnedMap {
			change.breaks(Pins, p.why)
		}
		c.add(change)
	}
	c.operations(place, old, new)
	c.mapTypes(place, old, new, users, pins)
	if old.Inner != nil && new.Inner != nil {
		c.mapPair(place+" > inner map", old.Inner, new.Inner, users)
	}
}

// mapTypes compares keys and values. Records are compared elsewhere.
func (c *comparison) mapTypes(place string, old, new *btfparse.Map, users []string, pins bool) {
	if old.Type == btfparse.MapStructOps || old.Type.CarriesEvents() && new.Type.CarriesEvents() {
		return
	}
	class := func(same bool) Class {
		if same {
			return Layout
		}
		return PinnedMap
	}
	for _, part := range []struct {
		name     string
		old, new btfparse.Type
	}{{"key", old.Key, new.Key}, {"value", old.Value, new.Value}} {
		if part.old == nil || part.new == nil {
			if part.old != part.new && old.KeySize == new.KeySize && old.ValueSize == new.ValueSize {
				c.unknown(place+" > "+part.name, "only one side has its type")
			}
			continue
		}
		c.compareRoot(root{
			place: place + " > " + part.name, user: part.name + " of " + place, old: part.old, new: part.new,
			class: class, pins: pins, users: users,
		})
	}
}

// property is one line of a map's definition.
type property struct {
	what, old, new string
	class          Class
	why            string
}

const refused = "they have another definition, and loading the new object with them is refused"

// properties are all that a definition says. What libbpf and cilium/ebpf compare
// before they take a pinned map (bpf_map__is_reuse_compat, MapSpec.Compatible)
// is PinnedMap.
func properties(old, new *btfparse.Map) []property {
	number := func(what string, old, new uint64, class Class) property {
		return property{what, fmt.Sprint(old), fmt.Sprint(new), class, refused}
	}
	all := []property{
		{"type", old.Type.String(), new.Type.String(), PinnedMap, refused},
		number("key size", uint64(old.KeySize), uint64(new.KeySize), PinnedMap),
		number("value size", uint64(old.ValueSize), uint64(new.ValueSize), PinnedMap),
		number("max_entries", uint64(old.MaxEntries), uint64(new.MaxEntries), PinnedMap),
		{"flags", fmt.Sprintf("%#x", old.Flags), fmt.Sprintf("%#x", new.Flags), PinnedMap, refused},
		number("map_extra", old.MapExtra, new.MapExtra, PinnedMap),
		number("numa_node", uint64(old.NumaNode), uint64(new.NumaNode), Code),
		{"maps inside", inner(old), inner(new), PinnedMap, "they hold other maps"},
		{"initial contents", slots(old), slots(new), Code, ""},
	}
	pinning := property{"pinning", pinningName(old), pinningName(new), PinnedMap, "they are not found again: the new object does not look for them"}
	if old.Pinning == 0 {
		pinning.class = Code // what was not pinned is not lost
	}
	return append(all, pinning)
}

func pinningName(m *btfparse.Map) string {
	if m.Pinning == 0 {
		return "LIBBPF_PIN_NONE"
	}
	return "LIBBPF_PIN_BY_NAME"
}

func inner(m *btfparse.Map) string {
	if m.Inner == nil {
		return ""
	}
	return m.Inner.Type.String()
}

func slots(m *btfparse.Map) string {
	text := ""
	for i, s := range m.Contents {
		if i > 0 {
			text += ", "
		}
		text += slotName(m, s.Key) + ": " + s.Name
	}
	return text
}

// slotName is the number of a slot, and the member of a struct of operations.
func slotName(m *btfparse.Map, key uint32) string {
	if ops, ok := m.Value.(*btfparse.Struct); ok && m.Type == btfparse.MapStructOps {
		for _, f := range ops.Fields {
			if f.OffsetBits == key*8 {
				return f.Name
			}
		}
	}
	return fmt.Sprint(key)
}

// operations compares the members of a struct of operations that are no programs.
// The kernel finds members by name, wherever the struct of C has them.
func (c *comparison) operations(place string, old, new *btfparse.Map) {
	if old.Type != btfparse.MapStructOps || new.Type != btfparse.MapStructOps || c.old.spec == nil || c.new.spec == nil {
		return
	}
	was, is := c.old.operands(old), c.new.operands(new)
	set := maps.Clone(was)
	maps.Copy(set, is)
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if was[name] != is[name] {
			c.add(Change{Class: Code, Place: place + " > field " + name, What: "initial value", Old: was[name], New: is[name]})
		}
	}
}

// operands are the values of the members of a struct of operations that are set.
func (i *Input) operands(m *btfparse.Map) map[string]string {
	all := make(map[string]string)
	ops, ok := m.Value.(*btfparse.Struct)
	if !ok {
		return all
	}
	content := i.section(m.Name)
	for _, f := range ops.Fields {
		start, end := f.OffsetBits/8, (f.OffsetBits+f.SizeBits+7)/8
		if _, isPointer := f.Type.(*btfparse.Pointer); isPointer || end > uint32(len(content)) {
			continue
		}
		if b := content[start:end]; len(bytes.Trim(b, "\x00")) > 0 {
			all[f.Name] = value(f.Type, b)
		}
	}
	return all
}
