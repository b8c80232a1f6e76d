package typedtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/bpfgen/bpfgen/typed"
)

var _ typed.EventWriter[int32] = (*Producer[int32])(nil)

// Producer is a user ring buffer in memory, and its producer. The test plays the
// program: it drains what the code under test has submitted.
type Producer[T any] struct {
	capacity int

	mu      sync.Mutex
	records [][]byte
	used    int // bytes
	fails   error
	closed  bool
	drained signal
}

// NewProducer makes a ring buffer of capacity bytes. As in the kernel's, each
// record takes 8 bytes more than it has, in multiples of 8.
func NewProducer[T any](capacity int) *Producer[T] {
	if capacity < 1 {
		panic("typedtest: a ring buffer has at least one byte")
	}
	return &Producer[T]{capacity: capacity}
}

// Submit writes a record. The error wraps [typed.ErrMapFull] if there is no
// room, [typed.ErrRecordTooLarge] or, after Close, [os.ErrClosed].
func (p *Producer[T]) Submit(rec T) error {
	_, err := p.submit(recordOf(&rec))
	return err
}

// SubmitWait writes a record and waits for room as long as the context lasts.
func (p *Producer[T]) SubmitWait(ctx context.Context, rec T) error {
	record := recordOf(&rec)
	for {
		drained, err := p.submit(record)
		if !errors.Is(err, typed.ErrMapFull) || drained == nil {
			return err
		}
		select {
		case <-drained:
		case <-ctx.Done():
			return fmt.Errorf("typedtest: submit: %w", ctx.Err())
		}
	}
}

// submit writes a record, or returns what to wait for where it is full.
func (p *Producer[T]) submit(record []byte) (drained <-chan struct{}, err error) {
	need := (len(record) + 8 + 7) &^ 7
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, errProducer
	case p.fails != nil:
		return nil, p.fails
	case need > p.capacity:
		return nil, fmt.Errorf("typedtest: submit: %w", typed.ErrRecordTooLarge)
	case p.used+need > p.capacity:
		return p.drained.wait(), fmt.Errorf("typedtest: submit: %w", typed.ErrMapFull)
	}
	p.records = append(p.records, slices.Clone(record))
	p.used += need
	return nil, nil
}

// Fail makes every Submit return err, until it is nil.
func (p *Producer[T]) Fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fails = err
	p.drained.broadcast()
}

// Drain takes out what was submitted, oldest first, as the program does with
// bpf_user_ringbuf_drain, and makes room for those who wait. It works after Close,
// too.
func (p *Producer[T]) Drain() []T {
	p.mu.Lock()
	defer p.mu.Unlock()
	events := make([]T, len(p.records))
	for i, record := range p.records {
		var rec typed.Record[T]
		_ = typed.DecodeRecord(record, 0, &rec) // it was made of a T
		events[i] = rec.Event
	}
	p.records, p.used = nil, 0
	p.drained.broadcast()
	return events
}

// Close ends calls that wait, and later ones, with an error that wraps
// [os.ErrClosed].
func (p *Producer[T]) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.drained.broadcast()
	return nil
}
