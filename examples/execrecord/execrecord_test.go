//go:build linux

package main

import (
	"fmt"
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

// TestExecRecord: pid and path are those of a program that the test executes, out
// of the record that this kernel writes.
func TestExecRecord(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.RequireTraceFS(t)
	program := filepath.Join(t.TempDir(), "recorded-program")
	if err := os.Symlink("/proc/self/exe", program); err != nil {
		t.Fatal(err)
	}
	var want []string
	e := testkernel.Start(t, run)
	out := e.Await(t, "record", func() {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), child+"=1")
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("pid %-7d %s\n", cmd.Process.Pid, program))
	}, func(out string) bool { return strings.Contains(out, program) })
	for _, line := range want {
		if strings.Contains(out, line) {
			e.Stop(t)
			return
		}
	}
	t.Errorf("none of %q in\n%s", want, out)
}
