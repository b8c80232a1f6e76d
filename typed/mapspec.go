package typed

import (
	"fmt"

	"github.com/cilium/ebpf"
)

// MapHandle is the pointer to any class of map.
type MapHandle interface {
	// Name is the C name of the map.
	Name() string
	// raw is the map, nil where it was not loaded.
	raw() *ebpf.Map
}

// mapHandle is implemented by the pointer to every class of map.
type mapHandle interface {
	MapHandle
	// bind makes the handle one of m. It compares m's real type and sizes (as
	// the kernel has them) with the class and its type parameters, and returns
	// a *LayoutError if they differ; the handle then keeps m for .Map, and its
	// typed methods return that error. name is the C name, for messages.
	bind(name string, m *ebpf.Map) error
	// checkSpec compares the spec of an object that was opened with the class
	// and its type parameters; a *LayoutError if they differ.
	checkSpec(name string, spec *ebpf.MapSpec) error
}

// mapHandleOf says that *M is a class of maps.
type mapHandleOf[M any] interface {
	*M
	mapHandle
}

// MapSpec is a map before it is loaded. M is the class of map with its types,
// for example HashMap[counterFlowKey, counterFlowStats].
//
// The embedded [ebpf.MapSpec] may be changed before Load (MaxEntries, Flags,
// Pinning, …). Where the opened object has no such map it is an empty one, and
// the methods return [ErrNotLoaded].
type MapSpec[M any] struct {
	*ebpf.MapSpec
	name    string
	present bool
	set     *CollectionSpec
	short   bool // short records of events are filled up
}

// zeroFillShort passes the wish on to every handle made from the spec.
func (s *MapSpec[M]) zeroFillShort() { s.short = true }

// New creates a map from the spec, without a collection. The caller closes it.
func (s *MapSpec[M]) New() (*M, error) {
	if !s.present {
		return nil, fmt.Errorf("map %s: %w", s.name, ErrNotLoaded)
	}
	spec := s.MapSpec.Copy()
	fixRing(spec)
	m, err := ebpf.NewMap(spec)
	if err != nil {
		return nil, fmt.Errorf("create map %s: %w", s.name, err)
	}
	return s.own(m)
}

// OpenPinned opens a pinned map. It fails with a [*LayoutError] if that map is
// of another type or size. opts may be nil. The caller closes the map.
func (s *MapSpec[M]) OpenPinned(path string, opts *ebpf.LoadPinOptions) (*M, error) {
	m, err := ebpf.LoadPinnedMap(path, opts)
	if err != nil {
		return nil, fmt.Errorf("open pinned map %s: %w", s.name, err)
	}
	return s.own(m)
}

// Wrap makes a typed handle of a map that the caller has from elsewhere. It
// fails with a [*LayoutError] if that map is of another type or size. The
// handle and m are one: closing either closes both.
func (s *MapSpec[M]) Wrap(m *ebpf.Map) (*M, error) {
	h := new(M)
	if err := any(h).(mapHandle).bind(s.name, m); err != nil {
		return nil, err
	}
	if events, ok := any(h).(shortEvents); ok && s.short {
		events.zeroFillShort()
	}
	return h, nil
}

// own is Wrap that closes m on failure.
func (s *MapSpec[M]) own(m *ebpf.Map) (*M, error) {
	h, err := s.Wrap(m)
	if err != nil {
		m.Close()
		return nil, err
	}
	return h, nil
}

// Replace makes Load use an existing map instead of creating one. The
// collection holds a duplicate: closing it leaves other open. A nil other
// takes an earlier Replace back.
func (s *MapSpec[M]) Replace(other *M) {
	if other == nil {
		delete(s.set.replacements, s.name)
		return
	}
	s.set.replacements[s.name] = any(other).(mapHandle).raw()
}

// BindMapSpec makes *dst the spec of the map with that C name. Generated code
// calls it; errors are collected and come out of [CollectionSpec.Err].
func BindMapSpec[M any, P mapHandleOf[M]](c *CollectionSpec, dst **MapSpec[M], name string) {
	spec := c.Spec.Maps[name]
	s := &MapSpec[M]{MapSpec: spec, name: name, present: spec != nil, set: c}
	if spec == nil {
		s.MapSpec = &ebpf.MapSpec{Name: name}
	} else if err := P(new(M)).checkSpec(name, c.withEvent(name, spec)); err != nil {
		c.fail(err)
	}
	*dst = s
}

// BindMap makes *dst the handle of the loaded map with that C name. Generated
// code calls it.
func BindMap[M any, P mapHandleOf[M]](c *Collection, dst **M, name string) {
	h := new(M)
	// A layout error stays in the handle: the raw map is still of use. So does
	// ErrNotLoaded where there is no map.
	_ = P(h).bind(name, c.Collection.Maps[name])
	if o, ok := any(h).(ownable); ok {
		o.ownedBy(name, &c.readers)
	}
	*dst = h
}
