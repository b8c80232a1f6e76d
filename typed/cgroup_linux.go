package typed

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// CgroupID returns the 64-bit id of the cgroup (v2) at a path, such as
// /sys/fs/cgroup/system.slice: what bpf_get_current_cgroup_id returns and
// cgroup storage has for a key. It is the file handle of the directory; the
// inode number is the same on 64-bit kernels only.
func CgroupID(path string) (uint64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	if int64(stat.Type) != unix.CGROUP2_SUPER_MAGIC {
		return 0, fmt.Errorf("%s is not in a cgroup v2 file system", path)
	}
	handle, _, err := unix.NameToHandleAt(unix.AT_FDCWD, path, 0)
	if err != nil {
		return 0, &os.PathError{Op: "name_to_handle_at", Path: path, Err: err}
	}
	if handle.Size() != 8 { // FILEID_KERNFS, kernel/cgroup: a u64
		return 0, fmt.Errorf("%s: the file handle of a cgroup has %d bytes instead of 8", path, handle.Size())
	}
	return binary.NativeEndian.Uint64(handle.Bytes()), nil
}

// OpenPID opens a pidfd, by which a map of [ClassTaskStorage] names a process. The caller
// closes it. Linux 5.3.
func OpenPID(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("open pid %d: %w", pid, err)
	}
	return os.NewFile(uintptr(fd), fmt.Sprintf("pidfd:%d", pid)), nil
}
