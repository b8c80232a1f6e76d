package typed

import (
	"cmp"
	"fmt"
	"sync"
	"syscall"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
)

// Per-CPU maps: a key has a value on each possible CPU, in Go a []V in the
// order of the CPU numbers. The kernel copies the values one CPU after the
// other; a sum of them is as exact as that. See percpu.go for merging.
//
// In a system call each value has a slot of 8·n bytes. Where V is not that long,
// values are copied out of slots and into them.

// CPUs is how many values a key of a per-CPU map has: the number of possible
// CPUs. 0 where the map was not loaded.
//
//go:noinline
func (h *MapCore) CPUs() int { return h.core().cpus }

// LookupCPUs reads the values of a key, of which there must be as many as CPUs.
//
//go:noinline
func (h *MapCore) LookupCPUs(key, values unsafe.Pointer, n int) error {
	return h.core().elemCPUs("lookup", bpf.MapLookupElem, key, values, n, 0)
}

// LookupAndDeleteCPUs is LookupCPUs that removes the key.
//
//go:noinline
func (h *MapCore) LookupAndDeleteCPUs(key, values unsafe.Pointer, n int) error {
	return h.core().elemCPUs("lookup and delete", bpf.MapLookupAndDeleteElem, key, values, n, 0)
}

// UpdateCPUs writes the values of a key.
//
//go:noinline
func (h *MapCore) UpdateCPUs(key, values unsafe.Pointer, n int, flags UpdateFlags) error {
	return h.core().elemCPUs("update", bpf.MapUpdateElem, key, values, n, uint64(flags))
}

// PutEach writes the same value on every CPU.
//
//go:noinline
func (h *MapCore) PutEach(key, value unsafe.Pointer) error {
	c := h.core()
	if err := c.usable(); err != nil {
		return err
	}
	slots := getSlots(c.valueSize(0))
	defer slotPool.Put(slots)
	own := unsafe.Slice((*byte)(value), c.facts.ValueSize)
	for i := range c.cpus {
		pack((*slots)[i*c.stride:], own, len(own), c.stride, 1)
	}
	return c.elem("update", bpf.MapUpdateElem, key, unsafe.Pointer(unsafe.SliceData(*slots)), 0)
}

// elemCPUs does a command with the n values of a key.
func (c *mapCore) elemCPUs(op string, cmd bpf.Command, key, values unsafe.Pointer, n int, flags uint64) error {
	if err := cmp.Or(c.checkCPU(op, cmd, flags), c.countCPUs(n, flags)); err != nil {
		return err
	}
	if c.stride == int(c.facts.ValueSize) || flags&cpuFlags != 0 {
		return c.explainCPU(flags, c.elem(op, cmd, key, values, flags))
	}
	slots := getSlots(c.valueSize(flags))
	defer slotPool.Put(slots)
	size := int(c.facts.ValueSize)
	own := unsafe.Slice((*byte)(values), n*size)
	if cmd == bpf.MapUpdateElem {
		pack(*slots, own, size, c.stride, n)
	}
	err := c.elem(op, cmd, key, unsafe.Pointer(unsafe.SliceData(*slots)), flags)
	if err == nil && cmd != bpf.MapUpdateElem {
		unpack(own, *slots, size, c.stride, n)
	}
	return err
}

// countCPUs checks that the values of a key are as many as the kernel reads or
// writes.
func (c *mapCore) countCPUs(n int, flags uint64) error {
	if err := c.usable(); err != nil {
		return err
	}
	want := c.cpusWith(flags)
	switch {
	case n == want:
		return nil
	case want == 1 && c.cpus > 1:
		return fmt.Errorf("%s: a key has one value, of the CPU that the flags name, not %d: %w", mapName(c.name), n, syscall.EINVAL)
	}
	return fmt.Errorf("%s: a key has %d values, one for each possible CPU, not %d: %w", mapName(c.name), want, n, syscall.EINVAL)
}

// slotPool has buffers for values whose slots are longer than they are, so that
// reading and writing these allocates nothing either.
var slotPool = sync.Pool{New: func() any { return new([]byte) }}

// getSlots returns a buffer of n bytes. It goes back with slotPool.Put.
func getSlots(n int) *[]byte {
	slots := slotPool.Get().(*[]byte)
	if cap(*slots) < n {
		*slots = make([]byte, n)
	}
	*slots = (*slots)[:n]
	return slots
}
