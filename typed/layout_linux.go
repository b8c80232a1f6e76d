package typed

import (
	"structs"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapInfoTypes is struct bpf_map_info up to btf_value_type_id
// (include/uapi/linux/bpf.h, Linux 4.18). The library shows the first id alone.
type mapInfoTypes struct {
	_     structs.HostLayout
	_     [64]byte
	btf   uint32
	key   uint32
	value uint32
	_     uint32
}

// mapInfoAttr is the attribute of BPF_OBJ_GET_INFO_BY_FD.
type mapInfoAttr struct {
	_    structs.HostLayout
	fd   uint32
	len  uint32
	info pointer64
}

// bpfMapTypes asks the kernel which types it keeps of a map. Older kernels leave zeroes.
func bpfMapTypes(fd int) (mapTypeIDs, error) {
	var info mapInfoTypes
	attr := mapInfoAttr{fd: uint32(fd), len: uint32(unsafe.Sizeof(info)), info: pointer64{ptr: unsafe.Pointer(&info)}}
	_, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(bpfObjGetInfoByFD), uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	if errno != 0 {
		return mapTypeIDs{}, errno
	}
	return mapTypeIDs{info.btf, info.key, info.value}, nil
}
