//go:build linux

package typed

import (
	"runtime"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/cilium/ebpf"
)

// Keys and values lie on the stacks of goroutines, which move when they grow
// and shrink under garbage collection. If an address reached the kernel as a
// number, what follows would find the wrong values: a goroutine with a new
// stack descends, so that at each depth another system call is the one before
// which the stack has to grow.

// descend does an operation at every depth of the stack down to depth.
func descend(depth int, operation func(depth int)) byte {
	var frame [256]byte
	frame[depth%256] = byte(depth)
	operation(depth)
	if depth > 0 {
		descend(depth-1, operation)
	}
	return frame[(depth+1)%256]
}

// onGrowingStacks runs an operation on many new stacks under constant garbage
// collection.
func onGrowingStacks(rounds int, operation func(depth int)) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	stop := make(chan struct{})
	var collector sync.WaitGroup
	collector.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	})
	for range rounds {
		var stack sync.WaitGroup
		for range 4 {
			stack.Go(func() { descend(150, operation) })
		}
		stack.Wait()
	}
	close(stop)
	collector.Wait()
}

func TestLookupOnGrowingStacks(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 1000))
	fillFlows(t, m, 1000)
	onGrowingStacks(50, func(depth int) {
		k, want := flow(depth)
		v, err := m.Lookup(k)
		if err != nil || v != want {
			t.Errorf("depth %d: got %v, %v", depth, v, err)
		}
		if err := m.LookupInto(k, &v); err != nil || v != want {
			t.Errorf("depth %d: got %v, %v", depth, v, err)
		}
	})
}

func TestUpdateOnGrowingStacks(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 1000))
	q := testMap[Queue[flowStats]](t, &ebpf.MapSpec{Type: ebpf.Queue, ValueSize: 24, MaxEntries: 10000})
	onGrowingStacks(20, func(depth int) {
		k, v := flow(depth)
		if err := m.Put(k, v); err != nil {
			t.Errorf("depth %d: put: %v", depth, err)
		}
		v.Bytes = v.Packets
		if err := q.Push(v); err != nil {
			t.Errorf("depth %d: push: %v", depth, err)
		}
		if v, err := q.Pop(); err != nil || v.Bytes != v.Packets {
			t.Errorf("depth %d: popped %v, %v", depth, v, err)
		}
	})
	for k, v := range collect2(t, m) {
		if want := (flowStats{Packets: k.ID, Last: uint32(k.ID)}); v != want {
			t.Errorf("key %v: got %v", k, v)
		}
	}
}

func TestBatchesOnGrowingStacks(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 300))
	fillFlows(t, m, 300)
	cpus := testMap[PerCPUHashMap[uint32, odd]](t, arraySpec(ebpf.PerCPUHash, 5, 10))
	values := onEach(oddValue(1))
	if err := cpus.Put(1, values); err != nil {
		t.Fatal(err)
	}
	onGrowingStacks(3, func(depth int) {
		seq, errf := m.All()
		n := 0
		for k, v := range seq {
			if k.ID != v.Packets {
				t.Errorf("depth %d: key %v with %v", depth, k, v)
			}
			n++
		}
		if err := errf(); err != nil || n != 300 {
			t.Errorf("depth %d: %d entries, %v", depth, n, err)
		}
		var small [8]odd
		if got := small[:len(values)]; cpus.LookupInto(1, got) != nil || got[0] != values[0] {
			t.Errorf("depth %d: got %v", depth, got)
		}
	})
}

func TestOperationsAllocateNothing(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 10))
	q := testMap[Queue[flowStats]](t, &ebpf.MapSpec{Type: ebpf.Queue, ValueSize: 24, MaxEntries: 10})
	i := 0
	equal(t, "allocations", testing.AllocsPerRun(100, func() {
		i++
		k, v := flow(i)
		must(t, m.Put(k, v))
		if got, err := m.Lookup(k); err != nil || got != v {
			t.Error(got, err)
		}
		must(t, m.LookupInto(k, &v))
		must(t, m.Update(k, v, UpdateExist))
		must(t, m.Delete(k))
		if _, err := m.Lookup(k); err == nil { // misses allocate nothing either
			t.Error("deleted, and there")
		}
		must(t, q.Push(v))
		if got, err := q.Pop(); err != nil || got != v {
			t.Error(got, err)
		}
	}), 0)
}
