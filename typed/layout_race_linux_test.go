//go:build linux

package typed

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
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

// Processes that load one pinned map at one moment get one map, which one of them has
// created.
func TestPinsOfOneMomentInProcesses(t *testing.T) {
	if dir := os.Getenv("BPFGEN_PIN_IN"); dir != "" {
		pinWhenTold(dir)
		return
	}
	needKernel(t)
	dir, err := os.MkdirTemp(bpffs(t), "bpfgen-test-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	var others []*pinner
	for range 3 {
		others = append(others, startPinner(t, dir))
	}
	for round := range 30 {
		for _, o := range others {
			got(fmt.Fprintln(o.in, "load"))(t)
		}
		ids, created := make(map[int]bool), 0
		for _, o := range others {
			var id, proof int
			line := got(o.out.ReadString('\n'))(t)
			if n, err := fmt.Sscan(line, &id, &proof); n != 2 {
				t.Fatalf("round %d: %s, %v", round, line, err)
			}
			ids[id] = true
			if LayoutProof(proof) == ProofCreated {
				created++
			}
		}
		if len(ids) != 1 || created != 1 {
			t.Fatalf("round %d: %d maps, %d say that they created it", round, len(ids), created)
		}
		must(t, os.Remove(filepath.Join(dir, "flows")))
	}
}

// pinner is a process that loads the map whenever it reads a line.
type pinner struct {
	in  io.Writer
	out *bufio.Reader
}

func startPinner(t *testing.T, dir string) *pinner {
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestPinsOfOneMomentInProcesses$")
	cmd.Env = append(os.Environ(), "BPFGEN_PIN_IN="+dir)
	in, out := got(cmd.StdinPipe())(t), got(cmd.StdoutPipe())(t)
	must(t, cmd.Start())
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	return &pinner{in, bufio.NewReader(out)}
}

// pinWhenTold is that process: it prints the map's id and how far it was proved.
func pinWhenTold(dir string) {
	var last *Collection // whose map the next round must not find
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		last.Close()
		spec := flowSpec(ebpf.Hash, 2)
		spec.Name, spec.Pinning = "flows", ebpf.PinByName
		c := newCollectionSpec("test", &ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{"flows": spec}})
		coll, err := c.Load(&ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: dir}})
		if err != nil {
			fmt.Println(err)
			return
		}
		m := new(flows)
		BindMap(coll, m, "flows")
		info, err := m.Handle().Info()
		if err != nil {
			fmt.Println(err)
			return
		}
		id, _ := info.ID()
		fmt.Println(uint32(id), int(m.Handle().Layout().Proof))
		last = coll
	}
}
