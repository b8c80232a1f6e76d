package forecast

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// assemble resolves labels, as clang has when an object is read. Labels "f:…"
// stay: they start functions.
func assemble(t *testing.T, name string, ins asm.Instructions) asm.Instructions {
	t.Helper()
	var b bytes.Buffer
	if err := ins.Marshal(&b, binary.LittleEndian); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	out, err := asm.AppendInstructions(nil, &b, binary.LittleEndian, "linux")
	if err != nil {
		t.Fatal(err)
	}
	for i := range ins {
		if s := ins[i].Symbol(); len(s) > 2 && s[:2] == "f:" {
			out[i] = out[i].WithSymbol(s)
		}
		if ins[i].IsFunctionReference() || ins[i].IsLoadFromMap() {
			out[i] = ins[i].WithSymbol(out[i].Symbol())
		}
	}
	return out
}

// rodata is a load of an address in a data section.
func rodata(dst asm.Register, section string, offset int64) asm.Instruction {
	ins := asm.LoadMapValue(dst, 0, uint32(offset)).WithReference(section)
	ins.Constant = offset << 32
	return ins
}

// slot8 stores a constant at fp-8.
func slot8(n int64) asm.Instruction {
	return asm.Instruction{OpCode: asm.OpCode(asm.StClass).SetMode(asm.MemMode).SetSize(asm.DWord), Dst: asm.R10, Offset: -8, Constant: n}
}

var dataMaps = map[string]*ebpf.MapSpec{
	".rodata": {Type: ebpf.Array, Flags: 1 << 7, Contents: []ebpf.MapKV{{Key: uint32(0), Value: []byte{1, 0, 0, 0, 0xff, 0xff, 0, 0}}}},
	".data":   {Type: ebpf.Array, Contents: []ebpf.MapKV{{Key: uint32(0), Value: make([]byte, 8)}}},
}

func TestReachable(t *testing.T) {
	exit := asm.Return()
	zero := asm.Mov.Imm(asm.R0, 0)
	call := func(name string) asm.Instruction { return asm.Call.Label(name) }
	for name, test := range map[string]struct {
		code asm.Instructions
		dead []int
	}{
		"a constant decides": {asm.Instructions{
			asm.Mov.Imm(asm.R1, 0), asm.JEq.Imm(asm.R1, 0, "end"), zero, exit, zero.WithSymbol("end"), exit,
		}, []int{2, 3}},
		"the other way": {asm.Instructions{
			asm.Mov.Imm(asm.R1, 1), asm.JEq.Imm(asm.R1, 0, "end"), zero, exit, zero.WithSymbol("end"), exit,
		}, []int{4, 5}},
		"an argument does not": {asm.Instructions{
			asm.JEq.Imm(asm.R1, 0, "end"), zero, exit, zero.WithSymbol("end"), exit,
		}, nil},
		"two paths, one constant": {asm.Instructions{
			asm.Mov.Imm(asm.R2, 7), asm.JEq.Imm(asm.R1, 0, "join"), asm.Mov.Imm(asm.R2, 7),
			asm.JEq.Imm(asm.R2, 7, "end").WithSymbol("join"), zero, exit, zero.WithSymbol("end"), exit,
		}, []int{4, 5}},
		"two paths, two constants": {asm.Instructions{
			asm.Mov.Imm(asm.R2, 7), asm.JEq.Imm(asm.R1, 0, "join"), asm.Mov.Imm(asm.R2, 8),
			asm.JEq.Imm(asm.R2, 7, "end").WithSymbol("join"), zero, exit, zero.WithSymbol("end"), exit,
		}, nil},
		"what a branch tells": {asm.Instructions{
			asm.JNE.Imm(asm.R1, 5, "end"), asm.JEq.Imm(asm.R1, 5, "end"), zero, zero.WithSymbol("end"), exit,
		}, []int{2}},
		"arithmetic": {asm.Instructions{
			asm.Mov.Imm(asm.R1, 3), asm.Mul.Imm(asm.R1, 4), asm.LSh.Imm(asm.R1, 2), asm.Sub.Imm(asm.R1, 8), asm.Mov.Imm(asm.R2, 40),
			asm.JEq.Reg(asm.R1, asm.R2, "end"), zero, zero.WithSymbol("end"), exit,
		}, []int{6}},
		"32 bits": {asm.Instructions{
			asm.Mov.Imm32(asm.R1, -1), asm.RSh.Imm(asm.R1, 32), asm.JEq.Imm(asm.R1, 0, "end"), zero, zero.WithSymbol("end"), exit,
		}, []int{3}},
		"signed comparison": {asm.Instructions{
			asm.Mov.Imm(asm.R1, -1), asm.JSLT.Imm(asm.R1, 0, "end"), zero, zero.WithSymbol("end"), exit,
		}, []int{2}},
		"unsigned comparison": {asm.Instructions{
			asm.Mov.Imm(asm.R1, -1), asm.JGT.Imm(asm.R1, 0, "end"), zero, zero.WithSymbol("end"), exit,
		}, []int{2}},
		"a stack slot": {asm.Instructions{
			slot8(4), asm.LoadMem(asm.R1, asm.R10, -8, asm.DWord),
			asm.JEq.Imm(asm.R1, 4, "end"), zero, zero.WithSymbol("end"), exit,
		}, []int{3}},
		"a slot, by a copy of the frame pointer": {asm.Instructions{
			asm.Mov.Reg(asm.R6, asm.R10), asm.Add.Imm(asm.R6, -16), slot8(4), asm.LoadMem(asm.R1, asm.R6, 8, asm.DWord),
			asm.JEq.Imm(asm.R1, 4, "end"), zero, zero.WithSymbol("end"), exit,
		}, []int{5}},
		"a slot that is overwritten": {asm.Instructions{
			slot8(4), asm.StoreMem(asm.R10, -6, asm.R1, asm.Byte), asm.LoadMem(asm.R1, asm.R10, -8, asm.DWord),
			asm.JEq.Imm(asm.R1, 4, "end"), zero, zero.WithSymbol("end"), exit,
		}, nil},
		"registers that no machine has": {asm.Instructions{
			asm.StoreMem(15, -8, 11, asm.DWord), asm.Mov.Reg(12, 13), asm.LoadMem(14, 15, 0, asm.DWord), asm.JEq.Imm(15, 0, "end"), zero, zero.WithSymbol("end"), exit,
		}, nil},
		"a slot that a helper may write": {asm.Instructions{
			slot8(4), asm.Mov.Reg(asm.R1, asm.R10), asm.Add.Imm(asm.R1, -8), asm.FnGetCurrentComm.Call(),
			asm.LoadMem(asm.R1, asm.R10, -8, asm.DWord), asm.JEq.Imm(asm.R1, 4, "end"), zero, zero.WithSymbol("end"), exit,
		}, nil},
		"a slot that a helper does not know": {asm.Instructions{
			slot8(4), asm.FnKtimeGetNs.Call(),
			asm.LoadMem(asm.R1, asm.R10, -8, asm.DWord), asm.JEq.Imm(asm.R1, 4, "end"), zero, zero.WithSymbol("end"), exit,
		}, []int{4}},
		"a helper's result": {asm.Instructions{
			asm.Mov.Imm(asm.R0, 1), asm.FnKtimeGetNs.Call(), asm.JEq.Imm(asm.R0, 1, "end"), zero, zero.WithSymbol("end"), exit,
		}, nil},
		"callee-saved registers": {asm.Instructions{
			asm.Mov.Imm(asm.R6, 1), asm.FnKtimeGetNs.Call(), asm.JEq.Imm(asm.R6, 1, "end"), zero, zero.WithSymbol("end"), exit,
		}, []int{3}},
		"read-only data": {asm.Instructions{
			rodata(asm.R1, ".rodata", 0), asm.LoadMem(asm.R2, asm.R1, 0, asm.Byte), asm.JEq.Imm(asm.R2, 1, "end"), zero, zero.WithSymbol("end"), exit,
		}, []int{3}},
		"read-only data behind": {asm.Instructions{
			rodata(asm.R1, ".rodata", 4), asm.LoadMem(asm.R2, asm.R1, 0, asm.Half), asm.JEq.Imm(asm.R2, 0xffff, "end"), zero, zero.WithSymbol("end"), exit,
		}, []int{3}},
		"read-only data beyond its end": {asm.Instructions{
			rodata(asm.R1, ".rodata", 4), asm.LoadMem(asm.R2, asm.R1, 4, asm.Word), asm.JEq.Imm(asm.R2, 0, "end"), zero, zero.WithSymbol("end"), exit,
		}, nil},
		"data that changes": {asm.Instructions{
			rodata(asm.R1, ".data", 0), asm.LoadMem(asm.R2, asm.R1, 0, asm.Byte), asm.JEq.Imm(asm.R2, 0, "end"), zero, zero.WithSymbol("end"), exit,
		}, nil},
		"an address is not null": {asm.Instructions{
			rodata(asm.R1, ".rodata", 0), asm.JEq.Imm(asm.R1, 0, "end"), zero, exit, zero.WithSymbol("end"), exit,
		}, []int{4, 5}},
		"a loop": {asm.Instructions{
			asm.Mov.Imm(asm.R1, 0), asm.Add.Imm(asm.R1, 1).WithSymbol("again"), asm.JLT.Imm(asm.R1, 10, "again"), asm.JEq.Imm(asm.R1, 77, "end"), zero, zero.WithSymbol("end"), exit,
		}, nil},
		"an argument of a function": {asm.Instructions{
			asm.Mov.Imm(asm.R1, 3), call("f:callee"), exit,
			asm.JEq.Imm(asm.R1, 3, "end").WithSymbol("f:callee"), zero, zero.WithSymbol("end"), exit,
		}, []int{4}},
		"arguments of two calls": {asm.Instructions{
			asm.Mov.Imm(asm.R1, 3), call("f:callee"), asm.Mov.Imm(asm.R1, 4), call("f:callee"), exit,
			asm.JEq.Imm(asm.R1, 3, "end").WithSymbol("f:callee"), zero, zero.WithSymbol("end"), exit,
		}, nil},
		"a result of a function": {asm.Instructions{
			call("f:callee"), asm.JEq.Imm(asm.R0, 2, "end"), zero, zero.WithSymbol("end"), exit,
			asm.Mov.Imm(asm.R0, 2).WithSymbol("f:callee"), exit,
		}, []int{2}},
		"two results of a function": {asm.Instructions{
			call("f:callee"), asm.JEq.Imm(asm.R0, 2, "end"), zero, zero.WithSymbol("end"), exit,
			asm.Mov.Imm(asm.R0, 2).WithSymbol("f:callee"), asm.JEq.Imm(asm.R6, 0, "out"), asm.Mov.Imm(asm.R0, 3), exit.WithSymbol("out"),
		}, nil},
		"a function that never returns": {asm.Instructions{
			call("f:callee"), zero, exit,
			asm.Ja.Label("f:callee").WithSymbol("f:callee"),
		}, []int{1, 2}},
		"a function that is not called": {asm.Instructions{
			zero, exit,
			asm.Mov.Imm(asm.R0, 2).WithSymbol("f:callee"), exit,
		}, []int{2, 3}},
	} {
		ins := assemble(t, name, test.code)
		code := newCode(ins, &links{order: binary.LittleEndian}, dataMaps)
		var dead []int
		for i, reached := range code.reachable(conditions{ins: ins, order: binary.LittleEndian}) {
			if !reached {
				dead = append(dead, i)
			}
		}
		if !slices.Equal(dead, test.dead) {
			t.Errorf("%s: not reached are %v, want %v\n%v", name, dead, test.dead, ins)
		}
	}
}

// A program that jumps out of its function fails, also where the jump is not reached.
func TestJumpOutOfFunction(t *testing.T) {
	k := madeUp(t, binary.LittleEndian)[1]
	for _, distance := range []int16{-5, -1, 0, 1, 2, 3, 30} {
		ins := asm.Instructions{
			asm.Mov.Imm(asm.R0, 0).WithSymbol("main"), {OpCode: asm.Ja.Op(asm.ImmSource)},
			asm.LoadImm(asm.R1, 1<<40, asm.DWord), asm.Return(), {OpCode: asm.Ja.Op(asm.ImmSource), Offset: distance - 5}, asm.Return(),
			asm.Mov.Imm(asm.R0, 0).WithSymbol("other"), asm.Return(),
		}
		p := &program{ProgramSpec: &ebpf.ProgramSpec{Name: "main", Type: ebpf.SocketFilter, Instructions: ins}, code: newCode(ins, &links{order: binary.LittleEndian}, nil)}
		r, err := Check(&Object{order: binary.LittleEndian, programs: []*program{p}}, k)
		if err != nil {
			t.Fatal(err)
		}
		// At 2 the wide instruction begins, at 3 is its middle, at 7 begins the other function.
		want := Fails
		if to := 6 + int(distance) - 5; to >= 0 && to < 7 && to != 3 {
			want = Clear
		}
		if r.Verdict != want {
			t.Errorf("a jump by %d: %v, want %v: %+v", distance-5, r.Verdict, want, r.Programs)
		}
	}
}
