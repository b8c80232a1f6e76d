//go:build linux

package typed

import (
	"math"
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

func TestRingSize(t *testing.T) {
	const k = 1 << 10
	for _, test := range []struct{ size, page, want uint32 }{
		{0, 4 * k, 0},
		{1, 4 * k, 4 * k},
		{4 * k, 4 * k, 4 * k},
		{4*k + 1, 4 * k, 8 * k},
		{5000, 4 * k, 8 * k},
		{12 * k, 4 * k, 16 * k},
		{256 * k, 4 * k, 256 * k},
		{4 * k, 16 * k, 16 * k},
		{4 * k, 64 * k, 64 * k},
		{100 * k, 64 * k, 128 * k},
		{1 << 31, 64 * k, 1 << 31},
		{1<<31 + 1, 4 * k, 1<<31 + 1},
		{math.MaxUint32, 64 * k, math.MaxUint32},
	} {
		if got := ringSize(test.size, test.page); got != test.want {
			t.Errorf("%d bytes on pages of %d: %d, want %d", test.size, test.page, got, test.want)
		}
	}
}

// ringSpec is the spec of a ring buffer as C has it: of any size, with the type
// of its records as its value.
func ringSpec(kind ebpf.MapType) *ebpf.MapSpec {
	record := &btf.Struct{Name: "event", Size: 12, Members: []btf.Member{
		{Name: "seq", Type: &btf.Int{Name: "unsigned int", Size: 4}},
		{Name: "kind", Type: &btf.Int{Name: "unsigned char", Size: 1}, Offset: 32},
		{Name: "pid", Type: &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}, Offset: 64},
	}}
	return &ebpf.MapSpec{Name: "events", Type: kind, MaxEntries: 5000, ValueSize: 12, Value: record}
}

// Rings of any size, and of any type of records, can be created.
func TestRingsAreMadeToFit(t *testing.T) {
	sinceKernel(t, 6, 1, "user ring buffers")
	want := int(ringSize(5000, uint32(os.Getpagesize())))
	outer := &ebpf.MapSpec{Type: ebpf.ArrayOfMaps, KeySize: 4, MaxEntries: 1, InnerMap: ringSpec(ebpf.RingBuf)}
	set := openTest(&ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{
		"ring": ringSpec(ebpf.RingBuf), "user": ringSpec(ebpf.UserRingbuf), "outer": outer,
	}})
	c, err := set.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, name := range []string{"ring", "user"} {
		if got := int(c.Library.Maps[name].MaxEntries()); got != want {
			t.Errorf("%s has %d bytes, want %d", name, got, want)
		}
		if spec := set.Spec.Maps[name]; spec.MaxEntries != 5000 || spec.Value == nil {
			t.Errorf("%s: the spec was changed: %v", name, spec)
		}
	}
	var ring *MapSpec[*RingBufMap[testEvent]]
	var user *MapSpec[*UserRingBufMap[testEvent]]
	bindSpecOf(set, &ring, "ring")
	bindSpecOf(set, &user, "user")
	must(t, set.Err())
	r := got(NewMap(ring, nil))(t)
	defer r.Close()
	u := got(NewMap(user, nil))(t)
	defer u.Close()
	equal(t, "ring", r.Handle().MaxEntries(), want)
	equal(t, "user", u.Handle().MaxEntries(), want)
}

// A pinned ring is opened again by the spec that it was rounded from.
func TestPinnedRingOfRoundedSize(t *testing.T) {
	sinceKernel(t, 6, 1, "user ring buffers")
	for _, kind := range []ebpf.MapType{ebpf.RingBuf, ebpf.UserRingbuf} {
		spec := ringSpec(kind)
		spec.Pinning = ebpf.PinByName
		dir, err := os.MkdirTemp(bpffs(t), "bpfgen-test-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		opts := &ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: dir}}
		set := openTest(&ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{"events": spec}})
		for range 2 {
			c, err := set.Load(opts)
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			defer c.Close()
		}
	}
}
