package typed

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// OpenPID opens a pidfd, by which a map of [ClassTaskStorage] names a process. The caller
// closes it (Linux ≥ 5.3).
func OpenPID(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("open pid %d: %w", pid, err)
	}
	return os.NewFile(uintptr(fd), fmt.Sprintf("pidfd:%d", pid)), nil
}
