package typed

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/cilium/ebpf"
)

// Maps whose values are references that only the kernel can follow: user space
// puts a file descriptor in and gets an id, a cookie or nothing out.

// fdMap is a map from K to file descriptors.
type fdMap[K any] struct {
	boundMap
}

// Put makes the map hold what fd refers to. fd can be closed afterwards.
func (m *fdMap[K]) Put(key K, fd int) error { return putFD(&m.boundMap, &key, fd, UpdateAny) }

// Delete removes a key, or makes the slot of an array empty. Where that is so
// already, the error wraps [ebpf.ErrKeyNotExist] or, for BPF_MAP_TYPE_SOCKMAP,
// EINVAL; for BPF_MAP_TYPE_XSKMAP it is none.
func (m *fdMap[K]) Delete(key K) error { return deleteElem(&m.boundMap, &key) }

// fdUpdateMap is one whose updates have flags, too.
type fdUpdateMap[K any] struct {
	fdMap[K]
}

// Update is Put with flags. The error wraps [ebpf.ErrKeyExist] or
// [ebpf.ErrKeyNotExist] as these ask for.
func (m *fdUpdateMap[K]) Update(key K, fd int, flags UpdateFlags) error {
	return putFD(&m.boundMap, &key, fd, flags)
}

// putFD writes a descriptor as a value of 4 or 8 bytes.
func putFD[K any](b *boundMap, key *K, fd int, flags UpdateFlags) error {
	if err := b.Err(); err != nil {
		return err
	}
	if fd < 0 {
		return fmt.Errorf("map %s: update: %d is no file descriptor: %w", b.name, fd, os.ErrClosed)
	}
	if b.facts.valueSize == 8 {
		value := uint64(fd)
		return updateElem(b, key, &value, flags)
	}
	value := uint32(fd)
	return updateElem(b, key, &value, flags)
}

// putConn is putFD of the descriptor of a connection or listener of package net.
func putConn[K any](b *boundMap, key *K, conn syscall.Conn, flags UpdateFlags) error {
	return withConn(conn, func(fd int) error { return putFD(b, key, fd, flags) })
}

// withConn calls use with the descriptor of conn, which stays open meanwhile.
func withConn(conn syscall.Conn, use func(fd int) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var useErr error
	if err := raw.Control(func(fd uintptr) { useErr = use(int(fd)) }); err != nil {
		return err
	}
	return useErr
}

// CGroupArray is a BPF_MAP_TYPE_CGROUP_ARRAY (4.8): cgroups, for
// bpf_skb_under_cgroup and kin. Values are descriptors of cgroup directories
// (v2) and cannot be read back. K is a type of 4 bytes, mostly uint32.
type CGroupArray[K any] struct {
	fdMap[K]
}

func (m *CGroupArray[K]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *CGroupArray[K]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*CGroupArray[K]) shape() mapShape { return keyShape[K](size4, ebpf.CGroupArray) }

// PutPath is Put of the cgroup at a path, such as /sys/fs/cgroup/system.slice.
func (m *CGroupArray[K]) PutPath(key K, path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return withConn(dir, func(fd int) error { return m.Put(key, fd) })
}

// XSKMap is a BPF_MAP_TYPE_XSKMAP (4.18): AF_XDP sockets by the number of
// their queue. Values are socket descriptors and cannot be read back. K is a
// type of 4 bytes, mostly uint32.
type XSKMap[K any] struct {
	fdUpdateMap[K]
}

func (m *XSKMap[K]) bind(name string, em *ebpf.Map) error { return m.bindAs(m.shape(), name, em) }

func (m *XSKMap[K]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*XSKMap[K]) shape() mapShape { return keyShape[K](size4, ebpf.XSKMap) }

// The sizes of values that are descriptors.
var (
	size4    = []uint32{4}
	size4Or8 = []uint32{4, 8}
	size8    = []uint32{8}
)

// LoadedProgram is a program that a map can hold: the handle of any kind in
// this package, or the library's [*ebpf.Program].
type LoadedProgram interface {
	// FD is the descriptor, negative if the program is not loaded or closed.
	FD() int
	Info() (*ebpf.ProgramInfo, error)
}

var _ LoadedProgram = (*ebpf.Program)(nil)

// withProgram calls use with the descriptor of a program.
func (b *boundMap) withProgram(p LoadedProgram, use func(fd int) error) error {
	fd := programFD(p)
	if fd < 0 {
		return fmt.Errorf("map %s: update: the program: %w", b.name, ErrNotLoaded)
	}
	err := use(fd)
	runtime.KeepAlive(p)
	return err
}

// programFD is the descriptor of a program, -1 if there is none.
func programFD(p LoadedProgram) int {
	if lib, ok := p.(*ebpf.Program); p == nil || ok && lib == nil {
		return -1
	}
	return p.FD()
}
