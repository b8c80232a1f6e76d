package typed

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// This file finds out which hook a program is for that is there already. The kernel does
// not say with which attach type a program was loaded: some types show it when they are
// attached to nothing. Of functions and tracepoints it has the BTF id (Linux 6.0).

// fitsHook is how a program's hook differs from that of a spec, nil where it does not or
// where the kernel does not tell: "for attach type …, not …".
func fitsHook(prog *ebpf.Program, spec *ebpf.ProgramSpec) error {
	switch prog.Type() {
	case ebpf.CGroupSock, ebpf.CGroupSockAddr, ebpf.CGroupSockopt:
		return fitsAttachType(prog, spec.AttachType)
	case ebpf.Tracing, ebpf.LSM:
		return fitsTarget(prog, spec)
	default:
		return nil
	}
}

// fitsAttachType asks for a link to no cgroup. The kernel compares the attach type before
// it looks at the descriptor (bpf_prog_attach_check_attach_type, kernel/bpf/syscall.c).
func fitsAttachType(prog *ebpf.Program, want ebpf.AttachType) error {
	if want == ebpf.AttachNone || takesAttachType(prog, want) {
		return nil
	}
	for at := range attachFsessionMulti {
		if takesAttachType(prog, at) {
			return fmt.Errorf("for attach type %s, not %s", at, want)
		}
	}
	return nil // the kernel has no links, or says nothing to this process
}

func takesAttachType(prog *ebpf.Program, at ebpf.AttachType) bool {
	attr := newLinkCreate(prog, -1, at)
	_, err := createLink(bpf.LinkCreate, prog, &attr)
	return errors.Is(err, syscall.EBADF)
}

// targetPrefixes stand before the name of a section's target in the kernel's BTF
// (libbpf's btf_get_kernel_prefix_kind).
var targetPrefixes = map[ebpf.AttachType]string{
	ebpf.AttachTraceRawTp: "btf_trace_",
	ebpf.AttachTraceIter:  "bpf_iter_",
	ebpf.AttachLSMMac:     "bpf_lsm_",
	ebpf.AttachLSMCgroup:  "bpf_lsm_",
}

// fitsTarget compares the names of targets.
func fitsTarget(prog *ebpf.Program, spec *ebpf.ProgramSpec) error {
	if spec.AttachTo == "" || spec.AttachTarget != nil {
		return nil
	}
	is, want := kernelTarget(prog), targetPrefixes[spec.AttachType]+spec.AttachTo
	if is == "" || is == want {
		return nil
	}
	return fmt.Errorf("for %s of the kernel, not %s", is, want)
}

// kernelTarget is the name in the kernel's BTF of what a program is for, "" if it cannot
// be had.
func kernelTarget(prog *ebpf.Program) string {
	object, id, err := bpf.ProgramTarget(prog.FD())
	if err != nil || object == 0 || id == 0 {
		return ""
	}
	handle, err := btf.NewHandleFromID(btf.ID(object))
	if err != nil {
		return ""
	}
	defer handle.Close()
	info, err := handle.Info()
	if err != nil || !info.IsKernel {
		return ""
	}
	types, err := btf.LoadKernelSpec()
	if err == nil && !info.IsVmlinux() {
		types, err = handle.Spec(types)
	}
	if err != nil {
		return ""
	}
	target, err := types.TypeByID(btf.TypeID(id))
	if err != nil {
		return ""
	}
	return target.TypeName()
}
