//go:build linux

package bench

import (
	"slices"
	"testing"
	"time"
)

// A way is one of the ways to do the same work.
type way struct {
	name string
	run  func(n int) // does the work n times
}

// compare runs all ways in turns, n times the work in a turn, and reports the
// time and the allocations of each, and the ratio of the first to each of the
// others. The time is that of the turn which a quarter of the turns beat: what
// else the machine does can only add, and does not hit that many.
func compare(b *testing.B, n int, ways ...way) {
	b.Helper()
	times := make([][]time.Duration, len(ways))
	for b.Loop() {
		for i, w := range ways {
			start := time.Now()
			w.run(n)
			times[i] = append(times[i], time.Since(start))
		}
	}
	first := quartile(times[0])
	b.ReportMetric(0, "ns/op") // of all ways together, which says nothing
	for i, w := range ways {
		each := quartile(times[i])
		b.ReportMetric(float64(each)/float64(n), w.name+"-ns")
		b.ReportMetric(testing.AllocsPerRun(10, func() { w.run(1) }), w.name+"-allocs")
		if i > 0 {
			b.ReportMetric(float64(first)/float64(each), "x-"+w.name)
		}
	}
}

func quartile(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/4]
}
