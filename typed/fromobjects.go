package typed

import (
	"fmt"
	"maps"

	"github.com/cilium/ebpf"
)

// This file makes a collection out of maps, programs and variables that other
// code has loaded with the library, and goes on using: bpf2go's API.

// Objects are maps, programs and variables of the library, by their C names. The
// zero Objects has none.
type Objects struct {
	maps      map[string]*ebpf.Map
	programs  map[string]*ebpf.Program
	variables map[string]*ebpf.Variable
}

// Map adds a map. A nil one is a map that was not loaded.
func (o *Objects) Map(name string, m *ebpf.Map) {
	if o != nil {
		addObject(&o.maps, name, m)
	}
}

// Program adds a program. A nil one is a program that was not loaded.
func (o *Objects) Program(name string, p *ebpf.Program) {
	if o != nil {
		addObject(&o.programs, name, p)
	}
}

// Variable adds a variable. A nil one is a variable that was not loaded.
func (o *Objects) Variable(name string, v *ebpf.Variable) {
	if o != nil {
		addObject(&o.variables, name, v)
	}
}

func addObject[T any](to *map[string]*T, name string, object *T) {
	if object == nil {
		return
	}
	if *to == nil {
		*to = make(map[string]*T)
	}
	(*to)[name] = object
}

// FromObjects makes the collection of an object out of what other code has
// loaded of it. Generated code calls it where bpf2go's API stands beside the
// typed one (bpfgen -bpf2go -typed).
//
// Both use the same descriptors, and these belong to the other code: Close of the
// collection detaches the links and closes the readers that were made with it,
// after which its handles return errors that wrap [os.ErrClosed], and leaves maps
// and programs open. So does Close of a handle. Close the collection before the
// objects: calls that are in flight do not keep them open.
//
// A map of another type or size is a [*LayoutError] of its handle, a program of
// another type an error. What is not among the objects is not loaded: its handle's
// Err wraps [ErrNotLoaded]. That is so of static variables, of which the library
// has none. Variables are read and written through the library, which copies
// them; the atomic functions return errors that wrap [ebpf.ErrNotSupported].
func FromObjects[C any](spec PinnedSpec[C], objects *Objects) (C, error) {
	c := spec.core()
	if c == nil || c.Spec == nil || objects == nil {
		var none C
		return none, fmt.Errorf("take over objects: no object was opened: %w", ErrNotLoaded)
	}
	c.instead = func() (*Collection, error) { return (*specCore)(c).fromObjects(objects) }
	defer func() { c.instead = nil }()
	return spec.Load(nil)
}

// fromObjects is Load without loading.
func (c *specCore) fromObjects(o *Objects) (*Collection, error) {
	for _, name := range sortedKeys(o.programs) {
		spec := c.Spec.Programs[name]
		if got := o.programs[name].Type(); spec != nil && got != spec.Type {
			return nil, fmt.Errorf("objects of %s: program %s is of type %s, not %s", c.name, name, got, spec.Type)
		}
	}
	set := &ebpf.Collection{Maps: copied(o.maps), Programs: copied(o.programs), Variables: copied(o.variables)}
	coll := newCollection(set, copySpec(c.Spec), make(map[string]error), c.optionalPrograms())
	coll.lent = true
	keep := func() error { return nil }
	for _, l := range coll.lives {
		l.calls.Init(keep)
	}
	for _, l := range coll.maps {
		l.calls.Init(keep)
	}
	return coll, nil
}

// copied is a copy that is not nil.
func copied[T any](objects map[string]*T) map[string]*T {
	all := make(map[string]*T)
	maps.Copy(all, objects)
	return all
}

// lentVariable is a variable of the library as a section of its own: the library
// gives neither its memory nor the map that it is in.
func (c *collectionCore) lentVariable(key string, g global) global {
	v := c.Library.Variables[key]
	if g.off, g.size = 0, v.Size(); c.sections == nil {
		c.sections = make(map[string]*section)
	}
	if c.sections[key] == nil { // no key of a variable is the name of a section
		c.sections[key] = &section{lent: v}
	}
	g.sec = c.sections[key]
	return g
}

// setLent writes a variable through the library.
func (g *global) setLent(value []byte) error {
	if err := g.enter(uintptr(len(value))); err != nil {
		return err
	}
	defer g.sec.calls.Leave()
	if err := g.sec.lent.Set(value); err != nil {
		return fmt.Errorf("write variable %s: %w", g.name, err)
	}
	return nil
}
