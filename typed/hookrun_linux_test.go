package typed

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
	_ "github.com/bpfgen/bpfgen/typed/tc"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	nl "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// What the tests of hooks share: a program that counts, a network namespace
// and a cgroup of their own, and the comparison of before and after.

// hookRun is one hook in one kernel. Its test runs in a network namespace of
// its own, on a thread that ends with it.
type hookRun struct {
	*testing.T
	section string
	coll    *Collection
	link    AnyLink
	result  hookResult
}

// hookResult is what goes into the line that .ci/kernels collects.
type hookResult struct {
	loaded, attached, fired bool
	reason                  string
}

func (r hookResult) String() string {
	yes := map[bool]string{true: "yes", false: "no"}
	s := fmt.Sprintf("loaded=%s attached=%s fired=%s", yes[r.loaded], yes[r.attached], yes[r.fired])
	if r.reason != "" {
		s += fmt.Sprintf(" reason=%q", r.reason)
	}
	return s
}

// isolate gives the thread a network namespace with lo up.
func isolate(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	must(t, newNetworkNamespace())
}

// newNetworkNamespace gives the thread a network namespace with lo up.
func newNetworkNamespace() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	lo, err := nl.LinkByName("lo")
	if err != nil {
		return err
	}
	return nl.LinkSetUp(lo)
}

// spec makes the spec of a program that counts a hit and returns ret, as the
// library makes it of the section.
func (r *hookRun) spec(ret int32) *ebpf.ProgramSpec {
	return sectionSpec(r.T, r.section, countHit(ret))
}

// load loads a program as one of kind P.
func load[P any, H programHandleOf[P]](r *hookRun, spec *ebpf.ProgramSpec, maps ...*ebpf.MapSpec) *P {
	r.Helper()
	return loadWith[P, H](r, map[string]*ebpf.ProgramSpec{progName: spec}, maps...)
}

// loadWith loads several programs; the one called progName is of kind P.
func loadWith[P any, H programHandleOf[P]](r *hookRun, programs map[string]*ebpf.ProgramSpec, maps ...*ebpf.MapSpec) *P {
	r.Helper()
	cs := testSpec(programs, maps...)
	var ps *ProgramSpec[P]
	bindProgramSpec[P](cs, &ps, progName)
	if err := cs.Err(); err != nil {
		r.Fatal(err)
	}
	coll, err := cs.Load(nil)
	if err != nil {
		r.Fatalf("%+v", err)
	}
	r.Cleanup(func() { coll.Close() })
	r.coll, r.result.loaded = coll, true
	var p *P
	bindProgram(coll, &p, progName)
	return p
}

// attached takes what Attach returned.
func (r *hookRun) attached(l AnyLink, err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
	r.link, r.result.attached = l, true
	if err := r.coll.Links.Add(l, nil); err != nil {
		r.Fatal(err)
	}
	if len(r.coll.Links.named(progName)) != 1 {
		r.Errorf("the link does not know its program: %v", l)
	}
}

// fire causes the event until the program has counted it.
func (r *hookRun) fire(event func()) {
	r.Helper()
	before := r.hits()
	for range 100 {
		event()
		if r.hits() > before {
			r.result.fired = true
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.Fatal("the program did not count the event")
}

func (r *hookRun) hits() uint64 {
	r.Helper()
	var n uint64
	if err := r.coll.Library.Maps[hitsName].Lookup(uint32(0), &n); err != nil {
		r.Fatal(err)
	}
	return n
}

// finish closes everything and looks for what was left behind.
func (r *hookRun) finish(before footprint) {
	r.Helper()
	if r.coll == nil {
		return
	}
	ids := r.programIDs()
	if r.link != nil {
		r.Run("Detach", r.checkQuiet)
	}
	if err := r.coll.Close(); err != nil {
		r.Errorf("close: %v", err)
	}
	deadline := time.Now().Add(3 * time.Second)
	for {
		left := leftBehind(r.T, ids)
		after := takeFootprint(r.T)
		if len(left) == 0 && slices.Equal(before, after) {
			return
		}
		if time.Now().After(deadline) {
			r.Errorf("left behind: %s\nbefore: %s\nafter: %s", left, before, after)
			return
		}
		time.Sleep(20 * time.Millisecond) // programs go when RCU lets them
	}
}

// checkQuiet closes the link and makes sure that closing twice is no harm.
func (r *hookRun) checkQuiet(t *testing.T) {
	if err := r.link.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func (r *hookRun) programIDs() map[ebpf.ProgramID]bool {
	ids := make(map[ebpf.ProgramID]bool)
	for _, p := range r.coll.AllPrograms() {
		info, err := p.Info()
		if err != nil {
			r.Fatal(err)
		}
		id, _ := info.ID()
		ids[id] = true
	}
	return ids
}

// leftBehind are programs with these ids and links of them.
func leftBehind(t *testing.T, ids map[ebpf.ProgramID]bool) (left []string) {
	t.Helper()
	for id := range ids {
		if p, err := ebpf.NewProgramFromID(id); err == nil {
			p.Close()
			left = append(left, fmt.Sprintf("program %d", id))
		}
	}
	links := new(link.Iterator)
	defer links.Close()
	for links.Next() {
		if info, err := links.Link.Info(); err == nil && ids[info.Program] {
			left = append(left, fmt.Sprintf("link %d of type %d", info.ID, info.Type))
		}
	}
	return left
}

// footprint is what of the kernel's state a test could leave changed: qdiscs
// and filters of its network namespace, routes, and probe events of tracefs. On
// a machine that others use, only events with the prefix of tests count.
type footprint []string

// probePrefix starts the names of the tests' tracefs events.
var probePrefix = "bpfgen" + strconv.Itoa(os.Getpid())

func takeFootprint(t *testing.T) (f footprint) {
	t.Helper()
	links, err := nl.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		qdiscs, err := nl.QdiscList(l)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range qdiscs {
			if q.Type() == "clsact" {
				f = append(f, "qdisc "+q.Attrs().String())
			}
		}
	}
	routes, err := nl.RouteListFiltered(nl.FAMILY_ALL, &nl.Route{}, nl.RT_FILTER_TABLE)
	if err == nil {
		for _, r := range routes {
			if r.Encap != nil {
				f = append(f, "route "+r.String())
			}
		}
	}
	for _, name := range []string{"kprobe_events", "uprobe_events"} {
		for _, line := range tracefsLines(name) {
			if line != "" && (alone() || strings.Contains(line, probePrefix)) {
				f = append(f, line)
			}
		}
	}
	return f
}

// alone says whether this is one of the guests of .ci/kernels, in which nothing
// else runs.
func alone() bool { k := os.Getenv("BPFGEN_KERNEL"); return k != "" && k != "host" }

func tracefsLines(name string) []string {
	f, err := kernelsym.OpenTracefs(name)
	if err != nil {
		return nil // not mounted: nothing can be left there
	}
	defer f.Close()
	var b bytes.Buffer
	b.ReadFrom(f)
	return strings.Split(b.String(), "\n")
}

// cgroupRoot is where cgroup v2 is mounted.
func cgroupRoot(t testing.TB) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			return f[1]
		}
	}
	t.Fatal("cgroup v2 is not mounted")
	return ""
}

// testCgroup makes a cgroup and removes it after the test.
func testCgroup(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(cgroupRoot(t), "bpfgen-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 100 {
			if err := os.Remove(dir); !errors.Is(err, syscall.EBUSY) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
	return dir
}

// exerciseVariable makes the test binary do what cgroup hooks see, and exit.
const exerciseVariable = "BPFGEN_TEST_EXERCISE"

func init() {
	if os.Getenv(exerciseVariable) != "" {
		exercise()
		os.Exit(0)
	}
}

// inCgroup runs exercise in a cgroup, in a process of its own.
func inCgroup(r *hookRun, dir string) func() {
	return func() {
		f, err := os.Open(dir)
		if err != nil {
			r.Fatal(err)
		}
		defer f.Close()
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), exerciseVariable+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(f.Fd())}
		if out, err := cmd.CombinedOutput(); err != nil {
			r.Fatalf("exercise: %v\n%s", err, out)
		}
	}
}

// exercise uses sockets of all families, a sysctl and a device. Errors do not
// matter here: what is looked at is whether programs run.
func exercise() {
	os.ReadFile("/proc/sys/kernel/hostname")
	if f, err := os.Open("/dev/null"); err == nil {
		f.Close()
	}
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		exerciseUDP(address)
		exerciseTCP(address)
	}
	exerciseUnix()
}

func exerciseUDP(address string) {
	server, err := net.ListenPacket("udp", address)
	if err != nil {
		return
	}
	defer server.Close()
	client, err := net.ListenPacket("udp", address)
	if err != nil {
		return
	}
	defer client.Close()
	client.WriteTo([]byte("x"), server.LocalAddr()) // sendmsg
	server.SetReadDeadline(time.Now().Add(time.Second))
	server.ReadFrom(make([]byte, 8)) // recvmsg
}

func exerciseTCP(address string) {
	server, err := net.Listen("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	client, err := net.Dial("tcp", server.Addr().String()) // connect, getsockname, getpeername
	if err != nil {
		return
	}
	defer client.Close()
	peer, err := server.Accept()
	if err != nil {
		return
	}
	defer peer.Close()
	client.Write([]byte("x"))
	peer.Read(make([]byte, 8))
}

func exerciseUnix() {
	dir, err := os.MkdirTemp("", "bpfgen")
	if err != nil {
		return
	}
	defer os.RemoveAll(dir)
	a, err := net.ListenPacket("unixgram", filepath.Join(dir, "a"))
	if err != nil {
		return
	}
	defer a.Close()
	b, err := net.ListenPacket("unixgram", filepath.Join(dir, "b"))
	if err != nil {
		return
	}
	defer b.Close()
	a.WriteTo([]byte("x"), b.LocalAddr())
	b.SetReadDeadline(time.Now().Add(time.Second))
	b.ReadFrom(make([]byte, 8))
	server, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		return
	}
	defer server.Close()
	if c, err := net.Dial("unix", server.Addr().String()); err == nil {
		c.Close()
	}
}

// sendUDP sends a datagram to a port of lo.
func sendUDP(t testing.TB, to string) {
	t.Helper()
	c, err := net.Dial("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Write([]byte("datagram"))
}

// runProbed runs the executable of probed_test.go and gives its exit code.
func runProbed(t testing.TB, path string) int {
	t.Helper()
	cmd := exec.Command(path)
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() < 0 {
			t.Fatalf("run %s: %v", path, err)
		}
	}
	return cmd.ProcessState.ExitCode()
}
