package typed

import "golang.org/x/sys/unix"

// clockGettime reads a clock in nanoseconds.
func clockGettime(c KernelClock) (ns uint64, ok bool) {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(c), &ts); err != nil {
		return 0, false
	}
	return uint64(ts.Nano()), true
}
