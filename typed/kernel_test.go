package typed

import (
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
)

// needKernel ends a test that cannot load anything into the kernel: as a
// failure where the environment says CI=true, else by skipping it.
func needKernel(t testing.TB) {
	t.Helper()
	err := rlimit.RemoveMemlock()
	if err == nil {
		var m *ebpf.Map
		m, err = ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
		if err == nil {
			m.Close()
			return
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("this test needs root and BPF: %v", err)
	}
	t.Skipf("this test needs root and BPF: %v", err)
}
