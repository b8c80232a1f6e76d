package typed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/pin"
)

// This file makes a collection out of what an earlier run, or another process,
// has pinned, instead of loading anything.

// PinnedSpec is the spec that generated code has for an object: C is the type of
// its collection.
type PinnedSpec[C any] interface {
	Load(opts *ebpf.CollectionOptions) (C, error)
	core() *CollectionSpec
}

func (c *CollectionSpec) core() *CollectionSpec { return c }

// FromPins makes the collection of an object out of a directory of a BPF file
// system, in which maps and programs are pinned under their C names, as pinning
// by name ([ebpf.PinByName]) and libbpf's bpf_object__pin do; data sections with
// "_" in place of ".", since the kernel allows no dots there. Links are there as
// [Links.Pin] has named them; they become those of the collection.
//
//	spec, err := openApp()
//	bpf, err := typed.FromPins(spec, "/sys/fs/bpf/app", nil)
//
// What is pinned is compared with the spec: a map of another type, size or
// layout, a program of another type, or what is no map or program at all is an
// error. So is a program for another hook, where the kernel says of which: for the
// sockets of cgroups (cgroup/…) another attach type; and since Linux 6.0, to processes with
// CAP_SYS_ADMIN, another function or tracepoint of fentry and its kin, LSM, tp_btf and iterators. What is not pinned is not loaded: its handle's Err wraps [ErrNotLoaded]
// and says so, also that of a program or struct_ops map of which only the link is pinned, and the
// variables of a section that is not. Where nothing of it is pinned, the error wraps
// [fs.ErrNotExist]. Close closes descriptors; what is pinned stays, and stays
// attached. opts may be nil.
func FromPins[C any](spec PinnedSpec[C], dir string, opts *ebpf.LoadPinOptions) (C, error) {
	c := spec.core()
	if c == nil || c.Spec == nil {
		var none C
		return none, fmt.Errorf("open pins: no object was opened: %w", ErrNotLoaded)
	}
	c.instead = func() (*Collection, error) { return (*specCore)(c).fromPins(dir, opts) }
	defer func() { c.instead = nil }()
	return spec.Load(nil)
}

// fromPins is Load without loading.
func (c *specCore) fromPins(dir string, opts *ebpf.LoadPinOptions) (*Collection, error) {
	p := &pinsOpened{
		dir:  dir,
		opts: opts,
		set:  (*CollectionSpec)(c),
		coll: &ebpf.Collection{Maps: make(map[string]*ebpf.Map), Programs: make(map[string]*ebpf.Program), Variables: make(map[string]*ebpf.Variable)},
		left: make(map[string]error),

		layouts: make(map[string]MapLayout),
	}
	var errs []error
	for _, name := range sortedKeys(c.Spec.Maps) {
		errs = append(errs, p.openMap(name))
		if c.Spec.Maps[name].Type == ebpf.StructOpsMap {
			errs = append(errs, p.openLinks(name))
		}
	}
	for _, name := range sortedKeys(c.Spec.Programs) {
		errs = append(errs, p.openProgram(name), p.openLinks(name))
	}
	coll := newCollection(p.coll, copySpec(c.Spec), p.left, (*specCore)(c).optionalPrograms())
	coll.setLayouts(p.layouts)
	for _, l := range p.links {
		errs = append(errs, coll.Links.Add(l, nil))
	}
	err := errors.Join(errs...)
	if err == nil && p.none() {
		err = p.nothing()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open pins of %s in %s: %w", c.name, dir, err), coll.Close())
	}
	return coll, nil
}

type pinsOpened struct {
	dir  string
	opts *ebpf.LoadPinOptions

	set   *CollectionSpec
	coll  *ebpf.Collection
	left  map[string]error
	links []*Link
	// layouts say how far those of the maps were proved.
	layouts map[string]MapLayout
}

// open opens a pin, or says in left that there is none.
func (p *pinsOpened) open(name string) (object pin.Pinner, path string, err error) {
	path = p.path(name)
	object, err = loadPin(path, p.opts)
	if errors.Is(err, fs.ErrNotExist) {
		p.left[name] = fmt.Errorf("%w: %s is not pinned as %s", ErrNotLoaded, name, path)
		return nil, path, nil
	}
	return object, path, err
}

// path is the file that an object is pinned as.
func (p *pinsOpened) path(name string) string {
	return filepath.Join(p.dir, strings.ReplaceAll(name, ".", "_"))
}

// none says that there is no pin of anything.
func (p *pinsOpened) none() bool {
	return len(p.coll.Maps) == 0 && len(p.coll.Programs) == 0 && len(p.links) == 0 && len(p.left) > 0
}

// nothing says what was looked for in vain, and what to do.
func (p *pinsOpened) nothing() error {
	if _, err := os.Stat(p.dir); err != nil {
		return fmt.Errorf("%w: make the directory on a bpf file system (mount -t bpf bpf /sys/fs/bpf), load the object and pin it there", err)
	}
	var files []string
	for _, name := range sortedKeys(p.left) {
		files = append(files, filepath.Base(p.path(name)))
	}
	return fmt.Errorf("%w, there is none of %s: load the object with Load and pin it there, by Pin or by name with PinPath", fs.ErrNotExist, strings.Join(files, ", "))
}

// loadPin opens a pin of any type. The objects of [pin.Load] do not know their
// path, and Unpin would do nothing.
func loadPin(path string, opts *ebpf.LoadPinOptions) (pin.Pinner, error) {
	object, err := pin.Load(path, opts)
	switch {
	case errors.Is(err, fs.ErrNotExist): // of which the caller makes more
		return nil, err
	case err != nil:
		return nil, withPinRemedy(path, err)
	}
	if err := object.Close(); err != nil {
		return nil, err
	}
	switch object.(type) {
	case *ebpf.Map:
		return ebpf.LoadPinnedMap(path, opts)
	case *ebpf.Program:
		return ebpf.LoadPinnedProgram(path, opts)
	}
	return link.LoadPinnedLink(path, opts)
}

// openByLayout opens a map that is pinned by its layout, if there is one.
func (p *pinsOpened) openByLayout(name string) (object pin.Pinner, path string, err error) {
	file := p.set.layouts.pinName(name)
	if file == name || strings.HasPrefix(name, ".") {
		return nil, "", nil
	}
	path = filepath.Join(p.dir, file)
	object, err = loadPin(path, p.opts)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	return object, path, err
}

func (p *pinsOpened) openMap(name string) error {
	object, path, err := p.openByLayout(name)
	if object == nil && err == nil {
		object, path, err = p.open(name)
	}
	if object == nil || err != nil {
		return err
	}
	spec := p.set.Spec.Maps[name].Copy()
	if _, isLink := object.(link.Link); isLink && spec.Type == ebpf.StructOpsMap {
		p.left[name] = fmt.Errorf("only the link of %s is pinned in %s: %w", name, p.dir, ErrNotLoaded)
		return object.Close() // openLinks opens it again
	}
	m, ok := object.(*ebpf.Map)
	if !ok {
		return errors.Join(fmt.Errorf("%s is not a map", path), object.Close())
	}
	p.coll.Maps[name] = m
	fixRing(spec)
	if strings.HasPrefix(name, ".") {
		spec.Flags |= m.Flags() & flagMmapableMap
	}
	if err := spec.Compatible(m); err != nil {
		return fmt.Errorf("map %s: %w", name, err)
	}
	if p.layouts[name], err = p.set.layouts.prove(name, m, path); err != nil {
		return misfit(path, err)
	}
	return nil
}

// flagMmapableMap is BPF_F_MMAPABLE, which data sections get where the kernel has
// it (include/uapi/linux/bpf.h).
const flagMmapableMap = 1 << 10

func (p *pinsOpened) openProgram(name string) error {
	object, path, err := p.open(name)
	if object == nil || err != nil {
		return err
	}
	spec := p.set.Spec.Programs[name]
	switch o := object.(type) {
	case *ebpf.Program:
		p.coll.Programs[name] = o
		if o.Type() != spec.Type {
			return fmt.Errorf("%s is a program of type %s, not %s", path, o.Type(), spec.Type)
		}
		if err := fitsHook(o, spec); err != nil {
			return fmt.Errorf("%s is a program %w", path, err)
		}
		return nil
	case link.Link:
		p.left[name] = fmt.Errorf("only the link of %s is pinned in %s: %w", name, p.dir, ErrNotLoaded)
		return o.Close()
	}
	return errors.Join(fmt.Errorf("%s is not a program", path), object.Close())
}

// openLinks opens the links of a program, or of a struct_ops map, by the names that
// Links.Pin gives.
func (p *pinsOpened) openLinks(name string) error {
	for n := 1; ; n++ {
		file := name
		if n > 1 {
			file = fmt.Sprintf("%s-%d", name, n)
		}
		path := filepath.Join(p.dir, file)
		object, err := loadPin(path, p.opts)
		switch {
		case errors.Is(err, fs.ErrNotExist) && n > 1, errors.Is(err, fs.ErrNotExist) && n == 1 && p.coll.Programs[name] == nil && p.coll.Maps[name] == nil:
			return nil
		case err != nil:
			return err
		}
		lk, ok := object.(link.Link)
		if !ok {
			if err := object.Close(); err != nil || n > 1 {
				return err
			}
			continue // the program or map itself
		}
		l := newLink(name, lk)
		l.pinned = path
		p.links = append(p.links, l)
	}
}
