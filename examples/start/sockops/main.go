// Command hello counts the TCP connections that the processes of a cgroup make.
//
// Run it as root:
//
//	go run . /sys/fs/cgroup
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
	cgroup := "/sys/fs/cgroup"
	if len(os.Args) > 1 {
		cgroup = os.Args[1]
	}
	if err := run(ctx, cgroup, time.Second, os.Stdout); err != nil {
		log.Fatalf("%+v", err) // with the verifier's log, if there is one
	}
}

// run reports at every interval until ctx ends.
func run(ctx context.Context, cgroup string, every time.Duration, w io.Writer) error {
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
	if err := bpf.Links.Add(bpf.Programs.Hello.Attach(cgroup, nil)); err != nil {
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

// report prints how many connections, by port, the total and an empty line.
func report(w io.Writer, counts typed.Hash[uint16, uint64]) error {
	total := uint64(0)
	entries, errf := counts.All()
	for port, n := range entries {
		fmt.Fprintf(w, "port %-11d %d\n", port, n)
		total += n
	}
	if err := errf(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%-16s %d\n\n", "total", total)
	return err
}
