package typed

import "iter"

// The interfaces that types of maps satisfy, generated ones and those of package
// typedtest, for code that is to take more than one of them. Package typedtest
// makes maps of the same types, and of generated ones, in memory.
//
// What a Close does to each method says [MapHandle].

// MapReader is the reading half of a map.
type MapReader[K, V any] interface {
	AnyMap
	// Lookup returns a copy of the value. An error that wraps
	// [ebpf.ErrKeyNotExist] and [os.ErrNotExist] if there is no such key.
	Lookup(key K) (V, error)
	// LookupInto is Lookup into the caller's memory, for values that are large.
	// After an error *value is unspecified.
	LookupInto(key K, value *V) error
	// All ranges over the entries. The second result is called after the loop
	// and returns what ended it early, such as a Close: [os.ErrClosed].
	//
	// Entries are read many at a time (Linux 5.6), so what the loop sees may be
	// older than what Lookup finds. If the map changes during the loop:
	//   - In a hash, no key comes twice, and an entry that is there from start to
	//     end comes once. Others may come or not.
	//   - In an array, every index comes once.
	//   - In an LPM trie, and in a hash before Linux 5.6, deleting what the loop
	//     has been given is safe. If others delete, entries may come twice, and
	//     the loop may end early with [ebpf.ErrIterationAborted].
	//
	// A value that a program writes meanwhile may be half old, half new; see
	// [AllWith].
	All() (iter.Seq2[K, V], func() error)
}

// FixedMap is a map whose keys always exist and cannot be deleted: an array
// (Linux ≥ 3.19), of which every K below MaxEntries has a V, zero at first; or a storage
// of cgroups (Linux ≥ 4.19), where attaching a program creates the V of a cgroup.
type FixedMap[K, V any] interface {
	MapReader[K, V]
	// Put is Update with UpdateAny.
	Put(key K, value V) error
	// Update writes one value. Errors wrap [ebpf.ErrKeyExist] (os.ErrExist),
	// [ebpf.ErrKeyNotExist] (os.ErrNotExist) or [ErrMapFull].
	Update(key K, value V, flags UpdateFlags) error
}

// Map is a map whose entries come and go: a hash or an LPM trie.
//
// The key of a trie is the C struct: the length of the prefix in bits, in native
// byte order, then the data, the most significant byte first. Lookup finds the
// longest prefix that covers the key, everything else the prefix itself. Kernels
// before 6.13, unless they have the fix, take no notice of [UpdateExist] and
// [UpdateNoExist] there, and replace nothing in a full trie. Iteration is from long
// prefixes to the short ones that cover them.
type Map[K, V any] interface {
	FixedMap[K, V]
	// Delete removes an entry; [ebpf.ErrKeyNotExist] if there is none.
	Delete(key K) error
	// DeleteFunc removes the entries for which del returns true and says how many
	// these were. The value is a copy, taken before and only for the call: what a
	// program writes between del and the removal is lost. The map is walked as by
	// All; del may read and delete in the map, too.
	DeleteFunc(del func(key K, value *V) bool) (int, error)
	// Drain is All that removes what it yields. After the loop the map is empty,
	// but for what others have added meanwhile.
	//
	// Hashes are read and emptied bucket by bucket, under the lock of the bucket
	// (Linux 5.6), so that no entry is lost that a program creates or replaces in
	// between. LPM tries, and hashes before Linux 5.6, are read and emptied entry
	// by entry in two steps: a value that replaces another between them is lost.
	// What a program writes through the pointer that bpf_map_lookup_elem gave it
	// before the removal can be lost in either way, as the kernel does not wait
	// for it.
	//
	// If the loop ends early, what was removed and not yielded is put back, and
	// the second result tells if that fails. A Close does not end it before it has
	// yielded what was removed.
	Drain() (iter.Seq2[K, V], func() error)
}

// Hash is a hash, or one that removes the least recently used entries to make
// room.
type Hash[K, V any] interface {
	Map[K, V]
	// LookupAndDelete removes a key and returns its value, in one step for
	// others (Linux ≥ 5.14).
	LookupAndDelete(key K) (V, error)
}

// PerCPUReader is the reading half of a per-CPU map.
type PerCPUReader[K, V any] interface {
	AnyMap
	// CPUs is how many values a key has: the number of possible CPUs. 0 where the
	// map was not loaded.
	CPUs() int
	// Lookup returns copies of the values in the order of the CPU numbers, one for
	// each possible CPU.
	Lookup(key K) ([]V, error)
	// LookupInto is Lookup into the caller's memory, which can be used again and
	// again. values must have CPUs elements.
	LookupInto(key K, values []V) error
	// All ranges over the entries; the slices belong to the caller. What happens
	// when the map changes during the loop is as for [MapReader].
	All() (iter.Seq2[K, []V], func() error)
}

// FixedPerCPUMap is a per-CPU array (Linux ≥ 4.6) or storage of cgroups (Linux ≥ 4.20): every key
// has a value on each possible CPU.
type FixedPerCPUMap[K, V any] interface {
	PerCPUReader[K, V]
	// Put is Update with UpdateAny.
	Put(key K, values []V) error
	// PutEach writes the same value on every CPU.
	PutEach(key K, value V) error
	// Update writes the values of all CPUs, of which there must be CPUs.
	Update(key K, values []V, flags UpdateFlags) error
}

// PerCPUMap is a hash with a value on each possible CPU for every key (Linux ≥ 4.6).
type PerCPUMap[K, V any] interface {
	FixedPerCPUMap[K, V]
	// Delete removes an entry; [ebpf.ErrKeyNotExist] if there is none.
	Delete(key K) error
	// LookupAndDelete removes a key and returns its values (Linux ≥ 5.14).
	LookupAndDelete(key K) ([]V, error)
	// DeleteFunc removes the entries for which del returns true and says how many
	// these were. The values are copies, taken before and only for the call.
	DeleteFunc(del func(key K, values []V) bool) (int, error)
	// Drain is All that removes what it yields, as for [Map].
	Drain() (iter.Seq2[K, []V], func() error)
}

// QueueLike is a queue or a stack of values (Linux ≥ 4.20). Push and Pop decide which.
type QueueLike[V any] interface {
	AnyMap
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
	// PopInto is Pop into the caller's memory.
	PopInto(value *V) error
	// Drain pops until nothing is left. What the loop did not get stays.
	Drain() (iter.Seq[V], func() error)
}

// FilterLike is a Bloom filter (Linux ≥ 5.16): what was added is contained; what was not
// may seem to be.
type FilterLike[V any] interface {
	AnyMap
	// Add adds a value.
	Add(value V) error
	// Contains says whether a value was added: false is certain, true is not.
	Contains(value V) (bool, error)
}

// StorageLike is local storage of sockets (Linux ≥ 5.2), inodes (Linux ≥ 5.10), tasks (Linux ≥ 5.11) or
// cgroups (Linux ≥ 6.2): a map whose keys are file descriptors of these objects, the last
// two being pidfds ([OpenPID]) and cgroup directories. Storage of inodes needs
// CONFIG_BPF_LSM and "bpf" among the active security modules.
type StorageLike[V any] interface {
	AnyMap
	// Lookup returns a copy of the value; [ebpf.ErrKeyNotExist] if the object
	// has none.
	Lookup(fd int) (V, error)
	// LookupInto is Lookup into the caller's memory.
	LookupInto(fd int, value *V) error
	// Put is Update with UpdateAny.
	Put(fd int, value V) error
	// Update writes the value of the object. The error wraps [ebpf.ErrKeyExist] or
	// [ebpf.ErrKeyNotExist] as flags ask for.
	Update(fd int, value V, flags UpdateFlags) error
	// Delete removes the value; [ebpf.ErrKeyNotExist] if there is none.
	Delete(fd int) error
}

// DeletingMap is any map of which keys can be removed.
type DeletingMap[K any] interface {
	AnyMap
	// Delete removes an entry; [ebpf.ErrKeyNotExist] if there is none.
	Delete(key K) error
}
