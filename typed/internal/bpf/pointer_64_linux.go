//go:build !386 && !arm && !mips && !mipsle

package bpf

import "unsafe"

// Pointer is a pointer in the 64-bit field that bpf(2) has for it. It stays
// an unsafe.Pointer so that the garbage collector sees it and a moving stack
// takes it along.
type Pointer struct {
	ptr unsafe.Pointer
}
