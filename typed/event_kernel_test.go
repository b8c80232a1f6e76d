//go:build linux

package typed

import (
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// Programs that write what a test tells them to. They are assembled here, so
// that the tests of readers need no compiler.

// maxSample is the largest record that an emitter writes, in bytes.
const maxSample = 511

// emitter is a program that writes the record it finds in an array map.
type emitter struct {
	t       testing.TB
	prog    *ebpf.Program
	control *ebpf.Map // element 0: u32 size, u32 pad, record
	buf     [8 + maxSample + 1]byte
}

// onOneCPU keeps the test on one CPU, for tests that count what the buffer of a
// CPU has.
func onOneCPU(t testing.TB) {
	t.Helper()
	runtime.LockOSThread()
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if all.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if unix.SchedSetaffinity(0, &all) == nil {
			runtime.UnlockOSThread() // else the thread ends with the test
		}
	})
}

// newEmitter makes an emitter of records into events, a ring buffer or a perf
// event array.
func newEmitter(t testing.TB, events *ebpf.Map) *emitter {
	t.Helper()
	return newEmitterWithFlags(t, events, 0)
}

// newEmitterWithFlags is newEmitter with flags of bpf_ringbuf_output.
func newEmitterWithFlags(t testing.TB, events *ebpf.Map, flags int32) *emitter {
	t.Helper()
	e := &emitter{t: t}
	e.control = newMap(t, &ebpf.MapSpec{
		Type: ebpf.Array, KeySize: 4, ValueSize: uint32(len(e.buf)), MaxEntries: 1,
	})
	e.prog = newProgram(t, emitCode(e.control, events, flags))
	return e
}

// emit writes a record and fails the test if the program could not.
func (e *emitter) emit(rec []byte) {
	e.t.Helper()
	if ret := e.try(rec); ret != 0 {
		e.t.Fatalf("the program could not write %d bytes: %d", len(rec), ret)
	}
}

// try writes a record and returns what the helper returned.
func (e *emitter) try(rec []byte) int32 {
	e.t.Helper()
	binary.NativeEndian.PutUint32(e.buf[:], uint32(len(rec)))
	copy(e.buf[8:], rec)
	if err := e.control.Put(uint32(0), e.buf[:]); err != nil {
		e.t.Fatal(err)
	}
	return runProgram(e.t, e.prog)
}

// emitCode is: look up element 0 of control, then write its record to events.
func emitCode(control, events *ebpf.Map, flags int32) asm.Instructions {
	code := asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1).WithSymbol("emit"),
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, control.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "exit"),
		asm.Mov.Reg(asm.R7, asm.R0),
		asm.LoadMem(asm.R8, asm.R7, 0, asm.Word),
		asm.And.Imm(asm.R8, maxSample),
		asm.Add.Imm(asm.R7, 8),
	}
	if events.Type() == ebpf.RingBuf {
		code = append(code,
			asm.LoadMapPtr(asm.R1, events.FD()),
			asm.Mov.Reg(asm.R2, asm.R7),
			asm.Mov.Reg(asm.R3, asm.R8),
			asm.Mov.Imm(asm.R4, flags),
			asm.FnRingbufOutput.Call(),
		)
	} else {
		const currentCPU = 0xffffffff // BPF_F_CURRENT_CPU
		code = append(code,
			asm.Mov.Reg(asm.R1, asm.R6),
			asm.LoadMapPtr(asm.R2, events.FD()),
			asm.LoadImm(asm.R3, currentCPU, asm.DWord),
			asm.Mov.Reg(asm.R4, asm.R7),
			asm.Mov.Reg(asm.R5, asm.R8),
			asm.FnPerfEventOutput.Call(),
		)
	}
	return append(code, asm.Return().WithSymbol("exit"))
}

// discardCode is: reserve 16 bytes of a ring buffer and discard them.
func discardCode(events *ebpf.Map) asm.Instructions {
	return asm.Instructions{
		asm.LoadMapPtr(asm.R1, events.FD()).WithSymbol("discard"),
		asm.Mov.Imm(asm.R2, 16),
		asm.Mov.Imm(asm.R3, 0),
		asm.FnRingbufReserve.Call(),
		asm.JEq.Imm(asm.R0, 0, "exit"),
		asm.Mov.Reg(asm.R1, asm.R0),
		asm.Mov.Imm(asm.R2, 0),
		asm.FnRingbufDiscard.Call(),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("exit"),
		asm.Return(),
	}
}

// echoCode is: drain the user ring buffer in, write the first 8 bytes of each
// record to the ring buffer out, and return how many records there were.
func echoCode(in, out *ebpf.Map) asm.Instructions {
	long := &btf.Int{Name: "long", Size: 8, Encoding: btf.Signed}
	static := func(name string, params ...btf.FuncParam) *btf.Func {
		return &btf.Func{Name: name, Linkage: btf.StaticFunc, Type: &btf.FuncProto{Return: long, Params: params}}
	}
	pointer := &btf.Pointer{Target: new(btf.Void)}
	callback := asm.LoadImm(asm.R2, -1, asm.DWord).WithReference("record")
	callback.Src = asm.PseudoFunc
	return asm.Instructions{
		btf.WithFuncMetadata(asm.LoadMapPtr(asm.R1, in.FD()).WithSymbol("echo"),
			static("echo", btf.FuncParam{Name: "ctx", Type: pointer})),
		callback,
		asm.Mov.Imm(asm.R3, 0),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnUserRingbufDrain.Call(),
		asm.Return(),

		btf.WithFuncMetadata(asm.Mov.Reg(asm.R3, asm.R1).WithSymbol("record"),
			static("record", btf.FuncParam{Name: "data", Type: pointer}, btf.FuncParam{Name: "ctx", Type: pointer})),
		asm.Mov.Reg(asm.R1, asm.RFP),
		asm.Add.Imm(asm.R1, -8),
		asm.Mov.Imm(asm.R2, 8),
		asm.Mov.Imm(asm.R4, 0),
		asm.Mov.Imm(asm.R5, 0),
		asm.FnDynptrRead.Call(),
		asm.JNE.Imm(asm.R0, 0, "done"),
		asm.LoadMapPtr(asm.R1, out.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -8),
		asm.Mov.Imm(asm.R3, 8),
		asm.Mov.Imm(asm.R4, 0),
		asm.FnRingbufOutput.Call(),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("done"),
		asm.Return(),
	}
}

// newProgram makes a tc program: on old kernels each test run of an XDP program
// waits for an RCU grace period.
func newProgram(t testing.TB, code asm.Instructions) *ebpf.Program {
	t.Helper()
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SchedCLS, License: "GPL", Instructions: code})
	if err != nil {
		t.Fatalf("%+v", err)
	}
	t.Cleanup(func() { prog.Close() })
	return prog
}

// runProgram runs a program once and returns what it returned.
func runProgram(t testing.TB, prog *ebpf.Program) int32 {
	t.Helper()
	ret, err := prog.Run(&ebpf.RunOptions{Data: make([]byte, 64)})
	if err != nil {
		t.Fatal(err)
	}
	return int32(ret)
}

func newMap(t testing.TB, spec *ebpf.MapSpec) *ebpf.Map {
	t.Helper()
	needKernel(t)
	m, err := ebpf.NewMap(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}
