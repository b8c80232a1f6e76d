package emit

// Merging decides nothing: what each target alone decides is what the merged plan holds
// for it, and whatever the merged plan holds comes from a target.

import (
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// TestMergingDecidesNothing merges all golden objects that were built for several
// targets, with maps and as types alone, in files and in packages.
func TestMergingDecidesNothing(t *testing.T) {
	cases := goldenTargets(t)
	if len(cases) < 50 {
		t.Fatalf("%d cases with several targets", len(cases))
	}
	var shared, own, foreign int
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		for _, opts := range []Options{{}, {TypesOnly: true, Types: []string{"*"}, Layouts: true}, {TypesOnly: true, Types: []string{"*"}, Packages: true}} {
			opts.Package, opts.Ident, opts.Stem = "p", "Ident", "ident"
			alone, merged := decided(t, cases[name], &opts)
			if merged == nil {
				continue // refused, which is a golden case's business
			}
			m := &mergeCheck{T: t, name: name, alone: alone, plan: merged}
			m.check()
			shared += len(merged.Types)
			for _, target := range merged.Targets {
				for _, d := range target.Types {
					if d.Foreign {
						foreign++
					} else {
						own++
					}
				}
			}
		}
	}
	if shared < 500 || own < 20 || foreign < 3 {
		t.Errorf("only %d shared types, %d of targets and %d foreign ones", shared, own, foreign)
	}
}

// TestTargetsDecideAlone generates for each target without the others: that there are
// others changes nothing in what is decided of it.
func TestTargetsDecideAlone(t *testing.T) {
	cases := goldenTargets(t)
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		opts := Options{Package: "p", Ident: "Ident", Stem: "ident"}
		together, merged := decided(t, cases[name], &opts)
		if merged == nil {
			continue
		}
		for i, target := range cases[name] {
			alone, _ := decided(t, []Target{target}, &opts)
			same(t, name+" "+target.Name, *together[i], *alone[0])
		}
	}
}

// TestGoTypesAreValues looks into the plans of all golden objects: a type of Go is a
// plan.GoType wherever it stands, and never text. Texts are names of one word and, in
// the fields listed here, what comments and messages say, paths and values.
func TestGoTypesAreValues(t *testing.T) {
	prose := setOf("Doc", "Comment", "C", "Uses", "Tags", "Kinds", "Sections", "Layouts", "Constraint", "Value", "Pkg", "Types", "Loader", "Netlink",
		"Name of Map", "Name of Program", "Name of Variable", "EventName", "Name of Target", "ObjectFile", "Checksum", "Path", "Bytes")
	predeclared := setOf("bool", "byte", "string", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "any", "error")
	values := 0
	var look func(v reflect.Value, of, field string)
	look = func(v reflect.Value, of, field string) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				look(v.Elem(), of, field)
			}
		case reflect.Slice:
			for i := range v.Len() {
				look(v.Index(i), of, field)
			}
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[plan.GoType]() {
				values++
				return
			}
			for i := range v.NumField() {
				look(v.Field(i), v.Type().Name(), v.Type().Field(i).Name)
			}
		case reflect.String:
			text := v.String()
			if prose[field] || prose[field+" of "+of] || text == "" {
				return
			}
			if !token.IsIdentifier(text) || predeclared[text] {
				t.Errorf("%s of plan.%s is %q: is that a type?", field, of, text)
			}
		default: // no text
		}
	}
	for _, targets := range goldenTargets(t) {
		alone, merged := decided(t, targets, &Options{Package: "p", Ident: "Ident", Stem: "ident"})
		look(reflect.ValueOf(merged), "", "")
		look(reflect.ValueOf(alone), "", "")
	}
	if values < 5000 {
		t.Errorf("only %d types in all plans", values)
	}
}

// same compares what a target decides beside others and without them. What refers to a
// type is on all targets.
func same(t *testing.T, what string, together, alone plan.Alone) {
	t.Helper()
	strip := func(a *plan.Alone) {
		for i, d := range a.Types {
			d := *d
			d.Uses = nil
			a.Types[i] = &d
		}
	}
	strip(&together)
	strip(&alone)
	if diff := cmp.Diff(alone, together); diff != "" {
		t.Errorf("%s (-alone +beside others):\n%s", what, diff)
	}
}

// goldenTargets are the objects of the golden cases that have several, by case.
func goldenTargets(t *testing.T) map[string][]Target {
	t.Helper()
	objects, err := filepath.Glob("../golden/*/*.o")
	if err != nil {
		t.Fatal(err)
	}
	goarch := map[string][]string{"x86": {"386", "amd64"}, "arm64": {"arm64"}, "s390": {"s390x"}}
	cases := make(map[string][]Target)
	for _, file := range objects {
		obj, err := btfparse.Parse(file, open(t, file))
		if err != nil {
			continue
		}
		parts := strings.Split(strings.TrimSuffix(filepath.Base(file), ".o"), "_")
		target := Target{Name: strings.Join(parts[1:], "_"), Object: obj, ObjectFile: filepath.Base(file)}
		if len(parts) > 2 {
			target.GOARCH = goarch[parts[1]]
		}
		dir := filepath.Base(filepath.Dir(file))
		cases[dir] = append(cases[dir], target)
	}
	maps.DeleteFunc(cases, func(_ string, targets []Target) bool { return len(targets) < 2 })
	return cases
}

// decided is what the targets decide alone, and together; nil if they are refused.
func decided(t *testing.T, targets []Target, opts *Options) ([]*plan.Alone, *plan.Plan) {
	t.Helper()
	w := want(targets, opts)
	types := w.typedTypes()
	names := name(w, types, nil)
	if w.err() != nil {
		return nil, nil
	}
	b := newBuilder(w, types, names)
	alone := b.alone()
	if w.err() != nil {
		return nil, nil
	}
	b.plan.Merge(alone)
	return alone, b.plan
}

// mergeCheck compares a merged plan with what it was made of.
type mergeCheck struct {
	*testing.T
	name  string
	alone []*plan.Alone
	plan  *plan.Plan
}

func (m *mergeCheck) errorf(format string, args ...any) {
	m.Helper()
	m.Errorf("%s: "+format, append([]any{m.name}, args...)...)
}

func (m *mergeCheck) check() {
	for i := range m.alone {
		m.holdsTypes(i)
		m.holdsMaps(i)
	}
	for _, d := range m.plan.Types {
		m.fromTargets(d.Name, d, slices.DeleteFunc(declsOf(m.alone), func(o *plan.Decl) bool { return o.Name != d.Name || o.Pkg != d.Pkg || plainEnum(o) && !o.Equal(d) }))
	}
	for i, target := range m.plan.Targets {
		for _, d := range target.Types {
			m.ofTarget(i, d)
		}
		if got := m.plan.Layouts + target.Layouts; got != m.alone[i].Layouts {
			m.errorf("target %s has other layouts", target.Name)
		}
	}
	for _, one := range m.plan.Maps {
		m.fromTargets("map "+one.Name, one, withField(m.alone, func(a *plan.Alone) []*plan.Map { return a.Maps }, func(x *plan.Map) bool { return x.Field == one.Field }))
	}
	for _, one := range m.plan.Programs {
		all := withField(m.alone, func(a *plan.Alone) []*plan.Program { return a.Programs }, func(x *plan.Program) bool { return x.Field == one.Field })
		m.fromTargets("program "+one.Name, one, all)
		for i, p := range all {
			if p != nil && !m.resolved(one.Type, i).Equal(p.Type) {
				m.errorf("program %s is %s on target %d, which alone has %s", p.Name, m.resolved(one.Type, i), i, p.Type)
			}
		}
	}
	for _, one := range m.plan.Variables {
		all := withField(m.alone, func(a *plan.Alone) []*plan.Variable { return a.Variables }, func(x *plan.Variable) bool { return x.Field == one.Field })
		m.fromTargets("variable "+one.Name, one, all)
		for i, v := range all {
			if v != nil && !m.resolved(one.Type, i).Equal(v.Type) {
				m.errorf("variable %s is %s on target %d, which alone has %s", v.Name, m.resolved(one.Type, i), i, v.Type)
			}
		}
	}
}

// holdsTypes looks for each declaration of a target: it stands in the files that the
// target has, once.
func (m *mergeCheck) holdsTypes(target int) {
	held := slices.DeleteFunc(slices.Clone(m.plan.Targets[target].Types), func(d *plan.Decl) bool { return d.Foreign })
	if n := len(held); n > len(m.alone[target].Types) {
		m.errorf("target %d has %d types of its own, and decided on %d", target, n, len(m.alone[target].Types))
	}
	held = append(held, m.plan.Types...)
	for _, d := range m.alone[target].Types {
		n := 0
		for _, h := range held {
			if h.Equal(d) {
				n++
			}
		}
		if n != 1 {
			m.errorf("target %d decided on %s, which it has %d times", target, d.Name, n)
		}
	}
}

// holdsMaps looks for the type of each map of a target.
func (m *mergeCheck) holdsMaps(target int) {
	for _, one := range m.alone[target].Maps {
		types := slices.Concat(m.plan.MapTypes, m.plan.Targets[target].MapTypes)
		i := slices.IndexFunc(types, func(x *plan.Map) bool { return x.Field == one.Field })
		if i < 0 {
			m.errorf("target %d has no type for map %s", target, one.Name)
			continue
		}
		if got, want := types[i].Type(m.plan.Runtime), one.Type(m.plan.Runtime); !got.Equal(want) || types[i].Alias != one.Alias {
			m.errorf("map %s on target %d is %s %s, and was decided to be %s %s", one.Name, target, types[i].Alias, got, one.Alias, want)
		}
	}
}

// ofTarget checks a declaration of one target: it is what that decided or, where the
// target has none, what another did.
func (m *mergeCheck) ofTarget(target int, d *plan.Decl) {
	equal := func(o *plan.Decl) bool { return o.Equal(d) }
	if !d.Foreign {
		if !slices.ContainsFunc(m.alone[target].Types, equal) {
			m.errorf("target %d did not decide on %s", target, d.Name)
		}
		return
	}
	others := slices.DeleteFunc(slices.Clone(m.alone), func(a *plan.Alone) bool { return a == m.alone[target] })
	if slices.ContainsFunc(m.alone[target].Types, func(o *plan.Decl) bool { return o.Name == d.Name && !plainEnum(o) }) {
		m.errorf("target %d has %s of another target, and decided on its own", target, d.Name)
	}
	d = clone(d)
	d.Foreign = false
	for _, o := range declsOf(others) {
		if o = clone(o); plainEnum(o) && plainEnum(d) && o.C == d.C { // without what the target has itself
			enum := *o.Enum
			enum.Consts = d.Enum.Consts
			for _, c := range d.Enum.Consts {
				if !slices.Contains(o.Enum.Consts, c) {
					enum.Consts = nil
				}
			}
			o.Enum = &enum
		}
		if o.Equal(d) {
			return
		}
	}
	m.errorf("no other target decided on %s", d.Name)
}

func plainEnum(d *plan.Decl) bool { return d.Enum != nil && d.Enum.Plain }

// resolved is a type on a target, where it may be an alias.
func (m *mergeCheck) resolved(t plan.GoType, target int) plan.GoType {
	for _, a := range m.plan.Targets[target].Aliases {
		if t.Equal(plan.GoType{Name: a.Name}) {
			return a.Type
		}
	}
	return t
}

// declsOf are the declarations of all targets.
func declsOf(alone []*plan.Alone) (all []*plan.Decl) {
	for _, a := range alone {
		all = append(all, a.Types...)
	}
	return all
}

// withField are the maps, programs or variables of one field on each target.
func withField[T any](alone []*plan.Alone, list func(*plan.Alone) []*T, is func(*T) bool) []*T {
	on := make([]*T, len(alone))
	for i, a := range alone {
		if at := slices.IndexFunc(list(a), is); at >= 0 {
			on[i] = list(a)[at]
		}
	}
	return on
}

// fromTargets says of each field of what is merged that a target has it like that, of
// lists that some target has each element. Only where targets differ in a type there is
// an alias instead, of which the caller knows more, or nothing.
func (m *mergeCheck) fromTargets(what string, merged any, all any) {
	m.Helper()
	v, targets := reflect.ValueOf(merged).Elem(), reflect.ValueOf(all)
	for i := range v.NumField() {
		field := v.Type().Field(i).Name
		var values []any
		for j := range targets.Len() {
			if target := targets.Index(j); !target.IsNil() {
				values = append(values, target.Elem().Field(i).Interface())
			}
		}
		if !comesFrom(field, v.Field(i), values) && !m.differs(v, field) {
			m.errorf("%s: %s is %v, and on no target; there it is %v", what, field, v.Field(i), values)
		}
	}
}

// differs says whether a field may be none of any target: the type of what differs.
func (m *mergeCheck) differs(merged reflect.Value, field string) bool {
	switch merged := merged.Addr().Interface().(type) {
	case *plan.Map:
		own := slices.ContainsFunc(m.plan.Targets[0].MapTypes, func(o *plan.Map) bool { return o.Field == merged.Field })
		return slices.Contains([]string{"Class", "Given", "Args"}, field) && merged.Class == "" && !merged.Given && merged.Args == nil && own
	case *plan.Program:
		return field == "Type" && m.isAlias(merged.Type, merged.Own)
	case *plan.Variable:
		return field == "Type" && m.isAlias(merged.Type, merged.Own)
	}
	return false
}

// isAlias says whether a type is the alias that each target has.
func (m *mergeCheck) isAlias(t plan.GoType, own plan.Alias) bool {
	return t.Equal(plan.GoType{Name: own.Name}) && !slices.ContainsFunc(m.plan.Targets, func(target *plan.Target) bool {
		return !slices.ContainsFunc(target.Aliases, func(a plan.Alias) bool { return a.Name == own.Name })
	})
}

// lists are the fields that have what comments say of all targets.
var lists = []string{"Uses", "Kinds", "Tags", "Sections", "Hooks", "C"}

// comesFrom says whether a value is one of these; a list is all of theirs together.
func comesFrom(field string, v reflect.Value, values []any) bool {
	if v.Kind() != reflect.Slice || !slices.Contains(lists, field) {
		return slices.ContainsFunc(values, func(x any) bool { return reflect.DeepEqual(x, v.Interface()) })
	}
	merged, theirs := elements(v.Interface()), make(map[any]bool)
	for _, x := range values {
		maps.Copy(theirs, elements(x))
	}
	return maps.Equal(merged, theirs) && v.Len() == len(merged)
}

func elements(list any) map[any]bool {
	all := make(map[any]bool)
	v := reflect.ValueOf(list)
	for i := range v.Len() {
		all[v.Index(i).Interface()] = true
	}
	return all
}

func clone(d *plan.Decl) *plan.Decl {
	c := *d
	return &c
}
