package typed

import (
	"errors"
	"os"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// AttachStructOps is the Attach of a [StructOps].
//
//go:noinline
func (h *MapCore) AttachStructOps() (l *Link, err error) {
	c := h.core()
	if err := c.usable(); err != nil {
		return nil, err
	}
	err = c.life.use(c.name, func(m *ebpf.Map) error {
		l, err = attachStructOps(c.name, m)
		return err
	})
	return l, err
}

// structOpsSection is the section of struct_ops maps that can have a link.
const structOpsSection = ".struct_ops.link"

func attachStructOps(name string, m *ebpf.Map) (*Link, error) {
	l, err := link.AttachStructOps(link.StructOpsOptions{Map: m})
	if err != nil {
		return nil, &AttachError{
			Map: name, Section: structOpsSection, Target: "struct_ops",
			Remedy: structOpsRemedy(err), Err: err,
		}
	}
	return newLink(name, l), nil
}

// structOpsRemedy: what the kernel refuses depends on the subsystem that the
// struct is of, but for these.
func structOpsRemedy(err error) string {
	switch {
	case errors.Is(err, os.ErrPermission):
		return permissionRemedy(ebpf.StructOps)
	case errors.Is(err, syscall.EEXIST), errors.Is(err, syscall.EBUSY):
		return "it or another of its name is attached already: bpftool struct_ops lists what is"
	case isUnsupported(err) && olderThan("6.4"):
		return "a link of a struct_ops map " + needsNewer("6.4")
	}
	return ""
}
