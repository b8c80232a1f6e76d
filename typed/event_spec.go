package typed

import (
	"math"
	"os"

	"github.com/cilium/ebpf"
)

// What ring buffers need before they are created. The spec of an object says
// what the C code says; the kernel wants it otherwise, and libbpf's loader
// makes it so in silence. A copy of the spec is changed, right before the map
// is created.

// fixRing makes what the kernel takes of the spec of a ring buffer or a user
// ring buffer, and of such an inner map. Other specs are left alone.
//
// Both have neither keys nor values for the kernel (ringbuf_map_alloc), so
// that __type(value, struct …), which says of what type the records are, would
// be refused. The library clears it for ring buffers only (elf_reader.go,
// v0.22.0).
func fixRing(spec *ebpf.MapSpec) {
	if spec.InnerMap != nil {
		fixRing(spec.InnerMap)
	}
	if spec.Type != ebpf.RingBuf && spec.Type != ebpf.UserRingbuf {
		return
	}
	spec.MaxEntries = ringSize(spec.MaxEntries, uint32(os.Getpagesize()))
	spec.KeySize, spec.ValueSize = 0, 0
	spec.Key, spec.Value = nil, nil
}

// ringSize is the size in bytes of a ring buffer of at least size bytes: a
// power of two of pages, as adjust_ringbuf_sz of libbpf rounds it. 0, and what
// is too large to be rounded up, stay what they are: the kernel's error says
// more.
func ringSize(size, page uint32) uint32 {
	if size == 0 {
		return 0
	}
	rounded := page
	for rounded < size {
		if rounded > math.MaxUint32/2 {
			return size
		}
		rounded *= 2
	}
	return rounded
}
