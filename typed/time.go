package typed

import "time"

// KernelClock is a clock of the kernel whose nanoseconds programs write into
// events and maps.
type KernelClock int32

// The clocks of helper functions (include/uapi/linux/bpf.h). Their numbers are
// those of clock_gettime(2).
const (
	// Monotonic is that of bpf_ktime_get_ns and bpf_ktime_get_coarse_ns. It
	// stands still while the machine is suspended.
	Monotonic KernelClock = 1
	// Boot is that of bpf_ktime_get_boot_ns (5.8). It goes on while the
	// machine is suspended.
	Boot KernelClock = 7
	// TAI is that of bpf_ktime_get_tai_ns (6.1): the wall clock without leap
	// seconds.
	TAI KernelClock = 11
)

// Time converts nanoseconds of the clock to the time of day that it was, as
// the machine sees it now: wall clock and kernel clock are read together, so
// that setting the wall clock moves the times of the past as well. The two
// readings are less than a microsecond apart on an idle machine.
//
// The result of Monotonic has Go's monotonic reading too, so that
// [time.Since] and Sub are exact; its time of day is late by the time that the
// machine was suspended since. Boot has no such error.
//
// Outside of Linux the result is the zero Time.
func (c KernelClock) Time(ns uint64) time.Time {
	now, clock, ok := c.read()
	if !ok {
		return time.Time{}
	}
	t := now.Add(time.Duration(ns - clock))
	if c != Monotonic {
		t = t.Round(0)
	}
	return t
}

// Nanoseconds converts a time to nanoseconds of the clock, for values that
// programs compare with theirs: a deadline, an expiry. 0 for times before the
// clock began and outside of Linux.
func (c KernelClock) Nanoseconds(t time.Time) uint64 {
	now, clock, ok := c.read()
	ns := int64(clock) + int64(t.Sub(now))
	if !ok || ns < 0 {
		return 0
	}
	return uint64(ns)
}

// Now is what the clock shows, in nanoseconds. 0 outside of Linux.
func (c KernelClock) Now() uint64 {
	_, clock, _ := c.read()
	return clock
}

// read reads the wall clock and the kernel's between the same two moments: of
// three tries, the one with the least time between them.
func (c KernelClock) read() (now time.Time, clock uint64, ok bool) {
	best := time.Duration(1<<63 - 1)
	for range 3 {
		before := time.Now()
		ns, ok := clockGettime(c)
		between := time.Since(before)
		if !ok {
			return time.Time{}, 0, false
		}
		if between < best {
			best, now, clock = between, before.Add(between/2), ns
		}
	}
	return now, clock, true
}
