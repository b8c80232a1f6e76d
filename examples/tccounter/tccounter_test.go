//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
	"github.com/bpfgen/bpfgen/typed"
)

func TestTCCounter(t *testing.T) {
	testkernel.Require(t, nil)
	for _, test := range []struct {
		name string
		via  typed.TCVia
	}{
		{"best", typed.TCXOrClsact},
		{"clsact", typed.ClsactOnly},
	} {
		t.Run(test.name, func(t *testing.T) {
			testkernel.NetNS(t)
			server := testkernel.Listen(t, "127.0.0.1")
			client := testkernel.Dial(t, "127.0.0.1", server)
			c := config{ifname: "lo", via: test.via, every: testkernel.Every}
			e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, c, w) })
			e.Report(t) // it is attached

			for range 10 {
				testkernel.Send(t, client, 100)
			}
			// Ethernet, IPv4 and UDP have 14, 20 and 8 bytes of header.
			bytes := 10 * (14 + 20 + 8 + 100)
			want := fmt.Sprintf("INGRESS  10 packets, %d bytes\nEGRESS   10 packets, %[1]d bytes", bytes)
			e.ReportWhen(t, func(report string) bool { return report == want })
			e.Stop(t)
		})
	}
}
