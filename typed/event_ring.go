package typed

import (
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
)

// RingBuf is a BPF_MAP_TYPE_RINGBUF (5.8) whose records are of type T, or a
// []byte where the object does not say of which.
//
// A record has exactly the size that the program gave to bpf_ringbuf_output or
// bpf_ringbuf_reserve (kernel/bpf/ringbuf.c).
type RingBuf[T any] struct{ eventMap[T] }

// RingBufOptions are the options of [RingBuf.NewReader].
type RingBufOptions struct {
	// ZeroFill makes records that are shorter than T events whose missing
	// bytes are zero, instead of a [*ShortRecordError].
	ZeroFill bool
}

func (m *RingBuf[T]) bind(name string, raw *ebpf.Map) error {
	return m.bindTo(ebpf.RingBuf, name, raw)
}

func (m *RingBuf[T]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.checkSpecFor(ebpf.RingBuf, name, spec)
}

// NewReader starts reading. opts may be nil. The caller closes the reader;
// closing the map, or the collection that it belongs to, closes it too.
//
// All readers of a map share one position: each record goes to one of them,
// and two at a time disturb each other.
func (m *RingBuf[T]) NewReader(opts *RingBufOptions) (*Reader[T], error) {
	if _, err := m.ready(); err != nil {
		return nil, err
	}
	r, err := ringbuf.NewReader(m.Map)
	if err != nil {
		return nil, m.wrap("new reader", err)
	}
	reader := new(Reader[T])
	initReader(reader, &m.eventMap, &ringSource{reader: r}, opts != nil && opts.ZeroFill)
	return reader, nil
}

// ringSource reads a ring buffer.
type ringSource struct {
	reader *ringbuf.Reader
	rec    ringbuf.Record
}

func (s *ringSource) read(rec *record) error {
	err := s.reader.ReadInto(&s.rec)
	rec.raw = s.rec.RawSample
	return err
}

func (s *ringSource) setDeadline(t time.Time) { s.reader.SetDeadline(t) }
func (s *ringSource) flush() error            { return s.reader.Flush() }
func (s *ringSource) bufferSize() int         { return s.reader.BufferSize() }
func (s *ringSource) Close() error            { return s.reader.Close() }
