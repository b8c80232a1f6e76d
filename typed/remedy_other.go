//go:build !linux

package typed

func interfaceAt(int) bool { return false }

func multipath(_ int, err error) error { return err }
