package emit

// -bind: Go types of the user that stand for C types. bindmatch.go proves that
// they can.

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/internal/goshape"
	wording "github.com/bpfgen/bpfgen/internal/words"
)

// BoundType is a Go type of the user.
type BoundType struct {
	// Path is the import path, "" for the package that is generated. Package is
	// the package's name.
	Path, Package string
	// Name of the type.
	Name string
	// Shapes are its layouts by GOARCH, for all of those of the targets.
	Shapes map[string]*goshape.Shape
}

// spelled is the type in messages: "flows.Key".
func (b *BoundType) spelled() string {
	if b.Path == "" {
		return b.Name
	}
	return b.Package + "." + b.Name
}

// binding is a bound type with what it was proved to be.
type binding struct {
	*BoundType
	// c is what the user calls the C type.
	c    string
	base goBase
	used bool
}

// bindings are those of a run.
type bindings struct {
	byName map[string]*binding
}

// bind reads what the user wants, and proves each against the C types of that
// name, on every target.
func (w *wanted) bind() *bindings {
	b := &bindings{byName: make(map[string]*binding)}
	pkgs := packagePaths(w.opts.Binds, typedRuntime())
	for _, c := range slices.Sorted(maps.Keys(w.opts.Binds)) {
		one := &binding{BoundType: w.opts.Binds[c], c: c}
		w.prove(one, pkgs)
		b.byName[c] = one
	}
	return b
}

// prove compares a type with C's on all targets that have it.
func (w *wanted) prove(b *binding, pkgs map[string]string) {
	found := false
	for i := range w.targets {
		for _, t := range w.boundTypes(i, b.c) {
			found = true
			b.base = goBase{typ: plan.GoType{Pkg: pkgs[b.Path], Name: b.Name}, size: t.Size(), align: b.align(), bound: true}
			for _, problem := range w.mismatches(i, t, b) {
				w.fail([]int{i}, "-bind %s=%s: %s", b.c, b.spelled(), problem)
			}
			w.lacking(i, t, b)
		}
	}
	if !found {
		w.fail(w.everywhere(), "-bind %s: no such type in the BTF%s", b.c, cmp.Or(similarScalar(b.c), w.similarType(b.c, w.everywhere()...)))
	}
}

// lacking warns of enumerators that the Go type has no constant for.
func (w *wanted) lacking(target int, t btfparse.Type, b *binding) {
	e, ok := btfparse.Underlying(t).(*btfparse.Enum)
	arches := slices.Sorted(maps.Keys(b.Shapes))
	if !ok || len(arches) == 0 {
		return
	}
	if names := lackingValues(e, b.Shapes[arches[0]]); len(names) > 0 {
		w.warn([]int{target}, btfparse.Diagnostic{Path: btfparse.Path(b.c), What: fmt.Sprintf("%s, which -bind gives it, has no constant for %s", b.spelled(), wording.Some(names, 4)), Remedy: "declare it beside the type"})
	}
}

// boundTypes are the types of a target that a name of -bind means.
func (w *wanted) boundTypes(target int, name string) []btfparse.Type {
	if found := w.named(target, name); len(found) > 0 {
		return found
	}
	if t := plainType(name); t != nil && t.CName() == name {
		return []btfparse.Type{t}
	}
	return nil
}

// mismatches are what is wrong on a target, each once, with the architectures
// where it is if not everywhere.
func (w *wanted) mismatches(target int, t btfparse.Type, b *binding) []string {
	arches := w.targets[target].GOARCH
	if len(arches) == 0 {
		arches = slices.Sorted(maps.Keys(b.Shapes))
	}
	on := make(map[string][]string)
	var texts []string
	for _, arch := range arches {
		shape := b.Shapes[arch]
		if shape == nil {
			shape = &goshape.Shape{Name: b.spelled()} // nobody looked: it fits nothing
		}
		for _, text := range mismatches(t, shape) {
			if on[text] == nil {
				texts = append(texts, text)
			}
			on[text] = append(on[text], arch)
		}
	}
	for i, text := range texts {
		if len(on[text]) < len(arches) {
			texts[i] += " (GOARCH " + strings.Join(on[text], ", ") + ")"
		}
	}
	return texts
}

// align is the strictest alignment of all architectures.
func (b *BoundType) align() uint32 {
	align := uint32(1)
	for _, s := range b.Shapes {
		align = max(align, uint32(s.Align))
	}
	return align
}

// integer says whether the type is an integer on all architectures.
func (b *BoundType) integer() bool {
	for _, s := range b.Shapes {
		if s.Kind != goshape.Unsigned && s.Kind != goshape.Signed {
			return false
		}
	}
	return true
}

// unused warns of bindings that nothing needs.
func (w *wanted) unused() {
	for _, c := range slices.Sorted(maps.Keys(w.binds.byName)) {
		if b := w.binds.byName[c]; !b.used {
			w.warn(w.everywhere(), btfparse.Diagnostic{Path: btfparse.Path(c), What: "-bind has no effect: no map, variable or type that is declared uses it", Remedy: "leave it out"})
		}
	}
}

// find is the binding of a C type, by the names that it goes by, those that tell
// most first.
func (b *bindings) find(t btfparse.Type) *binding {
	if b == nil || len(b.byName) == 0 {
		return nil
	}
	names := []string{t.CName()}
	switch t.(type) {
	case *btfparse.Struct, *btfparse.Enum:
		if bare := btfparse.BareName(t); bare != "" {
			names = []string{t.CName() + structureHash(t), t.CName(), bare}
		}
	case *btfparse.Array, *btfparse.Pointer, *btfparse.Opaque:
		return nil
	}
	for _, name := range names {
		if one := b.byName[name]; one != nil {
			return one
		}
	}
	return nil
}

// bound is the user's type for a C type, where there is one. A bitfield has it if
// its accessors can convert what they shift: from an integer.
func (ts *typeSet) bound(t btfparse.Type, use typeUse) (typeRef, bool) {
	b := ts.binds.find(t)
	bitfield := use.member != nil && use.member.field.Bitfield
	if b == nil || bitfield && !b.integer() || b.base.size != t.Size() { // of which want complained
		return typeRef{}, false
	}
	b.used = true
	return typeRef{base: b.base}, true
}

// boundDecls are the guards of bound types that are used.
func (b *bindings) decls() []*plan.Decl {
	var decls []*plan.Decl
	for _, c := range slices.Sorted(maps.Keys(b.byName)) {
		one := b.byName[c]
		same := func(d *plan.Decl) bool { return d.Pkg == one.base.typ.Pkg && d.Name == one.Name }
		if one.used && !slices.ContainsFunc(decls, same) {
			decls = append(decls, one.decl())
		}
	}
	return decls
}

// decl is the guard of one: its size, and the fields that the package can name.
func (b *binding) decl() *plan.Decl {
	d := &plan.Decl{Name: b.Name, Pkg: b.base.typ.Pkg, Borrowed: true, C: b.c, Size: b.base.size}
	arches := slices.Sorted(maps.Keys(b.Shapes))
	first := b.Shapes[arches[0]]
	if first.Kind != goshape.Struct {
		d.Base = &b.base.typ
	}
	for i, f := range first.Fields {
		everywhere := func(arch string) bool {
			fields := b.Shapes[arch].Fields
			return i < len(fields) && fields[i].Name == f.Name && fields[i].Offset == f.Offset && fields[i].Type.Size == f.Type.Size
		}
		named := f.Name != "_" && (f.Exported || b.Path == "")
		if named && !slices.ContainsFunc(arches, func(arch string) bool { return !everywhere(arch) }) {
			d.Fields = append(d.Fields, plan.Field{Name: f.Name, Offset: uint32(f.Offset), Size: uint32(f.Type.Size)})
		}
	}
	return d
}

// takenPackageNames are names in generated files that an import must not hide:
// packages, parameters and variables.
var takenPackageNames = setOf("typed", "ctypes", "tc", "ebpf", "bytes", "io", "iter", "unsafe", "syscall", "strconv", "netip", "structs", "fmt", "embed", "layout",
	"key", "value", "keys", "values", "m", "s", "v", "b", "c", "p", "r", "i", "n", "err", "ok", "spec", "opts", "options", "ctx", "flags", "prog", "program", "inner", "fd",
	"cookie", "index", "old", "next", "cpu", "cpus", "events", "event", "reader", "producer", "prefix", "bits", "rest", "object", "target", "sock", "pid", "cgroup", "data",
	"name", "stack", "path", "id", "yield", "all", "size", "bound")

// packagePaths is how the plan writes import paths: with a name in front where
// the last element of the path is not the name, or another has that.
func packagePaths(binds map[string]*BoundType, runtime plan.Runtime) map[string]string {
	names := make(map[string]string)
	paths := map[string]string{"": ""}
	for _, own := range runtime.Packages() {
		names[own], paths[own] = plan.PackageName(own), own
	}
	taken := maps.Clone(takenPackageNames)
	for _, c := range slices.Sorted(maps.Keys(binds)) {
		b := binds[c]
		if _, ok := paths[b.Path]; ok {
			continue
		}
		name := b.Package
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s%d", b.Package, n)
		}
		taken[name], names[b.Path] = true, name
		paths[b.Path] = plan.PackageAs(name, b.Path)
	}
	return paths
}
