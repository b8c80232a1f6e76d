package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	hooks "github.com/bpfgen/bpfgen/examples/start"
)

// Every generated file of the examples is what their sources give, to the byte.
func TestExamplesAreGenerated(t *testing.T) {
	needClang(t)
	if out, err := exec.CommandContext(t.Context(), "../../examples/build.sh", "-check").CombinedOutput(); err != nil {
		t.Errorf("examples/build.sh -check: %v\n%s", err, out)
	}
}

// Every program that init writes is run in kernels by a test.
func TestEveryStartIsRun(t *testing.T) {
	for _, hook := range hooks.Hooks() {
		test, err := os.ReadFile(filepath.Join("../../examples/start", hook, "kernel_test.go"))
		if err != nil || !strings.Contains(string(test), "testkernel.Require(") {
			t.Errorf("%s has no test in a kernel: %v", hook, err)
		}
	}
}

// needClang skips the test for want of clang; with CI=true it fails.
func needClang(t *testing.T) {
	t.Helper()
	needTool(t, "clang-19")
}

// needTool does the same for want of another command.
func needTool(t *testing.T, name string) {
	t.Helper()
	switch _, err := exec.LookPath(name); {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatalf("CI requires a tool: %v", err)
	case err != nil:
		t.Skipf("needs a tool: %v", err)
	}
}
