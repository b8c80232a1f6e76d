package typed

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/bpfgen/bpfgen/typed/internal/ring"
	"github.com/cilium/ebpf"
)

// PerfEventArray is a BPF_MAP_TYPE_PERF_EVENT_ARRAY (Linux ≥ 4.3) whose records are of
// type T, or a []byte where the object does not say of which.
//
// There is a buffer for each CPU: the order of records of different CPUs is
// not kept. A record of n bytes arrives as roundup(n+4, 8)-4 bytes, of which
// the last ones have no meaning (kernel/events/core.c, perf_prepare_sample); a
// record that is short by no more than that cannot be told from a whole one.
type PerfEventArray[T any] interface {
	AnyMap
	// NewReader opens a buffer for each CPU that is on line and starts reading.
	// opts may be nil. The caller closes the reader; closing the map, or the
	// collection that it belongs to, closes it too.
	//
	// A handle has one reader at a time; [ErrInUse] if there is one. The reader of
	// another handle, or of another process, takes the records of this one: the
	// kernel has one buffer for a CPU in the array, that which was put there last.
	NewReader(opts *PerfOptions) (*Reader[T], error)
	// Pause makes the kernel refuse new records: bpf_perf_event_output returns
	// -ENOENT. What is in the buffers can be read. It is an error if the handle has
	// no reader.
	Pause() error
	// Resume takes Pause back.
	Resume() error
	// PutEvent puts a perf event (perf_event_open) at the index of a CPU, for
	// programs that read its counter with bpf_perf_event_read_value. Such a map has
	// no reader. fd can be closed afterwards. The error wraps
	// [ebpf.ErrKeyNotExist] if the map has no such index.
	PutEvent(cpu uint32, fd int) error
	// DeleteEvent removes the perf event of a CPU; [ebpf.ErrKeyNotExist] if there is
	// none.
	DeleteEvent(cpu uint32) error
}

// PerfOptions are the options of [PerfEventArray]'s NewReader.
type PerfOptions struct {
	// PerCPUBuffer is the size in bytes of the buffer of each CPU, rounded up
	// to a power of two of pages. 0 means 16 pages.
	PerCPUBuffer int
	// Watermark is how many bytes must be in the buffer of a CPU before a
	// reader is woken, WakeupEvents how many records. At most one may be set.
	// 0 means to wake it at once.
	Watermark    int
	WakeupEvents int
	// Overwritable makes new records replace the oldest ones instead of being
	// lost. Such a buffer is read between [PerfEventArray]'s Pause and Resume, from
	// the newest record of each CPU to the oldest that was not read before. Then
	// comes [io.EOF], and loops end.
	Overwritable bool
	// MinSize is as in [RingBufOptions].
	MinSize int
}

// defaultPerCPUBuffer is in pages.
const defaultPerCPUBuffer = 16

// NewPerfReader is the NewReader of a [PerfEventArray]: types of maps call it.
// minSize is the MinSize of options that say nothing. opts may be nil.
func NewPerfReader[T any](h *MapHandle, minSize int, opts *PerfOptions) (*Reader[T], error) {
	core, err := h.core().openPerf((*T)(nil), minSize, opts)
	if err != nil {
		return nil, err
	}
	return &Reader[T]{core}, nil
}

// openPerf opens a reader of records of the type that like points to.
//
//go:noinline
func (c *mapCore) openPerf(like any, minSize int, opts *PerfOptions) (*reader, error) {
	var o PerfOptions
	if opts != nil {
		o = *opts
	}
	if o.PerCPUBuffer == 0 {
		o.PerCPUBuffer = defaultPerCPUBuffer * os.Getpagesize()
	}
	size, least, err := eventSizes(like, cmp.Or(o.MinSize, minSize))
	if err != nil {
		return nil, c.wrap("new reader", err)
	}
	return opened(c, "new reader", func(lib *ebpf.Map, disown func()) (*reader, error) {
		array, err := openAgain(lib)
		if err != nil {
			return nil, err
		}
		perf, waiter, err := ring.NewPerf(array, ring.PerfOptions{
			PerCPUBuffer: o.PerCPUBuffer,
			Watermark:    o.Watermark,
			WakeupEvents: o.WakeupEvents,
			Overwritable: o.Overwritable,
		})
		if err != nil {
			return nil, withPerfRemedy(err)
		}
		return &reader{name: c.name, size: size, min: least, waiter: waiter, perf: perf, disown: disown}, nil
	})
}

// withPerfRemedy says what to do about an error of opening buffers.
func withPerfRemedy(err error) error {
	if remedy := perfRemedy(err); remedy != "" {
		return fmt.Errorf("%w; %s", err, remedy)
	}
	return err
}

// openAgain opens the map under its id, so that the kernel takes the buffers out
// of the array when the reader closes it. Without CAP_SYS_ADMIN it is a duplicate
// of the descriptor, and they stay until the map is closed.
func openAgain(m *ebpf.Map) (*ebpf.Map, error) {
	if info, err := m.Info(); err == nil {
		if id, ok := info.ID(); ok {
			if again, err := ebpf.NewMapFromID(id); err == nil {
				return again, nil
			}
		}
	}
	return m.Clone()
}

// Pause is the Pause of a [PerfEventArray].
//
//go:noinline
func (h *MapCore) Pause() error {
	return h.core().pause((*ring.Perf).Pause, "pause")
}

// Resume takes Pause back.
//
//go:noinline
func (h *MapCore) Resume() error {
	return h.core().pause((*ring.Perf).Resume, "resume")
}

// pause does something with the buffers of the handle's reader, which has a
// descriptor of the map of its own.
func (c *mapCore) pause(do func(*ring.Perf) error, op string) error {
	if err := c.usable(); err != nil {
		return err
	}
	r, _ := c.events.has().(*reader)
	if r == nil {
		return c.wrap(op, errors.New("the map has no reader"))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.perf == nil {
		return c.wrap(op, fmt.Errorf("reader: %w", os.ErrClosed))
	}
	if err := do(r.perf); err != nil {
		return c.wrap(op, err)
	}
	return nil
}
