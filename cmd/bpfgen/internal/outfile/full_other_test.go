//go:build !linux

package outfile

const fullEnv = "BPFGEN_TEST_FULL"

func fillDisks(string) {}
