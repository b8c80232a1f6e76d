//go:build !linux

package typed

// effectiveCapabilities are Linux's.
func effectiveCapabilities() (capabilities, error) { return 0, errNotLinux }

// lockedMemory is counted by Linux.
func lockedMemory() (bytes uint64, limited bool) { return 0, false }
