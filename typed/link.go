package typed

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync"

	"github.com/bpfgen/bpfgen/typed/internal/emulated"
	"github.com/bpfgen/bpfgen/typed/internal/inuse"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// This file is what Attach returns. links.go is the set of links that a
// collection owns, prog_attach.go makes them.

// Link is an attached program, or a struct_ops map in use. The zero Link, and
// nil, is attached nowhere: its methods return errors, and Close does nothing.
//
// The program is detached when the link is closed, and also when the link is
// garbage: keep it in a variable, or let [Links] keep it. It goes on if the link
// is pinned.
//
// All methods may be called from any goroutine, Close included. A call that
// Close finds in flight ends as if there had been no Close; later ones return an
// error that wraps [os.ErrClosed].
type Link struct {
	name  string    // C name of the program, or of the struct_ops map
	l     link.Link // nil in the zero Link
	calls inuse.Count

	pin    sync.Mutex // held while it gets or loses a name, which the library keeps without one
	mu     sync.Mutex
	pinned string // path; empty where this handle knows of none
}

// AnyLink is a [*Link] or an [*UpdatableLink].
type AnyLink interface {
	// Name is the C name of the program, or of the struct_ops map.
	Name() string
	// Close detaches the program, unless the link is pinned.
	Close() error

	link() *Link
}

// newLink takes over a link of the library.
func newLink(name string, l link.Link) *Link {
	k := &Link{name: name, l: l}
	k.calls.Init(func() error { return emulated.CloseAny(l) })
	return k
}

func (l *Link) link() *Link { return l }

// linkOf is the link of a handle that may be nil, or a nil pointer.
func linkOf(l AnyLink) *Link {
	if isNil(l) {
		return nil
	}
	return l.link()
}

// isNil says whether an interface is nil or has a nil pointer in it.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

// Name is the C name of the program, or of the struct_ops map; empty where it is
// of no collection.
func (l *Link) Name() string {
	if l == nil {
		return ""
	}
	return l.name
}

// Use calls f with the library's object, which no Close takes away meanwhile. f
// must not keep it, and must not close it. It may close the Link.
//
// Where the kernel has no link, the object is ours: its methods but Close,
// Detach and Info return an error that wraps [ebpf.ErrNotSupported].
func (l *Link) Use(f func(link.Link) error) error {
	switch {
	case l == nil || l.l == nil:
		return errNoLink
	case !l.calls.Enter():
		return l.fail("use", os.ErrClosed)
	}
	defer l.calls.Leave()
	return f(l.l)
}

var errNoLink error = &fixedError{"link of no program: nothing is attached", &os.ErrInvalid}

// fail says whose link it was.
func (l *Link) fail(what string, err error) error {
	return fmt.Errorf("%s link of %s: %w", what, l.name, err)
}

// do is Use with an error that says what was done to whose link.
func (l *Link) do(what string, f func(link.Link) error) error {
	err := l.Use(f)
	if err == nil || l == nil || l.l == nil {
		return err
	}
	if errors.Is(err, os.ErrClosed) {
		err = os.ErrClosed
	}
	return l.fail(what, err)
}

// Close detaches the program, unless the link is pinned. What the kernel has no
// link for it takes away: a tc filter, a route, the program of a socket. Calls
// in flight are not waited for: the last of them detaches then. A second Close
// does nothing.
func (l *Link) Close() error {
	if l == nil || l.l == nil {
		return nil
	}
	if err := l.calls.Close(); err != nil {
		return l.fail("close", err)
	}
	return nil
}

// Detach detaches the program even if the link is pinned (Linux ≥ 5.9). The
// link of the kernel remains, and shows in Info, until Close. Not all kinds of
// links have it: those of perf events, tracing and kprobes do not, and give an
// error that wraps [ebpf.ErrNotSupported]. Where the kernel has no link it is
// Close.
//
//go:noinline
func (l *Link) Detach() error {
	return l.do("detach", func(lk link.Link) error { return lk.Detach() })
}

// Info is what the kernel says of the link. Where the kernel has no link it has
// the ID of the program alone.
func (l *Link) Info() (info *link.Info, err error) {
	err = l.do("get info of", func(lk link.Link) error {
		info, err = lk.Info()
		return err
	})
	return info, err
}

// Pin gives the link a name in a bpf file system, which keeps it and its program
// attached after the process. If it has a name already, it is renamed. The
// kernel has no link to be pinned for socket filters, tc filters, and kprobes,
// uprobes and tracepoints before Linux 5.15: the error wraps
// [ebpf.ErrNotSupported].
func (l *Link) Pin(path string) error {
	err := l.do("pin", func(lk link.Link) error {
		l.pin.Lock()
		defer l.pin.Unlock()
		if err := lk.Pin(path); err != nil {
			return withPinRemedy(path, err)
		}
		l.setPinned(path)
		return nil
	})
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%w; a link of an earlier run may be there: open it with OpenPinnedLink or OpenUpdatableLink, or remove the file", err)
	}
	return err
}

// IsPinned says whether the handle knows a name of the link.
func (l *Link) IsPinned() bool { return l != nil && l.pinnedAt() != "" }

// Unpin removes that name. A link without one is no error.
func (l *Link) Unpin() error {
	return l.do("unpin", func(lk link.Link) error {
		l.pin.Lock()
		defer l.pin.Unlock()
		if err := lk.Unpin(); err != nil {
			return err
		}
		l.setPinned("")
		return nil
	})
}

func (l *Link) setPinned(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pinned = path
}

// pinnedAt is the path of the pin that this handle knows of, if any.
func (l *Link) pinnedAt() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pinned
}

// OpenPinnedLink opens the link of an earlier run by its name in a BPF file
// system. Close leaves it attached as long as the file is there; Unpin and
// Close, or Detach, take it away. opts may be nil.
//
// [OpenUpdatableLink] opens one whose program is to be replaced.
func OpenPinnedLink(path string, opts *ebpf.LoadPinOptions) (*Link, error) {
	lk, err := link.LoadPinnedLink(path, opts)
	if err != nil {
		return nil, fmt.Errorf("open pinned link %s: %w", path, err)
	}
	l := newLink(nameOfProgram(lk), lk)
	l.pinned = path
	return l, nil
}

// nameOfProgram is the name of a link's program as far as the kernel has it, 15
// bytes of it, empty where the process may not ask (CAP_SYS_ADMIN).
func nameOfProgram(lk link.Link) string {
	info, err := lk.Info()
	if err != nil || info.Program == 0 {
		return ""
	}
	prog, err := ebpf.NewProgramFromID(info.Program)
	if err != nil {
		return ""
	}
	defer prog.Close()
	program, err := prog.Info()
	if err != nil {
		return ""
	}
	return program.Name
}

// UpdatableLink is a link whose program the kernel can replace, without a moment
// in which neither the old nor the new one runs: those of XDP, TCX, netkit,
// cgroups and network namespaces. P is the kind of program, for example XDP. For
// all other hooks, attach the new program and then close the link of the old
// one.
//
// Like that of a [Link], its zero value and nil are attached nowhere.
type UpdatableLink[P any] struct{ l *Link }

// Link is the link without the kind of its program.
func (u *UpdatableLink[P]) Link() *Link { return u.link() }

func (u *UpdatableLink[P]) link() *Link {
	if u == nil {
		return nil
	}
	return u.l
}

// Update makes the link run another program of the same kind from now on.
//
// Where the kernel gave no link (tc before Linux 6.6, cgroups before 5.7 or with
// options that need BPF_PROG_ATTACH) the error wraps [ebpf.ErrNotSupported].
func (u *UpdatableLink[P]) Update(p *P) error {
	return u.link().update(p)
}

//go:noinline
func (l *Link) update(program any) error {
	p := program.(AnyProgram)
	return l.do("update", func(lk link.Link) error {
		return baseOf(p).use(func(prog *ebpf.Program) error { return lk.Update(prog) })
	})
}

// Name is the C name of the program.
func (u *UpdatableLink[P]) Name() string { return u.link().Name() }

// Close detaches the program, see [Link.Close].
func (u *UpdatableLink[P]) Close() error { return u.link().Close() }

// Detach detaches the program even if the link is pinned, see [Link.Detach].
func (u *UpdatableLink[P]) Detach() error { return u.link().Detach() }

// Info is what the kernel says of the link, see [Link.Info].
func (u *UpdatableLink[P]) Info() (*link.Info, error) { return u.link().Info() }

// Pin gives the link a name in a bpf file system, see [Link.Pin].
func (u *UpdatableLink[P]) Pin(path string) error { return u.link().Pin(path) }

// IsPinned says whether the handle knows a name of the link.
func (u *UpdatableLink[P]) IsPinned() bool { return u.link().IsPinned() }

// Unpin removes that name, see [Link.Unpin].
func (u *UpdatableLink[P]) Unpin() error { return u.link().Unpin() }

// updatable gives what attach returned the kind of its program.
func updatable[P any](l *Link, err error) (*UpdatableLink[P], error) {
	if err != nil {
		return nil, err
	}
	return &UpdatableLink[P]{l}, nil
}

// The types of links that can be updated (enum bpf_link_type,
// include/uapi/linux/bpf.h). The library has no constants for them on Windows.
const (
	linkCgroup link.Type = 3
	linkNetNS  link.Type = 5
	linkXDP    link.Type = 6
	linkTCX    link.Type = 11
	linkNetkit link.Type = 13
)

// updatableOf is implemented by the pointers to the kinds of programs whose
// links can be updated.
type updatableOf[P any] interface {
	programHandleOf[P]
	// updatableLink is the type of the kernel's link of such a program.
	updatableLink() link.Type
}

// OpenUpdatableLink opens the link of an earlier run, or of another process, by
// its name in a bpf file system, to replace its program:
//
//	l, err := typed.OpenUpdatableLink[typed.XDP]("/sys/fs/bpf/app/count_packets", nil)
//	err = l.Update(bpf.Programs.CountPackets)
//
// Close leaves it attached as long as the file is there. opts may be nil.
func OpenUpdatableLink[P any, H updatableOf[P]](path string, opts *ebpf.LoadPinOptions) (*UpdatableLink[P], error) {
	l, err := OpenPinnedLink(path, opts)
	if err != nil {
		return nil, err
	}
	if err := l.checkType(H(new(P)).kind(), H(new(P)).updatableLink()); err != nil {
		return nil, errors.Join(fmt.Errorf("open pinned link %s: %w", path, err), l.Close())
	}
	return updatable[P](l, nil)
}

// AsUpdatable gives a link the kind of its program: one that [Links] has, say.
// It is an error if the link is not of such a program.
func AsUpdatable[P any, H updatableOf[P]](l *Link) (*UpdatableLink[P], error) {
	if err := l.checkType(H(new(P)).kind(), H(new(P)).updatableLink()); err != nil {
		return nil, err
	}
	return updatable[P](l, nil)
}

func (l *Link) checkType(k *progKind, want link.Type) error {
	info, err := l.Info()
	if err != nil {
		return err
	}
	if info.Type != want {
		return fmt.Errorf("the link of %s is not of a typed.%s: its type in the kernel is %d, not %d (enum bpf_link_type)", l.name, k.name, info.Type, want)
	}
	return nil
}
