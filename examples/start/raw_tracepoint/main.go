// Command hello counts the programs that are executed, by a raw
// tracepoint, which needs no tracefs.
//
// Run it as root:
//
//	go run .
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

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 hello hello.c -- -I/usr/include/x86_64-linux-gnu

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, time.Second, os.Stdout); err != nil {
		log.Fatalf("%+v", err) // with the verifier's log, if there is one
	}
}

// run reports at every interval until ctx ends.
func run(ctx context.Context, every time.Duration, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	spec, err := openHello()
	if err != nil {
		return err
	}
	bpf, err := spec.Load(nil)
	if err != nil {
		return err
	}
	defer bpf.Close()
	if _, err := bpf.AttachAll(); err != nil {
		return err
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := report(w, bpf.Maps.Counts); err != nil {
				return err
			}
		}
	}
}

// report prints how often, by thread, the total and an empty line.
func report(w io.Writer, counts typed.Hash[helloTask, uint64]) error {
	total := uint64(0)
	entries, errf := counts.All()
	for task, n := range entries {
		fmt.Fprintf(w, "%-16s %d\n", task.CommString(), n)
		total += n
	}
	if err := errf(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%-16s %d\n\n", "total", total)
	return err
}
