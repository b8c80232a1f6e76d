package typed

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"sync"
	"weak"

	"github.com/bpfgen/bpfgen/typed/internal/plain"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// What maps that carry records have more than others: one reader, or producer, of
// each handle.

// checkRecords compares what __type(value, struct …) says of the records of a map
// with the Go type. Other types of value say nothing: perf arrays are often
// declared with an int.
func (s MapShape) checkRecords(name string, spec *ebpf.MapSpec) error {
	event, size := compositeSize(spec.Value)
	if !s.Class.carriesRecords() || event == "" || s.Value == 0 || uintptr(size) == s.Value {
		return nil
	}
	return &LayoutError{
		Object: "map " + name, Property: "size of " + event,
		Want: fmt.Sprint(s.Value), Got: fmt.Sprint(size),
	}
}

// carriesRecords says whether the Go type of a class is that of records.
func (c MapClass) carriesRecords() bool {
	return c == ClassRingBuf || c == ClassUserRingBuf || c == ClassPerfEventArray
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

// wrap names the operation that failed.
func (c *mapCore) wrap(op string, err error) error {
	return fmt.Errorf("map %s: %s: %w", c.name, op, err)
}

// ErrInUse says that a map has a reader or a producer, of which a handle has
// one at a time: it must be closed first.
var ErrInUse = errors.New("the map has one already, which is not closed")

// eventSlot has the reader or the producer of a handle. It does not keep it
// alive: what the user has dropped is cleaned up, and makes room for the next.
type eventSlot struct {
	mu     sync.Mutex
	get    func() io.Closer // nil, or returns nil, if there is none
	closed bool             // there will be no other
}

// fill makes a reader or producer and puts it into the slot. disown, which open
// gets, takes it out again.
func fill[C any, P closer[C]](s *eventSlot, open func(disown func()) (*C, error)) (*C, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, os.ErrClosed
	case s.get != nil && s.get() != nil:
		return nil, ErrInUse
	}
	c, err := open(s.empty)
	if err != nil {
		return nil, err
	}
	pointer := weak.Make(c)
	s.get = func() io.Closer {
		if c := pointer.Value(); c != nil {
			return P(c)
		}
		return nil
	}
	return c, nil
}

// closer says that *C can be closed.
type closer[C any] interface {
	*C
	io.Closer
}

// opened makes a reader or producer of the handle. lib, which open gets, stays
// open meanwhile.
func opened[C any, P closer[C]](c *mapCore, op string, open func(lib *ebpf.Map, disown func()) (*C, error)) (made *C, err error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	err = c.life.use(c.name, func(lib *ebpf.Map) error {
		made, err = fill[C, P](&c.events, func(disown func()) (*C, error) { return open(lib, disown) })
		if err != nil {
			return c.wrap(op, err)
		}
		return nil
	})
	return made, err
}

// empty takes out what is in the slot, which was closed.
func (s *eventSlot) empty() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.get = nil
}

// has is what is in the slot, nil if that is nothing.
func (s *eventSlot) has() io.Closer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.get == nil {
		return nil
	}
	return s.get()
}

// Close closes what is in the slot, for good.
func (s *eventSlot) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	if c := s.has(); c != nil {
		return c.Close()
	}
	return nil
}

// openEnded is implemented by generated types whose records may be shorter than
// the Go type: those that end in a flexible array that begins in the padding at
// their end. A record with an empty tail has MinSize bytes, the offset of the
// array. The method is called on a nil pointer.
type openEnded interface{ MinSize() int }

// eventSizes are the size of the type of events, isRaw if it is []byte, and how
// many bytes a record must have: minSize, or if that is 0 what the type says. like
// is a nil pointer to the type.
func eventSizes(like any, minSize int) (size, least int, err error) {
	if _, ok := like.(*[]byte); ok { // an event is the whole record
		return isRaw, 0, nil
	}
	t := reflect.TypeOf(like).Elem()
	if err := plain.CheckOften(t); err != nil {
		return 0, 0, err
	}
	size = int(t.Size())
	if minSize < 0 || minSize > size {
		return 0, 0, fmt.Errorf("a MinSize of %d for events of %d bytes: %w", minSize, size, os.ErrInvalid)
	}
	if minSize != 0 {
		return size, minSize, nil
	}
	if t, ok := like.(openEnded); ok {
		return size, min(size, t.MinSize()), nil
	}
	return size, size, nil
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
