package typed

import "cmp"

// Merging the values that a key of a per-CPU map has on the CPUs.

// number is what can be added.
type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~int | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uint | ~uintptr | ~float32 | ~float64
}

// Sum adds up the values of all CPUs. It wraps around as C does.
func Sum[V number](values []V) V {
	var sum V
	for _, v := range values {
		sum += v
	}
	return sum
}

// SumOf adds up one number of the values of all CPUs:
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
