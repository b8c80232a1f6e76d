package diff

// Types that both sides have at one place: the differences that package layout
// finds, each with its class.

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/internal/layout"
	"github.com/bpfgen/bpfgen/internal/words"
)

// root is a place that both sides have: the value of a map, a record, a variable.
type root struct {
	// place is said of the whole, "map flows > value"; user is who uses what is in
	// it, "value of map flows".
	place, user string
	old, new    btfparse.Type
	// oldTags and newTags are the decl tags of the variable.
	oldTags, newTags []string
	// class of what changes the bytes.
	class func(sameSize bool) Class
	// pins is true if maps of the old may be pinned.
	pins bool
	// users are the programs.
	users []string
}

// compareRoot adds the differences of one root.
func (c *comparison) compareRoot(r root) {
	if r.old == nil && r.new == nil {
		return
	}
	if r.old == nil || r.new == nil {
		c.unknown(r.place, "only one side has its type")
		return
	}
	was, okOld := c.old.object.Layout(r.old, r.oldTags...)
	is, okNew := c.new.object.Layout(r.new, r.newTags...)
	if !okOld || !okNew {
		c.unknown(r.place, "nothing is known of its layout")
		return
	}
	if was.Hash() == is.Hash() {
		return
	}
	sameSize := was.Size() == is.Size()
	for _, d := range layout.Compare(was, is) {
		c.addDiff(r, d, sameSize)
	}
}

// addDiff adds one difference of a root.
func (c *comparison) addDiff(r root, d layout.Diff, sameSize bool) {
	place := d.Path
	if place == "" {
		place = r.place
	}
	if d.Class == layout.Unknown {
		c.unknown(place, fmt.Sprintf("%s is %s on one side and %s on the other", d.Property, d.Old, d.New))
		return
	}
	if d.Class == layout.Reserved {
		return // another name for padding
	}
	change := Change{
		Class: r.class(sameSize), Place: place, What: d.Property, Old: d.Old, New: d.New,
		UsedBy: append([]string{r.user}, r.users...),
	}
	if onlyNames[d.Class] {
		change.Class = API
	}
	if d.At(layout.AtOpen) == layout.Error {
		change.breaks(Go, "it reads other values, and opening the new object is an error")
	}
	if r.pins && newMeaning[d.Class] {
		change.breaks(Pins, "what they hold means something else")
	}
	if r.pins && (d.At(layout.AtPin) == layout.Error || !sameSize) && change.Class != API {
		change.breaks(Pins, "what they hold is laid out otherwise")
	}
	c.add(change)
}

// onlyNames are the differences that leave all bytes what they are.
var onlyNames = map[layout.Class]bool{layout.Renamed: true, layout.Enumerator: true}

// newMeaning are differences of bytes that stay in their place. typed warns of them
// when it opens a pin, because it cannot tell which side is wrong.
var newMeaning = map[layout.Class]bool{layout.Meaning: true, layout.Tagged: true, layout.Revalued: true}

// owner takes a place apart: the innermost struct, union or enum, and the member
// or enumerator in it. Of a map, variable or program that is all.
func owner(place string) (typ, member string) {
	steps := strings.Split(place, " > ")
	if isUse(steps[0]) {
		return steps[0], ""
	}
	afterType := false
	for _, step := range steps {
		field, isField := strings.CutPrefix(step, "field ")
		kind, isAnonymous := strings.CutPrefix(step, "anonymous ")
		switch {
		case isField:
			member = field
		case isAnonymous && member != "": // as package emit calls it
			typ, member = fmt.Sprintf("the %s %s in %s", kind, member, typ), ""
		case afterType:
			return typ, step // an enumerator
		default:
			typ, member = step, ""
		}
		afterType = !isField
	}
	return typ, member
}

// isUse says whether a place starts with something else than a type.
func isUse(step string) bool {
	for _, kind := range []string{"map ", "variable ", "program ", "function "} {
		if strings.HasPrefix(step, kind) {
			return true
		}
	}
	return false
}

// records compares those of ring buffers and perf event arrays, and the types that
// C only keeps for them.
func (c *comparison) records() error {
	untyped := false
	told := make(map[string]bool)
	for _, m := range c.old.object.Maps {
		other := c.new.mapNamed(m.Name)
		if other == nil || !m.Type.CarriesEvents() || !other.Type.CarriesEvents() {
			continue
		}
		old, err := c.old.eventTypes(m, c.opts)
		if err != nil {
			return err
		}
		new, err := c.new.eventTypes(other, c.opts)
		if err != nil {
			return err
		}
		untyped = untyped || len(old) == 0
		for i := range min(len(old), len(new)) {
			told[old[i].CName()] = true
			c.compareRoot(root{
				place: "map " + m.Name + " > record", user: "record of map " + m.Name, old: old[i], new: new[i],
				class: isAlways(Event), users: c.programsUsing("map " + m.Name),
			})
		}
	}
	c.markers(untyped, told)
	return nil
}

// markers are pointers like "struct event *unused": what they point to is a record
// if there is a map that does not say what its records are. Those that are told have
// been compared.
func (c *comparison) markers(records bool, told map[string]bool) {
	class := ofVariable
	if records {
		class = isAlways(Event)
	}
	for _, v := range c.old.object.Variables {
		if v.Marks == nil || told[v.Marks.CName()] {
			continue
		}
		other := c.new.marked(v.Name)
		if other == nil {
			continue
		}
		c.compareRoot(root{place: "variable " + v.Name, user: "mark " + v.Name, old: v.Marks, new: other, class: class})
	}
}

func (i *Input) marked(name string) btfparse.Type {
	for _, v := range i.object.Variables {
		if v.Name == name && v.Marks != nil {
			return v.Marks
		}
	}
	return nil
}

func isAlways(class Class) func(bool) Class { return func(bool) Class { return class } }

// ofVariable is the class of what no map holds.
func ofVariable(sameSize bool) Class {
	if sameSize {
		return Layout
	}
	return API
}

// eventTypes are the types of a map's records: what -event says, then tags, then
// __type(value, …).
func (i *Input) eventTypes(m *btfparse.Map, opts *Options) ([]btfparse.Type, error) {
	var names []string
	if ev, ok := i.events(opts)[m.Name]; ok {
		names = append(names, ev.Type)
	}
	for _, tag := range m.Tags {
		if name, ok := strings.CutPrefix(tag, btfparse.EventTag); ok {
			names = append(names, name)
		}
	}
	var types []btfparse.Type
	for _, name := range names {
		found := i.object.Named(name)
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: %s: event type %s is not in the object", i.name, m.Path(), name)
		}
		types = append(types, found[0])
	}
	if len(types) == 0 && m.Value != nil {
		types = append(types, m.Value)
	}
	return types, nil
}

// events are those of the options that this side has need of: not where its map
// says the type itself and the one that is named is not there.
func (i *Input) events(opts *Options) map[string]emit.EventType {
	of := make(map[string]emit.EventType)
	for name, ev := range opts.Events {
		m := i.mapNamed(name)
		if m != nil && (m.Value == nil || len(i.object.Named(ev.Type)) > 0) {
			of[name] = ev
		}
	}
	return of
}

// variables compares the types of those that both sides have.
func (c *comparison) variables() error {
	c.places()
	others := c.new.variables()
	for key, v := range c.old.variables() {
		other, ok := others[key]
		if !ok || v.Type == nil && other.Type == nil {
			continue
		}
		c.compareRoot(root{
			place: string(v.Path()), user: string(v.Path()), old: v.Type, new: other.Type, oldTags: v.Tags, newTags: other.Tags,
			class: ofVariable, users: c.programsUsing("variable " + v.Name),
		})
	}
	return nil
}

// variableKey tells variables of one object apart, and is the same on both sides.
type variableKey struct {
	name  string
	index int
}

// variables are those that user space can reach, by name; statics of one name by
// their order.
func (i *Input) variables() map[variableKey]*btfparse.Variable {
	all := make(map[variableKey]*btfparse.Variable)
	count := make(map[string]int)
	for _, v := range i.object.Variables {
		if v.Local || v.Marks != nil || v.Kind == btfparse.VarKsym || v.Kind == btfparse.VarExtern {
			continue
		}
		all[variableKey{v.Name, count[v.Name]}] = v
		count[v.Name]++
	}
	return all
}

// places compares where variables lie in the sections that processes share: what
// takes a section over, pinned or from a collection that runs, takes it whole.
func (c *comparison) places() {
	others := c.new.variables()
	type moved struct{ old, new []string }
	sections := make(map[string]*moved)
	old := c.old.variables()
	for _, key := range slices.SortedFunc(maps.Keys(old), func(a, b variableKey) int {
		return cmp.Or(cmp.Compare(old[a].Offset, old[b].Offset), cmp.Compare(a.name, b.name), cmp.Compare(a.index, b.index))
	}) {
		v, other := old[key], others[key]
		if other == nil || !isShared(v.Section) || v.Section == other.Section && v.Offset == other.Offset {
			continue
		}
		in := sections[v.Section]
		if in == nil {
			in = new(moved)
			sections[v.Section] = in
		}
		where := fmt.Sprintf("%s at byte %d", v.Name, other.Offset)
		if other.Section != v.Section {
			where += " of " + other.Section
		}
		in.old, in.new = append(in.old, fmt.Sprintf("%s at byte %d", v.Name, v.Offset)), append(in.new, where)
	}
	for section, in := range sections {
		change := Change{Class: PinnedMap, Place: "map " + section, What: "places of variables", Old: words.Some(in.old, 8), New: words.Some(in.new, 8)}
		if c.opts.Pinned != nil && c.opts.Pinned(section) {
			change.breaks(Pins, "the variables that they hold lie elsewhere, and taking them over is refused")
		}
		c.add(change)
	}
}

// isShared says whether the memory of a section can be taken over by another
// collection: constants are each collection's own.
func isShared(section string) bool {
	return section == ".bss" || section == ".data" || strings.HasPrefix(section, ".bss.") || strings.HasPrefix(section, ".data.")
}

// asked compares the types that code is generated for by name.
func (c *comparison) asked() error {
	others := make(map[string]btfparse.Type)
	for _, t := range slices.Backward(c.new.object.Types) { // the first of a name stays
		others[t.CName()] = t
	}
	for _, t := range c.old.object.Types {
		if other := others[t.CName()]; other != nil && matchesAny(c.opts.Types, t) {
			c.compareRoot(root{place: t.CName(), user: "-type " + t.CName(), old: t, new: other, class: ofVariable})
		}
	}
	return nil
}

func matchesAny(patterns []string, t btfparse.Type) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return btfparse.Matches(pattern, t) })
}
