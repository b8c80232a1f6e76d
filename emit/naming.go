package emit

// Naming: every Go name of a run, settled once over all its targets. Fields of
// maps, programs and variables; then what stands in the package: types, level
// by level, constants; and in each type its members and what derives from them.

import (
	"cmp"
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/internal/suggest"
	"github.com/bpfgen/bpfgen/internal/words"
)

// names are all Go names that are not those of a thing or member.
type names struct {
	*report
	opts    *Options
	profile *profile
	api     plan.API

	// pkg is the scope of the package.
	pkg scope
	// fields and aliases are those of maps, programs and variables.
	fields  map[any]string
	aliases map[any]string
	// inners are the types of the maps inside others.
	inners map[any]string

	// things are all of them, those without an owner first.
	things []*thing
	// named are the keys of things that have a name in C.
	named map[string]bool
	// renamed are the keys of Options.Renames that name something.
	renamed map[string]bool
	// renamable are the keys that would.
	renamable []string
	// damaged is true if there are more clashes than names.
	damaged bool
}

// name settles all names. taken are those that others have.
func name(w *wanted, ts *typeSet, taken scope) *names {
	n := &names{
		report:  w.report,
		opts:    w.opts,
		profile: ts.profile,
		api:     apiOf(w.opts.Ident),
		pkg:     newScope("the language or of an import", sortedKeys(reservedInPackage)...),
		fields:  make(map[any]string),
		aliases: make(map[any]string),
		inners:  make(map[any]string),
		renamed: make(map[string]bool),
	}
	if w.opts.Ident != "" { // types alone may do without
		if w.opts.TypesOnly {
			n.api.Layouts = typesLayoutsName(w.opts.Ident)
		}
		n.pkg.add("the API of "+w.opts.Ident, reservedForAPI(n.api)...)
	}
	maps.Copy(n.pkg, taken)
	n.nameFields(w)
	n.nameAliases(w)
	levels := ts.things(w.typedefs)
	n.named = namedThings(levels)
	for _, level := range levels {
		if n.damaged {
			return n
		}
		for _, th := range level {
			n.nameMembers(th)
		}
		n.nameTypes(level)
		n.things = append(n.things, level...)
	}
	n.borrow(w)
	n.nameConstants()
	if n.damaged {
		return n
	}
	for _, th := range n.things {
		th.derive(func(m *member, c *claim, what string) {
			n.warn(th.targets(), clashDiagnostic(m.leaves[0].path, c, what, th.memberKey(m)))
		})
		n.warnMinSize(th)
	}
	n.unknownRenames()
	return n
}

// namedThings are the keys of those that have a name in C.
func namedThings(levels [][]*thing) map[string]bool {
	named := make(map[string]bool)
	for _, level := range levels {
		for _, th := range level {
			if th.variants[0].cBare() != "" {
				named[th.key] = true
			}
		}
	}
	return named
}

// all are the names by what -rename calls what has them, see Plan.Names.
func (n *names) all(w *wanted) map[string]string {
	all := make(map[string]string)
	for _, m := range w.maps {
		all["map "+m.name] = n.fields[m]
		all["the type of map "+m.name] = strings.TrimPrefix(n.aliases[m], n.opts.Ident)
	}
	for _, p := range w.programs {
		all["program "+p.name] = n.fields[p]
	}
	for _, v := range w.variables {
		all[v.label()] = n.fields[v]
	}
	for _, th := range n.things {
		key := th.fullKey()
		all[key] = strings.TrimPrefix(th.name, n.opts.Ident)
		for _, m := range th.members {
			all[inside(key)+"."+m.c] = m.goName
		}
		for c, name := range th.consts {
			all[key+"."+c.name] = strings.TrimPrefix(name, n.opts.Ident)
		}
	}
	return all
}

// fullKey is the key, with the hash of the structure where C calls several
// types so.
func (th *thing) fullKey() string {
	switch {
	case th.owner != nil:
		return inside(th.owner.fullKey()) + "." + th.member.c + "{}"
	case th.split:
		return th.key + structureHash(th.variants[0].typ)
	}
	return th.key
}

// settle settles the claims to a scope; what clashes too much is an error.
func (n *names) settle(s scope, claims []*claim) {
	if err := s.settle(claims); err != nil {
		n.damaged = true
		n.fail(n.everywhere(), "%v", err)
	}
}

// apiOf are the identifiers of the API of one ident.
func apiOf(ident string) plan.API {
	open := verb("open", ident)
	return plan.API{
		Ident:          ident,
		CollectionSpec: ident + "CollectionSpec",
		Collection:     ident + "Collection",
		Open:           open,
		OpenFrom:       open + "From",
		Bind:           "_" + words.UpperFirst(ident) + "Bind",
		Bytes:          "_" + words.UpperFirst(ident) + "Bytes", // as bpf2go calls it
		Checksum:       "_" + words.UpperFirst(ident) + "Checksum",
		Layouts:        "_" + words.UpperFirst(ident) + "Layouts",
		Set:            "_" + words.UpperFirst(ident) + "Set",
	}
}

// typesLayoutsName is the constant with the layouts in a package of types, which
// others call it by: it is exported if the types are.
func typesLayoutsName(ident string) string { return ident + "Layouts" }

// reservedForAPI are all identifiers that no type of C may have.
func reservedForAPI(a plan.API) []string {
	names := []string{a.Open, a.OpenFrom, a.Bind, a.Bytes, a.Checksum, a.Layouts, a.Set}
	for _, t := range []string{a.CollectionSpec, a.Collection} {
		names = append(names, t, t+"Maps", t+"Programs", t+"Variables")
	}
	return names
}

// verb puts a verb before a name, exported as the name is.
func verb(verb, name string) string {
	if token.IsExported(name) {
		return words.UpperFirst(verb) + name
	}
	return verb + words.UpperFirst(name)
}

// nameFields gives every map, program and variable its field.
func (n *names) nameFields(w *wanted) {
	var f fieldClaims
	for _, m := range w.maps {
		tags := tagsOn(m.on, func(m *mapOn) []string { return m.Tags })
		f.add(m, targetsOf(m.on), n.fieldClaim(targetsOf(m.on), m.name, tags, "map "+m.name))
	}
	n.settleFields(f)
	f = fieldClaims{}
	for _, p := range w.programs {
		tags := tagsOn(p.on, func(p *programOn) []string { return p.Tags })
		f.add(p, targetsOf(p.on), n.fieldClaim(targetsOf(p.on), p.name, tags, "program "+p.name))
	}
	n.settleFields(f)
	f = fieldClaims{}
	for _, v := range w.variables {
		f.add(v, targetsOf(v.on), n.variableClaim(v))
	}
	n.settleFields(f)
}

// fieldClaims are those of one struct, with what makes them.
type fieldClaims struct {
	of      []any
	targets [][]int
	claims  []*claim
}

func (f *fieldClaims) add(of any, targets []int, c *claim) {
	f.of, f.targets, f.claims = append(f.of, of), append(f.targets, targets), append(f.claims, c)
}

// clashDiagnostic says of something that it did not get its name, and which key
// -rename takes for it.
func clashDiagnostic(path btfparse.Path, c *claim, what, key string) btfparse.Diagnostic {
	return btfparse.Diagnostic{
		Path: path, What: c.clash(what), Remedy: fmt.Sprintf("-rename '%s=…'", key), InC: clashes.InC,
		Kind: clashes, Item: fmt.Sprintf("%s: %s (%s is that of %s)", key, c.name, c.first, c.rivalName()),
	}
}

// clashes is what is said of several names that clash.
var clashes = &btfparse.Kind{
	What:   "%d names of C clash in Go, so that these are called otherwise",
	Remedy: "-rename 'name of C=…' for each that matters",
	InC:    fmt.Sprintf("btf_decl_tag(%q)", nameTag+"…"),
	Most:   10,
}

// tagsOn are the decl tags that any target has.
func tagsOn[T any](on []*T, tags func(*T) []string) []string {
	var all []string
	for _, i := range targetsOf(on) {
		for _, t := range tags(on[i]) {
			all = appendNew(all, t)
		}
	}
	return all
}

// fieldClaim is the wish of a map, program or variable for a field. It has that
// label, which -rename takes, and so it does any further key. Names that differ
// only in what no identifier of Go may have get a hash.
func (n *names) fieldClaim(targets []int, c string, tags []string, label string, further ...string) *claim {
	class, first := classOfName(c), identifier(c)
	if chosen := n.chosenField(targets, btfparse.Path(label), tags, append([]string{label}, further...)...); chosen != "" {
		class, first = classChosen, identifier(chosen)
	}
	return &claim{label: label, rank: rank{class: class, spelling: c}, first: first, more: func() []string {
		return []string{exactIdentifier(c), "X" + spelled(c), "X" + spelled(c) + hashSuffix(c, 8)}
	}}
}

// variableClaim is that of a variable. Static ones may share a name: they are
// told apart by section and order. -rename takes the name alone for all of them.
func (n *names) variableClaim(v *wantedVariable) *claim {
	tags := tagsOn(v.on, func(v *variableOn) []string { return v.Tags })
	if !v.static {
		return n.fieldClaim(targetsOf(v.on), v.name, tags, v.label())
	}
	// clang puts the function in front of the variables inside: prog.count
	name := strings.ReplaceAll(v.name, ".", "_")
	c := n.fieldClaim(targetsOf(v.on), name, tags, v.label(), "variable "+v.name)
	c.rank.kind = 1
	place := "_" + strings.Trim(spelled(v.section), "_")
	if v.index > 0 {
		place += fmt.Sprintf("_%d", v.index+1)
	}
	c.rank.more = fmt.Sprintf("%s %6d %d", v.section, v.index, v.kind)
	more := c.more
	c.more = func() []string {
		return append([]string{identifier(name) + place, exactIdentifier(name) + place}, more()...)
	}
	return c
}

// label is what messages and -rename call the variable.
func (k variableKey) label() string {
	if !k.static {
		return "variable " + k.name
	}
	label := "static variable " + k.name + " in " + k.section
	if k.index > 0 {
		label += fmt.Sprintf(" (%d)", k.index+1)
	}
	return label
}

// settleFields names the fields of one struct.
func (n *names) settleFields(f fieldClaims) {
	n.settle(make(scope), f.claims)
	for i, c := range f.claims {
		n.fields[f.of[i]] = c.name
		if c.renamed() {
			n.warn(f.targets[i], clashDiagnostic(btfparse.Path(c.label), c, "field", c.label))
		}
	}
}

// nameAliases gives the maps the names of their types: counterFlowsMap for the
// map flows, and for flows_map, too, unless a target has both. The names that
// programs and variables need where targets differ are theirs in any case.
func (n *names) nameAliases(w *wanted) {
	ident := n.opts.Ident
	var claims []*claim
	for _, m := range w.maps {
		field := n.fields[m]
		short, kind := strings.TrimSuffix(field, "Map"), 0
		if short == "" {
			short = field
		} else if short != field {
			kind = 1
		}
		claims = append(claims, &claim{
			label: "the type of map " + m.name,
			rank:  rank{kind: kind, spelling: field},
			first: ident + short + "Map",
			more:  func() []string { return []string{ident + field + "Map", ident + "_" + field + "Map"} },
		})
	}
	var inners []*wantedMap
	for i, m := range w.maps {
		if m.hasInner() {
			inners = append(inners, m)
			short := strings.TrimSuffix(claims[i].first, "Map")
			claims = append(claims, &claim{
				label: "the type of the maps in map " + m.name,
				rank:  rank{kind: 2, spelling: n.fields[m]},
				first: short + "InnerMap",
				more:  func() []string { return []string{short + "MapInner", "_" + short + "InnerMap"} },
			})
		}
	}
	n.settle(n.pkg, claims)
	for i, m := range w.maps {
		n.aliases[m] = claims[i].name
		n.warnMapTypeClash(m, claims[i], "the name of its type")
	}
	for i, m := range inners {
		c := claims[len(w.maps)+i]
		n.inners[m] = c.name
		n.warnMapTypeClash(m, c, "the name of the type of the maps in it")
	}
	for _, p := range w.programs {
		n.alias(p, ident+n.fields[p]+"Program", "the type of program "+p.name)
	}
	for _, v := range w.variables {
		n.alias(v, ident+n.fields[v]+"Variable", "the type of variable "+v.name)
	}
}

// warnMapTypeClash says why the type of a map did not get the name that it would have
// alone. Another name of the map gives it another one.
func (n *names) warnMapTypeClash(m *wantedMap, c *claim, what string) {
	if c.renamed() {
		n.warn(targetsOf(m.on), clashDiagnostic(btfparse.Path("map "+m.name), c, what, "map "+m.name))
	}
}

func (n *names) alias(of any, name, label string) { n.aliases[of] = n.pkg.free(name, label) }

// nameMembers gives every member its own name.
func (n *names) nameMembers(th *thing) {
	claims := make([]*claim, len(th.members))
	for i, m := range th.members {
		claims[i] = n.memberClaim(th, m)
	}
	n.settle(make(scope), claims)
	for i, m := range th.members {
		m.goName = claims[i].name
		if c := claims[i]; c.renamed() {
			n.warn(th.targets(), clashDiagnostic(m.leaves[0].path, c, "name", th.memberKey(m)))
		}
	}
}

// memberKey is what -rename calls a member.
func (th *thing) memberKey(m *member) string { return inside(th.key) + "." + m.c }

// memberClaim is the wish of a member.
func (n *names) memberClaim(th *thing, m *member) *claim {
	l := m.leaves[0]
	var tags []string
	for _, l := range m.leaves {
		tags = append(tags, l.field.Tags...)
	}
	var keys []string
	if len(n.opts.Renames) > 0 {
		for _, key := range n.renameKeys(th) {
			keys = append(keys, inside(key)+"."+m.c)
		}
	}
	c := fieldName(m.c)
	class, first := classOfName(c), identifier(c)
	if chosen := n.chosenField(th.targets(), l.path, tags, keys...); chosen != "" {
		class, first = classChosen, identifier(chosen)
	}
	return &claim{label: "field " + m.c, rank: rank{class: class, spelling: c, kind: m.n}, first: first, more: func() []string {
		x := "X" + spelled(c)
		return []string{exactIdentifier(c), x, x + hashSuffix(fmt.Sprintf("%s %d %s", m.c, l.off, l.field.Type.CName()), 8)}
	}}
}

// chosenField is the name that -rename chooses for a field, else a tag, "" for
// none.
func (n *names) chosenField(targets []int, path btfparse.Path, tags []string, keys ...string) string {
	for _, key := range keys {
		if name, ok := n.rename(key); ok {
			if !isFieldName(name) {
				n.fail(n.everywhere(), "-rename %s=%s: %s is not a Go identifier", key, name, name)
			}
			return name
		}
	}
	name, ok := tagValue(tags, nameTag)
	if ok && !isFieldName(name) {
		n.warn(targets, noIdentifier(path, name))
		return ""
	}
	return name
}

// isFieldName says whether a field can be called so, with an upper-case letter first:
// keywords are none then.
func isFieldName(name string) bool { return token.IsIdentifier(name) || token.IsKeyword(name) }

// noIdentifier says of a tag that its name is none.
func noIdentifier(path btfparse.Path, name string) btfparse.Diagnostic {
	return btfparse.Diagnostic{Path: path, What: fmt.Sprintf("btf_decl_tag(%q) gives no Go identifier", nameTag+name), InC: "letters, digits and _ make one"}
}

// rename is what -rename says of something.
func (n *names) rename(key string) (name string, ok bool) {
	if len(n.opts.Renames) > 0 {
		n.renamable = append(n.renamable, key)
	}
	name, ok = n.opts.Renames[key]
	if ok {
		n.renamed[key] = true
	}
	return name, ok
}

// nameTypes names one level of declarations.
func (n *names) nameTypes(level []*thing) {
	var claims []*claim
	level = slices.DeleteFunc(slices.Clone(level), (*thing).plain)
	for _, th := range level {
		claims = append(claims, n.typeClaim(th))
	}
	aliases := make(map[*claim]*thing)
	for _, th := range level {
		for _, c := range th.otherNames() {
			a := n.namedClaim(th, c, c)
			claims, aliases[a] = append(claims, a), th
		}
	}
	n.settle(n.pkg, claims)
	for i, th := range level {
		th.name = claims[i].name
	}
	for _, c := range claims {
		if th := aliases[c]; th != nil {
			th.aliases = append(th.aliases, thingAlias{c.label, c.name})
		}
	}
	for i, th := range level {
		if c := claims[i]; c.renamed() {
			n.warnTypeClash(th, c)
		}
	}
}

// warnTypeClash says why a type did not get the name that it would have alone.
func (n *names) warnTypeClash(th *thing, c *claim) {
	rename := th.key
	if c.rival == c.label {
		rename += structureHash(th.variants[0].typ)
	}
	path := btfparse.Path(th.key)
	if v := th.variants[0]; th.owner == nil && v.cBare() == "" {
		path = v.path
	}
	d := clashDiagnostic(path, c, "name", rename)
	if c.rival == c.label {
		d.What += ", of a different structure"
	}
	n.warn(th.targets(), d)
}

// asked are the typedefs by which the user asks for the type.
func (th *thing) asked() []string {
	var asked []string
	for _, v := range th.variants {
		for _, c := range v.asked {
			asked = appendNew(asked, c)
		}
	}
	slices.Sort(asked)
	return asked
}

// otherNames are those that a thing has beside its first: further typedefs by
// which the user asks for it, and its own if something else uses it.
func (th *thing) otherNames() []string {
	asked := th.asked()
	if len(asked) == 0 {
		return nil
	}
	others := asked[1:]
	used := func(v *variant) bool { return v.direct || len(v.users) > 0 }
	if slices.ContainsFunc(th.variants, used) {
		others = append(others, th.c)
	}
	return others
}

// typeClaim is the wish of a type for a name.
func (n *names) typeClaim(th *thing) *claim {
	if th.owner != nil {
		return n.chosen(th, n.memberTypeClaim(th))
	}
	c, label := th.c, th.key
	if asked := th.asked(); len(asked) > 0 {
		c = asked[0]
	}
	return n.chosen(th, n.namedClaim(th, c, label))
}

// chosen is the claim with the name that the user wants.
func (n *names) chosen(th *thing, c *claim) *claim {
	if name, ok := n.chosenName(th); ok {
		first, more := c.first, c.more
		c.rank.class, c.first = classChosen, n.opts.Ident+name
		c.more = func() []string { return append([]string{first}, more()...) }
	}
	return c
}

// namedClaim is that of a type which C names, and of a root.
func (n *names) namedClaim(th *thing, c, label string) *claim {
	v := th.variants[0]
	class := classOfName(c)
	if v.cBare() == "" {
		class = classDerived
	}
	r := rank{class: class, kind: v.kindRank(), spelling: c}
	if th.split {
		r.more = structureHash(v.typ)
	}
	pretty, exact := n.opts.Ident+n.profile.typeName(c), n.exact(n.opts.Ident, c)
	return &claim{label: label, rank: r, first: pretty, more: func() []string {
		kind, hash := v.kindSuffix(), structureHash(v.typ)
		id := hashSuffix(settledKey(th.key)+"\n"+(&structures{make(map[btfparse.Type]string)}).of(v.typ), 16)
		more := []string{exact, exact + kind, exact + hash, exact + id}
		switch {
		case th.split:
			return append([]string{pretty + hash, pretty + id}, more...)
		case class == classCanonical || class == classDerived:
			return append([]string{pretty + kind}, more...)
		}
		return more
	}}
}

// exact is a name that keeps the spelling of C, behind an ident or the name of a
// type. Without one it is exported as identifiers without an ident are.
func (n *names) exact(prefix, c string) string {
	if prefix == "" {
		return exactIdentifier(c)
	}
	return prefix + "_" + spelled(c)
}

// memberTypeClaim is that of a type which is named after a member.
func (n *names) memberTypeClaim(th *thing) *claim {
	parent, member := th.owner.name, th.member.goName
	return &claim{
		label: th.key,
		rank:  rank{class: classDerived, spelling: settledKey(th.key)},
		first: n.profile.memberType(parent, member),
		more: func() []string {
			exact := n.exact(n.opts.Ident, parent+"_"+member)
			return []string{n.profile.memberType(parent+"_", member), exact, exact + hashSuffix(settledKey(th.key), 16)}
		},
	}
}

// chosenName is the name that the user wants for a type, behind the ident.
func (n *names) chosenName(th *thing) (string, bool) {
	if len(n.opts.Renames) > 0 {
		for _, key := range n.renameKeys(th) {
			if name, ok := n.rename(key); ok {
				n.checkName(key, name)
				return name, true
			}
		}
	}
	v := th.variants[0]
	name, ok := tagValue(v.tags, nameTag)
	if ok && !token.IsIdentifier(n.opts.Ident+name) {
		n.warn(th.targets(), noIdentifier(v.path, name))
		return "", false
	}
	return name, ok
}

// checkName complains of names that -rename gives and Go does not have.
func (n *names) checkName(key, name string) {
	if !token.IsIdentifier(n.opts.Ident + name) {
		n.fail(n.everywhere(), "-rename %s=%s: %s is not a Go identifier", key, name, n.opts.Ident+name)
	}
}

// renameKeys are how -rename may call a type: by its C name, by that with the
// hash of its structure, by a typedef of it; one without a name also without braces,
// where these tell it from nothing.
func (n *names) renameKeys(th *thing) []string {
	var keys []string
	for _, v := range th.variants {
		keys = append(keys, th.key+structureHash(v.typ))
	}
	keys = append(append(keys, th.key), th.typedefs...)
	if root, rest := rootOf(th.key); rest != "" && !n.named[root] {
		keys = append(keys, root+strings.TrimPrefix(rest, "{}"))
	}
	return keys
}

// unknownRenames warns of renames that name nothing.
func (n *names) unknownRenames() {
	for _, key := range sortedKeys(n.opts.Renames) {
		if !n.renamed[key] {
			n.warn(n.everywhere(), btfparse.Diagnostic{
				What: fmt.Sprintf("-rename %s=%s names nothing that is generated%s", key, n.opts.Renames[key], suggest.DidYouMean(key, n.renamable)),
				Remedy: `types are called as in C: "struct foo", "enum foo", "foo" for a typedef; others "struct foo.member", ` +
					`"FOO_ENUMERATOR", "map foo", "program foo", "variable foo", "static variable foo in .bss (2)"`,
			})
		}
	}
}

// nameConstants names the constants of all enums, in the scope of the package.
func (n *names) nameConstants() {
	var claims []*constantClaim
	plain := make(map[constKey][]*constantClaim)
	for _, th := range n.things {
		for _, c := range n.constantClaims(th) {
			if th.plain() {
				plain[c.key] = append(plain[c.key], c)
			} else {
				claims = append(claims, c)
			}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(plain), func(a, b constKey) int { return cmp.Or(cmp.Compare(a.name, b.name), a.n-b.n) }) {
		claims = append(claims, oneName(plain[key])...)
	}
	settled := make([]*claim, len(claims))
	for i, c := range claims {
		settled[i] = c.claim
	}
	n.settle(n.pkg, settled)
	for _, c := range claims {
		n.enterConstant(c)
	}
	for _, th := range n.things {
		if e, ok := th.variants[0].typ.(*btfparse.Enum); ok && th.plain() {
			th.name = th.consts[enumerators(e)[0]]
		}
	}
}

// constantClaim is the claim of an enumerator: of one enum, or of several without
// a name.
type constantClaim struct {
	*claim
	key constKey
	of  []*variant
}

// constantClaims are those of one enum on all its targets.
func (n *names) constantClaims(th *thing) (claims []*constantClaim) {
	seen := make(map[constKey]bool)
	for _, v := range th.variants {
		e, ok := v.typ.(*btfparse.Enum)
		if !ok {
			continue
		}
		for _, key := range enumerators(e) {
			if !seen[key] {
				seen[key] = true
				claims = append(claims, &constantClaim{n.constantClaim(th, e, key), key, []*variant{v}})
			}
		}
	}
	return claims
}

// oneName joins the claims of one enumerator in enums without a name which no target
// has together: there the enumerator is the thing of C, in whichever enum it stands.
// Damaged BTF may have thousands of one name.
func oneName(claims []*constantClaim) (joined []*constantClaim) {
	slices.SortStableFunc(claims, func(a, b *constantClaim) int { return a.rank.compare(b.rank) })
	var on []map[int]bool      // the targets of each that is joined
	taken := make(map[int]int) // how many of the first are on a target
	for _, c := range claims {
		targets := c.of[0].of.targets()
		i := 0
		for _, t := range targets {
			i = max(i, taken[t])
		}
		for i < len(joined) && slices.ContainsFunc(targets, func(t int) bool { return on[i][t] }) {
			i++
		}
		if i == len(joined) {
			joined, on = append(joined, c), append(on, make(map[int]bool))
		} else {
			joined[i].of = append(joined[i].of, c.of...)
		}
		for _, t := range targets {
			on[i][t] = true
			for n := taken[t]; n < len(on) && on[n][t]; n++ {
				taken[t]++
			}
		}
	}
	return joined
}

// enumerators are the keys of an enum's values, in their order.
func enumerators(e *btfparse.Enum) []constKey {
	keys, seen := make([]constKey, len(e.Values)), make(map[string]int)
	for i, v := range e.Values {
		keys[i] = constKey{v.Name, seen[v.Name]}
		seen[v.Name]++
	}
	return keys
}

func (n *names) enterConstant(c *constantClaim) {
	for _, v := range c.of {
		th := v.of
		if th.consts == nil {
			th.consts = make(map[constKey]string)
		}
		th.consts[c.key] = c.name
		if c.renamed() {
			d := clashDiagnostic(v.path.Join(c.key.name), c.claim, "constant", th.key+"."+c.key.name)
			d.InC = "" // enumerators have no tags
			n.warn(th.targets(), d)
		}
	}
}

// constantClaim is the wish of an enumerator.
func (n *names) constantClaim(th *thing, e *btfparse.Enum, key constKey) *claim {
	goType := th.name
	if th.plain() {
		goType = n.opts.Ident
	}
	first, class := n.profile.constant(goType, e.Name, key.name), classOfEnumerator(key.name)
	for _, rename := range []string{th.key + "." + key.name, key.name} {
		if name, ok := n.rename(rename); ok {
			n.checkName(rename, name)
			first, class = n.opts.Ident+name, classChosen
		}
	}
	id := settledKey(th.key) + " " + key.name
	return &claim{
		label: th.key + "'s " + key.name,
		rank:  rank{class: class, spelling: key.name, kind: key.n, more: settledKey(th.fullKey())},
		first: first,
		more: func() []string {
			exact := n.exact(goType, key.name)
			return []string{exact, exact + hashSuffix(id, 8), exact + hashSuffix(id, 16)}
		},
	}
}

// classOfEnumerator is the class of an enumerator, which C writes in capitals.
func classOfEnumerator(c string) nameClass {
	switch {
	case strings.HasPrefix(c, "_"):
		return classHidden
	case c == strings.ToUpper(c):
		return classCanonical
	}
	return classNamed
}

// derive settles all names of methods and storage that come from those of the
// members, in an order that depends on names alone. Those of C go first; clash is
// told what is called otherwise because of it.
func (th *thing) derive(clash func(m *member, c *claim, what string)) {
	taken := make(scope)
	for _, m := range th.members {
		if !m.isAlways(plan.ByAccessor) || getterName(m.goName) == m.goName {
			taken.add("field "+m.c, m.goName)
		}
	}
	byName := slices.SortedFunc(slices.Values(th.members), func(a, b *member) int { return cmp.Compare(a.goName, b.goName) })
	derive := func(what string, has func(*member) bool, set func(*member) (name *string, first string)) {
		for _, m := range byName {
			if !has(m) {
				continue
			}
			name, first := set(m)
			rival := taken[first]
			*name = taken.free(first, "the "+what+" of "+m.c)
			if rival != "" {
				clash(m, &claim{name: *name, first: first, rival: rival}, what)
			}
		}
	}
	for _, m := range byName {
		if m.is(plan.ByAccessor) {
			m.getter = m.goName
		}
	}
	derive("getter", func(m *member) bool { return m.is(plan.ByAccessor) && getterName(m.goName) != m.goName },
		func(m *member) (*string, string) { return &m.getter, getterName(m.goName) })
	derive("setter", func(m *member) bool { return m.is(plan.ByAccessor) },
		func(m *member) (*string, string) { return &m.setter, setterName(m.getter) })
	derive("text", (*member).isText, func(m *member) (*string, string) { return &m.text, stringName(m.goName) })
	derive("setter of text", (*member).isText, func(m *member) (*string, string) { return &m.setText, setterName(m.text) })
	derive("tail", func(m *member) bool { return m.is(plan.ByTail) }, func(m *member) (*string, string) { return &m.tail, tailName(m.goName) })
	derive("bytes", (*member).isDataLoc, func(m *member) (*string, string) { return &m.dataBytes, m.goName + "Bytes" })
	derive("text", (*member).isDataLoc, func(m *member) (*string, string) { return &m.dataText, stringName(m.goName) })
	derive("text", (*member).isTailText, func(m *member) (*string, string) { return &m.tailText, stringName(m.goName) })
	storage := make(map[*member]bool)
	for _, v := range th.variants {
		for _, p := range v.parts {
			if p.storage {
				storage[p.first().of] = true
			}
		}
	}
	derive("storage", func(m *member) bool { return storage[m] }, func(m *member) (*string, string) { return &m.storage, rawName(m.goName) })
}

// warnMinSize says that a type has no method MinSize, as a member is called like it:
// readers of events ask for it.
func (n *names) warnMinSize(th *thing) {
	i := slices.IndexFunc(th.members, func(m *member) bool { return m.goName == "MinSize" })
	if !n.profile.methods || i < 0 || !slices.ContainsFunc(th.variants, func(v *variant) bool { _, ok := v.minSize(); return ok }) {
		return
	}
	m := th.members[i]
	n.warn(th.targets(), btfparse.Diagnostic{
		Path: m.leaves[0].path, What: "it has the name in Go of the method by which readers know how short a record may be, so that they take none that is shorter than the type",
		Remedy: fmt.Sprintf("-rename '%s=…'", th.memberKey(m)), InC: clashes.InC,
	})
}

// is says whether the member is reached in that way on some target.
func (m *member) is(reach plan.Reach) bool {
	return slices.ContainsFunc(m.leaves, func(l *leaf) bool { return l.reach == reach })
}

// isAlways says whether it is so on all targets that have it.
func (m *member) isAlways(reach plan.Reach) bool {
	return !slices.ContainsFunc(m.leaves, func(l *leaf) bool { return l.reach != reach })
}

func (m *member) isText() bool { return slices.ContainsFunc(m.leaves, (*leaf).isText) }

func (m *member) isTailText() bool { return slices.ContainsFunc(m.leaves, (*leaf).isTailText) }
