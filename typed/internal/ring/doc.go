// Package ring has the memory that events go through between the kernel and Go:
// the pages of ring buffers in both directions, and the buffers of perf event
// arrays. It knows positions, headers and bytes, not types.
//
//   - [Consumer] reads a BPF_MAP_TYPE_RINGBUF (consumer_linux.go);
//   - [Perf] reads the buffers behind a BPF_MAP_TYPE_PERF_EVENT_ARRAY
//     (perf_linux.go);
//   - [Producer] writes a BPF_MAP_TYPE_USER_RINGBUF (producer_linux.go);
//   - [Waiter] is how goroutines wait for any of them (waiter_linux.go).
//
// The library's ringbuf.Reader and perf.Reader are not used, because they wait
// in a thread of their own instead of Go's poller, know no contexts, cannot try
// without waiting, and copy each record once more. It has no producer at all.
//
// Outside of Linux everything here returns an error (ring_other.go).
package ring

import (
	"errors"
	"fmt"
	"io"
)

// ErrNone says that there is no record yet.
var ErrNone = errors.New("no record")

// ErrFull says that there is no room for a record now.
var ErrFull = errors.New("the ring buffer is full")

// ErrTooLarge says that a record does not fit, however empty the ring is.
var ErrTooLarge = errors.New("record is larger than the ring buffer")

// ErrCorrupt says that the memory does not have what the kernel writes there.
var ErrCorrupt = errors.New("the ring buffer is not as the kernel writes it")

// ErrShared says that somebody else moves the consumer's position.
var ErrShared = errors.New("another reader moves the position of the ring buffer, which has one for all")

// LostError says that the kernel had no room for records in the buffer of a
// CPU.
type LostError struct {
	CPU   int
	Count uint64
}

func (e *LostError) Error() string { return fmt.Sprintf("%d records lost on CPU %d", e.Count, e.CPU) }

// OverwrittenError says that the kernel wrote over records before they were
// read.
type OverwrittenError struct {
	Bytes uint64 // of records with their headers
}

func (e *OverwrittenError) Error() string { return fmt.Sprintf("%d bytes overwritten", e.Bytes) }

// The bits of a record's header in a ring buffer (include/uapi/linux/bpf.h).
const (
	busyBit    = 1 << 31 // BPF_RINGBUF_BUSY_BIT
	discardBit = 1 << 30 // BPF_RINGBUF_DISCARD_BIT

	// HeaderSize is BPF_RINGBUF_HDR_SZ, in bytes.
	HeaderSize = 8

	// MaxDynptr is DYNPTR_MAX_SIZE (include/linux/bpf.h): the program gets a
	// record of a user ring buffer as a dynptr. A larger one would stop the ring
	// for ever.
	MaxDynptr = 1<<24 - 1
)

// space is what a record of size bytes takes of a ring: with its header, in
// multiples of 8.
func space(size uint32) uint64 { return (uint64(size) + HeaderSize + 7) &^ 7 }

// spaceFor is space in a ring of capacity bytes, if it can have such a record.
func spaceFor(size int, capacity uint32) (uint64, error) {
	if size < 0 || size > MaxDynptr {
		return 0, fmt.Errorf("%w: %d bytes, the kernel allows %d", ErrTooLarge, size, MaxDynptr)
	}
	need := space(uint32(size))
	if need > uint64(capacity) {
		return 0, fmt.Errorf("%w: %d bytes with its header, it has %d", ErrTooLarge, need, capacity)
	}
	return need, nil
}

// PerfOptions are how the buffers are made. Sizes are in bytes.
type PerfOptions struct {
	PerCPUBuffer            int // rounded up to a power of two of pages
	Watermark, WakeupEvents int // at most one of them; none: every record wakes
	Overwritable            bool
}

// EventArray is the array of events that the program looks into.
type EventArray interface {
	MaxEntries() uint32
	Put(key, value any) error
	Delete(key any) error
	io.Closer
}
