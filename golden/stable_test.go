package golden

// Names never move: what is added renames nothing that was there, but for what
// ranks lower than the newcomer, which a warning tells.

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
)

// outranked are the things that have another name for want of one, by the
// golden case or object of the corpus: that of something which ranks higher.
var outranked = map[string][]string{
	"names-illegal-clash": {
		"map FlowsMap", "map Type", "program Load", "variable Variables",
		"the type of map FlowsMap", "the type of map Type", "the type of map verdicts_map",
		"union flowKey", "struct scope.inner{}",
	},
}

// TestNamesNeverMove takes each map, program and variable away, selects all
// types, and takes targets away.
func TestNamesNeverMove(t *testing.T) {
	for _, c := range findCases(t) {
		targets, refused, err := c.objects()
		if err != nil {
			t.Fatal(err)
		}
		if refused == nil {
			n := nameTest{T: t, name: c.name, opts: c.opts, moved: make(map[string]bool)}
			n.compare(targets)
		}
	}
}

// TestCorpusNamesNeverMove does so with what others wrote.
func TestCorpusNamesNeverMove(t *testing.T) {
	if testing.Short() {
		t.Skip("makes plans of many objects")
	}
	for _, o := range corpus(t) {
		object, err := btfparse.Parse(o.name, bytes.NewReader(o.content))
		if err != nil {
			if _, ok := broken[o.name]; !ok {
				t.Errorf("%s: %v", o.name, err)
			}
			continue
		}
		n := nameTest{T: t, name: o.name, opts: emit.Options{Package: "object", Ident: "Object"}, moved: make(map[string]bool)}
		n.compare([]emit.Target{{Name: "bpfel", Object: object, ObjectFile: "object.o"}})
	}
}

type nameTest struct {
	*testing.T
	name string
	opts emit.Options
	// moved are the things that have another name where there is more.
	moved map[string]bool
}

// compare compares the names of everything with those of less.
func (n nameTest) compare(targets []emit.Target) {
	all, ok := n.names(targets, n.opts)
	if !ok {
		return
	}
	for what, less := range without(targets) {
		if names, ok := n.names(less, n.opts); ok {
			n.same("without "+what, names, all)
		}
	}
	opts := n.opts
	opts.Types, opts.NoGlobalTypes = []string{"*"}, false
	if names, ok := n.names(targets, opts); ok {
		n.same("with all types", all, names)
	}
	for _, c := range outranked[n.name] {
		if !n.moved[c] {
			n.Errorf("%s: %s is listed as outranked and never is", n.name, c)
		}
	}
}

// names are those of a plan; ok is false if there is none, as options name what
// is not there.
func (n nameTest) names(targets []emit.Target, opts emit.Options) (map[string]string, bool) {
	plan, err := emit.NewPlan(targets, opts)
	if err != nil {
		return nil, false
	}
	return plan.Names(), true
}

// same demands that what both have has one name.
func (n nameTest) same(change string, before, after map[string]string) {
	for _, c := range slices.Sorted(maps.Keys(before)) {
		name, ok := after[c]
		if !ok || name == before[c] {
			continue
		}
		n.moved[c] = true
		if !slices.Contains(outranked[n.name], c) {
			n.Errorf("%s, %s: %s is %s, and %s where there is more", n.name, change, c, before[c], name)
		}
	}
}

// without are the targets without one of the maps, programs or variables, and
// each target alone.
func without(targets []emit.Target) map[string][]emit.Target {
	less := make(map[string][]emit.Target)
	for _, target := range targets {
		if len(targets) > 1 {
			less["the targets beside "+target.Name] = []emit.Target{target}
		}
		for _, m := range target.Object.Maps {
			less[string(m.Path())] = changed(targets, func(o *btfparse.Object) {
				o.Maps = slices.DeleteFunc(slices.Clone(o.Maps), func(other *btfparse.Map) bool { return other.Name == m.Name })
			})
		}
		for _, p := range target.Object.Programs {
			less[string(p.Path())] = changed(targets, func(o *btfparse.Object) {
				o.Programs = slices.DeleteFunc(slices.Clone(o.Programs), func(other *btfparse.Program) bool { return other.Name == p.Name })
			})
		}
		for _, v := range target.Object.Variables {
			less[string(v.Path())] = changed(targets, func(o *btfparse.Object) {
				o.Variables = slices.DeleteFunc(slices.Clone(o.Variables), func(other *btfparse.Variable) bool { return other.Path() == v.Path() })
			})
		}
	}
	return less
}

// changed are the targets with something else in their objects.
func changed(targets []emit.Target, change func(*btfparse.Object)) []emit.Target {
	others := slices.Clone(targets)
	for i := range others {
		object := *others[i].Object
		change(&object)
		others[i].Object = &object
	}
	return others
}
