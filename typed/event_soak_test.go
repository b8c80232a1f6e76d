//go:build linux

package typed

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// A soak test: many goroutines send, read, close and open again, and others take
// and give back descriptors all the while. What was sent is what was received
// and what was lost, and nothing is left. BPFGEN_SOAK says for how long
// (.ci/soak.sh); otherwise it is short.

func soakFor(t *testing.T) time.Duration {
	t.Helper()
	if s := os.Getenv("BPFGEN_SOAK"); s != "" {
		return got(time.ParseDuration(s))(t)
	}
	if testing.Short() {
		return 100 * time.Millisecond
	}
	return time.Second
}

// soakSender is a program that writes records of 16 bytes, its number and that
// of the record, and counts those that it could not write.
type soakSender struct {
	prog  *ebpf.Program
	state *ebpf.Map // element 0: u64 record, u64 refused
}

func newSoakSender(t *testing.T, events *ebpf.Map, number int32) *soakSender {
	t.Helper()
	state := newMap(t, &ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 16, MaxEntries: 1})
	code := asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1).WithSymbol("send"),
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, state.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "exit"),
		asm.Mov.Reg(asm.R7, asm.R0),
		asm.Mov.Imm(asm.R8, number),
		asm.StoreMem(asm.RFP, -16, asm.R8, asm.DWord),
		asm.LoadMem(asm.R8, asm.R7, 0, asm.DWord),
		asm.StoreMem(asm.RFP, -8, asm.R8, asm.DWord),
		asm.Add.Imm(asm.R8, 1),
		asm.StoreMem(asm.R7, 0, asm.R8, asm.DWord),
	}
	if events.Type() == ebpf.RingBuf {
		code = append(code,
			asm.LoadMapPtr(asm.R1, events.FD()),
			asm.Mov.Reg(asm.R2, asm.RFP),
			asm.Add.Imm(asm.R2, -16),
			asm.Mov.Imm(asm.R3, 16),
			asm.Mov.Imm(asm.R4, 0),
			asm.FnRingbufOutput.Call(),
		)
	} else {
		code = append(code,
			asm.Mov.Reg(asm.R1, asm.R6),
			asm.LoadMapPtr(asm.R2, events.FD()),
			asm.LoadImm(asm.R3, 0xffffffff, asm.DWord), // BPF_F_CURRENT_CPU
			asm.Mov.Reg(asm.R4, asm.RFP),
			asm.Add.Imm(asm.R4, -16),
			asm.Mov.Imm(asm.R5, 16),
			asm.FnPerfEventOutput.Call(),
		)
	}
	code = append(code,
		asm.JEq.Imm(asm.R0, 0, "exit"),
		asm.LoadMem(asm.R8, asm.R7, 8, asm.DWord),
		asm.Add.Imm(asm.R8, 1),
		asm.StoreMem(asm.R7, 8, asm.R8, asm.DWord),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("exit"),
		asm.Return(),
	)
	return &soakSender{newProgram(t, code), state}
}

// counts are how many records the sender has made, and how many of them it could
// not write.
func (s *soakSender) counts(t *testing.T) (made, refused uint64) {
	t.Helper()
	var state [16]byte
	must(t, s.state.Lookup(uint32(0), &state))
	return binary.NativeEndian.Uint64(state[:]), binary.NativeEndian.Uint64(state[8:])
}

// soak is what the goroutines of a soak test share.
type soak struct {
	t    *testing.T
	stop atomic.Bool
	wg   sync.WaitGroup
	seen [soakSenders]sync.Map // numbers of records
	got  atomic.Int64
	lost atomic.Uint64
}

const soakSenders = 2

// send makes all senders send until the test stops.
func (s *soak) send(events *ebpf.Map) (senders [soakSenders]*soakSender) {
	for i := range senders {
		senders[i] = newSoakSender(s.t, events, int32(i))
		s.wg.Go(func() {
			for !s.stop.Load() {
				if _, err := senders[i].prog.Run(&ebpf.RunOptions{Data: make([]byte, 64), Repeat: 20}); err != nil {
					s.t.Error(err)
					return
				}
				runtime.Gosched()
			}
		})
	}
	return senders
}

// churn opens, uses and closes descriptors: one that somebody else closes or
// writes to is seen.
func (s *soak) churn() {
	for !s.stop.Load() {
		r, w, err := os.Pipe()
		if err != nil {
			s.t.Error(err)
			return
		}
		buf := make([]byte, 5)
		_, err1 := w.WriteString("hello")
		_, err2 := io.ReadFull(r, buf)
		if err := errors.Join(err1, err2, w.Close(), r.Close()); err != nil || string(buf) != "hello" {
			s.t.Errorf("a foreign descriptor was touched: %q, %v", buf, err)
		}
	}
}

// receive counts a record, of which there is one.
func (s *soak) receive(ev [2]uint64) {
	if ev[0] >= soakSenders {
		s.t.Errorf("record %x", ev)
		return
	}
	if _, twice := s.seen[ev[0]].LoadOrStore(ev[1], true); twice {
		s.t.Errorf("record %x came twice", ev)
	}
	s.got.Add(1)
}

// read reads in three ways until the reader is closed.
func (s *soak) read(r *Reader[[2]uint64], way int) {
	tell := func(err error) {
		var lost *LostSamplesError
		switch {
		case errors.As(err, &lost):
			s.lost.Add(lost.Count)
		case !errors.Is(err, ErrFlushed):
			s.t.Error(err)
		}
	}
	switch way {
	case 0:
		for ev, err := range r.All(context.Background()) {
			if err != nil {
				tell(err)
				continue
			}
			s.receive(ev)
		}
	case 1:
		for rec, err := range r.Records(context.Background()) {
			if err != nil {
				tell(err)
				continue
			}
			s.receive(rec.Event)
		}
	default:
		var rec Record[[2]uint64]
		for {
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			err := r.Next(ctx, &rec)
			cancel()
			switch {
			case err == nil:
				s.receive(rec.Event)
			case errors.Is(err, os.ErrClosed):
				return
			case !errors.Is(err, context.DeadlineExceeded):
				tell(err)
			}
		}
	}
}

// Readers are closed and opened again while records come: each is received once.
func TestSoakRingBuf(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 16})
	m := new(RingBufMap[[2]uint64])
	must(t, bindMap(m, "events", raw))
	s := &soak{t: t}
	senders := s.send(raw)
	s.wg.Go(s.churn)
	round := func() {
		r := got(m.NewReader(nil))(t)
		var reading sync.WaitGroup
		for way := range 4 {
			reading.Go(func() { s.read(r, way) })
		}
		time.Sleep(3 * time.Millisecond)
		must(t, r.Flush())
		must(t, r.Close())
		reading.Wait()
	}
	readers := 0
	for end := time.Now().Add(soakFor(t)); time.Now().Before(end); readers++ {
		round()
	}
	s.stop.Store(true)
	s.wg.Wait()
	r := got(m.NewReader(nil))(t)
	defer r.Close()
	for rec, err := range drained(r, t.Context()) {
		must(t, err)
		s.receive(rec.Event)
	}
	sent, refused := uint64(0), uint64(0)
	for _, sender := range senders {
		made, lost := sender.counts(t)
		sent, refused = sent+made, refused+lost
	}
	equal(t, "received", uint64(s.got.Load()), sent-refused)
	t.Logf("%d records sent, %d received, %d that the program was told of as lost; %d readers one after the other", sent, s.got.Load(), refused, readers)
}

// A perf array under load: received and lost are what was sent.
func TestSoakPerf(t *testing.T) {
	needKernel(t)
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.PerfEventArray})
	m := new(PerfEventMap[[2]uint64])
	must(t, bindMap(m, "events", raw))
	r := got(m.NewReader(&PerfOptions{PerCPUBuffer: os.Getpagesize()}))(t)
	s := &soak{t: t}
	senders := s.send(raw)
	s.wg.Go(s.churn)
	var readers sync.WaitGroup
	for way := range 3 {
		readers.Go(func() { s.read(r, way) })
	}
	time.Sleep(soakFor(t))
	s.stop.Store(true)
	s.wg.Wait()
	sent, refused := uint64(0), uint64(0)
	for _, sender := range senders {
		made, lost := sender.counts(t)
		sent, refused = sent+made, refused+lost
	}
	told := releaseIs(t, 6, 0) // else the kernel tells with the next record
	limit := time.Now().Add(later)
	for uint64(s.got.Load()) < sent-refused || told && s.lost.Load() < refused {
		if time.Now().After(limit) {
			break
		}
		must(t, r.Flush())
		time.Sleep(time.Millisecond)
	}
	must(t, r.Close())
	readers.Wait()
	equal(t, "received", uint64(s.got.Load()), sent-refused)
	if told || s.lost.Load() > refused {
		equal(t, "reported lost", s.lost.Load(), refused)
	}
	t.Logf("%d records sent, %d received, %d reported lost", sent, s.got.Load(), s.lost.Load())
}

// Producers are closed and opened again while others submit and the program
// drains: it sees what was submitted, once and whole.
func TestSoakProducer(t *testing.T) {
	e := newEcho[uint64](t)
	must(t, e.p.Close())
	s := &soak{t: t}
	var submitted, seen atomic.Int64
	var current atomic.Pointer[Producer[uint64]]
	current.Store(got(e.m.NewProducer())(t))
	var next atomic.Uint64
	for way := range 3 {
		s.wg.Go(func() {
			for !s.stop.Load() {
				p := current.Load()
				var err error
				switch v := next.Add(1); way {
				case 0:
					err = p.Submit(v)
				case 1:
					ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
					err = p.SubmitWait(ctx, v)
					cancel()
				default:
					var room Reservation[uint64]
					if room, err = p.Reserve(0); err == nil {
						room.Put(v)
						if v%4 == 0 {
							room.Discard()
							continue
						}
						room.Submit()
					}
				}
				switch {
				case err == nil:
					submitted.Add(1)
				case errors.Is(err, ErrMapFull):
					runtime.Gosched()
				case !errors.Is(err, os.ErrClosed) && !errors.Is(err, context.DeadlineExceeded):
					t.Error(err)
				}
			}
		})
	}
	s.wg.Go(s.churn)
	values := make(map[uint64]bool)
	drain := func() {
		for _, v := range e.drain() {
			if values[v] || v == 0 || v > next.Load() {
				t.Errorf("the program saw %d, twice or never submitted", v)
			}
			values[v] = true
			seen.Add(1)
		}
	}
	for end := time.Now().Add(soakFor(t)); time.Now().Before(end); {
		for range 5 {
			drain()
			time.Sleep(200 * time.Microsecond)
		}
		must(t, current.Load().Close())
		current.Store(got(e.m.NewProducer())(t))
	}
	s.stop.Store(true)
	s.wg.Wait()
	drain()
	must(t, current.Load().Close())
	equal(t, "records that the program saw", seen.Load(), submitted.Load())
	t.Logf("%d records submitted, %d seen by the program", submitted.Load(), seen.Load())
}
