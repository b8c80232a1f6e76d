package btfparse

import "fmt"

// This file has the kernel's numbers: map, program and attach types, as
// include/uapi/linux/bpf.h has them in libbpf at commit f7081a6b (2026-07-30,
// libbpf 1.8-dev). They are btfparse's own, because cilium/ebpf v0.22 stops
// before the newest of them, and because the strings here are the kernel's,
// which users know from bpftool and from C.

// MapType is a value of the kernel's enum bpf_map_type.
type MapType uint32

// All map types of the kernel. CGroupStorage and PerCPUCGroupStorage are the ones
// that the kernel calls deprecated; CgrpStorage is their successor.
const (
	MapUnspec MapType = iota
	MapHash
	MapArray
	MapProgArray
	MapPerfEventArray
	MapPerCPUHash
	MapPerCPUArray
	MapStackTrace
	MapCGroupArray
	MapLRUHash
	MapLRUPerCPUHash
	MapLPMTrie
	MapArrayOfMaps
	MapHashOfMaps
	MapDevMap
	MapSockMap
	MapCPUMap
	MapXSKMap
	MapSockHash
	MapCGroupStorage
	MapReusePortSockArray
	MapPerCPUCGroupStorage
	MapQueue
	MapStack
	MapSkStorage
	MapDevMapHash
	MapStructOps
	MapRingBuf
	MapInodeStorage
	MapTaskStorage
	MapBloomFilter
	MapUserRingBuf
	MapCgrpStorage
	MapArena
	MapInsnArray
	MapRHash
)

// ProgType is a value of the kernel's enum bpf_prog_type.
type ProgType uint32

// All program types of the kernel.
const (
	ProgUnspec ProgType = iota
	ProgSocketFilter
	ProgKprobe
	ProgSchedCLS
	ProgSchedACT
	ProgTracepoint
	ProgXDP
	ProgPerfEvent
	ProgCGroupSKB
	ProgCGroupSock
	ProgLWTIn
	ProgLWTOut
	ProgLWTXmit
	ProgSockOps
	ProgSkSKB
	ProgCGroupDevice
	ProgSkMsg
	ProgRawTracepoint
	ProgCGroupSockAddr
	ProgLWTSeg6Local
	ProgLircMode2
	ProgSkReusePort
	ProgFlowDissector
	ProgCGroupSysctl
	ProgRawTracepointWritable
	ProgCGroupSockopt
	ProgTracing
	ProgStructOps
	ProgExt
	ProgLSM
	ProgSkLookup
	ProgSyscall
	ProgNetfilter
)

// AttachType is a value of the kernel's enum bpf_attach_type.
type AttachType uint32

// AttachNone is what libbpf and cilium/ebpf use for "no attach type". It has
// the same value as [AttachCGroupInetIngress].
const AttachNone AttachType = 0

// All attach types of the kernel.
const (
	AttachCGroupInetIngress AttachType = iota
	AttachCGroupInetEgress
	AttachCGroupInetSockCreate
	AttachCGroupSockOps
	AttachSkSKBStreamParser
	AttachSkSKBStreamVerdict
	AttachCGroupDevice
	AttachSkMsgVerdict
	AttachCGroupInet4Bind
	AttachCGroupInet6Bind
	AttachCGroupInet4Connect
	AttachCGroupInet6Connect
	AttachCGroupInet4PostBind
	AttachCGroupInet6PostBind
	AttachCGroupUDP4Sendmsg
	AttachCGroupUDP6Sendmsg
	AttachLircMode2
	AttachFlowDissector
	AttachCGroupSysctl
	AttachCGroupUDP4Recvmsg
	AttachCGroupUDP6Recvmsg
	AttachCGroupGetsockopt
	AttachCGroupSetsockopt
	AttachTraceRawTp
	AttachTraceFEntry
	AttachTraceFExit
	AttachModifyReturn
	AttachLSMMAC
	AttachTraceIter
	AttachCGroupInet4Getpeername
	AttachCGroupInet6Getpeername
	AttachCGroupInet4Getsockname
	AttachCGroupInet6Getsockname
	AttachXDPDevMap
	AttachCGroupInetSockRelease
	AttachXDPCPUMap
	AttachSkLookup
	AttachXDP
	AttachSkSKBVerdict
	AttachSkReusePortSelect
	AttachSkReusePortSelectOrMigrate
	AttachPerfEvent
	AttachTraceKprobeMulti
	AttachLSMCGroup
	AttachStructOps
	AttachNetfilter
	AttachTCXIngress
	AttachTCXEgress
	AttachTraceUprobeMulti
	AttachCGroupUnixConnect
	AttachCGroupUnixSendmsg
	AttachCGroupUnixRecvmsg
	AttachCGroupUnixGetpeername
	AttachCGroupUnixGetsockname
	AttachNetkitPrimary
	AttachNetkitPeer
	AttachTraceKprobeSession
	AttachTraceUprobeSession
	AttachTraceFSession
	AttachTraceFEntryMulti
	AttachTraceFExitMulti
	AttachTraceFSessionMulti
)

var mapTypeNames = [...]string{
	MapUnspec:              "UNSPEC",
	MapHash:                "HASH",
	MapArray:               "ARRAY",
	MapProgArray:           "PROG_ARRAY",
	MapPerfEventArray:      "PERF_EVENT_ARRAY",
	MapPerCPUHash:          "PERCPU_HASH",
	MapPerCPUArray:         "PERCPU_ARRAY",
	MapStackTrace:          "STACK_TRACE",
	MapCGroupArray:         "CGROUP_ARRAY",
	MapLRUHash:             "LRU_HASH",
	MapLRUPerCPUHash:       "LRU_PERCPU_HASH",
	MapLPMTrie:             "LPM_TRIE",
	MapArrayOfMaps:         "ARRAY_OF_MAPS",
	MapHashOfMaps:          "HASH_OF_MAPS",
	MapDevMap:              "DEVMAP",
	MapSockMap:             "SOCKMAP",
	MapCPUMap:              "CPUMAP",
	MapXSKMap:              "XSKMAP",
	MapSockHash:            "SOCKHASH",
	MapCGroupStorage:       "CGROUP_STORAGE",
	MapReusePortSockArray:  "REUSEPORT_SOCKARRAY",
	MapPerCPUCGroupStorage: "PERCPU_CGROUP_STORAGE",
	MapQueue:               "QUEUE",
	MapStack:               "STACK",
	MapSkStorage:           "SK_STORAGE",
	MapDevMapHash:          "DEVMAP_HASH",
	MapStructOps:           "STRUCT_OPS",
	MapRingBuf:             "RINGBUF",
	MapInodeStorage:        "INODE_STORAGE",
	MapTaskStorage:         "TASK_STORAGE",
	MapBloomFilter:         "BLOOM_FILTER",
	MapUserRingBuf:         "USER_RINGBUF",
	MapCgrpStorage:         "CGRP_STORAGE",
	MapArena:               "ARENA",
	MapInsnArray:           "INSN_ARRAY",
	MapRHash:               "RHASH",
}

var progTypeNames = [...]string{
	ProgUnspec:                "UNSPEC",
	ProgSocketFilter:          "SOCKET_FILTER",
	ProgKprobe:                "KPROBE",
	ProgSchedCLS:              "SCHED_CLS",
	ProgSchedACT:              "SCHED_ACT",
	ProgTracepoint:            "TRACEPOINT",
	ProgXDP:                   "XDP",
	ProgPerfEvent:             "PERF_EVENT",
	ProgCGroupSKB:             "CGROUP_SKB",
	ProgCGroupSock:            "CGROUP_SOCK",
	ProgLWTIn:                 "LWT_IN",
	ProgLWTOut:                "LWT_OUT",
	ProgLWTXmit:               "LWT_XMIT",
	ProgSockOps:               "SOCK_OPS",
	ProgSkSKB:                 "SK_SKB",
	ProgCGroupDevice:          "CGROUP_DEVICE",
	ProgSkMsg:                 "SK_MSG",
	ProgRawTracepoint:         "RAW_TRACEPOINT",
	ProgCGroupSockAddr:        "CGROUP_SOCK_ADDR",
	ProgLWTSeg6Local:          "LWT_SEG6LOCAL",
	ProgLircMode2:             "LIRC_MODE2",
	ProgSkReusePort:           "SK_REUSEPORT",
	ProgFlowDissector:         "FLOW_DISSECTOR",
	ProgCGroupSysctl:          "CGROUP_SYSCTL",
	ProgRawTracepointWritable: "RAW_TRACEPOINT_WRITABLE",
	ProgCGroupSockopt:         "CGROUP_SOCKOPT",
	ProgTracing:               "TRACING",
	ProgStructOps:             "STRUCT_OPS",
	ProgExt:                   "EXT",
	ProgLSM:                   "LSM",
	ProgSkLookup:              "SK_LOOKUP",
	ProgSyscall:               "SYSCALL",
	ProgNetfilter:             "NETFILTER",
}

var attachTypeNames = [...]string{
	AttachCGroupInetIngress:          "CGROUP_INET_INGRESS",
	AttachCGroupInetEgress:           "CGROUP_INET_EGRESS",
	AttachCGroupInetSockCreate:       "CGROUP_INET_SOCK_CREATE",
	AttachCGroupSockOps:              "CGROUP_SOCK_OPS",
	AttachSkSKBStreamParser:          "SK_SKB_STREAM_PARSER",
	AttachSkSKBStreamVerdict:         "SK_SKB_STREAM_VERDICT",
	AttachCGroupDevice:               "CGROUP_DEVICE",
	AttachSkMsgVerdict:               "SK_MSG_VERDICT",
	AttachCGroupInet4Bind:            "CGROUP_INET4_BIND",
	AttachCGroupInet6Bind:            "CGROUP_INET6_BIND",
	AttachCGroupInet4Connect:         "CGROUP_INET4_CONNECT",
	AttachCGroupInet6Connect:         "CGROUP_INET6_CONNECT",
	AttachCGroupInet4PostBind:        "CGROUP_INET4_POST_BIND",
	AttachCGroupInet6PostBind:        "CGROUP_INET6_POST_BIND",
	AttachCGroupUDP4Sendmsg:          "CGROUP_UDP4_SENDMSG",
	AttachCGroupUDP6Sendmsg:          "CGROUP_UDP6_SENDMSG",
	AttachLircMode2:                  "LIRC_MODE2",
	AttachFlowDissector:              "FLOW_DISSECTOR",
	AttachCGroupSysctl:               "CGROUP_SYSCTL",
	AttachCGroupUDP4Recvmsg:          "CGROUP_UDP4_RECVMSG",
	AttachCGroupUDP6Recvmsg:          "CGROUP_UDP6_RECVMSG",
	AttachCGroupGetsockopt:           "CGROUP_GETSOCKOPT",
	AttachCGroupSetsockopt:           "CGROUP_SETSOCKOPT",
	AttachTraceRawTp:                 "TRACE_RAW_TP",
	AttachTraceFEntry:                "TRACE_FENTRY",
	AttachTraceFExit:                 "TRACE_FEXIT",
	AttachModifyReturn:               "MODIFY_RETURN",
	AttachLSMMAC:                     "LSM_MAC",
	AttachTraceIter:                  "TRACE_ITER",
	AttachCGroupInet4Getpeername:     "CGROUP_INET4_GETPEERNAME",
	AttachCGroupInet6Getpeername:     "CGROUP_INET6_GETPEERNAME",
	AttachCGroupInet4Getsockname:     "CGROUP_INET4_GETSOCKNAME",
	AttachCGroupInet6Getsockname:     "CGROUP_INET6_GETSOCKNAME",
	AttachXDPDevMap:                  "XDP_DEVMAP",
	AttachCGroupInetSockRelease:      "CGROUP_INET_SOCK_RELEASE",
	AttachXDPCPUMap:                  "XDP_CPUMAP",
	AttachSkLookup:                   "SK_LOOKUP",
	AttachXDP:                        "XDP",
	AttachSkSKBVerdict:               "SK_SKB_VERDICT",
	AttachSkReusePortSelect:          "SK_REUSEPORT_SELECT",
	AttachSkReusePortSelectOrMigrate: "SK_REUSEPORT_SELECT_OR_MIGRATE",
	AttachPerfEvent:                  "PERF_EVENT",
	AttachTraceKprobeMulti:           "TRACE_KPROBE_MULTI",
	AttachLSMCGroup:                  "LSM_CGROUP",
	AttachStructOps:                  "STRUCT_OPS",
	AttachNetfilter:                  "NETFILTER",
	AttachTCXIngress:                 "TCX_INGRESS",
	AttachTCXEgress:                  "TCX_EGRESS",
	AttachTraceUprobeMulti:           "TRACE_UPROBE_MULTI",
	AttachCGroupUnixConnect:          "CGROUP_UNIX_CONNECT",
	AttachCGroupUnixSendmsg:          "CGROUP_UNIX_SENDMSG",
	AttachCGroupUnixRecvmsg:          "CGROUP_UNIX_RECVMSG",
	AttachCGroupUnixGetpeername:      "CGROUP_UNIX_GETPEERNAME",
	AttachCGroupUnixGetsockname:      "CGROUP_UNIX_GETSOCKNAME",
	AttachNetkitPrimary:              "NETKIT_PRIMARY",
	AttachNetkitPeer:                 "NETKIT_PEER",
	AttachTraceKprobeSession:         "TRACE_KPROBE_SESSION",
	AttachTraceUprobeSession:         "TRACE_UPROBE_SESSION",
	AttachTraceFSession:              "TRACE_FSESSION",
	AttachTraceFEntryMulti:           "TRACE_FENTRY_MULTI",
	AttachTraceFExitMulti:            "TRACE_FEXIT_MULTI",
	AttachTraceFSessionMulti:         "TRACE_FSESSION_MULTI",
}

// String is the kernel's name without BPF_MAP_TYPE_: "LRU_HASH", or
// "MapType(99)" for a number that is none of the kernel's.
func (t MapType) String() string { return enumName("MapType", mapTypeNames[:], uint32(t)) }

// IndexKey says whether the kernel takes the key for a number of 4 bytes that it
// counts slots with, or an interface, so that a definition needs no type to say
// what its key is (map_alloc_check of the type's file in kernel/bpf: key_size
// must be 4).
func (t MapType) IndexKey() bool { return indexKeys[t] }

// CarriesEvents says whether the map's values are records that it hands on: its
// value_size says nothing of them.
func (t MapType) CarriesEvents() bool {
	return t == MapRingBuf || t == MapUserRingBuf || t == MapPerfEventArray
}

var indexKeys = map[MapType]bool{
	MapArray:              true, // array_map_alloc_check in arraymap.c
	MapPerCPUArray:        true,
	MapProgArray:          true,
	MapPerfEventArray:     true,
	MapCGroupArray:        true,
	MapArrayOfMaps:        true,
	MapStackTrace:         true, // stack_map_alloc in stackmap.c
	MapDevMap:             true, // dev_map_alloc_check in devmap.c
	MapDevMapHash:         true,
	MapCPUMap:             true, // cpu_map_alloc in cpumap.c
	MapXSKMap:             true, // xsk_map_alloc in net/xdp/xskmap.c
	MapSockMap:            true, // sock_map_alloc in net/core/sock_map.c
	MapReusePortSockArray: true, // reuseport_array_alloc_check in reuseport_array.c
	MapStructOps:          true, // bpf_struct_ops_map_alloc_check in bpf_struct_ops.c
	MapInsnArray:          true, // insn_array_alloc_check in bpf_insn_array.c
}

// String is the kernel's name without BPF_PROG_TYPE_: "SCHED_CLS".
func (t ProgType) String() string { return enumName("ProgType", progTypeNames[:], uint32(t)) }

// String is the kernel's name without BPF_: "TRACE_KPROBE_MULTI". The value 0
// reads "CGROUP_INET_INGRESS", whether that or [AttachNone] was meant.
func (t AttachType) String() string { return enumName("AttachType", attachTypeNames[:], uint32(t)) }

// MapTypes are all map types that the kernel has, in its order.
func MapTypes() []MapType { return enumRange[MapType](1, len(mapTypeNames)) }

// ProgTypes are all program types that the kernel has, in its order.
func ProgTypes() []ProgType { return enumRange[ProgType](1, len(progTypeNames)) }

// AttachTypes are all attach types that the kernel has, in its order.
func AttachTypes() []AttachType { return enumRange[AttachType](0, len(attachTypeNames)) }

func enumName(kind string, names []string, n uint32) string {
	if n < uint32(len(names)) {
		return names[n]
	}
	return fmt.Sprintf("%s(%d)", kind, n)
}

func enumRange[T ~uint32](from, to int) []T {
	var all []T
	for n := from; n < to; n++ {
		all = append(all, T(n))
	}
	return all
}
