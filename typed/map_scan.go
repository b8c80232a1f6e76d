package typed

import (
	"cmp"
	"errors"
	"sync"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
)

// Iteration over a map, page by page. Generated loops turn the addresses that
// they are given into keys and values.

// MapScan is a loop over a map: All or Drain. It is not for other code than
// generated one.
type MapScan struct {
	c     *mapCore
	cmd   bpf.Command
	flags uint64
	keep  bool         // the caller keeps the values that it gets
	check func() error // why the loop cannot begin; may be nil
	err   error
}

// All is a loop over the entries.
//
//go:noinline
func (h *MapCore) All() *MapScan { return &MapScan{c: h.core(), cmd: bpf.MapLookupBatch} }

// Drain is a loop that removes what it yields.
//
//go:noinline
func (h *MapCore) Drain() *MapScan { return &MapScan{c: h.core(), cmd: bpf.MapLookupAndDelBatch} }

// AllCPUs is All of a per-CPU map, whose values the caller keeps.
//
//go:noinline
func (h *MapCore) AllCPUs() *MapScan {
	return &MapScan{c: h.core(), cmd: bpf.MapLookupBatch, keep: true}
}

// DrainCPUs is Drain of a per-CPU map, whose values the caller keeps.
//
//go:noinline
func (h *MapCore) DrainCPUs() *MapScan {
	return &MapScan{c: h.core(), cmd: bpf.MapLookupAndDelBatch, keep: true}
}

// Each begins anew and yields the addresses of keys and values, until there are
// none, use returns false, or something fails. Those of per-CPU maps are of CPUs
// values.
//
// Once the map is closed, All yields nothing more, also of what was read before.
// Drain yields what it has removed, which would be lost.
func (s *MapScan) Each(use func(key, value unsafe.Pointer) bool) {
	if s.err = s.ready(); s.err != nil {
		return
	}
	defer func() { s.err = s.c.explainCPU(s.flags, s.err) }()
	w := s.c.newWalk(s.cmd, s.flags)
	if w.taking() {
		s.err = s.c.drain(w, s.keep, use)
		return
	}
	closed := false
	s.err = scan(w, s.keep, func(p *page) bool {
		return p.each(s.c, func(key, value unsafe.Pointer) bool {
			closed = s.c.life.calls.Closed()
			return !closed && use(key, value)
		})
	})
	if closed {
		s.err = closedError(s.c.name)
	}
}

func (s *MapScan) ready() error {
	if s.check != nil {
		return s.check()
	}
	return cmp.Or(s.c.usable(), s.c.checkCPU("batch lookup", s.cmd, s.flags))
}

// Err is what ended the last Each early.
func (s *MapScan) Err() error { return s.err }

// CPUs is how many values a key has.
func (s *MapScan) CPUs() int { return s.c.cpus }

// A page is room for keys and their values.
type page struct {
	block
	mem  []uint64 // what the block is in: aligned, without pointers
	got  int      // how many keys are there
	used int      // how many of these were given to the loop
}

// newPage makes room for n elements, as commands with these flags have them.
func (c *mapCore) newPage(n int, flags uint64) *page { return c.layPage(new(page), n, flags) }

// layPage makes that room in a page that may have been another map's.
func (c *mapCore) layPage(p *page, n int, flags uint64) *page {
	words := func(size int) int { return (n*size + 7) / 8 }
	p.block = c.blockOf(nil, nil, n, flags)
	keys := words(p.keySize)
	if need := max(1, keys+words(p.valueSize)); cap(p.mem) < need {
		p.mem = make([]uint64, need)
	} else {
		p.mem = p.mem[:need]
	}
	p.keys = unsafe.Pointer(&p.mem[0])
	p.values = unsafe.Add(p.keys, 8*keys)
	p.got, p.used = 0, 0
	return p
}

// pagePool has pages that loops have given back.
var pagePool = sync.Pool{New: func() any { return new(page) }}

// each gives the elements of the page to use, until it returns false. An element
// is used by the time that use gets it.
func (p *page) each(c *mapCore, use func(key, value unsafe.Pointer) bool) bool {
	for p.used = 0; p.used < p.got; {
		i := p.used
		p.used++
		if !use(p.keyAt(i), c.joined(p.valueAt(i), p.valueSize)) {
			return false
		}
	}
	return true
}

// joined moves the values of the CPUs together where their slots are longer than
// they.
func (c *mapCore) joined(values unsafe.Pointer, size int) unsafe.Pointer {
	if own := int(c.facts.ValueSize); own != c.stride && size == c.stride*c.cpus {
		b := unsafe.Slice((*byte)(values), size)
		unpack(b, b, own, c.stride, c.cpus)
	}
	return values
}

// unpack copies n values of size bytes out of slots of stride bytes. Both may
// start at the same place.
func unpack(values, slots []byte, size, stride, n int) {
	for i := range n {
		copy(values[i*size:(i+1)*size], slots[i*stride:])
	}
}

// pack copies n values of size bytes into slots of stride bytes, whose rest is
// zero.
func pack(slots, values []byte, size, stride, n int) {
	for i := range n {
		slot := slots[i*stride : (i+1)*stride]
		clear(slot[copy(slot, values[i*size:(i+1)*size]):])
	}
}

// pageBytes is about how much memory a page has. Twice as much makes iteration
// no faster, and the kernel has to allocate nothing for it.
const pageBytes = 128 << 10

// pageLen is the number of elements of a page: what fits in pageBytes, not
// less than most buckets have, not more than there can be. A page that is
// smaller than a bucket grows.
func (c *mapCore) pageLen(flags uint64) int {
	n := max(4, pageBytes/max(1, int(c.facts.KeySize)+c.valueSize(flags)))
	if most := int(c.facts.MaxEntries); most > 0 {
		n = min(n, most)
	}
	return n
}

// scan gives all elements to use, page by page, until it returns false. Unless
// the caller keeps what it gets, pages are used again.
//
// Where the place of a walk is a key, the page after is read before a page is
// used: if using it deletes its keys, as loops over maps do, the walk does not
// lose its place.
func scan(w *walk, keep bool, use func(p *page) bool) error {
	r := pageReader{w: w, keep: keep}
	defer r.giveBack()
	p, err := r.read()
	for err == nil && !w.done {
		if w.byKey() && !w.taking() {
			ahead, aheadErr := r.read()
			if !use(p) {
				return nil
			}
			r.free, p, err = p, ahead, aheadErr
			continue
		}
		if !use(p) {
			return nil
		}
		r.free = p
		p, err = r.read()
	}
	if !use(p) {
		return nil
	}
	r.free = p
	return err
}

// A pageReader reads page after page and uses them again.
type pageReader struct {
	w    *walk
	keep bool
	free *page
}

// read fills a page, or a larger one if it is smaller than a bucket. The page
// is never nil, and what is in it is good whatever the error.
func (r *pageReader) read() (*page, error) {
	p := r.take()
	for {
		var err error
		p.got, err = r.w.next(p.block)
		if !errors.Is(err, errSmallBatch) {
			return p, err
		}
		p = r.w.c.newPage(2*p.n, r.w.flags)
	}
}

// take returns a page: the free one, one of an earlier iteration, a new one.
func (r *pageReader) take() *page {
	c := r.w.c
	if r.keep {
		return c.newPage(c.pageLen(r.w.flags), r.w.flags)
	}
	if p := r.free; p != nil {
		r.free = nil
		return p
	}
	return c.layPage(pagePool.Get().(*page), c.pageLen(r.w.flags), r.w.flags)
}

// giveBack keeps the free page for the next iteration.
func (r *pageReader) giveBack() {
	if r.free != nil && !r.keep {
		pagePool.Put(r.free)
	}
}

// DeleteFunc removes the elements for which del returns true and says how many
// these were.
//
//go:noinline
func (h *MapCore) DeleteFunc(del func(key, value unsafe.Pointer) bool) (int, error) {
	return h.core().deleteFunc(0, del)
}

func (c *mapCore) deleteFunc(flags uint64, del func(key, value unsafe.Pointer) bool) (deleted int, err error) {
	if err := cmp.Or(c.usable(), c.checkCPU("batch lookup", bpf.MapLookupBatch, flags)); err != nil {
		return 0, err
	}
	var delErr error
	err = scan(c.newWalk(bpf.MapLookupBatch, flags), false, func(p *page) bool {
		out := block{keys: p.keys, keySize: p.keySize}
		p.each(c, func(key, value unsafe.Pointer) bool {
			if del(key, value) {
				copy(unsafe.Slice((*byte)(out.keyAt(out.n)), p.keySize), unsafe.Slice((*byte)(key), p.keySize))
				out.n++
			}
			return true
		})
		var n int
		n, delErr = c.deletePresent(out)
		deleted += n
		return delErr == nil
	})
	return deleted, cmp.Or(delErr, err)
}

// drain removes all elements and gives them to use. What it does not get is put
// back.
func (c *mapCore) drain(w *walk, keep bool, use func(key, value unsafe.Pointer) bool) error {
	var backErr error
	err := scan(w, keep, func(p *page) bool {
		defer func() { // also where the loop panics
			if p.used < p.got {
				backErr = c.putBack(p.block, p.used, p.got)
			}
		}()
		return p.each(c, use)
	})
	return cmp.Or(backErr, err)
}
