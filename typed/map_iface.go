package typed

import (
	"iter"

	"github.com/cilium/ebpf"
)

// The interfaces that the classes of maps satisfy, for code that is to run
// against a map of the kernel and against one of package typedtest alike. An
// interface has the methods whose meaning does not depend on the kernel; what
// is about the kernel's object (Pin, FD, batch cursors, …) stays with the
// classes. Which class satisfies which is asserted at the end of this file.

// UpdateFlags says what Update does with a key that exists or does not.
type UpdateFlags = ebpf.MapUpdateFlags

// The flags of Update (include/uapi/linux/bpf.h). UpdateLock may be added to
// one of the others.
const (
	// UpdateAny creates the entry or replaces its value.
	UpdateAny UpdateFlags = ebpf.UpdateAny
	// UpdateNoExist creates the entry; [ebpf.ErrKeyExist] if there is one.
	UpdateNoExist UpdateFlags = ebpf.UpdateNoExist
	// UpdateExist replaces the value; [ebpf.ErrKeyNotExist] if there is none.
	UpdateExist UpdateFlags = ebpf.UpdateExist
	// UpdateLock writes the value under its struct bpf_spin_lock (5.1).
	UpdateLock UpdateFlags = ebpf.UpdateLock
)

// LookupFlags says how Lookup copies a value.
type LookupFlags = ebpf.MapLookupFlags

// LookupLock reads the value under its struct bpf_spin_lock (5.1); the lock
// itself reads as zero.
const LookupLock LookupFlags = ebpf.LookupLock

// MapReader is the reading half of a map.
type MapReader[K, V any] interface {
	// Lookup returns a copy of the value. An error that wraps
	// [ebpf.ErrKeyNotExist] and [os.ErrNotExist] if there is no such key.
	Lookup(key K) (V, error)
	// LookupInto is Lookup into the caller's memory. After an error *value is
	// unspecified.
	LookupInto(key K, value *V) error
	// All ranges over the entries. The second result is called after the loop
	// and returns what ended it early.
	All() (iter.Seq2[K, V], func() error)
}

// FixedMap is a map whose keys always exist and cannot be deleted: an array.
type FixedMap[K, V any] interface {
	MapReader[K, V]
	// Put is Update with UpdateAny.
	Put(key K, value V) error
	// Update writes one value. Errors wrap [ebpf.ErrKeyExist] (os.ErrExist),
	// [ebpf.ErrKeyNotExist] (os.ErrNotExist) or [ErrMapFull].
	Update(key K, value V, flags UpdateFlags) error
	// BatchUpdate writes values[i] under keys[i], in that order. The first
	// result is how many were written before the error. keys and values must
	// be of the same length.
	BatchUpdate(keys []K, values []V, flags UpdateFlags) (int, error)
}

// Map is a map whose entries come and go: a hash or an LPM trie.
type Map[K, V any] interface {
	FixedMap[K, V]
	// Delete removes an entry; [ebpf.ErrKeyNotExist] if there is none.
	Delete(key K) error
	// BatchDelete removes the entries in the order of the keys and stops at
	// the first error, which a missing key is. The first result is how many
	// were removed.
	BatchDelete(keys []K) (int, error)
	// DeleteFunc removes the entries for which del returns true and says how
	// many these were. The value that del gets is a copy.
	DeleteFunc(del func(key K, value *V) bool) (int, error)
	// Drain is All that removes what it yields. The map is empty after the
	// loop, unless it ended early or others added to it.
	Drain() (iter.Seq2[K, V], func() error)
}

// FixedPerCPUMap is a per-CPU array: every key has a value on each possible
// CPU.
type FixedPerCPUMap[K, V any] interface {
	// Lookup returns the values in the order of the CPU numbers, one for each
	// possible CPU.
	Lookup(key K) ([]V, error)
	// LookupInto is Lookup into the caller's memory. values must have
	// exactly one element for each possible CPU, see [ebpf.PossibleCPU].
	LookupInto(key K, values []V) error
	// All ranges over the entries; the slices belong to the caller.
	All() (iter.Seq2[K, []V], func() error)
	// Put is Update with UpdateAny.
	Put(key K, values []V) error
	// PutEach writes the same value on every CPU.
	PutEach(key K, value V) error
	// Update writes the values of all CPUs.
	Update(key K, values []V, flags UpdateFlags) error
}

// PerCPUMap is a hash with a value on each possible CPU for every key.
type PerCPUMap[K, V any] interface {
	FixedPerCPUMap[K, V]
	// Delete removes an entry; [ebpf.ErrKeyNotExist] if there is none.
	Delete(key K) error
	// BatchDelete removes the entries in the order of the keys and stops at
	// the first error, which a missing key is.
	BatchDelete(keys []K) (int, error)
	// DeleteFunc removes the entries for which del returns true and says how
	// many these were. The values that del gets are copies.
	DeleteFunc(del func(key K, values []V) bool) (int, error)
	// Drain is All that removes what it yields.
	Drain() (iter.Seq2[K, []V], func() error)
}

// QueueLike is a queue or a stack of values. Push and Pop decide which.
type QueueLike[V any] interface {
	// Push adds a value; [ErrMapFull] if there is no room.
	Push(value V) error
	// PushOverwrite adds a value and, if there is no room, drops the oldest.
	PushOverwrite(value V) error
	// Peek returns the value that Pop would return next and leaves it there;
	// [ebpf.ErrKeyNotExist] if there is none.
	Peek() (V, error)
	// Pop removes and returns the next value; [ebpf.ErrKeyNotExist] if there
	// is none.
	Pop() (V, error)
	// Drain pops until nothing is left.
	Drain() (iter.Seq[V], func() error)
}

// FilterLike is a Bloom filter: what was added is contained; what was not may
// seem to be.
type FilterLike[V any] interface {
	Add(value V) error
	Contains(value V) (bool, error)
}

// StorageLike is local storage of sockets, inodes, tasks or cgroups: a map
// whose keys are file descriptors of these objects.
type StorageLike[V any] interface {
	// Lookup returns a copy of the value; [ebpf.ErrKeyNotExist] if the object
	// has none.
	Lookup(fd int) (V, error)
	// LookupInto is Lookup into the caller's memory.
	LookupInto(fd int, value *V) error
	// Put is Update with UpdateAny.
	Put(fd int, value V) error
	// Update writes the value of the object.
	Update(fd int, value V, flags UpdateFlags) error
	// Delete removes the value; [ebpf.ErrKeyNotExist] if there is none.
	Delete(fd int) error
}

type anyKey = uint32

// The classes and what they can do.
var (
	_ Map[anyKey, int64]            = (*HashMap[anyKey, int64])(nil)
	_ Map[anyKey, int64]            = (*LPMTrie[anyKey, int64])(nil)
	_ FixedMap[anyKey, int64]       = (*ArrayMap[anyKey, int64])(nil)
	_ FixedMap[anyKey, int64]       = (*CGroupStorage[anyKey, int64])(nil)
	_ PerCPUMap[anyKey, int64]      = (*PerCPUHashMap[anyKey, int64])(nil)
	_ FixedPerCPUMap[anyKey, int64] = (*PerCPUArrayMap[anyKey, int64])(nil)
	_ FixedPerCPUMap[anyKey, int64] = (*PerCPUCGroupStorage[anyKey, int64])(nil)
	_ QueueLike[int64]              = (*Queue[int64])(nil)
	_ QueueLike[int64]              = (*Stack[int64])(nil)
	_ FilterLike[int64]             = (*BloomFilter[int64])(nil)
	_ StorageLike[int64]            = (*SkStorage[int64])(nil)
	_ StorageLike[int64]            = (*InodeStorage[int64])(nil)
	_ StorageLike[int64]            = (*TaskStorage[int64])(nil)
	_ StorageLike[int64]            = (*CgrpStorage[int64])(nil)
)
