//go:build linux

package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

// child makes this binary a program that is executed and ends.
const child = "BPFGEN_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		return
	}
	os.Exit(m.Run())
}

func TestHello(t *testing.T) {
	testkernel.Require(t, nil)
	program := filepath.Join(t.TempDir(), "traced-program")
	if err := os.Symlink("/proc/self/exe", program); err != nil {
		t.Fatal(err)
	}
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error { return run(ctx, testkernel.Every, w) })
	e.Await(t, "report of the program", func() {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), child+"=1")
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
	}, func(out string) bool { return strings.Contains(out, "traced-program ") })
	e.Stop(t)
}
