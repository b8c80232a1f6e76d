//go:build linux

package typed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/bpfgen/bpfgen/typed/internal/plain"
)

type header struct{ Kind uint32 }

type started struct {
	header
	PID uint32
}

func TestSwitch(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[header]) {
		a := started{header{1}, 10}
		b := struct {
			header
			_    uint32
			Code int64
			PID  uint64
		}{header: header{2}, Code: -1, PID: 20}
		e.emit(plain.Memory(&a))
		e.emit(plain.Memory(&b))
		unknown := header{9}
		e.emit(plain.Memory(&unknown))
		cut := header{1} // an event that ends after its header
		e.emit(append(plain.Memory(&cut), 0)[:4])

		var got []string
		ctx, cancel := context.WithCancel(t.Context())
		s := NewSwitch(e.r, func(h header) uint32 { return h.Kind })
		Case(s, 1, func(ev *started, tail []byte) error {
			got = append(got, fmt.Sprint("started ", ev.PID))
			return nil
		})
		Case(s, 2, func(ev *[3]uint64, tail []byte) error {
			got = append(got, fmt.Sprint("stopped ", int64(ev[1]), " ", ev[2]))
			return nil
		})
		s.OnError(func(err error) error {
			var short *ShortRecordError
			var unknown *UnknownEventError
			switch {
			case errors.As(err, &unknown):
				got = append(got, "unknown "+unknown.Kind)
			case errors.As(err, &short):
				got = append(got, fmt.Sprint("short ", short.Want, " ", short.Got))
				cancel()
			default:
				return err
			}
			return nil
		})
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
		want := []string{"started 10", "stopped -1 20", "unknown 9", "short 8 4"}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestSwitchEndsOnErrors(t *testing.T) {
	e, r := ringTest[header](t, nil)
	for range 3 {
		h := header{1}
		e.emit(plain.Memory(&h))
	}
	h := func(h header) uint32 { return h.Kind }
	var unknown *UnknownEventError
	if err := NewSwitch(r, h).Run(t.Context()); !errors.As(err, &unknown) {
		t.Errorf("no case: %v", err)
	}
	s := NewSwitch(r, h)
	Case(s, 1, func(*header, []byte) error { return os.ErrInvalid })
	if err := s.Run(t.Context()); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("handler: %v", err)
	}
	Case(s, 2, func(*string, []byte) error { return nil })
	if err := s.Run(t.Context()); err == nil {
		t.Error("a Go type that cannot be a record was taken")
	}
}

func TestAs(t *testing.T) {
	rec := event(5).bytes()
	if ev, err := As[testEvent](append(rec, 1, 2)); err != nil || ev != event(5) {
		t.Errorf("%+v, %v", ev, err)
	}
	ev := event(99)
	tail, err := AsInto(append(rec, 1, 2), &ev)
	if err != nil || ev != event(5) || string(tail) != "\x01\x02" {
		t.Errorf("%+v, tail %x, %v", ev, tail, err)
	}
	var short *ShortRecordError
	if _, err := AsInto(rec[:11], &ev); !errors.As(err, &short) || short.Want != 12 || short.Got != 11 || ev != event(5) {
		t.Errorf("short: %v, %+v", err, ev)
	}
	if _, err := As[*testEvent](rec); err == nil {
		t.Error("bytes became a pointer")
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = AsInto(rec, &ev) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Functions that write into the caller's memory say so where there is none.
func TestNothingToReadInto(t *testing.T) {
	if _, err := AsInto[uint64](make([]byte, 8), nil); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("AsInto: %v", err)
	}
	if err := DecodeRecord[uint64](make([]byte, 8), 0, nil); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("DecodeRecord: %v", err)
	}
}
