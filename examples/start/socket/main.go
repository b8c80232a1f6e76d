// Command hello counts the packets that arrive at an interface, as the filter of a
// packet socket.
//
// Run it as root:
//
//	go run . eth0
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 hello hello.c -- -I/usr/include/x86_64-linux-gnu

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ifname := "lo"
	if len(os.Args) > 1 {
		ifname = os.Args[1]
	}
	if err := run(ctx, ifname, time.Second, os.Stdout); err != nil {
		log.Fatalf("%+v", err) // with the verifier's log, if there is one
	}
}

// run reports at every interval until ctx ends.
func run(ctx context.Context, ifname string, every time.Duration, w io.Writer) error {
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
	ifi, err := net.InterfaceByName(ifname)
	if err != nil {
		return err
	}
	// A socket of no protocol has no packets until Bind says of which.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("packet socket: %w", err)
	}
	socket := os.NewFile(uintptr(fd), "packet socket")
	defer socket.Close()
	if err := bpf.Links.Add(bpf.Programs.Hello.Attach(socket)); err != nil {
		return err
	}
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: ifi.Index}); err != nil {
		return fmt.Errorf("packet socket on %s: %w", ifname, err)
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
var protocols = map[uint8]string{0: "other", 1: "ICMP", 6: "TCP", 17: "UDP"}

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
