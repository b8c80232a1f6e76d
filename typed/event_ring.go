package typed

import (
	"cmp"
	"errors"

	"github.com/bpfgen/bpfgen/typed/internal/ring"
	"github.com/cilium/ebpf"
)

// RingBuf is a BPF_MAP_TYPE_RINGBUF (Linux ≥ 5.8) whose records are of type T, or a
// []byte where the object does not say of which.
//
// A record has exactly the size that the program gave to bpf_ringbuf_output or
// bpf_ringbuf_reserve (kernel/bpf/ringbuf.c). Where the ring is full these fail,
// which the program alone can count: no reader is told.
//
// A ring in overwrite mode (BPF_F_RB_OVERWRITE, Linux ≥ 6.19) never is full: the program
// writes over the oldest records. Readers get an [*OverwrittenError] in the place
// of those that they have not read.
type RingBuf[T any] interface {
	AnyMap
	// NewReader starts reading. opts may be nil. The caller closes the reader;
	// closing the map, or the collection that it belongs to, closes it too.
	//
	// A handle has one reader at a time; [ErrInUse] if there is one. All handles of
	// a map, those of other processes too, share one position. Each record is read
	// by the reader that comes first, or by more than one: two at a time disturb
	// each other, and a reader that finds its position moved says [ErrTwoReaders].
	// Only one that has read nothing yet goes on where the other one is, so that a
	// new process may open its reader before an old one closes its own.
	NewReader(opts *RingBufOptions) (*Reader[T], error)
}

// RingBufOptions are the options of [RingBuf]'s NewReader.
type RingBufOptions struct {
	// MinSize is the size in bytes of the shortest record that is an event: that
	// of the first version of a struct which has grown at its end since. What
	// a record lacks of T is zero. 1 takes all but empty ones.
	//
	// 0 means the size of T. If T ends in a flexible array it means its offset; if
	// the bindings were generated with `-event map=type,short`, 1.
	MinSize int
}

// NewRingBufReader is the NewReader of a [RingBuf]: types of maps call it.
// minSize is the MinSize of options that say nothing. opts may be nil.
func NewRingBufReader[T any](h *MapHandle, minSize int, opts *RingBufOptions) (*Reader[T], error) {
	core, err := h.core().openRing((*T)(nil), minSize, opts)
	if err != nil {
		return nil, err
	}
	return &Reader[T]{core}, nil
}

// flagOverwrite is BPF_F_RB_OVERWRITE.
const flagOverwrite = 1 << 19

// openRing opens a reader of records of the type that like points to.
//
//go:noinline
func (c *mapCore) openRing(like any, minSize int, opts *RingBufOptions) (*reader, error) {
	var o RingBufOptions
	if opts != nil {
		o = *opts
	}
	size, least, err := eventSizes(like, cmp.Or(o.MinSize, minSize))
	if err != nil {
		return nil, c.wrap("new reader", err)
	}
	return opened(c, "new reader", func(lib *ebpf.Map, disown func()) (*reader, error) {
		waiter, err := ring.ConsumerWaiter(lib.FD())
		if err != nil {
			return nil, err
		}
		overwrite := lib.Flags()&flagOverwrite != 0
		consumer, err := ring.NewConsumer(lib.FD(), lib.MaxEntries(), overwrite)
		if err != nil {
			return nil, errors.Join(err, waiter.Close())
		}
		return &reader{name: c.name, size: size, min: least, waiter: waiter, ring: consumer, disown: disown}, nil
	})
}
