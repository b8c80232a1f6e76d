package typed

import (
	"errors"
	"os"
	"reflect"
	"testing"
)

// Every exported method of every handle of a program and of a link, on what was
// never loaded: it may say so, and must not panic.

// callAll calls every exported method with zero values, and gives each error
// that one returned to check.
func callAll(t *testing.T, v any, check func(method string, err error)) {
	t.Helper()
	value := reflect.ValueOf(v)
	for i := range value.NumMethod() {
		m := value.Type().Method(i)
		var in []reflect.Value
		for j := 1; j < m.Type.NumIn(); j++ {
			in = append(in, zeroArgument(m.Type.In(j)))
		}
		if m.Type.IsVariadic() {
			in = in[:len(in)-1]
		}
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("%T.%s panics: %v", v, m.Name, p)
				}
			}()
			for _, out := range value.Method(i).Call(in) {
				if err, ok := out.Interface().(error); ok && check != nil {
					check(m.Name, err)
				}
			}
		}()
	}
}

// zeroArgument is what a careless caller gives: nil, 0, "", but a function that
// can be called.
func zeroArgument(t reflect.Type) reflect.Value {
	if t.Kind() != reflect.Func {
		return reflect.Zero(t)
	}
	return reflect.MakeFunc(t, func([]reflect.Value) []reflect.Value {
		out := make([]reflect.Value, t.NumOut())
		for i := range out {
			out[i] = reflect.Zero(t.Out(i))
		}
		return out
	})
}

func TestZeroProgramsDoNotPanic(t *testing.T) {
	for _, h := range allKinds {
		fresh := reflect.New(reflect.TypeOf(h).Elem()).Interface()
		callAll(t, fresh, func(method string, err error) {
			if !errors.Is(err, ErrNotLoaded) {
				t.Errorf("%T.%s: %v", fresh, method, err)
			}
		})
		if p := fresh.(AnyProgram); p.Loaded() || p.Err() == nil {
			t.Errorf("%T: loaded %v, %v", fresh, p.Loaded(), p.Err())
		}
	}
}

func TestZeroLinksDoNotPanic(t *testing.T) {
	for _, v := range []any{
		new(Link), (*Link)(nil), new(UpdatableLink[XDP]), (*UpdatableLink[XDP])(nil),
	} {
		callAll(t, v, func(method string, err error) {
			if !errors.Is(err, os.ErrInvalid) {
				t.Errorf("%T.%s: %v", v, method, err)
			}
		})
	}
	callAll(t, new(Links), nil)
	callAll(t, (*Links)(nil), nil)
	if _, err := (*Collection)(nil).AttachAll(); !errors.Is(err, ErrNotLoaded) {
		t.Errorf("a nil collection: %v", err)
	}
}
