package typed

import (
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// Specs of programs that count, as if the library had read them from an
// object.

// hitsName and progName are the C names of what tests load.
const (
	hitsName = "hits"
	progName = "hook_prog"
)

// sectionSpec is what the library makes of a section, by libbpf's table.
func sectionSpec(t testing.TB, section string, code asm.Instructions) *ebpf.ProgramSpec {
	t.Helper()
	s := &ebpf.ProgramSpec{Name: progName, SectionName: section, License: "GPL", Instructions: code}
	def, ok := sectionDef(section)
	if !ok || def.NotInCilium {
		return s
	}
	s.Type, s.AttachType = ebpf.ProgramType(def.Type), ebpf.AttachType(def.AttachType)
	if def.Sleepable {
		s.Flags |= progSleepable
	}
	if def.Frags {
		s.Flags |= 1 << 5 // BPF_F_XDP_HAS_FRAGS
	}
	if strings.HasSuffix(def.Prefix, "+") && s.Type != ebpf.StructOps {
		_, s.AttachTo = splitSection(section)
	}
	return s
}

func sectionDef(section string) (btfparse.SectionDef, bool) {
	section = strings.TrimPrefix(section, "?")
	for _, def := range btfparse.SectionDefs() {
		prefix, more := strings.CutSuffix(def.Prefix, "+")
		if section == prefix || more && strings.HasPrefix(section, prefix+"/") {
			return def, true
		}
	}
	return btfparse.SectionDef{}, false
}

// countHit adds one to the first element of the map hits and returns ret.
func countHit(ret int32) asm.Instructions {
	return asm.Instructions{
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.LoadMapPtr(asm.R1, 0).WithReference(hitsName),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
		asm.Mov.Imm(asm.R1, 1),
		asm.StoreXAdd(asm.R0, asm.R1, asm.DWord),
		asm.Mov.Imm(asm.R0, ret).WithSymbol("out"),
		asm.Return(),
	}
}

// testSpec is a collection of programs, as Open makes it, with the map hits
// and others.
func testSpec(programs map[string]*ebpf.ProgramSpec, maps ...*ebpf.MapSpec) *CollectionSpec {
	spec := &ebpf.CollectionSpec{Programs: programs, Maps: map[string]*ebpf.MapSpec{
		hitsName: {Name: hitsName, Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1},
	}}
	for _, m := range maps {
		spec.Maps[m.Name] = m
	}
	return newCollectionSpec("test", spec)
}
