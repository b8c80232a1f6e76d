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
	cgroup := testkernel.Cgroup(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, cgroup, testkernel.Every, w) })
	e.Report(t) // it is attached
	connect := func() {
		conn, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	connect() // not of the cgroup
	testkernel.InCgroup(t, cgroup, func() {
		for range 3 {
			connect()
		}
	})
	want := fmt.Sprintf("port %-11d 3\ntotal            3", l.Addr().(*net.TCPAddr).Port)
	e.ReportWhen(t, func(report string) bool { return strings.Contains(report, want) })
	e.Stop(t)
}
