package emit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/templates"
)

// collection is what is decided on the maps, programs and variables of one
// target.
type collection struct {
	obj   *btfparse.Object
	opts  *Options
	names apiNames

	maps      []*mapPlan
	programs  []*programPlan
	variables []*variablePlan
	warnings  []btfparse.Diagnostic
	errors    []error
}

// mapPlan is one map in Go.
type mapPlan struct {
	*btfparse.Map
	class mapClass
	// event is the type of the records of a ring buffer or perf event array,
	// nil where nothing names one.
	event btfparse.Type
	// moreEvents are the types of further kinds of records.
	moreEvents []btfparse.Type
	inner      *mapPlan

	// EventName is the C type that -event gave, "" where the object says it.
	EventName string
	// Short is true if records may be shorter than their type.
	Short bool

	// Field in the collection's Maps.
	Field string
	// Alias names the type of the map.
	Alias string
	// GoType is what the type is: equal for maps that can share one.
	GoType string
	// decl is the type to declare, without a class where GoType is given.
	decl templates.MapType
}

// Quoted is the C name as a Go string.
func (m *mapPlan) Quoted() string { return strconv.Quote(m.Name) }

// programPlan is one program in Go.
type programPlan struct {
	*btfparse.Program
	Field  string
	GoType string
	// differs is true if it is of another kind on other targets.
	differs bool
}

// aliasDoc says what the program is on one target.
func (p *programPlan) aliasDoc(alias string) string {
	text := fmt.Sprintf("%s is the kind of the program %s on this target: SEC(%q).", alias, p.Name, p.Section)
	return strings.Join(docLines(text, nil), "\n")
}

// Quoted is the C name as a Go string.
func (p *programPlan) Quoted() string { return strconv.Quote(p.Name) }

// Comment is what stands behind the field: the section as C has it, and the
// decl tags.
func (p *programPlan) Comment() string {
	return placeComment(fmt.Sprintf("SEC(%q)", p.Section), p.Tags)
}

// placeComment is where something is in C and what its decl tags say.
func placeComment(place string, tags []string) string {
	return lineComment(strings.Join(append([]string{place}, userTags(tags)...), "; "))
}

// variablePlan is one variable in Go.
type variablePlan struct {
	*btfparse.Variable
	Field  string
	GoType string
	// differs is true if it is of another type on other targets.
	differs bool
}

// aliasDoc says what the variable is on one target.
func (v *variablePlan) aliasDoc(alias string) string {
	text := fmt.Sprintf("%s is the type of the variable %s on this target: %s.", alias, v.Name, v.inC())
	return strings.Join(docLines(text, nil), "\n")
}

// Handle is the class of the loaded variable: those of .rodata and .kconfig
// are read-only.
func (v *variablePlan) Handle() string {
	if v.Kind == btfparse.VarData {
		return "Variable"
	}
	return "Constant"
}

// BindSpec is the function of package typed that finds the variable's spec.
func (v *variablePlan) BindSpec() string {
	if v.Static {
		return "BindStaticSpec"
	}
	return "BindVariableSpec"
}

// Bind is the function of package typed that finds the loaded variable.
func (v *variablePlan) Bind() string {
	if v.Static {
		return "BindStatic" + strings.TrimPrefix(v.Handle(), "Variable")
	}
	return "Bind" + v.Handle()
}

// Arguments are how Bind and BindSpec find the variable: globals by name,
// statics by section, name and offset.
func (v *variablePlan) Arguments() string {
	if v.Static {
		return fmt.Sprintf("%q, %q, %d", v.Section, v.Name, v.Offset)
	}
	return strconv.Quote(v.Name)
}

// Comment is what stands behind the field: C type, section and decl tags.
func (v *variablePlan) Comment() string {
	if v.differs {
		return placeComment("not the same on all targets", v.Tags)
	}
	return placeComment(v.inC(), v.Tags)
}

// inC is how C has the variable: "static unsigned int in .bss".
func (v *variablePlan) inC() string {
	c := v.Section
	if v.Type != nil {
		c = v.Type.CName() + " in " + c
	}
	if v.Static {
		c = "static " + c
	}
	return c
}

// newCollection names everything and finds the classes; the Go types come
// with resolve.
func newCollection(obj *btfparse.Object, opts *Options, names apiNames) *collection {
	c := &collection{obj: obj, opts: opts, names: names}
	for _, m := range obj.Maps {
		c.maps = append(c.maps, c.planMap(m))
		c.warnings = append(c.warnings, strayTags(m.Path(), m.Tags, nameTag, eventTag)...)
	}
	for _, p := range obj.Programs {
		c.programs = append(c.programs, &programPlan{Program: p, GoType: c.programType(p)})
		c.warnings = append(c.warnings, strayTags(p.Path(), p.Tags, nameTag)...)
	}
	for _, v := range obj.Variables {
		if hasHandle(v) {
			c.variables = append(c.variables, &variablePlan{Variable: v})
			c.warnings = append(c.warnings, strayTags(v.Path(), v.Tags, nameTag)...)
		}
	}
	c.nameFields()
	return c
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

func (c *collection) planMap(m *btfparse.Map) *mapPlan {
	class, ok := classOf(m)
	if !ok {
		c.warn(m.Path(), fmt.Sprintf("map type %s is unknown to cilium/ebpf v0.22", m.Type),
			"use the raw .Map of its typed.OpaqueMap")
	}
	return &mapPlan{Map: withKey(m), class: class}
}

// nameFields gives every map, program and variable its field.
func (c *collection) nameFields() {
	var claims []*fieldClaim
	for _, m := range c.maps {
		claims = append(claims, c.fieldClaim(m.Path(), m.Name, "", m.Tags, func(field string) { m.Field = field }))
	}
	c.settleFields(claims)
	claims = nil
	for _, p := range c.programs {
		claims = append(claims, c.fieldClaim(p.Path(), p.Name, "", p.Tags, func(field string) { p.Field = field }))
	}
	c.settleFields(claims)
	claims = nil
	for _, v := range c.variables {
		place := fmt.Sprintf("_%s_%d", spelled(v.Section), v.Offset)
		claims = append(claims, c.fieldClaim(v.Path(), v.Name, place, v.Tags, func(field string) { v.Field = field }))
	}
	c.settleFields(claims)
}

// fieldClaim is the wish of a map, program or variable for a field.
type fieldClaim struct {
	claim
	path btfparse.Path
	set  func(field string)
}

// fieldClaim asks for a field. place tells two static variables of one name
// apart; names that differ only in what no identifier of Go may have get a hash.
func (c *collection) fieldClaim(path btfparse.Path, name, place string, tags []string, set func(string)) *fieldClaim {
	chosen := chosenMember(tags, func(what string) { c.warn(path, what, "") })
	return &fieldClaim{path: path, set: set, claim: fieldForms(name, chosen,
		func() string { return place },
		func() string { return place + hashSuffix(name, 8) })}
}

// settleFields names the fields of one struct.
func (c *collection) settleFields(fields []*fieldClaim) {
	claims := make([]*claim, len(fields))
	for i, f := range fields {
		claims[i] = &f.claim
	}
	settleClaims(claims, nil)
	for _, f := range fields {
		f.set(f.name)
		if f.name != f.form(0) {
			c.warn(f.path, fmt.Sprintf("is %s in Go: %s would stand for another one, too", f.name, f.form(0)),
				fmt.Sprintf("btf_decl_tag(%q)", nameTag+"…"))
		}
	}
}

func (c *collection) fail(format string, args ...any) {
	c.errors = append(c.errors, fmt.Errorf(format, args...))
}

func (c *collection) warn(path btfparse.Path, what, remedy string) {
	c.warnings = append(c.warnings, btfparse.Diagnostic{Path: path, What: what, Remedy: remedy})
}

// roots are the types that must exist in Go.
func (c *collection) roots() []root {
	roots := c.wantedTypes()
	for _, m := range c.maps {
		c.findEvent(m)
	}
	c.unknownEvents()
	if c.opts.NoGlobalTypes || c.opts.TypesOnly {
		return roots
	}
	for _, m := range c.maps {
		roots = append(roots, m.roots()...)
	}
	for _, v := range c.variables {
		if v.Type != nil {
			roots = append(roots, root{Type: v.Type, Path: v.Path(), Use: "variable " + v.Name, Name: v.Name})
		}
	}
	for _, v := range c.obj.Variables {
		if v.Marks != nil {
			roots = append(roots, root{Type: v.Marks, Path: btfparse.Path(v.Marks.CName())})
		}
	}
	return roots
}

// roots are the types of the parameters of the map's class, and of the maps
// inside.
func (m *mapPlan) roots() []root {
	var roots []root
	add := func(t btfparse.Type, role, use string) {
		if t != nil {
			roots = append(roots, root{
				Type: t,
				Path: m.Path().Join(role),
				Use:  use + " of map " + m.Name,
				Name: m.Name + "_" + role,
				LPM:  role == "key" && m.Type == btfparse.MapLPMTrie,
			})
		}
	}
	if m.class.has(paramKey) {
		add(m.Key, "key", "key")
	}
	if m.class.has(paramValue) {
		add(m.Value, "value", "value")
	}
	if m.class.has(paramEvent) {
		add(m.event, "event", "event")
		for _, t := range m.moreEvents {
			add(t, "event", "event")
		}
	}
	if m.Inner != nil && m.class.has(paramInner) {
		roots = append(roots, m.innerPlan().roots()...)
	}
	return roots
}

// innerPlan is the map inside, named after the outer one.
func (m *mapPlan) innerPlan() *mapPlan {
	if m.inner == nil {
		inner := btfparse.Map{}
		class := opaqueMap
		if m.Inner != nil {
			inner = *m.Inner
			class, _ = classOf(&inner)
		}
		inner.Name = m.Name + "_inner"
		m.inner = &mapPlan{Map: withKey(&inner), class: class, event: inner.Value}
	}
	return m.inner
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

// eventTag starts a btf_decl_tag that names the event type of a map.
const eventTag = "bpfgen:event="

// findEvent decides on the type of the records: -event, then the first tag,
// then __type(value, …). Further tags name further kinds of records, see
// typed.Switch.
func (c *collection) findEvent(m *mapPlan) {
	if !m.class.has(paramEvent) {
		return
	}
	m.event = m.Value
	var names []string
	for _, tag := range m.Tags {
		if name, ok := strings.CutPrefix(tag, eventTag); ok {
			names = append(names, name)
		}
	}
	if ev, ok := c.opts.Events[m.Name]; ok {
		m.EventName, m.Short = ev.Type, ev.Short
		names = append([]string{ev.Type}, names...)
	}
	for i, name := range names {
		found := c.obj.Named(name)
		switch {
		case len(found) == 0:
			c.fail("%s: event type %s is not in the object; use it in C, for example: struct %s *unused __attribute__((unused))",
				m.Path(), name, strings.TrimPrefix(name, "struct "))
		case i == 0:
			m.event = found[0]
		default:
			m.moreEvents = append(m.moreEvents, found[0])
		}
	}
}

// unknownEvents complains of -event for maps that are not there.
func (c *collection) unknownEvents() {
	for _, name := range slices.Sorted(maps.Keys(c.opts.Events)) {
		i := slices.IndexFunc(c.maps, func(m *mapPlan) bool { return m.Name == name })
		switch {
		case i < 0:
			c.fail("-event %s: the object has no such map", name)
		case !c.maps[i].class.has(paramEvent):
			c.fail("-event %s: a map of type %s has no events", name, c.maps[i].Type)
		}
	}
}

// resolve fills in the Go types.
func (c *collection) resolve(types *typeSet) {
	for _, m := range c.maps {
		m.GoType = c.mapType(m, types)
		if m.class.has(paramEvent) && m.event == nil && !c.opts.TypesOnly {
			c.warn(m.Path(), "nothing says what its events are: its reader gives []byte",
				fmt.Sprintf("add __type(value, struct …) or btf_decl_tag(%q), or -event %s=…", eventTag+"struct …", m.Name))
		}
	}
	for _, v := range c.variables {
		v.GoType = c.variableType(v, types)
	}
}

// variableType is raw bytes where nothing else is of the variable's size: one
// of a struct that ends in a flexible array is as long as C initialises it.
func (c *collection) variableType(v *variablePlan, types *typeSet) string {
	switch {
	case v.Type == nil || c.opts.NoGlobalTypes || isOpaque(v.Type):
		return bytesType(v.Size)
	case v.Type.Size() != v.Size:
		c.warn(v.Path(), fmt.Sprintf("is %s in Go: it has a size of its own, %s has %s", bytesType(v.Size), v.Type.CName(), byteCount(v.Type.Size())),
			"ctypes.Load reads the type, and its Tail method what is behind it")
		return bytesType(v.Size)
	}
	return types.goType(v.Type)
}

// mapType decides on the type of the map. It is what its class and the types that
// it is made for make it.
func (c *collection) mapType(m *mapPlan, types *typeSet) string {
	var args []string
	decl := templates.MapType{Name: m.Alias, T: m.Alias, Q: "typed.", Class: "Class" + m.class.name}
	for _, p := range m.class.params {
		arg := c.mapArgument(m, p, types)
		args = append(args, arg)
		switch p {
		case paramKey, paramStorageKey:
			decl.K = arg
		case paramInner:
			decl.Inner = m.innerPlan().Alias
		default:
			decl.V = arg
		}
	}
	if m.class.given {
		return m.class.goType(args)
	}
	m.decl = decl
	return fmt.Sprintf("%s[%s]", m.class.name, strings.Join(args, ", "))
}

func (c *collection) mapArgument(m *mapPlan, p mapParam, types *typeSet) string {
	goType := func(t btfparse.Type, size uint32) string {
		if t == nil || c.opts.NoGlobalTypes {
			return bytesType(size)
		}
		return types.goType(t)
	}
	switch p {
	case paramKey:
		if m.Key == nil && m.KeySize == 4 && m.Type.IndexKey() {
			return "uint32"
		}
		return goType(m.Key, m.KeySize)
	case paramValue:
		return goType(m.Value, m.ValueSize)
	case paramEvent:
		if m.event == nil || c.opts.NoGlobalTypes {
			return "[]byte"
		}
		return types.goType(m.event)
	case paramStorageKey:
		if m.KeySize == 8 {
			return "uint64"
		}
		return "typed.CgroupStorageKey"
	case paramInner:
		inner := m.innerPlan()
		inner.GoType = c.mapType(inner, types)
		return inner.Alias + " = " + inner.GoType
	}
	panic(fmt.Sprintf("map parameter %d has no rule", p))
}
