// Command upgrade counts the IPv4 packets of an interface on XDP, and goes on
// when it is not running: its program, link and map are pinned. A second run
// takes them over, with a program of its own, and not one packet goes uncounted
// or is counted twice.
//
// Run it as root, again and again, with a higher version each time; "remove"
// takes the program away:
//
//	go run ./examples/upgrade lo /sys/fs/bpf/upgrade 1
//	go run ./examples/upgrade lo /sys/fs/bpf/upgrade 2
//	go run ./examples/upgrade lo /sys/fs/bpf/upgrade remove
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf/rlimit"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 upgrade upgrade.c -- -I../include -I../../golden/include

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: upgrade <interface> <directory of a BPF file system> <version>|remove")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if os.Args[3] == "remove" {
		if err := remove(os.Args[2]); err != nil {
			log.Fatal(err)
		}
		return
	}
	version, err := strconv.ParseUint(os.Args[3], 10, 32)
	if err != nil {
		log.Fatal(err)
	}
	if err := run(ctx, os.Args[1], os.Args[2], uint32(version), time.Second, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run installs a version of the program and prints the counts at every interval
// until ctx ends. The program goes on.
func run(ctx context.Context, ifname, dir string, version uint32, every time.Duration, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	bpf, err := install(ifname, dir, version)
	if err != nil {
		return err
	}
	defer bpf.Close()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := printPackets(w, bpf); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// install loads a version of the program and puts it in the place of the one that
// runs, or attaches it if there is none.
func install(ifname, dir string, version uint32) (*upgradeCollection, error) {
	spec, err := openUpgrade()
	if err != nil {
		return nil, err
	}
	before, err := typed.FromPins(spec, dir, nil)
	first := errors.Is(err, os.ErrNotExist) // nothing is pinned there
	if err != nil && !first {
		return nil, err
	}
	if !first {
		defer before.Close()
		if err := spec.ReplaceMaps(before.Collection); err != nil {
			return nil, err
		}
	}
	spec.Variables.Version.Set(version)
	bpf, err := spec.Load(nil)
	if err != nil {
		return nil, err
	}
	var links []*typed.Link
	if !first {
		links = before.Links.Of(before.Programs.CountPackets)
	}
	if len(links) > 0 {
		err = update(links[0], bpf)
	} else {
		err = attach(ifname, dir, bpf, !first && before.Maps.Packets.Loaded())
	}
	if err != nil {
		return nil, errors.Join(err, bpf.Close())
	}
	return bpf, nil
}

// update makes the link run the new program. There is no moment in which neither
// runs: a packet meets the old one or the new one.
func update(pinned *typed.Link, bpf *upgradeCollection) error {
	link, err := typed.AsUpdatable[typed.XDP](pinned)
	if err != nil {
		return err
	}
	return link.Update(bpf.Programs.CountPackets)
}

// attach pins what the next run takes over: the map, unless it is pinned, and then
// the link, which keeps the program. A crash in between leaves a map that the next
// run finds; a link without the map would lose the counts.
func attach(ifname, dir string, bpf *upgradeCollection, mapIsPinned bool) error {
	ifi, err := net.InterfaceByName(ifname)
	if err != nil {
		return err
	}
	if !mapIsPinned {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		if err := bpf.Maps.Packets.Pin(filepath.Join(dir, bpf.Maps.Packets.Name())); err != nil {
			return err
		}
	}
	if err := bpf.Links.Add(bpf.Programs.CountPackets.Attach(ifi.Index, nil)); err != nil {
		return err
	}
	return bpf.Links.Pin(dir)
}

// remove detaches the program and removes its map.
func remove(dir string) error {
	spec, err := openUpgrade()
	if err != nil {
		return err
	}
	bpf, err := typed.FromPins(spec, dir, nil)
	if err != nil {
		return err
	}
	err = bpf.Links.Unpin()
	if bpf.Maps.Packets.Loaded() {
		err = errors.Join(err, bpf.Maps.Packets.Unpin())
	}
	return errors.Join(err, bpf.Close(), os.Remove(dir))
}

func printPackets(w io.Writer, bpf *upgradeCollection) error {
	seq, errf := bpf.Maps.Packets.All()
	packets := maps.Collect(seq)
	if err := errf(); err != nil {
		return err
	}
	for _, version := range slices.Sorted(maps.Keys(packets)) {
		fmt.Fprintf(w, "version %d: %d packets\n", version, packets[version])
	}
	_, err := fmt.Fprintln(w)
	return err
}
