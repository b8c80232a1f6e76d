package typedtest

import (
	"iter"
	"slices"

	"github.com/bpfgen/bpfgen/typed"
)

var (
	_ typed.PerCPUMap[uint32, int]      = (*PerCPUMap[uint32, int])(nil)
	_ typed.FixedPerCPUMap[uint32, int] = (*PerCPUArray[uint32, int])(nil)
)

// PerCPUMap is a hash with a value on each CPU for every key, in memory: see
// [NewPerCPUHash] and [NewLRUPerCPUHash].
type PerCPUMap[K, V any] struct {
	*store[K, []V]
	cpus int
}

// NewPerCPUHash makes a BPF_MAP_TYPE_PERCPU_HASH for a machine with so many
// possible CPUs. It fills up as [NewHash] does.
func NewPerCPUHash[K, V any](maxEntries, cpus int) *PerCPUMap[K, V] {
	return newPerCPUMap[K, V](hashRules[K](maxEntries), cpus)
}

// NewLRUPerCPUHash makes a BPF_MAP_TYPE_LRU_PERCPU_HASH, which removes entries
// as [NewLRUHash] does.
func NewLRUPerCPUHash[K, V any](maxEntries, cpus int) *PerCPUMap[K, V] {
	r := hashRules[K](maxEntries)
	r.evict = true
	return newPerCPUMap[K, V](r, cpus)
}

func newPerCPUMap[K, V any](r rules[K], cpus int) *PerCPUMap[K, V] {
	checkCPUs(cpus)
	r.noLock = true
	return &PerCPUMap[K, V]{newStore[K](r, slices.Clone[[]V]), cpus}
}

func checkCPUs(cpus int) {
	if cpus < 1 {
		panic("typedtest: a machine has at least one CPU")
	}
}

// Lookup returns the values of a key. See [typed.FixedPerCPUMap].
func (m *PerCPUMap[K, V]) Lookup(key K) ([]V, error) { return m.lookup(key) }

// LookupInto is Lookup into the caller's memory.
func (m *PerCPUMap[K, V]) LookupInto(key K, values []V) error {
	if len(values) != m.cpus {
		return errLength
	}
	found, err := m.lookup(key)
	copy(values, found)
	return err
}

// All ranges over the entries.
func (m *PerCPUMap[K, V]) All() (iter.Seq2[K, []V], func() error) { return m.all() }

// Put is Update with [typed.UpdateAny].
func (m *PerCPUMap[K, V]) Put(key K, values []V) error {
	return m.Update(key, values, typed.UpdateAny)
}

// PutEach writes the same value on every CPU.
func (m *PerCPUMap[K, V]) PutEach(key K, value V) error {
	return m.Put(key, slices.Repeat([]V{value}, m.cpus))
}

// Update writes the values of all CPUs. See [typed.FixedPerCPUMap].
func (m *PerCPUMap[K, V]) Update(key K, values []V, flags typed.UpdateFlags) error {
	if len(values) != m.cpus {
		return errLength
	}
	return m.update(key, values, flags)
}

// Delete removes an entry. See [typed.PerCPUMap].
func (m *PerCPUMap[K, V]) Delete(key K) error { return m.remove(key) }

// BatchDelete removes entries up to the first that is missing.
func (m *PerCPUMap[K, V]) BatchDelete(keys []K) (int, error) { return m.removeAll(keys) }

// DeleteFunc removes the entries for which del returns true.
func (m *PerCPUMap[K, V]) DeleteFunc(del func(key K, values []V) bool) (int, error) {
	return m.removeFunc(del), nil
}

// Drain is All that removes what it yields.
func (m *PerCPUMap[K, V]) Drain() (iter.Seq2[K, []V], func() error) { return m.drain() }

// PerCPUArray is a BPF_MAP_TYPE_PERCPU_ARRAY in memory: every index below
// maxEntries has a value on each CPU, zero at first. All goes by the index.
type PerCPUArray[K, V any] struct {
	mu     mutex
	values [][]V
	cpus   int
}

// NewPerCPUArray makes an array for a machine with so many possible CPUs. K
// must be a type of 4 bytes.
func NewPerCPUArray[K, V any](maxEntries, cpus int) *PerCPUArray[K, V] {
	checkIndex[K](maxEntries)
	checkCPUs(cpus)
	a := &PerCPUArray[K, V]{values: make([][]V, maxEntries), cpus: cpus}
	for i := range a.values {
		a.values[i] = make([]V, cpus)
	}
	return a
}

// Lookup returns the values of an index. See [typed.FixedPerCPUMap].
func (a *PerCPUArray[K, V]) Lookup(key K) ([]V, error) {
	values := make([]V, a.cpus)
	if err := a.LookupInto(key, values); err != nil {
		return nil, err
	}
	return values, nil
}

// LookupInto is Lookup into the caller's memory.
func (a *PerCPUArray[K, V]) LookupInto(key K, values []V) error {
	if len(values) != a.cpus {
		return errLength
	}
	defer a.mu.lock()()
	i, ok := indexOf(key, len(a.values))
	if !ok {
		return errNotExist
	}
	copy(values, a.values[i])
	return nil
}

// All ranges over the values by their index.
func (a *PerCPUArray[K, V]) All() (iter.Seq2[K, []V], func() error) {
	return func(yield func(K, []V) bool) {
		for i := range a.values {
			key := keyOf[K](i)
			values, err := a.Lookup(key)
			if err != nil || !yield(key, values) {
				return
			}
		}
	}, noError
}

// Put is Update with [typed.UpdateAny].
func (a *PerCPUArray[K, V]) Put(key K, values []V) error {
	return a.Update(key, values, typed.UpdateAny)
}

// PutEach writes the same value on every CPU.
func (a *PerCPUArray[K, V]) PutEach(key K, value V) error {
	return a.Put(key, slices.Repeat([]V{value}, a.cpus))
}

// Update writes the values of all CPUs. See [typed.FixedPerCPUMap].
func (a *PerCPUArray[K, V]) Update(key K, values []V, flags typed.UpdateFlags) error {
	if len(values) != a.cpus {
		return errLength
	}
	defer a.mu.lock()()
	i, err := writeIndex(key, len(a.values), flags)
	if err == nil {
		copy(a.values[i], values)
	}
	return err
}
