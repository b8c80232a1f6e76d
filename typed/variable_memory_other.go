//go:build !linux

package typed

import "github.com/cilium/ebpf"

func mapMemory(*ebpf.Map) (mem []byte, readOnly bool, err error) {
	return nil, false, ebpf.ErrNotSupported
}

func unmapMemory([]byte) {}
