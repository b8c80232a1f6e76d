package typed

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// interfaceAt says whether there is a network interface of that index. Package net
// would bring its resolver into each program, and with it cgo.
func interfaceAt(index int) bool {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("")
	if err != nil {
		return false
	}
	request.SetUint32(uint32(index))
	return unix.IoctlIfreq(fd, unix.SIOCGIFNAME, request) == nil
}

// multipath says why no map takes a listener of net.Listen: since Go 1.24 it is one
// of Multipath TCP (sock_map_sk_is_suitable, net/core/sock_map.c: EOPNOTSUPP;
// reuseport_array_update_check, kernel/bpf/reuseport_array.c: ENOTSUPP).
func multipath(fd int, err error) error {
	if !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, ebpf.ErrNotSupported) {
		return err
	}
	if protocol, failed := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL); failed != nil || protocol != unix.IPPROTO_MPTCP {
		return err
	}
	return fmt.Errorf("%w: the socket is one of Multipath TCP, as net.Listen makes them; listen by a net.ListenConfig after SetMultipathTCP(false)", err)
}

// isBPFFS says whether a directory is on a bpf file system, if that can be had.
func isBPFFS(dir string) (is, known bool) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return false, false
	}
	return uint32(stat.Type) == unix.BPF_FS_MAGIC, true // the type has 32 bits, signed or not
}

// mayOpen says whether the mode of a file lets the process read and write it.
func mayOpen(path string) bool {
	return unix.Faccessat(unix.AT_FDCWD, path, unix.R_OK|unix.W_OK, unix.AT_EACCESS) == nil
}
