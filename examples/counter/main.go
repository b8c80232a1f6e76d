// Command counter counts the packets of an interface per flow, on XDP.
//
// Run it as root:
//
//	go run ./examples/counter lo
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

	"github.com/cilium/ebpf/rlimit"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 counter counter.c -- -I../include -I../../golden/include

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: counter <interface>")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], time.Second, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run counts until ctx ends and prints the flows at every interval.
func run(ctx context.Context, ifname string, every time.Duration, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	ifi, err := net.InterfaceByName(ifname)
	if err != nil {
		return err
	}
	spec, err := openCounter()
	if err != nil {
		return err
	}
	spec.Maps.Flows.MaxEntries = 1024
	spec.Variables.SampleRate.Set(1)

	bpf, err := spec.Load(nil)
	if err != nil {
		return err
	}
	defer bpf.Close()
	if err := bpf.Links.Add(bpf.Programs.CountPackets.Attach(ifi.Index, nil)); err != nil {
		return err
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := printFlows(w, bpf); err != nil {
				return err
			}
		}
	}
}

func printFlows(w io.Writer, bpf *counterCollection) error {
	flows, errf := bpf.Maps.Flows.All()
	for k, v := range flows {
		fmt.Fprintf(w, "%-18v %v:%d → %v:%d  %d packets, %d bytes\n",
			k.Proto, k.Saddr.Addr(), k.Sport.Get(), k.Daddr.Addr(), k.Dport.Get(), v.Packets, v.Bytes)
	}
	if err := errf(); err != nil {
		return err
	}
	ignored, err := bpf.Variables.Ignored.Get()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%d packets ignored\n\n", ignored)
	return err
}
