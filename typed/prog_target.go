package typed

import (
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
// function of another BPF program, which must be loaded.
//
// Load fails for other kinds of programs.
func (s *ProgramSpec[P]) SetTargetProgram(program *ebpf.Program, function string) {
	partOf(s).setTargetProgram(program, function)
}

//go:noinline
func (s *programSpec) setTarget(where string) {
	if s == nil || s.spec == nil {
		return
	}
	s.state.target = s.takesTarget()
	s.spec.AttachTo = where
}

//go:noinline
func (s *programSpec) setTargetProgram(program *ebpf.Program, function string) {
	if s == nil || s.spec == nil {
		return
	}
	s.state.target = nil
	switch s.kind {
	case &kindFentry, &kindFexit, &kindFreplace:
	default:
		s.state.target = fmt.Errorf("program %s: a typed.%s cannot go to another BPF program", s.spec.Name, s.kind.name)
	}
	s.spec.AttachTarget, s.spec.AttachTo = program, function
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
