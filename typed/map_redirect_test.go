//go:build linux

package typed

import (
	"errors"
	"iter"
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

const loopback = 1 // the index of lo in every network namespace

func TestDevMap(t *testing.T) {
	for _, kind := range []ebpf.MapType{ebpf.DevMap, ebpf.DevMapHash} {
		t.Run(kind.String(), func(t *testing.T) {
			sinceKernel(t, 5, 4, "BPF_MAP_TYPE_DEVMAP_HASH")
			m := testMap[DevMap[uint32]](t, arraySpec(kind, 4, 2))
			_, err := m.Lookup(1)
			failsWith(t, "lookup of no interface", err, notExist...)
			must(t, m.Put(1, loopback))
			equal(t, "interface", got(m.Lookup(1))(t), loopback)
			failsWith(t, "put of an interface that is not there", m.Put(0, 1<<30), unix.EINVAL)
			seq, errf := m.All()
			all := collect(t, seq, errf)
			equal(t, "entries", len(all), 1)
			equal(t, "entry", all[1], loopback)
			if kind == ebpf.DevMap {
				failsWith(t, "put out of range", m.Put(2, loopback), ebpf.ErrKeyNotExist, unix.E2BIG)
			} else {
				must(t, m.Put(2, loopback))
				failsWith(t, "put into a full map", m.Put(3, loopback), ErrMapFull)
			}
			must(t, m.Delete(1))
			_, err = m.Lookup(1)
			failsWith(t, "lookup of what was deleted", err, notExist...)
			testRedirectGone[uint32](t, m, new(DevMap[uint32]))
			failsWith(t, "put into a closed map", m.Put(1, loopback), os.ErrClosed)
		})
	}
}

// redirectMap is a map of network interfaces or CPUs.
type redirectMap[V any] interface {
	Lookup(uint32) (V, error)
	Delete(uint32) error
	All() (iter.Seq2[uint32, V], func() error)
	Close() error
}

func testRedirectGone[V any](t *testing.T, m, none redirectMap[V]) {
	ops := func(m redirectMap[V]) []failing {
		_, lookup := m.Lookup(1)
		seq, all := m.All()
		for range seq {
		}
		return []failing{{"Lookup", lookup}, {"Delete", m.Delete(1)}, {"All", all()}}
	}
	must(t, m.Close())
	eachFails(t, os.ErrClosed, ops(m))
	eachFails(t, ErrNotLoaded, ops(none))
}

func TestDevMapProg(t *testing.T) {
	sinceKernel(t, 5, 8, "programs in BPF_MAP_TYPE_DEVMAP")
	p := returns(t, ebpf.XDP, ebpf.AttachXDPDevMap, 2)
	for _, kind := range []ebpf.MapType{ebpf.DevMap, ebpf.DevMapHash} {
		t.Run(kind.String(), func(t *testing.T) {
			m := testMap[DevMapProg[uint32]](t, arraySpec(kind, 8, 2))
			must(t, m.Put(1, loopback, p))
			equal(t, "with program", got(m.Lookup(1))(t), DevMapValue{loopback, programID(t, p)})
			must(t, m.Put(1, loopback, nil))
			equal(t, "without", got(m.Lookup(1))(t), DevMapValue{Ifindex: loopback})
			other := returns(t, ebpf.XDP, ebpf.AttachNone, 2)
			failsWith(t, "put of another kind of program", m.Put(1, loopback, other), unix.EINVAL)
			failsWith(t, "put of no program", m.Put(1, loopback, new(XDP)), ErrNotLoaded)
			seq, errf := m.All()
			equal(t, "entry", collect(t, seq, errf)[1], DevMapValue{Ifindex: loopback})
			testRedirectGone[DevMapValue](t, m, new(DevMapProg[uint32]))
			failsWith(t, "put into a closed map", m.Put(1, loopback, p), os.ErrClosed)
		})
	}
}

func TestCPUMap(t *testing.T) {
	m := testMap[CPUMap[uint32]](t, arraySpec(ebpf.CPUMap, 4, 1))
	_, err := m.Lookup(0)
	failsWith(t, "lookup of no queue", err, notExist...)
	must(t, m.Put(0, 192))
	equal(t, "queue", got(m.Lookup(0))(t), 192)
	failsWith(t, "put of a queue too large", m.Put(0, 1<<20), unix.EOVERFLOW)
	failsWith(t, "put out of range", m.Put(1, 192), ebpf.ErrKeyNotExist, unix.E2BIG)
	seq, errf := m.All()
	equal(t, "entry", collect(t, seq, errf)[0], 192)
	must(t, m.Delete(0))
	testRedirectGone[uint32](t, m, new(CPUMap[uint32]))
	failsWith(t, "put into a closed map", m.Put(0, 192), os.ErrClosed)
}

func TestCPUMapProg(t *testing.T) {
	sinceKernel(t, 5, 9, "programs in BPF_MAP_TYPE_CPUMAP")
	p := returns(t, ebpf.XDP, ebpf.AttachXDPCPUMap, 2)
	m := testMap[CPUMapProg[uint32]](t, arraySpec(ebpf.CPUMap, 8, 1))
	must(t, m.Put(0, 192, p))
	equal(t, "with program", got(m.Lookup(0))(t), CPUMapValue{192, programID(t, p)})
	must(t, m.Put(0, 100, nil))
	equal(t, "without", got(m.Lookup(0))(t), CPUMapValue{QueueSize: 100})
	other := returns(t, ebpf.XDP, ebpf.AttachNone, 2)
	// EINVAL on kernels of 7.x; before, cpu_map_update_elem makes ENOMEM of every
	// failure.
	if err := m.Put(0, 192, other); !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOMEM) {
		t.Errorf("put of another kind of program: %v", err)
	}
	equal(t, "after a put that failed", got(m.Lookup(0))(t), CPUMapValue{QueueSize: 100})
	failsWith(t, "put of no program", m.Put(0, 192, new(XDP)), ErrNotLoaded)
	must(t, m.Delete(0))
	testRedirectGone[CPUMapValue](t, m, new(CPUMapProg[uint32]))
	failsWith(t, "put into a closed map", m.Put(0, 192, p), os.ErrClosed)
}
