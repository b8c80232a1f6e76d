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
	object := "../golden/maps-all/mapsall_bpfel.o"
	if isBigEndian() {
		object = "../golden/maps-all/mapsall_bpfeb.o"
	}
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
		ids, err := bpfMapTypes(m.FD())
		if err != nil {
			t.Errorf("%s: %v", s.Type, err)
		}
		keeps := ids.btf != 0
		if want := !slices.Contains(typesNotKept, s.Type) && (key || value); keeps != want {
			t.Errorf("%s: kept %t, %+v", s.Type, keeps, ids)
		}
		if keeps && ((ids.key != 0) != key || (ids.value != 0) != value) {
			t.Errorf("%s with key %t and value %t: %+v", s.Type, key, value, ids)
		}
		seen[keeps]++
	}
	if seen[true] < 8 || seen[false] < 8 {
		t.Errorf("%v", seen)
	}
}

func isBigEndian() bool {
	return slices.Contains([]string{"s390x", "ppc64", "mips", "mips64"}, runtime.GOARCH)
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
	return m, layouts{table: layoutTable(t, want)}
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
	other := layouts{table: layoutTable(t, counters("b", "a"))}
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
	for name, l := range map[string]layouts{"flows": {table: layoutTable(t, counters("a", "b"))}, "other": {}} {
		if proved, err := l.prove(name, m, ""); err != nil || proved.Proof != ProofSizesOnly || !errors.Is(proved.Unproved, errNoKernelTypes) {
			t.Errorf("%s: %+v, %v", name, proved, err)
		}
		l.least = ProofBTF
		if _, err := l.prove(name, m, ""); !errors.Is(err, errNoKernelTypes) {
			t.Errorf("%s: %v", name, err)
		}
	}
	damaged := layouts{table: "map flows value u32 0000000000000000\n"}
	if _, err := damaged.prove("flows", m, ""); err == nil {
		t.Error("damaged layouts")
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

// TestPinByLayout: maps of two layouts have pins side by side, and one of the
// same layout is found again.
func TestPinByLayout(t *testing.T) {
	dir := pinDir(t)
	open := func(names ...string) (*ebpf.Map, layouts, error) {
		typ := counters(names...)
		l := layouts{table: layoutTable(t, typ), pin: true}
		spec := &ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{"flows": {
			Name: "flows", Type: ebpf.Hash, KeySize: 4, ValueSize: typ.Size, MaxEntries: 1, Key: layoutU32, Value: typ, Pinning: ebpf.PinByName,
		}}}
		options := ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: dir}}
		pins, err := l.findPins(spec, options.Maps)
		if err != nil {
			return nil, l, err
		}
		defer pins.close()
		options.MapReplacements = pins.found
		coll, err := ebpf.NewCollectionWithOptions(spec, options)
		if err != nil {
			return nil, l, err
		}
		defer coll.Close()
		if err := pins.pin(coll); err != nil {
			return nil, l, err
		}
		proofs, err := l.proveAll(spec, coll, options, pins)
		if found := pins.found["flows"] != nil; found != (proofs["flows"].Proof == ProofBTF) || found == (proofs["flows"].Proof == ProofCreated) {
			t.Errorf("found %t: %+v", found, proofs)
		}
		return coll.DetachMap("flows"), l, err
	}
	first, l, err := open("a", "b")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if err := first.Put(uint32(1), make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, l.pinName("flows"))); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		names []string
		same  bool
	}{{[]string{"b", "a"}, false}, {[]string{"a", "b"}, true}} {
		m, _, err := open(test.names...)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if err := m.Lookup(uint32(1), make([]byte, 8)); (err == nil) != test.same {
			t.Errorf("%v: %v", test.names, err)
		}
	}
	if entries, err := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestProveReplaced: maps that Load finds pinned, or is given, are compared.
func TestProveReplaced(t *testing.T) {
	m, l := layoutMap(t, counters("b", "a"), counters("a", "b"))
	dir := pinDir(t)
	if err := m.Pin(filepath.Join(dir, "flows")); err != nil {
		t.Fatal(err)
	}
	for name, options := range map[string]ebpf.CollectionOptions{
		"pinned":   {Maps: ebpf.MapOptions{PinPath: dir}},
		"replaced": {MapReplacements: map[string]*ebpf.Map{"flows": m}},
	} {
		t.Run(name, func(t *testing.T) {
			spec := &ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{"flows": {
				Name: "flows", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1, Key: layoutU32, Value: counters("a", "b"),
			}}}
			if name == "pinned" {
				spec.Maps["flows"].Pinning = ebpf.PinByName
			}
			coll, err := ebpf.NewCollectionWithOptions(spec, options)
			if err != nil {
				t.Fatal(err)
			}
			defer coll.Close()
			if _, err := l.proveAll(spec, coll, options, layoutPins{}); err == nil || !strings.Contains(err.Error(), "field a: place is byte 4") {
				t.Error(err)
			}
		})
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
