package golden

// Names never move: what is added renames nothing that was there, but for what
// ranks lower than the newcomer, which a warning tells.

import (
	"bytes"
	"maps"
	"slices"
	"strings"
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
		"union flowKey", "struct scope.inner{}", "the struct inner in struct scope",
	},
	"kernels": {
		"struct bpf_iter__task", "struct bpf_iter__task_vma", // bpf_iter_task, bpf_iter_task_vma
		"struct trace_event_raw_xen_mc__batch", "struct trace_event_raw_xen_mmu__set_pte", // xen_mc_batch, xen_mmu_set_pte
		"struct task_struct.__state", "struct iov_iter.__iov", "struct super_block.__s_d_op", // state, iov, s_d_op
		"enum RES_USAGE_7af21f{}", // there are several with these enumerators
	},
}

// TestNamesNeverMove takes each map, program and variable away, and targets, and
// selects more types.
func TestNamesNeverMove(t *testing.T) {
	for _, c := range findCases(t) {
		targets, refused, err := c.objects()
		if err != nil {
			t.Fatal(err)
		}
		if refused == nil {
			n := nameTest{T: t, name: c.name, opts: c.opts, moved: make(map[string]bool)}
			n.compare(targets)
			n.allMoved()
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
	all := n.plan(targets)
	if all == nil {
		return
	}
	for what, less := range without(targets) {
		n.nothingMoves("without "+what, n.plan(less), all)
	}
	if !n.opts.Bpf2go && !slices.Contains(n.opts.Types, "*") { // else the library's rules decide which types there are
		n.selectTypes(targets, all)
	}
}

// selectTypes compares with plans in which more types are asked for: one more, and
// all.
func (n nameTest) selectTypes(targets []emit.Target, all *emit.Plan) {
	opts := n.opts
	n.opts.NoGlobalTypes = false
	for _, typ := range append(someTypes(targets), "*") {
		n.opts.Types = append(slices.Clone(opts.Types), typ)
		n.nothingMoves("with the type "+typ, all, n.plan(targets))
	}
}

// someTypes are up to ten named types, from all over the list of them.
func someTypes(targets []emit.Target) []string {
	var names []string
	for _, t := range targets {
		for _, typ := range t.Object.Types {
			names = append(names, typ.CName())
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	var some []string
	for i := 0; i < len(names); i += 1 + len(names)/10 {
		some = append(some, names[i])
	}
	return some
}

// plan is nil if there is none, as options name what is not there.
func (n nameTest) plan(targets []emit.Target) *emit.Plan {
	plan, err := emit.NewPlan(targets, n.opts)
	if err != nil {
		return nil
	}
	return plan
}

// nothingMoves demands that what less declares, more declares under the same name,
// which may be an alias.
func (n nameTest) nothingMoves(change string, less, more *emit.Plan) {
	if less == nil || more == nil {
		return
	}
	type declared struct{ name, owner, member string }
	there, aliases := make(map[declared]bool), make(map[string]string)
	for _, d := range more.API() {
		there[declared{d.Name, d.Owner, d.Member}] = true
		if of, ok := strings.CutPrefix(d.Type, "= "); ok && d.Member == "" {
			aliases[d.Name] = of
		}
	}
	for _, d := range less.API() {
		typ, member, _ := strings.Cut(d.Name, ".")
		of, isAlias := aliases[typ]
		if !there[declared{d.Name, d.Owner, d.Member}] && !(isAlias && (member == "" || there[declared{of + "." + member, d.Owner, d.Member}])) {
			thing := d.Owner + "." + d.Member
			if strings.HasPrefix(d.Owner, "map ") && d.Member == "" && !strings.Contains(d.Name, ".") {
				thing = "the type of " + d.Owner
			}
			n.outranks(thing, "%s, %s: %s of %s %s is there, and not where there is more", n.name, change, d.Name, d.Owner, d.Member)
		}
	}
	names := less.Names()
	for c, name := range names {
		if of, ok := aliases[name]; ok && strings.Contains(c, " ") && !strings.Contains(c, ".") {
			names[c] = of
		}
	}
	n.same(change, names, more.Names())
}

// same demands that what both have has one name, and counts it.
func (n nameTest) same(change string, before, after map[string]string) (shared int) {
	for _, c := range slices.Sorted(maps.Keys(before)) {
		name, ok := after[c]
		if !ok {
			continue
		}
		shared++
		if name != before[c] {
			n.outranks(c, "%s, %s: %s is %s, and %s where there is more", n.name, change, c, before[c], name)
		}
	}
	return shared
}

// outranks is an error unless the thing, or what it stands in, is listed.
func (n nameTest) outranks(thing, format string, args ...any) {
	owner, _, _ := strings.Cut(thing, ".")
	n.moved[thing], n.moved[owner] = true, true
	if list := outranked[n.name]; !slices.Contains(list, thing) && !slices.Contains(list, owner) {
		n.Errorf(format, args...)
	}
}

// allMoved demands that what is listed is outranked somewhere.
func (n nameTest) allMoved() {
	for _, thing := range outranked[n.name] {
		if !n.moved[thing] {
			n.Errorf("%s: %s is listed as outranked and never is", n.name, thing)
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
