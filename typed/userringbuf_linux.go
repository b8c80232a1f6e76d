package typed

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// The producer's side of kernel/bpf/ringbuf.c (__bpf_user_ringbuf_peek,
// bpf_user_ringbuf_drain), as user_ring_buffer in libbpf's ringbuf.c does it.
//
// A record is reserved by writing its header with the busy bit and then the
// new producer position, and submitted by taking the bit away: the kernel
// stops at the first busy record. Both sides use acquire and release; Go's
// atomics are stronger.

// producerRing is the mapped ring buffer.
type producerRing struct {
	pages *ringPages

	mu       sync.Mutex // one reservation at a time; protects what follows
	reserved int        // neither submitted nor discarded
	closed   bool
	room     roomWatch
}

func newProducerRing(fd, capacity int) (*producerRing, error) {
	pages, err := mapRing(fd, capacity, unix.PROT_READ, unix.PROT_READ|unix.PROT_WRITE)
	if err != nil {
		return nil, err
	}
	file, err := pollable(fd)
	if err != nil {
		return nil, errors.Join(err, pages.unmap())
	}
	return &producerRing{pages: pages, room: roomWatch{file: file, wake: make(chan struct{})}}, nil
}

// reserve makes room for a record of size bytes and returns the offset of its
// header.
func (r *producerRing) reserve(size int) (at uint32, err error) {
	space, err := spaceOf(size, r.pages.capacity)
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, os.ErrClosed
	}
	pos := loadPosition(r.pages.producer)
	// The lower halves suffice: the difference is at most the capacity.
	if used := uint32(pos) - uint32(loadPosition(r.pages.consumer)); r.pages.capacity-used < space {
		return 0, ErrMapFull
	}
	at = uint32(pos) & (r.pages.capacity - 1)
	binary.NativeEndian.PutUint32(r.pages.data[at+4:], 0)
	atomic.StoreUint32(r.pages.header(at), uint32(size)|ringBusy)
	storePosition(r.pages.producer, pos+uint64(space))
	r.reserved++
	return at, nil
}

func (r *producerRing) payload(at uint32, size int) []byte { return r.pages.payload(at, size) }

// commit submits the record with that header, or discards it.
func (r *producerRing) commit(at, flags uint32) {
	header := r.pages.header(at)
	atomic.SwapUint32(header, atomic.LoadUint32(header)&^uint32(ringBusy)|flags)

	r.mu.Lock()
	defer r.mu.Unlock()
	r.reserved--
	if r.closed && r.reserved == 0 {
		_ = r.pages.unmap()
	}
}

// reserveWait is reserve that waits for room.
func (r *producerRing) reserveWait(ctx context.Context, size int) (at uint32, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		wake, err := r.watch()
		if err != nil {
			return 0, err
		}
		at, err := r.reserve(size)
		if !errors.Is(err, ErrMapFull) {
			return at, err
		}
		select {
		case <-wake:
		case <-ctx.Done():
		}
	}
}

// Close unmaps the pages, at once or when the last reservation is committed.
func (r *producerRing) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	var err error
	if r.reserved == 0 {
		err = r.pages.unmap()
	}
	r.mu.Unlock()
	// Waits for watchRoom to leave the poller, which may be waiting for r.mu.
	return errors.Join(err, r.room.file.Close())
}

// roomWatch wakes those that wait for room. It is a goroutine, started by the
// first of them, because Go's poller has one waiter per file and knows no
// contexts.
type roomWatch struct {
	file    *os.File
	running bool
	// wake is closed, and replaced, when the consumer position changed, and
	// closed for good when the goroutine ends.
	wake chan struct{}
	err  error // why it ended
}

// watch returns a channel that is closed when the consumer position differs
// from what it is now, or watching fails.
func (r *producerRing) watch() (<-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, os.ErrClosed
	}
	if !r.room.running && r.room.err == nil {
		conn, err := r.room.file.SyscallConn()
		if err != nil {
			return nil, err
		}
		r.room.running = true
		go r.watchRoom(conn, loadPosition(r.pages.consumer))
	}
	return r.room.wake, r.room.err
}

// watchRoom waits for the kernel to say that it has drained records
// (ringbuf_map_poll_user). The poller is edge-triggered and forgets edges of
// before a wait, so moved is asked at the start of each.
func (r *producerRing) watchRoom(conn syscall.RawConn, last uint64) {
	moved := func(uintptr) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.closed {
			return true
		}
		pos := loadPosition(r.pages.consumer)
		changed := pos != last
		last = pos
		return changed
	}
	for {
		err := conn.Write(moved)
		if r.broadcast(err) {
			return
		}
	}
}

// broadcast wakes who waits and says whether watching is over.
func (r *producerRing) broadcast(err error) (over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.room.wake)
	if err != nil || r.closed {
		r.room.running, r.room.err = false, err
		return true
	}
	r.room.wake = make(chan struct{})
	return false
}
