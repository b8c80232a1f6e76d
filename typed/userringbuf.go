package typed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/ring"
	"github.com/cilium/ebpf"
)

// A user ring buffer carries records from Go to a program, which reads them
// with bpf_user_ringbuf_drain. The library has no producer, so it is here; the
// protocol on the shared pages is in internal/ring.

// UserRingBuf is a BPF_MAP_TYPE_USER_RINGBUF (Linux ≥ 6.1) that takes records of type
// T, or a []byte where the object does not say of which.
type UserRingBuf[T any] interface {
	AnyMap
	// NewProducer maps the buffer. The caller closes the producer; closing the map,
	// or the collection that it belongs to, closes it too.
	//
	// A handle has one producer at a time; [ErrInUse] if there is one. Nothing
	// keeps apart the producers of other handles or processes: a map has one in all
	// of them together.
	NewProducer() (*Producer[T], error)
}

// ErrRecordTooLarge is returned for a record that no user ring buffer, or not
// this one, can hold however empty it is.
var ErrRecordTooLarge = ring.ErrTooLarge

// EventWriter is what writes records for a program, for code that is to run
// against a [Producer] and against one of package typedtest alike.
type EventWriter[T any] interface {
	// Submit writes a record, see [Producer.Submit].
	Submit(rec T) error
	// SubmitWait writes a record when there is room, see [Producer.SubmitWait].
	SubmitWait(ctx context.Context, rec T) error
	io.Closer
}

// Producer writes records to a user ring buffer. Its methods may be called
// from any number of goroutines. The program sees records in the order in which
// they were submitted or reserved; one that is reserved and neither submitted nor
// discarded holds up all that come after it.
//
// A zero Producer is one that is closed. One that is dropped is closed in time.
type Producer[T any] struct{ core *producer }

var _ EventWriter[[4]byte] = (*Producer[[4]byte])(nil)

// NewProducer is the NewProducer of a [UserRingBuf]: types of maps call it.
func NewProducer[T any](h *MapHandle) (*Producer[T], error) {
	core, err := h.core().openProducer((*T)(nil))
	if err != nil {
		return nil, err
	}
	return &Producer[T]{core}, nil
}

// Submit writes a record. The error wraps [ErrMapFull] if there is no room,
// [ErrRecordTooLarge] or, after Close, [os.ErrClosed].
func (p *Producer[T]) Submit(rec T) error {
	if p == nil || p.core == nil {
		return errNoProducer
	}
	return p.core.submit(unsafe.Pointer(&rec))
}

// SubmitWait writes a record and waits for room as long as the context lasts.
// The kernel wakes it after every drain that took a record, unless the program
// gave BPF_RB_NO_WAKEUP. Errors are those of Submit, except that of a full map,
// and that of the context.
func (p *Producer[T]) SubmitWait(ctx context.Context, rec T) error {
	if p == nil || p.core == nil {
		return errNoProducer
	}
	return p.core.submitWait(ctx, unsafe.Pointer(&rec))
}

// Reserve makes room for a record that is written in place: a T and extra
// bytes behind it, of a flexible array member. It returns the errors of
// Submit.
func (p *Producer[T]) Reserve(extra int) (Reservation[T], error) {
	if p == nil || p.core == nil {
		return Reservation[T]{}, errNoProducer
	}
	room, err := p.core.reserve(extra)
	return Reservation[T]{room}, err
}

// ReserveWait is Reserve that waits for room as SubmitWait does.
func (p *Producer[T]) ReserveWait(ctx context.Context, extra int) (Reservation[T], error) {
	if p == nil || p.core == nil {
		return Reservation[T]{}, errNoProducer
	}
	room, err := p.core.reserveWait(ctx, extra)
	return Reservation[T]{room}, err
}

// Close ends calls that wait, and all later ones, with an error that wraps
// [os.ErrClosed]. What is reserved can still be written and submitted: the pages
// stay mapped until then. Any goroutine may call it, at any time; a second Close
// does nothing.
func (p *Producer[T]) Close() error {
	if p == nil || p.core == nil {
		return nil
	}
	return p.core.Close()
}

// Reservation is room for one record in the ring buffer, until Submit or Discard
// is called. After that, as for a zero Reservation, its methods do nothing.
type Reservation[T any] struct{ room room }

// Bytes is the memory of the record, which the program will see: the T and the
// extra bytes. It has what records of before left there, and must not be
// touched after Submit or Discard.
func (r Reservation[T]) Bytes() []byte { return r.room.bytes() }

// Tail is the part of Bytes behind the T.
func (r Reservation[T]) Tail() []byte { return r.room.tail() }

// Put copies rec to the start of the record.
func (r Reservation[T]) Put(rec T) { r.room.put(unsafe.Pointer(&rec)) }

// Submit hands the record to the program.
func (r Reservation[T]) Submit() { r.room.commit(false) }

// Discard gives the room back: the program does not see the record.
func (r Reservation[T]) Discard() { r.room.commit(true) }

// producer is what a Producer[T] is for a T of size bytes, or isRaw.
type producer struct {
	ring   *ring.Producer
	name   string
	size   int
	disown func()
}

// errNoProducer is the error of a zero Producer.
var errNoProducer error = &fixedError{"producer", &os.ErrClosed}

// openProducer opens a producer of records of the type that like points to.
//
//go:noinline
func (c *mapCore) openProducer(like any) (*producer, error) {
	size, _, err := eventSizes(like, 0)
	if err != nil {
		return nil, c.wrap("new producer", err)
	}
	return opened(c, "new producer", func(lib *ebpf.Map, disown func()) (*producer, error) {
		ring, err := ring.NewProducer(lib.FD(), lib.MaxEntries())
		if err != nil {
			return nil, err
		}
		return &producer{ring: ring, name: c.name, size: size, disown: disown}, nil
	})
}

// bytesOf is the record that *rec is.
func (p *producer) bytesOf(rec unsafe.Pointer) []byte {
	if p.size == isRaw {
		return *(*[]byte)(rec)
	}
	return unsafe.Slice((*byte)(rec), p.size)
}

func (p *producer) submit(rec unsafe.Pointer) error {
	if err := p.ring.Write(p.bytesOf(rec)); err != nil {
		return p.failed(err)
	}
	return nil
}

func (p *producer) submitWait(ctx context.Context, rec unsafe.Pointer) error {
	b := p.bytesOf(rec)
	return p.whenRoom(ctx, len(b), func() error { return p.ring.Write(b) })
}

func (p *producer) reserve(extra int) (room, error) {
	size, err := p.sizeWith(extra)
	if err != nil {
		return room{}, err
	}
	at, err := p.ring.Reserve(size)
	if err != nil {
		return room{}, p.failed(err)
	}
	return room{p, at, size}, nil
}

func (p *producer) reserveWait(ctx context.Context, extra int) (room, error) {
	size, err := p.sizeWith(extra)
	if err != nil {
		return room{}, err
	}
	var at uint64
	err = p.whenRoom(ctx, size, func() (err error) { at, err = p.ring.Reserve(size); return err })
	if err != nil {
		return room{}, err
	}
	return room{p, at, size}, nil
}

// sizeWith is the size of a T and extra bytes.
func (p *producer) sizeWith(extra int) (int, error) {
	if extra < 0 {
		return 0, p.failed(fmt.Errorf("%d bytes behind the record: %w", extra, os.ErrInvalid))
	}
	return max(p.size, 0) + extra, nil
}

// whenRoom tries until there is room for size bytes.
func (p *producer) whenRoom(ctx context.Context, size int, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		if errors.Is(err, ring.ErrFull) {
			err = p.ring.Wait(ctx, size)
		}
		if err != nil {
			return p.failed(err)
		}
	}
}

func (p *producer) failed(err error) error {
	if errors.Is(err, ring.ErrFull) {
		err = ErrMapFull
	}
	return fmt.Errorf("map %s: submit: %w", p.name, err)
}

// Close is Producer.Close.
func (p *producer) Close() error {
	err := p.ring.Close()
	p.disown()
	return err
}

// room is a Reservation that knows no types.
type room struct {
	p    *producer
	at   uint64 // position in the ring
	size int
}

func (r room) bytes() []byte {
	if r.p == nil {
		return nil
	}
	return r.p.ring.Bytes(r.at, r.size)
}

func (r room) tail() []byte {
	b := r.bytes()
	if b == nil {
		return nil
	}
	return b[max(r.p.size, 0):]
}

func (r room) put(rec unsafe.Pointer) {
	if b := r.bytes(); b != nil {
		copy(b, r.p.bytesOf(rec))
	}
}

func (r room) commit(discard bool) {
	if r.p != nil {
		r.p.ring.Commit(r.at, discard)
	}
}
