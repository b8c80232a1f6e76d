package typed

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Every exported method of every type, on what was never loaded or is nil: it may
// say so, and must not panic. Those of maps are in map_every_test.go, those of what
// generated collections have in golden's TestZeroCollectionsDoNotPanic.

// callAll calls every exported method with zero values, and gives each error
// that one returned to check. Loops are run.
func callAll(t *testing.T, v any, check func(method string, err error)) {
	t.Helper()
	value := reflect.ValueOf(v)
	for i := range value.NumMethod() {
		m := value.Type().Method(i)
		if m.Name == "Format" { // which package fmt calls
			continue
		}
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
				if isLoop(out.Type()) {
					out.Call([]reflect.Value{zeroArgument(out.Type().In(0))})
				}
			}
		}()
	}
}

// isLoop says whether a type is that of what for ranges over.
func isLoop(t reflect.Type) bool {
	return t.Kind() == reflect.Func && t.NumIn() == 1 && t.NumOut() == 0 && t.In(0).Kind() == reflect.Func
}

// zeroArgument is what a careless caller gives: nil, 0, "", but a function that
// can be called.
func zeroArgument(t reflect.Type) reflect.Value {
	if t == reflect.TypeFor[context.Context]() {
		return reflect.ValueOf(context.Background()) // nil is none
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

func TestZeroProgramsDoNotPanic(t *testing.T) {
	for _, h := range allKinds {
		typ := reflect.TypeOf(h)
		for _, v := range []reflect.Value{reflect.New(typ.Elem()), reflect.Zero(typ)} {
			fresh := v.Interface()
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
	if _, err := (*Collection)(nil).AttachAll(); !errors.Is(err, ErrNotLoaded) {
		t.Errorf("a nil collection: %v", err)
	}
}

// zeroes are the zero values and nil pointers of the types that have methods,
// but for kinds of programs (allKinds) and maps (everyClass).
var zeroes = []any{
	new(CollectionSpec), (*CollectionSpec)(nil), new(Collection), (*Collection)(nil),
	new(ProgramSpec[XDP]), (*ProgramSpec[XDP])(nil), new(ProgramSpec[Fentry]), (*ProgramSpec[Freplace])(nil),
	new(MapSpec[*RingBufMap[uint64]]), (*MapSpec[*RingBufMap[uint64]])(nil),
	new(VariableSpec[uint32]), (*VariableSpec[uint32])(nil),
	new(Link), (*Link)(nil), new(UpdatableLink[XDP]), (*UpdatableLink[XDP])(nil), new(Links), (*Links)(nil),
	new(Reader[uint64]), (*Reader[uint64])(nil), new(Switch[uint64, uint32]), (*Switch[uint64, uint32])(nil),
	new(Producer[uint64]), (*Producer[uint64])(nil), new(Reservation[uint64]),
	new(Variable[uint32]), new(Constant[uint32]), new(VariableHandle), new(MapHandle), (*MapHandle)(nil),
	(*Variable[uint32])(nil), (*Constant[uint32])(nil), (*VariableHandle)(nil), new(Objects), (*Objects)(nil),
	new(AttachError), new(LoadError), new(LayoutError), new(ShortRecordError), new(LostSamplesError),
	new(OverwrittenError), new(UnknownEventError), new(Unattached), new(Skipped), new(Cursor), (*Cursor)(nil),
}

func TestZeroValuesDoNotPanic(t *testing.T) {
	for _, v := range zeroes {
		callAll(t, v, func(method string, err error) {
			if err.Error() == "" {
				t.Errorf("%T.%s: an error without words", v, method)
			}
		})
	}
}

// notCalled are the types of which only generated code has values, or whose
// methods no zero value can disturb.
var notCalled = map[string]string{
	"MapCore":  "is a MapHandle as generated code sees it; tested through the classes",
	"MapScan":  "made by MapCore alone",
	"MapShape": "plain data", "MapsScan": "made by MapCore alone", "StacksScan": "made by MapCore alone",
	"Arena": "everyClass", "OpaqueMap": "everyClass",
}

// A new type is in one of the lists.
func TestEveryTypeWithMethodsIsCalled(t *testing.T) {
	if kernel := os.Getenv("BPFGEN_KERNEL"); kernel != "" && kernel != "host" {
		t.Skip("the source is not in virtual machines; the host's run looks at it")
	}
	called := make(map[string]bool)
	for _, h := range allKinds {
		called[typeName(h)] = true
	}
	for _, v := range zeroes {
		called[typeName(v)] = true
	}
	for name := range typesWithMethods(t) {
		if !called[name] && notCalled[name] == "" {
			t.Errorf("no test calls the methods of a zero %s", name)
		}
	}
}

func typeName(v any) string {
	name, _, _ := strings.Cut(reflect.TypeOf(v).Elem().Name(), "[")
	return name
}

// typesWithMethods are the exported types with exported methods on pointers.
func typesWithMethods(t *testing.T) map[string]bool {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.IsExported() {
				if name := pointerReceiver(f); token.IsExported(name) {
					found[name] = true
				}
			}
		}
	}
	if len(found) < 80 {
		t.Errorf("found %d types only", len(found))
	}
	return found
}

// pointerReceiver is the name of the type behind the pointer, "" if it is none.
func pointerReceiver(f *ast.FuncDecl) string {
	star, ok := f.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return ""
	}
	e := star.X
	switch x := e.(type) {
	case *ast.IndexExpr:
		e = x.X
	case *ast.IndexListExpr:
		e = x.X
	}
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
