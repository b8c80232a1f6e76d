package typed

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"
)

// memoryOf is the memory of *v, blank padding fields included. The caller makes
// sure by [checkPlain] that every pattern of bytes is a value of T.
//
// This is how values cross the border to C: encoding/binary writes zeroes into
// blank fields and allocates, and C's padding is part of a map's key.
func memoryOf[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}

// sizeOf is the size of a T in bytes.
func sizeOf[T any]() int {
	var v T
	return int(unsafe.Sizeof(v))
}

// checkPlain says why bytes of the kernel must not be copied into a value of the
// type: it has Go pointers in it, or its size depends on GOARCH. nil if they may.
func checkPlain(t reflect.Type) error {
	if plainTypes.has(t) {
		return nil
	}
	if err := checkPlainType(t); err != nil {
		return err
	}
	plainTypes.Store(t, nil)
	return nil
}

// plainTypes are those that checkPlain has found to be good.
var plainTypes typeSet

type typeSet struct{ sync.Map }

func (s *typeSet) has(t reflect.Type) bool {
	_, ok := s.Load(t)
	return ok
}

func checkPlainType(t reflect.Type) error {
	switch t.Kind() {
	case reflect.Bool,
		reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		return nil
	case reflect.Array:
		return checkPlainType(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if err := checkPlainType(t.Field(i).Type); err != nil {
				return fmt.Errorf("%s.%s: %w", t, t.Field(i).Name, err)
			}
		}
		return nil
	default:
		return fmt.Errorf("the Go type %s has no fixed layout in C", t)
	}
}
