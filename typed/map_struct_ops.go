package typed

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/bpfgen/bpfgen/typed/internal/plain"
)

// Struct_ops maps (Linux ≥ 5.6): a structure of functions of the kernel, implemented by
// programs. The Go type is the struct as C has it, with what is set in C; the
// kernel's own form of it is larger and differs by version, so that only the spec
// is compared with it.

// StructOpsState is what the kernel does with a struct_ops map (enum
// bpf_struct_ops_state, kernel/bpf/bpf_struct_ops.c).
type StructOpsState uint32

// The states of a struct_ops map.
const (
	StructOpsInit     StructOpsState = iota // nothing in it yet
	StructOpsInUse                          // registered without a link
	StructOpsToBeFree                       // unregistered, not gone yet
	StructOpsReady                          // can be attached by a link (Linux ≥ 6.4)
)

var structOpsStates = [...]string{"init", "in use", "to be freed", "ready"}

func (s StructOpsState) String() string {
	if int(s) < len(structOpsStates) {
		return structOpsStates[s]
	}
	return "unknown"
}

// StructOpsState says what the kernel does with a struct_ops map.
//
//go:noinline
func (h *MapCore) StructOpsState() (StructOpsState, error) {
	c := h.core()
	if err := c.usable(); err != nil {
		return 0, err
	}
	key := uint32(0)
	value := make([]byte, c.valueSize(0))
	err := c.elem("lookup", bpf.MapLookupElem, unsafe.Pointer(&key), unsafe.Pointer(unsafe.SliceData(value)), 0)
	if err != nil {
		return 0, err
	}
	// The value starts with struct bpf_struct_ops_common_value {refcnt; state}.
	return StructOpsState(binary.NativeEndian.Uint32(value[4:])), nil
}

// StructOps is the pointer to a type of struct_ops maps whose C type is V.
type StructOps[V any] interface {
	AnyMap
	// Ops says what V is. It returns nil.
	Ops() *V
	// State says what the kernel does with the map.
	State() (StructOpsState, error)
	// Attach makes the kernel use the functions of the map, which comes from a
	// section .struct_ops.link (Linux 6.4). Closing the link takes them away.
	Attach() (*Link, error)
}

// SetStructOps changes what a struct_ops map is created with, before Load: set
// gets the values that C has given to the members of the struct. Members that
// are functions are the programs' and cannot be changed.
func SetStructOps[V any, P StructOps[V]](spec *MapSpec[P], set func(ops *V)) error {
	var ops V
	data, err := spec.s.structOps(spec.MapFields, int(unsafe.Sizeof(ops)))
	if err != nil {
		return err
	}
	copy(plain.Memory(&ops), data)
	set(&ops)
	spec.Contents[0].Value = slices.Clone(plain.Memory(&ops))
	return nil
}

// structOps is the value of size bytes that the map is created with.
func (s *mapSpec) structOps(fields *MapFields, size int) ([]byte, error) {
	if !s.present {
		return nil, notLoaded(s.name)
	}
	if len(fields.Contents) != 1 {
		return nil, fmt.Errorf("map %s: %d values instead of the one of a struct_ops map", s.name, len(fields.Contents))
	}
	data, ok := fields.Contents[0].Value.([]byte)
	if !ok || len(data) != size {
		return nil, &LayoutError{
			Object: "map " + s.name, Property: "value size",
			Want: fmt.Sprint(size), Got: fmt.Sprint(len(data)),
		}
	}
	return data, nil
}
