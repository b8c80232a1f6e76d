package forecast

// This file is the code of one program, with all the functions that it calls, as
// the library links them: where jumps go, what each instruction refers to.

import (
	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// code is decoded once, for all kernels.
type code struct {
	ins asm.Instructions
	// target is where the jump or call at an index goes, -1 where it goes nowhere
	// inside of the code.
	target    []int32
	functions []function
	byStart   map[int]int // index in functions
	// relocations and the indices of their instructions.
	relocations []*btf.CORERelocation
	relocated   []int
	externs     map[int]extern
	// points are the instructions that ask something of the kernel.
	points []point
	// constants are the contents of read-only data sections.
	constants map[string][]byte
	links     *links
}

// function is one function of the code.
type function struct {
	name       string
	start, end int
	// global functions are verified by themselves, for any arguments.
	global bool
}

// point is an instruction to be checked against the kernel.
type point struct {
	index int
	kind  pointKind
	id    uint64 // of a helper
	name  string // of a kernel function, symbol or map
}

type pointKind int

const (
	pointHelper pointKind = iota + 1
	pointKfuncCall
	pointKsym
	pointKconfig
	pointMap
	pointInstruction
	pointUnlinked
	pointOutside // a jump out of the function, or into the middle of an instruction
)

func newCode(ins asm.Instructions, links *links, maps map[string]*ebpf.MapSpec) *code {
	c := &code{
		ins: ins, target: make([]int32, len(ins)), byStart: make(map[int]int),
		externs: make(map[int]extern), constants: make(map[string][]byte), links: links,
	}
	for name, m := range maps {
		if data, ok := constantData(m); ok {
			c.constants[name] = data
		}
	}
	raw := make(map[asm.RawInstructionOffset]int, len(ins))
	at := c.split(raw)
	for i := range ins {
		c.link(i, at, raw)
	}
	return c
}

// constantData is what the verifier takes for constants: a read-only array with
// contents, which the library freezes before load.
func constantData(m *ebpf.MapSpec) ([]byte, bool) {
	const readOnly = 1 << 7 // BPF_F_RDONLY_PROG
	if m.Type != ebpf.Array || m.Flags&readOnly == 0 || len(m.Contents) != 1 {
		return nil, false
	}
	data, ok := m.Contents[0].Value.([]byte)
	return data, ok
}

// split finds the functions, and where each instruction is in its object file's
// terms: raw maps offsets in the whole code to indices.
func (c *code) split(raw map[asm.RawInstructionOffset]int) []asm.RawInstructionOffset {
	at := make([]asm.RawInstructionOffset, len(c.ins))
	offset := asm.RawInstructionOffset(0)
	for i := range c.ins {
		ins := &c.ins[i]
		at[i] = offset
		raw[offset] = i
		offset += ins.Width()
		if name := ins.Symbol(); name != "" || i == 0 {
			fn := btf.FuncMetadata(ins)
			c.byStart[i] = len(c.functions)
			c.functions = append(c.functions, function{name: name, start: i, global: fn != nil && fn.Linkage == btf.GlobalFunc})
		}
		c.functions[len(c.functions)-1].end = i + 1
	}
	return at
}

// link resolves what one instruction refers to.
func (c *code) link(i int, at []asm.RawInstructionOffset, raw map[asm.RawInstructionOffset]int) {
	ins := &c.ins[i]
	c.target[i] = -1
	fn := c.functionOf(i)
	if relo := btf.CORERelocationMetadata(ins); relo != nil {
		c.relocations = append(c.relocations, relo)
		c.relocated = append(c.relocated, i)
	}
	if ext := c.links.at(fn.name, at[i]-at[fn.start]); ext.name != "" {
		c.externs[i] = ext
	}
	switch {
	case ins.IsFunctionReference():
		if to, ok := c.functionNamed(ins.Reference()); ok {
			c.target[i] = int32(to)
		}
	case isJump(ins):
		if to, ok := raw[jumpTarget(ins, at[i])]; ok && fn.start <= to && to < fn.end {
			c.target[i] = int32(to)
		}
	}
	c.addPoint(i, ins)
}

func (c *code) functionOf(i int) *function {
	lo, hi := 0, len(c.functions)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; c.functions[mid].start <= i {
			lo = mid
		} else {
			hi = mid
		}
	}
	return &c.functions[lo]
}

func (c *code) functionNamed(name string) (start int, ok bool) {
	for _, f := range c.functions {
		if f.name == name {
			return f.start, true
		}
	}
	return 0, false
}

// isJump leaves out calls and exits.
func isJump(ins *asm.Instruction) bool {
	op := ins.OpCode.JumpOp()
	return ins.OpCode.Class().IsJump() && op != asm.Call && op != asm.Exit
}

// jumpTarget: BPF_JMP32 | BPF_JA (gotol) has its distance in the constant.
func jumpTarget(ins *asm.Instruction, at asm.RawInstructionOffset) asm.RawInstructionOffset {
	distance := int64(ins.Offset)
	if ins.OpCode.Class() == asm.Jump32Class && ins.OpCode.JumpOp() == asm.Ja {
		distance = ins.Constant
	}
	return asm.RawInstructionOffset(int64(at) + 1 + distance)
}

// functionID is the number of a helper. The library keeps the platform in the
// upper four bits.
func functionID(ins *asm.Instruction) uint64 { return uint64(ins.Constant) & (1<<28 - 1) }

func (c *code) addPoint(i int, ins *asm.Instruction) {
	ext := c.externs[i]
	switch {
	case ins.IsFunctionReference() && c.target[i] < 0:
		c.points = append(c.points, point{index: i, kind: pointUnlinked, name: ins.Reference()})
	case isJump(ins) && c.target[i] < 0:
		c.points = append(c.points, point{index: i, kind: pointOutside})
	case ins.IsBuiltinCall():
		c.points = append(c.points, point{index: i, kind: pointHelper, id: functionID(ins)})
	case ins.IsKfuncCall():
		c.points = append(c.points, point{index: i, kind: pointKfuncCall, name: ins.Reference()})
	case ins.IsLoadFromMap() && ins.Reference() != "":
		c.points = append(c.points, point{index: i, kind: pointMap, name: ins.Reference()})
	case ins.IsLoadFromMap():
		c.points = append(c.points, point{index: i, kind: pointKconfig, name: ext.name})
	case ins.OpCode.IsDWordLoad() && ext.name != "":
		c.points = append(c.points, point{index: i, kind: pointKsym, name: ext.name})
	}
	if needs(ins) != nil {
		c.points = append(c.points, point{index: i, kind: pointInstruction})
	}
}

// line is the source line of an instruction: its own or that of the nearest
// before it in the function.
func (c *code) line(i int) *btf.Line {
	for start := c.functionOf(i).start; i >= start; i-- {
		if l, ok := c.ins[i].Source().(*btf.Line); ok {
			return l
		}
	}
	return nil
}

// instructionSets are instructions that not every kernel knows.
var instructionSets = []struct {
	feature *feature
	uses    func(*asm.Instruction) bool
	// lost is what the library does to the instruction, so that no kernel loads it.
	lost string
}{
	{&featAtomics, func(ins *asm.Instruction) bool {
		return isAtomic(ins) && ins.OpCode.AtomicOp() != asm.AddAtomic && !isAcquireRelease(ins)
	}, ""},
	{&featLoadAcquire, isAcquireRelease, ""},
	{&featMayGoto, func(ins *asm.Instruction) bool {
		return ins.OpCode.Class() == asm.JumpClass && ins.OpCode.JumpOp() == jumpCond
	}, ""},
	{&featAddrSpaceCast, btfparse.IsAddrSpaceCast, btfparse.LostCasts},
	{&featFuncPointers, func(ins *asm.Instruction) bool { return ins.IsLoadOfFunctionPointer() }, ""},
	{&featV4, usesV4, ""},
}

// jumpCond is BPF_JCOND.
const jumpCond asm.JumpOp = 0xe0

func isAtomic(ins *asm.Instruction) bool {
	return ins.OpCode.Class() == asm.StXClass && ins.OpCode.Mode() == asm.AtomicMode
}

// isAcquireRelease: BPF_LOAD_ACQ is 0x100, BPF_STORE_REL 0x110 in the constant.
func isAcquireRelease(ins *asm.Instruction) bool {
	return isAtomic(ins) && (ins.Constant == 0x100 || ins.Constant == 0x110)
}

// usesV4: sign-extending loads and moves, signed division, bswap and gotol.
func usesV4(ins *asm.Instruction) bool {
	op := ins.OpCode
	switch class := op.Class(); {
	case class == asm.LdXClass:
		return op.Mode() == asm.MemSXMode
	case class == asm.Jump32Class:
		return op.JumpOp() == asm.Ja
	case class.IsALU():
		switch op.ALUOp() {
		case asm.SDiv, asm.SMod, asm.MovSX8, asm.MovSX16, asm.MovSX32:
			return true
		case asm.Swap:
			return class == asm.ALU64Class
		default:
		}
	}
	return false
}

// needs is the feature that an instruction asks for, nil for most.
func needs(ins *asm.Instruction) *feature {
	for _, set := range instructionSets {
		if set.uses(ins) {
			return set.feature
		}
	}
	return nil
}
