package typed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cilium/ebpf/ringbuf"
)

// Events are records that BPF programs write and that Go reads in order, out
// of a ring buffer (one for all CPUs, event_ring.go) or a perf event array (a
// buffer per CPU, event_perf.go). Both are read by a [Reader]; what differs is
// behind recordSource.
//
// A source gives out a record in memory of its own, which may be the memory
// that is shared with the kernel and goes away with the reader. It is copied
// into the caller's T, and what Record and Tail give out is a copy, made when
// they are called.
//
// Several types of records on one map: event_switch.go.

// EventReader is what reads events, for code that is to run against a [Reader]
// and against one of package typedtest alike.
type EventReader[T any] interface {
	// Read waits for the next event.
	Read() (T, error)
	// ReadInto is Read into the caller's memory.
	ReadInto(event *T) error
	// All ranges over the events until the context is cancelled or the reader
	// is closed.
	All(ctx context.Context) iter.Seq2[T, error]
	// Record returns the bytes of the record that was read last, Tail those
	// of them behind the T.
	Record() []byte
	Tail() []byte
	SetDeadline(t time.Time) error
	Flush() error
	io.Closer
}

// ErrFlushed is returned once by a read after [Reader.Flush], when all records
// of before have been read.
var ErrFlushed = ringbuf.ErrFlushed

// record is one record as a source delivers it.
type record struct {
	raw  []byte // valid until the next read
	cpu  int    // perf arrays only
	lost uint64 // not zero: no record, but so many lost ones of the CPU
}

// recordSource is where records come from. Only read and release need the
// caller to let in one at a time.
type recordSource interface {
	// read waits for the next record. After flush it returns the records that
	// are there and then ErrFlushed, once for any number of calls of flush.
	read(rec *record) error
	setDeadline(t time.Time) error
	flush() error
	bufferSize() int
	// interrupt makes reads return os.ErrClosed, now and from now on.
	interrupt() error
	// release frees the memory, after interrupt and the last read.
	release() error
}

// Reader reads events of type T out of a ring buffer or a perf event array.
//
// One goroutine at a time reads; a second one waits for the first. Close,
// Flush and SetDeadline may be called from any goroutine at any time, and take
// effect on a read that waits.
//
// A record of at least the size of T is cut to it; what is behind, a flexible
// array member above all, is [Reader.Tail]. A shorter one is a
// [*ShortRecordError], or filled up with zeroes where that was asked for. If T
// is []byte, an event is the whole record.
type Reader[T any] struct {
	mu     sync.Mutex // held while reading; protects rec and copied
	src    recordSource
	rec    record
	copied []byte // rec.raw for the user, empty if not asked for

	name     string // of the map
	bytes    bool   // T is []byte
	zeroFill bool   // fill up short records
	disown   func()

	flushed atomic.Bool // Flush was called and not yet reported
	closed  atomic.Bool
}

var _ EventReader[[4]byte] = (*Reader[[4]byte])(nil)

// checkEvent says why T cannot be the type of events.
func checkEvent[T any]() error {
	if isBytes[T]() {
		return nil
	}
	return checkPlain[T]()
}

// isBytes says that T is []byte: an event is the whole record.
func isBytes[T any]() bool {
	_, ok := any((*T)(nil)).(*[]byte)
	return ok
}

// initReader makes r read events of the map m. Closing the map, or the
// collection that owns it, closes r first.
func initReader[T any](r *Reader[T], m *eventMap[T], src recordSource, zeroFill bool) {
	r.src, r.name, r.bytes = src, m.Name(), isBytes[T]()
	r.zeroFill = zeroFill || m.zeroFill
	r.disown = m.readers.own(r)
}

// Read waits for the next event. It returns the errors of [Reader.ReadInto].
func (r *Reader[T]) Read() (T, error) {
	var event T
	err := r.ReadInto(&event)
	return event, err
}

// ReadInto waits for the next event and copies it to *event; if T is []byte,
// it reuses its capacity. No memory is allocated, unless the record is longer
// than all before it.
//
// The error is a [*ShortRecordError] or [*LostSamplesError] for records that
// are passed over, [ErrFlushed] after Flush, [os.ErrDeadlineExceeded] after
// the deadline once no record is left, or wraps [os.ErrClosed] after Close.
// After an error *event is as it was.
func (r *Reader[T]) ReadInto(event *T) error {
	r.mu.Lock()
	err := r.next(context.Background())
	switch {
	case err != nil:
	case r.whole(): // nearly always
		copy(memoryOf(event), r.rec.raw)
	default:
		err = r.decode(event)
	}
	r.mu.Unlock()
	return err
}

// whole says that r.rec has a T.
func (r *Reader[T]) whole() bool { return len(r.rec.raw) >= sizeOf[T]() && !r.bytes }

// All ranges over the events. It ends without an error when the context is
// cancelled, even if there are more events, and when the reader is closed. The
// reader stays usable after the loop.
//
// An event comes with an error instead of a value where records were short
// ([*ShortRecordError]), were lost ([*LostSamplesError]) or flushed
// ([ErrFlushed]); the loop then goes on. After any other error, an exceeded
// deadline included, it ends.
//
// No memory is allocated for an event. If T is []byte, the slice is valid
// until the loop goes on.
func (r *Reader[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		stop := context.AfterFunc(ctx, func() { _ = r.src.flush() })
		defer stop()
		var event, none T
		for {
			err := r.readFor(ctx, &event)
			switch {
			case err == nil:
				if !yield(event, nil) {
					return
				}
			case ctx.Err() != nil || errors.Is(err, os.ErrClosed):
				return
			case !yield(none, err) || !isRecordError(err):
				return
			}
		}
	}
}

// readFor is ReadInto for All: it also returns when the context is cancelled,
// and does not copy a []byte.
func (r *Reader[T]) readFor(ctx context.Context, event *T) error {
	r.mu.Lock()
	err := r.next(ctx)
	switch {
	case err != nil:
	case r.whole(): // nearly always
		copy(memoryOf(event), r.rec.raw)
	case r.bytes:
		*any(event).(*[]byte) = r.copy()
	default:
		err = r.decode(event)
	}
	r.mu.Unlock()
	return err
}

// next makes the next record r.rec. Flushes of the source wake a waiting read:
// only those that the user asked for are returned, others had it look at the
// context again. ctx may be nil.
func (r *Reader[T]) next(ctx context.Context) error {
	r.copied = r.copied[:0]
	for {
		if err := ctx.Err(); err != nil {
			r.rec.raw = nil
			return err
		}
		err := r.src.read(&r.rec)
		if err == nil && r.rec.lost == 0 {
			return nil
		}
		r.rec.raw = nil
		switch {
		case err == nil:
			return &LostSamplesError{Map: r.name, CPU: r.rec.cpu, Count: r.rec.lost}
		case !errors.Is(err, ErrFlushed):
			return fmt.Errorf("map %s: %w", r.name, err)
		case r.flushed.Swap(false):
			return ErrFlushed
		}
	}
}

// decode copies r.rec to *event.
func (r *Reader[T]) decode(event *T) error {
	if _, err := decodeRecord(r.rec.raw, event, r.zeroFill); err != nil {
		err.Map = r.name
		return err
	}
	return nil
}

// decodeRecord copies the record to *event and returns what is behind it.
func decodeRecord[T any](record []byte, event *T, zeroFill bool) (tail []byte, err *ShortRecordError) {
	if p, ok := any(event).(*[]byte); ok {
		*p = append((*p)[:0], record...)
		return nil, nil
	}
	b := memoryOf(event)
	if len(record) >= len(b) {
		copy(b, record)
		return record[len(b):], nil
	}
	if !zeroFill {
		return nil, &ShortRecordError{Want: len(b), Got: len(record)}
	}
	clear(b[copy(b, record):])
	return nil, nil
}

// Record returns the whole record that was read last, for [As] and [AsInto]
// where the map has records of several types. It is valid until the next read.
//
// Records of a perf array end in up to 7 bytes without meaning: the kernel
// rounds their size up to a multiple of 8, less 4 (kernel/trace/bpf_trace.c,
// perf_prepare_sample).
func (r *Reader[T]) Record() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.copy()
}

// Tail returns what the record that was read last has behind the T: the
// elements of a flexible array member, a payload. It is valid until the next
// read, and ends as [Reader.Record] says.
func (r *Reader[T]) Tail() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bytes || len(r.rec.raw) <= sizeOf[T]() {
		return nil
	}
	return r.copy()[sizeOf[T]():]
}

// copy returns a copy of the record that was read last.
func (r *Reader[T]) copy() []byte {
	if len(r.copied) == 0 {
		r.copied = append(r.copied, r.rec.raw...)
	}
	return r.copied
}

// SetDeadline makes reads that wait at t, or would, return
// [os.ErrDeadlineExceeded]. The zero time means no deadline. A deadline in the
// past makes reads return what is there without waiting.
func (r *Reader[T]) SetDeadline(t time.Time) error {
	return r.src.setDeadline(t)
}

// Flush makes reads return all records that are there, also those that the
// program wrote without a wakeup (BPF_RB_NO_WAKEUP), and then [ErrFlushed].
func (r *Reader[T]) Flush() error {
	r.flushed.Store(true)
	return r.src.flush()
}

// BufferSize is the size in bytes of the ring buffer, or of the buffer of each
// CPU.
func (r *Reader[T]) BufferSize() int { return r.src.bufferSize() }

// Close ends reads that wait with [os.ErrClosed] and frees the buffers. The
// map stays open. A second Close does nothing.
func (r *Reader[T]) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	r.disown()
	err := r.src.interrupt()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rec.raw = nil // it may be of the memory that goes
	return errors.Join(err, r.src.release())
}
