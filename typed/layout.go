package typed

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/internal/layout"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// Generated code carries how C lays out the types that it has Go types for (see
// internal/layout) and the checksum of its object. Both are compared when an
// object is opened: sizes alone would let pass a field that has moved, another
// sign or another enumerator.

// maxLayoutErrors bounds what one error says of the differences of one map or variable.
const maxLayoutErrors = 8

// CheckObject compares the embedded object with its checksum: the SHA-256 in
// hexadecimal that generated code has of it. Generated code calls it.
func CheckObject(name string, object []byte, checksum string) error {
	sum := sha256.Sum256(object)
	if hex.EncodeToString(sum[:]) == checksum {
		return nil
	}
	return fmt.Errorf("open %s: the embedded object is not the one that this code was generated from; run go generate", name)
}

// CheckLayouts compares the layouts of keys, values, events and variables with
// those of the object. What differs comes out of [CollectionSpec.Err] as a
// [*LayoutError]; what the object lacks, or does not say in its BTF, is no error.
// Generated code calls it after the Bind functions.
func CheckLayouts(c *CollectionSpec, layouts string) {
	core := (*specCore)(c)
	core.layouts = layouts
	var maker layout.Maker
	hashes, err := layout.Hashes(layouts)
	if err != nil {
		core.fail(err)
	}
	for _, root := range hashes {
		if !core.hasLayout(&maker, root.Place, root.Hash) {
			core.compareLayout(&maker, root.Place)
		}
	}
}

// hasLayout says whether nothing is to be compared: one of the types that the
// place has in the object is the same, or there is none.
func (c *specCore) hasLayout(maker *layout.Maker, place []string, want layout.Hash) bool {
	candidates := c.typesAt(place)
	for _, t := range candidates {
		if got, err := maker.Layout(t.Type, t.tags...); err == nil && got.Hash() == want {
			return true
		}
	}
	return len(candidates) == 0
}

// compareLayout says what differs at a place.
func (c *specCore) compareLayout(maker *layout.Maker, place []string) {
	want, err := findLayout(c.layouts, place)
	if err != nil {
		c.fail(err)
		return
	}
	var diffs []layout.Diff
	for i, t := range c.typesAt(place) {
		got, err := maker.Layout(t.Type, t.tags...)
		if err != nil {
			return // made up: nothing is known
		}
		found := layout.Compare(want, got)
		if layout.Worst(found, layout.AtOpen) < layout.Error {
			return
		}
		if i == 0 {
			diffs = found
		}
	}
	for _, err := range layoutErrors(placePath(place), diffs, layout.AtOpen, layout.Error) {
		c.fail(err)
	}
}

// findLayout is the layout of a place.
func findLayout(layouts string, place []string) (layout.Layout, error) {
	table, err := layout.ParseTable(layouts)
	if err != nil {
		return layout.Layout{}, err
	}
	l, _ := table.Find(place...)
	return l, nil
}

// layoutErrors are the differences of one severity, as errors.
func layoutErrors(path string, diffs []layout.Diff, at layout.Meeting, severity layout.Severity) []error {
	var errs []error
	more := 0
	for _, d := range diffs {
		switch {
		case d.At(at) != severity:
		case len(errs) == maxLayoutErrors:
			more++
		default:
			errs = append(errs, newLayoutError(path, d))
		}
	}
	if more > 0 {
		errs = append(errs, fmt.Errorf("%s: %d more differences", path, more))
	}
	return errs
}

func newLayoutError(path string, d layout.Diff) *LayoutError {
	if d.Path != "" {
		path += " > " + d.Path
	}
	return &LayoutError{Object: path, Property: d.Property, Want: d.Old, Got: d.New}
}

// placePath is a place as messages say it: "map flows > value".
func placePath(place []string) string {
	switch {
	case place[0] == "static" && len(place) > 2:
		return "variable " + place[2]
	case len(place) < 2:
		return strings.Join(place, " ")
	case len(place) == 4 && place[2] == "event": // the type's name follows anyway
		place = place[:3]
	}
	return strings.Join(append([]string{place[0] + " " + place[1]}, place[2:]...), " > ")
}

// placedType is a type with the decl tags of what has it.
type placedType struct {
	btf.Type
	tags []string
}

// typesAt are the types that may stand at a place of the object: none where it
// has none, several where C has several of the name that an event has. Places are
//
//	map flows key, map flows value, map events event "struct event"
//	map outer inner key, map outer inner value
//	variable sample_rate
//	static .bss count 16
func (c *specCore) typesAt(place []string) []placedType {
	switch {
	case len(place) >= 3 && place[0] == "map":
		return c.mapTypes(place[1], place[2:])
	case len(place) == 2 && place[0] == "variable":
		return variableTypes(c.variable(place[1]))
	case len(place) == 4 && place[0] == "static":
		offset, _ := strconv.ParseUint(place[3], 10, 32)
		_, info := findStatic(c.Spec, place[1], place[2], uint32(offset))
		if info != nil {
			v, _ := info.Type.(*btf.Var)
			return variableTypes(v)
		}
	}
	return nil
}

// variable is the BTF of a global variable, nil where there is none.
func (c *specCore) variable(name string) *btf.Var {
	if spec := c.Spec.Variables[name]; spec != nil {
		return spec.Type
	}
	if info := findKconfig(c.Spec, name); info != nil {
		v, _ := info.Type.(*btf.Var)
		return v
	}
	return nil
}

func variableTypes(v *btf.Var) []placedType {
	if v == nil {
		return nil
	}
	return []placedType{{v.Type, v.Tags}}
}

// mapTypes are the types of a map's key, value or event.
func (c *specCore) mapTypes(name string, role []string) []placedType {
	spec := c.Spec.Maps[name]
	if spec != nil && role[0] == "inner" && len(role) > 1 {
		spec, role = spec.InnerMap, role[1:]
	}
	switch {
	case spec == nil:
		return nil
	case len(role) == 2: // an event by the name of its type
		return c.namedTypes(role[1])
	}
	return mapType(spec, role[0])
}

// mapType is the type of the key, or of the value or event.
func mapType(spec *ebpf.MapSpec, role string) []placedType {
	t := spec.Value
	if role == "key" {
		t = spec.Key
	}
	if t == nil {
		return nil
	}
	return []placedType{{Type: t}}
}

// namedTypes are the types with a C name: "struct event", or a typedef.
func (c *specCore) namedTypes(ctype string) []placedType {
	if c.Spec.Types == nil {
		return nil
	}
	keyword, name, ok := strings.Cut(ctype, " ")
	if !ok {
		keyword, name = "", ctype
	}
	var types []placedType
	found, _ := c.Spec.Types.AnyTypesByName(name)
	for _, t := range found {
		if keywordOf(t) == keyword {
			types = append(types, placedType{Type: t})
		}
	}
	return types
}
