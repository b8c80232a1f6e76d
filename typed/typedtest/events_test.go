package typedtest_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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
	e := typedtest.NewEvents[testEvent](nil)
	e.Send(testEvent{1, 10})
	e.SendTail(testEvent{2, 20}, []byte("/bin/sh"))
	e.SendRecord([]byte{1, 2, 3})
	e.SendError(&typed.LostSamplesError{CPU: 1, Count: 7})
	e.SendFrom(5, binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, 3), 30))

	var got []string
	for rec, err := range e.Records(t.Context()) {
		ev := rec.Event
		var short *typed.ShortRecordError
		var lost *typed.LostSamplesError
		switch {
		case errors.As(err, &short):
			got = append(got, fmt.Sprint("short ", short.Got, " ", short.Want, " ", len(rec.Raw)))
		case errors.As(err, &lost):
			got = append(got, fmt.Sprint("lost ", lost.Count))
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, fmt.Sprintf("%d %d %q %d %d", ev.Kind, ev.PID, rec.Tail, len(rec.Raw), rec.CPU))
		}
		if err == nil && ev.Kind == 3 {
			break
		}
	}
	want := []string{`1 10 "" 8 -1`, `2 20 "/bin/sh" 15 -1`, "short 3 8 3", "lost 7", `3 30 "" 8 5`}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// What ends a loop over a reader of the kernel ends one here, and what it had
// not been given is there for the next.
func TestEventsLoopEnds(t *testing.T) {
	e := typedtest.NewEvents[testEvent](nil)
	e.SendError(os.ErrPermission)
	e.Send(testEvent{1, 10})
	e.Send(testEvent{2, 20})
	e.Send(testEvent{3, 30})
	var got []error
	for _, err := range e.All(t.Context()) {
		got = append(got, err)
	}
	if len(got) != 1 || !errors.Is(got[0], os.ErrPermission) {
		t.Errorf("errors %v", got)
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
	// Next takes what is there, and does not wait.
	var rec typed.Record[testEvent]
	for _, want := range []uint32{2, 3} {
		if err := e.Next(ctx, &rec); err != nil || rec.Event.Kind != want {
			t.Errorf("after cancellation: %+v, %v", rec, err)
		}
	}
	if err := e.Next(ctx, &rec); !errors.Is(err, context.Canceled) || rec.Raw != nil {
		t.Errorf("of nothing: %v", err)
	}
	e.SendError(io.EOF)
	for _, err := range e.All(t.Context()) {
		t.Errorf("the end of an overwritable buffer: %v", err)
	}
}

func TestRawEvents(t *testing.T) {
	e := typedtest.NewEvents[[]byte](nil)
	e.Send([]byte("one"))
	e.SendTail([]byte("tw"), []byte("o"))
	for _, want := range []string{"one", "two"} {
		var rec typed.Record[[]byte]
		if err := e.Next(t.Context(), &rec); err != nil || string(rec.Event) != want {
			t.Errorf("%q, %v; want %q", rec.Event, err, want)
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
				e := typedtest.NewEvents[testEvent](nil)
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
				if err := e.Next(ctx, new(typed.Record[testEvent])); !errors.Is(err, os.ErrClosed) {
					t.Errorf("read: %v", err)
				}
				if err := e.Flush(); !errors.Is(err, os.ErrClosed) {
					t.Errorf("flush: %v", err)
				}
			})
		})
	}
}

func TestEventsDeadlineAndFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := typedtest.NewEvents[testEvent](nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		l := start(ctx, e)
		e.Send(testEvent{})
		e.Flush()
		events, errs, ended := l.state()
		if events != 1 || len(errs) != 1 || !errors.Is(errs[0], typed.ErrFlushed) || ended {
			t.Errorf("%d events, errors %v, ended %v", events, errs, ended)
		}
		time.Sleep(time.Minute - time.Nanosecond)
		if _, _, ended := l.state(); ended {
			t.Error("ended before the deadline")
		}
		time.Sleep(time.Nanosecond)
		if _, errs, ended := l.state(); len(errs) != 1 || !ended {
			t.Errorf("errors %v, ended %v", errs, ended)
		}
	})
}

// Several goroutines read, each with its own context and record.
func TestEventsOfSeveralGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := typedtest.NewEvents[testEvent](nil)
		ctx, cancel := context.WithCancel(t.Context())
		first, second := start(ctx, e), start(t.Context(), e)
		for i := range uint32(10) {
			e.Send(testEvent{i, i})
		}
		a, _, _ := first.state()
		if b, _, _ := second.state(); a+b != 10 {
			t.Errorf("%d and %d events of 10", a, b)
		}
		cancel()
		_, _, firstEnded := first.state()
		if _, _, secondEnded := second.state(); !firstEnded || secondEnded {
			t.Errorf("ended %v, %v", firstEnded, secondEnded)
		}
		e.Close()
		second.state()
	})
}

// Records of older programs are filled up, by the header and by the cases of a
// Switch.
func TestShortEvents(t *testing.T) {
	opts := &typed.RingBufOptions{MinSize: 4}
	e := typedtest.NewEvents[testEvent](opts)
	e.SendRecord([]byte{1, 1, 1, 1, 7})
	rec := typed.Record[testEvent]{Event: testEvent{9, 9}}
	if err := e.Next(t.Context(), &rec); err != nil || rec.Event.Kind != 0x01010101 || rec.Event.PID&^0x07000007 != 0 || len(rec.Raw) != 5 {
		t.Errorf("%+v, %v", rec, err)
	}
	e.SendRecord([]byte{1, 1, 1, 1})
	var got [4]uint32
	s := typed.NewSwitch(e, func(header testEvent) uint32 { return header.Kind })
	typed.Case(s, 0x01010101, func(ev *[4]uint32, tail []byte) error {
		got = *ev
		return e.Close()
	})
	if err := s.Run(t.Context()); err != nil || got != [4]uint32{0x01010101} {
		t.Errorf("%v, %v", got, err)
	}
	strict := typedtest.NewEvents[testEvent](nil)
	strict.SendRecord([]byte{1, 1, 1, 1, 0, 0, 0, 0})
	s = typed.NewSwitch(strict, func(header testEvent) uint32 { return header.Kind })
	typed.Case(s, 0x01010101, func(ev *[4]uint32, tail []byte) error { return nil })
	var short *typed.ShortRecordError
	if err := s.Run(t.Context()); !errors.As(err, &short) || short.Want != 16 || short.Got != 8 {
		t.Errorf("a short record: %v", err)
	}
}

// Code that is written against the interface runs over memory.
func TestSwitchOverMemory(t *testing.T) {
	e := typedtest.NewEvents[uint32](nil)
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
