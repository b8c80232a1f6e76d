package typed

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
)

// pinned is what generated code has for an object.
type pinned struct{ *CollectionSpec }

// A collection out of a directory: maps, a program and its link are there, and
// what is not pinned says so.
func TestFromPins(t *testing.T) {
	needKernel(t)
	isolate(t)
	dir, err := os.MkdirTemp(bpffs(t), "bpfgen-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &hookRun{T: t, section: "xdp"}
	newSpec := func() *CollectionSpec {
		a, b := r.spec(2), r.spec(2)
		a.Name, b.Name = "a", "b"
		return testSpec(map[string]*ebpf.ProgramSpec{"a": a, "b": b})
	}
	coll, err := newSpec().Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	var a *XDP
	BindProgram(coll, &a, "a")
	links := filepath.Join(dir, "links")
	for _, err := range []error{
		coll.Links.Add(a.Attach(loIndex, nil)), coll.Links.Pin(links),
		a.Pin(filepath.Join(dir, "a")), coll.Collection.Maps[hitsName].Pin(filepath.Join(dir, hitsName)),
		coll.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	open := func(change func(*CollectionSpec), dir string) (*Collection, error) {
		spec := newSpec()
		if change != nil {
			change(spec)
		}
		return FromPins(pinned{spec}, dir, nil)
	}
	empty := filepath.Join(dir, "empty")
	_, err = open(nil, empty)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "in "+empty) || !strings.Contains(err.Error(), "make the directory") {
		t.Errorf("no directory: %v", err)
	}
	must(t, os.Mkdir(empty, 0o700))
	_, err = open(nil, empty)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "in "+empty) || !strings.Contains(err.Error(), "none of a, b, "+hitsName) {
		t.Errorf("an empty directory: %v", err)
	}
	again, err := open(nil, dir)
	if err != nil {
		t.Fatal(err)
	}
	var b *XDP
	BindProgram(again, &a, "a")
	BindProgram(again, &b, "b")
	if !a.Loaded() || b.Loaded() || !errors.Is(b.Err(), ErrNotLoaded) || !strings.Contains(b.Err().Error(), "b is not pinned as "+filepath.Join(dir, "b")) {
		t.Errorf("a: %v, b: %v", a.Err(), b.Err())
	}
	r.coll = again
	r.fire(func() { sendUDP(t, "127.0.0.1:9") })
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	byLinks, err := open(nil, links)
	if err != nil {
		t.Fatal(err)
	}
	BindProgram(byLinks, &a, "a")
	if of := byLinks.Links.Of(a); len(of) != 1 || a.Loaded() || !strings.Contains(a.Err().Error(), "only the link of a is pinned") {
		t.Errorf("links %v, a: %v", of, a.Err())
	}
	if err := byLinks.Links.Unpin(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(links); err != nil || len(left) > 0 {
		t.Errorf("after Unpin: %v, %v", left, err)
	}
	if err := byLinks.Close(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*CollectionSpec){
		"a map of another size":     func(s *CollectionSpec) { s.Spec.Maps[hitsName].ValueSize++ },
		"a program of another type": func(s *CollectionSpec) { s.Spec.Programs["a"].Type = ebpf.SocketFilter },
	} {
		if c, err := open(change, dir); err == nil {
			c.Close()
			t.Errorf("%s was accepted", name)
		}
	}
}
