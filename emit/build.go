package emit

// The plan: declarations, maps, programs and variables as plain data, those
// that all targets share and those that differ.

import (
	"cmp"
	"fmt"
	"go/build/constraint"
	"maps"
	"slices"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/internal/layout"
)

// builder makes the plan of what is wanted, laid out and named.
type builder struct {
	*wanted
	types *typeSet
	names *names
	plan  *plan.Plan
	// goType is the Go type of a root; without a C type it is raw bytes.
	goType func(r *root, size uint32) plan.GoType
}

func build(w *wanted, ts *typeSet, n *names) *plan.Plan {
	b := &builder{wanted: w, types: ts, names: n, goType: ts.goType, plan: &plan.Plan{
		Package:    w.opts.Package,
		Stem:       w.opts.Stem,
		Suffix:     w.opts.Suffix,
		Constraint: w.opts.constraint(sharedGOARCH(w.targets)),
		Runtime:    ts.profile.runtime,
		API:        n.api,
		TypesOnly:  w.opts.TypesOnly,
	}}
	for _, t := range w.targets {
		b.plan.Targets = append(b.plan.Targets, &plan.Target{
			Name: t.Name, Constraint: w.opts.constraint(t.GOARCH), ObjectFile: t.ObjectFile, Checksum: layout.Checksum(t.Embedded),
		})
	}
	b.declarations()
	b.maps()
	b.programs()
	b.variables()
	b.checkBorrowed()
	if !w.opts.TypesOnly || w.opts.Layouts {
		b.layouts()
	}
	return b.plan
}

// declarations sorts those of all things into common ones and those of which
// every target has its own.
func (b *builder) declarations() {
	things := slices.Clone(b.names.things)
	slices.SortFunc(things, func(x, y *thing) int { return cmp.Compare(x.name, y.name) })
	all := make([][]*plan.Decl, len(things)) // one a target
	for i, th := range things {
		all[i] = b.declare(th)
	}
	own := ownTypes(things, all)
	if b.opts.Packages {
		spreadOwn(things, all, own)
	}
	for i, th := range things {
		decls := append([][]*plan.Decl{all[i]}, aliasDecls(th, all[i])...)
		for _, on := range decls {
			b.addDecl(on, own[th.name])
		}
	}
	b.plan.Types = append(b.plan.Types, b.binds.decls()...)
	byName := func(x, y *plan.Decl) int { return cmp.Compare(x.Name, y.Name) }
	slices.SortFunc(b.plan.Types, byName)
	for _, t := range b.plan.Targets {
		slices.SortFunc(t.Types, byName)
	}
}

// declare is what a thing is on each target, nil where it is not.
func (b *builder) declare(th *thing) []*plan.Decl {
	on := make([]*plan.Decl, len(b.targets))
	var decls []*plan.Decl
	for _, v := range th.variants {
		if b.types.profile.inline(v.typ, v.direct) {
			continue
		}
		d := b.types.profile.declare(v)
		decls = append(decls, d)
		for i, has := range v.on {
			if has {
				on[i] = d
			}
		}
	}
	b.names.nameKeys(decls)
	return on
}

// aliasDecls are the further names of a thing.
func aliasDecls(th *thing, on []*plan.Decl) [][]*plan.Decl {
	var all [][]*plan.Decl
	for _, a := range th.aliases {
		aliases := make([]*plan.Decl, len(on))
		for i, d := range on {
			if d != nil {
				aliases[i] = &plan.Decl{Name: a.name, C: a.c, Size: d.Size, Alias: d.Name}
			}
		}
		all = append(all, aliases)
	}
	return all
}

func (b *builder) addDecl(on []*plan.Decl, own bool) {
	if len(targetsOf(on)) == 0 {
		return
	}
	if !own {
		b.plan.Types = append(b.plan.Types, first(on))
		return
	}
	for i, t := range b.plan.Targets {
		d := on[i]
		if d == nil {
			d = b.foreign(first(on), i)
		}
		if d != nil {
			t.Types = append(t.Types, d)
		}
	}
}

// foreign is what another target has, which is in the API of all: of constants those
// that the target does not have itself.
func (b *builder) foreign(d *plan.Decl, target int) *plan.Decl {
	foreign := *d
	foreign.Foreign = true
	if d.Enum == nil || !d.Enum.Plain {
		return &foreign
	}
	enum := *d.Enum
	enum.Consts = slices.DeleteFunc(slices.Clone(enum.Consts), func(c plan.Const) bool { return b.hasConst(c.Name, target) })
	foreign.Enum = &enum
	if len(enum.Consts) == 0 {
		return nil
	}
	return &foreign
}

// hasConst says whether an enum without a name gives the target that constant.
func (b *builder) hasConst(name string, target int) bool {
	return slices.ContainsFunc(b.names.things, func(th *thing) bool {
		return th.sharesConsts && slices.Contains(th.targets(), target) && slices.Contains(slices.Collect(maps.Values(th.consts)), name)
	})
}

// ownTypes are the types of which every target has a declaration of its own:
// those that differ, and those that only some targets have and that hold such
// a type, so that their layout is nothing to prove on the others.
func ownTypes(things []*thing, all [][]*plan.Decl) map[string]bool {
	own := make(map[string]bool)
	for i, on := range all {
		if things[i].sharesConsts || !sameDecl(on) {
			own[first(on).Name] = true
		}
	}
	for more := len(own) > 0; more; {
		more = false
		for _, on := range all {
			has := targetsOf(on)
			if len(has) == 0 || len(has) == len(on) {
				continue
			}
			if d := first(on); !own[d.Name] && d.Holds(own) {
				own[d.Name], more = true, true
			}
		}
	}
	return own
}

// sameDecl says whether one declaration serves all targets that have it.
func sameDecl(on []*plan.Decl) bool {
	var one *plan.Decl
	for _, d := range on {
		switch {
		case d == nil || d == one:
		case one == nil:
			one = d
		case !one.Equal(d):
			return false
		}
	}
	return true
}

// maps are those of all targets. Where they differ in type, only the alias of
// the map's type does.
func (b *builder) maps() {
	for _, w := range inOrder(b, b.wanted.maps) {
		on := make([]*plan.Map, len(b.targets))
		for i, m := range w.on {
			if m == nil {
				continue
			}
			on[i] = b.mapOn(m)
			on[i].Field, on[i].Alias = b.names.fields[w], b.names.aliases[w]
			if inner := on[i].Inner(); inner != nil {
				inner.Name, inner.Alias = w.name+"_inner", b.names.inners[w]
			}
		}
		b.plan.Maps = append(b.plan.Maps, first(on))
		b.addMapType(on)
	}
}

// addMapType adds the type of a map once where all targets agree, else to every
// target its own; one that lacks the map has that of another.
func (b *builder) addMapType(on []*plan.Map) {
	if b.sameMapType(on) {
		b.plan.MapTypes = append(b.plan.MapTypes, first(on))
		return
	}
	for i, t := range b.plan.Targets {
		t.MapTypes = append(t.MapTypes, cmp.Or(on[i], first(on)))
	}
}

// sameMapType says whether one type serves all targets that have the map.
func (b *builder) sameMapType(on []*plan.Map) bool {
	one := first(on)
	return !slices.ContainsFunc(on, func(m *plan.Map) bool {
		return m != nil && !m.Type(b.plan.Runtime).Equal(one.Type(b.plan.Runtime))
	})
}

// inOrder are maps, programs or variables in the order of their fields.
func inOrder[T comparable](b *builder, list []T) []T {
	return slices.SortedFunc(slices.Values(list), func(x, y T) int { return cmp.Compare(b.names.fields[x], b.names.fields[y]) })
}

// mapOn is a map with its class and type arguments.
func (b *builder) mapOn(m *mapOn) *plan.Map {
	p := &plan.Map{Class: m.class.name, Given: m.class.given, EventName: m.eventName, Short: m.short}
	if m.Map != nil { // an inner map may be unknown
		p.Name, p.Kind, p.Tags = m.Name, m.Type.String(), userTags(m.Tags)
	}
	for _, a := range m.args {
		p.Args = append(p.Args, b.mapArg(m, a))
	}
	return p
}

func (b *builder) mapArg(m *mapOn, a mapArg) plan.MapArg {
	typed := a.root != nil && a.root.Type != nil
	switch a.param {
	case paramKey:
		if !typed && m.KeySize == 4 && m.Type.IndexKey() {
			return plan.MapArg{Role: plan.Key, Type: plan.GoType{Name: "uint32"}}
		}
		return plan.MapArg{Role: plan.Key, Type: b.goType(a.root, a.size)}
	case paramValue:
		return plan.MapArg{Role: plan.Value, Type: b.goType(a.root, a.size)}
	case paramEvent:
		if !typed {
			return plan.MapArg{Role: plan.Event, Type: plan.GoType{Slice: true, Name: "byte"}}
		}
		return plan.MapArg{Role: plan.Event, Type: b.goType(a.root, 0)}
	case paramStorageKey:
		if a.size == 8 {
			return plan.MapArg{Role: plan.Key, Type: plan.GoType{Name: "uint64"}}
		}
		return plan.MapArg{Role: plan.Key, Type: plan.GoType{Pkg: b.plan.Runtime.Loader, Name: "CgroupStorageKey"}}
	case paramInner:
		return plan.MapArg{Role: plan.InnerMap, Inner: b.mapOn(a.inner)}
	}
	panic(fmt.Sprintf("map parameter %d has no rule", a.param))
}

// goType is the Go type of a root; without a C type it is raw bytes.
func (ts *typeSet) goType(r *root, size uint32) plan.GoType {
	if r == nil || r.Type == nil {
		return bytesType(size)
	}
	return ts.ref(r).goType()
}

// programs are those of all targets.
func (b *builder) programs() {
	for _, w := range inOrder(b, b.wanted.programs) {
		aliases := make([]*plan.Alias, len(b.targets))
		for i, p := range w.on {
			if p != nil {
				aliases[i] = b.programAlias(w, p)
			}
		}
		p := first(w.on)
		program := &plan.Program{
			Name: p.Name, Section: p.Section, Field: b.names.fields[w], Hook: plan.Hook(p.hook),
			Type: b.sharedType(aliases), Tags: userTags(p.Tags),
		}
		for _, i := range targetsOf(w.on) { // the import serves all targets
			program.Hook.Netlink = program.Hook.Netlink || w.on[i].hook.Netlink
		}
		b.plan.Programs = append(b.plan.Programs, program)
	}
}

// programAlias names the type of a program, which may be of another kind on
// another target.
func (b *builder) programAlias(w *wantedProgram, p *programOn) *plan.Alias {
	name := b.names.aliases[w]
	return &plan.Alias{
		Name: name, Type: plan.GoType{Pkg: b.plan.Runtime.Loader, Name: p.hook.Kind},
		Doc: []string{fmt.Sprintf("%s is the kind of the program %s on this target: SEC(%q).", name, p.Name, p.Section)},
	}
}

// variables are those of all targets.
func (b *builder) variables() {
	for _, w := range inOrder(b, b.wanted.variables) {
		aliases := make([]*plan.Alias, len(b.targets))
		for i, v := range w.on {
			if v != nil {
				aliases[i] = b.variableAlias(w, v)
			}
		}
		b.plan.Variables = append(b.plan.Variables, b.variable(w, aliases))
	}
}

func (b *builder) variable(w *wantedVariable, aliases []*plan.Alias) *plan.Variable {
	v := first(w.on)
	p := &plan.Variable{
		Name: v.Name, Section: v.Section, Index: w.index, Field: b.names.fields[w], Static: w.static,
		Constant: w.kind != btfparse.VarData, Given: w.kind == btfparse.VarKconfig,
		Type: b.sharedType(aliases), C: inC(v), Tags: userTags(v.Tags),
	}
	if !sameAlias(aliases) {
		p.C = "not the same on all targets"
	}
	return p
}

// variableAlias names the type of a variable, which may be another one on
// another target.
func (b *builder) variableAlias(w *wantedVariable, v *variableOn) *plan.Alias {
	name := b.names.aliases[w]
	return &plan.Alias{
		Name: name, Type: b.goType(v.root, v.Size),
		Doc: []string{fmt.Sprintf("%s is the type of the variable %s on this target: %s.", name, w.name, inC(v))},
	}
}

// inC is how C has a variable: "static unsigned int in .bss".
func inC(v *variableOn) string {
	c := v.Section
	if v.Type != nil {
		c = v.Type.CName() + " in " + c
	}
	if v.Static {
		c = "static " + c
	}
	return c
}

// sharedType is a type that all targets share, or the alias that stands for
// what each has.
func (b *builder) sharedType(aliases []*plan.Alias) plan.GoType {
	if sameAlias(aliases) {
		return first(aliases).Type
	}
	b.addAlias(aliases)
	return plan.GoType{Name: first(aliases).Name}
}

// sameAlias says whether an alias stands for the same type on all targets.
func sameAlias(on []*plan.Alias) bool {
	one := first(on)
	return !slices.ContainsFunc(on, func(a *plan.Alias) bool { return a != nil && !a.Type.Equal(one.Type) })
}

// addAlias adds an alias once where all targets agree, else to every target its
// own; one that lacks what the alias is for has that of another.
func (b *builder) addAlias(on []*plan.Alias) {
	if sameAlias(on) {
		b.plan.Aliases = append(b.plan.Aliases, *first(on))
		return
	}
	for i, t := range b.plan.Targets {
		t.Aliases = append(t.Aliases, *cmp.Or(on[i], first(on)))
	}
}

// sharedGOARCH are the architectures of all targets, none for all.
func sharedGOARCH(targets []Target) []string {
	var arches []string
	for _, t := range targets {
		if len(t.GOARCH) == 0 {
			return nil
		}
		arches = append(arches, t.GOARCH...)
	}
	return arches
}

// constraint is the build constraint of what is for some architectures.
func (o *Options) constraint(arches []string) string {
	var expr constraint.Expr
	for _, arch := range slices.Compact(slices.Sorted(slices.Values(arches))) {
		tag := &constraint.TagExpr{Tag: arch}
		if expr == nil {
			expr = tag
		} else {
			expr = &constraint.OrExpr{X: expr, Y: tag}
		}
	}
	if o.Tags != "" {
		tags, _ := constraint.Parse("//go:build " + o.Tags) // checked by checkOptions
		if expr == nil {
			expr = tags
		} else {
			expr = &constraint.AndExpr{X: expr, Y: tags}
		}
	}
	if expr == nil {
		return ""
	}
	return expr.String()
}
