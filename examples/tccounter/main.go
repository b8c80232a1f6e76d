// Command tccounter counts the packets of an interface in both directions, on
// tc: by TCX where the kernel has it (Linux 6.6), by a clsact qdisc elsewhere.
//
// Run it as root:
//
//	go run ./examples/tccounter lo
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf/rlimit"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 tccounter tccounter.c -- -I../include -I../../golden/include

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: tccounter <interface>")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c := config{ifname: os.Args[1], every: time.Second}
	if err := run(ctx, c, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// config is what to count and how.
type config struct {
	ifname string
	via    typed.TCVia
	every  time.Duration // between two reports
}

// run counts until ctx ends and prints the counts at every interval.
func run(ctx context.Context, c config, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	ifi, err := net.InterfaceByName(c.ifname)
	if err != nil {
		return err
	}
	spec, err := openTccounter()
	if err != nil {
		return err
	}
	bpf, err := spec.Load(nil)
	if err != nil {
		return err
	}
	defer bpf.Close()
	opts := &typed.TCOptions{Via: c.via}
	if err := bpf.Links.Add(bpf.Programs.CountIngress.Attach(ifi.Index, opts)); err != nil {
		return err
	}
	if err := bpf.Links.Add(bpf.Programs.CountEgress.Attach(ifi.Index, opts)); err != nil {
		return err
	}
	tick := time.NewTicker(c.every)
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

func report(w io.Writer, counts typed.FixedPerCPUMap[tccounterDirection, tccounterTraffic]) error {
	entries, errf := counts.All()
	for direction, perCPU := range entries {
		total := typed.Merge(perCPU, func(sum, cpu *tccounterTraffic) {
			sum.Packets += cpu.Packets
			sum.Bytes += cpu.Bytes
		})
		fmt.Fprintf(w, "%-8v %d packets, %d bytes\n", direction, total.Packets, total.Bytes)
	}
	if err := errf(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
