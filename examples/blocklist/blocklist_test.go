//go:build linux

package main

import (
	"context"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

// networks that the test sends from.
var networks = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.128/25"),
	netip.MustParsePrefix("::1/128"),
}

func start(t *testing.T, ttl time.Duration) *testkernel.Example {
	t.Helper()
	c := config{ifname: "lo", networks: networks, ttl: ttl, every: testkernel.Every}
	return testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, c, w) })
}

func TestDrops(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.NetNS(t)
	server4, server6 := testkernel.Listen(t, "127.0.0.1"), testkernel.Listen(t, "::1")
	e := start(t, time.Hour)
	e.Report(t) // it is attached

	for range 3 {
		testkernel.Send(t, testkernel.Dial(t, "127.0.0.200", server4), 10)
	}
	testkernel.Send(t, testkernel.Dial(t, "::1", server6), 10)
	e.ReportWhen(t, func(report string) bool {
		return strings.Contains(report, "127.0.0.128/25           3 dropped\n") &&
			strings.Contains(report, "::1/128                  1 dropped\n") &&
			strings.HasSuffix(report, "\n0 expired")
	})
	if testkernel.Arrived(t, server4) || testkernel.Arrived(t, server6) {
		t.Error("a packet from a blocked network arrived")
	}

	testkernel.Send(t, testkernel.Dial(t, "127.0.0.2", server4), 10)
	testkernel.Receive(t, server4)
	e.Stop(t)
}

func TestExpiredRulesGo(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.NetNS(t)
	server := testkernel.Listen(t, "127.0.0.1")
	e := start(t, 0)
	e.Await(t, "expiry", nil, func(out string) bool { return strings.Contains(out, "2 expired") })
	if report := e.Report(t); strings.Contains(report, "dropped") {
		t.Errorf("there are rules after their time:\n%s", report)
	}

	testkernel.Send(t, testkernel.Dial(t, "127.0.0.200", server), 10)
	testkernel.Receive(t, server)
	e.Stop(t)
}
