package typed

import "iter"

// The methods of maps with keys, in layers: reading, writing, deleting. A class
// embeds the layer that the kernel has for its map types.

// readMap is the reading half of a map.
type readMap[K, V any] struct {
	boundMap
}

// Lookup returns a copy of the value of a key. The error wraps
// [ebpf.ErrKeyNotExist] and [os.ErrNotExist] if there is no such key.
func (m *readMap[K, V]) Lookup(key K) (V, error) {
	var value V
	err := lookupElem(&m.boundMap, &key, &value, 0)
	return value, err
}

// LookupInto is Lookup into the caller's memory, for values that are large.
// After an error *value is unspecified.
func (m *readMap[K, V]) LookupInto(key K, value *V) error {
	return lookupElem(&m.boundMap, &key, value, 0)
}

// LookupWithFlags is LookupInto with flags: [LookupLock] reads the value under
// its spin lock.
func (m *readMap[K, V]) LookupWithFlags(key K, value *V, flags LookupFlags) error {
	return lookupElem(&m.boundMap, &key, value, flags)
}

// BatchLookup reads the next elements of the map and says how many. keys and
// values must be of the same length, and for hashes not smaller than the
// largest bucket, else the error wraps ENOSPC and the cursor stays.
func (m *readMap[K, V]) BatchLookup(c *Cursor, keys []K, values []V) (int, error) {
	return batchLookup(&m.boundMap, bpfMapLookupBatch, c, keys, values)
}

// All ranges over the entries. The second result is called after the loop and
// returns what ended it early.
//
// Entries are read many at a time (Linux 5.6), so what the loop sees may be
// older than what Lookup finds. If the map changes during the loop:
//   - In a hash, no key comes twice, and an entry that is there from start to
//     end comes once. Others may come or not.
//   - In an array, every index comes once.
//   - In an LPM trie, and in a hash before Linux 5.6, deleting what the loop
//     has been given is safe. If others delete, entries may come twice, and the
//     loop may end early with [ebpf.ErrIterationAborted].
//
// A value that a program writes meanwhile may be half old, half new; see
// AllWithFlags.
func (m *readMap[K, V]) All() (iter.Seq2[K, V], func() error) {
	return m.AllWithFlags(0)
}

// AllWithFlags is All with flags: [LookupLock] reads each value under its spin
// lock.
func (m *readMap[K, V]) AllWithFlags(flags LookupFlags) (iter.Seq2[K, V], func() error) {
	var err error
	return func(yield func(K, V) bool) {
		err = each(m.newWalk(bpfMapLookupBatch, flags), yield)
	}, func() error { return err }
}

// writeMap is a map that can be read and written.
type writeMap[K, V any] struct {
	readMap[K, V]
}

// Put is Update with [UpdateAny].
func (m *writeMap[K, V]) Put(key K, value V) error {
	return updateElem(&m.boundMap, &key, &value, UpdateAny)
}

// Update writes the value of a key. The error wraps [ebpf.ErrKeyExist] and
// [os.ErrExist], [ebpf.ErrKeyNotExist] and [os.ErrNotExist], or [ErrMapFull].
func (m *writeMap[K, V]) Update(key K, value V, flags UpdateFlags) error {
	return updateElem(&m.boundMap, &key, &value, flags)
}

// BatchUpdate writes values[i] under keys[i], in that order, and says how many
// it wrote before the error. keys and values must be of the same length.
func (m *writeMap[K, V]) BatchUpdate(keys []K, values []V, flags UpdateFlags) (int, error) {
	return batchUpdate(&m.boundMap, keys, values, flags)
}

// deleteMap is a map whose entries come and go.
type deleteMap[K, V any] struct {
	writeMap[K, V]
}

// Delete removes a key. The error wraps [ebpf.ErrKeyNotExist] and
// [os.ErrNotExist] if there is none.
func (m *deleteMap[K, V]) Delete(key K) error {
	return deleteElem(&m.boundMap, &key)
}

// BatchDelete removes keys in their order up to the first that fails, which a
// missing one does, and says how many it removed.
func (m *deleteMap[K, V]) BatchDelete(keys []K) (int, error) {
	return batchDelete(&m.boundMap, keys)
}

// DeleteFunc removes the entries for which del returns true and says how many
// these were. The value is a copy, taken before and only for the call: what a
// program writes between del and the removal is lost. The map is walked as by
// All; del may read and delete in the map, too.
func (m *deleteMap[K, V]) DeleteFunc(del func(key K, value *V) bool) (int, error) {
	return deleteFunc(&m.boundMap, func(key K, values []V) bool { return del(key, &values[0]) })
}

// Drain is All that removes what it yields. After the loop the map is empty,
// but for what others have added meanwhile.
//
// Hashes are read and emptied bucket by bucket, under the lock of the bucket
// (Linux 5.6), so that no entry is lost that a program creates or replaces in
// between. LPM tries, and hashes before Linux 5.6, are read and emptied entry by
// entry in two steps: a value that replaces another between them is lost. What
// a program writes through the pointer that bpf_map_lookup_elem gave it before
// the removal can be lost in either way, as the kernel does not wait for it.
//
// If the loop ends early, what was removed and not yielded is put back, and the
// second result tells if that fails.
func (m *deleteMap[K, V]) Drain() (iter.Seq2[K, V], func() error) {
	var err error
	return func(yield func(K, V) bool) {
		err = drain(&m.boundMap, false, func(key K, values []V) bool { return yield(key, values[0]) })
	}, func() error { return err }
}

// all ranges over the entries of a map by the rules of readMap.All.
func all[K, V any](b *boundMap) (iter.Seq2[K, V], func() error) {
	var err error
	return func(yield func(K, V) bool) {
		err = each(b.newWalk(bpfMapLookupBatch, 0), yield)
	}, func() error { return err }
}

// each yields what a walk finds.
func each[K, V any](w *walk, yield func(K, V) bool) error {
	return scan(w, false, func(p *page[K, V]) bool {
		for i, key := range p.keys[:p.n] {
			if !yield(key, p.values[i]) {
				return false
			}
		}
		return true
	})
}
