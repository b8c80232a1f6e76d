package main

// This file measures what forecasts cost: of 128 objects on 7 kernels, and of one
// object on a thousand. bpfgen is run as a user does.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	maxCPU    = time.Second
	maxMemory = 200 << 10 // KiB
	manyOf    = 1000
)

// usage is what a run took.
type usage struct {
	cpu    time.Duration
	memory int64 // at most, KiB
}

// cost prints, and is an error where more is taken than may be.
func cost(c config, w io.Writer) error {
	tmp, err := os.MkdirTemp("", "forecast-cost-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	bpfgen := filepath.Join(tmp, "bpfgen")
	if out, err := exec.Command("go", "build", "-o", bpfgen, "./cmd/bpfgen").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	raw, err := kernelBTFs(c.cache)
	if err != nil {
		return err
	}
	matrix, err := costOfMatrix(c, bpfgen, tmp, raw)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "128 objects, 7 kernels: %.2f s CPU, %d MB\n", matrix.cpu.Seconds(), matrix.memory>>10)
	few, err := costOfMany(c, bpfgen, tmp, raw, 10)
	if err != nil {
		return err
	}
	many, err := costOfMany(c, bpfgen, tmp, raw, manyOf)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "1 object, 10 kernels: %.1f s CPU, %d MB; %d kernels: %.1f s CPU, %d MB\n", few.cpu.Seconds(), few.memory>>10, manyOf, many.cpu.Seconds(), many.memory>>10)
	if matrix.cpu > maxCPU || matrix.memory > maxMemory || many.memory > maxMemory || many.memory > few.memory*3/2 {
		return fmt.Errorf("more than %v, %d MB, or memory that grows with the kernels", maxCPU, maxMemory>>10)
	}
	return nil
}

// kernelBTFs are those of the kernels in the cache, and the running one's.
func kernelBTFs(cache string) (all [][]byte, err error) {
	for _, series := range []string{"5.10", "6.1", "6.12", "7.3"} {
		raw, err := seriesBTF(cache, series)
		if err != nil {
			return nil, err
		}
		all = append(all, raw)
	}
	running, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	return append(all, running), err
}

// vary writes the i-th kernel, which differs from others of its BTF in one name.
func vary(dir string, raw [][]byte, i int) error {
	const member = "\x00personality\x00"
	name := fmt.Appendf(nil, "\x00person%05d\x00", i)
	return os.WriteFile(filepath.Join(dir, fmt.Sprintf("6.0.%d-varied.btf", i)), bytes.Replace(raw[i%len(raw)], []byte(member), name, 1), 0o644)
}

func costOfMatrix(c config, bpfgen, tmp string, raw [][]byte) (least usage, err error) {
	kernels := filepath.Join(tmp, "seven")
	if err := os.Mkdir(kernels, 0o755); err != nil {
		return usage{}, err
	}
	for i := range 7 {
		if err := vary(kernels, raw, i); err != nil {
			return usage{}, err
		}
	}
	files, err := filepath.Glob(filepath.Join(c.objects, "*.o"))
	var objects []string
	for _, file := range files {
		if _, err := readObject(file, file); err == nil { // some are there to be refused
			objects = append(objects, file)
		}
	}
	const wanted = 128
	if step := len(objects) / wanted; step > 0 { // of all sets
		for i := range wanted {
			objects[i] = objects[i*step]
		}
	} else {
		return usage{}, fmt.Errorf("%d objects in %s, not %d (%v)", len(objects), c.objects, wanted, err)
	}
	for range 5 { // others use the machine, too
		u, err := measure(exec.Command(bpfgen, append(append([]string{"forecast", "-json"}, objects[:128]...), kernels)...))
		if err != nil {
			return usage{}, err
		}
		if least.cpu == 0 || u.cpu < least.cpu {
			least.cpu = u.cpu
		}
		least.memory = max(least.memory, u.memory)
	}
	return least, nil
}

func costOfMany(c config, bpfgen, tmp string, raw [][]byte, n int) (usage, error) {
	kernels := filepath.Join(tmp, fmt.Sprint("many", n))
	if err := os.Mkdir(kernels, 0o755); err != nil {
		return usage{}, err
	}
	defer os.RemoveAll(kernels)
	for i := range n {
		if err := vary(kernels, raw, i); err != nil {
			return usage{}, err
		}
	}
	objects, err := filepath.Glob(filepath.Join(c.objects, "tools:*.o"))
	if err != nil || len(objects) == 0 {
		return usage{}, errors.Join(err, fmt.Errorf("no objects in %s", c.objects))
	}
	return measure(exec.Command(bpfgen, "forecast", "-json", objects[0], kernels))
}

func measure(cmd *exec.Cmd) (u usage, err error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return u, err
	}
	done := make(chan error)
	go func() { done <- cmd.Wait() }()
	for running := true; running; {
		select {
		case err = <-done:
			running = false
		case <-time.After(5 * time.Millisecond):
			u.memory = max(u.memory, peakOf(cmd.Process.Pid))
		}
	}
	if err != nil {
		return u, fmt.Errorf("%w: %s", err, &stderr)
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return u, nil
}

// peakOf is the most memory that a running process has had, in KiB. What wait4(2) says
// is also that of its parent: the two share memory until exec.
func peakOf(pid int) (kib int64) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if _, after, ok := strings.Cut(string(status), "VmHWM:"); ok {
		fmt.Sscan(after, &kib)
	}
	return kib
}
