package typed

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// eventMap is what the maps that carry records have in common.
type eventMap[T any] struct {
	MapHandle
	zeroFill bool // short records
	readers  owner
}

// eventShape is the shape of a map of records of type T.
func eventShape[T any](class MapClass) MapShape {
	shape := MapShape{Class: class}
	if !isBytes[T]() {
		shape.Value = uintptr(sizeOf[T]())
	}
	if err := checkEvent[T](); err != nil {
		shape.unfit = &LayoutError{
			Property: "type of records", Want: "a type with a fixed layout", Got: err.Error(),
		}
	}
	return shape
}

// checkRecords compares what __type(value, struct …) says of the records of a map
// with the Go type. Other types of value say nothing: perf arrays are often
// declared with an int.
func (s MapShape) checkRecords(name string, spec *ebpf.MapSpec) error {
	event, size := compositeSize(spec.Value)
	if !carriesRecords[s.Class] || event == "" || s.Value == 0 || uintptr(size) == s.Value {
		return nil
	}
	return &LayoutError{
		Object: "map " + name, Property: "size of " + event,
		Want: fmt.Sprint(s.Value), Got: fmt.Sprint(size),
	}
}

// carriesRecords are the classes whose Go type is that of records.
var carriesRecords = map[MapClass]bool{ClassRingBuf: true, ClassUserRingBuf: true, ClassPerfEventArray: true}

// compositeSize is the C name and the size in bytes of a struct or union; no
// name for other types.
func compositeSize(t btf.Type) (ctype string, size int) {
	if t == nil {
		return "", 0
	}
	switch u := btf.UnderlyingType(t).(type) {
	case *btf.Struct:
		return strings.TrimSpace("struct " + u.Name), int(u.Size)
	case *btf.Union:
		return strings.TrimSpace("union " + u.Name), int(u.Size)
	}
	return "", 0
}

func (m *eventMap[T]) ownedBy(name string, o *owner) {
	m.c.name = name
	o.own(&m.readers)
}

func (m *eventMap[T]) zeroFillShort() { m.zeroFill = true }

// wrap names the operation that failed.
func (m *eventMap[T]) wrap(op string, err error) error {
	return fmt.Errorf("map %s: %s: %w", m.Name(), op, err)
}

// Close closes the readers of the map, then its descriptor.
func (m *eventMap[T]) Close() error {
	return errors.Join(m.readers.Close(), m.MapHandle.Close())
}

// eventTag starts the btf_decl_tag of a map that names the type of its
// records.
const eventTag = "bpfgen:event="

// BindEventType says which C type the records of a map have where the
// generator was told so (-event), against what the object says. Generated code
// calls it before BindMapSpec, which compares T with that type.
func BindEventType(c *CollectionSpec, name, ctype string) {
	if c.events == nil {
		c.events = make(map[string]string)
	}
	c.events[name] = ctype
}

// withEvent is the spec of a map whose value is the type of its records: by
// BindEventType, a tag, or as __type(value, …) says.
func (c *specCore) withEvent(name string, spec *ebpf.MapSpec) *ebpf.MapSpec {
	ctype := c.events[name]
	for _, tag := range spec.Tags {
		if tagged, ok := strings.CutPrefix(tag, eventTag); ok && ctype == "" {
			ctype = tagged
		}
	}
	if ctype == "" {
		return spec
	}
	s := *spec
	s.Value = findCType(c.Spec.Types, ctype)
	return &s
}

// findCType finds a type by its name in C, "struct event" or "event_t". Void
// if the object lacks it.
func findCType(types *btf.Spec, ctype string) btf.Type {
	keyword, name, composite := strings.Cut(ctype, " ")
	if !composite {
		keyword, name = "", ctype
	}
	if types == nil {
		return new(btf.Void)
	}
	found, _ := types.AnyTypesByName(strings.TrimSpace(name))
	for _, t := range found {
		if keyword == "" || keyword == keywordOf(t) {
			return t
		}
	}
	return new(btf.Void)
}

// keywordOf is what C puts before the name of a type.
func keywordOf(t btf.Type) string {
	switch t.(type) {
	case *btf.Struct:
		return "struct"
	case *btf.Union:
		return "union"
	case *btf.Enum:
		return "enum"
	}
	return ""
}

// BindShortEvents makes the readers of a map fill records that are shorter
// than their type with zeroes. Generated code calls it for `-event
// map=type,short`.
func BindShortEvents(m shortEvents) { m.zeroFillShort() }

// BindShortEventsSpec does that for every handle that is made from a spec.
func BindShortEventsSpec[P AnyMap](s *MapSpec[P]) { s.s.short = true }

// shortEvents is a map of events.
type shortEvents interface{ zeroFillShort() }
