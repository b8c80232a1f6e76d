// Package bpfuse lists the kinds of programs for which kernels have lists of
// allowed helpers and kernel functions. Type and attach type tell them apart, and
// whether the program may sleep.
package bpfuse

import (
	"strings"

	"github.com/cilium/ebpf"
)

// Use is one kind of program.
type Use struct {
	// Name is libbpf's section name without a target.
	Name string
	Type ebpf.ProgramType
	// Attach is the attach type; of uses that differ in type alone, the one that
	// a probe is loaded with.
	Attach ebpf.AttachType
	// AnyAttach is true where the attach type makes no difference.
	AnyAttach bool
	Sleepable bool
	// Target is what a probe of this use attaches to, "" where it needs none.
	Target string
}

const (
	sleepable = true
	any_      = true
	// Functions that every kernel of x86-64 and arm64 has, in this order of trying:
	// system calls are among those that may be changed and slept in.
	SyscallTarget = "sys_getpgid"
)

// Uses are all of them, in an order that data files rely on: new ones go to the end.
var Uses = []Use{
	{Name: "socket", Type: ebpf.SocketFilter, AnyAttach: any_},
	{Name: "sk_reuseport", Type: ebpf.SkReuseport, AnyAttach: any_},
	{Name: "kprobe", Type: ebpf.Kprobe, AnyAttach: any_},
	{Name: "uprobe.s", Type: ebpf.Kprobe, AnyAttach: any_, Sleepable: sleepable},
	{Name: "tc", Type: ebpf.SchedCLS, AnyAttach: any_},
	{Name: "action", Type: ebpf.SchedACT, AnyAttach: any_},
	{Name: "tracepoint", Type: ebpf.TracePoint, AnyAttach: any_},
	{Name: "raw_tp", Type: ebpf.RawTracepoint, AnyAttach: any_},
	{Name: "raw_tp.w", Type: ebpf.RawTracepointWritable, AnyAttach: any_},
	{Name: "tp_btf", Type: ebpf.Tracing, Attach: ebpf.AttachTraceRawTp, Target: "sched_switch"},
	{Name: "fentry", Type: ebpf.Tracing, Attach: ebpf.AttachTraceFEntry, Target: "vfs_open"},
	{Name: "fexit", Type: ebpf.Tracing, Attach: ebpf.AttachTraceFExit, Target: "vfs_open"},
	{Name: "fmod_ret", Type: ebpf.Tracing, Attach: ebpf.AttachModifyReturn, Target: SyscallTarget},
	{Name: "fentry.s", Type: ebpf.Tracing, Attach: ebpf.AttachTraceFEntry, Sleepable: sleepable, Target: SyscallTarget},
	{Name: "fexit.s", Type: ebpf.Tracing, Attach: ebpf.AttachTraceFExit, Sleepable: sleepable, Target: SyscallTarget},
	{Name: "fmod_ret.s", Type: ebpf.Tracing, Attach: ebpf.AttachModifyReturn, Sleepable: sleepable, Target: SyscallTarget},
	{Name: "iter", Type: ebpf.Tracing, Attach: ebpf.AttachTraceIter, Target: "task"},
	{Name: "iter.s", Type: ebpf.Tracing, Attach: ebpf.AttachTraceIter, Sleepable: sleepable, Target: "task"},
	{Name: "lsm", Type: ebpf.LSM, Attach: ebpf.AttachLSMMac, Target: "file_open"},
	{Name: "lsm.s", Type: ebpf.LSM, Attach: ebpf.AttachLSMMac, Sleepable: sleepable, Target: "file_open"},
	{Name: "xdp", Type: ebpf.XDP, AnyAttach: any_},
	{Name: "perf_event", Type: ebpf.PerfEvent, AnyAttach: any_},
	{Name: "lwt_in", Type: ebpf.LWTIn, AnyAttach: any_},
	{Name: "lwt_out", Type: ebpf.LWTOut, AnyAttach: any_},
	{Name: "lwt_xmit", Type: ebpf.LWTXmit, AnyAttach: any_},
	{Name: "lwt_seg6local", Type: ebpf.LWTSeg6Local, AnyAttach: any_},
	{Name: "sockops", Type: ebpf.SockOps, AnyAttach: any_},
	{Name: "sk_skb", Type: ebpf.SkSKB, AnyAttach: any_},
	{Name: "sk_msg", Type: ebpf.SkMsg, AnyAttach: any_},
	{Name: "lirc_mode2", Type: ebpf.LircMode2, AnyAttach: any_},
	{Name: "flow_dissector", Type: ebpf.FlowDissector, AnyAttach: any_},
	{Name: "cgroup_skb", Type: ebpf.CGroupSKB, AnyAttach: any_},
	{Name: "cgroup/sock_create", Type: ebpf.CGroupSock, Attach: ebpf.AttachCGroupInetSockCreate},
	{Name: "cgroup/sock_release", Type: ebpf.CGroupSock, Attach: ebpf.AttachCgroupInetSockRelease},
	{Name: "cgroup/post_bind4", Type: ebpf.CGroupSock, Attach: ebpf.AttachCGroupInet4PostBind},
	{Name: "cgroup/post_bind6", Type: ebpf.CGroupSock, Attach: ebpf.AttachCGroupInet6PostBind},
	{Name: "cgroup/bind4", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCGroupInet4Bind},
	{Name: "cgroup/bind6", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCGroupInet6Bind},
	{Name: "cgroup/connect4", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCGroupInet4Connect},
	{Name: "cgroup/connect6", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCGroupInet6Connect},
	{Name: "cgroup/connect_unix", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCgroupUnixConnect},
	{Name: "cgroup/sendmsg4", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCGroupUDP4Sendmsg},
	{Name: "cgroup/sendmsg6", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCGroupUDP6Sendmsg},
	{Name: "cgroup/sendmsg_unix", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCgroupUnixSendmsg},
	{Name: "cgroup/recvmsg4", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCGroupUDP4Recvmsg},
	{Name: "cgroup/recvmsg6", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCGroupUDP6Recvmsg},
	{Name: "cgroup/recvmsg_unix", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCgroupUnixRecvmsg},
	{Name: "cgroup/getpeername4", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCgroupInet4GetPeername},
	{Name: "cgroup/getpeername6", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCgroupInet6GetPeername},
	{Name: "cgroup/getpeername_unix", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCgroupUnixGetpeername},
	{Name: "cgroup/getsockname4", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCgroupInet4GetSockname},
	{Name: "cgroup/getsockname6", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCgroupInet6GetSockname},
	{Name: "cgroup/getsockname_unix", Type: ebpf.CGroupSockAddr, Attach: ebpf.AttachCgroupUnixGetsockname},
	{Name: "cgroup/sysctl", Type: ebpf.CGroupSysctl, Attach: ebpf.AttachCGroupSysctl, AnyAttach: any_},
	{Name: "cgroup/getsockopt", Type: ebpf.CGroupSockopt, Attach: ebpf.AttachCGroupGetsockopt},
	{Name: "cgroup/setsockopt", Type: ebpf.CGroupSockopt, Attach: ebpf.AttachCGroupSetsockopt},
	{Name: "cgroup/dev", Type: ebpf.CGroupDevice, Attach: ebpf.AttachCGroupDevice, AnyAttach: any_},
	{Name: "sk_lookup", Type: ebpf.SkLookup, Attach: ebpf.AttachSkLookup, AnyAttach: any_},
	{Name: "syscall", Type: ebpf.Syscall, AnyAttach: any_, Sleepable: sleepable},
	{Name: "netfilter", Type: ebpf.Netfilter, Attach: ebpf.AttachNetfilter, AnyAttach: any_},
	{Name: "lsm_cgroup", Type: ebpf.LSM, Attach: ebpf.AttachLSMCgroup, Target: "socket_bind"},
	{Name: "struct_ops/tcp_congestion_ops", Type: ebpf.StructOps, Target: "tcp_congestion_ops:init"},
	{Name: "struct_ops/sched_ext_ops", Type: ebpf.StructOps, Target: "sched_ext_ops:running"},
	{Name: "struct_ops.s/sched_ext_ops", Type: ebpf.StructOps, Sleepable: sleepable, Target: "sched_ext_ops:init"},
	{Name: "struct_ops/Qdisc_ops", Type: ebpf.StructOps, Target: "Qdisc_ops:enqueue"},
	{Name: "struct_ops/hid_bpf_ops", Type: ebpf.StructOps, Target: "hid_bpf_ops:hid_device_event"},
	{Name: "struct_ops/bpf_dummy_ops", Type: ebpf.StructOps, Target: "bpf_dummy_ops:test_1"},
}

// DependsOnTarget is true for kinds of which the kernel gives some functions to
// programs at one target or of one attach type and not at another.
func (u Use) DependsOnTarget() bool {
	switch u.Type {
	case ebpf.Tracing, ebpf.LSM, ebpf.Kprobe, ebpf.TracePoint, ebpf.RawTracepoint, ebpf.PerfEvent, ebpf.CGroupDevice, ebpf.CGroupSysctl, ebpf.CGroupSKB, ebpf.SockOps, ebpf.StructOps:
		return true
	default: // nothing to say of the others
	}
	return false
}

// flagSleepable is BPF_F_SLEEPABLE of include/uapi/linux/bpf.h.
const flagSleepable = 1 << 4

// Of is the index in Uses of a program, -1 where there is none.
func Of(p *ebpf.ProgramSpec) int {
	for i, u := range Uses {
		if u.matches(p) {
			return i
		}
	}
	return -1
}

func (u Use) matches(p *ebpf.ProgramSpec) bool {
	if u.Type != p.Type {
		return false
	}
	if p.Type == ebpf.StructOps {
		ours, _, _ := strings.Cut(u.Target, ":")
		theirs, _, _ := strings.Cut(p.AttachTo, ":")
		return ours == theirs && u.Sleepable == (p.Flags&flagSleepable != 0)
	}
	if p.Type == ebpf.Syscall {
		return true
	}
	return (u.AnyAttach || u.Attach == p.AttachType) && u.Sleepable == (p.Flags&flagSleepable != 0)
}
