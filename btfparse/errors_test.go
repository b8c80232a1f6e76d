package btfparse

// Bad input: each gives one clear line, which is written out here, and nothing else.

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/internal/hostile"
	"github.com/bpfgen/bpfgen/internal/hostile/bombs"
	"github.com/cilium/ebpf/btf"
)

var le = binary.LittleEndian

// code is "exit": one instruction of 8 bytes.
var code = []byte{0x95, 0, 0, 0, 0, 0, 0, 0}

func executable(name string) testSection {
	return testSection{name: name, typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, data: code}
}

func progbits(name string, data []byte) testSection {
	return testSection{name: name, typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, data: data}
}

func bpfELF(sections []testSection, symbols ...testSymbol) testELF {
	return testELF{machine: elf.EM_BPF, order: le, sections: sections, symbols: symbols}
}

// btfWords builds raw BTF without strings from the words of its types.
func btfWords(words ...uint32) []byte {
	raw := []byte{0x9F, 0xEB, 1, 0}
	size := uint32(4 * len(words))
	for _, w := range append([]uint32{24, 0, size, size, 1}, words...) {
		raw = le.AppendUint32(raw, w)
	}
	return append(raw, 0)
}

// Kinds in the info field of struct btf_type.
const (
	kindInt    = 1 << 24
	kindPtr    = 2 << 24
	kindArray  = 3 << 24
	kindStruct = 4 << 24
	kindEnum   = 6 << 24
	kindConst  = 10 << 24
	kindVar    = 14 << 24
)

func chain(n int, kind uint32, fixed ...uint32) []byte {
	var words []uint32
	for i := 1; i <= n; i++ {
		words = append(words, 0, kind, uint32(i%n+1))
		words = append(words, fixed...)
	}
	return btfWords(words...)
}

func mapDefinition(members ...btf.Member) []btf.Type {
	def := &btf.Struct{Size: 32, Members: members}
	return datasec(".maps", &btf.Var{Name: "m", Type: def, Linkage: btf.GlobalVar}, 32)
}

func datasec(section string, v *btf.Var, size uint32) []btf.Type {
	return []btf.Type{&btf.Datasec{Name: section, Vars: []btf.VarSecinfo{{Type: v, Size: size}}}}
}

func uintMember(name string, n uint32) btf.Member {
	return btf.Member{Name: name, Type: &btf.Pointer{Target: &btf.Array{Type: btfU32, Index: btfU32, Nelems: n}}}
}

func TestBadInput(t *testing.T) {
	withBTF := func(machine elf.Machine, raw []byte, more ...testSection) []byte {
		return testELF{machine: machine, order: le, sections: append([]testSection{progbits(".BTF", raw)}, more...)}.bytes(t)
	}
	mapObject := func(types []btf.Type, size uint64) []byte {
		return bpfELF([]testSection{progbits(".maps", make([]byte, 32)), progbits(".BTF", rawBTF(t, le, types...))},
			testSymbol{name: "m", typ: elf.STT_OBJECT, bind: elf.STB_GLOBAL, section: 1, size: size}).bytes(t)
	}
	counter, err := os.ReadFile("../golden/counter/counter_bpfel.o")
	if err != nil {
		t.Fatal(err)
	}
	elf32 := bytes.Clone(counter)
	elf32[elf.EI_CLASS] = byte(elf.ELFCLASS32)
	good := btfWords(0, kindInt, 4, 32)
	types := rawBTF(t, le, btfU32)
	bigEndian := rawBTF(t, binary.BigEndian, btfU32)

	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "empty file"},
		{"text", []byte("int main(void) { return 0; }\n"), "neither an ELF object nor BTF; pass the object that clang -target bpf made, or a BTF file"},
		{"one byte", []byte{0x9F}, "neither an ELF object nor BTF; pass the object that clang -target bpf made, or a BTF file"},
		{"x86-64", testELF{machine: elf.EM_X86_64, order: le}.bytes(t), "ELF for x86-64, not for BPF; pass the object that clang -target bpf made"},
		{"s390x", testELF{machine: elf.EM_S390, order: binary.BigEndian}.bytes(t), "ELF for s390x, not for BPF; pass the object that clang -target bpf made"},
		{"sparc", testELF{machine: elf.EM_SPARC, order: le}.bytes(t), "ELF for EM_SPARC, not for BPF; pass the object that clang -target bpf made"},
		{"module", testELF{machine: elf.EM_X86_64, order: le, sections: []testSection{{name: ".modinfo", typ: elf.SHT_PROGBITS, data: []byte("name=x\x00")}}}.bytes(t),
			"a kernel module without BTF; modules have it since Linux 5.11, if the kernel is built with CONFIG_DEBUG_INFO_BTF_MODULES"},
		{"ELF32", elf32, "ELFCLASS32; an eBPF object is ELFCLASS64"},
		{"ELF magic alone", []byte(elf.ELFMAG), "truncated ELF file"},
		{"half an object", counter[:len(counter)/2], "truncated ELF file"},
		{"nothing but ELF", bpfELF(nil).bytes(t), "no BTF, and no maps, programs or variables either; compile with clang -g -O2 -target bpf"},
		{".maps without BTF", bpfELF([]testSection{progbits(".maps", make([]byte, 8))}).bytes(t), "section .maps needs BTF; compile with clang -g -O2 -target bpf"},
		{".struct_ops without BTF", bpfELF([]testSection{progbits(".struct_ops.link", make([]byte, 8))}).bytes(t), "section .struct_ops.link needs BTF; compile with clang -g -O2 -target bpf"},
		{"compressed", bpfELF([]testSection{{name: ".BTF", typ: elf.SHT_PROGBITS, flags: elf.SHF_COMPRESSED, data: make([]byte, 64)}}).bytes(t), "section .BTF is compressed"},
		{"long section", bpfELF([]testSection{{name: ".data", typ: elf.SHT_PROGBITS, data: code, size: 1 << 40}}).bytes(t), "truncated ELF file: section .data reaches behind its end"},
		{"variable too long", bpfELF([]testSection{progbits(".data", code)}, testSymbol{"v", elf.STT_OBJECT, elf.STB_GLOBAL, 1, 4, 8}).bytes(t), "variable v reaches behind the end of section .data"},
		{"program too long", bpfELF([]testSection{executable("xdp")}, testSymbol{"p", elf.STT_FUNC, elf.STB_GLOBAL, 1, 0, 16}).bytes(t), "program p reaches behind the end of section xdp"},
		{"two programs", bpfELF([]testSection{executable("xdp"), executable("tc")}, testSymbol{"p", elf.STT_FUNC, elf.STB_GLOBAL, 1, 0, 8}, testSymbol{"p", elf.STT_FUNC, elf.STB_GLOBAL, 2, 0, 8}).bytes(t), "two programs are named p, and no loader has two of one name; rename one in C"},
		{"legacy map of an old clang", bpfELF([]testSection{progbits("maps", make([]byte, 20))}, testSymbol{"m", elf.STT_NOTYPE, elf.STB_GLOBAL, 1, 0, 0}).bytes(t), "map m: its symbol in section maps has no size, as an old clang writes it, so that no loader knows how long the definition is; compile with a newer clang"},
		{"short legacy map", bpfELF([]testSection{progbits("maps", make([]byte, 16))}, testSymbol{"m", elf.STT_OBJECT, elf.STB_GLOBAL, 1, 0, 16}).bytes(t), "map m: the definition has 16 bytes, struct bpf_map_def has 20"},

		{"raw BTF cut in the header", types[:20], "truncated BTF"},
		{"raw BTF cut in the types", types[:30], "truncated BTF"},
		{"raw BTF cut in the strings", types[:len(types)-1], "truncated BTF"},
		{"raw BTF cut in a type", btfWords(0, kindInt, 4, 32, 0), "truncated BTF"},
		{"unknown kind", btfWords(0, 25<<24, 4), "BTF type 1 is of kind 25, which is newer than this version of bpfgen or damaged"},
		{"BTF of the other order", withBTF(elf.EM_BPF, bigEndian), "the BTF is BigEndian, the ELF around it is LittleEndian"},
		{"too many types", withBTF(elf.EM_BPF, chain(hostile.MaxObjectTypes+1, kindConst)), "more than 100000 BTF types"},
		{"reference to nowhere", btfWords(0, kindConst, 99), "malformed BTF: type 1 refers to type 99 of 1; the BTF of a kernel module needs that of its kernel"},
		{"pointers, deep", chain(hostile.MaxBTFDepth+1, kindPtr), "malformed BTF: types refer to each other more than 50000 levels deep"},
		{"pointers, deep, in a kernel", withBTF(elf.EM_X86_64, chain(hostile.MaxBTFDepth+1, kindPtr)), "malformed BTF: types refer to each other more than 50000 levels deep"},

		{"map without symbol", withBTF(elf.EM_BPF, rawBTF(t, le, mapDefinition(uintMember("type", 1))...), progbits(".maps", make([]byte, 32))), "map m: section .maps has no symbol for it"},
		{"map longer than its section", mapObject(mapDefinition(uintMember("type", 1)), 40), "map m: symbol m overlaps others of section .maps, or reaches behind its end"},
		{"map that is an integer", mapObject(datasec(".maps", &btf.Var{Name: "m", Type: btfU32}, 4), 32), "map m: the definition is unsigned int, not a struct"},
		{"map type that is a struct", mapObject(mapDefinition(btf.Member{Name: "type", Type: &btf.Struct{}}), 32), "map m: member type: is not a number; use __uint or __ulong of bpf_helpers.h"},
		{"key that is no pointer", mapObject(mapDefinition(btf.Member{Name: "key", Type: btfU32}), 32), "map m: member key: is not a type; use __type of bpf_helpers.h"},
		{"values that are no array", mapObject(mapDefinition(btf.Member{Name: "values", Type: btfU32}), 32), "map m: member values: is not an array; use __array of bpf_helpers.h"},
		{"good BTF is no error", good, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := "counter.o: " + c.want
			if _, err := Parse("counter.o", bytes.NewReader(c.data)); c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// BTF that has a name somewhere, so that the types in it are converted.
func TestMalformedTypes(t *testing.T) {
	named := func(words ...uint32) []byte {
		raw := btfWords(words...)
		le.PutUint32(raw[20:], 3)
		return append(raw, 's', 0)
	}
	deep := []uint32{1, kindStruct | 1, 4, 0, 2, 0}
	for i := uint32(0); i < maxNesting; i++ {
		deep = append(deep, 0, kindStruct|1, 4, 0, i+3, 0)
	}
	wide := []uint32{1, kindStruct | 1, 0, 0, 2, 0}
	for i := uint32(0); i < 30; i++ { // 2^30 members, none of which has a size
		wide = append(wide, 0, kindStruct|2, 0, 0, i+3, 0, 0, i+3, 0)
	}
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"struct in itself", named(1, kindStruct|1, 4, 0, 1, 0), "struct s, member : malformed BTF: struct s contains itself"},
		{"deep", named(append(deep, 0, kindInt, 4, 32)...), "malformed BTF: types nest more than 256 levels deep"},
		{"wide", named(append(wide, 0, kindStruct, 0)...), "has more than 1048576 members"},
		{"member outside", named(1, kindStruct|1, 4, 0, 2, 32, 0, kindInt, 4, 32), "struct s, member : malformed BTF: ends behind the 4 bytes of the type"},
		{"bitfield too wide", named(1, kindStruct|1<<31|1, 8, 0, 2, 33<<24, 0, kindInt, 4, 32), "struct s, member : malformed BTF: 33 bits in a type of 32"},
		{"empty integer", named(1, kindStruct|1, 4, 0, 2, 0, 0, kindInt, 0, 0), "struct s, member : malformed BTF: integer has 0 bytes"},
		{"enum of three bytes", named(1, kindEnum|1, 3, 0, 1), "malformed BTF: enum s has 3 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("x.btf", bytes.NewReader(c.raw))
			if err == nil || !strings.HasPrefix(err.Error(), "x.btf: ") || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("got  %v\nwant … %s", err, c.want)
			}
		})
	}
}

func TestDirectory(t *testing.T) {
	f, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := Parse("some/dir", f); err == nil || err.Error() != "some/dir: is a directory" {
		t.Errorf("got %v", err)
	}
}

// Whatever is missing at the end, it is an error or an object of less, and
// never an internal error.
func TestTruncated(t *testing.T) {
	whole, err := os.ReadFile("../golden/counter/counter_bpfel.o")
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n++ {
		_, err := Parse("t.o", bytes.NewReader(whole[:n]))
		if err == nil || strings.Contains(err.Error(), "internal error") {
			t.Fatalf("the first %d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// Machines other than BPF may carry BTF: kernels do.
func TestKernelELF(t *testing.T) {
	raw := rawBTF(t, le, &btf.Struct{Name: "task", Size: 4, Members: []btf.Member{member("pid", btfU32, 0)}})
	obj, err := Parse("vmlinux", bytes.NewReader(testELF{machine: elf.EM_X86_64, order: le, sections: []testSection{progbits(".BTF", raw)}}.bytes(t)))
	if err != nil {
		t.Fatal(err)
	}
	if !obj.TypesOnly || len(obj.Types) != 1 || obj.Types[0].CName() != "struct task" {
		t.Errorf("TypesOnly is %v, types are %v", obj.TypesOnly, obj.Types)
	}
}

// An object without BTF still has programs, legacy maps and variables by size.
func TestNoBTF(t *testing.T) {
	legacy := make([]byte, 20)
	for i, n := range []uint32{1, 4, 8, 16, 1} {
		le.PutUint32(legacy[4*i:], n)
	}
	obj, err := Parse("old.o", bytes.NewReader(bpfELF(
		[]testSection{executable("xdp"), progbits("maps", legacy), progbits(".data", code)},
		testSymbol{"p", elf.STT_FUNC, elf.STB_GLOBAL, 1, 0, 8},
		testSymbol{"m", elf.STT_OBJECT, elf.STB_GLOBAL, 2, 0, 20},
		testSymbol{"v", elf.STT_OBJECT, elf.STB_GLOBAL, 3, 4, 4},
		testSymbol{"s", elf.STT_OBJECT, elf.STB_LOCAL, 3, 0, 4},
	).bytes(t)))
	if err != nil {
		t.Fatal(err)
	}
	want := `byte order LittleEndian
map m
	section maps
	type HASH
	key unknown, 4 bytes
	value unknown, 8 bytes
	max_entries 16
	flags 0x1
	legacy true
program p
	section xdp
	type XDP
	prefix xdp
	attach type XDP
variable s
	section .data+0, 4 bytes
	kind data
	type unknown
	static true
variable v
	section .data+4, 4 bytes
	kind data
	type unknown
warning: the object has no BTF, so maps and variables are known by size alone; compile with clang -g
`
	if got := dump(obj); got != want {
		t.Errorf("got\n%s", got)
	}
}

// A .bss of gigabytes costs nothing, and neither do thousands of functions
// that each claim the whole section.
func TestNoHugeAllocation(t *testing.T) {
	bss := testSection{name: ".bss", typ: elf.SHT_NOBITS, flags: elf.SHF_ALLOC | elf.SHF_WRITE, size: 3 << 30}
	var functions []testSymbol
	text := executable("xdp")
	text.data = bytes.Repeat(code, 1<<12)
	for i := range 2000 {
		functions = append(functions, testSymbol{fmt.Sprintf("f%d", i), elf.STT_FUNC, elf.STB_LOCAL, 1, uint64(8 * i), uint64(len(text.data) - 8*i)})
	}
	for _, data := range [][]byte{
		bpfELF([]testSection{bss}, testSymbol{"huge", elf.STT_OBJECT, elf.STB_GLOBAL, 1, 0, 3 << 30}).bytes(t),
		bpfELF([]testSection{text}, functions...).bytes(t),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		obj, err := Parse("huge.o", bytes.NewReader(data))
		runtime.ReadMemStats(&after)
		if err != nil || obj.LoadError == nil || !strings.HasPrefix(obj.LoadError.Error(), "not tried") {
			t.Fatalf("error %v, object %v", err, obj)
		}
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 32<<20 {
			t.Errorf("%d MiB allocated", allocated>>20)
		}
	}
}

// Objects that would take gigabytes, or a stack without end, are an error, or at
// least never reach the library's loader.
func TestBombs(t *testing.T) {
	for _, b := range bombs.All() {
		data := b.Object()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		obj, err := Parse("bomb.o", bytes.NewReader(data))
		runtime.ReadMemStats(&after)
		if err == nil {
			err = obj.LoadError
		}
		if err == nil || !strings.Contains(err.Error(), b.Want) && !strings.HasPrefix(err.Error(), "bomb.o: ") {
			t.Errorf("%s: %v, want %s", b.Name, err, b.Want)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 512<<20 {
			t.Errorf("%s: %d MiB allocated", b.Name, used>>20)
		}
	}
}

// Strings of the file reach the message, but only as one printable line.
func TestErrorsAreOneLine(t *testing.T) {
	name := "evil\nname\x1b[31m"
	_, err := Parse(filepath.Join("dir", name), bytes.NewReader(bpfELF([]testSection{executable("xdp")}, testSymbol{name, elf.STT_FUNC, elf.STB_GLOBAL, 1, 0, 800}).bytes(t)))
	if want := "dir/evil name [31m: program evil name [31m reaches behind the end of section xdp"; err == nil || err.Error() != want {
		t.Errorf("got  %q\nwant %q", err, want)
	}
}
