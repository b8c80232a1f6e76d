package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
)

// memlock is what the kernel says that a map takes (bpf_map_show_fdinfo).
func memlock(t *testing.T, m *ebpf.Map) uint64 {
	t.Helper()
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", m.FD()))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(info)) {
		if name, value, _ := strings.Cut(line, ":"); name == "memlock" {
			n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no memlock in\n%s", info)
	return 0
}

// TestMemoryIsTheKernels: maps take what inspect says that they take when they are
// full, and what the kernel has for its own bookkeeping: a page or two, and for hash
// tables and tries as much again as small keys and values, at most.
func TestMemoryIsTheKernels(t *testing.T) {
	err := rlimit.RemoveMemlock()
	if probe, failed := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1}); failed != nil || err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err, failed)
		}
		t.Skip("needs access to BPF (root)", err, failed)
	} else {
		probe.Close()
	}
	cpus := uint64(ebpf.MustPossibleCPU())
	for _, test := range []struct {
		kind             ebpf.MapType
		key, value, n    uint32
		bookkeepingEntry uint64 // bytes for an entry
	}{
		{ebpf.Array, 4, 100, 1000, 0},
		{ebpf.Array, 4, 3, 100000, 0},
		{ebpf.PerCPUArray, 4, 100, 1000, 8},
		{ebpf.Hash, 7, 100, 4096, 64 + 16},
		{ebpf.LRUHash, 16, 24, 4096, 64 + 16},
		{ebpf.PerCPUHash, 4, 100, 4096, 64 + 16 + 8},
		{ebpf.LRUCPUHash, 4, 8, 4096, 64 + 16 + 8},
		{ebpf.Queue, 0, 20, 5000, 0},
		{ebpf.Stack, 0, 20, 5000, 0},
		{ebpf.RingBuf, 0, 0, 1 << 16, 0},
	} {
		m, err := ebpf.NewMap(&ebpf.MapSpec{Type: test.kind, KeySize: test.key, ValueSize: test.value, MaxEntries: test.n})
		if err != nil {
			t.Errorf("%v: %v", test.kind, err)
			continue
		}
		got := memlock(t, m)
		m.Close()
		said := mapMemory(&btfparse.Map{Type: btfparse.MapType(test.kind), KeySize: test.key, ValueSize: test.value, MaxEntries: test.n})
		if said == nil {
			t.Errorf("%v: nothing is said", test.kind)
			continue
		}
		least := said.Bytes + cpus*said.PerCPU
		most := least + uint64(test.n)*test.bookkeepingEntry + 8<<10
		if test.kind == ebpf.RingBuf {
			most += 16 << 10 // pages of the producer and consumer, and their list
		}
		if got < least || got > most {
			t.Errorf("%v of %d to %d bytes, %d entries: the kernel takes %d bytes, which are not %d to %d", test.kind, test.key, test.value, test.n, got, least, most)
		}
	}
}
