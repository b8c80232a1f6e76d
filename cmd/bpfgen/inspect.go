package main

// bpfgen inspect: what an object holds, for people (inspect_text.go, and
// inspect_html.go for a browser) and for programs (-json). All print one report,
// which is made here and described in docs/inspect.md; attach.go is what it says
// of programs, inspect_code.go what only their code tells.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/suggest"
)

// reportFormat is the version of the JSON form. It grows when a member changes
// its meaning or goes, not when one is added.
const reportFormat = 1

// report is what is shown of an object.
type report struct {
	Format    int         `json:"format"`
	ByteOrder string      `json:"byteOrder"`
	License   string      `json:"license,omitempty"`
	Maps      []mapReport `json:"maps"`
	// Sections are those data sections that become maps.
	Sections  []sectionReport  `json:"sections,omitempty"`
	Programs  []programReport  `json:"programs"`
	Variables []variableReport `json:"variables"`
	Types     []typeReport     `json:"types"`
	// LoadError is why cilium/ebpf does not load the object.
	LoadError string `json:"loadError,omitempty"`
	// Failures are the warnings about what keeps it from being loaded.
	Failures []string `json:"failures"`
	Warnings []string `json:"warnings"`
}

type mapReport struct {
	Name       string       `json:"name"`
	Section    string       `json:"section,omitempty"`
	Type       string       `json:"type"`
	Key        string       `json:"key,omitempty"`
	KeySize    uint32       `json:"keySize"`
	Value      string       `json:"value,omitempty"`
	ValueSize  uint32       `json:"valueSize"`
	MaxEntries uint32       `json:"maxEntries"`
	Flags      uint32       `json:"flags"`
	MapExtra   uint64       `json:"mapExtra,omitempty"`
	NumaNode   uint32       `json:"numaNode,omitempty"`
	PinByName  bool         `json:"pinByName,omitempty"`
	Inner      *mapReport   `json:"inner,omitempty"`
	Contents   []slotReport `json:"contents,omitempty"`
	Tags       []string     `json:"tags,omitempty"`
	// Memory that the kernel takes for it, nil where that is not known.
	Memory *memoryReport `json:"memory,omitempty"`
	// KeyID and ValueID are IDs of types.
	KeyID   string `json:"keyID,omitempty"`
	ValueID string `json:"valueID,omitempty"`
	// EventSize is the size of the records of a ring buffer or perf event array.
	EventSize uint32 `json:"eventSize,omitempty"`
	// Events are the types of these records: the one that all begin with, and
	// further kinds.
	Events []eventReport `json:"events,omitempty"`

	key, value btfparse.Type
}

type eventReport struct {
	Type   string `json:"type"`
	Size   uint32 `json:"size"`
	TypeID string `json:"typeID,omitempty"`

	typ btfparse.Type
}

type slotReport struct {
	Key  uint32 `json:"key"`
	Name string `json:"name"`
}

type programReport struct {
	Name       string   `json:"name"`
	Section    string   `json:"section"`
	Type       string   `json:"type"`
	AttachType string   `json:"attachType,omitempty"`
	Target     string   `json:"target,omitempty"`
	Attaches   string   `json:"attaches"`
	Sleepable  bool     `json:"sleepable,omitempty"`
	Frags      bool     `json:"frags,omitempty"`
	Autoload   bool     `json:"autoload"`
	Tags       []string `json:"tags,omitempty"`
	// Capabilities that a process needs to load it.
	Capabilities []string `json:"capabilities,omitempty"`
	// What its code refers to, with the functions that it calls.
	Instructions int      `json:"instructions,omitempty"`
	Maps         []string `json:"maps,omitempty"`
	Helpers      []string `json:"helpers,omitempty"`
	Kfuncs       []string `json:"kfuncs,omitempty"`
	Ksyms        []string `json:"ksyms,omitempty"`
	Kconfig      []string `json:"kconfig,omitempty"`
	Relocations  []string `json:"relocations,omitempty"`
}

type variableReport struct {
	Name    string `json:"name"`
	Section string `json:"section"`
	Offset  uint32 `json:"offset"`
	Size    uint32 `json:"size"`
	Kind    string `json:"kind"`
	Type    string `json:"type"`
	Static  bool   `json:"static,omitempty"`
	Weak    bool   `json:"weak,omitempty"`
	// Local is static within Function.
	Local    bool   `json:"local,omitempty"`
	Function string `json:"function,omitempty"`
	// Marks is the type that the variable is there for.
	Marks string `json:"marks,omitempty"`
	// Unfilled are the offsets of addresses that no loader fills in.
	Unfilled []uint32 `json:"unfilled,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	// Initial is the value that it has before programs run, as C would write it.
	Initial string `json:"initial,omitempty"`
	TypeID  string `json:"typeID,omitempty"`

	typ btfparse.Type
}

type sectionReport struct {
	Name     string `json:"name"`
	Bytes    uint32 `json:"bytes"`
	ReadOnly bool   `json:"readOnly,omitempty"`
}

type typeReport struct {
	// ID is the same in every object that has the same type.
	ID     string `json:"id"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Size   uint32 `json:"size"`
	Signed bool   `json:"signed,omitempty"`
	// UsedBy are the maps and variables that lead here.
	UsedBy  []string       `json:"usedBy,omitempty"`
	Members []memberReport `json:"members,omitempty"`
	Values  []valueReport  `json:"values,omitempty"`
	Tags    []string       `json:"tags,omitempty"`

	typ btfparse.Type
}

// memberReport is a member, or a hole between two.
type memberReport struct {
	// Name is "" for an anonymous struct or union and for holes.
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"`
	// Hole is "hole" or "padding", the latter at the end.
	Hole       string `json:"hole,omitempty"`
	OffsetBits uint32 `json:"offsetBits"`
	SizeBits   uint32 `json:"sizeBits"`
	Bitfield   bool   `json:"bitfield,omitempty"`
	// Members of a struct or union without a name of its own.
	Members []memberReport `json:"members,omitempty"`
	Tags    []string       `json:"tags,omitempty"`

	typ btfparse.Type
	// declared is the member as in C.
	declared string
}

type valueReport struct {
	Name string `json:"name"`
	// Value in decimal, as text: JSON's numbers do not hold 64 bits.
	Value string `json:"value"`
}

func runInspect(_ context.Context, c *cli, args []string) error {
	fs := newFlagSet("inspect")
	asJSON := fs.Bool("json", false, "print JSON; docs/inspect.md has its form")
	asHTML := fs.Bool("html", false, "print a page for a browser: programs with hooks and maps, and structs drawn byte by byte")
	var types patterns
	fs.Var(&types, "type", "C `names` and globs of the types to show in place of those that maps and variables use; comma-separated, repeatable")
	if err := c.parse(fs, args); err != nil {
		return err
	}
	if err := flagBehind(fs.Args()); err != nil {
		return err
	}
	if fs.NArg() != 1 {
		cmd, _ := findCommand("inspect")
		return fmt.Errorf("one object is needed, not %d: %s", fs.NArg(), usage(cmd))
	}
	if *asJSON && *asHTML {
		return errors.New("-json and -html are two outputs: give one of them")
	}
	content, err := c.readInput(fs.Arg(0))
	if err != nil {
		return err
	}
	object, err := c.parseBTF(fs.Arg(0), "", content)
	if err != nil {
		return err
	}
	r, err := newReport(object, types)
	if err != nil {
		return fmt.Errorf("%s: %w", fs.Arg(0), err)
	}
	if !object.TypesOnly {
		if err := r.addCode(inputName(fs.Arg(0)), object, content); err != nil {
			return err
		}
	}
	switch {
	case *asJSON:
		return r.writeJSON(c.stdout)
	case *asHTML:
		return r.writeHTML(c.stdout, inputName(fs.Arg(0)))
	case wantsColours(c.stdout, c.env):
		return r.writeColours(c.stdout)
	}
	return r.writeText(c.stdout)
}

func (r *report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// newReport takes from an object what is shown. Without patterns the types are
// those that maps and variables use, or all of raw BTF.
func newReport(object *btfparse.Object, types patterns) (*report, error) {
	r := &report{
		Format:    reportFormat,
		ByteOrder: map[bool]string{true: "big", false: "little"}[isBigEndian(object)],
		License:   object.License,
		Maps:      []mapReport{},
		Programs:  []programReport{},
		Variables: []variableReport{},
		Types:     []typeReport{},
		Failures:  []string{},
		Warnings:  []string{},
	}
	if object.LoadError != nil {
		r.LoadError = oneLine(object.LoadError.Error())
	}
	for _, w := range btfparse.Join(slices.Concat(object.TypeWarnings, object.Warnings)) {
		if w.Fails {
			r.Failures = append(r.Failures, w.String())
		} else {
			r.Warnings = append(r.Warnings, w.String())
		}
	}
	for _, m := range object.Maps {
		r.Maps = append(r.Maps, newMapReport(object, m))
	}
	for _, p := range object.Programs {
		r.Programs = append(r.Programs, newProgramReport(p))
	}
	for _, v := range object.Variables {
		r.Variables = append(r.Variables, newVariableReport(v))
	}
	shown, err := shownTypes(object, types)
	for _, s := range shown {
		r.Types = append(r.Types, newTypeReport(s))
		r.Types[len(r.Types)-1].ID = typeID(object, s.typ)
	}
	r.addIDs()
	return r, err
}

// addIDs adds references to the types that are shown.
func (r *report) addIDs() {
	ids := r.ids()
	for i := range r.Maps {
		for m := &r.Maps[i]; m != nil; m = m.Inner {
			m.KeyID, m.ValueID = idOf(ids, m.key), idOf(ids, m.value)
			for e := range m.Events {
				m.Events[e].TypeID = idOf(ids, m.Events[e].typ)
			}
		}
	}
	for i := range r.Variables {
		r.Variables[i].TypeID = idOf(ids, r.Variables[i].typ)
	}
}

func (r *report) ids() map[btfparse.Type]string {
	ids := make(map[btfparse.Type]string)
	for _, t := range r.Types {
		ids[t.typ] = t.ID
	}
	return ids
}

// idOf is the ID of the type that a type is, or that its elements have.
func idOf(ids map[btfparse.Type]string, t btfparse.Type) string {
	if t == nil {
		return ""
	}
	if id, ok := ids[btfparse.Underlying(t)]; ok {
		return id
	}
	return ids[btfparse.Innermost(t)]
}

func isBigEndian(object *btfparse.Object) bool {
	return object.ByteOrder != nil && object.ByteOrder.String() == "BigEndian"
}

func newMapReport(object *btfparse.Object, m *btfparse.Map) mapReport {
	r := mapReport{
		Name:       m.Name,
		Section:    m.Section,
		Type:       m.Type.String(),
		Key:        cName(m.Key),
		KeySize:    m.KeySize,
		Value:      cName(m.Value),
		ValueSize:  m.ValueSize,
		MaxEntries: m.MaxEntries,
		Flags:      m.Flags,
		MapExtra:   m.MapExtra,
		NumaNode:   m.NumaNode,
		PinByName:  m.Pinning == 1,
		Tags:       m.Tags,
		Memory:     mapMemory(m),
		key:        m.Key,
		value:      m.Value,
	}
	for _, slot := range m.Contents {
		r.Contents = append(r.Contents, slotReport{slot.Key, slot.Name})
	}
	for _, event := range eventsOf(object, m) {
		r.Events = append(r.Events, eventReport{Type: event.CName(), Size: event.Size(), typ: event})
	}
	if r.Events != nil {
		r.EventSize = r.Events[0].Size
	}
	if m.Inner != nil {
		inner := newMapReport(object, m.Inner)
		r.Inner = &inner
	}
	return r
}

// eventsOf are the types of the records of a map that carries events: what tags name,
// else its value, as for generated code.
func eventsOf(object *btfparse.Object, m *btfparse.Map) (events []btfparse.Type) {
	if !m.Type.CarriesEvents() {
		return nil
	}
	for _, tag := range m.Tags {
		if name, ok := strings.CutPrefix(tag, btfparse.EventTag); ok {
			events = append(events, object.Named(name)...)
		}
	}
	if events == nil && m.Value != nil {
		events = append(events, m.Value)
	}
	return events
}

func newProgramReport(p *btfparse.Program) programReport {
	r := programReport{
		Name:      p.Name,
		Section:   p.Section,
		Type:      p.Type.String(),
		Target:    p.Target,
		Attaches:  attaches(p),
		Sleepable: p.Sleepable,
		Frags:     p.Frags,
		Autoload:  !p.NoAutoload,
		Tags:      p.Tags,

		Capabilities: capabilities(p.Type),
	}
	// 0 stands for none and for an attach type that one kind of program has.
	if p.AttachType != btfparse.AttachNone || p.Type == btfparse.ProgCGroupSKB {
		r.AttachType = p.AttachType.String()
	}
	return r
}

// variableKinds are the words for btfparse.VariableKind.
var variableKinds = map[btfparse.VariableKind]string{
	btfparse.VarData:    "data",
	btfparse.VarConst:   "const",
	btfparse.VarKconfig: "kconfig",
	btfparse.VarKsym:    "ksym",
	btfparse.VarArena:   "arena",
	btfparse.VarExtern:  "extern",
}

func newVariableReport(v *btfparse.Variable) variableReport {
	return variableReport{
		Name:     v.Name,
		Section:  v.Section,
		Offset:   v.Offset,
		Size:     v.Size,
		Kind:     variableKinds[v.Kind],
		Type:     cName(v.Type),
		Static:   v.Static,
		Weak:     v.Weak,
		Local:    v.Local,
		Function: v.Function,
		Marks:    cName(v.Marks),
		Unfilled: v.Unfilled,
		Tags:     v.Tags,
		typ:      v.Type,
	}
}

func cName(t btfparse.Type) string {
	if t == nil {
		return ""
	}
	return t.CName()
}

// shownType is a type with what uses it.
type shownType struct {
	typ    btfparse.Type
	usedBy []string
}

// shownTypes are the types that the patterns name, with all they need.
func shownTypes(object *btfparse.Object, types patterns) ([]shownType, error) {
	s := typeSelection{users: make(map[btfparse.Type][]string), isChosen: make(map[btfparse.Type]bool)}
	for _, m := range object.Maps {
		s.use(m.Key, "key of map "+m.Name)
		s.use(m.Value, "value of map "+m.Name)
		for _, event := range eventsOf(object, m) {
			if event != m.Value {
				s.use(event, "event of map "+m.Name)
			}
		}
		if m.Inner != nil {
			s.use(m.Inner.Key, "key of the maps in "+m.Name)
			s.use(m.Inner.Value, "value of the maps in "+m.Name)
		}
	}
	for _, v := range object.Variables {
		switch {
		case v.Marks != nil:
			s.use(v.Marks, "marked by variable "+v.Name)
		case !v.Local:
			s.use(v.Type, "variable "+v.Name)
		}
	}
	if object.TypesOnly && types == nil {
		types = patterns{"*"}
	}
	if types != nil {
		s.chosen = nil
		clear(s.isChosen)
		for _, pattern := range types {
			if !s.choose(object, pattern) {
				return nil, fmt.Errorf("-type %s: no such struct, union, enum or typedef in the BTF%s", pattern, suggest.DidYouMean(pattern, object.Names()))
			}
		}
	}
	var shown []shownType
	for _, t := range s.chosen {
		shown = append(shown, shownType{t, s.users[t]})
	}
	slices.SortStableFunc(shown, func(a, b shownType) int { return compareNames(a.typ, b.typ) })
	return shown, nil
}

func compareNames(a, b btfparse.Type) int {
	switch an, bn := a.CName(), b.CName(); {
	case an < bn:
		return -1
	case an > bn:
		return 1
	}
	return 0
}

// typeSelection collects the named structs, unions and enums to be shown.
type typeSelection struct {
	users    map[btfparse.Type][]string
	chosen   []btfparse.Type
	isChosen map[btfparse.Type]bool
}

// use chooses what a map or variable uses directly or through members.
func (s *typeSelection) use(t btfparse.Type, user string) {
	if t == nil {
		return
	}
	for _, named := range shownWith(t) {
		if !slices.Contains(s.users[named], user) {
			s.users[named] = append(s.users[named], user)
		}
		s.add(named)
	}
}

func (s *typeSelection) add(t btfparse.Type) {
	if !s.isChosen[t] {
		s.isChosen[t] = true
		s.chosen = append(s.chosen, t)
	}
}

// choose chooses the types that a pattern matches.
func (s *typeSelection) choose(object *btfparse.Object, pattern string) bool {
	found := false
	for _, t := range object.Matching(pattern) {
		found = true
		if outer := btfparse.Underlying(t); isAggregate(outer) {
			s.add(outer)
		} else {
			s.add(t)
		}
	}
	return found
}

func isAggregate(t btfparse.Type) bool {
	switch t.(type) {
	case *btfparse.Struct, *btfparse.Enum:
		return true
	}
	return false
}

// shownWith are the named structs, unions and enums in a type, the type itself
// first, which may be anonymous. Pointers end the search: what they point to
// is not there.
func shownWith(t btfparse.Type) []btfparse.Type {
	var found []btfparse.Type
	seen := make(map[btfparse.Type]bool)
	var walk func(t btfparse.Type, root bool)
	walk = func(t btfparse.Type, root bool) {
		t = btfparse.Underlying(t)
		if isAggregate(t) && (root || btfparse.BareName(t) != "") {
			if seen[t] {
				return
			}
			seen[t] = true
			found = append(found, t)
		}
		switch t := t.(type) {
		case *btfparse.Array:
			walk(t.Elem, root)
		case *btfparse.Struct:
			for _, f := range t.Fields {
				walk(f.Type, false)
			}
		}
	}
	walk(t, true)
	return found
}

func newTypeReport(s shownType) typeReport {
	r := typeReport{Name: s.typ.CName(), Kind: "typedef", Size: s.typ.Size(), UsedBy: s.usedBy, typ: s.typ}
	switch t := s.typ.(type) {
	case *btfparse.Struct:
		r.Kind = structKind(t)
		r.Tags = t.Tags
		r.Members = members(t, 0)
	case *btfparse.Enum:
		r.Kind = "enum"
		r.Signed = t.Signed
		r.Tags = t.Tags
		for _, v := range t.Values {
			r.Values = append(r.Values, valueReport{v.Name, t.Literal(v.Value)})
		}
	}
	return r
}

func structKind(t *btfparse.Struct) string {
	if t.Union {
		return "union"
	}
	return "struct"
}

// members are those of a struct that starts at base bits, with the holes that
// C leaves between and behind them.
func members(t *btfparse.Struct, base uint32) []memberReport {
	var list []memberReport
	end := base
	for _, f := range t.Fields {
		start := base + f.OffsetBits
		if start > end && !t.Union {
			list = append(list, memberReport{Hole: "hole", OffsetBits: end, SizeBits: start - end})
		}
		m := memberReport{
			Name:       f.Name,
			Type:       f.Type.CName(),
			OffsetBits: start,
			SizeBits:   f.SizeBits,
			Bitfield:   f.Bitfield,
			Tags:       f.Tags,
			typ:        f.Type,
			declared:   f.Declaration(),
		}
		if inner := btfparse.Nameless(f.Type); inner != nil {
			m.Members = members(inner, start)
		}
		list = append(list, m)
		end = max(end, start+f.SizeBits)
	}
	if total := base + 8*t.Bytes; total > end {
		list = append(list, memberReport{Hole: "padding", OffsetBits: end, SizeBits: total - end})
	}
	return list
}
