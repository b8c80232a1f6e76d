package typedtest_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
	"github.com/cilium/ebpf"
)

// block is code under test: it asks for an interface, which a map of the kernel
// has as well as one in memory.
func block(blocked typed.Map[uint32, uint64], address uint32) (hits uint64, err error) {
	if hits, err = blocked.Lookup(address); err == nil {
		return hits, nil
	}
	return 0, blocked.Put(address, 0)
}

func ExampleNewHash() {
	blocked := typedtest.NewHash[uint32, uint64](2)
	fmt.Println(block(blocked, 7))
	fmt.Println(block(blocked, 8))
	_, err := block(blocked, 9) // an error as of the kernel
	fmt.Println(errors.Is(err, typed.ErrMapFull))

	// The program that counts in the map is played by the test.
	if err := blocked.Put(7, 3); err != nil {
		fmt.Println(err)
	}
	fmt.Println(block(blocked, 7))
	// Output:
	// 0 <nil>
	// 0 <nil>
	// true
	// 3 <nil>
}

// An LRU hash makes room by itself.
func ExampleNewLRUHash() {
	recent := typedtest.NewLRUHash[uint32, uint64](2)
	for key := range uint32(3) {
		fmt.Println(block(recent, key))
	}
	_, err := recent.Lookup(0)
	fmt.Println(errors.Is(err, ebpf.ErrKeyNotExist))
	// Output:
	// 0 <nil>
	// 0 <nil>
	// 0 <nil>
	// true
}

// An array has a value at every index, and at no other.
func ExampleNewArray() {
	counters := typedtest.NewArray[uint32, uint64](2)
	fmt.Println(counters.Lookup(1))
	_, err := counters.Lookup(2)
	fmt.Println(errors.Is(err, ebpf.ErrKeyNotExist))
	// Output:
	// 0 <nil>
	// true
}

// total is code under test.
func total(counters typed.PerCPUReader[uint32, uint64], key uint32) (uint64, error) {
	values, err := counters.Lookup(key)
	return typed.Sum(values), err
}

// Maps with a value for each CPU of a machine that the test chooses.
func ExampleNewPerCPUHash() {
	hash := typedtest.NewPerCPUHash[uint32, uint64](8, 4)
	fmt.Println(hash.Put(7, []uint64{1, 2, 3, 4}))
	fmt.Println(total(hash, 7))

	lru := typedtest.NewLRUPerCPUHash[uint32, uint64](8, 2)
	fmt.Println(lru.Put(7, []uint64{1, 2}))
	fmt.Println(total(lru, 7))

	array := typedtest.NewPerCPUArray[uint32, uint64](8, 2)
	fmt.Println(array.PutEach(7, 5))
	fmt.Println(total(array, 7))
	// Output:
	// <nil>
	// 10 <nil>
	// <nil>
	// 3 <nil>
	// <nil>
	// 10 <nil>
}

// The key is the C struct: the length of the prefix, and the address.
func ExampleNewLPMTrie() {
	type key struct {
		Prefixlen uint32
		Address   [4]byte
	}
	routes := typedtest.NewLPMTrie[key, uint32](8)
	fmt.Println(routes.Put(key{8, [4]byte{10}}, 1), routes.Put(key{16, [4]byte{10, 1}}, 2))
	fmt.Println(routes.Lookup(key{32, [4]byte{10, 1, 2, 3}})) // the longest prefix
	// Output:
	// <nil> <nil>
	// 2 <nil>
}

func ExampleNewQueue() {
	queue := typedtest.NewQueue[uint32](1)
	fmt.Println(queue.Push(1), errors.Is(queue.Push(2), typed.ErrMapFull))
	fmt.Println(queue.Pop())
	// Output:
	// <nil> true
	// 1 <nil>
}

func ExampleNewStack() {
	stack := typedtest.NewStack[uint32](2)
	fmt.Println(stack.Push(1), stack.Push(2))
	fmt.Println(stack.Pop())
	// Output:
	// <nil> <nil>
	// 2 <nil>
}

func ExampleNewBloomFilter() {
	seen := typedtest.NewBloomFilter[uint32]()
	fmt.Println(seen.Add(7))
	fmt.Println(seen.Contains(7))
	// Output:
	// <nil>
	// true <nil>
}

// A number stands for the object: the descriptor of a socket, say.
func ExampleNewStorage() {
	storage := typedtest.NewStorage[uint64]()
	fmt.Println(storage.Put(3, 1))
	fmt.Println(storage.Lookup(3))
	// Output:
	// <nil>
	// 1 <nil>
}

// A map of a generated type, in the place of one of the kernel: bpf.Maps.Flows, say.
func ExampleNew() {
	flows := typedtest.New[typedtest.Hash[uint32, uint64]](&typedtest.Options{MaxEntries: 8})
	fmt.Println(flows.Put(1, 2))
	fmt.Println(flows.Lookup(1))
	// Output:
	// <nil>
	// 2 <nil>
}

func ExampleFail() {
	blocked := typedtest.NewHash[uint32, uint64](2)
	typedtest.Fail(blocked, func(call typedtest.Call) error {
		failing := map[typedtest.Operation]error{typedtest.Update: syscall.ENOMEM}
		return failing[call.Operation]
	})
	_, err := block(blocked, 7)
	fmt.Println(errors.Is(err, syscall.ENOMEM))
	// Output: true
}

// Package typed reads and writes it as it would the program's.
func ExampleNewVariable() {
	dropped := typedtest.NewVariable[uint64](3)
	fmt.Println(typed.AtomicAdd(dropped, 1)) // the program's part
	fmt.Println(dropped.Get())
	// Output:
	// 4 <nil>
	// 4 <nil>
}

func ExampleNewConstant() {
	rate := typedtest.NewConstant[uint32](10)
	fmt.Println(rate.Get())
	// Output: 10 <nil>
}

func ExampleNewEvents() {
	events := typedtest.NewEvents[uint32](nil)
	events.Send(7)
	events.SendError(&typed.LostSamplesError{Map: "events", CPU: 1, Count: 2})
	var rec typed.Record[uint32]
	for range 2 {
		fmt.Println(events.Next(context.Background(), &rec), rec.Event)
	}
	// Output:
	// <nil> 7
	// map events: 2 records lost on CPU 1 7
}

func ExampleNewProducer() {
	commands := typedtest.NewProducer[uint32](4096)
	fmt.Println(commands.Submit(7))
	fmt.Println(commands.Drain()) // the program's part
	// Output:
	// <nil>
	// [7]
}
