package forecast

// This file checks single instructions: calls of helpers and kernel functions,
// addresses of kernel symbols, variables of .kconfig, and instructions that
// came late.

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

func (p *programCheck) point(pt point, on *conditions) {
	switch pt.kind {
	case pointHelper:
		if !isPoisoned(&on.ins[pt.index]) {
			p.helper(pt)
		}
	case pointKfuncCall:
		p.kfunc(pt)
	case pointKsym:
		if p.object.kernelFuncs[pt.name] != nil {
			p.kfuncAddress(pt, on)
		} else {
			p.ksym(pt, on)
		}
	case pointKconfig:
		p.kconfigVariables(pt)
	case pointInstruction:
		p.instruction(pt)
	case pointUnlinked:
		p.suspectAlways(pt.index, Finding{Verdict: Fails, Cause: CauseLibrary, Subject: pt.name, What: fmt.Sprintf("the function %s is not in the object", pt.name),
			Remedy: "define it, or link the objects with bpftool gen object"})
	case pointOutside:
		p.outside(pt.index)
	case pointMap:
	}
}

// outside: check_subprogs of kernel/bpf/verifier.c looks at every jump, reached or not.
func (p *programCheck) outside(i int) {
	function := p.code.functionOf(i).name
	p.suspectAlways(i, Finding{Verdict: Fails, Cause: CauseInstruction, Subject: function,
		What:   fmt.Sprintf("a jump of the function %s does not lead to an instruction of it, and no kernel loads that", function),
		Remedy: "mend the assembler there: compilers write no such jump"})
}

// probeReads are the helpers that the library replaces by bpf_probe_read and
// bpf_probe_read_str where the kernel lacks them (fixupProbeReadKernel of
// linker.go, v0.22.0).
var probeReads = map[asm.BuiltinFunc]asm.BuiltinFunc{
	asm.FnProbeReadKernel: asm.FnProbeRead, asm.FnProbeReadUser: asm.FnProbeRead,
	asm.FnProbeReadKernelStr: asm.FnProbeReadStr, asm.FnProbeReadUserStr: asm.FnProbeReadStr,
}

func (p *programCheck) helper(pt point) {
	name := helperName(pt.id)
	f := Finding{Cause: CauseHelper, Subject: name}
	has := p.kernel.hasID(enumHelpers, pt.id)
	if old, ok := probeReads[asm.BuiltinFunc(pt.id)]; ok && has == no {
		has = p.kernel.hasID(enumHelpers, uint64(old))
	}
	switch has {
	case no:
		f.Verdict, f.What = Fails, "the kernel has no helper "+name
		f.Remedy = optional
		if short, named := strings.CutPrefix(name, "bpf_"); named {
			f.Remedy = fmt.Sprintf("ask bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_%s) first, or %s", short, optional)
		}
	case unclear:
		f.Verdict, f.What = Unknown, "the kernel's BTF has no enum bpf_func_id, so it does not say which helpers there are"
		f.Remedy = "give the kernel's whole BTF"
	default:
		f = p.helperAllowed(f)
	}
	if f.Verdict != Clear {
		p.suspect(pt.index, f)
	}
}

// helperAllowed: a helper that is there may still be refused to this type of
// program, or to a license.
func (p *programCheck) helperAllowed(f Finding) Finding {
	name := f.Subject
	kind, use := p.use()
	switch p.kernel.allows(helperUses, name, use) {
	case no:
		f.Verdict, f.What, f.Remedy = Fails, mayNot(kind, name), optional
	case unclear:
		f.Verdict, f.What = Unknown, notMeasured(kind, name)
	default:
		if gplHelpers[name] && !p.gpl {
			f.Verdict, f.Cause = Fails, CauseLicense
			f.What = fmt.Sprintf("%s may be called by GPL-compatible programs only, and the license is %q", name, p.License)
			f.Remedy = gplRemedy
		}
	}
	return f
}

// kfunc checks a call of a kernel function, as fixupKfuncs of linker.go does.
func (p *programCheck) kfunc(pt point) {
	f := Finding{Verdict: p.kernel.absent(Fails), Cause: CauseKfunc, Subject: pt.name}
	target, problem := p.kernelFunction(pt.name)
	weak := p.code.externs[pt.index].weak
	switch {
	case problem != "" && target == nil && weak:
		f.What = problem
		f.Remedy = fmt.Sprintf("ask bpf_ksym_exists(%s) first", pt.name)
		p.suspect(pt.index, f)
		return
	case problem != "" && target == nil:
		f.What = problem
		f.Remedy = fmt.Sprintf("declare it __weak and ask bpf_ksym_exists(%s) first, or %s", pt.name, optional)
		p.suspectAlways(pt.index, f)
		return
	case problem != "":
		f.Verdict, f.What, f.Remedy = Fails, problem, p.declareAs(pt.name)
		p.suspectAlways(pt.index, f)
		return
	}
	f.Verdict = Fails
	p.kfuncAllowed(pt, f)
}

// kernelFunction finds a kernel function, and says what is wrong with it.
func (p *programCheck) kernelFunction(name string) (*btf.Func, string) {
	found := find[*btf.Func](p.kernel, name)
	switch {
	case len(found) == 0:
		return nil, fmt.Sprintf("the kernel has no function %s", name) + p.kernel.modulesUnknown()
	case len(found) > 1:
		return found[0], fmt.Sprintf("the kernel's BTF has %d functions %s", len(found), name)
	}
	local := p.object.kernelFuncs[name]
	if local == nil {
		return found[0], fmt.Sprintf("%s is not declared with __ksym", name)
	}
	if err := btf.CheckTypeCompatibility(local.Type, found[0].Type); err != nil {
		return found[0], fmt.Sprintf("%s has another prototype on this kernel: the program declares %s, the kernel has %s", name, prototype(local), prototype(found[0]))
	}
	return found[0], ""
}

// declareAs is the remedy for another prototype. A struct that is only declared is
// spelled like the kernel's, and is another type to btf.CheckTypeCompatibility.
func (p *programCheck) declareAs(name string) string {
	if fn := p.object.kernelFuncs[name]; fn != nil {
		if proto, ok := fn.Type.(*btf.FuncProto); ok {
			types := []btf.Type{proto.Return}
			for _, param := range proto.Params {
				types = append(types, param.Type)
			}
			for _, t := range types {
				if fwd := onlyDeclared(t); fwd != nil {
					return fmt.Sprintf("declare it as the kernel does, and give %s its members: to cilium/ebpf v0.22 a type without them is another one", spellType(fwd))
				}
			}
		}
	}
	return "declare it as the kernel does"
}

// onlyDeclared is what a pointer points to if that has no members in C.
func onlyDeclared(t btf.Type) *btf.Fwd {
	pointer, ok := btf.UnderlyingType(t).(*btf.Pointer)
	if !ok {
		return nil
	}
	fwd, _ := btf.UnderlyingType(pointer.Target).(*btf.Fwd)
	return fwd
}

func mayNot(kind, function string) string {
	return fmt.Sprintf("%s programs may not call %s on this kernel", kind, function)
}

func notMeasured(kind, function string) string {
	return fmt.Sprintf("whether %s programs may call %s on this kernel has not been measured", kind, function)
}

// kfuncAllowed: the function is there; may programs call it, and this type?
func (p *programCheck) kfuncAllowed(pt point, f Finding) {
	switch {
	case p.kernel.supports(featKfuncs) == no:
		f.What, f.Remedy = fmt.Sprintf("the kernel does not have %s (Linux %s)", featKfuncs.name, featKfuncs.version), optional
		p.suspectAlways(pt.index, f)
		return
	case !p.gpl:
		f.Cause, f.Remedy = CauseLicense, gplRemedy
		f.What = fmt.Sprintf("%s may be called by GPL-compatible programs only, and the license is %q", pt.name, p.License)
		p.suspectAlways(pt.index, f)
		return
	}
	kind, use := p.use()
	switch p.kernel.allows(kfuncUses, pt.name, use) {
	case no:
		f.What, f.Remedy = mayNot(kind, pt.name), optional
		p.suspect(pt.index, f)
	case unclear:
		f.Verdict, f.What = Unknown, notMeasured(kind, pt.name)
		p.suspect(pt.index, f)
	default:
	}
}

// kfuncAddress is bpf_ksym_exists of a kernel function: 0 where it is not there.
func (p *programCheck) kfuncAddress(pt point, on *conditions) {
	target, problem := p.kernelFunction(pt.name)
	switch {
	case target != nil && problem == "":
		on.addresses[pt.index] = value{kind: data, section: "kernel function"}
	case target == nil && p.code.externs[pt.index].weak:
		on.addresses[pt.index] = known(0)
	case target != nil:
		p.suspectAlways(pt.index, Finding{Verdict: Fails, Cause: CauseKfunc, Subject: pt.name, What: problem, Remedy: p.declareAs(pt.name)})
	default:
		p.suspectAlways(pt.index, Finding{Verdict: p.kernel.absent(Fails), Cause: CauseKfunc, Subject: pt.name, What: problem,
			Remedy: "declare it __weak"})
	}
}

// ksym is the address of a kernel symbol, which the library takes from
// /proc/kallsyms. BTF has functions, which stand there, and variables, which do if
// the kernel keeps the names of data, too.
func (p *programCheck) ksym(pt point, on *conditions) {
	has := p.kernel.symbol(pt.name)
	switch {
	case has == yes:
		on.addresses[pt.index] = value{kind: data, section: "kernel symbol"}
	case p.code.externs[pt.index].weak:
	case has == no:
		p.suspectAlways(pt.index, Finding{Verdict: Fails, Cause: CauseKsym, Subject: pt.name,
			What:   fmt.Sprintf("%s is data, of which the kernel keeps no names (CONFIG_KALLSYMS_ALL)", pt.name),
			Remedy: "declare it __weak, so that the program loads without it"})
	default:
		p.suspectAlways(pt.index, Finding{Verdict: Unknown, Cause: CauseKsym, Subject: pt.name,
			What:   fmt.Sprintf("whether the kernel has the symbol %s stands in its /proc/kallsyms, not in BTF", pt.name),
			Remedy: "declare it __weak, so that the program loads without it"})
	}
}

// symbol says whether /proc/kallsyms has a name, as far as it is known.
func (k *Kernel) symbol(name string) tri {
	switch {
	case len(find[*btf.Func](k, name)) > 0:
		return yes
	case len(find[*btf.Var](k, name)) > 0:
		return answer(k.config != nil, k.config["CONFIG_KALLSYMS_ALL"] == "y")
	}
	return unclear
}

func (p *programCheck) instruction(pt point) {
	for _, set := range instructionSets {
		if !set.uses(&p.code.ins[pt.index]) {
			continue
		}
		f := Finding{Cause: CauseInstruction, Subject: set.feature.name}
		switch has := p.kernel.supports(*set.feature); {
		case set.lost != "":
			f.Verdict, f.Cause, f.What, f.Remedy = Fails, CauseLibrary, set.lost, set.feature.remedy
		case has == no:
			f.Verdict, f.What = Fails, fmt.Sprintf("the kernel does not have %s (Linux %s)", set.feature.name, set.feature.version)
			f.Remedy = set.feature.remedy
		case has == unclear:
			f.Verdict, f.What = Unknown, fmt.Sprintf("whether the kernel has %s (Linux %s) is not known", set.feature.name, set.feature.version)
		default:
			return
		}
		p.suspectAlways(pt.index, f)
		return
	}
}

// prototype spells a function's type.
func prototype(fn *btf.Func) string {
	proto, ok := fn.Type.(*btf.FuncProto)
	if !ok {
		return fn.Name
	}
	var params []string
	for _, param := range proto.Params {
		params = append(params, spellType(param.Type))
	}
	return fmt.Sprintf("%s (%s)", spellType(proto.Return), strings.Join(params, ", "))
}

// spellType is a short spelling of a type in C.
func spellType(t btf.Type) string {
	switch t := t.(type) {
	case *btf.Pointer:
		return strings.TrimSuffix(spellType(t.Target)+" *", " ")
	case *btf.Const:
		return "const " + spellType(t.Type)
	case *btf.Volatile:
		return spellType(t.Type)
	case *btf.Restrict:
		return spellType(t.Type)
	case *btf.TypeTag:
		return spellType(t.Type)
	case *btf.Void, nil:
		return "void"
	case *btf.Struct:
		return "struct " + t.Name
	case *btf.Union:
		return "union " + t.Name
	case *btf.Enum:
		return "enum " + t.Name
	case *btf.Fwd:
		return t.Kind.String() + " " + t.Name
	case *btf.FuncProto:
		return "function"
	case *btf.Array:
		return spellType(t.Type) + "[]"
	}
	return t.TypeName()
}
