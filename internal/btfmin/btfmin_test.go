package btfmin

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// fixups are what every program's relocations become, as text.
func fixups(t *testing.T, spec *ebpf.CollectionSpec, kernel *btf.Spec) (text []string) {
	t.Helper()
	for _, name := range sortedNames(spec.Programs) {
		var relos []*btf.CORERelocation
		for i := range spec.Programs[name].Instructions {
			if r := btf.CORERelocationMetadata(&spec.Programs[name].Instructions[i]); r != nil {
				relos = append(relos, r)
			}
		}
		fixed, err := btf.CORERelocate(relos, []*btf.Spec{kernel}, spec.ByteOrder, func(btf.Type) (btf.TypeID, error) { return 1, nil })
		if err != nil {
			text = append(text, name+": error")
			continue
		}
		for i := range fixed {
			text = append(text, name+": "+relos[i].String()+" "+fixed[i].String())
		}
	}
	return text
}

// Relocations come out of minimised BTF as of the kernel's own: for the objects of
// golden and examples on the made-up kernels and the running one.
func TestFixupsAreTheSame(t *testing.T) {
	kernels, err := filepath.Glob("../../forecast/testdata/*.btf")
	if err != nil || len(kernels) < 2 {
		t.Fatal(err, kernels)
	}
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err == nil {
		kernels = append(kernels, "/sys/kernel/btf/vmlinux")
	}
	objects, _ := filepath.Glob("../../examples/*/*_bpfel.o")
	objects = append(objects, "../../forecast/testdata/programs_bpfel.o")
	compared := 0
	for _, path := range kernels {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kernel, err := btf.LoadSpecFromReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			spec, err := ebpf.LoadCollectionSpec(object)
			if err != nil {
				t.Fatal(err)
			}
			relocations, err := Relocations(spec)
			if err != nil {
				t.Fatal(err)
			}
			small, err := Minimise(relocations, []*btf.Spec{kernel}, spec.ByteOrder)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Minimise(relocations, []*btf.Spec{kernel}, spec.ByteOrder)
			if err != nil || !bytes.Equal(small, again) {
				t.Errorf("%s on %s: another run gives other bytes (%v)", object, path, err)
			}
			minimised, err := btf.LoadSpecFromReader(bytes.NewReader(small))
			if err != nil {
				t.Fatal(err)
			}
			want, got := fixups(t, spec, kernel), fixups(t, spec, minimised)
			if !slices.Equal(want, got) {
				t.Errorf("%s on %s:\n%s\nwant\n%s", object, path, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if len(small) > len(raw)/2 {
				t.Errorf("%s on %s: %d bytes of %d", object, path, len(small), len(raw))
			}
			compared += len(want)
		}
	}
	if compared < 50 {
		t.Errorf("only %d relocations compared", compared)
	}
}
