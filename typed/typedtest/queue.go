package typedtest

import (
	"iter"
	"sync"

	"github.com/bpfgen/bpfgen/typed"
)

var (
	_ typed.QueueLike[int]   = (*Queue[int])(nil)
	_ typed.FilterLike[int]  = (*Filter[int])(nil)
	_ typed.StorageLike[int] = (*Storage[int])(nil)
)

// Queue is a queue or a stack in memory: see [NewQueue] and [NewStack].
type Queue[V any] struct {
	mu         sync.Mutex
	values     []V // the oldest first
	maxEntries int
	lifo       bool
}

// NewQueue makes a BPF_MAP_TYPE_QUEUE: first in, first out.
func NewQueue[V any](maxEntries int) *Queue[V] { return newQueue[V](maxEntries, false) }

// NewStack makes a BPF_MAP_TYPE_STACK: last in, first out.
func NewStack[V any](maxEntries int) *Queue[V] { return newQueue[V](maxEntries, true) }

func newQueue[V any](maxEntries int, lifo bool) *Queue[V] {
	if maxEntries < 1 {
		panic("typedtest: a map has at least one entry")
	}
	return &Queue[V]{maxEntries: maxEntries, lifo: lifo}
}

// Push adds a value. See [typed.QueueLike].
func (q *Queue[V]) Push(value V) error { return q.push(value, false) }

// PushOverwrite adds a value and, if there is no room, drops the oldest, in a
// stack as in a queue.
func (q *Queue[V]) PushOverwrite(value V) error { return q.push(value, true) }

func (q *Queue[V]) push(value V, overwrite bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.values) == q.maxEntries {
		if !overwrite {
			return errFull
		}
		q.values = q.values[1:]
	}
	q.values = append(q.values, value)
	return nil
}

// Peek returns the value that Pop would return next.
func (q *Queue[V]) Peek() (V, error) { return q.next(false) }

// Pop removes and returns the next value.
func (q *Queue[V]) Pop() (V, error) { return q.next(true) }

func (q *Queue[V]) next(remove bool) (value V, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	last := len(q.values) - 1
	switch {
	case last < 0:
		return value, errNotExist
	case q.lifo:
		value = q.values[last]
		if remove {
			q.values = q.values[:last]
		}
	default:
		value = q.values[0]
		if remove {
			q.values = q.values[1:]
		}
	}
	return value, nil
}

// Drain pops until nothing is left.
func (q *Queue[V]) Drain() (iter.Seq[V], func() error) {
	return func(yield func(V) bool) {
		for {
			value, err := q.Pop()
			if err != nil || !yield(value) {
				return
			}
		}
	}, noError
}

// Filter is a BPF_MAP_TYPE_BLOOM_FILTER in memory. It never takes a value for
// contained that was not added; the kernel's may, so code must not rely on
// that.
type Filter[V any] struct{ set *Map[V, struct{}] }

// NewBloomFilter makes a filter. Like the kernel's it takes any number of
// values.
func NewBloomFilter[V any]() *Filter[V] {
	const unlimited = 1<<31 - 1
	return &Filter[V]{NewHash[V, struct{}](unlimited)}
}

// Add adds a value.
func (f *Filter[V]) Add(value V) error { return f.set.Put(value, struct{}{}) }

// Contains says whether a value was added.
func (f *Filter[V]) Contains(value V) (bool, error) {
	_, err := f.set.Lookup(value)
	return err == nil, nil
}

// Storage is local storage of sockets, inodes, tasks or cgroups in memory. A
// key is any number that is not negative: it stands for an object, where the
// kernel takes two descriptors of one object for the same key.
type Storage[V any] struct{ values *Map[int, V] }

// NewStorage makes a storage.
func NewStorage[V any]() *Storage[V] {
	const unlimited = 1<<31 - 1
	return &Storage[V]{NewHash[int, V](unlimited)}
}

// Lookup returns a copy of the value. See [typed.StorageLike].
func (s *Storage[V]) Lookup(fd int) (value V, err error) {
	err = s.LookupInto(fd, &value)
	return value, err
}

// LookupInto is Lookup into the caller's memory.
func (s *Storage[V]) LookupInto(fd int, value *V) error {
	if fd < 0 {
		return errDescriptor
	}
	return s.values.LookupInto(fd, value)
}

// Put is Update with [typed.UpdateAny].
func (s *Storage[V]) Put(fd int, value V) error { return s.Update(fd, value, typed.UpdateAny) }

// Update writes the value of the object.
func (s *Storage[V]) Update(fd int, value V, flags typed.UpdateFlags) error {
	if fd < 0 {
		return errDescriptor
	}
	return s.values.Update(fd, value, flags)
}

// Delete removes the value of the object.
func (s *Storage[V]) Delete(fd int) error {
	if fd < 0 {
		return errDescriptor
	}
	return s.values.Delete(fd)
}
