package typed

import (
	"fmt"

	"github.com/cilium/ebpf"
)

// program is the part that every kind of program has in common.
type program struct {
	// Program is the library's object, nil where the program was not loaded.
	Program *ebpf.Program

	name string
	spec *ebpf.ProgramSpec // as it was loaded; nil where the object has none
	err  error             // why it is not loaded
	coll *Collection
}

// Name is the C name of the program.
func (p *program) Name() string { return p.name }

// Loaded says whether the program is in the kernel.
func (p *program) Loaded() bool { return p.Program != nil }

// Err is why the program is not in the kernel: disabled, left out as optional
// (then it wraps a [*LoadError]), or absent from the object; or, of an optional
// program that is loaded, why AttachAll could not attach it (an
// [*AttachError]). nil otherwise.
func (p *program) Err() error { return p.err }

// FD is the file descriptor of the program, -1 where it was not loaded.
func (p *program) FD() int {
	if p.Program == nil {
		return -1
	}
	return p.Program.FD()
}

// Info is what the kernel says of the program.
func (p *program) Info() (*ebpf.ProgramInfo, error) {
	if p.Program == nil {
		return nil, p.err
	}
	return p.Program.Info()
}

// programHandle is implemented by the pointer to every kind of program.
type programHandle interface {
	// base is the common part.
	base() *program
	// kind is what all programs of the Go type have in common.
	kind() *kind
}

func (p *program) base() *program { return p }

type programHandleOf[P any] interface {
	*P
	programHandle
}

// ProgramSpec is a program before it is loaded. P is the kind of program, for
// example XDP.
type ProgramSpec[P any] struct {
	*ebpf.ProgramSpec
	state *programState
}

// Disable leaves the program out at Load, as SEC("?…") does in C.
func (s *ProgramSpec[P]) Disable() { s.state.disabled = true }

// Enable takes Disable, or the "?" of SEC("?…"), back.
func (s *ProgramSpec[P]) Enable() { s.state.disabled = false }

// Optional leaves the program out at Load where the kernel lacks its type, a
// helper or its target, and lets AttachAll leave it alone where that cannot
// attach it. Its Err then says why.
func (s *ProgramSpec[P]) Optional() { s.state.optional = true }

// BindProgramSpec makes *dst the spec of the program with that C name.
// Generated code calls it.
func BindProgramSpec[P any, H programHandleOf[P]](c *CollectionSpec, dst **ProgramSpec[P], name string) {
	spec := c.Spec.Programs[name]
	if spec == nil {
		*dst = &ProgramSpec[P]{ProgramSpec: &ebpf.ProgramSpec{Name: name}, state: new(programState)}
		return
	}
	if err := H(new(P)).kind().check(spec); err != nil {
		c.fail(err)
	}
	*dst = &ProgramSpec[P]{ProgramSpec: spec, state: c.state(name)}
}

// BindProgram makes *dst the handle of the loaded program with that C name.
// Generated code calls it.
func BindProgram[P any, H programHandleOf[P]](c *Collection, dst **P, name string) {
	h := new(P)
	b := H(h).base()
	b.name, b.spec, b.coll = name, c.spec.Programs[name], c
	b.Program = c.Collection.Programs[name]
	if b.Program == nil {
		b.err = c.left[name]
		if b.err == nil {
			b.err = fmt.Errorf("program %s: %w", name, ErrNotLoaded)
		}
	}
	c.handles = append(c.handles, H(h))
	*dst = h
}
