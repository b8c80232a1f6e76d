package typed

import (
	"fmt"
	"slices"

	"github.com/cilium/ebpf"
)

// This file sets right what cilium/ebpf v0.22 does not make of a section name
// and libbpf does, before load; and says what must be set before load and was
// not, or cannot be loaded at all.

// lostSection is a section that libbpf knows (section_defs in libbpf.c, commit
// f7081a6b) and the library does not (elf_sections.go).
type lostSection struct {
	name      string
	typ       ebpf.ProgramType
	attach    ebpf.AttachType
	sleepable bool
}

var lostSections = [...]lostSection{
	{"tracepoint.s", ebpf.TracePoint, ebpf.AttachNone, true},
	{"tp.s", ebpf.TracePoint, ebpf.AttachNone, true},
	{"raw_tracepoint.s", ebpf.RawTracepoint, ebpf.AttachNone, true},
	{"raw_tp.s", ebpf.RawTracepoint, ebpf.AttachNone, true},
	{"tp_btf.s", ebpf.Tracing, ebpf.AttachTraceRawTp, true},
	{"fentry.multi", ebpf.Tracing, attachFentryMulti, false},
	{"fentry.multi.s", ebpf.Tracing, attachFentryMulti, true},
	{"fexit.multi", ebpf.Tracing, attachFexitMulti, false},
	{"fexit.multi.s", ebpf.Tracing, attachFexitMulti, true},
	{"fsession.multi", ebpf.Tracing, attachFsessionMulti, false},
	{"fsession.multi.s", ebpf.Tracing, attachFsessionMulti, true},
}

// fixSection completes a spec whose section the library does not know.
func fixSection(spec *ebpf.ProgramSpec) {
	name, where := splitSection(spec.SectionName)
	i := slices.IndexFunc(lostSections[:], func(l lostSection) bool { return l.name == name })
	if i < 0 || spec.Type != ebpf.UnspecifiedProgram {
		return
	}
	lost := &lostSections[i]
	spec.Type, spec.AttachType, spec.AttachTo = lost.typ, lost.attach, where
	if lost.sleepable {
		spec.Flags |= progSleepable
	}
}

// progSleepable is BPF_F_SLEEPABLE (include/uapi/linux/bpf.h).
const progSleepable = 1 << 4

// targetMissing says that a program needs a target before load and has none.
func targetMissing(name string, spec *ebpf.ProgramSpec) error {
	fail := func(what string) error {
		return &LoadError{Program: name, Section: spec.SectionName, Err: fmt.Errorf("%s", what)}
	}
	switch {
	case spec.Type == ebpf.UnspecifiedProgram:
		return nil // the library leaves it out
	case spec.Type == ebpf.Extension && spec.AttachTarget == nil:
		return fail("SetTargetProgram must name the program and function that it replaces")
	case needsTargetAtLoad(spec) && spec.AttachTo == "":
		return fail("its section does not say where it goes: SetTarget must, before Load")
	}
	return nil
}

// needsTargetAtLoad are the kinds whose target is part of the loaded program. They are
// told by type and attach type: to name the kinds here would link them all.
func needsTargetAtLoad(spec *ebpf.ProgramSpec) bool {
	switch spec.Type {
	case ebpf.Tracing:
		return slices.Contains([]ebpf.AttachType{
			ebpf.AttachTraceRawTp, ebpf.AttachTraceFEntry, ebpf.AttachTraceFExit, ebpf.AttachModifyReturn, attachFsession, ebpf.AttachTraceIter,
		}, spec.AttachType)
	case ebpf.LSM:
		return spec.AttachType == ebpf.AttachLSMMac || spec.AttachType == ebpf.AttachLSMCgroup
	default:
		return false
	}
}
