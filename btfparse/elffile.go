package btfparse

// This file is the careful way into an ELF file: debug/elf with its panics
// caught, sizes bounded, and the few lookups that maps, programs and variables
// need (symbols by section, relocations by target section).

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"slices"
)

// elfFile is an ELF with its symbols sorted into sections.
type elfFile struct {
	*elf.File
	// symbols in the order of the file; the null symbol is not among them.
	symbols []elf.Symbol
	// inSection are the named symbols of each section, sorted by offset.
	inSection map[elf.SectionIndex][]elf.Symbol
	// sized are those of inSection that have a size.
	sized map[elf.SectionIndex][]elf.Symbol
	// byName is the first symbol of each name in a section.
	byName map[symbolName]elf.Symbol
	// rels are the SHT_REL sections of each section.
	rels map[elf.SectionIndex][]*elf.Section
	r    io.ReaderAt
}

type symbolName struct {
	section elf.SectionIndex
	name    string
}

// openELF parses the headers and the symbol table.
func openELF(r io.ReaderAt) (*elfFile, error) {
	file, err := safely(func() (*elf.File, error) { return elf.NewFile(r) })
	if err != nil {
		return nil, elfError(err)
	}
	f := &elfFile{
		File: file, r: r, inSection: make(map[elf.SectionIndex][]elf.Symbol), byName: make(map[symbolName]elf.Symbol),
		sized: make(map[elf.SectionIndex][]elf.Symbol), rels: make(map[elf.SectionIndex][]*elf.Section),
	}
	for _, sec := range file.Sections {
		if sec.Type == elf.SHT_REL {
			f.rels[elf.SectionIndex(sec.Info)] = append(f.rels[elf.SectionIndex(sec.Info)], sec)
		}
	}
	if !f.isBPF() {
		return f, nil
	}
	if f.Class != elf.ELFCLASS64 {
		return nil, fmt.Errorf("%s; an eBPF object is ELFCLASS64", f.Class)
	}
	f.symbols, err = safely(file.Symbols)
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return nil, elfError(err)
	}
	for _, sym := range f.symbols {
		if sym.Name == "" {
			continue
		}
		f.inSection[sym.Section] = append(f.inSection[sym.Section], sym)
		if key := (symbolName{sym.Section, sym.Name}); f.byName[key].Name == "" {
			f.byName[key] = sym
		}
	}
	for sec, syms := range f.inSection {
		slices.SortStableFunc(syms, func(a, b elf.Symbol) int { return compareUint(a.Value, b.Value) })
		for _, sym := range syms {
			if sym.Size > 0 {
				f.sized[sec] = append(f.sized[sec], sym)
			}
		}
	}
	return f, nil
}

// elfError says in one way what debug/elf says in several.
func elfError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("truncated ELF file")
	}
	return fmt.Errorf("malformed ELF file: %w", err)
}

// isBPF accepts EM_NONE too, which LLVM before 3.8 wrote.
func (f *elfFile) isBPF() bool {
	return f.Machine == elf.EM_BPF || f.Machine == elf.EM_NONE
}

// machineNames has the spellings that users know; the rest is debug/elf's.
var machineNames = map[elf.Machine]string{
	elf.EM_X86_64:    "x86-64",
	elf.EM_386:       "i386",
	elf.EM_AARCH64:   "arm64",
	elf.EM_ARM:       "arm",
	elf.EM_S390:      "s390x",
	elf.EM_PPC64:     "ppc64",
	elf.EM_RISCV:     "riscv",
	elf.EM_MIPS:      "mips",
	elf.EM_LOONGARCH: "loongarch",
}

func machineName(m elf.Machine) string {
	if name := machineNames[m]; name != "" {
		return name
	}
	return m.String()
}

// section is the first section of that name, nil where there is none.
func (f *elfFile) section(name string) *elf.Section {
	return f.Section(name)
}

// data is the content of a section, nil for SHT_NOBITS.
func (f *elfFile) data(sec *elf.Section) ([]byte, error) {
	switch {
	case sec.Type == elf.SHT_NOBITS:
		return nil, nil
	case sec.Flags&elf.SHF_COMPRESSED != 0:
		return nil, fmt.Errorf("section %s is compressed", sec.Name)
	case sec.Size > maxSectionBytes:
		return nil, fmt.Errorf("section %s has %d bytes, more than any object needs", sec.Name, sec.Size)
	}
	data, err := safely(sec.Data)
	if err != nil {
		return nil, fmt.Errorf("section %s: %w", sec.Name, elfError(err))
	}
	return data, nil
}

// symbolBytes is the part of the section's data that the symbol names.
func symbolBytes(data []byte, sym elf.Symbol) ([]byte, error) {
	end := sym.Value + sym.Size
	if end < sym.Value || end > uint64(len(data)) {
		return nil, fmt.Errorf("symbol %s reaches behind the end of its section", sym.Name)
	}
	return data[sym.Value:end], nil
}

// symbolAt is the symbol of that type at an offset of a section.
func (f *elfFile) symbolAt(sec elf.SectionIndex, offset uint64, typ elf.SymType) (elf.Symbol, bool) {
	syms := f.inSection[sec]
	first, _ := slices.BinarySearchFunc(syms, offset, func(s elf.Symbol, at uint64) int { return compareUint(s.Value, at) })
	for _, sym := range syms[first:] {
		if sym.Value != offset {
			break
		}
		if elf.ST_TYPE(sym.Info) == typ {
			return sym, true
		}
	}
	return elf.Symbol{}, false
}

// symbolCovering is the variable or function that has a byte of a section: the
// last one that starts at or before it, if it reaches that far.
func (f *elfFile) symbolCovering(sec elf.SectionIndex, offset uint64) (elf.Symbol, bool) {
	syms := f.sized[sec]
	n, _ := slices.BinarySearchFunc(syms, offset, func(s elf.Symbol, at uint64) int {
		if s.Value <= at {
			return -1
		}
		return 1
	})
	if n == 0 {
		return elf.Symbol{}, false
	}
	sym := syms[n-1]
	return sym, offset-sym.Value < sym.Size
}

// symbolNamed is the first symbol of that name in a section.
func (f *elfFile) symbolNamed(sec elf.SectionIndex, name string) (elf.Symbol, bool) {
	sym, ok := f.byName[symbolName{sec, name}]
	return sym, ok
}

// relocation is one entry of a SHT_REL section.
type relocation struct {
	offset uint64
	symbol elf.Symbol
}

// relocations of one section, sorted by offset in it. BPF objects use SHT_REL
// with entries of 16 bytes (r_offset, r_info; Elf64_Rel).
func (f *elfFile) relocations(target elf.SectionIndex) ([]relocation, error) {
	var rels []relocation
	for _, sec := range f.rels[target] {
		data, err := f.data(sec)
		if err != nil {
			return nil, err
		}
		for ; len(data) >= 16; data = data[16:] {
			n := int(elf.R_SYM64(f.ByteOrder.Uint64(data[8:])))
			if n < 1 || n > len(f.symbols) {
				return nil, fmt.Errorf("section %s: relocation by symbol %d of %d", sec.Name, n, len(f.symbols))
			}
			rels = append(rels, relocation{f.ByteOrder.Uint64(data), f.symbols[n-1]})
		}
	}
	slices.SortStableFunc(rels, func(a, b relocation) int { return compareUint(a.offset, b.offset) })
	return rels, nil
}

func compareUint[T ~uint32 | ~uint64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
