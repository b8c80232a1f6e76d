package typed

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
)

// Maps of maps. User space puts a descriptor in and gets an id out, which these
// methods turn into a handle of the type that the inner maps have.

// PutMap makes a key hold an inner map.
//
//go:noinline
func (h *MapCore) PutMap(key unsafe.Pointer, inner AnyMap, flags UpdateFlags) error {
	if err := h.core().usable(); err != nil {
		return err
	}
	if isNil(inner) {
		return fmt.Errorf("%s: update: the inner map: %w", mapName(h.core().name), ErrNotLoaded)
	}
	k := copyKey(h.core(), key)
	err := inner.Handle().Use(func(m *ebpf.Map) error { return h.core().putFD(k.pointer(), m.FD(), flags) })
	if errors.Is(err, ErrNotLoaded) {
		return fmt.Errorf("%s: update: the inner %w", mapName(h.core().name), err)
	}
	return err
}

// OpenMap makes inner the handle of the map that a key holds. The caller closes
// it.
//
//go:noinline
func (h *MapCore) OpenMap(key unsafe.Pointer, inner AnyMap) error {
	id, err := h.LookupID(key)
	if err != nil {
		return err
	}
	return h.core().openInner(ebpf.MapID(id), inner)
}

func (c *mapCore) openInner(id ebpf.MapID, inner AnyMap) error {
	m, err := ebpf.NewMapFromID(id)
	if err != nil {
		return opError(c.name, "open inner map", needsSysAdmin(err))
	}
	return c.ownInner(m, inner)
}

// ownInner makes a handle of an inner map, or closes it.
func (c *mapCore) ownInner(m *ebpf.Map, inner AnyMap) error {
	return bindOwn(inner, innerName(c.name), m)
}

func innerName(outer string) string { return outer + " (inner)" }

// NewMap makes inner the handle of a new map that can be put into the map: spec
// is the InnerMap of the outer map's spec, or like it. The caller closes it.
//
//go:noinline
func (h *MapCore) NewMap(spec *ebpf.MapSpec, inner AnyMap) error {
	if err := h.core().usable(); err != nil {
		return err
	}
	if spec == nil {
		return fmt.Errorf("%s: create inner map: no spec: %w", mapName(h.core().name), os.ErrInvalid)
	}
	spec = spec.Copy()
	fixRing(spec)
	m, err := ebpf.NewMap(spec)
	if err != nil {
		return opError(h.core().name, "create inner map", err)
	}
	return h.core().ownInner(m, inner)
}

// MapsScan is a loop over the inner maps. It is not for other code than
// generated one.
type MapsScan struct {
	ids MapScan
	err error
}

// Maps is a loop over the inner maps.
//
//go:noinline
func (h *MapCore) Maps() *MapsScan {
	return &MapsScan{ids: MapScan{c: h.core(), cmd: bpf.MapLookupBatch}}
}

// Each begins anew and yields the addresses of keys, and the handles of their
// maps, which inner makes and which are closed when use returns. Maps that vanish
// meanwhile are left out.
func (s *MapsScan) Each(inner func() AnyMap, use func(key unsafe.Pointer, inner AnyMap) bool) {
	s.err = nil
	s.ids.Each(func(key, value unsafe.Pointer) bool {
		var more bool
		more, s.err = s.visit(key, *(*ebpf.MapID)(value), inner(), use)
		return more
	})
}

// visit opens a map for the time of a call.
func (s *MapsScan) visit(key unsafe.Pointer, id ebpf.MapID, inner AnyMap, use func(unsafe.Pointer, AnyMap) bool) (bool, error) {
	err := s.ids.c.openInner(id, inner)
	if gone(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer inner.Handle().Close()
	return use(key, inner), nil
}

// Err is what ended the last Each early.
func (s *MapsScan) Err() error {
	if s.err != nil {
		return s.err
	}
	return s.ids.Err()
}
