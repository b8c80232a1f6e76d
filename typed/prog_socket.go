package typed

import (
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// SocketFilter is a program of SEC("socket") (Linux ≥ 3.19): it sees what one
// socket receives, and may cut it short.
type SocketFilter struct{ common program }

func (*SocketFilter) kind() *progKind { return &kindSocketFilter }

// Attach attaches to a socket, such as a *net.UDPConn, in place of the filter
// that it may have. The program also goes when the socket is closed.
func (p *SocketFilter) Attach(socket syscall.Conn) (*Link, error) {
	return p.base().attach(p.kind(), target{what: "socket"}, func(prog *ebpf.Program) (link.Link, error) {
		return attachSocket(prog, socket, socketFilter)
	})
}

// SkReuseport is a program of SEC("sk_reuseport") or
// SEC("sk_reuseport/migrate") (Linux ≥ 4.19): it chooses among the sockets that
// share a port.
type SkReuseport struct{ common program }

func (*SkReuseport) kind() *progKind { return &kindSkReuseport }

// Attach attaches to the group that a socket with SO_REUSEPORT is in, such as
// a *net.TCPListener. Close detaches from the group as long as that socket is
// open (Linux ≥ 5.3).
func (p *SkReuseport) Attach(socket syscall.Conn) (*Link, error) {
	return p.base().attach(p.kind(), target{what: "socket"}, func(prog *ebpf.Program) (link.Link, error) {
		return attachSocket(prog, socket, socketReuseport)
	})
}

func (p *program) attachSockMap(k *progKind, m SocketMap, at ebpf.AttachType) (*Link, error) {
	t := target{what: "socket map"}
	if !isNil(m) {
		t.name = m.Name()
	}
	return p.attach(k, t, func(prog *ebpf.Program) (link.Link, error) {
		if isNil(m) {
			return nil, ErrNotLoaded
		}
		var l link.Link
		err := m.Handle().Use(func(em *ebpf.Map) (err error) {
			l, err = attachSockMap(prog, em, at)
			return err
		})
		return l, err
	})
}

// SkMsg is a program of SEC("sk_msg") (Linux ≥ 4.17): it sees what the sockets
// of a socket map send.
type SkMsg struct{ common program }

func (*SkMsg) kind() *progKind { return &kindSkMsg }

// Attach attaches to a socket map, of [ClassSockMap] or [ClassSockHash].
func (p *SkMsg) Attach(m SocketMap) (*Link, error) {
	return p.base().attachSockMap(p.kind(), m, ebpf.AttachSkMsgVerdict)
}

// SkSKB is a program of SEC("sk_skb/stream_parser"), …/stream_verdict or
// …/verdict (Linux ≥ 4.14): it sees what the sockets of a socket map receive.
type SkSKB struct{ common program }

func (*SkSKB) kind() *progKind { return &kindSkSKB }

// Attach attaches to a socket map, of [ClassSockMap] or [ClassSockHash].
func (p *SkSKB) Attach(m SocketMap) (*Link, error) {
	return p.base().attachSockMap(p.kind(), m, p.base().attachType())
}

// SkSKBAny is a program of SEC("sk_skb") (Linux ≥ 4.14): it sees what the
// sockets of a socket map receive, in the role that the method says.
type SkSKBAny struct{ common program }

func (*SkSKBAny) kind() *progKind { return &kindSkSKBAny }

// AttachParser attaches to a socket map as the program that finds the messages
// in a stream.
func (p *SkSKBAny) AttachParser(m SocketMap) (*Link, error) {
	return p.base().attachSockMap(p.kind(), m, ebpf.AttachSkSKBStreamParser)
}

// AttachStreamVerdict attaches to a socket map as the program that decides on
// the messages that the parser finds.
func (p *SkSKBAny) AttachStreamVerdict(m SocketMap) (*Link, error) {
	return p.base().attachSockMap(p.kind(), m, ebpf.AttachSkSKBStreamVerdict)
}

// AttachVerdict attaches to a socket map as the program that decides on
// packets, without a parser (Linux ≥ 5.13).
func (p *SkSKBAny) AttachVerdict(m SocketMap) (*Link, error) {
	return p.base().attachSockMap(p.kind(), m, ebpf.AttachSkSKBVerdict)
}
