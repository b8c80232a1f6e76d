//go:build linux && (amd64 || arm64 || s390x)

package bpf2gotyped

// Both APIs over one set of objects in a kernel: what one writes, the other reads.

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
)

// loaded has objects of bpf2go's API, and the typed one over them.
func loaded(t *testing.T) (*bpfObjects, *bpfCollection) {
	t.Helper()
	_ = rlimit.RemoveMemlock()
	objs := new(bpfObjects)
	if err := loadBpfObjects(objs, nil); errors.Is(err, os.ErrPermission) && os.Getenv("CI") != "true" {
		t.Skipf("needs access to BPF (root): %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { objs.Close() })
	b, err := typedBpf(objs)
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	return objs, b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestMapsBothWays(t *testing.T) {
	objs, b := loaded(t)
	key, stats := bpfFlowKey{Seen: true}, bpfFlowStats{Packets: 3}
	key.To.V4 = 9
	setBpfFlowStatsRaw(&stats, [8]byte{1, 2, 3, 4, 5, 6, 7, 8})
	setBpfFlowStatsHopsDelta(&stats, 1, -5)
	must(t, objs.Flows.Put(&key, &stats))
	got, err := b.Maps.Flows.Lookup(key)
	must(t, err)
	equal(t, "packets", got.Packets, 3)
	equal(t, "union", bpfFlowStatsRaw(&got), [8]byte{1, 2, 3, 4, 5, 6, 7, 8})
	equal(t, "bitfield of the other element", bpfFlowStatsHopsDelta(&got, 0), 0)
	equal(t, "bitfield", bpfFlowStatsHopsDelta(&got, 1), -5)

	setBpfFlowStatsHopsLast(&got, 0, true)
	must(t, b.Maps.Flows.Put(key, got))
	var back bpfFlowStats
	must(t, objs.Flows.Lookup(&key, &back))
	equal(t, "bool in bits", bpfFlowStatsHopsLast(&back, 0), true)
	equal(t, "bits beside", bpfFlowStatsHopsDelta(&back, 1), -5)

	var record bpfRecord
	setBpfRecordPid(&record, 7)
	setBpfRecordWhen(&record, 1<<40)
	must(t, b.Maps.Records.Put(2, record))
	var other bpfRecord
	must(t, objs.Records.Lookup(uint32(2), &other))
	equal(t, "packed pid", bpfRecordPid(&other), 7)
	equal(t, "packed time", bpfRecordWhen(&other), 1<<40)
}

func TestVariablesBothWays(t *testing.T) {
	objs, b := loaded(t)
	must(t, objs.Dropped.Set(uint64(5)))
	n, err := b.Variables.Dropped.Get()
	must(t, err)
	equal(t, "set by the library", n, 5)
	must(t, b.Variables.Dropped.Set(6))
	must(t, objs.Dropped.Get(&n))
	equal(t, "set by the handle", n, 6)
	rate, err := b.Variables.SampleRate.Get()
	must(t, err)
	equal(t, "constant", rate, 1)
	if _, err := typed.AtomicAdd(b.Variables.Dropped, 1); !errors.Is(err, ebpf.ErrNotSupported) {
		t.Errorf("atomic: %v", err)
	}
	if err := b.Variables.Hidden.Err(); !errors.Is(err, typed.ErrNotLoaded) {
		t.Errorf("static variable: %v", err)
	}
}

func TestEventsOfObjects(t *testing.T) {
	objs, b := loaded(t)
	reader, err := b.Maps.Events.NewReader(nil)
	must(t, err)
	if _, err := objs.CountPackets.Run(&ebpf.RunOptions{Data: make([]byte, 64)}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for event, err := range reader.All(ctx) {
		must(t, err)
		equal(t, "pid", event.Pid, 7)
		break
	}
	dropped, err := b.Variables.Dropped.Get()
	must(t, err)
	equal(t, "runs", dropped, 1)
}

// Maps go into code of either API.
func TestMapsOfTheOtherAPI(t *testing.T) {
	objs, b := loaded(t)
	count := func(m *ebpf.Map) error { return m.Put(uint32(0), bpfRecord{Kind: 4}) } // code of bpf2go's API
	must(t, b.Maps.Records.Use(count))
	clone, err := b.Maps.Records.Handle().CloneMap()
	must(t, err)
	other := bpfObjects{bpfMaps: bpfMaps{Records: clone}}
	defer clone.Close()
	var got bpfRecord
	must(t, other.Records.Lookup(uint32(0), &got))
	equal(t, "by the clone", got.Kind, 4)

	spec, err := openBpf()
	must(t, err)
	wrapped, err := typed.WrapMap(spec.Maps.Records, objs.Records)
	must(t, err)
	got, err = wrapped.Lookup(0)
	must(t, err)
	equal(t, "wrapped", got.Kind, 4)
	must(t, wrapped.Close())
	var layout *typed.LayoutError
	if _, err := typed.WrapMap(spec.Maps.Records, objs.Flows); !errors.As(err, &layout) {
		t.Errorf("another map: %v", err)
	}
}

// The objects belong to whoever loaded them.
func TestCloseLeavesObjects(t *testing.T) {
	objs, b := loaded(t)
	reader, err := b.Maps.Events.NewReader(nil)
	must(t, err)
	must(t, b.Maps.Records.Close())
	if _, err := b.Maps.Records.Lookup(0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed handle: %v", err)
	}
	must(t, b.Close())
	must(t, b.Close())
	for range reader.All(t.Context()) {
		t.Fatal("the reader is open")
	}
	if _, err := b.Maps.Flows.Lookup(bpfFlowKey{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("map: %v", err)
	}
	if _, err := b.Variables.Dropped.Get(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("variable: %v", err)
	}
	if err := b.Programs.CountPackets.Err(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("program: %v", err)
	}
	must(t, objs.Records.Put(uint32(1), bpfRecord{Kind: 1}))
	must(t, objs.Dropped.Set(uint64(1)))
	if _, err := objs.CountPackets.Run(&ebpf.RunOptions{Data: make([]byte, 64)}); err != nil {
		t.Error(err)
	}
	again, err := typedBpf(objs)
	must(t, err)
	defer again.Close()
	got, err := again.Maps.Records.Lookup(1)
	must(t, err)
	equal(t, "a second collection", got.Kind, 1)
}

func TestObjectsThatDoNotFit(t *testing.T) {
	objs, _ := loaded(t)
	if _, err := typedBpf(nil); !errors.Is(err, typed.ErrNotLoaded) {
		t.Errorf("nil: %v", err)
	}
	b, err := typedBpf(&bpfObjects{})
	must(t, err)
	if _, err := b.Maps.Flows.Lookup(bpfFlowKey{}); !errors.Is(err, typed.ErrNotLoaded) {
		t.Errorf("map of zero objects: %v", err)
	}
	if _, err := b.Variables.Dropped.Get(); !errors.Is(err, typed.ErrNotLoaded) {
		t.Errorf("variable of zero objects: %v", err)
	}
	if err := b.Programs.CountPackets.Err(); !errors.Is(err, typed.ErrNotLoaded) {
		t.Errorf("program of zero objects: %v", err)
	}
	must(t, b.Close())

	mixed := bpfObjects{bpfMaps: bpfMaps{Flows: objs.Records, Records: objs.Records}}
	b, err = typedBpf(&mixed)
	must(t, err)
	defer b.Close()
	var layout *typed.LayoutError
	if err := b.Maps.Flows.Err(); !errors.As(err, &layout) {
		t.Errorf("map of another type: %v", err)
	}
	must(t, b.Maps.Records.Err())
}
