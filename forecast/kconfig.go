package forecast

// This file forecasts .kconfig: what the library makes of the variables
// (resolveKconfig of collection.go, PutValue of internal/kconfig, v0.22.0) and, as
// far as it is known, their values, which decide branches.

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"
)

const (
	kernelVersion  = "LINUX_KERNEL_VERSION"
	syscallWrapper = "LINUX_HAS_SYSCALL_WRAPPER"
)

// kconfigVariables checks all variables: the library fills all that the object
// has as soon as a program refers to one.
func (p *programCheck) kconfigVariables(pt point) {
	if p.object.kconfig == nil {
		return
	}
	for _, info := range p.object.kconfig.Vars {
		v, ok := info.Type.(*btf.Var)
		if !ok {
			continue
		}
		if f := p.kernel.kconfigVariable(v); f.Verdict != Clear {
			f.Cause, f.Subject = CauseKconfig, v.Name
			p.suspectAlways(pt.index, f)
		}
	}
}

func (k *Kernel) kconfigVariable(v *btf.Var) Finding {
	switch {
	case v.Name == kernelVersion:
		if i, ok := v.Type.(*btf.Int); !ok || i.Size != 4 {
			return Finding{Verdict: Fails, What: fmt.Sprintf("cilium/ebpf v0.22 wants %s to be an int of 4 bytes, and takes no typedef for one", v.Name),
				Remedy: "declare it: extern unsigned int LINUX_KERNEL_VERSION __kconfig"}
		}
	case v.Name == syscallWrapper:
		if _, ok := v.Type.(*btf.Int); !ok {
			return Finding{Verdict: Fails, What: fmt.Sprintf("cilium/ebpf v0.22 wants %s to be an integer, and takes no typedef for one", v.Name),
				Remedy: "declare it: extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig"}
		}
	case !strings.HasPrefix(v.Name, "CONFIG_"):
		return Finding{Verdict: Fails, What: fmt.Sprintf("%s is no option of the kernel's configuration, and cilium/ebpf v0.22 does not know it", v.Name),
			Remedy: "set a const volatile variable from Go instead"}
	case k.config == nil:
		return Finding{Verdict: Unknown, What: fmt.Sprintf("%s stands in the kernel's configuration, which is not known", v.Name),
			Remedy: "put the kernel's configuration beside its file, as NAME.config"}
	default:
		return k.configOption(v)
	}
	return Finding{}
}

func (k *Kernel) configOption(v *btf.Var) Finding {
	text, ok := k.config[v.Name]
	if !ok {
		return Finding{Verdict: Fails, What: fmt.Sprintf("%s is not set in the kernel's configuration, which cilium/ebpf v0.22 takes for an error", v.Name),
			Remedy: "set a const volatile variable from Go instead"}
	}
	if !configFits(btf.UnderlyingType(v.Type), text) {
		return Finding{Verdict: Fails, What: fmt.Sprintf("%s=%s does not fit the type %s that the program declares", v.Name, text, spellType(v.Type)),
			Remedy: "declare it as the kernel has it: _Bool or enum libbpf_tristate for y and m, an integer, or char[]"}
	}
	return Finding{}
}

// configFits is whether PutValue puts the text into a variable of that type.
func configFits(t btf.Type, text string) bool {
	switch {
	case text == "y" || text == "n" || text == "m":
		if i, ok := t.(*btf.Int); ok {
			return i.Encoding == btf.Bool && i.Size == 1 && text != "m"
		}
		e, ok := t.(*btf.Enum)
		return ok && e.Name == "libbpf_tristate" && e.Size == 4
	case strings.HasPrefix(text, `"`):
		array, ok := t.(*btf.Array)
		if !ok {
			return false
		}
		char, ok := btf.UnderlyingType(array.Type).(*btf.Int)
		return ok && char.Size == 1 && char.Encoding != btf.Bool
	}
	i, ok := t.(*btf.Int)
	if !ok {
		return false
	}
	_, fits := number(i, text)
	return fits
}

func number(i *btf.Int, text string) (n uint64, fits bool) {
	bits := int(8 * i.Size)
	if i.Encoding == btf.Signed {
		signed, err := strconv.ParseInt(text, 0, bits)
		return uint64(signed), err == nil
	}
	n, err := strconv.ParseUint(text, 0, bits)
	return n, err == nil && (i.Encoding != btf.Bool || n <= 1)
}

// kconfigValues are the values that are known.
func (k *Kernel) kconfigValues(o *Object) map[string]uint64 {
	values := make(map[string]uint64)
	if o.kconfig == nil {
		return values
	}
	if code, ok := versionCode(k.release); ok {
		values[kernelVersion] = code
	}
	if has := k.hasSyscallWrapper(); has != unclear {
		values[syscallWrapper] = uint64(has)
	}
	for _, info := range o.kconfig.Vars {
		v, ok := info.Type.(*btf.Var)
		if text, is := k.config[info.Type.TypeName()]; ok && is {
			if n, ok := configNumber(btf.UnderlyingType(v.Type), text); ok {
				values[v.Name] = n
			}
		}
	}
	return values
}

// configNumber is the value of an option that is a number for the program.
func configNumber(t btf.Type, text string) (uint64, bool) {
	if n, ok := map[string]uint64{"n": 0, "y": 1, "m": 2}[text]; ok {
		return n, true // TRI_NO, TRI_YES, TRI_MODULE
	}
	if i, ok := t.(*btf.Int); ok {
		return number(i, text)
	}
	return 0, false
}

// versionCode is KERNEL_VERSION(a, b, c) of include/linux/version.h.
func versionCode(release string) (uint64, bool) {
	var a, b, c uint64
	if n, _ := fmt.Sscanf(release, "%d.%d.%d", &a, &b, &c); n < 3 {
		return 0, false
	}
	return a<<16 | b<<8 | min(c, 255), true
}

// syscallPrefixes are the names of bpf(2) with a wrapper, of architectures that
// have one (internal/linux/platform.go).
var syscallPrefixes = []string{"__x64_sys_bpf", "__ia32_sys_bpf", "__arm64_sys_bpf", "__s390x_sys_bpf", "__s390_sys_bpf", "__riscv_sys_bpf", "__powerpc_sys_bpf"}

// hasSyscallWrapper: system calls are functions of BTF, wrapped or not.
func (k *Kernel) hasSyscallWrapper() tri {
	for _, name := range syscallPrefixes {
		if len(find[*btf.Func](k, name)) > 0 {
			return yes
		}
	}
	if len(find[*btf.Func](k, "sys_bpf"))+len(find[*btf.Func](k, "__se_sys_bpf")) > 0 {
		return no
	}
	return unclear
}
