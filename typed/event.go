package typed

import (
	"context"
	"io"
	"unsafe"

	"github.com/cilium/ebpf/ringbuf"
)

// Events are records that BPF programs write and that Go reads in order, out
// of a ring buffer (one for all CPUs, event_ring.go) or a perf event array (a
// buffer per CPU, event_perf.go). Both are read by a [Reader], which gives the
// bytes of event_reader.go a type. Several types of records on one map:
// event_switch.go.

// Record is one record, in memory of the caller: several goroutines may read
// from one reader, each with a Record of its own. The zero Record is ready for
// use, and one that is used again costs no memory.
type Record[T any] struct {
	// Event is the T at the start of the record. If T is []byte it is Raw.
	Event T
	RecordInfo
}

// RecordInfo is what a record has besides its event.
type RecordInfo struct {
	// Raw is the whole record, for [As] and [AsInto] where the map has records
	// of several types. It is valid until the Record is used for the next one,
	// and may be the memory of Event.
	//
	// Records of a perf array end in up to 7 bytes without meaning: the kernel
	// rounds their size up to a multiple of 8, less 4 (kernel/events/core.c,
	// perf_prepare_sample).
	Raw []byte
	// Tail is the part of Raw behind the T: the elements of a flexible array
	// member, a payload, members that a newer program has added.
	Tail []byte
	// CPU is the one that wrote the record to a perf array, -1 if it was a ring
	// buffer.
	CPU int

	buf []byte // of Raw, where that is not the memory of Event
}

// EventReader is what reads events, for code that is to run against a [Reader]
// and against one of package typedtest alike.
type EventReader[T any] interface {
	// Next waits for the next record, see [Reader.Next].
	Next(ctx context.Context, rec *Record[T]) error
	// All ranges over the events until the context ends or the reader is
	// closed, see [Reader.All].
	All(ctx context.Context) func(yield func(T, error) bool)
	// Records is All with the whole records, see [Reader.Records].
	Records(ctx context.Context) func(yield func(*Record[T], error) bool)
	// MinSize is how many bytes a record has at least, see [Reader.MinSize].
	MinSize() int
	// Flush wakes who waits, see [Reader.Flush].
	Flush() error
	io.Closer
}

// ErrFlushed is returned once by a read after [Reader.Flush], when all records
// of before have been read.
var ErrFlushed = ringbuf.ErrFlushed

// Reader reads events of type T out of a ring buffer or a perf event array. Its
// methods may be called from any number of goroutines; each record goes to one
// of them.
//
// A record of at least the size of T is cut to it; what is behind stands in
// [RecordInfo.Tail]. Of one that is shorter, but has [Reader.MinSize] bytes, the
// rest of T is zero. A record with fewer bytes is a [*ShortRecordError].
//
// A zero Reader is one that is closed.
type Reader[T any] struct{ core *reader }

var _ EventReader[[4]byte] = (*Reader[[4]byte])(nil)

// Next reads the next record into *rec. It waits for one if there is none, and
// does not look at the context before. No memory is allocated for a record that
// is there, unless it is longer than all that rec had before.
//
// The error is a [*ShortRecordError], [*LostSamplesError] or
// [*OverwrittenError] for records that are passed over; [ErrFlushed] after
// Flush; that of the context; [io.EOF] at the end of an overwritable perf buffer
// ([PerfOptions.Overwritable]); [ErrTwoReaders]; or one that wraps
// [os.ErrClosed], when Close was called. After an error rec.Event is as it was,
// and rec.Raw has a record that was too short, or nothing.
//
//go:noinline
func (r *Reader[T]) Next(ctx context.Context, rec *Record[T]) error {
	return readerOf(r).next(ctx, unsafe.Pointer(rec), unsafe.Offsetof(rec.RecordInfo))
}

// All ranges over the events. It ends without an error when the context ends,
// even if there are more events, and when the reader is closed. The reader stays
// usable after the loop.
//
// An event comes with an error instead of a value where records were short
// ([*ShortRecordError]), lost ([*LostSamplesError]), overwritten
// ([*OverwrittenError]) or flushed ([ErrFlushed]); the loop then goes on. After
// any other error it ends.
//
// No memory is allocated for an event. If T is []byte, the slice is valid
// until the loop goes on.
//
//go:noinline
func (r *Reader[T]) All(ctx context.Context) func(yield func(T, error) bool) {
	return func(yield func(T, error) bool) {
		rec := new(Record[T])
		readerOf(r).each(ctx, unsafe.Pointer(&rec.Event), &rec.RecordInfo, func(err error) bool {
			if err != nil {
				return yield(*new(T), err)
			}
			return yield(rec.Event, nil)
		})
	}
}

// Records is All with the whole records. A record is valid until the loop goes
// on. With an error, it has what Next leaves in it.
//
//go:noinline
func (r *Reader[T]) Records(ctx context.Context) func(yield func(*Record[T], error) bool) {
	return func(yield func(*Record[T], error) bool) {
		rec := new(Record[T])
		readerOf(r).each(ctx, unsafe.Pointer(&rec.Event), &rec.RecordInfo, func(err error) bool {
			return yield(rec, err)
		})
	}
}

// readerOf is the reader that knows no types, nil where there is none.
func readerOf[T any](r *Reader[T]) *reader {
	if r == nil {
		return nil
	}
	return r.core
}

// MinSize is how many bytes a record must have to be an event. See
// [RingBufOptions].
//
//go:noinline
func (r *Reader[T]) MinSize() int { return readerOf(r).minSize() }

// Flush wakes who waits, so that records that the program wrote without a wakeup
// (BPF_RB_NO_WAKEUP, [PerfOptions.Watermark]) are read. When all are, and losses
// are reported, one call returns [ErrFlushed].
//
//go:noinline
func (r *Reader[T]) Flush() error { return readerOf(r).flush() }

// BufferSize is the size in bytes of the ring buffer, or of the buffer of each
// CPU. 0 after Close.
//
//go:noinline
func (r *Reader[T]) BufferSize() int { return readerOf(r).bufferSize() }

// Close ends calls that wait, and all later ones, with an error that wraps
// [os.ErrClosed], and frees the buffers. Loops end without an error. The map
// stays open, and can have another reader, which goes on where this one ended.
// Any goroutine may call it, at any time; when it has returned, so does a second
// Close.
//
//go:noinline
func (r *Reader[T]) Close() error { return readerOf(r).Close() }
