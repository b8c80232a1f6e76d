package typed

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/internal/layout"
	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// typesNotKept are the types of map of which the kernel keeps no BTF: those
// without map_check_btf in their bpf_map_ops (kernel/bpf/syscall.c,
// map_create; Linux 5.10 to 6.18). For the library's ring buffers see fixRing.
var typesNotKept = []ebpf.MapType{
	ebpf.PerfEventArray, ebpf.StackTrace, ebpf.CGroupArray, ebpf.ArrayOfMaps, ebpf.HashOfMaps,
	ebpf.DevMap, ebpf.DevMapHash, ebpf.CPUMap, ebpf.XSKMap, ebpf.SockMap, ebpf.SockHash,
	ebpf.Queue, ebpf.Stack, ebpf.RingBuf, ebpf.UserRingbuf, ebpf.Arena,
}

// TestWhatTheKernelKeeps: of a map of every type that this kernel has.
func TestWhatTheKernelKeeps(t *testing.T) {
	needKernel(t)
	object := "../golden/maps-all/mapsall_" + targetOf(nativeOrder()) + ".o"
	spec, err := ebpf.LoadCollectionSpec(object)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[bool]int)
	for _, name := range slices.Sorted(maps.Keys(spec.Maps)) {
		s := spec.Maps[name]
		key, value := s.Key != nil, s.Value != nil
		fixRing(s)
		m, err := ebpf.NewMap(s)
		if err != nil {
			continue // not in this kernel
		}
		defer m.Close()
		_, ids, err := bpf.MapInfo(m.FD())
		if err != nil {
			t.Errorf("%s: %v", s.Type, err)
		}
		keeps := ids.BTF != 0
		if want := !slices.Contains(typesNotKept, s.Type) && (key || value); keeps != want {
			t.Errorf("%s: kept %t, %+v", s.Type, keeps, ids)
		}
		if keeps && ((ids.Key != 0) != key || (ids.Value != 0) != value) {
			t.Errorf("%s with key %t and value %t: %+v", s.Type, key, value, ids)
		}
		seen[keeps]++
	}
	if seen[true] < 8 || seen[false] < 8 {
		t.Errorf("%v", seen)
	}
}

// layoutMap creates a map whose value is of a type, with the table for want.
func layoutMap(t *testing.T, typ *btf.Struct, want *btf.Struct) (*ebpf.Map, layouts) {
	t.Helper()
	needKernel(t)
	m, err := ebpf.NewMap(&ebpf.MapSpec{
		Name: "flows", Type: ebpf.Hash, KeySize: 4, ValueSize: typ.Size, MaxEntries: 1, Key: layoutU32, Value: typ,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m, layouts{table: &lazyTable{text: layoutTable(t, want)}}
}

func counters(names ...string) *btf.Struct {
	var members []btf.Member
	for _, n := range names {
		members = append(members, btf.Member{Name: n, Type: layoutU32})
	}
	return cStruct("stats", members...)
}

func TestProveLayout(t *testing.T) {
	bytes := cStruct("stats", btf.Member{Name: "a", Type: &btf.Array{Type: layoutU8, Index: layoutU32, Nelems: 4}}, btf.Member{Name: "b", Type: layoutU32})
	signed := cStruct("stats", btf.Member{Name: "a", Type: layoutS32}, btf.Member{Name: "b", Type: layoutU32})
	for _, test := range []struct {
		name        string
		kernel      *btf.Struct
		fails       string
		differences string
	}{
		{"equal", counters("a", "b"), "", ""},
		{"moved", counters("b", "a"), "map flows > value > struct stats > field a: place is byte 4", ""},
		{"renamed", counters("a", "c"), "", "map flows > value > struct stats > field b: name is c at byte 4"},
		{"reserved", counters("a", "b", "reserved"), "size is 12 bytes", ""},
		{"sign", signed, "", "map flows > value > struct stats > field a: type is s32"},
		{"shape", bytes, "map flows > value > struct stats > field a: type is [4]u8", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, l := layoutMap(t, test.kernel, counters("a", "b"))
			proved, err := l.prove("flows", m, "")
			var layoutError *LayoutError
			switch {
			case test.fails != "":
				if !errors.As(err, &layoutError) || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("%v", err)
				}
				return
			case err != nil || proved.Proof != ProofBTF || proved.Unproved != nil:
				t.Errorf("%+v, %v", proved, err)
			}
			if text := errors.Join(proved.Differences...); (text == nil) != (test.differences == "") ||
				text != nil && !strings.Contains(text.Error(), test.differences) {
				t.Errorf("%v", text)
			}
		})
	}
}

// withoutPrivileges calls f in a thread that has CAP_BPF and no other capability.
func withoutPrivileges(t *testing.T, f func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var all, none [2]unix.CapUserData
	if err := unix.Capget(&header, &all[0]); err != nil {
		t.Fatal(err)
	}
	none = all
	none[0].Effective, none[1].Effective = 0, 1<<(unix.CAP_BPF%32)
	if err := unix.Capset(&header, &none[0]); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Capset(&header, &all[0]); err != nil {
			t.Error(err)
		}
	}()
	f()
}

// TestProveLayoutUnprivileged: without CAP_SYS_ADMIN the kernel's types cannot
// be read, which is no difference. The name of a pin needs nothing.
func TestProveLayoutUnprivileged(t *testing.T) {
	m, l := layoutMap(t, counters("b", "a"), counters("a", "b"))
	other := layouts{table: &lazyTable{text: layoutTable(t, counters("b", "a"))}}
	if l.pinName("flows") == other.pinName("flows") || !strings.HasPrefix(l.pinName("flows"), "flows@") || l.pinName("unknown") != "unknown" {
		t.Error(l.pinName("flows"), other.pinName("flows"), l.pinName("unknown"))
	}
	withoutPrivileges(t, func() {
		for _, test := range []struct {
			pin   string
			proof LayoutProof
			fails bool
		}{
			{"", ProofSizesOnly, false},
			{"/sys/fs/bpf/flows", ProofSizesOnly, false},
			{"/sys/fs/bpf/" + l.pinName("flows"), ProofPinName, false},
			{"/sys/fs/bpf/" + other.pinName("flows"), ProofSizesOnly, true},
		} {
			proved, err := l.prove("flows", m, test.pin)
			var layoutError *LayoutError
			if (err != nil) != test.fails || test.fails && !errors.As(err, &layoutError) {
				t.Errorf("%s: %v", test.pin, err)
			}
			if proved.Proof != test.proof || !errors.Is(proved.Unproved, os.ErrPermission) || !strings.Contains(proved.Unproved.Error(), "CAP_SYS_ADMIN") {
				t.Errorf("%s: %+v", test.pin, proved)
			}
		}
		l.least = ProofPinName
		if _, err := l.prove("flows", m, ""); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "proved by sizes only") {
			t.Error(err)
		}
		if _, err := l.prove("flows", m, l.pinName("flows")); err != nil {
			t.Error(err)
		}
	})
	// With privileges the difference is found, whatever the pin is called.
	if _, err := l.prove("flows", m, l.pinName("flows")); err == nil || !strings.Contains(err.Error(), "field a") {
		t.Error(err)
	}
}

// TestProveLayoutWithoutTypes: of maps without BTF nothing is known but sizes.
func TestProveLayoutWithoutTypes(t *testing.T) {
	needKernel(t)
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	l := layouts{table: &lazyTable{text: layoutTable(t, counters("a", "b"))}}
	if proved, err := l.prove("flows", m, ""); err != nil || proved.Proof != ProofSizesOnly || !errors.Is(proved.Unproved, errNoKernelTypes) {
		t.Errorf("%+v, %v", proved, err)
	}
	l.least = ProofBTF
	if _, err := l.prove("flows", m, ""); !errors.Is(err, errNoKernelTypes) {
		t.Error(err)
	}
	// Where Go has bytes alone there is nothing to prove.
	if proved, err := l.prove("other", m, ""); err != nil || proved.Unproved != nil {
		t.Errorf("%+v, %v", proved, err)
	}
	damaged := layouts{table: &lazyTable{text: "map flows value u32 0000000000000000\n"}}
	if _, err := damaged.prove("flows", m, ""); err == nil {
		t.Error("damaged layouts")
	}
}

// TestProveLayoutOfNamedType: what -map names is compared with what the kernel keeps
// of a map that says it itself.
func TestProveLayoutOfNamedType(t *testing.T) {
	needKernel(t)
	typ := counters("a", "b")
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: typ.Size, MaxEntries: 1, Key: layoutU32, Value: typ})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, names := range [][]string{{"a", "b"}, {"b", "a"}} {
		l, err := layout.Of(counters(names...))
		if err != nil {
			t.Fatal(err)
		}
		var table layout.Table
		table.Add(l, "map", "sized", "value", "struct stats")
		proved, err := layouts{table: &lazyTable{text: "\n" + table.String()}}.prove("sized", m, "")
		if same := names[0] == "a"; (err == nil) != same || same && proved.Proof != ProofBTF {
			t.Errorf("%v: %+v, %v", names, proved, err)
		}
	}
}

// pinDir is a directory in a bpf file system.
func pinDir(t *testing.T) string {
	t.Helper()
	needKernel(t)
	dir, err := os.MkdirTemp(bpffs(t), "layout")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// statsSpec is an object with a map whose value has these counters, and the
// generated code for it. With pinning, Load pins it by name.
func statsSpec(t *testing.T, kind ebpf.MapType, pinning ebpf.PinType, names ...string) *CollectionSpec {
	t.Helper()
	needKernel(t)
	typ := counters(names...)
	c := newCollectionSpec("test", &ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{"flows": {
		Name: "flows", Type: kind, KeySize: 4, ValueSize: typ.Size, MaxEntries: 1, Key: layoutU32, Value: typ, Pinning: pinning,
	}}})
	checkLayouts(c, layoutTable(t, typ))
	if err := c.Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

// loadFlows loads the object and gives the handle of the map.
func loadFlows(t *testing.T, c *CollectionSpec, dir string) (*hashOfStats, error) {
	t.Helper()
	coll, err := c.Load(&ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: dir}})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { coll.Close() })
	h := new(hashOfStats)
	BindMap(coll, h, "flows")
	return h, h.Handle().Err()
}

// hashOfStats is what generated code declares.
type hashOfStats MapHandle

func (*hashOfStats) Shape() MapShape { return MapShape{Class: ClassHash, Key: 4, Value: 8} }

func (m *hashOfStats) Handle() *MapHandle { return (*MapHandle)(m) }
func (m *hashOfStats) Name() string       { return m.Handle().Name() }

// pinAnew gives a map one more pin.
func pinAnew(t *testing.T, m *ebpf.Map, path string) {
	t.Helper()
	clone, err := m.Clone()
	if err != nil {
		t.Fatal(err)
	}
	defer clone.Close()
	if err := clone.Pin(path); err != nil {
		t.Fatal(err)
	}
}

// existingMaps are the ways in which a collection meets a map that exists.
var existingMaps = map[string]func(t *testing.T, c *CollectionSpec, m *ebpf.Map) (*hashOfStats, error){
	"pinned by name": func(t *testing.T, c *CollectionSpec, m *ebpf.Map) (*hashOfStats, error) {
		dir := pinDir(t)
		pinAnew(t, m, filepath.Join(dir, "flows"))
		c.Spec.Maps["flows"].Pinning = ebpf.PinByName
		return loadFlows(t, c, dir)
	},
	"from pins": func(t *testing.T, c *CollectionSpec, m *ebpf.Map) (*hashOfStats, error) {
		dir := pinDir(t)
		pinAnew(t, m, filepath.Join(dir, "flows"))
		coll, err := FromPins(pinned{c}, dir, nil)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { coll.Close() })
		h := new(hashOfStats)
		BindMap(coll, h, "flows")
		return h, h.Handle().Err()
	},
	"replaced": func(t *testing.T, c *CollectionSpec, m *ebpf.Map) (*hashOfStats, error) {
		coll, err := c.Load(&ebpf.CollectionOptions{MapReplacements: map[string]*ebpf.Map{"flows": m}})
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { coll.Close() })
		h := new(hashOfStats)
		BindMap(coll, h, "flows")
		return h, h.Handle().Err()
	},
	"opened": func(t *testing.T, c *CollectionSpec, m *ebpf.Map) (*hashOfStats, error) {
		path := filepath.Join(pinDir(t), "any")
		pinAnew(t, m, path)
		var s *MapSpec[*hashOfStats]
		bindSpecOf(c, &s, "flows")
		h, err := OpenPinnedMap(s, path, nil)
		if err == nil {
			t.Cleanup(func() { h.Handle().Close() })
		}
		return h, err
	},
	"wrapped": func(t *testing.T, c *CollectionSpec, m *ebpf.Map) (*hashOfStats, error) {
		var s *MapSpec[*hashOfStats]
		bindSpecOf(c, &s, "flows")
		h, err := WrapMap(s, m)
		if err == nil {
			t.Cleanup(func() { h.Handle().Close() })
		}
		return h, err
	},
}

// TestExistingMaps: a map that exists is compared with the generated code, however
// a collection meets it.
func TestExistingMaps(t *testing.T) {
	for way, meet := range existingMaps {
		t.Run(way, func(t *testing.T) {
			m, _ := layoutMap(t, counters("a", "b"), counters("a", "b"))
			h, err := meet(t, statsSpec(t, ebpf.Hash, ebpf.PinNone, "a", "b"), m)
			if err != nil || h.Handle().Layout().Proof != ProofBTF || h.Handle().Layout().Unproved != nil || len(h.Handle().Layout().Differences) > 0 {
				t.Fatalf("equal: %v, %+v", err, h)
			}
			c := statsSpec(t, ebpf.Hash, ebpf.PinNone, "a", "renamed")
			h, err = meet(t, c, m)
			if err != nil || h.Handle().Layout().Proof != ProofBTF || !strings.Contains(errors.Join(h.Handle().Layout().Differences...).Error(), "field renamed: name is b at byte 4") {
				t.Errorf("renamed: %v, %+v", err, h)
			}
			_, err = meet(t, statsSpec(t, ebpf.Hash, ebpf.PinNone, "b", "a"), m)
			var layoutError *LayoutError
			if !errors.As(err, &layoutError) || !strings.Contains(err.Error(), "map flows > value > struct stats > field b: place is byte 4, the generated code expects byte 0") {
				t.Errorf("moved: %v", err)
			}
			bare, err := ebpf.NewMap(&ebpf.MapSpec{Name: "flows", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer bare.Close()
			h, err = meet(t, statsSpec(t, ebpf.Hash, ebpf.PinNone, "a", "b"), bare)
			if err != nil || h.Handle().Layout().Proof != ProofSizesOnly || !errors.Is(h.Handle().Layout().Unproved, errNoKernelTypes) {
				t.Errorf("without BTF: %v, %+v", err, h)
			}
			c = statsSpec(t, ebpf.Hash, ebpf.PinNone, "a", "b")
			c.RequireLayout(ProofPinName)
			if _, err = meet(t, c, bare); !errors.Is(err, errNoKernelTypes) || !strings.Contains(err.Error(), "proved by sizes only, less than name of the pin as required") {
				t.Errorf("required: %v", err)
			}
		})
	}
}

// TestCreatedMaps: what Load creates is proved by the object, pinned or not, and of
// types of which the kernel keeps nothing, too.
func TestCreatedMaps(t *testing.T) {
	dir := pinDir(t)
	for _, pinning := range []ebpf.PinType{ebpf.PinNone, ebpf.PinByName} {
		c := statsSpec(t, ebpf.Hash, pinning, "a", "b")
		c.RequireLayout(ProofBTF)
		h, err := loadFlows(t, c, dir)
		if err != nil || h.Handle().Layout().Proof != ProofCreated {
			t.Errorf("%v, %+v", err, h)
		}
	}
	if l := new(hashOfStats).Handle().Layout(); !errors.Is(l.Unproved, ErrNotLoaded) {
		t.Error(l)
	}
}

// TestPinByLayout: maps of two layouts have pins side by side, and one of the same
// layout is found again, also without privileges and by FromPins.
func TestPinByLayout(t *testing.T) {
	dir := pinDir(t)
	spec := func(names ...string) *CollectionSpec {
		c := statsSpec(t, ebpf.Hash, ebpf.PinByName, names...)
		c.PinByLayout()
		return c
	}
	first, err := loadFlows(t, spec("a", "b"), dir)
	if err != nil || first.Handle().Layout().Proof != ProofCreated || !first.Handle().IsPinned() {
		t.Fatalf("%v, %+v", err, first)
	}
	if err := first.Handle().Map().Put(uint32(1), make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	same := func(h *hashOfStats) bool { return h.Handle().Map().Lookup(uint32(1), make([]byte, 8)) == nil }
	for _, test := range []struct {
		names []string
		same  bool
	}{{[]string{"b", "a"}, false}, {[]string{"a", "b"}, true}} {
		h, err := loadFlows(t, spec(test.names...), dir)
		if err != nil {
			t.Fatal(err)
		}
		if same(h) != test.same || h.Handle().Layout().Proof == ProofBTF != test.same || !h.Handle().IsPinned() {
			t.Errorf("%v: %+v", test.names, h.Handle().Layout())
		}
	}
	c := spec("a", "b")
	var s *MapSpec[*hashOfStats]
	bindSpecOf(c, &s, "flows")
	if PinName(s) != c.layouts.pinName("flows") || PinName[*hashOfStats](nil) != "" {
		t.Error(PinName(s))
	}
	made, err := NewMap(s, &ebpf.MapOptions{PinPath: dir})
	if err != nil || !same(made) || !made.Handle().IsPinned() {
		t.Fatal(err)
	}
	defer made.Handle().Close()
	if entries, err := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
	coll, err := FromPins(pinned{spec("a", "b")}, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer coll.Close()
	h := new(hashOfStats)
	if BindMap(coll, h, "flows"); h.Handle().Err() != nil || !same(h) || !h.Handle().IsPinned() {
		t.Errorf("%v, pinned %v", h.Handle().Err(), h.Handle().IsPinned())
	}
	withoutPrivileges(t, func() {
		c := spec("a", "b")
		c.RequireLayout(ProofPinName)
		h, err := loadFlows(t, c, dir)
		if err != nil || !same(h) || h.Handle().Layout().Proof != ProofPinName || !errors.Is(h.Handle().Layout().Unproved, os.ErrPermission) {
			t.Errorf("%v, %+v", err, h)
		}
	})
	must(t, h.Handle().Unpin())
	if entries, err := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("after Unpin of what FromPins has found: %v, %v", entries, err)
	}
}

// TestPinnedSections: variables are where the build that made the map has them.
func TestPinnedSections(t *testing.T) {
	needKernel(t)
	object := "../golden/counter/counter_" + targetOf(nativeOrder()) + ".o"
	text, ok := generatedLayouts(t, object)
	if !ok {
		t.Fatal("no layouts")
	}
	open := func() *CollectionSpec {
		f, err := os.Open(object)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c, err := Open("counter", f, text)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	dir := pinDir(t)
	coll, err := open().Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer coll.Close()
	if err := coll.Library.Maps[".bss"].Pin(filepath.Join(dir, "_bss")); err != nil {
		t.Fatal(err)
	}
	found, err := FromPins(pinned{open()}, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	if l := found.maps[".bss"].layout; l.Proof != ProofBTF {
		t.Errorf("%+v", l)
	}
	moved := open()
	moved.Spec.Variables["dropped"].Offset += 4
	if _, err := FromPins(pinned{moved}, dir, nil); err == nil || !strings.Contains(err.Error(), "variable dropped: place in .bss is another, or none, the generated code expects byte 4") {
		t.Error(err)
	}
}

func TestLayoutProofNames(t *testing.T) {
	for p := ProofSizesOnly; p <= ProofCreated; p++ {
		if strings.Contains(p.String(), "LayoutProof") {
			t.Error(int(p))
		}
	}
	if (ProofCreated + 1).String() != "LayoutProof(4)" {
		t.Error(ProofCreated + 1)
	}
	if layout.Combine(1, 2) == layout.Combine(2, 1) {
		t.Error("order")
	}
}
