package typedtest_test

import (
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/rlimit"
)

// kernelBefore compares the version of the running kernel.
func kernelBefore(t testing.TB, major, minor uint32) bool {
	t.Helper()
	code, err := features.LinuxVersionCode()
	if err != nil {
		t.Fatal(err)
	}
	return code>>8 < major<<8|minor
}

// needKernel makes sure that maps can be created. In CI that is required;
// elsewhere the test is skipped with the reason.
func needKernel(t testing.TB) {
	t.Helper()
	err := rlimit.RemoveMemlock()
	if err == nil {
		var m *ebpf.Map
		m, err = ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
		m.Close()
	}
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("no access to BPF, which CI requires: %v", err)
	default:
		t.Skipf("needs access to BPF (root): %v", err)
	}
}
