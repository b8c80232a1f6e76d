package typedtest_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
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

// A map of a generated type, in the place of one of the kernel: bpf.Maps.Flows, say.
func ExampleNew() {
	flows := typedtest.New[typedtest.Hash[uint32, uint64]](typedtest.Options{MaxEntries: 8})
	fmt.Println(flows.Put(1, 2))
	fmt.Println(flows.Lookup(1))
	// Output:
	// <nil>
	// 2 <nil>
}

func ExampleFail() {
	blocked := typedtest.NewHash[uint32, uint64](2)
	typedtest.Fail(blocked, func(call typedtest.Call) error {
		if call.Operation == typedtest.Update {
			return syscall.ENOMEM
		}
		return nil
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
