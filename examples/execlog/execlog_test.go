//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
	"golang.org/x/sys/unix"
)

// child tells this binary how to end.
const child = "BPFGEN_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(child) {
	case "exit":
		os.Exit(7)
	case "kill":
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
		select {}
	}
	os.Exit(m.Run())
}

func TestExecLog(t *testing.T) {
	testkernel.Require(t, nil)
	program := filepath.Join(t.TempDir(), "logged-program")
	if err := os.Symlink("/proc/self/exe", program); err != nil {
		t.Fatal(err)
	}
	e := testkernel.Start(t, run)
	for _, test := range []struct{ how, ending string }{
		{"exit", "exit status 7"},
		{"kill", "SIGKILL"},
	} {
		begin := regexp.MustCompile(`pid (\d+) +EVENT_KIND_EXEC ` + program + `\n`)
		e.Await(t, test.ending, func() {
			cmd := exec.Command(program)
			cmd.Env = append(os.Environ(), child+"="+test.how)
			if err := cmd.Run(); err == nil {
				t.Error("the child ended well")
			}
		}, func(out string) bool {
			for _, m := range begin.FindAllStringSubmatch(out, -1) {
				if strings.Contains(out, fmt.Sprintf("pid %-7s EVENT_KIND_EXIT logged-program: %s\n", m[1], test.ending)) {
					return true
				}
			}
			return false
		})
	}
	e.Stop(t)
}
