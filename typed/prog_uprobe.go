package typed

import (
	"fmt"
	"strings"

	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
	"github.com/bpfgen/bpfgen/typed/internal/userfile"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// UprobeOptions are the options of uprobes and uretprobes. The zero value is
// good.
type UprobeOptions struct {
	// PID limits the probe to one process; 0 means all.
	PID int
	// Cookie is what bpf_get_attach_cookie gives the program (Linux ≥ 5.15).
	Cookie uint64
	// RefCtrOffset is where in the file the 16-bit semaphore lies that the
	// kernel counts up while the probe is attached (Linux ≥ 4.20).
	RefCtrOffset uint64
	// TraceFSPrefix starts the name of the event where the kernel has no uprobe
	// PMU and tracefs must do; empty means "ebpf".
	TraceFSPrefix string
}

func (p *program) uprobeSymbol(k *progKind, path, symbol string, opts *UprobeOptions) (*Link, error) {
	return p.uprobeInFile(k, path, symbol, opts, func(file *userfile.File) (uint64, error) {
		fn, err := file.Find(symbol)
		return fn.Offset, err
	})
}

func (p *program) uprobeOffset(k *progKind, path string, offset uint64, opts *UprobeOptions) (*Link, error) {
	return p.uprobeInFile(k, path, fmt.Sprintf("%#x", offset), opts, func(file *userfile.File) (uint64, error) {
		return offset, file.CheckOffset(offset)
	})
}

// attachFile attaches to a place of a file. where is the place for messages,
// find gives its offset.
func (p *program) uprobeInFile(k *progKind, path, where string, opts *UprobeOptions, find func(*userfile.File) (uint64, error)) (*Link, error) {
	o := deref(opts)
	return p.attach(k, target{executable, path + ":" + where}, func(prog *ebpf.Program) (link.Link, error) {
		file, err := userfile.Open(path, o.PID)
		if err != nil {
			return nil, err
		}
		offset, err := find(file)
		if err != nil {
			return nil, err
		}
		return attachUprobe(prog, k, file.Path, offset, o)
	})
}

// attachPath splits the path:symbol of a section.
func (p *program) uprobeOfSection(k *progKind, opts *UprobeOptions) (*Link, error) {
	return p.attachWhere(k, func(where string) (*Link, error) {
		path, symbol, ok := strings.Cut(where, ":")
		if !ok || symbol == "" {
			return nil, p.badSection(k, "path:function or path:function+offset")
		}
		return p.uprobeSymbol(k, path, symbol, opts)
	})
}

// badSection says how a section should have been written.
func (p *program) badSection(k *progKind, want string) error {
	return p.attachError(k, target{}, fmt.Errorf("%w: behind the / should stand %s", ErrNeedsTarget, want))
}

// Uprobe is a program of SEC("uprobe/…") (Linux ≥ 4.1): it runs before a
// function of an executable or shared library, or before an instruction inside
// it.
type Uprobe struct{ common program }

func (*Uprobe) kind() *progKind { return &kindUprobe }

// Attach attaches to the path, symbol and offset of the section. opts may be
// nil.
func (p *Uprobe) Attach(opts *UprobeOptions) (*Link, error) {
	return p.base().uprobeOfSection(p.kind(), opts)
}

// AttachTo attaches to a function of an executable or shared library.
//
// A path without "/" is looked up among the files that the process of opts.PID
// runs, if there is one, those that were replaced since included; then in $PATH or, for
// a library, in the usual folders.
// A file in the mount namespace of another process, such as a container's, is
// named by "/proc/PID/root/usr/bin/app".
//
// symbol is written as in the section: "malloc", "malloc+0x10", with a version
// "memcpy@GLIBC_2.14", or an offset in the file, "0x1234". The dynamic symbols go
// before the others, as for the linker. A name that several functions have, and an
// indirect function (IFUNC), whose symbol is that of its resolver, are errors: no guess
// is made. opts may be nil.
func (p *Uprobe) AttachTo(path, symbol string, opts *UprobeOptions) (*Link, error) {
	return p.base().uprobeSymbol(p.kind(), path, symbol, opts)
}

// AttachOffset attaches to an instruction by its offset in the file, for files
// without symbols. opts may be nil.
func (p *Uprobe) AttachOffset(path string, offset uint64, opts *UprobeOptions) (*Link, error) {
	return p.base().uprobeOffset(p.kind(), path, offset, opts)
}

func (p *Uprobe) auto() (*Link, error) { return p.Attach(nil) }

// Uretprobe is a program of SEC("uretprobe/…") (Linux ≥ 4.1): it runs when a
// function of an executable or shared library returns. Functions of Go programs
// do not bear it: their stacks move.
type Uretprobe struct{ common program }

func (*Uretprobe) kind() *progKind { return &kindUretprobe }

// Attach attaches to the path and symbol of the section. opts may be nil.
func (p *Uretprobe) Attach(opts *UprobeOptions) (*Link, error) {
	return p.base().uprobeOfSection(p.kind(), opts)
}

// AttachTo attaches to a function of an executable or shared library, see
// [Uprobe.AttachTo]. opts may be nil.
func (p *Uretprobe) AttachTo(path, symbol string, opts *UprobeOptions) (*Link, error) {
	return p.base().uprobeSymbol(p.kind(), path, symbol, opts)
}

// AttachOffset attaches to a function by its offset in the file, for files
// without symbols. opts may be nil.
func (p *Uretprobe) AttachOffset(path string, offset uint64, opts *UprobeOptions) (*Link, error) {
	return p.base().uprobeOffset(p.kind(), path, offset, opts)
}

func (p *Uretprobe) auto() (*Link, error) { return p.Attach(nil) }

// UprobeMultiOptions are the options of uprobe.multi, uretprobe.multi and
// uprobe.session. The zero value is good.
type UprobeMultiOptions struct {
	// PID limits the probes to one process; 0 means all. Before Linux 6.10 it is
	// one thread of it.
	PID int
	// Cookie gives what bpf_get_attach_cookie is to return at each symbol; nil
	// means 0 everywhere.
	Cookie func(symbol string) uint64
	// RefCtrOffset gives where in the file the 16-bit semaphore of a symbol lies
	// that the kernel counts up while the probe is attached, 0 if it has none;
	// nil means that none has.
	RefCtrOffset func(symbol string) uint64
}

// UprobePlace is an instruction of an executable or shared library.
type UprobePlace struct {
	// Offset in the file.
	Offset uint64
	// Cookie is what bpf_get_attach_cookie gives the program there.
	Cookie uint64
	// RefCtrOffset is where in the file the 16-bit semaphore lies that the
	// kernel counts up while the probe is attached, 0 if there is none.
	RefCtrOffset uint64
}

func (p *program) uprobePattern(k *progKind, path, pattern string, opts *UprobeMultiOptions) (*Link, error) {
	return p.uprobesInFile(k, path, pattern, opts, func(file *userfile.File) ([]UprobePlace, error) {
		return opts.places(file.Match(pattern))
	})
}

func (p *program) uprobeSymbols(k *progKind, path string, symbols []string, opts *UprobeMultiOptions) (*Link, error) {
	return p.uprobesInFile(k, path, strings.Join(symbols, ", "), opts, func(file *userfile.File) ([]UprobePlace, error) {
		var found []userfile.Function
		for _, s := range symbols {
			fn, err := file.Find(s)
			if err != nil {
				return nil, err
			}
			found = append(found, fn)
		}
		return opts.places(found, nil)
	})
}

func (p *program) uprobePlaces(k *progKind, path string, places []UprobePlace, opts *UprobeMultiOptions) (*Link, error) {
	return p.uprobesInFile(k, path, fmt.Sprintf("%d offsets", len(places)), opts, func(file *userfile.File) ([]UprobePlace, error) {
		for _, place := range places {
			if err := file.CheckOffset(place.Offset); err != nil {
				return nil, err
			}
		}
		return places, nil
	})
}

// attachFile attaches to places of a file. where are the places for messages,
// find gives them.
func (p *program) uprobesInFile(k *progKind, path, where string, opts *UprobeMultiOptions, find func(*userfile.File) ([]UprobePlace, error)) (*Link, error) {
	pid := deref(opts).PID
	return p.attach(k, target{executable, path + ":" + where}, func(prog *ebpf.Program) (link.Link, error) {
		file, err := userfile.Open(path, pid)
		if err != nil {
			return nil, err
		}
		places, err := find(file)
		if err != nil {
			return nil, err
		}
		if len(places) == 0 {
			return nil, kernelsym.ErrNoFunction
		}
		return attachUprobeMulti(prog, k, file.Path, places, pid)
	})
}

// places gives functions their cookies and semaphores. opts may be nil.
func (opts *UprobeMultiOptions) places(functions []userfile.Function, err error) ([]UprobePlace, error) {
	o := deref(opts)
	var places []UprobePlace
	for _, fn := range functions {
		place := UprobePlace{Offset: fn.Offset}
		if o.Cookie != nil {
			place.Cookie = o.Cookie(fn.Name)
		}
		if o.RefCtrOffset != nil {
			place.RefCtrOffset = o.RefCtrOffset(fn.Name)
		}
		places = append(places, place)
	}
	return places, err
}

func (p *program) uprobesOfSection(k *progKind, opts *UprobeMultiOptions) (*Link, error) {
	return p.attachWhere(k, func(where string) (*Link, error) {
		path, pattern, ok := strings.Cut(where, ":")
		if !ok || pattern == "" {
			return nil, p.badSection(k, "path:pattern")
		}
		return p.uprobePattern(k, path, pattern, opts)
	})
}

// UprobeMulti is a program of SEC("uprobe.multi/…") (Linux ≥ 6.6): it runs
// before many functions of an executable or shared library.
type UprobeMulti struct{ common program }

func (*UprobeMulti) kind() *progKind { return &kindUprobeMulti }

// Attach attaches to all functions that the section's pattern matches. opts
// may be nil.
func (p *UprobeMulti) Attach(opts *UprobeMultiOptions) (*Link, error) {
	return p.base().uprobesOfSection(p.kind(), opts)
}

// AttachTo attaches to all functions of a file that match pattern, in which *
// stands for any characters and ? for one; but not to indirect functions
// (IFUNC). A path without "/" is looked up as by [Uprobe.AttachTo]. opts may be
// nil.
func (p *UprobeMulti) AttachTo(path, pattern string, opts *UprobeMultiOptions) (*Link, error) {
	return p.base().uprobePattern(p.kind(), path, pattern, opts)
}

// AttachSymbols attaches to the functions named, see [Uprobe.AttachTo] for
// how. opts may be nil.
func (p *UprobeMulti) AttachSymbols(path string, symbols []string, opts *UprobeMultiOptions) (*Link, error) {
	return p.base().uprobeSymbols(p.kind(), path, symbols, opts)
}

// AttachOffsets attaches to places of a file, for files without symbols. opts
// may be nil; its Cookie and RefCtrOffset are not used.
func (p *UprobeMulti) AttachOffsets(path string, places []UprobePlace, opts *UprobeMultiOptions) (*Link, error) {
	return p.base().uprobePlaces(p.kind(), path, places, opts)
}

func (p *UprobeMulti) auto() (*Link, error) { return p.Attach(nil) }

// UretprobeMulti is a program of SEC("uretprobe.multi/…") (Linux ≥ 6.6): it
// runs when one of many functions of an executable or shared library returns.
type UretprobeMulti struct{ common program }

func (*UretprobeMulti) kind() *progKind { return &kindUretprobeMulti }

// Attach attaches to all functions that the section's pattern matches. opts
// may be nil.
func (p *UretprobeMulti) Attach(opts *UprobeMultiOptions) (*Link, error) {
	return p.base().uprobesOfSection(p.kind(), opts)
}

// AttachTo attaches to all functions of a file that match pattern, in which *
// stands for any characters and ? for one; but not to indirect functions
// (IFUNC). A path without "/" is looked up as by [Uprobe.AttachTo]. opts may be
// nil.
func (p *UretprobeMulti) AttachTo(path, pattern string, opts *UprobeMultiOptions) (*Link, error) {
	return p.base().uprobePattern(p.kind(), path, pattern, opts)
}

// AttachSymbols attaches to the functions named, see [Uprobe.AttachTo] for
// how. opts may be nil.
func (p *UretprobeMulti) AttachSymbols(path string, symbols []string, opts *UprobeMultiOptions) (*Link, error) {
	return p.base().uprobeSymbols(p.kind(), path, symbols, opts)
}

// AttachOffsets attaches to places of a file, for files without symbols. opts
// may be nil; its Cookie and RefCtrOffset are not used.
func (p *UretprobeMulti) AttachOffsets(path string, places []UprobePlace, opts *UprobeMultiOptions) (*Link, error) {
	return p.base().uprobePlaces(p.kind(), path, places, opts)
}

func (p *UretprobeMulti) auto() (*Link, error) { return p.Attach(nil) }

// UprobeSession is a program of SEC("uprobe.session/…") (Linux ≥ 6.13): it runs
// before many functions of an executable and, where it then returned 0, again
// when they return.
type UprobeSession struct{ common program }

func (*UprobeSession) kind() *progKind { return &kindUprobeSession }

// Attach attaches to all functions that the section's pattern matches. opts
// may be nil.
func (p *UprobeSession) Attach(opts *UprobeMultiOptions) (*Link, error) {
	return p.base().uprobesOfSection(p.kind(), opts)
}

// AttachTo attaches to all functions of a file that match pattern, in which *
// stands for any characters and ? for one; but not to indirect functions
// (IFUNC). A path without "/" is looked up as by [Uprobe.AttachTo]. opts may be
// nil.
func (p *UprobeSession) AttachTo(path, pattern string, opts *UprobeMultiOptions) (*Link, error) {
	return p.base().uprobePattern(p.kind(), path, pattern, opts)
}

// AttachSymbols attaches to the functions named, see [Uprobe.AttachTo] for
// how. opts may be nil.
func (p *UprobeSession) AttachSymbols(path string, symbols []string, opts *UprobeMultiOptions) (*Link, error) {
	return p.base().uprobeSymbols(p.kind(), path, symbols, opts)
}

// AttachOffsets attaches to places of a file, for files without symbols. opts
// may be nil; its Cookie and RefCtrOffset are not used.
func (p *UprobeSession) AttachOffsets(path string, places []UprobePlace, opts *UprobeMultiOptions) (*Link, error) {
	return p.base().uprobePlaces(p.kind(), path, places, opts)
}

func (p *UprobeSession) auto() (*Link, error) { return p.Attach(nil) }

// USDTOptions are the options of USDT probes. The zero value is good.
type USDTOptions struct {
	// PID limits the probe to one process; 0 means all.
	PID int
	// Cookie is what bpf_usdt_cookie gives the program.
	Cookie uint64
}

// USDT is a program of SEC("usdt/path:provider:name") (Linux ≥ 4.20): it runs
// at a static probe that the authors of an executable or library put there.
//
// bpf_usdt_arg and its kin need the maps that libbpf's usdt.bpf.h brings and,
// in position-independent executables and libraries, Linux ≥ 5.15. cilium/ebpf takes
// that header under macros of your own only, which the guide has (go.generate.md,
// static probes).
type USDT struct{ common program }

func (*USDT) kind() *progKind { return &kindUSDT }

// Attach attaches to the probe of the section. opts may be nil.
func (p *USDT) Attach(opts *USDTOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) {
		part := strings.SplitN(where, ":", 3)
		if len(part) < 3 {
			return nil, p.base().badSection(p.kind(), "path:provider:name")
		}
		return p.AttachTo(part[0], part[1], part[2], opts)
	})
}

// AttachTo attaches to another probe. A path without "/" is looked up as by
// [Uprobe.AttachTo]. opts may be nil.
//
// The arguments of a probe are read in files for x86-64 and arm64. For others,
// attaching a program that asks for arguments is an error; so it is where an argument
// is a global variable and the file is stripped of its symbols.
func (p *USDT) AttachTo(path, provider, name string, opts *USDTOptions) (*Link, error) {
	t := target{staticProbe, strings.Join([]string{path, provider, name}, ":")}
	return p.base().attach(p.kind(), t, func(prog *ebpf.Program) (link.Link, error) {
		return attachUSDT(prog, p.base().collection(), usdtTarget{path, provider, name}, deref(opts))
	})
}

func (p *USDT) auto() (*Link, error) { return p.Attach(nil) }

// usdtTarget names a static probe.
type usdtTarget struct{ path, provider, name string }
