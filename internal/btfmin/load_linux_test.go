package btfmin

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// takesBTF are programs that the kernel verifies for something in its BTF, for which
// minimised BTF is not enough.
var takesBTF = map[ebpf.ProgramType]bool{ebpf.Tracing: true, ebpf.LSM: true, ebpf.Extension: true, ebpf.StructOps: true}

// Programs load with minimised BTF where they load with the kernel's own, and the
// kernel gets the same instructions.
func TestLoadsTheSame(t *testing.T) {
	raw, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if err != nil {
		t.Skip("this kernel has no BTF")
	}
	probe, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if errors.Is(err, os.ErrPermission) {
		t.Skip("no privilege to load programs")
	}
	if err != nil {
		t.Fatal(err)
	}
	probe.Close()
	kernel := load(t, raw)
	var objects []string
	for _, pattern := range []string{"../../examples/*/*_bpfel.o", "../../examples/start/*/*_bpfel.o", "../../golden/*/*_bpfel.o"} {
		found, _ := filepath.Glob(pattern)
		objects = append(objects, found...)
	}
	// The objects of .ci/forecast.sh, where they have been collected: libbpf-tools.
	if dir := os.Getenv("BPFGEN_TEST_FORECAST"); dir != "" {
		found, _ := filepath.Glob(filepath.Join(dir, "*.o"))
		objects = append(objects, found...)
	}
	loaded, compared := 0, 0
	for _, object := range objects {
		spec, err := ebpf.LoadCollectionSpec(object)
		if err != nil {
			continue // some golden objects are there to be refused
		}
		relocations, err := Relocations(spec)
		if errors.Is(err, ErrTypeID) || len(relocations) == 0 {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		small, err := Minimise(relocations, []*btf.Spec{kernel}, spec.ByteOrder)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range sortedNames(spec.Programs) {
			if takesBTF[spec.Programs[name].Type] {
				continue
			}
			want := tryLoad(spec, name, nil)
			got := tryLoad(spec, name, load(t, small))
			if want != got {
				t.Errorf("%s, program %s: with the kernel's BTF %q, minimised %q", object, name, want, got)
			}
			compared++
			if strings.HasPrefix(want, "loads: ") {
				loaded++
			}
		}
	}
	if loaded == 0 {
		t.Error("no program with relocations was loaded")
	}
	t.Logf("%d programs with relocations were compared, %d of them load", compared, loaded)
}

// tryLoad loads one program of an object and says what the kernel made of it.
func tryLoad(spec *ebpf.CollectionSpec, name string, types *btf.Spec) string {
	one := spec.Copy()
	for other := range one.Programs {
		if other != name {
			delete(one.Programs, other)
		}
	}
	for _, m := range one.Maps { // what Go would set
		switch m.Type {
		case ebpf.Hash, ebpf.PerCPUHash, ebpf.LRUHash, ebpf.Array, ebpf.PerCPUArray, ebpf.StackTrace:
			m.MaxEntries = max(m.MaxEntries, 1)
		default: // their sizes stand in C
		}
	}
	coll, err := ebpf.NewCollectionWithOptions(one, ebpf.CollectionOptions{Programs: ebpf.ProgramOptions{KernelTypes: types}})
	if err != nil {
		return "error: " + err.Error()
	}
	defer coll.Close()
	info, err := coll.Programs[name].Info()
	if err != nil {
		return "info: " + err.Error()
	}
	return "loads: " + info.Tag // the kernel's hash of the instructions
}
