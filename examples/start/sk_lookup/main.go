// Command hello listens on ten ports with one socket: connections to 127.0.0.1, or
// another IPv4 address of this machine, on ports 7000 to 7009 get a greeting and are
// counted. Linux 5.9.
//
// Run it as root, and elsewhere try "nc 127.0.0.1 7003":
//
//	go run .
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
	config := net.ListenConfig{}
	config.SetMultipathTCP(false)              // its sockets go into no map
	l, err := config.Listen(ctx, "tcp4", ":0") // on whichever port is free
	if err != nil {
		return err
	}
	defer l.Close()
	go greet(l)
	if err := bpf.Maps.Sockets.PutConn(0, l.(*net.TCPListener)); err != nil {
		return err
	}
	netns, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer netns.Close()
	if err := bpf.Links.Add(bpf.Programs.Hello.Attach(int(netns.Fd()))); err != nil {
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

// greet answers every connection, until the listener is closed.
func greet(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		fmt.Fprintln(conn, "hello from port", conn.LocalAddr().(*net.TCPAddr).Port)
		conn.Close()
	}
}

// report prints how many connections, by port, the total and an empty line.
func report(w io.Writer, counts typed.Hash[uint16, uint64]) error {
	total := uint64(0)
	entries, errf := counts.All()
	for port, n := range entries {
		fmt.Fprintf(w, "port %-11d %d\n", port, n)
		total += n
	}
	if err := errf(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%-16s %d\n\n", "total", total)
	return err
}
