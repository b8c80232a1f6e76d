package bombs

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
)

// file is an ELF object as no compiler would write it. Sections count from 1;
// behind them stand the symbols, their names, and the names of sections.
type file struct {
	sections []section
	symbols  []symbol
	// symbolNames and sectionNames replace the tables of names, if not nil;
	// then all names are the string at offset 1.
	symbolNames, sectionNames []byte
	// compress is the flag of the tables, which then are compressed.
	compressed bool
	// count replaces the number of sections, if not 0.
	count uint64
}

type section struct {
	name  string
	typ   elf.SectionType
	flags elf.SectionFlag
	data  []byte
	// size replaces len(data), if not 0.
	size uint64
	info uint32
}

type symbol struct {
	name        string
	typ         elf.SymType
	section     int
	value, size uint64
}

// strings is a table of names.
type strings struct {
	data  []byte
	fixed bool
	at    map[string]uint32
}

func newStrings(fixed []byte) *strings {
	if fixed != nil {
		return &strings{data: fixed, fixed: true}
	}
	return &strings{data: []byte{0}, at: map[string]uint32{"": 0}}
}

func (s *strings) add(name string) uint32 {
	if s.fixed {
		return 1
	}
	at, ok := s.at[name]
	if !ok {
		at = uint32(len(s.data))
		s.at[name] = at
		s.data = append(append(s.data, name...), 0)
	}
	return at
}

var order = binary.LittleEndian

// bytes writes the file.
func (f file) bytes() []byte {
	names := newStrings(f.sectionNames)
	sections := append([]section{{}}, f.sections...)
	symtab, strtab := f.symtab()
	sections = append(sections,
		section{name: ".symtab", typ: elf.SHT_SYMTAB, data: symtab},
		section{name: ".strtab", typ: elf.SHT_STRTAB, data: strtab},
		section{name: ".shstrtab", typ: elf.SHT_STRTAB})
	for _, s := range sections {
		names.add(s.name)
	}
	last := len(sections) - 1
	sections[last].data = names.data
	body, headers := make([]byte, 64), []byte(nil)
	for i, s := range sections {
		if f.compressed && i >= last-2 {
			s = compress(s)
		}
		body = append(body, make([]byte, -len(body)&7)...)
		h := elf.Section64{
			Name: names.add(s.name), Type: uint32(s.typ), Flags: uint64(s.flags), Off: uint64(len(body)),
			Size: uint64(len(s.data)), Info: s.info, Addralign: 8,
		}
		if s.size != 0 {
			h.Size = s.size
		}
		switch s.typ {
		case elf.SHT_SYMTAB:
			h.Link, h.Entsize = uint32(last-1), elf.Sym64Size
		case elf.SHT_REL:
			h.Link, h.Entsize = uint32(last-2), 16
		default: // nothing to say of the others
		}
		body = append(body, s.data...)
		headers = encode(headers, h)
	}
	body = append(body, make([]byte, -len(body)&7)...)
	copy(body, f.header(len(body), len(sections), headers))
	return append(body, headers...)
}

func (f file) header(shoff, shnum int, headers []byte) []byte {
	h := elf.Header64{
		Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_BPF), Version: 1, Shoff: uint64(shoff),
		Ehsize: 64, Shentsize: 64, Shnum: uint16(shnum), Shstrndx: uint16(shnum - 1),
	}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	if f.count != 0 || shnum >= int(elf.SHN_LORESERVE) { // the first section header has the numbers
		count := f.count
		if count == 0 {
			count = uint64(shnum)
		}
		h.Shnum, h.Shstrndx = 0, uint16(elf.SHN_XINDEX)
		order.PutUint64(headers[32:], count)
		order.PutUint32(headers[40:], uint32(shnum-1))
	}
	return encode(nil, h)
}

func (f file) symtab() (symbols, names []byte) {
	strs := newStrings(f.symbolNames)
	symbols = encode(nil, elf.Sym64{})
	for _, s := range f.symbols {
		symbols = encode(symbols, elf.Sym64{
			Name: strs.add(s.name), Info: elf.ST_INFO(elf.STB_GLOBAL, s.typ), Shndx: uint16(s.section), Value: s.value, Size: s.size,
		})
	}
	return symbols, strs.data
}

func encode(b []byte, v any) []byte {
	b, err := binary.Append(b, order, v)
	if err != nil {
		panic(err) // not for structs of numbers
	}
	return b
}

// compress packs a section as SHF_COMPRESSED sections are: struct Elf64_Chdr
// and zlib.
func compress(s section) section {
	head := encode(nil, elf.Chdr64{Type: uint32(elf.COMPRESS_ZLIB), Size: uint64(len(s.data)), Addralign: 1})
	s.data = append(head, deflate(bytes.NewReader(s.data))...)
	s.flags |= elf.SHF_COMPRESSED
	return s
}

func progbits(name string, data []byte) section {
	return section{name: name, typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, data: data}
}

func executable(name string, data []byte) section {
	return section{name: name, typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, data: data}
}
