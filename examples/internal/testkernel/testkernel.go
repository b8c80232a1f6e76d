//go:build linux

// Package testkernel is what the tests of the examples share: which kernels can
// run a test (Require), a network namespace (NetNS) and cgroup (Cgroup) for it
// alone, and an example that runs while the test causes what it reports
// (Start).
package testkernel

import (
	"bytes"
	"context"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// Except says which kernels cannot run a test, and why. They are named as the
// kernel harness names them in BPFGEN_KERNEL ("5.10"); "host" is that of this
// machine, and every kernel outside of the harness.
//
// Every kernel that is not named must run the test: an error never skips one.
type Except map[string]string

// Require skips the test on the kernels that are named. On others it makes
// sure that the test may load programs: where it may not, that is a failure in
// CI, and skips the test elsewhere.
func Require(t *testing.T, except Except) {
	t.Helper()
	kernel := os.Getenv("BPFGEN_KERNEL")
	if kernel == "" {
		kernel = "host"
	}
	if why := except[kernel]; why != "" {
		t.Skipf("not on %s: %s", kernel, why)
	}
	if err := access(); err != nil {
		Missing(t, "access to BPF (root)", err)
	}
}

// Missing ends the test because something is not there: in CI as a failure.
func Missing(t *testing.T, what string, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI requires %s: %v", what, err)
	}
	t.Skipf("needs %s: %v", what, err)
}

var access = sync.OnceValue(func() error {
	if err := rlimit.RemoveMemlock(); err != nil {
		return err
	}
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if err != nil {
		return err
	}
	return m.Close()
})

// tracefs is where the kernel shows its tracepoints.
var tracefs = []string{"/sys/kernel/tracing/events", "/sys/kernel/debug/tracing/events"}

// RequireTraceFS makes sure that tracefs is mounted.
func RequireTraceFS(t *testing.T) {
	t.Helper()
	for _, dir := range tracefs {
		if _, err := os.Stat(dir); err == nil {
			return
		}
	}
	Missing(t, "a mounted tracefs", os.ErrNotExist)
}

// NetNS moves the test into a network namespace of its own, with the loopback
// interface up. The namespace goes with the test and its last socket.
func NetNS(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // for good: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("new network namespace: %v", err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	ifr.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		t.Fatalf("set lo up: %v", err)
	}
}

// patience is how long a test waits for what must come. A virtual machine
// without KVM is slow.
const patience = time.Minute

// Every is the interval at which examples report in tests.
const Every = 20 * time.Millisecond

// Example is an example that runs.
type Example struct {
	out    output
	cancel context.CancelFunc
	done   chan struct{}
	err    error // when done is closed
}

// Start calls the run function of an example in the network namespace of the
// test. What still runs when the test ends is stopped.
func Start(t *testing.T, run func(ctx context.Context, w io.Writer) error) *Example {
	t.Helper()
	netns, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := &Example{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(e.done)
		defer netns.Close()
		runtime.LockOSThread() // for good: the thread does not go back
		if e.err = unix.Setns(int(netns.Fd()), unix.CLONE_NEWNET); e.err == nil {
			e.err = run(ctx, &e.out)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-e.done
	})
	return e
}

// WaitForMore waits until a count has grown by so many.
func WaitForMore(t *testing.T, what string, more uint64, count func() uint64) {
	t.Helper()
	from := count()
	for start := time.Now(); count() < from+more; time.Sleep(time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("no further %s after %v", what, patience)
		}
	}
}

// Await waits until the output is ok, and returns it. Meanwhile it calls cause
// again and again, if that is not nil, because an example says nowhere that it
// is ready.
func (e *Example) Await(t *testing.T, what string, cause func(), ok func(output string) bool) string {
	t.Helper()
	for start := time.Now(); ; time.Sleep(Every) {
		if out := e.out.String(); ok(out) {
			return out
		}
		select {
		case <-e.done:
			t.Fatalf("ended before %s: %v\n%s", what, e.err, e.out.String())
		default:
		}
		if time.Since(start) > patience {
			t.Fatalf("no %s after %v:\n%s", what, patience, e.out.String())
		}
		if cause != nil {
			cause()
		}
	}
}

// endOfReport is an empty line.
const endOfReport = "\n\n"

// Report waits for a report that begins after the call, and returns it.
func (e *Example) Report(t *testing.T) string {
	t.Helper()
	before := strings.Count(e.out.String(), endOfReport)
	out := e.Await(t, "further report", nil, func(out string) bool {
		return strings.Count(out, endOfReport) >= before+2
	})
	reports := strings.Split(out, endOfReport)
	return reports[before+1]
}

// ReportWhen waits for a report that is ok: packets may be under way yet.
func (e *Example) ReportWhen(t *testing.T, ok func(report string) bool) {
	t.Helper()
	for start := time.Now(); ; {
		report := e.Report(t)
		if ok(report) {
			return
		}
		if time.Since(start) > patience {
			t.Fatalf("still after %v:\n%s", patience, report)
		}
	}
}

// Stop ends the example as an interrupt would, and expects no error.
func (e *Example) Stop(t *testing.T) string {
	t.Helper()
	e.cancel()
	<-e.done
	if e.err != nil {
		t.Fatalf("run: %v", e.err)
	}
	return e.out.String()
}

// output can be written and read at the same time.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
