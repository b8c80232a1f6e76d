// Command latency prints how long reads of files take in the kernel, as a
// histogram. It uses fentry where the kernel has it, and kprobes elsewhere.
//
// Run it as root, with the id of a process or without:
//
//	go run ./examples/latency 1
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf/rlimit"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 latency latency.c -- -I../include -I../../golden/include

func main() {
	c := config{every: time.Second}
	if len(os.Args) > 1 {
		pid, err := strconv.ParseUint(os.Args[1], 10, 32)
		if err != nil {
			log.Fatal("usage: latency [pid]")
		}
		c.pid = uint32(pid)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, c, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// config is what to measure and how.
type config struct {
	pid      uint32 // 0: all processes
	noFentry bool   // use kprobes in any case
	every    time.Duration
}

// run measures until ctx ends and prints the histogram at every interval.
func run(ctx context.Context, c config, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	spec, err := openLatency()
	if err != nil {
		return err
	}
	spec.Variables.OnlyPid.Set(c.pid)
	bpf, err := load(spec, c.noFentry)
	if err != nil {
		return err
	}
	defer bpf.Close()
	if _, err := bpf.AttachAll(); err != nil {
		return err
	}
	for name := range bpf.Links.All() {
		fmt.Fprintf(w, "%s attached\n", name)
	}
	for _, skipped := range bpf.Skipped() {
		fmt.Fprintf(w, "left out: %s\n", skipped)
	}
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := report(w, bpf); err != nil {
				return err
			}
		}
	}
}

// load loads one pair of programs: the first that the kernel has.
func load(spec *latencyCollectionSpec, noFentry bool) (*latencyCollection, error) {
	p := &spec.Programs
	spec.FirstOf(typed.Group(p.FentryRead, p.FexitRead), typed.Group(p.KprobeRead, p.KretprobeRead))
	if noFentry {
		p.FentryRead.Disable()
		p.FexitRead.Disable()
	}
	return spec.Load(nil)
}

func report(w io.Writer, bpf *latencyCollection) error {
	histogram, err := bpf.Variables.Histogram.Get()
	if err != nil {
		return err
	}
	var most uint64 = 1
	for _, n := range histogram {
		most = max(most, n)
	}
	for i, n := range histogram {
		if n > 0 {
			fmt.Fprintf(w, "≥ %-12v %8d %s\n", time.Duration(1)<<i, n, strings.Repeat("█", int(n*40/most)))
		}
	}
	_, err = fmt.Fprintln(w)
	return err
}
