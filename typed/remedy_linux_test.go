package typed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfgen/bpfgen/typed/internal/kernel"
	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// restore gives a variable its value back when the test is over.
func restore[T any](t *testing.T, variable *T) {
	before := *variable
	t.Cleanup(func() { *variable = before })
}

// onMachine makes causes be looked for on another machine: with a kernel of
// that version that is built without some options, and a process with some
// capabilities.
func onMachine(t *testing.T, version string, held capabilities, without ...string) {
	t.Helper()
	restore(t, &machineVersion)
	restore(t, &machineLacks)
	restore(t, &machineCapabilities)
	restore(t, &machineFunctions)
	restore(t, &machineMemlock)
	restore(t, &machineParanoid)
	v, err := kernel.ParseVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	machineVersion = func() (kernel.Version, error) { return v, nil }
	machineLacks = func(option string) bool {
		for _, w := range without {
			if w == option {
				return true
			}
		}
		return false
	}
	machineFunctions = func(string) ([]string, error) { return nil, nil }
	machineCapabilities = func() (capabilities, error) { return held, nil }
	machineMemlock = func() (uint64, bool) { return 0, false }
	machineParanoid = func() int { return 0 }
}

const allCapabilities = ^capabilities(0)

// The remedies for what kernels say in many ways, or say on some machines only.
func TestRemedies(t *testing.T) {
	p := &program{name: "on_connect", spec: hide(&ebpf.ProgramSpec{SectionName: "kprobe/tcp_connect"})}
	cookie := func(err error) error {
		_, err = newerOption("Cookie", "5.15", true)(nil, err)
		return err
	}
	notSupported := fmt.Errorf("bpf_link_kprobe_multi not supported (requires >= v5.18): %w", ebpf.ErrNotSupported)
	for _, test := range []struct {
		name    string
		kernel  string
		without string
		kind    *progKind
		to      target
		err     func() error
		none    bool // no remedy: the cause is not known
	}{
		{name: "kernel-symbol-missing", kind: &kindKprobe, to: target{kernelFunction, "tcp_conect"},
			err: func() error { return fmt.Errorf("token tcp_conect: not found: %w", os.ErrNotExist) }},
		{name: "kernel-pattern-missing", kind: &kindKprobeMulti, to: target{kernelFunctions, "tcp_conect*"},
			err: func() error { return kernelsym.ErrNoFunction }},
		{name: "kernel-pattern-tracefs-missing", kind: &kindKprobeMulti, to: target{kernelFunctions, "vfs_*"},
			err: func() error { return fmt.Errorf("available_filter_functions: %w", kernelsym.ErrNoTracefs) }},
		{name: "kernel-pattern-ftrace-missing", kind: &kindKprobeMulti, to: target{kernelFunctions, "vfs_*"},
			err: func() error {
				return &fs.PathError{Op: "open", Path: "/sys/kernel/tracing/available_filter_functions", Err: syscall.ENOENT}
			}},
		{name: "system-call-missing", kind: &kindKsyscall, to: target{syscallName, "opne"}, err: func() error { return os.ErrNotExist }},
		{name: "tracepoint-missing", kind: &kindTracepoint, to: target{tracepoint, "sched/sched_swich"}, err: func() error { return os.ErrNotExist }},
		{name: "tracepoint-syscalls-missing", without: "CONFIG_FTRACE_SYSCALLS", kind: &kindTracepoint, to: target{tracepoint, "syscalls/sys_enter_openat"},
			err: func() error { return os.ErrNotExist }},
		{name: "kernel-older", kernel: "5.10", kind: &kindKprobeMulti, to: target{kernelFunctions, "tcp_*"}, err: func() error { return notSupported }},
		{name: "kernel-option-missing", without: "CONFIG_FPROBE", kind: &kindKprobeMulti, to: target{kernelFunctions, "tcp_*"}, err: func() error { return notSupported }},
		{name: "kernel-unknown", kind: &kindKprobeMulti, to: target{kernelFunctions, "tcp_*"}, err: func() error { return notSupported }, none: true},
		{name: "kernel-invalid-older", kernel: "6.1", kind: &kindUprobeMulti, to: target{executable, "/bin/sh:main"}, err: func() error { return syscall.EINVAL }},
		{name: "kernel-invalid", kind: &kindUprobeMulti, to: target{executable, "/bin/sh:main"}, err: func() error { return syscall.EINVAL }, none: true},
		{name: "option-newer", kernel: "5.10", kind: &kindKprobe, to: target{kernelFunction, "tcp_connect"},
			err: func() error { return cookie(fmt.Errorf("cookies are not supported: %w", ebpf.ErrNotSupported)) }},
		{name: "option-there", kind: &kindTracepoint, to: target{tracepoint, "sched/sched_switch"}, err: func() error { return cookie(syscall.EINVAL) }, none: true},
		{name: "tracefs-missing", kind: &kindKprobe, to: target{kernelFunction, "tcp_connect"},
			err: func() error { return fmt.Errorf("creating probe entry on tracefs: %w", errors.New(noTracefs)) }},
		{name: "kprobes-missing", kind: &kindKprobe, to: target{kernelFunction, "tcp_connect"},
			err: func() error {
				return &os.PathError{Op: "open", Path: "/sys/kernel/tracing/kprobe_events", Err: syscall.ENOENT}
			}},
		{name: "offset-inside", kind: &kindKprobe, to: target{kernelFunction, "tcp_connect+0x1"}, err: func() error { return syscall.EILSEQ }},
	} {
		t.Run(test.name, func(t *testing.T) {
			version := test.kernel
			if version == "" {
				version = "7.2"
			}
			onMachine(t, version, allCapabilities, test.without)
			cause := test.err()
			err := p.attachError(test.kind, test.to, cause)
			if !errors.Is(err, cause) {
				t.Errorf("%v lost its cause", err)
			}
			if again := p.attachError(test.kind, target{}, err); !errors.Is(again, err) || again.Error() != err.Error() {
				t.Errorf("dressed twice: %v", again)
			}
			var attach *AttachError
			if !errors.As(err, &attach) || (attach.Remedy == "") != test.none {
				t.Errorf("remedy %q", attach.Remedy)
			}
			golden(t, test.name, err.Error())
		})
	}
}

// asUser calls f on a thread of its own, as a user with these capabilities and no others.
func asUser(t *testing.T, user int, held capabilities, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := becomeUser(user, held)
		if err == nil {
			f()
		}
		done <- err
	}()
	must(t, <-done)
}

func becomeUser(user int, held capabilities) error {
	if err := unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0); err != nil {
		return err
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(user), uintptr(user), uintptr(user)); errno != 0 {
		return errno // of the thread alone
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	lower, upper := uint32(held), uint32(held>>32)
	data := [2]unix.CapUserData{{Effective: lower, Permitted: lower}, {Effective: upper, Permitted: upper}}
	return unix.Capset(&header, &data[0])
}

// What this kernel says to users and processes that have some capabilities, and what they
// are told to do: each remedy names what keeps the process from it.
func TestRemediesOfCapabilities(t *testing.T) {
	needKernel(t)
	const user, tracing, network = 1000, 1<<capBPF | 1<<capPerfmon, 1<<capBPF | 1<<capNetAdmin
	dir := testCgroup(t)
	skb := &hookRun{T: t, section: "cgroup_skb/egress"}
	connect := &hookRun{T: t, section: "cgroup/connect4"}
	trace := &hookRun{T: t, section: "tp/sched/sched_switch"}
	onEgress, onConnect, onSwitch := load[CgroupSKB](skb, skb.spec(1)), load[CgroupSockAddr](connect, connect.spec(1)), load[Tracepoint](trace, trace.spec(0))
	egress := func() (AnyLink, error) { return onEgress.Attach(dir, nil) }
	onCgroup := func() (AnyLink, error) { return onConnect.Attach(dir, &CgroupOptions{Mode: CgroupExclusive}) }
	schedule := func() (AnyLink, error) { return onSwitch.Attach(nil) }
	for _, test := range []struct {
		name   string
		user   int
		held   capabilities
		attach func() (AnyLink, error)
		want   string // of the remedy; empty: it is attached
	}{
		{"another's cgroup", user, network, onCgroup, "owner and mode keep " + dir + " from this user"},
		{"root's tracefs", user, tracing, schedule, "tracefs is root's alone"},
		{"perf events", 0, tracing, schedule, map[bool]string{true: "kernel.perf_event_paranoid is"}[perfEventParanoid() > 2]},
		{"egress by CAP_SYS_ADMIN alone", 0, 1 << capSysAdmin, egress, map[bool]string{true: "the process lacks CAP_NET_ADMIN"}[olderThan("6.9")]},
		{"egress by CAP_BPF", 0, 1 << capBPF, egress, "the process lacks CAP_NET_ADMIN"},
		{"egress", 0, network, egress, ""},
	} {
		asUser(t, test.user, test.held, func() {
			l, err := test.attach()
			var attach *AttachError
			switch {
			case err == nil:
				l.Close()
				if test.want != "" {
					t.Errorf("%s: attached", test.name)
				}
			case test.want == "", !errors.As(err, &attach), !strings.HasPrefix(attach.Remedy, test.want):
				t.Errorf("%s: %v\nwant %q", test.name, err, test.want)
			}
		})
	}
}

// Where a sysctl of Debian's is what keeps CAP_PERFMON from perf events, it is named.
func TestParanoidKernels(t *testing.T) {
	for _, test := range []struct {
		level int
		held  capabilities
		err   error
		want  bool
	}{
		{3, 1<<capBPF | 1<<capPerfmon, syscall.EACCES, true},
		{2, 1<<capBPF | 1<<capPerfmon, syscall.EACCES, false},
		{3, 1 << capSysAdmin, syscall.EACCES, false},
		{3, 1<<capBPF | 1<<capPerfmon, syscall.EPERM, false},
		{3, 1 << capBPF, syscall.EACCES, false}, // it lacks CAP_PERFMON first
	} {
		onMachine(t, "6.12", test.held)
		machineParanoid = func() int { return test.level }
		var attach *AttachError
		err := (&program{name: "p"}).attachError(&kindTracepoint, target{}, fmt.Errorf("opening tracepoint perf event: %w", test.err))
		if !errors.As(err, &attach) || strings.Contains(attach.Remedy, "perf_event_paranoid=2") != test.want {
			t.Errorf("%+v: %v", test, err)
		}
		if got := perfRemedy(test.err); strings.Contains(got, "perf_event_paranoid=2") != test.want {
			t.Errorf("%+v: reader: %s", test, got)
		}
	}
}

// EPERM says what the process lacks, by what it has.
func TestPrivileges(t *testing.T) {
	for _, test := range []struct {
		name, kernel string
		capabilities capabilities
		typ          ebpf.ProgramType
		want         string
	}{
		{"none, tracing", "6.1", 0, ebpf.Kprobe, "the process lacks CAP_BPF and CAP_PERFMON: run it as root, or give it these capabilities"},
		{"none, network", "6.1", 0, ebpf.XDP, "the process lacks CAP_BPF and CAP_NET_ADMIN: run it as root, or give it these capabilities"},
		{"none, sockets", "6.1", 0, ebpf.SocketFilter, "the process lacks CAP_BPF: run it as root, or give it these capabilities"},
		{"none, old", "5.4", 0, ebpf.XDP, "the process lacks CAP_SYS_ADMIN: run it as root, or give it these capabilities"},
		{"some", "6.1", 1 << capBPF, ebpf.XDP, "the process lacks CAP_NET_ADMIN: run it as root, or give it these capabilities"},
		{"the old one for all", "6.1", 1 << capSysAdmin, ebpf.Kprobe, policyRemedy()},
		{"all", "6.1", 1<<capBPF | 1<<capPerfmon, ebpf.Kprobe, policyRemedy()},
	} {
		onMachine(t, test.kernel, test.capabilities)
		p := &program{name: "p"}
		k := &progKind{name: "X", typ: test.typ}
		var attach *AttachError
		if err := p.attachError(k, target{}, syscall.EPERM); !errors.As(err, &attach) || attach.Remedy != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

// What attaches by other means than bpf(2), and maps, need other capabilities.
func TestPrivilegesOfOtherKinds(t *testing.T) {
	const sysAdminOnly = "the kernel attaches uprobes for CAP_SYS_ADMIN only"
	attach := func(k *progKind) func(error) string {
		return func(err error) string { return remedy(k, target{}, err) }
	}
	netlink := func(err error) string { return remedy(&kindTC, target{}, explain(err, netlinkRemedy(err))) }
	create := func(typ ebpf.MapType) func(error) string {
		return func(err error) string { return withMapRemedy(typ, err).Error() }
	}
	for _, test := range []struct {
		name, kernel string
		held         capabilities
		remedy       func(error) string
		err          error
		want         string
	}{
		{"uprobe", "6.18", 1<<capBPF | 1<<capPerfmon, attach(&kindUprobe), syscall.EACCES, sysAdminOnly},
		{"uprobe of a stable release", "6.12", 1<<capBPF | 1<<capPerfmon, attach(&kindUretprobe), syscall.EACCES, sysAdminOnly},
		{"USDT without anything", "7.3", 0, attach(&kindUSDT), syscall.EACCES, sysAdminOnly},
		{"uprobe without anything, older", "6.1", 0, attach(&kindUprobe), syscall.EACCES, "the process lacks CAP_BPF and CAP_PERFMON"},
		{"uprobe as root", "6.18", allCapabilities, attach(&kindUprobe), syscall.EACCES, policyRemedy()},
		{"kprobe", "6.18", 1 << capBPF, attach(&kindKprobe), syscall.EACCES, "the process lacks CAP_PERFMON"},
		{"netlink", "6.18", 1<<capBPF | 1<<capSysAdmin, netlink, syscall.EPERM, "the process lacks CAP_NET_ADMIN"},
		{"netlink as root", "6.18", allCapabilities, netlink, syscall.EPERM, policyRemedy()},
		{"perf buffers", "6.18", 1 << capBPF, perfRemedy, syscall.EACCES, "the process lacks CAP_PERFMON"},
		{"perf buffers, old", "5.4", 1 << capBPF, perfRemedy, syscall.EACCES, "the process lacks CAP_SYS_ADMIN"},
		{"large perf buffers", "6.18", 1 << capPerfmon, perfRemedy, syscall.EPERM, "buffers are locked memory"},
		{"perf buffers, another error", "6.18", 0, perfRemedy, syscall.EMFILE, ""},
		{"socket map", "6.18", 1 << capBPF, create(ebpf.SockMap), syscall.EPERM, "operation not permitted; the process lacks CAP_NET_ADMIN"},
		{"hash", "6.18", 1 << capNetAdmin, create(ebpf.Hash), syscall.EPERM, "operation not permitted; the process lacks CAP_BPF"},
	} {
		onMachine(t, test.kernel, test.held)
		if got := test.remedy(test.err); !strings.HasPrefix(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// Where maps and programs count as locked memory, EPERM says how much there is and who
// raises it, and not that a policy forbids it.
func TestLockedMemory(t *testing.T) {
	for _, test := range []struct {
		name, kernel string
		capabilities capabilities
		limited      bool
		want         string
	}{
		{"old, limited", "5.10", allCapabilities, true, "may have 65536 bytes: call RemoveMemlock"},
		{"old, limited, without capabilities", "5.10", 0, true, "the process lacks CAP_BPF"},
		{"old", "5.10", allCapabilities, false, policyRemedy()},
		{"new, limited", "5.11", allCapabilities, true, policyRemedy()},
	} {
		onMachine(t, test.kernel, test.capabilities)
		machineMemlock = func() (uint64, bool) { return 65536, test.limited }
		if err := withMapRemedy(ebpf.Array, fmt.Errorf("map create: %w"+memlockHint, syscall.EPERM)); !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		} else if strings.Contains(err.Error(), memlockHint) || !errors.Is(err, syscall.EPERM) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// littleMemory marks the process that lowers its own RLIMIT_MEMLOCK.
const littleMemory = "BPFGEN_TEST_LITTLE_MEMORY"

// What this kernel says of it, in a process that has next to none.
func TestLoadWithLittleLockedMemory(t *testing.T) {
	needKernel(t)
	if os.Getenv(littleMemory) == "" {
		cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), littleMemory+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	must(t, unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 1, Max: 1}))
	coll, err := testSpec(nil).Load(nil)
	switch counted := !releaseIs(t, 5, 11); {
	case counted && (err == nil || !strings.Contains(err.Error(), "may have 1 bytes: call RemoveMemlock")):
		t.Errorf("%v", err)
	case !counted:
		must(t, err)
		must(t, coll.Close())
	}
}

// What only CAP_SYS_ADMIN may do says so to those that have less, and is silent
// to others.
func TestNeedsSysAdmin(t *testing.T) {
	cause := fmt.Errorf("open: %w", syscall.EPERM)
	onMachine(t, "6.1", 1<<capBPF)
	if err := needsSysAdmin(cause); !strings.Contains(err.Error(), "CAP_SYS_ADMIN") || !errors.Is(err, syscall.EPERM) {
		t.Errorf("%v", err)
	}
	onMachine(t, "6.1", allCapabilities)
	if err := needsSysAdmin(cause); err.Error() != cause.Error() {
		t.Errorf("%v", err)
	}
}

// All that opens by id, as a process that has CAP_BPF alone.
func TestOpeningByIDNeedsSysAdmin(t *testing.T) {
	needKernel(t)
	programs := testMap[ProgramArray[uint32]](t, arraySpec(ebpf.ProgramArray, 4, 1))
	p := returns(t, ebpf.SocketFilter, ebpf.AttachNone, 0)
	must(t, programs.Put(0, p))
	outer := testMap[ArrayOfHashes](t, outerSpec(ebpf.ArrayOfMaps))
	must(t, outer.Put(0, testMap[innerHash](t, innerSpec())))
	inner := programID(t, p)
	withoutPrivileges(t, func() {
		_, err := programs.Lookup(0)
		must(t, err)
		_, err = programs.Open(0)
		wantSysAdmin(t, "program", err)
		_, err = outer.Lookup(0)
		wantSysAdmin(t, "inner map", err)
		_, err = kconfigData(ebpf.MapID(inner), 4)
		wantSysAdmin(t, ".kconfig", err)
	})
}

func wantSysAdmin(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, os.ErrPermission) || err == nil || !strings.Contains(err.Error(), "CAP_SYS_ADMIN") {
		t.Errorf("%s: %v", what, err)
	}
}

// What this kernel says of wrong devices, descriptors and modes.
func TestRemediesOfDevices(t *testing.T) {
	needKernel(t)
	file, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	notThat := int(file.Fd())
	xdp := func(mode XDPMode) func(*hookRun) (AnyLink, error) {
		return func(r *hookRun) (AnyLink, error) {
			return load[XDP](r, r.spec(2)).Attach(loIndex, &XDPOptions{Mode: mode})
		}
	}
	for _, test := range []struct {
		name, section, since string
		want                 string // how the remedy starts
		attach               func(r *hookRun) (AnyLink, error)
	}{
		{"xdp, two modes", "xdp", "5.10", "the modes of XDP exclude each other", xdp(XDPDriver | XDPGeneric)},
		{"xdp, driver", "xdp", "5.10", "the driver of the interface has no XDP", xdp(XDPDriver)},
		{"xdp, offload", "xdp", "5.10", "only a device that can run BPF takes XDPOffload", xdp(XDPOffload)},
		{"xdp, busy", "xdp", "5.10", "another XDP program is on the interface", func(r *hookRun) (AnyLink, error) {
			p := load[XDP](r, r.spec(2))
			r.attached(p.Attach(loIndex, nil))
			return p.Attach(loIndex, nil)
		}},
		{"netkit, other device", "netkit/primary", "6.7", "the interface is no netkit device", func(r *hookRun) (AnyLink, error) {
			return load[Netkit](r, r.spec(0)).Attach(loIndex, nil)
		}},
		{"network namespace", "sk_lookup", "5.10", "the descriptor is not that of a network namespace", func(r *hookRun) (AnyLink, error) {
			return load[SkLookup](r, r.spec(1)).Attach(notThat)
		}},
		{"flow dissector", "flow_dissector", "5.10", "the descriptor is not that of a network namespace", func(r *hookRun) (AnyLink, error) {
			return load[FlowDissector](r, r.spec(0)).Attach(-1)
		}},
		{"perf event", "perf_event", "5.10", "the descriptor is not that of a perf event", func(r *hookRun) (AnyLink, error) {
			return load[PerfEvent](r, r.spec(0)).Attach(notThat, nil)
		}},
		{"cgroup, other mode", "cgroup/sock_create", "5.10", "the programs that ", func(r *hookRun) (AnyLink, error) {
			p, dir := load[CgroupSock](r, r.spec(1)), testCgroup(r)
			r.attached(p.Attach(dir, &CgroupOptions{Mode: CgroupOverride}))
			return load[CgroupSock](r, r.spec(1)).Attach(dir, nil)
		}},
		{"cgroup, closed from above", "cgroup/sock_create", "5.10", "the program of ", func(r *hookRun) (AnyLink, error) {
			p, dir := load[CgroupSock](r, r.spec(1)), testCgroup(r)
			below := dir + "/below"
			if err := os.Mkdir(below, 0o755); err != nil {
				r.Fatal(err)
			}
			r.Cleanup(func() { os.Remove(below) })
			r.attached(p.Attach(dir, &CgroupOptions{Mode: CgroupExclusive}))
			return load[CgroupSock](r, r.spec(1)).Attach(below, nil)
		}},
		{"tcx, revision", "tcx/ingress", "6.6", "the list of programs has changed since ExpectedRevision", func(r *hookRun) (AnyLink, error) {
			return load[TCX](r, r.spec(0)).Attach(loIndex, &TCOptions{ExpectedRevision: 77})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if runningKernel(t) < versionCode(t, test.since) {
				t.Skipf("needs Linux %s", test.since)
			}
			if test.section == "netkit/primary" && kernel.Lacks("CONFIG_NETKIT") {
				test.want = "this kernel is built without CONFIG_NETKIT"
			}
			isolate(t)
			l, err := test.attach(&hookRun{T: t, section: test.section})
			if err == nil {
				l.Close()
				t.Fatal("attached")
			}
			var attach *AttachError
			if !errors.As(err, &attach) || !strings.HasPrefix(attach.Remedy, test.want) {
				t.Errorf("%v\nwant a remedy that starts with %q", err, test.want)
			}
		})
	}
}

// Functions that cannot be probed, or have another name.
func TestRemediesOfFunctions(t *testing.T) {
	needKernel(t)
	if why := (hookTest{since: "5.10", not: noKprobes}).reason(t); why != "" {
		t.Skip(why)
	}
	r := &hookRun{T: t, section: "kprobe"}
	p := load[Kprobe](r, r.spec(0))
	for function, want := range map[string]string{
		"no_such_function": "this kernel has no such function, or has inlined it",
		"vfs_open+0x1":     "", // the library's second attempt, under another name, hides the cause
		"notify_die":       "", // may be probed or not: there is no guess
	} {
		l, err := p.AttachTo(function, nil)
		if err == nil {
			l.Close()
			continue
		}
		var attach *AttachError
		if !errors.As(err, &attach) || !strings.HasPrefix(attach.Remedy, want) {
			t.Errorf("%v\nwant a remedy that starts with %q", err, want)
		}
	}
	if l, err := p.AttachTo("do_int3", nil); err == nil {
		l.Close()
	} else if want := "this kernel does not let it be probed"; kernelsym.Forbidden("do_int3") && !strings.Contains(err.Error(), want) {
		t.Errorf("%v\nwant %s", err, want)
	}
}
