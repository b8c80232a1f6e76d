//go:build !linux

package typed

// effectiveCapabilities are Linux's.
func effectiveCapabilities() (uint64, error) { return 0, errNotLinux }
