package btfparse

// This file puts everything in an Object into the one order that does not
// depend on the order in the file.

import (
	"cmp"
	"fmt"
	"slices"
)

// sort orders the object's lists and finds names that occur twice where the
// library and libbpf need them to be unique.
func (o *Object) sort() error {
	slices.SortStableFunc(o.Maps, func(a, b *Map) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(o.Programs, func(a, b *Program) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(o.Variables, func(a, b *Variable) int {
		return cmp.Or(cmp.Compare(a.Section, b.Section), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Name, b.Name))
	})
	sortDiagnostics(&o.Warnings)
	for i := range o.Maps[min(1, len(o.Maps)):] {
		if o.Maps[i].Name == o.Maps[i+1].Name {
			return fmt.Errorf("two maps are named %s, and no loader has two of one name; rename one in C", o.Maps[i].Name)
		}
	}
	for i := range o.Programs[min(1, len(o.Programs)):] {
		if o.Programs[i].Name == o.Programs[i+1].Name {
			return fmt.Errorf("two programs are named %s, and no loader has two of one name; rename one in C", o.Programs[i].Name)
		}
	}
	return nil
}

func sortDiagnostics(list *[]Diagnostic) {
	slices.SortStableFunc(*list, CompareDiagnostics)
	*list = slices.Compact(*list)
}

// compareTypes orders by C name, then kind, then structure. It is 0 for one
// and the same node only: nodes are interned, so two nodes differ in something,
// and the first difference decides, wherever below it lies.
func compareTypes(a, b Type) int {
	if a == b {
		return 0
	}
	if n := cmp.Or(cmp.Compare(a.CName(), b.CName()), cmp.Compare(kindRank(a), kindRank(b)), cmp.Compare(a.Size(), b.Size())); n != 0 {
		return n
	}
	switch a := a.(type) {
	case *Int:
		return cmp.Compare(a.Encoding, b.(*Int).Encoding)
	case *Enum:
		return compareEnums(a, b.(*Enum))
	case *Struct:
		return compareStructs(a, b.(*Struct))
	case *Array:
		if n := cmp.Compare(a.Len, b.(*Array).Len); n != 0 {
			return n
		}
		return compareTypes(a.Elem, b.(*Array).Elem)
	case *Pointer:
		return slices.Compare(a.TypeTags, b.(*Pointer).TypeTags)
	case *Typedef:
		if n := slices.Compare(a.Tags, b.(*Typedef).Tags); n != 0 {
			return n
		}
		return compareTypes(a.Type, b.(*Typedef).Type)
	case *Opaque:
		return cmp.Compare(a.Why, b.(*Opaque).Why)
	}
	return 0
}

func kindRank(t Type) int {
	switch t := t.(type) {
	case *Struct:
		if t.Union {
			return 1
		}
		return 0
	case *Enum:
		return 2
	case *Typedef:
		return 3
	case *Int:
		return 4
	case *Float:
		return 5
	case *Array:
		return 6
	case *Pointer:
		return 7
	}
	return 8
}

func compareEnums(a, b *Enum) int {
	if n := cmp.Or(compareBools(a.FromTypedef, b.FromTypedef), compareBools(a.Signed, b.Signed)); n != 0 {
		return n
	}
	n := slices.CompareFunc(a.Values, b.Values, func(x, y EnumValue) int {
		return cmp.Or(cmp.Compare(x.Value, y.Value), cmp.Compare(x.Name, y.Name))
	})
	return cmp.Or(n, slices.Compare(a.Tags, b.Tags))
}

func compareStructs(a, b *Struct) int {
	n := slices.CompareFunc(a.Fields, b.Fields, func(x, y Field) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.OffsetBits, y.OffsetBits),
			cmp.Compare(x.SizeBits, y.SizeBits), compareBools(x.Bitfield, y.Bitfield), slices.Compare(x.Tags, y.Tags))
	})
	if n = cmp.Or(n, compareBools(a.FromTypedef, b.FromTypedef), slices.Compare(a.Tags, b.Tags)); n != 0 {
		return n
	}
	return compareFieldTypes(a.Fields, b.Fields)
}

// compareFieldTypes descends only where all else is the same, and only once:
// the first pair that differs decides.
func compareFieldTypes(a, b []Field) int {
	for i := range a {
		if a[i].Type != b[i].Type {
			return compareTypes(a[i].Type, b[i].Type)
		}
	}
	return 0
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
