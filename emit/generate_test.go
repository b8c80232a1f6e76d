package emit

// What the tests of types share: C types built by hand, and generation with
// everything that must always hold: formatted as gofmt does, type-checked with
// the guards for five GOARCHes, every member reachable.

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"sync"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
)

// The scalars of C.
var (
	cU8     = &btfparse.Int{Name: "unsigned char", Bytes: 1}
	cS8     = &btfparse.Int{Name: "signed char", Bytes: 1, Encoding: btfparse.Signed}
	cU16    = &btfparse.Int{Name: "unsigned short", Bytes: 2}
	cU32    = &btfparse.Int{Name: "unsigned int", Bytes: 4}
	cS32    = &btfparse.Int{Name: "int", Bytes: 4, Encoding: btfparse.Signed}
	cU64    = &btfparse.Int{Name: "unsigned long long", Bytes: 8}
	cInt128 = &btfparse.Int{Name: "__int128", Bytes: 16, Encoding: btfparse.Signed}
	cBool   = &btfparse.Int{Name: "_Bool", Bytes: 1, Encoding: btfparse.Bool}
	cChar   = &btfparse.Int{Name: "char", Bytes: 1, Encoding: btfparse.Signed, Char: true}
	cDouble = &btfparse.Float{Name: "double", Bytes: 8}
	cBE32   = &btfparse.Typedef{Name: "__be32", Type: cU32}
)

func pointer(target string) *btfparse.Pointer { return &btfparse.Pointer{Target: target} }

func array(t btfparse.Type, n uint32) *btfparse.Array { return &btfparse.Array{Elem: t, Len: n} }

// at is a member at a byte offset.
func at(off uint32, name string, t btfparse.Type, tags ...string) btfparse.Field {
	return btfparse.Field{Name: name, Type: t, OffsetBits: 8 * off, SizeBits: 8 * t.Size(), Tags: tags}
}

// bits is a bitfield at a bit offset.
func bits(off uint32, name string, t btfparse.Type, n uint32) btfparse.Field {
	return btfparse.Field{Name: name, Type: t, OffsetBits: off, SizeBits: n, Bitfield: true}
}

func structOf(name string, size uint32, fields ...btfparse.Field) *btfparse.Struct {
	return &btfparse.Struct{Name: name, Bytes: size, Fields: fields}
}

func unionOf(name string, size uint32, fields ...btfparse.Field) *btfparse.Struct {
	return &btfparse.Struct{Name: name, Bytes: size, Fields: fields, Union: true}
}

func enumOf(name string, size uint32, signed bool, values ...btfparse.EnumValue) *btfparse.Enum {
	return &btfparse.Enum{Name: name, Bytes: size, Signed: signed, Values: values}
}

// rootsOf makes each type a root of its own.
func rootsOf(all ...btfparse.Type) []root {
	var roots []root
	for _, t := range all {
		roots = append(roots, root{Type: t, Path: btfparse.Path(t.CName())})
	}
	return roots
}

// generated is what came out.
type generated struct {
	*typeSet
	source string
}

// generateTypes generates and checks what must always hold.
func generateTypes(t *testing.T, roots ...root) generated {
	t.Helper()
	return generateWith(t, &Options{Ident: "counter", Package: "counter"}, nil, roots...)
}

func generateWith(t *testing.T, opts *Options, reserved []string, roots ...root) generated {
	t.Helper()
	ts := newTypeSet(nil, roots, opts, reserved)
	g := generated{ts, render(t, ts.decls())}
	if formatted, err := format.Source([]byte(g.source)); err != nil {
		t.Fatalf("%v\n%s", err, numbered([]byte(g.source)))
	} else if string(formatted) != g.source {
		t.Errorf("gofmt would change\n%s\nto\n%s", g.source, formatted)
	}
	for _, goarch := range goarches {
		pkg, errs := typeCheck(t, goarch, g.source)
		for _, err := range errs {
			t.Errorf("%s: %v", goarch, err)
		}
		if goarch == "amd64" && len(errs) == 0 {
			checkReached(t, pkg, ts)
		}
	}
	if t.Failed() {
		t.Logf("generated:\n%s", numbered([]byte(g.source)))
	}
	return g
}

func render(t *testing.T, decls []*typeDecl) string {
	t.Helper()
	var b bytes.Buffer
	if err := renderTypes(&b, fileHeader{Package: "counter"}, decls); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// want demands lines of the generated source, with single spaces between words.
func (g generated) want(t *testing.T, lines ...string) {
	t.Helper()
	have := make(map[string]bool)
	for _, l := range strings.Split(g.source, "\n") {
		have[strings.Join(strings.Fields(l), " ")] = true
	}
	for _, l := range lines {
		if !have[l] {
			t.Errorf("the generated source has no line\n\t%s\nbut is\n%s", l, g.source)
		}
	}
}

// wantWarnings demands all warnings, each by a part of it.
func (g generated) wantWarnings(t *testing.T, parts ...string) {
	t.Helper()
	var texts []string
	for _, w := range g.warnings {
		texts = append(texts, w.String())
	}
	if len(texts) != len(parts) {
		t.Errorf("%d warnings, want %d:\n%s", len(texts), len(parts), strings.Join(texts, "\n"))
		return
	}
	for _, p := range parts {
		if !strings.Contains(strings.Join(texts, "\n"), p) {
			t.Errorf("no warning has %q:\n%s", p, strings.Join(texts, "\n"))
		}
	}
}

// goarches are one of each: word size, alignment of 8-byte integers, byte order.
var goarches = []string{"amd64", "386", "arm", "arm64", "s390x"}

// packages are what generated code imports, type-checked once from source.
var packages = sync.OnceValues(func() (map[string]*types.Package, error) {
	fset := token.NewFileSet()
	std := importer.ForCompiler(fset, "source", nil)
	all := make(map[string]*types.Package)
	for _, path := range []string{"strconv", "structs", "unsafe"} {
		pkg, err := std.Import(path)
		if err != nil {
			return nil, err
		}
		all[path] = pkg
	}
	var err error
	all[ctypesPath], err = std.(types.ImporterFrom).ImportFrom(ctypesPath, ".", 0)
	return all, err
})

// imports is an importer of those packages.
type imports map[string]*types.Package

func (i imports) Import(path string) (*types.Package, error) {
	if pkg := i[path]; pkg != nil {
		return pkg, nil
	}
	return nil, fmt.Errorf("generated code imports %s", path)
}

// typeCheck compiles source for a GOARCH, as far as errors go.
func typeCheck(t *testing.T, goarch, source string) (*types.Package, []error) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "types.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return typeCheckFile(t, goarch, fset, file, false)
}

// typeCheckFile may leave out the bodies of functions, which are the same for
// all GOARCHes.
func typeCheckFile(t *testing.T, goarch string, fset *token.FileSet, file *ast.File, noBodies bool) (*types.Package, []error) {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	var errs []error
	conf := types.Config{
		Importer:         imports(all),
		Sizes:            types.SizesFor("gc", goarch),
		IgnoreFuncBodies: noBodies,
		Error:            func(err error) { errs = append(errs, err) },
	}
	pkg, _ := conf.Check("counter", fset, []*ast.File{file}, nil)
	return pkg, errs
}

// checkReached compares the members of C, counted here, with what the plan
// says of them, and that with the fields and methods of the type-checked
// package.
func checkReached(t *testing.T, pkg *types.Package, ts *typeSet) {
	t.Helper()
	decls := make(map[string]*typeDecl)
	for _, d := range ts.decls() {
		decls[d.name] = d
	}
	for _, n := range ts.nodes {
		c, ok := n.typ.(*btfparse.Struct)
		if !ok {
			continue
		}
		members := decls[n.name].members()
		if want := countMembers(c); len(members) != want {
			t.Errorf("%s has %d members in C, %d in the plan", n.cKey(), want, len(members))
		}
		object := pkg.Scope().Lookup(n.name)
		if object == nil {
			t.Errorf("%s is not declared", n.name)
			continue
		}
		for _, m := range members {
			if m.how == byDoc || m.how == byWarning {
				continue
			}
			if o, _, _ := types.LookupFieldOrMethod(object.Type(), true, pkg, m.goName); o == nil || !o.Exported() {
				t.Errorf("member %s of %s is not reached by %s.%s", m.cName, n.cKey(), n.name, m.goName)
			}
		}
	}
}

// countMembers counts named members as C scopes them.
func countMembers(c *btfparse.Struct) int {
	n := 0
	for _, f := range c.Fields {
		if f.Name != "" {
			n++
		} else if inner, ok := f.Type.(*btfparse.Struct); ok {
			n += countMembers(inner)
		}
	}
	return n
}
