package main

import (
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
)

// attachPoints say in a word or two what a program hangs on, by its type. What
// the section names follows; see attaches.
var attachPoints = map[btfparse.ProgType]string{
	btfparse.ProgSocketFilter:          "to a socket",
	btfparse.ProgKprobe:                "to a kernel function",
	btfparse.ProgSchedCLS:              "to a network interface",
	btfparse.ProgSchedACT:              "to a traffic control filter",
	btfparse.ProgTracepoint:            "to a tracepoint",
	btfparse.ProgXDP:                   "to a network interface",
	btfparse.ProgPerfEvent:             "to a perf event",
	btfparse.ProgCGroupSKB:             "to a cgroup",
	btfparse.ProgCGroupSock:            "to a cgroup",
	btfparse.ProgLWTIn:                 "to a route",
	btfparse.ProgLWTOut:                "to a route",
	btfparse.ProgLWTXmit:               "to a route",
	btfparse.ProgSockOps:               "to a cgroup",
	btfparse.ProgSkSKB:                 "to a sockmap",
	btfparse.ProgCGroupDevice:          "to a cgroup",
	btfparse.ProgSkMsg:                 "to a sockmap",
	btfparse.ProgRawTracepoint:         "to a tracepoint",
	btfparse.ProgCGroupSockAddr:        "to a cgroup",
	btfparse.ProgLWTSeg6Local:          "to a route",
	btfparse.ProgLircMode2:             "to an infrared device",
	btfparse.ProgSkReusePort:           "to a socket's reuseport group",
	btfparse.ProgFlowDissector:         "to a network namespace",
	btfparse.ProgCGroupSysctl:          "to a cgroup",
	btfparse.ProgRawTracepointWritable: "to a tracepoint",
	btfparse.ProgCGroupSockopt:         "to a cgroup",
	btfparse.ProgTracing:               "to a kernel function",
	btfparse.ProgStructOps:             "through its struct_ops map",
	btfparse.ProgExt:                   "in place of a function of another program",
	btfparse.ProgLSM:                   "to a security hook",
	btfparse.ProgSkLookup:              "to a network namespace",
	btfparse.ProgSyscall:               "to nothing, it is run",
	btfparse.ProgNetfilter:             "to a netfilter hook",
}

// attachPrefixes overrule attachPoints for sections of libbpf's table, by the
// prefix without its "+", or by the first word of it.
var attachPrefixes = map[string]string{
	"kretprobe":         "to the return of a kernel function",
	"uprobe":            "to a function of an executable",
	"uretprobe":         "to the return of a function of an executable",
	"ksyscall":          "to a system call",
	"kretsyscall":       "to the return of a system call",
	"usdt":              "to a static probe of an executable",
	"tp_btf":            "to a tracepoint",
	"fexit":             "to the return of a kernel function",
	"fmod_ret":          "to a kernel function that lets its result be changed",
	"iter":              "to nothing, it is read as an iterator",
	"lsm_cgroup":        "to a cgroup, at a security hook",
	"netkit":            "to a netkit interface",
	"xdp/devmap":        "to an entry of a device map",
	"xdp.frags/devmap":  "to an entry of a device map",
	"xdp/cpumap":        "to an entry of a CPU map",
	"xdp.frags/cpumap":  "to an entry of a CPU map",
	"kprobe.multi":      "to kernel functions",
	"kprobe.session":    "to kernel functions, at entry and return",
	"kretprobe.multi":   "to the return of kernel functions",
	"fentry.multi":      "to kernel functions",
	"fentry.multi.s":    "to kernel functions",
	"fexit.multi":       "to the return of kernel functions",
	"fexit.multi.s":     "to the return of kernel functions",
	"fsession":          "to a kernel function, at entry and return",
	"fsession.multi":    "to kernel functions, at entry and return",
	"fsession.multi.s":  "to kernel functions, at entry and return",
	"uprobe.multi":      "to functions of an executable",
	"uprobe.multi.s":    "to functions of an executable",
	"uprobe.session":    "to functions of an executable, at entry and return",
	"uprobe.session.s":  "to functions of an executable, at entry and return",
	"uretprobe.multi":   "to the return of functions of an executable",
	"uretprobe.multi.s": "to the return of functions of an executable",
}

// attaches says where a program is attached, and where its section says so.
func attaches(p *btfparse.Program) string {
	where := attachPoint(p)
	if p.Target != "" {
		where += ": " + p.Target
	}
	return where
}

func attachPoint(p *btfparse.Program) string {
	prefix := strings.TrimSuffix(p.Prefix, "+")
	word, _, _ := strings.Cut(prefix, "/")
	word, _, _ = strings.Cut(word, ".")
	for _, name := range []string{prefix, word} {
		if where, ok := attachPrefixes[name]; ok {
			return where
		}
	}
	if where, ok := attachPoints[p.Type]; ok {
		return where
	}
	return "not known: the section is none of libbpf's"
}
