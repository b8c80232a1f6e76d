package typed_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/bpfgen/bpfgen/golden/hooks"
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

// In a program, the reader is one of a map: a ring buffer's, or a perf array's.
func ExampleRingBuf() {
	var ring typed.RingBuf[hooks.HooksEvent] = bpf.Maps.Events
	reader, err := ring.NewReader(&typed.RingBufOptions{MinSize: 4}) // older programs write less
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Close()
	if _, _, err := bpf.Programs.Announce.Run(make([]byte, 64), nil, nil); err != nil { // the event
		log.Fatal(err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	for event, err := range reader.All(ctx) {
		var overwritten *typed.OverwrittenError
		switch {
		case errors.As(err, &overwritten): // a ring with BPF_F_RB_OVERWRITE
			fmt.Println(overwritten.Bytes, "bytes were not read")
			continue
		case err != nil:
			log.Fatal(err)
		}
		fmt.Println(event.Length, "bytes")
		break // a daemon goes on, until it is interrupted
	}
	// Output: 64 bytes
}

func ExamplePerfEventArray() {
	var array typed.PerfEventArray[hooks.HooksEvent] = bpf.Maps.Samples
	reader, err := array.NewReader(&typed.PerfOptions{PerCPUBuffer: 64 << 10})
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Close()
	if _, _, err := bpf.Programs.Announce.Run(make([]byte, 64), nil, nil); err != nil { // the event
		log.Fatal(err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	for rec, err := range reader.Records(ctx) {
		if err != nil {
			log.Print(err) // records were lost, say
			continue
		}
		fmt.Println(rec.Event.Length, "bytes")
		break
	}
	// Output: 64 bytes
}

// A record that is made in the ring, with bytes behind it.
func ExampleUserRingBuf() {
	var ring typed.UserRingBuf[mapsall.MapsAllEvent] = bpf.Maps.UserRingbuf
	producer, err := ring.NewProducer()
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Close()
	var r typed.Reservation[mapsall.MapsAllEvent]
	if r, err = producer.Reserve(16); err != nil { // the ring is full, say
		log.Fatal(err)
	}
	r.Put(mapsall.MapsAllEvent{Pid: 1})
	copy(r.Tail(), "sixteen bytes...")
	r.Submit()
	fmt.Println(producer.Submit(mapsall.MapsAllEvent{Pid: 2})) // one without
	// Output: <nil>
}

// Records of several types that have no common header are told apart by hand.
func ExampleAs() {
	type opened struct{ Kind, Flags uint8 }
	record := []byte{1, 7, 'x', 'y'} // RecordInfo.Raw
	event, err := typed.As[opened](record)
	fmt.Println(event.Flags, err)
	tail, err := typed.AsInto(record, &event)
	fmt.Println(string(tail), err)

	var short *typed.ShortRecordError
	_, err = typed.As[opened](record[:1])
	fmt.Println(errors.As(err, &short), short.Got, "of", short.Want)
	// Output:
	// 7 <nil>
	// xy <nil>
	// true 1 of 2
}

// Records that were kept in a file are decoded as a reader does it.
func ExampleDecodeRecord() {
	var rec typed.Record[[2]uint8]
	fmt.Println(typed.DecodeRecord([]byte{1, 2, 3}, 0, &rec), rec.Event, rec.Tail)
	fmt.Println(typed.DecodeRecord([]byte{1}, 1, &rec), rec.Event) // what is missing is zero
	// Output:
	// <nil> [1 2] [3]
	// <nil> [1 0]
}

// A record of a kind without a case ends Run; a default case takes them all.
func ExampleUnknownEventError() {
	events := typedtest.NewEvents[uint8](nil)
	events.Send(9)
	s := typed.NewSwitch(events, func(kind uint8) uint8 { return kind })
	var unknown *typed.UnknownEventError
	err := s.Run(context.Background())
	fmt.Println(errors.As(err, &unknown), unknown.Kind)
	// Output: true 9
}
