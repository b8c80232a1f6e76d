//go:build linux

package main

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

func TestMain(m *testing.M) {
	if testkernel.Child() != "" {
		return
	}
	os.Exit(m.Run())
}

func TestHello(t *testing.T) {
	testkernel.Require(t, nil)
	program := testkernel.Program(t, "traced-program")
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, testkernel.Every, w) })
	e.Await(t, "report of the program", func() {
		cmd := testkernel.Command(program, "exit")
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
	}, func(out string) bool { return strings.Contains(out, "traced-program ") })
	e.Stop(t)
}
