package typed

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

// This file has the direct calls of bpf(2) for the links that cilium/ebpf
// v0.22 cannot make. The structs are parts of union bpf_attr
// (include/uapi/linux/bpf.h); the FDs that come back get the library's type by
// link.NewFromFD.

// linkCreate is the head of the struct of BPF_LINK_CREATE, before the part
// that depends on the attach type.
type linkCreate struct {
	progFD     uint32
	targetFD   uint32
	attachType uint32
	flags      uint32
}

// linkCreateOrdered is BPF_LINK_CREATE for hooks whose programs have an order:
// TCX, netkit and cgroups.
type linkCreateOrdered struct {
	linkCreate
	relative uint32 // the anchor: a descriptor, or an id with BPF_F_ID
	_        uint32
	revision uint64
}

// linkCreatePerfEvent is BPF_LINK_CREATE for BPF_PERF_EVENT.
type linkCreatePerfEvent struct {
	linkCreate
	cookie uint64
}

// linkCreateIter is BPF_LINK_CREATE for BPF_TRACE_ITER.
type linkCreateIter struct {
	linkCreate
	info    bpf.Pointer
	infoLen uint32
	_       uint32
}

// linkCreateUprobeMulti is BPF_LINK_CREATE for BPF_TRACE_UPROBE_MULTI and
// BPF_TRACE_UPROBE_SESSION.
type linkCreateUprobeMulti struct {
	linkCreate
	path          bpf.Pointer
	offsets       bpf.Pointer
	refCtrOffsets bpf.Pointer
	cookies       bpf.Pointer
	count         uint32
	multiFlags    uint32
	pid           uint32
	_             uint32
}

// linkCreateTracingMulti is BPF_LINK_CREATE for BPF_TRACE_FENTRY_MULTI and its
// kin (Linux ≥ 7.2).
type linkCreateTracingMulti struct {
	linkCreate
	ids     bpf.Pointer
	cookies bpf.Pointer
	count   uint32
	_       uint32
}

// linkCreateTracing is BPF_LINK_CREATE for BPF_TRACE_FSESSION.
type linkCreateTracing struct {
	linkCreate
	_      uint32 // target_btf_id
	_      uint32
	cookie uint64
}

// rawTracepointOpen is the struct of BPF_RAW_TRACEPOINT_OPEN.
type rawTracepointOpen struct {
	name   bpf.Pointer
	progFD uint32
	_      uint32
	cookie uint64
}

// createOrdered makes a link at a place in the order of a hook. target is an
// interface or the descriptor of a cgroup.
func createOrdered(prog *ebpf.Program, target int, at ebpf.AttachType, flags uint32, anchor Anchor, revision uint64) (l link.Link, err error) {
	err = anchor.use(func(relative, anchorFlags uint32) error {
		attr := &linkCreateOrdered{linkCreate: newLinkCreate(prog, target, at), relative: relative, revision: revision}
		attr.flags = flags | anchorFlags
		l, err = createLink(bpf.LinkCreate, prog, attr)
		return explain(err, mprogRemedy(err))
	})
	return l, err
}

// newLinkCreate fills the head for a program.
func newLinkCreate(prog *ebpf.Program, targetFD int, at ebpf.AttachType) linkCreate {
	return linkCreate{progFD: uint32(prog.FD()), targetFD: uint32(targetFD), attachType: uint32(at)}
}

// createLink calls bpf(cmd) with attr, one of the structs above, and makes a
// link of the FD. prog is kept alive until then; so is everything that attr
// points to, because attr is.
func createLink[A any](cmd bpf.Command, prog *ebpf.Program, attr *A) (link.Link, error) {
	var fd int
	errno := syscall.EINTR
	for errno == syscall.EINTR {
		fd, errno = bpf.Call(cmd, attr)
	}
	runtime.KeepAlive(prog)
	if errno != 0 {
		return nil, fmt.Errorf("create link: %w", kernelError(errno))
	}
	return link.NewFromFD(fd)
}

// kernelError makes the kernel's ENOTSUPP, which leaks to user space
// (include/linux/errno.h), the library's error.
func kernelError(errno syscall.Errno) error {
	if errno == bpf.ErrnoNotSupported {
		return fmt.Errorf("errno %d: %w", uint(errno), ebpf.ErrNotSupported)
	}
	return errno
}

// linkCreateKprobeMulti is BPF_LINK_CREATE for BPF_TRACE_KPROBE_MULTI and
// BPF_TRACE_KPROBE_SESSION. The addresses are numbers here: haveKprobeMulti has
// a wrong one, which must not be a pointer of Go.
type linkCreateKprobeMulti struct {
	linkCreate
	_         uint32 // flags
	count     uint32
	_         uint64 // symbols
	addresses uint64
	_         uint64 // cookies
}

// haveKprobeMulti says whether the kernel has such links (CONFIG_FPROBE): only
// then it looks at the memory with the addresses, which is not there. Where it cannot
// be asked, for want of privileges or descriptors, it may have them.
func haveKprobeMulti(k *progKind) bool {
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "probe", Type: k.typ, AttachType: k.attach[0], License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return !isUnsupported(err)
	}
	defer prog.Close()
	const nowhere = 1
	attr := &linkCreateKprobeMulti{linkCreate: newLinkCreate(prog, 0, k.attach[0]), count: 1, addresses: nowhere}
	_, err = createLink(bpf.LinkCreate, prog, attr)
	return errors.Is(err, syscall.EFAULT)
}
