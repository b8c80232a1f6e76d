package typed

import (
	"errors"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
)

// Maps without keys: queues, stacks, Bloom filters.

// Push adds a value.
//
//go:noinline
func (h *MapCore) Push(value unsafe.Pointer, flags UpdateFlags) error {
	return h.core().elem("push", bpf.MapUpdateElem, nil, value, uint64(flags))
}

// Peek reads the value that Pop would.
//
//go:noinline
func (h *MapCore) Peek(value unsafe.Pointer) error {
	return h.core().elem("peek", bpf.MapLookupElem, nil, value, 0)
}

// Pop removes and reads a value.
//
//go:noinline
func (h *MapCore) Pop(value unsafe.Pointer) error {
	return h.core().elem("pop", bpf.MapLookupAndDeleteElem, nil, value, 0)
}

// PopLoop is Pop for a loop, which ends without an error where nothing is left.
//
//go:noinline
func (h *MapCore) PopLoop(value unsafe.Pointer, err *error) bool {
	*err = h.Pop(value)
	if errors.Is(*err, ebpf.ErrKeyNotExist) {
		*err = nil
		return false
	}
	return *err == nil
}

// Contains says whether a Bloom filter may have the value.
//
//go:noinline
func (h *MapCore) Contains(value unsafe.Pointer) (bool, error) {
	err := h.Peek(value)
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return false, nil
	}
	return err == nil, err
}
