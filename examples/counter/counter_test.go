//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

func TestCounter(t *testing.T) {
	testkernel.Require(t, testkernel.Except{"5.10": "count_packets uses the result of an atomic addition, which is of Linux 5.12"})
	testkernel.NetNS(t)
	server := testkernel.Listen(t, "127.0.0.1")
	client := testkernel.Dial(t, "127.0.0.2", server)
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error {
		return run(ctx, "lo", testkernel.Every, w)
	})
	flow := fmt.Sprintf("PROTO_UDP          127.0.0.2:%d → 127.0.0.1:%d",
		client.LocalAddr().(*net.UDPAddr).Port, server.LocalAddr().(*net.UDPAddr).Port)
	e.Await(t, flow, func() { testkernel.Send(t, client, 100) }, func(out string) bool {
		return strings.Contains(out, flow)
	})

	packets, bytes := flowIn(t, e.Report(t), flow)
	for range 10 {
		testkernel.Send(t, client, 100)
	}
	packetsNow, bytesNow := flowIn(t, e.Report(t), flow)
	// Ethernet, IPv4 and UDP have 14, 20 and 8 bytes of header.
	if got, want := bytesNow-bytes, 10*(14+20+8+100); packetsNow-packets != 10 || got != want {
		t.Errorf("10 packets of 100 bytes counted as %d packets, %d bytes; want %d bytes", packetsNow-packets, got, want)
	}
	e.Stop(t)
}

// flowIn finds the numbers of a flow in a report.
func flowIn(t *testing.T, report, flow string) (packets, bytes int) {
	t.Helper()
	_, rest, _ := strings.Cut(report, flow)
	if _, err := fmt.Sscanf(rest, " %d packets, %d bytes", &packets, &bytes); err != nil {
		t.Fatalf("%v in %q", err, report)
	}
	return packets, bytes
}
