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
	boundMap
	zeroFill bool // short records
	readers  owner
}

// shape is that of a map of type want. The kernel has no size of records.
func (m *eventMap[T]) shape(want ebpf.MapType) mapShape {
	shape := mapShape{types: []ebpf.MapType{want}, key: anySize}
	if err := checkEvent[T](); err != nil {
		shape.unfit = &LayoutError{
			Property: "type of records", Want: "a type with a fixed layout", Got: err.Error(),
		}
	}
	return shape
}

// bindTo is bind for a map that must be of type want.
func (m *eventMap[T]) bindTo(want ebpf.MapType, name string, raw *ebpf.Map) error {
	return m.bindAs(m.shape(want), name, raw)
}

// checkSpecFor is checkSpec for a map that must be of type want. What
// __type(value, struct …) says of the records is compared with T. Other types
// of value say nothing: perf arrays are often declared with an int.
func (m *eventMap[T]) checkSpecFor(want ebpf.MapType, name string, spec *ebpf.MapSpec) error {
	if err := m.shape(want).checkSpec(name, spec); err != nil {
		return err
	}
	event, size := compositeSize(spec.Value)
	if event == "" || isBytes[T]() || size == sizeOf[T]() {
		return nil
	}
	return &LayoutError{
		Object: "map " + name, Property: "size of " + event,
		Want: fmt.Sprint(sizeOf[T]()), Got: fmt.Sprint(size),
	}
}

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
	m.name = name
	o.own(&m.readers)
}

func (m *eventMap[T]) zeroFillShort() { m.zeroFill = true }

// wrap names the operation that failed.
func (m *eventMap[T]) wrap(op string, err error) error {
	return fmt.Errorf("map %s: %s: %w", m.name, op, err)
}

// Close closes the readers of the map, then its descriptor.
func (m *eventMap[T]) Close() error {
	return errors.Join(m.readers.Close(), m.boundMap.Close())
}

// BindEventType says which C type the records of a map have where that is not
// what its __type(value, …) says: by btf_decl_tag("bpfgen:event=…") or -event.
// Generated code calls it before BindMapSpec, which compares T with that type.
func BindEventType(c *CollectionSpec, name, ctype string) {
	if c.events == nil {
		c.events = make(map[string]btf.Type)
	}
	c.events[name] = eventType(c.Spec.Types, ctype)
}

// withEvent is the spec of a map with what BindEventType said as its value.
func (c *CollectionSpec) withEvent(name string, spec *ebpf.MapSpec) *ebpf.MapSpec {
	t, ok := c.events[name]
	if !ok {
		return spec
	}
	s := *spec
	s.Value = t
	return &s
}

// eventType finds a C type as the user writes it, "struct event" or the name
// of a typedef. Void if the object lacks it: then nothing is compared.
func eventType(types *btf.Spec, ctype string) btf.Type {
	if types == nil {
		return new(btf.Void)
	}
	keyword, name, _ := strings.Cut(ctype, " ")
	if name == "" {
		keyword, name = "", keyword
	}
	found, err := types.AnyTypesByName(strings.TrimSpace(name))
	if err != nil {
		return new(btf.Void)
	}
	for _, t := range found {
		if keywordOf(t) == keyword {
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
	}
	return ""
}

// BindShortEvents makes the readers of a map fill records that are shorter
// than their type with zeroes. Generated code calls it for `-event
// map=type,short`.
func BindShortEvents(m interface{ zeroFillShort() }) { m.zeroFillShort() }
