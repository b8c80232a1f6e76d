package emit

import (
	"cmp"

	"github.com/bpfgen/bpfgen/btfparse"
)

// This file is the hook table: which Go type of package typed a program is, by
// the row of libbpf's section_defs that its section matches; what the section
// says of the place to attach, and what Attach must still be given.

// A Hook is one kind of program in package typed.
type Hook struct {
	// Kind is the Go type in package typed.
	Kind string
	// Section is what the section says: for the prefixes that end in "+", the
	// words behind its "/"; for the others what the prefix itself says beyond
	// the kind. Empty where it says nothing.
	Section string
	// Caller is what Attach must be given, empty where the section says it all.
	Caller string
	// Default is what happens without options; empty where there is nothing to
	// choose.
	Default string
	// Netlink: attaching may need the netlink library of typed/tc.
	Netlink bool
}

// HookOf finds the hook of a program. ok is false where no section says it; the
// hook is then the one of typed.Generic.
func HookOf(p *btfparse.Program) (h Hook, ok bool) {
	kind, ok := hookKinds[p.Prefix]
	h = hooks[cmp.Or(kind, genericKind)]
	h.Kind = cmp.Or(kind, genericKind)
	return h, ok
}

// genericKind is the type of programs whose section says nothing.
const genericKind = "Generic"

// programType is the Go type of a program. That its section is unknown has
// been said by btfparse.
func (c *collection) programType(p *btfparse.Program) string {
	h, _ := HookOf(p)
	return "typed." + h.Kind
}

// hooks are the kinds. The Caller of two kinds of one program type differs by
// what their section says already.
var hooks = map[string]Hook{
	"Kprobe":         {Section: "function[+offset]", Default: "cookie 0"},
	"Kretprobe":      {Section: "function", Default: "cookie 0, the kernel's number of calls at once"},
	"Ksyscall":       {Section: "system call", Default: "cookie 0"},
	"Kretsyscall":    {Section: "system call", Default: "cookie 0, the kernel's number of calls at once"},
	"KprobeMulti":    {Section: "pattern of functions", Default: "cookie 0"},
	"KretprobeMulti": {Section: "pattern of functions", Default: "cookie 0"},
	"KprobeSession":  {Section: "pattern of functions", Default: "cookie 0"},

	"Uprobe":         {Section: "path:function[+offset]", Default: "all processes, cookie 0"},
	"Uretprobe":      {Section: "path:function", Default: "all processes, cookie 0"},
	"UprobeMulti":    {Section: "path:pattern of functions", Default: "all processes, cookie 0"},
	"UretprobeMulti": {Section: "path:pattern of functions", Default: "all processes, cookie 0"},
	"UprobeSession":  {Section: "path:pattern of functions", Default: "all processes, cookie 0"},
	"USDT":           {Section: "path:provider:name", Default: "all processes, cookie 0"},

	"Tracepoint":            {Section: "group/name", Default: "cookie 0"},
	"RawTracepoint":         {Section: "name", Default: "cookie 0"},
	"RawTracepointWritable": {Section: "name", Default: "cookie 0"},

	"TPBTF":         {Section: "name", Default: "cookie 0"},
	"Fentry":        {Section: "function", Default: "cookie 0"},
	"Fexit":         {Section: "function", Default: "cookie 0"},
	"FmodRet":       {Section: "function", Default: "cookie 0"},
	"Fsession":      {Section: "function", Default: "cookie 0"},
	"FentryMulti":   {Section: "pattern of functions", Default: "cookie 0"},
	"FexitMulti":    {Section: "pattern of functions", Default: "cookie 0"},
	"FsessionMulti": {Section: "pattern of functions", Default: "cookie 0"},
	"Freplace":      {Section: "function, of the program given by SetTargetProgram"},
	"LSM":           {Section: "hook", Default: "cookie 0"},
	"LSMCgroup":     {Section: "hook", Caller: "cgroup", Default: "after other programs"},
	"Iter":          {Section: "kind of object", Default: "all objects"},

	"XDP":       {Caller: "interface", Default: "the driver's mode, else generic"},
	"XDPDevMap": {Caller: "slot of a device map"},
	"XDPCPUMap": {Caller: "slot of a CPU map"},

	"TC":       {Caller: "interface, and direction by the method", Default: "TCX, else clsact; after other programs", Netlink: true},
	"TCX":      {Section: "direction", Caller: "interface", Default: "TCX, else clsact; after other programs", Netlink: true},
	"Netkit":   {Section: "side", Caller: "interface", Default: "after other programs"},
	"SchedAct": {Caller: "interface, and direction by the method", Default: "behind a filter that matches every packet", Netlink: true},

	"Netfilter": {Caller: "protocol family and hook", Default: "priority 0, no defragmentation"},

	"CgroupSKB":      {Section: "direction", Caller: "cgroup", Default: "after other programs"},
	"CgroupSKBAny":   {Caller: "cgroup, and direction by the method", Default: "after other programs"},
	"CgroupSock":     {Section: "event", Caller: "cgroup", Default: "after other programs"},
	"CgroupSockAddr": {Section: "system call and address family", Caller: "cgroup", Default: "after other programs"},
	"CgroupSysctl":   {Caller: "cgroup", Default: "after other programs"},
	"CgroupSockopt":  {Section: "get or set", Caller: "cgroup", Default: "after other programs"},
	"CgroupDevice":   {Caller: "cgroup", Default: "after other programs"},
	"SockOps":        {Caller: "cgroup", Default: "after other programs"},

	"SocketFilter":  {Caller: "socket"},
	"SkReuseport":   {Section: "whether it migrates", Caller: "socket"},
	"SkMsg":         {Caller: "socket map"},
	"SkSKB":         {Section: "role", Caller: "socket map"},
	"SkSKBAny":      {Caller: "socket map, and role by the method"},
	"SkLookup":      {Caller: "network namespace"},
	"FlowDissector": {Caller: "network namespace"},

	"PerfEvent":    {Caller: "perf event", Default: "cookie 0"},
	"LWTIn":        {Caller: "route", Default: "the main table", Netlink: true},
	"LWTOut":       {Caller: "route", Default: "the main table", Netlink: true},
	"LWTXmit":      {Caller: "route", Default: "the main table, no headroom", Netlink: true},
	"LWTSeg6Local": {Caller: "route", Default: "the main table", Netlink: true},
	"LircMode2":    {Caller: "lirc device"},

	"StructOpsProgram": {Caller: "nothing: its struct_ops map is what attaches"},
	"Syscall":          {Caller: "nothing: it is run"},
	genericKind:        {Caller: "what its type needs, by the library's functions"},
}

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
