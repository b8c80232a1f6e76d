package btfparse

import (
	"github.com/bpfgen/bpfgen/internal/layout"
)

// layouts makes the layouts of the types of one object.
type layouts struct {
	conv  *converter
	maker layout.Maker
}

// Layout is how C lays out a type of the object: the form in which builds are
// compared. tags are the decl tags of the variable that has the type. It is not
// known for types that stand for nothing in the BTF, and for made-up ones that
// repeat themselves beyond all bounds.
func (o *Object) Layout(t Type, tags ...string) (l layout.Layout, ok bool) {
	if !o.Knows(t) {
		return layout.Layout{}, false
	}
	l, err := o.layouts.maker.Layout(o.layouts.conv.origins[o.layouts.conv.ids[t]-1], tags...)
	return l, err == nil && l.Known()
}

// Knows says whether the type is one of the object's BTF, not one of another object
// or made up.
func (o *Object) Knows(t Type) bool {
	if o.layouts == nil {
		return false
	}
	id := o.layouts.conv.ids[t]
	return id != 0 && o.layouts.conv.origins[id-1] != nil
}
