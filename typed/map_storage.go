package typed

import (
	"syscall"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
)

// Local storage: a V that hangs on an object of the kernel and goes away with
// it. User space names the object by a file descriptor of it. There is no way
// to walk such a map from user space; a program SEC("iter/bpf_sk_storage_map")
// can.

// LookupOf reads the value of an object.
//
//go:noinline
func (h *MapCore) LookupOf(fd int, value unsafe.Pointer) error {
	return h.core().elemOf("lookup", bpf.MapLookupElem, fd, value, 0)
}

// UpdateOf writes the value of an object.
//
//go:noinline
func (h *MapCore) UpdateOf(fd int, value unsafe.Pointer, flags UpdateFlags) error {
	return h.core().elemOf("update", bpf.MapUpdateElem, fd, value, uint64(flags))
}

// DeleteOf removes the value of an object.
//
//go:noinline
func (h *MapCore) DeleteOf(fd int) error {
	return h.core().elemOf("delete", bpf.MapDeleteElem, fd, nil, 0)
}

func (c *mapCore) elemOf(op string, cmd bpf.Command, fd int, value unsafe.Pointer, flags uint64) error {
	key := int32(fd)
	return c.elem(op, cmd, unsafe.Pointer(&key), value, flags)
}

// WithConn calls use with the descriptor of a connection or listener of package
// net. Generated code calls it.
func WithConn(conn syscall.Conn, use func(fd int) error) error { return withConn(conn, use) }
