package typed

import (
	"strconv"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// XDPAction is what an XDP program returns: the kernel's enum xdp_action.
type XDPAction uint32

// The actions of an XDP program.
const (
	// XDPAborted drops the packet and fires the tracepoint xdp:xdp_exception: a
	// mistake of the program.
	XDPAborted XDPAction = iota
	// XDPDrop drops the packet.
	XDPDrop
	// XDPPass hands the packet to the network stack.
	XDPPass
	// XDPTX sends the packet out by the interface that it came in by.
	XDPTX
	// XDPRedirect sends it where bpf_redirect or bpf_redirect_map have said.
	XDPRedirect
)

// XDPMode says where in the network stack an XDP program runs: the kernel's
// XDP_FLAGS_*_MODE.
type XDPMode uint32

// The modes of XDP.
const (
	// XDPBest is the driver's, if it has XDP, else the generic one.
	XDPBest XDPMode = 0
	// XDPGeneric runs the program in the network stack, on every interface.
	XDPGeneric XDPMode = 1 << 1
	// XDPDriver runs it in the driver, which must have XDP.
	XDPDriver XDPMode = 1 << 2
	// XDPOffload runs it in the network card; the program must be loaded for it.
	XDPOffload XDPMode = 1 << 3
)

// XDPOptions are the options of XDP programs. The zero value is good.
type XDPOptions struct {
	// Mode is where the program runs; zero lets the kernel choose.
	Mode XDPMode
}

// XDP is a program of SEC("xdp") or SEC("xdp.frags") (Linux ≥ 5.9): it sees
// packets as they come in.
type XDP struct{ common program }

func (*XDP) kind() *progKind { return &kindXDP }

func (*XDP) updatableLink() link.Type { return linkXDP }

// Attach attaches to an interface of the current network namespace. opts may
// be nil.
func (p *XDP) Attach(ifindex int, opts *XDPOptions) (*UpdatableLink[XDP], error) {
	return updatable[XDP](p.base().attach(p.kind(), onInterface(ifindex), func(prog *ebpf.Program) (link.Link, error) {
		return attachXDP(prog, ifindex, deref(opts))
	}))
}

func onInterface(ifindex int) target { return target{netInterface, strconv.Itoa(ifindex)} }

// XDPDevMap is a program of SEC("xdp/devmap") (Linux ≥ 5.8): it runs on packets
// that are redirected through a slot of a device map. It is not attached: Put
// of the map takes it as a part of the slot's value.
type XDPDevMap struct{ common program }

func (*XDPDevMap) kind() *progKind { return &kindXDPDevMap }

// XDPCPUMap is a program of SEC("xdp/cpumap") (Linux ≥ 5.9): it runs on packets
// that are redirected through a slot of a CPU map. It is not attached: Put of
// the map takes it as a part of the slot's value.
type XDPCPUMap struct{ common program }

func (*XDPCPUMap) kind() *progKind { return &kindXDPCPUMap }

// TCOptions are the options of tc programs. The zero value is good.
type TCOptions struct {
	// Via is how the program is attached; zero takes TCX, or a clsact filter on
	// kernels without.
	Via TCVia
	// Anchor places the program before or after another; the zero Anchor is at
	// the end. TCX alone has it.
	Anchor Anchor
	// ExpectedRevision makes attaching fail if the list of programs has changed
	// since; 0 means that it does not matter. TCX alone has it.
	ExpectedRevision uint64
	// Priority and Handle of the clsact filter, where one is used; 0 lets the
	// kernel choose.
	Priority uint16
	Handle   uint32
}

// TCVia is one of the ways in which the kernel attaches a tc program.
type TCVia int

// The ways of a tc program.
const (
	// TCXOrClsact takes TCX where the kernel has it (Linux ≥ 6.6), else a clsact
	// filter.
	TCXOrClsact TCVia = iota
	// TCXOnly is an error where the kernel has no TCX: the program cannot
	// outlive a crash of the process.
	TCXOnly
	// ClsactOnly takes a filter of the clsact qdisc, by netlink. It outlives a
	// crash of the process.
	ClsactOnly
)

// ordered says whether the options need a list with an order.
func (o *TCOptions) ordered() bool { return !o.Anchor.isZero() || o.ExpectedRevision != 0 }

func (p *program) attachTC(k *progKind, ifindex int, at ebpf.AttachType, opts *TCOptions) (*Link, error) {
	return p.attach(k, onInterface(ifindex), func(prog *ebpf.Program) (link.Link, error) {
		return attachTC(prog, p.name, ifindex, at, deref(opts))
	})
}

// TC is a program of SEC("tc") or SEC("classifier") (Linux ≥ 4.5): it sees
// packets as they come in or go out, as the method says.
//
// It is attached by TCX where the kernel has it (Linux ≥ 6.6), else as a
// filter of the clsact qdisc, which is made if need be.
type TC struct{ common program }

func (*TC) kind() *progKind { return &kindTC }

func (*TC) updatableLink() link.Type { return linkTCX }

// AttachIngress attaches to packets that come in by an interface of the
// current network namespace. opts may be nil.
func (p *TC) AttachIngress(ifindex int, opts *TCOptions) (*UpdatableLink[TC], error) {
	return updatable[TC](p.base().attachTC(p.kind(), ifindex, ebpf.AttachTCXIngress, opts))
}

// AttachEgress attaches to packets that go out by an interface of the current
// network namespace. opts may be nil.
func (p *TC) AttachEgress(ifindex int, opts *TCOptions) (*UpdatableLink[TC], error) {
	return updatable[TC](p.base().attachTC(p.kind(), ifindex, ebpf.AttachTCXEgress, opts))
}

// TCX is a program of SEC("tc/ingress"), SEC("tc/egress"), SEC("tcx/ingress")
// or SEC("tcx/egress") (Linux ≥ 4.5): it sees packets in the direction of its
// section. It is attached as [TC] is.
type TCX struct{ common program }

func (*TCX) kind() *progKind { return &kindTCX }

func (*TCX) updatableLink() link.Type { return linkTCX }

// Attach attaches to an interface of the current network namespace, in the
// direction of the section. opts may be nil.
func (p *TCX) Attach(ifindex int, opts *TCOptions) (*UpdatableLink[TCX], error) {
	return updatable[TCX](p.base().attachTC(p.kind(), ifindex, p.base().attachType(), opts))
}

// NetkitOptions are the options of netkit programs. The zero value is good.
type NetkitOptions struct {
	// Anchor places the program before or after another; the zero Anchor is at
	// the end.
	Anchor Anchor
	// ExpectedRevision makes attaching fail if the list of programs has changed
	// since; 0 means that it does not matter.
	ExpectedRevision uint64
}

// Netkit is a program of SEC("netkit/primary") or SEC("netkit/peer")
// (Linux ≥ 6.7): it runs inside a netkit device, on the side of its section.
type Netkit struct{ common program }

func (*Netkit) kind() *progKind { return &kindNetkit }

func (*Netkit) updatableLink() link.Type { return linkNetkit }

// Attach attaches to a netkit device of the current network namespace, always
// by the index of its primary side. opts may be nil.
func (p *Netkit) Attach(ifindex int, opts *NetkitOptions) (*UpdatableLink[Netkit], error) {
	return updatable[Netkit](p.base().attach(p.kind(), onInterface(ifindex), func(prog *ebpf.Program) (link.Link, error) {
		return attachNetkit(prog, ifindex, p.base().attachType(), deref(opts))
	}))
}

// SchedActOptions are the options of tc actions. The zero value is good.
type SchedActOptions struct {
	// Priority and Handle of the clsact filter that carries the action; 0 lets
	// the kernel choose.
	Priority uint16
	Handle   uint32
}

// SchedAct is a program of SEC("action") (Linux ≥ 4.5): an action of a tc
// filter. It is attached behind a filter that matches every packet.
type SchedAct struct{ common program }

func (*SchedAct) kind() *progKind { return &kindSchedAct }

// AttachIngress attaches to packets that come in by an interface of the
// current network namespace. opts may be nil.
func (p *SchedAct) AttachIngress(ifindex int, opts *SchedActOptions) (*Link, error) {
	return p.attachAction(ifindex, ebpf.AttachTCXIngress, opts)
}

// AttachEgress attaches to packets that go out by an interface of the current
// network namespace. opts may be nil.
func (p *SchedAct) AttachEgress(ifindex int, opts *SchedActOptions) (*Link, error) {
	return p.attachAction(ifindex, ebpf.AttachTCXEgress, opts)
}

func (p *SchedAct) attachAction(ifindex int, at ebpf.AttachType, opts *SchedActOptions) (*Link, error) {
	return p.base().attach(p.kind(), onInterface(ifindex), func(prog *ebpf.Program) (link.Link, error) {
		return attachAction(prog, p.base().name, ifindex, at, deref(opts))
	})
}

// NetfilterOptions are the options of netfilter programs. The zero value is
// good.
type NetfilterOptions struct {
	// Priority among the programs of the hook, lowest first; the kernel forbids
	// the smallest and the greatest number.
	Priority int32
	// Defrag makes the kernel put fragments together first
	// (BPF_F_NETFILTER_IP_DEFRAG, Linux ≥ 6.6).
	Defrag bool
}

// Netfilter is a program of SEC("netfilter") (Linux ≥ 6.4): it runs where
// iptables' rules do.
type Netfilter struct{ common program }

func (*Netfilter) kind() *progKind { return &kindNetfilter }

// Attach attaches to a hook of the current network namespace, for IPv4
// (link.NetfilterProtoIPv4) or IPv6. opts may be nil.
func (p *Netfilter) Attach(family NetfilterFamily, hook NetfilterHook, opts *NetfilterOptions) (*Link, error) {
	return p.base().attach(p.kind(), target{what: "netfilter hook"}, func(prog *ebpf.Program) (link.Link, error) {
		return attachNetfilter(prog, family, hook, deref(opts))
	})
}

// SkLookup is a program of SEC("sk_lookup") (Linux ≥ 5.9): it chooses the
// socket that gets a new connection or a datagram.
type SkLookup struct{ common program }

func (*SkLookup) kind() *progKind { return &kindSkLookup }

func (*SkLookup) updatableLink() link.Type { return linkNetNS }

// Attach attaches to a network namespace by a file descriptor of it, such as
// an open /proc/self/ns/net.
func (p *SkLookup) Attach(netns int) (*UpdatableLink[SkLookup], error) {
	return updatable[SkLookup](p.base().attachNetNS(p.kind(), netns, ebpf.AttachSkLookup))
}

// FlowDissector is a program of SEC("flow_dissector") (Linux ≥ 4.20): it takes
// the place of the kernel's own parser of packet headers.
type FlowDissector struct{ common program }

func (*FlowDissector) kind() *progKind { return &kindFlowDissector }

func (*FlowDissector) updatableLink() link.Type { return linkNetNS }

// Attach attaches to a network namespace by a file descriptor of it, such as
// an open /proc/self/ns/net.
func (p *FlowDissector) Attach(netns int) (*UpdatableLink[FlowDissector], error) {
	return updatable[FlowDissector](p.base().attachNetNS(p.kind(), netns, ebpf.AttachFlowDissector))
}

func (p *program) attachNetNS(k *progKind, netns int, at ebpf.AttachType) (*Link, error) {
	return p.attach(k, target{"network namespace", "fd " + strconv.Itoa(netns)}, func(prog *ebpf.Program) (link.Link, error) {
		return attachNetNS(prog, netns, at)
	})
}

// LWTOptions are the options of programs on routes. The zero value is good.
type LWTOptions struct {
	// Headroom is how many bytes the program may add in front of a packet; LWT
	// xmit programs alone have it.
	Headroom int
	// Table is the routing table; 0 means main.
	Table int
}

func (p *program) attachRoute(k *progKind, at lwtHook, prefix string, ifindex int, opts *LWTOptions) (*Link, error) {
	return p.attach(k, target{"route", prefix}, func(prog *ebpf.Program) (link.Link, error) {
		return attachLWT(prog, p.name, at, prefix, ifindex, deref(opts))
	})
}

// LWTIn is a program of SEC("lwt_in") (Linux ≥ 4.10): it sees packets that came
// in and were routed by a route (dst_input). It cannot change them.
type LWTIn struct{ common program }

func (*LWTIn) kind() *progKind { return &kindLWTIn }

// Attach makes a route to prefix ("10.1.0.0/16") by an interface of the
// current network namespace, with the program on it. Closing the link removes
// the route. opts may be nil.
func (p *LWTIn) Attach(prefix string, ifindex int, opts *LWTOptions) (*Link, error) {
	return p.base().attachRoute(p.kind(), lwtIn, prefix, ifindex, opts)
}

// LWTOut is a program of SEC("lwt_out") (Linux ≥ 4.10): it sees packets that go
// out by a route (dst_output). It cannot change them.
type LWTOut struct{ common program }

func (*LWTOut) kind() *progKind { return &kindLWTOut }

// Attach makes a route to prefix ("10.1.0.0/16") by an interface of the
// current network namespace, with the program on it. Closing the link removes
// the route. opts may be nil.
func (p *LWTOut) Attach(prefix string, ifindex int, opts *LWTOptions) (*Link, error) {
	return p.base().attachRoute(p.kind(), lwtOut, prefix, ifindex, opts)
}

// LWTXmit is a program of SEC("lwt_xmit") (Linux ≥ 4.10): it sees packets that
// go out by a route, and may change and redirect them.
type LWTXmit struct{ common program }

func (*LWTXmit) kind() *progKind { return &kindLWTXmit }

// Attach makes a route to prefix ("10.1.0.0/16") by an interface of the
// current network namespace, with the program on it. Closing the link removes
// the route. opts may be nil.
func (p *LWTXmit) Attach(prefix string, ifindex int, opts *LWTOptions) (*Link, error) {
	return p.base().attachRoute(p.kind(), lwtXmit, prefix, ifindex, opts)
}

// LWTSeg6Local is a program of SEC("lwt_seg6local") (Linux ≥ 4.18): the End.BPF
// action of IPv6 segment routing.
type LWTSeg6Local struct{ common program }

func (*LWTSeg6Local) kind() *progKind { return &kindLWTSeg6Local }

// Attach makes an IPv6 route to prefix by an interface of the current network
// namespace, with the program as its End.BPF action. Closing the link removes
// the route. opts may be nil.
func (p *LWTSeg6Local) Attach(prefix string, ifindex int, opts *LWTOptions) (*Link, error) {
	return p.base().attachRoute(p.kind(), lwtSeg6Local, prefix, ifindex, opts)
}

// lwtHook is where on its way a packet meets the program of a route.
type lwtHook int

const (
	lwtIn lwtHook = iota
	lwtOut
	lwtXmit
	lwtSeg6Local
)
