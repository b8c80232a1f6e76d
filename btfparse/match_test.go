package btfparse

import "testing"

// A name is matched as the glob that it is, too.
func TestMatches(t *testing.T) {
	types := []Type{
		&Struct{Name: "event"}, &Struct{Name: "event", Union: true}, &Struct{Name: "event", FromTypedef: true}, &Struct{}, &Struct{Name: "struct"},
		&Enum{Name: "event"}, &Enum{}, &Typedef{Name: "event"}, &Int{Name: "unsigned int", Bytes: 4}, &Array{Len: 2, Elem: &Int{Name: "char", Bytes: 1}},
	}
	for _, typ := range types {
		for _, pattern := range []string{"event", "struct event", "union event", "enum event", "vent", "t event", "events", "struct", "struct ", "", "unsigned int", "int", "char[2]", typ.CName(), BareName(typ)} {
			want := matches(pattern, typ.CName()) || matches(pattern, BareName(typ))
			if pattern == "char[2]" {
				want = false // a glob
			}
			if got := Matches(pattern, typ); got != want {
				t.Errorf("%q and %s: %t", pattern, typ.CName(), got)
			}
		}
	}
}
