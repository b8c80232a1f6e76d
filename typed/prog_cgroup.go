package typed

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// CgroupOptions are the options of cgroup programs. The zero value is good.
//
// With Preorder on Linux 6.15 and 6.16, and with a Mode other than CgroupMulti
// on all kernels, the kernel has no link: the program stays attached if the
// process ends without Close, a crash included. LinkOnly refuses that.
type CgroupOptions struct {
	// Mode says whether others may attach here and to the cgroups below.
	Mode CgroupMode
	// Preorder runs the program before those of the cgroups below, not after
	// them (Linux ≥ 6.15; by a link ≥ 6.17).
	Preorder bool
	// Anchor places the program before or after another (Linux ≥ 6.17); it is
	// for CgroupMulti alone. The zero Anchor is at the end.
	Anchor Anchor
	// ExpectedRevision makes attaching fail if the list of programs has changed
	// since (Linux ≥ 6.17); 0 means that it does not matter. It is for
	// CgroupMulti alone.
	ExpectedRevision uint64
	// LinkOnly makes it an error if the kernel has no link for these options.
	LinkOnly bool
}

// ordered says whether the options need a list with an order.
func (o *CgroupOptions) ordered() bool { return !o.Anchor.isZero() || o.ExpectedRevision != 0 }

// CgroupMode is how programs for the same hook get along in a cgroup and in
// those below: the kernel's BPF_F_ALLOW_MULTI, BPF_F_ALLOW_OVERRIDE or neither.
// All programs of a cgroup must have the same.
type CgroupMode uint32

// The modes of a cgroup program. The kernel has links for CgroupMulti alone:
// programs of the others outlive a crash of the process.
const (
	// CgroupMulti: others can attach, and programs of the cgroups below run as
	// well.
	CgroupMulti CgroupMode = iota
	// CgroupOverride: a second program takes the place of the first, whose link
	// then takes nothing away, and one of a cgroup below takes its place there.
	CgroupOverride
	// CgroupExclusive: none can be attached to a cgroup below.
	CgroupExclusive
)

func (p *program) attachCgroup(k *progKind, path string, at ebpf.AttachType, opts *CgroupOptions) (*Link, error) {
	return p.attach(k, target{cgroupDir, path}, func(prog *ebpf.Program) (link.Link, error) {
		return attachCgroup(prog, path, at, deref(opts))
	})
}

// CgroupSKB is a program of SEC("cgroup_skb/ingress") or
// SEC("cgroup_skb/egress") (Linux ≥ 4.10): it sees the packets of the sockets
// of a cgroup, in the direction of its section, and may drop them.
type CgroupSKB struct{ common program }

func (*CgroupSKB) kind() *progKind { return &kindCgroupSKB }

func (*CgroupSKB) updatableLink() link.Type { return linkCgroup }

// Attach attaches to a cgroup v2 directory. opts may be nil.
func (p *CgroupSKB) Attach(cgroup string, opts *CgroupOptions) (*UpdatableLink[CgroupSKB], error) {
	return updatable[CgroupSKB](p.base().attachCgroup(p.kind(), cgroup, p.base().attachType(), opts))
}

// CgroupSKBAny is a program of SEC("cgroup/skb") (Linux ≥ 4.10): it sees the
// packets of the sockets of a cgroup and may drop them.
type CgroupSKBAny struct{ common program }

func (*CgroupSKBAny) kind() *progKind { return &kindCgroupSKBAny }

func (*CgroupSKBAny) updatableLink() link.Type { return linkCgroup }

// AttachIngress attaches to what the sockets of a cgroup v2 directory receive.
// opts may be nil.
func (p *CgroupSKBAny) AttachIngress(cgroup string, opts *CgroupOptions) (*UpdatableLink[CgroupSKBAny], error) {
	return updatable[CgroupSKBAny](p.base().attachCgroup(p.kind(), cgroup, ebpf.AttachCGroupInetIngress, opts))
}

// AttachEgress attaches to what the sockets of a cgroup v2 directory send. opts
// may be nil.
func (p *CgroupSKBAny) AttachEgress(cgroup string, opts *CgroupOptions) (*UpdatableLink[CgroupSKBAny], error) {
	return updatable[CgroupSKBAny](p.base().attachCgroup(p.kind(), cgroup, ebpf.AttachCGroupInetEgress, opts))
}

// CgroupSock is a program of SEC("cgroup/sock_create"), …/sock_release,
// …/post_bind4 or …/post_bind6 (Linux ≥ 4.10): it sees the sockets of a cgroup
// come and go.
type CgroupSock struct{ common program }

func (*CgroupSock) kind() *progKind { return &kindCgroupSock }

func (*CgroupSock) updatableLink() link.Type { return linkCgroup }

// Attach attaches to a cgroup v2 directory. opts may be nil.
func (p *CgroupSock) Attach(cgroup string, opts *CgroupOptions) (*UpdatableLink[CgroupSock], error) {
	return updatable[CgroupSock](p.base().attachCgroup(p.kind(), cgroup, p.base().attachType(), opts))
}

// CgroupSockAddr is a program of SEC("cgroup/connect4") and its kin (bind,
// sendmsg, recvmsg, getpeername, getsockname, for IPv4, IPv6 and Unix sockets)
// (Linux ≥ 4.17): it sees the addresses that the processes of a cgroup use and
// may change or deny them.
type CgroupSockAddr struct{ common program }

func (*CgroupSockAddr) kind() *progKind { return &kindCgroupSockAddr }

func (*CgroupSockAddr) updatableLink() link.Type { return linkCgroup }

// Attach attaches to a cgroup v2 directory. opts may be nil.
func (p *CgroupSockAddr) Attach(cgroup string, opts *CgroupOptions) (*UpdatableLink[CgroupSockAddr], error) {
	return updatable[CgroupSockAddr](p.base().attachCgroup(p.kind(), cgroup, p.base().attachType(), opts))
}

// CgroupSysctl is a program of SEC("cgroup/sysctl") (Linux ≥ 5.2): it sees the
// processes of a cgroup read and write /proc/sys and may deny it.
type CgroupSysctl struct{ common program }

func (*CgroupSysctl) kind() *progKind { return &kindCgroupSysctl }

func (*CgroupSysctl) updatableLink() link.Type { return linkCgroup }

// Attach attaches to a cgroup v2 directory. opts may be nil.
func (p *CgroupSysctl) Attach(cgroup string, opts *CgroupOptions) (*UpdatableLink[CgroupSysctl], error) {
	return updatable[CgroupSysctl](p.base().attachCgroup(p.kind(), cgroup, p.base().attachType(), opts))
}

// CgroupSockopt is a program of SEC("cgroup/getsockopt") or
// SEC("cgroup/setsockopt") (Linux ≥ 5.3): it sees the socket options that the
// processes of a cgroup read or write.
type CgroupSockopt struct{ common program }

func (*CgroupSockopt) kind() *progKind { return &kindCgroupSockopt }

func (*CgroupSockopt) updatableLink() link.Type { return linkCgroup }

// Attach attaches to a cgroup v2 directory. opts may be nil.
func (p *CgroupSockopt) Attach(cgroup string, opts *CgroupOptions) (*UpdatableLink[CgroupSockopt], error) {
	return updatable[CgroupSockopt](p.base().attachCgroup(p.kind(), cgroup, p.base().attachType(), opts))
}

// CgroupDevice is a program of SEC("cgroup/dev") (Linux ≥ 4.15): it allows or
// denies the processes of a cgroup the use of devices.
type CgroupDevice struct{ common program }

func (*CgroupDevice) kind() *progKind { return &kindCgroupDevice }

func (*CgroupDevice) updatableLink() link.Type { return linkCgroup }

// Attach attaches to a cgroup v2 directory. opts may be nil.
func (p *CgroupDevice) Attach(cgroup string, opts *CgroupOptions) (*UpdatableLink[CgroupDevice], error) {
	return updatable[CgroupDevice](p.base().attachCgroup(p.kind(), cgroup, ebpf.AttachCGroupDevice, opts))
}

// SockOps is a program of SEC("sockops") (Linux ≥ 4.13): it sees the TCP
// sockets of a cgroup change state.
type SockOps struct{ common program }

func (*SockOps) kind() *progKind { return &kindSockOps }

func (*SockOps) updatableLink() link.Type { return linkCgroup }

// Attach attaches to a cgroup v2 directory. opts may be nil.
func (p *SockOps) Attach(cgroup string, opts *CgroupOptions) (*UpdatableLink[SockOps], error) {
	return updatable[SockOps](p.base().attachCgroup(p.kind(), cgroup, ebpf.AttachCGroupSockOps, opts))
}
