package typed

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/bpfgen/bpfgen/internal/layout"
	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// A map that was there before the collection (pinned, wrapped, given to Load as a
// replacement) may come from another build of the C code. Sizes that fit prove
// little. What more can be compared depends on the kernel, on the type of map and
// on privileges: of 15 of 32 types it keeps no BTF, of some only half, and
// reading BTF by its id takes CAP_SYS_ADMIN. The name of a pin can carry a hash of
// the layouts, which takes nothing.

// LayoutProof says how far the layout of a map has been proved to be the one that
// Go code was generated for.
type LayoutProof int

// The proofs, the weakest first.
const (
	// ProofSizesOnly: the type of map and the sizes of key and value fit.
	ProofSizesOnly LayoutProof = iota
	// ProofPinName: the name of the pin has the hash of the layouts.
	ProofPinName
	// ProofBTF: the types of key and value that the kernel keeps have been
	// compared, field by field.
	ProofBTF
	// ProofCreated: the map was created from the object, which was compared
	// when it was opened.
	ProofCreated
)

var proofNames = [...]string{
	ProofSizesOnly: "sizes only", ProofPinName: "name of the pin", ProofBTF: "BTF", ProofCreated: "created from the object",
}

func (p LayoutProof) String() string {
	if p < 0 || int(p) >= len(proofNames) {
		return fmt.Sprintf("LayoutProof(%d)", int(p))
	}
	return proofNames[p]
}

// MapLayout is what is known of the layout of a map.
type MapLayout struct {
	Proof LayoutProof
	// Differences that leave every field in its place: a field renamed, removed
	// or added, another sign, another value of an enumerator.
	Differences []error
	// Unproved is why Proof is less than ProofBTF; nil if it is not, and where Go
	// has nothing but bytes of the map.
	Unproved error
}

// Layout says how far the layout of the map has been proved to be the one that
// Go code was generated for: when it was loaded, opened or wrapped. Of maps that
// were loaded by others ([FromObjects]), or stand in another map, nothing is known
// but their sizes.
func (h *MapHandle) Layout() MapLayout {
	if h.core().life == nil {
		return MapLayout{Unproved: notLoaded(h.core().name)}
	}
	return h.core().life.layout
}

// RequireLayout makes it an error of Load, [FromPins], [OpenPinnedMap] and [WrapMap] if a map
// that exists already has its layout proved by less than this: the kernel keeps no
// types of it, or they cannot be read. Maps of which Go has nothing but bytes need
// no proof.
func (c *CollectionSpec) RequireLayout(least LayoutProof) {
	if c != nil {
		c.layouts.least = least
	}
}

// layouts is what a collection knows and wants of layouts.
type layouts struct {
	spec *ebpf.CollectionSpec
	// table is that of the generated code, nil if it has none.
	table *lazyTable
	least LayoutProof // less is an error
	pin   bool        // pins by name have the layout in theirs
}

// setTable takes the table of generated code, "" for none.
func (l *layouts) setTable(text string) {
	if text != "" {
		l.table = &lazyTable{text: text}
	}
}

// lazyTable is a table that is read when it is first asked for.
type lazyTable struct {
	text string

	once  sync.Once
	table hidden // *layout.Table
	err   error
}

func (t *lazyTable) read() (*layout.Table, error) {
	t.once.Do(func() {
		table, err := layout.ParseTable(t.text)
		t.table, t.err = hide(table), err
	})
	return (*layout.Table)(t.table.p), t.err
}

// errNoKernelTypes says that the kernel has no BTF of the map.
var errNoKernelTypes = errors.New("the kernel keeps no types of it")

// prove compares a map that exists with what was generated. pin is its
// path, "" where it is not known. A *LayoutError says that fields are elsewhere,
// or that less was proved than l.least asks for.
func (l layouts) prove(name string, m *ebpf.Map, pin string) (MapLayout, error) {
	var proved MapLayout
	roots, err := l.ofMap(name)
	if err != nil || len(roots) == 0 {
		return proved, err
	}
	if strings.HasPrefix(name, ".") {
		err = proved.compareSection(m, l.spec, roots)
	} else {
		err = proved.compareKernel(m, roots)
	}
	if err != nil {
		return proved, err
	}
	if proved.Unproved == nil {
		proved.Proof = ProofBTF
	} else if err := proved.comparePin(name, pin, roots); err != nil {
		return proved, err
	}
	if proved.Proof < l.least {
		return proved, fmt.Errorf("map %s: its layout is proved by %s, less than %s as required: %w", name, proved.Proof, l.least, proved.Unproved)
	}
	return proved, nil
}

// ofMap are the layouts that were generated for a map; of a section those of its
// variables.
func (l layouts) ofMap(name string) ([]layout.Root, error) {
	if l.table == nil {
		return nil, nil
	}
	table, err := l.table.read()
	if err != nil {
		return nil, err
	}
	var roots []layout.Root
	for _, r := range table.Roots {
		if len(r.Place) > 2 && r.Place[0] == "map" && r.Place[1] == name || l.sectionOf(r.Place) == name {
			roots = append(roots, r)
		}
	}
	return roots, nil
}

// sectionOf is the section of a variable, "" for other places.
func (l layouts) sectionOf(place []string) string {
	switch {
	case place[0] == "static" && len(place) == 4:
		return place[1]
	case place[0] == "variable" && len(place) == 2 && l.spec != nil && l.spec.Variables[place[1]] != nil:
		return l.spec.Variables[place[1]].SectionName
	}
	return ""
}

// compareSection compares the variables of a section with those in the map that
// the kernel has of it. There their places count, too: they are those of the
// build that made it.
func (l *MapLayout) compareSection(m *ebpf.Map, spec *ebpf.CollectionSpec, roots []layout.Root) error {
	types, err := kernelTypes(m)
	if err != nil {
		l.Unproved = err
		return nil
	}
	section, ok := types["value"].(*btf.Datasec)
	if !ok {
		l.Unproved = errNoKernelTypes
		return nil
	}
	var maker layout.Maker
	var errs []error
	for _, r := range roots {
		name, offset := (*objectTypes)(spec).offset(r.Place)
		is := variableAt(section, name, offset)
		if is == nil {
			errs = append(errs, &LayoutError{Object: placePath(r.Place), Property: "place in " + section.Name, Want: fmt.Sprint("byte ", offset), Got: "another, or none"})
			continue
		}
		got, err := maker.Layout(is.Type, is.tags...)
		if err != nil {
			l.Unproved = err
			continue
		}
		errs = append(errs, l.compareRoot(r, got))
	}
	return errors.Join(errs...)
}

// offset is where the object has a variable in its section.
func (o *objectTypes) offset(place []string) (name string, offset uint32) {
	if place[0] == "variable" {
		v := o.Variables[place[1]]
		return place[1], v.Offset
	}
	index, _ := strconv.Atoi(place[3])
	if _, info := findStatic((*ebpf.CollectionSpec)(o), place[1], place[2], index); info != nil {
		return place[2], info.Offset
	}
	return place[2], math.MaxUint32 // nowhere
}

func variableAt(section *btf.Datasec, name string, offset uint32) *placedType {
	for _, v := range section.Vars {
		if v.Offset == offset && v.Type.TypeName() == name {
			t := variableType(v.Type)
			return &t
		}
	}
	return nil
}

// compareKernel compares the roots with the types that the kernel keeps.
func (l *MapLayout) compareKernel(m *ebpf.Map, roots []layout.Root) error {
	types, err := kernelTypes(m)
	if err != nil {
		l.Unproved = err
		return nil
	}
	var maker layout.Maker
	var errs []error
	for _, r := range roots {
		t := types[strings.Join(roleOf(r.Place), " ")]
		if t == nil {
			l.Unproved = fmt.Errorf("%s: %w", placePath(r.Place), errNoKernelTypes)
			continue
		}
		got, err := maker.Layout(t)
		if err != nil {
			l.Unproved = err
			continue
		}
		errs = append(errs, l.compareRoot(r, got))
	}
	return errors.Join(errs...)
}

// compareRoot sorts the differences of a key or value by what they are worth.
func (l *MapLayout) compareRoot(r layout.Root, got layout.Layout) error {
	diffs := layout.Compare(r.Layout, got)
	path := placePath(r.Place)
	if unknown := layoutErrors(path, diffs, layout.AtPin, layout.Unproved); len(unknown) > 0 {
		l.Unproved = fmt.Errorf("the kernel's types do not say all: %w", errors.Join(unknown...))
	}
	l.Differences = append(l.Differences, layoutErrors(path, diffs, layout.AtPin, layout.Warning)...)
	return errors.Join(layoutErrors(path, diffs, layout.AtPin, layout.Error)...)
}

// comparePin compares the hash in the name of a pin.
func (l *MapLayout) comparePin(name, pin string, roots []layout.Root) error {
	hash, ok := pinHash(pin)
	switch want := mapHash(roots); {
	case !ok || len(roots) == 0:
		return nil
	case hash != want:
		return &LayoutError{Object: "map " + name, Property: "the layout in the name of its pin", Want: want, Got: hash}
	}
	l.Proof = ProofPinName
	return nil
}

// mapHash is the hash of all layouts of a map.
func mapHash(roots []layout.Root) string {
	hashes := make([]layout.Hash, len(roots))
	for i, r := range roots {
		hashes[i] = r.Hash
	}
	return layout.Combine(hashes...).String()
}

// pinHash is what stands behind the @ in the name of a pin.
func pinHash(path string) (hash string, ok bool) {
	name := filepath.Base(path)
	at := strings.LastIndexByte(name, '@')
	return name[at+1:], at >= 0
}

// kernelTypes are the types of "key" and "value" that the kernel keeps of a map.
func kernelTypes(m *ebpf.Map) (map[string]btf.Type, error) {
	_, ids, err := bpf.MapInfo(m.FD())
	if err != nil {
		return nil, err
	}
	if ids.BTF == 0 {
		return nil, errNoKernelTypes
	}
	handle, err := btf.NewHandleFromID(btf.ID(ids.BTF))
	if err != nil {
		return nil, fmt.Errorf("read the types that the kernel keeps of it: %w", needsSysAdmin(err))
	}
	defer handle.Close()
	spec, err := handle.Spec(nil)
	if err != nil {
		return nil, err
	}
	types := make(map[string]btf.Type)
	for role, id := range map[string]uint32{"key": ids.Key, "value": ids.Value} {
		if id == 0 {
			continue
		}
		if types[role], err = spec.TypeByID(btf.TypeID(id)); err != nil {
			return nil, err
		}
	}
	return types, nil
}
