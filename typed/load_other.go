//go:build !linux

package typed

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

func loadProgram(*ebpf.ProgramSpec, map[string]*ebpf.Map, *btf.Cache, ebpf.ProgramOptions) (*ebpf.Program, error) {
	return nil, ebpf.ErrNotSupported
}
