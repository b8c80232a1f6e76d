// Command percpu counts system calls by their number, in counters that each
// CPU has for itself and that are added up when they are read.
//
// Run it as root, with the id of a process or without:
//
//	go run ./examples/percpu 1
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf/rlimit"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 percpu percpu.c -- -I../include -I../../golden/include

func main() {
	var pid uint64
	if len(os.Args) > 1 {
		var err error
		if pid, err = strconv.ParseUint(os.Args[1], 10, 32); err != nil {
			log.Fatal("usage: percpu [pid]")
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, uint32(pid), time.Second, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run counts until ctx ends and prints the counts at every interval. pid 0
// stands for all processes.
func run(ctx context.Context, pid uint32, every time.Duration, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	spec, err := openPercpu()
	if err != nil {
		return err
	}
	spec.Variables.OnlyPid.Set(pid)
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
			if err := report(w, bpf.Maps.Calls); err != nil {
				return err
			}
		}
	}
}

// count is how often a system call was made.
type count struct {
	number uint32
	calls  uint64
}

// report prints the counts, largest first.
func report(w io.Writer, calls typed.FixedPerCPUMap[uint32, uint64]) error {
	var counts []count
	entries, errf := calls.All()
	for number, perCPU := range entries {
		if n := typed.Sum(perCPU); n > 0 {
			counts = append(counts, count{number, n})
		}
	}
	if err := errf(); err != nil {
		return err
	}
	slices.SortStableFunc(counts, func(a, b count) int { return cmp.Compare(b.calls, a.calls) })
	for _, c := range counts {
		fmt.Fprintf(w, "system call %-4d %d\n", c.number, c.calls)
	}
	_, err := fmt.Fprintln(w)
	return err
}
