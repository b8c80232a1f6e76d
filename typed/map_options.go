package typed

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
)

// How maps are read and written: the flags and the CPU that functions with
// options take.

// UpdateFlags says what Update does with a key that exists or does not.
type UpdateFlags = ebpf.MapUpdateFlags

// The flags of Update (include/uapi/linux/bpf.h). UpdateLock may be added to
// one of the others.
const (
	// UpdateAny creates the entry or replaces its value.
	UpdateAny UpdateFlags = ebpf.UpdateAny
	// UpdateNoExist creates the entry; [ebpf.ErrKeyExist] if there is one.
	UpdateNoExist UpdateFlags = ebpf.UpdateNoExist
	// UpdateExist replaces the value; [ebpf.ErrKeyNotExist] if there is none.
	UpdateExist UpdateFlags = ebpf.UpdateExist
	// UpdateLock writes the value under its struct bpf_spin_lock (5.1).
	UpdateLock UpdateFlags = ebpf.UpdateLock
)

// LookupFlags says how Lookup copies a value.
type LookupFlags = ebpf.MapLookupFlags

// LookupLock reads the value under its struct bpf_spin_lock (5.1); the lock
// itself reads as zero.
const LookupLock LookupFlags = ebpf.LookupLock

// CPUs says of which CPUs a function reads or writes the values. The zero value
// is each possible CPU, with a value of its own.
type CPUs struct{ flags uint64 }

// OneCPU is the CPU of that number alone: a key has one value. Linux 7.0.
func OneCPU(cpu int) CPUs {
	return CPUs{bpf.FlagCPU | uint64(uint32(cpu))<<32}
}

// EveryCPU is all CPUs at once, in writing: a key has one value, which each CPU
// gets. Linux 7.0.
func EveryCPU() CPUs { return CPUs{bpf.FlagAllCPUs} }

// ReadOptions are the options of reading. nil means none.
type ReadOptions struct {
	// Flags are those of the kernel: LookupLock, or 0.
	Flags LookupFlags
	// CPU, of a per-CPU map, reads the value of one CPU only: [OneCPU].
	CPU CPUs
}

// WriteOptions are the options of writing. nil means none.
type WriteOptions struct {
	// Flags are those of the kernel: UpdateNoExist, UpdateExist, UpdateLock, or 0.
	Flags UpdateFlags
	// CPU, of a per-CPU map, writes one value only: to one CPU ([OneCPU]) or to
	// all ([EveryCPU]).
	CPU CPUs
}

func (o *ReadOptions) flags() uint64 {
	if o == nil {
		return 0
	}
	return uint64(o.Flags) | o.CPU.flags
}

func (o *WriteOptions) flags() uint64 {
	if o == nil {
		return 0
	}
	return uint64(o.Flags) | o.CPU.flags
}

// cpuFlags are those that name CPUs.
const cpuFlags = bpf.FlagCPU | bpf.FlagAllCPUs

// cpusWith is how many values a key has in a command with these flags.
func (c *mapCore) cpusWith(flags uint64) int {
	if flags&cpuFlags != 0 {
		return 1
	}
	return c.cpus
}

// explainCPU tells a kernel that has no flags for CPUs from other errors: both
// are EINVAL.
func (c *mapCore) explainCPU(flags uint64, err error) error {
	if flags&cpuFlags == 0 || !errors.Is(err, syscall.EINVAL) || kernelHasCPUFlags() {
		return err
	}
	return fmt.Errorf("%w (%w: the kernel reads and writes the values of all CPUs only)", err, ebpf.ErrNotSupported)
}

// kernelHasCPUFlags asks the kernel by reading the value of a CPU.
var kernelHasCPUFlags = sync.OnceValue(func() bool {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	if err != nil {
		return false
	}
	h := new(MapHandle)
	life := newMapLife(m)
	defer life.close()
	if h.c.bind(MapShape{Class: ClassPerCPUArray, Key: 4, Value: 8}, "probe", life) != nil {
		return false
	}
	var key uint32
	var value uint64
	return lookupElem(&h.c, &key, &value, bpf.FlagCPU) == nil
})
