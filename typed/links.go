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
	mu    sync.Mutex
	names map[ebpf.ProgramID]string
	open  []ownedLink // oldest first
}

// ownedLink is a link with the C name of its program, or of the struct_ops map
// that it attaches; empty if it is neither of this collection.
type ownedLink struct {
	name string
	link link.Link
}

// newLinks learns the C names of programs, which links know only by the
// kernel's id.
func newLinks(programs map[string]*ebpf.Program) *Links {
	l := &Links{names: make(map[ebpf.ProgramID]string)}
	for name, prog := range programs {
		if info, err := prog.Info(); err == nil {
			if id, ok := info.ID(); ok {
				l.names[id] = name
			}
		}
	}
	return l
}

// Add makes the collection the owner of a link, if err is nil, and returns
// err. Written around a call of Attach:
//
//	err := bpf.Links.Add(bpf.Programs.OnConnect.Attach(nil))
func (l *Links) Add(lk link.Link, err error) error {
	if err != nil {
		return err
	}
	if lk == nil {
		return errors.New("add a link: it is nil")
	}
	var name string
	if info, err := lk.Info(); err == nil {
		name = l.names[info.Program]
	}
	l.add(name, lk)
	return nil
}

func (l *Links) add(name string, lk link.Link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = append(l.open, ownedLink{name, lk})
}

// All ranges over the links, oldest first, with the C names of their programs.
// A program attached in several places comes several times.
func (l *Links) All() iter.Seq2[string, link.Link] {
	l.mu.Lock()
	open := slices.Clone(l.open)
	l.mu.Unlock()
	return func(yield func(string, link.Link) bool) {
		for _, o := range open {
			if !yield(o.name, o.link) {
				return
			}
		}
	}
}

// Of are the links of one program by its C name, oldest first.
func (l *Links) Of(program string) []link.Link {
	var links []link.Link
	for name, lk := range l.All() {
		if name == program {
			links = append(links, lk)
		}
	}
	return links
}

// Detach closes the links of one program by its C name, newest first. It is
// not an error if there are none.
func (l *Links) Detach(program string) error {
	l.mu.Lock()
	var links []link.Link
	l.open = slices.DeleteFunc(l.open, func(o ownedLink) bool {
		if o.name == program {
			links = append(links, o.link)
		}
		return o.name == program
	})
	l.mu.Unlock()
	return closeAll(links)
}

// Release takes a link away from the collection, which no longer closes it. It
// says whether the link was there.
func (l *Links) Release(lk link.Link) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.open)
	l.open = slices.DeleteFunc(l.open, func(o ownedLink) bool { return o.link == lk })
	return len(l.open) < n
}

// Pin pins every link in a directory of a BPF file system, which is made if
// need be, under the C name of its program; further links of one program get
// "-2", "-3" and so on. Pinned links stay attached when the collection is
// closed. If one cannot be pinned, none stays pinned: the kernel has no link
// for socket filters, tc filters and kprobes before Linux 5.15.
func (l *Links) Pin(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("pin links: %w", err)
	}
	count := make(map[string]int)
	var pinned []link.Link
	for name, lk := range l.All() {
		if name == "" {
			name = "link"
		}
		count[name]++
		file := name
		if n := count[name]; n > 1 {
			file = fmt.Sprintf("%s-%d", name, n)
		}
		if err := lk.Pin(filepath.Join(dir, file)); err != nil {
			return errors.Join(fmt.Errorf("pin link of program %s: %w", name, err), unpinAll(pinned))
		}
		pinned = append(pinned, lk)
	}
	return nil
}

func unpinAll(links []link.Link) error {
	var errs []error
	for _, lk := range links {
		errs = append(errs, lk.Unpin())
	}
	return errors.Join(errs...)
}

// Close detaches the links, newest first, and joins their errors. Links added
// later are open again.
func (l *Links) Close() error {
	l.mu.Lock()
	open := l.open
	l.open = nil
	l.mu.Unlock()
	var errs []error
	for _, o := range slices.Backward(open) {
		if err := closeLink(o.link); err != nil {
			errs = append(errs, fmt.Errorf("detach program %s: %w", o.name, err))
		}
	}
	return errors.Join(errs...)
}
