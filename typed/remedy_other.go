//go:build !linux

package typed

func interfaceAt(int) bool { return false }

func multipath(_ int, err error) error { return err }

func isBPFFS(string) (is, known bool) { return false, false }

func mayOpen(string) bool { return true }
