package typed

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/cilium/ebpf"
)

// boundMap is the part that all classes of maps have in common: the library's
// object, what the kernel says of it, and what does not depend on types.
//
// Every typed operation goes through ready, which gives out the descriptor
// only if the map's type and sizes have been compared with the class's. That
// is the whole of memory safety here: behind a pointer that the kernel gets
// lie as many bytes as the kernel reads or writes.
//
// Like the library's Map it must not be closed while others use it.
type boundMap struct {
	// Map is the library's object, nil where the map was not loaded. It does
	// all that the typed methods do not. Replacing it makes the typed methods
	// fail.
	Map *ebpf.Map

	name      string
	checked   *ebpf.Map // Map as it was when its layout was checked
	err       error     // why checked is nil
	facts     mapFacts
	keyErrors keyErrors
	stride    int       // bytes of one CPU's value in a system call
	cpus      int       // values per key: 1, or the number of possible CPUs
	pages     sync.Pool // of *page[K, V], for iteration
}

// anySize stands for a size that a class does not care for.
const anySize = math.MaxUint32

// mapShape is what a class wants a map to be.
type mapShape struct {
	types  []ebpf.MapType // nil: any
	key    uint32         // bytes, or anySize
	values []uint32       // the sizes that will do, in bytes; nil: any
	perCPU bool
	// unfit says why the Go type of the key or value cannot be one.
	unfit *LayoutError
}

// bindAs makes b the handle of m if m has the shape.
func (b *boundMap) bindAs(shape mapShape, name string, m *ebpf.Map) error {
	*b = boundMap{Map: m, name: name}
	if m == nil {
		b.err = notLoaded(name)
		return b.err
	}
	if b.err = b.check(shape); b.err != nil {
		return b.err
	}
	b.checked = m
	b.keyErrors = newKeyErrors(name)
	return nil
}

// check compares the shape with what the kernel says of the map.
func (b *boundMap) check(shape mapShape) (err error) {
	if b.facts, err = bpfMapFacts(b.Map.FD()); err != nil {
		return fmt.Errorf("map %s: get info: %w", b.name, err)
	}
	if err := shape.compare(b.name, ebpf.MapType(b.facts.kind), b.facts.keySize, b.facts.valueSize); err != nil {
		return err
	}
	b.stride, b.cpus = int(b.facts.valueSize), 1
	if shape.perCPU {
		// bpf_percpu_hash_copy, bpf_percpu_array_copy: round_up(value_size, 8).
		b.stride = (b.stride + 7) &^ 7
		b.cpus, err = ebpf.PossibleCPU()
	}
	return err
}

// checkSpec compares the shape with a spec.
func (shape mapShape) checkSpec(name string, spec *ebpf.MapSpec) error {
	return shape.compare(name, spec.Type, spec.KeySize, spec.ValueSize)
}

func (shape mapShape) compare(name string, kind ebpf.MapType, key, value uint32) error {
	object := "map " + name
	switch {
	case shape.unfit != nil:
		unfit := *shape.unfit
		unfit.Object = object
		return &unfit
	case shape.types != nil && !slices.Contains(shape.types, kind):
		return &LayoutError{Object: object, Property: "map type", Want: alternatives(shape.types), Got: kind.String()}
	case shape.key != anySize && shape.key != key:
		return &LayoutError{Object: object, Property: "key size", Want: fmt.Sprint(shape.key), Got: fmt.Sprint(key)}
	case shape.values != nil && !slices.Contains(shape.values, value):
		return &LayoutError{Object: object, Property: "value size", Want: alternatives(shape.values), Got: fmt.Sprint(value)}
	}
	return nil
}

// alternatives is "4" or "4 or 8".
func alternatives[T any](s []T) string {
	text := make([]string, len(s))
	for i, v := range s {
		text[i] = fmt.Sprint(v)
	}
	return strings.Join(text, " or ")
}

// ready returns the descriptor of a map whose layout fits.
func (b *boundMap) ready() (int, error) {
	if b.checked == nil || b.checked != b.Map {
		return -1, b.whyNot()
	}
	fd := b.checked.FD()
	if fd < 0 {
		return -1, closedError(b.name)
	}
	return fd, nil
}

func (b *boundMap) whyNot() error {
	switch {
	case b.Map == nil:
		return notLoaded(b.name)
	case b.err != nil:
		return b.err
	}
	return fmt.Errorf("map %s: %w", b.name, errUnchecked)
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

func (b *boundMap) arrayLike() bool {
	return slices.Contains(arrayLikes, ebpf.MapType(b.facts.kind))
}

func (b *boundMap) bucketCursor() bool {
	return slices.Contains(bucketWalkers, ebpf.MapType(b.facts.kind))
}

func (b *boundMap) raw() *ebpf.Map { return b.Map }

// Name is the C name of the map.
func (b *boundMap) Name() string { return b.name }

// Err is why the typed methods do not work: [ErrNotLoaded] or a
// [*LayoutError]. nil if they do.
func (b *boundMap) Err() error {
	if b.checked != nil && b.checked == b.Map {
		return nil
	}
	return b.whyNot()
}

// Loaded says whether there is a map behind the handle.
func (b *boundMap) Loaded() bool { return b.Map != nil }

// FD is the file descriptor of the map, -1 where it was not loaded or was
// closed.
func (b *boundMap) FD() int {
	if b.Map == nil {
		return -1
	}
	return b.Map.FD()
}

// MaxEntries is how many entries the map can hold, 0 where it was not loaded.
func (b *boundMap) MaxEntries() int {
	if b.Map == nil {
		return 0
	}
	return int(b.Map.MaxEntries())
}

// Info is what the kernel says of the map.
func (b *boundMap) Info() (*ebpf.MapInfo, error) {
	if b.Map == nil {
		return nil, b.whyNot()
	}
	return b.Map.Info()
}

// Freeze forbids writing from user space from now on; programs still can.
// Linux 5.2.
func (b *boundMap) Freeze() error {
	if b.Map == nil {
		return b.whyNot()
	}
	return b.Map.Freeze()
}

// Pin gives the map a name in a bpf file system, which keeps it after the
// process. See [ebpf.Map.Pin].
func (b *boundMap) Pin(path string) error {
	if b.Map == nil {
		return b.whyNot()
	}
	return b.Map.Pin(path)
}

// Unpin removes that name. An unpinned map is no error.
func (b *boundMap) Unpin() error {
	if b.Map == nil {
		return b.whyNot()
	}
	return b.Map.Unpin()
}

// IsPinned says whether the handle knows a name of the map.
func (b *boundMap) IsPinned() bool { return b.Map != nil && b.Map.IsPinned() }

// Close closes the descriptor. A map that was not loaded, or was closed, is no
// error.
func (b *boundMap) Close() error { return b.Map.Close() }
