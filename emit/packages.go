package emit

// The types of many kernels: those that are the same on all are a package, and each
// kernel has one of its own for the rest, which imports it. Names are settled over
// all of them, so that what C calls alike has one name in Go.

import (
	"bytes"
	"errors"
	"fmt"
	"go/token"
	"maps"
	"slices"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/emit/internal/print"
)

// Package is the Go package of one kernel.
type Package struct {
	// Target is the kernel's name among the plan's targets.
	Target string
	// Files are empty where all that the kernel has is shared.
	Files []File
}

// Packages prints a plan of types with a package for each target (Options.Packages).
// shared is the import path of the package with what they have in common, names are
// those of the targets' packages.
func (p *Plan) Packages(shared string, names map[string]string) (common []File, own []Package, err error) {
	whole := *p.plan
	whole.Targets = nil
	if common, err = print.Files(&whole); err != nil {
		return nil, nil, err
	}
	sharedTypes := make(map[string]bool)
	for _, d := range p.plan.Types {
		sharedTypes[d.Name] = true
	}
	for _, t := range p.plan.Targets {
		pkg := Package{Target: t.Name}
		one := plan.Plan{
			Package: names[t.Name], Stem: p.plan.Stem, Suffix: p.plan.Suffix, Constraint: t.Constraint,
			Runtime: p.plan.Runtime, API: p.plan.API, TypesOnly: true, Layouts: t.Layouts,
		}
		for _, d := range t.Types {
			if !d.Foreign {
				one.Types = append(one.Types, qualified(d, sharedTypes, shared))
			}
		}
		if len(one.Types) > 0 || one.Layouts != "" {
			if pkg.Files, err = print.Files(&one); err != nil {
				return nil, nil, err
			}
			for i := range pkg.Files {
				pkg.Files[i].Content = withDoc(pkg.Files[i].Content, one.Package, t.Name, shared)
			}
		}
		own = append(own, pkg)
	}
	return common, own, nil
}

// withDoc puts a comment above the package clause.
func withDoc(file []byte, pkg, target, shared string) []byte {
	clause := "\npackage " + pkg + "\n"
	doc := fmt.Sprintf("\n// Package %s has the types of kernel %s that are not the same on all kernels of\n// package %s.", pkg, target, shared)
	return bytes.Replace(file, []byte(clause), []byte(doc+clause), 1)
}

// qualified is a declaration that takes some types from another package.
func qualified(d *plan.Decl, types map[string]bool, path string) *plan.Decl {
	q := *d
	qualify := func(t plan.GoType) plan.GoType { return qualifiedType(t, types, path) }
	if d.Base != nil {
		base := qualify(*d.Base)
		q.Base = &base
	}
	q.Fields = qualifiedFields(d.Fields, qualify)
	q.Accessors = slices.Clone(d.Accessors)
	for i := range q.Accessors {
		q.Accessors[i].Type = qualify(q.Accessors[i].Type)
	}
	q.Tails = slices.Clone(d.Tails)
	for i := range q.Tails {
		q.Tails[i].Elem = qualify(q.Tails[i].Elem)
	}
	return &q
}

func qualifiedFields(fields []plan.Field, qualify func(plan.GoType) plan.GoType) []plan.Field {
	fields = slices.Clone(fields)
	for i := range fields {
		fields[i].Type = qualify(fields[i].Type)
	}
	return fields
}

func qualifiedType(t plan.GoType, types map[string]bool, path string) plan.GoType {
	qualify := func(t plan.GoType) plan.GoType { return qualifiedType(t, types, path) }
	if t.Pkg == "" && types[t.Name] {
		t.Pkg = path
	}
	t.Args = slices.Clone(t.Args)
	for i := range t.Args {
		t.Args[i] = qualify(t.Args[i])
	}
	t.Fields = qualifiedFields(t.Fields, qualify)
	return t
}

// Shared is the number of types that all targets share.
func (p *Plan) Shared() int { return len(p.plan.Types) }

// Difference is a C type that is not the same on all targets that have it.
type Difference struct {
	// C and Go are its names; Go is without the ident.
	C, Go string
	// Alike are the targets by the form that the type has on them, in the order of
	// the plan's targets.
	Alike [][]string
	// Holds are types that differ, in Go, if that is all in which this one does.
	Holds []string
}

// Differences are those of a plan with packages, by Go name.
func (p *Plan) Differences() []Difference {
	own := make(map[string]bool)
	byName := make(map[string][]string)
	decls := make(map[string]map[string]*plan.Decl)
	for _, t := range p.plan.Targets {
		for _, d := range t.Types {
			if d.Foreign {
				continue
			}
			own[d.Name] = true
			byName[d.Name] = append(byName[d.Name], t.Name)
			if decls[d.Name] == nil {
				decls[d.Name] = make(map[string]*plan.Decl)
			}
			decls[d.Name][t.Name] = d
		}
	}
	l := apiList{ident: p.plan.API.Ident}
	var all []Difference
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		one := decls[name][byName[name][0]]
		diff := Difference{C: one.C, Go: l.spell(plan.GoType{Name: name}), Alike: alike(byName[name], decls[name])}
		if len(diff.Alike) == 1 {
			held := slices.DeleteFunc(one.Names(), func(n string) bool { return n == name || !own[n] })
			for _, n := range slices.Compact(slices.Sorted(slices.Values(held))) {
				diff.Holds = append(diff.Holds, l.spell(plan.GoType{Name: n}))
			}
			if len(diff.Holds) == 0 {
				continue // a part of one that differs
			}
		}
		all = append(all, diff)
	}
	return all
}

// alike groups targets by equal declarations.
func alike(targets []string, decls map[string]*plan.Decl) (groups [][]string) {
	for _, t := range targets {
		i := slices.IndexFunc(groups, func(g []string) bool { return decls[g[0]].Equal(decls[t]) })
		if i < 0 {
			groups = append(groups, []string{t})
		} else {
			groups[i] = append(groups[i], t)
		}
	}
	return groups
}

// checkPackages finds options that do not go with packages.
func checkPackages(opts Options) error {
	if !opts.Packages {
		return nil
	}
	if !opts.TypesOnly {
		return errors.New("packages of their own are for types alone")
	}
	if opts.Ident != "" && !token.IsExported(opts.Ident) {
		return fmt.Errorf("ident %q: the packages of kernels use types of a common one, so that it must begin with an upper-case letter", opts.Ident)
	}
	return nil
}
