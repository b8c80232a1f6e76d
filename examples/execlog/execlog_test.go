//go:build linux

package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	switch testkernel.Child() {
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
	program := testkernel.Program(t, "logged-program")
	e := testkernel.Start(t, run)
	for _, test := range []struct{ how, ending string }{
		{"exit", "exit status 7"},
		{"kill", "SIGKILL"},
	} {
		begin := regexp.MustCompile(`pid (\d+) +EVENT_KIND_EXEC ` + program + `\n`)
		e.Await(t, test.ending, func() {
			cmd := testkernel.Command(program, test.how)
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
