package buildcost

import (
	"os"
	"syscall"
)

// maxResident is in bytes; getrusage(2) counts kilobytes on Linux.
func maxResident(p *os.ProcessState) int64 {
	if usage, ok := p.SysUsage().(*syscall.Rusage); ok {
		return int64(usage.Maxrss) * 1024
	}
	return 0
}
