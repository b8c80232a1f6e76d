package kernelbtf

// This file finds BTF inside of a file. An ELF that lies on disk uncompressed
// is read by its section headers alone; everything else is read whole, and
// unpacked, until BTF, an ELF or a boot image comes to light.

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/bpfgen/bpfgen/internal/lazyregexp"
)

// ErrObject is returned for an eBPF object: a program and no kernel.
var ErrObject = errors.New("is an eBPF object, not a kernel")

// errNoBTF is for files that are what they should be, without BTF in them.
var errNoBTF = errors.New("has no BTF: the kernel was built without CONFIG_DEBUG_INFO_BTF")

// Read reads one file.
func Read(r io.ReaderAt) (*Image, error) {
	head := make([]byte, 4)
	if n, err := r.ReadAt(head, 0); n < len(head) {
		if err == nil || errors.Is(err, io.EOF) {
			err = errors.New("is no kernel and has no BTF")
		}
		return nil, err
	}
	if string(head) == elf.ELFMAG {
		return readELF(r)
	}
	packed, err := io.ReadAll(io.NewSectionReader(r, 0, maxFile+1))
	if err != nil {
		return nil, err
	}
	if int64(len(packed)) > maxFile {
		return nil, fmt.Errorf("has more than %d MiB", maxFile>>20)
	}
	data, err := unpack(packed, maxFile)
	if err != nil {
		return nil, err
	}
	return readUnpacked(data)
}

// readUnpacked reads what is left when every compression of the file is undone.
func readUnpacked(data []byte) (*Image, error) {
	switch {
	case isBTF(data):
		return newImage(data)
	case bytes.HasPrefix(data, []byte(elf.ELFMAG)):
		return readELF(bytes.NewReader(data))
	}
	for _, boot := range bootImages {
		if payload, release, ok := boot(data); ok {
			return readBoot(payload, release)
		}
	}
	return nil, errors.New("is no kernel and has no BTF: give raw BTF, vmlinux, a boot image or a module")
}

// bootImages know the formats of kernels that can be booted. The payload is
// what holds the kernel, compressed or not.
var bootImages = []func(data []byte) (payload []byte, release string, ok bool){bzImage, zbootImage, armImage, s390Image}

// bzImage: Documentation/arch/x86/boot.rst, protocol 2.08 (Linux 2.6.26) and
// later, which says where the payload is.
func bzImage(b []byte) (payload []byte, release string, ok bool) {
	const end = 0x250
	if len(b) < end || string(b[0x202:0x206]) != "HdrS" {
		return nil, "", false
	}
	le := binary.LittleEndian
	sectors := uint64(b[0x1f1])
	if sectors == 0 {
		sectors = 4
	}
	start := (sectors+1)*512 + uint64(le.Uint32(b[0x248:]))
	stop := start + uint64(le.Uint32(b[0x24c:]))
	if at := int(le.Uint16(b[0x20e:])) + 0x200; at < len(b) {
		release, _, _ = strings.Cut(string(b[at:min(at+128, len(b))]), " ")
	}
	if stop > uint64(len(b)) || stop < start+4 {
		return nil, release, true
	}
	payload = b[start:stop]
	if !bytes.HasPrefix(payload, []byte(unpackers[0].magic)) {
		payload = payload[:len(payload)-4] // the size when unpacked, which gzip has itself
	}
	return payload, release, true
}

// zbootImage: drivers/firmware/efi/libstub/zboot-header.S.
func zbootImage(b []byte) (payload []byte, release string, ok bool) {
	if len(b) < 64 || string(b[4:8]) != "zimg" {
		return nil, "", false
	}
	start, size := uint64(binary.LittleEndian.Uint32(b[8:])), uint64(binary.LittleEndian.Uint32(b[12:]))
	if start+size > uint64(len(b)) {
		return nil, "", true
	}
	return b[start : start+size], "", true
}

// armImage is the flat Image of arm64 and riscv64
// (Documentation/arch/arm64/booting.rst): no format tells where BTF is.
func armImage(b []byte) (payload []byte, release string, ok bool) {
	if len(b) < 64 || string(b[56:60]) != "ARM\x64" && string(b[56:60]) != "RSC\x05" {
		return nil, "", false
	}
	return b, "", true
}

// s390Image is the flat bzImage of s390x: its own decompressor and, somewhere
// behind, the compressed kernel. Only the symbols of arch/s390/boot, which it has
// not, say where that begins and ends, so it is what unpacks to a kernel.
func s390Image(b []byte) (payload []byte, release string, ok bool) {
	const at = 0x10008 // arch/s390/boot/head.S
	if len(b) < at+6 || string(b[at:at+6]) != "S390EP" {
		return nil, "", false
	}
	if data := unpackWithin(b[at:], func(data []byte) bool { return banner(data) != "" }); data != nil {
		return data, "", true
	}
	return b, "", true // built with CONFIG_KERNEL_UNCOMPRESSED
}

func readBoot(payload []byte, release string) (*Image, error) {
	if payload == nil {
		return nil, errors.New("truncated boot image")
	}
	data, err := unpack(payload, maxFile)
	if err != nil {
		return nil, fmt.Errorf("boot image: %w", err)
	}
	var image *Image
	switch {
	case bytes.HasPrefix(data, []byte(elf.ELFMAG)):
		image, err = readELF(bytes.NewReader(data))
	default:
		image, err = scan(data)
	}
	if err != nil {
		return nil, fmt.Errorf("boot image: %w", err)
	}
	if image.Release == "" {
		image.Release = release
	}
	return image, nil
}

// scan looks for BTF in a flat image by its header, of which version, flags and
// length have one value each.
func scan(data []byte) (*Image, error) {
	for _, head := range []string{"\x9f\xeb\x01\x00\x18\x00\x00\x00", "\xeb\x9f\x01\x00\x00\x00\x00\x18"} {
		for rest := data; ; {
			at := bytes.Index(rest, []byte(head))
			if at < 0 {
				break
			}
			rest = rest[at:]
			if h, err := parseHeader(rest, uint64(len(rest))); err == nil && h.typeLen > 0 {
				image, err := newImage(bytes.Clone(rest[:h.size()]))
				if err == nil {
					image.Release, image.Config = banner(data), ikconfig(data)
				}
				return image, err
			}
			rest = rest[1:]
		}
	}
	return nil, errNoBTF
}

// readELF reads vmlinux or a module.
func readELF(r io.ReaderAt) (image *Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			image, err = nil, fmt.Errorf("malformed ELF file: %v", p)
		}
	}()
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, fmt.Errorf("malformed ELF file: %w", err)
	}
	if f.Machine == elf.EM_BPF || f.Machine == elf.EM_NONE {
		return nil, ErrObject
	}
	raw, err := section(f, ".BTF")
	if err != nil || raw == nil {
		return nil, errors.Join(err, noBTF(raw, err))
	}
	if image, err = newImage(raw); err != nil {
		return nil, err
	}
	if image.Base, err = section(f, ".BTF.base"); err != nil {
		return nil, err
	}
	if image.Base != nil {
		image.Split = true
	}
	return image, image.describe(f)
}

func noBTF(raw []byte, err error) error {
	if err == nil && raw == nil {
		return errNoBTF
	}
	return nil
}

// describe finds the release and the configuration.
func (i *Image) describe(f *elf.File) error {
	info, err := section(f, ".modinfo")
	if err != nil {
		return err
	}
	for entry := range bytes.SplitSeq(info, []byte{0}) {
		if magic, ok := strings.CutPrefix(string(entry), "vermagic="); ok {
			i.Release, _, _ = strings.Cut(magic, " ")
			return nil
		}
	}
	text, err := section(f, ".rodata")
	if err == nil {
		i.Release, i.Config = banner(text), ikconfig(text)
	}
	return err
}

// section is the content of the first section of that name, nil where there is
// none.
func section(f *elf.File, name string) ([]byte, error) {
	sec := f.Section(name)
	if sec == nil || sec.Type == elf.SHT_NOBITS {
		return nil, nil
	}
	if sec.Size > maxFile || sec.FileSize > maxFile {
		return nil, fmt.Errorf("section %s has more than %d MiB", name, maxFile>>20)
	}
	data, err := readAll(name, sec.Open(), maxFile)
	if err != nil {
		return nil, fmt.Errorf("section %w", err)
	}
	if uint64(len(data)) < sec.Size {
		return nil, fmt.Errorf("section %s: truncated ELF file", name)
	}
	return data, nil
}

var linuxBanner = lazyregexp.New(`Linux version (\d+\.\d+[0-9A-Za-z.+~_-]*) \(`)

// banner finds linux_banner of init/version.c.
func banner(text []byte) string {
	if m := linuxBanner().FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}

// ikconfig finds the configuration that kernel/configs.c builds in: gzip
// between two marks.
func ikconfig(text []byte) []byte {
	_, after, ok := bytes.Cut(text, []byte("IKCFG_ST"))
	if !ok {
		return nil
	}
	r, err := gzip.NewReader(bytes.NewReader(after))
	if err != nil {
		return nil
	}
	r.Multistream(false)
	config, err := readAll("configuration", r, maxConfig)
	if err != nil {
		return nil
	}
	return config
}
