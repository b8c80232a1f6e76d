package typedtest

import (
	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/internal/bpf"
)

// Operation is what a system call does with a map.
type Operation string

// The operations. Loops over maps and batches are of the Batch… ones.
const (
	Lookup               Operation = "lookup"
	Update               Operation = "update"
	Delete               Operation = "delete"
	LookupAndDelete      Operation = "lookup and delete"
	NextKey              Operation = "next key"
	BatchLookup          Operation = "batch lookup"
	BatchLookupAndDelete Operation = "batch lookup and delete"
	BatchUpdate          Operation = "batch update"
	BatchDelete          Operation = "batch delete"
)

var operations = map[bpf.Command]Operation{
	bpf.MapLookupElem:          Lookup,
	bpf.MapUpdateElem:          Update,
	bpf.MapDeleteElem:          Delete,
	bpf.MapLookupAndDeleteElem: LookupAndDelete,
	bpf.MapGetNextKey:          NextKey,
	bpf.MapLookupBatch:         BatchLookup,
	bpf.MapLookupAndDelBatch:   BatchLookupAndDelete,
	bpf.MapUpdateBatch:         BatchUpdate,
	bpf.MapDeleteBatch:         BatchDelete,
}

// Call is a system call on a map.
type Call struct {
	Operation Operation
	// Elements is how many it is about at most.
	Elements int
}

// Fail makes calls on a map in memory fail: fail is asked before each, and what it
// returns is the error, nil that of the map. A [syscall.Errno] has the meaning that
// the kernel's would have: EPERM, ENOMEM, EBUSY, … The map is as it was after such
// a call. fail must not call the map. nil takes an earlier Fail back.
func Fail(m typed.AnyMap, fail func(Call) error) {
	mem, ok := typed.MemoryMapOf(m).(*memory)
	if !ok {
		panic("typedtest: Fail of a map that is not in memory")
	}
	mem.mu.Lock()
	defer mem.mu.Unlock()
	mem.fail = fail
}

func (m *memory) failing(c Call) error {
	if m.fail == nil {
		return nil
	}
	return m.fail(c)
}
