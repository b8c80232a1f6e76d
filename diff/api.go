package diff

// What Go code is generated for each side.

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/internal/suggest"
)

// apiIdent stands for the ident, which names are reported without.
const apiIdent = "x"

// declared is everything that would be generated for a side, by name.
func (c *comparison) declared(in *Input) (map[string]emit.Declared, error) {
	plan, err := emit.NewPlan([]emit.Target{{Object: in.object, Source: in.name}}, emit.Options{
		Package: "p", Ident: apiIdent, Types: c.typesOf(in), Events: in.events(c.opts), MapTypes: in.mapTypes(c.opts), TypesOnly: in.object.TypesOnly,
	})
	if err != nil {
		return nil, err
	}
	all := make(map[string]emit.Declared)
	for _, d := range plan.API() {
		all[d.Name] = d
	}
	return all, nil
}

// typesOf are the patterns that this side has types for: one that is gone, or new,
// is a change and no error.
func (c *comparison) typesOf(in *Input) (patterns []string) {
	for _, pattern := range c.opts.Types {
		if len(in.object.Matching(pattern)) > 0 {
			patterns = append(patterns, pattern)
		}
	}
	return patterns
}

// mapTypes are those of the options for maps that this side has, where C does not
// say the type itself: that it does on one side only may be what has changed.
func (i *Input) mapTypes(opts *Options) map[string]emit.MapTypes {
	of := make(map[string]emit.MapTypes)
	for name, given := range opts.MapTypes {
		m := i.mapNamed(name)
		if m == nil {
			continue
		}
		if m.Key != nil {
			given.Key = ""
		}
		if m.Value != nil {
			given.Value = ""
		}
		if given != (emit.MapTypes{}) {
			of[name] = given
		}
	}
	return of
}

// apiKey is a place in C.
type apiKey struct{ owner, member string }

// api compares what is declared. A name that changes because its place in C does
// is told with that.
func (c *comparison) api() error {
	if err := c.unknownNames(); err != nil {
		return err
	}
	old, err := c.declared(c.old)
	if err != nil {
		return err
	}
	new, err := c.declared(c.new)
	if err != nil {
		return err
	}
	changed := changedNames(old, new)
	known := make(map[apiKey]*Change)
	for _, ch := range c.changes {
		typ, member := owner(ch.Place)
		key := apiKey{typ, member}
		if known[key] == nil || known[key].What == "size" {
			known[key] = ch
		}
	}
	kept := keptPlaces(old, new)
	for _, key := range sortedAPIKeys(changed) {
		holder := apiKey{owner: key.owner}
		if key.member != "" && known[key] == nil && changed[holder] != nil && !kept[holder] {
			continue // the whole type has come or gone, which is told
		}
		c.addNames(key, changed[key], known[key], kept[key])
	}
	return nil
}

// keptPlaces are the places in C that both sides have names for.
func keptPlaces(old, new map[string]emit.Declared) map[apiKey]bool {
	had, kept := make(map[apiKey]bool), make(map[apiKey]bool)
	for _, was := range old {
		had[apiKey{was.Owner, was.Member}] = true
	}
	for _, is := range new {
		if key := (apiKey{is.Owner, is.Member}); had[key] {
			kept[key] = true
		}
	}
	return kept
}

// unknownNames are patterns and maps that neither side has.
func (c *comparison) unknownNames() error {
	for _, pattern := range c.opts.Types {
		if len(c.old.object.Matching(pattern))+len(c.new.object.Matching(pattern)) == 0 {
			return fmt.Errorf("-type %s: neither %s nor %s has such a type%s", pattern, c.old.name, c.new.name,
				suggest.DidYouMean(pattern, slices.Concat(c.old.object.Names(), c.new.object.Names())))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.opts.Events)) {
		if !c.hasMap(name) {
			return fmt.Errorf("-event %s: neither %s nor %s has such a map", name, c.old.name, c.new.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.opts.MapTypes)) {
		if !c.hasMap(name) {
			return fmt.Errorf("-map %s: neither %s nor %s has such a map", name, c.old.name, c.new.name)
		}
	}
	return nil
}

func (c *comparison) hasMap(name string) bool {
	return c.old.mapNamed(name) != nil || c.new.mapNamed(name) != nil
}

// changedNames are the names that differ, by place in C.
func changedNames(old, new map[string]emit.Declared) map[apiKey][]GoChange {
	changed := make(map[apiKey][]GoChange)
	kept := keptPlaces(old, new)
	for name, was := range old {
		is, ok := new[name]
		key := apiKey{was.Owner, was.Member}
		if ok && kept[key] && key != (apiKey{is.Owner, is.Member}) {
			// The name has moved to something else in C, and what had it has another.
			was.Type, is.Type = was.Type+" of "+placeOf(was), is.Type+" of "+placeOf(is)
		}
		if !ok || was.Type != is.Type {
			changed[key] = append(changed[key], GoChange{Name: name, Old: was.Type, New: is.Type})
		}
	}
	for name, is := range new {
		if _, ok := old[name]; !ok {
			key := apiKey{is.Owner, is.Member}
			changed[key] = append(changed[key], GoChange{Name: name, New: is.Type})
		}
	}
	for _, names := range changed {
		slices.SortFunc(names, func(a, b GoChange) int { return cmp.Compare(a.Name, b.Name) })
	}
	return changed
}

// placeOf is what a name stands for in C.
func placeOf(d emit.Declared) string {
	if d.Member == "" {
		return d.Owner
	}
	return d.Member + " of " + d.Owner
}

func sortedAPIKeys(changed map[apiKey][]GoChange) []apiKey {
	keys := make([]apiKey, 0, len(changed))
	for key := range changed {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b apiKey) int { return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(a.member, b.member)) })
	return keys
}

// addNames adds the changed names of one place to the change of that place, or
// makes one. kept is true for a place that both sides have.
func (c *comparison) addNames(key apiKey, names []GoChange, known *Change, kept bool) {
	breaks := slices.ContainsFunc(names, func(n GoChange) bool { return n.Old != "" })
	if known == nil {
		known = c.add(newName(key, names, kept))
	}
	known.Go = append(known.Go, names...)
	if breaks {
		known.breaks(Go, "it does not compile with what is generated for the new")
	}
}

func newName(key apiKey, names []GoChange, kept bool) Change {
	place := key.owner
	if key.member != "" {
		place += " > " + strings.TrimPrefix("field "+key.member, enumField(key))
	}
	change := Change{Class: API, Place: place, What: "Go names"}
	if kept {
		return change
	}
	if allOf(names, func(n GoChange) bool { return n.Old == "" }) {
		change.What = "added"
	}
	if allOf(names, func(n GoChange) bool { return n.New == "" }) {
		change.What = "removed"
	}
	return change
}

// enumField is what places of enumerators are without.
func enumField(key apiKey) string {
	if strings.HasPrefix(key.owner, "enum ") {
		return "field "
	}
	return ""
}

func allOf[T any](list []T, f func(T) bool) bool {
	return !slices.ContainsFunc(list, func(x T) bool { return !f(x) })
}
