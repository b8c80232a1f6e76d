package typedtest

import (
	"encoding/binary"
	"fmt"
	"iter"
	"reflect"

	"github.com/bpfgen/bpfgen/typed"
)

var (
	_ typed.Map[uint32, int]      = (*Map[uint32, int])(nil)
	_ typed.FixedMap[uint32, int] = (*Array[uint32, int])(nil)
)

// Map is a map whose entries come and go, in memory: see [NewHash],
// [NewLRUHash] and [NewLPMTrie].
type Map[K, V any] struct {
	readWrite[K, V]
}

// NewHash makes a BPF_MAP_TYPE_HASH. A write that finds maxEntries entries
// fails with [typed.ErrMapFull], unless the key is there already.
func NewHash[K, V any](maxEntries int) *Map[K, V] {
	return newMap[K, V](hashRules[K](maxEntries))
}

// NewLRUHash makes a BPF_MAP_TYPE_LRU_HASH. A write that finds maxEntries
// entries removes the one that was written longest ago.
//
// The kernel approximates: it may begin to remove entries before the map is
// full and remove others than the oldest (kernel/bpf/bpf_lru_list.c). Rely on
// this: there are never more than maxEntries entries, a write finds room, and
// what was written last is there. Reading from user space does not make an
// entry younger; reading in a program does, which a test can only play by
// writing.
func NewLRUHash[K, V any](maxEntries int) *Map[K, V] {
	r := hashRules[K](maxEntries)
	r.evict = true
	return newMap[K, V](r)
}

// NewLPMTrie makes a BPF_MAP_TYPE_LPM_TRIE. K is the C struct: the length of
// the prefix in bits as a uint32 in native byte order, then the data. Lookup
// finds the longest prefix that covers the key; all else is about the very
// prefix, whose bits beyond its length do not count.
//
// Before Linux 6.13 the kernel ignores UpdateExist and UpdateNoExist, and
// replaces nothing in a full trie.
func NewLPMTrie[K, V any](maxEntries int) *Map[K, V] {
	size := int(reflect.TypeFor[K]().Size())
	if size <= prefixLength {
		panic(fmt.Sprintf("typedtest: %v is not a prefix length and data", reflect.TypeFor[K]()))
	}
	return newMap[K, V](lpmRules[K](maxEntries, (size-prefixLength)*8))
}

// prefixLength is the size of the length at the start of a prefix in bytes.
const prefixLength = 4

// lpmRules are those of tries with prefixes of up to maxBits bits. The id of a
// prefix is its masked bytes.
func lpmRules[K any](maxEntries, maxBits int) rules[K] {
	return rules[K]{
		maxEntries: maxEntries,
		noLock:     true,
		id: func(key K) (string, error) {
			b := bytesOf(key)
			bits := binary.NativeEndian.Uint32(b)
			if bits > uint32(maxBits) {
				return "", errPrefix
			}
			return masked(b, int(bits)), nil
		},
		candidates: func(key K) iter.Seq[string] {
			return func(yield func(string) bool) {
				b := bytesOf(key)
				bits := binary.NativeEndian.Uint32(b)
				if bits > uint32(maxBits) {
					return
				}
				for n := int(bits); n >= 0 && yield(masked(b, n)); n-- {
				}
			}
		},
	}
}

// masked is the prefix of the first bits of the data, the rest cleared.
func masked(key []byte, bits int) string {
	b := make([]byte, len(key))
	binary.NativeEndian.PutUint32(b, uint32(bits))
	data := b[prefixLength:]
	n := copy(data[:(bits+7)/8], key[prefixLength:])
	if rest := bits % 8; rest != 0 {
		data[n-1] &= 0xff << (8 - rest)
	}
	return string(b)
}

func newMap[K, V any](r rules[K]) *Map[K, V] {
	return &Map[K, V]{readWrite[K, V]{newStore[K, V](r, func(v V) V { return v })}}
}

// readWrite are the methods that all maps with one value per key have.
type readWrite[K, V any] struct {
	*store[K, V]
}

// Lookup returns a copy of the value. See [typed.MapReader].
func (m readWrite[K, V]) Lookup(key K) (V, error) { return m.lookup(key) }

// LookupInto is Lookup into the caller's memory.
func (m readWrite[K, V]) LookupInto(key K, value *V) error {
	v, err := m.lookup(key)
	if err == nil {
		*value = v
	}
	return err
}

// All ranges over the entries.
func (m readWrite[K, V]) All() (iter.Seq2[K, V], func() error) { return m.all() }

// Put is Update with [typed.UpdateAny].
func (m readWrite[K, V]) Put(key K, value V) error { return m.update(key, value, typed.UpdateAny) }

// Update writes one value. See [typed.FixedMap].
func (m readWrite[K, V]) Update(key K, value V, flags typed.UpdateFlags) error {
	return m.update(key, value, flags)
}

// BatchUpdate writes values up to the first that fails.
func (m readWrite[K, V]) BatchUpdate(keys []K, values []V, flags typed.UpdateFlags) (int, error) {
	if len(keys) != len(values) {
		return 0, errLength
	}
	for i, key := range keys {
		if err := m.update(key, values[i], flags); err != nil {
			return i, err
		}
	}
	return len(keys), nil
}

// Delete removes an entry. See [typed.Map].
func (m *Map[K, V]) Delete(key K) error { return m.remove(key) }

// BatchDelete removes entries up to the first that is missing.
func (m *Map[K, V]) BatchDelete(keys []K) (int, error) { return m.removeAll(keys) }

// DeleteFunc removes the entries for which del returns true.
func (m *Map[K, V]) DeleteFunc(del func(key K, value *V) bool) (int, error) {
	return m.removeFunc(func(key K, value V) bool { return del(key, &value) }), nil
}

// Drain is All that removes what it yields.
func (m *Map[K, V]) Drain() (iter.Seq2[K, V], func() error) { return m.drain() }

// Array is a BPF_MAP_TYPE_ARRAY in memory: every index below maxEntries has a
// value, zero at first. All goes by the index.
type Array[K, V any] struct {
	mu     mutex
	values []V
}

// NewArray makes an array. K must be a type of 4 bytes.
func NewArray[K, V any](maxEntries int) *Array[K, V] {
	checkIndex[K](maxEntries)
	return &Array[K, V]{values: make([]V, maxEntries)}
}

// Lookup returns a copy of the value. See [typed.MapReader].
func (a *Array[K, V]) Lookup(key K) (value V, err error) {
	err = a.LookupInto(key, &value)
	return value, err
}

// LookupInto is Lookup into the caller's memory.
func (a *Array[K, V]) LookupInto(key K, value *V) error {
	defer a.mu.lock()()
	i, ok := indexOf(key, len(a.values))
	if !ok {
		return errNotExist
	}
	*value = a.values[i]
	return nil
}

// Put is Update with [typed.UpdateAny].
func (a *Array[K, V]) Put(key K, value V) error { return a.Update(key, value, typed.UpdateAny) }

// Update writes one value. See [typed.FixedMap].
func (a *Array[K, V]) Update(key K, value V, flags typed.UpdateFlags) error {
	defer a.mu.lock()()
	i, err := writeIndex(key, len(a.values), flags&^typed.UpdateLock)
	if err == nil {
		a.values[i] = value
	}
	return err
}

// BatchUpdate writes values up to the first that fails.
func (a *Array[K, V]) BatchUpdate(keys []K, values []V, flags typed.UpdateFlags) (int, error) {
	if len(keys) != len(values) {
		return 0, errLength
	}
	for i, key := range keys {
		if err := a.Update(key, values[i], flags); err != nil {
			return i, err
		}
	}
	return len(keys), nil
}

// All ranges over the values by their index.
func (a *Array[K, V]) All() (iter.Seq2[K, V], func() error) {
	return func(yield func(K, V) bool) {
		for i := range a.values {
			key := keyOf[K](i)
			value, err := a.Lookup(key)
			if err != nil || !yield(key, value) {
				return
			}
		}
	}, noError
}
