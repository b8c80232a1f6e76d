package typed

import (
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/typed/internal/probed"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/link"
	nl "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// hookTest proves one hook: load, attach, cause the event, see the program's
// count, close, and find nothing left behind.
type hookTest struct {
	// section is the SEC() of the program, and the name of the test. What
	// stands for a path is filled in by run.
	section string
	// since is the first kernel where the hook can be attached, by version and
	// by the configuration of Debian's kernels: "5.10".
	since string
	// not says for some kernels why the hook cannot be tried there, whatever
	// their version. The keys are those of BPFGEN_KERNEL, where "host" is the
	// machine itself, or a GOARCH.
	not map[string]string
	run func(*hookRun)
}

// What the machine that the tests are developed on does not have.
var (
	noKprobes     = map[string]string{"host": "the host's kernel is built without kprobes"}
	noTrampolines = map[string]string{"host": "a policy of the host forbids BPF trampolines (EPERM)"}
	// So are iterators whose programs may write into what they are given.
	noElemIterators = map[string]string{"host": "a policy of the host forbids iterators over the elements of maps (EPERM)"}

	noNetkit = map[string]string{"host": "the host's kernel is built without netkit"}
	// net/socket.c, do_sock_setsockopt: not in_compat_syscall().
	noCompatSockopt = map[string]string{"386": "a 64-bit kernel skips it for system calls of 32 bits"}
	noActBPF        = map[string]string{"host": "the host's kernel is built without act_bpf"}
)

var hookTests = []hookTest{
	{section: "kprobe/vfs_open", since: "5.10", not: noKprobes, run: func(r *hookRun) {
		p := load[Kprobe](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "kprobe/vfs_open+0x0", since: "5.10", not: noKprobes, run: func(r *hookRun) {
		p := load[Kprobe](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "kretprobe/vfs_open", since: "5.10", not: noKprobes, run: func(r *hookRun) {
		p := load[Kretprobe](r, r.spec(0))
		r.attached(p.Attach(&KretprobeOptions{MaxActive: 16, TraceFSPrefix: probePrefix}))
		r.fire(openFile)
	}},
	{section: "ksyscall/getpgid", since: "5.10", not: noKprobes, run: func(r *hookRun) {
		p := load[Ksyscall](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { syscall.Getpgid(0) })
	}},
	{section: "kretsyscall/getpgid", since: "5.10", not: noKprobes, run: func(r *hookRun) {
		p := load[Kretsyscall](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { syscall.Getpgid(0) })
	}},
	// Debian's 6.1 has no CONFIG_FPROBE.
	{section: "kprobe.multi/vfs_ope?", since: "6.12", not: noKprobes, run: func(r *hookRun) {
		p := load[KprobeMulti](r, r.spec(0))
		r.attached(p.Attach(&KprobeMultiOptions{Cookie: func(string) uint64 { return 7 }}))
		r.fire(openFile)
	}},
	{section: "kretprobe.multi/vfs_open", since: "6.12", not: noKprobes, run: func(r *hookRun) {
		p := load[KretprobeMulti](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "kprobe.session/vfs_open", since: "6.12", not: noKprobes, run: func(r *hookRun) {
		p := load[KprobeSession](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},

	{section: "uprobe", since: "5.10", run: func(r *hookRun) {
		path := probed.File(r)
		p := load[Uprobe](r, r.spec(0))
		r.attached(p.AttachTo(path, "fire", nil))
		r.fire(func() { runProbed(r, path) })
	}},
	{section: "uprobe/path:function", since: "5.10", run: func(r *hookRun) {
		path := probed.File(r)
		r.section = "uprobe/" + path + ":fire+0x0"
		p := load[Uprobe](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { runProbed(r, path) })
	}},
	{section: "uprobe.s", since: "6.1", run: func(r *hookRun) {
		path := probed.File(r)
		p := load[Uprobe](r, r.spec(0))
		r.attached(p.AttachOffset(path, probed.FireOffset, nil))
		r.fire(func() { runProbed(r, path) })
	}},
	{section: "uretprobe", since: "5.10", run: func(r *hookRun) {
		path := probed.File(r)
		p := load[Uretprobe](r, r.spec(0))
		r.attached(p.AttachTo(path, "fire", nil))
		r.fire(func() { runProbed(r, path) })
	}},
	{section: "uretprobe.s", since: "6.1", run: func(r *hookRun) {
		path := probed.File(r)
		p := load[Uretprobe](r, r.spec(0))
		r.attached(p.AttachTo(path, "fire", nil))
		r.fire(func() { runProbed(r, path) })
	}},
	{section: "uprobe.multi", since: "6.6", run: func(r *hookRun) {
		path := probed.File(r)
		r.section = "uprobe.multi/" + path + ":fire*"
		p := load[UprobeMulti](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { runProbed(r, path) })
		if n := r.hits(); n < 2 {
			r.Errorf("%d hits of two functions", n)
		}
	}},
	{section: "uretprobe.multi", since: "6.6", run: func(r *hookRun) {
		path := probed.File(r)
		p := load[UretprobeMulti](r, r.spec(0))
		r.attached(p.AttachSymbols(path, []string{"fire", "fire_again"}, nil))
		r.fire(func() { runProbed(r, path) })
	}},
	{section: "uprobe.session", since: "6.13", run: func(r *hookRun) {
		path := probed.File(r)
		p := load[UprobeSession](r, r.spec(0))
		r.attached(p.AttachTo(path, "fire", &UprobeMultiOptions{Cookie: func(string) uint64 { return 7 }}))
		r.fire(func() { runProbed(r, path) })
		if n := r.hits(); n < 2 {
			r.Errorf("%d hits of entry and return", n)
		}
	}},
	{section: "uprobe.multi.s", since: "6.6", run: func(r *hookRun) {
		path := probed.File(r)
		p := load[UprobeMulti](r, r.spec(0))
		r.attached(p.AttachTo(path, "fire*", nil))
		r.fire(func() { runProbed(r, path) })
	}},
	{section: "uretprobe.multi.s", since: "6.6", run: func(r *hookRun) {
		path := probed.File(r)
		p := load[UretprobeMulti](r, r.spec(0))
		r.attached(p.AttachTo(path, "fire*", nil))
		r.fire(func() { runProbed(r, path) })
	}},
	{section: "uprobe.session.s", since: "6.13", run: func(r *hookRun) {
		path := probed.File(r)
		p := load[UprobeSession](r, r.spec(0))
		r.attached(p.AttachSymbols(path, []string{"fire"}, nil))
		r.fire(func() { runProbed(r, path) })
	}},
	{section: "usdt", since: "5.10", run: testUSDT},
	{section: "usdt.s", since: "6.1", run: testUSDT},

	{section: "tracepoint/sched/sched_switch", since: "5.10", run: func(r *hookRun) {
		p := load[Tracepoint](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(pause)
	}},
	{section: "tp/sched/sched_switch", since: "5.10", run: func(r *hookRun) {
		p := load[Tracepoint](r, r.spec(0))
		r.attached(p.AttachTo("sched", "sched_wakeup", nil))
		r.fire(pause)
	}},
	{section: "raw_tracepoint/sched_switch", since: "5.10", run: func(r *hookRun) {
		p := load[RawTracepoint](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(pause)
	}},
	{section: "raw_tp/sched_switch", since: "5.10", run: func(r *hookRun) {
		p := load[RawTracepoint](r, r.spec(0))
		r.attached(p.AttachTo("sched_wakeup", nil))
		r.fire(pause)
	}},
	{section: "raw_tracepoint.w/bpf_test_finish", since: "5.10", run: func(r *hookRun) {
		p := load[RawTracepointWritable](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { runFilter(r) })
	}},
	{section: "raw_tp.w/bpf_test_finish", since: "5.10", run: func(r *hookRun) {
		p := load[RawTracepointWritable](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { runFilter(r) })
	}},
	{section: "tp_btf/sched_switch", since: "5.10", run: func(r *hookRun) {
		p := load[TPBTF](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(pause)
	}},

	// Sleepable tracepoints came with Linux 7.2.
	{section: "tracepoint.s/syscalls/sys_enter_openat", since: "7.2", run: func(r *hookRun) {
		p := load[Tracepoint](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "tp.s/syscalls/sys_enter_openat", since: "7.2", run: func(r *hookRun) {
		p := load[Tracepoint](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "raw_tracepoint.s/sys_enter", since: "7.2", run: func(r *hookRun) {
		p := load[RawTracepoint](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "raw_tp.s/sys_enter", since: "7.2", run: func(r *hookRun) {
		p := load[RawTracepoint](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "tp_btf.s/sys_enter", since: "7.2", run: func(r *hookRun) {
		p := load[TPBTF](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},

	{section: "fentry/vfs_open", since: "5.10", not: noTrampolines, run: func(r *hookRun) {
		p := load[Fentry](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "fentry", since: "5.10", not: noTrampolines, run: func(r *hookRun) {
		spec := r.spec(0)
		(&programSpec{spec: spec, kind: &kindFentry, state: new(programState)}).setTarget("vfs_open")
		p := load[Fentry](r, spec)
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "fexit/vfs_open", since: "5.10", not: noTrampolines, run: func(r *hookRun) {
		p := load[Fexit](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "fmod_ret/security_file_open", since: "5.10", not: noTrampolines, run: func(r *hookRun) {
		p := load[FmodRet](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "freplace", since: "5.10", not: noTrampolines, run: testFreplace},
	{section: "lsm/file_open", since: "5.10", not: noTrampolines, run: func(r *hookRun) {
		p := load[LSM](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "lsm.s/file_open", since: "6.1", not: noTrampolines, run: func(r *hookRun) {
		p := load[LSM](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "lsm_cgroup/socket_bind", since: "6.1", not: noTrampolines, run: func(r *hookRun) {
		inGroup(r, load[LSMCgroup](r, r.spec(1)).Attach)
	}},
	{section: "fsession/vfs_open", since: "7.0", not: noTrampolines, run: func(r *hookRun) {
		p := load[Fsession](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
		if n := r.hits(); n < 2 {
			r.Errorf("%d hits of entry and return", n)
		}
	}},
	{section: "fsession.s", since: "7.0", not: noTrampolines, run: func(r *hookRun) {
		spec := r.spec(0)
		(&programSpec{spec: spec, kind: &kindFsession, state: new(programState)}).setTarget("__x64_sys_getpgid")
		p := load[Fsession](r, spec)
		r.attached(p.Attach(nil))
		r.fire(func() { syscall.Getpgid(0) })
	}},
	{section: "fentry.multi/vfs_ope?", since: "7.2", not: noTrampolines, run: func(r *hookRun) {
		p := load[FentryMulti](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "fexit.multi/vfs_ope?", since: "7.2", not: noTrampolines, run: func(r *hookRun) {
		p := load[FexitMulti](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},
	{section: "fsession.multi/vfs_ope?", since: "7.2", not: noTrampolines, run: func(r *hookRun) {
		p := load[FsessionMulti](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(openFile)
	}},

	// Debian's kernels let programs sleep in few functions: error injection is
	// not configured. bpf_fentry_test1 is one since Linux 6.3.
	{section: "fentry.s/bpf_fentry_test1", since: "6.3", not: noTrampolines, run: func(r *hookRun) {
		p := load[Fentry](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { callFentryTests(r) })
	}},
	{section: "fexit.s/bpf_fentry_test1", since: "6.3", not: noTrampolines, run: func(r *hookRun) {
		p := load[Fexit](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { callFentryTests(r) })
	}},
	{section: "fmod_ret.s/bpf_fentry_test1", since: "6.3", not: noTrampolines, run: func(r *hookRun) {
		p := load[FmodRet](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { callFentryTests(r) })
	}},
	{section: "fentry.multi.s/bpf_fentry_test1", since: "7.2", not: noTrampolines, run: func(r *hookRun) {
		p := load[FentryMulti](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { callFentryTests(r) })
	}},
	{section: "fexit.multi.s/bpf_fentry_test1", since: "7.2", not: noTrampolines, run: func(r *hookRun) {
		p := load[FexitMulti](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { callFentryTests(r) })
	}},
	{section: "fsession.multi.s/bpf_fentry_test1", since: "7.2", not: noTrampolines, run: func(r *hookRun) {
		p := load[FsessionMulti](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { callFentryTests(r) })
	}},

	{section: "iter/task", since: "5.10", run: func(r *hookRun) {
		p := load[Iter](r, r.spec(0))
		r.attached(p.Attach(nil))
		r.fire(func() { readIter(r, p, nil) })
	}},
	{section: "iter.s/task", since: "6.1", run: func(r *hookRun) {
		p := load[Iter](r, r.spec(0))
		r.attached(p.Attach(&IterOptions{PID: os.Getpid()}))
		r.fire(func() { readIter(r, p, &IterOptions{PID: os.Getpid()}) })
	}},
	{section: "iter/bpf_map_elem", since: "5.10", not: noElemIterators, run: func(r *hookRun) {
		p := load[Iter](r, r.spec(0))
		m := new(ArrayMap[uint32, uint64])
		BindMap(r.coll, m, hitsName)
		o := &IterOptions{Map: m}
		r.attached(p.Attach(o))
		r.fire(func() { readIter(r, p, o) })
	}},
	{section: "iter/cgroup", since: "6.1", run: func(r *hookRun) {
		p := load[Iter](r, r.spec(0))
		o := &IterOptions{Cgroup: testCgroup(r), Order: CgroupSelfOnly}
		r.attached(p.Attach(o))
		r.fire(func() { readIter(r, p, o) })
	}},

	{section: "xdp", since: "5.10", run: func(r *hookRun) {
		p := load[XDP](r, r.spec(int32(XDPPass)))
		r.attached(p.Attach(loIndex, &XDPOptions{Mode: XDPGeneric}))
		r.fire(func() { sendUDP(r, "127.0.0.1:9") })
	}},
	{section: "xdp.frags", since: "6.1", run: func(r *hookRun) {
		p := load[XDP](r, r.spec(int32(XDPPass)))
		r.attached(p.Attach(loIndex, nil))
		r.fire(func() { sendUDP(r, "127.0.0.1:9") })
	}},
	{section: "xdp/devmap", since: "5.10", run: testDevMap},
	{section: "xdp/cpumap", since: "5.10", run: testCPUMap},
	{section: "xdp.frags/devmap", since: "6.1", run: testDevMap},
	{section: "xdp.frags/cpumap", since: "6.1", run: testCPUMap},

	{section: "tc", since: "5.10", run: func(r *hookRun) {
		p := load[TC](r, r.spec(0))
		r.attached(p.AttachEgress(loIndex, nil))
		r.fire(func() { sendUDP(r, "127.0.0.1:9") })
	}},
	{section: "classifier", since: "5.10", run: func(r *hookRun) {
		p := load[TC](r, r.spec(0))
		r.attached(p.AttachIngress(loIndex, &TCOptions{Via: ClsactOnly}))
		r.fire(func() { sendUDP(r, "127.0.0.1:9") })
	}},
	{section: "tc/ingress", since: "5.10", run: func(r *hookRun) {
		p := load[TCX](r, r.spec(0))
		r.attached(p.Attach(loIndex, nil))
		r.fire(func() { sendUDP(r, "127.0.0.1:9") })
	}},
	{section: "tc/egress", since: "5.10", run: func(r *hookRun) {
		p := load[TCX](r, r.spec(0))
		r.attached(p.Attach(loIndex, &TCOptions{Via: ClsactOnly, Priority: 3, Handle: 4}))
		r.fire(func() { sendUDP(r, "127.0.0.1:9") })
	}},
	{section: "tcx/ingress", since: "6.6", run: func(r *hookRun) {
		p := load[TCX](r, r.spec(0))
		r.attached(p.Attach(loIndex, &TCOptions{Anchor: AtHead()}))
		r.fire(func() { sendUDP(r, "127.0.0.1:9") })
	}},
	{section: "tcx/egress", since: "6.6", run: func(r *hookRun) {
		p := load[TCX](r, r.spec(0))
		r.attached(p.Attach(loIndex, nil))
		r.fire(func() { sendUDP(r, "127.0.0.1:9") })
	}},
	{section: "action", since: "5.10", not: noActBPF, run: func(r *hookRun) {
		p := load[SchedAct](r, r.spec(0))
		r.attached(p.AttachIngress(loIndex, nil))
		r.fire(func() { sendUDP(r, "127.0.0.1:9") })
	}},
	{section: "netkit/primary", since: "6.7", not: noNetkit, run: testNetkit},
	{section: "netkit/peer", since: "6.7", not: noNetkit, run: testNetkit},
	{section: "netfilter", since: "6.4", run: func(r *hookRun) {
		p := load[Netfilter](r, r.spec(1)) // NF_ACCEPT
		r.attached(p.Attach(link.NetfilterProtoIPv4, link.NetfilterInetLocalOut, &NetfilterOptions{Priority: -5}))
		r.fire(func() { sendUDP(r, "127.0.0.1:9") })
	}},
	{section: "sk_lookup", since: "5.10", run: func(r *hookRun) {
		p := load[SkLookup](r, r.spec(1)) // SK_PASS
		r.attached(p.Attach(ownNetNS(r)))
		r.fire(func() { sendUDP(r, "127.0.0.1:9") })
	}},
	{section: "flow_dissector", since: "5.10", run: func(r *hookRun) {
		p := load[FlowDissector](r, r.spec(0))
		r.attached(p.Attach(ownNetNS(r)))
		hashPackets(r)
		r.fire(func() { sendUDP(r, "127.0.0.1:9") })
	}},
	{section: "lwt_out", since: "5.10", run: func(r *hookRun) {
		p := load[LWTOut](r, r.spec(0))
		r.attached(p.Attach("10.99.0.0/16", loIndex, nil))
		r.fire(func() { sendUDP(r, "10.99.0.1:9") })
	}},
	{section: "lwt_xmit", since: "5.10", run: func(r *hookRun) {
		p := load[LWTXmit](r, r.spec(0))
		r.attached(p.Attach("10.99.0.0/16", loIndex, &LWTOptions{Headroom: 16}))
		r.fire(func() { sendUDP(r, "10.99.0.1:9") })
	}},
	{section: "lwt_in", since: "5.10", run: testLWTIn},
	{section: "lwt_seg6local", since: "5.10", run: testSeg6Local},

	{section: "cgroup_skb/ingress", since: "5.10", run: func(r *hookRun) {
		inGroup(r, load[CgroupSKB](r, r.spec(1)).Attach)
	}},
	{section: "cgroup_skb/egress", since: "5.10", run: func(r *hookRun) {
		inGroup(r, load[CgroupSKB](r, r.spec(1)).Attach)
	}},
	{section: "cgroup/skb", since: "5.10", run: func(r *hookRun) {
		inGroup(r, load[CgroupSKBAny](r, r.spec(1)).AttachEgress)
	}},
	{section: "sockops", since: "5.10", run: func(r *hookRun) {
		inGroup(r, load[SockOps](r, r.spec(1)).Attach)
	}},
	{section: "cgroup/dev", since: "5.10", run: func(r *hookRun) {
		inGroup(r, load[CgroupDevice](r, r.spec(1)).Attach)
	}},
	{section: "cgroup/sysctl", since: "5.10", run: func(r *hookRun) {
		inGroup(r, load[CgroupSysctl](r, r.spec(1)).Attach)
	}},
	{section: "cgroup/getsockopt", since: "5.10", not: noCompatSockopt, run: func(r *hookRun) {
		inGroup(r, load[CgroupSockopt](r, r.spec(1)).Attach)
	}},
	{section: "cgroup/setsockopt", since: "5.10", not: noCompatSockopt, run: func(r *hookRun) {
		inGroup(r, load[CgroupSockopt](r, r.spec(1)).Attach)
	}},
	sockHook("cgroup/sock", "5.10"),
	sockHook("cgroup/sock_create", "5.10"),
	sockHook("cgroup/sock_release", "5.10"),
	sockHook("cgroup/post_bind4", "5.10"),
	sockHook("cgroup/post_bind6", "5.10"),
	addrHook("cgroup/bind4", "5.10"),
	addrHook("cgroup/bind6", "5.10"),
	addrHook("cgroup/connect4", "5.10"),
	addrHook("cgroup/connect6", "5.10"),
	addrHook("cgroup/connect_unix", "6.7"),
	addrHook("cgroup/sendmsg4", "5.10"),
	addrHook("cgroup/sendmsg6", "5.10"),
	addrHook("cgroup/sendmsg_unix", "6.7"),
	addrHook("cgroup/recvmsg4", "5.10"),
	addrHook("cgroup/recvmsg6", "5.10"),
	addrHook("cgroup/recvmsg_unix", "6.7"),
	addrHook("cgroup/getpeername4", "5.10"),
	addrHook("cgroup/getpeername6", "5.10"),
	addrHook("cgroup/getpeername_unix", "6.7"),
	addrHook("cgroup/getsockname4", "5.10"),
	addrHook("cgroup/getsockname6", "5.10"),
	addrHook("cgroup/getsockname_unix", "6.7"),

	{section: "socket", since: "5.10", run: func(r *hookRun) {
		p := load[SocketFilter](r, r.spec(0xffff))
		c := listenUDP(r)
		r.attached(p.Attach(c))
		r.fire(func() { sendUDP(r, c.LocalAddr().String()) })
	}},
	{section: "sk_reuseport", since: "5.10", run: testReuseport},
	{section: "sk_reuseport/migrate", since: "6.1", run: testReuseport},
	{section: "sk_msg", since: "5.10", run: func(r *hookRun) {
		p := load[SkMsg](r, r.spec(1), sockMap)
		r.attached(p.Attach(r.sockMap()))
		client, _ := r.sockPair()
		r.fire(func() { client.Write([]byte("message")) })
	}},
	{section: "sk_skb/stream_verdict", since: "5.10", run: func(r *hookRun) {
		p := load[SkSKB](r, r.spec(1), sockMap)
		r.attached(p.Attach(r.sockMap()))
		_, server := r.sockPair()
		r.fire(func() { server.Write([]byte("message")) })
	}},
	{section: "sk_skb/stream_parser", since: "5.10", run: testParser},
	{section: "sk_skb/verdict", since: "6.1", run: func(r *hookRun) {
		p := load[SkSKB](r, r.spec(1), sockMap)
		r.attached(p.Attach(r.sockMap()))
		_, server := r.sockPair()
		r.fire(func() { server.Write([]byte("message")) })
	}},
	{section: "sk_skb", since: "5.10", run: func(r *hookRun) {
		p := load[SkSKBAny](r, r.spec(1), sockMap)
		r.attached(p.AttachStreamVerdict(r.sockMap()))
		_, server := r.sockPair()
		r.fire(func() { server.Write([]byte("message")) })
	}},
	{section: "perf_event", since: "5.10", run: testPerfEvent},
	{section: "lirc_mode2", since: "5.10", not: noLirc, run: nil},
	{section: "syscall", since: "6.1", run: func(r *hookRun) {
		p := load[Syscall](r, r.spec(7))
		r.result.attached = true // there is nothing to attach
		r.fire(func() {
			if ret, err := p.Run(nil, nil); err != nil || ret != 7 {
				r.Fatalf("run: %d, %v", ret, err)
			}
		})
	}},
	{section: "struct_ops", since: "6.4", run: testStructOps},
	{section: "struct_ops.s", since: "6.3", run: testSleepableStructOps},
}

var noLirc = everywhere("the kernels at hand have no infrared receivers")

// everywhere is a reason that no kernel changes.
func everywhere(reason string) map[string]string { return map[string]string{"": reason} }

// loIndex is the index of lo in every network namespace
// (include/net/net_namespace.h, LOOPBACK_IFINDEX).
const loIndex = 1

func sockHook(section, since string) hookTest {
	return hookTest{section: section, since: since, run: func(r *hookRun) {
		inGroup(r, load[CgroupSock](r, r.spec(1)).Attach)
	}}
}

func addrHook(section, since string) hookTest {
	return hookTest{section: section, since: since, run: func(r *hookRun) {
		inGroup(r, load[CgroupSockAddr](r, r.spec(1)).Attach)
	}}
}

// inGroup attaches to a cgroup and has a process exercise in it.
func inGroup[L AnyLink](r *hookRun, attach func(string, *CgroupOptions) (L, error)) {
	dir := testCgroup(r)
	r.attached(attach(dir, nil))
	r.fire(inCgroup(r, dir))
}

// sectionsWithoutTest are prefixes that no hookTest is for, and why.
var sectionsWithoutTest = map[string]string{}

// Every section of libbpf's is tried in a kernel, or there is a reason.
func TestEverySectionIsTried(t *testing.T) {
	tried := make(map[string]bool)
	for _, test := range hookTests {
		def, ok := sectionDef(test.section)
		if !ok {
			t.Errorf("SEC(%q) is none of libbpf's", test.section)
		}
		tried[def.Prefix] = true
	}
	for _, def := range btfparse.SectionDefs() {
		reason := sectionsWithoutTest[def.Prefix]
		if tried[def.Prefix] == (reason != "") {
			t.Errorf("SEC(%q): tried: %v, reason not to: %q", def.Prefix, tried[def.Prefix], reason)
		}
	}
}

func TestHooks(t *testing.T) {
	needKernel(t)
	for _, test := range hookTests {
		t.Run(test.section, func(t *testing.T) {
			r := &hookRun{T: t, section: test.section}
			// .ci/kernels makes its table of these lines.
			defer func() { t.Logf("HOOK %s %v", test.section, r.result) }()
			if r.result.reason = test.reason(t); r.result.reason != "" {
				return
			}
			isolate(t)
			before := takeFootprint(t)
			test.run(r)
			r.finish(before)
		})
	}
}

// reason is why the hook cannot be tried on this kernel, by the table alone:
// that it fails is never a reason.
func (h hookTest) reason(t *testing.T) string {
	kernel := os.Getenv("BPFGEN_KERNEL")
	if kernel == "" {
		kernel = "host"
	}
	for _, k := range []string{"", kernel, runtime.GOARCH} {
		if why := h.not[k]; why != "" {
			return why
		}
	}
	if runningKernel(t) < versionCode(t, h.since) {
		return "needs Linux " + h.since
	}
	return ""
}

// runningKernel is major<<8 | minor.
func runningKernel(t *testing.T) uint32 {
	t.Helper()
	code, err := features.LinuxVersionCode()
	if err != nil {
		t.Fatal(err)
	}
	return code >> 8
}

func versionCode(t *testing.T, version string) uint32 {
	t.Helper()
	major, minor, _ := strings.Cut(version, ".")
	a, err := strconv.Atoi(major)
	if err != nil {
		t.Fatal(err)
	}
	b, err := strconv.Atoi(minor)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(a<<8 | b)
}

// The events.

func openFile() {
	if f, err := os.Open("/dev/null"); err == nil {
		f.Close()
	}
}

func pause() { time.Sleep(time.Millisecond) }

// runFilter runs a program in the kernel's test run, which ends in the
// tracepoint bpf_test_finish.
func runFilter(r *hookRun) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SocketFilter, License: "GPL", Instructions: asm.Instructions{
		asm.Mov.Imm(asm.R0, 0), asm.Return(),
	}})
	if err != nil {
		r.Fatal(err)
	}
	defer p.Close()
	if _, _, err := p.Test(make([]byte, 14)); err != nil {
		r.Fatal(err)
	}
}

// callFentryTests has the kernel call bpf_fentry_test1 to 9, by the test run of
// a program that is attached to none of them.
func callFentryTests(r *hookRun) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Tracing, AttachType: ebpf.AttachTraceFEntry, AttachTo: "bpf_fentry_test2", License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		r.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Run(&ebpf.RunOptions{}); err != nil {
		r.Fatal(err)
	}
}

func readIter(r *hookRun, p *Iter, opts *IterOptions) {
	reader, err := p.Open(opts)
	if err != nil {
		r.Fatal(err)
	}
	if _, err := io.ReadAll(reader); err != nil {
		r.Error(err)
	}
	if err := reader.Close(); err != nil {
		r.Error(err)
	}
}

func ownNetNS(r *hookRun) int {
	f, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { f.Close() })
	return int(f.Fd())
}

// hashPackets makes the kernel dissect every packet of lo: a fanout group of
// packet sockets shares them out by their hash.
func hashPackets(r *hookRun) {
	const all = unix.ETH_P_ALL>>8 | unix.ETH_P_ALL<<8&0xff00
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: loIndex}); err != nil {
		r.Fatal(err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_FANOUT, 1|unix.PACKET_FANOUT_HASH<<16); err != nil {
		r.Fatal(err)
	}
}

func listenUDP(r *hookRun) *net.UDPConn {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { c.Close() })
	return c
}

func testReuseport(r *hookRun) {
	p := load[SkReuseport](r, r.spec(1))
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		return err
	}}
	address := "127.0.0.1:0"
	var first *net.UDPConn
	for range 2 {
		c, err := config.ListenPacket(r.Context(), "udp4", address)
		if err != nil {
			r.Fatal(err)
		}
		r.Cleanup(func() { c.Close() })
		if first == nil {
			first = c.(*net.UDPConn)
			address = c.LocalAddr().String()
		}
	}
	r.attached(p.Attach(first))
	r.fire(func() { sendUDP(r, address) })
}

var sockMap = &ebpf.MapSpec{Name: "socks", Type: ebpf.SockMap, KeySize: 4, ValueSize: 4, MaxEntries: 2}

func (r *hookRun) sockMap() *SockMap[uint32] {
	m := new(SockMap[uint32])
	BindMap(r.coll, m, "socks")
	return m
}

// sockPair is a TCP connection, of which the client is in the socket map.
func (r *hookRun) sockPair() (client, server net.Conn) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		r.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp4", l.Addr().String()); err != nil {
		r.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { client.Close(); server.Close() })
	raw, err := client.(*net.TCPConn).SyscallConn()
	if err != nil {
		r.Fatal(err)
	}
	var put error
	raw.Control(func(fd uintptr) { put = r.sockMap().Put(0, int(fd)) })
	if put != nil {
		r.Fatal(put)
	}
	return client, server
}

// testParser attaches a parser and, because the kernel calls none without, a
// verdict.
func testParser(r *hookRun) {
	parser := r.spec(0)
	parser.Instructions = append(asm.Instructions{
		asm.LoadMem(asm.R6, asm.R1, 0, asm.Word), // __sk_buff.len
	}, parser.Instructions...)
	out := len(parser.Instructions) - 2
	parser.Instructions[out] = asm.Mov.Reg(asm.R0, asm.R6).WithSymbol("out")
	verdict := sectionSpec(r.T, "sk_skb/stream_verdict", asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()})
	verdict.Name = "verdict"
	p := loadWith[SkSKB](r, map[string]*ebpf.ProgramSpec{progName: parser, "verdict": verdict}, sockMap)
	var v *SkSKB
	bindProgram(r.coll, &v, "verdict")
	r.attached(p.Attach(r.sockMap()))
	if err := r.coll.Links.Add(v.Attach(r.sockMap())); err != nil {
		r.Fatal(err)
	}
	_, server := r.sockPair()
	r.fire(func() { server.Write([]byte("message")) })
}

func testPerfEvent(r *hookRun) {
	p := load[PerfEvent](r, r.spec(0))
	fd, err := unix.PerfEventOpen(&unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK,
		Sample: 1_000_000, Bits: unix.PerfBitDisabled, // every millisecond
	}, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		r.Fatal(err)
	}
	r.attached(p.Attach(fd, nil))
	r.fire(func() {
		for end := time.Now().Add(5 * time.Millisecond); time.Now().Before(end); {
			runtime.KeepAlive(end)
		}
	})
	if err := r.link.Close(); err != nil {
		r.Error(err)
	}
	unix.Close(fd)
}

func testDevMap(r *hookRun) {
	testRedirect[XDPDevMap](r, &ebpf.MapSpec{Name: "slots", Type: ebpf.DevMap, KeySize: 4, ValueSize: 8, MaxEntries: 1}, loIndex)
}

func testCPUMap(r *hookRun) {
	const queue = 192
	testRedirect[XDPCPUMap](r, &ebpf.MapSpec{Name: "slots", Type: ebpf.CPUMap, KeySize: 4, ValueSize: 8, MaxEntries: 1}, queue)
}

// testRedirect puts the program into the only slot of a map, and redirects the
// packets of lo through it with another. The first half of the slot's value is
// first.
func testRedirect[P any, H programHandleOf[P]](r *hookRun, slots *ebpf.MapSpec, first uint32) {
	// Programs that share a map of programs all have frags, or none has.
	section, _ := splitSection(r.section)
	redirect := sectionSpec(r.T, section, asm.Instructions{
		asm.LoadMapPtr(asm.R1, 0).WithReference(slots.Name),
		asm.Mov.Imm(asm.R2, 0),
		asm.Mov.Imm(asm.R3, 0),
		asm.FnRedirectMap.Call(),
		asm.Return(),
	})
	redirect.Name = "redirect"
	p := H(loadWith[P, H](r, map[string]*ebpf.ProgramSpec{progName: r.spec(int32(XDPDrop)), "redirect": redirect}, slots))
	value := []uint32{first, uint32(p.base().fd())}
	if err := r.coll.Library.Maps[slots.Name].Put(uint32(0), value); err != nil {
		r.Fatal(err)
	}
	r.result.attached = true
	if runningKernel(r.T) < 5<<8|15 {
		r.result.reason = "only drivers run it before Linux 5.15"
		return
	}
	var x *XDP
	bindProgram(r.coll, &x, "redirect")
	if err := r.coll.Links.Add(x.Attach(loIndex, &XDPOptions{Mode: XDPGeneric})); err != nil {
		r.Fatal(err)
	}
	r.fire(func() { sendUDP(r, "127.0.0.1:9") })
}

func testNetkit(r *hookRun) {
	device := netkitPair(r)
	p := load[Netkit](r, r.spec(0)) // NETKIT_PASS
	r.attached(p.Attach(device, nil))
	r.fire(func() { sendNetkit(r) })
}

// netkitPair makes a pair of netkit devices and gives the index of the primary
// one.
func netkitPair(r *hookRun) int {
	side := &nl.Netkit{LinkAttrs: nl.LinkAttrs{Name: "nk0"}, Mode: nl.NETKIT_MODE_L3, Policy: nl.NETKIT_POLICY_FORWARD, PeerPolicy: nl.NETKIT_POLICY_FORWARD}
	side.SetPeerAttrs(&nl.LinkAttrs{Name: "nk1"})
	addDevice(r, side, "nk0", "10.98.0.1/24")
	addDevice(r, nil, "nk1", "10.97.0.1/24")
	return ifindex(r, "nk0")
}

// sendNetkit sends by both sides.
func sendNetkit(r *hookRun) {
	sendUDP(r, "10.98.0.2:9")
	sendUDP(r, "10.97.0.2:9")
}

func addDevice(r *hookRun, device nl.Link, name, address string) {
	r.Helper()
	if device != nil {
		if err := nl.LinkAdd(device); err != nil {
			r.Fatal(err)
		}
	}
	l, err := nl.LinkByName(name)
	if err != nil {
		r.Fatal(err)
	}
	a, err := nl.ParseAddr(address)
	if err != nil {
		r.Fatal(err)
	}
	if err := nl.AddrAdd(l, a); err != nil {
		r.Fatal(err)
	}
	if err := nl.LinkSetUp(l); err != nil {
		r.Fatal(err)
	}
}

func ifindex(r *hookRun, name string) int {
	r.Helper()
	l, err := nl.LinkByName(name)
	if err != nil {
		r.Fatal(err)
	}
	return l.Attrs().Index
}

// testFreplace replaces a function of an XDP program, which is run for it.
func testFreplace(r *hookRun) {
	intType := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	function := func(name string) *btf.Func {
		return &btf.Func{Name: name, Linkage: btf.GlobalFunc, Type: &btf.FuncProto{
			Return: intType, Params: []btf.FuncParam{{Name: "x", Type: intType}},
		}}
	}
	main := &btf.Func{Name: "main", Linkage: btf.GlobalFunc, Type: &btf.FuncProto{
		Return: intType, Params: []btf.FuncParam{{Name: "ctx", Type: &btf.Pointer{Target: &btf.Void{}}}},
	}}
	target, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "target", Type: ebpf.XDP, License: "GPL", Instructions: asm.Instructions{
		btf.WithFuncMetadata(asm.Mov.Imm(asm.R1, 1).WithSymbol("main"), main),
		asm.Call.Label("replaced"),
		asm.Return(),
		btf.WithFuncMetadata(asm.Mov.Imm(asm.R0, 1).WithSymbol("replaced"), function("replaced")),
		asm.Return(),
	}})
	if err != nil {
		r.Fatalf("%+v", err)
	}
	handle := new(XDP)
	handle.common.life = newProgramLife(target)
	r.Cleanup(func() { handle.Close() })
	spec := r.spec(2)
	spec.Instructions[0] = btf.WithFuncMetadata(spec.Instructions[0].WithSymbol(progName), function(progName))
	cs := testSpec(map[string]*ebpf.ProgramSpec{progName: spec})
	var ps *ProgramSpec[Freplace]
	bindProgramSpec(cs, &ps, progName)
	ps.SetTargetProgram(handle, "replaced")
	r.coll, err = cs.Load(nil)
	if err != nil {
		r.Fatalf("%+v", err)
	}
	r.Cleanup(func() { r.coll.Close() })
	r.result.loaded = true
	var p *Freplace
	bindProgram(r.coll, &p, progName)
	r.attached(p.Attach())
	r.fire(func() {
		if ret, _, err := target.Test(make([]byte, 64)); err != nil || ret != 2 {
			r.Errorf("run: %d, %v", ret, err)
		}
	})
	// The target that it was loaded for serves once; from then on it is named.
	must(r, r.link.Close())
	for _, to := range []LoadedProgram{handle, target} {
		l, err := p.AttachTo(to, "replaced")
		must(r, err)
		must(r, l.Close())
	}
}

// testUSDT attaches to the probe of the executable, and looks at what the
// program is told of its arguments.
func testUSDT(r *hookRun) {
	path := probed.File(r)
	r.section += "/" + path + ":test:fired"
	specs := &ebpf.MapSpec{Name: usdtSpecsMap, Type: ebpf.Array, KeySize: 4, ValueSize: 208, MaxEntries: 2}
	ips := &ebpf.MapSpec{Name: usdtIPsMap, Type: ebpf.Hash, KeySize: 8, ValueSize: 4, MaxEntries: 2}
	p := load[USDT](r, r.spec(0), specs, ips)
	r.attached(p.Attach(&USDTOptions{Cookie: 99}))
	r.fire(func() {
		if code := runProbed(r, path); code != 1 {
			r.Errorf("the semaphore says %d, one is attached", code)
		}
	})
	got, err := r.coll.Library.Maps[usdtSpecsMap].LookupBytes(uint32(0))
	if err != nil {
		r.Fatal(err)
	}
	if n, cookie := got[200], got[192]; n != 2 || cookie != 99 {
		r.Errorf("spec: %d arguments, cookie %d", n, cookie)
	}
}

// testLWTIn sends a packet into one end of a pair of devices, which at the
// other end takes the route with the program.
func testLWTIn(r *hookRun) {
	p := load[LWTIn](r, r.spec(2)) // BPF_DROP: a packet that waits for a neighbour would keep the route
	send := routedPair(r)
	r.attached(p.Attach("10.99.0.0/16", ifindex(r, "v1"), nil))
	r.fire(func() {
		send(unix.ETH_P_IP, []byte{
			0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0x66, 0x0c, // version, length, TTL, UDP, checksum
			10, 96, 0, 2, 10, 99, 0, 1,
			0, 9, 0, 9, 0, 8, 0, 0,
		})
	})
}

// testSeg6Local is testLWTIn with a segment routing header.
func testSeg6Local(r *hookRun) {
	p := load[LWTSeg6Local](r, r.spec(0)) // BPF_OK
	send := routedPair(r)
	r.attached(p.Attach("fc00:99::1/128", ifindex(r, "v1"), nil))
	here, there := net.ParseIP("fc00:99::1"), net.ParseIP("fc00:99::2")
	packet := []byte{0x60, 0, 0, 0, 0, 48, 43, 64} // version, length, routing header, hop limit
	packet = append(packet, net.ParseIP("fc00:96::2")...)
	packet = append(packet, here...)
	packet = append(packet, 17, 4, 4, 1, 1, 0, 0, 0) // UDP, 4*8 bytes more, SRH, segments left, last entry
	packet = append(packet, there...)
	packet = append(packet, here...)
	packet = append(packet, 0, 9, 0, 9, 0, 8, 0, 0)
	r.fire(func() { send(unix.ETH_P_IPV6, packet) })
}

// routedPair makes the devices v0 and v1 and a router of the namespace, and
// gives a function that sends a packet into v0.
func routedPair(r *hookRun) (send func(protocol uint16, packet []byte)) {
	addDevice(r, &nl.Veth{LinkAttrs: nl.LinkAttrs{Name: "v0"}, PeerName: "v1"}, "v0", "10.95.0.1/24")
	addDevice(r, nil, "v1", "10.96.0.1/24")
	for _, name := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv6/conf/v1/seg6_enabled"} {
		if err := os.WriteFile("/proc/sys/net/"+name, []byte("1"), 0); err != nil {
			r.Fatal(err)
		}
	}
	for _, name := range []string{"all", "v1"} {
		if err := os.WriteFile("/proc/sys/net/ipv4/conf/"+name+"/rp_filter", []byte("0"), 0); err != nil {
			r.Fatal(err)
		}
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { unix.Close(fd) })
	peer, err := nl.LinkByName("v1")
	if err != nil {
		r.Fatal(err)
	}
	to := &unix.SockaddrLinklayer{Ifindex: ifindex(r, "v0")}
	return func(protocol uint16, packet []byte) {
		frame := append([]byte{}, peer.Attrs().HardwareAddr...)
		frame = append(frame, 2, 0, 0, 0, 0, 1, byte(protocol>>8), byte(protocol))
		if err := unix.Sendto(fd, append(frame, packet...), 0, to); err != nil {
			r.Fatal(err)
		}
	}
}

// testStructOps makes a congestion control for TCP of an object of package
// golden, in which one function counts.
func testStructOps(r *hookRun) {
	loadStructOps(r)
	if need, err := r.coll.AttachAll(); err != nil || len(need) > 0 {
		r.Fatal(need, err)
	}
	links := r.coll.Links.named("golden")
	if len(links) != 1 {
		r.Fatalf("%d links", len(links))
	}
	r.result.attached = true
	r.fire(func() { talkTCP(r, "bpf_golden") })
}

func loadStructOps(r *hookRun) {
	r.Helper()
	object, err := os.Open("../golden/struct-ops/structops_bpfel.o")
	if err != nil {
		r.Fatal(err)
	}
	defer object.Close()
	cs, err := Open("structops", object, "")
	if err != nil {
		r.Fatal(err)
	}
	cs.Spec.Maps[hitsName] = testSpec(nil).Spec.Maps[hitsName]
	cs.Spec.Programs["cong_avoid"].Instructions = countHit(0)
	cs.Spec.Programs["undo_cwnd"].Flags &^= progSleepable // TCP does not let it sleep
	var ssthresh *ProgramSpec[StructOpsProgram]
	bindProgramSpec(cs, &ssthresh, "ssthresh")
	if err := cs.Err(); err != nil {
		r.Fatal(err)
	}
	if r.coll, err = cs.Load(nil); err != nil {
		r.Fatalf("%+v", err)
	}
	r.Cleanup(func() { r.coll.Close() })
	r.result.loaded = true
}

// testSleepableStructOps runs a function of bpf_dummy_ops, which the kernel has
// for tests: TCP's functions may not sleep, and it cannot be attached.
func testSleepableStructOps(r *hookRun) {
	spec := r.spec(0)
	spec.AttachTo = "bpf_dummy_ops:test_sleepable"
	spec.Instructions = asm.Instructions{asm.Mov.Imm(asm.R0, 7), asm.Return()} // it may call no helper
	p := load[StructOpsProgram](r, spec)
	state := new(int32) // struct bpf_dummy_ops_state, the function's argument
	ret, err := p.Program().Run(&ebpf.RunOptions{Context: uint64(uintptr(unsafe.Pointer(state)))})
	if err != nil || ret != 7 {
		r.Fatalf("run: %d, %v", ret, err)
	}
	runtime.KeepAlive(state)
	r.result.attached, r.result.fired = true, true
}

// talkTCP sends something over a connection with a congestion control.
func talkTCP(r *hookRun, congestion string) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		r.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			defer c.Close()
			io.Copy(io.Discard, c)
		}
	}()
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		c.Control(func(fd uintptr) {
			err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, congestion)
		})
		return err
	}}
	c, err := dialer.Dial("tcp4", l.Addr().String())
	if err != nil {
		r.Fatal(err)
	}
	defer c.Close()
	c.Write(make([]byte, 1<<20))
}
