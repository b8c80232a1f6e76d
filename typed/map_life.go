package typed

import (
	"fmt"
	"sync"

	"github.com/bpfgen/bpfgen/typed/internal/inuse"
	"github.com/cilium/ebpf"
)

// mapLife is the library's object of a map together with the calls that use its
// descriptor. Close waits for none of them: the last one closes the descriptor,
// and those that come later find it closed (package inuse). A descriptor that is
// used again by then is never reached.
//
// Handles of one map of a collection share it.
type mapLife struct {
	m      *ebpf.Map // nil for a map in memory
	calls  inuse.Count
	layout MapLayout // as far as it was proved

	alone sync.Mutex // the library keeps the name of a pin, and mapped memory, without one
}

// newMapLife takes over m: closing the life closes it.
func newMapLife(m *ebpf.Map) *mapLife {
	l := &mapLife{m: m}
	l.calls.Init(m.Close)
	return l
}

// use calls f with the library's object, which stays open meanwhile.
func (l *mapLife) use(name string, f func(*ebpf.Map) error) error {
	if l == nil {
		return notLoaded(name)
	}
	if !l.calls.Enter() {
		return closedError(name)
	}
	defer l.calls.Leave()
	if l.m == nil {
		return fmt.Errorf("%s: it is in memory, and no object of the library: %w", mapName(name), ebpf.ErrNotSupported)
	}
	return f(l.m)
}

// useAlone is use for what reads or writes the name of the pin or the mapped
// memory, which the library keeps in its object.
func (l *mapLife) useAlone(name string, f func(*ebpf.Map) error) error {
	return l.use(name, func(m *ebpf.Map) error {
		l.alone.Lock()
		defer l.alone.Unlock()
		return f(m)
	})
}

// close closes the map, once.
func (l *mapLife) close() error {
	if l == nil {
		return nil
	}
	return l.calls.Close()
}
