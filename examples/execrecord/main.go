// Command execrecord prints every program that is executed, from the kernel's own
// records of a tracepoint: structs with arrays behind them.
//
// Run it as root:
//
//	go run ./examples/execrecord
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf/rlimit"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 -event "records=struct trace_event_raw_sched_process_exec" execrecord execrecord.c -- -I../include -I../../golden/include

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run prints records until ctx ends.
func run(ctx context.Context, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	// The record is the kernel's, and this one may have another.
	if err := typed.CheckKernel(_ExecrecordLayouts, nil); err != nil {
		return err
	}
	spec, err := openExecrecord()
	if err != nil {
		return err
	}
	bpf, err := spec.Load(nil)
	if err != nil {
		return err
	}
	defer bpf.Close()
	records, err := bpf.Maps.Records.NewReader(nil)
	if err != nil {
		return err
	}
	if _, err := bpf.AttachAll(); err != nil {
		return err
	}
	for rec, err := range records.Records(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "pid %-7d %s\n", rec.Event.Pid, rec.Event.DataLocFilenameString(rec.Tail))
	}
	return nil
}
