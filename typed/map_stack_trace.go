package typed

import (
	"fmt"
	"iter"
	"slices"
	"structs"

	"github.com/cilium/ebpf"
)

// StackTraceMap is a BPF_MAP_TYPE_STACK_TRACE (4.6): what bpf_get_stackid found,
// by the id that it returned. K is a type of 4 bytes, mostly uint32 or int32.
type StackTraceMap[K any] struct {
	boundMap
}

func (m *StackTraceMap[K]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *StackTraceMap[K]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*StackTraceMap[K]) shape() mapShape { return keyShape[K](nil, ebpf.StackTrace) }

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
func (m *StackTraceMap[K]) Depth() int { return int(m.facts.valueSize) / m.frameSize() }

func (m *StackTraceMap[K]) frameSize() int {
	if m.facts.flags&flagStackBuildID != 0 {
		return buildIDSize
	}
	return counterSize
}

// Lookup returns the program counters of a stack, the innermost first. The
// error wraps [ebpf.ErrKeyNotExist] if there is none.
func (m *StackTraceMap[K]) Lookup(id K) ([]uint64, error) {
	frames := make([]uint64, m.Depth())
	n, err := m.LookupInto(id, frames)
	return frames[:n], err
}

// LookupInto is Lookup into the caller's memory and returns the number of
// frames. frames must have Depth elements.
func (m *StackTraceMap[K]) LookupInto(id K, frames []uint64) (int, error) {
	if err := m.frames(counterSize, len(frames)); err != nil {
		return 0, err
	}
	if err := lookupBytes(&m.boundMap, bpfMapLookupElem, &id, bytesOf(frames)); err != nil {
		return 0, err
	}
	return len(untilZero(frames)), nil
}

// LookupBuildIDs returns the frames of a stack in a map with the flag
// BPF_F_STACK_BUILD_ID (4.17), the innermost first.
func (m *StackTraceMap[K]) LookupBuildIDs(id K) ([]StackBuildID, error) {
	frames := make([]StackBuildID, m.Depth())
	if err := m.frames(buildIDSize, len(frames)); err != nil {
		return nil, err
	}
	if err := lookupBytes(&m.boundMap, bpfMapLookupElem, &id, bytesOf(frames)); err != nil {
		return nil, err
	}
	return untilZero(frames), nil
}

// frames checks that the map has frames of a size, and room for Depth of them.
func (m *StackTraceMap[K]) frames(size, n int) error {
	if err := m.Err(); err != nil {
		return err
	}
	if m.frameSize() != size {
		return fmt.Errorf("map %s: lookup: %w: its frames have %d bytes, not %d (BPF_F_STACK_BUILD_ID)",
			m.name, ebpf.ErrNotSupported, m.frameSize(), size)
	}
	if n != m.Depth() {
		return fmt.Errorf("map %s: lookup: room for %d frames instead of %d", m.name, n, m.Depth())
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

// Delete removes a stack. The error wraps [ebpf.ErrKeyNotExist] if there is
// none.
func (m *StackTraceMap[K]) Delete(id K) error { return deleteElem(&m.boundMap, &id) }

// All ranges over the stacks, as program counters that belong to the caller.
// The second result is called after the loop and returns what ended it early.
func (m *StackTraceMap[K]) All() (iter.Seq2[K, []uint64], func() error) {
	var err error
	return func(yield func(K, []uint64) bool) {
		if err = m.frames(counterSize, m.Depth()); err != nil {
			return
		}
		frames := make([]uint64, m.Depth())
		w := m.newWalk(bpfMapLookupBatch, 0)
		for !w.done {
			var id [1]K
			var n int
			n, err = w.next(blockOf(id[:], frames))
			if err != nil || n == 1 && !yield(id[0], slices.Clone(untilZero(frames))) {
				return
			}
		}
	}, func() error { return err }
}
