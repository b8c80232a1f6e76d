package emit

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// merged is what the targets have in common, and by the target's name what
// they do not.
type merged struct {
	maps      []*mapPlan
	programs  []*programPlan
	variables []*variablePlan
	decls     []*typeDecl
	// aliases are the same on all targets.
	aliases []alias
	// ownAliases and ownDecls differ: every target has its own of that name.
	ownAliases map[string][]alias
	// mapTypes are the maps whose types are the same on all targets, ownMapTypes
	// those of which every target has its own.
	mapTypes    []*mapPlan
	ownMapTypes map[string][]*mapPlan
	ownDecls    map[string][]*typeDecl
}

// alias is a type alias with its comment.
type alias struct {
	Alias, GoType, Doc string
}

// mergeTargets takes what is equal on all targets once. What only some targets
// have is taken from the first that has it: it is in the API of all, and not
// loaded where the object lacks it.
func mergeTargets(targets []*targetPlan, names apiNames) (merged, error) {
	m := merged{
		ownAliases: make(map[string][]alias), ownDecls: make(map[string][]*typeDecl),
		ownMapTypes: make(map[string][]*mapPlan),
	}
	errs := []error{m.mergeDecls(targets)}
	ofMaps := func(t *targetPlan) []*mapPlan { return t.coll.maps }
	ofPrograms := func(t *targetPlan) []*programPlan { return t.coll.programs }
	ofVariables := func(t *targetPlan) []*variablePlan { return t.coll.variables }
	var err error
	m.maps, err = union(targets, ofMaps)
	errs = append(errs, err)
	m.programs, err = union(targets, ofPrograms)
	errs = append(errs, err)
	m.variables, err = union(targets, ofVariables)
	errs = append(errs, err)
	for _, p := range m.maps {
		m.mergeMapType(targets, onTargets(targets, ofMaps, p))
	}
	for i, p := range m.programs {
		if own := onTargets(targets, ofPrograms, p); differ(own) {
			shared := *p
			shared.GoType, shared.differs = names.ProgramAlias(p.Field), true
			m.programs[i] = &shared
			mergeAlias(&m, targets, shared.GoType, own)
		}
	}
	for i, v := range m.variables {
		if own := onTargets(targets, ofVariables, v); differ(own) {
			shared := *v
			shared.GoType, shared.differs = names.VariableAlias(v.Field), true
			m.variables[i] = &shared
			mergeAlias(&m, targets, shared.GoType, own)
		}
	}
	return m, errors.Join(errs...)
}

// planned is a map, program or variable with its Go type.
type planned interface {
	// field tells it apart from others of its kind, on all targets.
	field() string
	goType() string
	// cPlace is what C calls it and where it lives there.
	cPlace() string
}

// aliased is what may have an alias of its Go type.
type aliased interface {
	planned
	// aliasDoc is the comment of the alias.
	aliasDoc(alias string) string
}

func (m *mapPlan) field() string       { return m.Field }
func (m *mapPlan) goType() string      { return m.GoType }
func (m *mapPlan) cPlace() string      { return "map " + m.Name }
func (p *programPlan) field() string   { return p.Field }
func (p *programPlan) goType() string  { return p.GoType }
func (p *programPlan) cPlace() string  { return "program " + p.Name }
func (v *variablePlan) field() string  { return v.Field }
func (v *variablePlan) goType() string { return v.GoType }
func (v *variablePlan) cPlace() string {
	place := "variable " + v.Name + " in " + v.Section
	if v.Static {
		return "static " + place
	}
	return place
}

// union has every element of every target once, sorted by field; what several
// targets have comes from the first of them. It is an error if one Go field is
// of different places in C.
func union[P planned](targets []*targetPlan, of func(*targetPlan) []P) ([]P, error) {
	var errs []error
	first := make(map[string]P)
	for _, t := range targets {
		for _, p := range of(t) {
			q, ok := first[p.field()]
			switch {
			case !ok:
				first[p.field()] = p
			case p.cPlace() != q.cPlace():
				errs = append(errs, fmt.Errorf("target %s: %s has the Go field %s, which is %s on another target; give it one name and place in C",
					t.Name, p.cPlace(), p.field(), q.cPlace()))
			}
		}
	}
	all := slices.SortedFunc(maps.Values(first), func(a, b P) int { return cmp.Compare(a.field(), b.field()) })
	return all, errors.Join(errs...)
}

// onTargets is one map, program or variable on every target that has it, by
// the target's name.
func onTargets[P planned](targets []*targetPlan, of func(*targetPlan) []P, one P) map[string]P {
	own := make(map[string]P)
	for _, t := range targets {
		for _, p := range of(t) {
			if p.field() == one.field() {
				own[t.Name] = p
			}
		}
	}
	return own
}

// differ says whether the targets disagree on the Go type.
func differ[P planned](own map[string]P) bool {
	types := make(map[string]bool)
	for _, p := range own {
		types[p.goType()] = true
	}
	return len(types) > 1
}

// mergeAlias adds an alias once where all targets agree, else to every target
// its own; one that lacks what the alias is for has that of another.
func mergeAlias[P aliased](m *merged, targets []*targetPlan, name string, own map[string]P) {
	first := own[sortedKeys(own)[0]]
	of := func(p P) alias { return alias{name, p.goType(), p.aliasDoc(name)} }
	if !differ(own) {
		m.aliases = append(m.aliases, of(first))
		return
	}
	for _, t := range targets {
		p, ok := own[t.Name]
		if !ok {
			p = first
		}
		m.ownAliases[t.Name] = append(m.ownAliases[t.Name], of(p))
	}
}

// mergeDecls sorts the type declarations into common and own ones.
func (m *merged) mergeDecls(targets []*targetPlan) error {
	byName := make(map[string]map[string]*typeDecl) // Go name, target
	for _, t := range targets {
		for _, d := range t.types.decls() {
			if byName[d.name] == nil {
				byName[d.name] = make(map[string]*typeDecl)
			}
			byName[d.name][t.Name] = d
		}
	}
	own := ownTypes(targets, byName)
	for name, decls := range byName {
		first := firstDecl(targets, decls)
		if !own[name] {
			m.decls = append(m.decls, first)
			continue
		}
		for _, t := range targets {
			m.ownDecls[t.Name] = append(m.ownDecls[t.Name], cmp.Or(decls[t.Name], first.asForeign()))
		}
	}
	sortDecls(m.decls)
	for _, decls := range m.ownDecls {
		sortDecls(decls)
	}
	return declaredOnce(byName)
}

// ownTypes are the types of which every target has a declaration of its own:
// those that differ, and those that only some targets have and that hold such
// a type, so that their layout is nothing to prove on the others.
func ownTypes(targets []*targetPlan, byName map[string]map[string]*typeDecl) map[string]bool {
	own := make(map[string]bool)
	for name, decls := range byName {
		if !allEqual(firstDecl(targets, decls), decls) {
			own[name] = true
		}
	}
	for more := true; more; {
		more = false
		for name, decls := range byName {
			if !own[name] && len(decls) < len(targets) && firstDecl(targets, decls).holds(own) {
				own[name], more = true, true
			}
		}
	}
	return own
}

// asForeign is the declaration for a target that does not have the type.
func (d *typeDecl) asForeign() *typeDecl {
	foreign := *d
	foreign.foreign = true
	return &foreign
}

// declaredOnce is an error where one identifier stands for different things on
// different targets, which share a package: the names of each target are
// settled without the others.
func declaredOnce(byName map[string]map[string]*typeDecl) error {
	var errs []error
	owners := make(map[string]string) // identifier, what it is
	for _, name := range sortedKeys(byName) {
		for _, target := range sortedKeys(byName[name]) {
			d := byName[name][target]
			for _, id := range d.identifiers() {
				what := id.what + " " + name
				if owner := cmp.Or(owners[id.name], what); owner != what {
					errs = append(errs, fmt.Errorf("target %s: %s (%s) has the Go name %s, which is that of the %s on another target; rename one with -rename or in C",
						target, id.what, d.cName, id.name, owner))
				}
				owners[id.name] = cmp.Or(owners[id.name], what)
			}
		}
	}
	return errors.Join(errs...)
}

// packageName is a Go identifier in the scope of the package.
type packageName struct {
	name, what string
}

// identifiers are all that the declaration brings into the package.
func (d *typeDecl) identifiers() []packageName {
	names := []packageName{{d.name, "type"}}
	if d.enum != nil {
		for _, c := range d.enum.consts {
			names = append(names, packageName{c.name, "constant of type"})
		}
	}
	if d.lpm != nil {
		names = append(names, packageName{d.lpm.constructor, "constructor of type"})
		if d.lpm.mapped != "" {
			names = append(names, packageName{d.lpm.mapped, "constructor of type"})
		}
	}
	return names
}

func firstDecl(targets []*targetPlan, decls map[string]*typeDecl) *typeDecl {
	for _, t := range targets {
		if d := decls[t.Name]; d != nil {
			return d
		}
	}
	return nil
}

func allEqual(first *typeDecl, decls map[string]*typeDecl) bool {
	for _, d := range decls {
		if !first.equal(d) {
			return false
		}
	}
	return true
}

func sortDecls(decls []*typeDecl) {
	slices.SortFunc(decls, func(a, b *typeDecl) int { return cmp.Compare(a.name, b.name) })
}
