package typed

import (
	"fmt"
	"os"
	"sync"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/bpfgen/bpfgen/typed/internal/inuse"
	"github.com/cilium/ebpf"
)

// This file is what the handles of all kinds of programs have in common, and
// how generated code makes them. The kinds are in prog_*.go, attaching is in
// prog_attach.go.

// programLife is the library's object of a program together with the calls
// that use its descriptor. Close waits for none of them: the last one closes
// the descriptor, and those that come later find it closed (package inuse).
type programLife struct {
	p     *ebpf.Program // nil in memory
	calls inuse.Count

	// fake is what a program in memory does when it is run, typ the type of such a
	// program.
	fake hidden // *memoryProgram
	typ  ebpf.ProgramType

	pin sync.Mutex // the library keeps the name of a pin without one
}

// memoryProgram is what a program in memory does when it is run.
type memoryProgram struct{ run func(*bpf.Run) error }

// programType is the type of the program.
func (l *programLife) programType() ebpf.ProgramType {
	if l.p == nil {
		return l.typ
	}
	return l.p.Type()
}

// newProgramLife takes over p: closing the life closes it.
func newProgramLife(p *ebpf.Program) *programLife {
	l := &programLife{p: p}
	l.calls.Init(p.Close)
	return l
}

// program is the part that every kind of program has in common. Its zero value
// is a program that was not loaded.
//
// All methods of the kinds may be called from any goroutine, Close included. A
// call that Close finds in flight ends as if there had been no Close; later ones
// return an error that wraps [os.ErrClosed]. The exported methods are in
// prog_methods.go, where they are documented: of each kind, so that a nil
// pointer to one is a program that was not loaded.
type program struct {
	name string
	spec hidden       // *ebpf.ProgramSpec as it was loaded; nil where the object has none
	coll hidden       // *Collection
	life *programLife // nil where it was not loaded
	left error        // why it was not loaded

	mu       sync.Mutex
	attached error // why AttachAll could not attach an optional program

	_ [0]func() // not comparable, which would be code for each type
}

// specOf is the spec as it was loaded, nil where the object has none.
func (p *program) specOf() *ebpf.ProgramSpec { return (*ebpf.ProgramSpec)(p.spec.p) }

// collection is the one that the program is of.
func (p *program) collection() *Collection { return (*Collection)(p.coll.p) }

// noProgram is behind nil pointers to the kinds of programs. Nothing is written
// to it: AttachAll goes over the handles of a collection.
var noProgram = &program{name: "nil"}

// AnyProgram is the handle of a program of any kind.
type AnyProgram interface {
	// Name is the C name of the program.
	Name() string
	// Loaded says whether there is a program behind the handle, which may be
	// closed.
	Loaded() bool
	// Err is why the program cannot be used, nil if it can.
	Err() error
	// Use calls f with the library's object, which no Close takes away
	// meanwhile.
	Use(f func(*ebpf.Program) error) error

	base() *program
}

func (p *program) loaded() bool { return p.life != nil }

// err is usable, or why an optional program is not attached.
func (p *program) err() error {
	if err := p.usable(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.attached
}

// setAttached keeps what AttachAll made of an optional program.
func (p *program) setAttached(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.attached = err
}

// usable is nil if the program is in the kernel and not closed.
func (p *program) usable() error {
	switch {
	case p.life == nil && p.left != nil:
		return p.left
	case p.life == nil:
		return fmt.Errorf("program %s: %w", p.name, ErrNotLoaded)
	case p.life.calls.Closed():
		return fmt.Errorf("program %s: %w", p.name, os.ErrClosed)
	}
	return nil
}

func (p *program) use(f func(*ebpf.Program) error) error {
	if p.life == nil || !p.life.calls.Enter() {
		return p.usable()
	}
	defer p.life.calls.Leave()
	if p.life.p == nil {
		return fmt.Errorf("program %s is in memory, and can be run alone: %w", p.name, ebpf.ErrNotSupported)
	}
	return f(p.life.p)
}

func (p *program) library() *ebpf.Program {
	if p.life == nil {
		return nil
	}
	return p.life.p
}

func (p *program) clone() (clone *ebpf.Program, err error) {
	err = p.use(func(prog *ebpf.Program) error {
		clone, err = prog.Clone()
		return err
	})
	return clone, err
}

func (p *program) fd() int {
	fd := -1
	_ = p.use(func(prog *ebpf.Program) error {
		fd = prog.FD()
		return nil
	})
	return fd
}

func (p *program) info() (info *ebpf.ProgramInfo, err error) {
	err = p.use(func(prog *ebpf.Program) error {
		info, err = prog.Info()
		return err
	})
	return info, err
}

func (p *program) stats() (stats *ebpf.ProgramStats, err error) {
	err = p.use(func(prog *ebpf.Program) error {
		stats, err = prog.Stats()
		return err
	})
	return stats, err
}

func (p *program) verifierLog() string {
	if p.life == nil || p.life.p == nil {
		return ""
	}
	return p.life.p.VerifierLog
}

func (p *program) pin(path string) error {
	return p.usePin(func(prog *ebpf.Program) error { return withPinRemedy(path, prog.Pin(path)) })
}

func (p *program) unpin() error { return p.usePin((*ebpf.Program).Unpin) }

// usePin is use for what reads or writes the name of the pin.
func (p *program) usePin(f func(*ebpf.Program) error) error {
	return p.use(func(prog *ebpf.Program) error {
		p.life.pin.Lock()
		defer p.life.pin.Unlock()
		return f(prog)
	})
}

func (p *program) isPinned() bool {
	pinned := false
	_ = p.usePin(func(prog *ebpf.Program) error {
		pinned = prog.IsPinned()
		return nil
	})
	return pinned
}

func (p *program) close() error {
	if p.life == nil {
		return nil
	}
	return p.life.calls.Close()
}

// programHandle is implemented by the pointer to every kind of program.
type programHandle interface {
	// base is the common part.
	base() *program
	// kind is what all programs of the Go type have in common.
	kind() *progKind
}

// baseOf is the common part of a handle that may be nil, or a nil pointer.
func baseOf(p AnyProgram) *program {
	if p == nil {
		return noProgram
	}
	return p.base()
}

type programHandleOf[P any] interface {
	*P
	programHandle
}

// ProgramFields are the fields of the library's spec of a program, without its
// methods.
type ProgramFields ebpf.ProgramSpec

// ProgramSpec is a program before it is loaded. P is the kind of program, for
// example XDP.
//
// The embedded fields may be changed before Load; (*ebpf.ProgramSpec)(s.ProgramFields)
// is the library's spec.
type ProgramSpec[P any] ProgramSpecCore

// ProgramSpecCore is a [ProgramSpec] as generated code sees it: what it has is
// compiled once, not for each kind. It is not for other code.
type ProgramSpecCore struct {
	*ProgramFields
	s programSpec
	_ [0]func() // not comparable, which would be code for each type
}

// programSpec is the part of a ProgramSpec that knows no types.
type programSpec struct {
	spec  *ebpf.ProgramSpec
	kind  *progKind
	state *programState
	set   *CollectionSpec
}

// partOf is the programSpec of a spec, nil where that is.
func partOf[P any](s *ProgramSpec[P]) *programSpec {
	if s == nil {
		return nil
	}
	return &s.s
}

// said is what was said of the program. What is said of one that no object has,
// nobody looks at.
func (s *programSpec) said() *programState {
	if s == nil || s.state == nil {
		return new(programState)
	}
	return s.state
}

//go:noinline
func (s *programSpec) disable(disabled bool) { s.said().disabled = disabled }

//go:noinline
func (s *programSpec) optional(why func(error) bool) {
	st := s.said()
	st.optional, st.optionalIf, st.lacks = true, why, kernelLacks
}

// Disable leaves the program out at Load, as SEC("?…") does in C.
func (s *ProgramSpec[P]) Disable() { partOf(s).disable(true) }

// Enable takes Disable, or the "?" of SEC("?…"), back.
func (s *ProgramSpec[P]) Enable() { partOf(s).disable(false) }

// Optional leaves the program out at Load where the kernel lacks its type, its
// attach type, a helper, its target, or a field that it cannot do without; and
// lets AttachAll leave it alone where the kernel cannot attach it. Its Err and
// Skipped then say why. A mistake in the program remains an error, and so does
// a lack of privileges: [ProgramSpec.OptionalIf] is for what else is to be
// accepted.
func (s *ProgramSpec[P]) Optional() { partOf(s).optional(nil) }

// BindProgramSpec is the spec of the program with that C name, of which like is a
// handle, a nil pointer. Generated code calls it.
//
//go:noinline
func BindProgramSpec(c *CollectionSpec, name string, like AnyProgram) *ProgramSpecCore {
	s := (*specCore)(c).bindProgramSpec(name, like.(programHandle))
	return &ProgramSpecCore{ProgramFields: (*ProgramFields)(s.spec), s: s}
}

// bindProgramSpec finds the spec of a program, of which h is a handle.
func (c *specCore) bindProgramSpec(name string, h programHandle) programSpec {
	k := h.kind()
	spec := c.Spec.Programs[name]
	if spec == nil {
		return programSpec{&ebpf.ProgramSpec{Name: name}, k, new(programState), (*CollectionSpec)(c)}
	}
	if err := k.check(spec); err != nil {
		c.fail(err)
	}
	st := c.state(name)
	st.kind = k
	if h, ok := h.(loadsLater); ok {
		st.loader = h.loader()
	}
	return programSpec{spec, k, st, (*CollectionSpec)(c)}
}

// BindProgram makes handle that of the loaded program with that C name. Generated
// code calls it.
//
//go:noinline
func BindProgram(c *Collection, handle AnyProgram, name string) {
	b := handle.base()
	b.name, b.spec, b.coll = name, hide(c.spec.Programs[name]), hide(c)
	b.life, b.left = c.lives[name], c.left[name]
	c.handles = append(c.handles, handle.(programHandle))
}
