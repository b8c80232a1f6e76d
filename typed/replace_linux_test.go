package typed

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
)

// Maps in the place of those that Load would create, and maps that are pinned by
// name.

// loadedMaps loads the maps of an object without its programs. Its binds is a
// hash, opened is in .bss, missing in .data, most in .rodata.
func loadedMaps(t *testing.T, change func(*CollectionSpec)) *Collection {
	t.Helper()
	coll := got(loadMapsOnly(t, change))(t)
	t.Cleanup(func() { coll.Close() })
	return coll
}

func loadMapsOnly(t *testing.T, change func(*CollectionSpec)) (*Collection, error) {
	spec := openKernelBTFTargets(t)
	spec.DisableAll()
	if change != nil {
		change(spec)
	}
	return spec.Load(nil)
}

func TestReplaceMapsSharesGlobals(t *testing.T) {
	needKernel(t)
	first := loadedMaps(t, nil)
	second := loadedMaps(t, func(s *CollectionSpec) {
		must(t, s.ReplaceMaps(first))
		most := specOf[uint32](t, s, "most")
		most.Set(3)
	})
	must(t, first.Library.Maps["binds"].Put(uint32(1), uint64(5)))
	var n uint64
	must(t, second.Library.Maps["binds"].Lookup(uint32(1), &n))
	equal(t, "element of a map", n, 5)
	for _, name := range []string{"opened", "missing"} { // .bss, .data
		ours, theirs := variable[uint64](first, name), variable[uint64](second, name)
		must(t, ours.Set(7))
		equal(t, name, got(theirs.Get())(t), 7)
		must(t, theirs.Set(8))
		equal(t, name, got(ours.Get())(t), 8)
	}
	for coll, want := range map[*Collection]uint32{first: 16, second: 3} {
		most := constant[uint32](coll, "most")
		equal(t, "constant", got(most.Get())(t), want)
	}
	must(t, first.Close())
	must(t, second.Library.Maps["binds"].Lookup(uint32(1), &n))
}

// Sections whose variables lie otherwise are not shared, and each is named; what
// fits is.
func TestReplaceMapsOfAnotherObject(t *testing.T) {
	sinceKernel(t, 5, 13, "BTF of floating-point variables")
	first := loadedMaps(t, nil)
	spec := openGolden(t, "variables-all/variablesall")
	spec.Spec.Maps["binds"] = openKernelBTFTargets(t).Spec.Maps["binds"]
	spec.DisableAll()
	err := spec.ReplaceMaps(first)
	var layout *LayoutError
	if !errors.As(err, &layout) {
		t.Fatal(err)
	}
	for _, section := range []string{".bss", ".data"} {
		if !strings.Contains(err.Error(), section) {
			t.Errorf("no %s in %v", section, err)
		}
	}
	if strings.Contains(err.Error(), ".rodata") {
		t.Errorf("constants are never shared: %v", err)
	}
	second, err := spec.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	must(t, first.Library.Maps["binds"].Put(uint32(1), uint64(5)))
	var n uint64
	must(t, second.Library.Maps["binds"].Lookup(uint32(1), &n))
	equal(t, "element of a map", n, 5)
}

func TestReplaceByWhatIsNotThere(t *testing.T) {
	needKernel(t)
	var closed ArrayMap[uint32, uint64]
	must(t, bindMap(&closed, "binds", got(ebpf.NewMap(arraySpec(ebpf.Array, 8, 16)))(t)))
	must(t, closed.Close())
	gone := loadedMaps(t, nil)
	must(t, gone.Close())
	for name, test := range map[string]struct {
		replace func(*CollectionSpec, *MapSpec[*ArrayMap[uint32, uint64]]) error
		want    error // of Load, nil if it works
	}{
		"not loaded": {func(_ *CollectionSpec, m *MapSpec[*ArrayMap[uint32, uint64]]) error {
			m.Replace(new(ArrayMap[uint32, uint64]))
			return nil
		}, ErrNotLoaded},
		"closed": {func(_ *CollectionSpec, m *MapSpec[*ArrayMap[uint32, uint64]]) error {
			m.Replace(&closed)
			return nil
		}, os.ErrClosed},
		"a closed collection": {func(s *CollectionSpec, _ *MapSpec[*ArrayMap[uint32, uint64]]) error {
			return s.ReplaceMaps(gone)
		}, os.ErrClosed},
		"taken back": {func(_ *CollectionSpec, m *MapSpec[*ArrayMap[uint32, uint64]]) error {
			m.Replace(&closed)
			m.Replace(nil)
			return nil
		}, nil},
	} {
		coll, err := loadMapsOnly(t, func(s *CollectionSpec) {
			var m *MapSpec[*ArrayMap[uint32, uint64]]
			bindSpecOf(s, &m, "binds")
			must(t, test.replace(s, m))
		})
		if err == nil {
			must(t, coll.Close())
		}
		if !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error(), "binds") && name != "a closed collection" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, other := range map[string]*Collection{"nil": nil, "zero": new(Collection)} {
		failsWith(t, name, openKernelBTFTargets(t).ReplaceMaps(other), ErrNotLoaded)
	}
	failsWith(t, "zero spec", new(CollectionSpec).ReplaceMaps(gone), ErrNotLoaded)
}

// A map that C pins by name: without a directory the error says what is missing,
// with one the map is found again, and compared.
func TestPinnedByName(t *testing.T) {
	needKernel(t)
	dir := got(os.MkdirTemp(bpffs(t), "bpfgen-test-"))(t)
	t.Cleanup(func() { os.RemoveAll(dir) })
	specOf := func() (*CollectionSpec, *MapSpec[*ArrayMap[uint32, uint64]]) {
		s := openKernelBTFTargets(t)
		s.DisableAll()
		var m *MapSpec[*ArrayMap[uint32, uint64]]
		bindSpecOf(s, &m, "binds")
		m.Pinning = ebpf.PinByName
		return s, m
	}
	where := ebpf.MapOptions{PinPath: dir}
	spec, m := specOf()
	if _, err := spec.Load(nil); err == nil || !strings.Contains(err.Error(), "PinPath") || !strings.Contains(err.Error(), "options of Load") {
		t.Errorf("Load without a directory: %v", err)
	}
	if _, err := NewMap(m, nil); err == nil || !strings.Contains(err.Error(), "PinPath of the options") {
		t.Errorf("New without a directory: %v", err)
	}
	alone, err := NewMap(m, &where)
	must(t, err)
	defer alone.Close()
	must(t, alone.Put(1, 5))
	coll, err := spec.Load(&ebpf.CollectionOptions{Maps: where})
	must(t, err)
	defer coll.Close()
	again, err := NewMap(m, &where)
	must(t, err)
	defer again.Close()
	opened, err := OpenPinnedMap(m, filepath.Join(dir, "binds"), nil)
	must(t, err)
	defer opened.Close()
	for what, n := range map[string]uint64{"New": got(again.Lookup(1))(t), "OpenPinned": got(opened.Lookup(1))(t)} {
		equal(t, what, n, 5)
	}
	var n uint64
	must(t, coll.Library.Maps["binds"].Lookup(uint32(1), &n))
	equal(t, "Load", n, 5)
	other, om := specOf()
	om.MaxEntries++
	if _, err := other.Load(&ebpf.CollectionOptions{Maps: where}); !errors.Is(err, ebpf.ErrMapIncompatible) {
		t.Errorf("Load of a map of another size: %v", err)
	}
	if _, err := NewMap(om, &where); !errors.Is(err, ebpf.ErrMapIncompatible) {
		t.Errorf("New of a map of another size: %v", err)
	}
}
