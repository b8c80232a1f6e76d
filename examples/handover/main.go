// Command handover counts executed programs by name, at a tracepoint. On SIGHUP it
// loads its program anew. The kernel cannot replace the program of a tracepoint:
// the new one is attached before the old one is detached. So none goes uncounted;
// what is executed in between is counted by both.
//
// Run it as root:
//
//	go run ./examples/handover
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/cilium/ebpf/rlimit"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 handover handover.c -- -I../include -I../../golden/include

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	if err := run(ctx, reload, time.Second, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run counts until ctx ends and prints the counts at every interval. At each
// reload the next version of the program takes over.
func run(ctx context.Context, reload <-chan os.Signal, every time.Duration, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	bpf, err := start(1, nil)
	if err != nil {
		return err
	}
	defer func() { bpf.Close() }()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for version := uint32(2); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-reload:
			next, err := start(version, bpf)
			if err != nil { // the old one still counts
				return err
			}
			err = bpf.Close()
			bpf = next
			if err != nil {
				return err
			}
			version++
		case <-tick.C:
			if err := printExecs(w, bpf); err != nil {
				return err
			}
		}
	}
}

// start attaches a version of the program, with the maps of the one before it,
// which may be nil. Both are attached when it returns.
func start(version uint32, before *handoverCollection) (*handoverCollection, error) {
	spec, err := openHandover()
	if err != nil {
		return nil, err
	}
	if before != nil {
		if err := spec.ReplaceMaps(before.Collection); err != nil {
			return nil, err
		}
	}
	spec.Variables.Version.Set(version)
	bpf, err := spec.Load(nil)
	if err != nil {
		return nil, err
	}
	if _, err := bpf.AttachAll(); err != nil {
		return nil, errors.Join(err, bpf.Close())
	}
	return bpf, nil
}

func printExecs(w io.Writer, bpf *handoverCollection) error {
	type entry struct {
		name    string
		version uint32
		n       uint64
	}
	var entries []entry
	execs, errf := bpf.Maps.Execs.All()
	for k, n := range execs {
		entries = append(entries, entry{k.CommString(), k.Version, n})
	}
	if err := errf(); err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.version, b.version))
	})
	for _, e := range entries {
		fmt.Fprintf(w, "%-16s %d times, by version %d\n", e.name, e.n, e.version)
	}
	_, err := fmt.Fprintln(w)
	return err
}
