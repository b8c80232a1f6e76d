// Package cgroup finds cgroups (v2), and what is attached to them.
package cgroup

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// ID returns the 64-bit id of the cgroup at a path. It is the file handle of the
// directory; the inode number is the same on 64-bit kernels only.
func ID(path string) (uint64, error) {
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

// Open opens a directory and makes sure that it is one of cgroup v2, because the
// kernel's EBADF for any other says too little.
func Open(path string) (*os.File, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(dir.Fd()), &fs); err != nil {
		dir.Close()
		return nil, err
	}
	if int64(fs.Type) != unix.CGROUP2_SUPER_MAGIC {
		dir.Close()
		return nil, fmt.Errorf("not in a cgroup v2 hierarchy: %w", syscall.EBADF)
	}
	return dir, nil
}

// The flags of BPF_PROG_ATTACH that say which programs a cgroup and those below
// may have besides (include/uapi/linux/bpf.h). No flag is exclusive.
const (
	Override = 1 << 0 // BPF_F_ALLOW_OVERRIDE
	Multi    = 1 << 1 // BPF_F_ALLOW_MULTI
)

// Forbids is why the kernel gives EPERM to a process that has all capabilities
// (kernel/bpf/cgroup.c, hierarchy_allows_attach and __cgroup_bpf_attach): the
// programs of one cgroup have one mode, and one without a mode that shares admits
// none below. Empty if that is not why.
func Forbids(path string, at ebpf.AttachType, flags uint32) string {
	if n, others := attached(path, at); n > 0 && others != flags {
		return "the programs that " + path + " has already are attached in another Mode: bpftool cgroup show " + path + " lists them"
	}
	for dir := filepath.Dir(path); isCgroup(dir) && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if n, flags := attached(dir, at); n > 0 && flags == 0 {
			return "the program of " + dir + " admits none in the cgroups below: bpftool cgroup show " + dir + " lists it"
		}
	}
	return ""
}

// progQuery is the start of the struct of BPF_PROG_QUERY.
type progQuery struct {
	targetFD    uint32
	attachType  uint32
	_           uint32 // query_flags
	attachFlags uint32 // out
	_           bpf.Pointer
	count       uint32 // out
	_           uint32
}

// attached is how many programs a cgroup itself has, and the flags that they are
// attached with.
func attached(dir string, at ebpf.AttachType) (n, flags uint32) {
	f, err := os.Open(dir)
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	attr := progQuery{targetFD: uint32(f.Fd()), attachType: uint32(at)}
	// ENOSPC says that there was no room for the ids, which nobody wants.
	_, _ = bpf.Call(bpf.ProgQuery, &attr)
	return attr.count, attr.attachFlags & (Multi | Override)
}

func isCgroup(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && int64(fs.Type) == unix.CGROUP2_SUPER_MAGIC
}
