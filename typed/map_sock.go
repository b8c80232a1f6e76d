package typed

import (
	"fmt"
	"iter"
	"syscall"

	"github.com/cilium/ebpf"
)

// sockets is what the maps of sockets have in common. User space puts a
// descriptor in and gets the socket's cookie out (SO_COOKIE), the latter only
// from maps whose values have 8 bytes.
type sockets[K any] struct {
	fdUpdateMap[K]
}

// PutConn is Put of a connection or listener of package net.
func (m *sockets[K]) PutConn(key K, conn syscall.Conn) error {
	return putConn(&m.boundMap, &key, conn, UpdateAny)
}

// Lookup returns the cookie of a socket. The error wraps
// [ebpf.ErrKeyNotExist] if there is none, and [ebpf.ErrNotSupported] if the
// values of the map have 4 bytes.
func (m *sockets[K]) Lookup(key K) (cookie uint64, err error) {
	if err := m.hasCookies(); err != nil {
		return 0, err
	}
	err = lookupElem(&m.boundMap, &key, &cookie, 0)
	return cookie, err
}

// All ranges over the keys and the cookies of their sockets. The second result
// is called after the loop and returns what ended it early.
func (m *sockets[K]) All() (iter.Seq2[K, uint64], func() error) {
	var err error
	return func(yield func(K, uint64) bool) {
		if err = m.hasCookies(); err != nil {
			return
		}
		err = each(m.newWalk(bpfMapLookupBatch, 0), yield)
	}, func() error { return err }
}

func (m *sockets[K]) hasCookies() error {
	if err := m.Err(); err != nil {
		return err
	}
	if m.facts.valueSize != 8 {
		return fmt.Errorf("map %s: lookup: %w: its values have 4 bytes, a cookie has 8", m.name, ebpf.ErrNotSupported)
	}
	return nil
}

// SocketMap is a *[SockMap] or a *[SockHash]: what sk_msg and sk_skb programs
// attach to.
type SocketMap interface {
	MapHandle
	takesPrograms()
}

func (*SockMap[K]) takesPrograms()  {}
func (*SockHash[K]) takesPrograms() {}

// SockMap is a BPF_MAP_TYPE_SOCKMAP (4.14): sockets by number. Programs attach
// to it. K is a type of 4 bytes, mostly uint32.
type SockMap[K any] struct {
	sockets[K]
}

func (m *SockMap[K]) bind(name string, em *ebpf.Map) error { return m.bindAs(m.shape(), name, em) }

func (m *SockMap[K]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*SockMap[K]) shape() mapShape { return keyShape[K](size4Or8, ebpf.SockMap) }

// SockHash is a BPF_MAP_TYPE_SOCKHASH (4.18): sockets by K. Programs attach to
// it.
type SockHash[K any] struct {
	sockets[K]
}

func (m *SockHash[K]) bind(name string, em *ebpf.Map) error { return m.bindAs(m.shape(), name, em) }

func (m *SockHash[K]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*SockHash[K]) shape() mapShape { return keyShape[K](size4Or8, ebpf.SockHash) }

// ReusePortSockArray is a BPF_MAP_TYPE_REUSEPORT_SOCKARRAY (4.19): sockets with
// SO_REUSEPORT, for bpf_sk_select_reuseport. K is a type of 4 bytes, mostly
// uint32.
type ReusePortSockArray[K any] struct {
	sockets[K]
}

func (m *ReusePortSockArray[K]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *ReusePortSockArray[K]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*ReusePortSockArray[K]) shape() mapShape {
	return keyShape[K](size4Or8, ebpf.ReusePortSockArray)
}
