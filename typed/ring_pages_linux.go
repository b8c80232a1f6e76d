package typed

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The memory that ring buffers share with user space (kernel/bpf/ringbuf.c),
// in both directions: a page with the consumer's position, a page with the
// producer's, and the data pages, twice in a row, so that a record never wraps.
// Positions count bytes and only grow; modulo the capacity they are offsets.

// ringPages are the mapped pages of a ring buffer.
type ringPages struct {
	consumer []byte
	producer []byte // and the data pages behind
	data     []byte
	capacity uint32 // a power of two
}

// mapRing maps a ring buffer. Writable is what user space may write: the
// consumer page of a ring buffer, the others of a user ring buffer
// (ringbuf_map_mmap_kern, ringbuf_map_mmap_user).
func mapRing(fd, capacity, consumerProt, producerProt int) (*ringPages, error) {
	page := os.Getpagesize()
	consumer, err := unix.Mmap(fd, 0, page, consumerProt, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map consumer page: %w", err)
	}
	producer, err := unix.Mmap(fd, int64(page), page+2*capacity, producerProt, unix.MAP_SHARED)
	if err != nil {
		_ = unix.Munmap(consumer)
		return nil, fmt.Errorf("map data pages: %w", err)
	}
	return &ringPages{
		consumer: consumer, producer: producer, data: producer[page:], capacity: uint32(capacity),
	}, nil
}

func (p *ringPages) unmap() error {
	return errors.Join(unix.Munmap(p.consumer), unix.Munmap(p.producer))
}

// header is the length and the flags of the record at an offset.
func (p *ringPages) header(at uint32) *uint32 {
	return (*uint32)(unsafe.Pointer(&p.data[at]))
}

// payload is the memory of a record, behind its header.
func (p *ringPages) payload(at uint32, size int) []byte {
	start := int(at) + ringHeader
	return p.data[start : start+size : start+size]
}

// A position is an unsigned long of the kernel. A 32-bit one uses the first
// four of the eight bytes that are loaded and stored here: all 32-bit machines
// that the library builds on are little-endian. Readers take only the lower
// half of what they load, as the pending position is behind the producer's;
// user ring buffers do not use it.

func loadPosition(page []byte) uint64 {
	return atomic.LoadUint64((*uint64)(unsafe.Pointer(&page[0])))
}

func storePosition(page []byte, pos uint64) {
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&page[0])), pos)
}

// pollable is a duplicate of a map's descriptor that Go's poller waits for.
// O_NONBLOCK is what os.NewFile goes by; a map has no calls that it changes.
func pollable(fd int) (*os.File, error) {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("duplicate descriptor: %w", err)
	}
	if err := unix.SetNonblock(dup, true); err != nil {
		unix.Close(dup)
		return nil, fmt.Errorf("make descriptor non-blocking: %w", err)
	}
	return os.NewFile(uintptr(dup), "ring buffer"), nil
}
