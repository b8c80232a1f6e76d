package typed

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

// Shape is what the type is made for.
func (*RingBuf[T]) Shape() MapShape { return eventShape[T](ClassRingBuf) }

// NewReader starts reading. opts may be nil. The caller closes the reader;
// closing the map, or the collection that it belongs to, closes it too.
//
// All readers of a map share one position: each record goes to one of them,
// and two at a time disturb each other.
func (m *RingBuf[T]) NewReader(opts *RingBufOptions) (*Reader[T], error) {
	fd, err := m.c.ready()
	if err != nil {
		return nil, err
	}
	ring, err := newRingSource(fd, m.MaxEntries())
	if err != nil {
		return nil, m.wrap("new reader", err)
	}
	r := new(Reader[T])
	initReader(r, &m.eventMap, ring, opts != nil && opts.ZeroFill)
	return r, nil
}
