package typed

import (
	"fmt"
	"syscall"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
)

// Operations on one element: the border between Go types and the kernel.
//
// Generated methods are one line over MapCore. Its methods are not inlined: what
// every map of every user compiles is a call with the addresses of the key and the
// value.

// MapCore is a [MapHandle] as generated code sees it: the operations on a map,
// on the memory of keys and values. It is not for other code. An address must have
// as many bytes behind it as [MapShape] says of the type.
type MapCore MapHandle

// Lookup reads the value of a key.
//
//go:noinline
func (h *MapCore) Lookup(key, value unsafe.Pointer) error {
	return h.core().elem("lookup", bpf.MapLookupElem, key, value, 0)
}

// LookupAndDelete reads and removes.
//
//go:noinline
func (h *MapCore) LookupAndDelete(key, value unsafe.Pointer) error {
	return h.core().elem("lookup and delete", bpf.MapLookupAndDeleteElem, key, value, 0)
}

// Update writes the value of a key.
//
//go:noinline
func (h *MapCore) Update(key, value unsafe.Pointer, flags UpdateFlags) error {
	return h.core().elem("update", bpf.MapUpdateElem, key, value, uint64(flags))
}

// Delete removes a key.
//
//go:noinline
func (h *MapCore) Delete(key unsafe.Pointer) error {
	return h.core().elem("delete", bpf.MapDeleteElem, key, nil, 0)
}

// core is the mapCore of a handle that may be nil.
func (h *MapCore) core() *mapCore { return (*MapHandle)(h).core() }

// elem does a command on one element.
func (c *mapCore) elem(op string, cmd bpf.Command, key, value unsafe.Pointer, flags uint64) error {
	life := c.open
	if life == nil || !life.calls.Enter() {
		return c.elemElsewhere(op, cmd, key, value, flags)
	}
	errno := bpf.Elem(cmd, life.m.FD(), key, value, flags)
	life.calls.Leave()
	if errno == 0 {
		return nil
	}
	return c.fail(op, errno)
}

// elemElsewhere is elem where there is no open map of the kernel.
func (c *mapCore) elemElsewhere(op string, cmd bpf.Command, key, value unsafe.Pointer, flags uint64) error {
	errno, err := c.fakeElem(op, cmd, key, value, flags)
	if err != nil || errno == 0 {
		return err
	}
	return c.fail(op, errno)
}

// elemFound is elem for loops that go on where there is no such key.
func (c *mapCore) elemFound(op string, cmd bpf.Command, key, value unsafe.Pointer, flags uint64) (bool, error) {
	var errno syscall.Errno
	if life := c.open; life != nil && life.calls.Enter() {
		errno = bpf.Elem(cmd, life.m.FD(), key, value, flags)
		life.calls.Leave()
	} else {
		var err error
		if errno, err = c.fakeElem(op, cmd, key, value, flags); err != nil {
			return false, err
		}
	}
	if errno == syscall.ENOENT {
		return false, nil
	}
	return errno == 0, c.fail(op, errno)
}

// batch does a command on many elements. The error is one that has no errno.
func (c *mapCore) batch(op string, cmd bpf.Command, in, out unsafe.Pointer, bl block, flags uint64) (int, syscall.Errno, error) {
	life := c.open
	if life == nil || !life.calls.Enter() {
		return c.fakeBatch(op, cmd, in, out, bl, flags)
	}
	n, errno := bpf.Batch(cmd, life.m.FD(), in, out, bl.keys, bl.values, bl.n, flags)
	life.calls.Leave()
	return n, errno, nil
}

// fakeElem does a command on an element of a map in memory; if there is none, the
// error says why the handle is of no use. The map gets copies, so that nobody has
// to prove to the compiler that it keeps no address.
func (c *mapCore) fakeElem(op string, cmd bpf.Command, key, value unsafe.Pointer, flags uint64) (syscall.Errno, error) {
	if c.fake == nil || !c.life.calls.Enter() {
		return 0, c.whyNot()
	}
	defer c.life.calls.Leave()
	keyBytes := copyOf(key, int(c.facts.KeySize))
	valueSize := c.valueSize(flags)
	if cmd == bpf.MapGetNextKey {
		valueSize = int(c.facts.KeySize)
	}
	valueBytes := copyOf(value, valueSize)
	err := c.fake.Elem(cmd, keyBytes, valueBytes, flags)
	copyBack(value, valueBytes)
	return c.splitError(op, err)
}

// fakeBatch is fakeElem for many elements.
func (c *mapCore) fakeBatch(op string, cmd bpf.Command, in, out unsafe.Pointer, bl block, flags uint64) (int, syscall.Errno, error) {
	if c.fake == nil || !c.life.calls.Enter() {
		return 0, 0, c.whyNot()
	}
	defer c.life.calls.Leave()
	inBytes, outBytes := copyOf(in, c.cursorSize()), copyOf(out, c.cursorSize())
	keys := copyOf(bl.keys, bl.n*int(c.facts.KeySize))
	values := copyOf(bl.values, bl.n*c.valueSize(flags))
	n, err := c.fake.Batch(cmd, inBytes, outBytes, keys, values, bl.n, flags)
	copyBack(out, outBytes)
	copyBack(bl.keys, keys)
	copyBack(bl.values, values)
	errno, err := c.splitError(op, err)
	return n, errno, err
}

// splitError tells an error of the kernel's from one that a test wants to see.
func (c *mapCore) splitError(op string, err error) (syscall.Errno, error) {
	var errno syscall.Errno
	switch {
	case err == nil:
		return 0, nil
	case errorAs(err, &errno):
		return errno, nil
	}
	return 0, opError(c.name, op, err)
}

// valueSize is how many bytes of memory the kernel wants for the values of one
// key (bpf_map_value_size, kernel/bpf/syscall.c).
func (c *mapCore) valueSize(flags uint64) int {
	if flags&(bpf.FlagCPU|bpf.FlagAllCPUs) != 0 {
		return int(c.facts.ValueSize)
	}
	return c.stride * c.cpus
}

// cursorSize is how much memory the place of a walk takes: hashes have 4 bytes,
// others a key (generic_map_lookup_batch).
func (c *mapCore) cursorSize() int { return max(4, int(c.facts.KeySize)) }

// copyOf is a copy of n bytes, nil of no address.
func copyOf(p unsafe.Pointer, n int) []byte {
	if p == nil {
		return nil
	}
	return append(make([]byte, 0, n), unsafe.Slice((*byte)(p), n)...)
}

func copyBack(p unsafe.Pointer, b []byte) {
	if p != nil {
		copy(unsafe.Slice((*byte)(p), len(b)), b)
	}
}

// sameLength is the error of batch arguments that do not go together.
func (c *mapCore) sameLength(keys, values, each int) error {
	if keys*each == values {
		return nil
	}
	return fmt.Errorf("%s: %d keys need %d values, not %d: %w", mapName(c.name), keys, keys*each, values, syscall.EINVAL)
}

// Memory is the map's memory, mapped into the process.
func (c *mapCore) memory() (mem *ebpf.Memory, err error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	err = c.life.useAlone(c.name, func(m *ebpf.Map) error {
		mem, err = m.Memory()
		return err
	})
	return mem, err
}
