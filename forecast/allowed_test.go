package forecast

import (
	"testing"

	"github.com/bpfgen/bpfgen/internal/bpfuse"
)

// allowed.txt is whole, and says what everybody knows.
func TestAllowed(t *testing.T) {
	table, err := parseAllowed(allowedText)
	if err != nil {
		t.Fatal(err)
	}
	if len(table.kernels) < 3 || len(table.functions[helperUses]) < 200 || len(table.functions[kfuncUses]) < 100 || len(table.functions[hookUses]) < 100 {
		t.Errorf("%d kernels, %d helpers, %d kernel functions, %d hooks", len(table.kernels), len(table.functions[helperUses]), len(table.functions[kfuncUses]), len(table.functions[hookUses]))
	}
	use := func(name string) int {
		for i, u := range bpfuse.Uses {
			if u.Name == name {
				return i
			}
		}
		t.Fatalf("no use %s", name)
		return -1
	}
	for _, test := range []struct {
		level    version
		table    useTable
		function string
		use      string
		want     tri
	}{
		{v(6, 1), helperUses, "bpf_map_lookup_elem", "xdp", yes},
		{v(6, 1), helperUses, "bpf_xdp_adjust_head", "xdp", yes},
		{v(6, 1), helperUses, "bpf_xdp_adjust_head", "tc", no},
		{v(5, 15), helperUses, "bpf_redirect", "kprobe", no},
		{v(6, 5), helperUses, "bpf_redirect", "xdp", yes},
		{v(9, 9), helperUses, "bpf_xdp_adjust_head", "tc", no},
		{v(4, 19), helperUses, "bpf_xdp_adjust_head", "xdp", yes},
		{v(6, 1), helperUses, "bpf_of_the_future", "xdp", yes},
		{v(6, 12), kfuncUses, "bpf_dynptr_from_xdp", "xdp", yes},
		{v(6, 12), kfuncUses, "bpf_dynptr_from_xdp", "kprobe", no},
		{v(6, 12), hookUses, "file_open", "lsm.s", yes},
		{v(6, 12), hookUses, "file_free_security", "lsm.s", no},
	} {
		k := &Kernel{level: test.level}
		if got := k.allows(test.table, test.function, use(test.use)); got != test.want {
			t.Errorf("%v on %v for %s: %v, want %v", test.function, test.level, test.use, got, test.want)
		}
	}
}
