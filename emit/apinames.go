package emit

import (
	"go/token"
	"strings"
	"unicode"
	"unicode/utf8"
)

// apiNames are the Go identifiers of the API of one ident. They are reserved
// before those of the C types.
type apiNames struct{ ident string }

// CollectionSpec is the type of the parsed object.
func (n apiNames) CollectionSpec() string { return n.ident + "CollectionSpec" }

// Collection is the type of the loaded object.
func (n apiNames) Collection() string { return n.ident + "Collection" }

// Open is the function that parses the embedded object.
func (n apiNames) Open() string { return n.verb("open") }

// OpenFrom is the function that parses another build of the object.
func (n apiNames) OpenFrom() string { return n.Open() + "From" }

// Bytes is the variable with the embedded object, as bpf2go calls it.
func (n apiNames) Bytes() string { return "_" + upperFirst(n.ident) + "Bytes" }

// nameMaps gives every map the name of its type: counterFlowsMap for the map
// flows, and for flows_map, too, unless a target has both.
func (n apiNames) nameMaps(colls []*collection) {
	fields := make(map[string]bool)
	for _, c := range colls {
		for _, m := range c.maps {
			fields[m.Field] = true
		}
	}
	for _, c := range colls {
		for _, m := range c.maps {
			short := strings.TrimSuffix(m.Field, "Map")
			if fields[short] {
				short = m.Field
			}
			m.Alias = n.ident + short + "Map"
			if m.class.has(paramInner) {
				m.innerPlan().Alias = n.ident + short + innerSuffix(fields, short)
			}
		}
	}
}

// innerSuffix ends the name of the type of inner maps, which another map might
// have: flows_inner beside flows.
func innerSuffix(fields map[string]bool, short string) string {
	if fields[short+"Inner"] || fields[short+"InnerMap"] {
		return "MapInner"
	}
	return "InnerMap"
}

// ProgramAlias names the type of a program that is of another kind on
// another target.
func (n apiNames) ProgramAlias(field string) string { return n.ident + field + "Program" }

// VariableAlias names the type of a variable that is of another type on
// another target.
func (n apiNames) VariableAlias(field string) string { return n.ident + field + "Variable" }

// KeyConstructor is the function that makes the key of an LPM trie.
func (n apiNames) KeyConstructor(keyType string) string {
	return n.verb("new") + keyType[len(n.ident):]
}

// verb puts a verb before the ident, exported as the ident is.
func (n apiNames) verb(verb string) string {
	if token.IsExported(n.ident) {
		return upperFirst(verb) + n.ident
	}
	return verb + upperFirst(n.ident)
}

// reserved and aliases are all identifiers that a type of C cannot have.
func (n apiNames) reserved() []string {
	names := []string{n.Open(), n.OpenFrom(), n.Bytes()}
	for _, t := range []string{n.CollectionSpec(), n.Collection()} {
		names = append(names, t, t+"Maps", t+"Programs", t+"Variables")
	}
	return names
}

// aliases are the names that the maps, programs and variables of an object may
// give to types.
func (n apiNames) aliases(c *collection) []string {
	var names []string
	for _, m := range c.maps {
		names = append(names, m.Alias)
		if m.inner != nil {
			names = append(names, m.inner.Alias)
		}
	}
	for _, p := range c.programs {
		names = append(names, n.ProgramAlias(p.Field))
	}
	for _, v := range c.variables {
		names = append(names, n.VariableAlias(v.Field))
	}
	return names
}

func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
