package typed

import (
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// TracepointOptions are the options of tracepoints. The zero value is good.
type TracepointOptions struct {
	// Cookie is what bpf_get_attach_cookie gives the program (Linux ≥ 5.15).
	Cookie uint64
}

// Tracepoint is a program of SEC("tracepoint/…") or SEC("tp/…") (Linux ≥ 4.7):
// it runs at a tracepoint and sees its formatted fields.
type Tracepoint struct{ common program }

func (*Tracepoint) kind() *progKind { return &kindTracepoint }

// Attach attaches to the group and name of the section. opts may be nil.
func (p *Tracepoint) Attach(opts *TracepointOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) {
		group, name, ok := strings.Cut(where, "/")
		if !ok || name == "" {
			return nil, p.base().badSection(p.kind(), "group/name")
		}
		return p.AttachTo(group, name, opts)
	})
}

// AttachTo attaches to another tracepoint: a folder of
// /sys/kernel/tracing/events and one inside it. opts may be nil.
func (p *Tracepoint) AttachTo(group, name string, opts *TracepointOptions) (*Link, error) {
	return p.base().attach(p.kind(), target{tracepoint, group + "/" + name}, func(prog *ebpf.Program) (link.Link, error) {
		return attachTracepoint(prog, group, name, deref(opts))
	})
}

func (p *Tracepoint) auto() (*Link, error) { return p.Attach(nil) }

// RawTracepointOptions are the options of raw tracepoints. The zero value is
// good.
type RawTracepointOptions struct {
	// Cookie is what bpf_get_attach_cookie gives the program (Linux ≥ 6.10).
	Cookie uint64
}

func (p *program) attachName(k *progKind, name string, opts *RawTracepointOptions) (*Link, error) {
	return p.attach(k, target{rawTracepoint, name}, func(prog *ebpf.Program) (link.Link, error) {
		return attachRawTracepoint(prog, name, deref(opts))
	})
}

// RawTracepoint is a program of SEC("raw_tracepoint/…") or SEC("raw_tp/…")
// (Linux ≥ 4.17): it runs at a tracepoint and sees its raw arguments.
type RawTracepoint struct{ common program }

func (*RawTracepoint) kind() *progKind { return &kindRawTracepoint }

// Attach attaches to the tracepoint of the section. opts may be nil.
func (p *RawTracepoint) Attach(opts *RawTracepointOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) { return p.AttachTo(where, opts) })
}

// AttachTo attaches to another tracepoint by its name without group. opts may
// be nil.
func (p *RawTracepoint) AttachTo(name string, opts *RawTracepointOptions) (*Link, error) {
	return p.base().attachName(p.kind(), name, opts)
}

func (p *RawTracepoint) auto() (*Link, error) { return p.Attach(nil) }

// RawTracepointWritable is a program of SEC("raw_tracepoint.w/…") or
// SEC("raw_tp.w/…") (Linux ≥ 5.2): a raw tracepoint whose arguments the program
// may change.
type RawTracepointWritable struct{ common program }

func (*RawTracepointWritable) kind() *progKind { return &kindRawTracepointWritable }

// Attach attaches to the tracepoint of the section. opts may be nil.
func (p *RawTracepointWritable) Attach(opts *RawTracepointOptions) (*Link, error) {
	return p.base().attachWhere(p.kind(), func(where string) (*Link, error) { return p.AttachTo(where, opts) })
}

// AttachTo attaches to another tracepoint by its name without group; it must
// be a writable one. opts may be nil.
func (p *RawTracepointWritable) AttachTo(name string, opts *RawTracepointOptions) (*Link, error) {
	return p.base().attachName(p.kind(), name, opts)
}

func (p *RawTracepointWritable) auto() (*Link, error) { return p.Attach(nil) }
