package typed

import (
	"structs"
	"syscall"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/bpfgen/bpfgen/typed/internal/cgroup"
	"github.com/cilium/ebpf"
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

// CgroupStorageKey is struct bpf_cgroup_storage_key of
// include/uapi/linux/bpf.h, 16 bytes: the long form of the keys of
// [ClassCgroupStorage]. The short form is the id alone.
type CgroupStorageKey struct {
	_ structs.HostLayout
	// CgroupInodeID is the id of the cgroup, see [CgroupID].
	CgroupInodeID uint64
	// AttachType is that of the program which the storage is for, such as
	// ebpf.AttachCGroupInetEgress.
	AttachType ebpf.AttachType
	_          [4]byte
}

// NewCgroupStorageKey is the key of the storage of a cgroup, given by its path,
// and of the programs attached to it with an attach type.
func NewCgroupStorageKey(path string, attach ebpf.AttachType) (CgroupStorageKey, error) {
	id, err := CgroupID(path)
	return CgroupStorageKey{CgroupInodeID: id, AttachType: attach}, err
}

// CgroupID returns the 64-bit id of the cgroup (v2) at a path, such as
// /sys/fs/cgroup/system.slice: what bpf_get_current_cgroup_id returns and
// cgroup storage has for a key.
func CgroupID(path string) (uint64, error) { return cgroup.ID(path) }
