//go:build !linux

package ring

import (
	"context"
	"errors"
)

// Outside of Linux nothing can be opened, so that no method is ever called.

type (
	// Waiter is nothing here.
	Waiter struct{}
	// Consumer is nothing here.
	Consumer struct{}
	// Perf is nothing here.
	Perf struct{}
	// Producer is nothing here.
	Producer struct{}
)

func (*Waiter) Wait(context.Context, <-chan struct{}, func() bool) error {
	return errors.ErrUnsupported
}
func (*Waiter) Wake()        {}
func (*Waiter) Close() error { return nil }

// NewConsumer fails.
func NewConsumer(fd int, capacity uint32, overwrite bool) (*Consumer, error) {
	return nil, errors.ErrUnsupported
}

// ConsumerWaiter fails.
func ConsumerWaiter(fd int) (*Waiter, error) { return nil, errors.ErrUnsupported }

func (*Consumer) Copy([]byte) bool      { return false }
func (*Consumer) Next() ([]byte, error) { return nil, errors.ErrUnsupported }
func (*Consumer) Done() bool            { return false }
func (*Consumer) Publish()              {}
func (*Consumer) HasRecord() bool       { return false }
func (*Consumer) Capacity() int         { return 0 }
func (*Consumer) Close() error          { return nil }

// NewPerf fails.
func NewPerf(array EventArray, o PerfOptions) (*Perf, *Waiter, error) {
	return nil, nil, errors.Join(errors.ErrUnsupported, array.Close())
}

func (*Perf) Next() ([]byte, int, error) { return nil, 0, errors.ErrUnsupported }
func (*Perf) Done()                      {}
func (*Perf) Lost() error                { return nil }
func (*Perf) HasRecord() bool            { return false }
func (*Perf) Pause() error               { return errors.ErrUnsupported }
func (*Perf) Resume() error              { return errors.ErrUnsupported }
func (*Perf) Capacity() int              { return 0 }
func (*Perf) Close() error               { return nil }

// NewProducer fails.
func NewProducer(fd int, capacity uint32) (*Producer, error) { return nil, errors.ErrUnsupported }

func (*Producer) Write([]byte) error              { return errors.ErrUnsupported }
func (*Producer) Reserve(int) (uint64, error)     { return 0, errors.ErrUnsupported }
func (*Producer) Bytes(uint64, int) []byte        { return nil }
func (*Producer) Commit(uint64, bool)             {}
func (*Producer) Wait(context.Context, int) error { return errors.ErrUnsupported }
func (*Producer) Close() error                    { return nil }
