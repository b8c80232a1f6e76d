package typed

import (
	"iter"

	"github.com/cilium/ebpf"
)

// Maps of where XDP programs redirect packets to: network devices and CPUs.
// With values of 8 bytes an entry may have a program that runs there (struct
// bpf_devmap_val and struct bpf_cpumap_val, include/uapi/linux/bpf.h).

// redirectMap is a map from K to V, with the methods that these maps share.
type redirectMap[K, V any] struct {
	boundMap
}

// Lookup returns the value of a key. The error wraps [ebpf.ErrKeyNotExist] if
// there is none.
func (m *redirectMap[K, V]) Lookup(key K) (V, error) {
	var value V
	err := lookupElem(&m.boundMap, &key, &value, 0)
	return value, err
}

// Delete removes a key. Deleting an empty slot is no error, but for
// BPF_MAP_TYPE_DEVMAP_HASH.
func (m *redirectMap[K, V]) Delete(key K) error { return deleteElem(&m.boundMap, &key) }

// All ranges over the entries. The second result is called after the loop and
// returns what ended it early.
func (m *redirectMap[K, V]) All() (iter.Seq2[K, V], func() error) {
	return all[K, V](&m.boundMap)
}

// putWith writes a number with a program, or none if the program is nil.
func putWith[K any](b *boundMap, key *K, number uint32, program LoadedProgram) error {
	if program == nil {
		value := [2]uint32{number, 0} // a descriptor of 0 is none
		return updateElem(b, key, &value, UpdateAny)
	}
	return b.withProgram(program, func(fd int) error {
		value := [2]uint32{number, uint32(fd)}
		return updateElem(b, key, &value, UpdateAny)
	})
}

// DevMap is a BPF_MAP_TYPE_DEVMAP or BPF_MAP_TYPE_DEVMAP_HASH (4.14, 5.4) with
// values of 4 bytes: the indices of network interfaces. K is a type of 4 bytes,
// mostly uint32.
type DevMap[K any] struct {
	redirectMap[K, uint32]
}

func (m *DevMap[K]) bind(name string, em *ebpf.Map) error { return m.bindAs(m.shape(), name, em) }

func (m *DevMap[K]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*DevMap[K]) shape() mapShape { return keyShape[K](size4, ebpf.DevMap, ebpf.DevMapHash) }

// Put makes a key stand for a network interface.
func (m *DevMap[K]) Put(key K, ifindex int) error {
	value := uint32(ifindex)
	return updateElem(&m.boundMap, &key, &value, UpdateAny)
}

// DevMapValue is a network interface and the program that runs on what is sent
// to it.
type DevMapValue struct {
	Ifindex   uint32
	ProgramID ebpf.ProgramID // 0: none
}

// DevMapProg is a BPF_MAP_TYPE_DEVMAP or BPF_MAP_TYPE_DEVMAP_HASH with values
// of 8 bytes (5.8): network interfaces, and for each the program SEC("xdp/devmap")
// that runs on what is sent to it.
type DevMapProg[K any] struct {
	redirectMap[K, DevMapValue]
}

func (m *DevMapProg[K]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *DevMapProg[K]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*DevMapProg[K]) shape() mapShape { return keyShape[K](size8, ebpf.DevMap, ebpf.DevMapHash) }

// Put makes a key stand for a network interface. program may be nil.
func (m *DevMapProg[K]) Put(key K, ifindex int, program LoadedProgram) error {
	return putWith(&m.boundMap, &key, uint32(ifindex), program)
}

// CPUMap is a BPF_MAP_TYPE_CPUMAP (4.15) with values of 4 bytes: for each CPU
// how many packets its queue holds. K is a type of 4 bytes, mostly uint32.
type CPUMap[K any] struct {
	redirectMap[K, uint32]
}

func (m *CPUMap[K]) bind(name string, em *ebpf.Map) error { return m.bindAs(m.shape(), name, em) }

func (m *CPUMap[K]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*CPUMap[K]) shape() mapShape { return keyShape[K](size4, ebpf.CPUMap) }

// Put makes a CPU take packets, up to queueSize (at most 16384) waiting.
func (m *CPUMap[K]) Put(key K, queueSize uint32) error {
	return updateElem(&m.boundMap, &key, &queueSize, UpdateAny)
}

// CPUMapValue is the size of a CPU's queue and the program that runs on what
// comes out of it.
type CPUMapValue struct {
	QueueSize uint32
	ProgramID ebpf.ProgramID // 0: none
}

// CPUMapProg is a BPF_MAP_TYPE_CPUMAP with values of 8 bytes (5.9): queues of
// CPUs, and for each the program SEC("xdp/cpumap") that runs on what comes out
// of it.
type CPUMapProg[K any] struct {
	redirectMap[K, CPUMapValue]
}

func (m *CPUMapProg[K]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *CPUMapProg[K]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*CPUMapProg[K]) shape() mapShape { return keyShape[K](size8, ebpf.CPUMap) }

// Put makes a CPU take packets, up to queueSize (at most 16384) waiting.
// program may be nil.
func (m *CPUMapProg[K]) Put(key K, queueSize uint32, program LoadedProgram) error {
	return putWith(&m.boundMap, &key, queueSize, program)
}
