//go:build linux

package main

import (
	"context"
	"io"
	"regexp"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

func TestHello(t *testing.T) {
	testkernel.Require(t, testkernel.Except{"host": "no uprobes"})
	greeted := regexp.MustCompile(`(?m) [3-9]$`)
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, testkernel.Every, w) })
	e.Await(t, "report of three calls", nil, greeted.MatchString)
	e.Stop(t)
}
