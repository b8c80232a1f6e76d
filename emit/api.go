package emit

// What generated code declares, as a list: two plans can be compared by what a
// program that uses them would notice.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// Declared is one thing that a program can refer to.
type Declared struct {
	// Name in Go, without the ident: "FlowKey", "FlowKey.Saddr", "Maps.Flows".
	Name string
	// Type in Go, the names of the package without the ident; of a constant with
	// its value.
	Type string
	// Owner and Member are what it comes from in C: "struct flow_key" and "saddr",
	// "map flows" and "".
	Owner, Member string
}

// API is everything that the plan declares, sorted by name. Where targets
// differ, each has its own.
func (p *Plan) API() []Declared {
	l := &apiList{ident: p.plan.API.Ident}
	for _, d := range p.plan.Types {
		l.decl(d)
	}
	for _, t := range p.plan.Targets {
		for _, d := range t.Types {
			l.decl(d)
		}
		for _, a := range t.Aliases {
			l.add(strings.TrimPrefix(a.Name, p.plan.API.Ident), "= "+l.spell(a.Type), "", "")
		}
		l.maps(t.MapTypes)
	}
	l.maps(p.plan.MapTypes)
	for _, prog := range p.plan.Programs {
		l.add("Programs."+prog.Field, l.spell(prog.Type), "program "+prog.Name, "")
	}
	for _, v := range p.plan.Variables {
		l.add("Variables."+v.Field, l.variable(v), "variable "+v.Name, "")
	}
	slices.SortFunc(l.all, func(a, b Declared) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type)) })
	return slices.Compact(l.all)
}

type apiList struct {
	ident string
	all   []Declared
}

func (l *apiList) add(name, typ, owner, member string) {
	l.all = append(l.all, Declared{name, typ, owner, member})
}

// spell is a type without the ident.
func (l *apiList) spell(t plan.GoType) string { return l.short(t).String() }

func (l *apiList) short(t plan.GoType) plan.GoType {
	if t.Pkg == "" {
		t.Name = strings.TrimPrefix(t.Name, l.ident)
	}
	t.Args = slices.Clone(t.Args)
	for i := range t.Args {
		t.Args[i] = l.short(t.Args[i])
	}
	t.Fields = slices.Clone(t.Fields)
	for i := range t.Fields {
		t.Fields[i].Type = l.short(t.Fields[i].Type)
	}
	return t
}

// maps are fields, and the names of the maps' types.
func (l *apiList) maps(maps []*plan.Map) {
	for _, m := range maps {
		l.add("Maps."+m.Field, l.mapType(m), "map "+m.Name, "")
		l.mapNames(m)
	}
}

// mapNames are the names of the map's type and of that of the maps inside. What the
// types are made of stands with the field.
func (l *apiList) mapNames(m *plan.Map) {
	l.add(strings.TrimPrefix(m.Alias, l.ident), "map type", "map "+m.Name, "")
	if inner := m.Inner(); inner != nil {
		l.add(strings.TrimPrefix(inner.Alias, l.ident), "type of maps inside", "map "+m.Name, "")
	}
}

// mapType is what the type of a map is made of: "LRUHash[FlowKey, FlowStats]".
func (l *apiList) mapType(m *plan.Map) string {
	args := make([]string, len(m.Args))
	for i, a := range m.Args {
		if a.Inner != nil {
			args[i] = l.mapType(a.Inner)
		} else {
			args[i] = l.spell(a.Type)
		}
	}
	if len(args) == 0 {
		return m.Class
	}
	return m.Class + "[" + strings.Join(args, ", ") + "]"
}

func (l *apiList) variable(v *plan.Variable) string {
	kind := "Variable"
	switch {
	case v.Given:
		kind = "Kconfig"
	case v.Constant:
		kind = "Constant"
	}
	return fmt.Sprintf("%s[%s]", kind, l.spell(v.Type))
}

func (l *apiList) decl(d *plan.Decl) {
	name := strings.TrimPrefix(d.Name, l.ident)
	switch {
	case d.Alias != "":
		l.add(name, "= "+strings.TrimPrefix(d.Alias, l.ident), d.C, "")
		return
	case d.Enum != nil:
		if !d.Enum.Plain {
			l.add(name, l.spell(d.Enum.Base), d.C, "")
		}
		for _, c := range d.Enum.Consts {
			l.add(strings.TrimPrefix(c.Name, l.ident), "= "+c.Value, d.C, c.C)
		}
		return
	case d.Base != nil:
		l.add(name, l.spell(*d.Base), d.C, "")
	default:
		l.add(name, "struct", d.C, "")
	}
	l.members(name, d)
}

// members are fields and methods.
func (l *apiList) members(name string, d *plan.Decl) {
	inC := make(map[string]string)
	for _, m := range d.Members {
		inC[m.Name] = m.C
	}
	for _, f := range d.Fields {
		if f.Name != "_" {
			first, _, _ := strings.Cut(f.Comment, ", ") // storage is for the members that its comment names
			l.add(name+"."+f.Name, l.spell(f.Type), d.C, cmp.Or(inC[f.Name], first))
		}
	}
	for _, a := range d.Accessors {
		l.add(name+"."+a.Getter, "func() "+l.spell(a.Type), d.C, inC[a.Getter])
		l.add(name+"."+a.Setter, "func("+l.spell(a.Type)+")", d.C, inC[a.Getter])
	}
	for _, t := range d.Texts {
		indexes := slices.Repeat([]string{"int"}, len(t.Dims))
		l.add(name+"."+t.Name, fmt.Sprintf("func(%s) string", strings.Join(indexes, ", ")), d.C, inC[t.Member])
		l.add(name+"."+t.Setter, fmt.Sprintf("func(%s) error", strings.Join(append(indexes, "string"), ", ")), d.C, inC[t.Member])
	}
	for _, t := range d.Tails {
		l.add(name+"."+t.Name, "func([]byte) []"+l.spell(t.Elem), d.C, inC[t.Name])
		if t.Text != "" {
			l.add(name+"."+t.Text, "func([]byte) string", d.C, inC[t.Name])
		}
	}
	for _, loc := range d.DataLocs {
		l.add(name+"."+loc.Bytes, "func([]byte) []byte", d.C, inC[loc.Field])
		l.add(name+"."+loc.Text, "func([]byte) string", d.C, inC[loc.Field])
	}
	if d.LPM == nil {
		return
	}
	for _, c := range d.LPM.Constructors {
		l.add(strings.Replace(c.Name, l.ident, "", 1), "func", d.C, "")
	}
	for _, p := range d.LPM.Prefixes {
		l.add(name+"."+p.Name, "func() netip.Prefix", d.C, "")
	}
}
