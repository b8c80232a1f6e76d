package typed

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	nl "github.com/vishvananda/netlink"
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

// A packet grows by as much as a program wants, at both ends.
func TestRunGrows(t *testing.T) {
	sinceKernel(t, 5, 8, "bpf_xdp_adjust_tail that grows")
	const more = 400
	p := runner[XDP](t, "xdp",
		asm.Mov.Imm(asm.R2, more),
		asm.FnXdpAdjustTail.Call(),
		asm.Mov.Imm(asm.R0, int32(XDPPass)),
		asm.Return(),
	)
	packet := bytes.Repeat([]byte{0xab}, 64)
	action, out, err := p.Run(packet, nil, nil)
	if err != nil || action != XDPPass || len(out) != len(packet)+more || !bytes.HasPrefix(out, packet) {
		t.Errorf("%d, %d bytes, %v", action, len(out), err)
	}
	if _, out, err = p.Run(packet, nil, &RunOptions{OutputSize: len(packet) + more}); err != nil || len(out) != len(packet)+more {
		t.Errorf("just enough room: %d bytes, %v", len(out), err)
	}
	_, _, err = p.Run(packet, nil, &RunOptions{OutputSize: 100})
	if want := "the packet has 464 bytes then, OutputSize is 100"; !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), want) {
		t.Errorf("too little room: %v, want %s", err, want)
	}
}

func TestRunDuration(t *testing.T) {
	needKernel(t)
	p := runner[SocketFilter](t, "socket", asm.FnKtimeGetNs.Call(), asm.Mov.Imm(asm.R0, 0), asm.Return())
	var each time.Duration
	if _, _, err := p.Run(make([]byte, 64), nil, &RunOptions{Repeat: 1000, Duration: &each}); err != nil || each <= 0 || each > time.Millisecond {
		t.Errorf("%v, %v", each, err)
	}
}

// Live frames are sent by the interface of the context.
func TestRunLiveFrames(t *testing.T) {
	sinceKernel(t, 5, 18, "live frames")
	isolate(t)
	r := &hookRun{T: t, section: "xdp"}
	p := load[XDP](r, r.spec(int32(XDPPass)))
	before := loPackets(t)
	const n = 200
	action, out, err := p.Run(make([]byte, 64), &XDPContext{DataEnd: 64, IngressIfindex: loIndex}, &RunOptions{LiveFrames: true, Repeat: n, BatchSize: 32})
	if err != nil || action != 0 || out != nil {
		t.Errorf("%d, %d bytes, %v", action, len(out), err)
	}
	if hits := r.hits(); hits < n {
		t.Errorf("%d runs of %d", hits, n)
	}
	if got := loPackets(t) - before; got != 0 && got < n {
		t.Errorf("%d packets of %d", got, n)
	}
}

// loPackets is how many packets lo has received.
func loPackets(t *testing.T) uint64 {
	t.Helper()
	lo, err := nl.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	return lo.Attrs().Statistics.RxPackets
}

// A raw tracepoint program on a CPU of choice.
func TestRunOnCPU(t *testing.T) {
	sinceKernel(t, 5, 10, "runs of raw tracepoint programs")
	p := runner[RawTracepoint](t, "raw_tp", asm.FnGetSmpProcessorId.Call(), asm.Return())
	for cpu := range min(2, runtime.NumCPU()) {
		if ret, err := p.Run(nil, &RunOptions{CPU: OneCPU(cpu)}); err != nil || ret != uint32(cpu) {
			t.Errorf("on CPU %d: %d, %v", cpu, ret, err)
		}
	}
}

// What cannot be run says so.
func TestRunNotSupported(t *testing.T) {
	needKernel(t)
	p := runner[PerfEvent](t, "perf_event", asm.Mov.Imm(asm.R0, 0), asm.Return())
	if _, _, err := p.base().run(nil, nil, nil, nil); !errors.Is(err, ebpf.ErrNotSupported) {
		t.Errorf("%v", err)
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

// Every kind that sees a packet as the stack has it runs on one, with a context.
func TestRunPackets(t *testing.T) {
	needKernel(t)
	type run = func([]byte, *SKBuff, *RunOptions) (uint32, []byte, error)
	for section, prepare := range map[string]func(*testing.T, string, ...asm.Instruction) run{
		"socket":             func(t *testing.T, s string, c ...asm.Instruction) run { return runner[SocketFilter](t, s, c...).Run },
		"tc/ingress":         func(t *testing.T, s string, c ...asm.Instruction) run { return runner[TCX](t, s, c...).Run },
		"action":             func(t *testing.T, s string, c ...asm.Instruction) run { return runner[SchedAct](t, s, c...).Run },
		"cgroup_skb/ingress": func(t *testing.T, s string, c ...asm.Instruction) run { return runner[CgroupSKB](t, s, c...).Run },
		"cgroup/skb":         func(t *testing.T, s string, c ...asm.Instruction) run { return runner[CgroupSKBAny](t, s, c...).Run },
		"lwt_in":             func(t *testing.T, s string, c ...asm.Instruction) run { return runner[LWTIn](t, s, c...).Run },
		"lwt_out":            func(t *testing.T, s string, c ...asm.Instruction) run { return runner[LWTOut](t, s, c...).Run },
		"lwt_xmit":           func(t *testing.T, s string, c ...asm.Instruction) run { return runner[LWTXmit](t, s, c...).Run },
	} {
		t.Run(section, func(t *testing.T) {
			run := prepare(t, section,
				asm.LoadMem(asm.R0, asm.R1, 32, asm.Word), // priority, of which 1 is left
				asm.And.Imm(asm.R0, 1),
				asm.Return(),
			)
			packet := append(make([]byte, 12), 8, 0) // Ethernet with IPv4
			packet = append(packet, 0x45)
			packet = append(packet, make([]byte, 49)...)
			ctx := &SKBuff{Priority: 7}
			ret, out, err := run(packet, ctx, nil)
			if err != nil || ret != 1 || len(out) != len(packet) || ctx.Priority != 7 {
				t.Errorf("%d, %d bytes, %+v, %v", ret, len(out), ctx, err)
			}
		})
	}
}

func TestRunNetfilter(t *testing.T) {
	sinceKernel(t, 6, 4, "netfilter programs")
	p := runner[Netfilter](t, "netfilter", asm.Mov.Imm(asm.R0, 1), asm.Return())
	packet := append(make([]byte, 12), 8, 0, 0x45)
	if verdict, err := p.Run(append(packet, make([]byte, 49)...), nil); err != nil || verdict != 1 {
		t.Errorf("%d, %v", verdict, err)
	}
}

// The kernel's functions for tests are called by running a program.
func TestRunTracing(t *testing.T) {
	needKernel(t)
	if os.Getenv("BPFGEN_KERNEL") == "host" || os.Getenv("BPFGEN_KERNEL") == "" {
		t.Skip(noTrampolines["host"])
	}
	t.Run("fentry", func(t *testing.T) {
		r := &hookRun{T: t, section: "fentry/bpf_fentry_test1"}
		p := load[Fentry](r, r.spec(0))
		r.attached(p.Attach(nil))
		if err := p.Run(nil); err != nil || r.hits() != 1 {
			t.Errorf("%d hits, %v", r.hits(), err)
		}
	})
	t.Run("fexit", func(t *testing.T) {
		r := &hookRun{T: t, section: "fexit/bpf_fentry_test2"}
		p := load[Fexit](r, r.spec(0))
		r.attached(p.Attach(nil))
		if err := p.Run(nil); err != nil || r.hits() != 1 {
			t.Errorf("%d hits, %v", r.hits(), err)
		}
	})
	t.Run("fsession", func(t *testing.T) {
		sinceKernel(t, 7, 0, "fsession")
		r := &hookRun{T: t, section: "fsession/bpf_fentry_test3"}
		p := load[Fsession](r, r.spec(0))
		r.attached(p.Attach(nil))
		if err := p.Run(nil); err != nil || r.hits() != 2 {
			t.Errorf("%d hits, %v", r.hits(), err)
		}
	})
	t.Run("fmod_ret", func(t *testing.T) {
		sinceKernel(t, 6, 3, "bpf_modify_return_test without CONFIG_FUNCTION_ERROR_INJECTION")
		r := &hookRun{T: t, section: "fmod_ret/bpf_modify_return_test"}
		p := load[FmodRet](r, r.spec(5))
		r.attached(p.Attach(nil))
		// The function is not called: 5 stands for its result. Newer kernels add
		// what bpf_modify_return_test2 gives, 29.
		if ret, err := p.Run(nil); err != nil || ret != 5 && ret != 1<<16|(5+29) || r.hits() == 0 {
			t.Errorf("%#x, %d hits, %v", ret, r.hits(), err)
		}
	})
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

// What no kernel takes of a run is named, and refused of programs in memory alike.
func TestRunNamesWhatIsRefused(t *testing.T) {
	sinceKernel(t, 5, 18, "all options of runs")
	code := func() []asm.Instruction { return []asm.Instruction{asm.Mov.Imm(asm.R0, 2), asm.Return()} }
	x, s := runner[XDP](t, "xdp", code()...), runner[SocketFilter](t, "socket", code()...)
	raw, sys := runner[RawTracepoint](t, "raw_tp", code()...), runner[Syscall](t, "syscall", code()...)
	xdp := func(packet []byte, o RunOptions) func() error {
		return func() error { _, _, err := x.Run(packet, nil, &o); return err }
	}
	args := func(n int, o RunOptions) func() error {
		return func() error { _, err := raw.Run(make([]uint64, n), &o); return err }
	}
	packet := make([]byte, 64)
	for want, run := range map[string]func() error{
		"a packet has at least 14 bytes, not 13":               xdp(packet[:13], RunOptions{}),
		"a packet has at least 14 bytes, not 0":                xdp(nil, RunOptions{}),
		"an OutputSize of -1 bytes":                            xdp(packet, RunOptions{OutputSize: -1}),
		"a BatchSize is at most 256":                           xdp(packet, RunOptions{LiveFrames: true, BatchSize: 257}),
		"BatchSize goes with LiveFrames":                       xdp(packet, RunOptions{BatchSize: 2}),
		"CPU is for raw tracepoint programs":                   xdp(packet, RunOptions{CPU: OneCPU(0)}),
		"at most 12 arguments":                                 args(13, RunOptions{}),
		"programs of this type run once: Repeat must be 0: in": args(1, RunOptions{Repeat: 2}),
		"on one CPU, not on every":                             args(1, RunOptions{CPU: EveryCPU()}),
		"LiveFrames is for XDP programs": func() error {
			_, _, err := s.Run(packet, nil, &RunOptions{LiveFrames: true})
			return err
		},
		"a packet of 1048576 bytes may be too large": func() error {
			_, _, err := s.Run(make([]byte, 1<<20), nil, nil)
			return err
		},
		"a context has at most 65535 bytes": func() error {
			_, err := sys.Run(make([]byte, 1<<16), nil)
			return err
		},
	} {
		if err := run(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if ret, err := RunSyscall[uint64](sys, nil, nil); err != nil || ret != 2 {
		t.Errorf("without a context: %d, %v", ret, err)
	}
}
