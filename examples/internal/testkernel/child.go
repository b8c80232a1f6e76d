//go:build linux

package testkernel

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// child says in the environment how a process ends that a test executes.
const child = "BPFGEN_TEST_CHILD"

// Child is what [Command] was given, "" in the process of the tests.
func Child() string { return os.Getenv(child) }

// Program is the path of the test's own binary under that name, to be executed by
// [Command]: TestMain asks Child first.
func Program(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	if err := os.Symlink("/proc/self/exe", program); err != nil {
		t.Fatal(err)
	}
	return program
}

// Command executes a Program, whose Child is how.
func Command(program, how string) *exec.Cmd {
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), child+"="+how)
	return cmd
}
