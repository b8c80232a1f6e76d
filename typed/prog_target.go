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
func (s *ProgramSpec[P]) SetTarget(where string) {
	if s == nil || s.ProgramSpec == nil {
		return
	}
	s.stateOf().target = s.takesTarget()
	s.AttachTo = where
}

// SetTargetProgram makes an fentry, fexit or freplace program one for a
// function of another BPF program, which must be loaded.
//
// Load fails for other kinds of programs.
func (s *ProgramSpec[P]) SetTargetProgram(program *ebpf.Program, function string) {
	if s == nil || s.ProgramSpec == nil {
		return
	}
	s.stateOf().target = nil
	switch k := kindOf[P](); k {
	case &kindFentry, &kindFexit, &kindFreplace:
	default:
		s.stateOf().target = fmt.Errorf("program %s: a typed.%s cannot go to another BPF program", s.Name, k.name)
	}
	s.AttachTarget, s.AttachTo = program, function
}

func (s *ProgramSpec[P]) takesTarget() error {
	switch k := kindOf[P](); {
	case k == &kindFreplace:
		return fmt.Errorf("program %s: a typed.Freplace needs SetTargetProgram", s.Name)
	case k.needs != "" && k != &kindLSMCgroup:
		return fmt.Errorf("program %s: a typed.%s takes no target before load, it needs %s", s.Name, k.name, k.needs)
	}
	return nil
}

// kindOf is the kind of a Go type.
func kindOf[P any]() *progKind { return any(new(P)).(programHandle).kind() }
