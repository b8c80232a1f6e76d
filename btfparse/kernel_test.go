package btfparse

import (
	"os"
	"testing"
)

const vmlinux = "/sys/kernel/btf/vmlinux"

// The running kernel's own BTF: the largest input there is, and the one that
// was not written by clang.
func TestVmlinux(t *testing.T) {
	obj, err := parseFile(t, requireVmlinux(t))
	if err != nil {
		t.Fatal(err)
	}
	if !obj.TypesOnly || len(obj.Warnings)+len(obj.TypeWarnings) != 0 {
		t.Errorf("TypesOnly is %v, warnings %v %v", obj.TypesOnly, obj.Warnings, obj.TypeWarnings)
	}
	seen := make(map[Type]bool)
	found := make(map[string]bool)
	for _, typ := range obj.Types {
		if seen[typ] {
			t.Fatalf("%s stands there twice", typ.CName())
		}
		seen[typ] = true
		found[typ.CName()] = true
	}
	for _, name := range []string{"struct task_struct", "union bpf_attr", "enum bpf_map_type", "__be32", "atomic_t"} {
		if !found[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

func requireVmlinux(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat(vmlinux); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return vmlinux
}

func BenchmarkParse(b *testing.B) {
	for _, path := range []string{"../golden/counter/counter_bpfel.o", requireVmlinux(b)} {
		b.Run(shortName(path), func(b *testing.B) {
			for b.Loop() {
				if _, err := parseFile(b, path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
