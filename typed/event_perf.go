package typed

import (
	"os"
	"unsafe"
)

// PerfEventArray is a BPF_MAP_TYPE_PERF_EVENT_ARRAY whose records are of type
// T, or a []byte where the object does not say of which.
//
// There is a buffer for each CPU: the order of records of different CPUs is
// not kept. A record of n bytes arrives as roundup(n+4, 8)-4 bytes, of which
// the last ones have no meaning (kernel/events/core.c, perf_prepare_sample); a
// record that is short by no more than that cannot be told from a whole one.
type PerfEventArray[T any] struct{ eventMap[T] }

// PerfOptions are the options of [PerfEventArray.NewReader].
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
	// lost. Such a buffer is read while it is paused, newest record first.
	Overwritable bool
	// ZeroFill makes records that are shorter than T events whose missing
	// bytes are zero, instead of a [*ShortRecordError].
	ZeroFill bool
}

// defaultPerCPUBuffer is in pages.
const defaultPerCPUBuffer = 16

// Shape is what the type is made for.
func (*PerfEventArray[T]) Shape() MapShape { return eventShape[T](ClassPerfEventArray) }

// PerfReader is a [Reader] of a perf event array.
type PerfReader[T any] struct {
	Reader[T]
	source perfSource
}

// perfSource is what a perf array has beyond other sources.
type perfSource interface {
	recordSource
	pause() error
	resume() error
}

// NewReader opens a buffer for each CPU and starts reading. opts may be nil.
// The caller closes the reader; closing the map, or the collection that it
// belongs to, closes it too.
//
// A map has one reader at a time: a second one takes the records of the first.
func (m *PerfEventArray[T]) NewReader(opts *PerfOptions) (*PerfReader[T], error) {
	if _, err := m.c.ready(); err != nil {
		return nil, err
	}
	var o PerfOptions
	if opts != nil {
		o = *opts
	}
	if o.PerCPUBuffer == 0 {
		o.PerCPUBuffer = defaultPerCPUBuffer * os.Getpagesize()
	}
	src, err := newPerfSource(m.Map(), o)
	if err != nil {
		return nil, m.wrap("new reader", err)
	}
	r := &PerfReader[T]{source: src}
	initReader(&r.Reader, &m.eventMap, src, o.ZeroFill)
	return r, nil
}

// CPU is the one that wrote the record that was read last.
func (r *PerfReader[T]) CPU() int { return r.rec.cpu }

// Pause makes the kernel refuse new records: bpf_perf_event_output returns
// -ENOENT. What is in the buffers can be read.
func (r *PerfReader[T]) Pause() error { return r.source.pause() }

// Resume takes Pause back.
func (r *PerfReader[T]) Resume() error { return r.source.resume() }

// PutEvent puts a perf event (perf_event_open) at the index of a CPU, for
// programs that read its counter with bpf_perf_event_read_value. Such a map
// has no reader. fd can be closed afterwards. The error wraps
// [ebpf.ErrKeyNotExist] if the map has no such index.
func (m *PerfEventArray[T]) PutEvent(cpu uint32, fd int) error {
	return m.c.putFD(unsafe.Pointer(&cpu), fd, UpdateAny)
}

// DeleteEvent removes the perf event of a CPU; [ebpf.ErrKeyNotExist] if there
// is none.
func (m *PerfEventArray[T]) DeleteEvent(cpu uint32) error {
	return (*MapCore)(&m.MapHandle).Delete(unsafe.Pointer(&cpu))
}
