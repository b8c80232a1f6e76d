//go:build linux

package typed

import (
	"testing"
	"time"
)

// slack is what a busy machine may put between two readings of clocks. It is
// less than the 37 seconds of TAI.
const slack = 10 * time.Second

func near(t *testing.T, what string, got, want time.Time) {
	t.Helper()
	if d := got.Sub(want).Abs(); d > slack {
		t.Errorf("%s: %v is %v from %v", what, got, d, want)
	}
}

func TestKernelClockTime(t *testing.T) {
	for name, c := range map[string]KernelClock{"monotonic": Monotonic, "boot": Boot} {
		ns := c.Now()
		if ns == 0 {
			t.Fatalf("%s: the clock shows 0", name)
		}
		near(t, name, c.Time(ns), time.Now())
		near(t, name+", an hour ago", c.Time(ns-uint64(time.Hour)), time.Now().Add(-time.Hour))
		near(t, name+", in an hour", c.Time(ns+uint64(time.Hour)), time.Now().Add(time.Hour))
	}
}

func TestKernelClockOffsets(t *testing.T) {
	// TAI is ahead of UTC by whole seconds; CLOCK_TAI has no offset where
	// nobody set it. Time takes either out.
	near(t, "tai", TAI.Time(TAI.Now()), time.Now())
	if Boot.Now()+uint64(slack) < Monotonic.Now() {
		t.Errorf("boot clock %d is behind the monotonic one %d", Boot.Now(), Monotonic.Now())
	}
}

func TestKernelClockRoundTrip(t *testing.T) {
	want := time.Now().Add(time.Minute) // one in the past can be before boot
	for name, c := range map[string]KernelClock{"monotonic": Monotonic, "boot": Boot, "tai": TAI} {
		near(t, name, c.Time(c.Nanoseconds(want)), want)
	}
	if ns := Boot.Nanoseconds(time.Unix(0, 0)); ns != 0 {
		t.Errorf("a time before boot is %d, not 0", ns)
	}
}

// An event's age is exact: it does not depend on the wall clock.
func TestMonotonicHasMonotonicReading(t *testing.T) {
	now := Monotonic.Now()
	a, b := Monotonic.Time(now), Monotonic.Time(now+uint64(time.Millisecond))
	if a == a.Round(0) {
		t.Error("a time of the monotonic clock has no monotonic reading")
	}
	if c := Boot.Time(Boot.Now()); c != c.Round(0) {
		t.Error("a time of the boot clock has a monotonic reading, which stops in suspend")
	}
	if b.Sub(a) != time.Millisecond {
		t.Errorf("a millisecond became %v", b.Sub(a))
	}
}
