//go:build linux

package typed

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
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

func (e testEvent) bytes() []byte { return bytes.Clone(memoryOf(&e)) }

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
	m := new(RingBuf[T])
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

func perfTest[T any](t testing.TB, opts *PerfOptions) (*eventTest[T], *PerfReader[T]) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.PerfEventArray})
	m := new(PerfEventArray[T])
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

// both runs a test over a ring buffer and over a perf event array.
func both[T any](t *testing.T, zeroFill bool, test func(*testing.T, *eventTest[T])) {
	t.Run("ringbuf", func(t *testing.T) {
		e, _ := ringTest[T](t, &RingBufOptions{ZeroFill: zeroFill})
		e.t = t
		test(t, e)
	})
	t.Run("perf", func(t *testing.T) {
		e, _ := perfTest[T](t, &PerfOptions{ZeroFill: zeroFill})
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
	both(t, false, func(t *testing.T, e *eventTest[testEvent]) {
		for seq := range uint32(5) {
			e.emit(event(seq).bytes())
		}
		for seq := range uint32(3) {
			got, err := e.r.Read()
			if err != nil || got != event(seq) {
				t.Fatalf("event %d: %+v, %v", seq, got, err)
			}
		}
		var got testEvent
		for seq := uint32(3); seq < 5; seq++ {
			if err := e.r.ReadInto(&got); err != nil || got != event(seq) {
				t.Fatalf("event %d: %+v, %v", seq, got, err)
			}
			e.cut(t, e.r.Tail(), 0)
		}
	})
}

func TestEventTail(t *testing.T) {
	both(t, false, func(t *testing.T, e *eventTest[testEvent]) {
		long := append(event(1).bytes(), "a path, say"...)
		e.emit(long)
		e.emit(event(2).bytes())
		got, err := e.r.Read()
		if err != nil || got != event(1) {
			t.Fatalf("%+v, %v", got, err)
		}
		if tail := e.cut(t, e.r.Tail(), len("a path, say")); string(tail) != "a path, say" {
			t.Errorf("tail %q", tail)
		}
		if rec := e.cut(t, e.r.Record(), len(long)); !bytes.Equal(rec, long) {
			t.Errorf("record %x, want %x", rec, long)
		}
		if got, err := e.r.Read(); err != nil || got != event(2) {
			t.Fatalf("%+v, %v", got, err)
		}
		e.cut(t, e.r.Tail(), 0)
	})
}

func TestShortRecord(t *testing.T) {
	both(t, false, func(t *testing.T, e *eventTest[testEvent]) {
		e.emit([]byte{1, 2, 3, 4})
		e.emit(event(7).bytes())
		kept := event(99)
		err := e.r.ReadInto(&kept)
		var short *ShortRecordError
		if !errors.As(err, &short) {
			t.Fatalf("error %v, want a ShortRecordError", err)
		}
		if *short != (ShortRecordError{Map: "events", Want: 12, Got: 4}) {
			t.Errorf("%+v", *short)
		}
		if kept != event(99) {
			t.Errorf("the event was changed: %+v", kept)
		}
		if got, err := e.r.Read(); err != nil || got != event(7) {
			t.Fatalf("after a short record: %+v, %v", got, err)
		}
	})
}

func TestZeroFilledRecord(t *testing.T) {
	both(t, true, func(t *testing.T, e *eventTest[testEvent]) {
		e.emit([]byte{1, 0, 0, 0})
		got := event(99)
		if err := e.r.ReadInto(&got); err != nil {
			t.Fatal(err)
		}
		if want := (testEvent{Seq: binary.NativeEndian.Uint32([]byte{1, 0, 0, 0})}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if tail := e.r.Tail(); len(tail) != 0 {
			t.Errorf("tail %x", tail)
		}
	})
}

func TestRawRecords(t *testing.T) {
	both(t, false, func(t *testing.T, e *eventTest[[]byte]) {
		records := [][]byte{[]byte("one"), []byte("and another"), []byte("two")}
		for _, rec := range records {
			e.emit(rec)
		}
		first, err := e.r.Read()
		if err != nil {
			t.Fatal(err)
		}
		i := 1
		for got, err := range e.r.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if got := e.cut(t, got, len(records[i])); !bytes.Equal(got, records[i]) {
				t.Errorf("record %d: %q", i, got)
			}
			if i++; i == len(records) {
				break
			}
		}
		// What Read returns is the caller's.
		if got := e.cut(t, first, len("one")); string(got) != "one" {
			t.Errorf("the first record became %q", got)
		}
	})
}

func TestAllGoesOnAfterRecordErrors(t *testing.T) {
	both(t, false, func(t *testing.T, e *eventTest[testEvent]) {
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
	both(t, false, func(t *testing.T, e *eventTest[testEvent]) {
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
		if got, err := e.r.Read(); err != nil || got != event(2) {
			t.Errorf("after cancellation: %+v, %v", got, err)
		}
		for range e.r.All(ctx) {
			t.Error("an event after cancellation")
		}
	})
}

func TestCloseEndsReaders(t *testing.T) {
	both(t, false, func(t *testing.T, e *eventTest[testEvent]) {
		events, done := loop(e.r, t.Context())
		e.emit(event(1).bytes())
		wait(t, "event", events)
		if err := e.r.Close(); err != nil {
			t.Error(err)
		}
		if errs := wait(t, "end", done); errs != nil {
			t.Errorf("errors %v", errs)
		}
		if _, err := e.r.Read(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("read after close: %v", err)
		}
		if err := e.r.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
	})
}

func TestCloseEndsRead(t *testing.T) {
	both(t, false, func(t *testing.T, e *eventTest[testEvent]) {
		done := make(chan error, 1)
		go func() {
			_, err := e.r.Read()
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
	both(t, false, func(t *testing.T, e *eventTest[testEvent]) {
		e.emit(event(1).bytes())
		if err := e.r.SetDeadline(time.Now().Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		if got, err := e.r.Read(); err != nil || got != event(1) {
			t.Errorf("with a deadline in the past: %+v, %v", got, err)
		}
		if _, err := e.r.Read(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		_, done := loop(e.r, t.Context())
		if errs := wait(t, "end", done); len(errs) != 1 || !errors.Is(errs[0], os.ErrDeadlineExceeded) {
			t.Errorf("All: errors %v", errs)
		}
		if err := e.r.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		e.emit(event(2).bytes())
		if got, err := e.r.Read(); err != nil || got != event(2) {
			t.Errorf("without deadline: %+v, %v", got, err)
		}
	})
}

func TestDeadlineReachesAWaitingRead(t *testing.T) {
	both(t, false, func(t *testing.T, e *eventTest[testEvent]) {
		events, done := loop(e.r, t.Context())
		e.emit(event(1).bytes())
		wait(t, "event", events) // the loop now waits, or is about to
		if err := e.r.SetDeadline(time.Now()); err != nil {
			t.Fatal(err)
		}
		if errs := wait(t, "end", done); len(errs) != 1 || !errors.Is(errs[0], os.ErrDeadlineExceeded) {
			t.Errorf("errors %v", errs)
		}
	})
}

func TestFlush(t *testing.T) {
	both(t, false, func(t *testing.T, e *eventTest[testEvent]) {
		e.emit(event(1).bytes())
		if err := e.r.Flush(); err != nil {
			t.Fatal(err)
		}
		if got, err := e.r.Read(); err != nil || got != event(1) {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := e.r.Read(); !errors.Is(err, ErrFlushed) {
			t.Errorf("error %v", err)
		}
		e.emit(event(2).bytes())
		if got, err := e.r.Read(); err != nil || got != event(2) {
			t.Errorf("after the flush: %+v, %v", got, err)
		}
	})
}

func TestReadingDoesNotAllocate(t *testing.T) {
	const n = 64
	both(t, false, func(t *testing.T, e *eventTest[testEvent]) {
		fill := func() {
			for seq := range uint32(n + 1) {
				e.emit(event(seq).bytes())
			}
		}
		fill()
		var ev testEvent
		read := func() {
			if err := e.r.ReadInto(&ev); err != nil {
				t.Fatal(err)
			}
		}
		if got := testing.AllocsPerRun(n, read); got != 0 {
			t.Errorf("ReadInto: %v allocations", got)
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

func TestPerfLostSamples(t *testing.T) {
	onOneCPU(t)
	e, r := perfTest[testEvent](t, &PerfOptions{PerCPUBuffer: os.Getpagesize()})
	sent := 0
	for e.try(event(uint32(sent)).bytes()) == 0 {
		if sent++; sent > 1<<16 {
			t.Fatal("the buffer does not fill up")
		}
	}
	// Make room: the kernel reports losses with the next record of the CPU.
	if err := r.SetDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	count := func() (events int, lost uint64) {
		for _, err := range r.All(t.Context()) {
			var loss *LostSamplesError
			switch {
			case err == nil:
				events++
			case errors.As(err, &loss):
				lost += loss.Count
				if loss.Map != "events" || loss.CPU != r.CPU() {
					t.Errorf("%+v on CPU %d", loss, r.CPU())
				}
			}
		}
		return events, lost
	}
	events, early := count()
	e.emit(event(0).bytes())
	n, lost := count()
	if events != sent || n != 1 || early != 0 || lost != 1 {
		t.Errorf("%d and %d events of %d and 1, %d and %d lost", events, n, sent, early, lost)
	}
}

func TestPerfWakeupEvents(t *testing.T) {
	onOneCPU(t)
	e, r := perfTest[testEvent](t, &PerfOptions{WakeupEvents: 3})
	for seq := range uint32(3) {
		e.emit(event(seq).bytes())
	}
	for seq := range uint32(3) {
		if got, err := r.Read(); err != nil || got != event(seq) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	e.emit(event(3).bytes()) // wakes nobody, and is there after a flush
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Read(); err != nil || got != event(3) {
		t.Errorf("%+v, %v", got, err)
	}
	m := new(PerfEventArray[testEvent])
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
	m := new(PerfEventArray[testEvent])
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
	m := new(RingBuf[testEvent])
	must(t, bindMap(m, "events", raw))
	r := got(m.NewReader(nil))(t)
	defer r.Close()
	e, discard := newEmitter(t, raw), newProgram(t, discardCode(raw))
	for seq := range uint32(1000) { // several times around the buffer
		for range 3 {
			runProgram(t, discard)
		}
		e.emit(event(seq).bytes())
		if got, err := r.Read(); err != nil || got != event(seq) {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	runProgram(t, discard)
	must(t, r.SetDeadline(time.Now()))
	if _, err := r.Read(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("of what was discarded: %v", err)
	}
}

// Records without wakeup are read when something else wakes the reader: a
// flush, a deadline, a record with one.
func TestRingBufWithoutWakeup(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16})
	m := new(RingBuf[testEvent])
	must(t, bindMap(m, "events", raw))
	r := got(m.NewReader(nil))(t)
	defer r.Close()
	const noWakeup, forceWakeup = 1, 2 // BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP
	quiet, loud := newEmitterWithFlags(t, raw, noWakeup), newEmitterWithFlags(t, raw, forceWakeup)
	events, done := loop(r, t.Context())
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
	quiet.emit(event(3).bytes())
	must(t, r.SetDeadline(time.Now()))
	equal(t, "deadline", wait(t, "deadline", events), event(3))
	errs := wait(t, "end", done)
	if len(errs) != 2 || !errors.Is(errs[0], ErrFlushed) || !errors.Is(errs[1], os.ErrDeadlineExceeded) {
		t.Errorf("errors %v", errs)
	}
}

// Closing a map ends its readers.
func TestRingBufReaderOfAClosedMap(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16})
	m := new(RingBuf[testEvent])
	must(t, bindMap(m, "events", raw))
	e := newEmitter(t, raw)
	first := got(m.NewReader(nil))(t)
	e.emit(event(1).bytes())
	equal(t, "first", got(first.Read())(t), event(1))
	must(t, m.Close()) // closes the reader
	if _, err := first.Read(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read of a closed map: %v", err)
	}
	if _, err := m.NewReader(nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("reader of a closed map: %v", err)
	}
}

func TestPerfPause(t *testing.T) {
	e, r := perfTest[testEvent](t, nil)
	if err := r.Pause(); err != nil {
		t.Fatal(err)
	}
	if ret := e.try(event(1).bytes()); ret == 0 {
		t.Error("a paused reader takes records")
	}
	if err := r.Resume(); err != nil {
		t.Fatal(err)
	}
	e.emit(event(2).bytes())
	if got, err := r.Read(); err != nil || got != event(2) {
		t.Errorf("%+v, %v", got, err)
	}
	if want := 16 * os.Getpagesize(); r.BufferSize() != want {
		t.Errorf("buffers of %d bytes, want %d", r.BufferSize(), want)
	}
}

func TestPerfOverwritable(t *testing.T) {
	e, r := perfTest[testEvent](t, &PerfOptions{PerCPUBuffer: os.Getpagesize(), Overwritable: true})
	const n = 1000 // more than the buffers hold
	for seq := range uint32(n) {
		e.emit(event(seq).bytes())
	}
	if err := errors.Join(r.Pause(), r.SetDeadline(time.Now().Add(-time.Second))); err != nil {
		t.Fatal(err)
	}
	newest := false
	for ev, err := range r.All(t.Context()) {
		newest = newest || (err == nil && ev == event(n-1))
	}
	if !newest {
		t.Error("the newest record is not there")
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
	ring := new(RingBuf[testEvent])
	perf := new(PerfEventArray[testEvent])
	user := new(UserRingBuf[testEvent])
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
	m := new(RingBuf[testEvent])
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
	if n := len(m.readers.open); n != 0 {
		t.Errorf("the map owns %d closed readers", n)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func TestEventsNotLoaded(t *testing.T) {
	c := &Collection{Collection: new(ebpf.Collection), Links: new(Links)}
	ring := new(RingBuf[testEvent])
	perf := new(PerfEventArray[testEvent])
	user := new(UserRingBuf[testEvent])
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
	check("no type", true, new(RingBuf[testEvent]), ring(nil))
	check("same size", true, new(RingBuf[testEvent]), ring(size(12)))
	check("other size", false, new(RingBuf[testEvent]), ring(size(16)))
	check("raw", true, new(RingBuf[[]byte]), ring(size(16)))
	check("int", true, new(PerfEventArray[testEvent]), &ebpf.MapSpec{Type: ebpf.PerfEventArray, Value: &btf.Int{Size: 4}})
	check("map type", false, new(PerfEventArray[testEvent]), ring(nil))
	check("user", false, new(UserRingBuf[testEvent]), ring(nil))
	check("pointer", false, new(RingBuf[*testEvent]), ring(nil))
	check("int of no size", false, new(RingBuf[struct{ N int }]), ring(nil))
	check("string", false, new(RingBuf[[2]struct{ S string }]), ring(nil))
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
		var s *MapSpec[*RingBuf[testEvent]]
		BindMapSpec(c, &s, "events")
		if err := c.Err(); (err == nil) != test.fits {
			t.Errorf("%s: %v", test.name, err)
		}
		if s.Value != header {
			t.Errorf("%s: the spec was changed", test.name)
		}
	}
}

func TestBindShortEvents(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 12})
	m := new(RingBuf[testEvent])
	if err := bindMap(m, "events", raw); err != nil {
		t.Fatal(err)
	}
	BindShortEvents(m)
	r, err := m.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	newEmitter(t, raw).emit([]byte{0})
	if got, err := r.Read(); err != nil || got != (testEvent{}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Records that a reader has read are read, also where it did not say so to the
// kernel before it was closed.
func TestNextReaderGoesOn(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16})
	m := new(RingBuf[testEvent])
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
		if got, err := r.Read(); err != nil || got != event(seq) {
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
	m := new(RingBuf[uint64])
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
		for got, err := range r.All(t.Context()) {
			if want := 8 + int(next%200); err != nil || got != next || len(r.Record()) != want {
				done <- fmt.Errorf("record %d of %d bytes, want %d of %d, %w", got, len(r.Record()), next, want, err)
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
