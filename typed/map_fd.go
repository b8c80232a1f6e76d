package typed

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
)

// Maps whose values are references that only the kernel can follow: user space
// puts a file descriptor in and gets an id, a cookie or nothing out.

// PutFD makes a key hold what a file descriptor refers to.
//
//go:noinline
func (h *MapCore) PutFD(key unsafe.Pointer, fd int, flags UpdateFlags) error {
	return h.core().putFD(key, fd, flags)
}

// PutConn is PutFD of the descriptor of a connection or listener of package net.
//
//go:noinline
func (h *MapCore) PutConn(key unsafe.Pointer, conn syscall.Conn, flags UpdateFlags) error {
	return h.core().putConn(copyKey(h.core(), key), conn, flags)
}

// PutPath is PutFD of a file or directory.
//
//go:noinline
func (h *MapCore) PutPath(key unsafe.Pointer, path string) error {
	if err := h.core().usable(); err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return h.core().putConn(copyKey(h.core(), key), file, UpdateAny)
}

// PutProgram makes a key hold a program.
//
//go:noinline
func (h *MapCore) PutProgram(key unsafe.Pointer, program LoadedProgram) error {
	k := copyKey(h.core(), key)
	return h.core().withProgram(program, func(fd int) error { return h.core().putFD(k.pointer(), fd, UpdateAny) })
}

// heapKey is a copy of a key for the calls of functions that the compiler cannot
// see through. The key itself stays on its stack.
type heapKey []byte

func copyKey(c *mapCore, key unsafe.Pointer) heapKey { return copyOf(key, int(c.facts.KeySize)) }

func (k heapKey) pointer() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(k)) }

// putFD writes a descriptor as a value of 4 or 8 bytes.
func (c *mapCore) putFD(key unsafe.Pointer, fd int, flags UpdateFlags) error {
	if err := c.usable(); err != nil {
		return err
	}
	if fd < 0 {
		return fmt.Errorf("%s: update: %d is no file descriptor: %w", mapName(c.name), fd, os.ErrClosed)
	}
	if c.facts.ValueSize == 8 {
		value := uint64(fd)
		return c.elem("update", bpf.MapUpdateElem, key, unsafe.Pointer(&value), uint64(flags))
	}
	value := uint32(fd)
	return c.elem("update", bpf.MapUpdateElem, key, unsafe.Pointer(&value), uint64(flags))
}

func (c *mapCore) putConn(key heapKey, conn syscall.Conn, flags UpdateFlags) error {
	if err := c.usable(); err != nil {
		return err
	}
	return withConn(conn, func(fd int) error { return multipath(fd, c.putFD(key.pointer(), fd, flags)) })
}

// withConn calls use with the descriptor of conn, which stays open meanwhile.
func withConn(conn syscall.Conn, use func(fd int) error) error {
	if isNil(conn) {
		return fmt.Errorf("no connection: %w", os.ErrInvalid)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var useErr error
	if err := raw.Control(func(fd uintptr) { useErr = use(int(fd)) }); err != nil {
		return err
	}
	return useErr
}

// LookupCookie reads the cookie of a socket (SO_COOKIE), which only maps have
// whose values are of 8 bytes.
//
//go:noinline
func (h *MapCore) LookupCookie(key unsafe.Pointer) (cookie uint64, err error) {
	if err := h.core().hasCookies(); err != nil {
		return 0, err
	}
	err = h.core().elem("lookup", bpf.MapLookupElem, key, unsafe.Pointer(&cookie), 0)
	return cookie, err
}

// AllCookies is a loop over the sockets.
//
//go:noinline
func (h *MapCore) AllCookies() *MapScan {
	return &MapScan{c: h.core(), cmd: bpf.MapLookupBatch, check: h.core().hasCookies}
}

func (c *mapCore) hasCookies() error {
	if err := c.usable(); err != nil {
		return err
	}
	if c.facts.ValueSize != 8 {
		return fmt.Errorf("%s: lookup: %w: its values have 4 bytes, a cookie has 8", mapName(c.name), ebpf.ErrNotSupported)
	}
	return nil
}

// SocketMap is a map that sk_msg and sk_skb programs attach to: one of
// [ClassSockMap] or [ClassSockHash].
type SocketMap interface {
	AnyMap
	// TakesPrograms does nothing.
	TakesPrograms()
}

// LoadedProgram is a program that a map can hold: the handle of any kind in
// this package, or the library's [*ebpf.Program].
type LoadedProgram interface {
	// FD is the descriptor, negative if the program is not loaded or closed.
	FD() int
	Info() (*ebpf.ProgramInfo, error)
}

var _ LoadedProgram = (*ebpf.Program)(nil)

// withProgram calls use with the descriptor of a program.
func (c *mapCore) withProgram(p LoadedProgram, use func(fd int) error) error {
	if err := c.usable(); err != nil {
		return err
	}
	switch p := p.(type) {
	case AnyProgram: // of which the use is counted
		if isNil(p) {
			break
		}
		called := false
		err := p.Use(func(prog *ebpf.Program) error {
			called = true
			return use(prog.FD())
		})
		if err == nil || called {
			return err
		}
		return opError(c.name, "update", err)
	default:
		if !isNil(p) && p.FD() >= 0 {
			err := use(p.FD())
			runtime.KeepAlive(p)
			return err
		}
	}
	return opError(c.name, "update", fmt.Errorf("the program: %w", ErrNotLoaded))
}

// LookupID reads the id of a program, or of a map.
//
//go:noinline
func (h *MapCore) LookupID(key unsafe.Pointer) (id uint32, err error) {
	err = h.core().elem("lookup", bpf.MapLookupElem, key, unsafe.Pointer(&id), 0)
	return id, err
}

// OpenProgram opens the program of a key.
//
//go:noinline
func (h *MapCore) OpenProgram(key unsafe.Pointer) (*ebpf.Program, error) {
	id, err := h.LookupID(key)
	if err != nil {
		return nil, err
	}
	program, err := ebpf.NewProgramFromID(ebpf.ProgramID(id))
	if err != nil {
		return nil, opError(h.core().name, "open program", needsSysAdmin(err))
	}
	return program, nil
}

// PutNumber writes a value of 4 bytes: the index of a network interface, the size
// of a queue.
//
//go:noinline
func (h *MapCore) PutNumber(key unsafe.Pointer, number uint32) error {
	return h.core().elem("update", bpf.MapUpdateElem, key, unsafe.Pointer(&number), 0)
}

// PutNumberAndProgram writes a number with a program, or none if the program is
// nil (struct bpf_devmap_val and struct bpf_cpumap_val,
// include/uapi/linux/bpf.h).
//
//go:noinline
func (h *MapCore) PutNumberAndProgram(key unsafe.Pointer, number uint32, program LoadedProgram) error {
	k := copyKey(h.core(), key)
	put := func(fd int) error {
		value := [2]uint32{number, uint32(fd)}
		return h.core().elem("update", bpf.MapUpdateElem, k.pointer(), unsafe.Pointer(&value), 0)
	}
	if program == nil {
		return put(0) // a descriptor of 0 is none
	}
	return h.core().withProgram(program, put)
}

// DevMapValue is a network interface and the program that runs on what is sent
// to it.
type DevMapValue struct {
	Ifindex   uint32
	ProgramID ebpf.ProgramID // 0: none
}

// CPUMapValue is the size of a CPU's queue and the program that runs on what
// comes out of it.
type CPUMapValue struct {
	QueueSize uint32
	ProgramID ebpf.ProgramID // 0: none
}
