//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

func TestLatency(t *testing.T) {
	testkernel.Require(t, testkernel.Except{"host": "no kprobes in its kernel, no trampolines by its policy"})
	for _, test := range []struct {
		name     string
		noFentry bool
		attached string
	}{
		{"fentry", false, "fentry_read attached\nfexit_read attached\n"},
		{"kprobes", true, "kprobe_read attached\nkretprobe_read attached\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config{pid: uint32(os.Getpid()), noFentry: test.noFentry, every: testkernel.Every}
			e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, c, w) })
			e.Await(t, "histogram", func() { read(t) }, func(out string) bool { return strings.Contains(out, "≥") })
			before := calls(t, e.Report(t))
			for range 100 {
				read(t)
			}
			// The process may read something else meanwhile.
			if n := calls(t, e.Report(t)) - before; n < 100 {
				t.Errorf("%d calls measured, at least 100 made", n)
			}
			if out := e.Stop(t); !strings.HasPrefix(out, test.attached) {
				t.Errorf("want %q at the start of\n%s", test.attached, out)
			}
		})
	}
}

// read calls vfs_read once.
func read(t *testing.T) {
	f, err := os.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
}

// calls adds up a histogram.
func calls(t *testing.T, report string) (sum int) {
	t.Helper()
	for line := range strings.Lines(report) {
		var from string
		var n int
		if !strings.HasPrefix(line, "≥") {
			continue
		}
		if _, err := fmt.Sscanf(line, "≥ %s %d", &from, &n); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		sum += n
	}
	return sum
}
