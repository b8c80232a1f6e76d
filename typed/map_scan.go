package typed

import (
	"cmp"
	"errors"
)

// The generic side of batches and iteration: slices of K and V instead of
// blocks of memory.
//
// A per-CPU map has several V for a key, each in a slot of 8·n bytes. If V is
// not that long, its values are read into bytes and copied.

// A page is room for keys and their values.
type page[K, V any] struct {
	keys   []K
	values []V    // cpus for each key
	bytes  []byte // what the kernel fills, if slots are longer than V
	n      int    // how many keys are there
}

func newPage[K, V any](b *boundMap, n int) *page[K, V] {
	p := &page[K, V]{keys: make([]K, n), values: make([]V, n*b.cpus)}
	if b.padded(len(p.values), len(bytesOf(p.values))) {
		p.bytes = make([]byte, n*b.valueBytes())
	}
	return p
}

// padded says that n values of a map are longer than n values in Go.
func (b *boundMap) padded(n, size int) bool { return n*b.stride != size }

// block is the memory of the page, as the kernel fills it.
func (p *page[K, V]) block() block {
	if p.bytes != nil {
		return blockOf(p.keys, p.bytes)
	}
	return blockOf(p.keys, p.values)
}

// fill reads the next elements into the page.
func (p *page[K, V]) fill(w *walk) (err error) {
	p.n, err = w.next(p.block())
	if p.bytes != nil {
		unpack(bytesOf(p.values), p.bytes, w.b.stride, p.n*w.b.cpus)
	}
	return err
}

// unpack copies n values out of slots of stride bytes.
func unpack(values, slots []byte, stride, n int) {
	if n == 0 {
		return
	}
	size := len(values) / (len(slots) / stride)
	for i := range n {
		copy(values[i*size:(i+1)*size], slots[i*stride:])
	}
}

// pack copies values into slots of stride bytes, whose rest is zero.
func pack(slots, values []byte, stride, n int) {
	size := len(values) / n
	for i := range n {
		rest := copy(slots[i*stride:(i+1)*stride], values[i*size:(i+1)*size])
		clear(slots[i*stride+rest : (i+1)*stride])
	}
}

// pageBytes is about how much memory a page has. Twice as much makes iteration
// no faster, and the kernel has to allocate nothing for it.
const pageBytes = 128 << 10

// pageLen is the number of elements of a page: what fits in pageBytes, not
// less than most buckets have, not more than there can be. A page that is
// smaller than a bucket grows.
func (b *boundMap) pageLen() int {
	n := max(4, pageBytes/(int(b.facts.keySize)+b.valueBytes()))
	if most := int(b.facts.maxEntries); most > 0 {
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
func scan[K, V any](w *walk, keep bool, use func(p *page[K, V]) bool) error {
	if err := w.b.Err(); err != nil {
		return err
	}
	r := pageReader[K, V]{w: w, keep: keep}
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
type pageReader[K, V any] struct {
	w    *walk
	keep bool
	free *page[K, V]
}

// read fills a page, or a larger one if it is smaller than a bucket. The page
// is never nil, and what is in it is good whatever the error.
func (r *pageReader[K, V]) read() (*page[K, V], error) {
	p := r.take()
	for {
		err := p.fill(r.w)
		if !errors.Is(err, errSmallBatch) {
			return p, err
		}
		p = newPage[K, V](r.w.b, 2*len(p.keys))
	}
}

// take returns a page: the free one, one of an earlier iteration, a new one.
func (r *pageReader[K, V]) take() *page[K, V] {
	if r.keep {
		return newPage[K, V](r.w.b, r.w.b.pageLen())
	}
	p := r.free
	r.free = nil
	if p == nil {
		p, _ = r.w.b.pages.Get().(*page[K, V])
	}
	if p == nil {
		p = newPage[K, V](r.w.b, r.w.b.pageLen())
	}
	return p
}

// giveBack keeps the free page for the next iteration.
func (r *pageReader[K, V]) giveBack() {
	if r.free != nil && !r.keep {
		r.w.b.pages.Put(r.free)
	}
}

// each yields the elements of the page and returns the index of the one after
// which the loop ended early, or n.
func (p *page[K, V]) each(cpus int, yield func(K, []V) bool) int {
	for i, key := range p.keys[:p.n] {
		if !yield(key, p.values[i*cpus:(i+1)*cpus:(i+1)*cpus]) {
			return i
		}
	}
	return p.n
}

// deleteFunc removes the elements for which del returns true.
func deleteFunc[K, V any](b *boundMap, del func(K, []V) bool) (deleted int, err error) {
	var delErr error
	err = scan(b.newWalk(bpfMapLookupBatch, 0), false, func(p *page[K, V]) bool {
		out := p.keys[:0]
		p.each(b.cpus, func(key K, values []V) bool {
			if del(key, values) {
				out = append(out, key)
			}
			return true
		})
		var n int
		n, delErr = b.deletePresent(blockOf[K, V](out, nil))
		deleted += n
		return delErr == nil
	})
	return deleted, cmp.Or(delErr, err)
}

// drain removes all elements and yields them. keep is as for scan.
func drain[K, V any](b *boundMap, keep bool, yield func(K, []V) bool) error {
	var backErr error
	err := scan(b.newWalk(bpfMapLookupAndDelBatch, 0), keep, func(p *page[K, V]) bool {
		given := 0
		defer func() { // also where the loop panics
			if given < p.n {
				backErr = b.putBack(p.block(), given, p.n)
			}
		}()
		return p.each(b.cpus, func(key K, values []V) bool {
			given++
			return yield(key, values)
		}) == p.n
	})
	return cmp.Or(backErr, err)
}
