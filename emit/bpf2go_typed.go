package emit

// -bpf2go -typed: the typed API over the types of bpf2go's flavour, in a file
// beside that of each target. What is wanted and how it is called is found as for
// the typed profile; only the types are bpf2go's. A member that has no field there
// has functions (bpf2go_members.go).

import (
	"cmp"
	"maps"
	"slices"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/internal/layout"
	"github.com/bpfgen/bpfgen/internal/words"
)

// wantTyped is what the typed API needs of all targets. -type is for bpf2go's file.
func wantTyped(targets []Target, opts *Options) *wanted {
	o := *opts
	o.Types = nil
	return want(targets, &o)
}

// addTyped decides on the files of the typed API.
func addTyped(w *wanted, all []*bpf2go, files []*plan.Bpf2go) {
	bridge := verb("typed", w.opts.Ident)
	taken := make(scope)
	for i, b := range all {
		b.declareBeside(w.rootsOn(i))
		for name, what := range b.identifiers(files[i]) {
			taken[name] = what
		}
	}
	api := apiOf(w.opts.Ident)
	for _, name := range append(reservedForAPI(api), bridge) {
		if what := taken[name]; what != "" && name != api.Bytes {
			w.fail(w.everywhere(), "-typed: %s would be %s, and is a name of the typed API, too: take another ident, or leave -typed", name, what)
		}
	}
	taken.add("the API of "+w.opts.Ident, bridge)
	types := w.typedBeside()
	names := name(w, types, taken)
	for i, b := range all {
		f := files[i]
		f.Typed = &plan.Bpf2goTyped{API: b.api(i, w.only(i, names), types, names, f), Bridge: bridge}
		for _, r := range b.roots {
			if r.decl.Foreign {
				b.fail(b.on, "%s: with -packed keep Go lays out %s otherwise than C: the typed API would read wrong bytes; -packed fix, or leave -typed", r.path, r.typ.CName())
			}
			if r.scope == besideBpf2go {
				f.Typed.Types = append(f.Typed.Types, r.decl)
			}
		}
		slices.SortFunc(f.Typed.Types, func(x, y *plan.Decl) int { return cmp.Compare(x.Name, y.Name) })
		f.Typed.Functions = b.memberFunctions(maps.Clone(names.pkg))
	}
}

// rootsOn are the places on a target that need a Go type. Variables that mark a
// type (Marks) are no such places: -type is bpf2go's way.
func (w *wanted) rootsOn(target int) []*root {
	var roots []*root
	for _, r := range w.roots {
		if r.target == target && r.Use != "" {
			roots = append(roots, r)
		}
	}
	return roots
}

// declareBeside declares the structs that the API needs and bpf2go does not
// declare. bpf2go's own types are decided on, and stay as they are.
func (b *bpf2go) declareBeside(roots []*root) {
	own := len(b.roots)
	for _, r := range b.roots {
		if b.decls[r.typ] == nil {
			b.decls[r.typ] = r
		}
	}
	for _, r := range roots {
		t := r.Type
		for {
			a, ok := btfparse.Underlying(t).(*btfparse.Array)
			if !ok {
				break
			}
			t = a.Elem
		}
		if b.standing(t) == nil && isStruct(t) {
			b.declaredBeside(t, r)
		}
	}
	for _, r := range b.roots[own:] {
		b.declare(r)
	}
	b.nameConstants(b.declarations())
}

func isStruct(t btfparse.Type) bool {
	_, ok := btfparse.Underlying(t).(*btfparse.Struct)
	return ok
}

// standing is the declaration that stands for a struct or enum, by whatever name
// C calls it. nil where there is none.
func (b *bpf2go) standing(t btfparse.Type) *bpf2goType {
	if r := b.decls[t]; r != nil {
		return r
	}
	of := btfparse.Underlying(t)
	for _, r := range b.roots {
		if btfparse.Underlying(r.typ) == of && r.decl != nil {
			b.decls[t] = r
			return r
		}
	}
	return nil
}

func (b *bpf2go) declaredBeside(t btfparse.Type, use *root) {
	taken := make(scope)
	for _, r := range b.roots {
		taken[r.name] = r.name
	}
	c := cmp.Or(bpf2goTypeName(t), use.Name)
	r := &bpf2goType{typ: t, name: taken.free(b.opts.Ident+bpf2goIdentifier(c), c), path: use.Path, scope: besideBpf2go}
	b.roots = append(b.roots, r)
	b.decls[t], b.decls[btfparse.Underlying(t)] = r, r
}

func (b *bpf2go) declarations() []*plan.Decl {
	var decls []*plan.Decl
	for _, r := range b.roots {
		decls = append(decls, r.decl)
	}
	slices.SortFunc(decls, func(x, y *plan.Decl) int { return cmp.Compare(x.Name, y.Name) })
	return decls
}

// identifiers are all that bpf2go's file, and the types beside it, declare in the
// package, with what they are.
func (b *bpf2go) identifiers(f *plan.Bpf2go) scope {
	s := make(scope)
	for _, d := range b.declarations() {
		s[d.Name] = d.C
		if d.Enum != nil {
			for _, c := range d.Enum.Consts {
				s[c.Name] = c.C
			}
		}
	}
	ident := b.opts.Ident
	for kind, all := range map[string][]plan.Named{"Map": f.Maps, "Prog": f.Programs, "Var": f.Variables} {
		for _, n := range all {
			s[ident+kind+n.Go] = "the name of " + n.C
		}
	}
	load := verb("load", ident)
	upper := words.UpperFirst(ident)
	s.add("of bpf2go's API", load, load+"Objects", "_"+upper+"Bytes", "_"+upper+"Close")
	for _, part := range []string{"Specs", "ProgramSpecs", "MapSpecs", "VariableSpecs", "Objects", "Programs", "Maps", "Variables"} {
		s.add("of bpf2go's API", ident+part)
	}
	return s
}

// only is what one target has, with the names that all targets have.
func (w *wanted) only(target int, n *names) *wanted {
	o := *w
	o.maps, o.programs, o.variables = nil, nil, nil
	for _, m := range w.maps {
		if on := alone(m.on, target); on != nil {
			one := &wantedMap{m.name, on}
			n.fields[one], n.aliases[one], n.inners[one] = n.fields[m], n.aliases[m], n.inners[m]
			o.maps = append(o.maps, one)
		}
	}
	for _, p := range w.programs {
		if on := alone(p.on, target); on != nil {
			one := &wantedProgram{p.name, on}
			n.fields[one], n.aliases[one] = n.fields[p], n.aliases[p]
			o.programs = append(o.programs, one)
		}
	}
	for _, v := range w.variables {
		if on := alone(v.on, target); on != nil {
			one := &wantedVariable{v.variableKey, on}
			n.fields[one], n.aliases[one] = n.fields[v], n.aliases[v]
			o.variables = append(o.variables, one)
		}
	}
	return &o
}

// alone is on without what other targets have, nil if the target has nothing.
func alone[T any](on []*T, target int) []*T {
	if on[target] == nil {
		return nil
	}
	one := make([]*T, len(on))
	one[target] = on[target]
	return one
}

// api is the plan of what the typed API has beside types.
func (b *bpf2go) api(target int, w *wanted, ts *typeSet, n *names, f *plan.Bpf2go) *plan.Plan {
	bld := &builder{wanted: w, types: ts, names: n, goType: b.rootType, plan: &plan.Plan{
		Package: b.opts.Package, Constraint: f.Constraint, Runtime: ts.profile.runtime, API: n.api,
	}}
	alone := bld.api(target)
	alone.Layouts = bld.layoutTable(target).String()
	bld.plan.Merge([]*plan.Alone{alone})
	bld.plan.Checksum = layout.Checksum(w.targets[target].Embedded)
	return bld.plan
}

// rootType is the Go type of a root; without a C type, or with one that
// -no-global-types leaves out, it is raw bytes.
func (b *bpf2go) rootType(r *root, size uint32) plan.GoType {
	if r == nil || r.Type == nil {
		return bytesType(size)
	}
	b.scope = ofMember
	v := b.value(r.Type, r.Path)
	if v.typ.Name == "" { // written out
		return bytesType(r.Type.Size())
	}
	return v.typ
}
