package hostile

// The tables of an ELF file, read by hand: debug/elf unpacks compressed tables
// and copies names before anyone could ask how large they are.

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxSections bounds the section headers. An object of 100 programs and maps
// has a few hundred sections.
const maxSections = 1 << 18

// Sizes of struct Elf32_Ehdr, Elf32_Shdr and of their 64-bit forms.
const (
	headerSize32, headerSize64   = 52, 64
	sectionSize32, sectionSize64 = 40, 64
)

// Object is an ELF file that debug/elf may read.
type Object struct {
	r        io.ReaderAt
	order    binary.ByteOrder
	class    elf.Class
	machine  elf.Machine
	sections []section
	symbols  []symbol  // of BPF objects
	btf      *btfTypes // nil without BTF
}

// section is a section header, with its name.
type section struct {
	name         string
	typ          elf.SectionType
	flags        elf.SectionFlag
	offset, size uint64
	link, info   uint32
}

// inFile says whether the section has bytes in the file.
func (s section) inFile() bool {
	return s.typ != elf.SHT_NOBITS && s.typ != elf.SHT_NULL && s.size > 0
}

// ReadELF reads the section headers and, of a BPF object, the symbols and the
// BTF. It is an error if debug/elf or the decoder of BTF must not see the file.
func ReadELF(r io.ReaderAt) (*Object, error) {
	o := &Object{r: r}
	for _, step := range []func() error{o.readSections, o.checkSections, o.readSymbols, o.readBTF} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// isBPF accepts EM_NONE too, which LLVM before 3.8 wrote.
func (o *Object) isBPF() bool { return o.machine == elf.EM_BPF || o.machine == elf.EM_NONE }

// header is what an ELF header says of the section headers.
type header struct {
	offset    uint64
	size, num uint64
	names     uint64 // the index of the section with their names
}

// readHeader reads the ELF header.
func (o *Object) readHeader() (h header, err error) {
	ident, err := o.bytes(0, elf.EI_NIDENT)
	if err != nil {
		return h, err
	}
	if string(ident[:4]) != elf.ELFMAG {
		return h, errors.New("not an ELF file")
	}
	switch elf.Data(ident[elf.EI_DATA]) {
	case elf.ELFDATA2LSB:
		o.order = binary.LittleEndian
	case elf.ELFDATA2MSB:
		o.order = binary.BigEndian
	default:
		return h, errors.New("malformed ELF file: unknown byte order")
	}
	size := uint64(headerSize64)
	if o.class = elf.Class(ident[elf.EI_CLASS]); o.class == elf.ELFCLASS32 {
		size = headerSize32
	} else if o.class != elf.ELFCLASS64 {
		return h, errors.New("malformed ELF file: unknown class")
	}
	raw, err := o.bytes(0, size)
	if err != nil {
		return h, err
	}
	// e_machine follows e_type; what else is read here stands at the end but
	// for e_shoff.
	o.machine = elf.Machine(o.order.Uint16(raw[18:]))
	end := raw[size-6:]
	h.size, h.num, h.names = uint64(o.order.Uint16(end)), uint64(o.order.Uint16(end[2:])), uint64(o.order.Uint16(end[4:]))
	if o.class == elf.ELFCLASS32 {
		h.offset = uint64(o.order.Uint32(raw[32:]))
	} else {
		h.offset = o.order.Uint64(raw[40:])
	}
	return h, nil
}

// readSections reads the section headers and their names.
func (o *Object) readSections() error {
	h, err := o.readHeader()
	if err != nil || h.offset == 0 {
		return err
	}
	want := uint64(sectionSize64)
	if o.class == elf.ELFCLASS32 {
		want = sectionSize32
	}
	if h.size < want {
		return nil // debug/elf refuses it
	}
	if h.num == 0 { // then the first header has the numbers, as debug/elf reads them
		raw, err := o.bytes(h.offset, h.size)
		if err != nil {
			return err
		}
		first, _ := o.section(raw)
		h.num = first.size
		if h.names == uint64(elf.SHN_XINDEX) {
			h.names = uint64(first.link)
		}
	}
	if h.num > maxSections {
		return fmt.Errorf("%d sections, more than any object has", h.num)
	}
	raw, err := o.bytes(h.offset, h.num*h.size)
	if err != nil {
		return err
	}
	names := make([]uint32, h.num)
	o.sections = make([]section, h.num)
	for i := range o.sections {
		o.sections[i], names[i] = o.section(raw[uint64(i)*h.size:])
	}
	return o.nameSections(h.names, names)
}

// section reads one header.
func (o *Object) section(raw []byte) (s section, name uint32) {
	order := o.order
	s.typ = elf.SectionType(order.Uint32(raw[4:]))
	if o.class == elf.ELFCLASS32 {
		s.flags = elf.SectionFlag(order.Uint32(raw[8:]))
		s.offset, s.size = uint64(order.Uint32(raw[16:])), uint64(order.Uint32(raw[20:]))
		s.link, s.info = order.Uint32(raw[24:]), order.Uint32(raw[28:])
	} else {
		s.flags = elf.SectionFlag(order.Uint64(raw[8:]))
		s.offset, s.size = order.Uint64(raw[24:]), order.Uint64(raw[32:])
		s.link, s.info = order.Uint32(raw[40:]), order.Uint32(raw[44:])
	}
	return s, order.Uint32(raw)
}

// nameSections looks up the names, if the table of strings is one.
func (o *Object) nameSections(index uint64, names []uint32) error {
	if index == 0 || index >= uint64(len(o.sections)) {
		return nil // debug/elf names none, or refuses it
	}
	table, err := o.strings(uint32(index))
	if err != nil {
		return err
	}
	if err := checkNames("the sections", table, longest(table), len(names), slices.Values(names)); err != nil {
		return err
	}
	text := string(table)
	for i, name := range names {
		if uint64(name) < uint64(len(text)) {
			o.sections[i].name = text[name : int(name)+nameLength(table, name)]
		}
	}
	return nil
}

// strings reads a table of strings.
func (o *Object) strings(index uint32) ([]byte, error) {
	if uint64(index) >= uint64(len(o.sections)) {
		return nil, nil // debug/elf refuses it
	}
	s := o.sections[index]
	if s.flags&elf.SHF_COMPRESSED != 0 {
		return nil, errors.New("a table of strings is compressed")
	}
	return o.data(s)
}

// data is the content of a section, nil for SHT_NOBITS.
func (o *Object) data(s section) ([]byte, error) {
	switch {
	case !s.inFile():
		return nil, nil
	case s.size > maxSectionBytes:
		return nil, fmt.Errorf("section %s has %d bytes, more than any object needs", s.name, s.size)
	}
	return o.bytes(s.offset, s.size)
}

// bytes reads a part of the file.
func (o *Object) bytes(offset, size uint64) ([]byte, error) {
	if size == 0 {
		return nil, nil
	}
	if !o.has(offset, size) { // before anything is allocated
		return nil, errTruncated
	}
	b := make([]byte, size)
	if n, err := o.r.ReadAt(b, int64(offset)); uint64(n) < size {
		return nil, err
	}
	return b, nil
}

// has says whether the file reaches as far as that.
func (o *Object) has(offset, size uint64) bool {
	last := offset + size - 1
	if last < offset || int64(last) < 0 {
		return false
	}
	if r, ok := o.r.(interface{ Size() int64 }); ok { // a bytes.Reader, for one
		return int64(last) < r.Size()
	}
	n, _ := o.r.ReadAt(make([]byte, 1), int64(last))
	return n == 1
}

// checkSections refuses, in BPF objects, compressed sections, which no compiler
// makes for BPF and which are unpacked without a limit, and sections that the
// file is too short for, whose size the library trusts.
func (o *Object) checkSections() error {
	if !o.isBPF() {
		return nil
	}
	if o.class != elf.ELFCLASS64 {
		return fmt.Errorf("%s; an eBPF object is ELFCLASS64", o.class)
	}
	btf := 0
	for _, s := range o.sections {
		isDebug := s.typ == elf.SHT_PROGBITS && strings.HasPrefix(s.name, ".debug")
		switch {
		case s.flags&elf.SHF_COMPRESSED != 0 && !isDebug:
			return fmt.Errorf("section %s is compressed", s.name)
		case s.inFile() && !o.has(s.offset, s.size):
			return fmt.Errorf("%w: section %s reaches behind its end", errTruncated, s.name)
		case s.name == ".BTF":
			btf++
		}
	}
	if btf > 1 { // debug/elf finds the first, the library takes the last
		return fmt.Errorf("%d sections are named .BTF", btf)
	}
	return nil
}

// symbol is what counts of an entry of the symbol table.
type symbol struct {
	name    uint32
	typ     elf.SymType
	section elf.SectionIndex
	size    uint64
}

// readSymbols reads the symbols of a BPF object, the null symbol among them, and
// refuses names that do not fit into memory.
func (o *Object) readSymbols() error {
	if !o.isBPF() {
		return nil
	}
	names, raw, err := o.symbolTable()
	if err != nil {
		return err
	}
	o.symbols = make([]symbol, len(raw)/elf.Sym64Size)
	for i := range o.symbols {
		o.symbols[i] = o.symbol(raw[i*elf.Sym64Size:])
	}
	return checkNames("the symbols", names, longest(names), len(o.symbols), func(yield func(uint32) bool) {
		for _, s := range o.symbols {
			if !yield(s.name) {
				return
			}
		}
	})
}

// symbol reads a struct Elf64_Sym.
func (o *Object) symbol(raw []byte) symbol {
	return symbol{
		name:    o.order.Uint32(raw),
		typ:     elf.ST_TYPE(raw[4]),
		section: elf.SectionIndex(o.order.Uint16(raw[6:])),
		size:    o.order.Uint64(raw[16:]),
	}
}

// symbolTable is the section that debug/elf takes for it: the first of its
// type, and its strings.
func (o *Object) symbolTable() (names, raw []byte, err error) {
	for _, s := range o.sections {
		if s.typ != elf.SHT_SYMTAB {
			continue
		}
		if raw, err = o.data(s); err != nil {
			return nil, nil, err
		}
		names, err = o.strings(s.link)
		return names, raw, err
	}
	return nil, nil, nil
}

// readBTF reads the BTF, and refuses what the decoder must not see.
func (o *Object) readBTF() error {
	for _, s := range o.sections {
		if s.name != ".BTF" || !s.inFile() {
			continue
		}
		if s.flags&elf.SHF_COMPRESSED != 0 {
			return fmt.Errorf("section %s is compressed", s.name)
		}
		if s.size > MaxBTFBytes {
			return fmt.Errorf("more than %d MiB of BTF", MaxBTFBytes>>20)
		}
		raw, err := o.data(s)
		if err != nil {
			return err
		}
		limit := unlimited
		if o.isBPF() {
			limit = MaxObjectTypes
		}
		o.btf, err = readBTF(raw, limit)
		return err
	}
	return nil
}
