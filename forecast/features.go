package forecast

// This file knows by what a kernel's BTF tells what the kernel can do beyond
// its types. Each entry names a witness: something that came with the same change
// and that BTF shows. Where no witness is left in BTF, the kernel's level decides:
// the newest release all of whose marks it has. Marks and witnesses, not uname -r,
// because distributions backport: RHEL 9's "5.14" has the BPF of 6.6.

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/cilium/ebpf"
)

// version is a release of Linux, as 1000 × major + minor.
type version int

func v(major, minor int) version { return version(1000*major + minor) }

func (x version) String() string { return fmt.Sprintf("%d.%d", x/1000, x%1000) }

// parseVersion reads the front of a release, "6.1.0-56-amd64"; 0 if it is none.
func parseVersion(release string) version {
	major, rest, ok := strings.Cut(release, ".")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(rest[:end])
	if !ok || err1 != nil || err2 != nil || b > 999 {
		return 0
	}
	return v(a, b)
}

// marks tell releases by what came with them, whatever the configuration.
var marks = []struct {
	version version
	fact    fact
}{
	{v(5, 2), enumerator("BPF_FUNC_sk_storage_get")},
	{v(5, 3), enumerator("BPF_FUNC_send_signal")},
	{v(5, 5), enumerator("BPF_FUNC_skb_output")},
	{v(5, 6), enumerator("BPF_FUNC_jiffies64")},
	{v(5, 7), enumerator("BPF_FUNC_sk_assign")},
	{v(5, 8), enumerator("BPF_FUNC_ringbuf_output")},
	{v(5, 9), enumerator("BPF_FUNC_skc_to_tcp6_sock")},
	{v(5, 10), enumerator("BPF_FUNC_load_hdr_opt")},
	{v(5, 11), enumerator("BPF_FUNC_task_storage_get")},
	{v(5, 12), enumerator("BPF_FUNC_check_mtu")},
	{v(5, 13), enumerator("BPF_FUNC_for_each_map_elem")},
	{v(5, 14), enumerator("BPF_FUNC_sys_bpf")},
	{v(5, 15), enumerator("BPF_FUNC_timer_init")},
	{v(5, 16), enumerator("BPF_FUNC_trace_vprintk")},
	{v(5, 17), enumerator("BPF_FUNC_loop")},
	{v(5, 18), enumerator("BPF_FUNC_get_retval")},
	{v(5, 19), enumerator("BPF_FUNC_dynptr_data")},
	{v(6, 0), enumerator("BPF_FUNC_tcp_raw_gen_syncookie_ipv4")},
	{v(6, 1), enumerator("BPF_FUNC_user_ringbuf_drain")},
	{v(6, 2), enumerator("BPF_FUNC_cgrp_storage_get")},
	{v(6, 3), kernelFunc("bpf_cpumask_create")},
	{v(6, 4), enumerator("BPF_NETFILTER")},
	{v(6, 5), kernelFunc("bpf_dynptr_adjust")},
	{v(6, 6), enumerator("BPF_TCX_INGRESS")},
	{v(6, 7), enumerator("BPF_NETKIT_PRIMARY")},
	{v(6, 8), member("bpf_func_info_aux", "called")},
	{v(6, 9), enumerator("BPF_MAP_TYPE_ARENA")},
	{v(6, 10), enumerator("BPF_TRACE_KPROBE_SESSION")},
	{v(6, 11), kernelFunc("bpf_iter_bits_new")},
	{v(6, 12), kernelFunc("bpf_copy_from_user_str")},
	{v(6, 13), enumerator("BPF_TRACE_UPROBE_SESSION")},
	{v(6, 14), kernelFunc("bpf_local_irq_save")},
	{v(6, 15), kernelFunc("bpf_res_spin_lock")},
	{v(6, 16), kernelFunc("bpf_dynptr_copy")},
	{v(6, 17), kernelFunc("bpf_strcmp")},
	{v(6, 18), kernelFunc("bpf_strcasecmp")},
	{v(6, 19), enumerator("BPF_MAP_TYPE_INSN_ARRAY")},
}

// findLevel is the newest release whose mark the kernel has, 0 if its BTF has
// none at all. Where uname -r lies between that mark and the next one, it is more
// exact.
func (k *Kernel) findLevel() version {
	level, next := version(0), version(1<<30)
	for i, m := range marks {
		if !k.has[m.fact] {
			continue
		}
		level, next = m.version, 1<<30
		if i+1 < len(marks) {
			next = marks[i+1].version
		}
	}
	if said := parseVersion(k.release); said > level && said < next {
		return said
	}
	return level
}

// since says whether the kernel's level is that release or a later one.
func (k *Kernel) since(x version) tri { return answer(k.level != 0, k.level >= x) }

// between is for what was measured: not there on the kernel of level without,
// there on that of level with. Of those between nothing is known.
func (k *Kernel) between(without, with version) tri {
	switch {
	case k.level == 0 || k.level > without && k.level < with:
		return unclear
	case k.level >= with:
		return yes
	}
	return no
}

// feature is what a kernel has or lacks.
type feature struct {
	name string
	// version that brought it.
	version version
	// witness is a fact that came with it; zero where only the level tells.
	witness fact
	// remedy for programs that older kernels load, too.
	remedy string
}

func (k *Kernel) supports(f feature) tri {
	if f.witness != (fact{}) && k.level != 0 {
		return answer(true, k.has[f.witness])
	}
	return k.since(f.version)
}

// builtWith are functions that a kernel has if it was built with a type of
// programs or maps, which the enumerators are there without. Only names that one
// file has: pahole leaves out functions of which there are several. Types that
// depend on nothing but BPF itself are not here.
var (
	programsBuiltWith = map[ebpf.ProgramType]builtWith{
		ebpf.SkReuseport:   {kernelFunc("sk_reuseport_func_proto"), "CONFIG_INET"},
		ebpf.LSM:           {kernelFunc("bpf_lsm_func_proto"), "CONFIG_BPF_LSM"},
		ebpf.LWTIn:         {kernelFunc("lwt_in_func_proto"), "CONFIG_NET"},
		ebpf.LWTSeg6Local:  {kernelFunc("lwt_seg6local_func_proto"), "CONFIG_NET"},
		ebpf.LircMode2:     {kernelFunc("lirc_mode2_func_proto"), "CONFIG_BPF_LIRC_MODE2"},
		ebpf.FlowDissector: {kernelFunc("flow_dissector_func_proto"), "CONFIG_NET"},
		ebpf.CGroupDevice:  {kernelFunc("cgroup_dev_func_proto"), "CONFIG_CGROUP_BPF"},
		ebpf.CGroupSysctl:  {kernelFunc("sysctl_func_proto"), "CONFIG_CGROUP_BPF"},
		ebpf.CGroupSockopt: {kernelFunc("cg_sockopt_func_proto"), "CONFIG_CGROUP_BPF"},
		ebpf.SkLookup:      {kernelFunc("sk_lookup_func_proto"), "CONFIG_INET"},
		ebpf.Netfilter:     {kernelFunc("bpf_nf_func_proto"), "CONFIG_NETFILTER_BPF_LINK"},
	}
	mapsBuiltWith = map[ebpf.MapType]builtWith{
		ebpf.StackTrace:         {kernelFunc("stack_map_alloc"), "CONFIG_PERF_EVENTS"},
		ebpf.DevMap:             {kernelFunc("dev_map_alloc"), "CONFIG_NET"},
		ebpf.DevMapHash:         {kernelFunc("dev_map_alloc"), "CONFIG_NET"},
		ebpf.CPUMap:             {kernelFunc("cpu_map_alloc"), "CONFIG_NET"},
		ebpf.SockMap:            {kernelFunc("sock_map_alloc"), "CONFIG_NET_SOCK_MSG"},
		ebpf.SockHash:           {kernelFunc("sock_hash_alloc"), "CONFIG_NET_SOCK_MSG"},
		ebpf.XSKMap:             {kernelFunc("xsk_map_alloc"), "CONFIG_XDP_SOCKETS"},
		ebpf.ReusePortSockArray: {kernelFunc("reuseport_array_alloc"), "CONFIG_INET"},
		ebpf.InodeStorage:       {kernelFunc("inode_storage_map_alloc"), "CONFIG_BPF_LSM"},
		ebpf.Arena:              {kernelFunc("arena_map_alloc"), "CONFIG_MMU and 64 bits"},
		ebpf.StructOpsMap:       {kernelFunc("bpf_struct_ops_map_alloc"), "CONFIG_BPF_JIT"},
	}
	// errorInjection is there if the kernel keeps a list of functions whose result
	// programs may change.
	errorInjection = builtWith{kernelFunc("within_error_injection_list"), "CONFIG_FUNCTION_ERROR_INJECTION"}
	// anyFunction shows that the BTF has functions at all.
	anyFunction = kernelFunc("array_map_alloc")
)

type builtWith struct {
	fact   fact
	config string
}

// built says whether the kernel was built with something.
func (k *Kernel) built(with builtWith) tri {
	return answer(k.has[anyFunction], k.has[with.fact])
}

// What programs and maps ask for by flags, instructions and BTF.
var (
	featFrags          = feature{"multi-buffer XDP (xdp.frags)", v(5, 18), member("bpf_prog_aux", "xdp_has_frags"), `use SEC("xdp") for older kernels`}
	featFloatBTF       = feature{name: "floating point types in BTF", version: v(5, 13), witness: kernelFunc("btf_float_check_meta")}
	featGlobalLazy     = feature{name: "global functions that are verified only where they are called", version: v(6, 8), witness: member("bpf_func_info_aux", "called")}
	featKfuncs         = feature{name: "calls of kernel functions (kfuncs)", version: v(5, 13)}
	featAtomics        = feature{name: "atomic instructions other than add", version: v(5, 12), remedy: "add without using the result, which needs no other instruction, or use a spin lock"}
	featFuncPointers   = feature{"pointers to functions as arguments (bpf_loop, bpf_for_each_map_elem)", v(5, 13), enumerator("BPF_FUNC_for_each_map_elem"), "put the call into a program of its own, and make that optional: SEC(\"?…\"), or Optional in Go"}
	featV4             = feature{name: "the instructions of clang -mcpu=v4", version: v(6, 6), remedy: "compile with clang -mcpu=v3"}
	featMayGoto        = feature{"may_goto", v(6, 9), enumerator("BPF_MAY_GOTO"), "bound the loop by a constant, or use bpf_loop"}
	featAddrSpaceCast  = feature{name: "addresses in arenas (addr_space_cast)", version: v(6, 9), remedy: btfparse.LostCastsRemedy}
	featLoadAcquire    = feature{name: "load-acquire and store-release", version: v(6, 15), remedy: "use a read-modify-write instruction"}
	featRawTPSleepable = feature{name: "sleepable tracepoint programs", version: v(7, 0)}
	featEmptyDatasec   = feature{name: "BTF of data sections without variables", version: v(5, 12)}
	featFmodRetSet     = feature{name: "functions of its own that programs may change", version: v(6, 3)}
	featGraphs         = feature{name: "linked lists and trees in maps", version: v(6, 2)}
)

// wantedOfKernels are all facts that this package asks of a kernel.
func wantedOfKernels() []fact {
	var wanted []fact
	for _, m := range marks {
		wanted = append(wanted, m.fact)
	}
	for _, f := range []feature{featFrags, featFloatBTF, featGlobalLazy, featFuncPointers, featMayGoto} {
		wanted = append(wanted, f.witness)
	}
	for _, f := range mapFlags {
		wanted = append(wanted, enumerator(f.name))
	}
	for _, with := range programsBuiltWith {
		wanted = append(wanted, with.fact)
	}
	for _, with := range mapsBuiltWith {
		wanted = append(wanted, with.fact)
	}
	return append(wanted, flagsInBTF, errorInjection.fact, anyFunction)
}
