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

func TestHello(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.NetNS(t)
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, testkernel.Every, w) })
	e.Report(t) // it is attached
	for _, port := range []int{7000, 7009, 7009} {
		greeted(t, port)
	}
	for _, port := range []int{6999, 7010} {
		if conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			conn.Close()
			t.Errorf("somebody listens on port %d", port)
		}
	}
	e.ReportWhen(t, func(report string) bool {
		return strings.Contains(report, "port 7000        1\n") && strings.Contains(report, "port 7009        2\n") && strings.Contains(report, "total            3")
	})
	e.Stop(t)
}

// greeted connects to a port where nobody listens, and reads what is said.
func greeted(t *testing.T, port int) {
	t.Helper()
	conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	got, err := io.ReadAll(conn)
	if want := fmt.Sprintf("hello from port %d\n", port); err != nil || string(got) != want {
		t.Errorf("%q and %v, want %q", got, err, want)
	}
}
