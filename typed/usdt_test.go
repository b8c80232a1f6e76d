package typed

import (
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUSDTArguments(t *testing.T) {
	const rdi, rbp, rax, r8, rsp = 112, 32, 80, 72, 152
	for _, test := range []struct {
		arch elf.Machine
		text string
		want usdtArg
	}{
		{elf.EM_X86_64, "8@%rdi", usdtArg{kind: usdtRegister, register: rdi, size: 8}},
		{elf.EM_X86_64, "-4@%eax", usdtArg{kind: usdtRegister, register: rax, size: 4, signed: true}},
		{elf.EM_X86_64, "1@%r8b", usdtArg{kind: usdtRegister, register: r8, size: 1}},
		{elf.EM_X86_64, "-4@$-9", usdtArg{kind: usdtConst, value: -9, size: 4, signed: true}},
		{elf.EM_X86_64, "8@-1216(%rbp)", usdtArg{kind: usdtMemory, value: -1216, register: rbp, size: 8}},
		{elf.EM_X86_64, "2@(%rsp)", usdtArg{kind: usdtMemory, register: rsp, size: 2}},
		{elf.EM_X86_64, "1@-96(%rbp,%rax,8)", usdtArg{kind: usdtIndexed, value: -96, register: rbp, index: rax, scale: 3, size: 1}},
		{elf.EM_X86_64, "1@(%rbp,%rax)", usdtArg{kind: usdtIndexed, register: rbp, index: rax, size: 1}},
		{elf.EM_AARCH64, "-8@x3", usdtArg{kind: usdtRegister, register: 24, size: 8, signed: true}},
		{elf.EM_AARCH64, "4@[sp, 60]", usdtArg{kind: usdtMemory, value: 60, register: 31 * 8, size: 4}},
		{elf.EM_AARCH64, "4@[x1]", usdtArg{kind: usdtMemory, register: 8, size: 4}},
		{elf.EM_AARCH64, "-4@5", usdtArg{kind: usdtConst, value: 5, size: 4, signed: true}},
	} {
		got, n, err := usdtSyntaxes[test.arch].parse(test.text + " 8@next")
		if err != nil {
			t.Errorf("%s %q: %v", test.arch, test.text, err)
			continue
		}
		if n != len(test.text)+1 {
			t.Errorf("%s %q: %d bytes read", test.arch, test.text, n)
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(usdtArg{})); diff != "" {
			t.Errorf("%s %q: %s", test.arch, test.text, diff)
		}
	}
	for _, bad := range []string{"3@%rdi", "8@%rxx", "8", "8@(%rbp,%rax,3)", "x@$1"} {
		if _, _, err := usdtSyntaxes[elf.EM_X86_64].parse(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// The bytes that usdt.bpf.h reads, in both forms and byte orders, as clang
// lays the struct out.
func TestUSDTEncoding(t *testing.T) {
	const before17, since17 = 208, 304
	memory := usdtArg{kind: usdtMemory, value: -2, register: 0x20, size: 4, signed: true}
	indexed := usdtArg{kind: usdtIndexed, value: -2, register: 0x20, index: 0x50, scale: 3, size: 4, signed: true}
	for _, test := range []struct {
		order binary.ByteOrder
		size  uint32
		arg   usdtArg
		want  string
	}{
		{binary.LittleEndian, before17, memory, "feffffffffffffff" + "02000000" + "2000" + "01" + "20"},
		{binary.BigEndian, before17, memory, "fffffffffffffffe" + "00000002" + "0020" + "01" + "20"},
		{binary.LittleEndian, since17, indexed, "feffffffffffffff" + "03005030" + "0000" + "2000" + "0120" + "000000000000"},
		{binary.BigEndian, since17, indexed, "fffffffffffffffe" + "00000503" + "0300" + "0020" + "0120" + "000000000000"},
	} {
		b, err := encodeUSDT(test.order, test.size, []usdtArg{test.arg}, 5)
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
	if _, err := encodeUSDT(binary.LittleEndian, before17, []usdtArg{indexed}, 0); err == nil {
		t.Error("the old form has no place for an index")
	}
	if _, err := encodeUSDT(binary.LittleEndian, 200, nil, 0); err == nil {
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
