package forecast

// This file knows which programs may sleep, and what BTF a program is loaded with.

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// sleepable checks BPF_F_SLEEPABLE: can_be_sleepable and check_attach_btf_id of
// kernel/bpf/verifier.c.
func (p *programCheck) sleepable() {
	switch p.Type {
	case ebpf.Syscall:
	case ebpf.StructOps:
		p.requireSleep(v(6, 3), "struct_ops")
	case ebpf.Kprobe:
		p.requireSleep(v(6, 0), "uprobe")
	case ebpf.LSM:
		if _, use := p.use(); p.AttachTo != "" && p.kernel.allows(hookUses, p.AttachTo, use) == no {
			p.say(Fails, CauseFlag, "sleepable", "programs at the LSM hook "+p.AttachTo+" may not sleep on this kernel", `use SEC("lsm/…")`)
		}
	case ebpf.Tracing:
		p.sleepableTracing()
	case ebpf.TracePoint, ebpf.RawTracepoint:
		p.requireSleep(featRawTPSleepable.version, "tracepoint")
	default:
		p.say(Fails, CauseFlag, "sleepable", fmt.Sprintf("programs of type %s may not sleep", progTypeName(p.Type)), `take the section without ".s"`)
	}
}

func (p *programCheck) requireSleep(since version, what string) {
	f := feature{name: "sleepable " + what + " programs", version: since, remedy: `take the section without ".s"`}
	p.require(&f, CauseFlag)
}

func (p *programCheck) sleepableTracing() {
	switch p.AttachType {
	case ebpf.AttachTraceIter:
	case ebpf.AttachTraceRawTp:
		// Before 6.2 nobody looked at the flag (can_be_sleepable).
		if p.kernel.since(v(6, 2)) != no {
			p.requireSleep(featRawTPSleepable.version, "tracepoint")
		}
	case ebpf.AttachTraceFEntry, ebpf.AttachTraceFExit, ebpf.AttachModifyReturn, attachFSession:
		if p.AttachTo != "" {
			p.sleepIn(p.AttachTo)
		}
	default: // those of many functions say when they are attached
	}
}

// sleepIn checks the function that a sleepable program traces.
func (p *programCheck) sleepIn(function string) {
	const remedy = `take the section without ".s"`
	may := p.kernel.injectable(function)
	if may == no && isSyscall(function) {
		may = p.kernel.between(v(6, 18), v(7, 3)) // measured: not on 6.18, on 7.3
	}
	switch may {
	case no:
		p.say(Fails, CauseFlag, "sleepable", fmt.Sprintf("programs at %s may not sleep on this kernel", function), remedy)
	case unclear:
		p.say(Unknown, CauseFlag, "sleepable", fmt.Sprintf("whether programs at %s may sleep stands in the kernel's list of functions for error injection, not in BTF", function), remedy)
	default:
	}
}

// btf checks the types that are loaded with the program: those of its functions.
func (p *programCheck) btf() {
	for i := range p.code.functions {
		fn := btf.FuncMetadata(&p.code.ins[p.code.functions[i].start])
		if fn == nil {
			continue
		}
		if problem, remedy := p.kernel.btfProblem(fn, false); problem != "" {
			p.say(Fails, CauseBTF, fn.Name, problem, remedy)
			return
		}
	}
}
