package kernel

import "golang.org/x/sys/unix"

// Release of the running kernel, "6.12.117+deb12-cloud-amd64".
func Release() (string, error) {
	var uname unix.Utsname
	if err := unix.Uname(&uname); err != nil {
		return "", err
	}
	return unix.ByteSliceToString(uname.Release[:]), nil
}

// Running is the version of the running kernel.
func Running() (Version, error) {
	release, err := Release()
	if err != nil {
		return Version{}, err
	}
	return ParseVersion(release)
}
