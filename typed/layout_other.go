//go:build !linux

package typed

import "github.com/cilium/ebpf"

func bpfMapTypes(int) (mapTypeIDs, error) { return mapTypeIDs{}, ebpf.ErrNotSupported }
