//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
	"golang.org/x/sys/unix"
)

// getpgid is a system call that nothing else in the process makes.
func getpgid(t *testing.T) {
	if _, err := unix.Getpgid(0); err != nil {
		t.Error(err)
	}
}

func TestPerCPU(t *testing.T) {
	testkernel.Require(t, nil)
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error {
		return run(ctx, uint32(os.Getpid()), testkernel.Every, w)
	})
	line := fmt.Sprintf("system call %-4d ", unix.SYS_GETPGID)
	e.Await(t, line, func() { getpgid(t) }, func(out string) bool { return strings.Contains(out, line) })

	before := countIn(t, e.Report(t), line)
	onEachCPU(t, func() {
		for range 1000 {
			getpgid(t)
		}
	})
	if got, want := countIn(t, e.Report(t), line)-before, 1000*runtime.NumCPU(); got != want {
		t.Errorf("%d calls counted, %d made", got, want)
	}
	e.Stop(t)
}

// onEachCPU calls f on every CPU that the process may use, at the same time.
func onEachCPU(t *testing.T, f func()) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for cpu := range 1024 {
		if !allowed.IsSet(cpu) {
			continue
		}
		wait.Go(func() {
			runtime.LockOSThread() // for good: it has an affinity of its own
			var one unix.CPUSet
			one.Set(cpu)
			if err := unix.SchedSetaffinity(0, &one); err != nil {
				t.Error(err)
			}
			f()
		})
	}
	wait.Wait()
}

// countIn finds the number behind a text in a report.
func countIn(t *testing.T, report, text string) (n int) {
	t.Helper()
	_, rest, _ := strings.Cut(report, text)
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatalf("%v in %q", err, report)
	}
	return n
}
