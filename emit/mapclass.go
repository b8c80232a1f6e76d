package emit

import "github.com/bpfgen/bpfgen/btfparse"

// A mapClass is the Go type in package typed that stands for one or several
// map types of the kernel. An operation that the kernel does not have for a
// map type is not a method of its class.
type mapClass struct {
	// name of the generic type in package typed.
	name string
	// params are its type parameters, in order.
	params []mapParam
}

// mapParam is what stands for a type parameter of a class.
type mapParam int

const (
	paramKey mapParam = iota
	paramValue
	// paramEvent is the type of the records: the value type, or what a tag or
	// -event names, else []byte.
	paramEvent
	// paramInner is the class of the maps inside.
	paramInner
	// paramStorageKey is typed.CgroupStorageKey or uint64, by the key's size.
	paramStorageKey
)

var (
	keyValue = []mapParam{paramKey, paramValue}
	keyOnly  = []mapParam{paramKey}
	valueOne = []mapParam{paramValue}
	eventOne = []mapParam{paramEvent}
)

// mapClasses has every map type of the kernel (include/uapi/linux/bpf.h, enum
// bpf_map_type). A type that is not in it, or that cilium/ebpf v0.22 cannot
// handle, gets the class OpaqueMap and a warning.
var mapClasses = map[btfparse.MapType]mapClass{
	btfparse.MapHash:                {"HashMap", keyValue},
	btfparse.MapLRUHash:             {"HashMap", keyValue},
	btfparse.MapPerCPUHash:          {"PerCPUHashMap", keyValue},
	btfparse.MapLRUPerCPUHash:       {"PerCPUHashMap", keyValue},
	btfparse.MapArray:               {"ArrayMap", keyValue},
	btfparse.MapPerCPUArray:         {"PerCPUArrayMap", keyValue},
	btfparse.MapLPMTrie:             {"LPMTrie", keyValue},
	btfparse.MapQueue:               {"Queue", valueOne},
	btfparse.MapStack:               {"Stack", valueOne},
	btfparse.MapBloomFilter:         {"BloomFilter", valueOne},
	btfparse.MapProgArray:           {"ProgramArray", keyOnly},
	btfparse.MapArrayOfMaps:         {"ArrayOfMaps", []mapParam{paramKey, paramInner}},
	btfparse.MapHashOfMaps:          {"HashOfMaps", []mapParam{paramKey, paramInner}},
	btfparse.MapPerfEventArray:      {"PerfEventArray", eventOne},
	btfparse.MapRingBuf:             {"RingBuf", eventOne},
	btfparse.MapUserRingBuf:         {"UserRingBuf", eventOne},
	btfparse.MapCGroupArray:         {"CGroupArray", keyOnly},
	btfparse.MapXSKMap:              {"XSKMap", keyOnly},
	btfparse.MapSockMap:             {"SockMap", keyOnly},
	btfparse.MapSockHash:            {"SockHash", keyOnly},
	btfparse.MapReusePortSockArray:  {"ReusePortSockArray", keyOnly},
	btfparse.MapDevMap:              {"DevMap", keyOnly},
	btfparse.MapDevMapHash:          {"DevMap", keyOnly},
	btfparse.MapCPUMap:              {"CPUMap", keyOnly},
	btfparse.MapSkStorage:           {"SkStorage", valueOne},
	btfparse.MapInodeStorage:        {"InodeStorage", valueOne},
	btfparse.MapTaskStorage:         {"TaskStorage", valueOne},
	btfparse.MapCgrpStorage:         {"CgrpStorage", valueOne},
	btfparse.MapCGroupStorage:       {"CGroupStorage", []mapParam{paramStorageKey, paramValue}},
	btfparse.MapPerCPUCGroupStorage: {"PerCPUCGroupStorage", []mapParam{paramStorageKey, paramValue}},
	btfparse.MapStackTrace:          {"StackTraceMap", keyOnly},
	btfparse.MapStructOps:           {"StructOps", valueOne},
	btfparse.MapArena:               {"Arena", nil},
}

// opaqueMap stands for every map that has no class of its own.
var opaqueMap = mapClass{"OpaqueMap", nil}

// withProgram are the map types whose values may hold a program beside a
// number: the class with an 8-byte value has a longer name and more methods
// (struct bpf_devmap_val and bpf_cpumap_val, include/uapi/linux/bpf.h).
var withProgram = map[btfparse.MapType]bool{
	btfparse.MapDevMap:     true,
	btfparse.MapDevMapHash: true,
	btfparse.MapCPUMap:     true,
}

// classOf finds the class of a map.
func classOf(m *btfparse.Map) (mapClass, bool) {
	class, ok := mapClasses[m.Type]
	if !ok {
		return opaqueMap, false
	}
	if withProgram[m.Type] && valueSize(m) == 8 {
		class.name += "Prog"
	}
	return class, true
}

func valueSize(m *btfparse.Map) uint32 {
	if m.ValueSize == 0 && m.Value != nil {
		return m.Value.Size()
	}
	return m.ValueSize
}

// has says whether the class has a type parameter of that kind.
func (c mapClass) has(p mapParam) bool {
	for _, q := range c.params {
		if q == p {
			return true
		}
	}
	return false
}
