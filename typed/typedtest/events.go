package typedtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed"
)

var _ typed.EventReader[int32] = (*Events[int32])(nil)

// Events is a reader of a ring buffer or perf event array in memory. The test
// sends what the program would have written, and errors. Nothing is ever lost,
// unless the test says so.
type Events[T any] struct {
	minSize int

	mu      sync.Mutex
	queue   []item
	closed  bool
	flushed bool
	changed signal
}

// item is a record, or an error instead of one.
type item struct {
	record []byte
	cpu    int
	err    error
}

// NewEvents makes a reader without events. opts may be nil.
func NewEvents[T any](opts *typed.RingBufOptions) *Events[T] {
	e := new(Events[T])
	if opts != nil {
		e.minSize = opts.MinSize
	}
	return e
}

// Send adds an event; if T is []byte, a record.
func (e *Events[T]) Send(event T) { e.SendTail(event, nil) }

// SendTail adds an event and what the record has behind it.
func (e *Events[T]) SendTail(event T, tail []byte) {
	e.SendRecord(slices.Concat(recordOf(&event), tail))
}

// SendRecord adds a record as it is: one that is short, or has another type.
func (e *Events[T]) SendRecord(record []byte) { e.send(item{record: slices.Clone(record), cpu: -1}) }

// SendFrom adds a record that a CPU has written to a perf event array.
func (e *Events[T]) SendFrom(cpu int, record []byte) {
	e.send(item{record: slices.Clone(record), cpu: cpu})
}

// SendError adds an error in the place of a record, for example a
// [*typed.LostSamplesError]. Loops end after those that end them over a reader of
// the kernel.
func (e *Events[T]) SendError(err error) { e.send(item{err: err}) }

func (e *Events[T]) send(i item) { e.change(func() { e.queue = append(e.queue, i) }) }

// change does something and wakes those who wait.
func (e *Events[T]) change(do func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	do()
	e.changed.broadcast()
}

// Next reads the next record. See [typed.Reader.Next].
func (e *Events[T]) Next(ctx context.Context, rec *typed.Record[T]) error {
	for {
		next, ok, changed := e.poll()
		if ok {
			return e.take(next, rec)
		}
		if ctx.Err() == nil {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
			}
		}
		rec.Raw, rec.Tail = nil, nil
		return ctx.Err()
	}
}

// take makes the record of an item.
func (e *Events[T]) take(next item, rec *typed.Record[T]) error {
	if next.err != nil {
		rec.Raw, rec.Tail = nil, nil
		return next.err
	}
	rec.CPU = next.cpu
	return typed.DecodeRecord(next.record, e.minSize, rec)
}

// poll returns an item if there is one, else what to wait for. As with the
// kernel's, records of before go before a flush, not before Close.
func (e *Events[T]) poll() (next item, ok bool, changed <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return item{err: errReader}, true, nil
	case len(e.queue) > 0:
		next, e.queue = e.queue[0], e.queue[1:]
		return next, true, nil
	case e.flushed:
		e.flushed = false
		return item{err: typed.ErrFlushed}, true, nil
	}
	return item{}, false, e.changed.wait()
}

var (
	errReader   = fmt.Errorf("typedtest: reader: %w", os.ErrClosed)
	errProducer = fmt.Errorf("typedtest: submit: %w", os.ErrClosed)
)

// All ranges over the events. See [typed.Reader.All].
func (e *Events[T]) All(ctx context.Context) func(yield func(T, error) bool) {
	return func(yield func(T, error) bool) {
		var none T
		e.Records(ctx)(func(rec *typed.Record[T], err error) bool {
			if err != nil {
				return yield(none, err)
			}
			return yield(rec.Event, nil)
		})
	}
}

// Records ranges over the records. See [typed.Reader.Records].
func (e *Events[T]) Records(ctx context.Context) func(yield func(*typed.Record[T], error) bool) {
	return func(yield func(*typed.Record[T], error) bool) {
		rec := new(typed.Record[T])
		for ctx.Err() == nil {
			err := e.Next(ctx, rec)
			switch {
			case err == nil || isRecordError(err):
				if !yield(rec, err) {
					return
				}
			case ctx.Err() != nil || errors.Is(err, os.ErrClosed) || errors.Is(err, io.EOF):
				return
			default:
				yield(rec, err)
				return
			}
		}
	}
}

// isRecordError says that reading goes on after an error.
func isRecordError(err error) bool {
	var short *typed.ShortRecordError
	var lost *typed.LostSamplesError
	var overwritten *typed.OverwrittenError
	return errors.As(err, &short) || errors.As(err, &lost) || errors.As(err, &overwritten) || errors.Is(err, typed.ErrFlushed)
}

// MinSize is how many bytes a record must have to be an event: that of the options,
// or of T. See [typed.Reader.MinSize].
func (e *Events[T]) MinSize() int {
	var like *T
	switch t := any(like).(type) {
	case *[]byte:
		return 0
	case interface{ MinSize() int }: // of a type that ends in a flexible array
		return cmp.Or(e.minSize, t.MinSize())
	}
	return cmp.Or(e.minSize, int(unsafe.Sizeof(*like)))
}

// Flush makes reads return what is there, and one of them [typed.ErrFlushed].
func (e *Events[T]) Flush() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errReader
	}
	e.flushed = true
	e.changed.broadcast()
	return nil
}

// Close ends reads with an error that wraps [os.ErrClosed].
func (e *Events[T]) Close() error {
	e.change(func() { e.closed = true })
	return nil
}

// recordOf is the record that *event is.
func recordOf[T any](event *T) []byte {
	if raw, ok := any(event).(*[]byte); ok {
		return *raw
	}
	return bytesOf(*event)
}

// signal wakes all who wait. It is protected by a mutex of its user.
type signal struct{ ch chan struct{} }

// wait is a channel that the next broadcast closes.
func (s *signal) wait() <-chan struct{} {
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) broadcast() {
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
