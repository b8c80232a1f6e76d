package typed

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/cilium/ebpf"
)

// This file says what a process lacks where the kernel says EPERM or EACCES.

// capability is a number of include/uapi/linux/capability.h.
type capability int

// capabilities has a bit for each.
type capabilities uint64

func (held capabilities) has(c capability) bool { return held&(1<<c) != 0 }

// The capabilities that BPF asks for.
const (
	capNetAdmin capability = 12
	capIPCLock  capability = 14
	capSysAdmin capability = 21
	capPerfmon  capability = 38
	capBPF      capability = 39
)

var capabilityNames = [...]string{
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

// netAdminMaps are the types of maps that need CAP_NET_ADMIN besides CAP_BPF
// (kernel/bpf/syscall.c, map_create; before Linux 6.4 dev_map_alloc, sock_map_alloc and
// xsk_map_alloc).
var netAdminMaps = []ebpf.MapType{ebpf.SockMap, ebpf.SockHash, ebpf.DevMap, ebpf.DevMapHash, ebpf.XSKMap}

// neededForMap are the capabilities for maps of a type.
func neededForMap(typ ebpf.MapType) []capability {
	needed := neededFor(ebpf.UnspecifiedProgram)
	if slices.Contains(netAdminMaps, typ) {
		needed = append(needed, capNetAdmin)
	}
	return needed
}

// memlockHint is what the library adds to each EPERM of creating a map or loading a
// program (map.go, prog.go, v0.22).
const memlockHint = " (MEMLOCK may be too low, consider rlimit.RemoveMemlock)"

// withoutHint takes that out of the text: memlockRemedy says it where it is so.
func withoutHint(err error) error {
	if text := err.Error(); strings.Contains(text, memlockHint) {
		return &retold{err, strings.ReplaceAll(text, memlockHint, "")}
	}
	return err
}

// retold is an error with a text of ours.
type retold struct {
	error
	text string
}

func (r *retold) Error() string { return r.text }

func (r *retold) Unwrap() error { return r.error }

// permissionRemedy is what to do about an EPERM or EACCES of a program type.
func permissionRemedy(typ ebpf.ProgramType) string {
	return cmp.Or(privilegeRemedy(neededFor(typ)), policyRemedy())
}

// attachRemedy is what to do about an EPERM or EACCES of attaching a kind.
func attachRemedy(k *progKind, err error) string {
	return cmp.Or(uprobeRemedy(k), privilegeRemedy(neededFor(k.typ)), paranoidRemedy(err), egressRemedy(k), policyRemedy())
}

// fileRemedy is for a file that its owner and mode keep from the process: EACCES, where
// policies and missing capabilities are EPERM.
func fileRemedy(err error) string {
	var file *fs.PathError
	switch {
	case !errorAs(err, &file) || !errors.Is(file.Err, syscall.EACCES):
		return ""
	case strings.HasPrefix(file.Path, "/sys/kernel/tracing/"), strings.HasPrefix(file.Path, "/sys/kernel/debug/"):
		return "tracefs is root's alone: run it as root, let another group in (mount -o remount,gid=… /sys/kernel/tracing), or give it CAP_DAC_OVERRIDE"
	}
	return "owner and mode keep " + file.Path + " from this user: run it as root, change them, or give it CAP_DAC_OVERRIDE"
}

// paranoidRemedy is for opening a perf event, by which kprobes, uprobes and tracepoints are
// attached, where CAP_PERFMON is not enough: the kernels of Debian and its kin ask for CAP_SYS_ADMIN if
// kernel.perf_event_paranoid is above 2 (measured on 5.10 to 7.3; not in Linux).
func paranoidRemedy(err error) string {
	held, cerr := machineCapabilities()
	if !errors.Is(err, syscall.EACCES) || cerr != nil || held.has(capSysAdmin) {
		return ""
	}
	level := machineParanoid()
	if level <= 2 {
		return ""
	}
	return fmt.Sprintf("kernel.perf_event_paranoid is %d, above 2, for which this kernel opens perf events for CAP_SYS_ADMIN only: lower it (sysctl kernel.perf_event_paranoid=2), or give it that capability", level)
}

// egressRemedy is for cgroup_skb programs, for which CAP_SYS_ADMIN did not stand for
// CAP_NET_ADMIN before Linux 6.9 (bpf_prog_attach_check_attach_type, kernel/bpf/syscall.c).
func egressRemedy(k *progKind) string {
	held, err := machineCapabilities()
	if err != nil || k.typ != ebpf.CGroupSKB || held.has(capNetAdmin) || !olderThan("6.9") {
		return ""
	}
	return lacks(capNetAdmin)
}

// perfEventParanoid is the sysctl of that name, 0 if it cannot be had.
func perfEventParanoid() int {
	text, err := os.ReadFile("/proc/sys/kernel/perf_event_paranoid")
	if err != nil {
		return 0
	}
	level, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return level
}

// uprobeKinds are attached by the perf events of uprobes.
var uprobeKinds = []*progKind{&kindUprobe, &kindUretprobe, &kindUSDT}

// uprobeRemedy is for a process without CAP_SYS_ADMIN, which those perf events take
// since Linux 6.16 and stable releases of that time ("perf: Revert to requiring
// CAP_SYS_ADMIN for uprobes"; measured on 6.18); from 5.8 until then it was CAP_PERFMON.
func uprobeRemedy(k *progKind) string {
	held, err := machineCapabilities()
	if err != nil || !slices.Contains(uprobeKinds, k) || held.has(capSysAdmin) || olderThan("6.16") && !held.has(capPerfmon) {
		return ""
	}
	return "the kernel attaches uprobes for CAP_SYS_ADMIN only: run it as root, or give it that capability"
}

// netlinkRemedy is for what goes by netlink, where CAP_SYS_ADMIN does not stand for
// CAP_NET_ADMIN.
func netlinkRemedy(err error) string {
	held, cerr := machineCapabilities()
	switch {
	case !errors.Is(err, os.ErrPermission) || cerr != nil:
		return ""
	case !held.has(capNetAdmin):
		return lacks(capNetAdmin)
	}
	return cmp.Or(namespaceRemedy(), policyRemedy())
}

// perfRemedy is for the buffers of a perf event array: EACCES comes from opening the
// event of a CPU (perf_allow_cpu), EPERM from mapping its buffer, which is locked memory
// (perf_mmap, both kernel/events/core.c).
func perfRemedy(err error) string {
	held, cerr := machineCapabilities()
	switch {
	case cerr != nil:
	case errors.Is(err, syscall.EACCES):
		needed := capPerfmon
		if olderThan("5.8") {
			needed = capSysAdmin
		}
		return cmp.Or(privilegeRemedy([]capability{needed}), paranoidRemedy(err))
	case errors.Is(err, syscall.EPERM) && !held.has(capIPCLock):
		return "buffers are locked memory, of which the process may have no more: take a smaller PerCPUBuffer, raise kernel.perf_event_mlock_kb or RLIMIT_MEMLOCK, or give it CAP_IPC_LOCK"
	}
	return ""
}

// memlockRemedy is what to do where the memory of maps and programs counts as locked
// memory of the user (kernel/bpf/syscall.c, bpf_charge_memlock, until Linux 5.11), of
// which no capability gives more.
func memlockRemedy() string {
	bytes, limited := machineMemlock()
	if !limited || !olderThan("5.11") {
		return ""
	}
	return fmt.Sprintf("before Linux 5.11 maps and programs count as locked memory, of which this process may have %d bytes: call RemoveMemlock of github.com/cilium/ebpf/rlimit before Load", bytes)
}

// privilegeRemedy says which of the capabilities the process lacks, if any.
func privilegeRemedy(needed []capability) string {
	held, err := machineCapabilities()
	if err != nil {
		return ""
	}
	var lacking []capability
	for _, c := range needed {
		// CAP_SYS_ADMIN stands for all that BPF asks for.
		if !held.has(c) && !held.has(capSysAdmin) {
			lacking = append(lacking, c)
		}
	}
	if len(lacking) > 0 {
		return lacks(lacking...)
	}
	return namespaceRemedy()
}

func lacks(capabilities ...capability) string {
	var names []string
	for _, c := range capabilities {
		names = append(names, capabilityNames[c])
	}
	return "the process lacks " + strings.Join(names, " and ") + ": run it as root, or give it these capabilities"
}

func namespaceRemedy() string {
	if !inUserNamespace() {
		return ""
	}
	return "the process is in a user namespace of its own, whose capabilities do not count here: run it in the initial one, or give it a BPF token"
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
	held, cerr := machineCapabilities()
	return cerr == nil && !held.has(capSysAdmin)
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
