//go:build !linux

package typed

import (
	"context"

	"github.com/cilium/ebpf"
)

// producerRing is of no use outside of Linux: there is none.
type producerRing struct{}

func newProducerRing(fd, capacity int) (*producerRing, error) { return nil, ebpf.ErrNotSupported }

func (r *producerRing) reserve(size int) (uint32, error) { return 0, ebpf.ErrNotSupported }

func (r *producerRing) reserveWait(ctx context.Context, size int) (uint32, error) {
	return 0, ebpf.ErrNotSupported
}

func (r *producerRing) payload(at uint32, size int) []byte { return nil }
func (r *producerRing) commit(at, flags uint32)            {}
func (r *producerRing) Close() error                       { return nil }
