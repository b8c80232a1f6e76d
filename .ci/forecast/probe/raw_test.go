package probe

// This file loads programs by bpf(2) itself: the library loads a refused program
// twice and looks for its target again each time, and a probe refuses thirty
// thousand, in a machine that is emulated.

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// progLoad is what BPF_PROG_LOAD has in union bpf_attr, up to attach_btf_id.
type progLoad struct {
	progType, insnCnt  uint32
	insns, license     uint64
	logLevel, logSize  uint32
	logBuf             uint64
	kernVersion, flags uint32
	name               [16]byte
	ifindex            uint32
	expectedAttachType uint32
	btfFD, funcInfoRec uint32
	funcInfo           uint64
	funcInfoCnt        uint32
	lineInfoRec        uint32
	lineInfo           uint64
	lineInfoCnt        uint32
	attachBTFID        uint32
}

const bpfProgLoad = 5

// license stays where it is: the kernel reads it by its address.
var license = []byte("GPL\x00")

// rawLoader loads programs of one kind, that differ in their instructions.
type rawLoader struct {
	attr progLoad
	log  []byte
}

// raw gives nil for kinds whose target is not in the kernel's own BTF.
func (p *prober) raw(spec *ebpf.ProgramSpec) *rawLoader {
	id, index, ok := p.target(spec)
	if !ok {
		return nil
	}
	attach := uint32(spec.AttachType)
	if spec.Type == ebpf.StructOps {
		attach = index
	}
	r := &rawLoader{
		attr: progLoad{progType: uint32(spec.Type), expectedAttachType: attach, flags: spec.Flags, attachBTFID: uint32(id)},
		log:  make([]byte, 16<<10),
	}
	if log, loads := r.load(spec.Instructions); !loads {
		fmt.Printf("# %v %s, loaded by the library only: %s\n", spec.Type, spec.AttachTo, strings.Join(strings.Fields(log), " "))
		return nil
	}
	return r
}

// target is attach_btf_id, and for operations the number of the member.
func (p *prober) target(spec *ebpf.ProgramSpec) (id btf.TypeID, index uint32, ok bool) {
	var t btf.Type
	name, member, _ := strings.Cut(spec.AttachTo, ":")
	switch {
	case name == "":
		return 0, 0, true
	case spec.Type == ebpf.StructOps:
		var s *btf.Struct
		if p.kernel.TypeByName(name, &s) != nil {
			return 0, 0, false
		}
		for i, m := range s.Members {
			if m.Name == member {
				t, index = s, uint32(i)
			}
		}
	case spec.AttachType == ebpf.AttachTraceRawTp:
		t = typeNamed[*btf.Typedef](p.kernel, "btf_trace_"+name)
	case spec.AttachType == ebpf.AttachTraceIter:
		t = typeNamed[*btf.Func](p.kernel, "bpf_iter_"+name)
	case spec.Type == ebpf.LSM:
		t = typeNamed[*btf.Func](p.kernel, "bpf_lsm_"+name)
	default:
		t = typeNamed[*btf.Func](p.kernel, name)
	}
	if t == nil {
		return 0, 0, false
	}
	id, err := p.kernel.TypeID(t)
	return id, index, err == nil
}

// typeNamed gives nil if there is none.
func typeNamed[T btf.Type](kernel *btf.Spec, name string) btf.Type {
	var t T
	if kernel.TypeByName(name, &t) != nil {
		return nil
	}
	return t
}

// load gives the verifier's log, and whether the program was loaded.
func (r *rawLoader) load(code asm.Instructions) (log string, loads bool) {
	var insns bytes.Buffer
	if err := code.Marshal(&insns, order()); err != nil {
		return err.Error(), false
	}
	attr := r.attr
	attr.insnCnt = uint32(insns.Len() / asm.InstructionSize)
	attr.insns = address(insns.Bytes())
	attr.license = address(license)
	attr.logLevel, attr.logSize, attr.logBuf = 1, uint32(len(r.log)), address(r.log)
	fd, errno := uintptr(0), unix.EAGAIN
	for errno == unix.EAGAIN { // a signal came, as the runtime's own do
		r.log[0] = 0
		fd, _, errno = unix.Syscall(unix.SYS_BPF, bpfProgLoad, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	}
	runtime.KeepAlive(insns.Bytes())
	if errno == 0 {
		_ = unix.Close(int(fd))
		return "", true
	}
	text, _, _ := bytes.Cut(r.log, []byte{0})
	return string(text) + errno.Error(), false
}

// order is the machine's byte order, of which the library wants one by name.
func order() binary.ByteOrder {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func address(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(&b[0]))) }
