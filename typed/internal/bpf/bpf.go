// Package bpf calls bpf(2), and has its words: for the kernel and for what stands
// in its place in tests.
package bpf

import (
	"syscall"
	"time"
)

// Command is a command of bpf(2) (enum bpf_cmd, include/uapi/linux/bpf.h).
type Command uintptr

// The commands on maps, with the kernel that has them for hashes.
const (
	MapLookupElem          Command = 1  // 3.19
	MapUpdateElem          Command = 2  // 3.19
	MapDeleteElem          Command = 3  // 3.19
	MapGetNextKey          Command = 4  // 3.19; a nil key since 4.12
	MapLookupAndDeleteElem Command = 21 // 4.20 queue and stack, 5.14 hash
	MapLookupBatch         Command = 24 // 5.6
	MapLookupAndDelBatch   Command = 25 // 5.6
	MapUpdateBatch         Command = 26 // 5.6
	MapDeleteBatch         Command = 27 // 5.6
)

// The commands on other things than maps, with the kernel that has them.
const (
	ProgLoad          Command = 5  // 3.18
	ProgTestRun       Command = 10 // 4.12
	ObjGetInfoByFD    Command = 15 // 4.13
	ProgQuery         Command = 16 // 4.15
	RawTracepointOpen Command = 17 // 4.17
	LinkCreate        Command = 28 // 5.7
)

// ErrnoNotSupported is ENOTSUPP of the kernel (include/linux/errno.h), which leaks
// into bpf(2) and has no name in package syscall.
const ErrnoNotSupported = syscall.Errno(524)

// Flags of the commands on maps, beside those that the library names.
const (
	FlagLock    = 1 << 2 // BPF_F_LOCK, 5.1
	FlagCPU     = 1 << 3 // BPF_F_CPU, 7.0; the CPU is in the upper 32 bits
	FlagAllCPUs = 1 << 4 // BPF_F_ALL_CPUS, 7.0
)

// MapFacts is what the kernel says of a map: the start of struct bpf_map_info.
type MapFacts struct {
	Type       uint32 // enum bpf_map_type
	_          uint32 // id
	KeySize    uint32 // bytes
	ValueSize  uint32 // bytes, of one CPU
	MaxEntries uint32
	Flags      uint32
}

// MapTypes are the ids of the BTF of a map and of the types in it, 0 where the
// kernel keeps none.
type MapTypes struct{ BTF, Key, Value uint32 }

// Map is a map that is not the kernel's: it does what bpf(2) would do with it, on
// memory that belongs to it during the call. Keys and values are as long as the
// command has them; nil is no address. An error is a [syscall.Errno] of the
// kernel's, or one that a test wants to see.
type Map interface {
	// Facts is what the kernel would say of the map.
	Facts() MapFacts
	// CPUs is the number of possible CPUs.
	CPUs() int
	// Elem does a command on one element.
	Elem(cmd Command, key, value []byte, flags uint64) error
	// Batch does a command on up to count elements and says how many were done. in
	// is the cursor, nil at the start; out is what it becomes.
	Batch(cmd Command, in, out, keys, values []byte, count int, flags uint64) (int, error)
}

// Run is one call of BPF_PROG_TEST_RUN on a program that is not the kernel's: what
// goes in, and, when it has run, what comes out.
type Run struct {
	// Packet is nil if the kind of program has none. What is put there comes back.
	Packet []byte
	// Context is memory as C has it, nil if there is none. It may be changed, and
	// comes back.
	Context []byte
	// Repeat, CPU and Flags are those of the options; the flags are
	// BPF_F_TEST_*.
	Repeat, CPU, Flags uint32

	Return   uint32
	Duration time.Duration // the mean of one run
}
