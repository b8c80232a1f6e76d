package typedtest

import (
	"fmt"
	"reflect"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/internal/bpf"
)

// Run is one run of a program in memory: what goes in, and what comes out.
type Run struct {
	// Packet is what Run was given, a copy; nil if the kind of program has none.
	// What is here afterwards comes back as the packet.
	Packet []byte
	// Context is the context as C has it, or the arguments of a raw tracepoint, in
	// the byte order of the host; nil if there is none. What is changed here comes
	// back to the caller of Run. [typed.RunSyscall] and [ContextOf] give it a type.
	Context []byte
	// Repeat, CPU and Flags are those of the options; Flags has all bits of
	// BPF_F_TEST_*.
	Repeat, CPU, Flags uint32

	// Return is what the program returns.
	Return uint32
	// Duration is the mean time of one run, for [typed.RunOptions].
	Duration time.Duration
}

// ContextOf is the context of a run as a T, in the same memory: what is written
// there comes back to the caller of Run. nil if the context is shorter than a T.
func ContextOf[T any](r *Run) *T { return view[T](r.Context) }

// NewProgram makes a program in memory, of a kind that has a Run:
//
//	b.Programs.CountPackets = typedtest.NewProgram[typed.XDP](func(r *typedtest.Run) error {
//		r.Return = uint32(typed.XDPDrop)
//		return nil
//	})
//
// run is called once for each Run, whatever it is to repeat, and may be called from
// several goroutines. An error of it is that of Run: a [syscall.Errno], say. As with
// the kernel's, a packet of less than 14 bytes is EINVAL, and so are options that
// programs of this type do not have; a packet that does not fit into OutputSize is
// ENOSPC, and a Run after Close an error that wraps [os.ErrClosed].
//
// Nothing else can be done with it: Attach, Pin, Info and the like return an error
// that wraps [ebpf.ErrNotSupported].
//
// It panics if run is nil, or if programs of this kind have no Run.
func NewProgram[P any, H programOf[P]](run func(*Run) error) *P {
	p := new(P)
	if run == nil {
		panic("typedtest: NewProgram without a function that plays the program")
	}
	if _, ok := reflect.TypeOf(p).MethodByName("Run"); !ok {
		panic(fmt.Sprintf("typedtest: a %T has no Run, in the kernel neither", p))
	}
	typed.BindMemoryProgram(H(p), "typedtest", func(r *bpf.Run) error { return run((*Run)(r)) })
	return p
}

// programOf is the pointer to a kind of program.
type programOf[P any] interface {
	*P
	typed.AnyProgram
}
