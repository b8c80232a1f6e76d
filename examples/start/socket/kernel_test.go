//go:build linux

package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

func TestHello(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.NetNS(t)
	server := testkernel.Listen(t, "127.0.0.1")
	client := testkernel.Dial(t, "127.0.0.1", server)
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, "lo", testkernel.Every, w) })
	e.Report(t) // it is attached
	for range 10 {
		testkernel.Send(t, client, 100)
	}
	e.ReportWhen(t, func(report string) bool {
		return strings.Contains(report, "UDP              10\n")
	})
	e.Stop(t)
}
