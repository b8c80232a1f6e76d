//go:build !linux

package typed

import (
	"os"

	"github.com/cilium/ebpf"
)

// OpenPID opens pidfds on Linux only.
func OpenPID(pid int) (*os.File, error) { return nil, ebpf.ErrNotSupported }
