// Package probed is the executable that the tests of uprobes probe. It is made
// here, byte for byte, because there is no compiler in a virtual machine, and
// because return probes must not be set in Go functions. For amd64 it is
//
//	_start:     mov edi, 42
//	            call fire
//	            call fire_again
//	            movzx edi, word [semaphore]
//	            mov eax, 60 (exit)
//	            syscall
//	fire:       nop                     <- probe test:fired, 8@%rdi -4@$7
//	            ret
//	fire_again: nop
//	            ret
//
// and its exit code is the semaphore of the probe: how many have attached.
//
// Besides the symbols of fire and fire_again it has static functions "work" of
// two source files, at the same places, and "picked", an indirect function.
package probed

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

const (
	text = 0x401000
	data = 0x402000
)

var code = []byte{
	0xbf, 42, 0, 0, 0, // mov edi, 42
	0xe8, 0x14, 0, 0, 0, // call fire
	0xe8, 0x11, 0, 0, 0, // call fire_again
	0x0f, 0xb7, 0x3c, 0x25, 0, 0x20, 0x40, 0, // movzx edi, word [0x402000]
	0xb8, 60, 0, 0, 0, // mov eax, 60
	0x0f, 0x05, // syscall
	0x90, 0xc3, // fire
	0x90, 0xc3, // fire_again
}

// The offsets in the file.
const (
	FireOffset      = 0x1000 + fire
	FireAgainOffset = FireOffset + 2
	SemaphoreOffset = 0x2000
)

// The addresses in a process.
const FireAddress = text + fire

// fire is where the function starts in the text.
const fire = 30

// File writes the executable and gives its path. On other machines than those
// that run it, the test is skipped.
func File(t testing.TB) string {
	t.Helper()
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "386" {
		t.Skipf("the executable to be probed is written for amd64, not for %s", runtime.GOARCH)
	}
	return Write(t, elf.EM_X86_64)
}

// Write writes the file with the number of a machine, for tests that only read
// it, and gives its path.
func Write(t testing.TB, machine elf.Machine) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "probed")
	if err := os.WriteFile(path, image(machine), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// section of an ELF file under construction.
type section struct {
	elf.Section64
	name string
	data []byte
}

// symbols of the file, local ones first.
var symbols = []struct {
	name  string
	bind  elf.SymBind
	typ   elf.SymType
	value uint64
}{
	{"", elf.STB_LOCAL, elf.STT_NOTYPE, 0},
	{"a.c", elf.STB_LOCAL, elf.STT_FILE, 0},
	{"work", elf.STB_LOCAL, elf.STT_FUNC, text + fire},
	{"b.c", elf.STB_LOCAL, elf.STT_FILE, 0},
	{"work", elf.STB_LOCAL, elf.STT_FUNC, text + fire + 2},
	{"fire", elf.STB_GLOBAL, elf.STT_FUNC, text + fire},
	{"fire_again", elf.STB_GLOBAL, elf.STT_FUNC, text + fire + 2},
	{"picked", elf.STB_GLOBAL, elf.STT_GNU_IFUNC, text + fire},
}

const localSymbols = 5

func image(machine elf.Machine) []byte {
	var strtab, symtab bytes.Buffer
	for i, s := range symbols {
		sym := elf.Sym64{Name: uint32(strtab.Len()), Info: elf.ST_INFO(s.bind, s.typ), Value: s.value}
		switch s.typ {
		case elf.STT_FUNC, elf.STT_GNU_IFUNC:
			sym.Shndx, sym.Size = 1, 2
		case elf.STT_FILE:
			sym.Shndx = uint16(elf.SHN_ABS)
		default: // nothing to say of the others
		}
		if i == 0 {
			sym = elf.Sym64{}
		}
		write(&symtab, sym)
		strtab.WriteString(s.name + "\x00")
	}
	return layoutELF(machine, []section{
		{name: ""},
		{name: ".text", data: code, Section64: elf.Section64{Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_EXECINSTR), Addr: text, Off: 0x1000}},
		{name: ".probes", data: make([]byte, 8), Section64: elf.Section64{Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_WRITE), Addr: data, Off: 0x2000}},
		{name: ".note.stapsdt", data: note(), Section64: elf.Section64{Type: uint32(elf.SHT_NOTE), Addralign: 4}},
		{name: ".symtab", data: symtab.Bytes(), Section64: elf.Section64{Type: uint32(elf.SHT_SYMTAB), Link: 5, Info: localSymbols, Entsize: elf.Sym64Size, Addralign: 8}},
		{name: ".strtab", data: strtab.Bytes(), Section64: elf.Section64{Type: uint32(elf.SHT_STRTAB)}},
	})
}

// note is the note of the probe test:fired.
func note() []byte {
	var desc bytes.Buffer
	write(&desc, [3]uint64{text + fire, 0, data})
	desc.WriteString("test\x00fired\x008@%rdi -4@$7\x00")
	var note bytes.Buffer
	write(&note, [3]uint32{8, uint32(desc.Len()), 3})
	note.WriteString("stapsdt\x00")
	note.Write(desc.Bytes())
	note.Write(make([]byte, -note.Len()&3))
	return note.Bytes()
}

// layoutELF puts header and segments first, sections with an offset there, the
// others behind, and the section headers last.
func layoutELF(machine elf.Machine, sections []section) []byte {
	names := []byte{0}
	sections = append(sections, section{name: ".shstrtab", Section64: elf.Section64{Type: uint32(elf.SHT_STRTAB)}})
	for i := range sections {
		sections[i].Name = uint32(len(names))
		names = append(names, sections[i].name+"\x00"...)
	}
	sections[len(sections)-1].data = names

	image := make([]byte, 0x2000)
	place := func(off uint64, data []byte) {
		if need := int(off) + len(data); need > len(image) {
			image = append(image, make([]byte, need-len(image))...)
		}
		copy(image[off:], data)
	}
	for i := range sections {
		s := &sections[i]
		if s.Type == uint32(elf.SHT_NULL) {
			continue
		}
		if s.Off == 0 {
			s.Off = uint64(len(image)+7) &^ 7
		}
		s.Size = uint64(len(s.data))
		place(s.Off, s.data)
	}
	table := uint64(len(image)+7) &^ 7
	var headers bytes.Buffer
	for _, s := range sections {
		write(&headers, s.Section64)
	}
	place(table, headers.Bytes())
	place(0, elfHeaders(machine, table, len(sections)))
	return image
}

func elfHeaders(machine elf.Machine, table uint64, sections int) []byte {
	var b bytes.Buffer
	h := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: 1, Entry: text,
		Phoff: 64, Shoff: table, Ehsize: 64, Phentsize: 56, Phnum: 2, Shentsize: 64,
		Shnum: uint16(sections), Shstrndx: uint16(sections - 1),
	}
	copy(h.Ident[:], "\x7fELF\x02\x01\x01")
	write(&b, h)
	write(&b, elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Off: 0x1000, Vaddr: text, Paddr: text, Filesz: uint64(len(code)), Memsz: uint64(len(code)), Align: 0x1000})
	write(&b, elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W), Off: 0x2000, Vaddr: data, Paddr: data, Filesz: 8, Memsz: 8, Align: 0x1000})
	return b.Bytes()
}

func write(b *bytes.Buffer, v any) {
	if err := binary.Write(b, binary.LittleEndian, v); err != nil {
		panic(err) // only for values without a fixed size
	}
}
