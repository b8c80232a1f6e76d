//go:build linux

package typed

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/bpfgen/bpfgen/typed/internal/plain"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// storageSpec has the BTF that the kernel demands of local storage.
func storageSpec(kind ebpf.MapType) *ebpf.MapSpec {
	return &ebpf.MapSpec{
		Type: kind, KeySize: 4, ValueSize: 8, Flags: unix.BPF_F_NO_PREALLOC,
		Key:   &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed},
		Value: &btf.Int{Name: "unsigned long long", Size: 8},
	}
}

// testStorage does every operation on an object, twice the same.
func testStorage(t *testing.T, m, none StorageLike[uint64], fd int) {
	_, err := m.Lookup(fd)
	failsWith(t, "lookup of no value", err, notExist...)
	failsWith(t, "delete of no value", m.Delete(fd), notExist...)
	failsWith(t, "replace no value", m.Update(fd, 1, UpdateExist), notExist...)
	must(t, m.Update(fd, 1, UpdateNoExist))
	failsWith(t, "create again", m.Update(fd, 2, UpdateNoExist), exist...)
	must(t, m.Put(fd, 3))
	var v uint64
	must(t, m.LookupInto(fd, &v))
	equal(t, "value", v, 3)
	v = 0
	must(t, StorageLookupWith(m, fd, &v, nil))
	equal(t, "value with options", v, 3)
	failsWith(t, "lock without a lock", StorageLookupWith(m, fd, &v, &ReadOptions{Flags: LookupLock}), unix.EINVAL)
	failsWith(t, "wrong flag", m.Update(fd, 1, 1<<20), unix.EINVAL)
	failsWith(t, "lookup of no descriptor", m.LookupInto(-1, &v), unix.EBADF)
	must(t, m.Delete(fd))

	ops := func(m StorageLike[uint64]) []failing {
		_, lookup := m.Lookup(fd)
		var v uint64
		return []failing{{"Lookup", lookup}, {"StorageLookupWith", StorageLookupWith(m, fd, &v, nil)}, {"Put", m.Put(fd, 1)}, {"Delete", m.Delete(fd)}}
	}
	must(t, m.Handle().Close())
	eachFails(t, os.ErrClosed, ops(m))
	eachFails(t, ErrNotLoaded, ops(none))
}

func TestSkStorage(t *testing.T) {
	sinceKernel(t, 5, 2, "socket storage")
	m := testMap[SkStorage[uint64]](t, storageSpec(ebpf.SkStorage))
	_, conn := tcpPair(t)
	must(t, m.PutConn(conn, 5))
	equal(t, "of a connection", got(m.LookupConn(conn))(t), 5)
	must(t, m.DeleteConn(conn))
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	must(t, err)
	defer unix.Close(fd)
	testStorage(t, m, new(SkStorage[uint64]), fd)
}

func TestInodeStorage(t *testing.T) {
	sinceKernel(t, 5, 10, "inode storage")
	m := testMap[InodeStorage[uint64]](t, storageSpec(ebpf.InodeStorage))
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	must(t, err)
	defer f.Close()
	testStorage(t, m, new(InodeStorage[uint64]), int(f.Fd()))
}

func TestTaskStorage(t *testing.T) {
	sinceKernel(t, 5, 11, "task storage")
	m := testMap[TaskStorage[uint64]](t, storageSpec(ebpf.TaskStorage))
	self := got(OpenPID(os.Getpid()))(t)
	defer self.Close()
	testStorage(t, m, new(TaskStorage[uint64]), int(self.Fd()))
	_, err := OpenPID(1 << 30)
	failsWith(t, "a process that is not there", err, unix.ESRCH)
}

func TestCgrpStorage(t *testing.T) {
	sinceKernel(t, 6, 2, "cgroup storage of the newer kind")
	m := testMap[CgrpStorage[uint64]](t, storageSpec(ebpf.CgroupStorage))
	dir, err := os.Open(newCgroup(t))
	must(t, err)
	defer dir.Close()
	testStorage(t, m, new(CgrpStorage[uint64]), int(dir.Fd()))
}

// attachStorage attaches a program that uses cgroup storage to a cgroup, which
// creates the storage.
func attachStorage(t testing.TB, m *ebpf.Map, path string) {
	t.Helper()
	load := asm.LoadMapPtr(asm.R1, m.FD())
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.CGroupSKB, AttachType: ebpf.AttachCGroupInetEgress, License: "GPL",
		Instructions: asm.Instructions{
			load, asm.LoadImm(asm.R2, 0, asm.DWord), asm.FnGetLocalStorage.Call(),
			asm.LoadImm(asm.R0, 1, asm.DWord), asm.Return(),
		},
	})
	must(t, err)
	defer p.Close()
	l, err := link.AttachCgroup(link.CgroupOptions{Path: path, Attach: ebpf.AttachCGroupInetEgress, Program: p})
	must(t, err)
	t.Cleanup(func() { l.Close() })
}

func cgroupStorageSpec(kind ebpf.MapType, key uint32) *ebpf.MapSpec {
	return &ebpf.MapSpec{Type: kind, KeySize: key, ValueSize: 8}
}

func TestCgroupStorage(t *testing.T) {
	t.Run("long", func(t *testing.T) {
		testCgroupStorage(t, 16, func(path string) CgroupStorageKey {
			return got(NewCgroupStorageKey(path, ebpf.AttachCGroupInetEgress))(t)
		})
	})
	t.Run("short", func(t *testing.T) {
		sinceKernel(t, 5, 9, "cgroup storage by id")
		testCgroupStorage(t, 8, func(path string) uint64 { return got(CgroupID(path))(t) })
	})
}

func testCgroupStorage[K comparable](t *testing.T, size uint32, keyOf func(string) K) {
	m := testMap[CgroupStorage[K, uint64]](t, cgroupStorageSpec(ebpf.CGroupStorage, size))
	path := newCgroup(t)
	key := keyOf(path)
	_, err := m.Lookup(key)
	failsWith(t, "lookup before attaching", err, notExist...)
	failsWith(t, "put before attaching", m.Put(key, 1), notExist...)
	attachStorage(t, m.Map(), path)
	equal(t, "created", got(m.Lookup(key))(t), 0)
	must(t, m.Put(key, 7))
	must(t, m.Update(key, 8, UpdateExist))
	failsWith(t, "create", m.Update(key, 9, UpdateNoExist), unix.EINVAL)
	equal(t, "value", got(m.Lookup(key))(t), 8)
	equal(t, "batch", got(BatchUpdate(m, []K{key}, []uint64{9}, nil))(t), 1)
	failsWith(t, "wrong flag", m.Update(key, 9, 1<<20), unix.EINVAL)
	seq, errf := m.All()
	all := collect(t, seq, errf)
	equal(t, "entries", len(all), 1)
	equal(t, "entry", all[key], 9)
	var c Cursor
	keys, batch := make([]K, 2), make([]uint64, 2)
	equal(t, "entries by batches", got(BatchLookup(m, &c, keys, batch, nil))(t), 1)
	equal(t, "end of the batches", c.Done(), true)
	equal(t, "key", keys[0], key)
	equal(t, "entry", batch[0], 9)
	must(t, m.Close())
	failsWith(t, "put into a closed map", m.Put(key, 1), os.ErrClosed)
	failsWith(t, "put into no map", new(CgroupStorage[K, uint64]).Put(key, 1), ErrNotLoaded)
}

func TestPerCPUCgroupStorage(t *testing.T) {
	m := testMap[PerCPUCgroupStorage[CgroupStorageKey, uint64]](t, cgroupStorageSpec(ebpf.PerCPUCGroupStorage, 16))
	path := newCgroup(t)
	key := got(NewCgroupStorageKey(path, ebpf.AttachCGroupInetEgress))(t)
	values := onEach(evenValue(1))
	failsWith(t, "put before attaching", m.Put(key, values), notExist...)
	attachStorage(t, m.Map(), path)
	must(t, m.Put(key, values))
	equalSlices(t, "values", got(m.Lookup(key))(t), values)
	failsWith(t, "create", m.Update(key, values, UpdateNoExist), unix.EINVAL)
	must(t, m.Update(key, values, UpdateExist))
	var c Cursor
	keys, batch := make([]CgroupStorageKey, 1), make([]uint64, m.CPUs())
	equal(t, "entries by batches", got(PerCPUBatchLookup(m, &c, keys, batch, nil))(t), 1)
	equalSlices(t, "batch", batch, values)
	equal(t, "batch update", got(PerCPUBatchUpdate(m, keys, batch, nil))(t), 1)
	must(t, m.PutEach(key, 3))
	seq, errf := m.All()
	n := 0
	for k, v := range seq {
		equal(t, "key", k, key)
		equal(t, "sum", Sum(v), 3*uint64(m.CPUs()))
		n++
	}
	must(t, errf())
	equal(t, "entries", n, 1)
	must(t, m.Close())
	failsWith(t, "put into a closed map", m.Put(key, values), os.ErrClosed)
}

func TestCgroupID(t *testing.T) {
	path := newCgroup(t)
	id := got(CgroupID(path))(t)
	if info := got(os.Stat(path))(t); fmt.Sprint(id) != inode(info) {
		t.Errorf("id %d, inode %s", id, inode(info))
	}
	_, err := CgroupID(path + "/x")
	failsWith(t, "a path that is not there", err, os.ErrNotExist)
	if _, err := CgroupID(t.TempDir()); err == nil {
		t.Error("a directory that is no cgroup has an id")
	}
}

func inode(info os.FileInfo) string { return fmt.Sprint(info.Sys().(*syscall.Stat_t).Ino) }

func TestStackTraceMap(t *testing.T) {
	const depth = 20
	m := testMap[StackTraceMap[uint32]](t, arraySpec(ebpf.StackTrace, 8*depth, 100))
	equal(t, "depth", m.Depth(), depth)
	_, err := m.Lookup(1)
	failsWith(t, "lookup of no stack", err, notExist...)
	id := takeStack(t, m.Map(), 0)
	frames := got(m.Lookup(id))(t)
	if len(frames) == 0 || len(frames) > depth || frames[0] == 0 {
		t.Errorf("frames %x", frames)
	}
	into := make([]uint64, depth)
	equal(t, "frames into memory", got(m.LookupInto(id, into))(t), len(frames))
	equalSlices(t, "frames", into[:len(frames)], frames)
	if _, err := m.LookupInto(id, into[1:]); err == nil {
		t.Error("lookup into too little memory")
	}
	_, err = m.LookupBuildIDs(id)
	failsWith(t, "build ids", err, ebpf.ErrNotSupported)
	seq, errf := m.All()
	n := 0
	for k, stack := range seq {
		equal(t, "id", k, id)
		equalSlices(t, "frames", stack, frames)
		n++
	}
	must(t, errf())
	equal(t, "stacks", n, 1)
	must(t, m.Delete(id))
	failsWith(t, "delete of no stack", m.Delete(id), notExist...)

	must(t, m.Close())
	_, err = m.Lookup(id)
	eachFails(t, os.ErrClosed, []failing{{"Lookup", err}, {"Delete", m.Delete(id)}})
	var none StackTraceMap[uint32]
	_, err = none.Lookup(id)
	seq, errf = none.All()
	for range seq {
	}
	eachFails(t, ErrNotLoaded, []failing{{"Lookup", err}, {"Delete", none.Delete(id)}, {"All", errf()}})
}

// takeStack takes a stack by a raw tracepoint and returns its id.
func takeStack(t testing.TB, m *ebpf.Map, flags int64) uint32 {
	t.Helper()
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.RawTracepoint, License: "GPL",
		Instructions: asm.Instructions{
			asm.LoadMapPtr(asm.R2, m.FD()), asm.LoadImm(asm.R3, flags, asm.DWord), asm.FnGetStackid.Call(), asm.Return(),
		},
	})
	must(t, err)
	defer p.Close()
	id, err := p.Run(&ebpf.RunOptions{Context: make([]byte, 8)})
	must(t, err)
	if int32(id) < 0 {
		t.Fatalf("bpf_get_stackid: %d", int32(id))
	}
	return id
}

func TestStackBuildIDs(t *testing.T) {
	spec := arraySpec(ebpf.StackTrace, 32*10, 100)
	spec.Flags = flagStackBuildID
	m := testMap[StackTraceMap[uint32]](t, spec)
	equal(t, "depth", m.Depth(), 10)
	_, err := m.LookupBuildIDs(1)
	failsWith(t, "lookup of no stack", err, notExist...)
	_, err = m.Lookup(1)
	failsWith(t, "program counters", err, ebpf.ErrNotSupported)
	equal(t, "size of a frame", int(plain.Size[StackBuildID]()), buildIDSize)
	const userStack = 1 << 8 // BPF_F_USER_STACK
	frames := got(m.LookupBuildIDs(takeStack(t, m.Map(), userStack)))(t)
	if len(frames) == 0 || frames[0].Offset == 0 || frames[0].Status != 1 && frames[0].Status != 2 {
		t.Errorf("frames %+v", frames)
	}
}
