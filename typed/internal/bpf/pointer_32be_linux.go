//go:build mips

package bpf

import "unsafe"

// Pointer is a pointer in the 64-bit field that bpf(2) has for it. It stays
// an unsafe.Pointer so that the garbage collector sees it and a moving stack
// takes it along.
type Pointer struct {
	_   uint32 // high half, big-endian
	ptr unsafe.Pointer
}
