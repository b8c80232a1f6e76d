//go:build linux

package typed

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/plain"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"
)

// testEvent is 12 bytes: not a multiple of 8, so that perf arrays pad it, and
// with padding of its own.
type testEvent struct {
	Seq  uint32
	Kind uint8
	_    [3]byte
	PID  int32
}

func (e testEvent) bytes() []byte { return bytes.Clone(plain.Memory(&e)) }

func event(seq uint32) testEvent { return testEvent{Seq: seq, Kind: uint8(seq % 3), PID: -int32(seq)} }

// later bounds tests that would hang otherwise.
const later = time.Minute

// eventTest is a map with a reader and a program that writes.
type eventTest[T any] struct {
	*emitter
	r EventReader[T]
	// pad is whether records arrive padded as perf arrays do.
	pad bool
}

func ringTest[T any](t testing.TB, opts *RingBufOptions) (*eventTest[T], *Reader[T]) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16})
	m := new(RingBufMap[T])
	if err := bindMap(m, "events", raw); err != nil {
		t.Fatal(err)
	}
	r, err := m.NewReader(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return &eventTest[T]{emitter: newEmitter(t, raw), r: r}, r
}

func perfTest[T any](t testing.TB, opts *PerfOptions) (*eventTest[T], *Reader[T]) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.PerfEventArray})
	m := new(PerfEventMap[T])
	if err := bindMap(m, "events", raw); err != nil {
		t.Fatal(err)
	}
	r, err := m.NewReader(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return &eventTest[T]{emitter: newEmitter(t, raw), r: r, pad: true}, r
}

// read reads one event.
func read[T any](r EventReader[T]) (T, error) {
	var rec Record[T]
	err := r.Next(context.Background(), &rec)
	return rec.Event, err
}

// over is a context that has ended: a call with it takes what is there and does
// not wait.
func over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// both runs a test over a ring buffer and over a perf event array.
func both[T any](t *testing.T, minSize int, test func(*testing.T, *eventTest[T])) {
	t.Run("ringbuf", func(t *testing.T) {
		e, _ := ringTest[T](t, &RingBufOptions{MinSize: minSize})
		e.t = t
		test(t, e)
	})
	t.Run("perf", func(t *testing.T) {
		e, _ := perfTest[T](t, &PerfOptions{MinSize: minSize})
		onOneCPU(t) // records of several CPUs come in no order
		e.t = t
		test(t, e)
	})
}

// cut takes the meaningless bytes off what a perf array has behind n bytes.
func (e *eventTest[T]) cut(t *testing.T, got []byte, n int) []byte {
	t.Helper()
	if len(got) < n || len(got)-n > 7 || (!e.pad && len(got) != n) {
		t.Fatalf("%d bytes, want %d", len(got), n)
	}
	return got[:n]
}

func TestReadEvents(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		for seq := range uint32(5) {
			e.emit(event(seq).bytes())
		}
		var rec Record[testEvent]
		for seq := range uint32(5) {
			if err := e.r.Next(t.Context(), &rec); err != nil || rec.Event != event(seq) {
				t.Fatalf("event %d: %+v, %v", seq, rec.Event, err)
			}
			e.cut(t, rec.Tail, 0)
			if raw := e.cut(t, rec.Raw, 12); !bytes.Equal(raw, event(seq).bytes()) {
				t.Errorf("record %x", raw)
			}
			if e.pad != (rec.CPU >= 0) {
				t.Errorf("CPU %d", rec.CPU)
			}
		}
	})
}

func TestEventTail(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		long := append(event(1).bytes(), "a path, say"...)
		e.emit(long)
		e.emit(event(2).bytes())
		var rec Record[testEvent]
		if err := e.r.Next(t.Context(), &rec); err != nil || rec.Event != event(1) {
			t.Fatalf("%+v, %v", rec, err)
		}
		if tail := e.cut(t, rec.Tail, len("a path, say")); string(tail) != "a path, say" {
			t.Errorf("tail %q", tail)
		}
		if raw := e.cut(t, rec.Raw, len(long)); !bytes.Equal(raw, long) {
			t.Errorf("record %x, want %x", raw, long)
		}
		if err := e.r.Next(t.Context(), &rec); err != nil || rec.Event != event(2) {
			t.Fatalf("%+v, %v", rec, err)
		}
		e.cut(t, rec.Tail, 0)
	})
}

func TestShortRecord(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		e.emit([]byte{1, 2, 3, 4})
		e.emit(event(7).bytes())
		rec := Record[testEvent]{Event: event(99)}
		err := e.r.Next(t.Context(), &rec)
		var short *ShortRecordError
		if !errors.As(err, &short) {
			t.Fatalf("error %v, want a ShortRecordError", err)
		}
		if *short != (ShortRecordError{Map: "events", Want: 12, Got: 4}) {
			t.Errorf("%+v", *short)
		}
		if rec.Event != event(99) {
			t.Errorf("the event was changed: %+v", rec.Event)
		}
		if !bytes.Equal(rec.Raw, []byte{1, 2, 3, 4}) || rec.Tail != nil {
			t.Errorf("the record is %x and its tail %x", rec.Raw, rec.Tail)
		}
		if got, err := read(e.r); err != nil || got != event(7) {
			t.Fatalf("after a short record: %+v, %v", got, err)
		}
	})
}

// Records of older programs, whose struct ended earlier, are whole; what they
// lack is zero. Those of newer ones have what the Go type lacks in their tail.
func TestRecordsOfOtherVersions(t *testing.T) {
	both(t, 8, func(t *testing.T, e *eventTest[testEvent]) {
		whole := event(7).bytes()
		// Perf records are of 4, 12, 20, … bytes: one of 8 arrives as 12.
		e.emit(whole[:5])
		if !e.pad {
			e.emit(whole[:8])
		}
		e.emit(append(whole, "more....."...))
		rec := Record[testEvent]{Event: event(99)}
		var short *ShortRecordError
		if err := e.r.Next(t.Context(), &rec); !e.pad && (!errors.As(err, &short) || *short != ShortRecordError{"events", 8, 5}) {
			t.Errorf("5 bytes: %v", err)
		}
		if !e.pad {
			rec.Event = event(99)
			must(t, e.r.Next(t.Context(), &rec))
			want := event(7)
			want.PID = 0
			if rec.Event != want || !bytes.Equal(rec.Raw, whole[:8]) || rec.Tail != nil {
				t.Errorf("8 bytes: %+v", rec)
			}
		}
		must(t, e.r.Next(t.Context(), &rec))
		if tail := e.cut(t, rec.Tail, 9); rec.Event != event(7) || string(tail) != "more....." {
			t.Errorf("21 bytes: %+v", rec)
		}
		equal(t, "MinSize", e.r.MinSize(), 8)
	})
}

func TestMinSizeIsOfTheType(t *testing.T) {
	needKernel(t)
	ring, perf := new(RingBufMap[testEvent]), new(PerfEventMap[testEvent])
	must(t, bindMap(ring, "ring", newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16})))
	must(t, bindMap(perf, "perf", newMap(t, &ebpf.MapSpec{Type: ebpf.PerfEventArray})))
	for _, n := range []int{-1, 13} {
		_, err1 := ring.NewReader(&RingBufOptions{MinSize: n})
		_, err2 := perf.NewReader(&PerfOptions{MinSize: n})
		eachFails(t, os.ErrInvalid, []failing{{"ring", err1}, {"perf", err2}})
	}
}

// tailed ends in a flexible array that begins in its padding, at 6, as the types
// that are generated for such structs say.
type tailed struct {
	N       uint32
	Count   uint8
	_       [1]byte
	RawTail [2]byte
}

func (*tailed) MinSize() int { return 6 }

// A record that ends where the flexible array begins is whole.
func TestRecordWithAnEmptyTail(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[tailed]) {
		e.emit([]byte{1, 0, 0, 0, 9, 0})
		e.emit([]byte{2, 0, 0, 0, 9, 0, 'a', 'b', 'c', 'd', 'e'})
		rec := Record[tailed]{Event: tailed{RawTail: [2]byte{'x', 'x'}}}
		must(t, e.r.Next(t.Context(), &rec))
		if rec.Event.Count != 9 || rec.Tail != nil && !e.pad {
			t.Errorf("%+v", rec)
		}
		if !e.pad { // 6 bytes arrive as 12
			equal(t, "empty tail", rec.Event.RawTail, [2]byte{})
		}
		must(t, e.r.Next(t.Context(), &rec))
		if tail := e.cut(t, rec.Tail, 3); rec.Event.RawTail != [2]byte{'a', 'b'} || string(tail) != "cde" {
			t.Errorf("%+v", rec)
		}
		if !e.pad {
			e.emit([]byte{1, 0, 0, 0, 9})
			var short *ShortRecordError
			if err := e.r.Next(t.Context(), &rec); !errors.As(err, &short) || short.Want != 6 {
				t.Errorf("5 bytes: %v", err)
			}
		}
	})
}

func TestDecodeRecord(t *testing.T) {
	raw := append(event(3).bytes(), 1, 2)
	var rec Record[testEvent]
	must(t, DecodeRecord(raw, 0, &rec))
	if rec.Event != event(3) || !bytes.Equal(rec.Raw, raw) || !bytes.Equal(rec.Tail, []byte{1, 2}) {
		t.Errorf("%+v", rec)
	}
	raw[0] = 99 // the record has a copy
	equal(t, "first byte", rec.Raw[0], event(3).bytes()[0])
	var short *ShortRecordError
	if err := DecodeRecord(raw[:8], 0, &rec); !errors.As(err, &short) {
		t.Errorf("short: %v", err)
	}
	must(t, DecodeRecord(raw[:8], 8, &rec))
	equal(t, "PID", rec.Event.PID, 0)
	var text Record[[]byte]
	must(t, DecodeRecord([]byte("text"), 0, &text))
	equal(t, "text", string(text.Event)+string(text.Raw), "texttext")
	if err := DecodeRecord(raw, 0, new(Record[*int])); err == nil {
		t.Error("bytes became a pointer")
	}
}

func TestRawRecords(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[[]byte]) {
		records := [][]byte{[]byte("one"), []byte("and another"), []byte("two")}
		for _, rec := range records {
			e.emit(rec)
		}
		var first, second Record[[]byte]
		must(t, e.r.Next(t.Context(), &first))
		must(t, e.r.Next(t.Context(), &second))
		for got, err := range e.r.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if got := e.cut(t, got, 3); string(got) != "two" {
				t.Errorf("record %q", got)
			}
			break
		}
		// Each record has memory of its own.
		for i, rec := range []*Record[[]byte]{&first, &second} {
			if got := e.cut(t, rec.Event, len(records[i])); !bytes.Equal(got, records[i]) || !bytes.Equal(rec.Event, rec.Raw) {
				t.Errorf("record %d became %q", i, rec.Raw)
			}
		}
	})
}

func TestAllGoesOnAfterRecordErrors(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		e.emit(event(0).bytes())
		e.emit([]byte{1})
		e.emit(event(2).bytes())
		var got []uint32
		shorts := 0
		for ev, err := range e.r.All(t.Context()) {
			var short *ShortRecordError
			switch {
			case errors.As(err, &short):
				shorts++
				if ev != (testEvent{}) {
					t.Errorf("an event beside the error: %+v", ev)
				}
			case err != nil:
				t.Fatal(err)
			default:
				got = append(got, ev.Seq)
			}
			if len(got) == 2 {
				break
			}
		}
		if shorts != 1 || got[0] != 0 || got[1] != 2 {
			t.Errorf("events %v, %d short", got, shorts)
		}
	})
}

// loop ranges over the events in a goroutine and reports the errors and that
// it ended.
func loop(r EventReader[testEvent], ctx context.Context) (events <-chan testEvent, done <-chan []error) {
	ch, end := make(chan testEvent, 16), make(chan []error, 1)
	go func() {
		var errs []error
		for ev, err := range r.All(ctx) {
			if err != nil {
				errs = append(errs, err)
				continue
			}
			ch <- ev
		}
		end <- errs
	}()
	return ch, end
}

func wait[T any](t *testing.T, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(later):
		t.Fatalf("%s: still waiting after %v", what, later)
		panic("unreachable")
	}
}

func TestAllEndsOnCancel(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		ctx, cancel := context.WithCancel(t.Context())
		events, done := loop(e.r, ctx)
		e.emit(event(1).bytes())
		wait(t, "event", events)
		cancel()
		if errs := wait(t, "end", done); errs != nil {
			t.Errorf("errors %v", errs)
		}
		// The reader still works, and the wakeup of the cancellation is gone.
		e.emit(event(2).bytes())
		if got, err := read(e.r); err != nil || got != event(2) {
			t.Errorf("after cancellation: %+v, %v", got, err)
		}
		e.emit(event(3).bytes())
		for range e.r.All(ctx) {
			t.Error("an event after cancellation")
		}
		// Next takes what is there, and does not wait.
		rec := new(Record[testEvent])
		if err := e.r.Next(ctx, rec); err != nil || rec.Event != event(3) {
			t.Errorf("%+v, %v", rec, err)
		}
		if err := e.r.Next(ctx, rec); !errors.Is(err, context.Canceled) || rec.Raw != nil {
			t.Errorf("of nothing: %v, %x", err, rec.Raw)
		}
	})
}

func TestCloseEndsReaders(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		events, done := loop(e.r, t.Context())
		e.emit(event(1).bytes())
		wait(t, "event", events)
		if err := e.r.Close(); err != nil {
			t.Error(err)
		}
		if errs := wait(t, "end", done); errs != nil {
			t.Errorf("errors %v", errs)
		}
		if _, err := read(e.r); !errors.Is(err, os.ErrClosed) {
			t.Errorf("read after close: %v", err)
		}
		if err := e.r.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
	})
}

func TestCloseEndsRead(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		done := make(chan error, 1)
		go func() {
			_, err := read(e.r)
			done <- err
		}()
		if err := e.r.Close(); err != nil {
			t.Error(err)
		}
		if err := wait(t, "read", done); !errors.Is(err, os.ErrClosed) {
			t.Errorf("error %v", err)
		}
	})
}

func TestDeadline(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(10*time.Millisecond))
		defer cancel()
		failsWith(t, "deadline", e.r.Next(ctx, new(Record[testEvent])), context.DeadlineExceeded)
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		_, done := loop(e.r, ctx)
		if errs := wait(t, "end", done); errs != nil {
			t.Errorf("All: errors %v", errs)
		}
		e.emit(event(2).bytes())
		equal(t, "without deadline", got(read(e.r))(t), event(2))
	})
}

func TestFlush(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		e.emit(event(1).bytes())
		if err := e.r.Flush(); err != nil {
			t.Fatal(err)
		}
		if got, err := read(e.r); err != nil || got != event(1) {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := read(e.r); !errors.Is(err, ErrFlushed) {
			t.Errorf("error %v", err)
		}
		e.emit(event(2).bytes())
		if got, err := read(e.r); err != nil || got != event(2) {
			t.Errorf("after the flush: %+v, %v", got, err)
		}
		// A loop tells of a flush and goes on.
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, done := loop(e.r, ctx)
		for range 3 {
			must(t, e.r.Flush())
		}
		e.emit(event(3).bytes())
		for e.r.(*Reader[testEvent]).core.flushed.Load() {
			runtime.Gosched()
		}
		cancel()
		errs := wait(t, "end", done)
		if len(errs) == 0 || len(errs) > 3 || !errors.Is(errs[0], ErrFlushed) {
			t.Errorf("errors %v", errs)
		}
	})
}

func TestReadingDoesNotAllocate(t *testing.T) {
	const n = 64
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		fill := func() {
			for seq := range uint32(n + 1) {
				e.emit(event(seq).bytes())
			}
		}
		fill()
		var rec Record[testEvent]
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		read := func() {
			if err := e.r.Next(ctx, &rec); err != nil {
				t.Fatal(err)
			}
		}
		if got := testing.AllocsPerRun(n, read); got != 0 {
			t.Errorf("Next: %v allocations", got)
		}
		fill()
		left := n + 1
		if got := testing.AllocsPerRun(1, func() {
			for range e.r.All(t.Context()) {
				if left--; left%(n/2) == 0 {
					break
				}
			}
		}); got >= n/4 {
			t.Errorf("All: %v allocations for %d events", got, n/2)
		}
	})
}

// What the program sent is what was received and what was reported as lost.
func TestPerfLostSamples(t *testing.T) {
	onOneCPU(t)
	e, r := perfTest[testEvent](t, &PerfOptions{PerCPUBuffer: os.Getpagesize()})
	sent := uint64(0)
	count := func(ctx context.Context) (events, lost uint64) {
		for rec, err := range drained(r, ctx) {
			var loss *LostSamplesError
			switch {
			case err == nil:
				events++
			case errors.As(err, &loss):
				lost += loss.Count
				if loss.Map != "events" || rec.Raw != nil {
					t.Errorf("%+v with %x", loss, rec.Raw)
				}
			default:
				t.Error(err)
			}
		}
		return events, lost
	}
	for ; e.try(event(uint32(sent)).bytes()) == 0; sent++ {
	}
	for range 9 {
		e.try(event(0).bytes())
	}
	const refused = 10
	// The kernel tells of losses with the next record of the CPU that has room.
	events, lost := count(t.Context())
	if events != sent || lost != 0 {
		t.Errorf("%d events of %d, %d lost", events, sent, lost)
	}
	e.emit(event(0).bytes())
	if events, lost := count(t.Context()); events != 1 || lost != refused {
		t.Errorf("%d events of 1, %d lost of %d", events, lost, refused)
	}
	// After a flush it is asked, and does not tell twice.
	for sent = 0; e.try(event(uint32(sent)).bytes()) == 0; sent++ {
	}
	must(t, r.Flush())
	events, lost = flushed(t, r)
	if late := releaseIs(t, 6, 0); events != sent || late && lost != 1 {
		t.Errorf("%d events of %d, %d lost", events, sent, lost)
	}
	e.emit(event(0).bytes())
	must(t, r.Flush())
	n, again := flushed(t, r)
	if n != 1 || lost+again != 1 {
		t.Errorf("%d events of 1, %d and %d lost", n, lost, again)
	}
}

// drained ranges over what is there.
func drained[T any](r EventReader[T], ctx context.Context) func(yield func(*Record[T], error) bool) {
	return func(yield func(*Record[T], error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		for rec := new(Record[T]); ; {
			err := r.Next(ctx, rec)
			if errors.Is(err, context.Canceled) || !yield(rec, err) {
				return
			}
		}
	}
}

// flushed counts the events and the losses up to ErrFlushed.
func flushed(t *testing.T, r *Reader[testEvent]) (events, lost uint64) {
	t.Helper()
	for _, err := range r.All(t.Context()) {
		var loss *LostSamplesError
		switch {
		case err == nil:
			events++
		case errors.As(err, &loss):
			lost += loss.Count
		case errors.Is(err, ErrFlushed):
			return events, lost
		default:
			t.Fatal(err)
		}
	}
	t.Fatal("no end of the flush")
	return 0, 0
}

// releaseIs says that the kernel is of that release or a later one.
func releaseIs(t *testing.T, major, minor uint32) bool {
	t.Helper()
	code, err := features.LinuxVersionCode()
	must(t, err)
	return code>>8 >= major<<8|minor
}

func TestPerfWakeupEvents(t *testing.T) {
	onOneCPU(t)
	e, r := perfTest[testEvent](t, &PerfOptions{WakeupEvents: 3})
	for seq := range uint32(3) {
		e.emit(event(seq).bytes())
	}
	for seq := range uint32(3) {
		if got, err := read(r); err != nil || got != event(seq) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	e.emit(event(3).bytes()) // wakes nobody, and is there after a flush
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	if got, err := read(r); err != nil || got != event(3) {
		t.Errorf("%+v, %v", got, err)
	}
	m := new(PerfEventMap[testEvent])
	if err := bindMap(m, "events", newMap(t, &ebpf.MapSpec{Type: ebpf.PerfEventArray})); err != nil {
		t.Fatal(err)
	}
	if _, err := m.NewReader(&PerfOptions{WakeupEvents: 3, Watermark: 3}); err == nil {
		t.Error("a number of records and one of bytes at once")
	}
}

// A perf event of the user's own, in the place of a reader's.
func TestPerfPutEvent(t *testing.T) {
	needKernel(t)
	m := new(PerfEventMap[testEvent])
	if err := bindMap(m, "events", newMap(t, &ebpf.MapSpec{Type: ebpf.PerfEventArray})); err != nil {
		t.Fatal(err)
	}
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK}
	attr.Size = uint32(unsafe.Sizeof(attr))
	fd, err := unix.PerfEventOpen(&attr, -1, 0, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	must(t, m.PutEvent(0, fd))
	must(t, m.DeleteEvent(0))
	failsWith(t, "delete of no event", m.DeleteEvent(0), notExist...)
	failsWith(t, "put of no event", m.PutEvent(0, int(os.Stdin.Fd())), unix.EBADF)
	failsWith(t, "put out of range", m.PutEvent(1<<20, fd), ebpf.ErrKeyNotExist, unix.E2BIG)
	failsWith(t, "put of no descriptor", m.PutEvent(0, -1), os.ErrClosed)
	must(t, m.Close())
	eachFails(t, os.ErrClosed, []failing{{"PutEvent", m.PutEvent(0, fd)}, {"DeleteEvent", m.DeleteEvent(0)}})
}

// Records that a program takes back are passed over, also where nothing else
// comes.
func TestRingBufDiscarded(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: uint32(os.Getpagesize())})
	m := new(RingBufMap[testEvent])
	must(t, bindMap(m, "events", raw))
	r := got(m.NewReader(nil))(t)
	defer r.Close()
	e, discard := newEmitter(t, raw), newProgram(t, discardCode(raw))
	for seq := range uint32(1000) { // several times around the buffer
		for range 3 {
			runProgram(t, discard)
		}
		e.emit(event(seq).bytes())
		if got, err := read(r); err != nil || got != event(seq) {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	runProgram(t, discard)
	failsWith(t, "of what was discarded", r.Next(over(), new(Record[testEvent])), context.Canceled)
}

// Records without wakeup are read when something else wakes the reader: a
// flush, a record with one.
func TestRingBufWithoutWakeup(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16})
	m := new(RingBufMap[testEvent])
	must(t, bindMap(m, "events", raw))
	r := got(m.NewReader(nil))(t)
	defer r.Close()
	const noWakeup, forceWakeup = 1, 2 // BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP
	quiet, loud := newEmitterWithFlags(t, raw, noWakeup), newEmitterWithFlags(t, raw, forceWakeup)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events, done := loop(r, ctx)
	for what, wake := range map[string]func() error{
		"flush":  r.Flush,
		"record": func() error { loud.emit(event(2).bytes()); return nil },
	} {
		quiet.emit(event(1).bytes())
		must(t, wake())
		equal(t, what, wait(t, what, events), event(1))
		if what == "record" {
			equal(t, what, wait(t, what, events), event(2))
		}
	}
	cancel()
	errs := wait(t, "end", done)
	if len(errs) != 1 || !errors.Is(errs[0], ErrFlushed) {
		t.Errorf("errors %v", errs)
	}
	quiet.emit(event(3).bytes())
	equal(t, "without waiting", got(read(r))(t), event(3))
}

// Closing a map ends its readers.
func TestRingBufReaderOfAClosedMap(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16})
	m := new(RingBufMap[testEvent])
	must(t, bindMap(m, "events", raw))
	e := newEmitter(t, raw)
	first := got(m.NewReader(nil))(t)
	e.emit(event(1).bytes())
	equal(t, "first", got(read(first))(t), event(1))
	must(t, m.Close()) // closes the reader
	if _, err := read(first); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read of a closed map: %v", err)
	}
	if _, err := m.NewReader(nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("reader of a closed map: %v", err)
	}
}

func TestPerfPause(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.PerfEventArray})
	m := new(PerfEventMap[testEvent])
	must(t, bindMap(m, "events", raw))
	if err := errors.Join(m.Pause(), m.Resume()); err == nil {
		t.Error("no reader was paused")
	}
	r := got(m.NewReader(nil))(t)
	e := newEmitter(t, raw)
	e.emit(event(0).bytes())
	must(t, m.Pause())
	if ret := e.try(event(1).bytes()); ret == 0 {
		t.Error("a paused reader takes records")
	}
	equal(t, "of before", got(read(r))(t), event(0))
	must(t, m.Resume())
	e.emit(event(2).bytes())
	equal(t, "after", got(read(r))(t), event(2))
	equal(t, "BufferSize", r.BufferSize(), 16*os.Getpagesize())
	must(t, r.Close())
	if err := m.Pause(); err == nil {
		t.Error("a closed reader was paused")
	}
	// A closed reader's buffers are out of the array.
	if ret := e.try(event(3).bytes()); ret != -int32(unix.ENOENT) {
		t.Errorf("output without a reader: %d", ret)
	}
}

// An overwritable buffer has what fits of the newest records, the newest first,
// and each of them once.
func TestPerfOverwritable(t *testing.T) {
	onOneCPU(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.PerfEventArray})
	m := new(PerfEventMap[testEvent])
	must(t, bindMap(m, "events", raw))
	r := got(m.NewReader(&PerfOptions{PerCPUBuffer: os.Getpagesize(), Overwritable: true}))(t)
	defer r.Close()
	e := newEmitter(t, raw)
	if err := r.Next(t.Context(), new(Record[testEvent])); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("while it is written: %v", err)
	}
	room := os.Getpagesize() / 24 // 8 of header, 4 of size, 12
	next := uint32(0)
	for _, n := range []int{3, 10 * room, 0, room / 2} {
		for range n {
			e.emit(event(next).bytes())
			next++
		}
		must(t, m.Pause())
		seen := 0
		for ev, err := range r.All(t.Context()) {
			must(t, err)
			seen++
			equal(t, "event", ev, event(next-uint32(seen)))
		}
		if want := min(n, room); seen != want {
			t.Errorf("%d records of %d", seen, want)
		}
		failsWith(t, "at the end", r.Next(t.Context(), new(Record[testEvent])), io.EOF)
		must(t, m.Resume())
	}
}

// openTest is a collection spec as Open makes it, of the given spec.
func openTest(spec *ebpf.CollectionSpec) *CollectionSpec {
	return &CollectionSpec{
		Spec: spec, name: "test",
		programs:     make(map[string]*programState),
		replacements: make(map[string]*mapLife),
	}
}

func TestCollectionClosesReaders(t *testing.T) {
	sinceKernel(t, 6, 1, "user ring buffers")
	c, err := openTest(&ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{
		"ring": {Type: ebpf.RingBuf, MaxEntries: 1 << 12},
		"perf": {Type: ebpf.PerfEventArray},
		"user": {Type: ebpf.UserRingbuf, MaxEntries: 1 << 12},
	}}).Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	ring := new(RingBufMap[testEvent])
	perf := new(PerfEventMap[testEvent])
	user := new(UserRingBufMap[testEvent])
	BindMap(c, ring, "ring")
	BindMap(c, perf, "perf")
	BindMap(c, user, "user")
	rr, err1 := ring.NewReader(nil)
	pr, err2 := perf.NewReader(nil)
	producer, err3 := user.NewProducer()
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	_, ringDone := loop(rr, t.Context())
	_, perfDone := loop(pr, t.Context())
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if errs := append(wait(t, "ring", ringDone), wait(t, "perf", perfDone)...); errs != nil {
		t.Errorf("errors %v", errs)
	}
	if err := producer.Submit(event(0)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("submit: %v", err)
	}
	if err := errors.Join(rr.Close(), pr.Close(), producer.Close()); err != nil {
		t.Errorf("close after the collection: %v", err)
	}
}

func TestClosedReaderIsForgotten(t *testing.T) {
	needKernel(t)
	m := new(RingBufMap[testEvent])
	if err := bindMap(m, "events", newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 12})); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r, err := m.NewReader(nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	if m.c.events.has() != nil {
		t.Error("the map has a closed reader")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func TestEventsNotLoaded(t *testing.T) {
	c := &Collection{Library: new(ebpf.Collection), Links: new(Links)}
	ring := new(RingBufMap[testEvent])
	perf := new(PerfEventMap[testEvent])
	user := new(UserRingBufMap[testEvent])
	BindMap(c, ring, "ring")
	BindMap(c, perf, "perf")
	BindMap(c, user, "user")
	_, err1 := ring.NewReader(nil)
	_, err2 := perf.NewReader(nil)
	_, err3 := user.NewProducer()
	for _, err := range []error{err1, err2, err3, perf.PutEvent(0, 0), perf.DeleteEvent(0)} {
		if !errors.Is(err, ErrNotLoaded) {
			t.Errorf("error %v", err)
		}
	}
}

func TestEventLayout(t *testing.T) {
	size := func(n uint32) btf.Type { return &btf.Typedef{Name: "t", Type: &btf.Struct{Name: "event", Size: n}} }
	check := func(what string, fits bool, h AnyMap, spec *ebpf.MapSpec) {
		t.Helper()
		err := checkMapSpec(h, "events", spec)
		var layout *LayoutError
		if fits != (err == nil) || !fits && !errors.As(err, &layout) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ring := func(v btf.Type) *ebpf.MapSpec { return &ebpf.MapSpec{Type: ebpf.RingBuf, Value: v} }
	check("no type", true, new(RingBufMap[testEvent]), ring(nil))
	check("same size", true, new(RingBufMap[testEvent]), ring(size(12)))
	check("other size", false, new(RingBufMap[testEvent]), ring(size(16)))
	check("raw", true, new(RingBufMap[[]byte]), ring(size(16)))
	check("int", true, new(PerfEventMap[testEvent]), &ebpf.MapSpec{Type: ebpf.PerfEventArray, Value: &btf.Int{Size: 4}})
	check("map type", false, new(PerfEventMap[testEvent]), ring(nil))
	check("user", false, new(UserRingBufMap[testEvent]), ring(nil))
	check("pointer", false, new(RingBufMap[*testEvent]), ring(nil))
	check("int of no size", false, new(RingBufMap[struct{ N int }]), ring(nil))
	check("string", false, new(RingBufMap[[2]struct{ S string }]), ring(nil))
}

func TestEventTypeOfTagAndGenerator(t *testing.T) {
	header := &btf.Struct{Name: "header", Size: 4}
	full := &btf.Struct{Name: "full", Size: 12}
	b, err := btf.NewBuilder([]btf.Type{header, full}, nil)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := b.Marshal(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	types, err := btf.LoadSpecFromReader(bytes.NewReader(blob))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, tag, event string
		fits             bool
	}{
		{"value alone", "", "", false},
		{"tag", "bpfgen:event=struct full", "", true},
		{"generator", "", "struct full", true},
		{"generator over tag", "bpfgen:event=struct header", "struct full", true},
		{"without keyword", "", "full", true},
		{"wrong tag", "bpfgen:event=struct header", "", false},
		{"not in the object", "", "struct other", true},
	} {
		spec := &ebpf.MapSpec{Type: ebpf.RingBuf, Value: header}
		if test.tag != "" {
			spec.Tags = []string{test.tag}
		}
		c := openTest(&ebpf.CollectionSpec{Types: types, Maps: map[string]*ebpf.MapSpec{"events": spec}})
		if test.event != "" {
			BindEventType(c, "events", test.event)
		}
		var s *MapSpec[*RingBufMap[testEvent]]
		bindSpecOf(c, &s, "events")
		if err := c.Err(); (err == nil) != test.fits {
			t.Errorf("%s: %v", test.name, err)
		}
		if s.Value != header {
			t.Errorf("%s: the spec was changed", test.name)
		}
	}
}

// What the type says of short records counts where the options say nothing.
func TestMinSizeOfTheType(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 12})
	m := new(RingBufMap[testEvent])
	if err := bindMap(m, "events", raw); err != nil {
		t.Fatal(err)
	}
	r, err := NewRingBufReader[testEvent](m.Handle(), 1, new(RingBufOptions))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	newEmitter(t, raw).emit([]byte{0})
	if got, err := read(r); err != nil || got != (testEvent{}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Records that a reader has read are read, also where it did not say so to the
// kernel before it was closed.
func TestNextReaderGoesOn(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16})
	m := new(RingBufMap[testEvent])
	if err := bindMap(m, "events", raw); err != nil {
		t.Fatal(err)
	}
	e := newEmitter(t, raw)
	for seq := range uint32(3) {
		e.emit(event(seq).bytes())
	}
	for seq := range uint32(3) {
		r, err := m.NewReader(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := read(r); err != nil || got != event(seq) {
			t.Errorf("%+v, %v; want %+v", got, err, event(seq))
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Many times around the buffer with records of all sizes, the reader now ahead
// and now behind: none is lost, none comes twice, no wakeup is missed.
func TestRingBufManyRecords(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: uint32(os.Getpagesize())})
	m := new(RingBufMap[uint64])
	if err := bindMap(m, "events", raw); err != nil {
		t.Fatal(err)
	}
	r, err := m.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	const n = 5000
	done := make(chan error, 1)
	go func() {
		next := uint64(0)
		for rec, err := range r.Records(t.Context()) {
			if want := 8 + int(next%200); err != nil || rec.Event != next || len(rec.Raw) != want {
				done <- fmt.Errorf("record %d of %d bytes, want %d of %d, %w", rec.Event, len(rec.Raw), next, want, err)
				return
			}
			if next++; next == n {
				break
			}
		}
		done <- nil
	}()
	e := newEmitter(t, raw)
	rec := make([]byte, 8+200)
	for i := range uint64(n) {
		binary.NativeEndian.PutUint64(rec, i)
		for e.try(rec[:8+i%200]) != 0 && len(done) == 0 {
			runtime.Gosched() // full: the reader goes on
		}
	}
	if err := wait(t, "reader", done); err != nil {
		t.Error(err)
	}
}
