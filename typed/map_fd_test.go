//go:build linux

package typed

import (
	"errors"
	"fmt"
	"iter"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// returns loads a program that returns a number.
func returns(t testing.TB, kind ebpf.ProgramType, attach ebpf.AttachType, n int64) *ebpf.Program {
	t.Helper()
	needKernel(t)
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: kind, AttachType: attach, License: "GPL",
		Instructions: asm.Instructions{asm.LoadImm(asm.R0, n, asm.DWord), asm.Return()},
	})
	must(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

// programID is the id of a program.
func programID(t testing.TB, p *ebpf.Program) ebpf.ProgramID {
	t.Helper()
	id, ok := got(p.Info())(t).ID()
	if !ok {
		t.Fatal("the kernel gives no id")
	}
	return id
}

func TestProgramArray(t *testing.T) {
	m := testMap[ProgramArray[uint32]](t, arraySpec(ebpf.ProgramArray, 4, 3))
	p := returns(t, ebpf.SocketFilter, ebpf.AttachNone, 0)
	_, err := m.Lookup(1)
	failsWith(t, "lookup of an empty slot", err, notExist...)
	_, err = m.Open(1)
	failsWith(t, "open of an empty slot", err, notExist...)
	failsWith(t, "delete of an empty slot", m.Delete(1), notExist...)
	must(t, m.Put(1, p))
	handle := &SocketFilter{program{life: newProgramLife(p)}}
	must(t, m.Put(2, handle))
	equal(t, "id", got(m.Lookup(1))(t), programID(t, p))
	opened := got(m.Open(2))(t)
	defer opened.Close()
	equal(t, "opened", programID(t, opened), programID(t, p))
	seq, errf := m.All()
	equal(t, "slots in use", len(collect(t, seq, errf)), 2)
	failsWith(t, "put out of range", m.Put(3, p), ebpf.ErrKeyNotExist, unix.E2BIG)
	failsWith(t, "program of another type", m.Put(0, returns(t, ebpf.XDP, ebpf.AttachNone, 0)), unix.EINVAL)
	failsWith(t, "program that is not loaded", m.Put(0, new(SocketFilter)), ErrNotLoaded)
	failsWith(t, "nil program", m.Put(0, (*SocketFilter)(nil)), ErrNotLoaded)
	failsWith(t, "no program", m.Put(0, nil), ErrNotLoaded)
	failsWith(t, "no program of the library", m.Put(0, (*ebpf.Program)(nil)), ErrNotLoaded)
	must(t, m.Delete(1))
	_, err = m.Lookup(1)
	failsWith(t, "lookup of a slot made empty", err, notExist...)

	must(t, m.Close())
	_, err = m.Lookup(1)
	eachFails(t, os.ErrClosed, []failing{{"Put", m.Put(1, p)}, {"Lookup", err}, {"Delete", m.Delete(1)}})
	var none ProgramArray[uint32]
	_, err = none.Lookup(1)
	eachFails(t, ErrNotLoaded, []failing{{"Put", none.Put(1, p)}, {"Lookup", err}, {"Delete", none.Delete(1)}})
}

func innerSpec() *ebpf.MapSpec { return arraySpec(ebpf.Hash, 8, 10) }

func outerSpec(kind ebpf.MapType) *ebpf.MapSpec {
	spec := arraySpec(kind, 4, 3)
	spec.InnerMap = innerSpec()
	return spec
}

func TestArrayOfMaps(t *testing.T) {
	m := testMap[ArrayOfHashes](t, outerSpec(ebpf.ArrayOfMaps))
	testOuter(t, m)
	failsWith(t, "put out of range", m.Put(3, got(m.NewInner(innerSpec()))(t)), ebpf.ErrKeyNotExist, unix.E2BIG)
	testOuterGone(t, m, new(ArrayOfHashes))
}

func TestHashOfMaps(t *testing.T) {
	m := testMap[HashOfHashes](t, outerSpec(ebpf.HashOfMaps))
	testOuter(t, m)
	inner := got(m.NewInner(innerSpec()))(t)
	defer inner.Close()
	must(t, m.Update(1, inner, UpdateNoExist))
	failsWith(t, "create again", m.Update(1, inner, UpdateNoExist), exist...)
	failsWith(t, "replace a missing map", m.Update(5, inner, UpdateExist), notExist...)
	failsWith(t, "wrong flag", m.Update(5, inner, 1<<20), unix.EINVAL)
	must(t, m.Put(3, inner))
	must(t, m.Put(4, inner))
	failsWith(t, "put into a full map", m.Put(5, inner), ErrMapFull)
	testOuterGone(t, m, new(HashOfHashes))
}

// outerMap is an *ArrayOfHashes or a *HashOfHashes.
type outerMap interface {
	Put(uint32, *innerHash) error
	Lookup(uint32) (*innerHash, error)
	Delete(uint32) error
	NewInner(*ebpf.MapSpec) (*innerHash, error)
	All() (iter.Seq2[uint32, *innerHash], func() error)
	IDs() (iter.Seq2[uint32, ebpf.MapID], func() error)
	Close() error
}

// testOuter leaves the outer map empty.
func testOuter(t *testing.T, m outerMap) {
	_, err := m.Lookup(1)
	failsWith(t, "lookup of no map", err, notExist...)
	inner := got(m.NewInner(innerSpec()))(t)
	must(t, inner.Put(7, 77))
	must(t, m.Put(2, inner))
	must(t, inner.Close())
	failsWith(t, "put of a closed map", m.Put(1, inner), os.ErrClosed)
	failsWith(t, "put of no map", m.Put(1, nil), ErrNotLoaded)
	failsWith(t, "put of a map not loaded", m.Put(1, new(innerHash)), ErrNotLoaded)

	again := got(m.Lookup(2))(t)
	equal(t, "through the outer map", got(again.Lookup(7))(t), 77)
	must(t, again.Close())

	other := got(m.NewInner(innerSpec()))(t)
	defer other.Close()
	must(t, other.Put(7, 88))
	must(t, m.Put(0, other))
	seq, errf := m.All()
	found := make(map[uint32]uint64)
	var kept *innerHash
	for k, h := range seq {
		found[k], kept = got(h.Lookup(7))(t), h
	}
	must(t, errf())
	equal(t, "maps", len(found), 2)
	equal(t, "map 0", found[0], 88)
	equal(t, "map 2", found[2], 77)
	_, err = kept.Lookup(7)
	failsWith(t, "a map that was not for keeping", err, os.ErrClosed)
	ids, errf := m.IDs()
	equal(t, "ids", len(collect(t, ids, errf)), 2)

	_, err = m.NewInner(arraySpec(ebpf.Hash, 4, 10))
	if layout := layoutError(err); layout.Property != "value size" {
		t.Errorf("inner map of another size: %v", err)
	}
	must(t, m.Delete(0))
	must(t, m.Delete(2))
	failsWith(t, "delete of no map", m.Delete(2), notExist...)
}

func testOuterGone(t *testing.T, m, none outerMap) {
	inner := got(m.NewInner(innerSpec()))(t)
	defer inner.Close()
	ops := func(m outerMap) []failing {
		_, lookup := m.Lookup(1)
		_, create := m.NewInner(innerSpec())
		seq, all := m.All()
		for range seq {
		}
		return []failing{{"Lookup", lookup}, {"Put", m.Put(1, inner)}, {"Delete", m.Delete(1)}, {"All", all()}, {"NewInner", create}}
	}
	must(t, m.Close())
	eachFails(t, os.ErrClosed, ops(m))
	eachFails(t, ErrNotLoaded, ops(none))
}

// unifiedCgroup is where cgroup v2 is mounted, or a mount of it.
func unifiedCgroup(t testing.TB) string {
	t.Helper()
	needKernel(t)
	mounts, err := os.ReadFile("/proc/self/mounts")
	must(t, err)
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); f[2] == "cgroup2" {
			return f[1]
		}
	}
	dir := t.TempDir()
	must(t, unix.Mount("none", dir, "cgroup2", 0, ""))
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// newCgroup makes a cgroup for the time of the test.
func newCgroup(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(unifiedCgroup(t), "bpfgen-"+strings.ReplaceAll(t.Name(), "/", "-"))
	must(t, os.MkdirAll(dir, 0o755))
	t.Cleanup(func() { os.Remove(dir) })
	return dir
}

func TestCgroupArray(t *testing.T) {
	m := testMap[CgroupArray[uint32]](t, arraySpec(ebpf.CGroupArray, 4, 2))
	path := newCgroup(t)
	must(t, m.PutPath(1, path))
	dir, err := os.Open(path)
	must(t, err)
	defer dir.Close()
	must(t, m.Put(0, int(dir.Fd())))
	failsWith(t, "put out of range", m.PutPath(2, path), ebpf.ErrKeyNotExist, unix.E2BIG)
	failsWith(t, "put of no cgroup", m.PutPath(1, t.TempDir()), unix.EBADF)
	failsWith(t, "put of a path that is not there", m.PutPath(1, path+"/x"), os.ErrNotExist)
	failsWith(t, "put of no descriptor", m.Put(1, -1), os.ErrClosed)
	must(t, m.Delete(1))
	failsWith(t, "delete of an empty slot", m.Delete(1), notExist...)
	must(t, m.Close())
	eachFails(t, os.ErrClosed, fdOps(m))
	eachFails(t, ErrNotLoaded, fdOps(new(CgroupArray[uint32])))
}

// fdMap is a map of descriptors.
type fdMap interface {
	Put(uint32, int) error
	Delete(uint32) error
}

func fdOps(m fdMap) []failing {
	return []failing{{"Put", m.Put(1, 0)}, {"Delete", m.Delete(1)}}
}

// xdpSocket is an AF_XDP socket with a ring for what it receives, without which
// kernels of 7.x do not take it into a map.
func xdpSocket(t testing.TB) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_XDP, unix.SOCK_RAW, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	must(t, unix.SetsockoptInt(fd, unix.SOL_XDP, unix.XDP_RX_RING, 64))
	return fd
}

func TestXSKMap(t *testing.T) {
	sinceKernel(t, 4, 18, "AF_XDP")
	m := testMap[XSKMap[uint32]](t, arraySpec(ebpf.XSKMap, 4, 2))
	failsWith(t, "put of a file", m.Put(1, int(os.Stdin.Fd())), unix.ENOTSOCK)
	fd := xdpSocket(t)
	failsWith(t, "replace what is not there", m.Update(1, fd, UpdateExist), notExist...)
	must(t, m.Put(1, fd))
	other := xdpSocket(t)
	failsWith(t, "create again", m.Update(1, other, UpdateNoExist), exist...)
	must(t, m.Update(1, other, UpdateExist))
	failsWith(t, "wrong flag", m.Update(1, other, 1<<20), unix.EINVAL)
	must(t, m.Delete(1))
	failsWith(t, "put out of range", m.Put(2, fd), ebpf.ErrKeyNotExist, unix.E2BIG)
	failsWith(t, "delete out of range", m.Delete(2), unix.EINVAL)
	must(t, m.Close())
	eachFails(t, os.ErrClosed, fdOps(m))
}

// tcpPair is a connection to a listener.
func tcpPair(t testing.TB) (*net.TCPListener, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	c, err := net.Dial("tcp", l.Addr().String())
	must(t, err)
	t.Cleanup(func() { c.Close(); l.Close() })
	return l.(*net.TCPListener), c.(*net.TCPConn)
}

// cookieOf is SO_COOKIE.
func cookieOf(t testing.TB, conn *net.TCPConn) (cookie uint64) {
	t.Helper()
	must(t, withConn(conn, func(fd int) (err error) {
		cookie, err = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
		return err
	}))
	return cookie
}

func TestSockMap(t *testing.T) {
	m := testMap[SockMap[uint32]](t, arraySpec(ebpf.SockMap, 8, 2))
	testSockets(t, m)
	_, conn := tcpPair(t)
	failsWith(t, "put out of range", m.PutConn(2, conn), ebpf.ErrKeyNotExist, unix.E2BIG)
	failsWith(t, "delete of an empty slot", m.Delete(0), unix.EINVAL)
	testSocketsGone(t, m, new(SockMap[uint32]))
}

// A listener of net.Listen is one of Multipath TCP where the kernel has that.
func TestSocketMapsOfMultipathTCP(t *testing.T) {
	type listeners interface {
		PutConn(uint32, syscall.Conn) error
	}
	for kind, m := range map[ebpf.MapType]listeners{
		ebpf.SockMap:            testMap[SockMap[uint32]](t, arraySpec(ebpf.SockMap, 8, 1)),
		ebpf.ReusePortSockArray: testMap[ReusePortSockArray[uint32]](t, arraySpec(ebpf.ReusePortSockArray, 8, 1)),
	} {
		t.Run(kind.String(), func(t *testing.T) {
			l := sharedListener(t, true)
			must(t, withConn(l, func(fd int) error {
				protocol, failed := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
				if failed != nil || protocol != unix.IPPROTO_MPTCP {
					t.Logf("protocol %d, %v", protocol, failed)
					return failed
				}
				err := m.PutConn(0, l)
				if !errors.Is(err, ebpf.ErrNotSupported) || !strings.Contains(fmt.Sprint(err), "SetMultipathTCP(false)") {
					t.Errorf("no remedy in %v", err)
				}
				return nil
			}))
			must(t, m.PutConn(0, sharedListener(t, false)))
		})
	}
}

// sharedListener has SO_REUSEPORT.
func sharedListener(t *testing.T, multipath bool) *net.TCPListener {
	t.Helper()
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		return err
	}}
	config.SetMultipathTCP(multipath)
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

func TestSockHash(t *testing.T) {
	m := testMap[SockHash[uint32]](t, arraySpec(ebpf.SockHash, 8, 1))
	testSockets(t, m)
	_, conn := tcpPair(t)
	failsWith(t, "delete of a missing key", m.Delete(0), notExist...)
	must(t, m.PutConn(1, conn))
	failsWith(t, "put into a full map", m.PutConn(2, conn), ErrMapFull)
	testSocketsGone(t, m, new(SockHash[uint32]))
}

// sockets is a map of sockets.
type sockets interface {
	fdMap
	Update(uint32, int, UpdateFlags) error
	PutConn(uint32, syscall.Conn) error
	Lookup(uint32) (uint64, error)
	All() (iter.Seq2[uint32, uint64], func() error)
	Close() error
}

// testSockets leaves the map empty.
func testSockets(t *testing.T, m sockets) {
	_, conn := tcpPair(t)
	_, err := m.Lookup(1)
	failsWith(t, "lookup of no socket", err, notExist...)
	must(t, m.PutConn(1, conn))
	equal(t, "cookie", got(m.Lookup(1))(t), cookieOf(t, conn))
	must(t, withConn(conn, func(fd int) error {
		failsWith(t, "create again", m.Update(1, fd, UpdateNoExist), exist...)
		failsWith(t, "replace what is not there", m.Update(0, fd, UpdateExist), notExist...)
		failsWith(t, "wrong flag", m.Update(1, fd, 1<<20), unix.EINVAL)
		return m.Update(1, fd, UpdateExist)
	}))
	seq, errf := m.All()
	all := collect(t, seq, errf)
	equal(t, "sockets", len(all), 1)
	equal(t, "socket", all[1], cookieOf(t, conn))
	failsWith(t, "put of a file", m.Put(1, int(os.Stdin.Fd())), unix.ENOTSOCK)
	must(t, m.Delete(1))
	conn.Close()
	if m.PutConn(1, conn) == nil {
		t.Error("a closed connection was put")
	}
}

func testSocketsGone(t *testing.T, m, none sockets) {
	ops := func(m sockets) []failing {
		_, lookup := m.Lookup(1)
		seq, all := m.All()
		for range seq {
		}
		update := m.Update(1, 0, UpdateAny)
		return append(fdOps(m), failing{"Lookup", lookup}, failing{"Update", update}, failing{"All", all()})
	}
	must(t, m.Close())
	eachFails(t, os.ErrClosed, ops(m))
	eachFails(t, ErrNotLoaded, ops(none))
}

func TestSockMapWithoutCookies(t *testing.T) {
	m := testMap[SockMap[uint32]](t, arraySpec(ebpf.SockMap, 4, 2))
	_, conn := tcpPair(t)
	must(t, m.PutConn(1, conn))
	_, err := m.Lookup(1)
	failsWith(t, "lookup of 4 bytes", err, ebpf.ErrNotSupported)
	seq, errf := m.All()
	for range seq {
		t.Error("a socket without a cookie")
	}
	failsWith(t, "all of 4 bytes", errf(), ebpf.ErrNotSupported)
}

func TestReusePortSockArray(t *testing.T) {
	sinceKernel(t, 4, 19, "BPF_MAP_TYPE_REUSEPORT_SOCKARRAY")
	m := testMap[ReusePortSockArray[uint32]](t, arraySpec(ebpf.ReusePortSockArray, 8, 2))
	l, conn := tcpPair(t)
	if m.PutConn(1, l) == nil {
		t.Error("a socket without SO_REUSEPORT was put")
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	must(t, err)
	defer unix.Close(fd)
	must(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	must(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, unix.Listen(fd, 1))
	must(t, m.Put(1, fd))
	cookie := got(unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE))(t)
	equal(t, "cookie", got(m.Lookup(1))(t), cookie)
	seq, errf := m.All()
	equal(t, "sockets", collect(t, seq, errf)[1], cookie)
	failsWith(t, "create again", m.Update(1, fd, UpdateNoExist), exist...)
	failsWith(t, "replace what is not there", m.Update(0, fd, UpdateExist), notExist...)
	failsWith(t, "wrong flag", m.Update(1, fd, 1<<20), unix.EINVAL)
	_, err = m.Lookup(0)
	failsWith(t, "lookup of an empty slot", err, notExist...)
	failsWith(t, "put out of range", m.PutConn(2, conn), ebpf.ErrKeyNotExist, unix.E2BIG)
	must(t, m.Delete(1))
	failsWith(t, "delete of an empty slot", m.Delete(1), notExist...)
	testSocketsGone(t, m, new(ReusePortSockArray[uint32]))
}
