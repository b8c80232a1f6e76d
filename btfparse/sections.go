package btfparse

// This file knows what SEC("…") means: libbpf's table of section prefixes as
// data, and the two rules by which a section finds its row.
//
// libbpf since 1.0 wants SEC("xdp") to be exactly that, and SEC("kprobe+") to
// be SEC("kprobe") or SEC("kprobe/…") (sec_def_matches in src/libbpf.c).
// cilium/ebpf v0.22 treats the second kind alike, but of the first it wants
// only that the section starts with it (matchSectionName in elf_reader.go):
// SEC("xdp_prog1"), as it was written before libbpf 1.0, is XDP for it. Both
// take the first row that matches, so the order of the table counts.

import "strings"

// SectionDef is a row of libbpf's section_defs.
type SectionDef struct {
	// Prefix is libbpf's: "xdp" stands for exactly that section, "kprobe+"
	// for "kprobe" and "kprobe/…".
	Prefix     string
	Type       ProgType
	AttachType AttachType
	// AttachBTF: the program attaches to something that is found by BTF id,
	// in the kernel or in another program (SEC_ATTACH_BTF).
	AttachBTF bool
	// Sleepable programs are loaded with BPF_F_SLEEPABLE (SEC_SLEEPABLE).
	Sleepable bool
	// Frags programs are loaded with BPF_F_XDP_HAS_FRAGS (SEC_XDP_FRAGS).
	Frags bool
	// USDT programs attach to a static tracepoint of user space (SEC_USDT).
	USDT bool
	// NotInCilium marks the rows that cilium/ebpf v0.22 lacks: it leaves the
	// type of such a program unspecified.
	NotInCilium bool
}

// SectionDefs is libbpf's table, in its order, in which a more special prefix
// stands before the one that it starts with.
func SectionDefs() []SectionDef { return sectionDefs[:] }

// sectionDefs are libbpf's section_defs at commit f7081a6b (2026-07-30,
// 1.8-dev), src/libbpf.c:10072-10189. SEC_ATTACHABLE and SEC_EXP_ATTACH_OPT
// are left out: nothing in libbpf ≥ 1.0 and cilium/ebpf depends on the first,
// and the second only says that old kernels do without the attach type.
var sectionDefs = [...]SectionDef{
	{Prefix: "socket", Type: ProgSocketFilter},
	{Prefix: "sk_reuseport/migrate", Type: ProgSkReusePort, AttachType: AttachSkReusePortSelectOrMigrate},
	{Prefix: "sk_reuseport", Type: ProgSkReusePort, AttachType: AttachSkReusePortSelect},
	{Prefix: "kprobe+", Type: ProgKprobe},
	{Prefix: "uprobe+", Type: ProgKprobe},
	{Prefix: "uprobe.s+", Type: ProgKprobe, Sleepable: true},
	{Prefix: "kretprobe+", Type: ProgKprobe},
	{Prefix: "uretprobe+", Type: ProgKprobe},
	{Prefix: "uretprobe.s+", Type: ProgKprobe, Sleepable: true},
	{Prefix: "kprobe.multi+", Type: ProgKprobe, AttachType: AttachTraceKprobeMulti},
	{Prefix: "kretprobe.multi+", Type: ProgKprobe, AttachType: AttachTraceKprobeMulti},
	{Prefix: "kprobe.session+", Type: ProgKprobe, AttachType: AttachTraceKprobeSession},
	{Prefix: "uprobe.multi+", Type: ProgKprobe, AttachType: AttachTraceUprobeMulti},
	{Prefix: "uretprobe.multi+", Type: ProgKprobe, AttachType: AttachTraceUprobeMulti},
	{Prefix: "uprobe.session+", Type: ProgKprobe, AttachType: AttachTraceUprobeSession},
	{Prefix: "uprobe.multi.s+", Type: ProgKprobe, AttachType: AttachTraceUprobeMulti, Sleepable: true},
	{Prefix: "uretprobe.multi.s+", Type: ProgKprobe, AttachType: AttachTraceUprobeMulti, Sleepable: true},
	{Prefix: "uprobe.session.s+", Type: ProgKprobe, AttachType: AttachTraceUprobeSession, Sleepable: true},
	{Prefix: "ksyscall+", Type: ProgKprobe},
	{Prefix: "kretsyscall+", Type: ProgKprobe},
	{Prefix: "usdt+", Type: ProgKprobe, USDT: true},
	{Prefix: "usdt.s+", Type: ProgKprobe, USDT: true, Sleepable: true},
	{Prefix: "tc/ingress", Type: ProgSchedCLS, AttachType: AttachTCXIngress},
	{Prefix: "tc/egress", Type: ProgSchedCLS, AttachType: AttachTCXEgress},
	{Prefix: "tcx/ingress", Type: ProgSchedCLS, AttachType: AttachTCXIngress},
	{Prefix: "tcx/egress", Type: ProgSchedCLS, AttachType: AttachTCXEgress},
	{Prefix: "tc", Type: ProgSchedCLS},
	{Prefix: "classifier", Type: ProgSchedCLS},
	{Prefix: "action", Type: ProgSchedACT},
	{Prefix: "netkit/primary", Type: ProgSchedCLS, AttachType: AttachNetkitPrimary},
	{Prefix: "netkit/peer", Type: ProgSchedCLS, AttachType: AttachNetkitPeer},
	{Prefix: "tracepoint+", Type: ProgTracepoint},
	{Prefix: "tp+", Type: ProgTracepoint},
	{Prefix: "tracepoint.s+", Type: ProgTracepoint, Sleepable: true, NotInCilium: true},
	{Prefix: "tp.s+", Type: ProgTracepoint, Sleepable: true, NotInCilium: true},
	{Prefix: "raw_tracepoint+", Type: ProgRawTracepoint},
	{Prefix: "raw_tp+", Type: ProgRawTracepoint},
	{Prefix: "raw_tracepoint.s+", Type: ProgRawTracepoint, Sleepable: true, NotInCilium: true},
	{Prefix: "raw_tp.s+", Type: ProgRawTracepoint, Sleepable: true, NotInCilium: true},
	{Prefix: "raw_tracepoint.w+", Type: ProgRawTracepointWritable},
	{Prefix: "raw_tp.w+", Type: ProgRawTracepointWritable},
	{Prefix: "tp_btf+", Type: ProgTracing, AttachType: AttachTraceRawTp, AttachBTF: true},
	{Prefix: "tp_btf.s+", Type: ProgTracing, AttachType: AttachTraceRawTp, AttachBTF: true, Sleepable: true, NotInCilium: true},
	{Prefix: "fentry+", Type: ProgTracing, AttachType: AttachTraceFEntry, AttachBTF: true},
	{Prefix: "fmod_ret+", Type: ProgTracing, AttachType: AttachModifyReturn, AttachBTF: true},
	{Prefix: "fexit+", Type: ProgTracing, AttachType: AttachTraceFExit, AttachBTF: true},
	{Prefix: "fentry.s+", Type: ProgTracing, AttachType: AttachTraceFEntry, AttachBTF: true, Sleepable: true},
	{Prefix: "fmod_ret.s+", Type: ProgTracing, AttachType: AttachModifyReturn, AttachBTF: true, Sleepable: true},
	{Prefix: "fexit.s+", Type: ProgTracing, AttachType: AttachTraceFExit, AttachBTF: true, Sleepable: true},
	{Prefix: "fsession+", Type: ProgTracing, AttachType: AttachTraceFSession, AttachBTF: true},
	{Prefix: "fsession.s+", Type: ProgTracing, AttachType: AttachTraceFSession, AttachBTF: true, Sleepable: true},
	{Prefix: "fsession.multi+", Type: ProgTracing, AttachType: AttachTraceFSessionMulti, NotInCilium: true},
	{Prefix: "fsession.multi.s+", Type: ProgTracing, AttachType: AttachTraceFSessionMulti, Sleepable: true, NotInCilium: true},
	{Prefix: "fentry.multi+", Type: ProgTracing, AttachType: AttachTraceFEntryMulti, NotInCilium: true},
	{Prefix: "fexit.multi+", Type: ProgTracing, AttachType: AttachTraceFExitMulti, NotInCilium: true},
	{Prefix: "fentry.multi.s+", Type: ProgTracing, AttachType: AttachTraceFEntryMulti, Sleepable: true, NotInCilium: true},
	{Prefix: "fexit.multi.s+", Type: ProgTracing, AttachType: AttachTraceFExitMulti, Sleepable: true, NotInCilium: true},
	{Prefix: "freplace+", Type: ProgExt, AttachBTF: true},
	{Prefix: "lsm+", Type: ProgLSM, AttachType: AttachLSMMAC, AttachBTF: true},
	{Prefix: "lsm.s+", Type: ProgLSM, AttachType: AttachLSMMAC, AttachBTF: true, Sleepable: true},
	{Prefix: "lsm_cgroup+", Type: ProgLSM, AttachType: AttachLSMCGroup, AttachBTF: true},
	{Prefix: "iter+", Type: ProgTracing, AttachType: AttachTraceIter, AttachBTF: true},
	{Prefix: "iter.s+", Type: ProgTracing, AttachType: AttachTraceIter, AttachBTF: true, Sleepable: true},
	{Prefix: "syscall", Type: ProgSyscall, Sleepable: true},
	{Prefix: "xdp.frags/devmap", Type: ProgXDP, AttachType: AttachXDPDevMap, Frags: true},
	{Prefix: "xdp/devmap", Type: ProgXDP, AttachType: AttachXDPDevMap},
	{Prefix: "xdp.frags/cpumap", Type: ProgXDP, AttachType: AttachXDPCPUMap, Frags: true},
	{Prefix: "xdp/cpumap", Type: ProgXDP, AttachType: AttachXDPCPUMap},
	{Prefix: "xdp.frags", Type: ProgXDP, AttachType: AttachXDP, Frags: true},
	{Prefix: "xdp", Type: ProgXDP, AttachType: AttachXDP},
	{Prefix: "perf_event", Type: ProgPerfEvent},
	{Prefix: "lwt_in", Type: ProgLWTIn},
	{Prefix: "lwt_out", Type: ProgLWTOut},
	{Prefix: "lwt_xmit", Type: ProgLWTXmit},
	{Prefix: "lwt_seg6local", Type: ProgLWTSeg6Local},
	{Prefix: "sockops", Type: ProgSockOps, AttachType: AttachCGroupSockOps},
	{Prefix: "sk_skb/stream_parser", Type: ProgSkSKB, AttachType: AttachSkSKBStreamParser},
	{Prefix: "sk_skb/stream_verdict", Type: ProgSkSKB, AttachType: AttachSkSKBStreamVerdict},
	{Prefix: "sk_skb/verdict", Type: ProgSkSKB, AttachType: AttachSkSKBVerdict},
	{Prefix: "sk_skb", Type: ProgSkSKB},
	{Prefix: "sk_msg", Type: ProgSkMsg, AttachType: AttachSkMsgVerdict},
	{Prefix: "lirc_mode2", Type: ProgLircMode2, AttachType: AttachLircMode2},
	{Prefix: "flow_dissector", Type: ProgFlowDissector, AttachType: AttachFlowDissector},
	{Prefix: "cgroup_skb/ingress", Type: ProgCGroupSKB, AttachType: AttachCGroupInetIngress},
	{Prefix: "cgroup_skb/egress", Type: ProgCGroupSKB, AttachType: AttachCGroupInetEgress},
	{Prefix: "cgroup/skb", Type: ProgCGroupSKB},
	{Prefix: "cgroup/sock_create", Type: ProgCGroupSock, AttachType: AttachCGroupInetSockCreate},
	{Prefix: "cgroup/sock_release", Type: ProgCGroupSock, AttachType: AttachCGroupInetSockRelease},
	{Prefix: "cgroup/sock", Type: ProgCGroupSock, AttachType: AttachCGroupInetSockCreate},
	{Prefix: "cgroup/post_bind4", Type: ProgCGroupSock, AttachType: AttachCGroupInet4PostBind},
	{Prefix: "cgroup/post_bind6", Type: ProgCGroupSock, AttachType: AttachCGroupInet6PostBind},
	{Prefix: "cgroup/bind4", Type: ProgCGroupSockAddr, AttachType: AttachCGroupInet4Bind},
	{Prefix: "cgroup/bind6", Type: ProgCGroupSockAddr, AttachType: AttachCGroupInet6Bind},
	{Prefix: "cgroup/connect4", Type: ProgCGroupSockAddr, AttachType: AttachCGroupInet4Connect},
	{Prefix: "cgroup/connect6", Type: ProgCGroupSockAddr, AttachType: AttachCGroupInet6Connect},
	{Prefix: "cgroup/connect_unix", Type: ProgCGroupSockAddr, AttachType: AttachCGroupUnixConnect},
	{Prefix: "cgroup/sendmsg4", Type: ProgCGroupSockAddr, AttachType: AttachCGroupUDP4Sendmsg},
	{Prefix: "cgroup/sendmsg6", Type: ProgCGroupSockAddr, AttachType: AttachCGroupUDP6Sendmsg},
	{Prefix: "cgroup/sendmsg_unix", Type: ProgCGroupSockAddr, AttachType: AttachCGroupUnixSendmsg},
	{Prefix: "cgroup/recvmsg4", Type: ProgCGroupSockAddr, AttachType: AttachCGroupUDP4Recvmsg},
	{Prefix: "cgroup/recvmsg6", Type: ProgCGroupSockAddr, AttachType: AttachCGroupUDP6Recvmsg},
	{Prefix: "cgroup/recvmsg_unix", Type: ProgCGroupSockAddr, AttachType: AttachCGroupUnixRecvmsg},
	{Prefix: "cgroup/getpeername4", Type: ProgCGroupSockAddr, AttachType: AttachCGroupInet4Getpeername},
	{Prefix: "cgroup/getpeername6", Type: ProgCGroupSockAddr, AttachType: AttachCGroupInet6Getpeername},
	{Prefix: "cgroup/getpeername_unix", Type: ProgCGroupSockAddr, AttachType: AttachCGroupUnixGetpeername},
	{Prefix: "cgroup/getsockname4", Type: ProgCGroupSockAddr, AttachType: AttachCGroupInet4Getsockname},
	{Prefix: "cgroup/getsockname6", Type: ProgCGroupSockAddr, AttachType: AttachCGroupInet6Getsockname},
	{Prefix: "cgroup/getsockname_unix", Type: ProgCGroupSockAddr, AttachType: AttachCGroupUnixGetsockname},
	{Prefix: "cgroup/sysctl", Type: ProgCGroupSysctl, AttachType: AttachCGroupSysctl},
	{Prefix: "cgroup/getsockopt", Type: ProgCGroupSockopt, AttachType: AttachCGroupGetsockopt},
	{Prefix: "cgroup/setsockopt", Type: ProgCGroupSockopt, AttachType: AttachCGroupSetsockopt},
	{Prefix: "cgroup/dev", Type: ProgCGroupDevice, AttachType: AttachCGroupDevice},
	{Prefix: "struct_ops+", Type: ProgStructOps},
	{Prefix: "struct_ops.s+", Type: ProgStructOps, Sleepable: true},
	{Prefix: "sk_lookup", Type: ProgSkLookup, AttachType: AttachSkLookup},
	{Prefix: "netfilter", Type: ProgNetfilter, AttachType: AttachNetfilter},
}

// libbpfSection is the row that libbpf ≥ 1.0 takes for a section, its "?"
// removed.
func libbpfSection(section string) (SectionDef, bool) {
	for _, def := range sectionDefs {
		if base, _, _ := strings.Cut(section, "/"); section == def.Prefix || base+"+" == def.Prefix {
			return def, true
		}
	}
	return SectionDef{}, false
}

// ciliumSection is the row that cilium/ebpf v0.22 takes.
func ciliumSection(section string) (SectionDef, bool) {
	base, _, _ := strings.Cut(section, "/")
	for _, def := range sectionDefs {
		switch {
		case def.NotInCilium:
		case strings.HasSuffix(def.Prefix, "+"):
			if base+"+" == def.Prefix {
				return def, true
			}
		case strings.HasPrefix(section, def.Prefix):
			return def, true
		}
	}
	return SectionDef{}, false
}

// target is what stands behind the "/" where the row allows it. For struct_ops
// libbpf and cilium/ebpf ignore it: the map says which member the program is.
func (d SectionDef) target(section string) string {
	if !strings.HasSuffix(d.Prefix, "+") || d.Type == ProgStructOps {
		return ""
	}
	_, target, _ := strings.Cut(section, "/")
	return target
}
