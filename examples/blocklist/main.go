// Command blocklist drops packets from the networks of a list, on XDP, each
// for a limited time. IPv4 and IPv6 networks share one LPM trie.
//
// Run it as root:
//
//	go run ./examples/blocklist eth0 1h 192.0.2.0/24 2001:db8::/32
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf/rlimit"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 blocklist blocklist.c -- -I../include -I../../golden/include

func main() {
	if len(os.Args) < 4 {
		log.Fatal("usage: blocklist <interface> <duration> <network>...")
	}
	c := config{ifname: os.Args[1], every: time.Second}
	var err error
	if c.ttl, err = time.ParseDuration(os.Args[2]); err != nil {
		log.Fatal(err)
	}
	for _, arg := range os.Args[3:] {
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
	ifname   string
	networks []netip.Prefix
	ttl      time.Duration // of a rule
	every    time.Duration // between two reports
}

// run blocks the networks until ctx ends and reports at every interval.
func run(ctx context.Context, c config, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	ifi, err := net.InterfaceByName(c.ifname)
	if err != nil {
		return err
	}
	spec, err := openBlocklist()
	if err != nil {
		return err
	}
	bpf, err := spec.Load(nil)
	if err != nil {
		return err
	}
	defer bpf.Close()
	if err := block(bpf.Maps.Blocked, c.networks, time.Now().Add(c.ttl)); err != nil {
		return err
	}
	if err := bpf.Links.Add(bpf.Programs.DropBlocked.Attach(ifi.Index, nil)); err != nil {
		return err
	}
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			if err := report(w, bpf.Maps.Blocked, now); err != nil {
				return err
			}
		}
	}
}

// rules is the trie, in the kernel or, in a test, in memory.
type rules = typed.Map[blocklistSource, blocklistRule]

func block(rules rules, networks []netip.Prefix, until time.Time) error {
	for _, network := range networks {
		key, err := newBlocklistSourceMapped(network)
		if err != nil {
			return err
		}
		if err := rules.Put(key, blocklistRule{Expires: typed.Boot.Nanoseconds(until)}); err != nil {
			return err
		}
	}
	return nil
}

// report prints what was dropped and takes expired rules away.
func report(w io.Writer, rules rules, now time.Time) error {
	entries, errf := rules.All()
	for source, rule := range entries {
		fmt.Fprintf(w, "%-24v %d dropped\n", source.Prefix(), rule.Drops)
	}
	if err := errf(); err != nil {
		return err
	}
	clock := typed.Boot.Nanoseconds(now)
	expired, err := rules.DeleteFunc(func(_ blocklistSource, rule *blocklistRule) bool {
		return rule.Expires <= clock
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%d expired\n\n", expired)
	return err
}
