package typed

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/cilium/ebpf"
)

// pinName is the name of a pin that carries the layouts of the map:
// "flows@3f9a12bc44d0e1f2", from 64 bits of a hash of key, value and events. Maps
// of another layout have another name, so that pins of two versions stand side by
// side. Of a map of which no type is known it is the C name alone.
func (l layouts) pinName(name string) string {
	roots, err := l.ofMap(name)
	if err != nil || len(roots) == 0 {
		return name
	}
	return name + "@" + mapHash(roots)
}

// layoutPins are the maps of one Load that are pinned by their layout.
type layoutPins struct {
	paths map[string]string // C name, path
	found map[string]*ebpf.Map
}

// findPins opens the pinned maps and takes pinning out of the spec.
func (l layouts) findPins(spec *ebpf.CollectionSpec, opts ebpf.MapOptions) (layoutPins, error) {
	pins := layoutPins{paths: make(map[string]string), found: make(map[string]*ebpf.Map)}
	if !l.pin {
		return pins, nil
	}
	for name, m := range spec.Maps {
		if m.Pinning != ebpf.PinByName {
			continue
		}
		if opts.PinPath == "" {
			return pins, fmt.Errorf("map %s: pin by name: set MapOptions.PinPath", name)
		}
		m.Pinning = ebpf.PinNone
		pins.paths[name] = filepath.Join(opts.PinPath, l.pinName(name))
	}
	for _, name := range slices.Sorted(maps.Keys(pins.paths)) {
		m, err := ebpf.LoadPinnedMap(pins.paths[name], &opts.LoadPinOptions)
		switch {
		case err == nil:
			pins.found[name] = m
		case !errors.Is(err, os.ErrNotExist):
			pins.close()
			return pins, fmt.Errorf("map %s: open pinned map %s: %w", name, pins.paths[name], err)
		}
	}
	return pins, nil
}

// pin pins the maps that have been created.
func (p layoutPins) pin(coll *ebpf.Collection) error {
	for _, name := range slices.Sorted(maps.Keys(p.paths)) {
		m := coll.Maps[name]
		if p.found[name] != nil || m == nil {
			continue
		}
		if err := m.Pin(p.paths[name]); err != nil {
			return fmt.Errorf("map %s: pin to %s: %w", name, p.paths[name], err)
		}
	}
	return nil
}

// close closes the maps that were found; the collection has duplicates.
func (p layoutPins) close() {
	for _, m := range p.found {
		m.Close()
	}
}

// proveAll compares the maps of a loaded collection that may have been there
// before: those that are pinned by name, and replacements.
func (l layouts) proveAll(spec *ebpf.CollectionSpec, coll *ebpf.Collection, opts ebpf.CollectionOptions, pins layoutPins) (map[string]MapLayout, error) {
	proofs := make(map[string]MapLayout)
	var errs []error
	for name, m := range coll.Maps {
		pin := pins.paths[name]
		switch {
		case spec.Maps[name].Pinning == ebpf.PinByName:
			pin = filepath.Join(opts.Maps.PinPath, spec.Maps[name].Name)
		case pins.found[name] == nil && opts.MapReplacements[name] == nil:
			proofs[name] = MapLayout{Proof: ProofCreated}
			continue
		}
		proved, err := l.prove(name, m, pin)
		if err != nil {
			errs = append(errs, fmt.Errorf("the map that exists does not fit: %w", err))
		}
		proofs[name] = proved
	}
	return proofs, errors.Join(errs...)
}
