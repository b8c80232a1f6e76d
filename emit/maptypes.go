package emit

// Types that the user gives to maps: -event for records, -map for the keys and
// values of maps that C declares by their sizes alone.

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/lazyregexp"
	"github.com/bpfgen/bpfgen/internal/suggest"
	"github.com/bpfgen/bpfgen/internal/words"
)

// MapTypes are what -map says of one map: C types, "" for one that stays as C
// declares it.
type MapTypes struct {
	Key, Value string
}

// side is the key or the value of a map.
type side struct {
	param mapParam
	role  string
	// given is the C name that -map has for it.
	given string
	// typ is what C declares, nil for nothing but the size.
	typ  *btfparse.Type
	size uint32
}

// sides are those of a map of which -map may say something.
func sides(m *btfparse.Map, given MapTypes) []side {
	return []side{
		{paramKey, "key", given.Key, &m.Key, m.KeySize},
		{paramValue, "value", given.Value, &m.Value, m.ValueSize},
	}
}

// typedMap is the map with the types that -map gives it, and which these are.
func (w *wanted) typedMap(target int, m *btfparse.Map, class mapClass) (*btfparse.Map, map[mapParam]bool) {
	named := make(map[mapParam]bool)
	given, ok := w.opts.MapTypes[m.Name]
	if !ok {
		return m, named
	}
	typed := *m
	for _, s := range sides(&typed, given) {
		if s.given == "" {
			continue
		}
		if t, ok := w.sideType(target, &typed, class, s); ok {
			*s.typ, named[s.param] = t, true
		}
	}
	return &typed, named
}

// sideType is the type that the user gives to one side, if it can be that.
func (w *wanted) sideType(target int, m *btfparse.Map, class mapClass, s side) (btfparse.Type, bool) {
	fail := func(format string, args ...any) (btfparse.Type, bool) {
		w.fail([]int{target}, "%s: -map: "+format, append([]any{m.Path()}, args...)...)
		return nil, false
	}
	switch {
	case class.has(paramEvent):
		return fail("a map of type %s has no %s, but events: use -event %s=…", m.Type, s.role, m.Name)
	case !class.has(s.param):
		return fail("a map of type %s has no %s of a type of yours", m.Type, s.role)
	}
	t, ok := w.typeNamed(target, &mapOn{Map: m}, s.role, s.given)
	if !ok {
		return nil, false
	}
	switch {
	case *s.typ != nil && !reflect.DeepEqual(*s.typ, t):
		return fail("C declares the %s, %s: leave it out, -map is for maps that have sizes alone", s.role, (*s.typ).CName())
	case t.Size() != s.size:
		return fail("the %s has %s in the map, %s has %s", s.role, words.Bytes(s.size), t.CName(), words.Bytes(t.Size()))
	}
	return t, true
}

// unknownMapTypes complains of -map for maps that are not there.
func (w *wanted) unknownMapTypes() {
	for _, name := range slices.Sorted(maps.Keys(w.opts.MapTypes)) {
		w.mapNamed("-map", name)
	}
}

// unknownEvents complains of -event for maps that are not there, or have none.
func (w *wanted) unknownEvents() {
	for _, name := range slices.Sorted(maps.Keys(w.opts.Events)) {
		found := w.mapNamed("-event", name)
		if found == nil {
			continue
		}
		for target, m := range found.on {
			if m != nil && !m.class.has(paramEvent) {
				w.fail([]int{target}, "-event %s: a map of type %s has no events", name, m.Type)
			}
		}
	}
}

// mapNamed is the map that a flag speaks of; it is an error if there is none.
func (w *wanted) mapNamed(flag, name string) *wantedMap {
	var names []string
	for _, m := range w.maps {
		if m.name == name {
			return m
		}
		names = append(names, m.name)
	}
	w.fail(w.everywhere(), "%s %s: the object has no such map%s", flag, name, suggest.DidYouMean(name, names))
	return nil
}

// typeNamed is the one type that the user means by a name, for keys, values or
// events of a map.
func (w *wanted) typeNamed(target int, m *mapOn, role, name string) (btfparse.Type, bool) {
	if dims := arrayName().FindStringSubmatch(name); dims != nil {
		n, err := strconv.ParseUint(dims[2], 10, 31)
		elem, ok := w.typeNamed(target, m, role, dims[1])
		return &btfparse.Array{Elem: elem, Len: uint32(n)}, ok && err == nil
	}
	var found []btfparse.Type
	for _, t := range w.named(target, name) {
		same := func(o btfparse.Type) bool { return btfparse.Underlying(o) == btfparse.Underlying(t) }
		if !slices.ContainsFunc(found, same) {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 0:
		if t := plainType(name); t != nil {
			return t, true
		}
		w.fail([]int{target}, "%s: %s type %s is not in the object%s", m.Path(), role, name, w.insteadOf(name, target))
	case 1:
		return found[0], true
	default:
		var list []string
		for _, t := range found {
			u := btfparse.Underlying(t)
			list = append(list, strconv.Quote(t.CName()+structureHash(u))+" ("+describeMembers(u)+")")
		}
		w.fail([]int{target}, "%s: %s type %s is any of %d types of the object; name one of them: %s", m.Path(), role, name, len(list), strings.Join(list, ", "))
	}
	return nil, false
}

// named are the types of a target that the user means by a name, also by one
// with the hash of the structure behind it.
func (w *wanted) named(target int, name string) []btfparse.Type {
	object := w.targets[target].Object
	if found := object.Named(name); len(found) > 0 {
		return found
	}
	bare := hashedName().ReplaceAllString(name, "")
	return slices.DeleteFunc(object.Named(bare), func(t btfparse.Type) bool {
		return bare+structureHash(btfparse.Underlying(t)) != name
	})
}

// arrayName is an array of C types: "__u8[16]".
var arrayName = lazyregexp.New(`^(.*[^ ]) *\[([0-9]+)\]$`)
