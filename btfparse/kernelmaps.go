package btfparse

// This file knows which maps the kernel creates: per map type, the sizes of key
// and value, the number of entries and the flags that the map_alloc_check of the
// type takes, in Linux 7.1 (kernel/bpf/*.c; the file is named at each row).
// What only some kernels refuse is not here: it is no fact of the object.
//
// What cilium/ebpf and package typed put right before a map is created is right:
// sizes of perf event arrays, of maps of maps and of ring buffers.

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// Flags of maps (uapi/linux/bpf.h).
const (
	flagNoPrealloc    = 1 << 0
	flagNoCommonLRU   = 1 << 1
	flagNUMANode      = 1 << 2
	flagRdonly        = 1 << 3
	flagWronly        = 1 << 4
	flagStackBuildID  = 1 << 5
	flagZeroSeed      = 1 << 6
	flagRdonlyProg    = 1 << 7
	flagWronlyProg    = 1 << 8
	flagClone         = 1 << 9
	flagMmapable      = 1 << 10
	flagPreserveElems = 1 << 11
	flagInnerMap      = 1 << 12
	flagLink          = 1 << 13 // the struct_ops map is attached by a link
	flagVtypeBTFObjFD = 1 << 15
	flagSegvOnFault   = 1 << 17
	flagNoUserConv    = 1 << 18
	flagRBOverwrite   = 1 << 19

	// flagsOfUser and flagsOfProg say who may read and write.
	flagsOfUser = flagRdonly | flagWronly
	flagsOfProg = flagRdonlyProg | flagWronlyProg
	flagsAccess = flagsOfUser | flagsOfProg
)

// mapFlagNames has the flags that a definition may set, by bit.
var mapFlagNames = [...]string{
	"BPF_F_NO_PREALLOC", "BPF_F_NO_COMMON_LRU", "BPF_F_NUMA_NODE", "BPF_F_RDONLY", "BPF_F_WRONLY", "BPF_F_STACK_BUILD_ID",
	"BPF_F_ZERO_SEED", "BPF_F_RDONLY_PROG", "BPF_F_WRONLY_PROG", "BPF_F_CLONE", "BPF_F_MMAPABLE", "BPF_F_PRESERVE_ELEMS",
	"BPF_F_INNER_MAP", "BPF_F_LINK", "BPF_F_PATH_FD", "BPF_F_VTYPE_BTF_OBJ_FD", "BPF_F_TOKEN_FD", "BPF_F_SEGV_ON_FAULT",
	"BPF_F_NO_USER_CONV", "BPF_F_RB_OVERWRITE",
}

// flagNames spells flags as C does. Bits of newer kernels have none.
func flagNames(flags uint32) string {
	var names []string
	for ; flags != 0; flags &= flags - 1 {
		if bit := bits.TrailingZeros32(flags); bit < len(mapFlagNames) {
			names = append(names, mapFlagNames[bit])
		}
	}
	return strings.Join(names, " | ")
}

// sizes are those that a key or value may have, in bytes.
type sizes struct {
	// list of them; if it is empty, from and to.
	list     []uint32
	from, to uint32
	// step of those from from on, 0 for 1.
	step uint32
}

func (s sizes) allow(n uint32) bool {
	if s.list != nil {
		return slices.Contains(s.list, n)
	}
	return n >= s.from && n <= s.to && (n-s.from)%max(1, s.step) == 0
}

// wanted is how many bytes there must be instead of n: "4", "4 or 8", "at least
// 5".
func (s sizes) wanted(n uint32) string {
	switch {
	case s.allow(0) && !s.allow(4):
		return "none"
	case s.list != nil:
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(s.list), " ", " or "), "[]")
	case n < s.from:
		return fmt.Sprintf("at least %d", s.from)
	case n > s.to:
		return fmt.Sprintf("at most %d", s.to)
	}
	return fmt.Sprintf("a multiple of %d", s.step)
}

var (
	fourBytes    = sizes{list: []uint32{4}}
	fourOrEight  = sizes{list: []uint32{4, 8}}
	noBytes      = sizes{list: []uint32{0}}
	anyBytes     = sizes{from: 0, to: 1<<32 - 1}
	someBytes    = sizes{from: 1, to: kmallocMax - 512}
	arrayBytes   = sizes{from: 1, to: 1<<31 - 1}
	perCPUBytes  = sizes{from: 1, to: 32 << 10} // PCPU_MIN_UNIT_SIZE
	kmallocBytes = sizes{from: 1, to: kmallocMax}
	// storageBytes is BPF_LOCAL_STORAGE_MAX_VALUE_SIZE without its header, which
	// is larger in newer kernels.
	storageBytes = sizes{from: 1, to: 1<<16 - 64}
	// librarySets is 4, or what cilium/ebpf makes 4.
	librarySets = sizes{list: []uint32{0, 4}}
)

// kmallocMax is KMALLOC_MAX_SIZE: 4 MiB with pages of 4 KiB. Values of maps that
// allocate elements are shorter by a header of less than 512 bytes.
const kmallocMax = 4 << 20

// entries is what the kernel wants of max_entries.
type entries int

const (
	// entriesSome is at least one.
	entriesSome entries = iota
	// entriesNone is 0: elements come with their owners.
	entriesNone
	// entriesAny is what the library sets right.
	entriesAny
)

// mapRule is what the kernel wants of maps of one type.
type mapRule struct {
	key, value sizes
	entries    entries
	// flags are those that it takes, must those that have to be set.
	flags, must uint32
	// typed is true where key and value need BTF.
	typed bool
	// extra is true where map_extra means something.
	extra bool
	// noInner is true where such a map cannot be in a map of maps: its type has
	// no map_meta_equal.
	noInner bool
	// sameEntries is true where maps in a map of maps need to have the
	// max_entries of the definition.
	sameEntries bool
}

const (
	hashFlags    = flagNoPrealloc | flagNUMANode | flagsAccess | flagZeroSeed
	lruFlags     = flagNoCommonLRU | flagNUMANode | flagsAccess | flagZeroSeed
	fdArrayFlags = flagNUMANode | flagsOfUser
)

// mapRules has the types that cilium/ebpf v0.22 knows, but for STRUCT_OPS, of
// which the library makes what the kernel wants.
var mapRules = map[MapType]mapRule{
	// hashtab.c. NUMA nodes are not for per-CPU values.
	MapHash:          {key: someBytes, value: someBytes, flags: hashFlags},
	MapPerCPUHash:    {key: someBytes, value: perCPUBytes, flags: hashFlags &^ flagNUMANode},
	MapLRUHash:       {key: someBytes, value: someBytes, flags: lruFlags},
	MapLRUPerCPUHash: {key: someBytes, value: perCPUBytes, flags: lruFlags &^ flagNUMANode},
	MapHashOfMaps:    {key: someBytes, value: librarySets, flags: hashFlags, noInner: true},
	// arraymap.c
	MapArray:          {key: fourBytes, value: arrayBytes, flags: flagNUMANode | flagsAccess | flagMmapable | flagInnerMap, sameEntries: true},
	MapPerCPUArray:    {key: fourBytes, value: perCPUBytes, flags: flagsAccess, sameEntries: true},
	MapProgArray:      {key: fourBytes, value: fourBytes, flags: fdArrayFlags, noInner: true},
	MapPerfEventArray: {key: librarySets, value: librarySets, entries: entriesAny, flags: fdArrayFlags | flagPreserveElems},
	MapCGroupArray:    {key: fourBytes, value: fourBytes, flags: fdArrayFlags},
	MapArrayOfMaps:    {key: fourBytes, value: librarySets, flags: fdArrayFlags, noInner: true},
	// stackmap.c. perf_event_max_stack, which is 127 unless root raises it,
	// bounds the value.
	MapStackTrace: {key: fourBytes, value: sizes{from: 8, to: 1 << 20, step: 8}, flags: fdArrayFlags | flagStackBuildID},
	// lpm_trie.c
	MapLPMTrie: {key: sizes{from: 5, to: 4 + 256}, value: someBytes, flags: flagNoPrealloc | flagNUMANode | flagsAccess, must: flagNoPrealloc},
	// queue_stack_maps.c, bloom_filter.c
	MapQueue:       {key: noBytes, value: kmallocBytes, flags: flagNUMANode | flagsAccess},
	MapStack:       {key: noBytes, value: kmallocBytes, flags: flagNUMANode | flagsAccess},
	MapBloomFilter: {key: noBytes, value: kmallocBytes, flags: flagNUMANode | flagsAccess | flagZeroSeed, extra: true},
	// devmap.c, cpumap.c
	MapDevMap:     {key: fourBytes, value: fourOrEight, flags: flagNUMANode | flagsOfUser},
	MapDevMapHash: {key: fourBytes, value: fourOrEight, flags: flagNUMANode | flagsOfUser},
	MapCPUMap:     {key: fourBytes, value: fourOrEight, entries: entriesAny, flags: flagNUMANode},
	// net/xdp/xskmap.c
	MapXSKMap: {key: fourBytes, value: fourBytes, flags: flagNUMANode | flagsOfUser, sameEntries: true},
	// net/core/sock_map.c. A key is on the stack of a program: MAX_BPF_STACK.
	MapSockMap:  {key: fourBytes, value: fourOrEight, flags: flagNUMANode | flagsOfUser},
	MapSockHash: {key: sizes{from: 1, to: 512}, value: fourOrEight, flags: flagNUMANode | flagsOfUser},
	// reuseport_array.c
	MapReusePortSockArray: {key: fourBytes, value: fourOrEight, flags: flagNUMANode | flagsAccess},
	// local_storage.c
	MapCGroupStorage:       {key: sizes{list: []uint32{8, 16}}, value: storageBytes, entries: entriesNone, flags: flagNUMANode | flagsAccess, noInner: true},
	MapPerCPUCGroupStorage: {key: sizes{list: []uint32{8, 16}}, value: perCPUBytes, entries: entriesNone, flags: flagNUMANode | flagsAccess, noInner: true},
	// bpf_local_storage.c. The mask has BPF_F_CLONE for all, and only sockets
	// know what to do with it.
	MapSkStorage:    {key: fourBytes, value: storageBytes, entries: entriesNone, flags: flagNoPrealloc | flagClone, must: flagNoPrealloc, typed: true},
	MapInodeStorage: {key: fourBytes, value: storageBytes, entries: entriesNone, flags: flagNoPrealloc | flagClone, must: flagNoPrealloc, typed: true},
	MapTaskStorage:  {key: fourBytes, value: storageBytes, entries: entriesNone, flags: flagNoPrealloc | flagClone, must: flagNoPrealloc, typed: true},
	MapCgrpStorage:  {key: fourBytes, value: storageBytes, entries: entriesNone, flags: flagNoPrealloc | flagClone, must: flagNoPrealloc, typed: true},
	// ringbuf.c. The number of entries is bytes, which package typed rounds up.
	MapRingBuf:     {key: anyBytes, value: anyBytes, flags: flagNUMANode | flagRBOverwrite},
	MapUserRingBuf: {key: anyBytes, value: anyBytes, flags: flagNUMANode},
	// arena.c
	MapArena: {key: noBytes, value: noBytes, flags: flagMmapable | flagSegvOnFault | flagNoUserConv, must: flagMmapable, extra: true},
}
