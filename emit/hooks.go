package emit

import (
	"cmp"

	"github.com/bpfgen/bpfgen/btfparse"
)

// This file is the hook table: which Go type of package typed a program is, by
// the row of libbpf's section_defs that its section matches.

// A Hook is one kind of program in package typed.
type Hook struct {
	// Kind is the Go type in package typed.
	Kind string
	// Netlink: attaching may need the netlink library of typed/tc.
	Netlink bool
}

// HookOf finds the hook of a program. ok is false where no section says it; the
// hook is then the one of typed.Generic.
func HookOf(p *btfparse.Program) (h Hook, ok bool) {
	kind, ok := hookKinds[p.Prefix]
	kind = cmp.Or(kind, genericKind)
	return Hook{Kind: kind, Netlink: netlinkKinds[kind]}, ok
}

// genericKind is the type of programs whose section says nothing.
const genericKind = "Generic"

// netlinkKinds are attached to interfaces and routes by netlink, TC and TCX
// where the kernel has no TCX links.
var netlinkKinds = setOf("TC", "TCX", "SchedAct", "LWTIn", "LWTOut", "LWTXmit", "LWTSeg6Local")

// hookKinds has the kind of every row of btfparse.SectionDefs.
var hookKinds = map[string]string{
	"socket":                  "SocketFilter",
	"sk_reuseport/migrate":    "SkReuseport",
	"sk_reuseport":            "SkReuseport",
	"kprobe+":                 "Kprobe",
	"uprobe+":                 "Uprobe",
	"uprobe.s+":               "Uprobe",
	"kretprobe+":              "Kretprobe",
	"uretprobe+":              "Uretprobe",
	"uretprobe.s+":            "Uretprobe",
	"kprobe.multi+":           "KprobeMulti",
	"kretprobe.multi+":        "KretprobeMulti",
	"kprobe.session+":         "KprobeSession",
	"uprobe.multi+":           "UprobeMulti",
	"uretprobe.multi+":        "UretprobeMulti",
	"uprobe.session+":         "UprobeSession",
	"uprobe.multi.s+":         "UprobeMulti",
	"uretprobe.multi.s+":      "UretprobeMulti",
	"uprobe.session.s+":       "UprobeSession",
	"ksyscall+":               "Ksyscall",
	"kretsyscall+":            "Kretsyscall",
	"usdt+":                   "USDT",
	"usdt.s+":                 "USDT",
	"tc/ingress":              "TCX",
	"tc/egress":               "TCX",
	"tcx/ingress":             "TCX",
	"tcx/egress":              "TCX",
	"tc":                      "TC",
	"classifier":              "TC",
	"action":                  "SchedAct",
	"netkit/primary":          "Netkit",
	"netkit/peer":             "Netkit",
	"tracepoint+":             "Tracepoint",
	"tp+":                     "Tracepoint",
	"tracepoint.s+":           "Tracepoint",
	"tp.s+":                   "Tracepoint",
	"raw_tracepoint+":         "RawTracepoint",
	"raw_tp+":                 "RawTracepoint",
	"raw_tracepoint.s+":       "RawTracepoint",
	"raw_tp.s+":               "RawTracepoint",
	"raw_tracepoint.w+":       "RawTracepointWritable",
	"raw_tp.w+":               "RawTracepointWritable",
	"tp_btf+":                 "TPBTF",
	"tp_btf.s+":               "TPBTF",
	"fentry+":                 "Fentry",
	"fmod_ret+":               "FmodRet",
	"fexit+":                  "Fexit",
	"fentry.s+":               "Fentry",
	"fmod_ret.s+":             "FmodRet",
	"fexit.s+":                "Fexit",
	"fsession+":               "Fsession",
	"fsession.s+":             "Fsession",
	"fsession.multi+":         "FsessionMulti",
	"fsession.multi.s+":       "FsessionMulti",
	"fentry.multi+":           "FentryMulti",
	"fexit.multi+":            "FexitMulti",
	"fentry.multi.s+":         "FentryMulti",
	"fexit.multi.s+":          "FexitMulti",
	"freplace+":               "Freplace",
	"lsm+":                    "LSM",
	"lsm.s+":                  "LSM",
	"lsm_cgroup+":             "LSMCgroup",
	"iter+":                   "Iter",
	"iter.s+":                 "Iter",
	"syscall":                 "Syscall",
	"xdp.frags/devmap":        "XDPDevMap",
	"xdp/devmap":              "XDPDevMap",
	"xdp.frags/cpumap":        "XDPCPUMap",
	"xdp/cpumap":              "XDPCPUMap",
	"xdp.frags":               "XDP",
	"xdp":                     "XDP",
	"perf_event":              "PerfEvent",
	"lwt_in":                  "LWTIn",
	"lwt_out":                 "LWTOut",
	"lwt_xmit":                "LWTXmit",
	"lwt_seg6local":           "LWTSeg6Local",
	"sockops":                 "SockOps",
	"sk_skb/stream_parser":    "SkSKB",
	"sk_skb/stream_verdict":   "SkSKB",
	"sk_skb/verdict":          "SkSKB",
	"sk_skb":                  "SkSKBAny",
	"sk_msg":                  "SkMsg",
	"lirc_mode2":              "LircMode2",
	"flow_dissector":          "FlowDissector",
	"cgroup_skb/ingress":      "CgroupSKB",
	"cgroup_skb/egress":       "CgroupSKB",
	"cgroup/skb":              "CgroupSKBAny",
	"cgroup/sock_create":      "CgroupSock",
	"cgroup/sock_release":     "CgroupSock",
	"cgroup/sock":             "CgroupSock",
	"cgroup/post_bind4":       "CgroupSock",
	"cgroup/post_bind6":       "CgroupSock",
	"cgroup/bind4":            "CgroupSockAddr",
	"cgroup/bind6":            "CgroupSockAddr",
	"cgroup/connect4":         "CgroupSockAddr",
	"cgroup/connect6":         "CgroupSockAddr",
	"cgroup/connect_unix":     "CgroupSockAddr",
	"cgroup/sendmsg4":         "CgroupSockAddr",
	"cgroup/sendmsg6":         "CgroupSockAddr",
	"cgroup/sendmsg_unix":     "CgroupSockAddr",
	"cgroup/recvmsg4":         "CgroupSockAddr",
	"cgroup/recvmsg6":         "CgroupSockAddr",
	"cgroup/recvmsg_unix":     "CgroupSockAddr",
	"cgroup/getpeername4":     "CgroupSockAddr",
	"cgroup/getpeername6":     "CgroupSockAddr",
	"cgroup/getpeername_unix": "CgroupSockAddr",
	"cgroup/getsockname4":     "CgroupSockAddr",
	"cgroup/getsockname6":     "CgroupSockAddr",
	"cgroup/getsockname_unix": "CgroupSockAddr",
	"cgroup/sysctl":           "CgroupSysctl",
	"cgroup/getsockopt":       "CgroupSockopt",
	"cgroup/setsockopt":       "CgroupSockopt",
	"cgroup/dev":              "CgroupDevice",
	"struct_ops+":             "StructOpsProgram",
	"struct_ops.s+":           "StructOpsProgram",
	"sk_lookup":               "SkLookup",
	"netfilter":               "Netfilter",
}
