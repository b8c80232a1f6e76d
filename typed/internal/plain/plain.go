// Package plain has the types whose values may be copied from and to C as they
// lie in memory.
package plain

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"
)

// Memory is the memory of *v, blank padding fields included. The caller makes
// sure by [Check] that every pattern of bytes is a value of T.
//
// This is how values cross the border to C: encoding/binary writes zeroes into
// blank fields and allocates, and C's padding is part of a map's key.
func Memory[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}

// Size is the size of a T in bytes.
func Size[T any]() int {
	var v T
	return int(unsafe.Sizeof(v))
}

// CheckOften is [Check] where it is asked again and again: it remembers what it has
// found to be good.
func CheckOften(t reflect.Type) error {
	if _, ok := good.Load(t); ok {
		return nil
	}
	if err := Check(t); err != nil {
		return err
	}
	good.Store(t, nil)
	return nil
}

var good sync.Map

// Check says why bytes of the kernel must not be copied into a value of the type:
// it has Go pointers in it, or its size depends on GOARCH. nil if they may.
func Check(t reflect.Type) error {
	switch t.Kind() {
	case reflect.Bool,
		reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		return nil
	case reflect.Array:
		return Check(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if err := Check(t.Field(i).Type); err != nil {
				return fmt.Errorf("%s.%s: %w", t, t.Field(i).Name, err)
			}
		}
		return nil
	default:
		return fmt.Errorf("the Go type %s has no fixed layout in C", t)
	}
}

// Padding finds the first byte of a type that belongs to no field.
func Padding(t reflect.Type) (offset uintptr, found bool) {
	switch {
	case t.Kind() == reflect.Array && t.Len() > 0:
		return Padding(t.Elem())
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
		if hole, ok := Padding(f.Type); ok {
			return f.Offset + hole, true
		}
		end = f.Offset + f.Type.Size()
	}
	return end, end != t.Size()
}
