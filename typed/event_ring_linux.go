package typed

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The consumer's side of kernel/bpf/ringbuf.c, as ring_buffer in libbpf's
// ringbuf.c does it. It is not the library's ringbuf.Reader, because that waits
// in a thread of its own instead of Go's poller, cannot be given a deadline
// while it waits, spins while a record is being written, and takes a second
// lock for each record.
//
// The kernel advances the producer position when it reserves a record, and
// takes the busy bit out of its header when the record is complete. It then
// wakes user space if the consumer position is that of the record
// (bpf_ringbuf_commit): who waits must have seen no record, or a busy one, with
// the position it has published. A reader publishes its position when it waits
// and every few records: what it has read since stays in the ring, so that a
// record is copied once, straight into the caller's memory.

// ringSource reads a ring buffer.
type ringSource struct {
	pages     *ringPages
	pos       uint64 // of the consumer
	held      uint64 // bytes of the record at pos that was read last
	buf       []byte // records that are too large to be held
	published uint64 // pos as the kernel knows it
	batch     uint64 // how far apart the two may be, in bytes
	limit     uint32 // lower half of the producer's position, as last seen

	file     *os.File
	conn     syscall.RawConn
	arrived  func(fd uintptr) bool // what the poller asks
	closed   atomic.Bool
	cleanup  runtime.Cleanup
	deadline readDeadline
}

// maxBatch is the most that is read before its room is given back, in bytes:
// little beside the sizes that buffers have.
const maxBatch = 4096

func newRingSource(fd, capacity int) (*ringSource, error) {
	pages, err := mapRing(fd, capacity, unix.PROT_READ|unix.PROT_WRITE, unix.PROT_READ)
	if err != nil {
		return nil, err
	}
	s := &ringSource{pages: pages, pos: loadPosition(pages.consumer), batch: uint64(min(capacity/16, maxBatch))}
	s.published, s.limit = s.pos, uint32(s.pos)
	if s.file, err = pollable(fd); err == nil {
		s.conn, err = s.file.SyscallConn()
	}
	if err != nil {
		return nil, errors.Join(err, pages.unmap())
	}
	s.deadline.file = s.file
	s.arrived = func(uintptr) bool { return s.closed.Load() || s.hasRecord() }
	s.cleanup = runtime.AddCleanup(s, func(p *ringPages) { _ = p.unmap() }, pages)
	return s, nil
}

func (s *ringSource) read(rec *record) error {
	s.advance()
	for {
		if s.closed.Load() {
			return os.ErrClosed
		}
		header, ok := s.next()
		if !ok {
			if err := s.wait(); err != nil {
				return err
			}
			continue
		}
		s.held = spaceIn(header)
		if header&ringDiscard != 0 {
			s.advance()
			continue
		}
		rec.raw = s.pages.payload(s.offset(), int(header))
		if s.held > s.batch {
			rec.raw = s.takeOut(rec.raw)
		}
		return nil
	}
}

// takeOut copies a record that is too large to be held until the next read, and
// gives its room back at once.
func (s *ringSource) takeOut(payload []byte) []byte {
	s.buf = append(s.buf[:0], payload...)
	s.advance()
	return s.buf
}

// spaceIn is what a record takes of the ring, by its header.
func spaceIn(header uint32) uint64 {
	return (uint64(header&^ringDiscard) + ringHeader + 7) &^ 7
}

// advance goes past the record that was read last.
func (s *ringSource) advance() {
	s.pos += s.held
	s.held = 0
	if s.pos-s.published >= s.batch {
		s.publish()
	}
}

// next is the header of the next record, if there is one that is complete.
func (s *ringSource) next() (header uint32, ok bool) {
	if s.limit == uint32(s.pos) {
		s.limit = uint32(loadPosition(s.pages.producer))
		if s.limit == uint32(s.pos) {
			return 0, false
		}
	}
	header = atomic.LoadUint32(s.pages.header(s.offset()))
	return header, header&ringBusy == 0
}

// publish gives the room of what was read back to the kernel.
func (s *ringSource) publish() {
	storePosition(s.pages.consumer, s.pos)
	s.published = s.pos
}

func (s *ringSource) hasRecord() bool {
	_, ok := s.next()
	return ok
}

func (s *ringSource) offset() uint32 { return uint32(s.pos) & (s.pages.capacity - 1) }

// wait waits for a record. The poller forgets what it was told before, and
// asks arrived before it sleeps.
func (s *ringSource) wait() error {
	s.publish()
	err := s.conn.Read(s.arrived)
	switch {
	case s.closed.Load():
		return os.ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded) && s.hasRecord():
		return nil // one without wakeup
	case errors.Is(err, os.ErrDeadlineExceeded):
		return s.deadline.passed()
	}
	return err
}

func (s *ringSource) setDeadline(t time.Time) error { return s.deadline.set(t) }
func (s *ringSource) flush() error                  { return s.deadline.kick() }
func (s *ringSource) bufferSize() int               { return int(s.pages.capacity) }

func (s *ringSource) interrupt() error {
	s.closed.Store(true)
	return s.file.Close()
}

func (s *ringSource) release() error {
	s.cleanup.Stop()
	s.advance()
	s.publish()
	return s.pages.unmap()
}

// readDeadline is the deadline of a file that is also used to wake its reader.
type readDeadline struct {
	file *os.File

	mu     sync.Mutex
	user   time.Time // as set
	kicked bool      // the file's is in the past, to wake the reader
}

// past is over.
var past = time.Unix(1, 0)

func (d *readDeadline) set(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.user = t
	if d.kicked {
		return nil
	}
	return d.file.SetReadDeadline(t)
}

// kick makes the reader return ErrFlushed.
func (d *readDeadline) kick() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kicked = true
	return d.file.SetReadDeadline(past)
}

// passed is the error of a reader whose deadline was exceeded.
func (d *readDeadline) passed() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.kicked {
		return os.ErrDeadlineExceeded
	}
	d.kicked = false
	if err := d.file.SetReadDeadline(d.user); err != nil {
		return err
	}
	return ErrFlushed
}
