package typed

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// The executable that the tests of uprobes probe. It is made here, byte for
// byte, because there is no compiler in a virtual machine, and because return
// probes must not be set in Go functions. For amd64 it is
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

const (
	probedText = 0x401000
	probedData = 0x402000
)

var probedCode = []byte{
	0xbf, 42, 0, 0, 0, // mov edi, 42
	0xe8, 0x14, 0, 0, 0, // call fire
	0xe8, 0x11, 0, 0, 0, // call fire_again
	0x0f, 0xb7, 0x3c, 0x25, 0, 0x20, 0x40, 0, // movzx edi, word [0x402000]
	0xb8, 60, 0, 0, 0, // mov eax, 60
	0x0f, 0x05, // syscall
	0x90, 0xc3, // fire
	0x90, 0xc3, // fire_again
}

const fireOffset = 30

// probedFile writes the executable and gives its path.
func probedFile(t testing.TB) string {
	t.Helper()
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "386" {
		t.Skipf("the executable to be probed is written for amd64, not for %s", runtime.GOARCH)
	}
	path := filepath.Join(t.TempDir(), "probed")
	if err := os.WriteFile(path, probedELF(), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// section of an ELF file under construction.
type testSection struct {
	elf.Section64
	name string
	data []byte
}

func probedELF() []byte {
	var strtab bytes.Buffer
	strtab.WriteByte(0)
	var symtab bytes.Buffer
	write(&symtab, elf.Sym64{})
	for i, name := range []string{"fire", "fire_again"} {
		write(&symtab, elf.Sym64{
			Name: uint32(strtab.Len()), Info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), Shndx: 1,
			Value: probedText + fireOffset + uint64(2*i), Size: 2,
		})
		strtab.WriteString(name + "\x00")
	}
	return layoutELF([]testSection{
		{name: ""},
		{name: ".text", data: probedCode, Section64: elf.Section64{Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_EXECINSTR), Addr: probedText, Off: 0x1000}},
		{name: ".probes", data: make([]byte, 8), Section64: elf.Section64{Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_WRITE), Addr: probedData, Off: 0x2000}},
		{name: ".note.stapsdt", data: probedNote(), Section64: elf.Section64{Type: uint32(elf.SHT_NOTE), Addralign: 4}},
		{name: ".symtab", data: symtab.Bytes(), Section64: elf.Section64{Type: uint32(elf.SHT_SYMTAB), Link: 5, Info: 1, Entsize: elf.Sym64Size, Addralign: 8}},
		{name: ".strtab", data: strtab.Bytes(), Section64: elf.Section64{Type: uint32(elf.SHT_STRTAB)}},
	})
}

// probedNote is the note of the probe test:fired.
func probedNote() []byte {
	var desc bytes.Buffer
	write(&desc, [3]uint64{probedText + fireOffset, 0, probedData})
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
func layoutELF(sections []testSection) []byte {
	names := []byte{0}
	sections = append(sections, testSection{name: ".shstrtab", Section64: elf.Section64{Type: uint32(elf.SHT_STRTAB)}})
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
	place(0, elfHeaders(table, len(sections)))
	return image
}

func elfHeaders(table uint64, sections int) []byte {
	var b bytes.Buffer
	h := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Entry: probedText,
		Phoff: 64, Shoff: table, Ehsize: 64, Phentsize: 56, Phnum: 2, Shentsize: 64,
		Shnum: uint16(sections), Shstrndx: uint16(sections - 1),
	}
	copy(h.Ident[:], "\x7fELF\x02\x01\x01")
	write(&b, h)
	write(&b, elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Off: 0x1000, Vaddr: probedText, Paddr: probedText, Filesz: uint64(len(probedCode)), Memsz: uint64(len(probedCode)), Align: 0x1000})
	write(&b, elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W), Off: 0x2000, Vaddr: probedData, Paddr: probedData, Filesz: 8, Memsz: 8, Align: 0x1000})
	return b.Bytes()
}

func write(b *bytes.Buffer, v any) {
	if err := binary.Write(b, binary.LittleEndian, v); err != nil {
		panic(err) // only for values without a fixed size
	}
}

func TestProbedFile(t *testing.T) {
	path := probedFile(t)
	if code := runProbed(t, path); code != 0 {
		t.Errorf("exit code %d without a probe", code)
	}
	f, err := openExecutable(path)
	if err != nil {
		t.Fatal(err)
	}
	for symbol, want := range map[string]uint64{
		"fire": 0x1000 + fireOffset, "fire+1": 0x1000 + fireOffset + 1, "fire_again": 0x1000 + fireOffset + 2, "0x1234": 0x1234,
	} {
		if got, err := f.offset(symbol); err != nil || got != want {
			t.Errorf("offset of %s = %#x, %v; want %#x", symbol, got, err, want)
		}
	}
	places, position, err := usdtPlaces(usdtTarget{path, "test", "fired"})
	if err != nil || position || len(places) != 1 {
		t.Fatalf("places %v, position-independent %v, %v", places, position, err)
	}
	want := usdtNote{provider: "test", name: "fired", machine: elf.EM_X86_64, args: "8@%rdi -4@$7", offset: 0x1000 + fireOffset, address: probedText + fireOffset, semaphore: 0x2000}
	if places[0] != want {
		t.Errorf("got %+v\nwant %+v", places[0], want)
	}
}
