package golden

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
)

// hostTypes is the least number of named types that the BTF of a real kernel
// has; Linux 6.18 has about 11,500.
const hostTypes = 8000

// TestHostKernel declares every named type of the running kernel in one
// package, compiles it with its guards and looks for every member. So it does for
// the kernels whose raw BTF BPFGEN_TEST_KERNELS names, a list of files.
func TestHostKernel(t *testing.T) {
	const source = "/sys/kernel/btf/vmlinux"
	if _, err := os.Stat(source); err != nil {
		missing(t, "needs the BTF of the kernel: "+err.Error())
	}
	declareEverything(t, source)
	for _, file := range filepath.SplitList(os.Getenv("BPFGEN_TEST_KERNELS")) {
		t.Run(filepath.Base(file), func(t *testing.T) { declareEverything(t, file) })
	}
}

func declareEverything(t *testing.T, source string) {
	raw, err := os.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	object, err := btfparse.Parse("vmlinux", raw)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := emit.NewPlan([]emit.Target{{Object: object}},
		emit.Options{Package: "vmlinux", Ident: "Vmlinux", Types: []string{"*"}, TypesOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	files, err := plan.Files()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := btf.LoadSpecFromReader(raw)
	if err != nil {
		t.Fatal(err)
	}
	// As amd64 aligns everybody with 64 bits, as 386 arm (go/types, gcsizes.go). So
	// many types have few guards: places are compared on both.
	arch, narrow := "amd64", "386"
	if object.ByteOrder == binary.BigEndian {
		arch, narrow = "s390x", "mips"
	}
	dir := newModule(t)
	writePackage(t, filepath.Join(dir, "vmlinux"), files)
	goTool(t, dir, arch, "build", "./...")
	vmlinux := generatedPackage{dir: filepath.Join(dir, "vmlinux"), ident: "Vmlinux", spec: spec, warnings: texts(plan.Warnings), allTypes: true}
	checkMembers(t, narrow, []generatedPackage{vmlinux})
	sum := checkMembers(t, arch, []generatedPackage{vmlinux})
	t.Logf("%d structs, unions and enums: %v", sum.types, sum)
	if sum.types < hostTypes {
		t.Errorf("%d named types, want at least %d", sum.types, hostTypes)
	}
}
