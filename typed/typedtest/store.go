package typedtest

import (
	"iter"
	"reflect"
	"sync"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/ctypes"
)

// store is a table of keys to elements: values, or slices of values of all
// CPUs. What differs between map types are a few functions and sizes.
type store[K, E any] struct {
	mu      sync.Mutex
	entries map[string]*entry[K, E]
	written uint64 // counts writes, for the age of entries
	rules[K]

	// copy makes an element that shares no memory with another.
	copy func(E) E
}

// entry is a key as it was written, and its element.
type entry[K, E any] struct {
	key     K
	element E
	written uint64
}

// rules are those of a map type.
type rules[K any] struct {
	maxEntries int
	// evict makes room by removing the entry that was written longest ago.
	evict bool
	// noLock refuses UpdateLock, as map types do whose values have no locks.
	noLock bool
	// id is what makes two keys the same. It fails for keys that cannot be
	// written.
	id func(K) (string, error)
	// candidates are the ids to look up for a key, the best match first.
	candidates func(K) iter.Seq[string]
}

func newStore[K, E any](r rules[K], copy func(E) E) *store[K, E] {
	if r.maxEntries < 1 {
		panic("typedtest: a map has at least one entry")
	}
	return &store[K, E]{entries: make(map[string]*entry[K, E]), rules: r, copy: copy}
}

// hashRules are those of maps that compare whole keys.
func hashRules[K any](maxEntries int) rules[K] {
	return rules[K]{
		maxEntries: maxEntries,
		id:         func(key K) (string, error) { return string(bytesOf(key)), nil },
		candidates: func(key K) iter.Seq[string] {
			return func(yield func(string) bool) { yield(string(bytesOf(key))) }
		},
	}
}

// bytesOf are the bytes of a value as C has them.
func bytesOf[T any](v T) []byte {
	b := make([]byte, reflect.TypeFor[T]().Size())
	ctypes.Store(b, v)
	return b
}

// lookup finds an element. The caller copies it under the lock.
func (s *store[K, E]) lookup(key K) (E, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.candidates(key) {
		if e := s.entries[id]; e != nil {
			return s.copy(e.element), nil
		}
	}
	var none E
	return none, errNotExist
}

// update writes an element, in the order of checks of the kernel
// (kernel/bpf/hashtab.c, htab_map_update_elem; lpm_trie.c, trie_update_elem).
func (s *store[K, E]) update(key K, element E, flags typed.UpdateFlags) error {
	if !s.validFlags(flags) {
		return errFlags
	}
	id, err := s.id(key)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, exists := s.entries[id]
	switch flags &^ typed.UpdateLock {
	case typed.UpdateNoExist:
		if exists {
			return errExist
		}
	case typed.UpdateExist:
		if !exists {
			return errNotExist
		}
	default:
	}
	if !exists && len(s.entries) >= s.maxEntries {
		if !s.evict {
			return errFull
		}
		s.evictOldest()
	}
	s.written++
	s.entries[id] = &entry[K, E]{key: key, element: s.copy(element), written: s.written}
	return nil
}

func (s *store[K, E]) validFlags(flags typed.UpdateFlags) bool {
	if s.noLock && flags&typed.UpdateLock != 0 {
		return false
	}
	return flags&^typed.UpdateLock <= typed.UpdateExist
}

func (s *store[K, E]) evictOldest() {
	oldest, found := "", false
	for id, e := range s.entries {
		if !found || e.written < s.entries[oldest].written {
			oldest, found = id, true
		}
	}
	delete(s.entries, oldest)
}

// remove deletes a key.
func (s *store[K, E]) remove(key K) error {
	id, err := s.id(key)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[id] == nil {
		return errNotExist
	}
	delete(s.entries, id)
	return nil
}

// removeAll deletes keys up to the first that is missing.
func (s *store[K, E]) removeAll(keys []K) (int, error) {
	for i, key := range keys {
		if err := s.remove(key); err != nil {
			return i, err
		}
	}
	return len(keys), nil
}

// snapshot are copies of all entries.
func (s *store[K, E]) snapshot() []entry[K, E] {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]entry[K, E], 0, len(s.entries))
	for _, e := range s.entries {
		all = append(all, entry[K, E]{key: e.key, element: s.copy(e.element)})
	}
	return all
}

// take removes and returns any entry.
func (s *store[K, E]) take() (e *entry[K, E], ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, e := range s.entries {
		delete(s.entries, id)
		return e, true
	}
	return nil, false
}

// all ranges over a snapshot.
func (s *store[K, E]) all() (iter.Seq2[K, E], func() error) {
	return func(yield func(K, E) bool) {
		for _, e := range s.snapshot() {
			if !yield(e.key, e.element) {
				return
			}
		}
	}, noError
}

// drain removes as many entries as there were at the start.
func (s *store[K, E]) drain() (iter.Seq2[K, E], func() error) {
	return func(yield func(K, E) bool) {
		s.mu.Lock()
		n := len(s.entries)
		s.mu.Unlock()
		for range n {
			e, ok := s.take()
			if !ok || !yield(e.key, e.element) {
				return
			}
		}
	}, noError
}

// removeFunc deletes the entries for which del returns true.
func (s *store[K, E]) removeFunc(del func(K, E) bool) (n int) {
	for _, e := range s.snapshot() {
		if del(e.key, e.element) && s.remove(e.key) == nil {
			n++
		}
	}
	return n
}

func noError() error { return nil }
