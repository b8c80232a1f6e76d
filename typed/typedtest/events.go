package typedtest

import (
	"context"
	"errors"
	"iter"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/bpfgen/bpfgen/typed"
)

var _ typed.EventReader[int32] = (*Events[int32])(nil)

// Events is a reader of a ring buffer or perf event array in memory. The test
// sends what the program would have written. Nothing is ever lost, unless the
// test says so.
type Events[T any] struct {
	mu       sync.Mutex
	queue    []item
	closed   bool
	flushed  bool
	deadline time.Time
	changed  chan struct{} // closed, and replaced, when any of these changes

	record, tail []byte
}

// item is a record, or an error instead of one.
type item struct {
	record []byte
	err    error
}

// NewEvents makes a reader without events.
func NewEvents[T any]() *Events[T] { return &Events[T]{changed: make(chan struct{})} }

// Send adds an event; if T is []byte, a record.
func (e *Events[T]) Send(event T) { e.SendTail(event, nil) }

// SendTail adds an event and what the record has behind it.
func (e *Events[T]) SendTail(event T, tail []byte) {
	if raw, ok := any(event).([]byte); ok {
		e.SendRecord(slices.Concat(raw, tail))
		return
	}
	e.SendRecord(slices.Concat(bytesOf(event), tail))
}

// SendRecord adds a record as it is: one that is short, or has another type.
func (e *Events[T]) SendRecord(record []byte) {
	e.change(func() { e.queue = append(e.queue, item{record: slices.Clone(record)}) })
}

// SendError adds an error in the place of a record, for example a
// [*typed.LostSamplesError].
func (e *Events[T]) SendError(err error) {
	e.change(func() { e.queue = append(e.queue, item{err: err}) })
}

// change does something and wakes those who wait.
func (e *Events[T]) change(do func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	do()
	close(e.changed)
	e.changed = make(chan struct{})
}

// Read waits for the next event. See [typed.Reader.Read].
func (e *Events[T]) Read() (T, error) {
	var event T
	err := e.ReadInto(&event)
	return event, err
}

// ReadInto is Read into the caller's memory.
func (e *Events[T]) ReadInto(event *T) error { return e.read(context.Background(), event) }

// All ranges over the events. See [typed.Reader.All].
func (e *Events[T]) All(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			var event T
			err := e.read(ctx, &event)
			switch {
			case err == nil:
				if !yield(event, nil) {
					return
				}
			case ctx.Err() != nil || errors.Is(err, os.ErrClosed):
				return
			case !yield(event, err) || !isRecordError(err):
				return
			}
		}
	}
}

// isRecordError says that reading goes on after an error.
func isRecordError(err error) bool {
	var short *typed.ShortRecordError
	var lost *typed.LostSamplesError
	return errors.As(err, &short) || errors.As(err, &lost) || errors.Is(err, typed.ErrFlushed)
}

func (e *Events[T]) read(ctx context.Context, event *T) error {
	next, err := e.next(ctx)
	if err != nil {
		return err
	}
	tail, err := typed.AsInto(next.record, event)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record, e.tail = next.record, tail
	return err
}

// next waits for an item.
func (e *Events[T]) next(ctx context.Context) (item, error) {
	for {
		if ctx.Err() != nil {
			return item{}, ctx.Err()
		}
		next, ok, changed, timeout := e.poll()
		if ok {
			return next, next.err
		}
		select {
		case <-changed:
		case <-timeout:
		case <-ctx.Done():
			return item{}, ctx.Err()
		}
	}
}

// poll returns an item if there is one, else what to wait for. As with the
// kernel's, records of before go before a deadline and a flush, not before
// Close.
func (e *Events[T]) poll() (next item, ok bool, changed <-chan struct{}, timeout <-chan time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record, e.tail = nil, nil
	switch {
	case e.closed:
		return item{err: os.ErrClosed}, true, nil, nil
	case len(e.queue) > 0:
		next, e.queue = e.queue[0], e.queue[1:]
		return next, true, nil, nil
	case e.flushed:
		e.flushed = false
		return item{err: typed.ErrFlushed}, true, nil, nil
	case e.deadline.IsZero():
		return item{}, false, e.changed, nil
	}
	left := time.Until(e.deadline)
	if left <= 0 {
		return item{err: os.ErrDeadlineExceeded}, true, nil, nil
	}
	return item{}, false, e.changed, time.After(left)
}

// Record is the record that was read last.
func (e *Events[T]) Record() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.record
}

// Tail is what that record has behind the T.
func (e *Events[T]) Tail() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tail
}

// SetDeadline makes reads that wait at t return [os.ErrDeadlineExceeded].
func (e *Events[T]) SetDeadline(t time.Time) error {
	e.change(func() { e.deadline = t })
	return nil
}

// Flush makes reads return what is there, and then [typed.ErrFlushed].
func (e *Events[T]) Flush() error {
	e.change(func() { e.flushed = true })
	return nil
}

// Close ends reads with [os.ErrClosed].
func (e *Events[T]) Close() error {
	e.change(func() { e.closed = true })
	return nil
}
