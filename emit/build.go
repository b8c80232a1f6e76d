package emit

// The plan: declarations, maps, programs and variables as plain data, those
// that all targets share and those that differ.

import (
	"cmp"
	"fmt"
	"go/build/constraint"
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
	b := newBuilder(w, ts, n)
	alone := b.alone()
	b.checkBorrowed(alone)
	b.plan.Merge(alone)
	if !w.opts.TypesOnly || w.opts.Layouts {
		b.plan.Set = b.set(alone)
	}
	return b.plan
}

// newBuilder has a plan of nothing.
func newBuilder(w *wanted, ts *typeSet, n *names) *builder {
	b := &builder{wanted: w, types: ts, names: n, goType: ts.goType, plan: &plan.Plan{
		Package:    w.opts.Package,
		Stem:       w.opts.Stem,
		Suffix:     w.opts.Suffix,
		Constraint: w.opts.constraint(sharedGOARCH(w.targets)),
		Runtime:    ts.profile.runtime,
		API:        n.api,
		TypesOnly:  w.opts.TypesOnly,
		Packages:   w.opts.Packages,
	}}
	for _, t := range w.targets {
		b.plan.Targets = append(b.plan.Targets, &plan.Target{
			Name: t.Name, Constraint: w.opts.constraint(t.GOARCH), ObjectFile: t.ObjectFile, Checksum: layout.Checksum(t.Embedded),
		})
	}
	return b
}

// alone is everything that each target decides for itself.
func (b *builder) alone() []*plan.Alone {
	alone := make([]*plan.Alone, len(b.targets))
	for i := range alone {
		alone[i] = b.api(i)
		if !b.opts.TypesOnly || b.opts.Layouts {
			alone[i].Layouts = b.layoutTable(i).String()
		}
	}
	b.declarations(alone)
	return alone
}

// api is what one target has beside types.
func (b *builder) api(target int) *plan.Alone {
	a := new(plan.Alone)
	for _, w := range b.wanted.maps {
		if m := w.on[target]; m != nil {
			a.Maps = append(a.Maps, b.mapOf(w, m))
		}
	}
	for _, w := range b.wanted.programs {
		if p := w.on[target]; p != nil {
			a.Programs = append(a.Programs, b.program(w, p))
		}
	}
	for _, w := range b.wanted.variables {
		if v := w.on[target]; v != nil {
			a.Variables = append(a.Variables, b.variable(w, v))
		}
	}
	return a
}

// declarations are those of all things, on each target that has them, and the guards of
// the user's types.
func (b *builder) declarations(alone []*plan.Alone) {
	things := slices.SortedFunc(slices.Values(b.names.things), func(x, y *thing) int { return cmp.Compare(x.name, y.name) })
	for _, th := range things {
		b.declare(th, alone)
	}
	bound := b.binds.decls()
	for _, a := range alone {
		a.Types = append(a.Types, bound...)
	}
}

// declare is what a thing and its further names are on each target.
func (b *builder) declare(th *thing, alone []*plan.Alone) {
	var decls []*plan.Decl
	for _, v := range th.variants {
		if b.types.profile.inline(v.typ, v.direct) {
			continue
		}
		d := b.types.profile.declare(v)
		decls = append(decls, d)
		all := []*plan.Decl{d}
		for _, a := range th.aliases {
			all = append(all, &plan.Decl{Name: a.name, C: a.c, Size: d.Size, Alias: d.Name})
		}
		for _, target := range v.targets() {
			alone[target].Types = append(alone[target].Types, all...)
		}
	}
	b.names.nameKeys(th, decls)
}

// mapOf is a map with its names.
func (b *builder) mapOf(w *wantedMap, m *mapOn) *plan.Map {
	p := b.mapOn(m)
	p.Field, p.Alias = b.names.fields[w], b.names.aliases[w]
	if inner := p.Inner(); inner != nil {
		inner.Name, inner.Alias = w.name+"_inner", b.names.inners[w]
	}
	return p
}

// mapOn is a map with its class and type arguments.
func (b *builder) mapOn(m *mapOn) *plan.Map {
	p := &plan.Map{Class: m.class.name, Given: m.class.given, EventName: m.eventName, Short: m.short}
	if m.Map != nil { // an inner map may be unknown
		p.Name, p.Kinds, p.Tags = m.Name, []string{m.Type.String()}, userTags(m.Tags)
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

// program is a program with its names.
func (b *builder) program(w *wantedProgram, p *programOn) *plan.Program {
	alias := b.names.aliases[w]
	typ := plan.GoType{Pkg: b.plan.Runtime.Loader, Name: p.hook.Kind}
	return &plan.Program{
		Name: p.Name, Sections: []string{p.Section}, Hooks: []plan.Hook{plan.Hook(p.hook)},
		Field: b.names.fields[w], Type: typ, Tags: userTags(p.Tags),
		Own: plan.Alias{Name: alias, Type: typ, Doc: []string{fmt.Sprintf("%s is the kind of the program %s: SEC(%q).", alias, p.Name, p.Section)}},
	}
}

// variable is a variable with its names.
func (b *builder) variable(w *wantedVariable, v *variableOn) *plan.Variable {
	alias, typ := b.names.aliases[w], b.goType(v.root, v.Size)
	return &plan.Variable{
		Name: v.Name, Sections: []string{v.Section}, Index: w.index, Field: b.names.fields[w], Static: w.static,
		Constant: w.kind != btfparse.VarData, Given: w.kind == btfparse.VarKconfig,
		Type: typ, C: []string{inC(v)}, Tags: userTags(v.Tags),
		Own: plan.Alias{Name: alias, Type: typ, Doc: []string{fmt.Sprintf("%s is the type of the variable %s: %s.", alias, w.name, inC(v))}},
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
