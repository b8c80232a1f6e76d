package typed

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"github.com/cilium/ebpf"
)

// Operations on many elements: one system call where the kernel has a batch
// command for the map's type, else one or two for each element. The memory is
// described by a block; the generic side is in map_scan.go.

// block is room for n keys and their values, laid out as the kernel does.
type block struct {
	keys   unsafe.Pointer // n × key size
	values unsafe.Pointer // n × stride × cpus; nil where only keys matter
	n      int
}

// blockOf is the memory of keys and values. Values of per-CPU maps are in bytes
// if their slots are longer than they.
func blockOf[K, V any](keys []K, values []V) block {
	return block{unsafe.Pointer(unsafe.SliceData(keys)), unsafe.Pointer(unsafe.SliceData(values)), len(keys)}
}

// valueBytes is the size of the values of one key.
func (b *boundMap) valueBytes() int { return b.stride * b.cpus }

func (b *boundMap) keyAt(bl block, i int) unsafe.Pointer {
	return unsafe.Add(bl.keys, i*int(b.facts.keySize))
}

func (b *boundMap) valueAt(bl block, i int) unsafe.Pointer {
	if bl.values == nil {
		return nil // a sum of nil and an offset is no pointer
	}
	return unsafe.Add(bl.values, i*b.valueBytes())
}

// from is the block without its first i elements.
func (b *boundMap) from(bl block, i int) block {
	if i >= bl.n {
		return block{}
	}
	return block{b.keyAt(bl, i), b.valueAt(bl, i), bl.n - i}
}

// batch does a batch command that has no cursor. tried says whether the kernel
// has it: if not, nothing was done.
func (b *boundMap) batch(op string, cmd bpfCommand, bl block, flags uint64) (n int, tried bool, err error) {
	fd, err := b.ready()
	if err != nil || bl.n == 0 {
		return 0, true, err
	}
	n, errno := bpfBatch(cmd, fd, nil, nil, bl.keys, bl.values, bl.n, flags)
	runtime.KeepAlive(b.checked)
	return n, n > 0 || !noBatch(errno), b.fail(op, errno)
}

// updateBlock writes all elements of a block and says how many it wrote.
func (b *boundMap) updateBlock(bl block, flags UpdateFlags) (int, error) {
	n, tried, err := b.batch("batch update", bpfMapUpdateBatch, bl, uint64(flags))
	if tried {
		return n, err
	}
	for i := range bl.n {
		if err := b.elem("update", bpfMapUpdateElem, b.keyAt(bl, i), b.valueAt(bl, i), uint64(flags)); err != nil {
			return i, err
		}
	}
	return bl.n, nil
}

// deleteBlock removes the keys of a block up to the first that fails.
func (b *boundMap) deleteBlock(bl block) (int, error) {
	n, tried, err := b.batch("batch delete", bpfMapDeleteBatch, bl, 0)
	if tried {
		return n, err
	}
	for i := range bl.n {
		if err := b.elem("delete", bpfMapDeleteElem, b.keyAt(bl, i), nil, 0); err != nil {
			return i, err
		}
	}
	return bl.n, nil
}

// deletePresent removes the keys of a block that still exist and says how many
// these were.
func (b *boundMap) deletePresent(bl block) (int, error) {
	deleted := 0
	for bl.n > 0 {
		n, err := b.deleteBlock(bl)
		deleted += n
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return deleted, err
		}
		bl = b.from(bl, n+1) // without the one that was missing
	}
	return deleted, nil
}

// errSmallBatch says that a block has less room than a hash bucket has
// elements. Nothing was read; a larger block goes on at the same place.
var errSmallBatch = errors.New("batch is smaller than a hash bucket")

// A walk reads a map from its start to its end, block by block.
//
// Hashes are walked by bucket, and the kernel copies a bucket under its lock:
// no key comes twice, and one that is there all the time comes once, whatever
// else happens. Everything else is walked by key: the kernel looks for the key
// after the last one, and where that has been deleted starts over. The walk
// then ends in ebpf.ErrIterationAborted when it has seen more than the map can
// hold.
type walk struct {
	b      *boundMap
	cmd    bpfCommand // bpfMapLookupBatch or bpfMapLookupAndDelBatch
	flags  LookupFlags
	cursor []byte // bucket or key, after the first step
	begun  bool
	single bool // the kernel has no batch command for this map
	noTake bool // … nor the command to read and remove one element
	done   bool
	seen   int
}

func (b *boundMap) newWalk(cmd bpfCommand, flags LookupFlags) *walk {
	// The cursor of hashes has 4 bytes, that of others is a key
	// (generic_map_lookup_batch).
	return &walk{b: b, cmd: cmd, flags: flags, cursor: make([]byte, max(4, b.facts.keySize))}
}

// byKey says that the place of the walk is a key that can vanish.
func (w *walk) byKey() bool {
	return !w.b.arrayLike() && (w.single || !w.b.bucketCursor())
}

// taking says that what the walk reads it removes.
func (w *walk) taking() bool { return w.cmd == bpfMapLookupAndDelBatch }

// next fills a block and says with how many elements. It sets done at the end.
// The elements before an error are good.
func (w *walk) next(bl block) (int, error) {
	n, err := w.step(bl)
	w.seen += n
	room := int(w.b.facts.maxEntries)
	switch {
	case err != nil || w.done || room == 0 || !w.byKey():
	case w.taking():
		w.done = w.seen >= room // others add as fast as this takes
	case w.seen > room:
		err = fmt.Errorf("map %s: %w", w.b.name, ebpf.ErrIterationAborted)
	}
	return n, err
}

func (w *walk) step(bl block) (int, error) {
	if w.single {
		return w.nextSingle(bl)
	}
	fd, err := w.b.ready()
	if err != nil {
		return 0, err
	}
	n, errno := bpfBatch(w.cmd, fd, w.place(), unsafe.Pointer(&w.cursor[0]), bl.keys, bl.values, bl.n, uint64(w.flags))
	runtime.KeepAlive(w.b.checked)
	switch {
	case errno == 0:
	case errno == syscall.ENOENT:
		w.done = true
	case errno == syscall.ENOSPC:
		return 0, errSmallBatch
	case errno == syscall.EINTR && !w.b.bucketCursor():
		// Older versions of generic_map_lookup_batch give up on an empty slot or
		// a key that vanishes. What was read before is good.
		w.single = true
	case !w.begun && noBatch(errno):
		w.single = true
		return w.nextSingle(bl)
	default:
		return 0, w.b.fail("batch lookup", errno)
	}
	w.begun = w.begun || errno == 0 || n > 0
	return n, nil
}

// place is where the walk is, nil at the start.
func (w *walk) place() unsafe.Pointer {
	if !w.begun {
		return nil
	}
	return unsafe.Pointer(&w.cursor[0])
}

// nextSingle fills a block with two to four system calls for each element.
func (w *walk) nextSingle(bl block) (int, error) {
	i := 0
	for i < bl.n {
		key, value := w.b.keyAt(bl, i), w.b.valueAt(bl, i)
		found, err := w.b.elemFound("next key", bpfMapGetNextKey, w.place(), key, 0)
		if !found {
			w.done = err == nil
			return i, err
		}
		if w.taking() {
			found, err = w.take(key, value) // the next one is the first again
		} else {
			w.begun = true
			copy(w.cursor, unsafe.Slice((*byte)(key), w.b.facts.keySize))
			// Not found is an empty slot, or deleted meanwhile.
			found, err = w.b.elemFound("lookup", bpfMapLookupElem, key, value, uint64(w.flags))
		}
		if err != nil {
			return i, err
		}
		if found {
			i++
		}
	}
	return i, nil
}

// take reads and removes one element.
func (w *walk) take(key, value unsafe.Pointer) (bool, error) {
	if !w.noTake {
		found, err := w.b.elemFound("lookup and delete", bpfMapLookupAndDeleteElem, key, value, uint64(w.flags))
		if err == nil || !errors.Is(err, ebpf.ErrNotSupported) {
			return found, err
		}
		w.noTake = true
	}
	found, err := w.b.elemFound("lookup", bpfMapLookupElem, key, value, uint64(w.flags))
	if !found {
		return false, err
	}
	return w.b.elemFound("delete", bpfMapDeleteElem, key, nil, 0)
}

// putBack writes the elements of a block from the i-th to before the n-th,
// unless others have put the same keys in place meanwhile.
func (b *boundMap) putBack(bl block, i, n int) error {
	lost, first := 0, error(nil)
	for ; i < n; i++ {
		err := b.elem("put back", bpfMapUpdateElem, b.keyAt(bl, i), b.valueAt(bl, i), uint64(UpdateNoExist))
		if err != nil {
			lost++
			first = cmp.Or(first, err)
		}
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("map %s: %d elements were removed, not yielded, and could not be put back: %w", b.name, lost, first)
}
