package btfparse

// This file finds the programs: the functions of every executable section but
// .text, which holds subprograms.

import (
	"debug/elf"
	"fmt"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// programs reads the symbols of the executable sections, as loadProgramSections
// of cilium/ebpf does.
func (p *parser) programs() error {
	for i, sec := range p.elf.Sections {
		if sec.Type != elf.SHT_PROGBITS || sec.Flags&elf.SHF_EXECINSTR == 0 || sec.Size == 0 {
			continue
		}
		if sec.Name == ".text" {
			continue
		}
		found := false
		for _, sym := range p.elf.inSection[elf.SectionIndex(i)] {
			if !isFunction(sym) {
				continue
			}
			if sym.Value+sym.Size < sym.Value || sym.Value+sym.Size > sec.Size {
				return fmt.Errorf("program %s reaches behind the end of section %s", sym.Name, sec.Name)
			}
			p.program(sec.Name, sym)
			found = true
		}
		if !found {
			p.refused(Path("section "+sec.Name), "code without a function symbol", "do not strip the symbol table")
		}
	}
	p.undefinedSymbols()
	p.warnStrayFunctionTags()
	return nil
}

// isFunction accepts NOTYPE for LLVM before 8; local ones of these are labels.
func isFunction(sym elf.Symbol) bool {
	switch elf.ST_TYPE(sym.Info) {
	case elf.STT_FUNC:
		return true
	case elf.STT_NOTYPE:
		return elf.ST_BIND(sym.Info) != elf.STB_LOCAL
	default:
		return false
	}
}

func (p *parser) program(section string, sym elf.Symbol) {
	prog := &Program{Name: sym.Name, Section: section, Static: elf.ST_BIND(sym.Info) == elf.STB_LOCAL}
	if fn := p.funcs[sym.Name]; fn != nil {
		prog.Tags = fn.Tags
	}
	bare := strings.TrimPrefix(section, "?")
	prog.NoAutoload = bare != section
	def, known := libbpfSection(bare)
	if !known {
		def = p.legacySection(prog, bare)
	}
	prog.Prefix, prog.Type, prog.AttachType = def.Prefix, def.Type, def.AttachType
	prog.Sleepable, prog.Frags, prog.Target = def.Sleepable, def.Frags, def.target(bare)
	p.obj.Programs = append(p.obj.Programs, prog)
	if p.casts[prog.Name] {
		p.warn(prog.Path(), LostCasts, LostCastsRemedy)
	}
}

// What is said of programs that use addresses in arenas: Instruction.Marshal of
// asm/instruction.go v0.22.0 writes an offset of zero for every ALU instruction
// that it has no name for.
const (
	LostCasts       = "cilium/ebpf v0.22 loses the offset of addr_space_cast, by which programs use addresses in arenas, so that every kernel refuses the program"
	LostCastsRemedy = "use global variables, or an array with BPF_F_MMAPABLE, in place of the arena's memory"
)

// findCasts finds the programs with the instruction addr_space_cast
// (BPF_ADDR_SPACE_CAST in include/linux/filter.h).
func (p *parser) findCasts(cs *ebpf.CollectionSpec) {
	if cs == nil {
		return
	}
	p.casts = make(map[string]bool)
	for name, prog := range cs.Programs {
		for i := range prog.Instructions {
			p.casts[name] = p.casts[name] || IsAddrSpaceCast(&prog.Instructions[i])
		}
	}
}

// IsAddrSpaceCast says whether an instruction turns an address in an arena into one
// of the kernel or back.
func IsAddrSpaceCast(ins *asm.Instruction) bool {
	return ins.OpCode.Class() == asm.ALU64Class && ins.OpCode.ALUOp() == asm.Mov && ins.Offset == 1
}

// unknownSections and oldSections are what is said of several programs.
var (
	unknownSections = &Kind{
		What:   "%d programs are in sections that neither libbpf nor cilium/ebpf knows, so that they have no type and are not loaded",
		Remedy: "use one of libbpf's section names",
	}
	oldSections = &Kind{
		What:   "%d programs are in sections that libbpf since 1.0 does not know, and cilium/ebpf takes for shorter ones",
		Remedy: "write the shorter ones",
	}
)

// legacySection finds the row for a section that libbpf ≥ 1.0 does not know.
func (p *parser) legacySection(prog *Program, bare string) SectionDef {
	def, ok := ciliumSection(bare)
	if !ok {
		p.obj.Warnings = append(p.obj.Warnings, Diagnostic{
			Path: prog.Path(), What: fmt.Sprintf("SEC(%q) is no section that libbpf or cilium/ebpf knows, so the program has no type and is not loaded", prog.Section),
			Remedy: unknownSections.Remedy, Kind: unknownSections, Item: fmt.Sprintf("%s (SEC(%q))", prog.Name, prog.Section),
		})
		return def
	}
	taken := strings.TrimSuffix(def.Prefix, "+")
	p.obj.Warnings = append(p.obj.Warnings, Diagnostic{
		Path: prog.Path(), What: fmt.Sprintf("libbpf since 1.0 does not know SEC(%q), which cilium/ebpf takes for SEC(%q)", prog.Section, taken),
		Remedy: fmt.Sprintf("write SEC(%q)", taken), Kind: oldSections, Item: fmt.Sprintf("%s (SEC(%q) for %q)", prog.Name, prog.Section, taken),
	})
	return def
}
