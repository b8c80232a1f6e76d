package btfparse

// What is said to keep an object from being loaded is tried: every map of every
// object that the library accepts, in the kernel of this machine.

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
)

func TestFailuresAreTheKernels(t *testing.T) {
	requireBPF(t)
	newest := kernelRelease(t) >= 618
	tried, failed := 0, 0
	for _, path := range objects(t) {
		obj, err := parseFile(t, path)
		// What the newest kernels have, the one here may not.
		if err != nil || obj.LoadError != nil || obj.ByteOrder.String() != nativeOrder() || strings.Contains(path, "maps-unknown") {
			continue
		}
		predicted, anywhere := failuresOf(obj)
		for name, spec := range loadSpecs(t, path) {
			m, err := ebpf.NewMap(spec)
			tried++
			if err == nil {
				m.Close()
			} else {
				failed++
			}
			switch {
			case err == nil && predicted[name]:
				t.Errorf("%s: map %s is created", shortName(path), name)
			case err != nil && !predicted[name] && !anywhere && newest:
				t.Errorf("%s: map %s: nothing predicts %v", shortName(path), name, err)
			}
		}
	}
	if tried < 300 || failed < 30 {
		t.Errorf("%d maps tried, %d of them in vain", tried, failed)
	}
}

func nativeOrder() string {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		return "BigEndian"
	}
	return "LittleEndian"
}

// failuresOf are the maps that are said not to be created; anywhere is true
// where it is said of types, which any map may have.
func failuresOf(obj *Object) (maps map[string]bool, anywhere bool) {
	maps = make(map[string]bool)
	for _, w := range obj.Warnings {
		if !w.Fails {
			continue
		}
		anywhere = anywhere || w.Kind == refusedTypes
		if name, ok := strings.CutPrefix(string(w.Path), "map "); ok && !strings.Contains(name, " > slot") {
			name, _, _ = strings.Cut(name, " > ")
			maps[strings.TrimSuffix(name, "_inner")] = true
		}
	}
	return maps, anywhere
}

// loadSpecs are the maps of an object as package typed has them created, without
// what is put into them.
func loadSpecs(t *testing.T, path string) map[string]*ebpf.MapSpec {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cs, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for name, spec := range cs.Maps {
		if spec.Type == ebpf.StructOpsMap {
			delete(cs.Maps, name)
			continue
		}
		asTyped(spec)
	}
	return cs.Maps
}

func asTyped(spec *ebpf.MapSpec) {
	if spec.Pinning == ebpf.PinByName {
		spec.Pinning = ebpf.PinNone
	}
	if spec.InnerMap != nil {
		asTyped(spec.InnerMap)
	}
	switch spec.Type {
	case ebpf.ArrayOfMaps, ebpf.HashOfMaps, ebpf.ProgramArray:
		spec.Contents = nil
	case ebpf.RingBuf, ebpf.UserRingbuf:
		spec.KeySize, spec.ValueSize, spec.Key, spec.Value = 0, 0, nil, nil
		if spec.MaxEntries > 0 {
			size := uint32(os.Getpagesize())
			for size < spec.MaxEntries {
				size *= 2
			}
			spec.MaxEntries = size
		}
	default: // nothing to say of the others
	}
}
