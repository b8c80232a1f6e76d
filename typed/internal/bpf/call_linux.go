package bpf

// Direct calls of bpf(2), which is the way to map operations that allocate
// nothing. The library's calls take any and so put key and value on the heap.
//
// What makes them safe, and must stay so:
//   - An address is an unsafe.Pointer in the attribute ([Pointer]), never an
//     integer: the attribute lies on the stack, and so may key and value. A
//     stack that grows moves all three and corrects pointers only.
//   - The attribute's own address becomes an integer inside the argument list
//     of unix.Syscall, which is implemented in assembly. The compiler then
//     keeps the attribute, and what it points to, alive and in place until the
//     call returns (package unsafe, pattern 4).
//   - The sizes behind the pointers are those of the map: the handle compares
//     them with the kernel's when it is made (mapCore.bind of package typed).
//     Callers keep the map alive over the call, so that its descriptor cannot be
//     another's.

import (
	"runtime"
	"structs"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// PointerTo is the address p.
func PointerTo(p unsafe.Pointer) Pointer { return Pointer{ptr: p} }

// SlicePointer is the address of the first element, nil for none.
func SlicePointer[T any](s []T) Pointer {
	if len(s) == 0 {
		return Pointer{}
	}
	return Pointer{ptr: unsafe.Pointer(unsafe.SliceData(s))}
}

// Call does a command. attr is a part of union bpf_attr
// (include/uapi/linux/bpf.h), and is alive until the call returns, as is what it
// points to. The caller keeps the objects of its descriptors alive.
func Call[A any](cmd Command, attr *A) (int, syscall.Errno) {
	r, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr))
	runtime.KeepAlive(attr)
	return int(r), errno
}

// elemAttr is the attribute of the commands on one element: 32 bytes.
type elemAttr struct {
	_     structs.HostLayout
	mapFD uint32
	_     uint32
	key   Pointer
	value Pointer // the next key for MapGetNextKey
	flags uint64
}

// batchAttr is the attribute of the commands on many elements: 56 bytes.
type batchAttr struct {
	_         structs.HostLayout
	inBatch   Pointer
	outBatch  Pointer
	keys      Pointer
	values    Pointer
	count     uint32 // in: room, out: done
	mapFD     uint32
	elemFlags uint64
	flags     uint64
}

// Elem does a command on one element. key and value point to as many bytes
// as the map's key and value have, or are nil where the command takes none.
func Elem(cmd Command, fd int, key, value unsafe.Pointer, flags uint64) syscall.Errno {
	attr := elemAttr{mapFD: uint32(fd), key: Pointer{ptr: key}, value: Pointer{ptr: value}, flags: flags}
	_, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	return errno
}

// Batch does a command on up to count elements and says how many were done,
// which has a meaning after an error, too. in is nil at the start; in and out
// point to the cursor, whose size is cursorSize of package typed.
func Batch(cmd Command, fd int, in, out, keys, values unsafe.Pointer, count int, elemFlags uint64) (int, syscall.Errno) {
	attr := batchAttr{
		inBatch: Pointer{ptr: in}, outBatch: Pointer{ptr: out},
		keys: Pointer{ptr: keys}, values: Pointer{ptr: values},
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

// mapInfo is struct bpf_map_info up to btf_value_type_id (Linux 4.18). The
// library shows the first id of a type alone.
type mapInfo struct {
	_     structs.HostLayout
	facts MapFacts
	_     [64 - unsafe.Sizeof(MapFacts{})]byte
	types MapTypes
	_     uint32
}

// infoAttr is the attribute of ObjGetInfoByFD: 16 bytes.
type infoAttr struct {
	_       structs.HostLayout
	fd      uint32
	infoLen uint32
	info    Pointer
}

// MapInfo asks the kernel what a map is. Linux 4.13; older kernels than 4.18 leave
// the types zero.
func MapInfo(fd int) (MapFacts, MapTypes, error) {
	var info mapInfo
	attr := infoAttr{fd: uint32(fd), infoLen: uint32(unsafe.Sizeof(info)), info: Pointer{ptr: unsafe.Pointer(&info)}}
	if _, errno := Call(ObjGetInfoByFD, &attr); errno != 0 {
		return MapFacts{}, MapTypes{}, errno
	}
	return info.facts, info.types, nil
}

// progInfo is struct bpf_prog_info up to attach_btf_id (Linux 6.0).
type progInfo struct {
	_      structs.HostLayout
	_      [27]uint64
	_      uint32
	object uint32 // attach_btf_obj_id
	id     uint32 // attach_btf_id
	_      uint32
}

// ProgramTarget is the BTF object, and in it the type, that a program was loaded for. Both
// are zero of programs that have none, and before Linux 6.0.
func ProgramTarget(fd int) (object, id uint32, err error) {
	var info progInfo
	attr := infoAttr{fd: uint32(fd), infoLen: uint32(unsafe.Sizeof(info)), info: Pointer{ptr: unsafe.Pointer(&info)}}
	if _, errno := Call(ObjGetInfoByFD, &attr); errno != 0 {
		return 0, 0, errno
	}
	return info.object, info.id, nil
}
