package typed

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfgen/bpfgen/typed/internal/probed"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

var updateErrors = flag.Bool("update-errors", false, "rewrite testdata/attach-errors")

// packageDir is where tests start.
var packageDir, _ = os.Getwd()

// golden compares a text with testdata/attach-errors/<name>.txt.
func golden(t *testing.T, name, text string) {
	t.Helper()
	got := text + "\n"
	file := filepath.Join(packageDir, "testdata", "attach-errors", name+".txt")
	if *updateErrors {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s\nrewrite it with -update-errors if that is meant", diff)
	}
}

// What users see when attaching fails, from real kernels where these agree.
func TestAttachErrors(t *testing.T) {
	needKernel(t)
	for _, test := range []struct {
		name, section string
		is            error
		attach        func(r *hookRun) (AnyLink, error)
	}{
		{name: "wrong-interface", section: "xdp", is: syscall.EINVAL, attach: func(r *hookRun) (AnyLink, error) {
			return load[XDP](r, r.spec(2)).Attach(4711, nil)
		}},
		{name: "wrong-interface-netlink", section: "tc", is: syscall.ENODEV, attach: func(r *hookRun) (AnyLink, error) {
			return load[TC](r, r.spec(0)).AttachIngress(4711, &TCOptions{Via: ClsactOnly})
		}},
		{name: "cgroup-missing", section: "cgroup/connect4", is: os.ErrNotExist, attach: func(r *hookRun) (AnyLink, error) {
			return load[CgroupSockAddr](r, r.spec(1)).Attach("/sys/fs/no-such-cgroup", nil)
		}},
		{name: "cgroup-other", section: "cgroup/connect4", is: syscall.EBADF, attach: func(r *hookRun) (AnyLink, error) {
			return load[CgroupSockAddr](r, r.spec(1)).Attach("/tmp", nil)
		}},
		{name: "executable-missing", section: "uprobe//no/such/file:main", is: os.ErrNotExist, attach: func(r *hookRun) (AnyLink, error) {
			return load[Uprobe](r, r.spec(0)).Attach(nil)
		}},
		{name: "user-symbol-missing", section: "uprobe", is: os.ErrNotExist, attach: func(r *hookRun) (AnyLink, error) {
			return load[Uprobe](r, r.spec(0)).AttachTo("/proc/self/exe", "no_such_function", nil)
		}},
		{name: "user-symbol-ambiguous", section: "uprobe", attach: func(r *hookRun) (AnyLink, error) {
			return load[Uprobe](r, r.spec(0)).AttachTo(probedHere(r), "work", nil)
		}},
		{name: "user-symbol-indirect", section: "uretprobe", attach: func(r *hookRun) (AnyLink, error) {
			return load[Uretprobe](r, r.spec(0)).AttachTo(probedHere(r), "picked", nil)
		}},
		{name: "user-offset-outside", section: "uprobe", attach: func(r *hookRun) (AnyLink, error) {
			return load[Uprobe](r, r.spec(0)).AttachOffset(probedHere(r), probed.SemaphoreOffset, nil)
		}},
		{name: "user-process-missing", section: "uprobe", is: syscall.ESRCH, attach: func(r *hookRun) (AnyLink, error) {
			return load[Uprobe](r, r.spec(0)).AttachTo("libc.so.6", "malloc", &UprobeOptions{PID: 1 << 30})
		}},
		{name: "usdt-missing", section: "usdt", is: os.ErrNotExist, attach: func(r *hookRun) (AnyLink, error) {
			return load[USDT](r, r.spec(0)).AttachTo(probedHere(r), "test", "no_such_probe", nil)
		}},
		{name: "raw-tracepoint-missing", section: "raw_tp/no_such_tracepoint", is: os.ErrNotExist, attach: func(r *hookRun) (AnyLink, error) {
			return load[RawTracepoint](r, r.spec(0)).Attach(nil)
		}},
		{name: "bare-section", section: "raw_tp", is: ErrNeedsTarget, attach: func(r *hookRun) (AnyLink, error) {
			return load[RawTracepoint](r, r.spec(0)).Attach(nil)
		}},
		{name: "half-a-section", section: "uprobe//bin/sh", is: ErrNeedsTarget, attach: func(r *hookRun) (AnyLink, error) {
			return load[Uprobe](r, r.spec(0)).Attach(nil)
		}},
		{name: "no-privilege", section: "uprobe", is: os.ErrPermission, attach: func(r *hookRun) (AnyLink, error) {
			p := load[Uprobe](r, r.spec(0))
			dropPrivileges(r)
			onMachine(r.T, "6.1", 0) // which capabilities are needed depends on the kernel
			return p.AttachOffset("/proc/self/exe", 0x1000, nil)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolate(t)
			r := &hookRun{T: t, section: test.section}
			l, err := test.attach(r)
			if err == nil {
				l.Close()
				t.Fatal("attached")
			}
			var attach *AttachError
			if !errors.As(err, &attach) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%#v is not an AttachError of %v", err, test.is)
			}
			golden(t, test.name, strings.ReplaceAll(err.Error(), cgroupRoot(t), "/sys/fs/cgroup"))
		})
	}
}

// probedHere is the executable to be probed by a path that is always the same.
func probedHere(r *hookRun) string {
	r.Chdir(filepath.Dir(probed.File(r)))
	return "./probed"
}

// dropPrivileges takes all capabilities from the thread, which ends with the
// test.
func dropPrivileges(r *hookRun) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		r.Fatal(err)
	}
}

// An option that older kernels lack works, or its error says so.
func TestNewerOptions(t *testing.T) {
	needKernel(t)
	for _, test := range []struct {
		name, section string
		since         string // the version that messages name
		option        string
		attach        func(r *hookRun) (AnyLink, error)
	}{
		{"raw tracepoint", "raw_tp/sched_switch", "6.10", "Cookie", func(r *hookRun) (AnyLink, error) {
			return load[RawTracepoint](r, r.spec(0)).Attach(&RawTracepointOptions{Cookie: 7})
		}},
		{"tp_btf", "tp_btf/sched_switch", "5.19", "Cookie", func(r *hookRun) (AnyLink, error) {
			return load[TPBTF](r, r.spec(0)).Attach(&TracingOptions{Cookie: 7})
		}},
		{"tracepoint", "tp/sched/sched_switch", "5.15", "Cookie", func(r *hookRun) (AnyLink, error) {
			return load[Tracepoint](r, r.spec(0)).Attach(&TracepointOptions{Cookie: 7})
		}},
		{"uprobe", "uprobe", "5.15", "Cookie", func(r *hookRun) (AnyLink, error) {
			return load[Uprobe](r, r.spec(0)).AttachTo(probed.File(r), "fire", &UprobeOptions{Cookie: 7})
		}},
		{"cgroup", "cgroup_skb/egress", "6.17", "Anchor or ExpectedRevision", func(r *hookRun) (AnyLink, error) {
			return load[CgroupSKB](r, r.spec(1)).Attach(testCgroup(r), &CgroupOptions{Anchor: AtHead()})
		}},
		{"preorder", "cgroup_skb/egress", "6.15", "Preorder", func(r *hookRun) (AnyLink, error) {
			return load[CgroupSKB](r, r.spec(1)).Attach(testCgroup(r), &CgroupOptions{Preorder: true})
		}},
		{"tc", "tc", "6.6", "Anchor or ExpectedRevision", func(r *hookRun) (AnyLink, error) {
			return load[TC](r, r.spec(0)).AttachIngress(loIndex, &TCOptions{Anchor: AtTail()})
		}},
		{"iterator", "iter/task", "6.1", "Cgroup, TID or PID", func(r *hookRun) (AnyLink, error) {
			return load[Iter](r, r.spec(0)).Attach(&IterOptions{PID: os.Getpid()})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolate(t)
			l, err := test.attach(&hookRun{T: t, section: test.section})
			if err == nil {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
				// Releases of older series have some options by backport.
				return
			}
			if runningKernel(t) >= versionCode(t, test.since) {
				t.Fatal(err)
			}
			var attach *AttachError
			want := "the option " + test.option + " needs Linux " + test.since + " or newer, this is "
			if !errors.As(err, &attach) || !strings.HasPrefix(attach.Remedy, want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// loadAll loads programs and binds them as raw tracepoints, tracepoints of
// BTF, and XDP, as their sections say.
func loadAll(t *testing.T, sections map[string]string, change func(*CollectionSpec)) *Collection {
	t.Helper()
	programs := make(map[string]*ebpf.ProgramSpec)
	for name, section := range sections {
		programs[name] = sectionSpec(t, section, countHit(2))
		programs[name].Name = name
	}
	cs := testSpec(programs)
	if change != nil {
		change(cs)
	}
	coll, err := cs.Load(nil)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	t.Cleanup(func() { coll.Close() })
	for name, section := range sections {
		switch {
		case strings.HasPrefix(strings.TrimPrefix(section, "?"), "raw_tp"):
			var p *RawTracepoint
			bindProgram(coll, &p, name)
		case section == "xdp":
			var p *XDP
			bindProgram(coll, &p, name)
		case section == "syscall":
			var p *Syscall
			bindProgram(coll, &p, name)
		default:
			t.Fatalf("no kind for %s", section)
		}
	}
	return coll
}

func linkNames(c *Collection) (names []string) {
	for name := range c.Links.All() {
		names = append(names, name)
	}
	return names
}

func TestAttachAll(t *testing.T) {
	needKernel(t)
	coll := loadAll(t, map[string]string{
		"zwitch":  "raw_tp/sched_switch",
		"awake":   "raw_tp/sched_wakeup",
		"mine":    "raw_tp/sched_waking",
		"filter":  "xdp",
		"nowhere": "raw_tp",
		"off":     "?raw_tp/sched_switch",
	}, nil)
	for _, h := range coll.handles {
		if p := h.base(); p.name == "off" {
			if p.loaded() || !errors.Is(p.err(), ErrNotLoaded) {
				t.Errorf("off: loaded %v, %v", p.loaded(), p.err())
			}
		} else if p.name == "mine" {
			if err := coll.Links.Add(h.(*RawTracepoint).Attach(nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	need, err := coll.AttachAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []Unattached{{"filter", "xdp", "an interface"}, {"nowhere", "raw_tp", "AttachTo"}}
	if diff := cmp.Diff(want, need); diff != "" {
		t.Error(diff)
	}
	if got, want := linkNames(coll), []string{"mine", "awake", "zwitch"}; !slices.Equal(got, want) {
		t.Errorf("links of %v, want %v", got, want)
	}
	if _, err := coll.AttachAll(); err != nil || len(linkNames(coll)) != 3 {
		t.Errorf("a second time: %v, %v", err, linkNames(coll))
	}
}

func TestAttachAllTakesBackWhatItDid(t *testing.T) {
	needKernel(t)
	coll := loadAll(t, map[string]string{
		"a_good": "raw_tp/sched_switch",
		"b_bad":  "raw_tp/no_such_tracepoint",
		"c_good": "raw_tp/sched_switch",
	}, nil)
	need, err := coll.AttachAll()
	var attach *AttachError
	if !errors.As(err, &attach) || attach.Program != "b_bad" || attach.Section != "raw_tp/no_such_tracepoint" {
		t.Errorf("error %v", err)
	}
	if attach != nil && attach.Remedy == "" {
		t.Error("no remedy")
	}
	if need != nil || len(linkNames(coll)) != 0 {
		t.Errorf("left: %v, %v", need, linkNames(coll))
	}
}

func TestOptionalProgram(t *testing.T) {
	needKernel(t)
	var spec *ProgramSpec[TPBTF]
	coll := loadAll(t, map[string]string{"good": "raw_tp/sched_switch"}, func(cs *CollectionSpec) {
		s := sectionSpec(t, "tp_btf/no_such_tracepoint", countHit(0))
		s.Name = "maybe"
		cs.Spec.Programs["maybe"] = s
		bindProgramSpec(cs, &spec, "maybe")
		spec.Optional()
	})
	var p *TPBTF
	bindProgram(coll, &p, "maybe")
	var load *LoadError
	if p.Loaded() || !errors.As(p.Err(), &load) || load.Program != "maybe" {
		t.Errorf("loaded %v, %v", p.Loaded(), p.Err())
	}
	if _, err := p.Attach(nil); !errors.As(err, &load) {
		t.Errorf("attach: %v", err)
	}
	if _, err := coll.AttachAll(); err != nil {
		t.Error(err)
	}
	if got := linkNames(coll); !slices.Equal(got, []string{"good"}) {
		t.Errorf("links of %v", got)
	}
}

// What the kernel lacks only shows when such a program is attached.
func TestOptionalProgramThatCannotBeAttached(t *testing.T) {
	needKernel(t)
	var spec *ProgramSpec[RawTracepoint]
	coll := loadAll(t, map[string]string{
		"a_maybe": "raw_tp/no_such_tracepoint",
		"good":    "raw_tp/sched_switch",
	}, func(cs *CollectionSpec) {
		bindProgramSpec(cs, &spec, "a_maybe")
		spec.Optional()
	})
	if need, err := coll.AttachAll(); err != nil || len(need) != 0 {
		t.Fatal(need, err)
	}
	if got := linkNames(coll); !slices.Equal(got, []string{"good"}) {
		t.Errorf("links of %v", got)
	}
	p := handleOfProgram[*RawTracepoint](t, coll, "a_maybe").base()
	var attach *AttachError
	if !p.loaded() || !errors.As(p.err(), &attach) || attach.Program != "a_maybe" {
		t.Errorf("loaded %v, %v", p.loaded(), p.err())
	}
	if skipped := coll.Skipped(); len(skipped) != 1 || skipped[0].Name != "a_maybe" {
		t.Errorf("skipped %v", skipped)
	}
	// It goes elsewhere, by hand.
	must(t, coll.Links.Add(handleOfProgram[*RawTracepoint](t, coll, "a_maybe").AttachTo("sched_wakeup", nil)))
	if err, skipped := p.err(), coll.Skipped(); err != nil || len(skipped) != 0 {
		t.Errorf("after it was attached: %v, skipped %v", err, skipped)
	}
}

// handleOfProgram is the handle that was bound.
func handleOfProgram[H programHandle](t *testing.T, coll *Collection, name string) H {
	t.Helper()
	i := slices.IndexFunc(coll.handles, func(h programHandle) bool { return h.base().name == name })
	if i < 0 {
		t.Fatalf("no handle of %s", name)
	}
	return coll.handles[i].(H)
}

// A congestion control whose name is taken.
func TestStructOpsError(t *testing.T) {
	sinceKernel(t, 6, 4, "links of struct_ops maps")
	isolate(t)
	var err error
	for range 2 {
		r := &hookRun{T: t}
		loadStructOps(r)
		_, err = r.coll.AttachAll()
	}
	var attach *AttachError
	if !errors.As(err, &attach) || attach.Map != "golden" || !errors.Is(err, syscall.EEXIST) {
		t.Fatalf("%#v", err)
	}
	golden(t, "struct-ops-exists", err.Error())
}

// A link that is pinned outlives the collection.
func TestPinLinks(t *testing.T) {
	sinceKernel(t, 5, 10, "links of raw tracepoints that can be pinned")
	dir, err := os.MkdirTemp(bpffs(t), "bpfgen-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	coll := loadAll(t, map[string]string{"prog": "raw_tp/sched_switch"}, nil)
	// Older kernels do not let a program be twice on one tracepoint.
	for _, where := range []string{"sched_switch", "sched_wakeup"} {
		for _, h := range coll.handles {
			if err := coll.Links.Add(h.(*RawTracepoint).AttachTo(where, nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := coll.Links.Pin(dir); err != nil {
		t.Fatal(err)
	}
	if err := coll.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"prog", "prog-2"} {
		l, err := link.LoadPinnedLink(filepath.Join(dir, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(l.Unpin(), l.Close()); err != nil {
			t.Error(err)
		}
	}
}

// bpffs is a bpf file system, mounted for the test if there is none.
func bpffs(t *testing.T) string {
	t.Helper()
	const known = "/sys/fs/bpf"
	var fs unix.Statfs_t
	if err := unix.Statfs(known, &fs); err == nil && int64(fs.Type) == unix.BPF_FS_MAGIC {
		return known
	}
	dir := t.TempDir()
	if err := unix.Mount("bpf", dir, "bpf", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// Two filters on one qdisc: it goes with the last, whichever that is.
func TestQdiscGoesWithTheLastFilter(t *testing.T) {
	needKernel(t)
	for _, first := range []int{0, 1} {
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			isolate(t)
			r := &hookRun{T: t, section: "tc"}
			p := load[TC](r, r.spec(0))
			var links []AnyLink
			for range 2 {
				l, err := p.AttachIngress(loIndex, &TCOptions{Via: ClsactOnly})
				if err != nil {
					t.Fatal(err)
				}
				links = append(links, l)
			}
			r.result.attached = true
			if err := links[first].Close(); err != nil {
				t.Fatal(err)
			}
			if len(takeFootprint(t)) == 0 {
				t.Error("the qdisc went with the first filter")
			}
			if err := r.coll.Links.Add(links[1-first], nil); err != nil {
				t.Fatal(err)
			}
			r.finish(nil)
		})
	}
}

// A cgroup's programs are in the order that anchors say.
func TestCgroupAnchor(t *testing.T) {
	sinceKernel(t, 6, 17, "anchors in cgroups")
	r := &hookRun{T: t, section: "cgroup_skb/egress"}
	dir := testCgroup(t)
	var ids []ebpf.ProgramID
	for _, anchor := range []Anchor{{}, {}, AtHead()} {
		p := load[CgroupSKB](r, r.spec(1))
		r.attached(p.Attach(dir, &CgroupOptions{Anchor: anchor}))
		ids = append(ids, testProgramID(t, p))
	}
	got := queryCgroup(t, dir, 0)
	if want := []ebpf.ProgramID{ids[2], ids[0], ids[1]}; !slices.Equal(got, want) {
		t.Errorf("programs %v, want %v", got, want)
	}
}

// The mode of a cgroup's program rules what can be attached below.
func TestCgroupModes(t *testing.T) {
	needKernel(t)
	for name, test := range map[string]struct {
		mode, below CgroupMode
		want        error
	}{
		"multi":                    {CgroupMulti, CgroupMulti, nil},
		"override":                 {CgroupOverride, CgroupOverride, nil},
		"exclusive":                {CgroupExclusive, CgroupExclusive, syscall.EPERM},
		"exclusive and multi":      {CgroupExclusive, CgroupMulti, syscall.EPERM},
		"override and then multi":  {CgroupOverride, CgroupMulti, nil},
		"multi and then exclusive": {CgroupMulti, CgroupExclusive, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := &hookRun{T: t, section: "cgroup/sock_create"}
			dir := testCgroup(t)
			below := filepath.Join(dir, "below")
			if err := os.Mkdir(below, 0o755); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Remove(below) })
			p := load[CgroupSock](r, r.spec(1))
			above, err := p.Attach(dir, &CgroupOptions{Mode: test.mode})
			if err != nil {
				t.Fatal(err)
			}
			l, err := p.Attach(below, &CgroupOptions{Mode: test.below})
			if !errors.Is(err, test.want) {
				t.Errorf("below: %v, want %v", err, test.want)
			}
			if err == nil {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			}
			if err := above.Close(); err != nil {
				t.Error(err)
			}
			// Nothing is left that would forbid it.
			l, err = p.Attach(below, &CgroupOptions{Mode: CgroupExclusive})
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A link of a program that another has replaced takes nothing away when it is closed, and
// neither does one whose program or cgroup is gone.
func TestCgroupProgramsThatWereReplaced(t *testing.T) {
	needKernel(t)
	for name, mode := range map[string]CgroupMode{"override": CgroupOverride, "exclusive": CgroupExclusive} {
		t.Run(name, func(t *testing.T) {
			r := &hookRun{T: t, section: "cgroup_skb/egress"}
			dir := testCgroup(t)
			first, second := load[CgroupSKB](r, r.spec(1)), load[CgroupSKB](r, r.spec(1))
			opts := &CgroupOptions{Mode: mode}
			replaced, there := got(first.Attach(dir, opts))(t), got(second.Attach(dir, opts))(t)
			must(t, replaced.Close())
			if got, want := queryCgroup(t, dir, 0), testProgramID(t, second); !slices.Equal(got, []ebpf.ProgramID{want}) {
				t.Errorf("programs %v, want %d", got, want)
			}
			must(t, there.Close())
			if got := queryCgroup(t, dir, 0); len(got) != 0 {
				t.Errorf("programs %v after Close", got)
			}
			last := got(first.Attach(dir, opts))(t)
			must(t, os.Remove(dir))
			must(t, last.Close())
		})
	}
}

// A program in front of those of the cgroups below.
func TestCgroupPreorder(t *testing.T) {
	sinceKernel(t, 6, 15, "BPF_F_PREORDER")
	r := &hookRun{T: t, section: "cgroup_skb/egress"}
	dir := testCgroup(t)
	below := filepath.Join(dir, "below")
	if err := os.Mkdir(below, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(below) })
	first, second := load[CgroupSKB](r, r.spec(1)), load[CgroupSKB](r, r.spec(1))
	for _, err := range []error{
		r.coll.Links.Add(second.Attach(below, nil)),
		r.coll.Links.Add(first.Attach(dir, &CgroupOptions{Preorder: true})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	const effective = 1 // BPF_F_QUERY_EFFECTIVE
	got := queryCgroup(t, below, effective)
	if want := []ebpf.ProgramID{testProgramID(t, first), testProgramID(t, second)}; !slices.Equal(got, want) {
		t.Errorf("programs %v, want %v", got, want)
	}
}

func queryCgroup(t *testing.T, dir string, flags uint32) (ids []ebpf.ProgramID) {
	t.Helper()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	result, err := link.QueryPrograms(link.QueryOptions{Target: int(f.Fd()), Attach: ebpf.AttachCGroupInetEgress, QueryFlags: flags})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range result.Programs {
		ids = append(ids, p.ID)
	}
	return ids
}

func testProgramID(t *testing.T, p interface {
	Info() (*ebpf.ProgramInfo, error)
}) ebpf.ProgramID {
	t.Helper()
	info, err := p.Info()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := info.ID()
	return id
}

// Of a directory where only the link of a struct_ops map is pinned, the collection
// has the link, and its map says why it is not loaded.
func TestFromPinsOfStructOpsLinks(t *testing.T) {
	sinceKernel(t, 6, 4, "links of struct_ops maps")
	isolate(t)
	dir, err := os.MkdirTemp(bpffs(t), "bpfgen-test-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &hookRun{T: t}
	loadStructOps(r)
	if _, err := r.coll.AttachAll(); err != nil {
		t.Fatal(err)
	}
	must(t, r.coll.Links.Pin(dir))
	set := newCollectionSpec("test", r.coll.spec.Copy())
	must(t, r.coll.Close())
	again, err := FromPins(pinned{set}, dir, nil)
	must(t, err)
	if links := again.Links.named("golden"); len(links) != 1 {
		t.Errorf("%d links", len(links))
	}
	h := new(OpaqueMap)
	BindMap(again, h, "golden")
	if err := h.Err(); !errors.Is(err, ErrNotLoaded) || !strings.Contains(err.Error(), "only the link of golden is pinned") {
		t.Errorf("the map: %v", err)
	}
	must(t, errors.Join(again.Links.Unpin(), again.Close()))
}
