//go:build !linux

package typed

func interfaceAt(int) bool { return false }
