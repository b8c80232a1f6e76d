// Package emulated has links where the kernel gives none: a socket filter, a tc
// filter of netlink, BPF_PROG_ATTACH, the ioctl of an old perf event; or several
// links that belong together, as those of one USDT probe.
package emulated

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// Link is a link that the kernel does not have.
//
// It embeds link.Link only because that interface has an unexported method;
// the embedded value is nil and every exported method is ours.
//
// Like a kernel's link it detaches when it is closed and when it is garbage.
// Unlike that, not when the process ends: nothing in the kernel is tied to it.
// What the kernel ties to a socket or file ends with that.
type Link struct {
	link.Link

	prog   ebpf.ProgramID
	detach func() error // the first call detaches
}

// New makes a link whose Close and Detach call detach, once.
func New(prog *ebpf.Program, detach func() error) *Link {
	var id ebpf.ProgramID
	// The ID is for Info alone; a kernel before 4.13 has none.
	if info, err := prog.Info(); err == nil {
		id, _ = info.ID()
	}
	return ByID(id, detach)
}

// ByID is New for a program of which only the ID is known, 0 if not even that.
// detach must not refer to the link.
func ByID(prog ebpf.ProgramID, detach func() error) *Link {
	l := &Link{prog: prog, detach: once(detach)}
	runtime.AddCleanup(l, func(detach func() error) { _ = detach() }, l.detach)
	return l
}

// once makes a function that calls do the first time, and then does nothing.
func once(do func() error) func() error {
	var first sync.Once
	return func() (err error) {
		first.Do(func() { err = do() })
		return err
	}
}

// Close detaches the program. A second Close does nothing.
func (l *Link) Close() error {
	defer runtime.KeepAlive(l)
	return l.detach()
}

// Detach is Close.
func (l *Link) Detach() error { return l.Close() }

// Info has the ID of the program alone.
func (l *Link) Info() (*link.Info, error) {
	if l.prog == 0 {
		return nil, fmt.Errorf("info of a link that the kernel does not have: %w", ebpf.ErrNotSupported)
	}
	return &link.Info{Program: l.prog}, nil
}

// Update returns an error that wraps ebpf.ErrNotSupported.
func (l *Link) Update(*ebpf.Program) error {
	return fmt.Errorf("the kernel has no link here whose program it could replace (attach the other program, then close this link): %w", ebpf.ErrNotSupported)
}

// Pin returns an error that wraps ebpf.ErrNotSupported.
func (l *Link) Pin(string) error {
	return fmt.Errorf("pin a link that the kernel does not have: %w", ebpf.ErrNotSupported)
}

// Unpin returns an error that wraps ebpf.ErrNotSupported.
func (l *Link) Unpin() error {
	return fmt.Errorf("unpin a link that the kernel does not have: %w", ebpf.ErrNotSupported)
}

// Nameable makes sure that Info of a link says whose it is: the library's own
// emulations (the ioctl of perf events before Linux 5.15, BPF_PROG_ATTACH
// before 5.7) cannot.
func Nameable(l link.Link, prog *ebpf.Program) link.Link {
	if _, err := l.Info(); errors.Is(err, ebpf.ErrNotSupported) {
		return New(prog, l.Close)
	}
	return l
}

// CloseAny closes a link that may be closed already: the library's kprobes by
// tracefs say so, other links do not.
func CloseAny(l link.Link) error {
	if err := l.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
