package typed

import (
	"iter"

	"github.com/cilium/ebpf"
)

// ProgramArray is a BPF_MAP_TYPE_PROG_ARRAY (4.2): the targets of
// bpf_tail_call. The kernel takes only programs of one type with the same
// attach type. K is a type of 4 bytes, mostly uint32.
type ProgramArray[K any] struct {
	boundMap
}

func (m *ProgramArray[K]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *ProgramArray[K]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*ProgramArray[K]) shape() mapShape { return keyShape[K](size4, ebpf.ProgramArray) }

// Put makes a slot refer to a program, loaded or not before.
func (m *ProgramArray[K]) Put(key K, program LoadedProgram) error {
	return m.withProgram(program, func(fd int) error { return putFD(&m.boundMap, &key, fd, UpdateAny) })
}

// Lookup returns the id of the program in a slot. The error wraps
// [ebpf.ErrKeyNotExist] if the slot is empty.
func (m *ProgramArray[K]) Lookup(key K) (id ebpf.ProgramID, err error) {
	err = lookupElem(&m.boundMap, &key, &id, 0)
	return id, err
}

// Open opens the program in a slot. The caller closes it.
func (m *ProgramArray[K]) Open(key K) (*ebpf.Program, error) {
	id, err := m.Lookup(key)
	if err != nil {
		return nil, err
	}
	return ebpf.NewProgramFromID(id)
}

// Delete makes a slot empty. The error wraps [ebpf.ErrKeyNotExist] if it is.
func (m *ProgramArray[K]) Delete(key K) error { return deleteElem(&m.boundMap, &key) }

// All ranges over the slots that are not empty. The second result is called
// after the loop and returns what ended it early.
func (m *ProgramArray[K]) All() (iter.Seq2[K, ebpf.ProgramID], func() error) {
	return all[K, ebpf.ProgramID](&m.boundMap)
}
