package typed

import (
	"sync"
	"time"
)

// KernelClock is a clock of the kernel whose nanoseconds programs write into
// events and maps.
type KernelClock int32

// The clocks of helper functions (include/uapi/linux/bpf.h). Their numbers are
// those of clock_gettime(2).
const (
	// Monotonic is that of bpf_ktime_get_ns and bpf_ktime_get_coarse_ns. It
	// stands still while the machine is suspended.
	Monotonic KernelClock = 1
	// Boot is that of bpf_ktime_get_boot_ns (Linux ≥ 5.8). It goes on while the
	// machine is suspended.
	Boot KernelClock = 7
	// TAI is that of bpf_ktime_get_tai_ns (Linux ≥ 6.1): the wall clock without leap
	// seconds.
	TAI KernelClock = 11
)

// Time converts nanoseconds of the clock to the time of day that it was, as
// the machine sees it now: setting the wall clock moves the times of the past
// as well. It is exact to about a microsecond. In a time namespace the process
// sees other clocks than programs do, and the times are off by the difference.
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

// read is what the wall clock and the kernel's show at the same moment.
//
// Go's monotonic clock is CLOCK_MONOTONIC (runtime, nanotime on Linux): how far
// the two have come since a common reading is always the same, so that one
// reading does for the process. Boot and TAI are read anew, as they move
// against it when the machine is suspended or its clock is set.
func (c KernelClock) read() (now time.Time, clock uint64, ok bool) {
	if c != Monotonic {
		r := readClock(c)
		return r.now, r.clock, r.ok
	}
	m := &monotonicReading
	m.once.Do(func() { m.reading = readClock(Monotonic) })
	r := m.reading
	now = time.Now()
	return now, r.clock + uint64(now.Sub(r.now)), r.ok
}

// reading is what two clocks showed together.
type reading struct {
	now   time.Time
	clock uint64
	ok    bool
}

// monotonicReading is a common reading of both clocks.
var monotonicReading struct {
	once sync.Once
	reading
}

// soon is how long a system call may take for a reading to be good.
const soon = time.Microsecond

// readClock takes the wall clock to be, at the moment of the system call, half
// way between before and after. If that is long, it tries again.
func readClock(c KernelClock) (best reading) {
	shortest := time.Duration(1<<63 - 1)
	for range 5 {
		before := time.Now()
		clock, ok := clockGettime(c)
		took := time.Since(before)
		if took < shortest {
			shortest, best = took, reading{before.Add(took / 2), clock, ok}
		}
		if !ok || took < soon {
			break
		}
	}
	return best
}
