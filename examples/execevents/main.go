// Command execevents prints every program that is executed, from a ring buffer
// with typed events.
//
// Run it as root:
//
//	go run ./examples/execevents
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf/rlimit"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 execevents execevents.c -- -I../include -I../../golden/include

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run prints events until ctx ends.
func run(ctx context.Context, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	spec, err := openExecevents()
	if err != nil {
		return err
	}
	bpf, err := spec.Load(nil)
	if err != nil {
		return err
	}
	defer bpf.Close()
	events, err := bpf.Maps.Events.NewReader(nil)
	if err != nil {
		return err
	}
	if _, err := bpf.AttachAll(); err != nil {
		return err
	}
	for ev, err := range events.All(ctx) {
		if err != nil {
			return err
		}
		when := typed.Boot.Time(ev.Time)
		fmt.Fprintf(w, "%s  pid %-7d uid %-5d %-16s %s\n",
			when.Format(time.DateTime+".000"), ev.Pid, ev.Uid, ev.CommString(), ev.FilenameString())
	}
	lost, err := bpf.Variables.Lost.Get()
	if lost > 0 {
		fmt.Fprintf(w, "%d events lost\n", lost)
	}
	return err
}
