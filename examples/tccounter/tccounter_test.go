//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

func TestTCCounter(t *testing.T) {
	testkernel.Require(t, nil)
	for _, test := range []struct {
		name   string
		legacy bool
	}{
		{"best", false},
		{"clsact", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			testkernel.NetNS(t)
			server := testkernel.Listen(t, "127.0.0.1")
			client := testkernel.Dial(t, "127.0.0.1", server)
			c := config{ifname: "lo", legacy: test.legacy, every: testkernel.Every}
			e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, c, w) })

			before := totals(t, e.Report(t)) // it is attached
			for range 10 {
				testkernel.Send(t, client, 100)
			}
			now := totals(t, e.Report(t))
			// Ethernet, IPv4 and UDP have 14, 20 and 8 bytes of header.
			want := tccounterTraffic{Packets: 10, Bytes: 10 * (14 + 20 + 8 + 100)}
			for d, total := range now {
				got := tccounterTraffic{Packets: total.Packets - before[d].Packets, Bytes: total.Bytes - before[d].Bytes}
				if got != want {
					t.Errorf("%v: %+v, want %+v", tccounterDirection(d), got, want)
				}
			}
			e.Stop(t)
		})
	}
}

// totals are the numbers of a report, by direction.
func totals(t *testing.T, report string) (totals [2]tccounterTraffic) {
	t.Helper()
	for d := range totals {
		_, rest, _ := strings.Cut(report, tccounterDirection(d).String())
		if _, err := fmt.Sscanf(rest, "%d packets, %d bytes", &totals[d].Packets, &totals[d].Bytes); err != nil {
			t.Fatalf("%v in %q", err, report)
		}
	}
	return totals
}
