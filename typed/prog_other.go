package typed

import (
	"strconv"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// PerfEventOptions are the options of perf_event programs. The zero value is
// good.
type PerfEventOptions struct {
	// Cookie is what bpf_get_attach_cookie gives the program (Linux ≥ 5.15).
	Cookie uint64
}

// PerfEvent is a program of SEC("perf_event") (Linux ≥ 4.9): it runs when a
// perf event overflows, for example 99 times a second on each CPU.
type PerfEvent struct{ common program }

func (*PerfEvent) kind() *progKind { return &kindPerfEvent }

// Attach attaches to a perf event by the file descriptor that
// unix.PerfEventOpen gave, and enables it. The descriptor stays the caller's.
// Before Linux 5.15 Close can only disable the event: the program goes when
// the descriptor is closed. opts may be nil.
func (p *PerfEvent) Attach(fd int, opts *PerfEventOptions) (*Link, error) {
	return p.base().attach(p.kind(), target{"perf event", "fd " + strconv.Itoa(fd)}, func(prog *ebpf.Program) (link.Link, error) {
		return attachPerfEvent(prog, fd, deref(opts))
	})
}

// LircMode2 is a program of SEC("lirc_mode2") (Linux ≥ 4.18): it decodes the
// pulses of an infrared receiver.
type LircMode2 struct{ common program }

func (*LircMode2) kind() *progKind { return &kindLircMode2 }

// Attach attaches to an open lirc device by its file descriptor, which must
// stay open until the link is closed.
func (p *LircMode2) Attach(fd int) (*Link, error) {
	return p.base().attach(p.kind(), target{"lirc device", "fd " + strconv.Itoa(fd)}, func(prog *ebpf.Program) (link.Link, error) {
		return attachLirc(prog, fd)
	})
}

// StructOpsProgram is a program of SEC("struct_ops") (Linux ≥ 5.6): a function
// of a struct of functions. It is not attached; the struct_ops map that holds
// it is.
type StructOpsProgram struct{ common program }

func (*StructOpsProgram) kind() *progKind { return &kindStructOpsProgram }

// Syscall is a program of SEC("syscall") (Linux ≥ 5.14): it is not attached but
// run, with [Syscall.Run] or [RunSyscall].
type Syscall struct{ common program }

func (*Syscall) kind() *progKind { return &kindSyscall }

// Generic is a program of a section that libbpf does not know. What can be
// done with it depends on the type that was set in its spec before Load: [Generic.Use] has the library's
// object.
type Generic struct{ common program }

func (*Generic) kind() *progKind { return &kindGeneric }
