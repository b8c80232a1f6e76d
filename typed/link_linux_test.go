package typed

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// updateTest updates a link by another program, and looks which one runs.
func updateTest[P any, H updatableOf[P]](r *hookRun, attach func(*P) (*UpdatableLink[P], error), event func()) {
	r.Helper()
	first := load[P, H](r, r.spec(1))
	l, err := attach(first)
	if err != nil {
		r.Fatal(err)
	}
	defer l.Close()
	r.fire(event)
	before := *r
	second := load[P, H](r, r.spec(1))
	if err := l.Update(second); err != nil {
		r.Fatal(err)
	}
	old := before.hits()
	r.fire(event)
	if n := before.hits(); n != old {
		r.Errorf("the old program still runs: %d times", n-old)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		r.Error(err)
	}
	if err := l.Update(first); !errors.Is(err, os.ErrClosed) {
		r.Errorf("update after Close: %v", err)
	}
}

func TestUpdate(t *testing.T) {
	datagram := func(r *hookRun) func() { return func() { sendUDP(r, "127.0.0.1:9") } }
	for _, test := range []hookTest{
		{section: "xdp", since: "5.10", run: func(r *hookRun) {
			updateTest(r, func(p *XDP) (*UpdatableLink[XDP], error) { return p.Attach(loIndex, nil) }, datagram(r))
		}},
		{section: "tc", since: "6.6", run: func(r *hookRun) {
			updateTest(r, func(p *TC) (*UpdatableLink[TC], error) { return p.AttachIngress(loIndex, nil) }, datagram(r))
		}},
		{section: "tcx/egress", since: "6.6", run: func(r *hookRun) {
			updateTest(r, func(p *TCX) (*UpdatableLink[TCX], error) { return p.Attach(loIndex, nil) }, datagram(r))
		}},
		{section: "netkit/primary", since: "6.7", not: noNetkit, run: func(r *hookRun) {
			device := netkitPair(r)
			updateTest(r, func(p *Netkit) (*UpdatableLink[Netkit], error) { return p.Attach(device, nil) }, func() { sendNetkit(r) })
		}},
		{section: "cgroup_skb/egress", since: "5.10", run: func(r *hookRun) {
			dir := testCgroup(r)
			updateTest(r, func(p *CgroupSKB) (*UpdatableLink[CgroupSKB], error) { return p.Attach(dir, nil) }, inCgroup(r, dir))
		}},
		{section: "lsm_cgroup/socket_bind", since: "6.1", not: noTrampolines, run: func(r *hookRun) {
			dir := testCgroup(r)
			updateTest(r, func(p *LSMCgroup) (*UpdatableLink[LSMCgroup], error) { return p.Attach(dir, nil) }, inCgroup(r, dir))
		}},
		{section: "sk_lookup", since: "5.10", run: func(r *hookRun) {
			ns := ownNetNS(r)
			updateTest(r, func(p *SkLookup) (*UpdatableLink[SkLookup], error) { return p.Attach(ns) }, datagram(r))
		}},
		{section: "flow_dissector", since: "5.10", run: func(r *hookRun) {
			ns := ownNetNS(r)
			hashPackets(r)
			updateTest(r, func(p *FlowDissector) (*UpdatableLink[FlowDissector], error) { return p.Attach(ns) }, datagram(r))
		}},
	} {
		t.Run(test.section, func(t *testing.T) {
			needKernel(t)
			if why := test.reason(t); why != "" {
				t.Skip(why)
			}
			isolate(t)
			test.run(&hookRun{T: t, section: test.section})
		})
	}
}

// Where the kernel gives no link there is nothing to update, and the error says
// so.
func TestUpdateWithoutLink(t *testing.T) {
	needKernel(t)
	isolate(t)
	r := &hookRun{T: t, section: "tc"}
	p := load[TC](r, r.spec(0))
	l, err := p.AttachIngress(loIndex, &TCOptions{Via: ClsactOnly})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Update(p); !errors.Is(err, ebpf.ErrNotSupported) {
		t.Errorf("%v", err)
	}
	if err := l.Update(nil); err == nil {
		t.Error("updated by nil")
	}
}

// A link of an earlier run is opened by its pin, and its program replaced.
func TestOpenUpdatableLink(t *testing.T) {
	needKernel(t)
	isolate(t)
	dir, err := os.MkdirTemp(bpffs(t), "bpfgen-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "xdp")
	r := &hookRun{T: t, section: "xdp"}
	first := load[XDP](r, r.spec(2))
	l, err := first.Attach(loIndex, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Pin(path), l.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenUpdatableLink[SkLookup](path, nil); err == nil || !strings.Contains(err.Error(), "not of a typed.SkLookup") {
		t.Errorf("opened as that of another kind: %v", err)
	}
	again, err := OpenUpdatableLink[XDP](path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again.Name() != progName {
		t.Errorf("the link of %q", again.Name())
	}
	if err := again.Update(load[XDP](r, r.spec(2))); err != nil {
		t.Fatal(err)
	}
	r.fire(func() { sendUDP(t, "127.0.0.1:9") })
	if err := errors.Join(again.Unpin(), again.Close()); err != nil {
		t.Error(err)
	}
	if _, err := OpenPinnedLink(path, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pin is still there: %v", err)
	}
}

// The order of programs, by handles of programs and of links.
func TestAnchors(t *testing.T) {
	sinceKernel(t, 6, 6, "TCX")
	isolate(t)
	r := &hookRun{T: t, section: "tcx/ingress"}
	attach := func(anchor Anchor) (*TCX, *UpdatableLink[TCX]) {
		t.Helper()
		p := load[TCX](r, r.spec(-1)) // TCX_NEXT
		l, err := p.Attach(loIndex, &TCOptions{Anchor: anchor})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return p, l
	}
	middle, link0 := attach(Anchor{})
	last, _ := attach(After(middle))
	first, _ := attach(AtHead())
	second, _ := attach(Before(link0))
	third, _ := attach(BeforeProgramID(testProgramID(t, middle)))
	end, _ := attach(AtTail())
	behind, _ := attach(AfterProgramID(testProgramID(t, middle)))
	info := got(link0.Info())(t)
	beside, _ := attach(BeforeLinkID(info.ID))
	after, _ := attach(AfterLinkID(info.ID))
	var want []ebpf.ProgramID
	for _, p := range []*TCX{first, second, third, beside, middle, after, behind, last, end} {
		want = append(want, testProgramID(t, p))
	}
	result, err := link.QueryPrograms(link.QueryOptions{Target: loIndex, Attach: ebpf.AttachTCXIngress})
	if err != nil {
		t.Fatal(err)
	}
	var order []ebpf.ProgramID
	for _, p := range result.Programs {
		order = append(order, p.ID)
	}
	if !slices.Equal(order, want) {
		t.Errorf("programs %v, want %v", order, want)
	}
	if _, err := load[TCX](r, r.spec(-1)).Attach(loIndex, &TCOptions{ExpectedRevision: result.Revision}); err != nil {
		t.Errorf("the right revision: %v", err)
	}
	for name, anchor := range map[string]Anchor{
		"nil": Before(nil), "a nil program": After((*XDP)(nil)), "a program that is not loaded": Before(new(TCX)), "a nil link": After((*Link)(nil)),
	} {
		if l, err := last.Attach(loIndex, &TCOptions{Anchor: anchor}); err == nil {
			l.Close()
			t.Errorf("attached at %s", name)
		}
	}
}

// A program that is attached to a cgroup with options goes with its process,
// where the kernel has links for them.
func TestCgroupOptionsEndWithTheProcess(t *testing.T) {
	needKernel(t)
	dir := testCgroup(t)
	crash(t, dir)
	if runningKernel(t) < versionCode(t, "6.17") {
		return // there it may stay, as the documentation says
	}
	for range 100 {
		if len(queryCgroup(t, dir, 0)) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the program outlived its process")
}

const crashVariable = "BPFGEN_TEST_CRASH"

// crash runs a process that attaches to a cgroup and ends without Close.
func crash(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestCrash$")
	cmd.Env = append(os.Environ(), crashVariable+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestCrash is what crash runs.
func TestCrash(t *testing.T) {
	dir := os.Getenv(crashVariable)
	if dir == "" {
		return
	}
	r := &hookRun{T: t, section: "cgroup_skb/egress"}
	_, err := load[CgroupSKB](r, r.spec(1)).Attach(dir, &CgroupOptions{Preorder: true})
	if err != nil && runningKernel(t) >= versionCode(t, "6.15") {
		t.Fatal(err)
	}
	os.Exit(0)
}

// LinkOnly and TCXOnly refuse what would outlive a crash.
func TestLinkOnly(t *testing.T) {
	needKernel(t)
	isolate(t)
	r := &hookRun{T: t, section: "cgroup_skb/egress"}
	p := load[CgroupSKB](r, r.spec(1))
	dir := testCgroup(t)
	for _, test := range []struct {
		options CgroupOptions
		since   string
	}{
		{CgroupOptions{LinkOnly: true}, "5.10"},
		{CgroupOptions{LinkOnly: true, Preorder: true}, "6.17"},
		{CgroupOptions{LinkOnly: true, Anchor: AtHead()}, "6.17"},
		{CgroupOptions{LinkOnly: true, Mode: CgroupExclusive}, "99.0"},
	} {
		l, err := p.Attach(dir, &test.options)
		// Releases of older series have some options by backport.
		if must, cannot := runningKernel(t) >= versionCode(t, test.since), test.since == "99.0"; err != nil && must || err == nil && cannot {
			t.Errorf("%+v: %v", test.options, err)
		}
		if err != nil {
			continue
		}
		if info, err := l.Info(); err != nil || info.Type != linkCgroup {
			t.Errorf("%+v: no link of the kernel: %v, %v", test.options, info, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := p.Attach(dir, &CgroupOptions{Mode: CgroupOverride, Anchor: AtHead()}); err == nil {
		t.Error("an anchor without a list")
	}
	r = &hookRun{T: t, section: "tc"}
	l, err := load[TC](r, r.spec(0)).AttachIngress(loIndex, &TCOptions{Via: TCXOnly})
	switch have := runningKernel(t) >= versionCode(t, "6.6"); {
	case have && err != nil:
		t.Error(err)
	case have:
		if info, err := l.Info(); err != nil || info.Type != linkTCX {
			t.Errorf("no link of the kernel: %v, %v", info, err)
		}
		l.Close()
	case err == nil:
		l.Close()
		t.Error("attached without TCX")
	default:
		if want := "the option TCXOnly needs Linux 6.6 or newer"; !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Functions by their addresses: a name can stand for several.
func TestKprobeMultiAddresses(t *testing.T) {
	needKernel(t)
	if why := (hookTest{since: "6.12", not: noKprobes}).reason(t); why != "" {
		t.Skip(why)
	}
	symbols, err := kernelsym.Functions("vfs_ope?")
	if err != nil || len(symbols) != 1 || symbols[0].Address == 0 {
		t.Fatal(symbols, err)
	}
	r := &hookRun{T: t, section: "kprobe.multi"}
	p := load[KprobeMulti](r, r.spec(0))
	var seen string
	r.attached(p.AttachAddresses([]uint64{symbols[0].Address}, &KprobeMultiOptions{Cookie: func(symbol string) uint64 { seen = symbol; return 7 }}))
	r.fire(openFile)
	if want := fmt.Sprintf("%#x", symbols[0].Address); seen != want {
		t.Errorf("a cookie for %q, want %q", seen, want)
	}
	for _, none := range [][]uint64{nil, {0}} {
		if _, err := p.AttachAddresses(none, nil); err == nil {
			t.Errorf("attached to %v", none)
		}
	}
}

func TestClosedProgramsDoNotPanic(t *testing.T) {
	needKernel(t)
	for _, h := range allKinds {
		prog := returns(t, ebpf.SocketFilter, ebpf.AttachNone, 0)
		fresh := reflect.New(reflect.TypeOf(h).Elem()).Interface().(programHandle)
		b := fresh.base()
		b.name, b.life = "prog", newProgramLife(prog)
		if err := errors.Join(b.close(), b.close()); err != nil {
			t.Fatal(err)
		}
		callAll(t, fresh, func(method string, err error) {
			if !errors.Is(err, os.ErrClosed) {
				t.Errorf("%T.%s: %v", fresh, method, err)
			}
		})
		if b.fd() != -1 {
			t.Errorf("%T: a descriptor after Close: %d", fresh, b.fd())
		}
	}
}
