package btfparse

// This file reads map definitions: the BTF-defined ones of section .maps, the
// older struct bpf_map_def of section maps, and the variables of the
// struct_ops sections, each of which is a map too.
//
// A BTF map definition is a variable whose struct is never filled: the numbers
// hide in types. __uint(type, 1) is a member "int (*type)[1]", __ulong an enum
// of one value, __type(key, T) a member "T *key", and __array(values, T) a
// member "T *values[]" whose slots are filled by relocations (bpf_helpers.h and
// parse_btf_map_def in src/libbpf.c).

import (
	"debug/elf"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// mapSectionKind says how a section defines maps.
type mapSectionKind int

const (
	mapsBTF mapSectionKind = iota + 1
	mapsLegacy
	mapsStructOps
)

// structOpsSections by name, with the flags of their maps.
var structOpsSections = map[string]uint32{
	".struct_ops.link":  flagLink,
	"?.struct_ops.link": flagLink,
	".struct_ops":       0,
	"?.struct_ops":      0,
}

// mapSection is the kind of map definitions in a section.
func mapSection(name string) (mapSectionKind, bool) {
	_, structOps := structOpsSections[name]
	switch {
	case name == ".maps":
		return mapsBTF, true
	case strings.HasPrefix(name, "maps"):
		return mapsLegacy, true
	case structOps:
		return mapsStructOps, true
	}
	return 0, false
}

// eachSection calls f for every non-empty section of one kind.
func (p *parser) eachSection(kind mapSectionKind, f func(*mapSource) error) error {
	for i, sec := range p.elf.Sections {
		if k, _ := mapSection(sec.Name); k != kind || sec.Type != elf.SHT_PROGBITS || sec.Size == 0 {
			continue
		}
		src := &mapSource{parser: p, index: elf.SectionIndex(i), section: sec.Name}
		var err error
		if src.data, err = p.elf.data(sec); err != nil {
			return err
		}
		if src.relocations, err = p.elf.relocations(src.index); err != nil {
			return err
		}
		if err := f(src); err != nil {
			return err
		}
	}
	return nil
}

// mapSource is one section with map definitions.
type mapSource struct {
	*parser
	index       elf.SectionIndex
	section     string
	data        []byte
	relocations []relocation
	// read counts the bytes of the definitions seen so far.
	read uint64
}

// relocationsFrom are those at an offset and behind it.
func (s *mapSource) relocationsFrom(offset uint64) []relocation {
	first, _ := slices.BinarySearchFunc(s.relocations, offset, func(r relocation, at uint64) int { return compareUint(r.offset, at) })
	return s.relocations[first:]
}

// btfMaps reads section .maps.
func (p *parser) btfMaps() error {
	return p.eachSection(mapsBTF, func(s *mapSource) error {
		if p.spec == nil {
			return errors.New("section .maps needs BTF; compile with clang -g -O2 -target bpf")
		}
		for _, info := range p.datasecs[s.section] {
			v, ok := info.Type.(*btf.Var)
			if !ok {
				return fmt.Errorf("malformed BTF: section .maps holds %s", describe(info.Type))
			}
			if v.Linkage == btf.ExternVar {
				continue // see declaredMap
			}
			m, err := s.btfMap(v)
			if err != nil {
				return fmt.Errorf("map %s: %w", v.Name, err)
			}
			p.obj.Maps = append(p.obj.Maps, m)
		}
		return nil
	})
}

// variable is the symbol and the initial value of a variable of the section.
func (s *mapSource) variable(name string) (elf.Symbol, []byte, error) {
	sym, ok := s.elf.symbolNamed(s.index, name)
	if !ok || !isVariable(sym) {
		return sym, nil, fmt.Errorf("section %s has no symbol for it", s.section)
	}
	data, err := s.bytes(sym)
	return sym, data, err
}

// bytes is the initial value of a definition. Definitions do not overlap, so
// there is no more of them than the section is long.
func (s *mapSource) bytes(sym elf.Symbol) ([]byte, error) {
	if s.read += sym.Size; s.read > uint64(len(s.data)) {
		return nil, fmt.Errorf("symbol %s overlaps others of section %s, or reaches behind its end", sym.Name, s.section)
	}
	return symbolBytes(s.data, sym)
}

// btfMap reads one variable of .maps.
func (s *mapSource) btfMap(v *btf.Var) (*Map, error) {
	def, ok := underlying(v.Type).(*btf.Struct)
	if !ok {
		return nil, fmt.Errorf("the definition is %s, not a struct", s.conv.spell(v.Type).with(""))
	}
	sym, data, err := s.variable(v.Name)
	if err != nil {
		return nil, err
	}
	if at := s.initialised(sym, data); at >= 0 {
		return nil, fmt.Errorf("the definition is initialised (byte %d is not zero), but definitions in .maps hold only types; remove the initialiser", at)
	}
	d := mapDef{mapSource: s, m: &Map{Name: v.Name, Section: s.section, Tags: v.Tags}, symbol: sym}
	s.warnBinding(d.m, sym)
	return d.m, d.read(def)
}

// warnBinding: relocateInstruction of elf_reader.go accepts global maps only.
func (s *mapSource) warnBinding(m *Map, sym elf.Symbol) {
	if !s.refs.used[place{sym.Section, sym.Value}] {
		return
	}
	switch elf.ST_BIND(sym.Info) {
	case elf.STB_LOCAL:
		s.refused(m.Path(), "code that uses a static map", "remove static")
	case elf.STB_WEAK:
		if strings.HasPrefix(m.Name, "__bpf_usdt_") { // libbpf's usdt.bpf.h
			s.refused(m.Path(), "code that uses a weak map", "define __weak, __hidden, __kconfig and LINUX_HAS_BPF_COOKIE around the include of usdt.bpf.h as go.generate.md says of static probes")
			return
		}
		s.refused(m.Path(), "code that uses a weak map", "remove __weak; if the map is in several files that are linked, define it in one and declare it extern in the others")
	default:
	}
}

// initialised is the first byte that is neither zero nor part of a pointer
// that a relocation fills, -1 where there is none.
func (s *mapSource) initialised(sym elf.Symbol, data []byte) int {
	for i, b := range data {
		if b == 0 {
			continue
		}
		slot := sym.Value + uint64(i) - uint64(i)%pointerSize
		if rels := s.relocationsFrom(slot); len(rels) == 0 || rels[0].offset != slot {
			return i
		}
	}
	return -1
}

const pointerSize = 8

// mapDef is the definition being read: a variable of .maps, or the struct that
// an outer map's "values" name.
type mapDef struct {
	*mapSource
	m      *Map
	symbol elf.Symbol
	inner  bool
	// sized counts definitions of key (0) and value (1).
	sized [2]int
}

// mapMembers says how to read each member of a definition.
var mapMembers = map[string]func(*mapDef, btf.Member) error{
	"type":        number(func(m *Map, n uint64) { m.Type = MapType(n) }),
	"max_entries": number(func(m *Map, n uint64) { m.MaxEntries = uint32(n) }),
	"map_flags":   number(func(m *Map, n uint64) { m.Flags = uint32(n) }),
	"numa_node":   number(func(m *Map, n uint64) { m.NumaNode = uint32(n) }),
	"pinning":     number(func(m *Map, n uint64) { m.Pinning = uint32(n) }),
	"map_extra":   number(func(m *Map, n uint64) { m.MapExtra = n }),
	"key_size":    number(func(m *Map, n uint64) { m.KeySize = uint32(n) }),
	"value_size":  number(func(m *Map, n uint64) { m.ValueSize = uint32(n) }),
	"key":         func(d *mapDef, member btf.Member) error { return d.typed(member, &d.m.Key, &d.m.KeySize) },
	"value":       func(d *mapDef, member btf.Member) error { return d.typed(member, &d.m.Value, &d.m.ValueSize) },
}

// read goes through the members. The members "values" come last, because they
// depend on the type.
func (d *mapDef) read(def *btf.Struct) error {
	const behindName = "put it behind the name of the map"
	d.obj.Warnings = append(d.obj.Warnings, strayTags(d.m.Path(), behindName, def.Tags)...)
	for _, member := range def.Members {
		d.obj.Warnings = append(d.obj.Warnings, strayTags(d.m.Path().Join("member "+member.Name), behindName, member.Tags)...)
		read := mapMembers[member.Name]
		if read == nil {
			if member.Name != "values" {
				d.complain("unknown member "+member.Name, "remove it")
			}
			continue
		}
		if err := read(d, member); err != nil {
			return fmt.Errorf("member %s: %w", member.Name, err)
		}
		d.count(member.Name)
	}
	for i, member := range def.Members {
		if member.Name != "values" {
			continue
		}
		if i < len(def.Members)-1 {
			d.complain("values before other members", "move __array(values, …) to the end")
		}
		if n := d.m.ValueSize; n != 0 && n != 4 {
			d.complain(fmt.Sprintf("values in a map whose value_size is %d", n), "remove value_size")
		}
		if err := d.values(member); err != nil {
			return fmt.Errorf("member values: %w", err)
		}
	}
	// The library ignores the value type of these (canHaveValueSize in
	// types.go of v0.22.0): it says what the records are, not what the map is.
	if d.m.Value != nil && slices.Contains([]MapType{MapRingBuf, MapArena, MapPerfEventArray}, d.m.Type) {
		d.m.ValueSize = 0
	}
	return nil
}

// count notices what cilium/ebpf's loader refuses (mapSpecFromBTF in
// elf_reader.go of v0.22.0).
func (d *mapDef) count(member string) {
	for i, name := range []string{"key", "value"} {
		if member == name || member == name+"_size" {
			d.sized[i]++
		}
		if d.sized[i] == 2 {
			d.sized[i]++
			d.complain("both "+name+" and "+name+"_size", "give one of them")
		}
	}
	switch {
	case member == "numa_node":
		d.complain("the member numa_node", "remove it, and set NumaNode of the spec in Go before Load")
	case member == "pinning" && d.inner:
		d.complain("pinning of an inner map", "remove it")
	}
}

func (d *mapDef) complain(what, remedy string) {
	d.refused(d.m.Path(), what, remedy)
}

// number makes a reader of __uint and __ulong members.
func number(set func(*Map, uint64)) func(*mapDef, btf.Member) error {
	return func(d *mapDef, member btf.Member) error {
		n, err := macroNumber(member.Type)
		if err == nil {
			set(d.m, n)
		}
		return err
	}
}

// macroNumber is the number in __uint(name, n), "int (*name)[n]", and in
// __ulong(name, n), an enum whose first value is n.
func macroNumber(t btf.Type) (uint64, error) {
	switch t := underlying(t).(type) {
	case *btf.Pointer:
		if array, ok := underlying(t.Target).(*btf.Array); ok {
			return uint64(array.Nelems), nil
		}
	case *btf.Enum:
		if len(t.Values) > 0 {
			return t.Values[0].Value, nil
		}
	}
	return 0, errors.New("is not a number; use __uint or __ulong of bpf_helpers.h")
}

// typed reads __type(key, T) and __type(value, T). Of a T without size nothing
// is known, like of a map without BTF.
func (d *mapDef) typed(member btf.Member, into *Type, size *uint32) error {
	ptr, ok := underlying(member.Type).(*btf.Pointer)
	if !ok {
		return errors.New("is not a type; use __type of bpf_helpers.h")
	}
	d.mapTypes = append(d.mapTypes, btfPlace{ptr.Target, d.m.Path().Join(member.Name)})
	t, err := d.conv.convert(ptr.Target)
	if err != nil {
		return err
	}
	if o, ok := Underlying(t).(*Opaque); ok {
		d.warnUnsized(member.Name, o)
		return nil
	}
	*into, *size = t, t.Size()
	return nil
}

// warnUnsized says that a key or value has no size. The library lets void pass,
// the kernel does not.
func (d *mapDef) warnUnsized(member string, t *Opaque) {
	if t.Why == whyVoid {
		d.warn(d.m.Path().Join(member), "is void in BTF, which has no size, so the map cannot be created", t.InC())
		return
	}
	d.complain(fmt.Sprintf("a %s of %s, which has no size (%s)", member, t.Spelling, t.Why), d.definition(t))
}

// values reads __array(values, T): T is the definition of the inner maps, or a
// function type in a map of programs.
func (d *mapDef) values(member btf.Member) error {
	array, ok := underlying(member.Type).(*btf.Array)
	if !ok {
		return errors.New("is not an array; use __array of bpf_helpers.h")
	}
	ptr, ok := underlying(array.Type).(*btf.Pointer)
	if !ok {
		return errors.New("is not an array of pointers; use __array of bpf_helpers.h")
	}
	d.m.ValueSize = 4 // a file descriptor
	d.checkValues(ptr.Target)
	if def, ok := underlying(ptr.Target).(*btf.Struct); ok {
		if d.inner {
			return errors.New("inner maps have no inner maps")
		}
		inner := mapDef{mapSource: d.mapSource, m: &Map{Name: d.m.Name + "_inner", Section: d.section}, symbol: d.symbol, inner: true}
		d.m.Inner = inner.m
		if err := inner.read(def); err != nil {
			return fmt.Errorf("inner map: %w", err)
		}
	}
	if d.inner {
		return nil
	}
	start := d.symbol.Value + uint64(member.Offset.Bytes())
	slots, err := d.slots(start, d.symbol.Value+d.symbol.Size)
	for _, slot := range slots {
		slot.Key /= pointerSize
		d.m.Contents = append(d.m.Contents, slot)
	}
	return err
}

// checkValues: values are maps in a map of maps, programs in a map of programs.
func (d *mapDef) checkValues(of btf.Type) {
	isMap := d.m.Type == MapArrayOfMaps || d.m.Type == MapHashOfMaps
	switch underlying(of).(type) {
	case *btf.Struct:
		if !isMap {
			d.complain(fmt.Sprintf("maps in a map of type %s", d.m.Type), "use BPF_MAP_TYPE_ARRAY_OF_MAPS or HASH_OF_MAPS")
		}
	case *btf.FuncProto:
		if d.m.Type != MapProgArray {
			d.complain(fmt.Sprintf("programs in a map of type %s", d.m.Type), "use BPF_MAP_TYPE_PROG_ARRAY")
		}
	default:
		d.complain(fmt.Sprintf("values of type %s", d.conv.spell(of).with("")), "use __array(values, …) of a map definition or of a function type")
	}
}

// slots are the pointers that relocations put between two offsets of the
// section, by their distance from the first in bytes.
func (s *mapSource) slots(start, end uint64) ([]MapSlot, error) {
	var slots []MapSlot
	for _, r := range s.relocationsFrom(start) {
		if r.offset >= end || r.offset-start > math.MaxUint32 {
			break
		}
		name, err := s.target(r)
		if err != nil {
			return nil, err
		}
		slots = append(slots, MapSlot{Key: uint32(r.offset - start), Name: name})
	}
	return slots, nil
}

// target is the name of what a relocation points to. Of static symbols the
// relocation names only the section; the offset in it stands in the data.
func (s *mapSource) target(r relocation) (string, error) {
	sym := r.symbol
	if sym.Name != "" && elf.ST_TYPE(sym.Info) != elf.STT_SECTION {
		return sym.Name, nil
	}
	if r.offset > uint64(len(s.data)) || r.offset+pointerSize > uint64(len(s.data)) {
		return "", fmt.Errorf("relocation behind the end of section %s", s.section)
	}
	addend := s.elf.ByteOrder.Uint64(s.data[r.offset:])
	for _, typ := range []elf.SymType{elf.STT_OBJECT, elf.STT_FUNC} {
		if to, ok := s.elf.symbolAt(sym.Section, addend, typ); ok {
			return to.Name, nil
		}
	}
	return "", fmt.Errorf("relocation to byte %d of section %d, where no symbol is", addend, sym.Section)
}

// legacyMaps reads the sections that start with "maps": struct bpf_map_def of
// libbpf before 1.0, five 32-bit numbers (type, key_size, value_size,
// max_entries, map_flags), which iproute2 and others extended at the end.
func (p *parser) legacyMaps() error {
	return p.eachSection(mapsLegacy, func(s *mapSource) error {
		for _, sym := range s.elf.inSection[s.index] {
			if !isVariable(sym) {
				continue
			}
			m, err := s.legacyMap(sym)
			if err != nil {
				return fmt.Errorf("map %s: %w", sym.Name, err)
			}
			p.obj.Maps = append(p.obj.Maps, m)
		}
		return nil
	})
}

const legacyMapSize = 20

func (s *mapSource) legacyMap(sym elf.Symbol) (*Map, error) {
	if sym.Size == 0 {
		return nil, fmt.Errorf("its symbol in section %s has no size, as an old clang writes it, so that no loader knows how long the definition is; compile with a newer clang", s.section)
	}
	data, err := s.bytes(sym)
	if err != nil {
		return nil, err
	}
	if len(data) < legacyMapSize {
		return nil, fmt.Errorf("the definition has %d bytes, struct bpf_map_def has %d", len(data), legacyMapSize)
	}
	field := func(i int) uint32 { return s.elf.ByteOrder.Uint32(data[4*i:]) }
	m := &Map{
		Name: sym.Name, Section: s.section, Legacy: true,
		Type: MapType(field(0)), KeySize: field(1), ValueSize: field(2), MaxEntries: field(3), Flags: field(4),
	}
	s.warnBinding(m, sym)
	for _, b := range data[legacyMapSize:] {
		if b != 0 {
			s.fails(m.Path(), fmt.Sprintf("%d bytes follow struct bpf_map_def, and cilium/ebpf v0.22 creates no map before MapSpec.Extra has been read", len(data)-legacyMapSize),
				"read MapSpec.Extra before Load, or define the map in .maps")
			break
		}
	}
	for _, info := range s.datasecs[s.section] {
		if v, ok := info.Type.(*btf.Var); ok && v.Name == sym.Name {
			m.Tags = v.Tags
		}
	}
	return m, nil
}

// structOps reads the struct_ops sections: every variable is a map of one
// value, the struct itself, whose members point to programs.
func (p *parser) structOps() error {
	return p.eachSection(mapsStructOps, func(s *mapSource) error {
		if p.spec == nil {
			return fmt.Errorf("section %s needs BTF; compile with clang -g -O2 -target bpf", s.section)
		}
		for _, info := range p.datasecs[s.section] {
			v, ok := info.Type.(*btf.Var)
			if !ok {
				return fmt.Errorf("malformed BTF: section %s holds %s", s.section, describe(info.Type))
			}
			m, err := s.structOpsMap(v)
			if err != nil {
				return fmt.Errorf("map %s: %w", v.Name, err)
			}
			p.obj.Maps = append(p.obj.Maps, m)
		}
		return nil
	})
}

// warnStructOps: LoadCollectionSpecFromReader of elf_reader.go knows one of
// the four sections, refuses one, and overlooks those with "?".
func (s *mapSource) warnStructOps(m *Map) {
	const remedy = `use SEC(".struct_ops.link")`
	switch {
	case s.section == ".struct_ops":
		s.refused(m.Path(), "a section .struct_ops", remedy)
	case strings.HasPrefix(s.section, "?"):
		s.warn(m.Path(), fmt.Sprintf("cilium/ebpf v0.22 does not know section %s, so the map is missing", s.section), remedy)
	}
}

func (s *mapSource) structOpsMap(v *btf.Var) (*Map, error) {
	t, err := s.conv.convert(v.Type)
	if err != nil {
		return nil, err
	}
	if _, ok := t.(*Struct); !ok {
		return nil, fmt.Errorf("is %s, not a struct", t.CName())
	}
	sym, _, err := s.variable(v.Name)
	if err != nil {
		return nil, err
	}
	m := &Map{
		Name: v.Name, Section: s.section, Type: MapStructOps, Flags: structOpsSections[s.section],
		KeySize: 4, ValueSize: t.Size(), Value: t, MaxEntries: 1, Tags: v.Tags,
	}
	s.warnStructOps(m)
	m.Contents, err = s.slots(sym.Value, sym.Value+sym.Size)
	return m, err
}
