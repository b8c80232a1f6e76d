package typed

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"structs"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// progLoadAttr is the attribute of BPF_PROG_LOAD up to fd_array
// (include/uapi/linux/bpf.h, union bpf_attr): 136 bytes.
type progLoadAttr struct {
	_                  structs.HostLayout
	progType           uint32
	insnCnt            uint32
	insns              bpf.Pointer
	license            bpf.Pointer
	logLevel           uint32
	logSize            uint32
	logBuf             bpf.Pointer
	_                  uint32 // kern_version
	progFlags          uint32
	progName           [16]byte
	_                  uint32 // prog_ifindex
	expectedAttachType uint32
	progBTFFD          uint32
	funcInfoRecSize    uint32
	funcInfo           bpf.Pointer
	funcInfoCnt        uint32
	lineInfoRecSize    uint32
	lineInfo           bpf.Pointer
	lineInfoCnt        uint32
	attachBTFID        uint32
	attachBTFObjFD     uint32
	_                  uint32 // core_relo_cnt
	fdArray            bpf.Pointer
}

// loadProgram loads a program for a function of the kernel's BTF. loaded are
// the maps that it refers to, by C name; types finds those of the kernel.
func loadProgram(spec *ebpf.ProgramSpec, loaded map[string]*ebpf.Map, types *btf.Cache, opts ebpf.ProgramOptions) (*ebpf.Program, error) {
	code := slices.Clone(spec.Instructions)
	if err := linkMaps(code, loaded); err != nil {
		return nil, err
	}
	var local btf.Builder
	if err := relocate(code, &local, types, opts); err != nil {
		return nil, fmt.Errorf("apply CO-RE relocations: %w", err)
	}
	attr := &progLoadAttr{
		progType:           uint32(spec.Type),
		license:            bpf.SlicePointer(append([]byte(spec.License), 0)),
		progFlags:          spec.Flags,
		expectedAttachType: uint32(spec.AttachType),
	}
	copy(attr.progName[:len(attr.progName)-1], spec.Name)

	handle, err := attr.setBTF(code, &local)
	if err != nil {
		return nil, err
	}
	if handle != nil {
		defer handle.Close()
	}
	module, err := attr.setTarget(targetFunction(spec), types)
	if err != nil {
		return nil, err
	}
	if module != nil {
		defer module.Close()
	}
	outside, err := resolveExterns(code, spec.License, types)
	defer outside.close()
	if err != nil {
		return nil, err
	}
	if len(outside.modules) > 0 {
		attr.fdArray = bpf.SlicePointer(outside.descriptors())
	}
	var insns bytes.Buffer
	if err := code.Marshal(&insns, nativeOrder()); err != nil {
		return nil, err
	}
	attr.insns = bpf.SlicePointer(insns.Bytes())
	attr.insnCnt = uint32(insns.Len() / asm.InstructionSize)

	prog, err := attr.load(opts)
	runtime.KeepAlive(loaded)
	return prog, err
}

// relocate does the CO-RE relocations against the kernel and its modules, as
// the library's applyRelocations (linker.go) does.
func relocate(code asm.Instructions, local *btf.Builder, types *btf.Cache, opts ebpf.ProgramOptions) error {
	var relos []*btf.CORERelocation
	var at []*asm.Instruction
	for i := range code {
		if relo := btf.CORERelocationMetadata(&code[i]); relo != nil {
			relos, at = append(relos, relo), append(at, &code[i])
		}
	}
	if len(relos) == 0 {
		return nil
	}
	targets, err := relocationTargets(types, opts)
	if err != nil {
		return err
	}
	fixups, err := btf.CORERelocate(relos, targets, nativeOrder(), local.Add)
	if err != nil {
		return err
	}
	for i, fixup := range fixups {
		if err := fixup.Apply(at[i]); err != nil {
			return fmt.Errorf("%s: %w", relos[i], err)
		}
	}
	return nil
}

func relocationTargets(types *btf.Cache, opts ebpf.ProgramOptions) ([]*btf.Spec, error) {
	if opts.KernelTypes != nil {
		return append([]*btf.Spec{opts.KernelTypes}, opts.ExtraRelocationTargets...), nil
	}
	kernel, err := types.Kernel()
	if err != nil {
		return nil, err
	}
	targets := []*btf.Spec{kernel}
	modules, err := types.Modules()
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // built without the BTF of modules
		return nil, err
	}
	for _, name := range modules {
		module, err := types.Module(name)
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", name, err)
		}
		targets = append(targets, module)
	}
	return append(targets, opts.ExtraRelocationTargets...), nil
}

// setBTF adds the types, functions and lines of the program, if the object has
// them. The handle must stay open until the program is loaded.
func (a *progLoadAttr) setBTF(code asm.Instructions, local *btf.Builder) (*btf.Handle, error) {
	funcs, lines, err := btf.MarshalExtInfos(code, local)
	if err != nil {
		return nil, err
	}
	if local.Empty() {
		return nil, nil
	}
	handle, err := btf.NewHandle(local)
	if err != nil {
		return nil, fmt.Errorf("load BTF: %w", err)
	}
	a.progBTFFD = uint32(handle.FD())
	a.funcInfo, a.funcInfoRecSize = bpf.SlicePointer(funcs), btf.FuncInfoSize
	a.funcInfoCnt = uint32(len(funcs)) / btf.FuncInfoSize
	a.lineInfo, a.lineInfoRecSize = bpf.SlicePointer(lines), btf.LineInfoSize
	a.lineInfoCnt = uint32(len(lines)) / btf.LineInfoSize
	return handle, nil
}

// setTarget finds the function in the kernel's BTF, or else in that of a
// module, whose handle must then stay open until the program is loaded.
func (a *progLoadAttr) setTarget(function string, types *btf.Cache) (*btf.Handle, error) {
	fn, spec, module, err := kernelFunctionType(function, types)
	if errors.Is(err, btf.ErrNotFound) {
		return nil, fmt.Errorf("the kernel's BTF has no function %s: %w (%w)", function, ebpf.ErrNotSupported, err)
	}
	if err != nil {
		return nil, err
	}
	id, err := spec.TypeID(fn)
	if err != nil {
		return nil, errors.Join(err, module.Close())
	}
	a.attachBTFID = uint32(id)
	if module != nil {
		a.attachBTFObjFD = uint32(module.FD())
	}
	return module, nil
}

// The sizes of the verifier's log, in bytes, and what level it gets after a
// first load without (prog.go of the library: minVerifierLogSize,
// maxVerifierLogSize).
const (
	firstLogSize = 64 << 10
	maxLogSize   = 1<<30 - 1
)

// load calls bpf(2): without a log, unless opts wants one, and again with one
// if that fails.
func (a *progLoadAttr) load(opts ebpf.ProgramOptions) (*ebpf.Program, error) {
	size := max(firstLogSize, opts.LogSizeStart)
	var log []byte
	a.logLevel = uint32(opts.LogLevel)
	for {
		if a.logLevel != 0 {
			log = make([]byte, size)
			a.logBuf, a.logSize = bpf.SlicePointer(log), size
		}
		fd, errno := bpfProgLoad(a)
		switch {
		case errno == 0:
			return withLog(fd, logText(log))
		case errno == unix.ENOSPC && a.logLevel != 0 && size < maxLogSize:
			size = min(2*size, maxLogSize)
		case a.logLevel == 0 && !opts.LogDisabled:
			a.logLevel = uint32(ebpf.LogLevelBranch)
		default:
			return nil, loadFailed(errno, log)
		}
	}
}

// withLog is the library's object of a program that was loaded, with what the
// verifier said.
func withLog(fd int, log string) (*ebpf.Program, error) {
	prog, err := ebpf.NewProgramFromFD(fd)
	if err == nil {
		prog.VerifierLog = log
	}
	return prog, err
}

// logText is the log without the bytes that the verifier left.
func logText(log []byte) string {
	text, _, _ := bytes.Cut(log, []byte{0})
	return string(text)
}

// loadFailed is the library's error for it, with the log. The text of one that
// is made outside of the library starts with ": ".
func loadFailed(errno syscall.Errno, log []byte) error {
	err := &ebpf.VerifierError{Cause: kernelError(errno)}
	for line := range strings.Lines(strings.TrimSpace(logText(log))) {
		err.Log = append(err.Log, strings.TrimRight(line, " \n"))
	}
	return fmt.Errorf("load program%w", err)
}

// bpfProgLoad is BPF_PROG_LOAD.
func bpfProgLoad(attr *progLoadAttr) (int, syscall.Errno) {
	for {
		fd, errno := bpf.Call(bpf.ProgLoad, attr)
		// EAGAIN: a signal interrupted the verifier (kernel/bpf/verifier.c).
		if errno != unix.EINTR && errno != unix.EAGAIN {
			return fd, errno
		}
	}
}
