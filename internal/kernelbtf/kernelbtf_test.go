package kernelbtf

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// kernelTypes makes the BTF of a kernel with one struct.
func kernelTypes(t *testing.T, order binary.ByteOrder, name string) []byte {
	t.Helper()
	return marshal(t, order, &btf.Struct{Name: name, Size: 4, Members: []btf.Member{{Name: "member_of_" + name, Type: &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}}}})
}

func marshal(t *testing.T, order binary.ByteOrder, types ...btf.Type) []byte {
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

// moduleTypes makes split BTF by hand: a struct nf of an int of the kernel.
func moduleTypes(t *testing.T, base []byte) []byte {
	t.Helper()
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(base))
	if err != nil {
		t.Fatal(err)
	}
	i, err := spec.AnyTypeByName("int")
	if err != nil {
		t.Fatal(err)
	}
	id, err := spec.TypeID(i)
	if err != nil {
		t.Fatal(err)
	}
	h, err := parseHeader(base, uint64(len(base)))
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	strs := "nf\x00entry\x00"
	types := le.AppendUint32(nil, h.stringBytes)                                                     // name: the first string of its own
	types = le.AppendUint32(types, 4<<24|1)                                                          // a struct of one member
	types = le.AppendUint32(types, 4)                                                                // size
	types = le.AppendUint32(le.AppendUint32(le.AppendUint32(types, h.stringBytes+3), uint32(id)), 0) // entry, int, at 0
	raw := []byte{0x9f, 0xeb, 1, 0}
	for _, n := range []int{headerSize, 0, len(types), len(types), len(strs)} {
		raw = le.AppendUint32(raw, uint32(n))
	}
	return append(append(raw, types...), strs...)
}

// anELF makes an ELF of some sections.
func anELF(machine elf.Machine, sections map[string][]byte) []byte {
	le := binary.LittleEndian
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range sections {
			yield(name)
		}
	})
	shstr, data := "\x00", []byte{}
	headers := make([]byte, 64)
	const start = 64
	add := func(name string, typ elf.SectionType, content []byte) {
		h := make([]byte, 64)
		le.PutUint32(h[0:], uint32(len(shstr)))
		le.PutUint32(h[4:], uint32(typ))
		le.PutUint64(h[24:], uint64(start+len(data)))
		le.PutUint64(h[32:], uint64(len(content)))
		shstr += name + "\x00"
		data = append(data, content...)
		headers = append(headers, h...)
	}
	for _, name := range names {
		add(name, elf.SHT_PROGBITS, sections[name])
	}
	add(".shstrtab", elf.SHT_STRTAB, []byte(shstr+".shstrtab\x00"))
	file := make([]byte, start)
	copy(file, elf.ELFMAG+"\x02\x01\x01")
	le.PutUint16(file[16:], uint16(elf.ET_EXEC))
	le.PutUint16(file[18:], uint16(machine))
	le.PutUint32(file[20:], 1)
	le.PutUint64(file[40:], uint64(start+len(data)))
	le.PutUint16(file[52:], start)
	le.PutUint16(file[58:], 64)
	le.PutUint16(file[60:], uint16(len(names)+2))
	le.PutUint16(file[62:], uint16(len(names)+1))
	return append(append(file, data...), headers...)
}

// aBzImage wraps a payload as arch/x86/boot does.
func aBzImage(payload []byte, release string) []byte {
	const setup = 2
	b := make([]byte, (setup+1)*512)
	copy(b[0x202:], "HdrS")
	b[0x1f1] = setup
	binary.LittleEndian.PutUint16(b[0x20e:], 0x300-0x200)
	copy(b[0x300:], release+" (builder) #1\x00")
	binary.LittleEndian.PutUint32(b[0x24c:], uint32(len(payload)))
	return append(append(b, payload...), "what follows is not the payload"...)
}

// withSize is the payload of what is not gzip: the unpacked size follows.
func withSize(packed []byte, size int) []byte {
	return binary.LittleEndian.AppendUint32(slices.Clone(packed), uint32(size))
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func xzed(t *testing.T, b []byte) []byte {
	var out bytes.Buffer
	w, err := xz.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func zst(t *testing.T, b []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

// lz4ed makes a legacy frame by hand: literals, a match that overlaps itself, and
// literals again.
func lz4ed(b []byte) []byte {
	var block []byte
	literals := func(b []byte, match byte) {
		n := len(b)
		block = append(block, byte(min(n, 15))<<4|match)
		for n -= 15; n >= 0; n -= 255 {
			block = append(block, byte(min(n, 255)))
		}
		block = append(block, b...)
	}
	literals(b, 0)
	out := append([]byte("\x02\x21\x4c\x18"), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(block)))
	return append(out, block...)
}

func tarred(b []byte) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	w.WriteHeader(&tar.Header{Name: "folder/", Typeflag: tar.TypeDir})
	w.WriteHeader(&tar.Header{Name: "5.4.0-1.btf", Typeflag: tar.TypeReg, Size: int64(len(b)), Mode: 0o644})
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// The first file of an archive is what archive/tar finds, whatever stands before it.
func TestTar(t *testing.T) {
	long := strings.Repeat("long/", 60)
	headers := map[string][]tar.Header{
		"one file":   {{Name: "a"}},
		"after dirs": {{Name: "a/", Typeflag: tar.TypeDir}, {Name: "b", Linkname: "c", Typeflag: tar.TypeSymlink}, {Name: "c"}, {Name: "d"}},
		"pax":        {{Name: long + "a", Format: tar.FormatPAX, PAXRecords: map[string]string{"comment": long}}, {Name: "b"}},
		"GNU":        {{Name: long + "a", Format: tar.FormatGNU}, {Name: "b"}},
		"empty":      {{Name: "a", Size: -1}, {Name: "b"}},
	}
	for name, list := range headers {
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		for i, h := range list {
			content := bytes.Repeat([]byte{byte('0' + i)}, 700*(i+1))
			if h.Typeflag != 0 || h.Size < 0 {
				content = nil
			}
			h.Size, h.Mode = int64(len(content)), 0o644
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			w.Write(content)
		}
		w.Close()
		r := tar.NewReader(bytes.NewReader(archive.Bytes()))
		h, err := r.Next()
		for err == nil && h.Typeflag != tar.TypeReg {
			h, err = r.Next()
		}
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := firstInTar(archive.Bytes()); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(want), err)
		}
		for at := range 512 { // a header that is damaged anywhere
			damaged := bytes.Clone(archive.Bytes())
			damaged[at] ^= 0x55
			if got, err := firstInTar(damaged); err == nil {
				t.Errorf("%s, byte %d: %d bytes of a damaged archive", name, at, len(got))
				break
			}
		}
		for _, n := range []int{600, 1000, 1023} {
			if got, err := firstInTar(archive.Bytes()[:n]); err == nil && name != "empty" {
				t.Errorf("%s: %d bytes of a truncated archive", name, len(got))
			}
		}
	}
}

const banner61 = "\x00Linux version 6.1.0-56-cloud-amd64 (builder@debian.org) (gcc-12)\x00"

// Every form in which a kernel's BTF comes gives the same bytes.
func TestRead(t *testing.T) {
	raw := kernelTypes(t, binary.LittleEndian, "sock")
	vmlinux := anELF(elf.EM_X86_64, map[string][]byte{".BTF": raw, ".rodata": []byte(banner61), ".text": make([]byte, 100)})
	flat := append(append(make([]byte, 56), "ARM\x64"...), bytes.Repeat([]byte("code "), 20)...)
	flat = append(append(append(flat, raw...), banner61...), "more code"...)
	zimg := append([]byte("MZ\x00\x00zimg"), 64, 0, 0, 0)
	zimg = binary.LittleEndian.AppendUint32(zimg, uint32(len(gz(flat))))
	zimg = append(append(zimg, make([]byte, 64-len(zimg))...), gz(flat)...)
	for name, test := range map[string]struct {
		file    []byte
		release string
	}{
		"raw":               {raw, ""},
		"gz":                {gz(raw), ""},
		"xz":                {xzed(t, raw), ""},
		"zst":               {zst(t, raw), ""},
		"lz4":               {lz4ed(raw), ""},
		"btf.tar.xz":        {xzed(t, tarred(raw)), ""},
		"vmlinux":           {vmlinux, "6.1.0-56-cloud-amd64"},
		"vmlinux.xz":        {xzed(t, vmlinux), "6.1.0-56-cloud-amd64"},
		"bzImage with gzip": {aBzImage(gz(vmlinux), "6.1.0-56-cloud-amd64"), "6.1.0-56-cloud-amd64"},
		"bzImage with zstd": {aBzImage(withSize(zst(t, vmlinux), len(vmlinux)), "6.2"), "6.1.0-56-cloud-amd64"},
		"bzImage with xz":   {aBzImage(withSize(xzed(t, vmlinux), len(vmlinux)), "6.2"), "6.1.0-56-cloud-amd64"},
		"bzImage with lz4":  {aBzImage(withSize(lz4ed(vmlinux), len(vmlinux)), "6.2"), "6.1.0-56-cloud-amd64"},
		"bzImage, no name":  {aBzImage(gz(anELF(elf.EM_X86_64, map[string][]byte{".BTF": raw})), "6.2.3-x"), "6.2.3-x"},
		"Image":             {flat, "6.1.0-56-cloud-amd64"},
		"Image.gz":          {gz(flat), "6.1.0-56-cloud-amd64"},
		"EFI zboot":         {zimg, "6.1.0-56-cloud-amd64"},
		"module":            {anELF(elf.EM_X86_64, map[string][]byte{".BTF": raw, ".modinfo": []byte("license=GPL\x00vermagic=6.1.0-9 SMP mod_unload\x00")}), "6.1.0-9"},
	} {
		image, err := Read(bytes.NewReader(test.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.Equal(image.BTF, raw) || image.Split || image.Release != test.release {
			t.Errorf("%s: %d bytes of BTF, split %v, release %q", name, len(image.BTF), image.Split, image.Release)
		}
	}
}

func TestReadBigEndian(t *testing.T) {
	raw := kernelTypes(t, binary.BigEndian, "sock")
	flat := append(append(make([]byte, 56), "RSC\x05"...), raw...)
	for _, file := range [][]byte{raw, flat} {
		image, err := Read(bytes.NewReader(file))
		if err != nil || image.ByteOrder() != binary.BigEndian || !bytes.Equal(image.BTF, raw) {
			t.Errorf("%v", err)
		}
	}
}

// s390x's bzImage says nowhere where the kernel in it begins and ends.
func TestReadS390Image(t *testing.T) {
	raw := kernelTypes(t, binary.BigEndian, "sock")
	flat := slices.Concat([]byte(banner61), raw, []byte("code"))
	decompressor := append(make([]byte, 0x10008), "S390EP and what looks packed: \x1f\x8b \x28\xb5\x2f\xfd \xfd7zXZ\x00"...)
	for name, packed := range map[string][]byte{"gzip": gz(flat), "zstd": zst(t, flat), "xz": xzed(t, flat), "lz4": lz4ed(flat), "not": flat} {
		image, err := Read(bytes.NewReader(slices.Concat(decompressor, packed, []byte("data of the decompressor"))))
		if err != nil || image.Release != "6.1.0-56-cloud-amd64" || !bytes.Equal(image.BTF, raw) {
			t.Errorf("%s: %v %+v", name, err, image)
		}
	}
	without := slices.Concat(decompressor, gz([]byte(banner61)))
	if _, err := Read(bytes.NewReader(without)); err == nil || !strings.Contains(err.Error(), "CONFIG_DEBUG_INFO_BTF") {
		t.Errorf("an image without BTF: %v", err)
	}
}

// The configuration is found where the kernel carries it.
func TestIKConfig(t *testing.T) {
	config := "CONFIG_HZ=250\n"
	rodata := append(append([]byte("some text IKCFG_ST"), gz([]byte(config))...), "IKCFG_ED"...)
	image, err := Read(bytes.NewReader(anELF(elf.EM_X86_64, map[string][]byte{".BTF": kernelTypes(t, binary.LittleEndian, "s"), ".rodata": rodata})))
	if err != nil || string(image.Config) != config {
		t.Errorf("%v, configuration %q", err, image.Config)
	}
}

func TestReadErrors(t *testing.T) {
	raw := kernelTypes(t, binary.LittleEndian, "sock")
	for name, test := range map[string]struct {
		file []byte
		says string
	}{
		"empty":               {nil, "is no kernel"},
		"text":                {[]byte("some text or other"), "is no kernel and has no BTF"},
		"truncated BTF":       {raw[:len(raw)-5], "truncated BTF"},
		"header alone":        {raw[:10], "truncated BTF"},
		"vmlinux without BTF": {anELF(elf.EM_X86_64, map[string][]byte{".text": {1}}), "CONFIG_DEBUG_INFO_BTF"},
		"object":              {anELF(elf.EM_BPF, map[string][]byte{".BTF": raw}), "is an eBPF object"},
		"half an ELF":         {[]byte("\x7fELF and more that is none"), "malformed ELF"},
		"LZO":                 {append([]byte("\x89LZO\x00"), raw...), "compressed with LZO"},
		"damaged gzip":        {gz(raw)[:20], "gzip"},
		"damaged LZ4":         {lz4ed(raw)[:20], "LZ4"},
		"damaged zstd":        {zst(t, raw)[:20], "zstd"},
		"damaged xz":          {xzed(t, raw)[:40], "xz"},
		"short bzImage":       {aBzImage(gz(raw), "6.1")[:0x260], "truncated boot image"},
		"bzImage without BTF": {aBzImage(gz(anELF(elf.EM_X86_64, map[string][]byte{".text": {1}})), "6.1"), "CONFIG_DEBUG_INFO_BTF"},
		"Image without BTF":   {append(append(make([]byte, 56), "ARM\x64"...), make([]byte, 100)...), "CONFIG_DEBUG_INFO_BTF"},
		"a matryoshka":        {gz(gz(gz(gz(gz(raw))))), "more than four times"},
		"empty tar":           {make([]byte, 257), "is no kernel"},
	} {
		if _, err := Read(bytes.NewReader(test.file)); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}

// What unpacks to more than anything is an error and no allocation.
func TestUnpackIsBounded(t *testing.T) {
	zeros := make([]byte, 1<<20)
	for name, packed := range map[string][]byte{"gzip": gz(zeros), "xz": xzed(t, zeros), "zstd": zst(t, zeros), "LZ4": lz4ed(zeros)} {
		if _, err := unpack(packed, 1<<19); err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A match may overlap what it writes.
func TestLZ4Matches(t *testing.T) {
	block := []byte{0x3f, 'a', 'b', 'c', 3, 0, 20, 0x20, 'x', 'y'} // abc, 39 bytes from 3 back, xy
	got, err := lz4Block(block, make([]byte, 0, 100))
	if want := strings.Repeat("abc", 14) + "xy"; err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	for _, bad := range [][]byte{{0xf0}, {0x50, 'a'}, {0x10, 'a', 9, 0}, {0x10, 'a', 0, 0}, {0x1f, 'a', 1, 0, 255}, {0x10, 'a', 1}} {
		if _, err := lz4Block(bad, make([]byte, 0, 100)); err == nil {
			t.Errorf("% x is no error", bad)
		}
	}
}

// What xz packs with the filter of the kernel's images comes out as it was.
func TestXZWithBCJ(t *testing.T) {
	tool, err := exec.LookPath("xz")
	if err != nil {
		t.Skip("xz is not installed (apt-get install xz-utils)")
	}
	code, err := os.ReadFile(tool) // machine code of some kind, whatever the machine
	if err != nil {
		t.Fatal(err)
	}
	// Calls behind calls, and bytes that look like some.
	for i := range 3000 {
		code = append(code, 0xe8, byte(i), byte(i>>3), byte(i*7), byte(-(i & 1)), 0xe9, 0xe8, byte(i), 0xff, 0x00)
	}
	cmd := exec.Command(tool, "-c", "--check=crc32", "--x86", "--lzma2=dict=1MiB")
	cmd.Stdin = bytes.NewReader(code)
	packed, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := unpack(packed, maxFile)
	if err != nil || !bytes.Equal(got, code) {
		t.Errorf("%v, %d bytes of %d", err, len(got), len(code))
	}
}

func TestModule(t *testing.T) {
	base := kernelTypes(t, binary.LittleEndian, "sock")
	split := moduleTypes(t, base)
	image, err := Read(bytes.NewReader(anELF(elf.EM_X86_64, map[string][]byte{".BTF": split})))
	if err != nil || !image.Split {
		t.Fatalf("%v, split %v", err, image)
	}
	k := &Kernel{Path: "vmlinux", Image: &Image{BTF: base}}
	types, err := k.Types()
	if err != nil {
		t.Fatal(err)
	}
	m := Module{Name: "nf", Path: "nf.ko", Image: image}
	spec, err := m.Types(types)
	if err != nil {
		t.Fatal(err)
	}
	var nf *btf.Struct
	if err := spec.TypeByName("nf", &nf); err != nil || nf.Members[0].Type.TypeName() != "int" {
		t.Errorf("%v, %v", err, nf)
	}
}

// A base of other strings is refused, and the module is named.
func TestWrongBase(t *testing.T) {
	split := moduleTypes(t, kernelTypes(t, binary.LittleEndian, "sock"))
	for _, other := range []string{"s", "task_struct_of_a_larger_kernel"} {
		k := &Kernel{Path: "vmlinux", Image: &Image{BTF: kernelTypes(t, binary.LittleEndian, other)}}
		types, err := k.Types()
		if err != nil {
			t.Fatal(err)
		}
		m := Module{Name: "nf", Path: "dir/nf.ko", Image: &Image{BTF: split, Split: true}}
		if _, err := m.Types(types); err == nil || !strings.Contains(err.Error(), "dir/nf.ko") {
			t.Errorf("base with struct %s: %v", other, err)
		}
	}
}

// tree writes files below a new folder.
func tree(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// found are the sources as text: "kernel: modules", below dir.
func found(dir string, sources []Source) (text []string) {
	for _, s := range sources {
		line := s.Path + ":"
		for _, m := range s.Modules {
			line += " " + m
		}
		text = append(text, strings.ReplaceAll(line, dir+"/", ""))
	}
	return text
}

func TestFind(t *testing.T) {
	a, b := kernelTypes(t, binary.LittleEndian, "a"), kernelTypes(t, binary.LittleEndian, "bb")
	ko := anELF(elf.EM_X86_64, map[string][]byte{".BTF": moduleTypes(t, a)})
	dir := tree(t, map[string][]byte{
		"flat/6.1.0-1.btf": a, "flat/6.12.0-2.btf": b, "flat/notes.txt": []byte("not read"),
		"one/vmlinux": a, "one/nf.ko": ko, "one/deep/sch.ko.xz": xzed(t, ko), "one/split.btf": moduleTypes(t, a), "one/config": nil,
		"debian/boot/vmlinuz-6.1.0-1-amd64": aBzImage(gz(a), "6.1.0-1-amd64"), "debian/boot/vmlinuz-6.12.1-2-amd64": aBzImage(gz(b), "6.12.1-2-amd64"),
		"debian/lib/modules/6.1.0-1-amd64/kernel/net/nf.ko": ko,
		"new/modules/7.3.1-amd64/vmlinuz":                   aBzImage(gz(a), "7.3.1-amd64"), "new/modules/7.3.1-amd64/kernel/nf.ko": ko,
	})
	in := func(names ...string) (paths []string) {
		for _, n := range names {
			paths = append(paths, filepath.Join(dir, n))
		}
		return paths
	}
	for name, test := range map[string]struct {
		args []string
		base string
		want []string
	}{
		"files":           {in("flat/6.12.0-2.btf", "one/vmlinux"), "", []string{"flat/6.12.0-2.btf:", "one/vmlinux:"}},
		"folder":          {in("flat"), "", []string{"flat/6.1.0-1.btf:", "flat/6.12.0-2.btf:"}},
		"modules around":  {in("one"), "", []string{"one/vmlinux: one/deep/sch.ko.xz one/nf.ko one/split.btf"}},
		"by release":      {in("debian"), "", []string{"debian/boot/vmlinuz-6.1.0-1-amd64: debian/lib/modules/6.1.0-1-amd64/kernel/net/nf.ko", "debian/boot/vmlinuz-6.12.1-2-amd64:"}},
		"beside modules":  {in("new"), "", []string{"new/modules/7.3.1-amd64/vmlinuz: new/modules/7.3.1-amd64/kernel/nf.ko"}},
		"base":            {in("one/nf.ko"), in("one/vmlinux")[0], []string{"one/vmlinux: one/nf.ko"}},
		"base and others": {in("one/nf.ko", "flat/6.1.0-1.btf"), in("one/vmlinux")[0], []string{"flat/6.1.0-1.btf:", "one/vmlinux: one/nf.ko"}},
		"base unused":     {in("flat/6.1.0-1.btf"), in("one/vmlinux")[0], []string{"flat/6.1.0-1.btf:"}},
	} {
		sources, err := Find(test.args, test.base, nil)
		if got := found(dir, sources); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, %v, want %q", name, got, err, test.want)
		}
	}
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"no such file":     {in("nothing"), "no such file"},
		"empty folder":     {[]string{t.TempDir()}, "no kernel in this folder"},
		"a module alone":   {in("one/nf.ko"), "give that with -base"},
		"split BTF alone":  {in("one/split.btf"), "give that with -base"},
		"modules of which": {[]string{filepath.Dir(tree(t, map[string][]byte{"x/6.1.1.btf": a, "x/6.1.2.btf": b, "x/nf.ko": ko})) + "/" + filepath.Base(dir)}, ""},
	} {
		if test.says == "" {
			continue
		}
		if _, err := Find(test.args, "", nil); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
	ambiguous := tree(t, map[string][]byte{"6.1.1.btf": a, "6.1.2.btf": b, "nf.ko": ko})
	if _, err := Find([]string{ambiguous}, "", nil); err == nil || !strings.Contains(err.Error(), "which of the kernels") {
		t.Errorf("a module beside two kernels: %v", err)
	}
}

func TestOpen(t *testing.T) {
	raw := kernelTypes(t, binary.LittleEndian, "a")
	ko := anELF(elf.EM_X86_64, map[string][]byte{".BTF": moduleTypes(t, raw)})
	dir := tree(t, map[string][]byte{
		"vmlinuz-6.1.0-1-amd64": aBzImage(gz(raw), "6.1.0-1-amd64"), "config-6.1.0-1-amd64": []byte("CONFIG_HZ=250\n"),
		"5.4.0-42-generic.btf.tar.xz": xzed(t, tarred(raw)), "mine.btf": raw, "mine.config": []byte("CONFIG_HZ=100\n"),
		"nf-x.ko": ko, "old.ko": anELF(elf.EM_X86_64, map[string][]byte{".text": {1}}),
	})
	for file, want := range map[string]string{
		"vmlinuz-6.1.0-1-amd64":       "6.1.0-1-amd64 6.1.0-1-amd64 CONFIG_HZ=250\n",
		"5.4.0-42-generic.btf.tar.xz": "5.4.0-42-generic 5.4.0-42-generic ",
		"mine.btf":                    "mine  CONFIG_HZ=100\n",
	} {
		k, err := Source{Path: filepath.Join(dir, file), Modules: []string{filepath.Join(dir, "nf-x.ko"), filepath.Join(dir, "old.ko")}}.Open()
		if err != nil {
			t.Error(err)
			continue
		}
		if got := fmt.Sprintf("%s %s %s", k.Name, k.Release, k.Config); got != want || len(k.Modules) != 1 || k.Modules[0].Name != "nf_x" {
			t.Errorf("%s: %q, want %q; modules %v", file, got, want, k.Modules)
		}
	}
	if k, err := (Source{Path: Stdin, stdin: bytes.NewReader(gz(raw))}).Open(); err != nil || k.Name != "stdin" || !bytes.Equal(k.BTF, raw) {
		t.Errorf("standard input: %v", err)
	}
	if _, err := (Source{Path: filepath.Join(dir, "nf-x.ko")}).Open(); err == nil || !strings.Contains(err.Error(), "-base") {
		t.Errorf("a module as a kernel: %v", err)
	}
}

// The machine that the tests run on shows its BTF, and modules find it by themselves.
func TestRunningKernel(t *testing.T) {
	if _, err := os.Stat(filepath.Join(sysBTF, "vmlinux")); errors.Is(err, os.ErrNotExist) {
		t.Skip("the kernel shows no BTF")
	}
	sources, err := Find([]string{sysBTF}, "", nil)
	if err != nil || len(sources) != 1 || sources[0].Path != filepath.Join(sysBTF, "vmlinux") {
		t.Fatalf("%v, %v", sources, err)
	}
	k, err := sources[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if k.Release == "" || k.Name != k.Release {
		t.Errorf("the running kernel is called %q, release %q", k.Name, k.Release)
	}
	if _, err := k.Types(); err != nil {
		t.Error(err)
	}
}
