package typed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"structs"
	"sync"
	"syscall"
	"time"

	"github.com/bpfgen/bpfgen/typed/ctypes"
	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/bpfgen/bpfgen/typed/internal/plain"
	"github.com/cilium/ebpf"
)

// This file runs programs once, without an event: BPF_PROG_TEST_RUN. What a
// program of a type is given there, and whether the kernel can run it at all,
// depends on the type (net/bpf/test_run.c): each kind that can be run has a
// Run with its own parameters, and the others have none: tp_btf, which the
// kernel answers EFAULT, and lwt_seg6local (ENOTSUPP) among them. Of struct_ops
// it runs the functions of bpf_dummy_ops alone, which is for its own tests.

// RunOptions are what all runs have in common. The zero value is good.
type RunOptions struct {
	// Repeat is how many times the program runs; 0 means once. What comes back
	// is the result of the last time. A signal to the process makes it start
	// again.
	Repeat uint32
	// Duration, if not nil, gets the mean time of one run. The kernel measures
	// whole nanoseconds.
	Duration *time.Duration
	// OutputSize is the room for the packet that comes back, in bytes; 0 is as
	// much as any program can make of a packet. A packet that does not fit is an
	// error that wraps ENOSPC.
	OutputSize int
	// LiveFrames sends the packets of an XDP program out for real, by what it
	// returns (BPF_F_TEST_XDP_LIVE_FRAMES, Linux ≥ 5.18). Neither packet nor
	// context come back.
	LiveFrames bool
	// BatchSize is how many packets are sent out at once, with LiveFrames; 0
	// means 64.
	BatchSize uint32
	// CPU is where a raw tracepoint program runs: [OneCPU], or any
	// (BPF_F_TEST_RUN_ON_CPU, Linux ≥ 5.10).
	CPU CPUs
	// Flags are further BPF_F_TEST_*.
	Flags uint32
}

// The flags of BPF_PROG_TEST_RUN (include/uapi/linux/bpf.h).
const (
	flagRunOnCPU   = 1 << 0
	flagLiveFrames = 1 << 1
)

func (o *RunOptions) flags() uint32 {
	flags := o.Flags
	if _, ok := o.CPU.one(); ok {
		flags |= flagRunOnCPU
	}
	if o.LiveFrames {
		flags |= flagLiveFrames
	}
	return flags
}

// maxOutput is what a packet can become: bpf_xdp_adjust_tail of a program for
// fragments stops at MAX_SKB_FRAGS pages more, bpf_skb_change_tail at the MTU
// of lo (net/core/filter.c).
const maxOutput = 80 << 10

// outputs are buffers of maxOutput bytes.
var outputs = sync.Pool{New: func() any { return new([maxOutput]byte) }}

// runResult is what BPF_PROG_TEST_RUN gives.
type runResult struct {
	ret      uint32
	output   int // bytes
	duration time.Duration
}

// run runs the program on a packet, which may be nil, and gives the packet as
// the program left it. in and out are the context before and after; they may
// be the same memory, or nil.
func (p *program) run(packet, in, out []byte, opts *RunOptions) (uint32, []byte, error) {
	o := deref(opts)
	if o.OutputSize < 0 {
		return 0, nil, fmt.Errorf("run program %s: an OutputSize of %d bytes: %w", p.name, o.OutputSize, syscall.EINVAL)
	}
	if o.CPU == EveryCPU() {
		return 0, nil, fmt.Errorf("run program %s: a program runs on one CPU, not on every: %w", p.name, syscall.EINVAL)
	}
	var room []byte
	switch {
	case o.LiveFrames:
		out = nil // the kernel refuses one
	case packet != nil:
		buffer := outputs.Get().(*[maxOutput]byte)
		defer outputs.Put(buffer)
		room = buffer[:]
		if o.OutputSize > 0 {
			room = make([]byte, o.OutputSize)
		}
	}
	result, err := p.testRun(packet, room, in, out, o)
	if o.Duration != nil {
		*o.Duration = result.duration
	}
	switch {
	case errors.Is(err, syscall.ENOSPC) && result.output > len(room):
		err = fmt.Errorf("the packet has %d bytes then, OutputSize is %d: %w", result.output, len(room), err)
	case errors.Is(err, os.ErrClosed):
		err = os.ErrClosed // which says the name of the program, too
	case errors.Is(err, ebpf.ErrNotSupported):
		err = fmt.Errorf("the kernel cannot run programs of this type: %w", err)
	case p.life != nil && (errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.E2BIG)):
		err = p.explainRun(packet, in, o, err)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("run program %s: %w", p.name, err)
	}
	if room == nil {
		return result.ret, nil, nil
	}
	return result.ret, slices.Clone(room[:min(result.output, len(room))]), nil
}

// explainRun says what of a run the kernel has refused, as far as that is certain.
func (p *program) explainRun(packet, in []byte, o RunOptions, err error) error {
	why := refusedRun(p.life.programType(), packet, in, o)
	switch {
	case why != "":
	case o.LiveFrames && olderThan("5.18"):
		why = "LiveFrames needs Linux 5.18"
	case len(packet) > os.Getpagesize()-1024:
		why = fmt.Sprintf("a packet of %d bytes may be too large: of most types of programs the kernel runs those that fit into a page with their headers", len(packet))
	default:
		return err
	}
	return fmt.Errorf("%s: %w", why, err)
}

// leastPacket is ETH_HLEN, which the kernel asks for where a program takes a
// packet, mostContext what it takes of a syscall program's context, maxRawArgs of the
// arguments of raw tracepoints, and maxLiveBatch of packets at once (net/bpf/test_run.c,
// kernel/bpf/syscall.c).
const (
	leastPacket  = 14
	mostContext  = 1<<16 - 1
	maxRawArgs   = 12
	maxLiveBatch = 256
)

// refusedRun says what of a run no kernel takes, "" if some may.
func refusedRun(typ ebpf.ProgramType, packet, in []byte, o RunOptions) string {
	raw := typ == ebpf.RawTracepoint || typ == ebpf.RawTracepointWritable
	for _, rule := range []struct {
		broken bool
		why    string
	}{
		{takesPacket(typ) && len(packet) < leastPacket, fmt.Sprintf("a packet has at least %d bytes, not %d", leastPacket, len(packet))},
		{o.LiveFrames && typ != ebpf.XDP, "LiveFrames is for XDP programs alone"},
		{o.BatchSize > maxLiveBatch, fmt.Sprintf("a BatchSize is at most %d packets", maxLiveBatch)},
		{o.BatchSize != 0 && !o.LiveFrames, "BatchSize goes with LiveFrames alone"},
		{o.CPU != CPUs{} && !raw, "CPU is for raw tracepoint programs alone"},
		{raw && len(in) > 8*maxRawArgs, fmt.Sprintf("a raw tracepoint has at most %d arguments", maxRawArgs)},
		{(raw || typ == ebpf.Syscall) && o.Repeat != 0, "programs of this type run once: Repeat must be 0"},
		{typ == ebpf.Syscall && len(in) > mostContext, fmt.Sprintf("a context has at most %d bytes", mostContext)},
	} {
		if rule.broken {
			return rule.why
		}
	}
	return ""
}

// testRun is BPF_PROG_TEST_RUN, of the kernel or in memory.
func (p *program) testRun(packet, room, in, out []byte, o RunOptions) (result runResult, err error) {
	if p.life != nil && p.life.fake.p != nil {
		if !p.life.calls.Enter() {
			return result, p.usable()
		}
		defer p.life.calls.Leave()
		return p.life.fakeRun(packet, room, in, out, o)
	}
	err = p.use(func(prog *ebpf.Program) (err error) {
		result, err = testRun(prog, packet, room, in, out, o)
		return err
	})
	return result, err
}

// fakeRun runs a program in memory.
func (l *programLife) fakeRun(packet, room, in, out []byte, o RunOptions) (runResult, error) {
	if refusedRun(l.typ, packet, in, o) != "" {
		return runResult{}, syscall.EINVAL
	}
	cpu, _ := o.CPU.one()
	r := bpf.Run{
		Packet: slices.Clone(packet), Context: slices.Clone(in),
		Repeat: o.Repeat, CPU: cpu, Flags: o.flags(),
	}
	if err := (*memoryProgram)(l.fake.p).run(&r); err != nil {
		return runResult{}, err
	}
	copy(out, r.Context)
	result := runResult{ret: r.Return, output: len(r.Packet), duration: r.Duration}
	if copy(room, r.Packet) < len(r.Packet) && room != nil {
		return result, syscall.ENOSPC
	}
	return result, nil
}

// contextOf is what run takes for a context that goes in and out: its bytes as
// they are; nothing for nil.
func contextOf[T any](ctx *T) []byte {
	if ctx == nil {
		return nil
	}
	return plain.Memory(ctx)
}

// XDPContext is struct xdp_md (include/uapi/linux/bpf.h). In a run, Data and
// DataEnd are offsets in the packet, DataMeta is an offset in front of Data.
type XDPContext struct {
	_              structs.HostLayout
	Data           uint32
	DataEnd        uint32
	DataMeta       uint32
	IngressIfindex uint32
	RxQueueIndex   uint32
	EgressIfindex  uint32
}

// Run runs the program on a packet of at least 14 bytes, and gives its verdict
// and the packet as it left it. ctx may be nil; else it goes in and comes back
// as the program left it (Linux ≥ 5.15), and DataEnd must be the packet's
// length. opts may be nil.
func (p *XDP) Run(packet []byte, ctx *XDPContext, opts *RunOptions) (verdict XDPAction, out []byte, err error) {
	ret, data, err := p.base().run(packet, contextOf(ctx), contextOf(ctx), opts)
	return XDPAction(ret), data, err
}

// SKBuff is struct __sk_buff (include/uapi/linux/bpf.h), the context of
// programs that see packets as the stack has them. The kernel takes Mark,
// Priority, IngressIfindex, Ifindex, Cb, Tstamp, WireLen, GSOSegs, GSOSize and
// Hwtstamp from it for a run and wants the rest to be 0: EINVAL else. Tstamp and
// Hwtstamp are nanoseconds.
type SKBuff struct {
	_              structs.HostLayout
	Len            uint32
	PktType        uint32
	Mark           uint32
	QueueMapping   uint32
	Protocol       uint32
	VLANPresent    uint32
	VLANTCI        uint32
	VLANProto      uint32
	Priority       uint32
	IngressIfindex uint32
	Ifindex        uint32
	TCIndex        uint32
	Cb             [5]uint32
	Hash           uint32
	TCClassid      uint32
	Data           uint32
	DataEnd        uint32
	NAPIID         uint32
	Family         uint32
	RemoteIP4      ctypes.BE32
	LocalIP4       ctypes.BE32
	RemoteIP6      [4]ctypes.BE32
	LocalIP6       [4]ctypes.BE32
	RemotePort     ctypes.BE16
	_              [2]byte
	LocalPort      uint32 // in host byte order
	DataMeta       uint32
	FlowKeys       ctypes.Pointer
	Tstamp         uint64
	WireLen        uint32
	GSOSegs        uint32
	Sk             ctypes.Pointer
	GSOSize        uint32
	TstampType     uint8
	_              [3]byte
	Hwtstamp       uint64
}

// runSKB is the Run of kinds that see a struct __sk_buff.
func (p *program) runSKB(packet []byte, ctx *SKBuff, opts *RunOptions) (uint32, []byte, error) {
	return p.run(packet, contextOf(ctx), contextOf(ctx), opts)
}

// Run runs the program on a packet of at least 14 bytes, and gives what it
// returned and the packet as it left it. ctx may be nil; else it goes in and
// comes back. opts may be nil.
func (p *SocketFilter) Run(packet []byte, ctx *SKBuff, opts *RunOptions) (ret uint32, out []byte, err error) {
	return p.base().runSKB(packet, ctx, opts)
}

// Run runs the program on a packet of at least 14 bytes, and gives what it
// returned and the packet as it left it. ctx may be nil; else it goes in and
// comes back. opts may be nil.
func (p *TC) Run(packet []byte, ctx *SKBuff, opts *RunOptions) (ret uint32, out []byte, err error) {
	return p.base().runSKB(packet, ctx, opts)
}

// Run runs the program on a packet of at least 14 bytes, and gives what it
// returned and the packet as it left it. ctx may be nil; else it goes in and
// comes back. opts may be nil.
func (p *TCX) Run(packet []byte, ctx *SKBuff, opts *RunOptions) (ret uint32, out []byte, err error) {
	return p.base().runSKB(packet, ctx, opts)
}

// Run runs the program on a packet of at least 14 bytes, and gives what it
// returned and the packet as it left it. ctx may be nil; else it goes in and
// comes back. opts may be nil.
func (p *Netkit) Run(packet []byte, ctx *SKBuff, opts *RunOptions) (ret uint32, out []byte, err error) {
	return p.base().runSKB(packet, ctx, opts)
}

// Run runs the program on a packet of at least 14 bytes, and gives what it
// returned and the packet as it left it. ctx may be nil; else it goes in and
// comes back. opts may be nil.
func (p *SchedAct) Run(packet []byte, ctx *SKBuff, opts *RunOptions) (ret uint32, out []byte, err error) {
	return p.base().runSKB(packet, ctx, opts)
}

// Run runs the program on a packet of at least 14 bytes, and gives what it
// returned and the packet as it left it. ctx may be nil; else it goes in and
// comes back. opts may be nil.
func (p *CgroupSKB) Run(packet []byte, ctx *SKBuff, opts *RunOptions) (ret uint32, out []byte, err error) {
	return p.base().runSKB(packet, ctx, opts)
}

// Run runs the program on a packet of at least 14 bytes, and gives what it
// returned and the packet as it left it. ctx may be nil; else it goes in and
// comes back. opts may be nil.
func (p *CgroupSKBAny) Run(packet []byte, ctx *SKBuff, opts *RunOptions) (ret uint32, out []byte, err error) {
	return p.base().runSKB(packet, ctx, opts)
}

// Run runs the program on a packet of at least 14 bytes, and gives what it
// returned and the packet as it left it. ctx may be nil; else it goes in and
// comes back. opts may be nil.
func (p *LWTIn) Run(packet []byte, ctx *SKBuff, opts *RunOptions) (ret uint32, out []byte, err error) {
	return p.base().runSKB(packet, ctx, opts)
}

// Run runs the program on a packet of at least 14 bytes, and gives what it
// returned and the packet as it left it. ctx may be nil; else it goes in and
// comes back. opts may be nil.
func (p *LWTOut) Run(packet []byte, ctx *SKBuff, opts *RunOptions) (ret uint32, out []byte, err error) {
	return p.base().runSKB(packet, ctx, opts)
}

// Run runs the program on a packet of at least 14 bytes, and gives what it
// returned and the packet as it left it. ctx may be nil; else it goes in and
// comes back. opts may be nil.
func (p *LWTXmit) Run(packet []byte, ctx *SKBuff, opts *RunOptions) (ret uint32, out []byte, err error) {
	return p.base().runSKB(packet, ctx, opts)
}

// Run runs the program on a packet of at least 14 bytes, as if netfilter had
// it at the hook LOCAL_IN of IPv4 (Linux ≥ 6.4), and gives its verdict. opts may be nil.
func (p *Netfilter) Run(packet []byte, opts *RunOptions) (verdict uint32, err error) {
	ret, _, err := p.base().run(packet, nil, nil, opts)
	return ret, err
}

// FlowKeys is struct bpf_flow_keys (include/uapi/linux/bpf.h): what a flow
// dissector finds out. The addresses are IPv4 in the first four bytes, or IPv6.
type FlowKeys struct {
	_           structs.HostLayout
	NHOff       uint16
	THOff       uint16
	AddrProto   uint16
	IsFrag      uint8
	IsFirstFrag uint8
	IsEncap     uint8
	IPProto     uint8
	NProto      ctypes.BE16
	Sport       ctypes.BE16
	Dport       ctypes.BE16
	Source      [16]byte
	Destination [16]byte
	Flags       uint32
	FlowLabel   ctypes.BE32
}

// Run runs the program on a packet of at least 14 bytes, and gives what it
// returned and the keys that it found. Before Linux 6.1 the kernel says 1 for
// BPF_OK and 0 for anything else. opts may be nil.
func (p *FlowDissector) Run(packet []byte, opts *RunOptions) (ret uint32, keys FlowKeys, err error) {
	var data []byte
	ret, data, err = p.base().run(packet, nil, nil, opts)
	if err == nil && copy(plain.Memory(&keys), data) < plain.Size[FlowKeys]() {
		err = fmt.Errorf("run program %s: the kernel gave %d bytes of keys", p.base().name, len(data))
	}
	return ret, keys, err
}

// SkLookupContext is struct bpf_sk_lookup (include/uapi/linux/bpf.h). For a
// run, Cookie must be 0; addresses and ports are as the program sees them.
type SkLookupContext struct {
	_              structs.HostLayout
	Cookie         uint64 // of the socket that was chosen, when it comes back
	Family         uint32
	Protocol       uint32
	RemoteIP4      ctypes.BE32
	RemoteIP6      [4]ctypes.BE32
	RemotePort     ctypes.BE16
	_              [2]byte
	LocalIP4       ctypes.BE32
	LocalIP6       [4]ctypes.BE32
	LocalPort      uint32 // in host byte order
	IngressIfindex uint32
	_              [4]byte
}

// Run runs the program on a lookup (Linux ≥ 5.14), and gives what it returned.
// ctx goes in and comes back. opts may be nil.
func (p *SkLookup) Run(ctx *SkLookupContext, opts *RunOptions) (verdict uint32, err error) {
	ret, _, err := p.base().run(nil, contextOf(ctx), contextOf(ctx), opts)
	return ret, err
}

// Run runs the program with the arguments of a tracepoint (Linux ≥ 5.10), at
// most 12, and gives what it returned. opts may be nil.
func (p *RawTracepoint) Run(args []uint64, opts *RunOptions) (ret uint32, err error) {
	return p.base().runArgs(args, opts)
}

// Run runs the program with the arguments of a tracepoint (Linux ≥ 5.10), at
// most 12, and gives what it returned. opts may be nil.
func (p *RawTracepointWritable) Run(args []uint64, opts *RunOptions) (ret uint32, err error) {
	return p.base().runArgs(args, opts)
}

func (p *program) runArgs(args []uint64, opts *RunOptions) (uint32, error) {
	ret, _, err := p.run(nil, binaryOf(args), nil, opts)
	return ret, err
}

// binaryOf is the memory of a slice.
func binaryOf(words []uint64) []byte {
	b := make([]byte, 0, 8*len(words))
	for _, w := range words {
		b = binary.NativeEndian.AppendUint64(b, w)
	}
	return b
}

// Run calls the kernel's test functions bpf_fentry_test1 to 9; the program
// runs if it is attached to one of them. opts may be nil.
func (p *Fentry) Run(opts *RunOptions) error { return p.base().runTracing(opts) }

// Run calls the kernel's test functions bpf_fentry_test1 to 9; the program
// runs if it is attached to one of them. opts may be nil.
func (p *Fexit) Run(opts *RunOptions) error { return p.base().runTracing(opts) }

// Run calls the kernel's test functions bpf_fentry_test1 to 9; the program
// runs twice if it is attached to one of them. opts may be nil.
func (p *Fsession) Run(opts *RunOptions) error { return p.base().runTracing(opts) }

// Run calls the kernel's test functions bpf_modify_return_test and, in newer
// kernels, bpf_modify_return_test2; the program runs if it is attached to one of
// them. The result has the sum of their side effects in its upper 16 bits and
// that of what they returned in its lower ones. opts may be nil.
func (p *FmodRet) Run(opts *RunOptions) (uint32, error) {
	ret, _, err := p.base().run(nil, nil, nil, opts)
	return ret, err
}

func (p *program) runTracing(opts *RunOptions) error {
	_, _, err := p.run(nil, nil, nil, opts)
	return err
}

// Run runs the program with ctx, which it may change, and gives what it
// returned. ctx may be nil. opts may be nil. [RunSyscall] has a context with a
// type.
func (p *Syscall) Run(ctx []byte, opts *RunOptions) (ret uint32, err error) {
	ret, _, err = p.base().run(nil, ctx, ctx, opts)
	return ret, err
}

// RunSyscall runs a syscall program with a context of type T, a struct of
// fixed size such as the generated type of the program's argument; the program
// may change it. ctx and opts may be nil.
func RunSyscall[T any](p *Syscall, ctx *T, opts *RunOptions) (ret uint32, err error) {
	if err := plain.CheckOften(reflect.TypeFor[T]()); err != nil {
		return 0, fmt.Errorf("run program %s: %w", p.Name(), err)
	}
	return p.Run(contextOf(ctx), opts)
}
