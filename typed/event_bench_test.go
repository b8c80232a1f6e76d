//go:build linux

package typed

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/perf"
	"github.com/cilium/ebpf/ringbuf"
)

// Benchmarks of reading beside the library's readers, which give bytes. The
// records are written while the clock stands still, so that both read from a
// full buffer. docs/benchmarks.md has figures.

// benchEvent is a record of 64 bytes.
type benchEvent struct {
	Time uint64
	PID  uint32
	CPU  uint32
	Name [16]byte
	Args [4]uint64
}

const (
	burst     = 1024 // records of one run of the program
	batch     = 8192 // records between two stops of the clock
	benchRing = 1 << 20
)

// burstCode writes a burst of records of 64 zero bytes.
func burstCode(events *ebpf.Map) asm.Instructions {
	code := asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1).WithSymbol("burst"),
		asm.Mov.Imm(asm.R7, burst),
		asm.Mov.Imm(asm.R8, 0),
	}
	for off := int16(-64); off < 0; off += 8 {
		code = append(code, asm.StoreMem(asm.RFP, off, asm.R8, asm.DWord))
	}
	if events.Type() == ebpf.RingBuf {
		code = append(code,
			asm.LoadMapPtr(asm.R1, events.FD()).WithSymbol("next"),
			asm.Mov.Reg(asm.R2, asm.RFP),
			asm.Add.Imm(asm.R2, -64),
			asm.Mov.Imm(asm.R3, 64),
			asm.Mov.Imm(asm.R4, 0),
			asm.FnRingbufOutput.Call(),
		)
	} else {
		code = append(code,
			asm.Mov.Reg(asm.R1, asm.R6).WithSymbol("next"),
			asm.LoadMapPtr(asm.R2, events.FD()),
			asm.LoadImm(asm.R3, 0xffffffff, asm.DWord), // BPF_F_CURRENT_CPU
			asm.Mov.Reg(asm.R4, asm.RFP),
			asm.Add.Imm(asm.R4, -64),
			asm.Mov.Imm(asm.R5, 64),
			asm.FnPerfEventOutput.Call(),
		)
	}
	return append(code,
		asm.JNE.Imm(asm.R0, 0, "exit"),
		asm.Add.Imm(asm.R7, -1),
		asm.JNE.Imm(asm.R7, 0, "next"),
		asm.Return().WithSymbol("exit"),
	)
}

// benchRead measures reading: each call of read reads n records.
func benchRead(b *testing.B, events *ebpf.Map, read func(n int)) {
	prog := newProgram(b, burstCode(events))
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= batch {
		b.StopTimer()
		for range batch / burst {
			if ret := runProgram(b, prog); ret != 0 {
				b.Fatalf("the buffer is full: %d", ret)
			}
		}
		b.StartTimer()
		read(min(left, batch))
		b.StopTimer()
		read(max(0, batch-left)) // the rest of the last batch
		b.StartTimer()
	}
}

func BenchmarkRingBuf(b *testing.B) {
	needKernel(b)
	newRing := func(b *testing.B) (*ebpf.Map, *RingBufMap[benchEvent]) {
		raw := newMap(b, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: benchRing})
		m := new(RingBufMap[benchEvent])
		if err := bindMap(m, "events", raw); err != nil {
			b.Fatal(err)
		}
		return raw, m
	}
	reader := func(b *testing.B, m *RingBufMap[benchEvent]) *Reader[benchEvent] {
		r, err := m.NewReader(nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { r.Close() })
		return r
	}
	library := func(b *testing.B, m *ebpf.Map) *ringbuf.Reader {
		r, err := ringbuf.NewReader(m)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { r.Close() })
		return r
	}
	b.Run("library-ReadInto", func(b *testing.B) {
		raw, _ := newRing(b)
		r, rec := library(b, raw), ringbuf.Record{}
		benchRead(b, raw, func(n int) {
			for range n {
				if err := r.ReadInto(&rec); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("library-ReadInto-and-binary.Decode", func(b *testing.B) {
		raw, _ := newRing(b)
		r, rec := library(b, raw), ringbuf.Record{}
		benchRead(b, raw, func(n int) {
			var ev benchEvent
			for range n {
				if err := r.ReadInto(&rec); err != nil {
					b.Fatal(err)
				}
				if _, err := binary.Decode(rec.RawSample, binary.NativeEndian, &ev); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("library-Read-and-binary.Read", func(b *testing.B) { // as its examples do
		raw, _ := newRing(b)
		r := library(b, raw)
		benchRead(b, raw, func(n int) {
			var ev benchEvent
			for range n {
				rec, err := r.Read()
				if err != nil {
					b.Fatal(err)
				}
				if err := binary.Read(bytes.NewBuffer(rec.RawSample), binary.LittleEndian, &ev); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("Next", func(b *testing.B) {
		raw, m := newRing(b)
		r, ctx := reader(b, m), b.Context()
		benchRead(b, raw, func(n int) {
			var rec Record[benchEvent]
			for range n {
				if err := r.Next(ctx, &rec); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("All", func(b *testing.B) {
		raw, m := newRing(b)
		r := reader(b, m)
		benchRead(b, raw, func(n int) {
			if n == 0 {
				return
			}
			for _, err := range r.All(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				if n--; n == 0 {
					break
				}
			}
		})
	})
	b.Run("Records", func(b *testing.B) {
		raw, m := newRing(b)
		r := reader(b, m)
		benchRead(b, raw, func(n int) {
			if n == 0 {
				return
			}
			for _, err := range r.Records(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				if n--; n == 0 {
					break
				}
			}
		})
	})
}

func BenchmarkPerfEventArray(b *testing.B) {
	needKernel(b)
	b.Run("library-ReadInto", func(b *testing.B) {
		raw := newMap(b, &ebpf.MapSpec{Type: ebpf.PerfEventArray})
		r, err := perf.NewReader(raw, benchRing)
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		var rec perf.Record
		benchRead(b, raw, func(n int) {
			for range n {
				if err := r.ReadInto(&rec); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("Next", func(b *testing.B) {
		raw := newMap(b, &ebpf.MapSpec{Type: ebpf.PerfEventArray})
		m := new(PerfEventMap[benchEvent])
		if err := bindMap(m, "events", raw); err != nil {
			b.Fatal(err)
		}
		r, err := m.NewReader(&PerfOptions{PerCPUBuffer: benchRing})
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		ctx := b.Context()
		benchRead(b, raw, func(n int) {
			var rec Record[benchEvent]
			for range n {
				if err := r.Next(ctx, &rec); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

func BenchmarkVariable(b *testing.B) {
	needKernel(b)
	l, err := openGolden(b, variablesAll).Load(nil)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	counter, table := variable[uint64](l, "counter"), variable[[3]testConfig](l, "table")
	run := func(name string, op func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := op(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	var n uint64
	var configs [3]testConfig
	run("integer/library-Get", func() error { return l.Library.Variables["counter"].Get(&n) })
	run("integer/Get", func() (err error) { n, err = counter.Get(); return err })
	run("integer/library-Set", func() error { return l.Library.Variables["counter"].Set(n) })
	run("integer/Set", func() error { return counter.Set(n) })
	run("integer/AtomicAdd", func() (err error) { n, err = AtomicAdd(counter, 1); return err })
	run("structs/library-Get", func() error { return l.Library.Variables["table"].Get(&configs) })
	run("structs/Get", func() (err error) { configs, err = table.Get(); return err })
	run("structs/library-Set", func() error { return l.Library.Variables["table"].Set(configs) })
	run("structs/Set", func() error { return table.Set(configs) })
}

func BenchmarkKernelClock(b *testing.B) {
	ns := Monotonic.Now()
	var t time.Time
	for b.Loop() {
		t = Monotonic.Time(ns)
	}
	_ = t
}

// BenchmarkRingBufInTurns reads the same records in each way, in turns of
// changing order, and reports what each takes as a multiple of the library's: what
// else the machine does hits all alike. A way's time is that of the turn which a
// quarter of the turns beat.
func BenchmarkRingBufInTurns(b *testing.B) {
	needKernel(b)
	raw := newMap(b, &ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: benchRing})
	m := new(RingBufMap[benchEvent])
	must(b, bindMap(m, "events", raw))
	inTurns(b, raw, []string{"library", "library-Decode", "library-Read", "Next", "All", "Records"}, func(way string, write func()) time.Duration {
		write()
		return readBatch(b, m, way)
	})
}

// BenchmarkPerfEventArrayInTurns is that of a perf array. A reader has buffers of
// its own, which are filled when it is open.
func BenchmarkPerfEventArrayInTurns(b *testing.B) {
	needKernel(b)
	onOneCPU(b)
	raw := newMap(b, &ebpf.MapSpec{Type: ebpf.PerfEventArray})
	m := new(PerfEventMap[benchEvent])
	must(b, bindMap(m, "events", raw))
	ctx := b.Context()
	inTurns(b, raw, []string{"library", "Next"}, func(way string, write func()) time.Duration {
		if way == "library" {
			r := got(perf.NewReader(raw, benchRing))(b)
			defer r.Close()
			write()
			var rec perf.Record
			return timed(b, func() error { return r.ReadInto(&rec) })
		}
		r := got(m.NewReader(&PerfOptions{PerCPUBuffer: benchRing}))(b)
		defer r.Close()
		write()
		var rec Record[benchEvent]
		return timed(b, func() error { return r.Next(ctx, &rec) })
	})
}

// timed is how long it takes to read a batch.
func timed(b *testing.B, read func() error) time.Duration {
	start := time.Now()
	for range batch {
		if err := read(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// inTurns has read read a batch in each way, again and again; write writes it.
func inTurns(b *testing.B, raw *ebpf.Map, names []string, read func(way string, write func()) time.Duration) {
	prog := newProgram(b, burstCode(raw))
	write := func() {
		for range batch / burst {
			if ret := runProgram(b, prog); ret != 0 {
				b.Fatalf("the buffer is full: %d", ret)
			}
		}
	}
	times := make(map[string][]time.Duration)
	for b.Loop() {
		for _, i := range rand.Perm(len(names)) {
			times[names[i]] = append(times[names[i]], read(names[i], write))
		}
	}
	quartile := func(name string) float64 {
		slices.Sort(times[name])
		return float64(times[name][len(times[name])/4])
	}
	b.ReportMetric(0, "ns/op") // of all ways together, which says nothing
	for _, name := range names {
		b.ReportMetric(quartile(name)/batch, name+"-ns")
		b.ReportMetric(quartile(name)/quartile("library"), name+"-ratio")
	}
}

// readBatch says how long it takes to read a batch of records.
func readBatch(b *testing.B, m *RingBufMap[benchEvent], way string) time.Duration {
	if strings.HasPrefix(way, "library") {
		r := got(ringbuf.NewReader(m.Map()))(b)
		defer r.Close()
		return readWithLibrary(b, r, way)
	}
	r, ctx := got(m.NewReader(nil))(b), b.Context()
	defer r.Close()
	if way == "Next" {
		var rec Record[benchEvent]
		return timed(b, func() error { return r.Next(ctx, &rec) })
	}
	start, n := time.Now(), 0
	if way == "All" {
		for _, err := range r.All(ctx) {
			if n++; n == batch || err != nil {
				must(b, err)
				break
			}
		}
	} else {
		for _, err := range r.Records(ctx) {
			if n++; n == batch || err != nil {
				must(b, err)
				break
			}
		}
	}
	return time.Since(start)
}

// readWithLibrary reads bytes, or decodes them in one of two ways: "library-Read" is
// that of the library's examples.
func readWithLibrary(b *testing.B, r *ringbuf.Reader, way string) time.Duration {
	var rec ringbuf.Record
	var ev benchEvent
	switch way {
	case "library-Decode":
		return timed(b, func() error {
			if err := r.ReadInto(&rec); err != nil {
				return err
			}
			_, err := binary.Decode(rec.RawSample, binary.NativeEndian, &ev)
			return err
		})
	case "library-Read":
		return timed(b, func() error {
			rec, err := r.Read()
			if err != nil {
				return err
			}
			return binary.Read(bytes.NewBuffer(rec.RawSample), binary.LittleEndian, &ev)
		})
	}
	return timed(b, func() error { return r.ReadInto(&rec) })
}
