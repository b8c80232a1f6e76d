package golden

import (
	"context"
	"reflect"
	"testing"

	mapsall "github.com/bpfgen/bpfgen/golden/maps-all"
	sectionsall "github.com/bpfgen/bpfgen/golden/sections-all"
	variablesall "github.com/bpfgen/bpfgen/golden/variables-all"
)

// Whoever has a collection that was never loaded has nil pointers to maps,
// programs, variables and their specs. Every method of each says so, with an error
// where it has one, and none panics.
func TestZeroCollectionsDoNotPanic(t *testing.T) {
	called := 0
	for _, v := range []any{
		new(mapsall.MapsAllCollection), new(mapsall.MapsAllCollectionSpec),
		new(variablesall.VariablesAllCollection), new(variablesall.VariablesAllCollectionSpec),
		new(sectionsall.SectionsAllCollection), new(sectionsall.SectionsAllCollectionSpec),
	} {
		called += callMethods(t, reflect.ValueOf(v))
		for _, name := range []string{"Maps", "Programs", "Variables"} {
			fields := reflect.ValueOf(v).Elem().FieldByName(name)
			for i := range fields.NumField() {
				called += callMethods(t, fields.Field(i))
			}
		}
	}
	if called < 3000 {
		t.Errorf("only %d methods were called", called)
	}
}

// callMethods calls all methods with zeroes, and the loops that they return.
func callMethods(t *testing.T, v reflect.Value) int {
	t.Helper()
	for i := range v.NumMethod() {
		m := v.Type().Method(i)
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("%s.%s panics: %v", v.Type(), m.Name, p)
				}
			}()
			in := make([]reflect.Value, v.Method(i).Type().NumIn())
			for j := range in {
				in[j] = zeroOf(v.Method(i).Type().In(j))
			}
			if m.Type.IsVariadic() {
				in = in[:len(in)-1]
			}
			out := v.Method(i).Call(in)
			for _, o := range out {
				if o.Kind() == reflect.Func && !o.IsNil() && o.Type().NumIn() == 1 { // a loop
					o.Call([]reflect.Value{zeroOf(o.Type().In(0))})
				}
			}
			if n := len(out); n > 1 && out[n-1].Type() == reflect.TypeFor[error]() && out[n-1].IsNil() && m.Name != "AttachAll" {
				t.Errorf("%s.%s works", v.Type(), m.Name)
			}
		}()
	}
	return v.NumMethod()
}

// zeroOf is nil or 0, but a function that can be called and a context.
func zeroOf(t reflect.Type) reflect.Value {
	if t == reflect.TypeFor[context.Context]() {
		return reflect.ValueOf(context.Background())
	}
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
