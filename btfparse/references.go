package btfparse

// This file is what the relocations of an object say of its variables: which of
// them code refers to, and which are initialised with addresses.
//
// clang leaves an address open where it stands, with a relocation that says
// what it is of. Loaders fill in those of instructions. Those in initialised
// data nobody fills in: libbpf and cilium/ebpf copy the section as it is, with
// 0 or an offset within another section in their place.

import (
	"debug/elf"
	"slices"
)

// references are places in data sections, by section and start of the variable.
type references struct {
	// used are the variables that instructions or other data refer to.
	used map[place]bool
	// sections are those with something that is referred to.
	sections map[elf.SectionIndex]bool
	// undefined are the symbols without a section that code refers to.
	undefined map[string]bool
	// unfilled are the offsets of addresses in the variable, sorted.
	unfilled map[place][]uint32
}

// place is the start of a symbol.
type place struct {
	section elf.SectionIndex
	offset  uint64
}

// findReferences reads the relocations of code and of data.
func (p *parser) findReferences() error {
	p.refs = references{used: make(map[place]bool), sections: make(map[elf.SectionIndex]bool), undefined: make(map[string]bool), unfilled: make(map[place][]uint32)}
	for i, sec := range p.elf.Sections {
		index := elf.SectionIndex(i)
		_, isData := dataKind(sec.Name)
		if sec.Type != elf.SHT_PROGBITS || sec.Flags&elf.SHF_ALLOC == 0 || len(p.elf.rels[index]) == 0 {
			continue
		}
		data, err := p.elf.data(sec)
		if err != nil {
			return err
		}
		rels, err := p.elf.relocations(index)
		if err != nil {
			return err
		}
		for _, rel := range rels {
			p.refer(rel, data, sec.Flags&elf.SHF_EXECINSTR != 0)
			if isData {
				p.leaveOpen(index, rel)
			}
		}
	}
	return nil
}

// refer notes what a relocation points to.
func (p *parser) refer(rel relocation, data []byte, code bool) {
	to := rel.symbol
	if to.Section == elf.SHN_UNDEF {
		p.refs.undefined[to.Name] = true
		return
	}
	p.refs.sections[to.Section] = true
	if elf.ST_TYPE(to.Info) == elf.STT_SECTION || to.Name == "" {
		covering, ok := p.elf.symbolCovering(to.Section, p.addend(rel, data, code))
		if !ok {
			return
		}
		to = covering
	}
	p.refs.used[place{to.Section, to.Value}] = true
}

// addend is the offset that stands where the address will be: in the immediate
// of an instruction of two slots, or in data.
func (p *parser) addend(rel relocation, data []byte, code bool) uint64 {
	at := rel.offset
	if at > uint64(len(data)) || uint64(len(data))-at < 8 {
		return 0
	}
	if code {
		return uint64(p.elf.ByteOrder.Uint32(data[at+4:]))
	}
	return p.elf.ByteOrder.Uint64(data[at:])
}

// leaveOpen notes the address that a relocation stands for in a data section.
func (p *parser) leaveOpen(section elf.SectionIndex, rel relocation) {
	sym, ok := p.elf.symbolCovering(section, rel.offset)
	if !ok {
		sym = elf.Symbol{Section: section}
	}
	at := place{section, sym.Value}
	p.refs.unfilled[at] = append(p.refs.unfilled[at], uint32(rel.offset-sym.Value))
}

// unfilledOf are the offsets of the addresses in a variable, which is no stray
// one then.
func (r *references) unfilledOf(section elf.SectionIndex, sym elf.Symbol) []uint32 {
	at := place{section, sym.Value}
	offsets := r.unfilled[at]
	delete(r.unfilled, at)
	slices.Sort(offsets)
	return slices.Compact(offsets)
}
