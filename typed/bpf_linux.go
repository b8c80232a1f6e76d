package typed

// Direct calls of bpf(2), which is the way to map operations that allocate
// nothing. The library's calls take any and so put key and value on the heap.
//
// What makes them safe, and must stay so:
//   - An address is an unsafe.Pointer in the attribute (pointer64), never an
//     integer: the attribute lies on the stack, and so may key and value. A
//     stack that grows moves all three and corrects pointers only.
//   - The attribute's own address becomes an integer inside the argument list
//     of unix.Syscall, which is implemented in assembly. The compiler then
//     keeps the attribute, and what it points to, alive and in place until the
//     call returns (package unsafe, pattern 4).
//   - The sizes behind the pointers are those of the map: the handle compares
//     them with the kernel's when it is made (mapCore.bind). Callers keep the
//     map alive over the call, so that its descriptor cannot be another's.

import (
	"structs"
	"syscall"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"golang.org/x/sys/unix"
)

// elemAttr is the attribute of the commands on one element: 32 bytes.
type elemAttr struct {
	_     structs.HostLayout
	mapFD uint32
	_     uint32
	key   pointer64
	value pointer64 // the next key for bpf.MapGetNextKey
	flags uint64
}

// batchAttr is the attribute of the commands on many elements: 56 bytes.
type batchAttr struct {
	_         structs.HostLayout
	inBatch   pointer64
	outBatch  pointer64
	keys      pointer64
	values    pointer64
	count     uint32 // in: room, out: done
	mapFD     uint32
	elemFlags uint64
	flags     uint64
}

// infoAttr is the attribute of bpfObjGetInfoByFD: 16 bytes.
type infoAttr struct {
	_       structs.HostLayout
	fd      uint32
	infoLen uint32
	info    pointer64
}

// bpfElem does a command on one element. key and value point to as many bytes
// as the map's key and value have, or are nil where the command takes none.
func bpfElem(cmd bpfCommand, fd int, key, value unsafe.Pointer, flags uint64) syscall.Errno {
	attr := elemAttr{mapFD: uint32(fd), key: pointer64{ptr: key}, value: pointer64{ptr: value}, flags: flags}
	_, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	return errno
}

// bpfBatch does a command on up to count elements and says how many were done,
// which has a meaning after an error, too. in is nil at the start; in and out
// point to the cursor, see cursorSize.
func bpfBatch(cmd bpfCommand, fd int, in, out, keys, values unsafe.Pointer, count int, elemFlags uint64) (int, syscall.Errno) {
	attr := batchAttr{
		inBatch: pointer64{ptr: in}, outBatch: pointer64{ptr: out},
		keys: pointer64{ptr: keys}, values: pointer64{ptr: values},
		count: uint32(count), mapFD: uint32(fd), elemFlags: elemFlags,
	}
	_, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	if errno != 0 && errno != unix.ENOENT && attr.count == uint32(count) {
		// Refused before the kernel touched the count (kernel/bpf/syscall.c,
		// generic_map_update_batch and kin set it to 0 after their checks).
		return 0, errno
	}
	return int(attr.count), errno
}

// bpfMapFacts asks the kernel what a map is. Linux 4.13.
func bpfMapFacts(fd int) (bpf.MapFacts, error) {
	var facts bpf.MapFacts
	attr := infoAttr{fd: uint32(fd), infoLen: uint32(unsafe.Sizeof(facts)), info: pointer64{ptr: unsafe.Pointer(&facts)}}
	_, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(bpfObjGetInfoByFD), uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	if errno != 0 {
		return bpf.MapFacts{}, errno
	}
	return facts, nil
}
