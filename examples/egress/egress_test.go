//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
	"golang.org/x/sys/unix"
)

func TestEgress(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.NetNS(t)
	cgroup := testkernel.Cgroup(t)
	allowed, denied := testkernel.Listen(t, "127.0.0.1"), testkernel.Listen(t, "127.0.0.200")
	var toAllowed, toDenied *net.UDPConn
	testkernel.InCgroup(t, cgroup, func() {
		toAllowed, toDenied = testkernel.Dial(t, "127.0.0.1", allowed), testkernel.Dial(t, "127.0.0.1", denied)
	})
	outside := testkernel.Dial(t, "127.0.0.1", denied)

	c := config{cgroup: cgroup, networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.128/25")}, every: testkernel.Every}
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, c, w) })
	e.Report(t) // it is attached

	for range 3 {
		if _, err := toDenied.Write([]byte("no")); !errors.Is(err, unix.EPERM) {
			t.Errorf("sending to a denied network: error %v, want EPERM", err)
		}
	}
	if testkernel.Arrived(t, denied) {
		t.Error("a packet to a denied network arrived")
	}
	for range 2 {
		testkernel.Send(t, toAllowed, 10)
		testkernel.Receive(t, allowed)
	}
	testkernel.Send(t, outside, 10)
	testkernel.Receive(t, denied)
	if report := e.Report(t); !strings.Contains(report, "2 packets sent, 3 denied") {
		t.Errorf("want 2 packets sent, 3 denied; got %s", report)
	}
	e.Stop(t)
}
