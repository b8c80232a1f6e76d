//go:build linux

package typed

import (
	"os"
	"testing"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// index is a key that is not uint32 itself, as an enum in C is.
type index int32

func arraySpec(kind ebpf.MapType, value, entries uint32) *ebpf.MapSpec {
	return &ebpf.MapSpec{Type: kind, KeySize: 4, ValueSize: value, MaxEntries: entries}
}

func TestArrayOperations(t *testing.T) {
	m := testMap[ArrayMap[index, flowStats]](t, arraySpec(ebpf.Array, 24, 3))
	_, v := flow(7)
	equal(t, "before anything", got(m.Lookup(2))(t), flowStats{})
	must(t, m.Put(2, v))
	must(t, m.Update(1, v, UpdateExist))
	equal(t, "value", got(m.Lookup(2))(t), v)
	failsWith(t, "create what exists", m.Update(1, v, UpdateNoExist), exist...)
	failsWith(t, "wrong flag", m.Update(1, v, 1<<20), unix.EINVAL)
	_, err := m.Lookup(3)
	failsWith(t, "lookup out of range", err, notExist...)
	failsWith(t, "put out of range", m.Put(3, v), ebpf.ErrKeyNotExist, unix.E2BIG)

	n, err := BatchUpdate(m, []index{0, 1, 9, 2}, []flowStats{v, v, v, v}, nil)
	equal(t, "batch before the index out of range", n, 2)
	failsWith(t, "batch out of range", err, ebpf.ErrKeyNotExist)
	seq, errf := m.All()
	all := collect(t, seq, errf)
	equal(t, "entries", len(all), 3)
	equal(t, "entry", all[1], v)

	var c Cursor
	keys, values := make([]index, 2), make([]flowStats, 2)
	read := 0
	for !c.Done() {
		read += got(BatchLookup(m, &c, keys, values, nil))(t)
	}
	equal(t, "entries by batches", read, 3)

	must(t, m.Close())
	_, err = m.Lookup(1)
	eachFails(t, os.ErrClosed, []failing{{"Lookup", err}, {"Put", m.Put(1, v)}})
	var none ArrayMap[index, flowStats]
	_, err = none.Lookup(1)
	_, memErr := ArrayMemory(&none)
	eachFails(t, ErrNotLoaded, []failing{{"Lookup", err}, {"Put", none.Put(1, v)}, {"Memory", memErr}})
}

func TestArrayWithoutBatches(t *testing.T) {
	m := testMap[ArrayMap[uint32, uint64]](t, arraySpec(ebpf.Array, 8, 1000))
	w := m.c.newWalk(bpf.MapLookupBatch, 0)
	w.single = true
	next := uint32(0)
	must(t, each(w, func(k uint32, v uint64) bool {
		equal(t, "index", k, next)
		next++
		return true
	}))
	equal(t, "entries", next, 1000)
}

func TestArrayMemory(t *testing.T) {
	sinceKernel(t, 5, 5, "arrays mapped into memory")
	spec := arraySpec(ebpf.Array, 4, 3)
	spec.Flags = unix.BPF_F_MMAPABLE
	m := testMap[ArrayMap[uint32, uint32]](t, spec)
	must(t, m.Put(1, 0x01010101))
	memory := got(ArrayMemory(m))(t)
	b := make([]byte, 1)
	_, err := memory.ReadAt(b, 8)
	must(t, err)
	equal(t, "byte of value 1", b[0], 1)
	_, err = ArrayMemory(testMap[ArrayMap[uint32, uint32]](t, arraySpec(ebpf.Array, 4, 3)))
	failsWith(t, "memory without the flag", err, ebpf.ErrNotSupported)
}

func TestArena(t *testing.T) {
	sinceKernel(t, 6, 9, "arenas")
	m := testMap[Arena](t, &ebpf.MapSpec{Type: ebpf.Arena, MaxEntries: 2, Flags: unix.BPF_F_MMAPABLE})
	memory := got(m.Memory())(t)
	equal(t, "size", int(memory.Size()), 2*os.Getpagesize())
	_, err := memory.WriteAt([]byte{1}, 0)
	must(t, err)
	must(t, m.Close())
	_, err = m.Memory()
	failsWith(t, "memory of a closed arena", err, os.ErrClosed)
	_, err = new(Arena).Memory()
	failsWith(t, "memory of no arena", err, ErrNotLoaded)
}

func TestOpaqueMap(t *testing.T) {
	m := testMap[OpaqueMap](t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: uint32(os.Getpagesize())})
	equal(t, "type", got(m.Handle().Info())(t).Type, ebpf.RingBuf)
	must(t, m.Close())
	failsWith(t, "bind", bindMap(new(OpaqueMap), "x", nil), ErrNotLoaded)
}
