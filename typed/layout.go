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
	c.layouts.table = layouts
	hashes, err := layout.Hashes(layouts)
	if err != nil {
		c.errs = append(c.errs, err)
	}
	check := layoutCheck{object: (*objectTypes)(c.Spec)}
	for _, root := range hashes {
		if !check.equal(root.Place, root.Hash) {
			c.errs = append(c.errs, check.compare(layouts, root.Place)...)
		}
	}
}

// layoutCheck compares layouts with an object.
type layoutCheck struct {
	object *objectTypes
	maker  layout.Maker
}

// equal says whether nothing is to be compared: one of the types that the place
// has in the object is the same, or there is none.
func (l *layoutCheck) equal(place []string, want layout.Hash) bool {
	candidates := l.object.at(place)
	for _, t := range candidates {
		if got, err := l.maker.Layout(t.Type, t.tags...); err == nil && got.Hash() == want {
			return true
		}
	}
	return len(candidates) == 0
}

// compare says what differs at a place.
func (l *layoutCheck) compare(layouts string, place []string) []error {
	table, err := layout.ParseTable(layouts)
	if err != nil {
		return []error{err}
	}
	want, _ := table.Find(place...)
	var diffs []layout.Diff
	for i, t := range l.object.at(place) {
		got, err := l.maker.Layout(t.Type, t.tags...)
		if err != nil {
			return nil // made up: nothing is known
		}
		found := layout.Compare(want, got)
		if layout.Worst(found, layout.AtOpen) < layout.Error {
			return nil
		}
		if i == 0 {
			diffs = found
		}
	}
	return layoutErrors(placePath(place), diffs, layout.AtOpen, layout.Error)
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

// objectTypes are the types of a spec.
type objectTypes ebpf.CollectionSpec

// at are the types that may stand at a place of the object: none where it
// has none, several where C has several of the name that an event has. Places are
//
//	map flows key, map flows value, map events event "struct event"
//	map outer inner key, map outer inner value
//	variable sample_rate
//	static .bss count 16
func (o *objectTypes) at(place []string) []placedType {
	switch {
	case len(place) >= 3 && place[0] == "map":
		return o.mapTypes(place[1], place[2:])
	case len(place) == 2 && place[0] == "variable":
		return variableTypes(o.variable(place[1]))
	case len(place) == 4 && place[0] == "static":
		offset, _ := strconv.ParseUint(place[3], 10, 32)
		_, info := findStatic((*ebpf.CollectionSpec)(o), place[1], place[2], uint32(offset))
		if info != nil {
			v, _ := info.Type.(*btf.Var)
			return variableTypes(v)
		}
	}
	return nil
}

// variable is the BTF of a global variable, nil where there is none.
func (o *objectTypes) variable(name string) *btf.Var {
	if spec := o.Variables[name]; spec != nil {
		return spec.Type
	}
	if info := findKconfig((*ebpf.CollectionSpec)(o), name); info != nil {
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
func (o *objectTypes) mapTypes(name string, role []string) []placedType {
	spec := o.Maps[name]
	if spec != nil && role[0] == "inner" && len(role) > 1 {
		spec, role = spec.InnerMap, role[1:]
	}
	switch {
	case spec == nil:
		return nil
	case len(role) == 2: // an event by the name of its type
		return o.namedTypes(role[1])
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
func (o *objectTypes) namedTypes(ctype string) []placedType {
	if o.Types == nil {
		return nil
	}
	keyword, name, ok := strings.Cut(ctype, " ")
	if !ok {
		keyword, name = "", ctype
	}
	var types []placedType
	found, _ := o.Types.AnyTypesByName(name)
	for _, t := range found {
		if keywordOf(t) == keyword {
			types = append(types, placedType{Type: t})
		}
	}
	return types
}
