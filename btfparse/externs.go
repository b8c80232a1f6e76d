package btfparse

// This file reads what the object declares and does not define: kernel
// configuration (.kconfig), kernel symbols (.ksyms), and what another object
// would have to have.

import (
	"debug/elf"
	"fmt"
	"math"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// kconfig lays out the externs of .kconfig as cilium/ebpf's loader does
// (fixupDatasecLayout in btf/btf.go): in BTF's order, each at its alignment.
func (p *parser) kconfig() error {
	var offset uint64
	for _, info := range p.datasecs[".kconfig"] {
		from, ok := info.Type.(*btf.Var)
		if !ok {
			return fmt.Errorf("malformed BTF: .kconfig holds %s", describe(info.Type))
		}
		v := &Variable{Name: from.Name, Section: ".kconfig", Kind: VarKconfig, Weak: p.isWeak(from.Name)}
		if err := p.setType(v, from); err != nil {
			return err
		}
		align := uint64(alignment(v.Type))
		offset = (offset + align - 1) / align * align
		v.Offset, v.Size = uint32(offset), v.Type.Size()
		if offset += uint64(v.Size); offset > math.MaxUint32 {
			return fmt.Errorf("malformed BTF: .kconfig is larger than 4 GiB")
		}
		p.warnKconfig(v, from)
		p.obj.Variables = append(p.obj.Variables, v)
	}
	return nil
}

// alignment of a type in bytes, by the rule of alignof in btf/types.go.
func alignment(t Type) uint32 {
	switch t := Underlying(t).(type) {
	case *Array:
		return alignment(t.Elem)
	case *Int, *Enum:
		return max(1, t.Size())
	}
	return 1 // no kconfig variable can be of another type
}

// weakKconfig is said of several.
var weakKconfig = &Kind{
	What:   "%d kconfig variables are weak, and cilium/ebpf v0.22 loads nothing of an object with code that uses one",
	Remedy: weakKconfigRemedy,
}

const weakKconfigRemedy = "remove __weak where every kernel has the option, else use a const volatile variable that Go sets before Load"

// warnKconfig says what cilium/ebpf v0.22 does not fill in (resolveKconfig in
// collection.go, PutValue in internal/kconfig).
func (p *parser) warnKconfig(v *Variable, from *btf.Var) {
	if v.Weak && p.refs.undefined[v.Name] && isOption(v.Name) {
		p.explained = true
		p.obj.Warnings = append(p.obj.Warnings, Diagnostic{
			Path: v.Path(), Kind: weakKconfig, Item: v.Name, Fails: true, Remedy: weakKconfigRemedy,
			What: "is weak, and cilium/ebpf v0.22 loads nothing of an object with code that uses a weak kconfig variable",
		})
	}
	integer, plain := from.Type.(*btf.Int)
	switch {
	case v.Name == "LINUX_KERNEL_VERSION":
		if !plain || integer.Size != 4 {
			p.fails(v.Path(), "is not a plain int, as which alone cilium/ebpf v0.22 knows it: no typedef, no const", "declare it: extern int LINUX_KERNEL_VERSION __kconfig")
		}
	case v.Name == "LINUX_HAS_SYSCALL_WRAPPER":
		if !plain {
			p.fails(v.Path(), "is not a plain integer, as which alone cilium/ebpf v0.22 knows it: no typedef, no const", "declare it: extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig")
		}
	case !isOption(v.Name):
		p.fails(v.Path(), "is no option of the kernel, and cilium/ebpf v0.22 knows no such variable", "use a const volatile variable that Go sets before Load")
	case !holdsOption(v.Type):
		p.fails(v.Path(), fmt.Sprintf("is %s, into which cilium/ebpf v0.22 puts no option", v.Type.CName()),
			"declare it as _Bool or enum libbpf_tristate (y, m, n), as an integer, or as an array of char")
	}
}

// isOption says whether cilium/ebpf knows a variable of that name, which it finds
// out about or looks for in the kernel's configuration.
func isOption(name string) bool {
	return name == "LINUX_KERNEL_VERSION" || name == "LINUX_HAS_SYSCALL_WRAPPER" || strings.HasPrefix(name, "CONFIG_")
}

// holdsOption says whether an option of some value fits into the type.
func holdsOption(t Type) bool {
	switch t := Underlying(t).(type) {
	case *Int:
		return t.Bytes == 1 || t.Encoding != Bool && (t.Bytes == 2 || t.Bytes == 4 || t.Bytes == 8)
	case *Enum:
		return t.Name == "libbpf_tristate" && t.Bytes == 4
	case *Array:
		elem, ok := Underlying(t.Elem).(*Int)
		return ok && elem.Bytes == 1 && elem.Encoding != Bool
	}
	return false
}

// otherExterns are the variables that BTF declares extern, outside .kconfig:
// kernel symbols, and variables that another object would have to define.
func (p *parser) otherExterns() error {
	for _, from := range p.externs {
		v := &Variable{Name: from.Name, Section: from.section, Kind: VarExtern, Weak: p.isWeak(from.Name)}
		if _, isMap := mapSection(v.Section); isMap {
			p.declaredMap(Path("map " + v.Name))
			continue
		}
		if v.Section == ".kconfig" {
			continue
		}
		if err := p.setType(v, from.Var); err != nil {
			return err
		}
		v.Size = v.Type.Size()
		p.warnExtern(v, from.Var)
		p.obj.Variables = append(p.obj.Variables, v)
	}
	return nil
}

// warnExtern also makes kernel symbols of the externs in .ksyms. The library
// wants them to be void itself (fixupDatasec in btf/btf.go).
func (p *parser) warnExtern(v *Variable, from *btf.Var) {
	if v.Section != ".ksyms" {
		p.undefined(v.Path(), "uses")
		return
	}
	v.Kind = VarKsym
	if _, void := from.Type.(*btf.Void); void {
		return
	}
	remedy := fmt.Sprintf("declare it: extern void %s __ksym", v.Name)
	if v.Weak {
		remedy += " __weak"
	}
	if _, void := v.Type.(*Opaque); void {
		p.refused(v.Path(), "kernel symbols of type const void", remedy)
		return
	}
	p.refused(v.Path(), "kernel symbols that have a type", remedy+", and read what is there with bpf_probe_read_kernel")
}

// declaredMap warns of a map that another object would have to define. The
// library wants a symbol of every map that the BTF of .maps has.
func (p *parser) declaredMap(at Path) {
	if p.elf.section(".maps") == nil {
		p.undefined(at, "uses")
		return
	}
	p.refused(at, "a map that it declares and does not define", "define it, or link the objects with bpftool gen object")
}

// undefined warns of what another object would have to define.
func (p *parser) undefined(at Path, uses string) {
	p.fails(at, fmt.Sprintf("is declared but not defined in this object, so code that %s it cannot be loaded", uses),
		"define it, or link the objects with bpftool gen object")
}

// undefinedSymbols warns of functions and labels that code refers to and nothing
// defines. Functions of .ksyms are the kernel's and resolved at load; of
// variables it has been said.
func (p *parser) undefinedSymbols() {
	known := make(map[string]bool)
	for _, section := range []string{".ksyms", ".kconfig", ".maps"} {
		for _, v := range p.datasecs[section] {
			known[v.Type.TypeName()] = true
		}
	}
	for _, v := range p.externs {
		known[v.Name] = true
	}
	for _, sym := range p.elf.inSection[elf.SHN_UNDEF] {
		if known[sym.Name] {
			continue
		}
		if p.funcs[sym.Name] != nil {
			p.undefined(Path("function "+sym.Name), "calls")
		} else if p.refs.undefined[sym.Name] {
			p.undefined(Path("symbol "+sym.Name), "uses")
		}
	}
}

// isWeak is true where the undefined symbol of that name is weak.
func (p *parser) isWeak(name string) bool {
	sym, ok := p.elf.symbolNamed(elf.SHN_UNDEF, name)
	return ok && elf.ST_BIND(sym.Info) == elf.STB_WEAK
}
