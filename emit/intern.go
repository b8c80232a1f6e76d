package emit

// One C type, one node, over all objects of a run: package btfparse interns the
// types of one object, this file those of several.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
)

// interner gives structurally identical types of several objects one node.
type interner struct {
	done  map[btfparse.Type]btfparse.Type
	nodes map[string]btfparse.Type
	ids   map[btfparse.Type]int
	// origins are types of objects that became nodes: of each the first that an object
	// knows, others are made up.
	origins map[btfparse.Type]btfparse.Type
	known   func(btfparse.Type) bool
}

func newInterner(known func(btfparse.Type) bool) *interner {
	return &interner{
		known: known,
		done:  make(map[btfparse.Type]btfparse.Type),
		nodes: make(map[string]btfparse.Type),
		ids:   make(map[btfparse.Type]int),

		origins: make(map[btfparse.Type]btfparse.Type),
	}
}

// intern is the node of a type; nil stays nil.
func (in *interner) intern(t btfparse.Type) btfparse.Type {
	if t == nil {
		return nil
	}
	if node, ok := in.done[t]; ok {
		return node
	}
	node, key := in.rebuilt(t)
	if old, ok := in.nodes[key]; ok {
		node = old
		if !in.known(in.origins[node]) {
			in.origins[node] = t
		}
	} else {
		in.nodes[key] = node
		in.ids[node] = len(in.ids)
		in.origins[node] = t
	}
	in.done[t] = node
	return node
}

// rebuilt is t over interned types, and what tells it apart from others.
func (in *interner) rebuilt(t btfparse.Type) (btfparse.Type, string) {
	switch t := t.(type) {
	case *btfparse.Array:
		elem := in.intern(t.Elem)
		return &btfparse.Array{Elem: elem, Len: t.Len}, fmt.Sprintf("array %d %d", t.Len, in.ids[elem])
	case *btfparse.Typedef:
		of := in.intern(t.Type)
		return &btfparse.Typedef{Name: t.Name, Type: of, Tags: t.Tags}, fmt.Sprintf("typedef %q %d %q", t.Name, in.ids[of], t.Tags)
	case *btfparse.Struct:
		return in.rebuiltStruct(t)
	case *btfparse.Pointer:
		return t, fmt.Sprintf("pointer %q %t %q", t.CName(), t.Func, t.TypeTags)
	case *btfparse.Enum:
		return t, fmt.Sprintf("enum %q %t %d %t %t %q %v", t.Name, t.FromTypedef, t.Bytes, t.Signed, t.Halved, t.Tags, t.Values)
	case *btfparse.Int:
		return t, fmt.Sprintf("int %+v", *t)
	case *btfparse.Float:
		return t, fmt.Sprintf("float %+v", *t)
	case *btfparse.Opaque:
		return t, fmt.Sprintf("opaque %+v", *t)
	}
	panic(fmt.Sprintf("C type %T cannot be interned", t))
}

func (in *interner) rebuiltStruct(t *btfparse.Struct) (btfparse.Type, string) {
	s := *t
	s.Fields = slices.Clone(t.Fields)
	var key strings.Builder
	fmt.Fprintf(&key, "struct %q %t %t %d %q", t.Name, t.FromTypedef, t.Union, t.Bytes, t.Tags)
	for i := range s.Fields {
		f := &s.Fields[i]
		f.Type = in.intern(f.Type)
		fmt.Fprintf(&key, "\n%q %d %d %t %d %q", f.Name, f.OffsetBits, f.SizeBits, f.Bitfield, in.ids[f.Type], f.Tags)
	}
	return &s, key.String()
}
