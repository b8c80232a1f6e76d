// Package panics has a test that crashes the kernel.
package panics

import (
	"os"
	"testing"
)

// TestPanics must not run on a machine that somebody needs.
func TestPanics(t *testing.T) {
	if os.Getenv("BPFGEN_TEST_MAY_PANIC") == "" || os.Getpid() > 1000 {
		t.Fatal("not in a throw-away machine")
	}
	t.Log("about to crash")
	if err := os.WriteFile("/proc/sysrq-trigger", []byte("c"), 0); err != nil {
		t.Fatal(err)
	}
	t.Error("still alive")
}
