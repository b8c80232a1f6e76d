package typed

import (
	"fmt"
	"iter"
	"reflect"
	"runtime"

	"github.com/cilium/ebpf"
)

// outerMap is a map of maps. User space puts a descriptor in and gets an id
// out, which these methods turn into a handle of class M.
type outerMap[K, M any] struct {
	boundMap
}

// outerShape is the shape of a map of K to maps of class M.
func outerShape[K, M any](kind ebpf.MapType) mapShape {
	shape := keyShape[K](size4, kind)
	if _, ok := any(new(M)).(mapHandle); !ok && shape.unfit == nil {
		shape.unfit = &LayoutError{Property: "inner map", Want: "a class of maps", Got: reflect.TypeFor[M]().String()}
	}
	return shape
}

// checkOuterSpec also compares the spec of the inner maps with M.
func checkOuterSpec[M any](shape mapShape, name string, spec *ebpf.MapSpec) error {
	if err := shape.checkSpec(name, spec); err != nil || spec.InnerMap == nil {
		return err
	}
	return any(new(M)).(mapHandle).checkSpec(innerName(name), spec.InnerMap)
}

func innerName(outer string) string { return outer + " (inner)" }

// Put makes the map hold inner, which can be closed afterwards. It must be like
// the inner map of the spec: of its type, sizes and flags, and of its
// MaxEntries unless that is a hash or an array with BPF_F_INNER_MAP (5.10).
func (m *outerMap[K, M]) Put(key K, inner *M) error { return m.put(key, inner, UpdateAny) }

func (m *outerMap[K, M]) put(key K, inner *M, flags UpdateFlags) error {
	if inner == nil || any(inner).(mapHandle).raw() == nil {
		return fmt.Errorf("map %s: update: the inner map: %w", m.name, ErrNotLoaded)
	}
	em := any(inner).(mapHandle).raw()
	err := putFD(&m.boundMap, &key, em.FD(), flags)
	runtime.KeepAlive(em)
	return err
}

// Delete removes a key, or makes the slot of an array empty. The error wraps
// [ebpf.ErrKeyNotExist] if there is none.
func (m *outerMap[K, M]) Delete(key K) error { return deleteElem(&m.boundMap, &key) }

// LookupID returns the id of an inner map. The error wraps
// [ebpf.ErrKeyNotExist] if there is none.
func (m *outerMap[K, M]) LookupID(key K) (id ebpf.MapID, err error) {
	err = lookupElem(&m.boundMap, &key, &id, 0)
	return id, err
}

// Lookup opens an inner map. The caller closes it. The error wraps
// [ebpf.ErrKeyNotExist] if there is none.
func (m *outerMap[K, M]) Lookup(key K) (*M, error) {
	id, err := m.LookupID(key)
	if err != nil {
		return nil, err
	}
	return m.open(id)
}

func (m *outerMap[K, M]) open(id ebpf.MapID) (*M, error) {
	em, err := ebpf.NewMapFromID(id)
	if err != nil {
		return nil, fmt.Errorf("map %s: open inner map: %w", m.name, err)
	}
	return m.own(em)
}

// own makes a handle of an inner map, or closes it.
func (m *outerMap[K, M]) own(em *ebpf.Map) (*M, error) {
	inner := new(M)
	if err := any(inner).(mapHandle).bind(innerName(m.name), em); err != nil {
		em.Close()
		return nil, err
	}
	return inner, nil
}

// NewInner creates a map to Put: spec is the InnerMap of the outer map's spec,
// changed where Put allows. The caller closes it.
func (m *outerMap[K, M]) NewInner(spec *ebpf.MapSpec) (*M, error) {
	if err := m.Err(); err != nil {
		return nil, err
	}
	spec = spec.Copy()
	fixRing(spec)
	em, err := ebpf.NewMap(spec)
	if err != nil {
		return nil, fmt.Errorf("map %s: create inner map: %w", m.name, err)
	}
	return m.own(em)
}

// IDs ranges over the keys and the ids of their maps. The second result is
// called after the loop and returns what ended it early.
func (m *outerMap[K, M]) IDs() (iter.Seq2[K, ebpf.MapID], func() error) {
	return all[K, ebpf.MapID](&m.boundMap)
}

// All ranges over the keys and their maps. A handle is closed when the loop
// body that got it ends. Inner maps that vanish meanwhile are left out. The
// second result is called after the loop and returns what ended it early.
func (m *outerMap[K, M]) All() (iter.Seq2[K, *M], func() error) {
	var err error
	return func(yield func(K, *M) bool) {
		ids, errf := m.IDs()
		for key, id := range ids {
			var more bool
			if more, err = m.visit(key, id, yield); !more {
				return
			}
		}
		err = errf()
	}, func() error { return err }
}

// visit opens a map for the time of a call.
func (m *outerMap[K, M]) visit(key K, id ebpf.MapID, yield func(K, *M) bool) (more bool, err error) {
	inner, err := m.open(id)
	if gone(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer any(inner).(mapHandle).raw().Close()
	return yield(key, inner), nil
}

// ArrayOfMaps is a BPF_MAP_TYPE_ARRAY_OF_MAPS (4.12): maps of class M, for
// example [HashMap], by number. K is a type of 4 bytes, mostly uint32.
type ArrayOfMaps[K, M any] struct {
	outerMap[K, M]
}

func (m *ArrayOfMaps[K, M]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *ArrayOfMaps[K, M]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return checkOuterSpec[M](m.shape(), name, spec)
}

func (*ArrayOfMaps[K, M]) shape() mapShape { return outerShape[K, M](ebpf.ArrayOfMaps) }

// HashOfMaps is a BPF_MAP_TYPE_HASH_OF_MAPS (4.12): maps of class M, for
// example [ArrayMap], by K.
type HashOfMaps[K, M any] struct {
	outerMap[K, M]
}

func (m *HashOfMaps[K, M]) bind(name string, em *ebpf.Map) error {
	return m.bindAs(m.shape(), name, em)
}

func (m *HashOfMaps[K, M]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return checkOuterSpec[M](m.shape(), name, spec)
}

func (*HashOfMaps[K, M]) shape() mapShape { return outerShape[K, M](ebpf.HashOfMaps) }

// Update is Put with flags. The error wraps [ebpf.ErrKeyExist],
// [ebpf.ErrKeyNotExist] or [ErrMapFull].
func (m *HashOfMaps[K, M]) Update(key K, inner *M, flags UpdateFlags) error {
	return m.put(key, inner, flags)
}
