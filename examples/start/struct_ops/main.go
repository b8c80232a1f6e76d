// Command hello is a congestion control of TCP, bpf_hello, which it uses itself.
// Linux 6.4.
//
// Run it as root:
//
//	go run .
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
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
			if err := connect(); err != nil {
				return err
			}
			if err := report(w, bpf.Variables.Connections); err != nil {
				return err
			}
		}
	}
}

// connect makes a connection within the machine that uses the congestion control.
func connect() error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, "bpf_hello")
		})
		return errors.Join(err, failed)
	}}
	conn, err := d.Dial("tcp4", l.Addr().String())
	if err != nil {
		return err
	}
	return conn.Close()
}

// report prints the number of connections, and an empty line.
func report(w io.Writer, connections *typed.Variable[uint64]) error {
	n, err := connections.Get()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%d connections\n\n", n)
	return err
}
