package diff

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/bpfgen/bpfgen/emit"
)

// Types of maps have names, which a program can write.
func TestNamesOfMapTypes(t *testing.T) {
	in := build(t, readSource(t, "kinds.c"))
	c := &comparison{old: in, new: in, opts: &Options{}}
	all, err := c.declared(in)
	if err != nil {
		t.Fatal(err)
	}
	for name, owner := range map[string]string{"RecsMap": "map recs", "OuterMap": "map outer", "OuterInnerMap": "map outer"} {
		if all[name].Owner != owner {
			t.Errorf("%s is of %q, want %q; all: %q", name, all[name].Owner, owner, slices.Sorted(maps.Keys(all)))
		}
	}
	if all[""].Owner != "" {
		t.Errorf("a type without a name: %+v", all[""])
	}
}

// A name that is given to something else is a change of what had it, even if
// nothing but the name is another; a name that goes along with C's is none.
func TestNamesThatMove(t *testing.T) {
	declared := func(list ...emit.Declared) map[string]emit.Declared {
		all := make(map[string]emit.Declared)
		for _, d := range list {
			all[d.Name] = d
		}
		return all
	}
	field := emit.Declared{Name: "Maps.FlowsMap", Type: "Hash[uint32, uint64]", Owner: "map flows_map"}
	old := declared(field, emit.Declared{Name: "FlowsMap", Type: "map type", Owner: "map flows_map"})
	got := changedNames(old, declared(field,
		emit.Declared{Name: "FlowsMap", Type: "map type", Owner: "map flows"},
		emit.Declared{Name: "FlowsMapMap", Type: "map type", Owner: "map flows_map"}))
	want := map[apiKey][]GoChange{{"map flows_map", ""}: {
		{Name: "FlowsMap", Old: "map type of map flows_map", New: "map type of map flows"},
		{Name: "FlowsMapMap", New: "map type"},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	got = changedNames(old, declared(
		emit.Declared{Name: "Maps.FlowsMap", Type: "Hash[uint32, uint64]", Owner: "map flowsMap"},
		emit.Declared{Name: "FlowsMap", Type: "map type", Owner: "map flowsMap"}))
	if len(got) > 0 {
		t.Errorf("a map renamed in C alone: %v", got)
	}
}
