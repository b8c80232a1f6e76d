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

// Nothing else in the process calls getpgid.
func TestPerCPU(t *testing.T) {
	testkernel.Require(t, nil)
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error {
		return run(ctx, uint32(os.Getpid()), testkernel.Every, w)
	})
	e.Report(t) // it is attached

	onEachCPU(t, func() {
		for range 1000 {
			if _, err := unix.Getpgid(0); err != nil {
				t.Error(err)
			}
		}
	})
	want := fmt.Sprintf("system call %-4d %d\n", unix.SYS_GETPGID, 1000*runtime.NumCPU())
	if report := e.Report(t); !strings.Contains(report+"\n", want) {
		t.Errorf("no %q in\n%s", want, report)
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
