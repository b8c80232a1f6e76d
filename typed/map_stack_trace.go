package typed

import (
	"fmt"
	"slices"
	"structs"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
)

// Maps of stacks: what bpf_get_stackid found, by the id that it returned.

// StackBuildID is a frame of a user stack in a map with the flag
// BPF_F_STACK_BUILD_ID: struct bpf_stack_build_id of include/uapi/linux/bpf.h,
// 32 bytes.
type StackBuildID struct {
	_ structs.HostLayout
	// Status is 1 if BuildID and Offset are valid, 2 if Offset is a program
	// counter (BPF_STACK_BUILD_ID_VALID, …_IP).
	Status  int32
	BuildID [20]byte
	// Offset is that in the ELF file, or the program counter.
	Offset uint64
}

// The sizes of frames in bytes, and BPF_F_STACK_BUILD_ID, which decides.
const (
	counterSize      = 8
	buildIDSize      = 32
	flagStackBuildID = 1 << 5
)

// Depth is how many frames a stack can have.
//
//go:noinline
func (h *MapCore) Depth() int { return h.core().depth() }

func (c *mapCore) depth() int { return int(c.facts.ValueSize) / c.frameSize() }

func (c *mapCore) frameSize() int {
	if c.facts.Flags&flagStackBuildID != 0 {
		return buildIDSize
	}
	return counterSize
}

// LookupStack returns the program counters of a stack.
//
//go:noinline
func (h *MapCore) LookupStack(id unsafe.Pointer) ([]uint64, error) {
	frames := make([]uint64, h.Depth())
	n, err := h.LookupStackInto(id, frames)
	return frames[:n], err
}

// LookupStackInto is LookupStack into the caller's memory, of Depth frames.
//
//go:noinline
func (h *MapCore) LookupStackInto(id unsafe.Pointer, frames []uint64) (int, error) {
	if err := h.core().frames(counterSize, len(frames)); err != nil {
		return 0, err
	}
	if err := h.core().elem("lookup", bpf.MapLookupElem, id, unsafe.Pointer(unsafe.SliceData(frames)), 0); err != nil {
		return 0, err
	}
	return len(untilZero(frames)), nil
}

// LookupBuildIDs returns the frames of a stack in a map with build ids.
//
//go:noinline
func (h *MapCore) LookupBuildIDs(id unsafe.Pointer) ([]StackBuildID, error) {
	frames := make([]StackBuildID, h.Depth())
	if err := h.core().frames(buildIDSize, len(frames)); err != nil {
		return nil, err
	}
	if err := h.core().elem("lookup", bpf.MapLookupElem, id, unsafe.Pointer(unsafe.SliceData(frames)), 0); err != nil {
		return nil, err
	}
	return untilZero(frames), nil
}

// frames checks that the map has frames of a size, and room for Depth of them.
func (c *mapCore) frames(size, n int) error {
	if err := c.usable(); err != nil {
		return err
	}
	if c.frameSize() != size {
		return fmt.Errorf("%s: lookup: %w: its frames have %d bytes, not %d (BPF_F_STACK_BUILD_ID)",
			mapName(c.name), ebpf.ErrNotSupported, c.frameSize(), size)
	}
	if depth := c.depth(); n != depth {
		return fmt.Errorf("%s: lookup: room for %d frames instead of %d", mapName(c.name), n, depth)
	}
	return nil
}

// untilZero is the frames before the first that is all zero, which the kernel
// fills the rest with.
func untilZero[T comparable](frames []T) []T {
	var zero T
	if end := slices.Index(frames, zero); end >= 0 {
		return frames[:end]
	}
	return frames
}

// StacksScan is a loop over stacks. It is not for other code than generated one.
type StacksScan struct {
	h   *MapCore
	err error
}

// Stacks is a loop over the stacks.
//
//go:noinline
func (h *MapCore) Stacks() *StacksScan { return &StacksScan{h: h} }

// Each begins anew and yields the addresses of ids, and program counters that
// belong to the caller.
func (s *StacksScan) Each(use func(id unsafe.Pointer, frames []uint64) bool) {
	c := s.h.core()
	if s.err = c.frames(counterSize, s.h.Depth()); s.err != nil {
		return
	}
	// One stack at a time: most kernels have no batches of them.
	w, p := c.newWalk(bpf.MapLookupBatch, 0), c.newPage(1, 0)
	for !w.done {
		n, err := w.next(p.block)
		if s.err = err; err != nil {
			return
		}
		if n == 1 && !use(p.keys, slices.Clone(untilZero(unsafe.Slice((*uint64)(p.values), s.h.Depth())))) {
			return
		}
	}
}

// Err is what ended the last Each early.
func (s *StacksScan) Err() error { return s.err }
