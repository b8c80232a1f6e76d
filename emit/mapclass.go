package emit

import "github.com/bpfgen/bpfgen/btfparse"

// A mapClass stands for one or several map types of the kernel, whose maps have
// the same methods in Go: those of its template (package templates). An operation
// that the kernel does not have for a map type is no method of its class.
type mapClass struct {
	// name is the constant of package typed without its "Class". Where given is
	// true it is a type of that package, and there is no template.
	name string
	// params are the Go types that its maps are made for, in order.
	params []mapParam
	given  bool
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
	btfparse.MapHash:                {"Hash", keyValue, false},
	btfparse.MapLRUHash:             {"Hash", keyValue, false},
	btfparse.MapPerCPUHash:          {"PerCPUHash", keyValue, false},
	btfparse.MapLRUPerCPUHash:       {"PerCPUHash", keyValue, false},
	btfparse.MapArray:               {"Array", keyValue, false},
	btfparse.MapPerCPUArray:         {"PerCPUArray", keyValue, false},
	btfparse.MapLPMTrie:             {"LPMTrie", keyValue, false},
	btfparse.MapQueue:               {"Queue", valueOne, false},
	btfparse.MapStack:               {"Stack", valueOne, false},
	btfparse.MapBloomFilter:         {"BloomFilter", valueOne, false},
	btfparse.MapProgArray:           {"ProgramArray", keyOnly, false},
	btfparse.MapArrayOfMaps:         {"ArrayOfMaps", []mapParam{paramKey, paramInner}, false},
	btfparse.MapHashOfMaps:          {"HashOfMaps", []mapParam{paramKey, paramInner}, false},
	btfparse.MapPerfEventArray:      {"PerfEventArray", eventOne, false},
	btfparse.MapRingBuf:             {"RingBuf", eventOne, false},
	btfparse.MapUserRingBuf:         {"UserRingBuf", eventOne, false},
	btfparse.MapCGroupArray:         {"CgroupArray", keyOnly, false},
	btfparse.MapXSKMap:              {"XSKMap", keyOnly, false},
	btfparse.MapSockMap:             {"SockMap", keyOnly, false},
	btfparse.MapSockHash:            {"SockHash", keyOnly, false},
	btfparse.MapReusePortSockArray:  {"ReusePortSockArray", keyOnly, false},
	btfparse.MapDevMap:              {"DevMap", keyOnly, false},
	btfparse.MapDevMapHash:          {"DevMap", keyOnly, false},
	btfparse.MapCPUMap:              {"CPUMap", keyOnly, false},
	btfparse.MapSkStorage:           {"SkStorage", valueOne, false},
	btfparse.MapInodeStorage:        {"InodeStorage", valueOne, false},
	btfparse.MapTaskStorage:         {"TaskStorage", valueOne, false},
	btfparse.MapCgrpStorage:         {"CgrpStorage", valueOne, false},
	btfparse.MapCGroupStorage:       {"CgroupStorage", []mapParam{paramStorageKey, paramValue}, false},
	btfparse.MapPerCPUCGroupStorage: {"PerCPUCgroupStorage", []mapParam{paramStorageKey, paramValue}, false},
	btfparse.MapStackTrace:          {"StackTrace", keyOnly, false},
	btfparse.MapStructOps:           {"StructOps", valueOne, false},
	btfparse.MapArena:               {"Arena", nil, true},
}

// opaqueMap stands for every map that has no class of its own.
var opaqueMap = mapClass{"OpaqueMap", nil, true}

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

// tags are the beginnings of those that mean something on such a map.
func (c mapClass) tags() []string {
	if c.has(paramEvent) {
		return []string{nameTag, btfparse.EventTag}
	}
	return []string{nameTag}
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
