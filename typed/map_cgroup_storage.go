package typed

import "github.com/cilium/ebpf"

// CGroupStorage is a BPF_MAP_TYPE_CGROUP_STORAGE (4.19): a V for each cgroup
// that a program using the map is attached to. Attaching creates it, so that
// Put and Update can only change what is there.
//
// K is [CgroupStorageKey], or uint64, the id of the cgroup; then all programs
// of a cgroup share the V (5.9). [CgroupID] finds the id.
type CGroupStorage[K, V any] struct {
	writeMap[K, V]
}

func (m *CGroupStorage[K, V]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *CGroupStorage[K, V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*CGroupStorage[K, V]) shape() mapShape { return keyValueShape[K, V](ebpf.CGroupStorage) }

// PerCPUCGroupStorage is a BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE (4.20): a
// [CGroupStorage] with a V on each CPU.
type PerCPUCGroupStorage[K, V any] struct {
	writePerCPU[K, V]
}

func (m *PerCPUCGroupStorage[K, V]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *PerCPUCGroupStorage[K, V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*PerCPUCGroupStorage[K, V]) shape() mapShape {
	return perCPUShape[K, V](ebpf.PerCPUCGroupStorage)
}
