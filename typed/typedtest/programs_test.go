package typedtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
	"github.com/cilium/ebpf"
)

func ExampleNewProgram() {
	// A program that lets through what is not the first byte of a blocked address.
	filter := typedtest.NewProgram[typed.XDP](func(r *typedtest.Run) error {
		r.Return = uint32(typed.XDPPass)
		if r.Packet[0] == 10 {
			r.Return = uint32(typed.XDPDrop)
		}
		return nil
	})
	for _, first := range []byte{10, 11} {
		verdict, _, err := filter.Run(append([]byte{first}, make([]byte, 63)...), nil, nil)
		fmt.Println(verdict == typed.XDPDrop, err)
	}
	// Output:
	// true <nil>
	// false <nil>
}

// What goes in arrives, what comes out goes back.
func TestRunOfAProgramInMemory(t *testing.T) {
	p := typedtest.NewProgram[typed.XDP](func(r *typedtest.Run) error {
		ctx := typedtest.ContextOf[typed.XDPContext](r)
		if ctx.IngressIfindex != 3 || r.Repeat != 7 || !bytes.Equal(r.Packet, bytes.Repeat([]byte{1}, 64)) {
			t.Errorf("%+v, %+v", r, ctx)
		}
		ctx.IngressIfindex = 4
		r.Packet = append(r.Packet[1:], 2, 3)
		r.Return, r.Duration = uint32(typed.XDPTX), time.Microsecond
		return nil
	})
	packet, ctx := bytes.Repeat([]byte{1}, 64), typed.XDPContext{IngressIfindex: 3}
	var each time.Duration
	verdict, out, err := p.Run(packet, &ctx, &typed.RunOptions{Repeat: 7, Duration: &each})
	if err != nil || verdict != typed.XDPTX || each != time.Microsecond || ctx.IngressIfindex != 4 {
		t.Errorf("%v, %v, %v, %+v", verdict, each, err, ctx)
	}
	if want := append(bytes.Repeat([]byte{1}, 63), 2, 3); !bytes.Equal(out, want) || packet[0] != 1 {
		t.Errorf("%v, the caller's %v", out, packet)
	}
}

func TestRunOfAProgramInMemoryFails(t *testing.T) {
	var fail error
	p := typedtest.NewProgram[typed.TC](func(r *typedtest.Run) error {
		r.Packet = append(r.Packet, 0)
		return fail
	})
	packet := make([]byte, 14)
	run := func(packet []byte, opts *typed.RunOptions) error {
		_, _, err := p.Run(packet, nil, opts)
		return err
	}
	for _, test := range []struct {
		what string
		err  error
		want error
	}{
		{"a packet that is too short", run(packet[:13], nil), syscall.EINVAL},
		{"no packet", run(nil, nil), syscall.EINVAL},
		{"a packet that grows", run(packet, &typed.RunOptions{OutputSize: 14}), syscall.ENOSPC},
		{"a packet that fits", run(packet, &typed.RunOptions{OutputSize: 15}), nil},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: %v", test.what, test.err)
		}
	}
	fail = syscall.EAGAIN
	if err := run(packet, nil); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("an error of the test's: %v", err)
	}
	if !p.Loaded() || p.Err() != nil || p.FD() != -1 || p.Program() != nil || p.VerifierLog() != "" {
		t.Errorf("loaded %v, %v, FD %d", p.Loaded(), p.Err(), p.FD())
	}
	_, attach := p.AttachIngress(1, nil)
	_, info := p.Info()
	for what, err := range map[string]error{"attach": attach, "info": info, "pin": p.Pin("/sys/fs/bpf/p")} {
		if !errors.Is(err, ebpf.ErrNotSupported) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := errors.Join(p.Close(), p.Close()); err != nil {
		t.Error(err)
	}
	if err := run(packet, nil); !errors.Is(err, os.ErrClosed) || !errors.Is(p.Err(), os.ErrClosed) {
		t.Errorf("after Close: %v, %v", err, p.Err())
	}
}

// Programs without a packet: a context of the test's, and arguments.
func TestRunOfOtherProgramsInMemory(t *testing.T) {
	type args struct{ A, B uint32 }
	sum := typedtest.NewProgram[typed.Syscall](func(r *typedtest.Run) error {
		a := typedtest.ContextOf[args](r)
		r.Return, a.B = a.A+a.B, 0
		return nil
	})
	in := args{1, 2}
	if ret, err := typed.RunSyscall(sum, &in, nil); err != nil || ret != 3 || in.B != 0 {
		t.Errorf("%d, %v, %v", ret, err, in)
	}
	tracepoint := typedtest.NewProgram[typed.RawTracepoint](func(r *typedtest.Run) error {
		r.Return = uint32(typedtest.ContextOf[[2]uint64](r)[1])
		if typedtest.ContextOf[[3]uint64](r) != nil {
			t.Error("a context that is longer than it is")
		}
		return nil
	})
	if ret, err := tracepoint.Run([]uint64{1, 9}, nil); err != nil || ret != 9 {
		t.Errorf("%d, %v", ret, err)
	}
}
