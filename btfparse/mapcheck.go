package btfparse

// This file says of each map why no kernel creates it, by the rules of
// kernelmaps.go and what the library adds to them.

import (
	"fmt"

	"github.com/bpfgen/bpfgen/internal/words"
)

// The kinds of what is wrong with a map.
var (
	wrongEntries = &Kind{What: "%d maps are created by no kernel, because their max_entries is 0", Remedy: "give it in C, or set MaxEntries of the spec in Go before Load"}
	wrongSize    = &Kind{What: "%d maps are created by no kernel, because of the size of key or value", Remedy: "give them the size in C, or set it in the spec in Go before Load"}
	wrongFlags   = &Kind{What: "%d maps are created by no kernel, because of their map_flags", Remedy: "change map_flags"}
	wrongMap     = &Kind{What: "%d maps are created by no kernel", Remedy: "change the definitions"}
)

// checkMaps warns of maps that no kernel creates, or not with what C puts into
// them.
func (p *parser) checkMaps() {
	maps := make(map[string]*Map, len(p.obj.Maps))
	for _, m := range p.obj.Maps {
		maps[m.Name] = m
	}
	programs := make(map[string]*Program, len(p.obj.Programs))
	for _, prog := range p.obj.Programs {
		programs[prog.Name] = prog
	}
	for _, m := range p.obj.Maps {
		p.obj.Warnings = append(p.obj.Warnings, mapProblems(m)...)
		p.obj.Warnings = append(p.obj.Warnings, slotProblems(m, maps, programs)...)
	}
}

// mapProblems says why no kernel creates the map, nil where one might.
func mapProblems(m *Map) []Diagnostic {
	rule, ok := mapRules[m.Type]
	c := mapCheck{Map: m, rule: rule}
	if m.Type == MapUnspec {
		c.add(wrongMap, "nothing says of what type it is", "add __uint(type, BPF_MAP_TYPE_…)")
	}
	if _, made := structOpsSections[m.Section]; m.Type == MapStructOps && !made {
		c.add(wrongMap, fmt.Sprintf("a map of type STRUCT_OPS has the type of a struct of the kernel, which no definition in %s can name", m.Section),
			fmt.Sprintf("define a variable: SEC(\".struct_ops.link\") struct … %s = { … }", m.Name))
		return c.found
	}
	if !ok {
		return c.found
	}
	c.entries()
	c.sizes()
	c.flags()
	if m.MapExtra != 0 && !rule.extra {
		c.add(wrongMap, fmt.Sprintf("a map of type %s has no map_extra", m.Type), "remove it")
	}
	if m.Type == MapArena && m.MapExtra%4096 != 0 {
		c.add(wrongMap, fmt.Sprintf("map_extra, the address, is %#x, and not that of a page", m.MapExtra), "give the address of a page, or none")
	}
	c.pinning()
	c.inner()
	if m.Type == MapBloomFilter && m.MapExtra > 15 {
		c.add(wrongMap, fmt.Sprintf("map_extra, the number of hash functions, is %d, and 15 at most", m.MapExtra), "give a smaller one")
	}
	return c.found
}

// mapCheck collects what is wrong with one map.
type mapCheck struct {
	*Map
	rule  mapRule
	found []Diagnostic
}

func (c *mapCheck) add(kind *Kind, what, remedy string) {
	c.found = append(c.found, Diagnostic{
		Path: c.Path(), Kind: kind, Item: c.Name + " (" + what + ")", Fails: true,
		What: "no kernel creates the map: " + what, Remedy: remedy,
	})
}

func (c *mapCheck) entries() {
	switch {
	case c.rule.entries == entriesSome && c.MaxEntries == 0:
		c.add(wrongEntries, "max_entries is 0", wrongEntries.Remedy)
	case c.rule.entries == entriesNone && c.MaxEntries != 0:
		c.add(wrongMap, fmt.Sprintf("max_entries is %d, and must be 0 for type %s", c.MaxEntries, c.Type), "remove max_entries")
	}
}

func (c *mapCheck) sizes() {
	for _, s := range []struct {
		name   string
		size   uint32
		typ    Type
		wanted sizes
	}{{"key", c.KeySize, c.Key, c.rule.key}, {"value", c.ValueSize, c.Value, c.rule.value}} {
		if s.wanted.allow(s.size) {
			continue
		}
		what := fmt.Sprintf("the %s has %s, and a map of type %s wants %s", s.name, words.Bytes(s.size), c.Type, s.wanted.wanted(s.size))
		remedy := fmt.Sprintf("change it in C, or set %sSize of the spec in Go before Load", map[string]string{"key": "Key", "value": "Value"}[s.name])
		if s.wanted.allow(0) {
			remedy = "remove the " + s.name
		}
		c.add(wrongSize, what, remedy)
	}
	if c.rule.typed && (c.Key == nil || c.Value == nil) {
		c.add(wrongMap, fmt.Sprintf("a map of type %s wants the types of key and value, not only their sizes", c.Type), "use __type(key, int) and __type(value, …)")
	}
}

func (c *mapCheck) flags() {
	allowed := c.rule.flags
	if c.Flags&flagNoCommonLRU != 0 {
		allowed &^= flagNUMANode // the lists of the CPUs are on their nodes
	}
	known := uint32(1)<<len(mapFlagNames) - 1
	if wrong := c.Flags & known &^ allowed; wrong != 0 {
		c.add(wrongFlags, fmt.Sprintf("a map of type %s has no %s", c.Type, flagNames(wrong)), "remove it from map_flags")
	}
	if missing := c.rule.must &^ c.Flags; missing != 0 {
		c.add(wrongFlags, fmt.Sprintf("a map of type %s wants %s", c.Type, flagNames(missing)), "add it to map_flags")
	}
	if c.Flags&flagStackBuildID != 0 && c.ValueSize%32 != 0 {
		c.add(wrongSize, fmt.Sprintf("the value has %s, and with BPF_F_STACK_BUILD_ID it is made of structs of 32", words.Bytes(c.ValueSize)),
			"use __type(value, struct bpf_stack_build_id[…])")
	}
	for _, both := range []uint32{flagsOfUser, flagsOfProg} {
		if c.Flags&both == both && allowed&both == both {
			c.add(wrongFlags, flagNames(both)+" exclude each other", "remove one from map_flags")
		}
	}
}

// pinning: newMapWithOptions of map.go in cilium/ebpf v0.22, and
// parse_btf_map_def of libbpf.
func (c *mapCheck) pinning() {
	if c.Pinning > 1 {
		c.found = append(c.found, Diagnostic{
			Path: c.Path(), Fails: true, What: fmt.Sprintf("pinning is %d, which neither libbpf nor cilium/ebpf knows", c.Pinning),
			Remedy: "use LIBBPF_PIN_BY_NAME, or pin the map in Go",
		})
	}
}

// inner: bpf_map_meta_alloc of kernel/bpf/map_in_map.c. The definition of the
// maps inside is itself created, as a model.
func (c *mapCheck) inner() {
	if c.Type != MapArrayOfMaps && c.Type != MapHashOfMaps {
		return
	}
	if c.Inner == nil {
		c.add(wrongMap, "nothing says what the maps inside are", "add __array(values, struct { … }), or set InnerMap of the spec in Go before Load")
		return
	}
	c.found = append(c.found, mapProblems(c.Inner)...)
	if rule, ok := mapRules[c.Inner.Type]; ok && rule.noInner {
		c.add(wrongMap, fmt.Sprintf("a map of type %s cannot be inside another", c.Inner.Type), "put maps of another type inside")
	}
}

// wrongSlot is about what C puts into a map.
var wrongSlot = &Kind{What: "%d slots cannot be filled with what C puts into them", Remedy: "change the definitions"}

// slotProblems says which of the slots that C fills cannot be filled.
func slotProblems(m *Map, maps map[string]*Map, programs map[string]*Program) []Diagnostic {
	var found []Diagnostic
	for _, slot := range m.Contents {
		what := ""
		switch m.Type {
		case MapArrayOfMaps, MapHashOfMaps:
			what = m.cannotHold(slot, maps[slot.Name])
		case MapProgArray:
			if programs[slot.Name] == nil {
				what = fmt.Sprintf("%s is no program of the object", slot.Name)
			}
		default:
			continue
		}
		if what == "" && m.MaxEntries > 0 && slot.Key >= m.MaxEntries && m.Type != MapHashOfMaps {
			what = fmt.Sprintf("max_entries is %d", m.MaxEntries)
		}
		if what == "" && m.Type == MapHashOfMaps && m.KeySize != 4 {
			what = fmt.Sprintf("keys have %s, and C numbers slots by 4", words.Bytes(m.KeySize))
		}
		if what != "" {
			at := m.Path().Join(fmt.Sprintf("slot %d", slot.Key))
			found = append(found, Diagnostic{
				Path: at, Fails: true, Kind: wrongSlot, Item: fmt.Sprintf("%s (%s)", at, what),
				What: "cannot be filled: " + what, Remedy: "change it in C, or fill the slot in Go",
			})
		}
	}
	return found
}

// cannotHold says why a map is none that the outer one takes: bpf_map_meta_equal
// of kernel/bpf/map_in_map.c, and the map_meta_equal of arrays and XSKMAP.
func (m *Map) cannotHold(slot MapSlot, inner *Map) string {
	want := m.Inner
	switch {
	case inner == nil:
		return slot.Name + " is no map of the object"
	case want == nil:
		return "" // said already
	case inner.Type != want.Type:
		return fmt.Sprintf("%s is of type %s, the maps inside are %s", slot.Name, inner.Type, want.Type)
	case inner.KeySize != want.KeySize:
		return fmt.Sprintf("the key of %s has %s, that of the maps inside %s", slot.Name, words.Bytes(inner.KeySize), words.Bytes(want.KeySize))
	case inner.ValueSize != want.ValueSize:
		return fmt.Sprintf("the value of %s has %s, that of the maps inside %s", slot.Name, words.Bytes(inner.ValueSize), words.Bytes(want.ValueSize))
	case inner.Flags != want.Flags:
		return fmt.Sprintf("%s has map_flags %#x, the maps inside %#x", slot.Name, inner.Flags, want.Flags)
	case inner.MaxEntries != want.MaxEntries && mapRules[want.Type].sameEntries && want.Flags&flagInnerMap == 0:
		return fmt.Sprintf("%s has max_entries %d, the maps inside %d", slot.Name, inner.MaxEntries, want.MaxEntries)
	}
	return ""
}
