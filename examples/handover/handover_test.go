//go:build linux

package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

// Every program that is executed while one version after another takes over is
// counted at least once, and each version counts.
func TestHandoverLosesNothing(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.RequireTraceFS(t)
	run, name := command(t)
	const versions = 5
	bpf := startVersion(t, 1, nil)
	stop, done := make(chan struct{}), make(chan int)
	var n atomic.Uint64
	go func() {
		failed := 0
		for {
			select {
			case <-stop:
				done <- failed
				return
			default:
				if run() != nil {
					failed++
				} else {
					n.Add(1)
				}
			}
		}
	}()
	for version := range uint32(versions) {
		testkernel.WaitForMore(t, "executions", 2, n.Load)
		if version > 0 {
			next := startVersion(t, version+1, bpf)
			if err := bpf.Close(); err != nil {
				t.Error(err)
			}
			bpf = next
		}
	}
	testkernel.WaitForMore(t, "executions", 2, n.Load)
	close(stop)
	if failed := <-done; failed > 0 {
		t.Fatalf("%d of the programs could not be run", failed)
	}
	var got uint64
	for version := range uint32(versions) {
		key := handoverExecKey{Version: version + 1}
		if err := key.SetCommString(name); err != nil {
			t.Fatal(err)
		}
		count, err := bpf.Maps.Execs.Lookup(key)
		if err != nil || count == 0 {
			t.Errorf("version %d has counted %d, %v", version+1, count, err)
		}
		got += count
	}
	if want := n.Load(); got < want {
		t.Errorf("%d programs were executed, %d counted", want, got)
	}
	if err := bpf.Close(); err != nil {
		t.Error(err)
	}
}

// The example as a user runs it.
func TestHandover(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.RequireTraceFS(t)
	execute, name := command(t)
	reload := make(chan os.Signal)
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error {
		return run(ctx, reload, testkernel.Every, w)
	})
	e.Report(t)
	for _, version := range []string{"1", "2"} {
		if version != "1" {
			reload <- syscall.SIGHUP
			e.Report(t)
		}
		if err := execute(); err != nil {
			t.Fatal(err)
		}
		e.ReportWhen(t, func(report string) bool {
			return strings.Contains(report, name) && strings.Contains(report, "by version "+version)
		})
	}
	e.Stop(t)
}

func startVersion(t *testing.T, version uint32, before *handoverCollection) *handoverCollection {
	t.Helper()
	bpf, err := start(version, before)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	return bpf
}

// command is a program of a name that nobody else executes: this test, which does
// nothing then.
func command(t *testing.T) (run func() error, name string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "handed-over")
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return func() error { return exec.Command(path, "-test.run=^$").Run() }, filepath.Base(path)
}
