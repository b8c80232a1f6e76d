package typed

import (
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// The programs of this file are compiled by the kernel into a trampoline, or
// into a list of typed functions. Where they go is part of the program: it is
// settled when they are loaded, by the section or by [ProgramSpec.SetTarget].

// TracingOptions are the options of tp_btf, fentry, fexit, fmod_ret, fsession
// and LSM programs. The zero value is good.
type TracingOptions struct {
	// Cookie is what bpf_get_attach_cookie gives the program (Linux ≥ 5.19).
	Cookie uint64
}

func (p *program) attachLoaded(k *progKind, what string, opts *TracingOptions) (*Link, error) {
	return p.attach(k, target{what, p.where()}, func(prog *ebpf.Program) (link.Link, error) {
		return attachTracing(prog, p.attachType(), deref(opts))
	})
}

// TPBTF is a program of SEC("tp_btf/…") (Linux ≥ 5.5): it runs at a tracepoint
// and sees its arguments with their types.
type TPBTF struct{ common program }

func (*TPBTF) kind() *progKind { return &kindTPBTF }

// Attach attaches to the tracepoint that the program was loaded for. opts may
// be nil.
func (p *TPBTF) Attach(opts *TracingOptions) (*Link, error) {
	return p.base().attachLoaded(p.kind(), rawTracepoint, opts)
}

func (p *TPBTF) auto() (*Link, error) { return p.Attach(nil) }

// Fentry is a program of SEC("fentry/…") (Linux ≥ 5.5): it runs before a kernel
// function, or before a function of another BPF program, and sees its arguments
// with their types.
type Fentry struct{ common program }

func (*Fentry) kind() *progKind { return &kindFentry }

// Attach attaches to the function that the program was loaded for. opts may be
// nil.
func (p *Fentry) Attach(opts *TracingOptions) (*Link, error) {
	return p.base().attachLoaded(p.kind(), kernelFunction, opts)
}

func (p *Fentry) auto() (*Link, error) { return p.Attach(nil) }

// Fexit is a program of SEC("fexit/…") (Linux ≥ 5.5): it runs when a kernel
// function, or a function of another BPF program, returns, and sees arguments
// and result.
type Fexit struct{ common program }

func (*Fexit) kind() *progKind { return &kindFexit }

// Attach attaches to the function that the program was loaded for. opts may be
// nil.
func (p *Fexit) Attach(opts *TracingOptions) (*Link, error) {
	return p.base().attachLoaded(p.kind(), kernelFunction, opts)
}

func (p *Fexit) auto() (*Link, error) { return p.Attach(nil) }

// FmodRet is a program of SEC("fmod_ret/…") (Linux ≥ 5.7): it runs before a
// kernel function that allows it and may return in its place.
type FmodRet struct{ common program }

func (*FmodRet) kind() *progKind { return &kindFmodRet }

// Attach attaches to the function that the program was loaded for. opts may be
// nil.
func (p *FmodRet) Attach(opts *TracingOptions) (*Link, error) {
	return p.base().attachLoaded(p.kind(), kernelFunction, opts)
}

func (p *FmodRet) auto() (*Link, error) { return p.Attach(nil) }

// Fsession is a program of SEC("fsession/…") (Linux ≥ 7.0): it runs before a
// kernel function and again when it returns.
type Fsession struct{ common program }

func (*Fsession) kind() *progKind { return &kindFsession }

// Attach attaches to the function that the program was loaded for. opts may be
// nil.
func (p *Fsession) Attach(opts *TracingOptions) (*Link, error) {
	return p.base().attachLoaded(p.kind(), kernelFunction, opts)
}

func (p *Fsession) auto() (*Link, error) { return p.Attach(nil) }

// LSM is a program of SEC("lsm/…") (Linux ≥ 5.7): it runs at a hook of the
// kernel's security modules and may deny. The kernel must have been booted with
// bpf among its lsm=.
type LSM struct{ common program }

func (*LSM) kind() *progKind { return &kindLSM }

// Attach attaches to the hook that the program was loaded for. opts may be
// nil.
func (p *LSM) Attach(opts *TracingOptions) (*Link, error) {
	return p.base().attachLoaded(p.kind(), "LSM hook", opts)
}

func (p *LSM) auto() (*Link, error) { return p.Attach(nil) }

// LSMCgroup is a program of SEC("lsm_cgroup/…") (Linux ≥ 6.0): it runs at a
// hook of the kernel's security modules, for the processes of a cgroup, and may
// deny by returning 0. The hook is settled when it is loaded.
type LSMCgroup struct{ common program }

func (*LSMCgroup) kind() *progKind { return &kindLSMCgroup }

func (*LSMCgroup) updatableLink() link.Type { return linkCgroup }

// Attach attaches to a cgroup v2 directory. opts may be nil.
func (p *LSMCgroup) Attach(cgroup string, opts *CgroupOptions) (*UpdatableLink[LSMCgroup], error) {
	return updatable[LSMCgroup](p.base().attachCgroup(p.kind(), cgroup, ebpf.AttachLSMCgroup, opts))
}

// TracingMultiOptions are the options of fentry.multi, fexit.multi and
// fsession.multi. The zero value is good.
type TracingMultiOptions struct {
	// Cookie gives what bpf_get_attach_cookie is to return in each function;
	// nil means 0 everywhere.
	Cookie func(symbol string) uint64
}

func (p *program) tracingPattern(k *progKind, pattern string, opts *TracingMultiOptions) (*Link, error) {
	return p.attach(k, target{kernelFunctions, pattern}, func(prog *ebpf.Program) (link.Link, error) {
		return attachTracingMulti(prog, p.attachType(), pattern, deref(opts))
	})
}

// FentryMulti is a program of SEC("fentry.multi/…") (Linux ≥ 7.2): it runs
// before many kernel functions.
type FentryMulti struct{ common program }

func (*FentryMulti) kind() *progKind { return &kindFentryMulti }

// Attach attaches to all functions that the section's pattern matches. opts
// may be nil.
func (p *FentryMulti) Attach(opts *TracingMultiOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) { return p.AttachTo(where, opts) })
}

// AttachTo attaches to all functions of the kernel's own BTF that match
// pattern, in which * stands for any characters and ? for one. opts may be nil.
func (p *FentryMulti) AttachTo(pattern string, opts *TracingMultiOptions) (*Link, error) {
	return p.base().tracingPattern(p.kind(), pattern, opts)
}

func (p *FentryMulti) auto() (*Link, error) { return p.Attach(nil) }

// FexitMulti is a program of SEC("fexit.multi/…") (Linux ≥ 7.2): it runs when
// one of many kernel functions returns.
type FexitMulti struct{ common program }

func (*FexitMulti) kind() *progKind { return &kindFexitMulti }

// Attach attaches to all functions that the section's pattern matches. opts
// may be nil.
func (p *FexitMulti) Attach(opts *TracingMultiOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) { return p.AttachTo(where, opts) })
}

// AttachTo attaches to all functions of the kernel's own BTF that match
// pattern, in which * stands for any characters and ? for one. opts may be nil.
func (p *FexitMulti) AttachTo(pattern string, opts *TracingMultiOptions) (*Link, error) {
	return p.base().tracingPattern(p.kind(), pattern, opts)
}

func (p *FexitMulti) auto() (*Link, error) { return p.Attach(nil) }

// FsessionMulti is a program of SEC("fsession.multi/…") (Linux ≥ 7.2): it runs
// before many kernel functions and again when they return.
type FsessionMulti struct{ common program }

func (*FsessionMulti) kind() *progKind { return &kindFsessionMulti }

// Attach attaches to all functions that the section's pattern matches. opts
// may be nil.
func (p *FsessionMulti) Attach(opts *TracingMultiOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) { return p.AttachTo(where, opts) })
}

// AttachTo attaches to all functions of the kernel's own BTF that match
// pattern, in which * stands for any characters and ? for one. opts may be nil.
func (p *FsessionMulti) AttachTo(pattern string, opts *TracingMultiOptions) (*Link, error) {
	return p.base().tracingPattern(p.kind(), pattern, opts)
}

func (p *FsessionMulti) auto() (*Link, error) { return p.Attach(nil) }

// Freplace is a program of SEC("freplace/…") (Linux ≥ 5.6): it takes the place
// of a global function of another BPF program.
type Freplace struct{ common program }

func (*Freplace) kind() *progKind { return &kindFreplace }

// Attach puts the program in the place of the function that it was loaded for.
func (p *Freplace) Attach() (*Link, error) {
	return p.base().attach(p.kind(), target{"function", p.base().where()}, func(prog *ebpf.Program) (link.Link, error) {
		return attachFreplace(prog, nil, "")
	})
}

// AttachTo puts the program in the place of a function of another program than
// the one it was loaded for: of a handle of any kind, or the library's
// [*ebpf.Program]. Both functions must have the same types.
func (p *Freplace) AttachTo(program LoadedProgram, function string) (*Link, error) {
	return p.base().attach(p.kind(), target{"function", strings.TrimSpace(function)}, func(prog *ebpf.Program) (l link.Link, err error) {
		err = useProgram(program, func(other *ebpf.Program) error {
			l, err = attachFreplace(prog, other, function)
			return err
		})
		return l, err
	})
}

func (p *Freplace) auto() (*Link, error) { return p.Attach() }
