//go:build linux

package typed

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Readers with several goroutines, contexts and handles, and what is left of
// them.

// Each of several goroutines has its own context and its own record.
func TestSeveralGoroutinesOnAReader(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		const readers = 4
		var cancels [readers]context.CancelFunc
		ends := make(chan int, readers)
		events := make(chan uint32, 1000)
		for i := range readers {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			cancels[i] = cancel
			go func() {
				for rec, err := range e.r.Records(ctx) {
					if err != nil {
						t.Error(err)
						continue
					}
					runtime.Gosched()
					if got, err := As[testEvent](rec.Raw); err != nil || got != rec.Event || got != event(got.Seq) {
						t.Errorf("%+v of %x, %v", rec.Event, rec.Raw, err)
					}
					events <- rec.Event.Seq
				}
				ends <- i
			}()
		}
		got := make(map[uint32]int)
		for i := range readers {
			for seq := range uint32(100) {
				e.emit(event(100*uint32(i) + seq).bytes())
			}
			for len(got) < 100*(i+1) {
				got[wait(t, "event", events)]++
			}
			cancels[i]() // whoever waits in the poller, and whoever for its turn
			equal(t, "reader that ended", wait(t, "end", ends), i)
		}
		for seq, n := range got {
			equal(t, "times that an event was read", n, 1)
			if seq >= 100*readers {
				t.Errorf("event %d", seq)
			}
		}
		failsWith(t, "after all", e.r.Next(over(), new(Record[testEvent])), context.Canceled)
	})
}

// Many short waits of several goroutines: no cancellation is lost, and no record.
func TestReadersWithDeadlines(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		const n = 300
		var wg sync.WaitGroup
		var seen atomic.Int64
		for range 3 {
			wg.Go(func() {
				var rec Record[testEvent]
				for seen.Load() < n {
					ctx, cancel := context.WithTimeout(t.Context(), 200*time.Microsecond)
					err := e.r.Next(ctx, &rec)
					cancel()
					switch {
					case err == nil:
						seen.Add(1)
					case !errors.Is(err, context.DeadlineExceeded):
						t.Error(err)
						return
					}
				}
			})
		}
		for seq := range uint32(n) {
			e.emit(event(seq).bytes())
			if seq%10 == 0 {
				time.Sleep(300 * time.Microsecond)
			}
		}
		wg.Wait()
		equal(t, "events", seen.Load(), n)
	})
}

// Close ends every call and every loop at once.
func TestCloseEndsAllReaders(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		const readers = 3
		loops, calls := make(chan error, 2*readers), make(chan error, readers)
		for range readers {
			go func() {
				for _, err := range e.r.All(t.Context()) {
					loops <- err
				}
				loops <- nil
			}()
			go func() { calls <- e.r.Next(context.Background(), new(Record[testEvent])) }()
		}
		var closers sync.WaitGroup
		for range 2 {
			closers.Go(func() {
				if err := e.r.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		closers.Wait()
		for range readers {
			must(t, wait(t, "loop", loops))
			failsWith(t, "call", wait(t, "call", calls), os.ErrClosed)
		}
		eachFails(t, os.ErrClosed, []failing{
			{"Flush", e.r.Flush()},
			{"Next with a context that has ended", e.r.Next(over(), new(Record[testEvent]))},
		})
	})
}

// A loop that closes its reader ends.
func TestCloseInTheLoop(t *testing.T) {
	both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
		e.emit(event(1).bytes())
		e.emit(event(2).bytes())
		n := 0
		for _, err := range e.r.All(t.Context()) {
			n++
			must(t, err)
			must(t, e.r.Close())
		}
		equal(t, "events", n, 1)
	})
}

func TestZeroReader(t *testing.T) {
	for _, r := range []*Reader[testEvent]{nil, {}} {
		eachFails(t, os.ErrClosed, []failing{
			{"Next", r.Next(t.Context(), new(Record[testEvent]))}, {"Flush", r.Flush()},
		})
		must(t, r.Close())
		equal(t, "BufferSize", r.BufferSize(), 0)
		equal(t, "MinSize", r.MinSize(), 0)
		n := 0
		for _, err := range r.All(t.Context()) {
			n++
			failsWith(t, "All", err, os.ErrClosed)
		}
		equal(t, "errors", n, 1)
	}
	for _, p := range []*Producer[testEvent]{nil, {}} {
		_, err1 := p.Reserve(0)
		_, err2 := p.ReserveWait(t.Context(), 0)
		eachFails(t, os.ErrClosed, []failing{
			{"Submit", p.Submit(event(1))}, {"SubmitWait", p.SubmitWait(t.Context(), event(1))},
			{"Reserve", err1}, {"ReserveWait", err2},
		})
		must(t, p.Close())
	}
	var r Reservation[testEvent]
	r.Put(event(1))
	r.Submit()
	r.Discard()
	equal(t, "bytes", len(r.Bytes())+len(r.Tail()), 0)
	if err := new(Switch[testEvent, int]).Run(t.Context()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Switch: %v", err)
	}
}

// A handle has one reader. Its place is free when it is closed.
func TestOneReaderPerHandle(t *testing.T) {
	needKernel(t)
	ring, perf := new(RingBufMap[testEvent]), new(PerfEventMap[testEvent])
	must(t, bindMap(ring, "ring", newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16})))
	must(t, bindMap(perf, "perf", newMap(t, &ebpf.MapSpec{Type: ebpf.PerfEventArray})))
	for what, open := range map[string]func() (*Reader[testEvent], error){
		"ring": func() (*Reader[testEvent], error) { return ring.NewReader(nil) },
		"perf": func() (*Reader[testEvent], error) { return perf.NewReader(nil) },
	} {
		for range 3 {
			r := got(open())(t)
			_, err := open()
			failsWith(t, what, err, ErrInUse)
			must(t, r.Close())
		}
	}
	must(t, ring.Close())
	_, err := ring.NewReader(nil)
	failsWith(t, "of a closed map", err, os.ErrClosed)
}

// twoHandles are two handles of a ring buffer, as two processes have them, and
// what writes into it.
func twoHandles(t *testing.T) (e *emitter, first, second *RingBufMap[testEvent]) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16})
	first, second = new(RingBufMap[testEvent]), new(RingBufMap[testEvent])
	must(t, bindMap(first, "events", raw))
	again, err := raw.Clone()
	must(t, err)
	t.Cleanup(func() { again.Close() })
	must(t, bindMap(second, "events", again))
	return newEmitter(t, raw), first, second
}

// Closing a reader never moves the position back: the other one would not be
// woken again.
func TestClosedReaderDoesNotMoveThePositionBack(t *testing.T) {
	e, first, second := twoHandles(t)
	old, next := got(first.NewReader(nil))(t), got(second.NewReader(nil))(t)
	defer next.Close()
	for seq := range uint32(10) {
		e.emit(event(seq).bytes())
	}
	for seq := range uint32(10) {
		equal(t, "event", got(read(next))(t), event(seq))
	}
	events, _ := loop(next, t.Context())
	e.emit(event(10).bytes())
	equal(t, "event", wait(t, "event", events), event(10)) // the loop has waited, or will
	must(t, old.Close())
	for seq := uint32(11); seq < 20; seq++ {
		e.emit(event(seq).bytes())
		equal(t, "event", wait(t, "event", events), event(seq))
	}
}

// Two readers of one ring are told, and none returns what is no record: the
// other one has given its memory back.
func TestTwoReadersOfARing(t *testing.T) {
	e, first, second := twoHandles(t)
	a, b := got(first.NewReader(nil))(t), got(second.NewReader(nil))(t)
	defer a.Close()
	defer b.Close()
	told := 0
	take := func(r *Reader[testEvent]) {
		var rec Record[testEvent]
		err := r.Next(over(), &rec)
		switch {
		case errors.Is(err, ErrTwoReaders):
			told++
		case err != nil && !errors.Is(err, context.Canceled):
			t.Fatal(err)
		case err == nil && rec.Event != event(rec.Event.Seq):
			t.Fatalf("%+v is no record", rec)
		}
	}
	for seq := range uint32(20000) { // several times around the ring
		for e.try(event(seq).bytes()) != 0 {
			take(a)
		}
		if seq%3 != 0 {
			take(a)
		}
		if seq%1000 < 500 {
			take(b)
		}
	}
	if told == 0 {
		t.Error("none of the readers was told of the other one")
	}
}

// A reader that has read nothing takes over where another one ends: the way of
// a new process that opens its reader before the old one closes its own.
func TestReaderTakesOver(t *testing.T) {
	e, first, second := twoHandles(t)
	old := got(first.NewReader(nil))(t)
	for seq := range uint32(3) {
		e.emit(event(seq).bytes())
	}
	next := got(second.NewReader(nil))(t)
	defer next.Close()
	for seq := range uint32(2) {
		equal(t, "event", got(read(old))(t), event(seq))
	}
	must(t, old.Close())
	equal(t, "event", got(read(next))(t), event(2))
	e.emit(event(3).bytes())
	equal(t, "event", got(read(next))(t), event(3))
}

// held is how many mappings of maps and perf events, and descriptors, the
// process has.
func held(t *testing.T) (mappings, descriptors int) {
	t.Helper()
	maps, err1 := os.ReadFile("/proc/self/maps")
	fds, err2 := os.ReadDir("/proc/self/fd")
	must(t, errors.Join(err1, err2))
	return strings.Count(string(maps), "bpf-map") + strings.Count(string(maps), "[perf_event]"), len(fds)
}

// What is dropped without Close is cleaned up, and its place in the handle is
// free again.
func TestDroppedReadersAndProducers(t *testing.T) {
	sinceKernel(t, 6, 1, "user ring buffers")
	ring, perf, user := new(RingBufMap[testEvent]), new(PerfEventMap[testEvent]), new(UserRingBufMap[testEvent])
	must(t, bindMap(ring, "ring", newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16})))
	must(t, bindMap(perf, "perf", newMap(t, &ebpf.MapSpec{Type: ebpf.PerfEventArray})))
	must(t, bindMap(user, "user", newMap(t, &ebpf.MapSpec{Type: ebpf.UserRingbuf, MaxEntries: 1 << 16})))
	runtime.GC()
	mappings, descriptors := held(t)
	goroutines := runtime.NumGoroutine()
	for range 3 {
		drop(t, ring, perf, user)
		limit := time.Now().Add(later)
		for {
			runtime.GC()
			m, d := held(t)
			if m <= mappings && d <= descriptors && runtime.NumGoroutine() <= goroutines {
				break
			}
			if time.Now().After(limit) {
				t.Fatalf("%d mappings, %d descriptors and %d goroutines are left of %d, %d and %d",
					m, d, runtime.NumGoroutine(), mappings, descriptors, goroutines)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// drop makes readers and a producer, has them wait, and drops them.
func drop(t *testing.T, ring *RingBufMap[testEvent], perf *PerfEventMap[testEvent], user *UserRingBufMap[testEvent]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	r, p := got(ring.NewReader(nil))(t), got(perf.NewReader(nil))(t)
	eachFails(t, context.DeadlineExceeded, []failing{
		{"ring", r.Next(ctx, new(Record[testEvent]))}, {"perf", p.Next(ctx, new(Record[testEvent]))},
	})
	producer := got(user.NewProducer())(t)
	_, err := user.NewProducer()
	failsWith(t, "second producer", err, ErrInUse)
	for producer.Submit(event(0)) == nil {
	}
	waiting, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	failsWith(t, "submit", producer.SubmitWait(waiting, event(0)), context.DeadlineExceeded)
}

// A ring in overwrite mode: what was sent is what was read and what was reported
// as overwritten, the oldest record that is left comes first, and who waits is
// woken.
func TestRingBufOverwrite(t *testing.T) {
	sinceKernel(t, 6, 19, "ring buffers in overwrite mode")
	size := os.Getpagesize()
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: uint32(size), Flags: flagOverwrite})
	m := new(RingBufMap[testEvent])
	must(t, bindMap(m, "events", raw))
	r, err := m.NewReader(nil)
	if strconv.IntSize == 32 {
		failsWith(t, "32 bits", err, errors.ErrUnsupported)
		return
	}
	must(t, err)
	defer r.Close()
	const space = 24 // 8 of header, 12, rounded up
	e := newEmitter(t, raw)
	sent, received := uint32(0), uint32(0)
	take := func(err error, ev testEvent) {
		t.Helper()
		var overwritten *OverwrittenError
		switch {
		case errors.As(err, &overwritten):
			if overwritten.Map != "events" || overwritten.Bytes == 0 || overwritten.Bytes%space != 0 {
				t.Fatalf("%+v", overwritten)
			}
			received += uint32(overwritten.Bytes / space)
		case err != nil:
			t.Fatal(err)
		default:
			equal(t, "event", ev, event(received))
			received++
		}
	}
	for _, n := range []int{3, 10 * size / space, 0, size / space / 2} {
		for range n {
			e.emit(event(sent).bytes())
			sent++
		}
		for rec, err := range drained(r, t.Context()) {
			take(err, rec.Event)
		}
		equal(t, "events read or overwritten", received, sent)
	}

	// While the program writes, in a goroutine that may wait.
	type result struct {
		ev  testEvent
		err error
	}
	results := make(chan result, 16)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		defer close(results)
		for ev, err := range r.All(ctx) {
			results <- result{ev, err}
		}
	}()
	for i := range 3000 {
		e.emit(event(sent).bytes())
		sent++
		for i%500 == 0 && received < sent {
			got := wait(t, "event", results)
			take(got.err, got.ev)
		}
	}
	for received < sent {
		got := wait(t, "event", results)
		take(got.err, got.ev)
	}
	equal(t, "events read or overwritten", received, sent)
}

// User rings have no overwrite mode.
func TestUserRingBufHasNoOverwriteMode(t *testing.T) {
	sinceKernel(t, 6, 19, "ring buffers in overwrite mode")
	_, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.UserRingbuf, MaxEntries: uint32(os.Getpagesize()), Flags: flagOverwrite})
	failsWith(t, "create", err, unix.EINVAL)
}
