package typed

import (
	"runtime"
	"structs"
	"syscall"
	"time"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// progRunAttr is the attribute of BPF_PROG_TEST_RUN (include/uapi/linux/bpf.h):
// 80 bytes. The library has this call, but gives no duration of a run with a
// context.
type progRunAttr struct {
	_           structs.HostLayout
	progFD      uint32
	retval      uint32
	dataSizeIn  uint32
	dataSizeOut uint32 // in: room, out: bytes of the packet
	dataIn      bpf.Pointer
	dataOut     bpf.Pointer
	repeat      uint32
	duration    uint32 // nanoseconds
	ctxSizeIn   uint32
	ctxSizeOut  uint32
	ctxIn       bpf.Pointer
	ctxOut      bpf.Pointer
	flags       uint32
	cpu         uint32
	batchSize   uint32
	_           uint32
}

// testRun is BPF_PROG_TEST_RUN. With ENOSPC the output is how much there
// would be.
func testRun(prog *ebpf.Program, packet, room, in, out []byte, o RunOptions) (runResult, error) {
	cpu, _ := o.CPU.one()
	attr := &progRunAttr{
		progFD:     uint32(prog.FD()),
		dataSizeIn: uint32(len(packet)), dataIn: bpf.SlicePointer(packet),
		dataSizeOut: uint32(len(room)), dataOut: bpf.SlicePointer(room),
		ctxSizeIn: uint32(len(in)), ctxIn: bpf.SlicePointer(in),
		ctxSizeOut: uint32(len(out)), ctxOut: bpf.SlicePointer(out),
		repeat: o.Repeat, flags: o.flags(), cpu: cpu, batchSize: o.BatchSize,
	}
	// A syscall program writes into the context that it is given, and the kernel
	// refuses another (net/bpf/test_run.c, bpf_prog_test_run_syscall).
	if prog.Type() == ebpf.Syscall {
		attr.ctxSizeOut, attr.ctxOut = 0, bpf.Pointer{}
	}
	errno := progTestRun(attr)
	runtime.KeepAlive(prog)
	result := runResult{ret: attr.retval, output: int(attr.dataSizeOut), duration: time.Duration(attr.duration)}
	if errno != 0 {
		return result, kernelError(errno)
	}
	return result, nil
}

// progTestRun repeats what a signal has interrupted; one run is done then, which
// older kernels find out too late (commit 607b9cc92bd7).
func progTestRun(attr *progRunAttr) syscall.Errno {
	room := attr.dataSizeOut
	for {
		attr.dataSizeOut = room
		_, errno := bpf.Call(bpf.ProgTestRun, attr)
		switch {
		case errno != unix.EINTR:
			return errno
		case attr.repeat <= 1:
			return 0
		}
	}
}
