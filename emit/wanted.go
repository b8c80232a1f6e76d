package emit

import (
	"fmt"
	"path"

	"github.com/bpfgen/bpfgen/btfparse"
)

// wantedTypes are the types that -type names.
func (c *collection) wantedTypes() []root {
	var roots []root
	for _, pattern := range c.opts.Types {
		if _, err := path.Match(pattern, ""); err != nil {
			c.fail("-type %q: %w", pattern, err)
			continue
		}
		n := len(roots)
		var other btfparse.Type
		for _, t := range c.obj.Matching(pattern) {
			switch {
			case declarable(t):
				roots = append(roots, root{Type: t, Path: btfparse.Path(t.CName())})
			case other == nil:
				other = t
			}
		}
		if len(roots) == n {
			c.fail("-type %s: %s", pattern, notWanted(other))
		}
	}
	return roots
}

// notWanted says why nothing is declared: all there is of that name is t.
func notWanted(t btfparse.Type) string {
	switch t := t.(type) {
	case nil:
		return "no such struct, union, enum or typedef in the BTF"
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
