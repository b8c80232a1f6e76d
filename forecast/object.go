package forecast

// This file reads an object once, for any number of kernels. The library reads
// it, because what the library makes of it is what would be loaded; what it does
// not tell (which extern an instruction refers to, and whether that is weak) is
// read from the ELF beside it.

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/hostile"
)

// Object is an eBPF object, read.
type Object struct {
	name     string
	order    binary.ByteOrder
	types    *btf.Spec
	programs []*program
	maps     []*mapDef
	// kernelFuncs are the functions of .ksyms by name, as the object declares them.
	kernelFuncs map[string]*btf.Func
	kernelVars  map[string]bool
	kconfig     *btf.Datasec
	// refused is why cilium/ebpf does not read the object, nil where it does.
	refused []Finding
}

// Name of the object in reports.
func (o *Object) Name() string { return o.name }

// program is one entry point with all that it calls.
type program struct {
	*ebpf.ProgramSpec
	code *code
	// gpl is true for a license that the kernel takes for compatible with the GPL.
	gpl bool
}

// autoload is false for SEC("?…").
func (p *program) autoload() bool { return !strings.HasPrefix(p.SectionName, "?") }

// mapDef is a map, or the map that is made of a data section.
type mapDef struct {
	name string
	*ebpf.MapSpec
	// section that defines it.
	section string
}

const (
	maxObjectBytes = 512 << 20
	dotMaps        = ".maps"
	dotKsyms       = ".ksyms"
	dotKconfig     = ".kconfig"
)

// ReadObject reads an eBPF object. The name is for reports. An object that
// cilium/ebpf refuses is no error: the forecast for all that is in it is that it
// fails, on every kernel.
func ReadObject(name string, r io.ReaderAt) (o *Object, err error) {
	defer func() {
		if p := recover(); p != nil {
			o, err = nil, fmt.Errorf("%s: malformed object: %v", name, p)
		}
	}()
	content, err := io.ReadAll(io.NewSectionReader(r, 0, maxObjectBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(content) > maxObjectBytes {
		return nil, fmt.Errorf("%s: more than %d MiB", name, maxObjectBytes>>20)
	}
	if _, err := hostile.ReadELF(bytes.NewReader(content)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if file.Machine != elf.EM_BPF && file.Machine != elf.EM_NONE {
		return nil, fmt.Errorf("%s: is no eBPF object but one for %s", name, file.Machine)
	}
	o = &Object{name: name, order: file.ByteOrder}
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(content))
	if err != nil {
		return o, o.explain(content, err)
	}
	links, err := readLinks(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	o.types = spec.Types
	o.readExterns(spec.Types)
	o.readMaps(spec)
	o.readPrograms(spec, links)
	return o, nil
}

// explain lists what is in an object that the library refuses, with the reasons
// that btfparse knows and else with the library's own.
func (o *Object) explain(content []byte, refused error) error {
	parsed, err := btfparse.Parse(o.name, bytes.NewReader(content))
	if err != nil {
		return err
	}
	for _, w := range parsed.Warnings {
		if w.Fails {
			o.refused = append(o.refused, Finding{Verdict: Fails, Cause: CauseLibrary, Subject: string(w.Path), What: w.What, Remedy: cmp.Or(w.Remedy, w.InC)})
		}
	}
	if len(o.refused) == 0 {
		o.refused = []Finding{{Verdict: Fails, Cause: CauseLibrary, Subject: o.name, What: "cilium/ebpf v0.22 cannot read the object: " + refused.Error()}}
	}
	for _, p := range parsed.Programs {
		o.programs = append(o.programs, &program{ProgramSpec: &ebpf.ProgramSpec{Name: p.Name, SectionName: p.Section}})
	}
	for _, m := range parsed.Maps {
		o.maps = append(o.maps, &mapDef{name: m.Name, section: m.Section, MapSpec: &ebpf.MapSpec{Name: m.Name}})
	}
	return nil
}

// readExterns finds what the object declares of the kernel.
func (o *Object) readExterns(types *btf.Spec) {
	o.kernelFuncs, o.kernelVars = make(map[string]*btf.Func), make(map[string]bool)
	if types == nil {
		return
	}
	var ksyms *btf.Datasec
	if types.TypeByName(dotKsyms, &ksyms) == nil {
		for _, info := range ksyms.Vars {
			switch t := info.Type.(type) {
			case *btf.Func:
				o.kernelFuncs[t.Name] = t
			case *btf.Var:
				o.kernelVars[t.Name] = true
			}
		}
	}
	if types.TypeByName(dotKconfig, &o.kconfig) != nil {
		o.kconfig = nil
	}
}

func (o *Object) readMaps(spec *ebpf.CollectionSpec) {
	for _, name := range slices.Sorted(maps.Keys(spec.Maps)) {
		m := &mapDef{name: name, MapSpec: spec.Maps[name], section: dotMaps}
		switch {
		case strings.HasPrefix(name, "."):
			m.section = name
		case m.Type == ebpf.StructOpsMap:
			m.section = ".struct_ops.link"
		}
		o.maps = append(o.maps, m)
	}
}

func (o *Object) readPrograms(spec *ebpf.CollectionSpec, links *links) {
	for _, name := range slices.Sorted(maps.Keys(spec.Programs)) {
		p := &program{ProgramSpec: spec.Programs[name], gpl: gplCompatible[spec.Programs[name].License]}
		completeSection(p.ProgramSpec)
		p.code = newCode(p.Instructions, links, spec.Maps)
		o.programs = append(o.programs, p)
	}
}

// gplCompatible are the licenses of license_is_gpl_compatible in
// include/linux/license.h.
var gplCompatible = map[string]bool{
	"GPL": true, "GPL v2": true, "GPL and additional rights": true,
	"Dual BSD/GPL": true, "Dual MIT/GPL": true, "Dual MPL/GPL": true,
}

// completeSection does what package typed does before load: it gives programs
// of sections that libbpf knows and the library does not their type.
func completeSection(p *ebpf.ProgramSpec) {
	name, target, _ := strings.Cut(strings.TrimPrefix(p.SectionName, "?"), "/")
	for _, def := range btfparse.SectionDefs() {
		if !def.NotInCilium || p.Type != ebpf.UnspecifiedProgram || def.Prefix != name+"+" {
			continue
		}
		p.Type, p.AttachType, p.AttachTo = ebpf.ProgramType(def.Type), ebpf.AttachType(def.AttachType), target
		if def.Sleepable {
			p.Flags |= flagSleepable
		}
	}
}

// Flags of BPF_PROG_LOAD, include/uapi/linux/bpf.h.
const (
	flagSleepable = 1 << 4
	flagFrags     = 1 << 5
)

// links are the externs that instructions refer to.
type links struct {
	order binary.ByteOrder
	// functions are where each function starts.
	functions map[string]place
	externs   map[place]extern
}

// place is a byte of a section.
type place struct {
	section elf.SectionIndex
	offset  uint64
}

// extern is a symbol that the object does not define.
type extern struct {
	name string
	weak bool
}

func readLinks(f *elf.File) (*links, error) {
	symbols, err := f.Symbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return nil, err
	}
	l := &links{f.ByteOrder, make(map[string]place), make(map[place]extern)}
	for _, sym := range symbols {
		if elf.ST_TYPE(sym.Info) == elf.STT_FUNC && sym.Section != elf.SHN_UNDEF {
			l.functions[sym.Name] = place{sym.Section, sym.Value}
		}
	}
	for _, sec := range f.Sections {
		if sec.Type != elf.SHT_REL || int(sec.Info) >= len(f.Sections) || f.Sections[sec.Info].Flags&elf.SHF_EXECINSTR == 0 {
			continue
		}
		data, err := sec.Data()
		if err != nil {
			return nil, fmt.Errorf("section %s: %w", sec.Name, err)
		}
		l.relocations(elf.SectionIndex(sec.Info), data, symbols)
	}
	return l, nil
}

// relocations are entries of Elf64_Rel: r_offset and r_info, 8 bytes each.
func (l *links) relocations(of elf.SectionIndex, data []byte, symbols []elf.Symbol) {
	for ; len(data) >= 16; data = data[16:] {
		n := int(elf.R_SYM64(l.order.Uint64(data[8:])))
		if n < 1 || n > len(symbols) || symbols[n-1].Section != elf.SHN_UNDEF {
			continue
		}
		sym := symbols[n-1]
		l.externs[place{of, l.order.Uint64(data)}] = extern{sym.Name, elf.ST_BIND(sym.Info) == elf.STB_WEAK}
	}
}

// at is the extern that an instruction of a function refers to.
func (l *links) at(function string, offset asm.RawInstructionOffset) extern {
	start, ok := l.functions[function]
	if !ok {
		return extern{}
	}
	start.offset += offset.Bytes()
	return l.externs[start]
}
