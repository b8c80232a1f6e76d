package typed

import (
	"cmp"
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
)

// Operations on many elements: one system call where the kernel has a batch
// command for the map's type, else one or two for each element. The memory is
// described by a block.

// block is room for n keys and their values, laid out as the kernel does.
type block struct {
	keys, values       unsafe.Pointer // values is nil where only keys matter
	n                  int
	keySize, valueSize int // bytes of a key, and of its values
}

// blockOf is the memory of keys and values, as commands with these flags have it.
func (c *mapCore) blockOf(keys, values unsafe.Pointer, n int, flags uint64) block {
	return block{keys, values, n, int(c.facts.KeySize), c.valueSize(flags)}
}

func (bl block) keyAt(i int) unsafe.Pointer { return unsafe.Add(bl.keys, i*bl.keySize) }

func (bl block) valueAt(i int) unsafe.Pointer {
	if bl.values == nil {
		return nil // a sum of nil and an offset is no pointer
	}
	return unsafe.Add(bl.values, i*bl.valueSize)
}

// from is the block without its first i elements.
func (bl block) from(i int) block {
	if i >= bl.n {
		return block{}
	}
	bl.keys, bl.values, bl.n = bl.keyAt(i), bl.valueAt(i), bl.n-i
	return bl
}

// write does a batch command that has no cursor, and where the kernel has none,
// the command for each element. It says how many were done before the error.
func (c *mapCore) write(batchOp, op string, cmd, one bpf.Command, bl block, flags uint64) (int, error) {
	if bl.n == 0 {
		return 0, c.usable()
	}
	n, errno, err := c.batch(batchOp, cmd, nil, nil, bl, flags)
	switch {
	case err != nil:
		return 0, err
	case n > 0 || !noBatch(errno):
		return n, c.fail(batchOp, errno)
	}
	for i := range bl.n {
		if err := c.elem(op, one, bl.keyAt(i), bl.valueAt(i), flags); err != nil {
			return i, err
		}
	}
	return bl.n, nil
}

// updateBlock writes all elements of a block.
func (c *mapCore) updateBlock(bl block, flags uint64) (int, error) {
	return c.write("batch update", "update", bpf.MapUpdateBatch, bpf.MapUpdateElem, bl, flags)
}

// deleteBlock removes the keys of a block up to the first that fails.
func (c *mapCore) deleteBlock(bl block) (int, error) {
	return c.write("batch delete", "delete", bpf.MapDeleteBatch, bpf.MapDeleteElem, bl, 0)
}

// deletePresent removes the keys of a block that still exist and says how many
// these were.
func (c *mapCore) deletePresent(bl block) (int, error) {
	deleted := 0
	for bl.n > 0 {
		n, err := c.deleteBlock(bl)
		deleted += n
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return deleted, err
		}
		bl = bl.from(n + 1) // without the one that was missing
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
	c      *mapCore
	cmd    bpf.Command // MapLookupBatch or MapLookupAndDelBatch
	flags  uint64
	cursor []byte   // bucket or key, after the first step
	few    [24]byte // where most cursors are
	begun  bool
	single bool // the kernel has no batch command for this map
	noTake bool // … nor the command to read and remove one element
	done   bool
	seen   int
}

func (c *mapCore) newWalk(cmd bpf.Command, flags uint64) *walk {
	w := &walk{c: c, cmd: cmd, flags: flags}
	if size := c.cursorSize(); size <= len(w.few) {
		w.cursor = w.few[:]
	} else {
		w.cursor = make([]byte, size)
	}
	return w
}

// byKey says that the place of the walk is a key that can vanish.
func (w *walk) byKey() bool {
	return !w.c.arrayLike() && (w.single || !w.c.bucketCursor())
}

// taking says that what the walk reads it removes.
func (w *walk) taking() bool { return w.cmd == bpf.MapLookupAndDelBatch }

// next fills a block and says with how many elements. It sets done at the end.
// The elements before an error are good.
func (w *walk) next(bl block) (int, error) {
	n, err := w.step(bl)
	w.seen += n
	room := int(w.c.facts.MaxEntries)
	switch {
	case err != nil || w.done || room == 0 || !w.byKey():
	case w.taking():
		w.done = w.seen >= room // others add as fast as this takes
	case w.seen > room:
		err = fmt.Errorf("%s: %w", mapName(w.c.name), ebpf.ErrIterationAborted)
	}
	return n, err
}

func (w *walk) step(bl block) (int, error) {
	if w.single {
		return w.nextSingle(bl)
	}
	n, errno, err := w.c.batch("batch lookup", w.cmd, w.place(), unsafe.Pointer(&w.cursor[0]), bl, w.flags)
	switch {
	case err != nil:
		return 0, err
	case errno == 0:
	case errno == syscall.ENOENT:
		w.done = true
	case errno == syscall.ENOSPC:
		return 0, errSmallBatch
	case errno == syscall.EINTR && !w.c.bucketCursor():
		// Older versions of generic_map_lookup_batch give up on an empty slot or
		// a key that vanishes. What was read before is good.
		w.single = true
	case !w.begun && noBatch(errno):
		w.single = true
		return w.nextSingle(bl)
	default:
		return 0, w.c.fail("batch lookup", errno)
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
		key, value := bl.keyAt(i), bl.valueAt(i)
		found, err := w.c.elemFound("next key", bpf.MapGetNextKey, w.place(), key, 0)
		if !found {
			w.done = err == nil
			if err == nil {
				err = w.unseenFlags(key, value)
			}
			return i, err
		}
		if w.taking() {
			found, err = w.take(key, value) // the next one is the first again
		} else {
			w.begun = true
			copy(w.cursor, unsafe.Slice((*byte)(key), bl.keySize))
			// Not found is an empty slot, or deleted meanwhile.
			found, err = w.c.elemFound("lookup", bpf.MapLookupElem, key, value, w.flags)
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

// unseenFlags is what the kernel says of the flags of a walk of an empty map, none of whose
// elements it was asked for.
func (w *walk) unseenFlags(key, value unsafe.Pointer) error {
	if w.flags == 0 || w.begun || w.taking() && w.seen > 0 {
		return nil
	}
	clear(unsafe.Slice((*byte)(key), w.c.facts.KeySize))
	_, err := w.c.elemFound("lookup", bpf.MapLookupElem, key, value, w.flags)
	return err
}

// take reads and removes one element.
func (w *walk) take(key, value unsafe.Pointer) (bool, error) {
	if !w.noTake {
		found, err := w.c.elemFound("lookup and delete", bpf.MapLookupAndDeleteElem, key, value, w.flags)
		if err == nil || !errors.Is(err, ebpf.ErrNotSupported) {
			return found, err
		}
		w.noTake = true
	}
	found, err := w.c.elemFound("lookup", bpf.MapLookupElem, key, value, w.flags)
	if !found {
		return false, err
	}
	return w.c.elemFound("delete", bpf.MapDeleteElem, key, nil, 0)
}

// putBack writes the elements of a block from the i-th to before the n-th,
// unless others have put the same keys in place meanwhile.
func (c *mapCore) putBack(bl block, i, n int) error {
	lost, first := 0, error(nil)
	for ; i < n; i++ {
		err := c.elem("put back", bpf.MapUpdateElem, bl.keyAt(i), bl.valueAt(i), uint64(UpdateNoExist))
		if err != nil {
			lost++
			first = cmp.Or(first, err)
		}
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("%s: %d elements were removed, not yielded, and could not be put back: %w", mapName(c.name), lost, first)
}
