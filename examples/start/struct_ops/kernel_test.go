//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

func TestHello(t *testing.T) {
	testkernel.Require(t, testkernel.Except{
		"host": "no trampolines by its policy",
		"5.10": "no links of struct_ops before 6.4",
		"6.1":  "no links of struct_ops before 6.4",
	})
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, testkernel.Every, w) })
	e.ReportWhen(t, func(report string) bool {
		var n int
		_, err := fmt.Sscanf(report, "%d connections", &n)
		return err == nil && n >= 3
	})
	e.Stop(t)
}
