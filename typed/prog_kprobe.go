package typed

import (
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
	"github.com/bpfgen/bpfgen/typed/internal/userfile"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// KprobeOptions are the options of kprobes. The zero value is good.
type KprobeOptions struct {
	// Cookie is what bpf_get_attach_cookie gives the program (Linux ≥ 5.15).
	Cookie uint64
	// TraceFSPrefix starts the name of the event where the kernel has no
	// kprobe PMU and tracefs must do; empty means "ebpf".
	TraceFSPrefix string
}

// KretprobeOptions are the options of kretprobes. The zero value is good.
type KretprobeOptions struct {
	// Cookie is what bpf_get_attach_cookie gives the program (Linux ≥ 5.15).
	Cookie uint64
	// MaxActive is how many calls of the function can be under way at once; 0
	// lets the kernel choose. Anything else forces the older way by tracefs.
	MaxActive int
	// TraceFSPrefix starts the name of the event where tracefs must do; empty
	// means "ebpf".
	TraceFSPrefix string
}

// Kprobe is a program of SEC("kprobe/…") (Linux ≥ 4.1): it runs before a kernel
// function, or before an instruction inside it.
type Kprobe struct{ common program }

func (*Kprobe) kind() *progKind { return &kindKprobe }

// Attach attaches to the function and offset of the section. opts may be nil.
func (p *Kprobe) Attach(opts *KprobeOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) { return p.AttachTo(where, opts) })
}

// AttachTo attaches to another kernel function. symbol is written as in the
// section: "tcp_connect" or "tcp_connect+0x10". opts may be nil.
func (p *Kprobe) AttachTo(symbol string, opts *KprobeOptions) (*Link, error) {
	return p.base().attach(p.kind(), target{kernelFunction, symbol}, func(prog *ebpf.Program) (link.Link, error) {
		name, offset, err := userfile.SplitOffset(symbol)
		if err != nil {
			return nil, err
		}
		return attachKprobe(prog, name, kprobeArgs{offset: offset, options: deref(opts)})
	})
}

func (p *Kprobe) auto() (*Link, error) { return p.Attach(nil) }

// Kretprobe is a program of SEC("kretprobe/…") (Linux ≥ 4.1): it runs when a
// kernel function returns.
type Kretprobe struct{ common program }

func (*Kretprobe) kind() *progKind { return &kindKretprobe }

// Attach attaches to the function of the section. opts may be nil.
func (p *Kretprobe) Attach(opts *KretprobeOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) { return p.AttachTo(where, opts) })
}

// AttachTo attaches to another kernel function. opts may be nil.
func (p *Kretprobe) AttachTo(symbol string, opts *KretprobeOptions) (*Link, error) {
	return p.base().attach(p.kind(), target{kernelFunction, symbol}, func(prog *ebpf.Program) (link.Link, error) {
		return attachKretprobe(prog, symbol, deref(opts))
	})
}

func (p *Kretprobe) auto() (*Link, error) { return p.Attach(nil) }

// Ksyscall is a program of SEC("ksyscall/…") (Linux ≥ 4.1): a kprobe on the
// kernel's function for a system call, whatever the architecture calls it.
type Ksyscall struct{ common program }

func (*Ksyscall) kind() *progKind { return &kindKsyscall }

// Attach attaches to the system call of the section. opts may be nil.
func (p *Ksyscall) Attach(opts *KprobeOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) { return p.AttachTo(where, opts) })
}

// AttachTo attaches to another system call by its name without prefix:
// "openat". opts may be nil.
func (p *Ksyscall) AttachTo(syscall string, opts *KprobeOptions) (*Link, error) {
	return p.base().attach(p.kind(), target{syscallName, syscall}, func(prog *ebpf.Program) (link.Link, error) {
		return attachKprobe(prog, "sys_"+syscall, kprobeArgs{options: deref(opts)})
	})
}

func (p *Ksyscall) auto() (*Link, error) { return p.Attach(nil) }

// Kretsyscall is a program of SEC("kretsyscall/…") (Linux ≥ 4.1): a kretprobe
// on the kernel's function for a system call.
type Kretsyscall struct{ common program }

func (*Kretsyscall) kind() *progKind { return &kindKretsyscall }

// Attach attaches to the system call of the section. opts may be nil.
func (p *Kretsyscall) Attach(opts *KretprobeOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) { return p.AttachTo(where, opts) })
}

// AttachTo attaches to another system call by its name without prefix:
// "openat". opts may be nil.
func (p *Kretsyscall) AttachTo(syscall string, opts *KretprobeOptions) (*Link, error) {
	return p.base().attach(p.kind(), target{syscallName, syscall}, func(prog *ebpf.Program) (link.Link, error) {
		return attachKretprobe(prog, "sys_"+syscall, deref(opts))
	})
}

func (p *Kretsyscall) auto() (*Link, error) { return p.Attach(nil) }

// KprobeMultiOptions are the options of kprobe.multi, kretprobe.multi and
// kprobe.session. The zero value is good.
type KprobeMultiOptions struct {
	// Cookie gives what bpf_get_attach_cookie is to return in each function;
	// nil means 0 everywhere.
	Cookie func(symbol string) uint64
}

func (p *program) kprobePattern(k *progKind, pattern string, opts *KprobeMultiOptions) (*Link, error) {
	return p.attach(k, target{kernelFunctions, pattern}, func(prog *ebpf.Program) (link.Link, error) {
		symbols, err := kernelsym.Functions(pattern)
		if err != nil {
			return nil, err
		}
		return attachKprobeMulti(prog, k, symbols, deref(opts))
	})
}

func (p *program) kprobeSymbols(k *progKind, symbols []string, opts *KprobeMultiOptions) (*Link, error) {
	return p.attach(k, target{kernelFunctions, strings.Join(symbols, ", ")}, func(prog *ebpf.Program) (link.Link, error) {
		return attachKprobeMulti(prog, k, kernelsym.Named(symbols), deref(opts))
	})
}

func (p *program) kprobeAddresses(k *progKind, addresses []uint64, opts *KprobeMultiOptions) (*Link, error) {
	return p.attach(k, target{kernelFunctions, fmt.Sprintf("at %d addresses", len(addresses))}, func(prog *ebpf.Program) (link.Link, error) {
		if slices.Contains(addresses, 0) {
			return nil, explain(fmt.Errorf("address 0: %w", syscall.EINVAL), "/proc/kallsyms shows addresses to processes with CAP_SYSLOG, unless kernel.kptr_restrict is 2")
		}
		return attachKprobeMulti(prog, k, kernelsym.At(addresses), deref(opts))
	})
}

// KprobeMulti is a program of SEC("kprobe.multi/…") (Linux ≥ 5.18): it runs
// before many kernel functions.
type KprobeMulti struct{ common program }

func (*KprobeMulti) kind() *progKind { return &kindKprobeMulti }

// Attach attaches to all functions that the section's pattern matches. opts
// may be nil.
func (p *KprobeMulti) Attach(opts *KprobeMultiOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) { return p.AttachTo(where, opts) })
}

// AttachTo attaches to all functions that match pattern, in which * stands for
// any characters and ? for one. opts may be nil.
func (p *KprobeMulti) AttachTo(pattern string, opts *KprobeMultiOptions) (*Link, error) {
	return p.base().kprobePattern(p.kind(), pattern, opts)
}

// AttachSymbols attaches to the functions named. opts may be nil.
func (p *KprobeMulti) AttachSymbols(symbols []string, opts *KprobeMultiOptions) (*Link, error) {
	return p.base().kprobeSymbols(p.kind(), symbols, opts)
}

// AttachAddresses attaches to functions by their addresses in the kernel, as
// /proc/kallsyms has them: a name can stand for several functions. Cookie gets
// an address as "0xffffffff81000000". opts may be nil.
func (p *KprobeMulti) AttachAddresses(addresses []uint64, opts *KprobeMultiOptions) (*Link, error) {
	return p.base().kprobeAddresses(p.kind(), addresses, opts)
}

func (p *KprobeMulti) auto() (*Link, error) { return p.Attach(nil) }

// KretprobeMulti is a program of SEC("kretprobe.multi/…") (Linux ≥ 5.18): it
// runs when one of many kernel functions returns.
type KretprobeMulti struct{ common program }

func (*KretprobeMulti) kind() *progKind { return &kindKretprobeMulti }

// Attach attaches to all functions that the section's pattern matches. opts
// may be nil.
func (p *KretprobeMulti) Attach(opts *KprobeMultiOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) { return p.AttachTo(where, opts) })
}

// AttachTo attaches to all functions that match pattern, in which * stands for
// any characters and ? for one. opts may be nil.
func (p *KretprobeMulti) AttachTo(pattern string, opts *KprobeMultiOptions) (*Link, error) {
	return p.base().kprobePattern(p.kind(), pattern, opts)
}

// AttachSymbols attaches to the functions named. opts may be nil.
func (p *KretprobeMulti) AttachSymbols(symbols []string, opts *KprobeMultiOptions) (*Link, error) {
	return p.base().kprobeSymbols(p.kind(), symbols, opts)
}

// AttachAddresses attaches to functions by their addresses in the kernel, as
// /proc/kallsyms has them: a name can stand for several functions. Cookie gets
// an address as "0xffffffff81000000". opts may be nil.
func (p *KretprobeMulti) AttachAddresses(addresses []uint64, opts *KprobeMultiOptions) (*Link, error) {
	return p.base().kprobeAddresses(p.kind(), addresses, opts)
}

func (p *KretprobeMulti) auto() (*Link, error) { return p.Attach(nil) }

// KprobeSession is a program of SEC("kprobe.session/…") (Linux ≥ 6.10): it runs
// before many kernel functions and, where it then returned 0, again when they
// return.
type KprobeSession struct{ common program }

func (*KprobeSession) kind() *progKind { return &kindKprobeSession }

// Attach attaches to all functions that the section's pattern matches. opts
// may be nil.
func (p *KprobeSession) Attach(opts *KprobeMultiOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) { return p.AttachTo(where, opts) })
}

// AttachTo attaches to all functions that match pattern, in which * stands for
// any characters and ? for one. opts may be nil.
func (p *KprobeSession) AttachTo(pattern string, opts *KprobeMultiOptions) (*Link, error) {
	return p.base().kprobePattern(p.kind(), pattern, opts)
}

// AttachSymbols attaches to the functions named. opts may be nil.
func (p *KprobeSession) AttachSymbols(symbols []string, opts *KprobeMultiOptions) (*Link, error) {
	return p.base().kprobeSymbols(p.kind(), symbols, opts)
}

// AttachAddresses attaches to functions by their addresses in the kernel, as
// /proc/kallsyms has them: a name can stand for several functions. Cookie gets
// an address as "0xffffffff81000000". opts may be nil.
func (p *KprobeSession) AttachAddresses(addresses []uint64, opts *KprobeMultiOptions) (*Link, error) {
	return p.base().kprobeAddresses(p.kind(), addresses, opts)
}

func (p *KprobeSession) auto() (*Link, error) { return p.Attach(nil) }

// deref gives the options, or good ones where there are none.
func deref[T any](opts *T) T {
	if opts == nil {
		return *new(T)
	}
	return *opts
}

// kprobeArgs are the options of a kprobe with the offset that its symbol has.
type kprobeArgs struct {
	offset  uint64
	options KprobeOptions
}
