// Package panics has a test that crashes the kernel.
package panics

import (
	"os"
	"testing"

	"github.com/bpfgen/bpfgen/.ci/kernels/wire"
)

// TestPanics must not run on a machine that somebody needs.
func TestPanics(t *testing.T) {
	if _, err := os.Stat(wire.OrderPath); err != nil {
		t.Fatal("not in a throw-away machine: ", err)
	}
	t.Log("about to crash")
	if err := os.WriteFile("/proc/sysrq-trigger", []byte("c"), 0); err != nil {
		t.Fatal(err)
	}
	t.Error("still alive")
}
