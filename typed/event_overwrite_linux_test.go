package typed

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// Rings in overwrite mode, to the byte: what was sent is what was read and what was
// reported as overwritten, whatever sizes the records have, whichever of them were
// discarded, whoever read them.

// overwriteRing is a ring of one page, or a skip where there are none.
func overwriteRing(t *testing.T) (*ebpf.Map, *RingBufMap[[]byte]) {
	t.Helper()
	sinceKernel(t, 6, 19, "ring buffers in overwrite mode")
	if strconv.IntSize == 32 {
		t.Skip("32-bit programs read no rings in overwrite mode")
	}
	raw := newMap(t, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: uint32(os.Getpagesize()), Flags: flagOverwrite})
	m := new(RingBufMap[[]byte])
	must(t, bindMap(m, "events", raw))
	return raw, m
}

// ringSpace is what a record takes of a ring: its header, and its bytes rounded up.
func ringSpace(size int) uint64 { return uint64(8 + (size+7)&^7) }

// ledger is what was put into a ring, oldest first, and is not accounted for yet.
type ledger struct {
	t       *testing.T
	entries []ledgerEntry
}

type ledgerEntry struct {
	seq       uint64
	size      int
	discarded bool
}

// take accounts for what a reader returned.
func (l *ledger) take(raw []byte, err error) {
	l.t.Helper()
	var overwritten *OverwrittenError
	switch {
	case errors.As(err, &overwritten):
		for rest := overwritten.Bytes; rest > 0; l.entries = l.entries[1:] {
			if len(l.entries) == 0 || ringSpace(l.entries[0].size) > rest {
				l.t.Fatalf("%d bytes overwritten: no end of a record is there", overwritten.Bytes)
			}
			rest -= ringSpace(l.entries[0].size)
		}
	case err != nil:
		l.t.Fatal(err)
	default:
		for len(l.entries) > 0 && l.entries[0].discarded {
			l.entries = l.entries[1:]
		}
		if len(l.entries) == 0 {
			l.t.Fatalf("a record that nobody sent: %x", raw)
		}
		if e := l.entries[0]; len(raw) != e.size || binary.NativeEndian.Uint64(raw) != e.seq {
			l.t.Fatalf("record %x, want number %d of %d bytes", raw, e.seq, e.size)
		}
		l.entries = l.entries[1:]
	}
}

// settled fails if something is left that was not discarded.
func (l *ledger) settled() {
	l.t.Helper()
	for _, e := range l.entries {
		if !e.discarded {
			l.t.Fatalf("record %d was neither read nor reported as overwritten", e.seq)
		}
	}
	l.entries = nil
}

// A slow reader, and readers that close in the middle: the next one goes on there.
func TestRingBufOverwriteOfSeveralSizes(t *testing.T) {
	raw, m := overwriteRing(t)
	e, discard := newEmitter(t, raw), newProgram(t, discardCode(raw))
	r := got(m.NewReader(nil))(t)
	defer func() { r.Close() }()
	rnd := rand.New(rand.NewPCG(1, 2))
	l := &ledger{t: t}
	read, reports := 0, 0
	for seq := uint64(0); seq < 4000; {
		for range rnd.IntN(60) {
			if rnd.IntN(7) == 0 {
				runProgram(t, discard)
				l.entries = append(l.entries, ledgerEntry{size: 16, discarded: true})
				continue
			}
			record := make([]byte, 8+rnd.IntN(maxSample-8))
			binary.NativeEndian.PutUint64(record, seq)
			e.emit(record)
			l.entries = append(l.entries, ledgerEntry{seq: seq, size: len(record)})
			seq++
		}
		var rec Record[[]byte]
		for n := rnd.IntN(12); ; n-- {
			ctx, cancel := context.WithCancel(t.Context())
			if cancel(); n < 0 {
				break
			}
			err := r.Next(ctx, &rec) // of what there is
			if errors.Is(err, context.Canceled) {
				l.settled()
				break
			}
			l.take(rec.Raw, err)
			if err == nil {
				read++
			} else {
				reports++
			}
		}
		if rnd.IntN(10) == 0 {
			must(t, r.Close())
			r = got(m.NewReader(nil))(t)
		}
	}
	for rec, err := range drained(r, t.Context()) {
		l.take(rec.Raw, err)
	}
	l.settled()
	if read == 0 || reports == 0 {
		t.Errorf("%d records read, %d reports", read, reports)
	}
}

// busyCode holds a record of 16 bytes while it writes others of 24 until there is no room
// for them, and then submits or discards the first. It returns how many it wrote.
func busyCode(events *ebpf.Map, end asm.BuiltinFunc) asm.Instructions {
	const tries = 300
	return asm.Instructions{
		asm.LoadMapPtr(asm.R1, events.FD()).WithSymbol("busy"),
		asm.Mov.Imm(asm.R2, 16),
		asm.Mov.Imm(asm.R3, 0),
		asm.FnRingbufReserve.Call(),
		asm.JEq.Imm(asm.R0, 0, "none"),
		asm.Mov.Reg(asm.R6, asm.R0),
		asm.Mov.Imm(asm.R7, 0),
		asm.StoreMem(asm.R6, 0, asm.R7, asm.DWord),
		asm.StoreMem(asm.R6, 8, asm.R7, asm.DWord),
		asm.StoreMem(asm.RFP, -8, asm.R7, asm.DWord),
		asm.StoreMem(asm.RFP, -16, asm.R7, asm.DWord),
		asm.StoreMem(asm.RFP, -24, asm.R7, asm.DWord),
		asm.Mov.Imm(asm.R8, 0),

		asm.LoadMapPtr(asm.R1, events.FD()).WithSymbol("next"),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -24),
		asm.Mov.Imm(asm.R3, 24),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnRingbufOutput.Call(),
		asm.JNE.Imm(asm.R0, 0, "full"),
		asm.Add.Imm(asm.R7, 1),
		asm.Add.Imm(asm.R8, 1).WithSymbol("full"),
		asm.JLT.Imm(asm.R8, tries, "next"),

		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Mov.Imm(asm.R2, 0),
		end.Call(),
		asm.Mov.Reg(asm.R0, asm.R7),
		asm.Return(),
		asm.Mov.Imm(asm.R0, -1).WithSymbol("none"),
		asm.Return(),
	}
}

// A record that is being written is never overwritten, and what comes behind waits for it:
// the program, not the reader, learns that there is no room.
func TestRingBufOverwriteOfBusyRecords(t *testing.T) {
	raw, m := overwriteRing(t)
	for name, end := range map[string]asm.BuiltinFunc{"submitted": asm.FnRingbufSubmit, "discarded": asm.FnRingbufDiscard} {
		t.Run(name, func(t *testing.T) {
			busy := newProgram(t, busyCode(raw, end))
			r := got(m.NewReader(nil))(t)
			defer r.Close()
			l := &ledger{t: t}
			for round := range 20 {
				n := runProgram(t, busy)
				if room := int32(os.Getpagesize()) / int32(ringSpace(24)); n < room-2 || n > room {
					t.Fatalf("%d records beside one that is being written, in room for %d", n, room)
				}
				l.entries = append(l.entries, ledgerEntry{size: 16, discarded: end == asm.FnRingbufDiscard})
				for range n {
					l.entries = append(l.entries, ledgerEntry{size: 24})
				}
				if round%3 == 0 {
					continue
				}
				for rec, err := range drained(r, t.Context()) {
					l.take(rec.Raw, err)
				}
				l.settled()
			}
		})
	}
}

// The same while the reader reads: it waits for the record that is being written.
func TestRingBufOverwriteWhileReading(t *testing.T) {
	raw, m := overwriteRing(t)
	busy := newProgram(t, busyCode(raw, asm.FnRingbufSubmit))
	r := got(m.NewReader(nil))(t)
	defer r.Close()
	var sent uint64
	var writer sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	writer.Go(func() {
		defer r.Flush()
		for range 200 {
			n, err := busy.Run(&ebpf.RunOptions{Data: make([]byte, 64)})
			if err != nil {
				t.Error(err)
				return
			}
			sent += ringSpace(16) + uint64(n)*ringSpace(24)
		}
	})
	var read, lost uint64
	for rec, err := range r.Records(ctx) {
		var overwritten *OverwrittenError
		switch {
		case errors.Is(err, ErrFlushed):
			cancel()
		case errors.As(err, &overwritten):
			lost += overwritten.Bytes
		case err != nil:
			t.Fatal(err)
		default:
			read += ringSpace(len(rec.Raw))
		}
	}
	writer.Wait()
	t.Logf("%d bytes sent, %d read, %d overwritten", sent, read, lost)
	if sent != read+lost {
		t.Errorf("%d bytes sent, %d read, %d overwritten", sent, read, lost)
	}
}
