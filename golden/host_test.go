package golden

import (
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
// package, compiles it with its guards and looks for every member.
func TestHostKernel(t *testing.T) {
	const source = "/sys/kernel/btf/vmlinux"
	raw, err := os.Open(source)
	if err != nil {
		missing(t, "needs the BTF of the kernel: "+err.Error())
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
	dir := newModule(t)
	writePackage(t, filepath.Join(dir, "vmlinux"), files)
	goTool(t, dir, "amd64", "build", "./...")
	// The guards are constants, so that the type-checker proves them, too. As
	// amd64 aligns everybody with 64 bits, as 386 arm (go/types, gcsizes.go).
	if _, err := newLoader(t, "386").load(filepath.Join(dir, "vmlinux")); err != nil {
		t.Errorf("GOARCH=386: %v", err)
	}

	spec, err := btf.LoadSpecFromReader(raw)
	if err != nil {
		t.Fatal(err)
	}
	vmlinux := generatedPackage{dir: filepath.Join(dir, "vmlinux"), ident: "Vmlinux", spec: spec, warnings: texts(plan.Warnings), allTypes: true}
	sum := checkMembers(t, "amd64", []generatedPackage{vmlinux})
	t.Logf("%d structs, unions and enums: %v", sum.types, sum)
	if sum.types < hostTypes {
		t.Errorf("%d named types, want at least %d", sum.types, hostTypes)
	}
}
