//go:build linux

package ring

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The consumer against a kernel that is played here, so that overwrite mode is
// tested on every machine, and what happens between two of its steps as well.

// memory is a ring in a file, mapped as the kernel maps one: the data twice.
func memory(t testing.TB, capacity int) *pages {
	t.Helper()
	page := os.Getpagesize()
	fd, err := unix.MemfdCreate("ring", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	head := 2*page + capacity
	if err := unix.Ftruncate(fd, int64(head)); err != nil {
		t.Fatal(err)
	}
	all, err := unix.Mmap(-1, 0, head+capacity, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(all) })
	for _, part := range []struct{ at, from, size int }{{0, 0, head}, {head, 2 * page, capacity}} {
		_, err := unix.MmapPtr(fd, int64(part.from), unsafe.Pointer(&all[part.at]), uintptr(part.size),
			unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_FIXED)
		if err != nil {
			t.Fatal(err)
		}
	}
	return &pages{consumer: all[:page], producer: all[page:], data: all[2*page:], capacity: uint32(capacity)}
}

// consume is a consumer of memory, which has no descriptor.
func consume(p *pages, overwrite bool) *Consumer {
	return &Consumer{pages: p, batch: 256, overwrite: overwrite, slow: overwrite}
}

// kernel is the producer, as __bpf_ringbuf_reserve and bpf_ringbuf_commit are.
type kernel struct {
	*pages
	overwrite bool
	pos       uint64
	over      uint64
	pending   uint64
}

func (k *kernel) length(pos uint64) uint64 {
	return space(atomic.LoadUint32(k.header(pos)) &^ discardBit)
}

func (k *kernel) reserve(size int) (pos uint64, ok bool) {
	mask := uint64(k.capacity) - 1
	next := k.pos + space(uint32(size))
	for k.pending < k.pos && atomic.LoadUint32(k.header(k.pending))&busyBit == 0 {
		k.pending += k.length(k.pending)
	}
	if next-k.pending > mask || !k.overwrite && next-loadPosition(k.consumer) > mask {
		return 0, false
	}
	if k.overwrite {
		for next-k.over > mask {
			k.over += k.length(k.over)
		}
		storePosition(k.producer[8:], k.over)
	}
	pos = k.pos
	atomic.StoreUint32(k.header(pos), uint32(size)|busyBit)
	k.pos = next
	storePosition(k.producer, k.pos)
	return pos, true
}

func (k *kernel) commit(pos uint64, flags uint32) {
	header := k.header(pos)
	atomic.SwapUint32(header, atomic.LoadUint32(header)&^busyBit|flags)
}

// write writes a record that its number and its size make.
func (k *kernel) write(seq uint64, size int) bool {
	pos, ok := k.reserve(size)
	if ok {
		fill(k.payload(pos, uint32(size)), seq)
		k.commit(pos, 0)
	}
	return ok
}

// fill makes a record of at least 8 bytes: its number, and bytes that belong to
// it.
func fill(record []byte, seq uint64) {
	binary.NativeEndian.PutUint64(record, seq)
	for i := range record[8:] {
		record[8+i] = byte(seq)
	}
}

// number is the number of a record, false if it is not whole.
func number(record []byte) (seq uint64, whole bool) {
	seq = binary.NativeEndian.Uint64(record)
	return seq, bytes.Count(record[8:], []byte{byte(seq)}) == len(record)-8
}

// read reads a record through both ways of the consumer.
func read(c *Consumer, size int) ([]byte, error) {
	exact := make([]byte, size)
	if c.Copy(exact) {
		return exact, nil
	}
	for {
		raw, err := c.Next()
		if err != nil {
			return nil, err
		}
		raw = bytes.Clone(raw)
		if c.Done() {
			return raw, nil
		}
	}
}

func TestConsumer(t *testing.T) {
	p := memory(t, 4096)
	k, c := &kernel{pages: p}, consume(p, false)
	rnd := rand.New(rand.NewPCG(1, 2))
	var sizes []int // of what was written and not yet read
	written, next := uint64(0), uint64(0)
	for range 50000 {
		switch size := 8 + rnd.IntN(200); {
		case rnd.IntN(10) == 0:
			if len(sizes) == 0 { // what was discarded before is not there, either
				if _, err := read(c, 8); !errors.Is(err, ErrNone) {
					t.Fatal(err)
				}
			}
			if pos, ok := k.reserve(size); ok {
				if c.HasRecord() && len(sizes) == 0 {
					t.Fatal("a busy record is there")
				}
				k.commit(pos, discardBit)
			}
		case rnd.IntN(2) == 0:
			if k.write(written, size) {
				sizes = append(sizes, size)
				written++
			} else if c.Publish(); !c.HasRecord() {
				t.Fatal("full and empty")
			}
		default:
			guess := 8
			if len(sizes) > 0 && rnd.IntN(2) == 0 {
				guess = sizes[0]
			}
			raw, err := read(c, guess)
			if len(sizes) == 0 {
				if !errors.Is(err, ErrNone) {
					t.Fatalf("of nothing: %x, %v", raw, err)
				}
				break
			}
			if seq, whole := number(raw); err != nil || seq != next || !whole || len(raw) != sizes[0] {
				t.Fatalf("record %d of %d bytes, want %d of %d: %v", seq, len(raw), next, sizes[0], err)
			}
			sizes, next = sizes[1:], next+1
		}
	}
	c.HasRecord()
	if loadPosition(p.consumer) != c.pos {
		t.Error("the position is not published")
	}
}

// In overwrite mode every byte is read or reported, and the oldest record that is
// left comes first.
func TestConsumerOverwrite(t *testing.T) {
	skip32Bit(t)
	p := memory(t, 4096)
	k, c := &kernel{pages: p, overwrite: true}, consume(p, true)
	rnd := rand.New(rand.NewPCG(3, 4))
	if c.HasRecord() {
		t.Error("nothing is something")
	}
	next := uint64(0)
	for seq := uint64(0); seq < 20000; {
		for range rnd.IntN(60) {
			size := 8 + rnd.IntN(120)
			if rnd.IntN(8) == 0 {
				pos, _ := k.reserve(size)
				k.commit(pos, discardBit)
				continue
			}
			if !k.write(seq, size) {
				t.Fatal("the ring is full")
			}
			seq++
		}
		for range rnd.IntN(60) {
			before, has := c.pos, c.HasRecord()
			lost := k.over > before
			raw, err := read(c, 16)
			var overwritten *OverwrittenError
			switch {
			case errors.Is(err, ErrNone):
			case errors.As(err, &overwritten):
				if !lost || c.pos != k.over || overwritten.Bytes != k.over-before {
					t.Fatalf("%d bytes lost, from %d to %d of %d", overwritten.Bytes, before, c.pos, k.over)
				}
			case err != nil:
				t.Fatal(err)
			default:
				n, whole := number(raw)
				if lost || !has || !whole || n < next {
					t.Fatalf("record %d, want at least %d", n, next)
				}
				next = n + 1
			}
		}
	}
	for err := error(nil); !errors.Is(err, ErrNone); {
		_, err = read(c, 16)
	}
	if c.pos != k.pos {
		t.Errorf("read to %d of %d", c.pos, k.pos)
	}
}

// A kernel that writes all the time, much faster than the consumer reads: what it
// gets is never a mixture of two records, and in order.
func TestConsumerOverwriteIsNeverTorn(t *testing.T) {
	skip32Bit(t)
	p := memory(t, 4096)
	k, c := &kernel{pages: p, overwrite: true}, consume(p, true)
	n := uint64(300000)
	if testing.Short() {
		n = 50000
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for seq := range n {
			if !k.write(seq, 8+int(seq*7%400)) {
				t.Error("the ring is full")
				return
			}
		}
	}()
	next, read1, lost := uint64(0), 0, 0
	for end := false; ; {
		raw, err := read(c, 8)
		var overwritten *OverwrittenError
		switch {
		case err == nil:
			seq, whole := number(raw)
			if !whole || seq < next || len(raw) != 8+int(seq*7%400) {
				t.Fatalf("record %d of %d bytes, whole %v, want at least %d", seq, len(raw), whole, next)
			}
			next, read1 = seq+1, read1+1
		case errors.As(err, &overwritten):
			lost++
		case !errors.Is(err, ErrNone):
			t.Fatal(err)
		case end:
			if next != n {
				t.Errorf("the last record is %d of %d", next-1, n)
			}
			t.Logf("%d records read, overwritten %d times", read1, lost)
			return
		default:
			runtime.Gosched()
			select {
			case <-done:
				end = true
			default:
			}
		}
	}
}

// Memory that no kernel writes is an error, and no panic.
func TestConsumerOfNonsense(t *testing.T) {
	for _, overwrite := range []bool{false, true} {
		p := memory(t, 4096)
		rnd := rand.New(rand.NewPCG(5, 6))
		for range 2000 {
			c := consume(p, overwrite)
			for i := range p.data[:4096/8] {
				binary.NativeEndian.PutUint32(p.data[8*i:], rnd.Uint32()>>rnd.IntN(32))
			}
			for i, page := range [][]byte{p.producer, p.producer[8:], p.consumer} {
				storePosition(page, rnd.Uint64()>>rnd.IntN(64)&^7&^uint64(i/2*7))
			}
			c.pos = loadPosition(p.consumer)
			c.published = c.pos
			for range 30 {
				c.HasRecord()
				if c.Copy(make([]byte, 8)) {
					continue
				}
				if _, err := c.Next(); err == nil {
					c.Done()
				}
			}
		}
	}
}

// The position of a ring never goes back, whatever consumers of it do.
func TestConsumersNeverGoBack(t *testing.T) {
	p := memory(t, 4096)
	k := &kernel{pages: p}
	rnd := rand.New(rand.NewPCG(7, 8))
	consumers := []*Consumer{consume(p, false), consume(p, false), consume(p, false)}
	told, before := 0, uint64(0)
	for seq := uint64(0); seq < 30000; {
		for range rnd.IntN(20) {
			if k.write(seq, 8+rnd.IntN(64)) {
				seq++
			}
		}
		c := consumers[rnd.IntN(len(consumers))]
		for range rnd.IntN(20) {
			switch raw, err := read(c, 16); {
			case errors.Is(err, ErrShared):
				told++
			case err != nil && !errors.Is(err, ErrNone):
				t.Fatal(err)
			case err == nil:
				if n, whole := number(raw); !whole || n >= seq {
					t.Fatalf("record %d, whole %v", n, whole)
				}
			}
		}
		if rnd.IntN(4) == 0 {
			c.Publish()
		}
		if pos := loadPosition(p.consumer); pos < before {
			t.Fatalf("the position went from %d to %d", before, pos)
		} else {
			before = pos
		}
	}
	if told == 0 {
		t.Error("nobody was told")
	}
}

func skip32Bit(t *testing.T) {
	t.Helper()
	if unsafe.Sizeof(uintptr(0)) < 8 {
		if _, err := NewConsumer(-1, 4096, true); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("overwrite mode of a 32-bit program: %v", err)
		}
		t.Skip("overwrite mode needs a 64-bit program")
	}
}
