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
	testkernel.Require(t, nil)
	testkernel.NetNS(t)
	server := testkernel.Listen(t, "127.0.0.1")
	client := testkernel.Dial(t, "127.0.0.2", server)
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error {
		return run(ctx, "lo", testkernel.Every, w)
	})
	e.Report(t) // it is attached

	for range 10 {
		testkernel.Send(t, client, 100)
	}
	// Ethernet, IPv4 and UDP have 14, 20 and 8 bytes of header.
	flow := fmt.Sprintf("PROTO_UDP          127.0.0.2:%d → 127.0.0.1:%d  10 packets, %d bytes\n",
		client.LocalAddr().(*net.UDPAddr).Port, server.LocalAddr().(*net.UDPAddr).Port, 10*(14+20+8+100))
	e.ReportWhen(t, func(report string) bool {
		return strings.HasPrefix(report, flow) && strings.HasSuffix(report, "\n0 packets ignored")
	})
	e.Stop(t)
}
