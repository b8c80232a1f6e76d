package typed

import "golang.org/x/sys/unix"

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
