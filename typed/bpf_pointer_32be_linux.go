//go:build mips

package typed

import "unsafe"

// pointer64 is a pointer in the 64-bit field that bpf(2) has for it. It stays
// an unsafe.Pointer so that the garbage collector sees it and a moving stack
// takes it along.
type pointer64 struct {
	_   uint32 // high half, big-endian
	ptr unsafe.Pointer
}
