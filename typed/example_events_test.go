package typed_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	mapsall "github.com/bpfgen/bpfgen/golden/maps-all"
	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
)

// Readers and producers. What reads is given a [typed.EventReader], so that it runs
// over a reader of the kernel's (bpf.Maps.Events.NewReader) and over one in memory.

func ExampleReader() {
	events := typedtest.NewEvents[mapsall.MapsAllEvent](nil)
	events.Send(mapsall.MapsAllEvent{Pid: 1})
	events.SendError(&typed.LostSamplesError{CPU: 0, Count: 3})
	events.Send(mapsall.MapsAllEvent{Pid: 2})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for event, err := range events.All(ctx) {
		var lost *typed.LostSamplesError
		switch {
		case errors.As(err, &lost):
			fmt.Println("lost", lost.Count)
			continue // the loop goes on
		case err != nil:
			fmt.Println(err)
		}
		fmt.Println("pid", event.Pid)
		if event.Pid == 2 {
			cancel() // ends the loop
		}
	}
	// Output:
	// pid 1
	// lost 3
	// pid 2
}

// The record is the caller's: several goroutines may read, each with its own.
func ExampleReader_Next() {
	var reader typed.EventReader[mapsall.MapsAllEvent]
	events := typedtest.NewEvents[mapsall.MapsAllEvent](nil)
	events.SendTail(mapsall.MapsAllEvent{Pid: 1}, []byte("a payload"))
	reader = events

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var rec typed.Record[mapsall.MapsAllEvent]
	err := reader.Next(ctx, &rec)
	fmt.Println(rec.Event.Pid, string(rec.Tail), err)
	// Output: 1 a payload <nil>
}

// Several types of records on one map, told apart by what they start with.
func ExampleSwitch() {
	type header struct{ Kind uint8 }
	type opened struct{ Kind, Flags uint8 }
	type closed struct{ Kind, FD uint8 }
	events := typedtest.NewEvents[header](nil)
	events.SendRecord([]byte{1, 7})
	events.SendRecord([]byte{2, 9})
	s := typed.NewSwitch(events, func(h header) uint8 { return h.Kind })
	typed.Case(s, 1, func(event *opened, _ []byte) error {
		fmt.Println("opened with", event.Flags)
		return nil
	})
	done := errors.New("done")
	typed.Case(s, 2, func(event *closed, _ []byte) error {
		fmt.Println("closed", event.FD)
		return done // ends Run
	})
	fmt.Println(s.Run(context.Background()))
	// Output:
	// opened with 7
	// closed 9
	// done
}

func ExampleProducer() {
	commands := typedtest.NewProducer[mapsall.MapsAllEvent](4096) // bpf.Maps.Commands.NewProducer()
	var producer typed.EventWriter[mapsall.MapsAllEvent] = commands
	fmt.Println(producer.Submit(mapsall.MapsAllEvent{Pid: 1}))
	for _, command := range commands.Drain() { // the program's part
		fmt.Println(command.Pid)
	}
	// Output:
	// <nil>
	// 1
}
