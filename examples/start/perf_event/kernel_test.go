//go:build linux

package main

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

func TestHello(t *testing.T) {
	testkernel.Require(t, nil)
	name := comm(t)
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, testkernel.Every, w) })
	e.Await(t, "report of this process", func() { busy(t) }, func(out string) bool { return strings.Contains(out, "\n"+name+" ") || strings.HasPrefix(out, name+" ") })
	e.Stop(t)
}

// busy works long enough to be seen by a sample.
func busy(t *testing.T) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < 50*time.Millisecond; {
		comm(t)
	}
}

// comm is the name of the test's thread, as the kernel has it.
func comm(t *testing.T) string {
	t.Helper()
	name, err := os.ReadFile("/proc/thread-self/comm")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(name))
}
