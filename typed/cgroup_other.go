//go:build !linux

package typed

import (
	"os"

	"github.com/cilium/ebpf"
)

// CgroupID finds cgroups on Linux only.
func CgroupID(path string) (uint64, error) { return 0, ebpf.ErrNotSupported }

// OpenPID opens pidfds on Linux only.
func OpenPID(pid int) (*os.File, error) { return nil, ebpf.ErrNotSupported }
