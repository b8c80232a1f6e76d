// Command hello lists the threads of the machine, by an iterator.
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
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := list(w, bpf); err != nil {
				return err
			}
		}
	}
}

// list prints a line for each thread: process, thread and name.
func list(w io.Writer, bpf *helloCollection) error {
	if err := bpf.Variables.Threads.Set(0); err != nil {
		return err
	}
	r, err := bpf.Programs.Hello.Open(nil)
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	return report(w, bpf.Variables.Threads)
}

// report prints the number of threads, and an empty line.
func report(w io.Writer, threads *typed.Variable[uint64]) error {
	n, err := threads.Get()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%d threads\n\n", n)
	return err
}
