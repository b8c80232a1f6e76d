package typedtest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math/bits"
	"slices"
	"syscall"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/internal/bpf"
)

// The tables of the map types.

// entry is a key as it was written, its value, and when that was.
type entry struct {
	key, value []byte
	written    uint64
	prefix     []byte // of a trie: the key without what is behind its length
}

// existing checks the flags of an update against what is there, in the order of
// the kernel (htab_map_update_elem, trie_update_elem).
func existing(exists bool, flags uint64) error {
	switch {
	case flags > uint64(typed.UpdateExist):
		return syscall.EINVAL
	case flags == uint64(typed.UpdateNoExist) && exists:
		return syscall.EEXIST
	case flags == uint64(typed.UpdateExist) && !exists:
		return syscall.ENOENT
	}
	return nil
}

// hashTable is a hash. Its buckets are those of a walk.
type hashTable struct {
	buckets [][]*entry
	seed    maphash.Seed
	n, max  int
	evict   bool // makes room by removing what was written longest ago
	size    int  // of values
	written uint64
}

func newHashTable(f bpf.MapFacts, size int) table {
	// As many as the kernel has, but of a storage, or a test that wants room
	// without end.
	n := 1 << min(bits.Len32(f.MaxEntries-1), 16)
	return &hashTable{buckets: make([][]*entry, n), seed: maphash.MakeSeed(), max: int(f.MaxEntries), size: size}
}

func newLRUTable(f bpf.MapFacts, size int) table {
	t := newHashTable(f, size).(*hashTable)
	t.evict = true
	return t
}

func (*hashTable) keyed() {}

// find is where a key is: its bucket, and the place in it or -1.
func (t *hashTable) find(key []byte) (bucket, i int) {
	bucket = int(maphash.Bytes(t.seed, key) % uint64(len(t.buckets)))
	return bucket, slices.IndexFunc(t.buckets[bucket], func(e *entry) bool { return bytes.Equal(e.key, key) })
}

func (t *hashTable) lookup(key []byte) ([]byte, error) {
	b, i := t.find(key)
	if i < 0 {
		return nil, syscall.ENOENT
	}
	return t.buckets[b][i].value, nil
}

func (t *hashTable) update(key, value []byte, flags uint64) ([]byte, error) {
	b, i := t.find(key)
	if err := existing(i >= 0, flags); err != nil {
		return nil, err
	}
	t.written++
	if i >= 0 {
		e := t.buckets[b][i]
		e.written = t.written
		copy(e.value, value)
		return e.value, nil
	}
	if t.n == t.max {
		if !t.evict {
			return nil, syscall.E2BIG
		}
		t.removeOldest()
	}
	e := &entry{key: bytes.Clone(key), value: make([]byte, t.size), written: t.written}
	copy(e.value, value)
	t.buckets[b] = append(t.buckets[b], e)
	t.n++
	return e.value, nil
}

func (t *hashTable) removeOldest() {
	var oldest *entry
	for _, bucket := range t.buckets {
		for _, e := range bucket {
			if oldest == nil || e.written < oldest.written {
				oldest = e
			}
		}
	}
	_ = t.remove(oldest.key)
}

func (t *hashTable) remove(key []byte) error {
	b, i := t.find(key)
	if i < 0 {
		return syscall.ENOENT
	}
	t.buckets[b] = slices.Delete(t.buckets[b], i, i+1)
	t.n--
	return nil
}

func (t *hashTable) take(key []byte) ([]byte, error) {
	value, err := t.lookup(key)
	if err != nil {
		return nil, err
	}
	return value, t.remove(key)
}

// next goes by buckets, and starts over where a key is not there any more.
func (t *hashTable) next(key []byte) ([]byte, error) {
	b, i := 0, -1
	if key != nil {
		if at, found := t.find(key); found >= 0 {
			b, i = at, found
		}
	}
	for i++; b < len(t.buckets); b, i = b+1, 0 {
		if i < len(t.buckets[b]) {
			return t.buckets[b][i].key, nil
		}
	}
	return nil, syscall.ENOENT
}

// arrayTable is an array.
type arrayTable struct {
	values []byte
	n      uint32
	size   int
}

func newArrayTable(f bpf.MapFacts, size int) table {
	if f.KeySize != 4 {
		panic(fmt.Sprintf("typedtest: an array has keys of 4 bytes, not %d", f.KeySize))
	}
	return &arrayTable{values: make([]byte, int(f.MaxEntries)*size), n: f.MaxEntries, size: size}
}

func (*arrayTable) keyed() {}

func (t *arrayTable) at(key []byte) ([]byte, bool) {
	i := binary.NativeEndian.Uint32(key)
	if i >= t.n {
		return nil, false
	}
	return t.values[int(i)*t.size : int(i+1)*t.size], true
}

func (t *arrayTable) lookup(key []byte) ([]byte, error) {
	value, ok := t.at(key)
	if !ok {
		return nil, syscall.ENOENT
	}
	return value, nil
}

// update has the order of checks of array_map_update_elem.
func (t *arrayTable) update(key, value []byte, flags uint64) ([]byte, error) {
	slot, ok := t.at(key)
	switch {
	case flags > uint64(typed.UpdateExist):
		return nil, syscall.EINVAL
	case !ok:
		return nil, syscall.E2BIG
	case flags == uint64(typed.UpdateNoExist):
		return nil, syscall.EEXIST
	}
	copy(slot, value)
	return slot, nil
}

func (t *arrayTable) remove([]byte) error { return syscall.EINVAL }

func (t *arrayTable) take([]byte) ([]byte, error) { return nil, errNotSupported }

func (t *arrayTable) next(key []byte) ([]byte, error) {
	i := uint32(0)
	if key != nil {
		if at := binary.NativeEndian.Uint32(key); at < t.n {
			i = at + 1
		}
	}
	if i == t.n {
		return nil, syscall.ENOENT
	}
	return binary.NativeEndian.AppendUint32(nil, i), nil
}

// prefixLength is the size of the length at the start of a prefix in bytes.
const prefixLength = 4

// trieTable is an LPM trie: prefixes, long ones first.
type trieTable struct {
	entries []*entry
	max     int
	bits    uint32 // of the data
	size    int
}

func newTrieTable(f bpf.MapFacts, size int) table {
	if f.KeySize <= prefixLength {
		panic(fmt.Sprintf("typedtest: %d bytes are not a prefix length and data", f.KeySize))
	}
	return &trieTable{max: int(f.MaxEntries), bits: (f.KeySize - prefixLength) * 8, size: size}
}

func (*trieTable) keyed() {}

func prefixBits(key []byte) uint32 { return binary.NativeEndian.Uint32(key) }

// masked is the prefix of the first n bits, the rest cleared.
func masked(key []byte, n uint32) []byte {
	b := make([]byte, len(key))
	binary.NativeEndian.PutUint32(b, n)
	data := b[prefixLength:]
	last := copy(data[:(n+7)/8], key[prefixLength:])
	if rest := n % 8; rest != 0 {
		data[last-1] &= 0xff << (8 - rest)
	}
	return b
}

// find is where a prefix is, or would be.
func (t *trieTable) find(key []byte) (int, bool) {
	return slices.BinarySearchFunc(t.entries, masked(key, prefixBits(key)), func(e *entry, key []byte) int {
		return cmp.Or(cmp.Compare(prefixBits(key), prefixBits(e.key)), bytes.Compare(e.prefix, key))
	})
}

// lookup finds the longest prefix that covers the key.
func (t *trieTable) lookup(key []byte) ([]byte, error) {
	if n := prefixBits(key); n <= t.bits {
		for _, e := range t.entries {
			if bits := prefixBits(e.key); bits <= n && bytes.Equal(e.prefix, masked(key, bits)) {
				return e.value, nil
			}
		}
	}
	return nil, syscall.ENOENT
}

func (t *trieTable) update(key, value []byte, flags uint64) ([]byte, error) {
	if prefixBits(key) > t.bits {
		return nil, syscall.EINVAL
	}
	i, exists := t.find(key)
	if err := existing(exists, flags); err != nil {
		return nil, err
	}
	if !exists {
		if len(t.entries) == t.max {
			return nil, syscall.ENOSPC
		}
		e := &entry{prefix: masked(key, prefixBits(key)), value: make([]byte, t.size)}
		t.entries = slices.Insert(t.entries, i, e)
	}
	e := t.entries[i]
	e.key = bytes.Clone(key)
	copy(e.value, value)
	return e.value, nil
}

func (t *trieTable) remove(key []byte) error {
	if prefixBits(key) > t.bits {
		return syscall.EINVAL
	}
	i, exists := t.find(key)
	if !exists {
		return syscall.ENOENT
	}
	t.entries = slices.Delete(t.entries, i, i+1)
	return nil
}

func (t *trieTable) take([]byte) ([]byte, error) { return nil, errNotSupported }

func (t *trieTable) next(key []byte) ([]byte, error) {
	at := 0
	if key != nil && prefixBits(key) <= t.bits {
		if i, exists := t.find(key); exists {
			at = i + 1
		}
	}
	if at == len(t.entries) {
		return nil, syscall.ENOENT
	}
	return t.entries[at].key, nil
}

// queueTable is a queue or a stack; the oldest value is the first.
type queueTable struct {
	values [][]byte
	max    int
	lifo   bool
}

func newQueueTable(f bpf.MapFacts, _ int) table { return &queueTable{max: int(f.MaxEntries)} }

func newStackTable(f bpf.MapFacts, _ int) table {
	return &queueTable{max: int(f.MaxEntries), lifo: true}
}

// update pushes (queue_stack_map_push_elem).
func (t *queueTable) update(_, value []byte, flags uint64) ([]byte, error) {
	if flags == uint64(typed.UpdateNoExist) || flags > uint64(typed.UpdateExist) {
		return nil, syscall.EINVAL
	}
	if len(t.values) == t.max {
		if flags != uint64(typed.UpdateExist) {
			return nil, syscall.E2BIG
		}
		t.values = t.values[1:]
	}
	t.values = append(t.values, bytes.Clone(value))
	return nil, nil
}

func (t *queueTable) lookup([]byte) ([]byte, error) {
	switch {
	case len(t.values) == 0:
		return nil, syscall.ENOENT
	case t.lifo:
		return t.values[len(t.values)-1], nil
	}
	return t.values[0], nil
}

func (t *queueTable) take([]byte) ([]byte, error) {
	value, err := t.lookup(nil)
	switch {
	case err != nil:
	case t.lifo:
		t.values = t.values[:len(t.values)-1]
	default:
		t.values = t.values[1:]
	}
	return value, err
}

func (t *queueTable) remove([]byte) error         { return syscall.EINVAL }
func (t *queueTable) next([]byte) ([]byte, error) { return nil, syscall.EINVAL }

// filterTable is a Bloom filter that takes no value for another. lookup gets the
// value as a key.
type filterTable map[string]bool

func newFilterTable(bpf.MapFacts, int) table { return make(filterTable) }

func (t filterTable) update(_, value []byte, flags uint64) ([]byte, error) {
	if flags != 0 {
		return nil, syscall.EINVAL
	}
	t[string(value)] = true
	return nil, nil
}

func (t filterTable) lookup(value []byte) ([]byte, error) {
	if !t[string(value)] {
		return nil, syscall.ENOENT
	}
	return value, nil
}

func (t filterTable) remove([]byte) error         { return errNotSupported }
func (t filterTable) take([]byte) ([]byte, error) { return nil, errNotSupported }
func (t filterTable) next([]byte) ([]byte, error) { return nil, errNotSupported }

// storageTable is local storage. A key is any descriptor that is not negative: it
// stands for an object.
type storageTable struct{ *hashTable }

func newStorageTable(f bpf.MapFacts, size int) table {
	f.MaxEntries = 1<<31 - 1
	return storageTable{newHashTable(f, size).(*hashTable)}
}

func isDescriptor(key []byte) bool { return int32(binary.NativeEndian.Uint32(key)) >= 0 }

func (t storageTable) lookup(key []byte) ([]byte, error) {
	if !isDescriptor(key) {
		return nil, syscall.EBADF
	}
	return t.hashTable.lookup(key)
}

func (t storageTable) update(key, value []byte, flags uint64) ([]byte, error) {
	if !isDescriptor(key) {
		return nil, syscall.EBADF
	}
	return t.hashTable.update(key, value, flags)
}

func (t storageTable) remove(key []byte) error {
	if !isDescriptor(key) {
		return syscall.EBADF
	}
	return t.hashTable.remove(key)
}

func (t storageTable) take([]byte) ([]byte, error) { return nil, errNotSupported }
func (t storageTable) next([]byte) ([]byte, error) { return nil, errNotSupported }
