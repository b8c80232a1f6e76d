// Command hello counts the IPv4 packets that are for this machine, on netfilter's
// hook LOCAL_IN. Linux 6.4.
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
	"github.com/cilium/ebpf/link"
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
	if err := bpf.Links.Add(bpf.Programs.Hello.Attach(link.NetfilterProtoIPv4, link.NetfilterInetLocalIn, nil)); err != nil {
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

// protocols are those of which IPv4 packets are.
var protocols = map[uint8]string{1: "ICMP", 6: "TCP", 17: "UDP"}

// report prints how many packets, by protocol, the total and an empty line.
func report(w io.Writer, counts typed.Hash[uint8, uint64]) error {
	total := uint64(0)
	entries, errf := counts.All()
	for protocol, n := range entries {
		name := protocols[protocol]
		if name == "" {
			name = fmt.Sprintf("protocol %d", protocol)
		}
		fmt.Fprintf(w, "%-16s %d\n", name, n)
		total += n
	}
	if err := errf(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%-16s %d\n\n", "total", total)
	return err
}
