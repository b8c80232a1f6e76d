//go:build linux

package typed

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cilium/ebpf"
)

// Who loads a pinned map at one moment with others gets one map with them, and only
// the one who has created it says so.
func TestPinsOfOneMoment(t *testing.T) {
	needKernel(t)
	dir, err := os.MkdirTemp(bpffs(t), "bpfgen-test-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	for round := range 50 {
		spec := flowSpec(ebpf.Hash, 2)
		spec.Name, spec.Pinning = "flows", ebpf.PinByName
		var wg sync.WaitGroup
		var mu sync.Mutex
		ids, created := make(map[ebpf.MapID]bool), 0
		for range 4 {
			wg.Go(func() {
				c := newCollectionSpec("test", &ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{"flows": spec.Copy()}})
				coll, err := c.Load(&ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: dir}})
				if err != nil {
					t.Errorf("load: %v", err)
					return
				}
				defer coll.Close()
				m := new(flows)
				BindMap(coll, m, "flows")
				info, err := m.Handle().Info()
				if err != nil || !m.Handle().IsPinned() {
					t.Errorf("info: %v, pinned %v", err, m.Handle().IsPinned())
					return
				}
				mu.Lock()
				defer mu.Unlock()
				id, _ := info.ID()
				ids[id] = true
				if m.Handle().Layout().Proof == ProofCreated {
					created++
				}
			})
		}
		wg.Wait()
		if len(ids) != 1 || created != 1 {
			t.Fatalf("round %d: %d maps, %d say that they created it", round, len(ids), created)
		}
		must(t, os.Remove(filepath.Join(dir, "flows")))
	}
}
