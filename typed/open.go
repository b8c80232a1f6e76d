package typed

// The way from the bytes of an object to its spec.

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/internal/hostile"
	"github.com/cilium/ebpf"
)

// Open parses an object. name is the ident of the generated code, for
// messages. Generated code calls it.
//
// The object may come from anywhere: one that would exhaust memory or stack is
// an error, with the limits that bpfgen has, and so is one of the other byte order.
func Open(name string, object io.ReaderAt) (*CollectionSpec, error) {
	if object == nil {
		return nil, fmt.Errorf("open %s: there is no object: its io.ReaderAt is nil", name)
	}
	own, err := isEmbedded(object)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	spec, err := readSpec(object)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, explainOpen(err))
	}
	if spec.ByteOrder != nativeOrder() {
		return nil, fmt.Errorf("open %s: the object is for %s machines, and this one is %s: its values would be read with their bytes swapped; open the object of the target %s",
			name, orderName(spec.ByteOrder), orderName(nativeOrder()), targetOf(nativeOrder()))
	}
	c := newCollectionSpec(name, spec)
	c.layouts.own = own
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

// readSpec has the library read an object that has been measured. The library
// panics on some objects that are damaged.
func readSpec(object io.ReaderAt) (spec *ebpf.CollectionSpec, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed object: %v", p)
		}
	}()
	measured, err := hostile.ReadELF(object)
	if err != nil {
		return nil, err
	}
	if err := measured.CheckLoader(); err != nil {
		return nil, err
	}
	return ebpf.LoadCollectionSpecFromReader(object)
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
