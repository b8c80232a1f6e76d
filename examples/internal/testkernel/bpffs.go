//go:build linux

package testkernel

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// BPFFS makes a directory for the test in a BPF file system, which it mounts if
// none is mounted, and returns the directory.
func BPFFS(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(bpffs(t), "bpfgen-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func bpffs(t *testing.T) string {
	t.Helper()
	const known = "/sys/fs/bpf"
	var fs unix.Statfs_t
	if err := unix.Statfs(known, &fs); err == nil && int64(fs.Type) == unix.BPF_FS_MAGIC {
		return known
	}
	dir := t.TempDir()
	if err := unix.Mount("bpf", dir, "bpf", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}
