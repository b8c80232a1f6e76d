package btfparse

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// testELF writes the smallest ELF that holds what a test needs: sections that
// no compiler would make, and objects for which there would have to be one.
type testELF struct {
	machine  elf.Machine
	order    binary.ByteOrder
	sections []testSection
	symbols  []testSymbol
}

type testSection struct {
	name  string
	typ   elf.SectionType
	flags elf.SectionFlag
	data  []byte
	// size replaces len(data) where it is set.
	size uint64
	// info is the section that a SHT_REL section is for, 1 for the first of sections.
	info uint32
}

type testSymbol struct {
	name    string
	typ     elf.SymType
	bind    elf.SymBind
	section elf.SectionIndex // 1 for the first of sections
	value   uint64
	size    uint64
}

func (e testELF) bytes(t testing.TB) []byte {
	t.Helper()
	names, strs := newStrings(), newStrings()
	sections := append([]testSection{{}}, e.sections...)
	sections = append(sections, testSection{name: ".symtab", typ: elf.SHT_SYMTAB, data: e.symtab(t, strs)})
	sections = append(sections, testSection{name: ".strtab", typ: elf.SHT_STRTAB, data: strs.data})
	for _, s := range append(sections, testSection{name: ".shstrtab"}) {
		names.add(s.name)
	}
	sections = append(sections, testSection{name: ".shstrtab", typ: elf.SHT_STRTAB, data: names.data})

	var body, headers bytes.Buffer
	for _, s := range sections {
		for body.Len()%8 != 0 {
			body.WriteByte(0)
		}
		h := elf.Section64{Name: names.add(s.name), Type: uint32(s.typ), Flags: uint64(s.flags), Off: 64 + uint64(body.Len()), Size: uint64(len(s.data)), Info: s.info, Addralign: 8}
		if s.size != 0 {
			h.Size = s.size
		}
		if s.typ == elf.SHT_SYMTAB {
			h.Link, h.Entsize = uint32(len(sections)-2), elf.Sym64Size
		}
		if s.typ == elf.SHT_REL {
			h.Link, h.Entsize = uint32(len(sections)-3), 16
		}
		body.Write(s.data)
		e.write(t, &headers, h)
	}
	head := elf.Header64{
		Type: uint16(elf.ET_REL), Machine: uint16(e.machine), Version: 1, Shoff: 64 + uint64(body.Len()),
		Ehsize: 64, Shentsize: 64, Shnum: uint16(len(sections)), Shstrndx: uint16(len(sections) - 1),
	}
	copy(head.Ident[:], elf.ELFMAG)
	head.Ident[elf.EI_CLASS], head.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), 1
	head.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	if e.order == binary.BigEndian {
		head.Ident[elf.EI_DATA] = byte(elf.ELFDATA2MSB)
	}
	var file bytes.Buffer
	e.write(t, &file, head)
	file.Write(body.Bytes())
	file.Write(headers.Bytes())
	return file.Bytes()
}

func (e testELF) symtab(t testing.TB, strs *stringTable) []byte {
	var b bytes.Buffer
	e.write(t, &b, elf.Sym64{})
	for _, s := range e.symbols {
		e.write(t, &b, elf.Sym64{Name: strs.add(s.name), Info: elf.ST_INFO(s.bind, s.typ), Shndx: uint16(s.section), Value: s.value, Size: s.size})
	}
	return b.Bytes()
}

func (e testELF) write(t testing.TB, b *bytes.Buffer, v any) {
	t.Helper()
	if err := binary.Write(b, e.order, v); err != nil {
		t.Fatal(err)
	}
}

// stringTable is an ELF string table being filled.
type stringTable struct {
	data []byte
	at   map[string]uint32
}

func newStrings() *stringTable { return &stringTable{[]byte{0}, map[string]uint32{"": 0}} }

func (s *stringTable) add(name string) uint32 {
	if _, ok := s.at[name]; !ok {
		s.at[name] = uint32(len(s.data))
		s.data = append(append(s.data, name...), 0)
	}
	return s.at[name]
}

// rawBTF marshals types as a compiler would.
func rawBTF(t testing.TB, order binary.ByteOrder, types ...btf.Type) []byte {
	t.Helper()
	b, err := btf.NewBuilder(types, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Marshal(nil, &btf.MarshalOptions{Order: order})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
