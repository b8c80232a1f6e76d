package typed

import (
	"structs"

	"github.com/cilium/ebpf"
)

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
