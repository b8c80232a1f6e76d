package typed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
)

// This file is the table of the kinds of programs: what a program of an object
// must be to be one, and what is said when it cannot be attached. The methods
// are in the other files prog_*.go.
//
// A kind is a Go type because attaching at the wrong kind of hook must not
// compile. The kernel's program type is not enough for that: a kprobe and a
// uprobe are both BPF_PROG_TYPE_KPROBE, and only the section says which.

// progKind is what all programs of one Go type have in common.
type progKind struct {
	// name of the Go type.
	name string
	// typ is the program type, attach are the expected attach types; nil means
	// any.
	typ    ebpf.ProgramType
	attach []ebpf.AttachType
	// sections are the first parts of the SEC() names (before "/"), or whole
	// names where they have a "/" of their own. nil means any: type and attach
	// type say enough.
	sections []string
	// needs is what Attach must be given, as the object of "needs"; empty where
	// a section can say where.
	needs string
	// since is the first Linux that can attach the kind, for error messages.
	since string
	// options are the options that a kernel must be built with to have the kind, and
	// that not all kernels are. They are the first that are missing in practice, not
	// all that there are.
	options string
}

// Attach types that cilium/ebpf v0.22 has no constant for
// (include/uapi/linux/bpf.h, enum bpf_attach_type).
const (
	attachUprobeSession ebpf.AttachType = 57
	attachFsession      ebpf.AttachType = 58
	attachFentryMulti   ebpf.AttachType = 59
	attachFexitMulti    ebpf.AttachType = 60
	attachFsessionMulti ebpf.AttachType = 61
)

var (
	none = []ebpf.AttachType{ebpf.AttachNone}

	kindKprobe         = progKind{"Kprobe", ebpf.Kprobe, none, []string{"kprobe"}, "", "4.1", "CONFIG_KPROBE_EVENTS CONFIG_BPF_EVENTS"}
	kindKretprobe      = progKind{"Kretprobe", ebpf.Kprobe, none, []string{"kretprobe"}, "", "4.1", "CONFIG_KPROBE_EVENTS CONFIG_BPF_EVENTS"}
	kindKsyscall       = progKind{"Ksyscall", ebpf.Kprobe, none, []string{"ksyscall"}, "", "4.1", "CONFIG_KPROBE_EVENTS CONFIG_BPF_EVENTS"}
	kindKretsyscall    = progKind{"Kretsyscall", ebpf.Kprobe, none, []string{"kretsyscall"}, "", "4.1", "CONFIG_KPROBE_EVENTS CONFIG_BPF_EVENTS"}
	kindKprobeMulti    = progKind{"KprobeMulti", ebpf.Kprobe, []ebpf.AttachType{ebpf.AttachTraceKprobeMulti}, []string{"kprobe.multi"}, "", "5.18", "CONFIG_FPROBE CONFIG_BPF_EVENTS"}
	kindKretprobeMulti = progKind{"KretprobeMulti", ebpf.Kprobe, []ebpf.AttachType{ebpf.AttachTraceKprobeMulti}, []string{"kretprobe.multi"}, "", "5.18", "CONFIG_FPROBE CONFIG_BPF_EVENTS"}
	kindKprobeSession  = progKind{"KprobeSession", ebpf.Kprobe, []ebpf.AttachType{ebpf.AttachTraceKprobeSession}, nil, "", "6.10", "CONFIG_FPROBE CONFIG_BPF_EVENTS"}

	kindUprobe         = progKind{"Uprobe", ebpf.Kprobe, none, []string{"uprobe", "uprobe.s"}, "", "4.1", "CONFIG_UPROBE_EVENTS CONFIG_BPF_EVENTS"}
	kindUretprobe      = progKind{"Uretprobe", ebpf.Kprobe, none, []string{"uretprobe", "uretprobe.s"}, "", "4.1", "CONFIG_UPROBE_EVENTS CONFIG_BPF_EVENTS"}
	kindUprobeMulti    = progKind{"UprobeMulti", ebpf.Kprobe, []ebpf.AttachType{ebpf.AttachTraceUprobeMulti}, []string{"uprobe.multi", "uprobe.multi.s"}, "", "6.6", "CONFIG_UPROBE_EVENTS CONFIG_BPF_EVENTS"}
	kindUretprobeMulti = progKind{"UretprobeMulti", ebpf.Kprobe, []ebpf.AttachType{ebpf.AttachTraceUprobeMulti}, []string{"uretprobe.multi", "uretprobe.multi.s"}, "", "6.6", "CONFIG_UPROBE_EVENTS CONFIG_BPF_EVENTS"}
	kindUprobeSession  = progKind{"UprobeSession", ebpf.Kprobe, []ebpf.AttachType{attachUprobeSession}, nil, "", "6.13", "CONFIG_UPROBE_EVENTS CONFIG_BPF_EVENTS"}
	kindUSDT           = progKind{"USDT", ebpf.Kprobe, nil, []string{"usdt", "usdt.s"}, "", "4.20", "CONFIG_UPROBE_EVENTS CONFIG_BPF_EVENTS"}

	kindTracepoint            = progKind{"Tracepoint", ebpf.TracePoint, nil, nil, "", "4.7", "CONFIG_BPF_EVENTS"}
	kindRawTracepoint         = progKind{"RawTracepoint", ebpf.RawTracepoint, nil, nil, "", "4.17", "CONFIG_BPF_EVENTS"}
	kindRawTracepointWritable = progKind{"RawTracepointWritable", ebpf.RawTracepointWritable, nil, nil, "", "5.2", "CONFIG_BPF_EVENTS"}

	kindTPBTF         = progKind{"TPBTF", ebpf.Tracing, []ebpf.AttachType{ebpf.AttachTraceRawTp}, nil, "", "5.5", "CONFIG_DEBUG_INFO_BTF CONFIG_BPF_JIT"}
	kindFentry        = progKind{"Fentry", ebpf.Tracing, []ebpf.AttachType{ebpf.AttachTraceFEntry}, nil, "", "5.5", "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS CONFIG_DEBUG_INFO_BTF CONFIG_BPF_JIT"}
	kindFexit         = progKind{"Fexit", ebpf.Tracing, []ebpf.AttachType{ebpf.AttachTraceFExit}, nil, "", "5.5", "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS CONFIG_DEBUG_INFO_BTF CONFIG_BPF_JIT"}
	kindFmodRet       = progKind{"FmodRet", ebpf.Tracing, []ebpf.AttachType{ebpf.AttachModifyReturn}, nil, "", "5.7", "CONFIG_FUNCTION_ERROR_INJECTION CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS CONFIG_DEBUG_INFO_BTF"}
	kindFsession      = progKind{"Fsession", ebpf.Tracing, []ebpf.AttachType{attachFsession}, nil, "", "7.0", "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS CONFIG_DEBUG_INFO_BTF CONFIG_BPF_JIT"}
	kindFentryMulti   = progKind{"FentryMulti", ebpf.Tracing, []ebpf.AttachType{attachFentryMulti}, nil, "", "7.2", "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS CONFIG_DEBUG_INFO_BTF CONFIG_BPF_JIT"}
	kindFexitMulti    = progKind{"FexitMulti", ebpf.Tracing, []ebpf.AttachType{attachFexitMulti}, nil, "", "7.2", "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS CONFIG_DEBUG_INFO_BTF CONFIG_BPF_JIT"}
	kindFsessionMulti = progKind{"FsessionMulti", ebpf.Tracing, []ebpf.AttachType{attachFsessionMulti}, nil, "", "7.2", "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS CONFIG_DEBUG_INFO_BTF CONFIG_BPF_JIT"}
	kindFreplace      = progKind{"Freplace", ebpf.Extension, nil, nil, "", "5.6", ""}
	kindLSM           = progKind{"LSM", ebpf.LSM, []ebpf.AttachType{ebpf.AttachLSMMac}, nil, "", "5.7", "CONFIG_BPF_LSM CONFIG_DEBUG_INFO_BTF"}
	kindLSMCgroup     = progKind{"LSMCgroup", ebpf.LSM, []ebpf.AttachType{ebpf.AttachLSMCgroup}, nil, "a cgroup", "6.0", "CONFIG_BPF_LSM CONFIG_DEBUG_INFO_BTF"}
	kindIter          = progKind{"Iter", ebpf.Tracing, []ebpf.AttachType{ebpf.AttachTraceIter}, nil, "", "5.8", "CONFIG_DEBUG_INFO_BTF CONFIG_BPF_JIT"}

	kindXDP       = progKind{"XDP", ebpf.XDP, []ebpf.AttachType{ebpf.AttachXDP, ebpf.AttachNone}, nil, "an interface", "5.9", ""}
	kindXDPDevMap = progKind{"XDPDevMap", ebpf.XDP, []ebpf.AttachType{ebpf.AttachXDPDevMap}, nil, "a slot in a device map", "5.8", ""}
	kindXDPCPUMap = progKind{"XDPCPUMap", ebpf.XDP, []ebpf.AttachType{ebpf.AttachXDPCPUMap}, nil, "a slot in a CPU map", "5.9", ""}

	kindTC       = progKind{"TC", ebpf.SchedCLS, none, nil, "an interface and a direction", "4.5", "CONFIG_NET_CLS_BPF CONFIG_NET_SCH_INGRESS"}
	kindTCX      = progKind{"TCX", ebpf.SchedCLS, []ebpf.AttachType{ebpf.AttachTCXIngress, ebpf.AttachTCXEgress}, nil, "an interface", "4.5", "CONFIG_NET_XGRESS"}
	kindNetkit   = progKind{"Netkit", ebpf.SchedCLS, []ebpf.AttachType{ebpf.AttachNetkitPrimary, ebpf.AttachNetkitPeer}, nil, "a netkit interface", "6.7", "CONFIG_NETKIT"}
	kindSchedAct = progKind{"SchedAct", ebpf.SchedACT, nil, nil, "an interface and a direction", "4.5", "CONFIG_NET_ACT_BPF CONFIG_NET_CLS_MATCHALL"}

	kindNetfilter = progKind{"Netfilter", ebpf.Netfilter, nil, nil, "a protocol family and a netfilter hook", "6.4", "CONFIG_NETFILTER_BPF_LINK"}

	kindCgroupSKB      = progKind{"CgroupSKB", ebpf.CGroupSKB, nil, []string{"cgroup_skb"}, "a cgroup", "4.10", "CONFIG_CGROUP_BPF"}
	kindCgroupSKBAny   = progKind{"CgroupSKBAny", ebpf.CGroupSKB, none, []string{"cgroup/skb"}, "a cgroup and a direction", "4.10", "CONFIG_CGROUP_BPF"}
	kindCgroupSock     = progKind{"CgroupSock", ebpf.CGroupSock, nil, nil, "a cgroup", "4.10", "CONFIG_CGROUP_BPF"}
	kindCgroupSockAddr = progKind{"CgroupSockAddr", ebpf.CGroupSockAddr, nil, nil, "a cgroup", "4.17", "CONFIG_CGROUP_BPF"}
	kindCgroupSysctl   = progKind{"CgroupSysctl", ebpf.CGroupSysctl, nil, nil, "a cgroup", "5.2", "CONFIG_CGROUP_BPF"}
	kindCgroupSockopt  = progKind{"CgroupSockopt", ebpf.CGroupSockopt, nil, nil, "a cgroup", "5.3", "CONFIG_CGROUP_BPF"}
	kindCgroupDevice   = progKind{"CgroupDevice", ebpf.CGroupDevice, nil, nil, "a cgroup", "4.15", "CONFIG_CGROUP_BPF"}
	kindSockOps        = progKind{"SockOps", ebpf.SockOps, nil, nil, "a cgroup", "4.13", "CONFIG_CGROUP_BPF"}

	kindSocketFilter  = progKind{"SocketFilter", ebpf.SocketFilter, nil, nil, "a socket", "3.19", ""}
	kindSkReuseport   = progKind{"SkReuseport", ebpf.SkReuseport, nil, nil, "a socket", "4.19", ""}
	kindSkMsg         = progKind{"SkMsg", ebpf.SkMsg, nil, nil, "a socket map", "4.17", "CONFIG_BPF_STREAM_PARSER"}
	kindSkSKB         = progKind{"SkSKB", ebpf.SkSKB, []ebpf.AttachType{ebpf.AttachSkSKBStreamParser, ebpf.AttachSkSKBStreamVerdict, ebpf.AttachSkSKBVerdict}, nil, "a socket map", "4.14", "CONFIG_BPF_STREAM_PARSER"}
	kindSkSKBAny      = progKind{"SkSKBAny", ebpf.SkSKB, none, nil, "a socket map and a role", "4.14", "CONFIG_BPF_STREAM_PARSER"}
	kindSkLookup      = progKind{"SkLookup", ebpf.SkLookup, nil, nil, "a network namespace", "5.9", ""}
	kindFlowDissector = progKind{"FlowDissector", ebpf.FlowDissector, nil, nil, "a network namespace", "4.20", ""}

	kindPerfEvent    = progKind{"PerfEvent", ebpf.PerfEvent, nil, nil, "a perf event", "4.9", "CONFIG_BPF_EVENTS"}
	kindLWTIn        = progKind{"LWTIn", ebpf.LWTIn, nil, nil, "a route", "4.10", "CONFIG_LWTUNNEL_BPF"}
	kindLWTOut       = progKind{"LWTOut", ebpf.LWTOut, nil, nil, "a route", "4.10", "CONFIG_LWTUNNEL_BPF"}
	kindLWTXmit      = progKind{"LWTXmit", ebpf.LWTXmit, nil, nil, "a route", "4.10", "CONFIG_LWTUNNEL_BPF"}
	kindLWTSeg6Local = progKind{"LWTSeg6Local", ebpf.LWTSeg6Local, nil, nil, "a route", "4.18", "CONFIG_IPV6_SEG6_BPF"}
	kindLircMode2    = progKind{"LircMode2", ebpf.LircMode2, nil, nil, "a lirc device", "4.18", "CONFIG_BPF_LIRC_MODE2"}

	kindStructOpsProgram = progKind{"StructOpsProgram", ebpf.StructOps, nil, nil, "its struct_ops map to be attached", "5.6", "CONFIG_DEBUG_INFO_BTF CONFIG_BPF_JIT"}
	kindSyscall          = progKind{"Syscall", ebpf.Syscall, nil, nil, "to be run", "5.14", ""}
	kindGeneric          = progKind{name: "Generic", needs: "the library's own attach functions"}
)

// takesPacket says whether the kernel runs programs of a type on a packet
// (net/bpf/test_run.c).
func takesPacket(typ ebpf.ProgramType) bool {
	return slices.Contains([]ebpf.ProgramType{
		ebpf.XDP, ebpf.SchedCLS, ebpf.SchedACT, ebpf.SocketFilter, ebpf.CGroupSKB, ebpf.LWTIn, ebpf.LWTOut, ebpf.LWTXmit,
		ebpf.Netfilter, ebpf.FlowDissector,
	}, typ)
}

// check says whether the program of an object is of this kind.
func (k *progKind) check(spec *ebpf.ProgramSpec) error {
	if k == &kindGeneric {
		return nil
	}
	if spec.Type == k.typ && k.hasAttachType(spec.AttachType) && k.hasSection(spec.SectionName) {
		return nil
	}
	return fmt.Errorf("program %s: SEC(%q) (%s, attach type %s) is not the section of a typed.%s, which the generated code expects",
		spec.Name, spec.SectionName, spec.Type, attachTypeName(spec), k.name)
}

func (k *progKind) hasAttachType(t ebpf.AttachType) bool {
	return k.attach == nil || slices.Contains(k.attach, t)
}

func (k *progKind) hasSection(section string) bool {
	if k.sections == nil {
		return true
	}
	name, _ := splitSection(section)
	for _, s := range k.sections {
		if s == name || strings.Contains(s, "/") && strings.HasPrefix(strings.TrimPrefix(section, "?"), s) {
			return true
		}
	}
	return false
}

// splitSection takes a SEC() name apart, as libbpf's sec_def_matches and the
// library do: what kind of hook, and where. The "?" of SEC("?…") is dropped.
func splitSection(section string) (name, target string) {
	name, target, _ = strings.Cut(strings.TrimPrefix(section, "?"), "/")
	return name, target
}

// attachTypeName is "none" for 0, which the library calls CGroupInetIngress.
func attachTypeName(spec *ebpf.ProgramSpec) string {
	if spec.AttachType == ebpf.AttachNone && spec.Type != ebpf.CGroupSKB {
		return "none"
	}
	return spec.AttachType.String()
}
