package typed

import (
	"errors"
	"iter"
	"sync/atomic"

	"github.com/cilium/ebpf"
)

// A loaded object and its end.

// Collection is a loaded object: the common part of every generated
// …Collection. The zero Collection has nothing and is closed.
type Collection struct {
	// Library is the library's collection, for everything that has no typed form.
	// What is called on its maps and programs is not counted, see [MapHandle.Map].
	Library *ebpf.Collection
	// Links are the attached programs that the collection owns.
	Links *Links

	closed atomic.Bool
	lent   bool // of FromObjects: others own the objects
	spec   *ebpf.CollectionSpec
	left   map[string]error
	// lives are the loaded programs, maps the maps, by C name: the library's
	// objects with the calls that use them.
	lives map[string]*programLife
	maps  map[string]*mapLife
	// optional are the programs that AttachAll may leave alone.
	optional map[string]*programState
	readers  owner
	handles  []programHandle // as BindProgram made them
	usdt     usdtState
	// sections hold the variables, by ELF name.
	sections map[string]*section
}

// collectionCore is the Collection as this package sees it, see specCore.
type collectionCore Collection

func newCollection(coll *ebpf.Collection, spec *ebpf.CollectionSpec, left map[string]error, optional map[string]*programState) *Collection {
	lives := make(map[string]*programLife)
	for name, prog := range coll.Programs {
		lives[name] = newProgramLife(prog)
	}
	return &Collection{
		Library: coll, Links: &Links{programs: lives},
		spec: spec, left: left, optional: optional, lives: lives, maps: newMapLives(coll.Maps),
	}
}

// setLayouts notes how far the layouts of the maps were proved; nil is of maps that
// were all created.
func (c *Collection) setLayouts(layouts map[string]MapLayout) {
	for name, l := range c.maps {
		l.layout = layouts[name]
		if layouts == nil {
			l.layout.Proof = ProofCreated
		}
	}
}

func newMapLives(loaded map[string]*ebpf.Map) map[string]*mapLife {
	lives := make(map[string]*mapLife)
	for name, m := range loaded {
		lives[name] = newMapLife(m)
	}
	return lives
}

// Close detaches the links newest first, then closes readers, programs, variables
// and maps. It may be called from any goroutine, from loops over maps and events
// too, and waits for no call that is in flight: see [MapHandle]. Errors are
// joined. A second Close does nothing.
//
//go:noinline
func (c *Collection) Close() error {
	if c == nil || c.Library == nil || c.closed.Swap(true) {
		return nil
	}
	errs := []error{c.Links.Close(), c.readers.Close()}
	for _, name := range sortedKeys(c.lives) {
		errs = append(errs, c.lives[name].calls.Close())
	}
	for _, name := range sortedKeys(c.sections) {
		errs = append(errs, c.sections[name].calls.Close())
	}
	for _, name := range sortedKeys(c.maps) {
		errs = append(errs, c.maps[name].close())
	}
	return errors.Join(errs...)
}

// AllMaps ranges over the loaded maps by C name, data sections included, in
// the order of their names. After Close there are none.
//
//go:noinline
func (c *Collection) AllMaps() iter.Seq2[string, *ebpf.Map] {
	return sorted(c, func(l *ebpf.Collection) map[string]*ebpf.Map { return l.Maps })
}

// AllPrograms ranges over the loaded programs by C name, in the order of their
// names. After Close there are none.
//
//go:noinline
func (c *Collection) AllPrograms() iter.Seq2[string, *ebpf.Program] {
	return sorted(c, func(l *ebpf.Collection) map[string]*ebpf.Program { return l.Programs })
}

// AllVariables ranges over the global variables by C name, in the order of
// their names. After Close there are none.
//
//go:noinline
func (c *Collection) AllVariables() iter.Seq2[string, *ebpf.Variable] {
	return sorted(c, func(l *ebpf.Collection) map[string]*ebpf.Variable { return l.Variables })
}

func sorted[V any](c *Collection, of func(*ebpf.Collection) map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		if c == nil || c.Library == nil || c.closed.Load() {
			return
		}
		m := of(c.Library)
		for _, k := range sortedKeys(m) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
