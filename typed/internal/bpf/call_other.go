//go:build !linux

package bpf

import (
	"syscall"
	"unsafe"

	"github.com/cilium/ebpf"
)

// Elsewhere no handle can be bound, as MapInfo fails; the operations are here to
// compile.

func Elem(Command, int, unsafe.Pointer, unsafe.Pointer, uint64) syscall.Errno {
	return ErrnoNotSupported
}

func Batch(Command, int, unsafe.Pointer, unsafe.Pointer, unsafe.Pointer, unsafe.Pointer, int, uint64) (int, syscall.Errno) {
	return 0, ErrnoNotSupported
}

func MapInfo(int) (MapFacts, MapTypes, error) { return MapFacts{}, MapTypes{}, ebpf.ErrNotSupported }
