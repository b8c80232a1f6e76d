package typed

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"unsafe"

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
	// UpdateLock writes the value under its struct bpf_spin_lock (Linux ≥ 5.1).
	UpdateLock UpdateFlags = ebpf.UpdateLock
)

// LookupFlags says how Lookup copies a value.
type LookupFlags = ebpf.MapLookupFlags

// LookupLock reads the value under its struct bpf_spin_lock (Linux ≥ 5.1); the lock
// itself reads as zero.
const LookupLock LookupFlags = ebpf.LookupLock

// CPUs says of which CPUs a function reads or writes the values, or where a
// program runs. The zero value is each possible CPU, with a value of its own; for
// a run, any one.
type CPUs struct{ flags uint64 }

// OneCPU is the CPU of that number alone. Of a per-CPU map, a key has one value
// then (Linux ≥ 7.0); a raw tracepoint program runs there, see [RunOptions].
func OneCPU(cpu int) CPUs {
	return CPUs{bpf.FlagCPU | uint64(uint32(cpu))<<32}
}

// EveryCPU is all CPUs at once, in writing: a key has one value, which each CPU
// gets (Linux ≥ 7.0).
func EveryCPU() CPUs { return CPUs{bpf.FlagAllCPUs} }

// ReadOptions are the options of reading. nil means none.
type ReadOptions struct {
	// Flags are those of the kernel: LookupLock, or 0.
	Flags LookupFlags
	// CPU, of a per-CPU map, reads the value of one CPU only: [OneCPU]. What removes
	// what it reads has no such option.
	CPU CPUs
}

// WriteOptions are the options of writing. nil means none.
type WriteOptions struct {
	// Flags are those of the kernel: UpdateNoExist, UpdateExist, UpdateLock, or 0.
	Flags UpdateFlags
	// CPU, of a per-CPU map, writes one value only: to one CPU ([OneCPU]) or to
	// all ([EveryCPU]). Flags must be 0 then, which the kernel does not heed beside it.
	CPU CPUs
}

// one is the CPU of OneCPU.
func (c CPUs) one() (cpu uint32, ok bool) {
	return uint32(c.flags >> 32), c.flags&bpf.FlagCPU != 0
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

// checkCPU refuses what no kernel can do with the CPU of options, and what kernels do
// otherwise than asked: Linux 7.0 to 7.3 heed UpdateNoExist and UpdateExist only
// where no CPU is named (check_flags, kernel/bpf/hashtab.c).
func (c *mapCore) checkCPU(op string, cmd bpf.Command, flags uint64) error {
	if flags&cpuFlags == 0 {
		return nil
	}
	if err := c.usable(); err != nil {
		return err
	}
	var why string
	switch writes := cmd == bpf.MapUpdateElem || cmd == bpf.MapUpdateBatch; {
	case !c.perCPU:
		why = "the values of this map are not per CPU"
	case takes(cmd):
		why = "what is removed is removed of all CPUs"
	case !writes && flags&bpf.FlagAllCPUs != 0:
		why = "EveryCPU is for writing"
	case writes && uint32(flags)&^cpuFlags != 0:
		why = "the kernel does not heed flags of updates beside it"
	default:
		return nil
	}
	return opError(c.name, op, fmt.Errorf("the CPU of the options: %s: %w", why, syscall.EINVAL))
}

// takes says that a command removes what it reads.
func takes(cmd bpf.Command) bool {
	return cmd == bpf.MapLookupAndDeleteElem || cmd == bpf.MapLookupAndDelBatch
}

// explainCPU tells a kernel that has no flags for CPUs from other errors: both
// are EINVAL.
func (c *mapCore) explainCPU(flags uint64, err error) error {
	if flags&cpuFlags == 0 || !errors.Is(err, syscall.EINVAL) || c.fake != nil || kernelHasCPUFlags() {
		return err
	}
	return fmt.Errorf("%w (%w: the kernel reads and writes the values of all CPUs only)", err, ebpf.ErrNotSupported)
}

// kernelHasCPUFlags asks the kernel by reading the value of a CPU.
func kernelHasCPUFlags() bool {
	cpuFlagsProbe.once.Do(func() { cpuFlagsProbe.has = probeCPUFlags() })
	return cpuFlagsProbe.has
}

var cpuFlagsProbe struct {
	once sync.Once
	has  bool
}

func probeCPUFlags() bool {
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
	return h.c.elem("lookup", bpf.MapLookupElem, unsafe.Pointer(&key), unsafe.Pointer(&value), bpf.FlagCPU) == nil
}
