package btfparse

// This file finds types by what a user calls them: as C does ("struct event",
// "event" for a typedef), or by the bare name of a struct, union or enum.

import (
	"path"
	"slices"
	"strings"
)

// BareName is the C name without struct, union or enum; "" for a type without
// a name.
func BareName(t Type) string {
	switch t := t.(type) {
	case *Struct:
		return t.Name
	case *Enum:
		return t.Name
	}
	return t.CName()
}

// Matches says whether the name, or the glob of [path.Match], is that of the
// type: "struct flow_*", "flow_*". A malformed glob matches nothing.
func Matches(pattern string, t Type) bool {
	if bare := BareName(t); !strings.ContainsAny(pattern, `*?[\`) { // a name: most types need not be spelled out
		return pattern == bare || strings.HasSuffix(pattern, bare) && pattern == t.CName()
	}
	return matches(pattern, t.CName()) || matches(pattern, BareName(t))
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

// Matching are the types that a name or glob matches, in the order of Types.
func (o *Object) Matching(pattern string) []Type {
	var found []Type
	for _, t := range o.Types {
		if Matches(pattern, t) {
			found = append(found, t)
		}
	}
	return found
}

// Names are those that Matching and Named know types by.
func (o *Object) Names() []string {
	var names []string
	for _, t := range o.Types {
		names = append(names, t.CName())
		if bare := BareName(t); bare != "" {
			names = append(names, bare)
		}
	}
	return names
}

// MatchingEnumerators are the enums without a name that have an enumerator of
// that name, or one that the glob matches.
func (o *Object) MatchingEnumerators(pattern string) []*Enum {
	var found []*Enum
	for _, e := range o.Enumerators {
		if slices.ContainsFunc(e.Values, func(v EnumValue) bool { return matches(pattern, v.Name) }) {
			found = append(found, e)
		}
	}
	return found
}

// Named are the types that a user means by a name: those that C calls so, and
// only where there is none, the structs, unions and enums of that bare name.
// There are several where C has several: of different structure, or a struct
// and an enum.
func (o *Object) Named(name string) []Type {
	var exact, bare []Type
	for _, t := range o.Types {
		switch name {
		case t.CName():
			exact = append(exact, t)
		case BareName(t):
			bare = append(bare, t)
		}
	}
	if exact != nil {
		return exact
	}
	return bare
}
