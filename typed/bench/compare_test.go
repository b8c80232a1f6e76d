//go:build linux

package bench

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A way is one of the ways to do the same work.
type way struct {
	name string
	run  func(n int) // does the work n times
	undo func(n int) // makes it possible again, out of the measured time; may be nil
}

// runOnce is run and undo, and says how long run took.
func (w way) runOnce(n int) time.Duration {
	start := time.Now()
	w.run(n)
	took := time.Since(start)
	if w.undo != nil {
		w.undo(n)
	}
	return took
}

// compare runs all ways in turns, in an order that changes, as one way may leave
// garbage and cold caches to the next. It does n times the work in a turn, and
// reports the time and the allocations of each, and the ratio of the first to each of the
// others. The time is that of the turn which a quarter of the turns beat: what
// else the machine does can only add, and does not hit that many.
func compare(b *testing.B, n int, ways ...way) {
	b.Helper()
	times := make([][]time.Duration, len(ways))
	for b.Loop() {
		for _, i := range rand.Perm(len(ways)) {
			times[i] = append(times[i], ways[i].runOnce(n))
		}
	}
	first := quartile(times[0])
	b.ReportMetric(0, "ns/op") // of all ways together, which says nothing
	for i, w := range ways {
		each := quartile(times[i])
		b.ReportMetric(float64(each)/float64(n), w.name+"-ns")
		b.ReportMetric(testing.AllocsPerRun(10, func() { w.runOnce(1) }), w.name+"-allocs")
		if i > 0 {
			b.ReportMetric(float64(first)/float64(each), "x-"+w.name)
		}
	}
}

func quartile(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/4]
}
