package typed

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/bpfgen/bpfgen/typed/internal/plain"
	"github.com/cilium/ebpf"
)

// What a Go type of maps wants of a map of the kernel, or of an object, and the
// comparison of the two. It is made once, when a handle is made: behind every
// pointer that the kernel gets later lie as many bytes as the kernel reads or
// writes.

// MapClass says which operations a map has, and so which map types of the
// kernel a Go type stands for.
type MapClass uint8

// The classes, with the map types that they stand for and the first kernel that
// has them.
const (
	// ClassOpaque stands for all map types that have no class of their own.
	ClassOpaque MapClass = iota
	// ClassHash is HASH (3.19) and LRU_HASH (4.10).
	ClassHash
	// ClassArray is ARRAY (3.19).
	ClassArray
	// ClassPerCPUHash is PERCPU_HASH (4.6) and LRU_PERCPU_HASH (4.10).
	ClassPerCPUHash
	// ClassPerCPUArray is PERCPU_ARRAY (4.6).
	ClassPerCPUArray
	// ClassLPMTrie is LPM_TRIE (4.11).
	ClassLPMTrie
	// ClassQueue is QUEUE (4.20).
	ClassQueue
	// ClassStack is STACK (4.20).
	ClassStack
	// ClassBloomFilter is BLOOM_FILTER (5.16).
	ClassBloomFilter
	// ClassProgramArray is PROG_ARRAY (4.2).
	ClassProgramArray
	// ClassArrayOfMaps is ARRAY_OF_MAPS (4.12).
	ClassArrayOfMaps
	// ClassHashOfMaps is HASH_OF_MAPS (4.12).
	ClassHashOfMaps
	// ClassCgroupArray is CGROUP_ARRAY (4.8).
	ClassCgroupArray
	// ClassXSKMap is XSKMAP (4.18).
	ClassXSKMap
	// ClassSockMap is SOCKMAP (4.14).
	ClassSockMap
	// ClassSockHash is SOCKHASH (4.18).
	ClassSockHash
	// ClassReusePortSockArray is REUSEPORT_SOCKARRAY (4.19).
	ClassReusePortSockArray
	// ClassDevMap is DEVMAP (4.14) and DEVMAP_HASH (5.4) with values of 4 bytes.
	ClassDevMap
	// ClassDevMapProg is DEVMAP and DEVMAP_HASH with values of 8 bytes (5.8).
	ClassDevMapProg
	// ClassCPUMap is CPUMAP (4.15) with values of 4 bytes.
	ClassCPUMap
	// ClassCPUMapProg is CPUMAP with values of 8 bytes (5.9).
	ClassCPUMapProg
	// ClassSkStorage is SK_STORAGE (5.2).
	ClassSkStorage
	// ClassInodeStorage is INODE_STORAGE (5.10).
	ClassInodeStorage
	// ClassTaskStorage is TASK_STORAGE (5.11).
	ClassTaskStorage
	// ClassCgrpStorage is CGRP_STORAGE (6.2).
	ClassCgrpStorage
	// ClassCgroupStorage is CGROUP_STORAGE (4.19).
	ClassCgroupStorage
	// ClassPerCPUCgroupStorage is PERCPU_CGROUP_STORAGE (4.20).
	ClassPerCPUCgroupStorage
	// ClassStackTrace is STACK_TRACE (4.6).
	ClassStackTrace
	// ClassStructOps is STRUCT_OPS (5.6).
	ClassStructOps
	// ClassArena is ARENA (6.9).
	ClassArena
	// ClassRingBuf is RINGBUF (5.8).
	ClassRingBuf
	// ClassUserRingBuf is USER_RINGBUF (6.1).
	ClassUserRingBuf
	// ClassPerfEventArray is PERF_EVENT_ARRAY (4.3).
	ClassPerfEventArray

	mapClasses // how many there are
)

// MapShape is what a Go type of maps is made for.
type MapShape struct {
	Class MapClass
	// Key and Value are the sizes of the Go types in bytes, 0 where the class has
	// no type of its own for it. Value is that of the records of rings and perf
	// arrays, 0 if they are []byte.
	Key, Value uintptr

	// unfit says why the Go type of the key or value cannot be one.
	unfit *LayoutError
}

// sizeRule says which sizes of keys or values a class accepts. It is a number, and the
// types of a class an array, so that the table is data and no code that fills it.
type sizeRule uint8

const (
	anySize sizeRule = iota
	ownSize          // that of the Go type
	noSize
	size4
	size8
	size4Or8
)

var ruleSizes = [...][]uint32{noSize: {0}, size4: {4}, size8: {8}, size4Or8: {4, 8}}

// of are the sizes, nil for any.
func (r sizeRule) of(size uintptr) []uint32 {
	if r == ownSize {
		return []uint32{uint32(size)}
	}
	return ruleSizes[r]
}

// mapClass is what the kernel must have for a class.
type mapClass struct {
	types      mapTypes
	key, value sizeRule
	perCPU     bool
}

// mapTypes are up to two types of map; none: any.
type mapTypes [2]ebpf.MapType

// list are the types, nil for any.
func (t *mapTypes) list() []ebpf.MapType {
	switch {
	case t[0] == ebpf.UnspecifiedMap:
		return nil
	case t[1] == ebpf.UnspecifiedMap:
		return t[:1]
	}
	return t[:]
}

// classes is the table of all classes.
var classes = [mapClasses]mapClass{
	ClassOpaque:              {mapTypes{}, anySize, anySize, false},
	ClassHash:                {mapTypes{ebpf.Hash, ebpf.LRUHash}, ownSize, ownSize, false},
	ClassArray:               {mapTypes{ebpf.Array}, ownSize, ownSize, false},
	ClassPerCPUHash:          {mapTypes{ebpf.PerCPUHash, ebpf.LRUCPUHash}, ownSize, ownSize, true},
	ClassPerCPUArray:         {mapTypes{ebpf.PerCPUArray}, ownSize, ownSize, true},
	ClassLPMTrie:             {mapTypes{ebpf.LPMTrie}, ownSize, ownSize, false},
	ClassQueue:               {mapTypes{ebpf.Queue}, noSize, ownSize, false},
	ClassStack:               {mapTypes{ebpf.Stack}, noSize, ownSize, false},
	ClassBloomFilter:         {mapTypes{ebpf.BloomFilter}, noSize, ownSize, false},
	ClassProgramArray:        {mapTypes{ebpf.ProgramArray}, ownSize, size4, false},
	ClassArrayOfMaps:         {mapTypes{ebpf.ArrayOfMaps}, ownSize, size4, false},
	ClassHashOfMaps:          {mapTypes{ebpf.HashOfMaps}, ownSize, size4, false},
	ClassCgroupArray:         {mapTypes{ebpf.CGroupArray}, ownSize, size4, false},
	ClassXSKMap:              {mapTypes{ebpf.XSKMap}, ownSize, size4, false},
	ClassSockMap:             {mapTypes{ebpf.SockMap}, ownSize, size4Or8, false},
	ClassSockHash:            {mapTypes{ebpf.SockHash}, ownSize, size4Or8, false},
	ClassReusePortSockArray:  {mapTypes{ebpf.ReusePortSockArray}, ownSize, size4Or8, false},
	ClassDevMap:              {mapTypes{ebpf.DevMap, ebpf.DevMapHash}, ownSize, size4, false},
	ClassDevMapProg:          {mapTypes{ebpf.DevMap, ebpf.DevMapHash}, ownSize, size8, false},
	ClassCPUMap:              {mapTypes{ebpf.CPUMap}, ownSize, size4, false},
	ClassCPUMapProg:          {mapTypes{ebpf.CPUMap}, ownSize, size8, false},
	ClassSkStorage:           {mapTypes{ebpf.SkStorage}, size4, ownSize, false},
	ClassInodeStorage:        {mapTypes{ebpf.InodeStorage}, size4, ownSize, false},
	ClassTaskStorage:         {mapTypes{ebpf.TaskStorage}, size4, ownSize, false},
	ClassCgrpStorage:         {mapTypes{ebpf.CgroupStorage}, size4, ownSize, false},
	ClassCgroupStorage:       {mapTypes{ebpf.CGroupStorage}, ownSize, ownSize, false},
	ClassPerCPUCgroupStorage: {mapTypes{ebpf.PerCPUCGroupStorage}, ownSize, ownSize, true},
	ClassStackTrace:          {mapTypes{ebpf.StackTrace}, ownSize, anySize, false},
	// The kernel's form of the struct is larger than C's and differs by version.
	ClassStructOps:   {mapTypes{ebpf.StructOpsMap}, size4, anySize, false},
	ClassArena:       {mapTypes{ebpf.Arena}, anySize, anySize, false},
	ClassRingBuf:     {mapTypes{ebpf.RingBuf}, anySize, anySize, false},
	ClassUserRingBuf: {mapTypes{ebpf.UserRingbuf}, anySize, anySize, false},
	// What PutEvent writes.
	ClassPerfEventArray: {mapTypes{ebpf.PerfEventArray}, size4, size4, false},
}

// specClass is the class of a spec, which is compared otherwise than maps are where
// objects say something else than the kernel.
func specClass(class MapClass) mapClass {
	c := classes[class]
	switch class {
	case ClassStructOps:
		c.value = ownSize
	case ClassPerfEventArray: // both are left out, or the value is the type of the records
		c.key, c.value = anySize, anySize
	default: // as the kernel says
	}
	return c
}

// checkMap compares the shape with what the kernel says of a map.
func (s MapShape) checkMap(name string, facts bpf.MapFacts) error {
	return s.compare(name, classes[s.Class], ebpf.MapType(facts.Type), facts.KeySize, facts.ValueSize)
}

// checkSpec compares the shape with a spec.
func (s MapShape) checkSpec(name string, spec *ebpf.MapSpec) error {
	if err := s.compare(name, specClass(s.Class), spec.Type, spec.KeySize, spec.ValueSize); err != nil {
		return err
	}
	return s.checkRecords(name, spec)
}

func (s MapShape) compare(name string, class mapClass, kind ebpf.MapType, key, value uint32) error {
	object := "map " + name
	differs := func(property string, want []uint32, got uint32) error {
		return &LayoutError{Object: object, Property: property, Want: alternatives(want), Got: fmt.Sprint(got)}
	}
	types, wantKey, wantValue := class.types.list(), class.key.of(s.Key), class.value.of(s.Value)
	switch {
	case s.unfit != nil:
		unfit := *s.unfit
		unfit.Object = object
		return &unfit
	case types != nil && !slices.Contains(types, kind):
		return &LayoutError{Object: object, Property: "map type", Want: alternatives(types), Got: kind.String()}
	case wantKey != nil && !slices.Contains(wantKey, key):
		return differs("key size", wantKey, key)
	case wantValue != nil && !slices.Contains(wantValue, value):
		return differs("value size", wantValue, value)
	}
	return nil
}

// alternatives is "4" or "4 or 8".
func alternatives[T any](s []T) string {
	text := make([]string, len(s))
	for i, v := range s {
		text[i] = fmt.Sprint(v)
	}
	return strings.Join(text, " or ")
}

// ShapeOf is the shape of a map type that was written by hand. What cannot be a
// key or a value is an error of the handle: types that hold Go pointers, which
// the kernel would write, or whose size depends on GOARCH; as keys also types
// with implicit padding, as the kernel compares and hashes every byte and Go
// leaves anything in these. Generated types are none of those.
func ShapeOf[K, V any](class MapClass) MapShape {
	key, value := reflect.TypeFor[K](), reflect.TypeFor[V]()
	s := MapShape{Class: class, Key: key.Size(), Value: value.Size()}
	s.unfit = unfitKey("key type", key)
	switch {
	case s.unfit != nil:
	case class == ClassBloomFilter: // every byte is hashed
		s.unfit = unfitKey("value type", value)
	default:
		s.unfit = unfitValue(value)
	}
	return s
}

// EventShapeOf is ShapeOf for maps that carry records of type T, or of any size if
// that is []byte.
func EventShapeOf[T any](class MapClass) MapShape {
	return eventShape((*T)(nil), class)
}

func eventShape(like any, class MapClass) MapShape {
	s := MapShape{Class: class}
	size, _, err := eventSizes(like, 0)
	if err != nil {
		s.unfit = &LayoutError{Property: "type of records", Want: "a type with a fixed layout", Got: err.Error()}
	}
	s.Value = uintptr(max(size, 0))
	return s
}

// unfitValue refuses types that are not the same in C everywhere.
func unfitValue(t reflect.Type) *LayoutError {
	if err := plain.Check(t); err != nil {
		return &LayoutError{Property: "value type", Want: "a type with a fixed layout", Got: err.Error()}
	}
	return nil
}

// unfitKey also refuses types with implicit padding. A blank field of bytes Go
// keeps, which is what generated types have.
func unfitKey(property string, t reflect.Type) *LayoutError {
	if err := plain.Check(t); err != nil {
		return &LayoutError{Property: property, Want: "a type with a fixed layout", Got: err.Error()}
	}
	if hole, ok := plain.Padding(t); ok {
		return &LayoutError{
			Property: property,
			Want:     "one whose padding is blank fields",
			Got:      fmt.Sprintf("%s with implicit padding at byte %d", t, hole),
		}
	}
	return nil
}
