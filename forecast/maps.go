package forecast

// This file checks map definitions: what map_alloc_check of each type of map in
// kernel/bpf/ asks of sizes and flags, and map_create of kernel/bpf/syscall.c.

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/btfparse"
)

// checkMap forecasts one map.
func (c *checker) checkMap(m *mapDef) Result {
	check := &mapCheck{checker: c, mapDef: m, result: Result{Name: m.name, Section: m.section}}
	if len(c.object.refused) > 0 {
		for _, f := range c.object.refused {
			check.result.add(f)
		}
		return check.result
	}
	check.definition(m.MapSpec, "")
	if m.InnerMap != nil {
		check.definition(m.InnerMap, "inner map: ")
	}
	return check.result
}

type mapCheck struct {
	*checker
	*mapDef
	result Result
}

func (m *mapCheck) say(verdict Verdict, cause Cause, subject, what, remedy string) {
	m.result.add(Finding{Verdict: verdict, Cause: cause, Subject: subject, What: "map " + m.name + ": " + what, Remedy: remedy})
}

// mapTypeID is the kernel's number of a type.
func mapTypeID(t ebpf.MapType) uint64 { return uint64(t) & (1<<28 - 1) }

// mapTypeName is the kernel's name of a type.
func mapTypeName(t ebpf.MapType) string {
	return "BPF_MAP_TYPE_" + btfparse.MapType(mapTypeID(t)).String()
}

func (m *mapCheck) definition(spec *ebpf.MapSpec, where string) {
	switch m.kernel.hasID(enumMapTypes, mapTypeID(spec.Type)) {
	case no:
		m.say(Fails, CauseMap, mapTypeName(spec.Type), where+"the kernel has no maps of type "+mapTypeName(spec.Type), "choose the type in Go before Load, or another type")
		return
	case unclear:
		m.say(Unknown, CauseMap, mapTypeName(spec.Type), where+"the kernel's BTF has no enum bpf_map_type, so it does not say what the kernel has", "give the kernel's whole BTF")
		return
	default:
		if with, ok := mapsBuiltWith[spec.Type]; ok && m.kernel.built(with) == no {
			m.say(Fails, CauseMap, mapTypeName(spec.Type), where+fmt.Sprintf("the kernel was built without maps of type %s (%s)", mapTypeName(spec.Type), with.config), "choose the type in Go before Load, or another type")
		}
	}
	if problem, remedy := m.problem(spec); problem != "" {
		m.say(Fails, CauseMap, mapTypeName(spec.Type), where+problem, remedy)
	}
	m.flags(spec, where)
	m.types(spec, where)
	if spec.Type == ebpf.StructOpsMap {
		m.structOps(spec)
	}
}

// mapRule is what a type of map asks of its definition.
type mapRule struct {
	// key and value are sizes that the type wants, anySize, or noSize for none.
	key, value size
	// entries: zero means that max_entries must be 0, some that it must not be.
	entries entries
	// must are flags without which the kernel refuses the map.
	must uint32
	// btf: key and value must have types.
	btf bool
}

type size int

const (
	anySize size = -1
	noSize  size = 0
	// leftOut: package typed leaves out what the definition has.
	leftOut size = -2
)

type entries int

const (
	some entries = iota
	zero
	filledIn // by the library
)

// Flags of BPF_MAP_CREATE, include/uapi/linux/bpf.h.
const flagNoPrealloc = 1

// mapRules by type. Types that are not in it have rules of their own in problem.
var mapRules = map[ebpf.MapType]mapRule{
	ebpf.Hash:                {key: anySize, value: anySize},
	ebpf.Array:               {key: 4, value: anySize},
	ebpf.ProgramArray:        {key: 4, value: 4},
	ebpf.PerfEventArray:      {key: 4, value: 4, entries: filledIn},
	ebpf.PerCPUHash:          {key: anySize, value: anySize},
	ebpf.PerCPUArray:         {key: 4, value: anySize},
	ebpf.StackTrace:          {key: 4, value: anySize},
	ebpf.CGroupArray:         {key: 4, value: 4},
	ebpf.LRUHash:             {key: anySize, value: anySize},
	ebpf.LRUCPUHash:          {key: anySize, value: anySize},
	ebpf.LPMTrie:             {key: anySize, value: anySize, must: flagNoPrealloc},
	ebpf.ArrayOfMaps:         {key: 4, value: 4},
	ebpf.HashOfMaps:          {key: anySize, value: 4},
	ebpf.DevMap:              {key: 4, value: anySize},
	ebpf.SockMap:             {key: 4, value: anySize},
	ebpf.CPUMap:              {key: 4, value: anySize, entries: filledIn},
	ebpf.XSKMap:              {key: 4, value: 4},
	ebpf.SockHash:            {key: anySize, value: anySize},
	ebpf.CGroupStorage:       {key: anySize, value: anySize, entries: zero},
	ebpf.ReusePortSockArray:  {key: 4, value: anySize},
	ebpf.PerCPUCGroupStorage: {key: anySize, value: anySize, entries: zero},
	ebpf.Queue:               {key: noSize, value: anySize},
	ebpf.Stack:               {key: noSize, value: anySize},
	ebpf.SkStorage:           {key: 4, value: anySize, entries: zero, must: flagNoPrealloc, btf: true},
	ebpf.DevMapHash:          {key: 4, value: anySize},
	ebpf.RingBuf:             {key: leftOut, value: leftOut},
	ebpf.InodeStorage:        {key: 4, value: anySize, entries: zero, must: flagNoPrealloc, btf: true},
	ebpf.TaskStorage:         {key: 4, value: anySize, entries: zero, must: flagNoPrealloc, btf: true},
	ebpf.BloomFilter:         {key: noSize, value: anySize},
	ebpf.UserRingbuf:         {key: leftOut, value: leftOut},
	ebpf.CgroupStorage:       {key: 4, value: anySize, entries: zero, must: flagNoPrealloc, btf: true},
	ebpf.Arena:               {key: noSize, value: noSize},
}

// problem is what is wrong with a definition on every kernel that has the type.
func (m *mapCheck) problem(spec *ebpf.MapSpec) (problem, remedy string) {
	rule, ok := mapRules[spec.Type]
	if !ok {
		return "", ""
	}
	switch {
	case rule.entries == some && spec.MaxEntries == 0:
		return "max_entries is 0", "set it in C, or MapSpec.MaxEntries in Go before Load"
	case rule.entries == zero && spec.MaxEntries != 0:
		return fmt.Sprintf("max_entries is %d, and the type wants 0", spec.MaxEntries), "remove max_entries"
	case rule.must != 0 && spec.Flags&rule.must == 0:
		return "the flag BPF_F_NO_PREALLOC is missing, without which the kernel does not create maps of this type", "__uint(map_flags, BPF_F_NO_PREALLOC)"
	case rule.btf && (spec.Key == nil || spec.Value == nil):
		return "key and value need types", "give them with __type, not by size"
	}
	if problem := wrongSize("key", rule.key, spec.KeySize, spec.Type == ebpf.PerfEventArray); problem != "" {
		return problem, "change the definition"
	}
	if problem := wrongSize("value", rule.value, spec.ValueSize, spec.Type == ebpf.PerfEventArray || rule.value == 4); problem != "" {
		return problem, "change the definition"
	}
	return oddSize(spec), "change the definition"
}

// wrongSize: filled says that the library fills in a size of 0.
func wrongSize(what string, want size, has uint32, filled bool) string {
	switch {
	case want == noSize && has != 0:
		return fmt.Sprintf("a %s of %d bytes, and the type has no %ss", what, has, what)
	case want == anySize && has == 0:
		return "no " + what
	case want > 0 && has != uint32(want) && !(filled && has == 0):
		return fmt.Sprintf("a %s of %d bytes, and the type wants %d", what, has, want)
	}
	return ""
}

// oddSize has rules of single types.
func oddSize(spec *ebpf.MapSpec) string {
	switch spec.Type {
	case ebpf.RingBuf, ebpf.UserRingbuf:
		// Package typed rounds up to a power of two of pages, as libbpf does.
		if spec.MaxEntries > largestRing {
			return fmt.Sprintf("max_entries is %d, and rings have at most %d bytes", spec.MaxEntries, uint32(largestRing))
		}
	case ebpf.LPMTrie:
		if spec.KeySize < 5 || spec.KeySize > 4+256 {
			return fmt.Sprintf("a key of %d bytes, and the type wants 5 to 260", spec.KeySize)
		}
	case ebpf.StackTrace:
		if spec.ValueSize%8 != 0 {
			return fmt.Sprintf("a value of %d bytes, and the type wants a multiple of 8", spec.ValueSize)
		}
	case ebpf.SockMap, ebpf.SockHash, ebpf.ReusePortSockArray:
		if spec.ValueSize != 4 && spec.ValueSize != 8 {
			return fmt.Sprintf("a value of %d bytes, and the type wants 4 or 8", spec.ValueSize)
		}
	case ebpf.DevMap, ebpf.DevMapHash, ebpf.CPUMap:
		if spec.ValueSize != 4 && spec.ValueSize != 8 {
			return fmt.Sprintf("a value of %d bytes, and the type wants 4 or 8", spec.ValueSize)
		}
	default:
	}
	return ""
}

// largestRing is the largest power of two in max_entries.
const largestRing = 1 << 31

// mapFlags are the flags that came with a change of their own, by bit, with the
// enumerator that shows it. The older ones every kernel with BTF has.
var mapFlags = []struct {
	bit  uint32
	name string
	// since is for kernels whose BTF does not have the anonymous enum.
	since version
}{
	{1 << 10, "BPF_F_MMAPABLE", v(5, 5)},
	{1 << 11, "BPF_F_PRESERVE_ELEMS", v(5, 10)},
	{1 << 12, "BPF_F_INNER_MAP", v(5, 10)},
	{1 << 13, "BPF_F_LINK", v(6, 4)},
	{1 << 14, "BPF_F_PATH_FD", v(6, 5)},
	{1 << 15, "BPF_F_VTYPE_BTF_OBJ_FD", v(6, 9)},
	{1 << 16, "BPF_F_TOKEN_FD", v(6, 9)},
	{1 << 17, "BPF_F_SEGV_ON_FAULT", v(6, 9)},
	{1 << 18, "BPF_F_NO_USER_CONV", v(6, 9)},
	{1 << 19, "BPF_F_RB_OVERWRITE", v(6, 19)},
}

// flagsInBTF shows that BTF has the anonymous enum of the flags.
var flagsInBTF = enumerator("BPF_F_NO_PREALLOC")

func (m *mapCheck) flags(spec *ebpf.MapSpec, where string) {
	for _, f := range mapFlags {
		if spec.Flags&f.bit == 0 {
			continue
		}
		has := m.kernel.since(f.since)
		if m.kernel.has[flagsInBTF] {
			has = answer(true, m.kernel.has[enumerator(f.name)])
		}
		switch has {
		case no:
			m.say(Fails, CauseFlag, f.name, where+"the kernel does not know the flag "+f.name, "clear it in MapSpec.Flags before Load")
		case unclear:
			m.say(Unknown, CauseFlag, f.name, where+"whether the kernel knows the flag "+f.name+" is not known", "")
		default:
		}
	}
}

// types checks the BTF that the map is created with.
func (m *mapCheck) types(spec *ebpf.MapSpec, where string) {
	for _, t := range []btf.Type{spec.Key, spec.Value} {
		if t == nil {
			continue
		}
		if problem, remedy := m.kernel.btfProblem(t, true); problem != "" {
			m.say(Fails, CauseBTF, m.name, where+problem, remedy)
			return
		}
	}
}
