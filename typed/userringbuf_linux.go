package typed

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The producer's side of kernel/bpf/ringbuf.c (__bpf_user_ringbuf_peek,
// bpf_user_ringbuf_drain), as user_ring_buffer in libbpf's ringbuf.c does it.
//
// Three things are mapped, in two calls: a page with the consumer position,
// which the kernel alone may write; a page with the producer position; and the
// data pages, twice in a row, so that a record never wraps. Positions count
// bytes and only grow; modulo the capacity they are offsets.
//
// A record is reserved by writing its header with the busy bit and then the
// new producer position, and submitted by taking the bit away: the kernel
// stops at the first busy record. Both sides use acquire and release; Go's
// atomics are stronger.

// producerRing is the mapped ring buffer.
type producerRing struct {
	mu       sync.Mutex // one reservation at a time; protects what follows
	consumer []byte
	producer []byte // and the data pages behind
	data     []byte
	reserved int // neither submitted nor discarded
	closed   bool

	capacity uint32
	room     roomWatch
}

func newProducerRing(fd, capacity int) (*producerRing, error) {
	page := os.Getpagesize()
	consumer, err := unix.Mmap(fd, 0, page, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map consumer page: %w", err)
	}
	producer, err := unix.Mmap(fd, int64(page), page+2*capacity, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		_ = unix.Munmap(consumer)
		return nil, fmt.Errorf("map data pages: %w", err)
	}
	file, err := pollable(fd)
	if err != nil {
		_ = unix.Munmap(consumer)
		_ = unix.Munmap(producer)
		return nil, err
	}
	return &producerRing{
		consumer: consumer, producer: producer, data: producer[page:],
		capacity: uint32(capacity),
		room:     roomWatch{file: file, wake: make(chan struct{})},
	}, nil
}

// pollable is a duplicate of a descriptor that Go's poller waits for.
// O_NONBLOCK is what os.NewFile goes by; the map has no calls that it changes.
func pollable(fd int) (*os.File, error) {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("duplicate descriptor: %w", err)
	}
	if err := unix.SetNonblock(dup, true); err != nil {
		unix.Close(dup)
		return nil, fmt.Errorf("make descriptor non-blocking: %w", err)
	}
	return os.NewFile(uintptr(dup), "user ring buffer"), nil
}

// reserve makes room for a record of size bytes and returns the offset of its
// header.
func (r *producerRing) reserve(size int) (at uint32, err error) {
	space, err := spaceOf(size, r.capacity)
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, os.ErrClosed
	}
	pos := loadPosition(r.producer)
	// The lower halves suffice: the difference is at most the capacity.
	if used := uint32(pos) - uint32(loadPosition(r.consumer)); r.capacity-used < space {
		return 0, ErrMapFull
	}
	at = uint32(pos) & (r.capacity - 1)
	binary.NativeEndian.PutUint32(r.data[at+4:], 0)
	atomic.StoreUint32(r.header(at), uint32(size)|ringBusy)
	storePosition(r.producer, pos+uint64(space))
	r.reserved++
	return at, nil
}

// payload is the memory of a record. The second mapping of the data pages
// makes it contiguous.
func (r *producerRing) payload(at uint32, size int) []byte {
	start := int(at) + ringHeader
	return r.data[start : start+size : start+size]
}

// commit submits the record with that header, or discards it.
func (r *producerRing) commit(at, flags uint32) {
	header := r.header(at)
	atomic.SwapUint32(header, atomic.LoadUint32(header)&^uint32(ringBusy)|flags)

	r.mu.Lock()
	defer r.mu.Unlock()
	r.reserved--
	if r.closed && r.reserved == 0 {
		_ = r.unmap()
	}
}

func (r *producerRing) header(at uint32) *uint32 {
	return (*uint32)(unsafe.Pointer(&r.data[at]))
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
		err = r.unmap()
	}
	r.mu.Unlock()
	// Waits for watchRoom to leave the poller, which may be waiting for r.mu.
	return errors.Join(err, r.room.file.Close())
}

func (r *producerRing) unmap() error {
	return errors.Join(unix.Munmap(r.consumer), unix.Munmap(r.producer))
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
		go r.watchRoom(conn, loadPosition(r.consumer))
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
		pos := loadPosition(r.consumer)
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

// shortPosition says that a position is the first four bytes of its page: on
// 32-bit big-endian machines. Elsewhere it is eight, where a 32-bit kernel
// uses the lower four and has nothing that a user ring buffer needs behind.
var shortPosition = bits.UintSize == 32 && binary.NativeEndian.Uint16([]byte{0, 1}) == 1

func loadPosition(page []byte) uint64 {
	if shortPosition {
		return uint64(atomic.LoadUint32((*uint32)(unsafe.Pointer(&page[0]))))
	}
	return atomic.LoadUint64((*uint64)(unsafe.Pointer(&page[0])))
}

func storePosition(page []byte, pos uint64) {
	if shortPosition {
		atomic.StoreUint32((*uint32)(unsafe.Pointer(&page[0])), uint32(pos))
		return
	}
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&page[0])), pos)
}
