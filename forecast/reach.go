package forecast

// This file finds the instructions that can be reached. A program asks whether
// the kernel has a field (bpf_core_field_exists), and uses it only then; the
// relocation turns the question into a constant, and the verifier, which follows
// constants, never comes to the other branch. So does this: it runs all paths at
// once and keeps what is constant on all of them, in registers and in stack slots
// of eight bytes. What is read from a read-only data section is constant, too, as
// for the verifier since Linux 5.5.
//
// A path ends where a program does. Functions are walked once for all calls:
// arguments are what all callers agree on, but those of global functions, which
// the verifier checks for any, are unknown.

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/cilium/ebpf/asm"
)

// value is what a register or stack slot holds on all paths.
type value struct {
	kind valueKind
	// n is the constant; of an address the distance from what it points to.
	n int64
	// section that an address points into.
	section string
}

type valueKind uint8

const (
	anything valueKind = iota
	constant
	// frame is an address in the stack frame.
	frame
	// data is an address in a read-only data section or in .kconfig.
	data
)

func known(n int64) value { return value{kind: constant, n: n} }

// state is everything that is known before an instruction.
type state struct {
	// regs are R0 to R10, and the five more that an instruction has room for.
	regs  [16]value
	slots map[int64]value
	// escaped: an address of the stack is kept in memory, so any call may write there.
	escaped bool
}

func (s *state) clone() *state {
	c := *s
	c.slots = make(map[int64]value, len(s.slots))
	for at, v := range s.slots {
		c.slots[at] = v
	}
	return &c
}

// join keeps what both agree on, and says whether s lost anything.
func (s *state) join(other *state) (changed bool) {
	for r := range s.regs {
		if s.regs[r] != other.regs[r] && s.regs[r] != (value{}) {
			s.regs[r], changed = value{}, true
		}
	}
	for at, v := range s.slots {
		if other.slots[at] != v {
			delete(s.slots, at)
			changed = true
		}
	}
	if other.escaped && !s.escaped {
		s.escaped, changed = true, true
	}
	return changed
}

// forget drops what is known of the stack's bytes from at on.
func (s *state) forget(at, size int64) {
	for slot := range s.slots {
		if slot+8 > at && slot < at+size {
			delete(s.slots, slot)
		}
	}
}

// conditions are what one kernel makes of the code.
type conditions struct {
	ins   asm.Instructions // relocated
	order binary.ByteOrder
	// addresses are what loads of kernel symbols and functions give.
	addresses map[int]value
	// kconfig are the values of .kconfig by name, where they are known.
	kconfig map[string]uint64
	// roots are the functions that are entered besides the first: global ones,
	// which old kernels verify whether they are called or not.
	roots []int
}

// walk is one run over the code.
type walk struct {
	*code
	conditions
	states []*state
	work   []int
	queued []bool
	// calls and results are by function.
	calls   [][]int
	results []*value
}

// reachable says of each instruction whether a path leads to it.
func (c *code) reachable(on conditions) []bool {
	w := &walk{
		code: c, conditions: on,
		states: make([]*state, len(c.ins)), queued: make([]bool, len(c.ins)),
		calls: make([][]int, len(c.functions)), results: make([]*value, len(c.functions)),
	}
	w.enter(0, entryState())
	for _, root := range on.roots {
		w.enter(root, entryState())
	}
	for len(w.work) > 0 {
		i := w.work[len(w.work)-1]
		w.work = w.work[:len(w.work)-1]
		w.queued[i] = false
		w.step(i, w.states[i].clone())
	}
	reached := make([]bool, len(c.ins))
	for i := range reached {
		reached[i] = w.states[i] != nil
	}
	return reached
}

func entryState() *state {
	s := &state{slots: make(map[int64]value)}
	s.regs[asm.R10] = value{kind: frame}
	return s
}

// enter brings a state to an instruction.
func (w *walk) enter(i int, s *state) {
	if i < 0 || i >= len(w.states) {
		return
	}
	changed := w.states[i] == nil
	if changed {
		w.states[i] = s.clone()
	} else {
		changed = w.states[i].join(s)
	}
	if changed && !w.queued[i] {
		w.queued[i] = true
		w.work = append(w.work, i)
	}
}

func (w *walk) step(i int, s *state) {
	ins := &w.conditions.ins[i]
	switch class := ins.OpCode.Class(); {
	case class.IsALU():
		s.regs[ins.Dst] = alu(ins, s)
		w.enter(i+1, s)
	case class.IsJump():
		w.jump(i, ins, s)
	case ins.OpCode.IsDWordLoad():
		s.regs[ins.Dst] = w.immediate(i, ins)
		w.enter(i+1, s)
	case class.IsLoad():
		w.load(ins, s)
		w.enter(i+1, s)
	default:
		store(ins, s)
		w.enter(i+1, s)
	}
}

// immediate is what a 64-bit load puts into its register.
func (w *walk) immediate(i int, ins *asm.Instruction) value {
	switch {
	case ins.IsLoadOfFunctionPointer():
		// A callback: the verifier enters it from the helper that is given it.
		if to := int(w.target[i]); to >= 0 {
			w.enter(to, entryState())
		}
	case ins.IsLoadFromMap():
		// The offset stands in the upper half.
		section := ins.Reference()
		if section == "" {
			return value{kind: data, section: kconfigSection + w.externs[i].name}
		}
		if w.constants[section] != nil {
			return value{kind: data, section: section, n: int64(uint64(ins.Constant) >> 32)}
		}
	case w.externs[i].name != "":
		return w.addresses[i]
	case ins.Src == 0:
		return known(ins.Constant)
	}
	return value{}
}

// kconfigSection and the name of a variable of .kconfig stand for the section
// that an address of it points into.
const kconfigSection = dotKconfig + " "

func (w *walk) load(ins *asm.Instruction, s *state) {
	from, size := s.regs[ins.Src], ins.OpCode.Size().Sizeof()
	at := from.n + int64(ins.Offset)
	result := value{}
	switch from.kind {
	case frame:
		if v, ok := s.slots[at]; ok && size == 8 {
			result = v
		} else if v, ok := s.slots[at&^7]; ok && v == known(0) {
			result = known(0)
		}
	case data:
		if n, ok := w.readOnly(from.section, at, size); ok {
			result = known(extend(n, size, ins.OpCode.Mode() == asm.MemSXMode))
		}
	default:
	}
	if ins.OpCode.Class() == asm.LdClass { // BPF_ABS and BPF_IND of packets: a call
		s.clobber()
		s.regs[asm.R0] = value{}
		return
	}
	s.regs[ins.Dst] = result
}

// readOnly is a constant of a data section.
func (w *walk) readOnly(section string, at int64, size int) (uint64, bool) {
	content, ok := w.constants[section]
	if !ok {
		name, isConfig := strings.CutPrefix(section, kconfigSection)
		n, ok := w.kconfig[name]
		return n & (1<<(8*size) - 1), isConfig && ok && at == 0
	}
	if at < 0 || at+int64(size) > int64(len(content)) {
		return 0, false
	}
	b := content[at:]
	switch size {
	case 1:
		return uint64(b[0]), true
	case 2:
		return uint64(w.order.Uint16(b)), true
	case 4:
		return uint64(w.order.Uint32(b)), true
	}
	return w.order.Uint64(b), true
}

// extend makes 64 bits of size bytes.
func extend(n uint64, size int, signed bool) int64 {
	if signed && size < 8 {
		shift := uint(64 - 8*size)
		return int64(n<<shift) >> shift
	}
	return int64(n)
}

func store(ins *asm.Instruction, s *state) {
	to, size := s.regs[ins.Dst], int64(ins.OpCode.Size().Sizeof())
	isReg := ins.OpCode.Class() == asm.StXClass
	v := known(ins.Constant)
	if isReg {
		v = s.regs[ins.Src]
	}
	switch {
	case to.kind == frame:
		at := to.n + int64(ins.Offset)
		s.forget(at, size)
		if size == 8 && at%8 == 0 && !isAtomic(ins) && v.kind != anything {
			s.slots[at] = v
		}
	case isReg && v.kind == frame:
		s.escaped = true
	}
	if to.kind != frame && to.kind != data && s.escaped {
		clear(s.slots) // through an address that was kept
	}
	if isAtomic(ins) {
		s.regs[ins.Src], s.regs[asm.R0] = value{}, value{}
	}
}

func (w *walk) jump(i int, ins *asm.Instruction, s *state) {
	switch op := ins.OpCode.JumpOp(); op {
	case asm.Exit:
		w.leave(i, s)
	case asm.Call:
		w.call(i, ins, s)
	case asm.Ja:
		w.enter(int(w.target[i]), s)
	default:
		taken, decided := decide(ins, s)
		if !decided || taken {
			w.enter(int(w.target[i]), s.assume(ins, asm.JEq))
		}
		if !decided || !taken {
			w.enter(i+1, s.assume(ins, asm.JNE))
		}
	}
}

// assume is what a branch tells: on one side of an (in)equality with a constant
// the register has it.
func (s *state) assume(ins *asm.Instruction, side asm.JumpOp) *state {
	if ins.OpCode.Class() != asm.JumpClass || ins.OpCode.JumpOp() != side {
		return s
	}
	n, ok := operand(ins, s)
	if !ok || s.regs[ins.Dst].kind != anything {
		return s
	}
	s = s.clone()
	s.regs[ins.Dst] = known(n)
	return s
}

// operand is the second operand where it is constant.
func operand(ins *asm.Instruction, s *state) (int64, bool) {
	if ins.OpCode.Source() != asm.RegSource {
		return ins.Constant, true
	}
	v := s.regs[ins.Src]
	return v.n, v.kind == constant
}

// decide says which way a branch goes, if that is constant.
func decide(ins *asm.Instruction, s *state) (taken, decided bool) {
	left := s.regs[ins.Dst]
	b, ok := operand(ins, s)
	if !ok || left.kind != constant {
		// An address is not null.
		isAddress := left.kind == frame || left.kind == data
		if isAddress && ok && b == 0 && ins.OpCode.Class() == asm.JumpClass {
			op := ins.OpCode.JumpOp()
			return op == asm.JNE, op == asm.JNE || op == asm.JEq
		}
		return false, false
	}
	a := left.n
	if ins.OpCode.Class() == asm.Jump32Class {
		a, b = int64(int32(a)), int64(int32(b))
	}
	compare, ok := comparisons[ins.OpCode.JumpOp()]
	return ok && compare(a, b), ok
}

var comparisons = map[asm.JumpOp]func(a, b int64) bool{
	asm.JEq:  func(a, b int64) bool { return a == b },
	asm.JNE:  func(a, b int64) bool { return a != b },
	asm.JGT:  func(a, b int64) bool { return uint64(a) > uint64(b) },
	asm.JGE:  func(a, b int64) bool { return uint64(a) >= uint64(b) },
	asm.JLT:  func(a, b int64) bool { return uint64(a) < uint64(b) },
	asm.JLE:  func(a, b int64) bool { return uint64(a) <= uint64(b) },
	asm.JSGT: func(a, b int64) bool { return a > b },
	asm.JSGE: func(a, b int64) bool { return a >= b },
	asm.JSLT: func(a, b int64) bool { return a < b },
	asm.JSLE: func(a, b int64) bool { return a <= b },
	asm.JSet: func(a, b int64) bool { return a&b != 0 },
}

// call is a call of a helper, a kernel function or a function of the program.
func (w *walk) call(i int, ins *asm.Instruction, s *state) {
	to := int(w.target[i])
	if !ins.IsFunctionCall() || to < 0 {
		if isThrow(ins) {
			return
		}
		s.clobber()
		w.enter(i+1, s)
		return
	}
	f := w.byStart[to]
	if !slices.Contains(w.calls[f], i) {
		w.calls[f] = append(w.calls[f], i)
	}
	w.enter(to, w.arguments(f, s))
	if w.functions[f].global {
		s.clobber()
		w.enter(i+1, s)
	} else if w.results[f] != nil {
		w.comeBack(i, *w.results[f], s)
	}
}

// isThrow: nothing behind a call of bpf_throw is reached.
func isThrow(ins *asm.Instruction) bool { return ins.IsKfuncCall() && ins.Reference() == "bpf_throw" }

// arguments is the state at a function's start.
func (w *walk) arguments(f int, s *state) *state {
	entry := entryState()
	if w.functions[f].global {
		return entry
	}
	for r := asm.R1; r <= asm.R5; r++ {
		if v := s.regs[r]; v.kind != frame { // another frame than its own
			entry.regs[r] = v
		}
	}
	return entry
}

// comeBack is the state behind a call of a static function.
func (w *walk) comeBack(i int, result value, s *state) {
	s.clobber()
	if result.kind != frame {
		s.regs[asm.R0] = result
	}
	w.enter(i+1, s)
}

// leave ends a function. Where its result changes, its callers go on again.
func (w *walk) leave(i int, s *state) {
	f := w.byStart[w.functionOf(i).start]
	result := s.regs[asm.R0]
	old := w.results[f]
	if old != nil && *old != result {
		result = value{}
	}
	if old != nil && *old == result {
		return
	}
	w.results[f] = &result
	if w.functions[f].global {
		return
	}
	for _, caller := range w.calls[f] {
		w.comeBack(caller, result, w.states[caller].clone())
	}
}

// clobber is what a call leaves of the caller's state.
func (s *state) clobber() {
	for r := asm.R1; r <= asm.R5; r++ {
		if s.regs[r].kind == frame {
			clear(s.slots) // the callee may write there
		}
	}
	if s.escaped {
		clear(s.slots)
	}
	for r := asm.R0; r <= asm.R5; r++ {
		s.regs[r] = value{}
	}
}

// alu is the result of an arithmetic instruction.
func alu(ins *asm.Instruction, s *state) value {
	b, ok := operand(ins, s)
	left, op := s.regs[ins.Dst], ins.OpCode.ALUOp()
	is64 := ins.OpCode.Class() == asm.ALU64Class
	if op == asm.Mov && ins.Offset == 0 {
		right := known(ins.Constant)
		if ins.OpCode.Source() == asm.RegSource {
			right = s.regs[ins.Src]
		}
		return right.narrow(is64)
	}
	if !ok {
		return value{}
	}
	switch left.kind {
	case constant:
		compute, known := arithmetic[op]
		if !known {
			return value{}
		}
		return value{kind: constant, n: compute(left.n, b, is64)}.narrow(is64)
	case frame, data:
		if is64 && (op == asm.Add || op == asm.Sub) {
			left.n = arithmetic[op](left.n, b, true)
			return left
		}
	default:
		if op == asm.And && b == 0 {
			return known(0)
		}
	}
	return value{}
}

// narrow is what a 32-bit instruction leaves.
func (v value) narrow(is64 bool) value {
	switch {
	case is64:
		return v
	case v.kind == constant:
		return known(int64(uint32(v.n)))
	}
	return value{}
}

var arithmetic = map[asm.ALUOp]func(a, b int64, is64 bool) int64{
	asm.Add: func(a, b int64, _ bool) int64 { return a + b },
	asm.Sub: func(a, b int64, _ bool) int64 { return a - b },
	asm.Mul: func(a, b int64, _ bool) int64 { return a * b },
	asm.And: func(a, b int64, _ bool) int64 { return a & b },
	asm.Or:  func(a, b int64, _ bool) int64 { return a | b },
	asm.Xor: func(a, b int64, _ bool) int64 { return a ^ b },
	asm.Neg: func(a, _ int64, _ bool) int64 { return -a },
	asm.LSh: func(a, b int64, is64 bool) int64 { return int64(uint64(a) << shift(b, is64)) },
	asm.RSh: func(a, b int64, is64 bool) int64 {
		if !is64 {
			a = int64(uint32(a))
		}
		return int64(uint64(a) >> shift(b, is64))
	},
	asm.ArSh: func(a, b int64, is64 bool) int64 {
		if !is64 {
			a = int64(int32(a))
		}
		return a >> shift(b, is64)
	},
}

// shift is by at most 63 or 31 bits.
func shift(n int64, is64 bool) uint {
	if is64 {
		return uint(n & 63)
	}
	return uint(n & 31)
}
