package btfmin

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/rlimit"
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
	if err := rlimit.RemoveMemlock(); err != nil { // before Linux 5.11 maps are counted against it
		t.Fatal(err)
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
	whole := btf.NewCache() // else the library reads the kernel's BTF for each program
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
			want := tryLoad(spec, name, nil, whole)
			got := tryLoad(spec, name, load(t, small), whole)
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
func tryLoad(spec *ebpf.CollectionSpec, name string, types *btf.Spec, whole *btf.Cache) string {
	one := spec.Copy()
	prog := one.Programs[name]
	one.Programs, one.Variables = map[string]*ebpf.ProgramSpec{name: prog}, nil
	one.Maps = usedMaps(one.Maps, prog)
	coll, err := ebpf.NewCollectionWithOptions(one, ebpf.CollectionOptions{Programs: ebpf.ProgramOptions{KernelTypes: types}, Cache: whole})
	if err != nil {
		return "error: " + chance.ReplaceAllString(err.Error(), "…")
	}
	defer coll.Close()
	if coll.Programs[name] == nil {
		return "left out" // SEC("?…")
	}
	info, err := coll.Programs[name].Info()
	if err != nil {
		return "info: " + err.Error()
	}
	return "loads: " + info.Tag // the kernel's hash of the instructions
}

// chance is what differs from one load to the next in errors: the library creates maps
// in no order, and gives probes random names.
var chance = regexp.MustCompile(`^map [^:]*: |ebpf_probe_[0-9a-f]+`)

// usedMaps are those that a program uses, as Go would set them, of an object of which
// nothing else is loaded.
func usedMaps(all map[string]*ebpf.MapSpec, prog *ebpf.ProgramSpec) map[string]*ebpf.MapSpec {
	used := make(map[string]*ebpf.MapSpec)
	for _, ins := range prog.Instructions {
		m := all[ins.Reference()]
		if m == nil || !ins.IsLoadFromMap() {
			continue
		}
		used[ins.Reference()] = m
		m.Pinning = ebpf.PinNone
		switch m.Type {
		case ebpf.Hash, ebpf.PerCPUHash, ebpf.LRUHash, ebpf.Array, ebpf.PerCPUArray, ebpf.StackTrace:
			m.MaxEntries = max(m.MaxEntries, 1)
		case ebpf.ProgramArray, ebpf.ArrayOfMaps, ebpf.HashOfMaps:
			m.Contents = nil // programs and maps that are not here
		default: // their sizes stand in C
		}
	}
	return used
}
