package typed

// The way from the bytes of an object to its spec.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/internal/hostile"
	"github.com/bpfgen/bpfgen/internal/layout"
	"github.com/cilium/ebpf"
)

// OpenEmbedded parses the object that generated code embeds. checksum is what it must
// be: its CRC-32C and size, "1b2c3d4e 4096". An object of that checksum was measured
// and laid out when the code was generated, so that neither is done again, and a
// program that opens no other object has no code for it. name is the ident of the
// generated code, for messages; layouts are as for [Open]. Generated code calls it.
func OpenEmbedded(name string, object []byte, checksum, layouts string) (*CollectionSpec, error) {
	if layout.Checksum(object) != checksum {
		return nil, openError(name, errors.New("the embedded object is not the one that this code was generated from; run go generate"))
	}
	spec, err := readSpec(bytes.NewReader(object))
	return newlyOpened(name, spec, layouts, err)
}

// Open parses an object from anywhere: one that would exhaust memory or stack is
// an error, with the limits that bpfgen has, and so is one of the other byte order.
//
// layouts are the layouts that the generated code has Go types for, "" for none. What
// the object lays out in another way comes out of [CollectionSpec.Err] as a
// [*LayoutError]; what it lacks, or does not say in its BTF, is no error. Generated
// code calls it.
func Open(name string, object io.ReaderAt, layouts string) (*CollectionSpec, error) {
	if object == nil {
		return nil, openError(name, errors.New("there is no object: its io.ReaderAt is nil"))
	}
	if err := measure(object); err != nil {
		return nil, openError(name, err)
	}
	spec, err := readSpec(object)
	c, err := newlyOpened(name, spec, layouts, err)
	if err == nil {
		(*specCore)(c).checkLayouts()
	}
	return c, err
}

func openError(name string, err error) error { return fmt.Errorf("open %s: %w", name, err) }

// newlyOpened completes what the library has read.
func newlyOpened(name string, spec *ebpf.CollectionSpec, layouts string, err error) (*CollectionSpec, error) {
	if err == nil && spec.ByteOrder != nativeOrder() {
		err = fmt.Errorf("the object is for %s machines, and this one is %s: its values would be read with their bytes swapped; open the object of the target %s",
			orderName(spec.ByteOrder), orderName(nativeOrder()), targetOf(nativeOrder()))
	}
	if err != nil {
		return nil, openError(name, explainOpen(err))
	}
	c := newCollectionSpec(name, spec)
	c.layouts.setTable(layouts)
	return c, nil
}

// nativeOrder is the host's byte order as the library wants it: it knows two
// values and not [binary.NativeEndian].
func nativeOrder() binary.ByteOrder {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func orderName(order binary.ByteOrder) string {
	if order == binary.BigEndian {
		return "big-endian"
	}
	return "little-endian"
}

// targetOf is the target of that byte order, as clang's and bpfgen's flags call it.
func targetOf(order binary.ByteOrder) string {
	if order == binary.BigEndian {
		return "bpfeb"
	}
	return "bpfel"
}

// readSpec has the library read an object. It panics on some objects that are
// damaged.
func readSpec(object io.ReaderAt) (spec *ebpf.CollectionSpec, err error) {
	defer recoverMalformed(&err)
	return ebpf.LoadCollectionSpecFromReader(object)
}

// measure looks for what would exhaust the library.
func measure(object io.ReaderAt) (err error) {
	defer recoverMalformed(&err)
	measured, err := hostile.ReadELF(object)
	if err != nil {
		return err
	}
	return measured.CheckLoader()
}

// recoverMalformed makes an error of a panic.
func recoverMalformed(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("malformed object: %v", p)
	}
}

// explainOpen says what to do about an error of the library that does not say
// it: v0.22 takes the index -1 of a tag on a whole type for too large where int
// has 32 bits (btf/unmarshal.go).
func explainOpen(err error) error {
	if strconv.IntSize == 32 && strings.Contains(err.Error(), "index exceeds int") {
		return fmt.Errorf("cilium/ebpf v0.22 cannot read btf_decl_tag attributes on 32-bit machines; build the object for them without: %w", err)
	}
	return err
}
