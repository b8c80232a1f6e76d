package btfparse

// This file finds the variables. Where they are and how large is what the ELF
// symbols say; the types, and the externs that have no section, come from BTF.

import (
	"debug/elf"
	"fmt"
	"math"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// dataSections are the sections that hold variables, by libbpf's names
// (bpf_object__elf_collect in src/libbpf.c): "x" itself and "x.…", and for
// those where cilium/ebpf does not insist on the dot, "x…".
var dataSections = []struct {
	name   string
	kind   VariableKind
	dotted bool
}{
	{".data", VarData, false},
	{".rodata", VarConst, false},
	{".bss", VarData, true},
	{".addr_space.1", VarArena, true},
}

// dataKind is the kind of variables in a section.
func dataKind(section string) (VariableKind, bool) {
	for _, s := range dataSections {
		rest, ok := strings.CutPrefix(section, s.name)
		if ok && (rest == "" || rest[0] == '.' || !s.dotted) {
			return s.kind, true
		}
	}
	return 0, false
}

// variables reads data sections, then externs.
func (p *parser) variables() error {
	for i, sec := range p.elf.Sections {
		kind, ok := dataKind(sec.Name)
		if !ok || sec.Type != elf.SHT_PROGBITS && sec.Type != elf.SHT_NOBITS {
			p.strayVariables(elf.SectionIndex(i), sec)
			continue
		}
		if err := p.sectionVariables(elf.SectionIndex(i), sec, kind); err != nil {
			return err
		}
	}
	p.warnStrayAddresses()
	if err := p.kconfig(); err != nil {
		return err
	}
	return p.otherExterns()
}

// strayVariables warns of C variables in sections that no loader reads.
func (p *parser) strayVariables(index elf.SectionIndex, sec *elf.Section) {
	if _, isMap := mapSection(sec.Name); isMap || sec.Name == "license" || sec.Name == "version" {
		return
	}
	for _, v := range p.datasecs[sec.Name] {
		if _, ok := v.Type.(*btf.Var); ok {
			at, remedy := Path("variable "+v.Type.TypeName()), fmt.Sprintf("use .data.%s", strings.TrimLeft(sec.Name, ".?"))
			if p.refs.sections[index] {
				p.refused(at, fmt.Sprintf("code that uses section %s, of which it makes no map", sec.Name), remedy)
				continue
			}
			p.warn(at, fmt.Sprintf("section %s is none that libbpf or cilium/ebpf makes a map of, so the variable cannot be read", sec.Name), remedy)
		}
	}
}

// sectionVariables reads the symbols of one data section.
func (p *parser) sectionVariables(index elf.SectionIndex, sec *elf.Section, kind VariableKind) error {
	if sec.Size > math.MaxUint32 {
		return fmt.Errorf("section %s has %d bytes, more than the value of any map (2 GiB): make the variables in it smaller", sec.Name, sec.Size)
	}
	types := p.sectionTypes(sec.Name)
	for _, sym := range p.elf.inSection[index] {
		if !isVariable(sym) {
			continue
		}
		if sym.Value+sym.Size < sym.Value || sym.Value+sym.Size > sec.Size {
			return fmt.Errorf("variable %s reaches behind the end of section %s", sym.Name, sec.Name)
		}
		v := &Variable{
			Name: sym.Name, Section: sec.Name, Offset: uint32(sym.Value), Size: uint32(sym.Size), Kind: kind,
			Static: isHidden(sym),
		}
		v.setLocal(sym)
		typ := types.find(sym)
		if typ == nil && v.Static && p.spec != nil {
			continue // the compiler's own, such as lookup tables of switches
		}
		if err := p.setType(v, typ); err != nil {
			return err
		}
		if !p.refs.used[place{index, sym.Value}] {
			if err := p.setMarks(v, typ); err != nil {
				return err
			}
		}
		v.Unfilled = p.refs.unfilledOf(index, sym)
		p.obj.Variables = append(p.obj.Variables, v)
		p.warnVariable(v, p.refs.sections[index])
	}
	return nil
}

// setLocal takes the symbol of a variable that is static in a function apart:
// "function.name" or "function.name.1" by clang, "name.1" by GCC, and C++'s
// _ZZ…. No other variable of C has a dot in its symbol.
func (v *Variable) setLocal(sym elf.Symbol) {
	if elf.ST_BIND(sym.Info) != elf.STB_LOCAL {
		return
	}
	if strings.HasPrefix(sym.Name, "_ZZ") {
		v.Local = true
		return
	}
	name := sym.Name
	if i := strings.LastIndexByte(name, '.'); i > 0 && isNumber(name[i+1:]) {
		name = name[:i]
	}
	v.Local = strings.Contains(sym.Name, ".")
	v.Name = name
	if function, local, ok := strings.Cut(name, "."); ok {
		v.Function, v.Name = function, local
	}
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// setMarks finds the type that a pointer is there for, to which nothing refers.
func (p *parser) setMarks(v *Variable, from *btf.Var) error {
	if from == nil {
		return nil
	}
	target, ok := pointedTo(from.Type)
	if !ok {
		return nil
	}
	t, err := p.conv.convert(target)
	if err != nil {
		return fmt.Errorf("variable %s: %w", v.Name, err)
	}
	if BareName(t) == "" {
		return nil
	}
	switch t := Underlying(t).(type) {
	case *Struct, *Enum:
		v.Marks = t
	case *Opaque:
		if t.Why == whyCut {
			p.warn(v.Path(), fmt.Sprintf("points to %s, which has no layout (%s), so that there is no such type in Go", t.Spelling, t.Why), "make it smaller")
		}
	}
	return nil
}

// pointedTo is what a pointer, or an array of pointers, leads to. A typedef of
// a struct or enum stays: it may be its only name.
func pointedTo(t btf.Type) (btf.Type, bool) {
	found := false
	for i := 0; i < maxNesting; i++ {
		switch u := underlying(t).(type) {
		case *btf.Pointer:
			t, found = u.Target, true
		case *btf.Array:
			t = u.Type
		default:
			return t, found
		}
	}
	return nil, false
}

// isVariable leaves out labels, section symbols and the compiler's names.
// C names have no dot in front; LLVM's temporary symbols do (.Lconstinit.1).
func isVariable(sym elf.Symbol) bool {
	typ := elf.ST_TYPE(sym.Info)
	return (typ == elf.STT_OBJECT || typ == elf.STT_NOTYPE) && sym.Name != "" && !strings.HasPrefix(sym.Name, ".")
}

// isHidden is true for what cilium/ebpf's loader makes no VariableSpec of.
func isHidden(sym elf.Symbol) bool {
	vis := elf.ST_VISIBILITY(sym.Other)
	return elf.ST_BIND(sym.Info) == elf.STB_LOCAL || vis == elf.STV_HIDDEN || vis == elf.STV_INTERNAL
}

// addresses is said of all variables that are initialised with addresses.
var addresses = &Kind{
	What:   "%d variables are initialised with addresses that no loader fills in (they stay 0, or an offset within a section, for programs, too)",
	Remedy: addressRemedy,
}

const addressRemedy = "have a program assign them, or use arrays instead (char names[][16])"

// warnVariable says what of a variable does not work.
func (p *parser) warnVariable(v *Variable, used bool) {
	p.warnSection(v, used)
	if len(v.Unfilled) > 0 {
		p.warnAddresses(v.Path(), v.qualified())
	}
}

// qualified is the name with that of the function that it is static in.
func (v *Variable) qualified() string {
	if v.Function != "" {
		return v.Name + " of " + v.Function
	}
	return v.Name
}

func (p *parser) warnAddresses(at Path, item string) {
	p.obj.Warnings = append(p.obj.Warnings, Diagnostic{
		Path: at, Item: item, Kind: addresses, Remedy: addressRemedy,
		What: "is initialised with addresses that no loader fills in (they stay 0, or an offset within a section, for programs, too)",
	})
}

// warnStrayAddresses is about the tables that the compiler makes: of a switch,
// or of an array that is written out in an expression.
func (p *parser) warnStrayAddresses() {
	for at := range p.refs.unfilled {
		name := "data in " + p.elf.Sections[at.section].Name
		if sym, ok := p.elf.symbolCovering(at.section, at.offset); ok {
			name = sym.Name
		}
		p.warnAddresses(Path("variable "+name), name)
	}
}

// warnSection says which sections cilium/ebpf's loader has no map for
// (isDataSection in elf_reader.go of v0.22.0). It refuses code that refers to
// them.
func (p *parser) warnSection(v *Variable, used bool) {
	what, remedy := "a section "+v.Section, ""
	switch {
	case v.Kind == VarArena:
		what, remedy = "a variable in an arena", "make it a global variable without __arena"
	case strings.HasPrefix(v.Section, ".bss."):
		remedy = fmt.Sprintf("use .bss, or .data%s", strings.TrimPrefix(v.Section, ".bss"))
	default:
		return
	}
	if used {
		p.refused(v.Path(), "code that uses "+what, remedy)
		return
	}
	p.warn(v.Path(), "cilium/ebpf v0.22 makes no map of "+what+", so that it cannot be read", remedy)
}

// sectionTypes has the BTF variables of one data section, by name.
type sectionTypes struct {
	vars    map[string][]btf.VarSecinfo
	laidOut bool
}

func (p *parser) sectionTypes(section string) sectionTypes {
	types := sectionTypes{make(map[string][]btf.VarSecinfo), p.laidOut[section]}
	for _, info := range p.datasecs[section] {
		if v, ok := info.Type.(*btf.Var); ok {
			types.vars[v.Name] = append(types.vars[v.Name], info)
		}
	}
	return types
}

// find is the BTF variable of a symbol. Linked objects may have several static
// variables of one name in a section; their BTF has offsets, which unlinked
// BTF may lack (clang leaves them to the loader).
func (s sectionTypes) find(sym elf.Symbol) *btf.Var {
	var found *btf.Var
	for _, info := range s.vars[sym.Name] {
		found = info.Type.(*btf.Var)
		if s.laidOut && uint64(info.Offset) == sym.Value {
			break
		}
	}
	return found
}

func (p *parser) setType(v *Variable, from *btf.Var) error {
	if from == nil {
		return nil
	}
	t, err := p.conv.convert(from.Type)
	if err != nil {
		return fmt.Errorf("variable %s: %w", v.Name, err)
	}
	v.Type, v.Tags = t, from.Tags
	return nil
}
