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

// attachPrefixes overrule attachPoints for the first word of a section, up to
// its first "/", "." or "+".
var attachPrefixes = map[string]string{
	"uprobe":      "to a function of an executable",
	"uretprobe":   "to a function of an executable",
	"ksyscall":    "to a system call",
	"kretsyscall": "to a system call",
	"usdt":        "to a static probe of an executable",
	"tp_btf":      "to a tracepoint",
	"iter":        "to nothing, it is read as an iterator",
	"lsm_cgroup":  "to a cgroup, at a security hook",
}

// attaches says where a program is attached, and where its section says so.
func attaches(p *btfparse.Program) string {
	word := p.Prefix
	if i := strings.IndexAny(word, "/.+"); i >= 0 {
		word = word[:i]
	}
	where, ok := attachPrefixes[word]
	if !ok {
		where, ok = attachPoints[p.Type]
	}
	switch {
	case !ok:
		return "not known: the section is none of libbpf's"
	case p.Target != "":
		return where + ": " + p.Target
	}
	return where
}
