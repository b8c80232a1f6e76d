//go:build !linux

package typed

import (
	"io"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// Elsewhere than on Linux programs with these kinds compile, and attaching
// says that it cannot be done.

type socketHook int

const (
	socketFilter socketHook = iota
	socketReuseport
)

func fitsHook(*ebpf.Program, *ebpf.ProgramSpec) error { return nil }

func attachKprobe(*ebpf.Program, string, kprobeArgs) (link.Link, error) { return nil, errNotLinux }

func attachKretprobe(*ebpf.Program, string, KretprobeOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachKprobeMulti(*ebpf.Program, *progKind, []kernelsym.Symbol, KprobeMultiOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachUprobe(*ebpf.Program, *progKind, string, uint64, UprobeOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachUprobeMulti(*ebpf.Program, *progKind, string, []UprobePlace, int) (link.Link, error) {
	return nil, errNotLinux
}

func attachUSDT(*ebpf.Program, *Collection, usdtTarget, USDTOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachTracepoint(*ebpf.Program, string, string, TracepointOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachRawTracepoint(*ebpf.Program, string, RawTracepointOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachTracing(*ebpf.Program, ebpf.AttachType, TracingOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachTracingMulti(*ebpf.Program, ebpf.AttachType, string, TracingMultiOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachFreplace(_, _ *ebpf.Program, _ string) (link.Link, error) { return nil, errNotLinux }

func attachIter(*ebpf.Program, IterOptions) (link.Link, error) { return nil, errNotLinux }

func openIter(link.Link) (io.ReadCloser, error) { return nil, errNotLinux }

func attachXDP(*ebpf.Program, int, XDPOptions) (link.Link, error) { return nil, errNotLinux }

func attachTC(*ebpf.Program, string, int, ebpf.AttachType, TCOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachAction(*ebpf.Program, string, int, ebpf.AttachType, SchedActOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachLWT(*ebpf.Program, string, lwtHook, string, int, LWTOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachNetkit(*ebpf.Program, int, ebpf.AttachType, NetkitOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachNetfilter(*ebpf.Program, NetfilterFamily, NetfilterHook, NetfilterOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachNetNS(*ebpf.Program, int, ebpf.AttachType) (link.Link, error) { return nil, errNotLinux }

func attachCgroup(*ebpf.Program, string, ebpf.AttachType, CgroupOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachSocket(*ebpf.Program, syscall.Conn, socketHook) (link.Link, error) {
	return nil, errNotLinux
}

func attachSockMap(*ebpf.Program, *ebpf.Map, ebpf.AttachType) (link.Link, error) {
	return nil, errNotLinux
}

func attachPerfEvent(*ebpf.Program, int, PerfEventOptions) (link.Link, error) {
	return nil, errNotLinux
}

func attachLirc(*ebpf.Program, int) (link.Link, error) { return nil, errNotLinux }

func haveKprobeMulti(*progKind) bool { return false }
