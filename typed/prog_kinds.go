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

	kindKprobe         = progKind{"Kprobe", ebpf.Kprobe, none, []string{"kprobe"}, "", "4.1"}
	kindKretprobe      = progKind{"Kretprobe", ebpf.Kprobe, none, []string{"kretprobe"}, "", "4.1"}
	kindKsyscall       = progKind{"Ksyscall", ebpf.Kprobe, none, []string{"ksyscall"}, "", "4.1"}
	kindKretsyscall    = progKind{"Kretsyscall", ebpf.Kprobe, none, []string{"kretsyscall"}, "", "4.1"}
	kindKprobeMulti    = progKind{"KprobeMulti", ebpf.Kprobe, expects(ebpf.AttachTraceKprobeMulti), []string{"kprobe.multi"}, "", "5.18"}
	kindKretprobeMulti = progKind{"KretprobeMulti", ebpf.Kprobe, expects(ebpf.AttachTraceKprobeMulti), []string{"kretprobe.multi"}, "", "5.18"}
	kindKprobeSession  = progKind{"KprobeSession", ebpf.Kprobe, expects(ebpf.AttachTraceKprobeSession), nil, "", "6.10"}

	kindUprobe         = progKind{"Uprobe", ebpf.Kprobe, none, []string{"uprobe", "uprobe.s"}, "", "4.1"}
	kindUretprobe      = progKind{"Uretprobe", ebpf.Kprobe, none, []string{"uretprobe", "uretprobe.s"}, "", "4.1"}
	kindUprobeMulti    = progKind{"UprobeMulti", ebpf.Kprobe, expects(ebpf.AttachTraceUprobeMulti), []string{"uprobe.multi", "uprobe.multi.s"}, "", "6.6"}
	kindUretprobeMulti = progKind{"UretprobeMulti", ebpf.Kprobe, expects(ebpf.AttachTraceUprobeMulti), []string{"uretprobe.multi", "uretprobe.multi.s"}, "", "6.6"}
	kindUprobeSession  = progKind{"UprobeSession", ebpf.Kprobe, expects(attachUprobeSession), nil, "", "6.13"}
	kindUSDT           = progKind{"USDT", ebpf.Kprobe, nil, []string{"usdt", "usdt.s"}, "", "4.20"}

	kindTracepoint            = progKind{"Tracepoint", ebpf.TracePoint, nil, nil, "", "4.7"}
	kindRawTracepoint         = progKind{"RawTracepoint", ebpf.RawTracepoint, nil, nil, "", "4.17"}
	kindRawTracepointWritable = progKind{"RawTracepointWritable", ebpf.RawTracepointWritable, nil, nil, "", "5.2"}

	kindTPBTF         = progKind{"TPBTF", ebpf.Tracing, expects(ebpf.AttachTraceRawTp), nil, "", "5.5"}
	kindFentry        = progKind{"Fentry", ebpf.Tracing, expects(ebpf.AttachTraceFEntry), nil, "", "5.5"}
	kindFexit         = progKind{"Fexit", ebpf.Tracing, expects(ebpf.AttachTraceFExit), nil, "", "5.5"}
	kindFmodRet       = progKind{"FmodRet", ebpf.Tracing, expects(ebpf.AttachModifyReturn), nil, "", "5.7"}
	kindFsession      = progKind{"Fsession", ebpf.Tracing, expects(attachFsession), nil, "", "7.0"}
	kindFentryMulti   = progKind{"FentryMulti", ebpf.Tracing, expects(attachFentryMulti), nil, "", "7.2"}
	kindFexitMulti    = progKind{"FexitMulti", ebpf.Tracing, expects(attachFexitMulti), nil, "", "7.2"}
	kindFsessionMulti = progKind{"FsessionMulti", ebpf.Tracing, expects(attachFsessionMulti), nil, "", "7.2"}
	kindFreplace      = progKind{"Freplace", ebpf.Extension, nil, nil, "", "5.6"}
	kindLSM           = progKind{"LSM", ebpf.LSM, expects(ebpf.AttachLSMMac), nil, "", "5.7"}
	kindLSMCgroup     = progKind{"LSMCgroup", ebpf.LSM, expects(ebpf.AttachLSMCgroup), nil, "a cgroup", "6.0"}
	kindIter          = progKind{"Iter", ebpf.Tracing, expects(ebpf.AttachTraceIter), nil, "", "5.8"}

	kindXDP       = progKind{"XDP", ebpf.XDP, []ebpf.AttachType{ebpf.AttachXDP, ebpf.AttachNone}, nil, "an interface", "5.9"}
	kindXDPDevMap = progKind{"XDPDevMap", ebpf.XDP, expects(ebpf.AttachXDPDevMap), nil, "a slot in a device map", "5.8"}
	kindXDPCPUMap = progKind{"XDPCPUMap", ebpf.XDP, expects(ebpf.AttachXDPCPUMap), nil, "a slot in a CPU map", "5.9"}

	kindTC       = progKind{"TC", ebpf.SchedCLS, none, nil, "an interface and a direction", "4.5"}
	kindTCX      = progKind{"TCX", ebpf.SchedCLS, []ebpf.AttachType{ebpf.AttachTCXIngress, ebpf.AttachTCXEgress}, nil, "an interface", "4.5"}
	kindNetkit   = progKind{"Netkit", ebpf.SchedCLS, []ebpf.AttachType{ebpf.AttachNetkitPrimary, ebpf.AttachNetkitPeer}, nil, "a netkit interface", "6.7"}
	kindSchedAct = progKind{"SchedAct", ebpf.SchedACT, nil, nil, "an interface and a direction", "4.5"}

	kindNetfilter = progKind{"Netfilter", ebpf.Netfilter, nil, nil, "a protocol family and a netfilter hook", "6.4"}

	kindCgroupSKB      = progKind{"CgroupSKB", ebpf.CGroupSKB, nil, []string{"cgroup_skb"}, "a cgroup", "4.10"}
	kindCgroupSKBAny   = progKind{"CgroupSKBAny", ebpf.CGroupSKB, none, []string{"cgroup/skb"}, "a cgroup and a direction", "4.10"}
	kindCgroupSock     = progKind{"CgroupSock", ebpf.CGroupSock, nil, nil, "a cgroup", "4.10"}
	kindCgroupSockAddr = progKind{"CgroupSockAddr", ebpf.CGroupSockAddr, nil, nil, "a cgroup", "4.17"}
	kindCgroupSysctl   = progKind{"CgroupSysctl", ebpf.CGroupSysctl, nil, nil, "a cgroup", "5.2"}
	kindCgroupSockopt  = progKind{"CgroupSockopt", ebpf.CGroupSockopt, nil, nil, "a cgroup", "5.3"}
	kindCgroupDevice   = progKind{"CgroupDevice", ebpf.CGroupDevice, nil, nil, "a cgroup", "4.15"}
	kindSockOps        = progKind{"SockOps", ebpf.SockOps, nil, nil, "a cgroup", "4.13"}

	kindSocketFilter  = progKind{"SocketFilter", ebpf.SocketFilter, nil, nil, "a socket", "3.19"}
	kindSkReuseport   = progKind{"SkReuseport", ebpf.SkReuseport, nil, nil, "a socket", "4.19"}
	kindSkMsg         = progKind{"SkMsg", ebpf.SkMsg, nil, nil, "a socket map", "4.17"}
	kindSkSKB         = progKind{"SkSKB", ebpf.SkSKB, []ebpf.AttachType{ebpf.AttachSkSKBStreamParser, ebpf.AttachSkSKBStreamVerdict, ebpf.AttachSkSKBVerdict}, nil, "a socket map", "4.14"}
	kindSkSKBAny      = progKind{"SkSKBAny", ebpf.SkSKB, none, nil, "a socket map and a role", "4.14"}
	kindSkLookup      = progKind{"SkLookup", ebpf.SkLookup, nil, nil, "a network namespace", "5.9"}
	kindFlowDissector = progKind{"FlowDissector", ebpf.FlowDissector, nil, nil, "a network namespace", "4.20"}

	kindPerfEvent    = progKind{"PerfEvent", ebpf.PerfEvent, nil, nil, "a perf event", "4.9"}
	kindLWTIn        = progKind{"LWTIn", ebpf.LWTIn, nil, nil, "a route", "4.10"}
	kindLWTOut       = progKind{"LWTOut", ebpf.LWTOut, nil, nil, "a route", "4.10"}
	kindLWTXmit      = progKind{"LWTXmit", ebpf.LWTXmit, nil, nil, "a route", "4.10"}
	kindLWTSeg6Local = progKind{"LWTSeg6Local", ebpf.LWTSeg6Local, nil, nil, "a route", "4.18"}
	kindLircMode2    = progKind{"LircMode2", ebpf.LircMode2, nil, nil, "a lirc device", "4.18"}

	kindStructOpsProgram = progKind{"StructOpsProgram", ebpf.StructOps, nil, nil, "its struct_ops map to be attached", "5.6"}
	kindSyscall          = progKind{"Syscall", ebpf.Syscall, nil, nil, "to be run", "5.14"}
	kindGeneric          = progKind{name: "Generic", needs: "the library's own attach functions"}
)

// options are the options that a kernel must be built with to have the kind,
// and that not all kernels are. They are the first that are missing in practice,
// not all that there are.
func (k *progKind) options() []string {
	switch k {
	case &kindKprobe, &kindKretprobe, &kindKsyscall, &kindKretsyscall:
		return []string{"CONFIG_KPROBE_EVENTS", "CONFIG_BPF_EVENTS"}
	case &kindKprobeMulti, &kindKretprobeMulti, &kindKprobeSession:
		return []string{"CONFIG_FPROBE", "CONFIG_BPF_EVENTS"}
	case &kindUprobe, &kindUretprobe, &kindUprobeMulti, &kindUretprobeMulti, &kindUprobeSession, &kindUSDT:
		return []string{"CONFIG_UPROBE_EVENTS", "CONFIG_BPF_EVENTS"}
	case &kindTracepoint, &kindRawTracepoint, &kindRawTracepointWritable, &kindPerfEvent:
		return []string{"CONFIG_BPF_EVENTS"}
	case &kindTPBTF, &kindIter, &kindStructOpsProgram:
		return []string{"CONFIG_DEBUG_INFO_BTF", "CONFIG_BPF_JIT"}
	case &kindFentry, &kindFexit, &kindFsession, &kindFentryMulti, &kindFexitMulti, &kindFsessionMulti:
		return []string{"CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS", "CONFIG_DEBUG_INFO_BTF", "CONFIG_BPF_JIT"}
	case &kindFmodRet:
		return []string{"CONFIG_FUNCTION_ERROR_INJECTION", "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS", "CONFIG_DEBUG_INFO_BTF"}
	case &kindLSM, &kindLSMCgroup:
		return []string{"CONFIG_BPF_LSM", "CONFIG_DEBUG_INFO_BTF"}
	case &kindTCX:
		return []string{"CONFIG_NET_XGRESS"}
	case &kindTC:
		return []string{"CONFIG_NET_CLS_BPF", "CONFIG_NET_SCH_INGRESS"}
	case &kindSchedAct:
		return []string{"CONFIG_NET_ACT_BPF", "CONFIG_NET_CLS_MATCHALL"}
	case &kindNetkit:
		return []string{"CONFIG_NETKIT"}
	case &kindNetfilter:
		return []string{"CONFIG_NETFILTER_BPF_LINK"}
	case &kindSkMsg, &kindSkSKB, &kindSkSKBAny:
		return []string{"CONFIG_BPF_STREAM_PARSER"}
	case &kindLWTIn, &kindLWTOut, &kindLWTXmit:
		return []string{"CONFIG_LWTUNNEL_BPF"}
	case &kindLWTSeg6Local:
		return []string{"CONFIG_IPV6_SEG6_BPF"}
	case &kindLircMode2:
		return []string{"CONFIG_BPF_LIRC_MODE2"}
	case &kindCgroupSKB, &kindCgroupSKBAny, &kindCgroupSock, &kindCgroupSockAddr, &kindCgroupSysctl, &kindCgroupSockopt, &kindCgroupDevice, &kindSockOps:
		return []string{"CONFIG_CGROUP_BPF"}
	}
	return nil
}

// takesPacket says whether the kernel runs programs of a type on a packet
// (net/bpf/test_run.c).
func takesPacket(typ ebpf.ProgramType) bool {
	return slices.Contains([]ebpf.ProgramType{
		ebpf.XDP, ebpf.SchedCLS, ebpf.SchedACT, ebpf.SocketFilter, ebpf.CGroupSKB, ebpf.LWTIn, ebpf.LWTOut, ebpf.LWTXmit,
		ebpf.Netfilter, ebpf.FlowDissector,
	}, typ)
}

func expects(t ebpf.AttachType) []ebpf.AttachType { return []ebpf.AttachType{t} }

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
