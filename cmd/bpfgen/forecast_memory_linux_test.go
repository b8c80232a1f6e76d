package main

// Kernels are read, forecast and forgotten: however many there are, they take the
// memory of a few.

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/internal/kernelbtf"
)

// variations writes n kernels that differ in the name of one member.
func variations(t *testing.T, dir string, n int) {
	t.Helper()
	packed, err := os.ReadFile("../../" + kernels + "6.12.117+deb12-cloud-amd64.btf.gz")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := kernelbtf.Unpack(packed)
	if err != nil {
		t.Fatal(err)
	}
	const member = "\x00personality\x00"
	if !bytes.Contains(raw, []byte(member)) {
		t.Fatal("struct task_struct has no member personality")
	}
	for i := range n {
		varied := bytes.Replace(raw, []byte(member), fmt.Appendf(nil, "\x00person%05d\x00", i), 1)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("6.12.%d-test.btf", i)), varied, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// forecastPeak is the most memory, in KiB, that a run needs for n kernels.
func forecastPeak(t *testing.T, n int) int64 {
	t.Helper()
	dir := t.TempDir()
	variations(t, dir, n)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Args = []string{"bpfgen", "forecast", "-json", "testdata/docs/watch_bpfel.o", dir}
	cmd.Stdout, cmd.Stderr = &out, &errs
	peak, err := runForPeak(cmd)
	if err != nil {
		t.Fatalf("%v: %s", err, &errs)
	}
	if reports := strings.Count(out.String(), `"type":"report"`); reports != n {
		t.Fatalf("%d reports of %d kernels", reports, n)
	}
	return peak
}

// runForPeak asks the kernel while the command runs: what wait4(2) says afterwards is
// also that of this process, with which the command shares memory until exec.
func runForPeak(cmd *exec.Cmd) (peak int64, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	done := make(chan error)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case err := <-done:
			return peak, err
		case <-time.After(time.Millisecond):
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)) // gone when it is done
			if _, after, ok := strings.Cut(string(status), "VmHWM:"); ok {
				fmt.Sscan(after, &peak)
			}
		}
	}
}

func TestForecastStreams(t *testing.T) {
	few, many := forecastPeak(t, 20), forecastPeak(t, 300)
	if few == 0 {
		t.Error("the memory of a process is not in /proc")
	}
	if many > few*3/2 {
		t.Errorf("20 kernels take %d KiB, 300 take %d KiB", few, many)
	}
	t.Logf("20 kernels: %d KiB, 300: %d KiB", few, many)
}
