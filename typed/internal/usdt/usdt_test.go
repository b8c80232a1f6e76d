package usdt

import (
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/typed/internal/probed"
	"github.com/google/go-cmp/cmp"
)

func TestUSDTArguments(t *testing.T) {
	const rdi, rbp, rax, r8, rsp = 112, 32, 80, 72, 152
	for _, test := range []struct {
		arch elf.Machine
		text string
		want argument
	}{
		{elf.EM_X86_64, "8@%rdi", argument{kind: register, register: rdi, size: 8}},
		{elf.EM_X86_64, "-4@%eax", argument{kind: register, register: rax, size: 4, signed: true}},
		{elf.EM_X86_64, "1@%r8b", argument{kind: register, register: r8, size: 1}},
		{elf.EM_X86_64, "-4@$-9", argument{kind: constant, value: -9, size: 4, signed: true}},
		{elf.EM_X86_64, "8@-1216(%rbp)", argument{kind: memory, value: -1216, register: rbp, size: 8}},
		{elf.EM_X86_64, "2@(%rsp)", argument{kind: memory, register: rsp, size: 2}},
		{elf.EM_X86_64, "1@-96(%rbp,%rax,8)", argument{kind: indexed, value: -96, register: rbp, index: rax, scale: 3, size: 1}},
		{elf.EM_X86_64, "1@(%rbp,%rax)", argument{kind: indexed, register: rbp, index: rax, size: 1}},
		{elf.EM_AARCH64, "-8@x3", argument{kind: register, register: 24, size: 8, signed: true}},
		{elf.EM_AARCH64, "4@[sp, 60]", argument{kind: memory, value: 60, register: 31 * 8, size: 4}},
		{elf.EM_AARCH64, "4@[x1]", argument{kind: memory, register: 8, size: 4}},
		{elf.EM_AARCH64, "-4@5", argument{kind: constant, value: 5, size: 4, signed: true}},
	} {
		got, n, err := mustSyntax(t, test.arch).parse(test.text + " 8@next")
		if err != nil {
			t.Errorf("%s %q: %v", test.arch, test.text, err)
			continue
		}
		if n != len(test.text)+1 {
			t.Errorf("%s %q: %d bytes read", test.arch, test.text, n)
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(argument{})); diff != "" {
			t.Errorf("%s %q: %s", test.arch, test.text, diff)
		}
	}
	for _, bad := range []string{"3@%rdi", "8@%rxx", "8", "8@(%rbp,%rax,3)", "x@$1"} {
		if _, _, err := mustSyntax(t, elf.EM_X86_64).parse(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// The bytes that usdt.bpf.h reads, in both forms and byte orders, as clang
// lays the struct out.
func TestUSDTEncoding(t *testing.T) {
	const before17, since17 = 208, 304
	inMemory := argument{kind: memory, value: -2, register: 0x20, size: 4, signed: true}
	atIndex := argument{kind: indexed, value: -2, register: 0x20, index: 0x50, scale: 3, size: 4, signed: true}
	for _, test := range []struct {
		order binary.ByteOrder
		size  uint32
		arg   argument
		want  string
	}{
		{binary.LittleEndian, before17, inMemory, "feffffffffffffff" + "02000000" + "2000" + "01" + "20"},
		{binary.BigEndian, before17, inMemory, "fffffffffffffffe" + "00000002" + "0020" + "01" + "20"},
		{binary.LittleEndian, since17, atIndex, "feffffffffffffff" + "03005030" + "0000" + "2000" + "0120" + "000000000000"},
		{binary.BigEndian, since17, atIndex, "fffffffffffffffe" + "00000503" + "0300" + "0020" + "0120" + "000000000000"},
	} {
		b, err := encode(test.order, test.size, []argument{test.arg}, 5)
		if err != nil {
			t.Fatal(err)
		}
		argSize := len(test.want) / 2
		if got := hex.EncodeToString(b[:argSize]); got != test.want {
			t.Errorf("%v, %d bytes: %s, want %s", test.order, test.size, got, test.want)
		}
		if got := test.order.Uint64(b[12*argSize:]); got != 5 {
			t.Errorf("cookie %d", got)
		}
		if got := test.order.Uint16(b[12*argSize+8:]); got != 1 {
			t.Errorf("%d arguments", got)
		}
	}
	if _, err := encode(binary.LittleEndian, before17, []argument{atIndex}, 0); err == nil {
		t.Error("the old form has no place for an index")
	}
	if _, err := encode(binary.LittleEndian, 200, nil, 0); err == nil {
		t.Error("200 bytes are no form at all")
	}
}

func TestUSDTNotes(t *testing.T) {
	note := probedNoteForTest()
	desc, rest, err := nextNote(binary.LittleEndian, note)
	if err != nil || len(rest) != 0 || len(desc) == 0 {
		t.Fatalf("desc %d, rest %d, %v", len(desc), len(rest), err)
	}
	for n := range len(note) - 4 {
		if _, _, err := nextNote(binary.LittleEndian, note[:n]); err == nil {
			t.Errorf("a note cut to %d bytes was accepted", n)
		}
	}
}

// probedNoteForTest is a note with the description "0123" in which only the
// frame is right.
func probedNoteForTest() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 8)
	b = binary.LittleEndian.AppendUint32(b, 24)
	b = binary.LittleEndian.AppendUint32(b, 3)
	b = append(b, "stapsdt\x00"...)
	return append(b, make([]byte, 24)...)
}

func mustSyntax(t *testing.T, machine elf.Machine) syntax {
	t.Helper()
	s, err := syntaxOf(machine)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A machine whose assembler is not known is an error that names it; a probe
// without arguments has nothing to be read.
func TestUnknownMachine(t *testing.T) {
	const size = 208
	_, err := Encode(binary.LittleEndian, size, Place{Machine: elf.EM_S390, Args: "8@%r2"}, 0)
	var machine *MachineError
	if !errors.As(err, &machine) || machine.Machine != elf.EM_S390 || !strings.Contains(err.Error(), "EM_S390") {
		t.Errorf("%v", err)
	}
	if b, err := Encode(binary.LittleEndian, size, Place{Machine: elf.EM_S390}, 7); err != nil || len(b) != size {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

func TestPlaces(t *testing.T) {
	places, position, err := Places(probed.Write(t, elf.EM_X86_64), "test", "fired")
	if err != nil || position || len(places) != 1 {
		t.Fatalf("places %v, position-independent %v, %v", places, position, err)
	}
	want := Place{
		Provider: "test", Name: "fired", Machine: elf.EM_X86_64, Args: "8@%rdi -4@$7",
		Offset: probed.FireOffset, Address: probed.FireAddress, Semaphore: probed.SemaphoreOffset,
	}
	if places[0] != want {
		t.Errorf("got %+v\nwant %+v", places[0], want)
	}
}

// Symbols are as far from the probe in each process; what the file has not, or more than
// once, stays, and is named when it is asked for.
func TestArgumentsOfSymbols(t *testing.T) {
	f, err := elf.Open(probed.Write(t, elf.EM_X86_64))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for text, want := range map[string]string{
		"-4@fire_again(%rip)":       "-4@2(%rip)",
		"8@16+fire(%rip)":           "8@16(%rip)",
		"8@-8+fire_again+4(%rip)":   "8@-2(%rip)",
		"8@fire+16-4(,%rax,8)":      "8@12(%rip,%rax,8)",
		"4@fire(%rbx) -1@%dil":      fmt.Sprintf("4@%d(%%rbx) -1@%%dil", probed.FireAddress),
		"8@-8(%rbp) 8@(%rax,%r10)":  "8@-8(%rbp) 8@(%rax,%r10)",
		"8@no_such(%rip)":           "8@no_such(%rip)",
		"8@%rdi 8@work(,%rax,8) 1@": "8@%rdi 8@work(,%rax,8) 1@",
	} {
		p := Place{Machine: elf.EM_X86_64, Address: probed.FireAddress, Args: text}
		p.resolve(func() map[string]uint64 { return addresses(f) })
		if p.Args != want {
			t.Errorf("%s: %s, want %s", text, p.Args, want)
		}
	}
	for text, symbol := range map[string]string{"8@no_such(%rip) 8@%rdi": "no_such", "8@%rdi 8@work+8(,%rax,8)": "work", "8@16+no_such(%rip)": "no_such"} {
		if _, err := parseArgs(elf.EM_X86_64, text); err == nil || !strings.Contains(err.Error(), "no symbol "+symbol+",") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Where the file was moved since it was linked, as by prelink, both addresses of a note
// have moved.
func TestNotesOfMovedFiles(t *testing.T) {
	f := &elf.File{
		FileHeader: elf.FileHeader{Class: elf.ELFCLASS64},
		Sections:   []*elf.Section{{SectionHeader: elf.SectionHeader{Name: ".stapsdt.base", Addr: 0x12000}}},
		Progs: []*elf.Prog{
			{ProgHeader: elf.ProgHeader{Type: elf.PT_LOAD, Flags: elf.PF_X, Vaddr: 0x11000, Off: 0x1000, Memsz: 0x1000}},
			{ProgHeader: elf.ProgHeader{Type: elf.PT_LOAD, Flags: elf.PF_W, Vaddr: 0x13000, Off: 0x3000, Memsz: 0x1000}},
		},
	}
	p := Place{Address: 0x1010}
	if err := p.locate(f, 0x2000, 0x3020); err != nil {
		t.Fatal(err)
	}
	if p.Address != 0x11010 || p.Offset != 0x1010 || p.Semaphore != 0x3020 {
		t.Errorf("%+v", p)
	}
}
