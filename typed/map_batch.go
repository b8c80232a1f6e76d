package typed

import (
	"cmp"
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
)

// Batches: many elements of the caller's slices with one system call, where the
// kernel has that for the map's type (hashes and arrays since Linux 5.6), and with
// one or two for each element elsewhere.

// Cursor is the place of a series of batches in a map. The zero Cursor is the
// start; it then belongs to that map and that kind of call.
//
//	var c typed.Cursor
//	for !c.Done() {
//		n, err := typed.BatchLookup(m, &c, keys, values, nil)
//		…
//	}
type Cursor struct {
	w *walk
}

// Done says that the end of the map was reached.
func (c *Cursor) Done() bool { return c != nil && c.w != nil && c.w.done }

// walk is the cursor's walk of a map with a command.
func (c *Cursor) walk(m *mapCore, cmd bpf.Command, flags uint64) (*walk, error) {
	switch {
	case c == nil:
		return nil, fmt.Errorf("%s: no cursor: %w", mapName(m.name), syscall.EINVAL)
	case c.w == nil:
		if err := m.checkCPU("batch lookup", cmd, flags); err != nil {
			return nil, err
		}
		c.w = m.newWalk(cmd, flags)
	case c.w.c != m || c.w.cmd != cmd || c.w.flags != flags:
		return nil, fmt.Errorf("%s: the cursor belongs to another map or kind of call: %w", mapName(m.name), syscall.EINVAL)
	}
	return c.w, nil
}

// BatchLookup reads the next elements of the map and says how many. keys and
// values must be of the same length, and for hashes not smaller than the
// largest bucket, else the error wraps ENOSPC and the cursor stays. opts may be
// nil.
func BatchLookup[K, V any](m MapReader[K, V], c *Cursor, keys []K, values []V, opts *ReadOptions) (int, error) {
	return batchRead(mapOf(m), bpf.MapLookupBatch, c, keys, values, opts.flags())
}

// BatchLookupAndDelete is BatchLookup that removes what it reads. opts may be
// nil.
func BatchLookupAndDelete[K, V any](m Map[K, V], c *Cursor, keys []K, values []V, opts *ReadOptions) (int, error) {
	return batchRead(mapOf(m), bpf.MapLookupAndDelBatch, c, keys, values, opts.flags())
}

// BatchUpdate writes values[i] under keys[i], in that order, and says how many
// it wrote before the error. keys and values must be of the same length. opts
// may be nil.
func BatchUpdate[K, V any](m FixedMap[K, V], keys []K, values []V, opts *WriteOptions) (int, error) {
	return batchWrite(mapOf(m), keys, values, opts.flags())
}

// BatchDelete removes keys in their order up to the first that fails, which a
// missing one does, and says how many it removed.
func BatchDelete[K any](m DeletingMap[K], keys []K) (int, error) {
	core := mapOf(m)
	return core.deleteBlock(core.blockOf(slicePointerOf(keys), nil, len(keys), 0))
}

// PerCPUBatchLookup is [BatchLookup] of a per-CPU map: values has CPUs elements
// for each key, one key after the other; with [OneCPU], one. opts may be nil.
func PerCPUBatchLookup[K, V any](m PerCPUReader[K, V], c *Cursor, keys []K, values []V, opts *ReadOptions) (int, error) {
	return batchRead(mapOf(m), bpf.MapLookupBatch, c, keys, values, opts.flags())
}

// PerCPUBatchLookupAndDelete is PerCPUBatchLookup that removes what it reads,
// of all CPUs. opts may be nil.
func PerCPUBatchLookupAndDelete[K, V any](m PerCPUMap[K, V], c *Cursor, keys []K, values []V, opts *ReadOptions) (int, error) {
	return batchRead(mapOf(m), bpf.MapLookupAndDelBatch, c, keys, values, opts.flags())
}

// PerCPUBatchUpdate is [BatchUpdate] of a per-CPU map: values has CPUs elements
// for each key, one key after the other; with [OneCPU] or [EveryCPU], one. opts
// may be nil.
func PerCPUBatchUpdate[K, V any](m FixedPerCPUMap[K, V], keys []K, values []V, opts *WriteOptions) (int, error) {
	return batchWrite(mapOf(m), keys, values, opts.flags())
}

// batchRead and batchWrite take slices apart; what they call knows no types.
func batchRead[K, V any](m *mapCore, cmd bpf.Command, c *Cursor, keys []K, values []V, flags uint64) (int, error) {
	return m.batchRead(cmd, c, slicePointerOf(keys), len(keys), slicePointerOf(values), len(values), flags)
}

func batchWrite[K, V any](m *mapCore, keys []K, values []V, flags uint64) (int, error) {
	return m.batchWrite(slicePointerOf(keys), len(keys), slicePointerOf(values), len(values), flags)
}

// slotted says that the values of a batch have slots that are longer than they.
func (c *mapCore) slotted(flags uint64) bool {
	return c.stride != int(c.facts.ValueSize) && flags&cpuFlags == 0
}

func (c *mapCore) batchRead(cmd bpf.Command, cursor *Cursor, keys unsafe.Pointer, n int, values unsafe.Pointer, nValues int, flags uint64) (int, error) {
	if err := c.usable(); err != nil {
		return 0, err
	}
	w, err := cursor.walk(c, cmd, flags)
	if err != nil || w.done || n == 0 {
		return 0, err
	}
	if err := c.sameLength(n, nValues, c.cpusWith(flags)); err != nil {
		return 0, err
	}
	bl := c.blockOf(keys, values, n, flags)
	var slots []byte
	if c.slotted(flags) {
		slots = make([]byte, nValues*c.stride)
		bl.values = slicePointerOf(slots)
	}
	got, err := w.next(bl)
	if slots != nil {
		size := int(c.facts.ValueSize)
		unpack(unsafe.Slice((*byte)(values), nValues*size), slots, size, c.stride, got*c.cpus)
	}
	if errors.Is(err, errSmallBatch) {
		return 0, fmt.Errorf("%s: room for %d elements: %w (%w)", mapName(c.name), n, err, syscall.ENOSPC)
	}
	return got, c.explainCPU(flags, err)
}

func (c *mapCore) batchWrite(keys unsafe.Pointer, n int, values unsafe.Pointer, nValues int, flags uint64) (int, error) {
	if err := cmp.Or(c.usable(), c.checkCPU("batch update", bpf.MapUpdateBatch, flags)); err != nil {
		return 0, err
	}
	if err := c.sameLength(n, nValues, c.cpusWith(flags)); err != nil {
		return 0, err
	}
	bl := c.blockOf(keys, values, n, flags)
	if c.slotted(flags) && n > 0 {
		size := int(c.facts.ValueSize)
		slots := make([]byte, nValues*c.stride)
		pack(slots, unsafe.Slice((*byte)(values), nValues*size), size, c.stride, nValues)
		bl.values = slicePointerOf(slots)
	}
	done, err := c.updateBlock(bl, flags)
	return done, c.explainCPU(flags, err)
}
