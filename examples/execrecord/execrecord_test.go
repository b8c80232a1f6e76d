//go:build linux

package main

import (
	"fmt"
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

// TestExecRecord: pid and path are those of a program that the test executes, out
// of the record that this kernel writes.
func TestExecRecord(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.RequireTraceFS(t)
	program := testkernel.Program(t, "recorded-program")
	var want []string
	e := testkernel.Start(t, run)
	out := e.Await(t, "record", func() {
		cmd := testkernel.Command(program, "exit")
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
