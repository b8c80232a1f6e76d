package typed

import "cmp"

// Merging the values that a key of a per-CPU map has on the CPUs.

// unsigned and signed are the integers that C has, number is what can be added.
type (
	unsigned interface {
		~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uint | ~uintptr
	}
	signed interface {
		~int8 | ~int16 | ~int32 | ~int64 | ~int
	}
	number interface {
		unsigned | signed | ~float32 | ~float64
	}
)

// Sum adds up the values of all CPUs. It has 64 bits, so that counters of fewer
// bits do not wrap around. See [SumSigned] and [SumOf] for other values.
func Sum[V unsigned](values []V) (sum uint64) {
	for _, v := range values {
		sum += uint64(v)
	}
	return sum
}

// SumSigned is Sum of signed values.
func SumSigned[V signed](values []V) (sum int64) {
	for _, v := range values {
		sum += int64(v)
	}
	return sum
}

// SumOf adds up one number of the values of all CPUs, in the type that of
// returns. One of fewer bits is best made a uint64 there:
//
//	packets := typed.SumOf(stats, func(s *counterStats) uint64 { return s.Packets })
func SumOf[V any, N number](values []V, of func(*V) N) N {
	var sum N
	for i := range values {
		sum += of(&values[i])
	}
	return sum
}

// Max is the largest of the values of all CPUs, and zero if there are none.
func Max[V cmp.Ordered](values []V) V {
	var most V
	for i, v := range values {
		if i == 0 || v > most {
			most = v
		}
	}
	return most
}

// Min is the smallest of the values of all CPUs, and zero if there are none.
func Min[V cmp.Ordered](values []V) V {
	var least V
	for i, v := range values {
		if i == 0 || v < least {
			least = v
		}
	}
	return least
}

// Merge folds the values of all CPUs into one, starting with a zero V:
//
//	total := typed.Merge(stats, func(sum *counterStats, cpu *counterStats) {
//		sum.Packets += cpu.Packets
//		sum.Last = max(sum.Last, cpu.Last)
//	})
func Merge[V any](values []V, add func(sum, cpu *V)) V {
	var sum V
	for i := range values {
		add(&sum, &values[i])
	}
	return sum
}
