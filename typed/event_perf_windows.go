package typed

import "github.com/cilium/ebpf"

// newPerfSource fails: the library has no perf reader on Windows.
func newPerfSource(*ebpf.Map, PerfOptions) (perfSource, error) {
	return nil, ebpf.ErrNotSupported
}
