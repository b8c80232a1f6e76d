package typed

import (
	"fmt"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// This file says where in the list of a hook's programs a new one goes: TCX,
// netkit and, since Linux 6.17, cgroups keep such lists (kernel/bpf/mprog.c,
// kernel/bpf/cgroup.c).

// Anchor is a place among the programs that are attached to a hook already. The
// zero Anchor is behind all of them, as [AtTail] is.
type Anchor struct {
	position uint32 // BPF_F_BEFORE, BPF_F_AFTER, 0 for none
	target   AnchorTarget
	id       uint32
	idFlags  uint32 // BPF_F_ID, and BPF_F_LINK for that of a link
}

// AnchorTarget is the handle of what an anchor is in front of or behind: of a
// program, or of a link.
type AnchorTarget interface {
	// Name is the C name of the program.
	Name() string

	// useAnchor calls f with the descriptor and what it is of: 0 or BPF_F_LINK.
	useAnchor(f func(fd, flags uint32) error) error
}

// The flags of anchors (include/uapi/linux/bpf.h).
const (
	flagBefore   = 1 << 3  // BPF_F_BEFORE
	flagAfter    = 1 << 4  // BPF_F_AFTER
	flagID       = 1 << 5  // BPF_F_ID
	flagPreorder = 1 << 6  // BPF_F_PREORDER
	flagLink     = 1 << 13 // BPF_F_LINK
)

// AtHead is in front of all programs.
func AtHead() Anchor { return Anchor{position: flagBefore} }

// AtTail is behind all programs.
func AtTail() Anchor { return Anchor{position: flagAfter} }

// Before is just in front of a program or a link.
func Before(target AnchorTarget) Anchor { return Anchor{position: flagBefore, target: orZero(target)} }

// After is just behind a program or a link.
func After(target AnchorTarget) Anchor { return Anchor{position: flagAfter, target: orZero(target)} }

// BeforeProgramID is just in front of a program of any process.
func BeforeProgramID(id ebpf.ProgramID) Anchor {
	return Anchor{position: flagBefore, id: uint32(id), idFlags: flagID}
}

// AfterProgramID is just behind a program of any process.
func AfterProgramID(id ebpf.ProgramID) Anchor {
	return Anchor{position: flagAfter, id: uint32(id), idFlags: flagID}
}

// BeforeLinkID is just in front of a link of any process.
func BeforeLinkID(id link.ID) Anchor {
	return Anchor{position: flagBefore, id: uint32(id), idFlags: flagID | flagLink}
}

// AfterLinkID is just behind a link of any process.
func AfterLinkID(id link.ID) Anchor {
	return Anchor{position: flagAfter, id: uint32(id), idFlags: flagID | flagLink}
}

// orZero makes no target at all one that is not loaded: without a target the anchor
// would be another.
func orZero(target AnchorTarget) AnchorTarget {
	if target == nil {
		return new(Generic)
	}
	return target
}

// isZero says whether the program just goes behind the others.
func (a Anchor) isZero() bool { return a == Anchor{} }

// names says whether the place is beside a certain program or link.
func (a Anchor) names() bool { return a.target != nil || a.idFlags != 0 }

// use calls f with the anchor as the kernel has it: a descriptor or id, and
// flags.
func (a Anchor) use(f func(fdOrID, flags uint32) error) error {
	if a.target == nil {
		return f(a.id, a.position|a.idFlags)
	}
	return a.target.useAnchor(func(fd, flags uint32) error { return f(fd, a.position|flags) })
}

func (p *program) useAnchor(f func(fd, flags uint32) error) error {
	return p.use(func(prog *ebpf.Program) error { return f(uint32(prog.FD()), 0) })
}

//go:noinline
func (l *Link) useAnchor(f func(fd, flags uint32) error) error {
	return l.do("anchor at the", func(lk link.Link) error {
		kernel, ok := lk.(interface{ FD() int })
		if !ok {
			return fmt.Errorf("the kernel has no link here: %w", os.ErrInvalid)
		}
		return f(uint32(kernel.FD()), flagLink)
	})
}

func (u *UpdatableLink[P]) useAnchor(f func(fd, flags uint32) error) error {
	return u.link().useAnchor(f)
}
