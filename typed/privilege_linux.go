package typed

import (
	"os"
	"path/filepath"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// effectiveCapabilities are those of the calling thread, a bit each.
func effectiveCapabilities() (capabilities, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return 0, err
	}
	return capabilities(data[0].Effective) | capabilities(data[1].Effective)<<32, nil
}

// lockedMemory is RLIMIT_MEMLOCK of the process.
func lockedMemory() (bytes uint64, limited bool) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		return 0, false
	}
	return uint64(limit.Cur), limit.Cur != unix.RLIM_INFINITY
}

// cgroupForbids is why the kernel gives EPERM to a process that has all
// capabilities (kernel/bpf/cgroup.c, hierarchy_allows_attach and
// __cgroup_bpf_attach): the programs of one cgroup have one mode, and one
// without a mode that shares admits none below. Empty if that is not why.
func cgroupForbids(path string, at ebpf.AttachType, mode uint32) string {
	if n, flags := cgroupAttached(path, at); n > 0 && flags != mode {
		return "the programs that " + path + " has already are attached in another Mode: bpftool cgroup show " + path + " lists them"
	}
	for dir := filepath.Dir(path); isCgroup(dir) && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if n, flags := cgroupAttached(dir, at); n > 0 && flags == cgroupModes[CgroupExclusive] {
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

// cgroupAttached is how many programs a cgroup itself has, and the flags of
// CgroupMode that they are attached with.
func cgroupAttached(dir string, at ebpf.AttachType) (n, flags uint32) {
	f, err := os.Open(dir)
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	attr := progQuery{targetFD: uint32(f.Fd()), attachType: uint32(at)}
	// ENOSPC says that there was no room for the ids, which nobody wants.
	_, _ = bpf.Call(bpf.ProgQuery, &attr)
	return attr.count, attr.attachFlags & (cgroupModes[CgroupMulti] | cgroupModes[CgroupOverride])
}

func isCgroup(path string) bool {
	var fs unix.Statfs_t
	return unix.Statfs(path, &fs) == nil && int64(fs.Type) == unix.CGROUP2_SUPER_MAGIC
}
