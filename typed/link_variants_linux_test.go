package typed

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// Links at places in an order, in other network namespaces, and updates that fail.

// The programs of a cgroup are in the order that handles, ids, links and a revision say;
// those with Preorder are a list of their own, in front.
func TestCgroupOrder(t *testing.T) {
	sinceKernel(t, 6, 17, "anchors in cgroups")
	r := &hookRun{T: t, section: "cgroup_skb/egress"}
	dir := testCgroup(t)
	attach := func(opts CgroupOptions) (*CgroupSKB, *UpdatableLink[CgroupSKB]) {
		t.Helper()
		p := load[CgroupSKB](r, r.spec(1))
		l := got(p.Attach(dir, &opts))(t)
		t.Cleanup(func() { l.Close() })
		return p, l
	}
	middle, ofMiddle := attach(CgroupOptions{})
	last, _ := attach(CgroupOptions{Anchor: AtTail()})
	first, _ := attach(CgroupOptions{Anchor: AtHead()})
	before, _ := attach(CgroupOptions{Anchor: Before(ofMiddle)})
	behind, _ := attach(CgroupOptions{Anchor: After(ofMiddle)})
	second, _ := attach(CgroupOptions{Anchor: AfterLinkID(linkIDOf(t, first, dir))})
	var want []ebpf.ProgramID
	for _, p := range []*CgroupSKB{first, second, before, middle, behind, last} {
		want = append(want, testProgramID(t, p))
	}
	if got := queryCgroup(t, dir, 0); !slices.Equal(got, want) {
		t.Errorf("programs %v, want %v", got, want)
	}
	f := got(os.Open(dir))(t)
	defer f.Close()
	now := got(link.QueryPrograms(link.QueryOptions{Target: int(f.Fd()), Attach: ebpf.AttachCGroupInetEgress}))(t)
	another := load[CgroupSKB](r, r.spec(1))
	_, err := another.Attach(dir, &CgroupOptions{ExpectedRevision: now.Revision + 1})
	var failed *AttachError
	if !errors.Is(err, syscall.ESTALE) || !errors.As(err, &failed) || !strings.Contains(failed.Remedy, "ExpectedRevision") {
		t.Errorf("another revision: %v", err)
	}
	l := got(another.Attach(dir, &CgroupOptions{ExpectedRevision: now.Revision}))(t)
	must(t, l.Close())
	outside := load[CgroupSKB](r, r.spec(1))
	for name, opts := range map[string]CgroupOptions{
		"a program that is not attached": {Anchor: Before(outside)},
		"one without Preorder":           {Anchor: Before(last), Preorder: true},
	} {
		l, err := another.Attach(dir, &opts)
		if err == nil {
			l.Close()
		}
		if !errors.As(err, &failed) || !strings.Contains(failed.Remedy, "Anchor is not in the list") {
			t.Errorf("in front of %s: %v", name, err)
		}
	}
	must(t, ofMiddle.Update(another))
	want[3] = testProgramID(t, another)
	if got := queryCgroup(t, dir, 0); !slices.Equal(got, want) {
		t.Errorf("after Update: programs %v, want %v", got, want)
	}
}

// linkIDOf is the id of the link of a program.
func linkIDOf(t *testing.T, p *CgroupSKB, dir string) link.ID {
	t.Helper()
	links := new(link.Iterator)
	defer links.Close()
	for links.Next() {
		if info, err := links.Link.Info(); err == nil && info.Program == testProgramID(t, p) {
			return info.ID
		}
	}
	t.Fatalf("no link of the program in %s", dir)
	return 0
}

// A link knows the network namespace that it was made in: Close in another takes away what
// is there, and nothing here.
func TestCloseInAnotherNetworkNamespace(t *testing.T) {
	needKernel(t)
	for name, via := range map[string]TCVia{"clsact": ClsactOnly, "TCX or clsact": TCXOrClsact} {
		t.Run(name, func(t *testing.T) {
			r := &hookRun{T: t, section: "tc"}
			p := load[TC](r, r.spec(0))
			opts := &TCOptions{Via: via}
			there, inThere := inNetworkNamespace(t)
			_, inHere := inNetworkNamespace(t)
			var l, mine *UpdatableLink[TC]
			inThere(func() { l = got(p.AttachIngress(loIndex, opts))(t) })
			inHere(func() {
				mine = got(p.AttachIngress(loIndex, opts))(t)
				must(t, l.Close())
				before := r.hits()
				if sendUDP(t, "127.0.0.1:9"); r.hits() == before {
					t.Error("Close took away what is attached here")
				}
				must(t, mine.Close())
			})
			inThere(func() {
				before := r.hits()
				if sendUDP(t, "127.0.0.1:9"); r.hits() != before {
					t.Error("it is still attached there")
				}
			})
			must(t, there.Close())
		})
	}
}

// inNetworkNamespace makes a network namespace, and a function that runs others in it.
func inNetworkNamespace(t *testing.T) (*os.File, func(func())) {
	t.Helper()
	work := make(chan func())
	done := make(chan *os.File)
	var ns *os.File
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for f := range work {
			func() {
				defer func() { done <- ns }() // also where f fails the test, which ends this goroutine
				f()
			}()
		}
	}()
	run := func(f func()) *os.File {
		work <- f
		ns := <-done
		if t.Failed() {
			t.FailNow()
		}
		return ns
	}
	t.Cleanup(func() { close(work) })
	run(func() {
		must(t, newNetworkNamespace())
		ns = got(os.Open("/proc/thread-self/ns/net"))(t)
	})
	return ns, func(f func()) { run(f) }
}

// An update that fails leaves the program that runs, and the pin; one that succeeds goes on
// under the pin, whoever has it open.
func TestUpdateThatFails(t *testing.T) {
	needKernel(t)
	isolate(t)
	dir := got(os.MkdirTemp(bpffs(t), "bpfgen-test-"))(t)
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "xdp")
	r := &hookRun{T: t, section: "xdp"}
	first := load[XDP](r, r.spec(2))
	running := *r
	l := got(first.Attach(loIndex, nil))(t)
	must(t, l.Pin(path))
	opened := got(OpenUpdatableLink[XDP](path, nil))(t)
	defer opened.Close()

	devmap := &hookRun{T: t, section: "xdp/devmap"}
	load[XDPDevMap](devmap, devmap.spec(2))
	closed := load[XDP](r, r.spec(2))
	must(t, closed.Close())
	// The kernel takes no program that is for a slot of a device map, though it is of the
	// type of programs (dev_xdp_attach, net/core/dev.c).
	foreign := &XDP{}
	foreign.common.name, foreign.common.life = progName, newProgramLife(got(devmap.coll.Library.Programs[progName].Clone())(t))
	defer foreign.Close()
	for name, p := range map[string]*XDP{"nil": nil, "a zero program": {}, "a closed program": closed, "a program of a device map": foreign} {
		for _, from := range []*UpdatableLink[XDP]{l, opened} {
			if err := from.Update(p); err == nil {
				t.Errorf("updated by %s", name)
			}
		}
	}
	running.fire(func() { sendUDP(t, "127.0.0.1:9") })
	second := load[XDP](r, r.spec(2))
	must(t, opened.Update(second))
	must(t, l.Close())
	r.fire(func() { sendUDP(t, "127.0.0.1:9") })
	if info := got(opened.Info())(t); info.Program != testProgramID(t, second) {
		t.Errorf("program %d after Update, want %d", info.Program, testProgramID(t, second))
	}
	must(t, opened.Unpin())
}

// What Only left is what AttachAll attaches, and Links.Pin pins.
func TestAttachAllAfterOnly(t *testing.T) {
	needKernel(t)
	var a, c *ProgramSpec[RawTracepoint]
	coll := loadAll(t, map[string]string{
		"a": "raw_tp/sched_switch", "b": "raw_tp/no_such_tracepoint", "c": "?raw_tp/sched_wakeup", "d": "raw_tp/sched_switch",
	}, func(cs *CollectionSpec) {
		a, c = specHandle[RawTracepoint](t, cs, "a"), specHandle[RawTracepoint](t, cs, "c")
		cs.Only(a, c)
	})
	need, err := coll.AttachAll()
	must(t, err)
	if got := linkNames(coll); !slices.Equal(got, []string{"a", "c"}) || len(need) != 0 || len(coll.Skipped()) != 0 {
		t.Errorf("links of %v, unattached %v, skipped %v", got, need, coll.Skipped())
	}
}
