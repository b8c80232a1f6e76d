package typedtest_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
)

func TestProducer(t *testing.T) {
	p := typedtest.NewProducer[uint64](64)
	for i := range uint64(4) {
		if err := p.Submit(i); err != nil {
			t.Error(err)
		}
	}
	if err := p.Submit(4); !errors.Is(err, typed.ErrMapFull) {
		t.Errorf("full: %v", err)
	}
	if got := p.Drain(); !slices.Equal(got, []uint64{0, 1, 2, 3}) {
		t.Errorf("the program got %v", got)
	}
	p.Fail(os.ErrPermission)
	if err := p.Submit(5); !errors.Is(err, os.ErrPermission) {
		t.Errorf("failing: %v", err)
	}
	p.Fail(nil)
	if err := p.Submit(6); err != nil {
		t.Error(err)
	}
	p.Close()
	for _, err := range []error{p.Submit(7), p.SubmitWait(t.Context(), 7)} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	}
	if got := p.Drain(); !slices.Equal(got, []uint64{6}) {
		t.Errorf("after Close the program got %v", got)
	}
}

func TestProducerOfBytes(t *testing.T) {
	p := typedtest.NewProducer[[]byte](64)
	rec := []byte("record")
	if err := p.Submit(rec); err != nil {
		t.Error(err)
	}
	rec[0] = 'X'
	if got := p.Drain(); len(got) != 1 || string(got[0]) != "record" {
		t.Errorf("the program got %q", got)
	}
	if err := p.Submit(make([]byte, 57)); !errors.Is(err, typed.ErrRecordTooLarge) {
		t.Errorf("57 bytes: %v", err)
	}
	if err := p.Submit(make([]byte, 56)); err != nil {
		t.Errorf("56 bytes: %v", err)
	}
}

// Who waits for room goes on after a drain, or ends.
func TestProducerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := typedtest.NewProducer[uint64](32)
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		for range 2 {
			if err := p.Submit(1); err != nil {
				t.Error(err)
			}
		}
		go func() { errs <- p.SubmitWait(t.Context(), 2) }()
		synctest.Wait()
		if len(errs) != 0 {
			t.Fatal("the ring is full, and a submit ended")
		}
		p.Drain()
		if err := <-errs; err != nil {
			t.Error(err)
		}
		p.Submit(3)
		go func() { errs <- p.SubmitWait(ctx, 4) }()
		synctest.Wait()
		cancel()
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		go func() { errs <- p.SubmitWait(t.Context(), 4) }()
		synctest.Wait()
		p.Close()
		if err := <-errs; !errors.Is(err, os.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}
