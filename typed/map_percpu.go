package typed

import (
	"fmt"
	"iter"
	"sync"

	"github.com/cilium/ebpf"
)

// Per-CPU maps: a key has a value on each possible CPU, in Go a []V in the
// order of the CPU numbers. The kernel copies the values one CPU after the
// other; a sum of them is as exact as that. See percpu.go for merging.

// readPerCPU is the reading half of a per-CPU map.
type readPerCPU[K, V any] struct {
	boundMap
}

// CPUs is how many values a key has: the number of possible CPUs. 0 where the
// map was not loaded.
func (m *readPerCPU[K, V]) CPUs() int { return m.cpus }

// Lookup returns copies of the values of a key. The error wraps
// [ebpf.ErrKeyNotExist] and [os.ErrNotExist] if there is no such key.
func (m *readPerCPU[K, V]) Lookup(key K) ([]V, error) {
	values := make([]V, m.cpus)
	if err := lookupCPUs(&m.boundMap, bpfMapLookupElem, &key, values); err != nil {
		return nil, err
	}
	return values, nil
}

// LookupInto is Lookup into the caller's memory, which can be used again and
// again. values must have CPUs elements.
func (m *readPerCPU[K, V]) LookupInto(key K, values []V) error {
	return lookupCPUs(&m.boundMap, bpfMapLookupElem, &key, values)
}

// All ranges over the entries. The slices belong to the caller. What happens
// when the map changes during the loop is as for [HashMap] and [ArrayMap].
func (m *readPerCPU[K, V]) All() (iter.Seq2[K, []V], func() error) {
	var err error
	return func(yield func(K, []V) bool) {
		err = scan(m.newWalk(bpfMapLookupBatch, 0), true, func(p *page[K, V]) bool {
			return p.each(m.cpus, yield) == p.n
		})
	}, func() error { return err }
}

// BatchLookup reads the next elements of the map and says how many. values has
// CPUs elements for each key, one key after the other.
func (m *readPerCPU[K, V]) BatchLookup(c *Cursor, keys []K, values []V) (int, error) {
	return batchLookup(&m.boundMap, bpfMapLookupBatch, c, keys, values)
}

// writePerCPU is a per-CPU map that can be read and written.
type writePerCPU[K, V any] struct {
	readPerCPU[K, V]
}

// Put is Update with [UpdateAny].
func (m *writePerCPU[K, V]) Put(key K, values []V) error {
	return updateCPUs(&m.boundMap, &key, values, UpdateAny)
}

// PutEach writes the same value on every CPU.
func (m *writePerCPU[K, V]) PutEach(key K, value V) error {
	values := make([]V, m.cpus)
	for i := range values {
		values[i] = value
	}
	return updateCPUs(&m.boundMap, &key, values, UpdateAny)
}

// Update writes the values of all CPUs. values must have CPUs elements.
func (m *writePerCPU[K, V]) Update(key K, values []V, flags UpdateFlags) error {
	return updateCPUs(&m.boundMap, &key, values, flags)
}

// BatchUpdate writes the values of many keys, in that order, and says how many
// it wrote before the error. values has CPUs elements for each key, one key
// after the other.
func (m *writePerCPU[K, V]) BatchUpdate(keys []K, values []V, flags UpdateFlags) (int, error) {
	return batchUpdate(&m.boundMap, keys, values, flags)
}

// PerCPUArrayMap is a BPF_MAP_TYPE_PERCPU_ARRAY (4.6): every K below MaxEntries
// has a V on each CPU, zero at first. K is a type of 4 bytes, mostly uint32.
type PerCPUArrayMap[K, V any] struct {
	writePerCPU[K, V]
}

func (m *PerCPUArrayMap[K, V]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *PerCPUArrayMap[K, V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*PerCPUArrayMap[K, V]) shape() mapShape { return perCPUShape[K, V](ebpf.PerCPUArray) }

// PerCPUHashMap is a BPF_MAP_TYPE_PERCPU_HASH or BPF_MAP_TYPE_LRU_PERCPU_HASH
// (4.6, 4.10).
type PerCPUHashMap[K, V any] struct {
	writePerCPU[K, V]
}

func (m *PerCPUHashMap[K, V]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *PerCPUHashMap[K, V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*PerCPUHashMap[K, V]) shape() mapShape {
	return perCPUShape[K, V](ebpf.PerCPUHash, ebpf.LRUCPUHash)
}

// Delete removes a key. The error wraps [ebpf.ErrKeyNotExist] and
// [os.ErrNotExist] if there is none.
func (m *PerCPUHashMap[K, V]) Delete(key K) error { return deleteElem(&m.boundMap, &key) }

// BatchDelete removes keys in their order up to the first that fails, which a
// missing one does, and says how many it removed.
func (m *PerCPUHashMap[K, V]) BatchDelete(keys []K) (int, error) {
	return batchDelete(&m.boundMap, keys)
}

// LookupAndDelete removes a key and returns its values. Linux 5.14.
func (m *PerCPUHashMap[K, V]) LookupAndDelete(key K) ([]V, error) {
	values := make([]V, m.cpus)
	if err := lookupCPUs(&m.boundMap, bpfMapLookupAndDeleteElem, &key, values); err != nil {
		return nil, err
	}
	return values, nil
}

// BatchLookupAndDelete is BatchLookup that removes what it reads.
func (m *PerCPUHashMap[K, V]) BatchLookupAndDelete(c *Cursor, keys []K, values []V) (int, error) {
	return batchLookup(&m.boundMap, bpfMapLookupAndDelBatch, c, keys, values)
}

// DeleteFunc removes the entries for which del returns true and says how many
// these were. The values are copies, taken before and only for the call: what
// programs write between del and the removal is lost.
func (m *PerCPUHashMap[K, V]) DeleteFunc(del func(key K, values []V) bool) (int, error) {
	return deleteFunc(&m.boundMap, del)
}

// Drain is All that removes what it yields, as for [HashMap].
func (m *PerCPUHashMap[K, V]) Drain() (iter.Seq2[K, []V], func() error) {
	var err error
	return func(yield func(K, []V) bool) {
		err = drain(&m.boundMap, true, yield)
	}, func() error { return err }
}

// slotPool has buffers for values whose slots are longer than they are, so that
// reading and writing these allocates nothing either.
var slotPool = sync.Pool{New: func() any { return new([]byte) }}

// getSlots returns a buffer of n bytes. It goes back with slotPool.Put.
func getSlots(n int) *[]byte {
	slots := slotPool.Get().(*[]byte)
	if cap(*slots) < n {
		*slots = make([]byte, n)
	}
	*slots = (*slots)[:n]
	return slots
}

// perCPUBytes is the memory of the values of one key, after a check that they
// are as many as there are CPUs.
func perCPUBytes[V any](b *boundMap, values []V) ([]byte, error) {
	if err := b.Err(); err != nil {
		return nil, err
	}
	if len(values) != b.cpus {
		return nil, fmt.Errorf("map %s: a key has %d values, one for each possible CPU, not %d", b.name, b.cpus, len(values))
	}
	return bytesOf(values), nil
}

// lookupCPUs reads the values of a key, and removes it if cmd says so.
func lookupCPUs[K, V any](b *boundMap, cmd bpfCommand, key *K, values []V) error {
	bytes, err := perCPUBytes(b, values)
	if err != nil {
		return err
	}
	if len(bytes) == b.valueBytes() {
		return lookupBytes(b, cmd, key, bytes)
	}
	slots := getSlots(b.valueBytes())
	defer slotPool.Put(slots)
	if err := lookupBytes(b, cmd, key, *slots); err != nil {
		return err
	}
	unpack(bytes, *slots, b.stride, b.cpus)
	return nil
}

// updateCPUs writes the values of a key.
func updateCPUs[K, V any](b *boundMap, key *K, values []V, flags UpdateFlags) error {
	bytes, err := perCPUBytes(b, values)
	if err != nil {
		return err
	}
	if len(bytes) == b.valueBytes() {
		return updateBytes(b, key, bytes, flags)
	}
	slots := getSlots(b.valueBytes())
	defer slotPool.Put(slots)
	pack(*slots, bytes, b.stride, b.cpus)
	return updateBytes(b, key, *slots, flags)
}
