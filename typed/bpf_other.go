//go:build !linux

package typed

import (
	"syscall"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
)

// Elsewhere no handle can be bound, as bpfMapFacts fails; the operations are
// here to compile.

func bpfElem(bpfCommand, int, unsafe.Pointer, unsafe.Pointer, uint64) syscall.Errno {
	return errnoNotSupported
}

func bpfBatch(bpfCommand, int, unsafe.Pointer, unsafe.Pointer, unsafe.Pointer, unsafe.Pointer, int, uint64) (int, syscall.Errno) {
	return 0, errnoNotSupported
}

func bpfMapFacts(int) (bpf.MapFacts, error) { return bpf.MapFacts{}, ebpf.ErrNotSupported }
