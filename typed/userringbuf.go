package typed

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// A user ring buffer carries records from Go to a program, which reads them
// with bpf_user_ringbuf_drain. The library has no producer, so it is here; the
// protocol on the shared pages is in userringbuf_linux.go.

// UserRingBuf is a BPF_MAP_TYPE_USER_RINGBUF (6.1) that takes records of type
// T, or a []byte where the object does not say of which.
type UserRingBuf[T any] struct{ eventMap[T] }

// Shape is what the type is made for.
func (*UserRingBuf[T]) Shape() MapShape { return eventShape[T](ClassUserRingBuf) }

// ErrRecordTooLarge is returned for a record that no user ring buffer, or not
// this one, can hold however empty it is.
var ErrRecordTooLarge = errors.New("record is larger than the ring buffer")

// Producer writes records to a user ring buffer. Its methods may be called
// from several goroutines. The program sees records in the order in which they
// were reserved; one that is reserved and neither submitted nor discarded
// holds up all that come after it.
type Producer[T any] struct {
	ring   *producerRing
	name   string
	disown func()
}

// NewProducer maps the buffer. A map has one producer at a time, in all
// processes together: nothing in the protocol keeps two apart. The caller
// closes it; closing the map, or the collection that it belongs to, closes it
// too.
func (m *UserRingBuf[T]) NewProducer() (*Producer[T], error) {
	fd, err := m.c.ready()
	if err != nil {
		return nil, err
	}
	ring, err := newProducerRing(fd, m.MaxEntries())
	if err != nil {
		return nil, m.wrap("new producer", err)
	}
	return &Producer[T]{ring: ring, name: m.Name(), disown: m.readers.own(ring)}, nil
}

// Submit writes a record. The error wraps [ErrMapFull] if there is no room,
// [ErrRecordTooLarge] or, after Close, [os.ErrClosed].
func (p *Producer[T]) Submit(rec T) error {
	r, err := p.reserve(recordSize(&rec))
	if err != nil {
		return err
	}
	r.Put(rec)
	r.Submit()
	return nil
}

// SubmitWait writes a record and waits for room as long as the context lasts.
// The kernel wakes it after every drain that took a record, unless the program
// gave BPF_RB_NO_WAKEUP.
func (p *Producer[T]) SubmitWait(ctx context.Context, rec T) error {
	r, err := p.reserveWait(ctx, recordSize(&rec))
	if err != nil {
		return err
	}
	r.Put(rec)
	r.Submit()
	return nil
}

// Reserve makes room for a record that is written in place: a T and extra
// bytes behind it, of a flexible array member. It returns the errors of
// Submit.
func (p *Producer[T]) Reserve(extra int) (Reservation[T], error) {
	size, err := p.sizeWith(extra)
	if err != nil {
		return Reservation[T]{}, err
	}
	return p.reserve(size)
}

// ReserveWait is Reserve that waits for room as SubmitWait does.
func (p *Producer[T]) ReserveWait(ctx context.Context, extra int) (Reservation[T], error) {
	size, err := p.sizeWith(extra)
	if err != nil {
		return Reservation[T]{}, err
	}
	return p.reserveWait(ctx, size)
}

// sizeWith is the size of a T and extra bytes.
func (p *Producer[T]) sizeWith(extra int) (int, error) {
	if extra < 0 {
		return 0, p.wrap(fmt.Errorf("%d bytes behind the record: %w", extra, os.ErrInvalid))
	}
	return fixedSize[T]() + extra, nil
}

func (p *Producer[T]) reserve(size int) (Reservation[T], error) {
	at, err := p.ring.reserve(size)
	if err != nil {
		return Reservation[T]{}, p.wrap(err)
	}
	return Reservation[T]{ring: p.ring, at: at, size: size}, nil
}

func (p *Producer[T]) reserveWait(ctx context.Context, size int) (Reservation[T], error) {
	at, err := p.ring.reserveWait(ctx, size)
	if err != nil {
		return Reservation[T]{}, p.wrap(err)
	}
	return Reservation[T]{ring: p.ring, at: at, size: size}, nil
}

func (p *Producer[T]) wrap(err error) error {
	return fmt.Errorf("map %s: reserve: %w", p.name, err)
}

// Close ends waiting calls with [os.ErrClosed]. The pages stay mapped until
// the last reservation is submitted or discarded. A second Close does nothing.
func (p *Producer[T]) Close() error {
	p.disown()
	return p.ring.Close()
}

// Reservation is room for one record in the ring buffer. Exactly one of Submit
// and Discard must be called, and nothing after it.
type Reservation[T any] struct {
	ring *producerRing
	at   uint32 // offset of the header in the data pages
	size int
}

// Bytes is the memory of the record, which the program will see: the T and the
// extra bytes. It has what records of before left there, and must not be
// touched after Submit or Discard.
func (r Reservation[T]) Bytes() []byte { return r.ring.payload(r.at, r.size) }

// Tail is the part of Bytes behind the T.
func (r Reservation[T]) Tail() []byte { return r.Bytes()[fixedSize[T]():] }

// Put copies rec to the start of the record.
func (r Reservation[T]) Put(rec T) {
	if b, ok := any(&rec).(*[]byte); ok {
		copy(r.Bytes(), *b)
		return
	}
	copy(r.Bytes(), memoryOf(&rec))
}

// Submit hands the record to the program.
func (r Reservation[T]) Submit() { r.ring.commit(r.at, 0) }

// Discard gives the room back: the program does not see the record.
func (r Reservation[T]) Discard() { r.ring.commit(r.at, ringDiscard) }

// fixedSize is the size of a T in a record in bytes, 0 for []byte.
func fixedSize[T any]() int {
	if isBytes[T]() {
		return 0
	}
	return sizeOf[T]()
}

// recordSize is the size of the record that rec becomes.
func recordSize[T any](rec *T) int {
	if b, ok := any(rec).(*[]byte); ok {
		return len(*b)
	}
	return sizeOf[T]()
}

// The bits of a record's header (include/uapi/linux/bpf.h).
const (
	ringBusy    = 1 << 31 // BPF_RINGBUF_BUSY_BIT
	ringDiscard = 1 << 30 // BPF_RINGBUF_DISCARD_BIT
	ringHeader  = 8       // BPF_RINGBUF_HDR_SZ

	// maxDynptr is DYNPTR_MAX_SIZE (kernel/bpf/helpers.c): the program gets a
	// record as a dynptr. A larger one would stop the ring for ever.
	maxDynptr = 1<<24 - 1
)

// spaceOf is what a record of size bytes takes of a ring of capacity bytes:
// with its header, in multiples of 8.
func spaceOf(size int, capacity uint32) (uint32, error) {
	if size < 0 || size > maxDynptr {
		return 0, fmt.Errorf("%w: %d bytes, the kernel allows %d", ErrRecordTooLarge, size, maxDynptr)
	}
	space := (uint32(size) + ringHeader + 7) &^ 7
	if space > capacity {
		return 0, fmt.Errorf("%w: %d bytes with its header, it has %d", ErrRecordTooLarge, space, capacity)
	}
	return space, nil
}
