package ring

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// The producer's side of kernel/bpf/ringbuf.c (__bpf_user_ringbuf_peek,
// bpf_user_ringbuf_drain), as user_ring_buffer in libbpf's ringbuf.c does it.
//
// A record is reserved by writing its header with the busy bit and then the
// new producer position, and submitted by taking the bit away: the kernel
// stops at the first busy record. Both sides use acquire and release; Go's
// atomics are stronger.

// Producer writes a user ring buffer. Its methods may be called from several
// goroutines.
type Producer struct {
	pages  *pages
	waiter *Waiter

	mu      sync.Mutex // protects what follows, and is held while a record is written
	open    []uint64   // positions of records that are neither submitted nor discarded
	closed  bool
	again   chan struct{} // closed, and replaced, when there may be room again
	seen    uint64        // the consumer's position when that happened last
	cleanup runtime.Cleanup
}

// NewProducer maps the user ring buffer with that descriptor, which it does not
// keep. A producer that is dropped is unmapped.
func NewProducer(fd int, capacity uint32) (*Producer, error) {
	mapped, err := mapPages(fd, capacity, unix.PROT_READ, unix.PROT_READ|unix.PROT_WRITE)
	if err != nil {
		return nil, err
	}
	own, err := dup(fd)
	if err != nil {
		return nil, errors.Join(err, mapped.unmap())
	}
	waiter, err := Writing(own)
	if err != nil {
		return nil, errors.Join(err, mapped.unmap())
	}
	p := &Producer{pages: mapped, waiter: waiter, again: make(chan struct{})}
	p.cleanup = runtime.AddCleanup(p, (*pages).drop, mapped)
	return p, nil
}

// Write writes a record. The error is ErrFull, wraps ErrTooLarge or is
// os.ErrClosed.
func (p *Producer) Write(record []byte) error {
	need, err := spaceFor(len(record), p.pages.capacity)
	if err != nil {
		return err
	}
	p.mu.Lock()
	pos, err := p.room(need)
	if err == nil {
		copy(p.pages.payload(pos, uint32(len(record))), record)
		p.publish(pos, need, uint32(len(record)))
	}
	p.mu.Unlock()
	return err
}

// Reserve makes room for a record of size bytes and returns its position. The
// kernel stops before it until it is committed. It returns the errors of Write.
func (p *Producer) Reserve(size int) (pos uint64, err error) {
	need, err := spaceFor(size, p.pages.capacity)
	if err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if pos, err = p.room(need); err != nil {
		return 0, err
	}
	p.publish(pos, need, uint32(size)|busyBit)
	p.open = append(p.open, pos)
	return pos, nil
}

// room is where the next record begins, if there is room for it.
func (p *Producer) room(need uint64) (pos uint64, err error) {
	if p.closed {
		return 0, os.ErrClosed
	}
	pos = loadPosition(p.pages.producer)
	// The lower halves suffice: the difference is at most the capacity.
	if used := uint32(pos) - uint32(loadPosition(p.pages.consumer)); used > p.pages.capacity || uint64(p.pages.capacity-used) < need {
		return 0, ErrFull
	}
	return pos, nil
}

// publish shows the kernel a record.
func (p *Producer) publish(pos, need uint64, header uint32) {
	binary.NativeEndian.PutUint32(p.pages.data[p.pages.offset(pos)+4:], 0)
	atomic.StoreUint32(p.pages.header(pos), header)
	storePosition(p.pages.producer, pos+need)
}

// Bytes is the memory of a record that was reserved with that size, nil if it
// is no longer.
func (p *Producer) Bytes(pos uint64, size int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.open, pos) {
		return nil
	}
	return p.pages.payload(pos, uint32(size))
}

// Commit submits a record that was reserved, or discards it. It does nothing
// about one that is not reserved any more.
func (p *Producer) Commit(pos uint64, discard bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.open, pos)
	if i < 0 {
		return
	}
	p.open = slices.Delete(p.open, i, i+1)
	header := p.pages.header(pos)
	done := atomic.LoadUint32(header) &^ busyBit
	if discard {
		done |= discardBit
	}
	atomic.StoreUint32(header, done)
	_ = p.unmapIfDone()
}

// Wait waits until there may be room for a record that did not fit, or returns
// the error of the context or os.ErrClosed. The caller tries again.
func (p *Producer) Wait(ctx context.Context, size int) error {
	need, err := spaceFor(size, p.pages.capacity)
	if err != nil {
		return err
	}
	p.mu.Lock()
	again := p.again
	_, err = p.room(need)
	p.mu.Unlock()
	if !errors.Is(err, ErrFull) {
		return err
	}
	defer context.AfterFunc(ctx, p.waiter.Wake)()
	return p.waiter.Wait(ctx, again, func() bool { return p.drained(need) })
}

// drained is what the waiter asks: the kernel wakes it when it has drained
// records (ringbuf_map_poll_user). All others who wait look again, too: their
// records are of other sizes.
func (p *Producer) drained(need uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.room(need)
	if p.closed {
		return true
	}
	if consumer := loadPosition(p.pages.consumer); consumer != p.seen {
		p.seen = consumer
		close(p.again)
		p.again = make(chan struct{})
	}
	return !errors.Is(err, ErrFull)
}

// unmapIfDone unmaps the pages of a closed producer without reservations.
func (p *Producer) unmapIfDone() error {
	if !p.closed || len(p.open) > 0 || p.pages.data == nil {
		return nil
	}
	p.cleanup.Stop()
	err := p.pages.unmap()
	p.pages.data = nil
	return err
}

// Close makes all calls return os.ErrClosed, except those about records that
// are reserved: the pages stay mapped until the last one is committed. A second
// Close does nothing.
func (p *Producer) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	err := p.unmapIfDone()
	p.mu.Unlock()
	return errors.Join(err, p.waiter.Close())
}
