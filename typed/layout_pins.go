package typed

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/cilium/ebpf"
)

// PinByLayout makes Load put a hash of the layouts of key, value and events behind
// the names of the maps that are pinned by name: "flows@3f9a12bc44d0e1f2". Builds of
// another layout have pins of their own beside it, and a pin that is found is
// proved ([ProofPinName]) without any privilege. [FromPins] finds such pins, too.
func (c *CollectionSpec) PinByLayout() {
	if c != nil {
		c.layouts.pin = true
	}
}

// PinName is the name of a pin that carries the layouts of a map, as PinByLayout
// makes it: "flows@3f9a12bc44d0e1f2". Of a map of which Go has nothing but bytes it
// is the C name alone.
func PinName[P AnyMap](s *MapSpec[P]) string {
	if s == nil || s.s.set == nil {
		return ""
	}
	return s.s.set.layouts.pinName(s.s.name)
}

// pinName is the hash of 64 bits behind the C name.
func (l layouts) pinName(name string) string {
	roots, err := l.ofMap(name)
	if err != nil || len(roots) == 0 {
		return name
	}
	return name + "@" + mapHash(roots)
}

// mapFinder finds the maps of one Load that were there before: findExisting, where
// something refers to it.
type mapFinder func(l layouts, spec *ebpf.CollectionSpec, opts *ebpf.CollectionOptions, left map[string]error) (existingSet, error)

// existingSet is a *existing.
type existingSet interface {
	finish(coll *ebpf.Collection) (map[string]MapLayout, error)
	close() error
}

// existing are the maps of one Load that may have been there before.
type existing struct {
	layouts
	// pins are the paths of maps that the collection pins, found those that were
	// there.
	pins  map[string]string
	found map[string]*ebpf.Map
	// given are the maps that Load does not create, with their pins, "" for none.
	given map[string]string
}

// findExisting finds them, and makes replacements of those that are pinned; left are
// the maps that are not loaded.
func findExisting(l layouts, spec *ebpf.CollectionSpec, opts *ebpf.CollectionOptions, left map[string]error) (existingSet, error) {
	opts.MapReplacements = maps.Clone(opts.MapReplacements)
	maps.DeleteFunc(opts.MapReplacements, func(name string, _ *ebpf.Map) bool { return left[name] != nil })
	e, err := l.findExisting(spec, opts)
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (l layouts) findExisting(spec *ebpf.CollectionSpec, opts *ebpf.CollectionOptions) (*existing, error) {
	e := &existing{l, make(map[string]string), make(map[string]*ebpf.Map), make(map[string]string)}
	for name := range opts.MapReplacements {
		e.given[name] = ""
	}
	for _, name := range sortedKeys(spec.Maps) {
		m := spec.Maps[name]
		switch _, replaced := e.given[name]; {
		case m.Pinning != ebpf.PinByName || replaced || opts.Maps.PinPath == "": // which the library refuses
		default:
			file := m.Name
			if l.pin {
				file = e.pinName(name)
			}
			if err := e.findPin(name, filepath.Join(opts.Maps.PinPath, file), m, opts); err != nil {
				return nil, errors.Join(err, e.close())
			}
		}
	}
	return e, nil
}

// findPin looks for a pin, and takes pinning out of the spec. The library would open
// what another process has pinned a moment before it looks, and not tell that from a
// map that it has created.
func (e *existing) findPin(name, path string, m *ebpf.MapSpec, opts *ebpf.CollectionOptions) error {
	m.Pinning = ebpf.PinNone
	e.pins[name] = path
	found, err := ebpf.LoadPinnedMap(path, &opts.Maps.LoadPinOptions)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("map %s: open pinned map %s: %w", name, path, explainPin(path, err))
	}
	e.found[name], e.given[name] = found, path
	if opts.MapReplacements == nil {
		opts.MapReplacements = make(map[string]*ebpf.Map)
	}
	opts.MapReplacements[name] = found
	return nil
}

// close closes what was found.
func (e *existing) close() error {
	var errs []error
	for _, m := range e.found {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// finish compares the maps that were there, and pins the new ones. An error leaves
// no new pin behind.
func (e *existing) finish(coll *ebpf.Collection) (map[string]MapLayout, error) {
	proofs := make(map[string]MapLayout)
	var errs []error
	for _, name := range sortedKeys(coll.Maps) {
		pin, given := e.given[name]
		if !given {
			proofs[name] = MapLayout{Proof: ProofCreated}
			continue
		}
		var err error
		if proofs[name], err = e.prove(name, coll.Maps[name], pin); err != nil {
			errs = append(errs, misfit(pin, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return proofs, e.pinNew(coll)
}

// misfit is the error of a map that exists.
func misfit(pin string, err error) error {
	if pin == "" {
		return fmt.Errorf("the map that is to be used does not fit: %w", err)
	}
	return fmt.Errorf("the map that is pinned at %s does not fit; remove it, or pin by layout (PinByLayout): %w", pin, err)
}

// pinNew pins the maps that were created, and puts those that were found in the
// place of the library's duplicates, which do not know their pins.
func (e *existing) pinNew(coll *ebpf.Collection) error {
	var pinned []*ebpf.Map
	for _, name := range sortedKeys(e.pins) {
		m := coll.Maps[name]
		switch found := e.found[name]; {
		case m == nil:
		case found == m:
			delete(e.found, name)
		case found != nil:
			coll.Maps[name] = found
			delete(e.found, name)
			if err := m.Close(); err != nil {
				return err
			}
		default:
			if err := m.Pin(e.pins[name]); err != nil {
				if errors.Is(err, os.ErrExist) {
					err = fmt.Errorf("%w: %w", errPinnedMeanwhile, err)
				}
				errs := []error{fmt.Errorf("map %s: pin to %s: %w", name, e.pins[name], explainPin(e.pins[name], err))}
				for _, p := range pinned {
					errs = append(errs, p.Unpin())
				}
				return errors.Join(errs...)
			}
			pinned = append(pinned, m)
		}
	}
	return nil
}

// errPinnedMeanwhile says that another process has pinned a map between the look for
// it and the pin.
var errPinnedMeanwhile = errors.New("pinned by another process meanwhile")

// createMap creates one map, or opens it where it is pinned already.
func (l layouts) createMap(name string, spec *ebpf.MapSpec, opts ebpf.MapOptions) (*ebpf.Map, MapLayout, error) {
	set := &ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{name: spec}}
	e, err := l.findExisting(set, &ebpf.CollectionOptions{Maps: opts})
	if err != nil {
		return nil, MapLayout{}, err
	}
	defer e.close()
	m := e.found[name]
	if m != nil {
		err = spec.Compatible(m)
	} else {
		m, err = ebpf.NewMapWithOptions(spec, opts)
	}
	if err != nil {
		return nil, MapLayout{}, err
	}
	proofs, err := e.finish(&ebpf.Collection{Maps: map[string]*ebpf.Map{name: m}})
	if err != nil {
		return nil, MapLayout{}, errors.Join(err, m.Close())
	}
	return m, proofs[name], nil
}
