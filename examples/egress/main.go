// Command egress denies the processes of a cgroup to send to the networks of a
// list, and counts what they send.
//
// Run it as root:
//
//	go run ./examples/egress /sys/fs/cgroup/system.slice 192.0.2.0/24
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/netip"
	"os"
	"os/signal"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 egress egress.c -- -I../include -I../../golden/include

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: egress <cgroup> <network>...")
	}
	c := config{cgroup: os.Args[1], every: time.Second}
	for _, arg := range os.Args[2:] {
		network, err := netip.ParsePrefix(arg)
		if err != nil {
			log.Fatal(err)
		}
		c.networks = append(c.networks, network)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, c, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// config is the command line.
type config struct {
	cgroup   string // a directory of cgroup v2
	networks []netip.Prefix
	every    time.Duration // between two reports
}

// run polices the cgroup until ctx ends and reports at every interval.
func run(ctx context.Context, c config, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	spec, err := openEgress()
	if err != nil {
		return err
	}
	bpf, err := spec.Load(nil)
	if err != nil {
		return err
	}
	defer bpf.Close()
	if err := deny(bpf.Maps.Denied, c.networks); err != nil {
		return err
	}
	if err := bpf.Links.Add(bpf.Programs.Police.Attach(c.cgroup, nil)); err != nil {
		return err
	}
	storage, err := typed.NewCgroupStorageKey(c.cgroup, ebpf.AttachCGroupInetEgress)
	if err != nil {
		return err
	}
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			traffic, err := bpf.Maps.Traffic.Lookup(storage)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%d packets sent, %d denied\n\n", traffic.Sent, traffic.Denied)
		}
	}
}

func deny(denied typed.Map[egressDestination, uint8], networks []netip.Prefix) error {
	for _, network := range networks {
		key, err := newEgressDestination(network)
		if err != nil {
			return err
		}
		if err := denied.Put(key, 1); err != nil {
			return err
		}
	}
	return nil
}
