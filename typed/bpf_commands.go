package typed

// The commands of bpf(2) that typed maps use (enum bpf_cmd,
// include/uapi/linux/bpf.h), with the kernel that has them for hashes.
type bpfCommand uintptr

const (
	bpfMapLookupElem          bpfCommand = 1  // 3.19
	bpfMapUpdateElem          bpfCommand = 2  // 3.19
	bpfMapDeleteElem          bpfCommand = 3  // 3.19
	bpfMapGetNextKey          bpfCommand = 4  // 3.19; a nil key since 4.12
	bpfProgLoadCommand        bpfCommand = 5  // 3.18
	bpfObjGetInfoByFD         bpfCommand = 15 // 4.13
	bpfMapLookupAndDeleteElem bpfCommand = 21 // 4.20 queue and stack, 5.14 hash
	bpfMapLookupBatch         bpfCommand = 24 // 5.6
	bpfMapLookupAndDelBatch   bpfCommand = 25 // 5.6
	bpfMapUpdateBatch         bpfCommand = 26 // 5.6
	bpfMapDeleteBatch         bpfCommand = 27 // 5.6
)

// mapFacts is what the kernel says of a map: the start of struct bpf_map_info.
type mapFacts struct {
	kind       uint32 // enum bpf_map_type
	_          uint32 // id
	keySize    uint32 // bytes
	valueSize  uint32 // bytes, of one CPU
	maxEntries uint32
	flags      uint32
}
