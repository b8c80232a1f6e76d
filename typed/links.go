package typed

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// Links are the links that a collection owns: they live until the collection
// is closed. A link that the user has closed before is no error. It is safe for
// concurrent use.
type Links struct {
	programs map[string]*programLife // to name the library's links

	mu     sync.Mutex
	open   []*Link // oldest first
	closed bool
}

// Attachable is the handle of what a link attaches: of a program, or of a
// struct_ops map.
type Attachable interface {
	// Name is the C name of the program or map.
	Name() string
	// Loaded says whether there is a program or map behind the handle.
	Loaded() bool
}

// Add makes the collection the owner of a link, if err is nil, and returns
// err. Written around a call of Attach:
//
//	err := bpf.Links.Add(bpf.Programs.OnConnect.Attach(nil))
//
// A link that is added after Close is closed; the error wraps [os.ErrClosed].
func (l *Links) Add(lk AnyLink, err error) error {
	if err != nil {
		return err
	}
	own := linkOf(lk)
	if own == nil {
		return fmt.Errorf("add a link: it is nil: %w", os.ErrInvalid)
	}
	return l.add(own)
}

func (l *Links) add(lk *Link) error {
	if l == nil || !l.append(lk) {
		return errors.Join(fmt.Errorf("add the link of %s: the collection is closed: %w", lk.name, os.ErrClosed), lk.Close())
	}
	return nil
}

func (l *Links) append(lk *Link) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.open = append(l.open, lk)
	}
	return !l.closed
}

// Adopt is Add for a link that the library made, for which there is no Attach
// here. The name of the link is that of its program, if it is the collection's.
func (l *Links) Adopt(lk link.Link, err error) (*Link, error) {
	if err != nil {
		return nil, err
	}
	if isNil(lk) {
		return nil, fmt.Errorf("adopt a link: it is nil: %w", os.ErrInvalid)
	}
	own := newLink(l.nameOf(lk), lk)
	return own, l.add(own)
}

// nameOf is the C name of the program of a link, if it is the collection's.
func (l *Links) nameOf(lk link.Link) string {
	info, err := lk.Info()
	if l == nil || err != nil || info.Program == 0 {
		return ""
	}
	for name, life := range l.programs {
		if life.id() == info.Program {
			return name
		}
	}
	return ""
}

// id is what the kernel knows the program by, 0 if it cannot be had.
func (l *programLife) id() (id ebpf.ProgramID) {
	if !l.calls.Enter() {
		return 0
	}
	defer l.calls.Leave()
	if info, err := l.p.Info(); err == nil {
		id, _ = info.ID()
	}
	return id
}

// All ranges over the links, oldest first, with the C names of their programs
// or struct_ops maps. A program attached in several places comes several times.
func (l *Links) All() iter.Seq2[string, *Link] {
	return func(yield func(string, *Link) bool) {
		for _, lk := range l.list() {
			if !yield(lk.name, lk) {
				return
			}
		}
	}
}

// list is a copy: it does not change with the set.
func (l *Links) list() []*Link {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.open)
}

// Of are the links of one program, or of one struct_ops map, oldest first.
func (l *Links) Of(what Attachable) []*Link {
	if isNil(what) {
		return nil
	}
	return l.named(what.Name())
}

func (l *Links) named(name string) []*Link {
	return slices.DeleteFunc(l.list(), func(lk *Link) bool { return lk.name != name })
}

// CloseOf closes the links of one program, or of one struct_ops map, newest first,
// which detaches what is not pinned. It is not an error if there are none.
func (l *Links) CloseOf(what Attachable) error {
	links := l.Of(what)
	for _, lk := range links {
		l.Release(lk)
	}
	return closeLinks(links)
}

// Release takes a link away from the collection, which no longer closes it. It
// says whether the link was there.
func (l *Links) Release(lk AnyLink) bool {
	own := linkOf(lk)
	if l == nil || own == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.open)
	l.open = slices.DeleteFunc(l.open, func(other *Link) bool { return other == own })
	return len(l.open) < n
}

// Pin pins every link in a directory of a bpf file system, which is made if
// need be, under the C name of its program; further links of one program get
// "-2", "-3" and so on. Pinned links stay attached when the collection is
// closed. If one cannot be pinned, all are as they were before: the kernel has
// no link for socket filters, tc filters and kprobes before Linux 5.15.
func (l *Links) Pin(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("pin links: %w", err)
	}
	count := make(map[string]int)
	var undo []func() error
	for name, lk := range l.All() {
		if name == "" {
			name = "link"
		}
		count[name]++
		file := name
		if n := count[name]; n > 1 {
			file = fmt.Sprintf("%s-%d", name, n)
		}
		before := lk.pinnedAt()
		if err := lk.Pin(filepath.Join(dir, file)); err != nil {
			return errors.Join(err, undoAll(undo))
		}
		undo = append(undo, func() error { return lk.repin(before) })
	}
	return nil
}

// repin gives a link the name that it had.
func (l *Link) repin(path string) error {
	if path == "" {
		return l.Unpin()
	}
	return l.Pin(path)
}

// undoAll takes back what was done, newest first.
func undoAll(undo []func() error) error {
	var errs []error
	for _, f := range slices.Backward(undo) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// Unpin removes the names of all links that are known to have one. A link that
// is not pinned stays attached until it is closed.
func (l *Links) Unpin() error {
	var errs []error
	for _, lk := range l.list() {
		errs = append(errs, lk.Unpin())
	}
	return errors.Join(errs...)
}

// Close detaches the links, newest first, and joins their errors. Links that
// are added later are closed at once. A second Close does nothing.
func (l *Links) Close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	open := l.open
	l.open, l.closed = nil, true
	l.mu.Unlock()
	return closeLinks(open)
}

// closeLinks closes links newest first and joins their errors.
func closeLinks(links []*Link) error {
	var errs []error
	for _, lk := range slices.Backward(links) {
		errs = append(errs, lk.Close())
	}
	return errors.Join(errs...)
}
