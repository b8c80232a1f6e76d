package typed

import (
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// flagMmapable is BPF_F_MMAPABLE (include/uapi/linux/bpf.h).
const flagMmapable = 1 << 10

// mapMemory maps the elements of an array map. A map that was frozen (EPERM)
// or is BPF_F_RDONLY_PROG (EACCES) can only be mapped for reading
// (kernel/bpf/syscall.c, bpf_map_mmap).
func mapMemory(m *ebpf.Map) (mem []byte, readOnly bool, err error) {
	if m.Type() != ebpf.Array || m.Flags()&flagMmapable == 0 {
		return nil, false, ebpf.ErrNotSupported
	}
	page := os.Getpagesize()
	// Elements start at multiples of 8 (kernel/bpf/arraymap.c, array->elem_size).
	size := (int(m.ValueSize()) + 7) &^ 7 * int(m.MaxEntries())
	size = (size + page - 1) &^ (page - 1)

	mem, err = unix.Mmap(m.FD(), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		readOnly = true
		mem, err = unix.Mmap(m.FD(), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	}
	if err != nil {
		return nil, false, fmt.Errorf("map memory: %w", err)
	}
	return mem, readOnly, nil
}

func unmapMemory(mem []byte) { _ = unix.Munmap(mem) }
