package ring

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The buffers behind a perf event array: one for each CPU, filled by
// bpf_perf_event_output (kernel/trace/bpf_trace.c) and kept by
// kernel/events/ring_buffer.c. Each is a page of metadata and a power of two of
// data pages. Its descriptor is in the array, under the number of its CPU.
//
// A forward buffer is read from data_tail, which Go writes, to data_head, which
// the kernel writes. A full one takes no record; the kernel counts, and says how
// many were lost before the next record that it takes (PERF_RECORD_LOST).
//
// An overwritable buffer is written backward: data_head falls, and is where the
// newest record begins. Nothing is reported as lost. It is read while the program
// cannot write.

// Perf reads the buffers of all CPUs. One goroutine at a time calls it.
type Perf struct {
	buffers []*perfBuffer
	at      int // the buffer that is read
	array   EventArray
	bytes   int // of each buffer

	overwritable bool
	paused       bool
	scratch      []byte // a record that wraps
	next         uint64 // behind the record that Next gave
	cleanup      runtime.Cleanup
}

// perfBuffer is the buffer of one CPU.
type perfBuffer struct {
	cpu   int
	fd    int
	meta  *unix.PerfEventMmapPage
	data  []byte
	mmap  []byte
	pos   uint64 // of the next record
	limit uint64 // where reading ends

	published uint64 // pos as the kernel knows it
	reported  uint64 // lost records that were reported
	counted   uint64 // lost records that the kernel has told, in records or by count
	counts    bool   // the kernel tells the count of lost records
}

// NewPerf opens the buffers and puts them into the array, which it owns from
// then on, also if it fails. CPUs that are off line have none. What is dropped is
// closed.
//
// The second result waits for records. It has the epoll instance that all the
// events are in: Go's poller waits for that one descriptor.
func NewPerf(array EventArray, o PerfOptions) (*Perf, *Waiter, error) {
	p := &Perf{array: array, overwritable: o.Overwritable}
	waiter, err := p.open(o)
	if err != nil {
		return nil, nil, errors.Join(err, closePerf(p.buffers, array))
	}
	p.cleanup = runtime.AddCleanup(p, func(buffers []*perfBuffer) { _ = closePerf(buffers, array) }, p.buffers)
	return p, waiter, nil
}

func (p *Perf) open(o PerfOptions) (*Waiter, error) {
	if o.Watermark > 0 && o.WakeupEvents > 0 {
		return nil, fmt.Errorf("a watermark and a number of records at once: %w", os.ErrInvalid)
	}
	if o.PerCPUBuffer < 1 || o.Watermark >= o.PerCPUBuffer {
		return nil, fmt.Errorf("a buffer of %d bytes and a watermark of %d: %w", o.PerCPUBuffer, o.Watermark, os.ErrInvalid)
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create epoll instance: %w", err)
	}
	for cpu := range int(p.array.MaxEntries()) {
		b, err := newPerfBuffer(cpu, o)
		if errors.Is(err, unix.ENODEV) {
			continue // off line
		}
		if err == nil {
			p.buffers = append(p.buffers, b)
			err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, b.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(b.fd)})
		}
		if err != nil {
			unix.Close(epoll)
			return nil, fmt.Errorf("buffer of CPU %d: %w", cpu, err)
		}
		p.bytes = len(b.data)
	}
	if len(p.buffers) == 0 {
		unix.Close(epoll)
		return nil, errors.New("no CPU of the array is on line")
	}
	waiter, err := Reading(epoll)
	if err != nil {
		return nil, err
	}
	if err := p.Resume(); err != nil {
		return nil, errors.Join(err, waiter.Close())
	}
	return waiter, nil
}

func newPerfBuffer(cpu int, o PerfOptions) (*perfBuffer, error) {
	b := &perfBuffer{cpu: cpu, counts: true}
	attr := unix.PerfEventAttr{
		Type:        unix.PERF_TYPE_SOFTWARE,
		Config:      unix.PERF_COUNT_SW_BPF_OUTPUT,
		Sample_type: unix.PERF_SAMPLE_RAW,
		Read_format: unix.PERF_FORMAT_LOST,
	}
	attr.Size = uint32(unsafe.Sizeof(attr))
	if o.WakeupEvents > 0 {
		attr.Wakeup = uint32(o.WakeupEvents)
	} else {
		attr.Wakeup, attr.Bits = uint32(max(o.Watermark, 1)), unix.PerfBitWatermark
	}
	prot := unix.PROT_READ | unix.PROT_WRITE
	if o.Overwritable {
		attr.Bits |= unix.PerfBitWriteBackward
		prot = unix.PROT_READ // the kernel then waits for no reader
	}
	fd, err := unix.PerfEventOpen(&attr, -1, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.0
		attr.Read_format, b.counts = 0, false
		fd, err = unix.PerfEventOpen(&attr, -1, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
	}
	if err != nil {
		return nil, fmt.Errorf("perf_event_open: %w", err)
	}
	b.fd = fd
	b.mmap, err = unix.Mmap(fd, 0, os.Getpagesize()+perfBytes(o.PerCPUBuffer), prot, unix.MAP_SHARED)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("map: %w", err)
	}
	b.meta = (*unix.PerfEventMmapPage)(unsafe.Pointer(&b.mmap[0]))
	b.data = b.mmap[os.Getpagesize():]
	b.pos = atomic.LoadUint64(&b.meta.Data_head)
	b.published, b.limit = b.pos, b.pos
	return b, nil
}

// perfBytes rounds up to a power of two of pages.
func perfBytes(size int) int {
	page := os.Getpagesize()
	return page << bits.Len(uint((size-1)/page))
}

// The types of records (enum perf_event_type in
// include/uapi/linux/perf_event.h). All begin with type, flags and size.
const (
	perfHeader = 8
	lostRecord = 24 // with the id of the event and the count
	rawSize    = 4  // of the length before the bytes of a sample
)

// Next gives the next record and the CPU that wrote it. Its bytes may be those
// that are shared with the kernel: they are good until Done. Records of several
// CPUs come in no order; a CPU that writes all the time does not keep others from
// being read.
//
// The error is ErrNone as it is, a *LostError, which Done must not follow, io.EOF
// where an overwritable buffer was read to its end, or that it is not paused.
func (p *Perf) Next() (record []byte, cpu int, err error) {
	if p.overwritable && !p.paused {
		return nil, 0, errNotPaused
	}
	for range len(p.buffers) + 1 {
		b := p.buffers[p.at]
		for b.pos != b.limit {
			record, err := p.record(b)
			if record != nil || err != nil {
				return record, b.cpu, err
			}
		}
		p.leave(b)
	}
	if p.overwritable {
		return nil, 0, io.EOF
	}
	return nil, 0, ErrNone
}

var errNotPaused = errors.New("an overwritable buffer is read while it is paused")

// leave gives the room of a buffer back that was read to its limit, and goes to
// the next one.
func (p *Perf) leave(b *perfBuffer) {
	if !p.overwritable {
		b.publish()
	}
	p.at = (p.at + 1) % len(p.buffers)
	if !p.overwritable {
		p.buffers[p.at].limit = atomic.LoadUint64(&p.buffers[p.at].meta.Data_head)
	}
}

// record is the record at b.pos; nil where that is none of the program's.
func (p *Perf) record(b *perfBuffer) ([]byte, error) {
	left := b.limit - b.pos
	var kind uint32
	var size uint64
	if left >= perfHeader {
		at := b.pos & uint64(len(b.data)-1)
		kind = binary.NativeEndian.Uint32(b.data[at:])
		size = uint64(binary.NativeEndian.Uint16(b.data[at+6:]))
	}
	if size < perfHeader || size > left {
		b.pos = b.limit
		if p.overwritable {
			return nil, nil // the oldest one, of which only a part is left
		}
		return nil, ErrCorrupt
	}
	p.next = b.pos + size
	switch {
	case kind == unix.PERF_RECORD_SAMPLE && size >= perfHeader+rawSize:
		raw := p.contiguous(b, b.pos+perfHeader, size-perfHeader)
		if n := uint64(binary.NativeEndian.Uint32(raw)); n <= size-perfHeader-rawSize {
			return raw[rawSize : rawSize+n : rawSize+n], nil
		}
	case kind == unix.PERF_RECORD_LOST && size >= lostRecord:
		raw := p.contiguous(b, b.pos+16, 8)
		p.Done()
		return nil, b.lost(binary.NativeEndian.Uint64(raw))
	}
	p.Done()
	return nil, nil
}

// contiguous is n bytes of a buffer, copied if they wrap. All records begin at
// multiples of 8.
func (p *Perf) contiguous(b *perfBuffer, pos, n uint64) []byte {
	at := pos & uint64(len(b.data)-1)
	if at+n <= uint64(len(b.data)) {
		return b.data[at : at+n]
	}
	p.scratch = append(append(p.scratch[:0], b.data[at:]...), b.data[:at+n-uint64(len(b.data))]...)
	return p.scratch
}

// Done says that the record that Next gave was copied.
func (p *Perf) Done() {
	b := p.buffers[p.at]
	b.pos = p.next
	if !p.overwritable && b.pos-b.published >= uint64(min(len(b.data)/16, maxBatch)) {
		b.publish()
	}
}

func (b *perfBuffer) publish() {
	if b.published != b.pos {
		atomic.StoreUint64(&b.meta.Data_tail, b.pos)
		b.published = b.pos
	}
}

// lost is the error of n more records that the kernel says are lost, less those
// that were reported before by count; nil if none is left.
func (b *perfBuffer) lost(n uint64) error {
	b.counted += n
	return b.report(b.counted)
}

func (b *perfBuffer) report(total uint64) error {
	if total <= b.reported {
		return nil
	}
	err := &LostError{CPU: b.cpu, Count: total - b.reported}
	b.reported = total
	return err
}

// Lost is the *LostError of records that were lost and that the kernel would
// tell of with the next record of their CPU; nil if there are none, or the kernel
// has no count (PERF_FORMAT_LOST, Linux 6.0).
func (p *Perf) Lost() error {
	for _, b := range p.buffers {
		if !b.counts {
			continue
		}
		var values [2]uint64 // the event's own, which is 0, and lost
		n, err := unix.Read(b.fd, unsafe.Slice((*byte)(unsafe.Pointer(&values)), unsafe.Sizeof(values)))
		if err != nil || n != int(unsafe.Sizeof(values)) {
			b.counts = false
			continue
		}
		if err := b.report(values[1]); err != nil {
			return err
		}
	}
	return nil
}

// HasRecord says whether Next has something to return.
func (p *Perf) HasRecord() bool {
	if p.overwritable {
		return true // records, their end, or an error
	}
	for _, b := range p.buffers {
		if b.pos != atomic.LoadUint64(&b.meta.Data_head) {
			return true
		}
	}
	return false
}

// Pause takes the buffers out of the array: bpf_perf_event_output returns
// -ENOENT. Overwritable buffers can be read then, from the newest record to the
// oldest one that is new since the last time.
func (p *Perf) Pause() error {
	for _, b := range p.buffers {
		if err := p.array.Delete(uint32(b.cpu)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("take out the buffer of CPU %d: %w", b.cpu, err)
		}
	}
	if p.overwritable && !p.paused {
		for _, b := range p.buffers {
			b.rewind()
		}
	}
	p.paused = true
	return nil
}

// rewind goes to the newest record of an overwritable buffer. Reading ends
// where it began last time, or where the buffer does.
func (b *perfBuffer) rewind() {
	head := atomic.LoadUint64(&b.meta.Data_head)
	b.limit = min(b.published-head, uint64(len(b.data))) + head
	b.pos, b.published = head, head
}

// Resume takes Pause back.
func (p *Perf) Resume() error {
	for _, b := range p.buffers {
		if err := p.array.Put(uint32(b.cpu), uint32(b.fd)); err != nil {
			return fmt.Errorf("put in the buffer of CPU %d: %w", b.cpu, err)
		}
	}
	p.paused = false
	return nil
}

// Capacity is the size of each buffer in bytes.
func (p *Perf) Capacity() int { return p.bytes }

// Close closes the buffers. Nothing may be called after it. The waiter is
// closed before.
func (p *Perf) Close() error {
	p.cleanup.Stop()
	return closePerf(p.buffers, p.array)
}

// closePerf closes what a Perf has. The array goes first, with the events in it.
func closePerf(buffers []*perfBuffer, array EventArray) error {
	errs := []error{array.Close()}
	for _, b := range buffers {
		errs = append(errs, unix.Munmap(b.mmap), unix.Close(b.fd))
	}
	return errors.Join(errs...)
}
