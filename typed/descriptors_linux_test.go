package typed

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/typed/internal/probed"
	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// fewDescriptors marks the process that lowers its own RLIMIT_NOFILE.
const fewDescriptors = "BPFGEN_TEST_FEW_DESCRIPTORS"

// TestExhaustedDescriptorsLeaveNothing: wherever Load or AttachAll runs out of
// descriptors, what it has opened is closed, and nothing is left out in silence.
func TestExhaustedDescriptorsLeaveNothing(t *testing.T) {
	needKernel(t)
	if os.Getenv(fewDescriptors) != "" {
		exhaustDescriptors(t)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), fewDescriptors+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// exhaustDescriptors allows one descriptor more at each try, until all goes well.
func exhaustDescriptors(t *testing.T) {
	isolate(t)
	debug.SetGCPercent(-1) // or the library's finalizers close what was left
	for _, test := range exhausting(t) {
		t.Run(test.name, func(t *testing.T) { exhaustStep(t, test) })
	}
}

// exhaustStep is that for one test.
func exhaustStep(t *testing.T, test exhaustTest) {
	if _, err := test.do(t); err != nil {
		t.Fatal(err) // it also opens, once, what stays open
	}
	before := descriptors(t)
	failed := 0
	for allowed := firstFree(before); ; allowed++ {
		if failed > 200 {
			t.Fatal("it never goes well")
		}
		limit := limitDescriptors(t, uint64(allowed))
		step, err := test.do(t)
		restoreDescriptors(t, limit)
		if after := descriptors(t); !slices.Equal(after, before) {
			t.Errorf("%d descriptors allowed, %s: %v: open are %v, before %v", allowed, step, err, after, before)
		}
		if err == nil {
			break
		}
		// The library's Clone wraps nothing.
		if !errors.Is(err, unix.EMFILE) && !strings.HasSuffix(err.Error(), unix.EMFILE.Error()) {
			t.Errorf("%d descriptors allowed, %s: %v", allowed, step, err)
		}
		failed++
	}
	if failed < test.least {
		t.Errorf("only %d times without descriptors", failed)
	}
}

// exhaustTest is something that takes descriptors, at least so many, and gives them
// all back.
type exhaustTest struct {
	name  string
	least int
	do    func(t *testing.T) (step string, err error)
}

func exhausting(t *testing.T) []exhaustTest {
	cgroup := testCgroup(t)
	_, conn := tcpPair(t)
	netns := int(got(os.Open("/proc/self/ns/net"))(t).Fd())
	pins, probe := pinDir(t), probed.File(t)
	return []exhaustTest{
		{"load and attach", 7, loadAndAttach}, // three maps, three programs, a link
		{"events", 8, openEvents},
		{"maps in maps", 3, openInner},
		{"pins", 3, func(t *testing.T) (string, error) { return openPins(t, pins) }},
		exhaustAttach("xdp", 2, func(p *XDP) (AnyLink, error) { return p.Attach(loIndex, nil) }),
		exhaustAttach("tc", 0, func(p *TC) (AnyLink, error) { return p.AttachIngress(loIndex, nil) }),
		exhaustAttach("tc", 0, func(p *TC) (AnyLink, error) { return p.AttachEgress(loIndex, &TCOptions{Via: ClsactOnly}) }),
		exhaustAttach("cgroup_skb/egress", 1, func(p *CgroupSKB) (AnyLink, error) { return p.Attach(cgroup, nil) }),
		exhaustAttach("cgroup_skb/egress", 1, func(p *CgroupSKB) (AnyLink, error) {
			return p.Attach(cgroup, &CgroupOptions{Mode: CgroupOverride})
		}),
		exhaustAttach("socket", 0, func(p *SocketFilter) (AnyLink, error) { return p.Attach(conn) }),
		exhaustAttach("sk_lookup", 1, func(p *SkLookup) (AnyLink, error) { return p.Attach(netns) }),
		exhaustAttach("lwt_out", 0, func(p *LWTOut) (AnyLink, error) { return p.Attach("10.98.0.0/16", loIndex, nil) }),
		exhaustAttach("uprobe", 0, func(p *Uprobe) (AnyLink, error) { return p.AttachTo(probe, "fire", nil) }),
		exhaustAttach("usdt", 0, func(p *USDT) (AnyLink, error) { return p.AttachTo(probe, "test", "fired", nil) }),
	}
}

// exhaustAttach loads a program, attaches it and closes everything.
func exhaustAttach[P any, H programHandleOf[P]](section string, ret int32, attach func(p *P) (AnyLink, error)) exhaustTest {
	return exhaustTest{section, 2, func(t *testing.T) (string, error) {
		spec := sectionSpec(t, section, countHit(ret))
		coll, err := testSpec(map[string]*ebpf.ProgramSpec{progName: spec}).Load(nil)
		if err != nil {
			return "load", err
		}
		var p *P
		bindProgram(coll, &p, progName)
		l, err := attach(p)
		if err == nil {
			err = coll.Links.Add(l, nil)
		}
		return "attach", errors.Join(err, coll.Close())
	}}
}

// openEvents opens readers and producers, and leaves their end to the collection.
func openEvents(t *testing.T) (string, error) {
	maps := []*ebpf.MapSpec{
		{Name: "ring", Type: ebpf.RingBuf, MaxEntries: 4096}, {Name: "perf", Type: ebpf.PerfEventArray},
	}
	if releaseIs(t, 6, 1) {
		maps = append(maps, &ebpf.MapSpec{Name: "user", Type: ebpf.UserRingbuf, MaxEntries: 4096})
	}
	coll, err := testSpec(nil, maps...).Load(nil)
	if err != nil {
		return "load", err
	}
	defer func() { err = errors.Join(err, coll.Close()) }()
	ring, perf, user := new(RingBufMap[uint64]), new(PerfEventMap[uint64]), new(UserRingBufMap[uint64])
	BindMap(coll, ring, "ring")
	BindMap(coll, perf, "perf")
	BindMap(coll, user, "user")
	if _, err := ring.NewReader(nil); err != nil {
		return "ring buffer", err
	}
	if _, err := perf.NewReader(nil); err != nil {
		return "perf array", err
	}
	if _, err := user.NewProducer(); len(maps) == 3 && err != nil {
		return "producer", err
	}
	return "close", nil
}

// openInner makes an inner map, puts it into the outer one, and opens it again.
func openInner(t *testing.T) (string, error) {
	spec := outerSpec(ebpf.ArrayOfMaps)
	spec.Name = "outer"
	coll, err := testSpec(nil, spec).Load(nil)
	if err != nil {
		return "load", err
	}
	defer coll.Close()
	outer := new(ArrayOfHashes)
	BindMap(coll, outer, "outer")
	inner, err := outer.NewInner(innerSpec())
	if err != nil {
		return "new", err
	}
	if err := errors.Join(outer.Put(0, inner), inner.Close()); err != nil {
		return "put", err
	}
	found, err := outer.Lookup(0)
	if err != nil {
		return "lookup", err
	}
	return "close", found.Close()
}

// openPins pins a map by name, a program and its link, and makes a collection of
// them.
func openPins(t *testing.T, dir string) (string, error) {
	defer func() {
		for _, name := range []string{hitsName, progName} { // os.RemoveAll takes descriptors
			_ = os.Remove(filepath.Join(dir, name))
		}
	}()
	newSpec := func() *CollectionSpec {
		cs := testSpec(map[string]*ebpf.ProgramSpec{progName: sectionSpec(t, "raw_tp/sched_switch", countHit(0))})
		cs.Spec.Maps[hitsName].Pinning = ebpf.PinByName
		return cs
	}
	coll, err := newSpec().Load(&ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: dir}})
	if err != nil {
		return "load", err
	}
	var p *RawTracepoint
	bindProgram(coll, &p, progName)
	err = errors.Join(coll.Links.Add(p.Attach(nil)), coll.Links.Pin(dir), coll.Close())
	if err != nil {
		return "attach and pin", err
	}
	coll, err = FromPins(pinned{newSpec()}, dir, nil)
	if err != nil {
		return "from pins", err
	}
	return "close", coll.Close()
}

// loadAndAttach says how far it came.
func loadAndAttach(t *testing.T) (step string, err error) {
	programs := make(map[string]*ebpf.ProgramSpec)
	for _, name := range []string{"one", "two", "three"} {
		programs[name] = sectionSpec(t, "raw_tp/sched_switch", countHit(2))
		programs[name].Name = name
	}
	cs := testSpec(programs)
	for _, name := range []string{"a", "b", "c"} {
		cs.Spec.Maps[name] = &ebpf.MapSpec{Name: name, Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	}
	(&programSpec{state: (*specCore)(cs).state("two")}).optional(nil)
	coll, err := cs.Load(nil)
	if err != nil {
		return "load", err
	}
	defer func() { err = errors.Join(err, coll.Close()) }()
	for name := range programs {
		var p *RawTracepoint
		bindProgram(coll, &p, name)
		if !p.Loaded() {
			t.Errorf("%s is left out: %v", name, p.Err())
		}
	}
	_, err = coll.AttachAll()
	if err == nil && len(linkNames(coll)) != len(programs) {
		t.Errorf("attached are %v", linkNames(coll))
	}
	return "attach", err
}

// firstFree is the lowest descriptor that is not open.
func firstFree(open []int) int {
	free := 0
	for slices.Contains(open, free) {
		free++
	}
	return free
}

// descriptors are those that are open, but for the one that reads them.
func descriptors(t *testing.T) (open []int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			open = append(open, fd)
		}
	}
	slices.Sort(open)
	return open
}

// limitDescriptors makes descriptors below a number the last ones.
func limitDescriptors(t *testing.T, n uint64) (old unix.Rlimit) {
	t.Helper()
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	restoreDescriptors(t, unix.Rlimit{Cur: n, Max: old.Max})
	return old
}

func restoreDescriptors(t *testing.T, limit unix.Rlimit) {
	t.Helper()
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
}
