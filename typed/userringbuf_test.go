//go:build linux

package typed

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/typed/internal/ring"
	"github.com/cilium/ebpf"
)

// echo is a user ring buffer whose records come back on a ring buffer, cut to
// eight bytes, when the program runs.
type echo[T any] struct {
	t    testing.TB
	m    *UserRingBufMap[T]
	p    *Producer[T]
	back *Reader[uint64]
	prog *ebpf.Program
}

func newEcho[T any](t testing.TB) *echo[T] {
	sinceKernel(t, 6, 1, "user ring buffers")
	e := &echo[T]{t: t, m: new(UserRingBufMap[T])}
	in := newMap(t, &ebpf.MapSpec{Type: ebpf.UserRingbuf, MaxEntries: uint32(os.Getpagesize())})
	// Room for all that one drain hands on, also where a producer keeps adding:
	// BPF_MAX_USER_RINGBUF_SAMPLES (128 Ki, kernel/bpf/ringbuf.c) of 16 bytes, and
	// the byte that a full ring leaves free.
	out := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 4 << 20})
	e.prog = newProgram(t, echoCode(in, out))
	back := new(RingBufMap[uint64])
	err1, err2 := bindMap(e.m, "commands", in), bindMap(back, "back", out)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	var err error
	if e.p, err = e.m.NewProducer(); err != nil {
		t.Fatal(err)
	}
	if e.back, err = back.NewReader(nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.p.Close(); e.back.Close() })
	return e
}

// drain runs the program and returns what it saw.
func (e *echo[T]) drain() []uint64 {
	e.t.Helper()
	n := runProgram(e.t, e.prog)
	var got []uint64
	for rec, err := range drained(e.back, e.t.Context()) {
		must(e.t, err)
		got = append(got, rec.Event)
	}
	if int(n) != len(got) {
		e.t.Fatalf("drain returned %d, %d records came back", n, len(got))
	}
	return got
}

func (e *echo[T]) expect(want ...uint64) {
	e.t.Helper()
	got := e.drain()
	if len(got) != len(want) {
		e.t.Fatalf("the program saw %x, want %x", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			e.t.Fatalf("the program saw %x, want %x", got, want)
		}
	}
}

func TestUserRingBufSubmit(t *testing.T) {
	e := newEcho[uint64](t)
	for v := range uint64(3) {
		if err := e.p.Submit(v); err != nil {
			t.Fatal(err)
		}
	}
	e.expect(0, 1, 2)
	e.expect()
}

// Records of odd sizes, often around the end of the data pages.
func TestUserRingBufWraps(t *testing.T) {
	e := newEcho[[]byte](t)
	for i := range uint64(2000) {
		rec := make([]byte, 8+i%61)
		binary.NativeEndian.PutUint64(rec, i)
		if err := e.p.Submit(rec); err != nil {
			t.Fatal(err)
		}
		e.expect(i)
	}
}

func TestUserRingBufReserve(t *testing.T) {
	e := newEcho[uint64](t)
	first, err1 := e.p.Reserve(0)
	second, err2 := e.p.Reserve(5)
	third, err3 := e.p.Reserve(0)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if len(second.Bytes()) != 13 || len(second.Tail()) != 5 || len(first.Tail()) != 0 {
		t.Errorf("%d bytes, %d of them tail", len(second.Bytes()), len(second.Tail()))
	}
	copy(second.Tail(), "tail.")
	first.Put(1)
	second.Put(2)
	third.Put(3)
	third.Submit()
	e.expect() // the first is busy
	first.Submit()
	e.expect(1) // the second is
	second.Discard()
	e.expect(3)
}

func TestUserRingBufFull(t *testing.T) {
	e := newEcho[uint64](t)
	var sent []uint64
	for {
		err := e.p.Submit(uint64(len(sent)))
		if errors.Is(err, ErrMapFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, uint64(len(sent)))
	}
	if want := os.Getpagesize() / 16; len(sent) != want {
		t.Errorf("%d records of 8 bytes, want %d", len(sent), want)
	}
	e.expect(sent...)
	if err := e.p.Submit(7); err != nil {
		t.Error(err)
	}
	e.expect(7)
}

func TestUserRingBufTooLarge(t *testing.T) {
	e := newEcho[[]byte](t)
	page := os.Getpagesize()
	for _, n := range []int{page - ring.HeaderSize + 1, page, ring.MaxDynptr + 1, 1 << 30} {
		if _, err := e.p.Reserve(n); !errors.Is(err, ErrRecordTooLarge) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	_, err1 := e.p.Reserve(-1)
	_, err2 := e.p.ReserveWait(t.Context(), -1)
	if !errors.Is(err1, os.ErrInvalid) || !errors.Is(err2, os.ErrInvalid) {
		t.Errorf("a negative size: %v, %v", err1, err2)
	}
	r, err := e.p.Reserve(page - ring.HeaderSize)
	if err != nil {
		t.Fatal(err)
	}
	r.Put(binary.NativeEndian.AppendUint64(nil, 42))
	r.Submit()
	e.expect(42)
}

func TestUserRingBufWait(t *testing.T) {
	e := newEcho[uint64](t)
	n := uint64(0)
	for ; e.p.Submit(n) == nil; n++ {
	}
	// Three wait; each drain makes room for all of them.
	done := make(chan error, 3)
	for i := range uint64(3) {
		go func() { done <- e.p.SubmitWait(t.Context(), n+i) }()
	}
	select {
	case err := <-done:
		t.Fatalf("the ring is full, and a submit ended: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	if got := e.drain(); len(got) != int(n) {
		t.Fatalf("%d records of %d", len(got), n)
	}
	for range 3 {
		if err := wait(t, "submit", done); err != nil {
			t.Error(err)
		}
	}
	if got := e.drain(); len(got) != 3 {
		t.Errorf("%d records of 3", len(got))
	}
}

// A producer that is always ahead of the program: no wakeup may get lost.
func TestUserRingBufWaitOften(t *testing.T) {
	e := newEcho[uint64](t)
	const n = 20000
	done := make(chan error, 1)
	go func() {
		for i := range uint64(n) {
			if err := e.p.SubmitWait(t.Context(), i); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	limit := time.Now().Add(later)
	for next := uint64(0); next < n; {
		for _, v := range e.drain() {
			if v != next {
				t.Fatalf("record %d, want %d", v, next)
			}
			next++
		}
		if time.Now().After(limit) {
			t.Fatalf("stuck at %d", next)
		}
	}
	if err := wait(t, "producer", done); err != nil {
		t.Error(err)
	}
}

func TestUserRingBufWaitEnds(t *testing.T) {
	e := newEcho[uint64](t)
	for e.p.Submit(0) == nil {
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := e.p.ReserveWait(ctx, 0)
		done <- err
	}()
	cancel()
	if err := wait(t, "cancel", done); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	go func() { done <- e.p.SubmitWait(t.Context(), 1) }()
	if err := e.p.Close(); err != nil {
		t.Error(err)
	}
	if err := wait(t, "close", done); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err := e.p.Submit(1); !errors.Is(err, os.ErrClosed) {
		t.Errorf("submit after close: %v", err)
	}
}

// Pages stay mapped for a reservation that outlives its producer.
func TestUserRingBufCloseWithReservation(t *testing.T) {
	e := newEcho[uint64](t)
	r, err := e.p.Reserve(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.p.Close(); err != nil {
		t.Error(err)
	}
	r.Put(11)
	r.Submit()
	e.expect(11)
	// What is submitted is not there any more.
	if r.Bytes() != nil || r.Tail() != nil {
		t.Error("a submitted record has bytes")
	}
	r.Put(13)
	r.Submit()
	r.Discard()
	e.expect()
	// The next producer goes on where this one was.
	if e.p, err = e.m.NewProducer(); err != nil {
		t.Fatal(err)
	}
	if err := e.p.Submit(12); err != nil {
		t.Error(err)
	}
	e.expect(12)
}

func TestUserRingBufConcurrentProducers(t *testing.T) {
	e := newEcho[uint64](t)
	const each = 500
	var wg sync.WaitGroup
	for g := range uint64(4) {
		wg.Go(func() {
			for i := range uint64(each) {
				if err := e.p.SubmitWait(t.Context(), g<<32|i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()
	var next [4]uint64
	limit := time.Now().Add(later)
	for total := 0; total < 4*each && time.Now().Before(limit); {
		for _, v := range e.drain() {
			if g := v >> 32; v&0xffffffff != next[g] {
				t.Fatalf("producer %d: record %d, want %d", g, v&0xffffffff, next[g])
			}
			next[v>>32]++
			total++
		}
	}
	wait(t, "producers", finished)
	if next != [4]uint64{each, each, each, each} {
		t.Errorf("records %v", next)
	}
}

func TestUserRingBufSubmitDoesNotAllocate(t *testing.T) {
	e := newEcho[uint64](t)
	if n := testing.AllocsPerRun(100, func() {
		if err := e.p.Submit(1); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
