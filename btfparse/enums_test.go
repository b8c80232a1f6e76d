package btfparse

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
)

// testdata/uapi_enums.txt are the enumerators of include/uapi/linux/bpf.h of
// libbpf f7081a6b, one "enum name number" a line, as a C compiler numbers them.
func TestEnumsAreTheKernels(t *testing.T) {
	text, err := os.ReadFile("testdata/uapi_enums.txt")
	if err != nil {
		t.Fatal(err)
	}
	name := map[string]func(uint32) string{
		"bpf_map_type":    func(n uint32) string { return MapType(n).String() },
		"bpf_prog_type":   func(n uint32) string { return ProgType(n).String() },
		"bpf_attach_type": func(n uint32) string { return AttachType(n).String() },
	}
	count := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		var enum, want string
		var n uint32
		if _, err := fmt.Sscan(line, &enum, &want, &n); err != nil {
			t.Fatal(err)
		}
		if got := name[enum](n); got != want {
			t.Errorf("%s %d is %q, the kernel says %q", enum, n, got, want)
		}
		count[enum]++
	}
	for enum, have := range map[string]int{
		"bpf_map_type":    len(MapTypes()) + 1, // all but UNSPEC
		"bpf_prog_type":   len(ProgTypes()) + 1,
		"bpf_attach_type": len(AttachTypes()),
	} {
		if count[enum] != have {
			t.Errorf("%s: %d values here, %d in the kernel", enum, have, count[enum])
		}
	}
	if got := MapType(99).String(); got != "MapType(99)" {
		t.Errorf("an unknown map type reads %q", got)
	}
}

// Every number that the library has a name for is here, under the same number.
func TestEnumsAreTheLibrarys(t *testing.T) {
	sameNumbers(t, ebpf.UnspecifiedMap, map[MapType]ebpf.MapType{
		MapUnspec:              ebpf.UnspecifiedMap,
		MapHash:                ebpf.Hash,
		MapArray:               ebpf.Array,
		MapProgArray:           ebpf.ProgramArray,
		MapPerfEventArray:      ebpf.PerfEventArray,
		MapPerCPUHash:          ebpf.PerCPUHash,
		MapPerCPUArray:         ebpf.PerCPUArray,
		MapStackTrace:          ebpf.StackTrace,
		MapCGroupArray:         ebpf.CGroupArray,
		MapLRUHash:             ebpf.LRUHash,
		MapLRUPerCPUHash:       ebpf.LRUCPUHash,
		MapLPMTrie:             ebpf.LPMTrie,
		MapArrayOfMaps:         ebpf.ArrayOfMaps,
		MapHashOfMaps:          ebpf.HashOfMaps,
		MapDevMap:              ebpf.DevMap,
		MapSockMap:             ebpf.SockMap,
		MapCPUMap:              ebpf.CPUMap,
		MapXSKMap:              ebpf.XSKMap,
		MapSockHash:            ebpf.SockHash,
		MapCGroupStorage:       ebpf.CGroupStorage,
		MapReusePortSockArray:  ebpf.ReusePortSockArray,
		MapPerCPUCGroupStorage: ebpf.PerCPUCGroupStorage,
		MapQueue:               ebpf.Queue,
		MapStack:               ebpf.Stack,
		MapSkStorage:           ebpf.SkStorage,
		MapDevMapHash:          ebpf.DevMapHash,
		MapStructOps:           ebpf.StructOpsMap,
		MapRingBuf:             ebpf.RingBuf,
		MapInodeStorage:        ebpf.InodeStorage,
		MapTaskStorage:         ebpf.TaskStorage,
		MapBloomFilter:         ebpf.BloomFilter,
		MapUserRingBuf:         ebpf.UserRingbuf,
		MapCgrpStorage:         ebpf.CgroupStorage,
		MapArena:               ebpf.Arena,
	})
	sameNumbers(t, ebpf.UnspecifiedProgram, map[ProgType]ebpf.ProgramType{
		ProgUnspec:                ebpf.UnspecifiedProgram,
		ProgSocketFilter:          ebpf.SocketFilter,
		ProgKprobe:                ebpf.Kprobe,
		ProgSchedCLS:              ebpf.SchedCLS,
		ProgSchedACT:              ebpf.SchedACT,
		ProgTracepoint:            ebpf.TracePoint,
		ProgXDP:                   ebpf.XDP,
		ProgPerfEvent:             ebpf.PerfEvent,
		ProgCGroupSKB:             ebpf.CGroupSKB,
		ProgCGroupSock:            ebpf.CGroupSock,
		ProgLWTIn:                 ebpf.LWTIn,
		ProgLWTOut:                ebpf.LWTOut,
		ProgLWTXmit:               ebpf.LWTXmit,
		ProgSockOps:               ebpf.SockOps,
		ProgSkSKB:                 ebpf.SkSKB,
		ProgCGroupDevice:          ebpf.CGroupDevice,
		ProgSkMsg:                 ebpf.SkMsg,
		ProgRawTracepoint:         ebpf.RawTracepoint,
		ProgCGroupSockAddr:        ebpf.CGroupSockAddr,
		ProgLWTSeg6Local:          ebpf.LWTSeg6Local,
		ProgLircMode2:             ebpf.LircMode2,
		ProgSkReusePort:           ebpf.SkReuseport,
		ProgFlowDissector:         ebpf.FlowDissector,
		ProgCGroupSysctl:          ebpf.CGroupSysctl,
		ProgRawTracepointWritable: ebpf.RawTracepointWritable,
		ProgCGroupSockopt:         ebpf.CGroupSockopt,
		ProgTracing:               ebpf.Tracing,
		ProgStructOps:             ebpf.StructOps,
		ProgExt:                   ebpf.Extension,
		ProgLSM:                   ebpf.LSM,
		ProgSkLookup:              ebpf.SkLookup,
		ProgSyscall:               ebpf.Syscall,
		ProgNetfilter:             ebpf.Netfilter,
	})
	sameNumbers(t, ebpf.AttachNone, map[AttachType]ebpf.AttachType{
		AttachCGroupInetIngress:          ebpf.AttachCGroupInetIngress,
		AttachCGroupInetEgress:           ebpf.AttachCGroupInetEgress,
		AttachCGroupInetSockCreate:       ebpf.AttachCGroupInetSockCreate,
		AttachCGroupSockOps:              ebpf.AttachCGroupSockOps,
		AttachSkSKBStreamParser:          ebpf.AttachSkSKBStreamParser,
		AttachSkSKBStreamVerdict:         ebpf.AttachSkSKBStreamVerdict,
		AttachCGroupDevice:               ebpf.AttachCGroupDevice,
		AttachSkMsgVerdict:               ebpf.AttachSkMsgVerdict,
		AttachCGroupInet4Bind:            ebpf.AttachCGroupInet4Bind,
		AttachCGroupInet6Bind:            ebpf.AttachCGroupInet6Bind,
		AttachCGroupInet4Connect:         ebpf.AttachCGroupInet4Connect,
		AttachCGroupInet6Connect:         ebpf.AttachCGroupInet6Connect,
		AttachCGroupInet4PostBind:        ebpf.AttachCGroupInet4PostBind,
		AttachCGroupInet6PostBind:        ebpf.AttachCGroupInet6PostBind,
		AttachCGroupUDP4Sendmsg:          ebpf.AttachCGroupUDP4Sendmsg,
		AttachCGroupUDP6Sendmsg:          ebpf.AttachCGroupUDP6Sendmsg,
		AttachLircMode2:                  ebpf.AttachLircMode2,
		AttachFlowDissector:              ebpf.AttachFlowDissector,
		AttachCGroupSysctl:               ebpf.AttachCGroupSysctl,
		AttachCGroupUDP4Recvmsg:          ebpf.AttachCGroupUDP4Recvmsg,
		AttachCGroupUDP6Recvmsg:          ebpf.AttachCGroupUDP6Recvmsg,
		AttachCGroupGetsockopt:           ebpf.AttachCGroupGetsockopt,
		AttachCGroupSetsockopt:           ebpf.AttachCGroupSetsockopt,
		AttachTraceRawTp:                 ebpf.AttachTraceRawTp,
		AttachTraceFEntry:                ebpf.AttachTraceFEntry,
		AttachTraceFExit:                 ebpf.AttachTraceFExit,
		AttachModifyReturn:               ebpf.AttachModifyReturn,
		AttachLSMMAC:                     ebpf.AttachLSMMac,
		AttachTraceIter:                  ebpf.AttachTraceIter,
		AttachCGroupInet4Getpeername:     ebpf.AttachCgroupInet4GetPeername,
		AttachCGroupInet6Getpeername:     ebpf.AttachCgroupInet6GetPeername,
		AttachCGroupInet4Getsockname:     ebpf.AttachCgroupInet4GetSockname,
		AttachCGroupInet6Getsockname:     ebpf.AttachCgroupInet6GetSockname,
		AttachXDPDevMap:                  ebpf.AttachXDPDevMap,
		AttachCGroupInetSockRelease:      ebpf.AttachCgroupInetSockRelease,
		AttachXDPCPUMap:                  ebpf.AttachXDPCPUMap,
		AttachSkLookup:                   ebpf.AttachSkLookup,
		AttachXDP:                        ebpf.AttachXDP,
		AttachSkSKBVerdict:               ebpf.AttachSkSKBVerdict,
		AttachSkReusePortSelect:          ebpf.AttachSkReuseportSelect,
		AttachSkReusePortSelectOrMigrate: ebpf.AttachSkReuseportSelectOrMigrate,
		AttachPerfEvent:                  ebpf.AttachPerfEvent,
		AttachTraceKprobeMulti:           ebpf.AttachTraceKprobeMulti,
		AttachTraceKprobeSession:         ebpf.AttachTraceKprobeSession,
		AttachLSMCGroup:                  ebpf.AttachLSMCgroup,
		AttachStructOps:                  ebpf.AttachStructOps,
		AttachNetfilter:                  ebpf.AttachNetfilter,
		AttachTCXIngress:                 ebpf.AttachTCXIngress,
		AttachTCXEgress:                  ebpf.AttachTCXEgress,
		AttachTraceUprobeMulti:           ebpf.AttachTraceUprobeMulti,
		AttachCGroupUnixConnect:          ebpf.AttachCgroupUnixConnect,
		AttachCGroupUnixSendmsg:          ebpf.AttachCgroupUnixSendmsg,
		AttachCGroupUnixRecvmsg:          ebpf.AttachCgroupUnixRecvmsg,
		AttachCGroupUnixGetpeername:      ebpf.AttachCgroupUnixGetpeername,
		AttachCGroupUnixGetsockname:      ebpf.AttachCgroupUnixGetsockname,
		AttachNetkitPrimary:              ebpf.AttachNetkitPrimary,
		AttachNetkitPeer:                 ebpf.AttachNetkitPeer,
	})
}

// sameNumbers compares the pairs, and says which constants of the library, from
// first on, are in none.
func sameNumbers[Ours, Library interface {
	~uint32
	comparable
	fmt.Stringer
}](t *testing.T, first Library, pairs map[Ours]Library) {
	t.Helper()
	seen := make(map[Library]bool)
	for ours, library := range pairs {
		seen[library] = true
		if uint32(ours) != uint32(library) {
			t.Errorf("%s is %d, %s of cilium/ebpf is %d", ours, ours, library, library)
		}
	}
	for l := first; !strings.Contains(l.String(), "("); l++ {
		if !seen[l] {
			t.Errorf("cilium/ebpf has %s (%d), this table does not", l, l)
		}
	}
}
