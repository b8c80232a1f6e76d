package typed_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/golden/hooks"
	mapsall "github.com/bpfgen/bpfgen/golden/maps-all"
	"github.com/bpfgen/bpfgen/typed/internal/probed"
	_ "github.com/bpfgen/bpfgen/typed/tc"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/rlimit"
	nl "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// What the godoc shows is run: Examples that need a kernel in one process, with
// namespaces for its network and mounts and a cgroup of its own, so that they
// can say /sys/fs/bpf/app and meet nothing of the machine.

// Each of kernelExamples runs, with the output that its comment says, on the
// kernels that the table names.
func TestExamplesInKernel(t *testing.T) {
	needKernel(t)
	e := &exampleRuns{T: t, executable: probed.File(t), cgroup: testCgroup(t), verdicts: make(map[string]string)}
	lacking := make(map[string]string)
	for name, need := range kernelExamples {
		if lacking[name] = need.lacking(t); lacking[name] == "" {
			e.names = append(e.names, name)
		}
	}
	for len(e.names) > 0 {
		e.run()
	}
	for name := range kernelExamples {
		t.Run(name, func(t *testing.T) {
			switch {
			case lacking[name] != "":
				t.Skip(lacking[name])
			case e.verdicts[name] != "PASS":
				t.Error(e.verdicts[name])
			}
		})
	}
	if t.Failed() {
		t.Logf("%s", e.log.Bytes())
	}
}

// exampleRuns are the processes of the Examples: one, unless an Example ends it.
type exampleRuns struct {
	*testing.T
	executable, cgroup string
	names              []string          // those that have not run
	verdicts           map[string]string // PASS, FAIL or how it ended the process
	log                bytes.Buffer
}

var (
	runLine     = regexp.MustCompile(`(?m)^=== RUN   (Example\w*)`)
	verdictLine = regexp.MustCompile(`(?m)^--- (PASS|FAIL): (Example\w*)`)
)

// run runs the test binary for the Examples that have not run, until one ends
// the process: log.Fatal is what Examples do with errors.
func (e *exampleRuns) run() {
	cmd := exec.Command("/proc/self/exe", "-test.v", "-test.run=^("+strings.Join(e.names, "|")+")$")
	cmd.Env = append(os.Environ(), examplesVariable+"="+e.executable, cgroupVariable+"="+e.cgroup)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET}
	log, err := cmd.CombinedOutput()
	e.log.Write(log)
	began := runLine.FindAllSubmatch(log, -1)
	for _, m := range began {
		e.verdicts[string(m[1])] = fmt.Sprintf("ended the process: %v", err)
	}
	for _, m := range verdictLine.FindAllSubmatch(log, -1) {
		e.verdicts[string(m[2])] = string(m[1])
	}
	if len(began) == 0 {
		e.Fatalf("no Example ran: %v\n%s", err, log)
	}
	e.names = slices.DeleteFunc(e.names, func(name string) bool { return e.verdicts[name] != "" })
}

// needKernel is the helper of that name in kernel_test.go, for this package.
func needKernel(t *testing.T) {
	t.Helper()
	err := rlimit.RemoveMemlock()
	if err == nil {
		err = features.HaveMapType(ebpf.Array)
	}
	if err == nil && os.Getuid() != 0 {
		err = errors.New("namespaces are for root")
	}
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("no access to BPF, which CI requires: %v", err)
	default:
		t.Skipf("needs access to BPF (root): %v", err)
	}
}

// lacking is what this kernel does not have, by the table alone.
func (n needs) lacking(t *testing.T) string {
	t.Helper()
	if k := os.Getenv("BPFGEN_KERNEL"); n.host != "" && (k == "" || k == "host") {
		return "the host's kernel is built without " + n.host + ", or forbids them"
	}
	code, err := features.LinuxVersionCode()
	if err != nil {
		t.Fatal(err)
	}
	var major, minor uint32
	if _, err := fmt.Sscanf(n.since, "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	if code>>8 < major<<8|minor {
		return "needs Linux " + n.since
	}
	return ""
}

// cgroupVariable is the cgroup that is seen as /sys/fs/cgroup by the Examples.
const cgroupVariable = "BPFGEN_TEST_CGROUP"

// testCgroup makes a cgroup with one called app in it, and removes both.
func testCgroup(t *testing.T) string {
	t.Helper()
	root := "/sys/fs/cgroup"
	var fs unix.Statfs_t
	if err := unix.Statfs(root, &fs); err != nil || int64(fs.Type) != unix.CGROUP2_SUPER_MAGIC {
		root = "/sys/fs/cgroup/unified" // systemd's hybrid hierarchy
	}
	dir, err := os.MkdirTemp(root, "bpfgen-test-")
	if err != nil {
		t.Fatal(err)
	}
	app := filepath.Join(dir, "app")
	if err := os.Mkdir(app, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, dir := range []string{app, dir} {
			err := os.Remove(dir)
			for range 100 {
				if !errors.Is(err, syscall.EBUSY) {
					break
				}
				time.Sleep(10 * time.Millisecond) // its processes are about to end
				err = os.Remove(dir)
			}
			if err != nil {
				t.Error(err)
			}
		}
	})
	return dir
}

// setUpExamples makes what the Examples find, in the process that runs them.
func setUpExamples() {
	executable = os.Getenv(examplesVariable)
	try(rlimit.RemoveMemlock())
	try(unix.Mount(os.Getenv(cgroupVariable), "/sys/fs/cgroup", "", unix.MS_BIND, ""))
	try(os.WriteFile("/sys/fs/cgroup/app/cgroup.procs", []byte("0"), 0))
	try(unix.Mount("bpf", "/sys/fs/bpf", "bpf", 0, ""))
	for _, fs := range []string{"tracefs /sys/kernel/tracing", "debugfs /sys/kernel/debug"} {
		kind, dir, _ := strings.Cut(fs, " ")
		_ = unix.Mount(kind, dir, kind, 0, "") // most have it
	}
	setUpNetwork()
	loadHooks()
	loadMaps()
}

func try(err error) {
	if err != nil {
		_, file, line, _ := runtime.Caller(1)
		fmt.Printf("%s:%d: %v\n", filepath.Base(file), line, err)
		os.Exit(1)
	}
}

// setUpNetwork has lo up, with somebody who answers at 192.0.2.1:80, and a pair
// of netkit devices where the kernel has them.
func setUpNetwork() {
	lo, err := nl.LinkByName("lo")
	try(err)
	try(nl.LinkSetUp(lo))
	address, err := nl.ParseAddr("192.0.2.1/32")
	try(err)
	try(nl.AddrAdd(lo, address))
	server, err := net.Listen("tcp", "192.0.2.1:80")
	try(err)
	go echo(server)

	pair := &nl.Netkit{LinkAttrs: nl.LinkAttrs{Name: "nk0"}, Mode: nl.NETKIT_MODE_L3, Policy: nl.NETKIT_POLICY_FORWARD, PeerPolicy: nl.NETKIT_POLICY_FORWARD}
	pair.SetPeerAttrs(&nl.LinkAttrs{Name: "nk1"})
	if nl.LinkAdd(pair) != nil {
		return // ExampleNetkit says so, if it should be there
	}
	for name, address := range map[string]string{"nk0": "10.98.0.1/24", "nk1": "10.97.0.1/24"} {
		device, err := nl.LinkByName(name)
		try(err)
		a, err := nl.ParseAddr(address)
		try(err)
		try(nl.AddrAdd(device, a))
		try(nl.LinkSetUp(device))
	}
}

// echo answers every connection with what it says.
func echo(server net.Listener) {
	for {
		conn, err := server.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			buffer := make([]byte, 64)
			for {
				n, err := conn.Read(buffer)
				if err != nil {
					return
				}
				conn.Write(buffer[:n])
			}
		}()
	}
}

// optional makes every map and program of a struct of specs one that is left out
// where the kernel lacks it, or a policy of the machine forbids it.
func optional(specs any) {
	forbidden := func(err error) bool { return errors.Is(err, os.ErrPermission) }
	v := reflect.ValueOf(specs)
	for i := range v.NumField() {
		switch spec := v.Field(i).Interface().(type) {
		case interface{ OptionalIf(func(error) bool) }:
			spec.OptionalIf(forbidden)
		case interface{ Optional() }:
			spec.Optional()
		}
	}
}

func loadHooks() {
	spec, err := hooks.OpenHooks()
	try(err)
	optional(spec.Maps)
	optional(spec.Programs)
	spec.Programs.NewVerdict.Disable()
	spec.Programs.Custom.Disable()
	c, err := spec.Load(nil)
	try(err)
	bpf.Collection, bpf.Programs, bpf.Variables = c.Collection, c.Programs, c.Variables
	bpf.Maps.HooksCollectionMaps = c.Maps
	for _, skipped := range c.Skipped() {
		fmt.Printf("left out: %s: %v\n", skipped.Name, skipped.Err)
	}
}

func loadMaps() {
	spec, err := mapsall.OpenMapsAll()
	try(err)
	optional(spec.Maps)
	spec.DisableAll() // that of the struct_ops, which no kernel has
	c, err := spec.Load(nil)
	try(err)
	bpf.Maps.MapsAllCollectionMaps = c.Maps
	for _, skipped := range c.Skipped() {
		fmt.Printf("left out: %s: %v\n", skipped.Name, skipped.Err)
	}
	kept = append(kept, c)
}

// kept is not collected.
var kept []any
