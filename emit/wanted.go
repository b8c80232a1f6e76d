package emit

import (
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
		for _, t := range c.obj.Types {
			if declarable(t) && (matches(pattern, t.CName()) || matches(pattern, bareName(t))) {
				roots = append(roots, root{Type: t, Path: btfparse.Path(t.CName())})
			}
		}
		if len(roots) == n {
			c.fail("-type %s: no such struct, union, enum or typedef in the BTF", pattern)
		}
	}
	return roots
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
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
