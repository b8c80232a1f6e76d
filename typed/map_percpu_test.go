//go:build linux

package typed

import (
	"errors"
	"iter"
	"os"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// odd is a value shorter than its slot of 8·n bytes.
type odd [5]byte

func onEach[V any](of func(cpu int) V) []V {
	values := make([]V, ebpf.MustPossibleCPU())
	for i := range values {
		values[i] = of(i)
	}
	return values
}

func oddValue(n int) func(int) odd {
	return func(cpu int) odd { return odd{byte(n), byte(n >> 8), byte(cpu), 4, 5} }
}

func evenValue(n int) func(int) uint64 {
	return func(cpu int) uint64 { return uint64(n)<<32 | uint64(cpu) }
}

func equalSlices[V comparable](t testing.TB, what string, got, want []V) {
	t.Helper()
	equal(t, what+": values", len(got), len(want))
	for i := range got {
		equal(t, what, got[i], want[i])
	}
}

func TestPerCPUHash(t *testing.T) {
	for _, kind := range []ebpf.MapType{ebpf.PerCPUHash, ebpf.LRUCPUHash} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Run("padded", func(t *testing.T) { testPerCPUHash(t, kind, 5, oddValue) })
			t.Run("direct", func(t *testing.T) { testPerCPUHash(t, kind, 8, evenValue) })
		})
	}
}

func testPerCPUHash[V comparable](t *testing.T, kind ebpf.MapType, size uint32, value func(int) func(int) V) {
	// An LRU map keeps up to 128 free entries for each CPU that writes.
	entries := 2000 + 128*uint32(ebpf.MustPossibleCPU())
	m := testMap[PerCPUHashMap[uint32, V]](t, arraySpec(kind, size, entries))
	values, others := onEach(value(1)), onEach(value(2))
	_, err := m.Lookup(1)
	failsWith(t, "lookup of a missing key", err, notExist...)
	failsWith(t, "update of a missing key", m.Update(1, values, UpdateExist), notExist...)
	failsWith(t, "delete of a missing key", m.Delete(1), notExist...)
	failsWith(t, "wrong flag", m.Update(1, values, 1<<20), unix.EINVAL)
	must(t, m.Update(1, values, UpdateNoExist))
	failsWith(t, "create again", m.Update(1, values, UpdateNoExist), exist...)
	equalSlices(t, "values", got(m.Lookup(1))(t), values)
	must(t, m.Put(1, others))
	into := make([]V, m.CPUs())
	must(t, m.LookupInto(1, into))
	equalSlices(t, "into", into, others)
	must(t, m.PutEach(2, values[0]))
	equalSlices(t, "each", got(m.Lookup(2))(t), onEach(func(int) V { return values[0] }))
	if m.LookupInto(1, into[1:]) == nil || m.Put(1, into[1:]) == nil {
		t.Error("a value is missing, and nobody says so")
	}
	must(t, m.Delete(1))
	must(t, m.Delete(2))

	testPerCPUMany(t, m, value)
	if kind == ebpf.PerCPUHash {
		testPerCPUFull(t, m, values[0])
	}
	testPerCPUGone(t, m, values)
}

func TestPerCPULookupAndDelete(t *testing.T) {
	sinceKernel(t, 5, 14, "lookup and delete in hashes")
	m := testMap[PerCPUHashMap[uint32, odd]](t, arraySpec(ebpf.PerCPUHash, 5, 10))
	values := onEach(oddValue(1))
	must(t, m.Put(1, values))
	equalSlices(t, "taken", got(m.LookupAndDelete(1))(t), values)
	_, err := m.LookupAndDelete(1)
	failsWith(t, "lookup and delete of a missing key", err, notExist...)
}

// testPerCPUMany is batches and iteration.
func testPerCPUMany[V comparable](t *testing.T, m *PerCPUHashMap[uint32, V], value func(int) func(int) V) {
	fill := func(n int) {
		keys, values := make([]uint32, n), make([]V, 0, n*m.CPUs())
		for i := range keys {
			keys[i] = uint32(i)
			values = append(values, onEach(value(i))...)
		}
		equal(t, "batch update", got(PerCPUBatchUpdate(m, keys, values, nil))(t), n)
	}
	const n = 1000 // half of what an LRU map surely keeps
	fill(n)
	all, errf := m.All()
	kept := make(map[uint32][]V)
	for k, v := range all {
		kept[k] = v // slices belong to the loop
	}
	must(t, errf())
	equal(t, "entries", len(kept), n)
	for k, v := range kept {
		equalSlices(t, "entry", v, onEach(value(int(k))))
	}

	var c Cursor
	keys, values := make([]uint32, 100), make([]V, 100*m.CPUs())
	read := 0
	for !c.Done() {
		got := got(PerCPUBatchLookup(m, &c, keys, values, nil))(t)
		for i := range got {
			equalSlices(t, "batch", values[i*m.CPUs():(i+1)*m.CPUs()], onEach(value(int(keys[i]))))
		}
		read += got
	}
	equal(t, "entries by batches", read, n)
	if _, err := PerCPUBatchLookup(m, new(Cursor), keys, values[1:], nil); err == nil {
		t.Error("batch with a value missing")
	}

	deleted := got(m.DeleteFunc(func(k uint32, v []V) bool { return k%2 == 0 }))(t)
	equal(t, "deleted", deleted, n/2)
	equal(t, "batch delete", got(BatchDelete(m, []uint32{1, 3}))(t), 2)
	_, err := BatchDelete(m, []uint32{1})
	failsWith(t, "batch delete of a missing key", err, notExist...)
	drain, errf := m.Drain()
	equal(t, "drained", len(collectPerCPU(t, drain, errf)), n/2-2)
	fill(n)
	c, read = Cursor{}, 0
	for !c.Done() {
		read += got(PerCPUBatchLookupAndDelete(m, &c, keys, values, nil))(t)
	}
	equal(t, "taken by batches", read, n)

	// An early end puts back what was not yielded, with its values.
	fill(n)
	drain, errf = m.Drain()
	for range drain {
		break
	}
	must(t, errf())
	all, errf = m.All()
	left := collectPerCPU(t, all, errf)
	equal(t, "left", len(left), n-1)
	for k, v := range left {
		equalSlices(t, "put back", v, onEach(value(int(k))))
	}
}

func collectPerCPU[V any](t testing.TB, seq func(func(uint32, []V) bool), errf func() error) map[uint32][]V {
	t.Helper()
	all := make(map[uint32][]V)
	for k, v := range seq {
		all[k] = v
	}
	must(t, errf())
	return all
}

func testPerCPUFull[V comparable](t *testing.T, m *PerCPUHashMap[uint32, V], value V) {
	var err error
	for i := uint32(0); i <= uint32(m.Handle().MaxEntries()) && err == nil; i++ {
		err = m.PutEach(i, value)
	}
	failsWith(t, "put into a full map", err, ErrMapFull, unix.E2BIG)
}

func perCPUOps[V any](m *PerCPUHashMap[uint32, V], values []V) []failing {
	_, lookup := m.Lookup(1)
	_, take := m.LookupAndDelete(1)
	_, update := PerCPUBatchUpdate(m, []uint32{1}, values, nil)
	_, remove := BatchDelete(m, []uint32{1})
	_, read := PerCPUBatchLookup(m, new(Cursor), []uint32{1}, values, nil)
	_, deleteFunc := m.DeleteFunc(func(uint32, []V) bool { return true })
	all, allErr := m.All()
	drain, drainErr := m.Drain()
	for range all {
	}
	for range drain {
	}
	var v V
	return []failing{
		{"Lookup", lookup}, {"LookupInto", m.LookupInto(1, values)}, {"Put", m.Put(1, values)},
		{"PutEach", m.PutEach(1, v)}, {"Update", m.Update(1, values, UpdateAny)}, {"Delete", m.Delete(1)},
		{"LookupAndDelete", take}, {"BatchUpdate", update}, {"BatchDelete", remove}, {"BatchLookup", read},
		{"DeleteFunc", deleteFunc}, {"All", allErr()}, {"Drain", drainErr()},
	}
}

func testPerCPUGone[V any](t *testing.T, m *PerCPUHashMap[uint32, V], values []V) {
	must(t, m.Close())
	eachFails(t, os.ErrClosed, perCPUOps(m, values))
	eachFails(t, ErrNotLoaded, perCPUOps(new(PerCPUHashMap[uint32, V]), values))
}

func TestPerCPUArray(t *testing.T) {
	m := testMap[PerCPUArrayMap[uint32, odd]](t, arraySpec(ebpf.PerCPUArray, 5, 4))
	values := onEach(oddValue(3))
	equalSlices(t, "before anything", got(m.Lookup(3))(t), onEach(func(int) odd { return odd{} }))
	must(t, m.Put(3, values))
	equalSlices(t, "values", got(m.Lookup(3))(t), values)
	failsWith(t, "create what exists", m.Update(3, values, UpdateNoExist), exist...)
	_, err := m.Lookup(4)
	failsWith(t, "lookup out of range", err, notExist...)
	failsWith(t, "put out of range", m.Put(4, values), ebpf.ErrKeyNotExist, unix.E2BIG)
	equal(t, "batch", got(PerCPUBatchUpdate(m, []uint32{0, 1}, append(values, values...), nil))(t), 2)
	all, errf := m.All()
	entries := collectPerCPU(t, all, errf)
	equal(t, "entries", len(entries), 4)
	equalSlices(t, "entry", entries[1], values)
	failsWith(t, "wrong flag", m.Update(3, values, 1<<20), unix.EINVAL)
	n, err := PerCPUBatchUpdate(m, []uint32{0, 9}, append(values, values...), nil)
	equal(t, "batch before the index out of range", n, 1)
	failsWith(t, "batch out of range", err, ebpf.ErrKeyNotExist)
	var c Cursor
	keys, batch := make([]uint32, 3), make([]odd, 3*m.CPUs())
	read := 0
	for !c.Done() {
		n := got(PerCPUBatchLookup(m, &c, keys, batch, nil))(t)
		for i, key := range keys[:n] {
			equalSlices(t, "batch", batch[i*m.CPUs():(i+1)*m.CPUs()], entries[key])
		}
		read += n
	}
	equal(t, "entries by batches", read, 4)
	must(t, m.PutEach(0, odd{9}))
	equal(t, "each", got(m.Lookup(0))(t)[0], odd{9})

	w := m.c.newWalk(bpf.MapLookupBatch, 0)
	w.single = true
	n = 0
	must(t, scan(w, false, func(p *page) bool {
		n += p.got
		return true
	}))
	equal(t, "entries without batches", n, 4)
}

func TestPerCPULookupAllocatesNothing(t *testing.T) {
	direct := testMap[PerCPUArrayMap[uint32, uint64]](t, arraySpec(ebpf.PerCPUArray, 8, 4))
	padded := testMap[PerCPUArrayMap[uint32, odd]](t, arraySpec(ebpf.PerCPUArray, 5, 4))
	values, odds := make([]uint64, direct.CPUs()), make([]odd, padded.CPUs())
	equal(t, "allocations", testing.AllocsPerRun(100, func() {
		must(t, direct.LookupInto(1, values))
		must(t, direct.Put(1, values))
	}), 0)
	if raceEnabled {
		return // the race detector makes sync.Pool forget
	}
	equal(t, "allocations of padded values", testing.AllocsPerRun(100, func() {
		must(t, padded.LookupInto(1, odds))
		must(t, padded.Put(1, odds))
	}), 0)
}

func TestPerCPUDrainUnderChange(t *testing.T) {
	const n = 2000
	m := testMap[PerCPUHashMap[uint32, uint64]](t, arraySpec(ebpf.PerCPUHash, 8, n))
	drainUnderChange(t, n, func(i int) error {
		return m.Update(uint32(i), onEach(evenValue(i)), UpdateNoExist)
	}, func(got func(i int)) error {
		seq, errf := m.Drain()
		for k, v := range seq {
			equalSlices(t, "values", v, onEach(evenValue(int(k))))
			got(int(k))
		}
		return errf()
	})
}

// What no kernel does with the CPU of options, and what it would do otherwise than
// asked, is refused and named: where the kernel has no such flags, too.
func TestCPUOptionsThatAreRefused(t *testing.T) {
	h := testMap[flows](t, flowSpec(ebpf.Hash, 10))
	c := testMap[PerCPUHashMap[uint32, odd]](t, arraySpec(ebpf.PerCPUHash, 5, 2))
	one := []odd{{}}
	key, stats := flow(1)
	read, each := &ReadOptions{CPU: OneCPU(0)}, &ReadOptions{CPU: EveryCPU()}
	write := &WriteOptions{CPU: OneCPU(0), Flags: UpdateNoExist}
	for want, errs := range map[string][]error{
		"values of this map are not per CPU": {
			LookupWith(h, key, &stats, read), LookupAndDeleteWith(h, key, &stats, read),
			UpdateWith(h, key, stats, &WriteOptions{CPU: EveryCPU()}),
			errorOfLoop(AllWith(h, read)), errorOfLoop(DrainWith(h, read)), second(DeleteFuncWith(h, read, func(flowKey, *flowStats) bool { return true })),
			second(BatchUpdate(h, []flowKey{key}, []flowStats{stats}, &WriteOptions{CPU: OneCPU(0)})),
			second(BatchLookup(h, new(Cursor), []flowKey{key}, []flowStats{stats}, read)),
		},
		"EveryCPU is for writing": {
			PerCPULookupWith(c, 1, one, each), second(PerCPUBatchLookup(c, new(Cursor), []uint32{1}, one, each)),
		},
		"what is removed is removed of all CPUs":              {second(PerCPUBatchLookupAndDelete(c, new(Cursor), []uint32{1}, one, read))},
		"the kernel does not heed flags of updates beside it": {PerCPUUpdateWith(c, 1, one, write), second(PerCPUBatchUpdate(c, []uint32{1}, one, write))},
	} {
		for i, err := range errs {
			if !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), want) {
				t.Errorf("%d: %v, want %s", i, err, want)
			}
		}
	}
}

// A kernel without flags for CPUs is named as the cause, in loops over a map, too.
func TestCPUOptionsWithoutKernel(t *testing.T) {
	m := testMap[PerCPUHashMap[uint32, odd]](t, arraySpec(ebpf.PerCPUHash, 5, 2))
	must(t, m.PutEach(1, odd{}))
	var errs []error
	read, write := &ReadOptions{CPU: OneCPU(0)}, &WriteOptions{CPU: EveryCPU()}
	errs = append(errs, errorOfLoop(PerCPUAllWith(m, read)), PerCPULookupWith(m, 1, []odd{{}}, read), PerCPUUpdateWith(m, 1, []odd{{}}, write),
		second(PerCPUBatchLookup(m, new(Cursor), make([]uint32, 2), make([]odd, 2), read)),
		second(PerCPUBatchUpdate(m, []uint32{1}, []odd{{}}, write)))
	for i, err := range errs {
		if has := kernelHasCPUFlags(); has != (err == nil) || !has && !errors.Is(err, ebpf.ErrNotSupported) {
			t.Errorf("%d: %v, the kernel has the flags: %v", i, err, has)
		}
	}
}

// second is the error of a call that returns something else before it.
func second[T any](_ T, err error) error { return err }

// errorOfLoop runs a loop and returns its error.
func errorOfLoop[K, V any](seq iter.Seq2[K, V], errf func() error) error {
	seq(func(K, V) bool { return true })
	return errf()
}
