package ring

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The consumer's side of kernel/bpf/ringbuf.c, as ring_buffer in libbpf's
// ringbuf.c does it.
//
// The kernel advances the producer position when it reserves a record, and
// takes the busy bit out of its header when the record is complete. It then
// wakes user space if the consumer position is that of the record
// (bpf_ringbuf_commit): who waits must have seen no record, or a busy one, with
// the position it has published. A consumer publishes its position when it waits
// and every few records, as each time costs more than a record.
//
// A ring in overwrite mode (BPF_F_RB_OVERWRITE, Linux 6.19) never refuses a
// record: where there is no room, the kernel moves overwrite_pos, which stands
// behind the producer position in its page, past the oldest records and writes
// over them (__bpf_ringbuf_reserve). It passes no record that is being written,
// and it does not look at the consumer position, which serves for wakeups only. A
// record is good if overwrite_pos has not passed it after it was copied.

// Consumer reads a ring buffer. One goroutine at a time calls it.
type Consumer struct {
	pages     *pages
	pos       uint64 // of the next record
	next      uint64 // behind the record that Next gave
	published uint64 // pos as the kernel knows it
	limit     uint64 // the producer's position as last seen
	batch     uint64 // how far apart pos and published may be, in bytes

	overwrite bool
	copied    []byte // the record, in overwrite mode
	fence     uint32

	used    bool // a record was read
	shared  bool // somebody else moved the position, and it was not yet reported
	slow    bool // overwrite or shared
	cleanup runtime.Cleanup
}

// maxBatch is the most that is read before its room is given back, in bytes:
// little beside the sizes that buffers have.
const maxBatch = 4096

// NewConsumer maps the ring buffer with that descriptor, which it does not keep.
// A consumer that is dropped is unmapped.
func NewConsumer(fd int, capacity uint32, overwrite bool) (*Consumer, error) {
	if overwrite && strconv.IntSize == 32 {
		// Where overwrite_pos is depends on the size of the kernel's long.
		return nil, fmt.Errorf("a 32-bit program reads no ring buffer in overwrite mode: %w", errors.ErrUnsupported)
	}
	mapped, err := mapPages(fd, capacity, unix.PROT_READ|unix.PROT_WRITE, unix.PROT_READ)
	if err != nil {
		return nil, err
	}
	c := &Consumer{
		pages: mapped, pos: loadPosition(mapped.consumer), batch: uint64(min(capacity/16, maxBatch)),
		overwrite: overwrite, slow: overwrite,
	}
	c.published, c.limit = c.pos, c.pos
	c.cleanup = runtime.AddCleanup(c, (*pages).drop, mapped)
	return c, nil
}

// ConsumerWaiter waits for records in the ring buffer with that descriptor,
// which it does not keep.
func ConsumerWaiter(fd int) (*Waiter, error) {
	own, err := dup(fd)
	if err != nil {
		return nil, err
	}
	return Reading(own)
}

// Copy reads the next record into dst, if there is one that is exactly as long:
// Next, a copy and Done in one call, for the records that nearly all are. If it
// returns false, dst may have changed, and nothing was read.
func (c *Consumer) Copy(dst []byte) bool {
	if c.slow || uint32(c.limit) == uint32(c.pos) {
		return false
	}
	p := c.pages
	record := p.data[p.offset(c.pos):]
	size := atomic.LoadUint32((*uint32)(unsafe.Pointer(&record[0])))
	if size != uint32(len(dst)) {
		return false // or busy, or discarded
	}
	copy(dst, record[HeaderSize:])
	if loadPosition(p.consumer) != c.published {
		return false
	}
	c.used, c.next = true, c.pos+space(size)
	c.advance()
	return true
}

// Next gives the next record, in the memory that is shared with the kernel. Its
// bytes are good if Done says so after they were copied, and not for longer.
// Other errors than ErrNone, which is returned as it is, are of records that are
// gone; Next can be called again.
func (c *Consumer) Next() ([]byte, error) {
	if c.slow {
		return c.nextSlow()
	}
	for {
		if uint32(c.limit) == uint32(c.pos) {
			if c.limit = loadPosition(c.pages.producer); uint32(c.limit) == uint32(c.pos) {
				return nil, ErrNone
			}
		}
		header := atomic.LoadUint32(c.pages.header(c.pos))
		if header&busyBit != 0 {
			return nil, ErrNone
		}
		size := header &^ discardBit
		if size > c.pages.capacity-HeaderSize {
			return nil, c.odd()
		}
		c.next = c.pos + space(size)
		if header&discardBit == 0 {
			return c.pages.payload(c.pos, size), nil
		}
		c.advance()
	}
}

// Done says whether the record that Next gave was whole all the while. Then it
// is read.
func (c *Consumer) Done() bool {
	if !c.overwrite && loadPosition(c.pages.consumer) != c.published {
		c.resync()
		return false
	}
	c.used = true
	c.advance()
	return true
}

// advance goes past the record that Next gave.
func (c *Consumer) advance() {
	c.pos = c.next
	if c.pos-c.published >= c.batch {
		c.Publish()
	}
}

// Publish gives the room of what was read back to the kernel, and makes it wake
// those who wait for what comes next. It never moves the position back.
func (c *Consumer) Publish() {
	if c.pos != c.published && !swapPosition(c.pages.consumer, c.published, c.pos) {
		c.resync()
		return
	}
	c.published = c.pos
}

// HasRecord publishes the position and says whether Next has something to
// return.
func (c *Consumer) HasRecord() bool {
	c.Publish()
	producer := loadPosition(c.pages.producer)
	if uint32(producer) == uint32(c.pos) {
		return c.shared
	}
	return c.shared || atomic.LoadUint32(c.pages.header(c.pos))&busyBit == 0 || c.overwrite && c.overwritten()
}

// resync goes on at the position that somebody else has stored, if that is
// further: what is before it may be overwritten. A consumer that has read nothing
// takes over from the other one in silence.
func (c *Consumer) resync() {
	theirs := loadPosition(c.pages.consumer)
	for int64(theirs-c.pos) < 0 && !swapPosition(c.pages.consumer, theirs, c.pos) {
		theirs = loadPosition(c.pages.consumer)
	}
	if int64(theirs-c.pos) > 0 {
		c.pos, c.limit = theirs, theirs
	}
	c.published = c.pos
	c.setShared(c.used)
}

func (c *Consumer) setShared(shared bool) { c.shared, c.slow = shared, shared || c.overwrite }

// odd is the error of a header that the kernel does not write. Somebody else
// gave the record's room back, or it never was one.
func (c *Consumer) odd() error {
	if loadPosition(c.pages.consumer) != c.published {
		c.resync()
		c.setShared(false)
		return ErrShared
	}
	return ErrCorrupt
}

// nextSlow is Next in overwrite mode, and where somebody else reads as well.
func (c *Consumer) nextSlow() ([]byte, error) {
	if c.shared {
		c.setShared(false)
		return nil, ErrShared
	}
	for {
		if int64(c.limit-c.pos) <= 0 {
			if c.limit = loadPosition(c.pages.producer); int64(c.limit-c.pos) <= 0 {
				return nil, ErrNone
			}
		}
		header := atomic.LoadUint32(c.pages.header(c.pos))
		if c.overwritten() {
			return nil, c.skip()
		}
		if header&busyBit != 0 {
			return nil, ErrNone
		}
		size := header &^ discardBit
		if size > c.pages.capacity-HeaderSize {
			return nil, ErrCorrupt
		}
		c.next = c.pos + space(size)
		if header&discardBit != 0 {
			c.advance()
			continue
		}
		c.copied = append(c.copied[:0], c.pages.payload(c.pos, size)...)
		// The copy comes before the look at overwrite_pos, on all machines. The
		// kernel's writes are in the right order where stores are (amd64, s390x);
		// elsewhere there are a spin lock and an interrupt between them.
		atomic.AddUint32(&c.fence, 0)
		if c.overwritten() {
			return nil, c.skip()
		}
		return c.copied, nil
	}
}

// overwritten says that the record at pos is gone, or what is there is going.
func (c *Consumer) overwritten() bool { return int64(c.overwritePos()-c.pos) > 0 }

// overwritePos is where the oldest record is.
func (c *Consumer) overwritePos() uint64 { return loadPosition(c.pages.producer[8:]) }

// skip goes to the oldest record and says what was lost.
func (c *Consumer) skip() error {
	oldest := c.overwritePos()
	lost := oldest - c.pos
	c.pos, c.limit, c.used = oldest, oldest, true
	return &OverwrittenError{Bytes: lost}
}

// Capacity is the size of the ring in bytes.
func (c *Consumer) Capacity() int { return int(c.pages.capacity) }

// Close publishes what was read and unmaps the pages. Nothing may be called
// after it.
func (c *Consumer) Close() error {
	c.cleanup.Stop()
	c.Publish()
	return c.pages.unmap()
}
