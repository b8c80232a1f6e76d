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
	bindProgram(coll, &a, "a")
	links := filepath.Join(dir, "links")
	for _, err := range []error{
		coll.Links.Add(a.Attach(loIndex, nil)), coll.Links.Pin(links),
		a.Pin(filepath.Join(dir, "a")), coll.Library.Maps[hitsName].Pin(filepath.Join(dir, hitsName)),
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
	bindProgram(again, &a, "a")
	bindProgram(again, &b, "b")
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
	bindProgram(byLinks, &a, "a")
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

// A pinned program for another hook of the same type is refused where the kernel says which
// it is for, and taken where it is the same.
func TestFromPinsOfOtherHooks(t *testing.T) {
	for _, test := range []struct {
		section, other, since string
		not                   map[string]string
		want                  string
	}{
		{"cgroup/connect4", "cgroup/connect6", "5.10", nil, "for attach type CGroupInet4Connect, not CGroupInet6Connect"},
		{"cgroup/getsockopt", "cgroup/setsockopt", "5.10", nil, "for attach type CGroupGetsockopt, not CGroupSetsockopt"},
		{"cgroup/sock_release", "cgroup/post_bind4", "5.10", nil, "for attach type CgroupInetSockRelease, not CGroupInet4PostBind"},
		{"tp_btf/sched_switch", "tp_btf/sched_wakeup", "6.1", nil, "for btf_trace_sched_switch of the kernel, not btf_trace_sched_wakeup"},
		{"fentry/vfs_open", "fentry/vfs_read", "6.1", noTrampolines, "for vfs_open of the kernel, not vfs_read"},
		{"iter/task", "iter/bpf_map", "6.1", nil, "for bpf_iter_task of the kernel, not bpf_iter_bpf_map"},
	} {
		t.Run(test.section, func(t *testing.T) {
			needKernel(t)
			if why := (hookTest{since: test.since, not: test.not}).reason(t); why != "" {
				t.Skip(why)
			}
			dir := got(os.MkdirTemp(bpffs(t), "bpfgen-test-"))(t)
			t.Cleanup(func() { os.RemoveAll(dir) })
			spec := func(section string) *CollectionSpec {
				r := &hookRun{T: t, section: section}
				ret := int32(0)
				if strings.HasPrefix(section, "cgroup/") {
					ret = 1
				}
				return testSpec(map[string]*ebpf.ProgramSpec{progName: r.spec(ret)})
			}
			coll := got(spec(test.section).Load(nil))(t)
			defer coll.Close()
			must(t, coll.Library.Programs[progName].Pin(filepath.Join(dir, progName)))
			same := got(FromPins(pinned{spec(test.section)}, dir, nil))(t)
			must(t, same.Close())
			other, err := FromPins(pinned{spec(test.other)}, dir, nil)
			if err == nil {
				other.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// A file that is no pin, and a place where there can be none, are named as the cause,
// whichever way pins are made or opened, and what the error says to do helps.
func TestRemediesOfPins(t *testing.T) {
	needKernel(t)
	dir, err := os.MkdirTemp(bpffs(t), "bpfgen-test-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	newSpec := func() *CollectionSpec {
		spec := flowSpec(ebpf.Hash, 2)
		spec.Name, spec.Pinning = "flows", ebpf.PinByName
		return newCollectionSpec("test", &ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{"flows": spec}})
	}
	ways := map[string]func(dir string) error{
		"Load": func(dir string) error {
			coll, err := newSpec().Load(&ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: dir}})
			return errors.Join(err, coll.Close())
		},
		"NewMap": func(dir string) error {
			var s *MapSpec[*flows]
			bindSpecOf(newSpec(), &s, "flows")
			m, err := NewMap(s, &ebpf.MapOptions{PinPath: dir})
			return errors.Join(err, m.Close())
		},
		"Pin": func(dir string) error {
			m := testMap[flows](t, flowSpec(ebpf.Hash, 2))
			return errors.Join(m.Pin(filepath.Join(dir, "flows")), m.Unpin())
		},
		"FromPins": func(dir string) error {
			_, err := FromPins(pinned{newSpec()}, dir, nil)
			return err
		},
	}
	elsewhere, none, taken := t.TempDir(), filepath.Join(dir, "none"), filepath.Join(dir, "taken")
	must(t, os.WriteFile(filepath.Join(elsewhere, "flows"), nil, 0o600))
	must(t, os.MkdirAll(filepath.Join(taken, "flows"), 0o700))
	wants := func(way string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "security module") {
			t.Errorf("%s: %v, want %s", way, err, want)
		}
	}
	for way, do := range ways {
		wants(way, do(elsewhere), elsewhere+" is not on a bpf file system: use a directory on one")
		wants(way, do(taken), filepath.Join(taken, "flows")+" is a directory, and no pin: remove it")
		if way != "FromPins" { // which says that nothing is pinned
			wants(way, do(none), "make the directory "+none)
		}
	}
	must(t, os.Mkdir(none, 0o700))
	must(t, os.Remove(filepath.Join(taken, "flows")))
	for _, way := range []string{"Load", "NewMap", "Pin"} {
		for _, dir := range []string{none, taken} {
			os.Remove(filepath.Join(dir, "flows"))
			if err := ways[way](dir); err != nil {
				t.Errorf("%s: what the error said to do does not help: %v", way, err)
			}
		}
	}
}
