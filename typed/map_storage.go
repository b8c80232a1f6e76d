package typed

import (
	"syscall"

	"github.com/cilium/ebpf"
)

// Local storage: a V that hangs on an object of the kernel and goes away with
// it. User space names the object by a file descriptor of it. There is no way
// to walk such a map from user space; a program SEC("iter/bpf_sk_storage_map")
// can.

// storage is what all kinds of storage have in common.
type storage[V any] struct {
	boundMap
}

func storageShape[V any](kind ebpf.MapType) mapShape { return keyValueShape[int32, V](kind) }

// Lookup returns a copy of the value of an object. The error wraps
// [ebpf.ErrKeyNotExist] if it has none.
func (m *storage[V]) Lookup(fd int) (V, error) {
	var value V
	err := m.LookupInto(fd, &value)
	return value, err
}

// LookupInto is Lookup into the caller's memory.
func (m *storage[V]) LookupInto(fd int, value *V) error { return m.LookupWithFlags(fd, value, 0) }

// LookupWithFlags is LookupInto with flags: [LookupLock] reads the value under
// its spin lock.
func (m *storage[V]) LookupWithFlags(fd int, value *V, flags LookupFlags) error {
	key := int32(fd)
	return lookupElem(&m.boundMap, &key, value, flags)
}

// Put is Update with [UpdateAny].
func (m *storage[V]) Put(fd int, value V) error { return m.Update(fd, value, UpdateAny) }

// Update writes the value of an object. The error wraps [ebpf.ErrKeyExist] or
// [ebpf.ErrKeyNotExist] as flags ask for.
func (m *storage[V]) Update(fd int, value V, flags UpdateFlags) error {
	key := int32(fd)
	return updateElem(&m.boundMap, &key, &value, flags)
}

// Delete removes the value of an object. The error wraps
// [ebpf.ErrKeyNotExist] if it has none.
func (m *storage[V]) Delete(fd int) error {
	key := int32(fd)
	return deleteElem(&m.boundMap, &key)
}

// SkStorage is a BPF_MAP_TYPE_SK_STORAGE (5.2): a V for sockets, named by their
// descriptors.
type SkStorage[V any] struct {
	storage[V]
}

func (m *SkStorage[V]) bind(name string, em *ebpf.Map) error { return m.bindAs(m.shape(), name, em) }

func (m *SkStorage[V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*SkStorage[V]) shape() mapShape { return storageShape[V](ebpf.SkStorage) }

// LookupConn is Lookup of a connection or listener of package net.
func (m *SkStorage[V]) LookupConn(conn syscall.Conn) (value V, err error) {
	err = withConn(conn, func(fd int) error { return m.LookupInto(fd, &value) })
	return value, err
}

// PutConn is Put of a connection or listener of package net.
func (m *SkStorage[V]) PutConn(conn syscall.Conn, value V) error {
	return withConn(conn, func(fd int) error { return m.Put(fd, value) })
}

// DeleteConn is Delete of a connection or listener of package net.
func (m *SkStorage[V]) DeleteConn(conn syscall.Conn) error { return withConn(conn, m.Delete) }

// InodeStorage is a BPF_MAP_TYPE_INODE_STORAGE (5.10): a V for inodes, named by
// descriptors of open files. Needs CONFIG_BPF_LSM and "bpf" among the active
// security modules.
type InodeStorage[V any] struct {
	storage[V]
}

func (m *InodeStorage[V]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *InodeStorage[V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*InodeStorage[V]) shape() mapShape { return storageShape[V](ebpf.InodeStorage) }

// TaskStorage is a BPF_MAP_TYPE_TASK_STORAGE (5.11): a V for tasks, named by
// pidfds; see [OpenPID].
type TaskStorage[V any] struct {
	storage[V]
}

func (m *TaskStorage[V]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *TaskStorage[V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*TaskStorage[V]) shape() mapShape { return storageShape[V](ebpf.TaskStorage) }

// CgrpStorage is a BPF_MAP_TYPE_CGRP_STORAGE (6.2): a V for cgroups, named by
// descriptors of their directories. It is not the older [CGroupStorage].
type CgrpStorage[V any] struct {
	storage[V]
}

func (m *CgrpStorage[V]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *CgrpStorage[V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*CgrpStorage[V]) shape() mapShape { return storageShape[V](ebpf.CgroupStorage) }
