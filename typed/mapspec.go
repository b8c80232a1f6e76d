package typed

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/cilium/ebpf"
)

// MapFields are the fields of the library's spec of a map, without its methods:
// those take any.
type MapFields ebpf.MapSpec

// MapSpec is a map before it is loaded. P is the pointer to its type.
//
// The embedded fields may be changed before Load (MaxEntries, Flags, Pinning,
// …); (*ebpf.MapSpec)(s.MapFields) is the library's spec. Where the opened object
// has no such map they are empty, and the methods return [ErrNotLoaded].
type MapSpec[P AnyMap] MapSpecCore

// MapSpecCore is a [MapSpec] as generated code sees it: what it has is compiled
// once, not for each type. It is not for other code.
type MapSpecCore struct {
	*MapFields
	s mapSpec
	_ [0]func() // not comparable, which would be code for each type
}

// mapSpec is the part of a MapSpec that knows no types.
type mapSpec struct {
	name    string
	spec    *ebpf.MapSpec
	present bool
	set     *CollectionSpec
}

// coreOf is the mapSpec of a spec, nil where that is.
func coreOf[P AnyMap](s *MapSpec[P]) *mapSpec {
	if s == nil {
		return nil
	}
	return &s.s
}

// Replace makes Load use an existing map instead of creating one. The
// collection holds a duplicate: closing it leaves other open. A nil other
// takes an earlier Replace back. If other is not loaded or was closed by then,
// that is an error of Load.
func (s *MapSpec[P]) Replace(other P) { coreOf(s).replace(other) }

// What is not of every day are functions: methods are compiled for each map,
// called or not.

// NewMap creates a map from a spec, without a collection. The caller closes it.
// opts may be nil; one that is pinned by name (Pinning) needs a PinPath there, and
// is opened if it exists.
func NewMap[P AnyMap](s *MapSpec[P], opts *ebpf.MapOptions) (P, error) {
	return made[P](coreOf(s).create(opts, newHandle[P]()))
}

// OpenPinnedMap opens a pinned map. It fails with a [*LayoutError] if that map is
// of another type, size or layout than the one of the spec. opts may be nil. The caller
// closes the map.
func OpenPinnedMap[P AnyMap](s *MapSpec[P], path string, opts *ebpf.LoadPinOptions) (P, error) {
	return made[P](coreOf(s).openPinned(path, opts, newHandle[P]()))
}

// WrapMap makes a typed handle of a map that the caller has from elsewhere. It
// fails with a [*LayoutError] if that map is of another type or size than the one
// of the spec. The handle has a descriptor of its own: the caller closes both.
func WrapMap[P AnyMap](s *MapSpec[P], m *ebpf.Map) (P, error) {
	return made[P](coreOf(s).wrap(m, newHandle[P]()))
}

// newHandle is a zero handle of the type that P points to.
//
//go:noinline
func newHandle[P AnyMap]() AnyMap {
	var none P
	return newLike(none)
}

// newLike is a zero handle of the type that none points to. Generic code, which
// every package that uses it compiles, must not mention package reflect: that
// compiles the methods of its types, too.
func newLike(none AnyMap) AnyMap {
	return reflect.New(reflect.TypeOf(none).Elem()).Interface().(AnyMap)
}

// made is h as what it is. It is not inlined into the methods of every type.
//
//go:noinline
func made[P AnyMap](h AnyMap, err error) (P, error) {
	if err != nil {
		var none P
		return none, err
	}
	return h.(P), nil
}

func (s *mapSpec) create(opts *ebpf.MapOptions, h AnyMap) (AnyMap, error) {
	if s == nil || !s.present {
		return nil, notLoaded(s.cName())
	}
	spec := s.spec.Copy()
	fixRing(spec)
	if opts == nil {
		opts = new(ebpf.MapOptions)
	}
	if spec.Pinning != ebpf.PinNone && opts.PinPath == "" {
		return nil, fmt.Errorf("create %s: it is pinned by name: PinPath of the options must say where, or Pinning of the spec be ebpf.PinNone", mapName(s.name))
	}
	m, l, err := s.set.layouts.createMap(s.name, spec, *opts)
	if err != nil {
		return nil, withMapRemedy(spec.Type, fmt.Errorf("create %s: %w", mapName(s.name), err))
	}
	return s.own(m, l, h)
}

// cName is the name of the map, empty where there is no spec.
func (s *mapSpec) cName() string {
	if s == nil {
		return ""
	}
	return s.name
}

func (s *mapSpec) openPinned(path string, opts *ebpf.LoadPinOptions, h AnyMap) (AnyMap, error) {
	m, err := ebpf.LoadPinnedMap(path, opts)
	if err != nil {
		return nil, fmt.Errorf("open pinned %s: %w", mapName(s.cName()), err)
	}
	return s.prove(m, path, h)
}

func (s *mapSpec) wrap(m *ebpf.Map, h AnyMap) (AnyMap, error) {
	if m == nil {
		return nil, notLoaded(s.cName())
	}
	clone, err := m.Clone()
	if err != nil {
		return nil, fmt.Errorf("wrap %s: %w", mapName(s.cName()), err)
	}
	return s.prove(clone, "", h)
}

// prove makes h the handle of a map that was there before, if its layout is the
// one that h is made for. pin is its path, "" where it is not known.
func (s *mapSpec) prove(m *ebpf.Map, pin string, h AnyMap) (AnyMap, error) {
	h, err := s.own(m, MapLayout{}, h)
	if err != nil || s == nil || s.set == nil {
		return h, err
	}
	life := mapOf(h).life
	if life.layout, err = s.set.layouts.prove(s.name, m, pin); err != nil {
		return nil, errors.Join(misfit(pin, err), life.close())
	}
	return h, nil
}

// own makes h the handle of m, or closes m.
func (s *mapSpec) own(m *ebpf.Map, l MapLayout, h AnyMap) (AnyMap, error) {
	if err := bindOwn(h, s.cName(), m); err != nil {
		return nil, err
	}
	mapOf(h).life.layout = l
	return h, nil
}

// bindOwn makes h the handle of m, or closes m.
func bindOwn(h AnyMap, name string, m *ebpf.Map) error {
	life := newMapLife(m)
	if err := mapOf(h).bind(h.Shape(), name, life); err != nil {
		return errors.Join(err, life.close())
	}
	return nil
}

// ReplaceWith is [MapSpec.Replace] with a map of another Go type for the same keys
// and values, such as that of another ident which shares them (-types-from). It is
// an error that wraps a [*LayoutError] if the class of the map or the sizes of the
// two types differ.
func ReplaceWith[P AnyMap](s *MapSpec[P], other AnyMap) error {
	return s.s.replaceWith(newHandle[P]().Shape(), other)
}

func (s *mapSpec) replaceWith(want MapShape, other AnyMap) error {
	if isNil(other) {
		return fmt.Errorf("replace %s: %w", mapName(s.name), ErrNotLoaded)
	}
	if got := other.Shape(); got.Class != want.Class || got.Key != want.Key || got.Value != want.Value {
		return fmt.Errorf("replace %s: %w", mapName(s.name), &LayoutError{
			Object: mapName(other.Name()), Property: "Go type", Want: want.text(), Got: got.text(),
		})
	}
	s.replace(other)
	return nil
}

// text is the shape in words, for errors.
func (s MapShape) text() string {
	return fmt.Sprintf("class %d, keys of %d bytes, values of %d", s.Class, s.Key, s.Value)
}

//go:noinline
func (s *mapSpec) replace(other AnyMap) {
	switch {
	case s == nil || s.set == nil: // a zero spec
	case isNil(other):
		delete(s.set.replacements, s.name)
	default:
		s.set.replacements[s.name] = other.Handle().c.life
		s.set.existing, s.set.entered = findExisting, (*specCore).enterReplacements
	}
}

// BindMapSpec is the spec of the map with that C name, whose Go type is that of
// like, a nil pointer. Generated code calls it; errors are collected and come out of
// [CollectionSpec.Err].
func BindMapSpec(c *CollectionSpec, name string, like AnyMap) *MapSpecCore {
	s := (*specCore)(c).bindMapSpec(name, like)
	return &MapSpecCore{MapFields: (*MapFields)(s.spec), s: s}
}

func (c *specCore) bindMapSpec(name string, h AnyMap) mapSpec {
	spec := c.Spec.Maps[name]
	s := mapSpec{name: name, spec: spec, present: spec != nil, set: (*CollectionSpec)(c)}
	if spec == nil {
		s.spec = &ebpf.MapSpec{Name: name}
		return s
	}
	if err := h.Shape().checkSpec(name, c.withEvent(name, spec)); err != nil {
		c.fail(err)
	}
	return s
}

// BindMap makes h the handle of the loaded map with that C name. Generated code
// calls it. A layout error stays in the handle: the library's object is still of
// use. So does ErrNotLoaded where there is no map.
func BindMap(c *Collection, h AnyMap, name string) {
	core := mapOf(h)
	_ = core.bind(h.Shape(), name, c.maps[name])
	if core.life == nil {
		core.err = c.left[name]
	}
	if h.Shape().Class.carriesRecords() {
		c.readers.own(&core.events)
	}
}
