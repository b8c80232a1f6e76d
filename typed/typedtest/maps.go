package typedtest

import (
	"fmt"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf"
)

// Options are those of [New].
type Options struct {
	// MaxEntries is how many entries the map can hold. At least 1, but for Bloom
	// filters and storage, which take any number.
	MaxEntries int
	// LRU makes a hash that removes entries to make room, see [NewLRUHash].
	LRU bool
	// CPUs is how many possible CPUs the machine has. 0 means 4.
	CPUs int
	// Name is the C name of the map, which its errors have. Empty means
	// "typedtest".
	Name string
}

// mapOf says that *M is a type of maps.
type mapOf[M any] interface {
	*M
	typed.AnyMap
}

// New makes a map of a generated type, in memory:
//
//	b.Maps.Flows = typedtest.New[counterFlowsMap](&typedtest.Options{MaxEntries: 10})
//
// It panics if typedtest has no such maps: those whose values are sockets, programs,
// devices or other maps, stack traces, storage of attached cgroup programs, struct_ops
// and arenas. For maps of events it panics, too: code that reads or writes
// events takes a [typed.EventReader] or [typed.EventWriter], which [NewEvents] and
// [NewProducer] make. opts may be nil for Bloom filters and storage, which need no
// MaxEntries.
func New[M any, P mapOf[M]](opts *Options) *M {
	m := new(M)
	var o Options
	if opts != nil {
		o = *opts
	}
	class := P(m).Shape().Class
	typ, ok := typesOf[class]
	if !ok {
		panic(fmt.Sprintf("typedtest: no maps like %T%s", m, instead[class]))
	}
	if o.LRU {
		typ = lruOf(class)
	}
	if o.CPUs == 0 {
		o.CPUs = 4
	}
	if boundless[typ] {
		o.MaxEntries = 1
	}
	bind(P(m), typ, o)
	return m
}

// typesOf are the map types of classes.
var typesOf = map[typed.MapClass]ebpf.MapType{
	typed.ClassHash: ebpf.Hash, typed.ClassPerCPUHash: ebpf.PerCPUHash,
	typed.ClassArray: ebpf.Array, typed.ClassPerCPUArray: ebpf.PerCPUArray,
	typed.ClassLPMTrie: ebpf.LPMTrie, typed.ClassQueue: ebpf.Queue, typed.ClassStack: ebpf.Stack,
	typed.ClassBloomFilter: ebpf.BloomFilter, typed.ClassSkStorage: ebpf.SkStorage,
	typed.ClassInodeStorage: ebpf.InodeStorage, typed.ClassTaskStorage: ebpf.TaskStorage,
	typed.ClassCgrpStorage: ebpf.CgroupStorage,
}

// instead says what there is for classes without fakes.
var instead = map[typed.MapClass]string{
	typed.ClassRingBuf:        "; NewEvents makes a reader",
	typed.ClassPerfEventArray: "; NewEvents makes a reader",
	typed.ClassUserRingBuf:    "; NewProducer makes a producer",
}

// boundless are the types that have no number of entries.
var boundless = map[ebpf.MapType]bool{
	ebpf.BloomFilter: true, ebpf.SkStorage: true, ebpf.InodeStorage: true, ebpf.TaskStorage: true, ebpf.CgroupStorage: true,
}

func lruOf(class typed.MapClass) ebpf.MapType {
	switch class {
	case typed.ClassHash:
		return ebpf.LRUHash
	case typed.ClassPerCPUHash:
		return ebpf.LRUCPUHash
	default: // nothing to say of the others
	}
	panic("typedtest: LRU of a map that is no hash")
}

// NewHash makes a BPF_MAP_TYPE_HASH. A write that finds maxEntries entries
// fails with [typed.ErrMapFull], unless the key is there already.
func NewHash[K, V any](maxEntries int) *Hash[K, V] {
	return New[Hash[K, V]](&Options{MaxEntries: maxEntries})
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
func NewLRUHash[K, V any](maxEntries int) *Hash[K, V] {
	return New[Hash[K, V]](&Options{MaxEntries: maxEntries, LRU: true})
}

// NewLPMTrie makes a BPF_MAP_TYPE_LPM_TRIE. K is the C struct: the length of
// the prefix in bits as a uint32 in native byte order, then the data. Lookup
// finds the longest prefix that covers the key; all else is about the very
// prefix, whose bits beyond its length do not count.
//
// Before Linux 6.13 the kernel ignores UpdateExist and UpdateNoExist, and
// replaces nothing in a full trie.
func NewLPMTrie[K, V any](maxEntries int) *LPMTrie[K, V] {
	return New[LPMTrie[K, V]](&Options{MaxEntries: maxEntries})
}

// NewArray makes a BPF_MAP_TYPE_ARRAY: every index below maxEntries has a value,
// zero at first. K must be a type of 4 bytes.
func NewArray[K, V any](maxEntries int) *Array[K, V] {
	return New[Array[K, V]](&Options{MaxEntries: maxEntries})
}

// NewPerCPUHash makes a BPF_MAP_TYPE_PERCPU_HASH for a machine with so many
// possible CPUs. It fills up as [NewHash] does.
func NewPerCPUHash[K, V any](maxEntries, cpus int) *PerCPUHash[K, V] {
	checkCPUs(cpus)
	return New[PerCPUHash[K, V]](&Options{MaxEntries: maxEntries, CPUs: cpus})
}

// NewLRUPerCPUHash makes a BPF_MAP_TYPE_LRU_PERCPU_HASH, which removes entries
// as [NewLRUHash] does.
func NewLRUPerCPUHash[K, V any](maxEntries, cpus int) *PerCPUHash[K, V] {
	checkCPUs(cpus)
	return New[PerCPUHash[K, V]](&Options{MaxEntries: maxEntries, CPUs: cpus, LRU: true})
}

// NewPerCPUArray makes a BPF_MAP_TYPE_PERCPU_ARRAY for a machine with so many
// possible CPUs. K must be a type of 4 bytes.
func NewPerCPUArray[K, V any](maxEntries, cpus int) *PerCPUArray[K, V] {
	checkCPUs(cpus)
	return New[PerCPUArray[K, V]](&Options{MaxEntries: maxEntries, CPUs: cpus})
}

func checkCPUs(cpus int) {
	if cpus < 1 {
		panic("typedtest: a machine has at least one CPU")
	}
}

// NewQueue makes a BPF_MAP_TYPE_QUEUE: first in, first out.
func NewQueue[V any](maxEntries int) *Queue[V] {
	return New[Queue[V]](&Options{MaxEntries: maxEntries})
}

// NewStack makes a BPF_MAP_TYPE_STACK: last in, first out.
func NewStack[V any](maxEntries int) *Stack[V] {
	return New[Stack[V]](&Options{MaxEntries: maxEntries})
}

// NewBloomFilter makes a BPF_MAP_TYPE_BLOOM_FILTER. It never takes a value for
// contained that was not added; the kernel's may, so code must not rely on that.
// Like the kernel's it takes any number of values.
func NewBloomFilter[V any]() *BloomFilter[V] { return New[BloomFilter[V]](nil) }

// NewStorage makes a local storage. A key is any number that is not negative: it
// stands for an object, where the kernel takes two descriptors of one object for
// the same key.
func NewStorage[V any]() *Storage[V] { return New[Storage[V]](nil) }

// What the types can do.
var (
	_ typed.Hash[uint32, int64]           = (*Hash[uint32, int64])(nil)
	_ typed.Map[uint32, int64]            = (*LPMTrie[uint32, int64])(nil)
	_ typed.FixedMap[uint32, int64]       = (*Array[uint32, int64])(nil)
	_ typed.PerCPUMap[uint32, int64]      = (*PerCPUHash[uint32, int64])(nil)
	_ typed.FixedPerCPUMap[uint32, int64] = (*PerCPUArray[uint32, int64])(nil)
	_ typed.QueueLike[int64]              = (*Queue[int64])(nil)
	_ typed.QueueLike[int64]              = (*Stack[int64])(nil)
	_ typed.FilterLike[int64]             = (*BloomFilter[int64])(nil)
	_ typed.StorageLike[int64]            = (*Storage[int64])(nil)
)
