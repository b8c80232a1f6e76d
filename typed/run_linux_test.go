package typed

import (
	"bytes"
	"errors"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf/asm"
)

// The contexts have the sizes of the kernel's structs, on every GOARCH.
var (
	_ [24]byte  = [unsafe.Sizeof(XDPContext{})]byte{}
	_ [192]byte = [unsafe.Sizeof(SKBuff{})]byte{}
	_ [56]byte  = [unsafe.Sizeof(FlowKeys{})]byte{}
	_ [72]byte  = [unsafe.Sizeof(SkLookupContext{})]byte{}
)

// runner loads a program of a section with the code given.
func runner[P any, H programHandleOf[P]](t *testing.T, section string, code ...asm.Instruction) *P {
	t.Helper()
	r := &hookRun{T: t, section: section}
	spec := r.spec(0)
	spec.Instructions = code
	return load[P, H](r, spec)
}

func TestRunXDP(t *testing.T) {
	sinceKernel(t, 5, 15, "contexts of XDP runs")
	p := runner[XDP](t, "xdp",
		// Four bytes more in front, and the verdict of rx_queue_index.
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.Mov.Imm(asm.R2, -4),
		asm.FnXdpAdjustHead.Call(),
		asm.LoadMem(asm.R0, asm.R6, 16, asm.Word),
		asm.Return(),
	)
	packet := bytes.Repeat([]byte{0xab}, 64)
	ctx := &XDPContext{DataEnd: 64}
	action, out, err := p.Run(packet, ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if action != XDPAborted || len(out) != 68 || !bytes.Equal(out[4:], packet) {
		t.Errorf("action %d, %d bytes", action, len(out))
	}
	if ctx.DataEnd-ctx.Data != 68 {
		t.Errorf("context %+v", ctx)
	}
	if _, _, err := p.Run(packet, nil, &RunOptions{Repeat: 3}); err != nil {
		t.Errorf("without a context: %v", err)
	}
}

func TestRunSKB(t *testing.T) {
	needKernel(t)
	p := runner[TC](t, "tc",
		// mark = mark + 1, priority comes back
		asm.LoadMem(asm.R2, asm.R1, 8, asm.Word),
		asm.Add.Imm(asm.R2, 1),
		asm.StoreMem(asm.R1, 8, asm.R2, asm.Word),
		asm.LoadMem(asm.R0, asm.R1, 32, asm.Word),
		asm.Return(),
	)
	ctx := &SKBuff{Mark: 41, Priority: 6}
	ret, out, err := p.Run(make([]byte, 64), ctx, nil)
	if err != nil || ret != 6 || len(out) != 64 || ctx.Mark != 42 {
		t.Errorf("%d, %d bytes, mark %d, %v", ret, len(out), ctx.Mark, err)
	}
}

func TestRunSkLookup(t *testing.T) {
	sinceKernel(t, 5, 14, "runs of sk_lookup programs")
	p := runner[SkLookup](t, "sk_lookup",
		asm.LoadMem(asm.R2, asm.R1, 60, asm.Word), // local_port
		asm.Mov.Imm(asm.R0, 1),
		asm.JEq.Imm(asm.R2, 8080, "out"),
		asm.Mov.Imm(asm.R0, 0),
		asm.Return().WithSymbol("out"),
	)
	for port, want := range map[uint32]uint32{8080: 1, 8081: 0} {
		ret, err := p.Run(&SkLookupContext{Family: 2, Protocol: 6, LocalPort: port}, nil)
		if err != nil || ret != want {
			t.Errorf("port %d: %d, %v", port, ret, err)
		}
	}
}

func TestRunFlowDissector(t *testing.T) {
	needKernel(t)
	p := runner[FlowDissector](t, "flow_dissector",
		asm.LoadMem(asm.R2, asm.R1, 144, asm.DWord), // flow_keys
		asm.Mov.Imm(asm.R3, 17),
		asm.StoreMem(asm.R2, 9, asm.R3, asm.Byte), // ip_proto
		asm.Mov.Imm(asm.R0, 0),
		asm.Return(),
	)
	ret, keys, err := p.Run(make([]byte, 64), nil)
	want := uint32(0)
	if runningKernel(t) < 6<<8|1 {
		want = 1 // net/bpf/test_run.c gave whether the program succeeded
	}
	if err != nil || ret != want || keys.IPProto != 17 {
		t.Errorf("%d, %+v, %v", ret, keys, err)
	}
}

func TestRunRawTracepoint(t *testing.T) {
	needKernel(t)
	p := runner[RawTracepoint](t, "raw_tp",
		asm.LoadMem(asm.R0, asm.R1, 8, asm.DWord), // the second argument
		asm.Return(),
	)
	if ret, err := p.Run([]uint64{1, 7}, nil); err != nil || ret != 7 {
		t.Errorf("%d, %v", ret, err)
	}
}

func TestRunSyscall(t *testing.T) {
	sinceKernel(t, 5, 14, "syscall programs")
	p := runner[Syscall](t, "syscall",
		asm.LoadMem(asm.R0, asm.R1, 0, asm.Word),
		asm.Add.Imm(asm.R0, 1),
		asm.StoreMem(asm.R1, 4, asm.R0, asm.Word),
		asm.Return(),
	)
	ctx := struct{ In, Out uint32 }{In: 41}
	if ret, err := RunSyscall(p, &ctx, nil); err != nil || ret != 42 || ctx.Out != 42 {
		t.Errorf("%d, %+v, %v", ret, ctx, err)
	}
	if _, err := RunSyscall(p, &struct{ P *int }{}, nil); err == nil {
		t.Error("a context with a pointer was accepted")
	}
}

func TestRunNotLoaded(t *testing.T) {
	var p XDP
	if _, _, err := p.Run(nil, nil, nil); !errors.Is(err, ErrNotLoaded) {
		t.Errorf("run: %v", err)
	}
	if _, err := p.Attach(1, nil); !errors.Is(err, ErrNotLoaded) {
		t.Errorf("attach: %v", err)
	}
	var k Kprobe
	if _, err := k.Attach(nil); !errors.Is(err, ErrNotLoaded) {
		t.Errorf("attach: %v", err)
	}
	if p.FD() != -1 || p.Loaded() {
		t.Error("a program that is not there is loaded")
	}
}
