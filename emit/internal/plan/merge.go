package plan

// Merging: what targets have decided alone, put together. What is the same goes into
// the files of all, the rest into those of each. Nothing is decided anew: every
// declaration, type and name of the merged plan is that of a target, and where a
// comment can only say one thing of all, it lists what they have. This package knows
// nothing of C that a decision could be made by.

import (
	"maps"
	"slices"
)

// Alone is what one target decides for itself.
type Alone struct {
	Types     []*Decl
	Maps      []*Map
	Programs  []*Program
	Variables []*Variable
	// Layouts is how C lays out what has Go types, as text.
	Layouts string
}

// Merge puts together what the plan's targets have, which stands in their order.
// Without targets the plan is for a single one, and all is shared.
func (p *Plan) Merge(alone []*Alone) {
	m := &merger{Plan: p, alone: alone}
	m.types()
	m.maps()
	m.programs()
	m.variables()
	m.layouts()
}

type merger struct {
	*Plan
	alone []*Alone
}

// rows are what targets have, by key: one entry a target, nil where it has none.
func rows[T any](alone []*Alone, list func(*Alone) []*T, key func(*T) string) [][]*T {
	byKey := make(map[string][]*T)
	for i, a := range alone {
		for _, x := range list(a) {
			k := key(x)
			if byKey[k] == nil {
				byKey[k] = make([]*T, len(alone))
			}
			byKey[k][i] = x
		}
	}
	all := make([][]*T, 0, len(byKey))
	for _, k := range slices.Sorted(maps.Keys(byKey)) {
		all = append(all, byKey[k])
	}
	return all
}

// first is what the first target has that has anything.
func first[T any](on []*T) *T {
	return on[slices.IndexFunc(on, func(x *T) bool { return x != nil })]
}

// missing says whether some target has none.
func missing[T any](on []*T) bool { return slices.Contains(on, nil) }

// union are the texts of all targets, each once.
func union[T any](on []*T, texts func(*T) []string) []string {
	var all []string
	for _, x := range on {
		if x == nil {
			continue
		}
		for _, t := range texts(x) {
			if !slices.Contains(all, t) {
				all = append(all, t)
			}
		}
	}
	return all
}

// same says whether all targets that have something have the same.
func same[T any](on []*T, equal func(x, y *T) bool) bool {
	one := first(on)
	return !slices.ContainsFunc(on, func(x *T) bool { return x != nil && x != one && !equal(one, x) })
}

// key is what makes a declaration of one target that of another. Enums that are
// constants alone are called after the first, which others may have, too.
func (d *Decl) key() string {
	key := d.Name + " " + d.Pkg
	if d.plain() {
		for _, c := range d.Enum.Consts {
			key += " " + c.Name
		}
	}
	return key
}

// plain says whether the declaration is of constants alone.
func (d *Decl) plain() bool { return d.Enum != nil && d.Enum.Plain }

// declRow is a declaration on all targets. own is true if each has one of its own.
type declRow struct {
	on  []*Decl
	own bool
}

// types sorts declarations into common ones and those of which every target has its
// own.
func (m *merger) types() {
	var all []*declRow
	for _, on := range rows(m.alone, func(a *Alone) []*Decl { return a.Types }, (*Decl).key) {
		all = append(all, &declRow{on: on, own: !same(on, (*Decl).Equal)})
	}
	shareConstants(all)
	spread(all, m.Packages)
	for _, r := range all {
		if !r.own {
			m.Types = append(m.Types, used(first(r.on), r.on))
			continue
		}
		for i, t := range m.Targets {
			d := r.on[i]
			if d == nil {
				d = m.foreign(first(r.on), i)
			}
			if d != nil {
				t.Types = append(t.Types, used(d, r.on))
			}
		}
	}
}

// used is a declaration with what refers to it on all targets.
func used(d *Decl, on []*Decl) *Decl {
	uses := union(on, func(d *Decl) []string { return d.Uses })
	if slices.Equal(uses, d.Uses) {
		return d
	}
	merged := *d
	merged.Uses = uses
	return &merged
}

// foreign is what another target has, which is in the API of all: of constants those
// that the target does not have itself.
func (m *merger) foreign(d *Decl, target int) *Decl {
	foreign := *d
	foreign.Foreign = true
	if !d.plain() {
		return &foreign
	}
	enum := *d.Enum
	enum.Consts = slices.DeleteFunc(slices.Clone(enum.Consts), func(c Const) bool { return m.hasConst(c.Name, target) })
	foreign.Enum = &enum
	if len(enum.Consts) == 0 {
		return nil
	}
	return &foreign
}

// hasConst says whether an enum without a name gives the target that constant.
func (m *merger) hasConst(name string, target int) bool {
	return slices.ContainsFunc(m.alone[target].Types, func(d *Decl) bool {
		return d.plain() && slices.ContainsFunc(d.Enum.Consts, func(c Const) bool { return c.Name == name })
	})
}

// shareConstants gives each target its own of enums without a name of which another
// has some of the constants.
func shareConstants(all []*declRow) {
	having := make(map[string]*declRow)
	for _, r := range all {
		if one := first(r.on); one.plain() {
			for _, c := range one.Enum.Consts {
				if other := having[c.Name]; other != nil {
					r.own, other.own = true, true
				}
				having[c.Name] = r
			}
		}
	}
}

// spread gives each target its own of what is made of a type of which each has its own:
// other names of it; and those that only some targets have and that hold it, so that
// their layout is nothing to prove on the others. In packages it is whatever names such
// a type, which a package of all could not, and what has no name in C and stands in
// one, of which it is a part.
func spread(all []*declRow, packages bool) {
	users := make(map[string][]*declRow) // by the type
	var todo []*declRow
	for _, r := range all {
		d := first(r.on)
		var parts []string
		switch {
		case d.Pkg != "":
		case d.Alias != "":
			parts = []string{d.Alias}
		case packages:
			parts = append(d.Names(), d.Within)
		case missing(r.on):
			parts = d.held()
		}
		for _, name := range parts {
			users[name] = append(users[name], r)
		}
		if r.own {
			todo = append(todo, r)
		}
	}
	for len(todo) > 0 {
		d := first(todo[len(todo)-1].on)
		todo = todo[:len(todo)-1]
		if d.plain() { // no type
			continue
		}
		for _, user := range users[d.Name] {
			if !user.own {
				user.own = true
				todo = append(todo, user)
			}
		}
	}
}

// maps are those of all targets. Where they differ in type, only the type does.
func (m *merger) maps() {
	for _, on := range rows(m.alone, func(a *Alone) []*Map { return a.Maps }, func(m *Map) string { return m.Field }) {
		one := mergedMap(on)
		m.Maps = append(m.Maps, one)
		if same(on, func(x, y *Map) bool { return x.Type(m.Runtime).Equal(y.Type(m.Runtime)) }) {
			m.MapTypes = append(m.MapTypes, one)
			continue
		}
		one.Class, one.Given, one.Args = "", false, nil
		for i, t := range m.Targets {
			typ := on[i]
			if typ == nil {
				typ = first(on)
			}
			t.MapTypes = append(t.MapTypes, typ)
		}
	}
}

// mergedMap is a map of which comments say what all targets have.
func mergedMap(on []*Map) *Map {
	merged := *first(on)
	merged.Kinds = union(on, func(m *Map) []string { return m.Kinds })
	merged.Tags = union(on, func(m *Map) []string { return m.Tags })
	merged.Args = slices.Clone(merged.Args)
	for i, a := range merged.Args {
		if a.Inner == nil {
			continue
		}
		var inner []*Map
		for _, m := range on {
			if m != nil && i < len(m.Args) && m.Args[i].Inner != nil {
				inner = append(inner, m.Args[i].Inner)
			}
		}
		merged.Args[i].Inner = mergedMap(inner)
	}
	return &merged
}

// programs are those of all targets.
func (m *merger) programs() {
	for _, on := range rows(m.alone, func(a *Alone) []*Program { return a.Programs }, func(p *Program) string { return p.Field }) {
		merged := *first(on)
		merged.Sections = union(on, func(p *Program) []string { return p.Sections })
		merged.Tags = union(on, func(p *Program) []string { return p.Tags })
		merged.Hooks = nil
		for _, p := range on {
			if p != nil && !slices.Contains(merged.Hooks, p.Hooks[0]) {
				merged.Hooks = append(merged.Hooks, p.Hooks...)
			}
		}
		merged.Type = sharedType(m, on, func(p *Program) Alias { return p.Own })
		m.Programs = append(m.Programs, &merged)
	}
}

// variables are those of all targets.
func (m *merger) variables() {
	for _, on := range rows(m.alone, func(a *Alone) []*Variable { return a.Variables }, func(v *Variable) string { return v.Field }) {
		merged := *first(on)
		merged.C = union(on, func(v *Variable) []string { return v.C })
		merged.Sections = union(on, func(v *Variable) []string { return v.Sections })
		merged.Tags = union(on, func(v *Variable) []string { return v.Tags })
		merged.Type = sharedType(m, on, func(v *Variable) Alias { return v.Own })
		m.Variables = append(m.Variables, &merged)
	}
}

// sharedType is the type that all targets have, or the alias that stands for what each
// has; one that lacks what the alias is for has that of another.
func sharedType[T any](m *merger, on []*T, alias func(*T) Alias) GoType {
	one := alias(first(on))
	if same(on, func(x, y *T) bool { return alias(x).Type.Equal(alias(y).Type) }) {
		return one.Type
	}
	for i, t := range m.Targets {
		a := one
		if on[i] != nil {
			a = alias(on[i])
		}
		a.Foreign = on[i] == nil
		t.Aliases = append(t.Aliases, a)
	}
	return GoType{Name: one.Name}
}

// layouts are those of all targets, once if they are the same.
func (m *merger) layouts() {
	if same(m.alone, func(x, y *Alone) bool { return x.Layouts == y.Layouts }) {
		m.Layouts = m.alone[0].Layouts
		return
	}
	for i, t := range m.Targets {
		t.Layouts = m.alone[i].Layouts
	}
}
