package typed

import "golang.org/x/sys/unix"

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
