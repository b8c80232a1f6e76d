package typed

import (
	"cmp"
	"fmt"

	"github.com/cilium/ebpf"
)

// SetTarget says where the program goes, in place of what stands behind the
// "/" of its section and in the same words: "tcp_connect" for SEC("fentry"),
// "sched/sched_switch" for SEC("tp"). Attach without more, and AttachAll, then
// attach there. The kinds that are compiled for their target (tp_btf, fentry,
// fexit, fmod_ret, fsession, LSM, iterators) need it before Load if their
// section is bare; so does lsm_cgroup, which takes a cgroup besides.
//
// Load fails if programs of this kind go nowhere that a section could name.
func (s *ProgramSpec[P]) SetTarget(where string) { partOf(s).setTarget(where) }

// SetTargetProgram makes an fentry, fexit or freplace program one for a
// function of another BPF program, which must be loaded, and open at Load: a
// handle of any kind, or the library's [*ebpf.Program].
//
// Load fails for other kinds of programs.
func (s *ProgramSpec[P]) SetTargetProgram(program LoadedProgram, function string) {
	partOf(s).setTargetProgram(program, function)
}

//go:noinline
func (s *programSpec) setTarget(where string) {
	if s == nil || s.spec == nil {
		return
	}
	s.state.target, s.state.into = s.takesTarget(), nil
	s.spec.AttachTarget, s.spec.AttachTo = nil, where
}

//go:noinline
func (s *programSpec) setTargetProgram(program LoadedProgram, function string) {
	if s == nil || s.spec == nil {
		return
	}
	s.state.target, s.state.into = nil, nil
	s.spec.AttachTarget, s.spec.AttachTo = nil, function
	switch s.kind {
	case &kindFentry, &kindFexit, &kindFreplace:
	default:
		s.state.target = fmt.Errorf("program %s: a typed.%s cannot go to another BPF program", s.spec.Name, s.kind.name)
	}
	switch p := program.(type) {
	case AnyProgram:
		s.state.into, s.state.enter = p, enterTarget
	case *ebpf.Program:
		s.spec.AttachTarget = p
	default:
		s.state.target = cmp.Or(s.state.target, fmt.Errorf("program %s: its target: %w", s.spec.Name, ErrNotLoaded))
	}
}

// enterTargets makes the library's objects of the handles that programs go to their
// targets. They stay open until done is called.
func (c *specCore) enterTargets(spec *ebpf.CollectionSpec) (done func(), err error) {
	var entered []*programLife
	done = func() {
		for _, life := range entered {
			life.calls.Leave()
		}
	}
	for _, name := range programNames(spec.Programs) {
		st := c.state(name)
		if st.into == nil || st.disabled {
			continue
		}
		life, err := st.enter(name, st.into)
		if err != nil {
			done()
			return nil, err
		}
		entered = append(entered, life)
		spec.Programs[name].AttachTarget = life.p
	}
	return done, nil
}

// enterTarget begins the use of a program that another one goes to.
func enterTarget(name string, program AnyProgram) (*programLife, error) {
	into := baseOf(program)
	if into.life == nil || into.life.p == nil || !into.life.calls.Enter() {
		return nil, fmt.Errorf("program %s: its target: %w", name, cmp.Or(into.usable(), ErrNotLoaded))
	}
	return into.life, nil
}

// useProgram calls f with the library's object of a program.
func useProgram(program LoadedProgram, f func(*ebpf.Program) error) error {
	switch p := program.(type) {
	case AnyProgram:
		return p.Use(f)
	case *ebpf.Program:
		if p != nil {
			return f(p)
		}
	}
	return fmt.Errorf("the target: %w", ErrNotLoaded)
}

func (s *programSpec) takesTarget() error {
	switch k := s.kind; {
	case k == &kindFreplace:
		return fmt.Errorf("program %s: a typed.Freplace needs SetTargetProgram", s.spec.Name)
	case k.needs != "" && k != &kindLSMCgroup:
		return fmt.Errorf("program %s: a typed.%s takes no target before load, it needs %s", s.spec.Name, k.name, k.needs)
	}
	return nil
}
