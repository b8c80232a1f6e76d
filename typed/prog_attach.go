package typed

import (
	"fmt"

	"github.com/bpfgen/bpfgen/typed/internal/emulated"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// This file is the way every Attach goes: is the program there, where should
// it go, do it, and say well what went wrong. The kinds differ only in what
// they ask for and in the function that they hand over here.

// autoAttacher is a kind of program whose section can say where to attach.
type autoAttacher interface {
	// auto attaches where the section says, with default options. The error
	// wraps ErrNeedsTarget where it does not say so.
	auto() (*Link, error)
}

// attach runs do, which is given the loaded program, and dresses its error.
func (p *program) attach(k *progKind, t target, do func(prog *ebpf.Program) (link.Link, error)) (l *Link, err error) {
	if err := p.usable(); err != nil {
		return nil, p.notUsable("attach", err)
	}
	err = p.use(func(prog *ebpf.Program) error {
		lk, err := do(prog)
		if err != nil {
			return p.attachError(k, t, err)
		}
		l = p.newLink(lk, prog)
		p.setAttached(nil)
		return nil
	})
	return l, err
}

// newLink takes over a link of the program.
func (p *program) newLink(lk link.Link, prog *ebpf.Program) *Link {
	return newLink(p.name, emulated.Nameable(lk, prog))
}

// attachWhere attaches where the section says; do gets the part of the section
// behind the "/".
func (p *program) attachWhere(k *progKind, do func(where string) (*Link, error)) (*Link, error) {
	if err := p.usable(); err != nil {
		return nil, p.notUsable("attach", err)
	}
	where := p.where()
	if where == "" {
		return nil, p.needsTarget(k)
	}
	return do(where)
}

// where is what the section says behind its first "/". The library keeps it in
// AttachTo, which the user may have set before load.
func (p *program) where() string {
	if p.specOf() == nil {
		return ""
	}
	return p.specOf().AttachTo
}

// section is the SEC() of the program as written in C.
func (p *program) section() string {
	if p.specOf() == nil {
		return ""
	}
	return p.specOf().SectionName
}

// attachType is the expected attach type that the program was loaded with.
func (p *program) attachType() ebpf.AttachType {
	if p.specOf() == nil {
		return ebpf.AttachNone
	}
	return p.specOf().AttachType
}

func (p *program) needsTarget(k *progKind) error {
	how := "use AttachTo"
	if k.needs != "" {
		how = "Attach needs " + k.needs
	}
	return p.attachError(k, target{}, fmt.Errorf("%w: %s", ErrNeedsTarget, how))
}

// notUsable is why nothing can be done with the program.
func (p *program) notUsable(verb string, err error) error {
	return fmt.Errorf("%s program %s: %w", verb, p.name, err)
}
