package typed

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/cilium/ebpf"
)

// Maps of another collection, or from elsewhere, in the place of those that Load
// would create.

// ReplaceMaps makes Load use what other has, instead of creating its own: all maps
// that both have by name, and the global variables of .bss and .data. The new
// collection holds duplicates.
//
// Constants (.rodata) are each collection's own: the verifier knew their values.
// So are the variables of a section in which something has another place or size
// in the other object. That is an error that wraps a [*LayoutError] for each such
// section; everything else is replaced nevertheless. What is replaced by a map
// that is closed by then is an error of Load.
//
//go:noinline
func (c *CollectionSpec) ReplaceMaps(other *Collection) error {
	if c == nil || c.Spec == nil || other == nil || other.Library == nil {
		return fmt.Errorf("replace maps: %w", ErrNotLoaded)
	}
	c.existing, c.entered = findExisting, (*specCore).enterReplacements
	var errs []error
	for _, name := range sortedKeys(other.maps) {
		switch {
		case c.Spec.Maps[name] == nil:
		case !strings.HasPrefix(name, "."):
			c.replacements[name] = other.maps[name]
		case isWritable(name):
			if err := (*specCore)(c).replaceSection(name, other); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// isWritable says that a section has variables that programs write: .bss, .data
// and sections like .data.mine.
func isWritable(section string) bool {
	return section == ".bss" || strings.HasPrefix(section, ".bss.") ||
		section == ".data" || strings.HasPrefix(section, ".data.")
}

// replaceSection shares the variables of a section if they lie alike.
func (c *specCore) replaceSection(name string, other *Collection) error {
	ours, theirs := placesOf(c.Spec, name), placesOf(other.spec, name)
	for _, variable := range sortedKeys(ours) {
		if got := theirs[variable]; got != ours[variable] {
			return &LayoutError{
				Object: "variable " + variable + " of " + name, Property: "place in the other collection",
				Want: ours[variable], Got: cmp.Or(got, "nowhere"),
			}
		}
	}
	c.replacements[name] = other.maps[name]
	return nil
}

// placesOf says where the variables of a section lie.
func placesOf(spec *ebpf.CollectionSpec, section string) map[string]string {
	places := make(map[string]string)
	if ds := datasec(spec, section); ds != nil {
		for _, v := range ds.Vars {
			places[v.Type.TypeName()] += fmt.Sprintf("bytes %d to %d", v.Offset, v.Offset+v.Size)
		}
	}
	if m := spec.Maps[section]; m != nil {
		places["the whole"] = fmt.Sprintf("%d bytes", m.ValueSize)
	}
	return places
}

// enterReplacements are the library's objects of the maps that replace others.
// They stay open until done is called.
func (c *specCore) enterReplacements() (replaced map[string]*ebpf.Map, done func(), err error) {
	replaced = make(map[string]*ebpf.Map)
	var entered []*mapLife
	done = func() {
		for _, life := range entered {
			life.calls.Leave()
		}
	}
	for _, name := range sortedKeys(c.replacements) {
		life := c.replacements[name]
		switch {
		case life == nil || life.m == nil:
			err = fmt.Errorf("the map that replaces %s: %w", name, ErrNotLoaded)
		case !life.calls.Enter():
			err = fmt.Errorf("the map that replaces it: %w", closedError(name))
		default:
			entered = append(entered, life)
			replaced[name] = life.m
			continue
		}
		done()
		return nil, nil, err
	}
	return replaced, done, nil
}
