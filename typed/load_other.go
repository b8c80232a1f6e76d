//go:build !linux

package typed

import "github.com/cilium/ebpf"

func loadProgram(*ebpf.ProgramSpec, map[string]*ebpf.Map, ebpf.ProgramOptions) (*ebpf.Program, error) {
	return nil, ebpf.ErrNotSupported
}
