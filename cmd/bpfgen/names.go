package main

// Names that no compiler writes. The kernel loads no BTF with such a name, so
// an object that has one is damaged or made to mislead, and gen and types
// refuse it. (Package emit would make legal Go of it all the same, and inspect
// shows it, escaped.) Names that C does not have but other languages do, such
// as Rust's a::b, are no reason to refuse.

import (
	"fmt"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
)

// checkNames refuses names with quotes, backticks, comment ends or what
// cannot be printed in them: one error that names the first and counts the others.
func checkNames(file string, object *btfparse.Object) error {
	n := nameCheck{seen: make(map[*btfparse.Struct]bool)}
	for _, m := range object.Maps {
		n.check("map", m.Name)
		n.checkType(m.Key)
		n.checkType(m.Value)
	}
	for _, p := range object.Programs {
		n.check("program", p.Name)
	}
	for _, v := range object.Variables {
		n.check("variable", v.Name)
		n.checkType(v.Type)
	}
	for _, t := range object.Types {
		n.checkType(t)
	}
	for _, e := range object.Enumerators {
		n.checkType(e)
	}
	if n.bad == 0 {
		return nil
	}
	others := ""
	if n.bad > 1 {
		others = fmt.Sprintf(", one of %d such names,", n.bad)
	}
	return fmt.Errorf("%s: %s%s is no name that C can have: the object is damaged, compile it again", file, n.first, others)
}

// nameCheck counts bad names.
type nameCheck struct {
	first string
	bad   int
	seen  map[*btfparse.Struct]bool
}

func (n *nameCheck) check(kind, name string) {
	if !misleading(name) {
		return
	}
	if n.bad == 0 {
		n.first = fmt.Sprintf("%s %q", kind, name)
	}
	n.bad++
}

// checkType checks a type by its name and all names in it.
func (n *nameCheck) checkType(t btfparse.Type) {
	switch t := t.(type) {
	case *btfparse.Typedef:
		n.check("typedef", t.Name)
		n.checkType(t.Type)
	case *btfparse.Array:
		n.checkType(t.Elem)
	case *btfparse.Enum:
		n.check("enum", t.Name)
		for _, v := range t.Values {
			n.check("enumerator", v.Name)
		}
	case *btfparse.Struct:
		if n.seen[t] {
			return
		}
		n.seen[t] = true
		n.check(structKind(t), t.Name)
		for _, f := range t.Fields {
			n.check("field", f.Name)
			n.checkType(f.Type)
		}
	}
}

// misleading names would end a string, a comment or a line of source, or look
// as if they did (U+2028 and kin).
func misleading(name string) bool {
	return strings.ContainsAny(name, "\"`") || strings.Contains(name, "*/") || strings.ContainsFunc(name, unprintable)
}
