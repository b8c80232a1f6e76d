package target

import (
	"encoding/binary"
	"slices"
	"testing"
)

func TestFind(t *testing.T) {
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
		got, err := Find(want.id)
		if err != nil {
			t.Errorf("Find(%s): %v", want.id, err)
			continue
		}
		if got.Name != want.name || got.Linux != want.linux || !slices.Equal(got.GOARCH, want.goarch) || got.ByteOrder() != want.order {
			t.Errorf("Find(%s) = %+v (%v), want %+v", want.id, got, got.ByteOrder(), want)
		}
	}
	if got, err := Find("bpf"); err != nil || got.GOARCH != nil {
		t.Errorf("Find(bpf) = %+v, %v, want no constraint", got, err)
	}
	for _, id := range []string{"", "wasm", "mips64", "sparc64", "x86", "BPFEL"} {
		if got, err := Find(id); err == nil {
			t.Errorf("Find(%q) = %+v, want an error", id, got)
		}
	}
}

func TestTargetsHaveDistinctNames(t *testing.T) {
	var names []string
	for _, target := range All() {
		names = append(names, target.Name)
	}
	want := []string{
		"arm64_bpfel", "arm_bpfel", "bpf", "bpfeb", "bpfel", "loongarch_bpfel", "mips_bpfeb",
		"powerpc_bpfeb", "powerpc_bpfel", "riscv_bpfel", "s390_bpfeb", "x86_bpfel",
	}
	if !slices.Equal(names, want) {
		t.Errorf("All() = %q, want %q", names, want)
	}
}

func TestOfName(t *testing.T) {
	for stem, want := range map[string]string{
		"counter_bpfel":          "bpfel",
		"counter_x86_bpfel":      "x86_bpfel",
		"counter_bpfel_x86":      "x86_bpfel",
		"counter_bpfel_arm64":    "arm64_bpfel",
		"counter_bpfeb_powerpc":  "powerpc_bpfeb",
		"counter_bpfel_powerpc":  "powerpc_bpfel",
		"counter_bpf":            "bpf",
		"bpfeb_s390":             "s390_bpfeb",
		"x86_bpfel":              "x86_bpfel",
		"counter_bpfeb_x86":      "", // no such target
		"counter_x86":            "",
		"counter":                "",
		"counterbpfel":           "",
		"counter_bpfel_arm64_v2": "",
	} {
		got, ok := OfName(stem)
		if got.Name != want || ok != (want != "") {
			t.Errorf("OfName(%s) = %q, %v, want %q", stem, got.Name, ok, want)
		}
	}
}
