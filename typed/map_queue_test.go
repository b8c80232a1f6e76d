//go:build linux

package typed

import (
	"fmt"
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

func queueSpec(kind ebpf.MapType) *ebpf.MapSpec {
	return &ebpf.MapSpec{Type: kind, ValueSize: 8, MaxEntries: 3}
}

func TestQueue(t *testing.T) {
	m := testMap[Queue[int64]](t, queueSpec(ebpf.Queue))
	testQueueLike(t, m, "[2 3 4]")
	must(t, m.Close())
	eachFails(t, os.ErrClosed, queueOps(m))
	eachFails(t, ErrNotLoaded, queueOps(new(Queue[int64])))
}

func TestStack(t *testing.T) {
	m := testMap[Stack[int64]](t, queueSpec(ebpf.Stack))
	testQueueLike(t, m, "[4 3 2]")
	must(t, m.Close())
	eachFails(t, os.ErrClosed, queueOps(m))
	eachFails(t, ErrNotLoaded, queueOps(new(Stack[int64])))
}

// testQueueLike pushes 1 to 4 into three places and wants what is left in
// order.
func testQueueLike(t *testing.T, m QueueLike[int64], order string) {
	_, err := m.Peek()
	failsWith(t, "peek into nothing", err, notExist...)
	_, err = m.Pop()
	failsWith(t, "pop from nothing", err, notExist...)
	for i := range int64(3) {
		must(t, m.Push(i+1))
	}
	failsWith(t, "push without room", m.Push(4), ErrMapFull, unix.E2BIG)
	must(t, m.PushOverwrite(4))
	peeked := got(m.Peek())(t)
	equal(t, "peeked", got(m.Pop())(t), peeked)
	seq, errf := m.Drain()
	values := []int64{peeked}
	for v := range seq {
		values = append(values, v)
		break
	}
	must(t, errf())
	seq, errf = m.Drain()
	for v := range seq {
		values = append(values, v)
	}
	must(t, errf())
	equal(t, "order", fmt.Sprint(values), order)
}

func queueOps(m QueueLike[int64]) []failing {
	_, peek := m.Peek()
	_, pop := m.Pop()
	seq, drain := m.Drain()
	for range seq {
	}
	return []failing{{"Push", m.Push(1)}, {"PushOverwrite", m.PushOverwrite(1)}, {"Peek", peek}, {"Pop", pop}, {"Drain", drain()}}
}

func TestBloomFilter(t *testing.T) {
	sinceKernel(t, 5, 16, "Bloom filters")
	m := testMap[BloomFilter[flowKey]](t, &ebpf.MapSpec{Type: ebpf.BloomFilter, ValueSize: 24, MaxEntries: 1000})
	k, _ := flow(1)
	equal(t, "before", got(m.Contains(k))(t), false)
	must(t, m.Add(k))
	soil(1)
	equal(t, "after", got(m.Contains(k))(t), true)
	false_ := 0
	for i := range 100 {
		if k, _ := flow(i + 2); got(m.Contains(k))(t) {
			false_++
		}
	}
	if false_ > 10 {
		t.Errorf("%d of 100 seem to be in a filter of one", false_)
	}
	must(t, m.Close())
	_, err := m.Contains(k)
	eachFails(t, os.ErrClosed, []failing{{"Add", m.Add(k)}, {"Contains", err}})
	var none BloomFilter[flowKey]
	_, err = none.Contains(k)
	eachFails(t, ErrNotLoaded, []failing{{"Add", none.Add(k)}, {"Contains", err}})

	type hole struct {
		A uint8
		B uint32
	}
	if err := bindMap(new(BloomFilter[hole]), "test", m.Map()); err == nil {
		t.Error("implicit padding in a set")
	}
}
