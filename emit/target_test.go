package emit

import (
	"encoding/binary"
	"slices"
	"testing"
)

func TestFindTarget(t *testing.T) {
	little := []string{"386", "amd64", "arm", "arm64", "loong64", "mips64le", "mipsle", "ppc64le", "riscv64", "wasm"}
	big := []string{"mips", "mips64", "ppc64", "s390x"}
	// What bpf2go of cilium/ebpf v0.22 draws for the same names.
	for _, want := range []struct {
		id, name, linux string
		goarch          []string
		order           binary.ByteOrder
	}{
		{"bpfel", "bpfel", "", little, binary.LittleEndian},
		{"bpfeb", "bpfeb", "", big, binary.BigEndian},
		{"amd64", "x86_bpfel", "x86", []string{"386", "amd64"}, binary.LittleEndian},
		{"386", "x86_bpfel", "x86", []string{"386", "amd64"}, binary.LittleEndian},
		{"arm", "arm_bpfel", "arm", []string{"arm"}, binary.LittleEndian},
		{"arm64", "arm64_bpfel", "arm64", []string{"arm64"}, binary.LittleEndian},
		{"loong64", "loongarch_bpfel", "loongarch", []string{"loong64"}, binary.LittleEndian},
		{"mips", "mips_bpfeb", "mips", []string{"mips"}, binary.BigEndian},
		{"ppc64", "powerpc_bpfeb", "powerpc", []string{"ppc64"}, binary.BigEndian},
		{"ppc64le", "powerpc_bpfel", "powerpc", []string{"ppc64le"}, binary.LittleEndian},
		{"riscv64", "riscv_bpfel", "riscv", []string{"riscv64"}, binary.LittleEndian},
		{"s390x", "s390_bpfeb", "s390", []string{"s390x"}, binary.BigEndian},
	} {
		got, err := FindTarget(want.id)
		if err != nil {
			t.Errorf("FindTarget(%s): %v", want.id, err)
			continue
		}
		if got.Name != want.name || got.Linux != want.linux || !slices.Equal(got.GOARCH, want.goarch) || got.ByteOrder() != want.order {
			t.Errorf("FindTarget(%s) = %+v (%v), want %+v", want.id, got, got.ByteOrder(), want)
		}
	}
	if got, err := FindTarget("bpf"); err != nil || got.GOARCH != nil {
		t.Errorf("FindTarget(bpf) = %+v, %v, want no constraint", got, err)
	}
	for _, id := range []string{"", "wasm", "mips64", "sparc64", "x86", "BPFEL"} {
		if got, err := FindTarget(id); err == nil {
			t.Errorf("FindTarget(%q) = %+v, want an error", id, got)
		}
	}
}

func TestTargetsHaveDistinctNames(t *testing.T) {
	var names []string
	for _, target := range Targets() {
		names = append(names, target.Name)
	}
	want := []string{
		"arm64_bpfel", "arm_bpfel", "bpf", "bpfeb", "bpfel", "loongarch_bpfel", "mips_bpfeb",
		"powerpc_bpfeb", "powerpc_bpfel", "riscv_bpfel", "s390_bpfeb", "x86_bpfel",
	}
	if !slices.Equal(names, want) {
		t.Errorf("Targets() = %q, want %q", names, want)
	}
}
