// Package kernelbtf reads the BTF of kernels and their modules out of the files
// in which they are found: raw BTF (/sys/kernel/btf/vmlinux), vmlinux and .ko as
// ELF, bzImage and other boot images, each as it is or compressed with gzip, xz,
// zstd, bzip2 or LZ4, and in a tar archive of one file as BTFHub has them.
//
// There are two halves. image.go and decompress.go turn one file into an
// [Image]: bytes of BTF and what the file says of itself. find.go turns the
// arguments of a command line, directories among them, into [Source]s, one a
// kernel, which are opened one at a time: a thousand kernels need the memory of
// one.
//
// What comes out of a file is hostile until checked: every size is bounded
// before anything is allocated.
package kernelbtf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/internal/hostile"
)

// Image is what one file holds.
type Image struct {
	// BTF is raw BTF, without a file format around it.
	BTF []byte
	// Split is true for the BTF of a module, which continues that of its
	// kernel: its strings do not start with the empty one.
	Split bool
	// Base is the distilled base that a module built out of tree carries
	// (section .BTF.base, Linux 6.11), nil where the kernel's BTF is the base.
	Base []byte
	// Release is what uname -r says on that kernel, "" where the file does not
	// say it. Raw BTF never does.
	Release string
	// Config is the kernel's configuration where it is built in
	// (CONFIG_IKCONFIG), else nil.
	Config []byte
}

// ByteOrder of the BTF.
func (i *Image) ByteOrder() binary.ByteOrder { return byteOrder(i.BTF) }

// Module is the BTF of one module, which continues its kernel's.
type Module struct {
	Name string
	// Path of the file, for messages.
	Path string
	*Image
}

// Kernel is one kernel: its own BTF and that of modules.
type Kernel struct {
	// Name tells the kernel from others of one run: its release where the file
	// says that, else the file's name without endings.
	Name string
	// Path of the file, for messages.
	Path string
	*Image
	Modules []Module
}

// Types decodes the kernel's BTF.
func (k *Kernel) Types() (*btf.Spec, error) {
	spec, err := decode(k.BTF, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.Path, err)
	}
	return spec, nil
}

// Types decodes the module's BTF. base is its kernel's; that of another kernel
// is an error.
func (m *Module) Types(base *btf.Spec) (spec *btf.Spec, err error) {
	if m.Base != nil {
		if base, err = decode(m.Base, nil); err != nil {
			return nil, fmt.Errorf("%s: section .BTF.base: %w", m.Path, err)
		}
	}
	if spec, err = decode(m.BTF, base); err != nil {
		return nil, fmt.Errorf("%s: does not continue the BTF of its kernel: %w", m.Path, err)
	}
	return spec, nil
}

// decode wraps the library's decoder, whose panics on damaged files become
// errors.
func decode(raw []byte, base *btf.Spec) (spec *btf.Spec, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed BTF: %v", p)
		}
	}()
	if base != nil {
		return btf.LoadSplitSpecFromReader(bytes.NewReader(raw), base)
	}
	if err := hostile.CheckBTF(raw); err != nil {
		return nil, err
	}
	return btf.LoadSpecFromReader(bytes.NewReader(raw))
}

// header is struct btf_header of include/uapi/linux/btf.h.
type header struct {
	order                  binary.ByteOrder
	hdr                    uint32
	typeOff, typeLen       uint32
	stringOff, stringBytes uint32
}

const (
	magic      = 0xeb9f
	headerSize = 24
)

// byteOrder reads the order off the magic.
func byteOrder(raw []byte) binary.ByteOrder {
	if len(raw) >= 2 && raw[0] == magic>>8 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func isBTF(raw []byte) bool {
	return len(raw) >= 2 && byteOrder(raw).Uint16(raw) == magic
}

var errTruncated = errors.New("truncated BTF")

// parseHeader reads the header and checks that both parts lie in the n bytes
// of the file.
func parseHeader(raw []byte, n uint64) (header, error) {
	if len(raw) < headerSize {
		return header{}, errTruncated
	}
	order := byteOrder(raw)
	u32 := func(at int) uint32 { return order.Uint32(raw[at:]) }
	h := header{order: order, hdr: u32(4), typeOff: u32(8), typeLen: u32(12), stringOff: u32(16), stringBytes: u32(20)}
	for _, end := range [][2]uint32{{h.typeOff, h.typeLen}, {h.stringOff, h.stringBytes}} {
		if h.hdr < headerSize || uint64(h.hdr)+uint64(end[0])+uint64(end[1]) > n {
			return header{}, errTruncated
		}
	}
	return h, nil
}

// size of the BTF that the header describes.
func (h header) size() uint64 {
	return uint64(h.hdr) + max(uint64(h.typeOff)+uint64(h.typeLen), uint64(h.stringOff)+uint64(h.stringBytes))
}

// firstString is where the strings start. That of a whole BTF is empty, that of
// a split one is the first string which the base does not have.
func (h header) firstString() uint64 { return uint64(h.hdr) + uint64(h.stringOff) }

// newImage checks the header and finds out whether the BTF is whole.
func newImage(raw []byte) (*Image, error) {
	h, err := parseHeader(raw, uint64(len(raw)))
	if err != nil {
		return nil, err
	}
	return &Image{BTF: raw, Split: h.stringBytes > 0 && raw[h.firstString()] != 0}, nil
}
