package emit

// What the tests of types share: C types built by hand, and generation with
// everything that must always hold: formatted as gofmt does, type-checked with
// the guards for five GOARCHes, every member reachable.

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/emit/internal/print"
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
	*names
	types    *typeSet
	plan     *plan.Plan
	warnings []btfparse.Diagnostic
	source   string
}

// generateTypes generates and checks what must always hold.
func generateTypes(t *testing.T, roots ...root) generated {
	t.Helper()
	return generateWith(t, &Options{Ident: "counter", Package: "counter"}, roots...)
}

// planTypes decides on the types of roots, each of which is on all targets.
func planTypes(opts *Options, targets int, roots ...root) generated {
	only := *opts
	only.TypesOnly = true
	all := make([]Target, targets)
	for i := range all {
		all[i] = Target{Name: string(rune('a' + i)), Object: &btfparse.Object{}}
	}
	w := want(all, &only)
	for _, r := range roots {
		w.root(&r)
	}
	types := w.typedTypes()
	g := generated{names: name(w, types, nil), types: types}
	if w.err() == nil {
		g.plan = build(w, types, g.names)
	}
	g.warnings = w.allWarnings()
	for i := range g.warnings {
		g.warnings[i].File = ""
	}
	return g
}

func generateWith(t *testing.T, opts *Options, roots ...root) generated {
	t.Helper()
	g := planTypes(opts, 1, roots...)
	if err := g.err(); err != nil {
		t.Fatal(err)
	}
	g.source = render(t, g.plan)
	if formatted, err := format.Source([]byte(g.source)); err != nil {
		t.Fatalf("%v\n%s", err, numbered(g.source))
	} else if string(formatted) != g.source {
		t.Errorf("gofmt would change\n%s\nto\n%s", g.source, formatted)
	}
	for _, goarch := range goarches {
		pkg, errs := typeCheck(t, goarch, g.source)
		for _, err := range errs {
			t.Errorf("%s: %v", goarch, err)
		}
		if goarch == "amd64" && len(errs) == 0 {
			checkReached(t, pkg, g)
		}
	}
	if t.Failed() {
		t.Logf("generated:\n%s", numbered(g.source))
	}
	return g
}

// numbered is source text with line numbers.
func numbered(src string) string {
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimRight(src, "\n"), "\n") {
		fmt.Fprintf(&b, "%4d  %s\n", i+1, line)
	}
	return b.String()
}

// render prints the types that all targets share.
func render(t *testing.T, p *plan.Plan) string {
	t.Helper()
	files, err := print.Files(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(files[0].Content)
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

// packages is an importer of what generated types import, by the export data
// that the go command has of it.
var packages = sync.OnceValues(func() (types.Importer, error) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}", "strconv", "structs", ctypesPath).Output()
	if err != nil {
		return nil, err
	}
	exports := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	all := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("generated code imports %s", path)
		}
		return os.Open(exports[path])
	})
	return all, nil
})

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
		Importer:         all,
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
func checkReached(t *testing.T, pkg *types.Package, g generated) {
	t.Helper()
	decls := make(map[string]*plan.Decl)
	for _, d := range g.plan.Types {
		decls[d.Name] = d
	}
	for _, v := range g.types.variants {
		c, ok := v.typ.(*btfparse.Struct)
		if !ok {
			continue
		}
		members := decls[v.of.name].Members
		if want := countMembers(c); len(members) != want {
			t.Errorf("%s has %d members in C, %d in the plan", v.cKey(), want, len(members))
		}
		object := pkg.Scope().Lookup(v.of.name)
		if object == nil {
			t.Errorf("%s is not declared", v.of.name)
			continue
		}
		for _, m := range members {
			if m.Reach == plan.ByDoc || m.Reach == plan.ByWarning {
				continue
			}
			if o, _, _ := types.LookupFieldOrMethod(object.Type(), true, pkg, m.Name); o == nil || !o.Exported() {
				t.Errorf("member %s of %s is not reached by %s.%s", m.C, v.cKey(), v.of.name, m.Name)
			}
		}
	}
}

// countMembers counts named members as C scopes them. A member without bytes at
// the end of the struct that holds a flexible array stands for its own members.
func countMembers(c *btfparse.Struct) int { return countMembersIn(c, 0, c.Bytes) }

func countMembersIn(c *btfparse.Struct, start, size uint32) int {
	n := 0
	for _, f := range c.Fields {
		inner, ok := btfparse.Underlying(f.Type).(*btfparse.Struct)
		at := start + uint32(f.OffsetBits/8)
		switch {
		case f.Name == "" && ok, ok && inner.Bytes == 0 && at == size && holdsFlexible(inner):
			n += countMembersIn(inner, at, size)
		case f.Name != "":
			n++
		}
	}
	return n
}

// holdsFlexible says whether a struct or union without bytes has an array of no
// elements in it.
func holdsFlexible(c *btfparse.Struct) bool {
	return slices.ContainsFunc(c.Fields, func(f btfparse.Field) bool {
		switch t := btfparse.Underlying(f.Type).(type) {
		case *btfparse.Array:
			return t.Elem.Size() > 0
		case *btfparse.Struct:
			return holdsFlexible(t)
		}
		return false
	})
}
