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

func TestHello(t *testing.T) {
	testkernel.Require(t, nil)
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, testkernel.Every, w) })
	report := e.Report(t)
	if own := fmt.Sprintf("\n%d %[1]d ", os.Getpid()); !strings.Contains("\n"+report, own) {
		t.Errorf("no %q in\n%s", own, report)
	}
	lines := strings.Count(report, "\n")
	if want := fmt.Sprintf("%d threads", lines); !strings.HasSuffix(report, want) {
		t.Errorf("%d lines, the end is %q", lines, report[max(0, len(report)-40):])
	}
	e.Stop(t)
}
