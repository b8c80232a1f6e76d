package forecast

// This file checks a program: its type, attach type and flags, the target that
// its section names, and, with code.go and reach.go, what its instructions ask of
// the kernel.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/corerelo"
)

// checkProgram forecasts one program.
func (c *checker) checkProgram(p *program) Result {
	r := &programCheck{checker: c, program: p, result: Result{Name: p.Name, Section: p.SectionName}}
	if len(c.object.refused) > 0 {
		for _, f := range c.object.refused {
			r.result.add(f)
		}
		return r.result
	}
	for _, check := range []func(){r.programType, r.attachType, r.flags, r.target, r.structOps, r.btf, r.instructions, r.usedMaps} {
		check()
	}
	return r.result
}

// programCheck is a program on a kernel.
type programCheck struct {
	*checker
	*program
	result Result
	// suspects are findings about instructions, which count only if they are reached.
	suspects []suspect
}

type suspect struct {
	index int
	Finding
	// dead code does not save it: the kernel looks at every instruction.
	always bool
}

// say adds a finding about the program as a whole.
func (p *programCheck) say(verdict Verdict, cause Cause, subject, what, remedy string) {
	p.result.add(Finding{Verdict: verdict, Cause: cause, Subject: subject, What: what, Remedy: remedy})
}

// suspect adds a finding about an instruction.
func (p *programCheck) suspect(i int, f Finding) {
	if l := p.code.line(i); l != nil {
		f.File, f.Line, f.Code = l.FileName(), int(l.LineNumber()), strings.TrimSpace(l.Line())
	}
	p.suspects = append(p.suspects, suspect{index: i, Finding: f})
}

const optional = `make the program optional: SEC("?…"), or Optional in Go`

// progTypeID is the kernel's number of a type: the library keeps the platform
// in the upper four bits.
func progTypeID(t ebpf.ProgramType) uint64 { return uint64(t) & (1<<28 - 1) }

// progTypeName is the kernel's name of a type.
func progTypeName(t ebpf.ProgramType) string {
	return "BPF_PROG_TYPE_" + btfparse.ProgType(progTypeID(t)).String()
}

func (p *programCheck) programType() {
	if p.Type == ebpf.UnspecifiedProgram {
		p.say(Fails, CauseProgramType, p.SectionName, fmt.Sprintf("SEC(%q) names no type of program that libbpf or cilium/ebpf knows", p.SectionName), "use one of libbpf's section names")
		return
	}
	switch p.kernel.hasID(enumProgTypes, progTypeID(p.Type)) {
	case no:
		p.say(Fails, CauseProgramType, progTypeName(p.Type), "the kernel has no programs of type "+progTypeName(p.Type), optional)
	case unclear:
		p.say(Unknown, CauseProgramType, progTypeName(p.Type), "the kernel's BTF has no enum bpf_prog_type, so it does not say what the kernel has", "give the kernel's whole BTF")
	default:
		if with, ok := programsBuiltWith[p.Type]; ok && p.kernel.built(with) == no {
			p.say(Fails, CauseProgramType, progTypeName(p.Type), fmt.Sprintf("the kernel was built without programs of type %s (%s)", progTypeName(p.Type), with.config), optional)
		}
	}
	p.licensed()
}

// licensed: bpf_lsm_verify_prog and check_struct_ops_btf_id want the GPL.
func (p *programCheck) licensed() {
	if (p.Type == ebpf.LSM || p.Type == ebpf.StructOps) && !p.gpl {
		p.say(Fails, CauseLicense, p.License, fmt.Sprintf("programs of type %s must have a license that is compatible with the GPL, and the license is %q", progTypeName(p.Type), p.License), gplRemedy)
	}
}

const gplRemedy = `char LICENSE[] SEC("license") = "Dual MIT/GPL"; or another that the kernel takes for compatible`

// attachTypeAtLoad are the types of programs whose attach type the kernel checks
// when they are loaded (bpf_prog_load_check_attach of kernel/bpf/syscall.c,
// check_attach_btf_id of kernel/bpf/verifier.c). For the others an attach type
// that it does not know counts only when they are attached.
var attachTypeAtLoad = map[ebpf.ProgramType]bool{
	ebpf.CGroupSock: true, ebpf.CGroupSockAddr: true, ebpf.CGroupSKB: true, ebpf.CGroupSockopt: true,
	ebpf.SkLookup: true, ebpf.Netfilter: true, ebpf.Tracing: true, ebpf.LSM: true,
}

func (p *programCheck) attachType() {
	if p.AttachType == ebpf.AttachNone || p.Type == ebpf.StructOps {
		return
	}
	name := "BPF_" + btfparse.AttachType(uint64(p.AttachType)&(1<<28-1)).String()
	switch p.kernel.hasID(enumAttachTypes, uint64(p.AttachType)&(1<<28-1)) {
	case no:
		verdict := Attach
		if attachTypeAtLoad[p.Type] {
			verdict = Fails
		}
		p.say(verdict, CauseAttachType, name, "the kernel does not know the attach type "+name, optional)
	case unclear:
		if p.kernel.hasID(enumProgTypes, progTypeID(p.Type)) != unclear { // else it has been said
			p.say(Unknown, CauseAttachType, name, "the kernel's BTF has no enum bpf_attach_type, so it does not say what the kernel has", "give the kernel's whole BTF")
		}
	default:
	}
}

func (p *programCheck) flags() {
	if p.Flags&flagFrags != 0 {
		p.require(&featFrags, CauseFlag)
	}
	if p.Flags&flagSleepable != 0 {
		p.sleepable()
	}
}

// require says that a feature is missing.
func (p *programCheck) require(f *feature, cause Cause) {
	switch p.kernel.supports(*f) {
	case no:
		p.say(Fails, cause, f.name, fmt.Sprintf("the kernel does not have %s (Linux %s)", f.name, f.version), f.remedy)
	case unclear:
		p.say(Unknown, cause, f.name, fmt.Sprintf("whether the kernel has %s (Linux %s) is not known", f.name, f.version), "")
	default:
	}
}

// target checks what the section's second part names.
func (p *programCheck) target() {
	if p.Type == ebpf.Extension {
		p.say(Fails, CauseTarget, p.SectionName, "the program and function that it replaces are not known before they are loaded", "SetTargetProgram in Go before Load")
		return
	}
	t, ok := targetOf(p.ProgramSpec)
	if !ok {
		return
	}
	if p.AttachTo == "" {
		if t.atLoad {
			p.say(Fails, CauseTarget, p.SectionName, "its section does not say what it attaches to, which the kernel must know at load", "name the target in SEC(), or with SetTarget in Go before Load")
		}
		return
	}
	n := t.count(p.kernel)
	switch {
	case n == 1, n > 1 && !t.unique:
		if p.Type == ebpf.Tracing && p.AttachType == ebpf.AttachModifyReturn {
			p.modifiable()
		}
	case n > 1:
		p.say(Fails, CauseTarget, t.name, fmt.Sprintf("%s is ambiguous: the kernel's BTF has %d of that name", t.name, n), "attach to another function")
	case t.atLoad:
		p.say(p.kernel.absent(Fails), CauseTarget, t.name, fmt.Sprintf("the kernel has no %s %s", t.what, t.name)+p.kernel.modulesUnknown(), optional)
	default:
		p.say(p.kernel.absent(Attach), CauseTarget, t.name, fmt.Sprintf("the kernel's BTF has no %s %s", t.what, t.name)+t.reserve, optional)
	}
}

// modifiable checks a target of fmod_ret: check_attach_modify_return of
// kernel/bpf/verifier.c.
func (p *programCheck) modifiable() {
	if strings.HasPrefix(p.AttachTo, "security_") {
		return
	}
	switch p.kernel.injectable(p.AttachTo) {
	case no:
		p.say(Fails, CauseTarget, p.AttachTo, fmt.Sprintf("the kernel does not let programs change the result of %s", p.AttachTo), optional)
	case unclear:
		p.say(Unknown, CauseTarget, p.AttachTo, fmt.Sprintf("whether programs may change the result of %s stands in the kernel's list of functions for error injection, not in BTF", p.AttachTo), "")
	default:
	}
}

// injectable says whether a function is one whose result programs may change, and
// in which they may sleep: those of the list for error injection, which system
// calls are in, and some that the kernel names by their BTF.
func (k *Kernel) injectable(function string) tri {
	if k.since(featFmodRetSet.version) == yes && slices.ContainsFunc(modifiableByBTF, func(prefix string) bool { return strings.HasPrefix(function, prefix) }) {
		return yes
	}
	switch k.built(errorInjection) {
	case no:
		return no
	case yes:
		if isSyscall(function) {
			return yes
		}
	default:
	}
	return unclear
}

// modifiableByBTF start the names in the kernel's calls of
// register_btf_fmodret_id_set: net/bpf/test_run.c, net/mptcp/bpf.c,
// drivers/hid/bpf, kernel/cgroup/rstat.c.
var modifiableByBTF = []string{"bpf_fentry_test", "bpf_modify_return_test", "update_socket_protocol", "hid_bpf_", "bpf_rstat_flush"}

// isSyscall knows the functions that ALLOW_ERROR_INJECTION of
// arch/*/include/asm/syscall_wrapper.h adds to the list.
func isSyscall(function string) bool { return strings.Contains(function, "_sys_") }

// absent is the verdict for something that the kernel's BTF lacks: unknown, if the
// BTF lacks what every kernel has, as that of minimised or stripped BTF.
func (k *Kernel) absent(verdict Verdict) Verdict {
	if k.ids[enumHelpers] == nil {
		return Unknown
	}
	return verdict
}

// modulesUnknown reminds of modules where none were given.
func (k *Kernel) modulesUnknown() string {
	if len(k.all) > 1 {
		return ", nor has one of its modules that were given"
	}
	return " (what its modules have is not known: none were given)"
}

// kernelTarget is a thing of the kernel that a program attaches to.
type kernelTarget struct {
	what, name string
	// typed is true for a typedef, else it is a function.
	typedef bool
	// atLoad: the kernel wants it when the program is loaded.
	atLoad bool
	// unique: the library refuses a name that BTF has several times.
	unique bool
	// reserve says why it may be there although BTF does not have it.
	reserve string
}

func (t kernelTarget) count(k *Kernel) int {
	if t.typedef {
		return len(find[*btf.Typedef](k, t.name))
	}
	return len(find[*btf.Func](k, t.name))
}

const (
	notInBTF  = "; functions that the compiler has inlined or changed are not in BTF, and not to be attached to either"
	inModules = "; those of modules are not in it"
)

// targetOf says where a program's target is looked for: findProgramTargetInKernel
// of prog.go and load.go of package typed for what is needed at load, link/*.go
// for the rest.
func targetOf(p *ebpf.ProgramSpec) (kernelTarget, bool) {
	section, _, _ := strings.Cut(strings.TrimPrefix(p.SectionName, "?"), "/")
	fn := func(prefix string) (kernelTarget, bool) {
		return kernelTarget{what: "function", name: prefix + p.AttachTo, atLoad: true, unique: true}, true
	}
	switch p.Type {
	case ebpf.LSM:
		t, ok := fn("bpf_lsm_")
		t.what = "LSM hook"
		return t, ok
	case ebpf.Tracing:
		switch p.AttachType {
		case ebpf.AttachTraceRawTp:
			return kernelTarget{what: "tracepoint", name: "btf_trace_" + p.AttachTo, typedef: true, atLoad: true, unique: true}, true
		case ebpf.AttachTraceIter:
			t, ok := fn("bpf_iter_")
			t.what = "iterator"
			return t, ok
		case ebpf.AttachTraceFEntry, ebpf.AttachTraceFExit, ebpf.AttachModifyReturn, attachFSession:
			return fn("")
		default: // nothing to say of the others
		}
	case ebpf.RawTracepoint, ebpf.RawTracepointWritable:
		return kernelTarget{what: "tracepoint", name: "btf_trace_" + p.AttachTo, typedef: true, reserve: inModules}, true
	case ebpf.TracePoint:
		_, event, _ := strings.Cut(p.AttachTo, "/")
		if isSyscallEvent(event) {
			return kernelTarget{}, false
		}
		return kernelTarget{what: "tracepoint", name: "btf_trace_" + event, typedef: true, reserve: inModules}, true
	case ebpf.Kprobe:
		if section == "kprobe" || section == "kretprobe" {
			name, _, _ := strings.Cut(p.AttachTo, "+")
			return kernelTarget{what: "function", name: name, reserve: notInBTF}, true
		}
	default: // nothing to say of the others
	}
	return kernelTarget{}, false
}

// attachFSession is BPF_TRACE_FSESSION, which cilium/ebpf v0.22 has no name for.
const attachFSession = ebpf.AttachType(58)

// isSyscallEvent: the events of group syscalls are made of all system calls,
// without a tracepoint for each.
func isSyscallEvent(event string) bool {
	return strings.HasPrefix(event, "sys_enter_") || strings.HasPrefix(event, "sys_exit_")
}

// usedMaps takes over what is wrong with the maps that the program uses.
func (p *programCheck) usedMaps() {
	seen := make(map[string]bool)
	for _, pt := range p.code.points {
		m := p.maps[pt.name]
		if pt.kind != pointMap || m == nil || seen[pt.name] {
			continue
		}
		seen[pt.name] = true
		for _, f := range m.Findings {
			if f.Verdict != Clear {
				p.result.add(f)
			}
		}
	}
}

// instructions checks relocations and every point, and finds out which of what
// it found can be reached.
func (p *programCheck) instructions() {
	on := conditions{ins: p.code.ins, order: p.object.order, addresses: make(map[int]value), kconfig: p.kernel.kconfigValues(p.object)}
	p.relocate(&on)
	for _, pt := range p.code.points {
		p.point(pt, &on)
	}
	if len(p.suspects) == 0 {
		return
	}
	on.roots = p.globalRoots()
	reached := p.code.reachable(on)
	for _, s := range p.suspects {
		if !reached[s.index] && !s.always {
			s.Verdict, s.Remedy = Clear, ""
			s.What += "; not reached on this kernel"
		}
		p.result.add(s.Finding)
	}
}

// globalRoots are the global functions that the kernel verifies anyway.
func (p *programCheck) globalRoots() (roots []int) {
	if p.kernel.supports(featGlobalLazy) == yes {
		return nil
	}
	for _, f := range p.code.functions {
		if f.global {
			roots = append(roots, f.start)
		}
	}
	return roots
}

// relocate applies the relocations to a copy of the code.
func (p *programCheck) relocate(on *conditions) {
	if len(p.code.relocations) == 0 {
		return
	}
	fixups, err := btf.CORERelocate(p.code.relocations, p.kernel.all, p.object.order, localID)
	if err != nil {
		p.relocationError(err)
		return
	}
	on.ins = append(asm.Instructions(nil), p.code.ins...)
	for i := range fixups {
		at := p.code.relocated[i]
		before := on.ins[at]
		if err := fixups[i].Apply(&on.ins[at]); err != nil {
			on.ins[at] = before
			p.suspectAlways(at, p.relocationFinding(i, "cannot be applied: "+err.Error()))
			continue
		}
		if isPoisoned(&on.ins[at]) {
			on.ins[at].Metadata = before.Metadata
			p.suspect(at, p.missing(i))
		}
	}
}

func (p *programCheck) suspectAlways(i int, f Finding) {
	p.suspect(i, f)
	p.suspects[len(p.suspects)-1].always = true
}

// localID stands for the id of a type in the BTF that the library would load.
func localID(btf.Type) (btf.TypeID, error) { return 1, nil }

// isPoisoned knows the instructions by which COREFixup.Apply replaces those whose
// relocation failed.
func isPoisoned(ins *asm.Instruction) bool {
	if ins.OpCode.IsDWordLoad() {
		return ins.Dst == asm.R10
	}
	return ins.IsBuiltinCall() && functionID(ins) == btf.COREBadRelocationSentinel
}

// relocationError finds out which type's relocations the library stumbles over.
func (p *programCheck) relocationError(all error) {
	for i, relo := range p.code.relocations {
		if _, err := btf.CORERelocate([]*btf.CORERelocation{relo}, p.kernel.all, p.object.order, localID); err != nil {
			p.suspectAlways(p.code.relocated[i], p.relocationFinding(i, "cannot be resolved: "+err.Error()))
			return
		}
	}
	p.say(Fails, CauseRelocation, "", "relocations cannot be resolved: "+all.Error(), "")
}

func (p *programCheck) relocationFinding(i int, what string) Finding {
	return Finding{Verdict: Fails, Cause: CauseRelocation, Subject: p.relocation(i).String(), What: what}
}

// relocation takes one apart. What cannot be is shown as the library shows it.
func (p *programCheck) relocation(i int) corerelo.Relocation {
	r, err := corerelo.Parse(p.code.relocations[i], p.object.types)
	if err != nil {
		r.Type = &btf.Typedef{Name: p.code.relocations[i].String()}
	}
	return r
}

// missing says what a relocation looked for in vain.
func (p *programCheck) missing(i int) Finding {
	r := p.relocation(i)
	f := p.relocationFinding(i, p.kernel.whyMissing(r))
	f.Verdict = p.kernel.absent(Fails)
	switch {
	case r.Kind.OfField():
		f.Remedy = "ask bpf_core_field_exists first"
	case r.Kind.OfEnumerator():
		f.Remedy = "ask bpf_core_enum_value_exists first"
	default:
		f.Remedy = "ask bpf_core_type_exists first"
	}
	return f
}
