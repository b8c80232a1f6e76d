package typed

import (
	"iter"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
)

// The operations on one element and the loops, with options. They are functions
// and not methods, so that only who calls them compiles them.

// elemWith does a command on one element with flags out of options.
//
//go:noinline
func (c *mapCore) elemWith(op string, cmd bpf.Command, key, value unsafe.Pointer, flags uint64) error {
	if err := c.checkCPU(op, cmd, flags); err != nil {
		return err
	}
	return c.elem(op, cmd, key, value, flags)
}

// LookupWith is LookupInto with options: [LookupLock] reads the value under its
// spin lock. opts may be nil.
func LookupWith[K, V any](m MapReader[K, V], key K, value *V, opts *ReadOptions) error {
	return mapOf(m).elemWith("lookup", bpf.MapLookupElem, unsafe.Pointer(&key), unsafe.Pointer(value), opts.flags())
}

// UpdateWith is Update with options. opts may be nil.
func UpdateWith[K, V any](m FixedMap[K, V], key K, value V, opts *WriteOptions) error {
	return mapOf(m).elemWith("update", bpf.MapUpdateElem, unsafe.Pointer(&key), unsafe.Pointer(&value), opts.flags())
}

// LookupAndDeleteWith is LookupAndDelete into the caller's memory, with
// options. opts may be nil.
func LookupAndDeleteWith[K, V any](m Hash[K, V], key K, value *V, opts *ReadOptions) error {
	return mapOf(m).elemWith("lookup and delete", bpf.MapLookupAndDeleteElem, unsafe.Pointer(&key), unsafe.Pointer(value), opts.flags())
}

// AllWith is All with options: [LookupLock] reads each value under its spin
// lock. opts may be nil.
func AllWith[K, V any](m MapReader[K, V], opts *ReadOptions) (iter.Seq2[K, V], func() error) {
	return pairs[K, V](&MapScan{c: mapOf(m), cmd: bpf.MapLookupBatch, flags: opts.flags()})
}

// DrainWith is Drain with options. opts may be nil.
func DrainWith[K, V any](m Map[K, V], opts *ReadOptions) (iter.Seq2[K, V], func() error) {
	return pairs[K, V](&MapScan{c: mapOf(m), cmd: bpf.MapLookupAndDelBatch, flags: opts.flags()})
}

// DeleteFuncWith is DeleteFunc with options. opts may be nil.
func DeleteFuncWith[K, V any](m Map[K, V], opts *ReadOptions, del func(key K, value *V) bool) (int, error) {
	return mapOf(m).deleteFunc(opts.flags(), func(key, value unsafe.Pointer) bool {
		return del(*(*K)(key), (*V)(value))
	})
}

func pairs[K, V any](s *MapScan) (iter.Seq2[K, V], func() error) {
	return func(yield func(K, V) bool) {
		s.Each(func(key, value unsafe.Pointer) bool { return yield(*(*K)(key), *(*V)(value)) })
	}, s.Err
}

// PerCPULookupWith is LookupInto of a per-CPU map with options: with [OneCPU],
// values has one element. opts may be nil.
func PerCPULookupWith[K, V any](m PerCPUReader[K, V], key K, values []V, opts *ReadOptions) error {
	return mapOf(m).elemCPUs("lookup", bpf.MapLookupElem, unsafe.Pointer(&key), slicePointerOf(values), len(values), opts.flags())
}

// PerCPUUpdateWith is Update of a per-CPU map with options: with [OneCPU] or
// [EveryCPU], values has one element. opts may be nil.
func PerCPUUpdateWith[K, V any](m FixedPerCPUMap[K, V], key K, values []V, opts *WriteOptions) error {
	return mapOf(m).elemCPUs("update", bpf.MapUpdateElem, unsafe.Pointer(&key), slicePointerOf(values), len(values), opts.flags())
}

// PerCPUAllWith is All of a per-CPU map with options: with [OneCPU], the slices
// have one element. opts may be nil.
func PerCPUAllWith[K, V any](m PerCPUReader[K, V], opts *ReadOptions) (iter.Seq2[K, []V], func() error) {
	c := mapOf(m)
	s := &MapScan{c: c, cmd: bpf.MapLookupBatch, flags: opts.flags(), keep: true}
	return func(yield func(K, []V) bool) {
		s.Each(func(key, values unsafe.Pointer) bool {
			return yield(*(*K)(key), unsafe.Slice((*V)(values), c.cpusWith(s.flags)))
		})
	}, s.Err
}

func slicePointerOf[T any](s []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }

// StorageLookupWith is LookupInto of a storage with options: [LookupLock] reads
// the value under its spin lock. opts may be nil.
func StorageLookupWith[V any](m StorageLike[V], fd int, value *V, opts *ReadOptions) error {
	key := int32(fd)
	return mapOf(m).elemWith("lookup", bpf.MapLookupElem, unsafe.Pointer(&key), unsafe.Pointer(value), opts.flags())
}
