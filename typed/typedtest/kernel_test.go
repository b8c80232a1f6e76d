package typedtest_test

import (
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
)

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
