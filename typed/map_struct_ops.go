package typed

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cilium/ebpf"
)

// StructOps is a BPF_MAP_TYPE_STRUCT_OPS (5.6): a structure of functions of the
// kernel, implemented by programs. V is the struct as C has it, with what is
// set in C; the kernel's own form of it is larger and differs by version, so
// that only the spec is compared with V.
type StructOps[V any] struct {
	boundMap
}

func (m *StructOps[V]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(mapShape{types: []ebpf.MapType{ebpf.StructOpsMap}, key: 4}, name, em)
}

func (m *StructOps[V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return keyValueShape[uint32, V](ebpf.StructOpsMap).checkSpec(name, spec)
}

// StructOpsState is what the kernel does with a [StructOps] map (enum
// bpf_struct_ops_state, kernel/bpf/bpf_struct_ops.c).
type StructOpsState uint32

// The states of a StructOps map.
const (
	StructOpsInit     StructOpsState = iota // nothing in it yet
	StructOpsInUse                          // registered without a link
	StructOpsToBeFree                       // unregistered, not gone yet
	StructOpsReady                          // can be attached by a link (6.4)
)

var structOpsStates = [...]string{"init", "in use", "to be freed", "ready"}

func (s StructOpsState) String() string {
	if int(s) < len(structOpsStates) {
		return structOpsStates[s]
	}
	return "unknown"
}

// State says what the kernel does with the map.
func (m *StructOps[V]) State() (StructOpsState, error) {
	if err := m.Err(); err != nil {
		return 0, err
	}
	key := uint32(0)
	value := make([]byte, m.valueBytes())
	if err := lookupBytes(&m.boundMap, bpfMapLookupElem, &key, value); err != nil {
		return 0, err
	}
	// The value starts with struct bpf_struct_ops_common_value {refcnt; state}.
	return StructOpsState(binary.NativeEndian.Uint32(value[4:])), nil
}

// SetStructOps changes what a struct_ops map is created with, before Load: set
// gets the values that C has given to the members of the struct. Members that
// are functions are the programs' and cannot be changed.
func SetStructOps[V any](spec *MapSpec[StructOps[V]], set func(ops *V)) error {
	if !spec.present {
		return notLoaded(spec.name)
	}
	if len(spec.Contents) != 1 {
		return fmt.Errorf("map %s: %d values instead of the one of a struct_ops map", spec.name, len(spec.Contents))
	}
	data, ok := spec.Contents[0].Value.([]byte)
	if !ok || len(data) != sizeOf[V]() {
		return &LayoutError{
			Object: "map " + spec.name, Property: "value size",
			Want: fmt.Sprint(sizeOf[V]()), Got: fmt.Sprint(len(data)),
		}
	}
	var ops V
	copy(memoryOf(&ops), data)
	set(&ops)
	spec.Contents[0].Value = slices.Clone(memoryOf(&ops))
	return nil
}

// OpaqueMap is a map of a type that has no class: only what all maps have in
// common, and the library's object in Map.
type OpaqueMap struct {
	boundMap
}

func (m *OpaqueMap) bind(name string, em *ebpf.Map) error {
	return m.bindAs(mapShape{key: anySize}, name, em)
}

func (m *OpaqueMap) checkSpec(string, *ebpf.MapSpec) error { return nil }
