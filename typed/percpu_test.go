package typed

import "testing"

func TestMerging(t *testing.T) {
	type stats struct{ n, last uint64 }
	cpus := []stats{{1, 10}, {2, 30}, {3, 20}}
	total := Merge(cpus, func(sum, cpu *stats) {
		sum.n += cpu.n
		sum.last = max(sum.last, cpu.last)
	})
	if total != (stats{6, 30}) {
		t.Errorf("Merge: %v", total)
	}
	if n := SumOf(cpus, func(s *stats) uint64 { return s.n }); n != 6 {
		t.Errorf("SumOf: %d", n)
	}
	if n := Sum([]uint8{200, 100}); n != 300 {
		t.Errorf("Sum: %d", n)
	}
	if n := SumSigned([]int8{-100, -100, 1}); n != -199 {
		t.Errorf("SumSigned: %d", n)
	}
	if n := Max([]int32{-5, -2, -9}); n != -2 {
		t.Errorf("Max: %d", n)
	}
	if n := Min([]int32{5, 2, 9}); n != 2 {
		t.Errorf("Min: %d", n)
	}
	if Max[int](nil) != 0 || Min[int](nil) != 0 || Sum[uint32](nil) != 0 {
		t.Error("of no values")
	}
}
