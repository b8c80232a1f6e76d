// Command hello samples which threads run, 99 times a second on each CPU, by perf
// events of the CPU's clock.
//
// Run it as root:
//
//	go run .
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
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
	closeAll, err := sample(bpf.Programs.Hello)
	defer closeAll()
	if err != nil {
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

// frequency is how many samples are taken in a second.
const frequency = 99

// sample opens an event of the clock for each CPU that is online, and attaches the
// program to it. closeAll closes them.
func sample(hello *typed.PerfEvent) (closeAll func(), err error) {
	var events []int
	closeAll = func() {
		for _, fd := range events {
			unix.Close(fd)
		}
	}
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return closeAll, err
	}
	for cpu := range cpus {
		fd, err := unix.PerfEventOpen(&unix.PerfEventAttr{
			Type:   unix.PERF_TYPE_SOFTWARE,
			Config: unix.PERF_COUNT_SW_CPU_CLOCK,
			Size:   unix.PERF_ATTR_SIZE_VER0,
			Sample: frequency,
			Bits:   unix.PerfBitFreq,
		}, -1, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if errors.Is(err, unix.ENODEV) { // possible, and not online
			continue
		}
		if err != nil {
			return closeAll, fmt.Errorf("perf event of CPU %d: %w", cpu, err)
		}
		events = append(events, fd)
		if _, err := hello.Attach(fd, nil); err != nil {
			return closeAll, err
		}
	}
	return closeAll, nil
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
