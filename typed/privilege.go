package typed

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
)

// This file says what a process lacks where the kernel says EPERM or EACCES.

// capability is a number of include/uapi/linux/capability.h.
type capability int

// The capabilities that BPF asks for.
const (
	capNetAdmin capability = 12
	capSysAdmin capability = 21
	capPerfmon  capability = 38
	capBPF      capability = 39
)

var capabilityNames = map[capability]string{
	capNetAdmin: "CAP_NET_ADMIN", capSysAdmin: "CAP_SYS_ADMIN", capPerfmon: "CAP_PERFMON", capBPF: "CAP_BPF",
}

// The program types whose programs need CAP_PERFMON, or CAP_NET_ADMIN, besides
// CAP_BPF (kernel/bpf/syscall.c, is_perfmon_prog_type, is_net_admin_prog_type).
var (
	perfmonTypes = []ebpf.ProgramType{
		ebpf.Kprobe, ebpf.TracePoint, ebpf.PerfEvent, ebpf.RawTracepoint, ebpf.RawTracepointWritable,
		ebpf.Tracing, ebpf.LSM, ebpf.StructOps, ebpf.Extension,
	}
	netAdminTypes = []ebpf.ProgramType{
		ebpf.SchedCLS, ebpf.SchedACT, ebpf.XDP, ebpf.LWTIn, ebpf.LWTOut, ebpf.LWTXmit, ebpf.LWTSeg6Local,
		ebpf.SkSKB, ebpf.SkMsg, ebpf.FlowDissector, ebpf.CGroupDevice, ebpf.CGroupSKB, ebpf.CGroupSock, ebpf.CGroupSockAddr,
		ebpf.CGroupSockopt, ebpf.CGroupSysctl, ebpf.SockOps, ebpf.SkLookup, ebpf.Netfilter, ebpf.Extension, ebpf.LircMode2,
	}
)

// neededFor are the capabilities for programs of a type; before Linux 5.8 there
// is one for all.
func neededFor(typ ebpf.ProgramType) []capability {
	if olderThan("5.8") {
		return []capability{capSysAdmin}
	}
	needed := []capability{capBPF}
	if slices.Contains(perfmonTypes, typ) {
		needed = append(needed, capPerfmon)
	}
	if slices.Contains(netAdminTypes, typ) {
		needed = append(needed, capNetAdmin)
	}
	return needed
}

// permissionRemedy is what to do about an EPERM or EACCES of a program type.
func permissionRemedy(typ ebpf.ProgramType) string {
	if lacking := privilegeRemedy(neededFor(typ)); lacking != "" {
		return lacking
	}
	return policyRemedy()
}

// memlockRemedy is what to do where the memory of maps and programs counts as locked
// memory of the user (kernel/bpf/syscall.c, bpf_charge_memlock, until Linux 5.11), of
// which no capability gives more.
func memlockRemedy() string {
	bytes, limited := machine.memlock()
	if !limited || !olderThan("5.11") {
		return ""
	}
	return fmt.Sprintf("before Linux 5.11 maps and programs count as locked memory, of which this process may have %d bytes: call RemoveMemlock of github.com/cilium/ebpf/rlimit before Load", bytes)
}

// privilegeRemedy says which of the capabilities the process lacks, if any.
func privilegeRemedy(needed []capability) string {
	held, err := machine.capabilities()
	if err != nil {
		return ""
	}
	var lacking []string
	for _, c := range needed {
		// CAP_SYS_ADMIN stands for all that BPF asks for.
		if held&(1<<c) == 0 && held&(1<<capSysAdmin) == 0 {
			lacking = append(lacking, capabilityNames[c])
		}
	}
	switch {
	case len(lacking) > 0:
		return "the process lacks " + strings.Join(lacking, " and ") + ": run it as root, or give it these capabilities"
	case inUserNamespace():
		return "the process is in a user namespace of its own, whose capabilities do not count here: run it in the initial one, or give it a BPF token"
	}
	return ""
}

// forSysAdmin is why opening by id was refused (kernel/bpf/syscall.c,
// bpf_map_get_fd_by_id and kin).
const forSysAdmin = "the kernel opens maps, programs and types by their ids for CAP_SYS_ADMIN only"

// needsSysAdmin says so in the error of opening by id, where that is the cause.
func needsSysAdmin(err error) error {
	if !lacksSysAdmin(err) {
		return err
	}
	return fmt.Errorf("%w: "+forSysAdmin, err)
}

// lacksSysAdmin says whether an error is that of a process without
// CAP_SYS_ADMIN.
func lacksSysAdmin(err error) bool {
	if err == nil || !errors.Is(err, os.ErrPermission) {
		return false
	}
	held, cerr := machine.capabilities()
	return cerr == nil && held&(1<<capSysAdmin) == 0
}

// policyRemedy is for a process that has all capabilities. Lockdown forbids
// tracing (security/lockdown); what other security modules forbid they write
// into the kernel's log, if anywhere.
func policyRemedy() string {
	const none = "the process has the capabilities for it: a security module or another policy of this machine forbids it"
	state, err := os.ReadFile("/sys/kernel/security/lockdown")
	if err != nil {
		return none
	}
	for _, word := range strings.Fields(string(state)) {
		if strings.HasPrefix(word, "[") && word != "[none]" {
			return "the kernel is locked down (" + strings.Trim(word, "[]") + "), which may forbid it"
		}
	}
	return none
}

// inUserNamespace says whether the ids of users are not those of the machine.
func inUserNamespace() bool {
	ids, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	f := strings.Fields(string(ids))
	return len(f) != 3 || f[0] != "0" || f[1] != "0" || f[2] != "4294967295"
}
