package typed

import (
	"errors"
	"slices"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
)

// MapHandle is what the types of all maps are made of: one map of the kernel, with
// the methods that do not depend on its key and value. Handle() of a map gives it. A
// zero MapHandle is a map that was not loaded, and so is a nil pointer.
//
// The types of maps are no structs that embed it, since every method of a type costs
// its users time to compile, called or not: those that are called every day the types
// have themselves.
//
// All methods, those of the types of maps too, may be called from any
// goroutine, Close included. A call that Close finds in flight ends as if there
// had been no Close. Later ones return an error that wraps [os.ErrClosed], loops
// over the map with their next call. No call reaches a descriptor that was closed.
type MapHandle struct {
	c mapCore
}

// AnyMap is the pointer to a type of maps: what generated code declares, and
// the types of package typedtest.
type AnyMap interface {
	// Shape is what the type is made for.
	Shape() MapShape
	// Name is the C name of the map.
	Name() string
	// Handle has what all maps have in common.
	Handle() *MapHandle
}

// mapCore is everything about a map but its Go types. The typed methods are one
// line each over it: they hand over the addresses of keys and values (MapCore).
//
// That these addresses have as many bytes behind them as the kernel reads or
// writes is all of memory safety here: open is set only if the map's type and
// sizes were compared with those of the Go type.
type mapCore struct {
	open *mapLife // nil: no typed method reaches the kernel; whyNot says why
	life *mapLife // nil where there is no map
	err  error    // why open or life is nil, where that is known
	fake bpf.Map  // answers in the kernel's stead, in tests

	name      string
	facts     bpf.MapFacts
	keyErrors keyErrors
	stride    int // bytes of one CPU's value in a system call
	cpus      int // values per key: 1, or the number of possible CPUs
	perCPU    bool

	events eventSlot // the reader or producer of a map that carries records

	_ [0]func() // not comparable, which would be code for each type
}

// mapOf is the mapCore of a map of any type.
func mapOf(m AnyMap) *mapCore {
	if m == nil {
		return &noMap
	}
	return m.Handle().core()
}

// noMap is the map behind a nil handle. Nothing writes to it.
var noMap mapCore

// core is the mapCore of a handle that may be nil.
func (h *MapHandle) core() *mapCore {
	if h == nil {
		return &noMap
	}
	return &h.c
}

// useAlone is that of the map's life.
func (c *mapCore) useAlone(f func(*ebpf.Map) error) error { return c.life.useAlone(c.name, f) }

// bind makes c that of a map if it has the shape. The error stays in the handle;
// what does not depend on types works nevertheless.
func (c *mapCore) bind(shape MapShape, name string, life *mapLife) error {
	c.name, c.life = name, life
	if life == nil {
		return notLoaded(name)
	}
	c.err = life.use(name, func(m *ebpf.Map) error { return c.check(shape, m) })
	if c.err == nil {
		c.open = life
		c.keyErrors = newKeyErrors(name)
	}
	return c.err
}

// check compares the shape with what the kernel says of the map.
func (c *mapCore) check(shape MapShape, m *ebpf.Map) error {
	var err error
	if c.facts, _, err = bpf.MapInfo(m.FD()); err != nil {
		return opError(c.name, "get info", err)
	}
	if err := shape.checkMap(c.name, c.facts); err != nil {
		return err
	}
	return c.layOut(shape, ebpf.PossibleCPU)
}

// layOut decides how values lie in the memory that the kernel gets.
func (c *mapCore) layOut(shape MapShape, possibleCPUs func() (int, error)) (err error) {
	c.stride, c.cpus = int(c.facts.ValueSize), 1
	if c.perCPU = classes[shape.Class].perCPU; c.perCPU {
		// bpf_percpu_hash_copy, bpf_percpu_array_copy: round_up(value_size, 8).
		c.stride = (c.stride + 7) &^ 7
		c.cpus, err = possibleCPUs()
	}
	return err
}

// whyNot is the error of all typed methods of a handle that is not open, or was
// closed.
func (c *mapCore) whyNot() error {
	switch {
	case c.err != nil:
		return c.err
	case c.life == nil:
		return notLoaded(c.name)
	}
	return closedError(c.name)
}

// usable is nil if the typed methods work.
func (c *mapCore) usable() error {
	if c.life != nil && c.err == nil && !c.life.calls.Closed() {
		return nil
	}
	return c.whyNot()
}

// arrayLikes are the types whose keys are the numbers below MaxEntries, which
// exist whether or not there is something behind them: walking them never loses
// its place.
var arrayLikes = []ebpf.MapType{
	ebpf.Array, ebpf.PerCPUArray, ebpf.ProgramArray, ebpf.PerfEventArray, ebpf.CGroupArray, ebpf.ArrayOfMaps,
	ebpf.DevMap, ebpf.SockMap, ebpf.CPUMap, ebpf.XSKMap, ebpf.ReusePortSockArray, ebpf.StackTrace,
}

// bucketWalkers are the types whose batch commands walk by hash bucket
// (__htab_map_lookup_and_delete_batch), not by key.
var bucketWalkers = []ebpf.MapType{
	ebpf.Hash, ebpf.LRUHash, ebpf.PerCPUHash, ebpf.LRUCPUHash, ebpf.HashOfMaps,
}

func (c *mapCore) arrayLike() bool {
	return slices.Contains(arrayLikes, ebpf.MapType(c.facts.Type))
}

func (c *mapCore) bucketCursor() bool {
	return slices.Contains(bucketWalkers, ebpf.MapType(c.facts.Type))
}

// Name is the C name of the map.
//
//go:noinline
func (h *MapHandle) Name() string { return h.core().name }

// Err is why the typed methods do not work: it wraps [ErrNotLoaded] or
// [os.ErrClosed], or is a [*LayoutError]. nil if they do.
//
//go:noinline
func (h *MapHandle) Err() error { return h.core().usable() }

// Loaded says whether there is a map behind the handle, which may be closed.
//
//go:noinline
func (h *MapHandle) Loaded() bool { return h.core().life != nil }

// MaxEntries is how many entries the map can hold, 0 where it was not loaded.
func (h *MapHandle) MaxEntries() int { return int(h.core().facts.MaxEntries) }

// Map is the library's object, nil where the map was not loaded. It does all
// that the typed methods do not. What is called on it is not counted: Close can
// take its descriptor away meanwhile. [MapHandle.Use] counts, and the object of
// [MapHandle.CloneMap] is the caller's.
//
//go:noinline
func (h *MapHandle) Map() *ebpf.Map {
	if life := h.core().life; life != nil {
		return life.m
	}
	return nil
}

// Use calls f with the library's object, which no Close takes away meanwhile.
// f must not keep it, and must not close it. It may close the handle.
//
//go:noinline
func (h *MapHandle) Use(f func(*ebpf.Map) error) error {
	c := h.core()
	return c.life.use(c.name, f)
}

// CloneMap returns an object of the library with a descriptor of its own, which
// the caller closes.
func (h *MapHandle) CloneMap() (clone *ebpf.Map, err error) {
	err = h.Use(func(m *ebpf.Map) error {
		clone, err = m.Clone()
		return err
	})
	return clone, err
}

// Info is what the kernel says of the map.
func (h *MapHandle) Info() (info *ebpf.MapInfo, err error) {
	err = h.Use(func(m *ebpf.Map) error {
		info, err = m.Info()
		return err
	})
	return info, err
}

// Freeze forbids writing from user space from now on; programs still can
// (Linux ≥ 5.2).
func (h *MapHandle) Freeze() error { return h.Use((*ebpf.Map).Freeze) }

// Pin gives the map a name in a bpf file system, which keeps it after the
// process. See [ebpf.Map.Pin].
//
//go:noinline
func (h *MapHandle) Pin(path string) error {
	return h.core().useAlone(func(m *ebpf.Map) error { return withPinRemedy(path, m.Pin(path)) })
}

// Unpin removes that name. An unpinned map is no error.
//
//go:noinline
func (h *MapHandle) Unpin() error {
	return h.core().useAlone((*ebpf.Map).Unpin)
}

// IsPinned says whether the handle knows a name of the map.
func (h *MapHandle) IsPinned() bool {
	pinned := false
	_ = h.core().useAlone(func(m *ebpf.Map) error {
		pinned = m.IsPinned()
		return nil
	})
	return pinned
}

// Close closes the reader or producer of the map, if it has one, which ends calls that
// wait. Then it closes the descriptor: at once, or when the calls that are in flight
// have ended, for which it does not wait. Loops over the map end with their next
// call. The kernel keeps a map that is pinned or that a program uses. A map that
// was not loaded, or was closed, is no error.
//
//go:noinline
func (h *MapHandle) Close() error {
	if h == nil {
		return nil
	}
	return errors.Join(h.c.events.Close(), h.c.life.close())
}
