package typed

import (
	"fmt"
	"reflect"

	"github.com/cilium/ebpf"
)

// What a class and its type parameters want of a map, and which Go types can
// be keys and values at all. This is looked at once, when a handle is made.

// keyValueShape is the shape of a map of K and V.
func keyValueShape[K, V any](types ...ebpf.MapType) mapShape {
	key, value := reflect.TypeFor[K](), reflect.TypeFor[V]()
	shape := mapShape{types: types, key: uint32(key.Size()), values: []uint32{uint32(value.Size())}}
	shape.unfit = unfitKey(key)
	if shape.unfit == nil {
		shape.unfit = unfitValue(value)
	}
	return shape
}

// perCPUShape is the shape of a map of K and a V for each CPU.
func perCPUShape[K, V any](types ...ebpf.MapType) mapShape {
	shape := keyValueShape[K, V](types...)
	shape.perCPU = true
	return shape
}

// keyShape is the shape of a map of K and something that has no Go type.
func keyShape[K any](values []uint32, types ...ebpf.MapType) mapShape {
	key := reflect.TypeFor[K]()
	return mapShape{types: types, key: uint32(key.Size()), values: values, unfit: unfitKey(key)}
}

// valueShape is the shape of a map of V without keys.
func valueShape[V any](types ...ebpf.MapType) mapShape {
	value := reflect.TypeFor[V]()
	return mapShape{types: types, values: []uint32{uint32(value.Size())}, unfit: unfitValue(value)}
}

// unfitValue refuses types that are not the same in C everywhere. With Go
// pointers in them, the kernel would write these.
func unfitValue(t reflect.Type) *LayoutError {
	if err := checkPlainType(t); err != nil {
		return &LayoutError{Property: "value type", Want: "a type with a fixed layout", Got: err.Error()}
	}
	return nil
}

// unfitKey also refuses types with implicit padding. The kernel compares and
// hashes every byte, and Go leaves anything in implicit padding; a blank field
// of bytes it keeps, which is what generated types have.
func unfitKey(t reflect.Type) *LayoutError {
	if err := checkPlainType(t); err != nil {
		return &LayoutError{Property: "key type", Want: "a type with a fixed layout", Got: err.Error()}
	}
	if hole, ok := padding(t); ok {
		return &LayoutError{
			Property: "key type",
			Want:     "one whose padding is blank fields",
			Got:      fmt.Sprintf("%s with implicit padding at byte %d", t, hole),
		}
	}
	return nil
}

// padding finds the first byte of a type that belongs to no field.
func padding(t reflect.Type) (offset uintptr, found bool) {
	switch {
	case t.Kind() == reflect.Array && t.Len() > 0:
		return padding(t.Elem())
	case t.Kind() == reflect.Struct:
		return structPadding(t)
	}
	return 0, false
}

func structPadding(t reflect.Type) (offset uintptr, found bool) {
	end := uintptr(0)
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Offset != end {
			return end, true
		}
		if hole, ok := padding(f.Type); ok {
			return f.Offset + hole, true
		}
		end = f.Offset + f.Type.Size()
	}
	return end, end != t.Size()
}

// unfitElement is unfitKey for the values of a set.
func unfitElement[V any]() *LayoutError {
	unfit := unfitKey(reflect.TypeFor[V]())
	if unfit != nil {
		unfit.Property = "value type"
	}
	return unfit
}
