//go:build linux

package bench

import (
	"os"
	"structs"
	"sync"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"

	"github.com/bpfgen/bpfgen/typed"
)

type flowKey struct {
	_     structs.HostLayout
	Saddr uint32
	Daddr uint32
	Sport uint16
	Dport uint16
	Proto uint8
	_     [3]byte
}

type flowStats struct {
	_       structs.HostLayout
	Packets uint64
	Bytes   uint64
	Last    uint64
}

// entries is how many the maps of the benchmarks have.
const entries = 10_000

func keyOf(i int) flowKey { return flowKey{Saddr: uint32(i), Dport: uint16(i), Proto: 6} }

// mapOf says that *M is a type of maps.
type mapOf[M any] interface {
	*M
	typed.AnyMap
}

// create makes a map and its typed handle.
func create[M any, P mapOf[M]](b *testing.B, spec *ebpf.MapSpec) (*ebpf.Map, *M) {
	b.Helper()
	err := rlimit.RemoveMemlock()
	var m *ebpf.Map
	if err == nil {
		m, err = ebpf.NewMap(spec)
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			b.Fatalf("no access to BPF, which CI requires: %v", err)
		}
		b.Skipf("needs access to BPF (root): %v", err)
	}
	b.Cleanup(func() { m.Close() })
	h, err := typed.WrapMap(new(typed.MapSpec[P]), m)
	check(err)
	return m, h
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// flows is a hash with entries.
func flows(b *testing.B) (*ebpf.Map, *flowsMap) {
	m, h := create[flowsMap](b, &ebpf.MapSpec{
		Type: ebpf.Hash, KeySize: 16, ValueSize: 24, MaxEntries: entries,
	})
	for i := range entries {
		check(h.Put(keyOf(i), flowStats{Packets: uint64(i)}))
	}
	return m, h
}

// elemAttr is the attribute of bpf(2), whose addresses are of variables that
// are not on the stack.
type elemAttr struct {
	fd    uint32
	_     uint32
	key   unsafe.Pointer
	value unsafe.Pointer
	flags uint64
}

// bare is an attribute with a key and a value that live as long.
type bare struct {
	attr  elemAttr
	key   flowKey
	value flowStats
}

func newBare(m *ebpf.Map) *bare {
	c := new(bare)
	c.attr = elemAttr{fd: uint32(m.FD()), key: unsafe.Pointer(&c.key), value: unsafe.Pointer(&c.value)}
	return c
}

func (c *bare) call(cmd uintptr) {
	size := unsafe.Sizeof(c.attr)
	if cmd == unix.BPF_MAP_DELETE_ELEM {
		size = unsafe.Offsetof(c.attr.value) // more must be zero
	}
	_, _, errno := unix.Syscall(unix.SYS_BPF, cmd, uintptr(unsafe.Pointer(&c.attr)), size)
	if errno != 0 {
		panic(errno)
	}
}

const turn = 500

func BenchmarkLookup(b *testing.B) {
	m, h := flows(b)
	c := newBare(m)
	var sum uint64
	compare(b, turn,
		way{name: "typed", run: func(n int) {
			for i := range n {
				v, err := h.Lookup(keyOf(i))
				check(err)
				sum += v.Packets
			}
		}},
		way{name: "bare", run: func(n int) {
			for i := range n {
				c.key = keyOf(i)
				c.call(unix.BPF_MAP_LOOKUP_ELEM)
				sum += c.value.Packets
			}
		}},
		way{name: "library", run: func(n int) {
			for i := range n {
				var v flowStats
				check(m.Lookup(keyOf(i), &v))
				sum += v.Packets
			}
		}},
	)
}

func BenchmarkLookupInto(b *testing.B) {
	m, h := flows(b)
	c := newBare(m)
	var v flowStats
	compare(b, turn,
		way{name: "typed", run: func(n int) {
			for i := range n {
				check(h.LookupInto(keyOf(i), &v))
			}
		}},
		way{name: "bare", run: func(n int) {
			for i := range n {
				c.key = keyOf(i)
				c.call(unix.BPF_MAP_LOOKUP_ELEM)
			}
		}},
		way{name: "library", run: func(n int) {
			for i := range n {
				check(m.Lookup(keyOf(i), &v))
			}
		}},
	)
}

// BenchmarkLookupOfTwo has two goroutines on one map: what they share is the
// handle's count of calls in flight.
func BenchmarkLookupOfTwo(b *testing.B) {
	m, h := flows(b)
	calls := [2]*bare{newBare(m), newBare(m)}
	var values [2]struct {
		flowStats
		_ [40]byte // on cache lines of their own
	}
	compare(b, turn,
		way{name: "typed", run: func(n int) {
			both(n, func(g, i int) { check(h.LookupInto(keyOf(i), &values[g].flowStats)) })
		}},
		way{name: "bare", run: func(n int) {
			both(n, func(g, i int) {
				calls[g].key = keyOf(i)
				calls[g].call(unix.BPF_MAP_LOOKUP_ELEM)
			})
		}},
		way{name: "library", run: func(n int) {
			both(n, func(g, i int) { check(m.Lookup(keyOf(i), &values[g].flowStats)) })
		}},
	)
}

// both has each of two goroutines do something n times.
func both(n int, do func(goroutine, i int)) {
	var wg sync.WaitGroup
	for g := range 2 {
		wg.Go(func() {
			for i := range n {
				do(g, i)
			}
		})
	}
	wg.Wait()
}

func BenchmarkUpdate(b *testing.B) {
	m, h := flows(b)
	c := newBare(m)
	compare(b, turn,
		way{name: "typed", run: func(n int) {
			for i := range n {
				check(h.Update(keyOf(i), flowStats{Packets: uint64(i)}, typed.UpdateExist))
			}
		}},
		way{name: "bare", run: func(n int) {
			c.attr.flags = uint64(ebpf.UpdateExist)
			for i := range n {
				c.key, c.value = keyOf(i), flowStats{Packets: uint64(i)}
				c.call(unix.BPF_MAP_UPDATE_ELEM)
			}
		}},
		way{name: "library", run: func(n int) {
			for i := range n {
				check(m.Update(keyOf(i), flowStats{Packets: uint64(i)}, ebpf.UpdateExist))
			}
		}},
	)
}

func BenchmarkDelete(b *testing.B) {
	m, h := flows(b)
	c := newBare(m)
	refill := func(n int) {
		for i := range n {
			c.key = keyOf(i)
			c.call(unix.BPF_MAP_UPDATE_ELEM)
		}
	}
	compare(b, turn,
		way{name: "typed", run: func(n int) {
			for i := range n {
				check(h.Delete(keyOf(i)))
			}
		}, undo: refill},
		way{name: "bare", run: func(n int) {
			for i := range n {
				c.key = keyOf(i)
				c.call(unix.BPF_MAP_DELETE_ELEM)
			}
		}, undo: refill},
		way{name: "library", run: func(n int) {
			for i := range n {
				check(m.Delete(keyOf(i)))
			}
		}, undo: refill},
	)
}

// batchAttr is the attribute of bpf(2) for batches.
type batchAttr struct {
	in, out, keys, values unsafe.Pointer
	count                 uint32
	fd                    uint32
	elemFlags, flags      uint64
}

// bareBatches reads a map by batches of the size of the slices.
func bareBatches(m *ebpf.Map, keys []flowKey, values []flowStats, use func(flowKey, flowStats)) {
	cursor := new([16]byte)
	attr := &batchAttr{
		out: unsafe.Pointer(cursor), keys: unsafe.Pointer(&keys[0]), values: unsafe.Pointer(&values[0]),
		fd: uint32(m.FD()),
	}
	for {
		attr.count = uint32(len(keys))
		_, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_MAP_LOOKUP_BATCH, uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr))
		if errno != 0 && errno != unix.ENOENT {
			panic(errno)
		}
		for i := range int(attr.count) {
			use(keys[i], values[i])
		}
		if errno == unix.ENOENT {
			return
		}
		attr.in = unsafe.Pointer(cursor)
	}
}

func BenchmarkIterate(b *testing.B) {
	m, h := flows(b)
	var sum uint64
	const batch = 128 << 10 / (16 + 24)
	keys, values := make([]flowKey, batch), make([]flowStats, batch)
	compare(b, 1,
		way{name: "typed", run: func(n int) {
			for range n {
				seq, errf := h.All()
				for _, v := range seq {
					sum += v.Packets
				}
				check(errf())
			}
		}},
		way{name: "bare", run: func(n int) {
			for range n {
				bareBatches(m, keys, values, func(_ flowKey, v flowStats) { sum += v.Packets })
			}
		}},
		way{name: "library", run: func(n int) {
			for range n {
				var k flowKey
				var v flowStats
				it := m.Iterate()
				for it.Next(&k, &v) {
					sum += v.Packets
				}
				check(it.Err())
			}
		}},
	)
}

func BenchmarkPerCPULookup(b *testing.B) {
	m, h := create[countersMap](b, &ebpf.MapSpec{
		Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: turn,
	})
	values := make([]uint64, h.CPUs())
	key := new(uint32)
	attr := &elemAttr{fd: uint32(m.FD()), key: unsafe.Pointer(key), value: unsafe.Pointer(&values[0])}
	compare(b, turn,
		way{name: "typed", run: func(n int) {
			for i := range n {
				check(h.LookupInto(uint32(i), values))
			}
		}},
		way{name: "bare", run: func(n int) {
			for i := range n {
				*key = uint32(i)
				_, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_MAP_LOOKUP_ELEM, uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr))
				if errno != 0 {
					panic(errno)
				}
			}
		}},
		way{name: "library", run: func(n int) {
			for i := range n {
				check(m.Lookup(uint32(i), values))
			}
		}},
	)
}
