//go:build linux

package testkernel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Cgroup makes a cgroup (v2) for the test and returns its directory.
func Cgroup(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(cgroupRoot(t), "bpfgen-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// InCgroup calls f while the process is in a cgroup. Sockets belong to the
// cgroup that they were made in.
func InCgroup(t *testing.T, dir string, f func()) {
	t.Helper()
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	_, before, ok := strings.Cut("\n"+string(own), "\n0::")
	if !ok {
		t.Fatalf("no cgroup v2 in /proc/self/cgroup:\n%s", own)
	}
	before, _, _ = strings.Cut(before, "\n")
	enter(t, dir)
	defer enter(t, filepath.Join(cgroupRoot(t), before))
	f()
}

// enter moves the process into a cgroup.
func enter(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
}

// cgroupRoot is where cgroup v2 is mounted.
func cgroupRoot(t *testing.T) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			return f[1]
		}
	}
	Missing(t, "a mounted cgroup v2", os.ErrNotExist)
	return ""
}
