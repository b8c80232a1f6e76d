package emit

// What is wanted: the maps, programs and variables of all targets, and the C
// types that must exist in Go. Nothing has a name in Go here.

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/words"
)

// wanted is what the objects of all targets need of Go.
type wanted struct {
	*report
	opts *Options
	// intern makes one node of what is one C type on several targets.
	intern func(btfparse.Type) btfparse.Type
	// origin is a type of an object that became such a node.
	origin func(btfparse.Type) btfparse.Type

	// maps, programs and variables are sorted by what C calls them.
	maps      []*wantedMap
	programs  []*wantedProgram
	variables []*wantedVariable
	// roots are the types that must be declared.
	roots []*root
	// binds are the user's types that stand for C's.
	binds *bindings
	// typedefs are the names that typedefs give to structs, unions and enums
	// that have one.
	typedefs map[btfparse.Type][]string
}

// root is a place on one target that needs a Go type.
type root struct {
	target int
	// Type in C; nil where there are only bytes.
	Type btfparse.Type
	// Path of the use, for messages.
	Path btfparse.Path
	// Use for the type's comment: "key of map flows". May be empty.
	Use string
	// Name that a type without one gets, as C would spell it: "flows_value". It
	// is that of one place, on all targets.
	Name string
	// Asked is the typedef by which the user asks for a type that has a name of
	// its own as well.
	Asked string
	// LPM is true for the key of an LPM trie.
	LPM bool
	// ByName is true if the user asks for the type, or a variable of C marks it.
	ByName bool
	// Plain is true for an enum of which only the enumerators are wanted.
	Plain bool
}

// wantedMap is one map over all targets.
type wantedMap struct {
	name string
	// on is what it is on each target, nil where an object lacks it.
	on []*mapOn
}

// hasInner says whether it has maps inside, on any target.
func (m *wantedMap) hasInner() bool {
	return slices.ContainsFunc(m.on, func(on *mapOn) bool { return on != nil && on.class.has(paramInner) })
}

// mapOn is a map on one target.
type mapOn struct {
	*btfparse.Map
	class mapClass
	args  []mapArg
	// eventName is the C type that -event gave.
	eventName string
	short     bool
	// named says of which sides the user names the type.
	named map[mapParam]bool
	// events are the further types of records.
	events []*root
}

// mapArg is one type argument of a map's class.
type mapArg struct {
	param mapParam
	// root has the type, if it is C's; without one the argument is size bytes,
	// or what the parameter says.
	root  *root
	size  uint32
	inner *mapOn
}

// wantedProgram is one program over all targets.
type wantedProgram struct {
	name string
	on   []*programOn
}

// programOn is a program on one target.
type programOn struct {
	*btfparse.Program
	hook Hook
}

// wantedVariable is one variable over all targets.
type wantedVariable struct {
	variableKey
	on []*variableOn
}

// variableKey is what makes a variable of one target that of another: its name,
// and for statics, which may share theirs, where they stand.
type variableKey struct {
	name    string
	kind    btfparse.VariableKind
	static  bool
	section string // of statics, with blanks between those of several targets
	index   int    // of statics of one name in one section
}

// variableOn is a variable on one target.
type variableOn struct {
	*btfparse.Variable
	// root has its type, nil where it is bytes.
	root *root
}

// want finds out what the objects need.
func want(targets []Target, opts *Options) *wanted {
	w := &wanted{report: newReport(targets, opts.TypesOnly), opts: opts, typedefs: make(map[btfparse.Type][]string)}
	w.intern = func(t btfparse.Type) btfparse.Type { return t }
	w.origin = w.intern
	if len(targets) > 1 && !opts.Bpf2go { // of which each target has types of its own
		in := newInterner(func(t btfparse.Type) bool {
			return slices.ContainsFunc(targets, func(target Target) bool { return target.Object.Knows(t) })
		})
		w.intern, w.origin = in.intern, func(node btfparse.Type) btfparse.Type { return in.origins[node] }
	}
	w.findTypedefs()
	w.binds = w.bind()
	w.wantTypes()
	if opts.TypesOnly {
		return w
	}
	w.wantMaps()
	w.wantPrograms()
	w.wantVariables()
	return w
}

// root adds a type that must be declared.
func (w *wanted) root(r *root) *root {
	if r.Type = w.intern(r.Type); r.Type != nil {
		w.roots = append(w.roots, r)
	}
	return r
}

// global is root for the types of maps and variables, which -no-global-types
// leaves out: they have a Go type if something else declares it.
func (w *wanted) global(r *root) *root {
	if !w.opts.NoGlobalTypes {
		return w.root(r)
	}
	r.Type = w.intern(r.Type)
	return r
}

// findTypedefs notes which names a struct has beside its own.
func (w *wanted) findTypedefs() {
	if len(w.opts.Renames) == 0 {
		return
	}
	for _, target := range w.targets {
		for _, t := range target.Object.Types {
			td, ok := t.(*btfparse.Typedef)
			if !ok {
				continue
			}
			of := w.intern(btfparse.Underlying(td))
			if !slices.Contains(w.typedefs[of], td.Name) {
				w.typedefs[of] = append(w.typedefs[of], td.Name)
			}
		}
	}
}

// wantTypes are the types that -type names. It is an error if no target has one.
func (w *wanted) wantTypes() {
	for _, pattern := range w.opts.Types {
		if _, err := path.Match(pattern, ""); err != nil {
			w.fail(w.everywhere(), "-type %q: %v", pattern, err)
			continue
		}
		n := len(w.roots)
		var other btfparse.Type
		for i, target := range w.targets {
			for _, t := range target.Object.Matching(pattern) {
				if declarable(t) {
					w.root(&root{target: i, Type: t, Path: btfparse.Path(t.CName()), Asked: asked(t, pattern), ByName: true})
				} else if other == nil {
					other = t
				}
			}
		}
		w.wantEnumerators(pattern)
		if len(w.roots) == n {
			w.fail(w.everywhere(), "-type %s: %s%s", pattern, notWanted(other), w.similarType(pattern, w.everywhere()...))
		}
	}
}

// wantEnumerators are the constants of enums without a name. Each enum is a root
// called after what it declares.
func (w *wanted) wantEnumerators(pattern string) {
	for i, target := range w.targets {
		for _, e := range target.Object.MatchingEnumerators(pattern) {
			name := e.Values[0].Name
			w.root(&root{
				target: i, Type: e, Path: btfparse.Path("enumerator " + name), Name: name + structureHash(e), Plain: true,
			})
		}
	}
}

// asked is the name of a typedef that the user asks for by name, or by a
// pattern that does not match what it stands for, if that has a name, too.
func asked(t btfparse.Type, pattern string) string {
	td, ok := t.(*btfparse.Typedef)
	of := btfparse.Underlying(t)
	if !ok || td.Name != pattern && btfparse.Matches(pattern, of) || btfparse.BareName(of) == "" {
		return ""
	}
	return td.Name
}

// notWanted says why nothing is declared: all there is of that name is t.
func notWanted(t btfparse.Type) string {
	switch t := t.(type) {
	case nil:
		return "no such struct, union, enum, typedef or enumerator in the BTF"
	case *btfparse.Typedef:
		return fmt.Sprintf("%s is a typedef of %s, for which Go needs no type of its own: name a struct, union or enum", t.Name, t.Type.CName())
	default:
		return fmt.Sprintf("of %s the BTF has no definition: use it in C by value, not only by pointer", t.CName())
	}
}

// declarable says whether a Go type can be declared for a C type by its name:
// typedefs of scalars and pointers are not kept as Go types.
func declarable(t btfparse.Type) bool {
	switch t := btfparse.Underlying(t).(type) {
	case *btfparse.Struct, *btfparse.Enum:
		return t.Size() > 0 || t.CName() != ""
	default:
		return false
	}
}

// wantMaps are the maps of all targets.
func (w *wanted) wantMaps() {
	byName := make(map[string]*wantedMap)
	for i, target := range w.targets {
		for _, m := range target.Object.Maps {
			if byName[m.Name] == nil {
				byName[m.Name] = &wantedMap{m.Name, make([]*mapOn, len(w.targets))}
			}
			byName[m.Name].on[i] = w.mapOn(i, m)
			w.warn([]int{i}, strayTags(m.Path(), m.Tags, byName[m.Name].on[i].class.tags()...)...)
		}
	}
	w.maps = sorted(byName)
	w.unknownEvents()
	w.unknownMapTypes()
}

// mapOn finds the class of a map, and the roots of its arguments.
func (w *wanted) mapOn(target int, m *btfparse.Map) *mapOn {
	class, ok := w.classOf(target, m)
	m, named := w.typedMap(target, m, class)
	if !ok && m.Type != btfparse.MapUnspec { // that is no type at all, as btfparse says
		w.warn([]int{target}, btfparse.Diagnostic{
			Path: m.Path(), What: fmt.Sprintf("map type %s is unknown to cilium/ebpf v0.22", m.Type),
			Remedy: opaqueRemedy(),
		})
	}
	on := &mapOn{Map: withKey(m), class: class, named: named}
	var event btfparse.Type
	if class.has(paramEvent) {
		event, on.named[paramEvent] = w.events(target, on)
	}
	w.arguments(target, on, event)
	return on
}

// opaqueRemedy is how a map is reached that has no class.
func opaqueRemedy() string {
	return "use Map of its " + typedRuntime().LoaderQualifier() + "OpaqueMap, the map of the library"
}

// classOf finds the class of a map. One whose keys or values Go's functions cannot take
// has none.
func (w *wanted) classOf(target int, m *btfparse.Map) (mapClass, bool) {
	class, ok := classOf(m)
	for _, s := range sides(m, MapTypes{}) {
		size := s.size
		if *s.typ != nil {
			size = max(size, (*s.typ).Size())
		}
		if size > maxValueBytes && class.has(s.param) {
			w.warn([]int{target}, btfparse.Diagnostic{
				Path: m.Path(), What: tooLarge("a "+s.role, uint64(size)), InC: "declare a smaller one",
				Remedy: opaqueRemedy(),
			})
			return opaqueMap, true
		}
	}
	return class, ok
}

// arguments are the type arguments of the class.
func (w *wanted) arguments(target int, m *mapOn, event btfparse.Type) {
	for _, p := range m.class.params {
		arg := mapArg{param: p}
		switch p {
		case paramKey:
			arg.size = m.KeySize
			arg.root = w.argument(m, p, m.root(target, m.Key, "key", "key"))
		case paramValue:
			arg.size = m.ValueSize
			arg.root = w.argument(m, p, m.root(target, m.Value, "value", "value"))
		case paramEvent:
			arg.root = w.argument(m, p, m.root(target, event, "event", "event"))
		case paramInner:
			arg.inner = w.inner(target, m)
		case paramStorageKey: // its size says it all
			arg.size = m.KeySize
		}
		m.args = append(m.args, arg)
	}
}

// argument is the root of one type argument: declared if the user names it.
func (w *wanted) argument(m *mapOn, p mapParam, r *root) *root {
	if m.named[p] {
		return w.root(r)
	}
	return w.global(r)
}

// root is the place of a type that the map's class has.
func (m *mapOn) root(target int, t btfparse.Type, role, use string) *root {
	return &root{
		target: target,
		Type:   t,
		Path:   m.Path().Join(role),
		Use:    use + " of map " + m.Name,
		Name:   m.Name + "_" + role,
		LPM:    role == "key" && m.Type == btfparse.MapLPMTrie,
	}
}

// inner is the map inside, named after the outer one.
func (w *wanted) inner(target int, m *mapOn) *mapOn {
	if m.Inner == nil {
		return &mapOn{class: opaqueMap}
	}
	inner := *m.Inner
	inner.Name = m.Name + "_inner"
	class, _ := w.classOf(target, &inner)
	on := &mapOn{Map: withKey(&inner), class: class}
	w.arguments(target, on, inner.Value)
	return on
}

// withKey gives an LPM trie of which only the key size is known the kernel's
// struct bpf_lpm_trie_key (include/uapi/linux/bpf.h).
func withKey(m *btfparse.Map) *btfparse.Map {
	if m.Key != nil || m.Type != btfparse.MapLPMTrie || m.KeySize <= 4 {
		return m
	}
	u32 := &btfparse.Int{Name: "unsigned int", Bytes: 4}
	u8 := &btfparse.Int{Name: "unsigned char", Bytes: 1}
	data := &btfparse.Array{Elem: u8, Len: m.KeySize - 4}
	keyed := *m
	keyed.Key = &btfparse.Struct{Bytes: m.KeySize, Fields: []btfparse.Field{
		{Name: "prefixlen", Type: u32, SizeBits: 32},
		{Name: "data", Type: data, OffsetBits: 32, SizeBits: 8 * data.Size()},
	}}
	return &keyed
}

// events decides on the type of the records: -event, then the first tag, then
// __type(value, …). Further tags name further kinds of records, see
// typed.Switch.
func (w *wanted) events(target int, m *mapOn) (event btfparse.Type, named bool) {
	event = m.Value
	var names []string
	for _, tag := range m.Tags {
		if name, ok := strings.CutPrefix(tag, btfparse.EventTag); ok {
			names = append(names, name)
		}
	}
	if ev, ok := w.opts.Events[m.Name]; ok {
		m.eventName, m.short = ev.Type, ev.Short
		names = append([]string{ev.Type}, names...)
	}
	for i, name := range names {
		t, ok := w.typeNamed(target, m, "event", name)
		switch {
		case !ok:
		case i == 0:
			event, named = t, true
		default:
			m.events = append(m.events, w.root(m.root(target, t, "event", "event")))
		}
	}
	if event != nil && event.Size() > maxValueBytes {
		w.warn([]int{target}, btfparse.Diagnostic{Path: m.Path(), What: tooLarge("a record", uint64(event.Size())) + ": its reader gives []byte", InC: "declare a smaller one"})
		return nil, false
	}
	if event == nil {
		w.warn([]int{target}, btfparse.Diagnostic{
			Path: m.Path(), What: "nothing says what its events are: its reader gives []byte",
			Remedy: fmt.Sprintf("add -event %s=…", m.Name), InC: fmt.Sprintf("__type(value, struct …) or btf_decl_tag(%q)", btfparse.EventTag+"struct …"),
		})
	}
	return event, named
}

// wantPrograms are the programs of all targets.
func (w *wanted) wantPrograms() {
	byName := make(map[string]*wantedProgram)
	for i, target := range w.targets {
		for _, p := range target.Object.Programs {
			if byName[p.Name] == nil {
				byName[p.Name] = &wantedProgram{p.Name, make([]*programOn, len(w.targets))}
			}
			hook, _ := HookOf(p) // that its section is unknown has been said by btfparse
			byName[p.Name].on[i] = &programOn{p, hook}
			w.warn([]int{i}, strayTags(p.Path(), p.Tags, nameTag)...)
		}
	}
	w.programs = sorted(byName)
}

// wantVariables are the variables of all targets.
func (w *wanted) wantVariables() {
	byKey := make(map[variableKey]*wantedVariable)
	for i, target := range w.targets {
		seen := make(map[string]int)                // statics of one name in one section
		for _, v := range target.Object.Variables { // in the order of section and offset
			key := variableKey{name: v.Name, kind: v.Kind}
			if v.Static {
				key.static, key.section = true, v.Section
				if !v.Local || v.Function == "" { // else the name in BTF has the function in it
					key.index = seen[v.Name+" "+v.Section]
					seen[v.Name+" "+v.Section]++
				}
			}
			if v.Marks != nil {
				w.global(&root{target: i, Type: v.Marks, Path: btfparse.Path(v.Marks.CName()), ByName: true})
			}
			large := v.Size > maxValueBytes && hasHandle(v)
			if large {
				w.warn([]int{i}, btfparse.Diagnostic{Path: v.Path(), What: tooLarge("a variable", uint64(v.Size)) + ", so it is not in the Go API", InC: "declare a smaller one"})
			}
			if large || !hasHandle(v) {
				for _, stray := range strayTags(v.Path(), v.Tags) {
					stray.InC = "the variable is not in the Go API: take it away"
					w.warn([]int{i}, stray)
				}
				continue
			}
			if byKey[key] == nil {
				byKey[key] = &wantedVariable{key, make([]*variableOn, len(w.targets))}
			}
			byKey[key].on[i] = w.variableOn(i, key, v)
			w.warn([]int{i}, strayTags(v.Path(), v.Tags, nameTag)...)
		}
	}
	w.variables = oneStatic(slices.Collect(maps.Values(byKey)))
	slices.SortFunc(w.variables, func(a, b *wantedVariable) int { return a.compare(b.variableKey) })
	w.constantsAndVariables()
}

// oneStatic makes one of static variables of one name that each target has once, and in
// another section: zero is in .bss, what an #if gives a value is in .data. It has the
// sections of all.
func oneStatic(variables []*wantedVariable) []*wantedVariable {
	byName := make(map[variableKey][]*wantedVariable)
	var one []*wantedVariable
	for _, v := range variables {
		if !v.static {
			one = append(one, v)
			continue
		}
		key := variableKey{name: v.name, kind: v.kind}
		byName[key] = append(byName[key], v)
	}
	for _, all := range byName {
		slices.SortFunc(all, func(a, b *wantedVariable) int { return a.compare(b.variableKey) })
		if !apart(all) {
			one = append(one, all...)
			continue
		}
		joined := all[0]
		for _, v := range all[1:] {
			joined.section += " " + v.section
			for _, i := range v.targets() {
				joined.on[i] = v.on[i]
			}
		}
		one = append(one, joined)
	}
	return one
}

// apart says whether no target has two of these.
func apart(all []*wantedVariable) bool {
	on := make(map[int]bool)
	for _, v := range all {
		for _, i := range v.targets() {
			if on[i] {
				return false
			}
			on[i] = true
		}
	}
	return true
}

// hasHandle says which variables are API: those that user space can reach, which
// kernel symbols, unresolved externs and variables inside an arena are not, and
// that are meant to be used.
func hasHandle(v *btfparse.Variable) bool {
	if v.Local || v.Marks != nil {
		return false
	}
	return v.Kind == btfparse.VarData || v.Kind == btfparse.VarConst || v.Kind == btfparse.VarKconfig
}

func (k variableKey) compare(o variableKey) int {
	return cmp.Or(cmp.Compare(k.name, o.name), cmp.Compare(k.section, o.section), cmp.Compare(k.index, o.index), cmp.Compare(k.kind, o.kind))
}

// rootName is what a type without a name is called after.
func (k variableKey) rootName() string {
	if k.index > 0 {
		return fmt.Sprintf("%s_%d", k.name, k.index+1)
	}
	return k.name
}

// variableOn is raw bytes where nothing else is of the variable's size: one of
// a struct that ends in a flexible array is as long as C initialises it.
func (w *wanted) variableOn(target int, key variableKey, v *btfparse.Variable) *variableOn {
	on := &variableOn{Variable: v}
	if v.Type == nil {
		return on
	}
	r := w.global(&root{target: target, Type: v.Type, Path: v.Path(), Use: "variable " + key.name, Name: key.rootName()})
	switch {
	case isOpaque(v.Type) || w.opts.NoGlobalTypes && v.Type.Size() != v.Size:
	case v.Type.Size() != v.Size:
		w.warn([]int{target}, btfparse.Diagnostic{
			Path:   v.Path(),
			What:   fmt.Sprintf("is [%d]byte in Go: it has a size of its own, %s has %s", v.Size, v.Type.CName(), words.Bytes(v.Type.Size())),
			Remedy: typedRuntime().TypesQualifier() + "Load reads the type, and its Tail method what is behind it",
		})
	default:
		on.root = r
	}
	return on
}

// constantsAndVariables finds globals that are a constant on one target and
// none on another: their handles have different methods.
func (w *wanted) constantsAndVariables() {
	for i := range w.variables[min(1, len(w.variables)):] {
		a, b := w.variables[i], w.variables[i+1]
		if a.name == b.name && !a.static && !b.static {
			w.fail(b.targets(), "variable %s is in %s, and on another target in %s; make it const on all targets or on none",
				a.name, first(b.on).Section, first(a.on).Section)
		}
	}
}

func (v *wantedVariable) targets() []int { return targetsOf(v.on) }

// targetsOf are the targets that have something.
func targetsOf[T any](on []*T) []int {
	var list []int
	for i, t := range on {
		if t != nil {
			list = append(list, i)
		}
	}
	return list
}

// first is what the first target has that has anything.
func first[T any](on []*T) *T {
	return on[targetsOf(on)[0]]
}

// sorted are the values of a map in the order of their keys.
func sorted[T any](m map[string]T) []T {
	list := make([]T, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[k])
	}
	return list
}
