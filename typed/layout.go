package typed

import (
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

// checkLayouts compares the layouts of keys, values, events and variables with
// those of the object.
func (c *specCore) checkLayouts() {
	if c.layouts.table == nil {
		return
	}
	text := c.layouts.table.text
	object := (*objectTypes)(c.Spec)
	var hasher layout.Hasher
	err := layout.EachHash(text, func(place []string, want layout.Hash) {
		t, ok := object.at(place)
		if !ok {
			return
		}
		if got, err := hasher.Hash(t.Type, t.tags...); err != nil || got != want {
			c.errs = append(c.errs, object.compare(text, place, want)...)
		}
	})
	if err != nil {
		c.errs = append(c.errs, err)
	}
}

// compare says what differs at a place.
func (o *objectTypes) compare(layouts string, place []string, hash layout.Hash) []error {
	table, err := layout.ParseTable(layouts)
	if err != nil {
		return []error{err}
	}
	want, _ := table.Find(hash, place...)
	var diffs []layout.Diff
	for i, t := range o.allAt(place) {
		got, err := new(layout.Maker).Layout(t.Type, t.tags...)
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
	switch {
	case strings.HasPrefix(d.Path, path): // of a type by its name
		path = d.Path
	case d.Path != "":
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
	case place[0] == "type":
		return place[1]
	case isNamed(place): // the type's name follows anyway
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

// at is the type at a place of the object, if it has one. Places are
//
//	map flows key, map flows value, map events event
//	map flows value "struct flow", map events event "struct event"
//	map outer inner key, map outer inner value
//	variable sample_rate
//	static .bss count 0
//	type "struct event"
//
// Where a type has a name in its place, the user has given it: the map did not. It
// does in objects whose map says the type of its key or value.
func (o *objectTypes) at(place []string) (t placedType, ok bool) {
	switch {
	case len(place) >= 3 && place[0] == "map" && !isNamed(place):
		t = o.mapType(place[1], place[2:])
	case len(place) == 2 && place[0] == "variable":
		t = o.variable(place[1])
	case isNamed(place):
		if types := o.allNamed(place); len(types) > 0 {
			t = types[0]
		}
	case len(place) == 4 && place[0] == "static":
		index, err := strconv.Atoi(place[3])
		if err != nil {
			index = -1
		}
		if _, info := findStatic((*ebpf.CollectionSpec)(o), place[1], place[2], index); info != nil {
			t = variableType(info.Type)
		}
	}
	return t, t.Type != nil
}

// isNamed says whether a place has the name of its type in it.
func isNamed(place []string) bool {
	return len(place) == 2 && place[0] == "type" || len(place) == 4 && place[0] == "map" && place[2] != "inner"
}

// allAt are the types that may stand at a place: several where C has several of
// the name that an event has.
func (o *objectTypes) allAt(place []string) []placedType {
	if isNamed(place) {
		return o.allNamed(place)
	}
	t, ok := o.at(place)
	if !ok {
		return nil
	}
	return []placedType{t}
}

// allNamed are the types that may stand at a place with a name.
func (o *objectTypes) allNamed(place []string) []placedType {
	if place[0] == "map" && place[2] != "event" { // an event's name takes precedence
		if own := o.mapType(place[1], roleOf(place)); own.Type != nil {
			return []placedType{own}
		}
	}
	return o.named(place[len(place)-1])
}

// roleOf is what a place in a map says behind the map's name, without the name of a
// type: key, value, event, inner key, inner value.
func roleOf(place []string) []string {
	if isNamed(place) {
		return place[2:3]
	}
	return place[2:]
}

// variable is the type of a global variable.
func (o *objectTypes) variable(name string) placedType {
	if spec := o.Variables[name]; spec != nil && spec.Type != nil {
		return variableType(spec.Type)
	}
	if info := findKconfig((*ebpf.CollectionSpec)(o), name); info != nil {
		return variableType(info.Type)
	}
	return placedType{}
}

func variableType(t btf.Type) placedType {
	v, ok := t.(*btf.Var)
	if !ok {
		return placedType{}
	}
	return placedType{v.Type, v.Tags}
}

// mapType is the type of a map's key, value or event.
func (o *objectTypes) mapType(name string, role []string) placedType {
	spec := o.Maps[name]
	if spec != nil && role[0] == "inner" && len(role) > 1 {
		spec, role = spec.InnerMap, role[1:]
	}
	switch {
	case spec == nil:
		return placedType{}
	case role[0] == "key":
		return placedType{Type: spec.Key}
	}
	return placedType{Type: spec.Value}
}

// named are the types with a C name: "struct event", or a typedef.
func (o *objectTypes) named(ctype string) []placedType {
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
