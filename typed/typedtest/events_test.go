package typedtest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
)

type testEvent struct {
	Kind uint32
	PID  uint32
}

func TestEvents(t *testing.T) {
	e := typedtest.NewEvents[testEvent]()
	e.Send(testEvent{1, 10})
	e.SendTail(testEvent{2, 20}, []byte("/bin/sh"))
	e.SendRecord([]byte{1, 2, 3})
	e.SendError(&typed.LostSamplesError{CPU: 1, Count: 7})
	e.Send(testEvent{3, 30})

	var got []string
	for ev, err := range e.All(t.Context()) {
		var short *typed.ShortRecordError
		var lost *typed.LostSamplesError
		switch {
		case errors.As(err, &short):
			got = append(got, fmt.Sprint("short ", short.Got, " ", short.Want))
		case errors.As(err, &lost):
			got = append(got, fmt.Sprint("lost ", lost.Count))
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, fmt.Sprintf("%d %d %q %d", ev.Kind, ev.PID, e.Tail(), len(e.Record())))
		}
		if ev.Kind == 3 {
			break
		}
	}
	want := []string{`1 10 "" 8`, `2 20 "/bin/sh" 15`, "short 3 8", "lost 7", `3 30 "" 8`}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// What ends a loop over a reader of the kernel ends one here, and what it had
// not been given is there for the next.
func TestEventsLoopEnds(t *testing.T) {
	e := typedtest.NewEvents[testEvent]()
	e.SendError(os.ErrPermission)
	e.Send(testEvent{1, 10})
	e.Send(testEvent{2, 20})
	e.Send(testEvent{3, 30})
	var got []error
	for _, err := range e.All(t.Context()) {
		got = append(got, err)
	}
	if len(got) != 1 || !errors.Is(got[0], os.ErrPermission) || e.Record() != nil {
		t.Errorf("errors %v, record %x", got, e.Record())
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for ev, err := range e.All(ctx) {
		if err != nil || ev.Kind != 1 {
			t.Errorf("%+v, %v", ev, err)
		}
		cancel()
	}
	for range e.All(ctx) {
		t.Error("an event after cancellation")
	}
	if ev, err := e.Read(); err != nil || ev.Kind != 2 {
		t.Errorf("after cancellation: %+v, %v", ev, err)
	}
}

func TestRawEvents(t *testing.T) {
	e := typedtest.NewEvents[[]byte]()
	e.Send([]byte("one"))
	e.SendTail([]byte("tw"), []byte("o"))
	for _, want := range []string{"one", "two"} {
		if got, err := e.Read(); err != nil || string(got) != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
}

// loop ranges over events in a goroutine of a bubble.
type loop struct {
	mu     sync.Mutex
	events int
	errs   []error
	ended  bool
}

func start(ctx context.Context, e *typedtest.Events[testEvent]) *loop {
	l := new(loop)
	go func() {
		for _, err := range e.All(ctx) {
			l.note(err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ended = true
	}()
	return l
}

func (l *loop) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.errs = append(l.errs, err)
		return
	}
	l.events++
}

// state waits until the loop waits, or has ended.
func (l *loop) state() (events int, errs []error, ended bool) {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events, l.errs, l.ended
}

func TestEventsEnd(t *testing.T) {
	for name, end := range map[string]func(e *typedtest.Events[testEvent], cancel func()){
		"close":  func(e *typedtest.Events[testEvent], _ func()) { e.Close() },
		"cancel": func(_ *typedtest.Events[testEvent], cancel func()) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				e := typedtest.NewEvents[testEvent]()
				l := start(ctx, e)
				e.Send(testEvent{})
				if events, _, ended := l.state(); events != 1 || ended {
					t.Errorf("%d events, ended %v", events, ended)
				}
				end(e, cancel)
				if _, errs, ended := l.state(); errs != nil || !ended {
					t.Errorf("errors %v, ended %v", errs, ended)
				}
				e.Close()
				if _, err := e.Read(); !errors.Is(err, os.ErrClosed) {
					t.Errorf("read: %v", err)
				}
			})
		})
	}
}

func TestEventsDeadlineAndFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := typedtest.NewEvents[testEvent]()
		l := start(t.Context(), e)
		e.Send(testEvent{})
		e.Flush()
		events, errs, ended := l.state()
		if events != 1 || len(errs) != 1 || !errors.Is(errs[0], typed.ErrFlushed) || ended {
			t.Errorf("%d events, errors %v, ended %v", events, errs, ended)
		}
		e.SetDeadline(time.Now().Add(time.Minute))
		time.Sleep(time.Minute - time.Nanosecond)
		if _, _, ended := l.state(); ended {
			t.Error("ended before the deadline")
		}
		time.Sleep(time.Nanosecond)
		if _, errs, ended := l.state(); len(errs) != 2 || !errors.Is(errs[1], os.ErrDeadlineExceeded) || !ended {
			t.Errorf("errors %v, ended %v", errs, ended)
		}
	})
}

// Code that is written against the interface runs over memory.
func TestSwitchOverMemory(t *testing.T) {
	e := typedtest.NewEvents[uint32]()
	e.SendRecord([]byte{1, 1, 1, 1, 5, 0, 0, 0})
	var pid []byte
	s := typed.NewSwitch(e, func(kind uint32) uint32 { return kind })
	typed.Case(s, 0x01010101, func(ev *[2][4]byte, tail []byte) error {
		pid = ev[1][:]
		return e.Close()
	})
	if err := s.Run(t.Context()); err != nil || !slices.Equal(pid, []byte{5, 0, 0, 0}) {
		t.Errorf("%v, %v", pid, err)
	}
}
