package golden

// What cilium/ebpf's bpf2go makes of an object is part of what -bpf2go makes of
// it: names, kinds, types, fields with their offsets and tags, constants. The
// oracle is the library's own generator.

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/cmd/bpf2go/gen"

	"github.com/bpfgen/bpfgen/emit"
)

// TestBpf2goIsPartOfOurs compares over the corpus and all golden objects.
func TestBpf2goIsPartOfOurs(t *testing.T) {
	compared, identifiers := 0, 0
	for _, o := range corpusAndCases(t) {
		theirs, err := bpf2goOutput(o.content, nil)
		if err != nil {
			continue // bpf2go refuses it
		}
		want, err := checkFile(theirs, o.goarch())
		if err != nil {
			continue // bpf2go's does not compile
		}
		compareNamed(t, o)
		for _, packed := range []emit.Packed{emit.PackedKeep, emit.PackedFix} {
			files, _, err := o.emit(emit.Options{Package: "object", Ident: "Object", Bpf2go: true, Packed: packed})
			if err != nil {
				t.Errorf("%s: %v", o.name, err)
				continue
			}
			got, err := checkFile(files[0].Content, o.goarch())
			if err != nil {
				t.Errorf("%s, -packed %s: ours does not compile: %v", o.name, packed, err)
				continue
			}
			if packed == emit.PackedKeep {
				compared++
				identifiers += len(want.Scope().Names())
				comparePackages(t, o.name, want, got)
			}
		}
	}
	t.Logf("%d objects compared, %d identifiers", compared, identifiers)
	if compared < 100 {
		t.Errorf("only %d objects were compared", compared)
	}
}

// corpusAndCases are the objects of the corpus and of all golden cases.
func corpusAndCases(t *testing.T) []corpusObject {
	t.Helper()
	objects := slices.Clone(corpus(t))
	for _, c := range findCases(t) {
		targets, refused, err := c.objects()
		if err != nil || refused != nil {
			continue
		}
		for _, target := range targets {
			content, err := os.ReadFile(filepath.Join(c.dir, target.ObjectFile))
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, corpusObject{"golden/" + c.name + "/" + target.Name, content})
		}
	}
	return objects
}

// TestTypedOverBpf2go adds the typed API to bpf2go's of every object: bpf2go's
// file is the same with and without, and both are one package that compiles.
func TestTypedOverBpf2go(t *testing.T) {
	loaders := map[string]*loader{"amd64": newLoader(t, "amd64"), "s390x": newLoader(t, "s390x"), "386": newLoader(t, "386")}
	checked := 0
	for _, o := range corpusAndCases(t) {
		opts := emit.Options{Package: "object", Ident: "Object", Bpf2go: true, Packed: emit.PackedFix}
		alone, _, err := o.emit(opts)
		if err != nil {
			continue // what is wrong with it is wrong without the typed API, too
		}
		opts.Typed = true
		files, _, err := o.emit(opts)
		if err != nil {
			t.Errorf("%s: %v", o.name, err)
			continue
		}
		if len(files) != 2 || !bytes.Equal(files[0].Content, alone[0].Content) {
			t.Errorf("%s: bpf2go's file is another one with -typed", o.name)
		}
		if source, err := format.Source(files[1].Content); err != nil || !bytes.Equal(source, files[1].Content) {
			t.Errorf("%s: not as gofmt has it (%v)", o.name, err)
		}
		dir := filepath.Join(t.TempDir(), "object")
		writePackage(t, dir, append(files, emit.File{Name: "object.o"}))
		goarchs := []string{o.goarch()}
		if o.goarch() == "amd64" {
			goarchs = append(goarchs, "386")
		}
		for _, goarch := range goarchs {
			if _, err := loaders[goarch].load(dir); err != nil {
				t.Errorf("%s for %s: %v", o.name, goarch, err)
			}
		}
		checked++
	}
	t.Logf("%d objects", checked)
	if checked < 250 {
		t.Errorf("only %d objects were checked", checked)
	}
}

// mostNamed is how many types an object may have for all of them to be named.
const mostNamed = 300

// compareNamed compares what -type gives for all types that bpf2go can name, with
// -no-global-types.
func compareNamed(t *testing.T, o corpusObject) {
	t.Helper()
	names := namedTypes(o.content)
	if len(names) == 0 || len(names) > mostNamed {
		return
	}
	theirs, err := bpf2goOutput(o.content, names)
	if err != nil {
		t.Errorf("%s: bpf2go -type of %d types: %v", o.name, len(names), err)
		return
	}
	want, err := checkFile(theirs, o.goarch())
	if err != nil {
		return // bpf2go's does not compile
	}
	files, _, err := o.emit(emit.Options{Package: "object", Ident: "Object", Bpf2go: true, Packed: emit.PackedKeep, Types: names, NoGlobalTypes: true})
	if err != nil {
		t.Errorf("%s -type: %v", o.name, err)
		return
	}
	got, err := checkFile(files[0].Content, o.goarch())
	if err != nil {
		t.Errorf("%s -type: ours does not compile: %v", o.name, err)
		return
	}
	comparePackages(t, o.name, want, got)
}

// namedTypes are the names of structs, unions and enums that -type of bpf2go takes
// in an object, of those that would be one in Go the first.
func namedTypes(object []byte) []string {
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil || spec.Types == nil {
		return nil
	}
	var names []string
	taken := make(map[string]bool)
	for typ, err := range spec.Types.All() {
		if err != nil {
			return nil
		}
		switch btf.UnderlyingType(typ).(type) {
		case *btf.Struct, *btf.Union, *btf.Enum:
		default:
			continue // members of a scalar's typedef are plain numbers here
		}
		name := typ.TypeName()
		if name == "" || taken[emitName(name)] || strings.Contains(name, "___") {
			continue
		}
		if _, err := bpf2goOutput(object, []string{name}); err == nil {
			names = append(names, name)
			taken[emitName(name)] = true
		}
	}
	slices.Sort(names)
	return names
}

// emitName is a name as Go has it, roughly: what differs in it differs in Go.
func emitName(c string) string { return strings.ToLower(strings.ReplaceAll(c, "_", "")) }

// bpf2goOutput is what bpf2go writes for an object (cmd/bpf2go/main.go), with
// these types alone if there are some.
// Its panics (variables without BTF, unions without members) are errors.
func bpf2goOutput(object []byte, named []string) (content []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil {
		return nil, err
	}
	args := gen.GenerateArgs{Package: "object", Stem: "Object", ObjectFile: "object.o", Types: gen.CollectGlobalTypes(spec)}
	if named != nil {
		args.Types = nil
	}
	for _, name := range named {
		typ, err := spec.Types.AnyTypeByName(name)
		if err != nil {
			return nil, err
		}
		args.Types = append(args.Types, typ)
	}
	for name := range spec.Maps {
		if !strings.HasPrefix(name, ".") {
			args.Maps = append(args.Maps, name)
		}
	}
	for name := range spec.Variables {
		args.Variables = append(args.Variables, name)
	}
	for name := range spec.Programs {
		args.Programs = append(args.Programs, name)
	}
	if named == nil && ambiguous(args.Types, spec) {
		return nil, errors.New("bpf2go takes any of several types of one name")
	}
	var out bytes.Buffer
	args.Output = &out
	err = gen.Generate(args)
	return out.Bytes(), err
}

// ambiguous says whether bpf2go's choice of a type depends on the order of a Go
// map.
func ambiguous(chosen []btf.Type, spec *ebpf.CollectionSpec) bool {
	again := gen.CollectGlobalTypes(spec)
	for range 8 {
		if !slices.Equal(chosen, again) {
			return true
		}
		again = gen.CollectGlobalTypes(spec)
	}
	return false
}

var checkMu sync.Mutex

// stub is as much of package ebpf as bpf2go's files speak of.
const stub = `package ebpf
import "io"
type CollectionSpec struct{}
func (*CollectionSpec) LoadAndAssign(any, *CollectionOptions) error { return nil }
type CollectionOptions struct{}
type ProgramSpec struct{}
type MapSpec struct{}
type VariableSpec struct{}
type Program struct{}
func (*Program) Close() error { return nil }
type Map struct{}
func (*Map) Close() error { return nil }
type Variable struct{}
func LoadCollectionSpecFromReader(io.ReaderAt) (*CollectionSpec, error) { return nil, nil }
`

var standard = importer.ForCompiler(token.NewFileSet(), "source", nil)

type stubImporter struct{}

func (stubImporter) Import(path string) (*types.Package, error) {
	if path == "github.com/cilium/ebpf" {
		return stubOnce()
	}
	return standard.Import(path)
}

var stubOnce = sync.OnceValues(func() (*types.Package, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "ebpf.go", stub, 0)
	if err != nil {
		return nil, err
	}
	return (&types.Config{Importer: standard}).Check("github.com/cilium/ebpf", fset, []*ast.File{f}, nil)
})

// checkFile type-checks a file of bpf2go's form.
func checkFile(source []byte, goarch string) (*types.Package, error) {
	checkMu.Lock()
	defer checkMu.Unlock()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "object.go", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return (&types.Config{Importer: stubImporter{}, Sizes: types.SizesFor("gc", goarch)}).Check("object", fset, []*ast.File{f}, nil)
}

func comparePackages(t *testing.T, name string, want, got *types.Package) {
	t.Helper()
	for _, id := range want.Scope().Names() {
		w, g := want.Scope().Lookup(id), got.Scope().Lookup(id)
		if g == nil {
			t.Errorf("%s: %s is missing", name, id)
			continue
		}
		diff := objectDiff(w, g)
		switch _, isType := w.(*types.TypeName); {
		case diff == "":
		case isType && longer(w.Type()):
			t.Logf("%s: bpf2go's %s is longer than C's; %s", name, id, diff)
		default:
			t.Errorf("%s: %s: %s", name, id, diff)
		}
	}
	for _, id := range got.Scope().Names() {
		if want.Scope().Lookup(id) == nil {
			t.Errorf("%s: %s is declared, and not by bpf2go", name, id)
		}
	}
}

// longer says whether Go makes a struct, or one that is written out or named in
// it, longer than C's: the last field has no size, so that Go adds padding behind
// it (cmd/compile/internal/types, CalcSize).
func longer(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Array:
		return longer(u.Elem())
	case *types.Struct:
		sizes, n := types.SizesFor("gc", "amd64"), u.NumFields()
		if n > 1 && sizes.Sizeof(u) > 0 && sizes.Sizeof(u.Field(n-1).Type()) == 0 {
			return true
		}
		for f := range u.Fields() {
			if longer(f.Type()) {
				return true
			}
		}
	}
	return false
}

// blank are fields that nobody can name: two neighbours may be one.
var blank = regexp.MustCompile(`_ \[\d+\](byte|uint8)( "[^"]*")?; |; _ \[\d+\](byte|uint8)`)

func objectDiff(w, g types.Object) string {
	own := func(p *types.Package) string {
		if p.Path() == "object" {
			return ""
		}
		return p.Name()
	}
	text := func(typ types.Type) string {
		s := types.TypeString(typ, own)
		return blank.ReplaceAllString(s, "")
	}
	if fmt.Sprintf("%T", w) != fmt.Sprintf("%T", g) {
		return fmt.Sprintf("is %v, want %v", g, w)
	}
	if a, b := text(w.Type()), text(g.Type()); a != b {
		return fmt.Sprintf("is %s, want %s", b, a)
	}
	if a, b := text(w.Type().Underlying()), text(g.Type().Underlying()); a != b {
		return fmt.Sprintf("is %s, want %s", b, a)
	}
	if c, ok := w.(*types.Const); ok && !constant.Compare(c.Val(), token.EQL, g.(*types.Const).Val()) {
		return fmt.Sprintf("is %v, want %v", g.(*types.Const).Val(), c.Val())
	}
	if _, ok := w.(*types.TypeName); ok {
		for _, goarch := range []string{"amd64", "arm64", "s390x"} {
			if diff := offsetsDiff(w.Type(), g.Type(), types.SizesFor("gc", goarch)); diff != "" {
				return "on " + goarch + " " + diff
			}
		}
		if n := types.NewMethodSet(types.NewPointer(g.Type())).Len(); n != types.NewMethodSet(types.NewPointer(w.Type())).Len() {
			return fmt.Sprintf("has %d methods", n)
		}
	}
	return ""
}

// offsetsDiff compares the places of fields that have names.
func offsetsDiff(w, g types.Type, sizes types.Sizes) string {
	ws, ok := w.Underlying().(*types.Struct)
	if !ok {
		return ""
	}
	places := func(s *types.Struct) map[string]int64 {
		fields := make([]*types.Var, s.NumFields())
		for i := range fields {
			fields[i] = s.Field(i)
		}
		at := make(map[string]int64)
		for i, off := range sizes.Offsetsof(fields) {
			if fields[i].Name() != "_" {
				at[fields[i].Name()] = off
			}
		}
		return at
	}
	have := places(g.Underlying().(*types.Struct))
	for field, off := range places(ws) {
		if have[field] != off {
			return fmt.Sprintf("%s is at %d, want %d", field, have[field], off)
		}
	}
	if a, b := sizes.Sizeof(w), sizes.Sizeof(g); a != b {
		return fmt.Sprintf("has %d bytes, want %d", b, a)
	}
	return ""
}
