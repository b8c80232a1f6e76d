package typed

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf"
)

// Unattached is a program that AttachAll left alone because it must be told
// where to attach.
type Unattached struct {
	// Program is its C name, Section its SEC() as written in C.
	Program, Section string
	// Needs is what its Attach must be given: "an interface", "a cgroup", …
	Needs string
}

func (u Unattached) String() string {
	return fmt.Sprintf("program %s (SEC(%q)) needs %s", u.Program, u.Section, u.Needs)
}

// AttachAll attaches every loaded program whose section says where, with
// default options, in the order of the C names, and then the struct_ops maps
// that can have a link. The collection owns the links.
//
// The programs whose section does not say it are left alone and come back as
// the result. Programs that were disabled or left out as optional do not: they
// are not loaded, and their Err says why. Programs and maps that have a link in
// Links already are skipped, so that one can be attached with options of its
// own before.
//
// The error is an [*AttachError] for the first program or map that could not be
// attached; what AttachAll attached before it is detached again. An optional
// program for whose hook the kernel lacks something is no error: its Err and
// Skipped say why, until it is attached after all.
func (c *Collection) AttachAll() (needTarget []Unattached, err error) {
	if c == nil {
		return nil, fmt.Errorf("attach all programs: %w", ErrNotLoaded)
	}
	var made []*Link
	defer func() {
		if err != nil {
			needTarget = nil
			for _, lk := range made {
				c.Links.Release(lk)
			}
			err = errors.Join(err, closeLinks(made))
		}
	}()
	own := func(lk *Link) error {
		made = append(made, lk)
		return c.Links.add(lk)
	}
	for _, h := range (*collectionCore)(c).sortedHandles() {
		lk, needs, err := attachHandle(h)
		p := h.base()
		switch {
		case err != nil && (*collectionCore)(c).leavesAlone(h, err):
			p.setAttached(err)
		case err != nil:
			return nil, err
		case needs != "":
			needTarget = append(needTarget, Unattached{p.name, p.section(), needs})
		case lk != nil:
			if err := own(lk); err != nil {
				return nil, err
			}
		}
	}
	return needTarget, (*collectionCore)(c).attachStructOps(own)
}

// leavesAlone says whether an optional program may be left alone for an error.
func (c *collectionCore) leavesAlone(h programHandle, err error) bool {
	st := c.optional[h.base().name]
	return st != nil && st.optional && (st.lacks.attach(h.kind(), h.base().specOf(), err) || st.optionalIf != nil && st.optionalIf(err))
}

// sortedHandles are the handles of loaded programs without a link, in the
// order of their C names.
func (c *collectionCore) sortedHandles() []programHandle {
	attached := make(map[string]bool)
	for name := range c.Links.All() {
		attached[name] = true
	}
	var handles []programHandle
	for _, h := range c.handles {
		if p := h.base(); p.loaded() && !attached[p.name] {
			handles = append(handles, h)
		}
	}
	slices.SortFunc(handles, func(a, b programHandle) int { return cmp.Compare(a.base().name, b.base().name) })
	return handles
}

// attachHandle attaches one program, or says what it needs. A StructOpsProgram
// and a Syscall give nothing at all: they are not attached.
func attachHandle(h programHandle) (lk *Link, needs string, err error) {
	k := h.kind()
	if k == &kindStructOpsProgram || k == &kindSyscall {
		return nil, "", nil
	}
	a, ok := h.(autoAttacher)
	if !ok {
		return nil, k.needs, nil
	}
	lk, err = a.auto()
	if errors.Is(err, ErrNeedsTarget) {
		return nil, cmp.Or(k.needs, "AttachTo"), nil
	}
	return lk, "", err
}

// structOpsLink is BPF_F_LINK: the map waits for a link (Linux ≥ 6.4), which
// the library sets for the section .struct_ops.link.
const structOpsLink = 1 << 13

func (c *collectionCore) attachStructOps(own func(*Link) error) error {
	if c.Library == nil {
		return nil
	}
	for _, name := range sortedKeys(c.maps) {
		var lk *Link
		err := c.maps[name].use(name, func(m *ebpf.Map) (err error) {
			if m.Type() == ebpf.StructOpsMap && m.Flags()&structOpsLink != 0 && len(c.Links.named(name)) == 0 {
				lk, err = attachStructOps(name, m)
			}
			return err
		})
		if err != nil {
			return err
		}
		if lk == nil {
			continue
		}
		if err := own(lk); err != nil {
			return err
		}
	}
	return nil
}
