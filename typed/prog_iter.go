package typed

import (
	"errors"
	"io"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// IterOptions say what an iterator goes over. The zero value means everything
// that the iterator of the section can see; a map iterator needs Map.
type IterOptions struct {
	// Map is the map of bpf_map_elem, bpf_sk_storage_map and sockmap iterators.
	Map AnyMap
	// Cgroup is the cgroup v2 directory where a cgroup iterator starts; Order
	// is how it goes on (Linux ≥ 6.1).
	Cgroup string
	Order  CgroupOrder
	// TID or PID limit task, task_file and task_vma iterators to one thread or
	// to one process (Linux ≥ 6.1).
	TID, PID int
}

// CgroupOrder is the kernel's enum bpf_cgroup_iter_order.
type CgroupOrder uint32

// The orders of a cgroup iterator.
const (
	// CgroupOrderUnspecified is for iterators that are none of cgroups.
	CgroupOrderUnspecified CgroupOrder = iota
	// CgroupSelfOnly is the cgroup alone.
	CgroupSelfOnly
	// CgroupDescendantsPreorder is the cgroup and those below, each before its own.
	CgroupDescendantsPreorder
	// CgroupDescendantsPostorder is the cgroup and those below, each after its own.
	CgroupDescendantsPostorder
	// CgroupAncestorsUp is the cgroup and those above, up to the root.
	CgroupAncestorsUp
)

// Iter is a program of SEC("iter/…") (Linux ≥ 5.8): it runs for every object of
// a kind when somebody reads, and what it prints is what they read.
type Iter struct{ common program }

func (*Iter) kind() *progKind { return &kindIter }

// Attach makes the iterator. Pinned, it can be read like a file; from Go,
// [Iter.Open] reads it. opts may be nil.
func (p *Iter) Attach(opts *IterOptions) (*Link, error) {
	return p.base().attach(p.kind(), target{"iterator", p.base().where()}, func(prog *ebpf.Program) (link.Link, error) {
		return attachIter(prog, deref(opts))
	})
}

func (p *Iter) auto() (*Link, error) {
	if needsMap(p.base().where()) {
		return nil, p.base().needsTarget(&progKind{name: "Iter", needs: "a map (IterOptions.Map)"})
	}
	return p.Attach(nil)
}

// needsMap are the iterators that go over one map
// (kernel/bpf/map_iter.c, net/core/bpf_sk_storage.c, net/core/sock_map.c).
func needsMap(iterator string) bool {
	return iterator == "bpf_map_elem" || iterator == "bpf_sk_storage_map" || iterator == "sockmap"
}

// Open makes the iterator and a reader of one pass over it. Closing the reader
// takes both away. opts may be nil.
func (p *Iter) Open(opts *IterOptions) (io.ReadCloser, error) {
	l, err := p.Attach(opts)
	if err != nil {
		return nil, err
	}
	var r io.ReadCloser
	err = l.Use(func(lk link.Link) error {
		r, err = openIter(lk)
		return err
	})
	if err != nil {
		return nil, errors.Join(p.base().attachError(p.kind(), target{"iterator", p.base().where()}, err), l.Close())
	}
	return iterReader{r, l}, nil
}

// iterReader closes the iterator with its reader.
type iterReader struct {
	io.ReadCloser
	link *Link
}

func (r iterReader) Close() error { return errors.Join(r.ReadCloser.Close(), r.link.Close()) }
