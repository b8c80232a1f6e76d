//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

func TestMain(m *testing.M) {
	if testkernel.Child() != "" {
		return
	}
	os.Exit(m.Run())
}

func TestExecEvents(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.RequireTraceFS(t)
	program := testkernel.Program(t, "traced-program")
	before := time.Now()
	var pids []string
	e := testkernel.Start(t, run)
	out := e.Await(t, "event", func() {
		cmd := testkernel.Command(program, "exit")
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, fmt.Sprintf("pid %-7d uid %-5d traced-program   %s\n", cmd.Process.Pid, os.Getuid(), program))
	}, func(out string) bool { return strings.Contains(out, program) })
	line, found := "", false
	for _, pid := range pids {
		for l := range strings.Lines(out) {
			if strings.Contains(l, pid) {
				line, found = l, true
			}
		}
	}
	if !found {
		t.Fatalf("none of %q in\n%s", pids, out)
	}
	when, err := time.ParseInLocation(time.DateTime, line[:len(time.DateTime)], time.Local)
	if err != nil {
		t.Fatal(err)
	}
	if slack := time.Second; when.Before(before.Add(-slack)) || when.After(time.Now().Add(slack)) {
		t.Errorf("an event of the test is of %v, the test began at %v", when, before)
	}
	if out := e.Stop(t); strings.Contains(out, "lost") {
		t.Errorf("events were lost:\n%s", out)
	}
}
