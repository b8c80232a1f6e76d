package ring

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The memory that ring buffers share with user space (kernel/bpf/ringbuf.c),
// in both directions: a page with the consumer's position, a page with the
// producer's, and the data pages, twice in a row, so that a record never wraps.
// Positions count bytes and only grow; modulo the capacity they are offsets.

// pages are the mapped pages of a ring buffer.
type pages struct {
	consumer []byte
	producer []byte // and the data pages behind
	data     []byte
	capacity uint32 // a power of two
}

// mapPages maps a ring buffer. The protections say what user space may write:
// the consumer page of a ring buffer, the others of a user ring buffer
// (ringbuf_map_mmap_kern, ringbuf_map_mmap_user).
func mapPages(fd int, capacity uint32, consumerProt, producerProt int) (*pages, error) {
	page := os.Getpagesize()
	if capacity == 0 || capacity&(capacity-1) != 0 || uint64(page)+2*uint64(capacity) > math.MaxInt {
		return nil, fmt.Errorf("cannot map a ring of %d bytes", capacity)
	}
	consumer, err := unix.Mmap(fd, 0, page, consumerProt, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map consumer page: %w", err)
	}
	producer, err := unix.Mmap(fd, int64(page), page+2*int(capacity), producerProt, unix.MAP_SHARED)
	if err != nil {
		_ = unix.Munmap(consumer)
		return nil, fmt.Errorf("map data pages: %w", err)
	}
	return &pages{consumer: consumer, producer: producer, data: producer[page:], capacity: capacity}, nil
}

func (p *pages) unmap() error {
	return errors.Join(unix.Munmap(p.consumer), unix.Munmap(p.producer))
}

// drop is unmap where nobody is left to be told.
func (p *pages) drop() { _ = p.unmap() }

// offset is where in the data pages a position is.
func (p *pages) offset(pos uint64) uint32 { return uint32(pos) & (p.capacity - 1) }

// header is the length and the flags of the record at a position.
func (p *pages) header(pos uint64) *uint32 {
	return (*uint32)(unsafe.Pointer(&p.data[p.offset(pos)]))
}

// payload is the memory of a record, behind its header. size is at most the
// capacity.
func (p *pages) payload(pos uint64, size uint32) []byte {
	start := uint64(p.offset(pos)) + HeaderSize
	end := start + uint64(size)
	return p.data[start:end:end]
}

// A position is an unsigned long of the kernel. A 32-bit one uses the first
// four of the eight bytes that are loaded and stored here: all 32-bit machines
// that the library builds on are little-endian. What is compared are the lower
// halves alone, as on such a kernel the next position lies in the upper one.

func loadPosition(page []byte) uint64 {
	return atomic.LoadUint64((*uint64)(unsafe.Pointer(&page[0])))
}

func storePosition(page []byte, pos uint64) {
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&page[0])), pos)
}

func swapPosition(page []byte, old, pos uint64) bool {
	return atomic.CompareAndSwapUint64((*uint64)(unsafe.Pointer(&page[0])), old, pos)
}
