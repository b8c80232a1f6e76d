//go:build !linux

package typed

import "github.com/cilium/ebpf"

// newRingSource fails: ring buffers are Linux's.
func newRingSource(fd, capacity int) (recordSource, error) { return nil, ebpf.ErrNotSupported }
