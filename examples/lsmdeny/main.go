// Command lsmdeny forbids everybody to open the files that it is given, as a
// security module of the kernel. The kernel must have bpf among its security
// modules: /sys/kernel/security/lsm lists them, lsm= on its command line sets
// them.
//
// Run it as root:
//
//	go run ./examples/lsmdeny /etc/hostname
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 lsmdeny lsmdeny.c -- -I../include -I../../golden/include

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: lsmdeny <file>...")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], time.Second, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run denies the files until ctx ends and reports at every interval.
func run(ctx context.Context, files []string, every time.Duration, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	spec, err := openLsmdeny()
	if err != nil {
		return err
	}
	bpf, err := spec.Load(nil)
	if err != nil {
		return err
	}
	defer bpf.Close()
	names := make(map[lsmdenyFileId]string)
	for _, file := range files {
		id, err := fileID(file)
		if err != nil {
			return err
		}
		names[id] = file
		if err := bpf.Maps.Denied.Put(id, 0); err != nil {
			return err
		}
	}
	if _, err := bpf.AttachAll(); err != nil {
		return err
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := report(w, bpf, names); err != nil {
				return err
			}
		}
	}
}

// fileID is how the program knows a file.
func fileID(path string) (id lsmdenyFileId, err error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return id, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	dev := uint64(st.Dev)
	id.Device = uint64(unix.Major(dev))<<20 | uint64(unix.Minor(dev))
	id.Inode = st.Ino
	return id, nil
}

func report(w io.Writer, bpf *lsmdenyCollection, names map[lsmdenyFileId]string) error {
	denied, errf := bpf.Maps.Denied.All()
	for id, n := range denied {
		fmt.Fprintf(w, "%s: denied %d times\n", names[id], n)
	}
	if err := errf(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
