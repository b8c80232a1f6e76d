package emit

// bpf2go's flavour: the API and the types that cilium/ebpf's bpf2go v0.22 emits,
// name for name (cmd/bpf2go/gen, btf/format.go), in one file a target that needs
// nothing of ours. What bpf2go refuses is done right, and where Go would lay a
// type out otherwise than C, it is not done in silence.

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// Packed says what becomes of structs that Go would lay out otherwise than C if
// they had the fields that bpf2go gives them.
type Packed string

const (
	// PackedRefuse makes them an error.
	PackedRefuse Packed = ""
	// PackedFix makes the fields that stand wrong byte arrays.
	PackedFix Packed = "fix"
	// PackedKeep leaves them as bpf2go has them.
	PackedKeep Packed = "keep"
)

// bpf2goPlan decides on the files of all targets, each by itself.
func bpf2goPlan(targets []Target, opts *Options) (*Plan, error) {
	report := newReport(targets, false)
	var api *wanted
	if opts.Typed {
		api = wantTyped(targets, opts)
		report = api.report
	}
	p := &plan.Plan{Package: opts.Package, Stem: opts.Stem, Suffix: opts.Suffix}
	var all []*bpf2go
	for i, t := range targets {
		b := &bpf2go{
			report: report, on: []int{i}, opts: opts, obj: t.Object,
			decls: make(map[btfparse.Type]*bpf2goType), built: make(map[builtStruct]*structBuilder),
		}
		all = append(all, b)
		p.Bpf2go = append(p.Bpf2go, b.file(t))
	}
	if opts.Typed {
		addTyped(api, all, p.Bpf2go)
	}
	if err := report.err(); err != nil {
		return nil, err
	}
	return &Plan{Warnings: report.allWarnings(), plan: p}, nil
}

// bpf2go decides on one target.
type bpf2go struct {
	*report
	on   []int
	opts *Options
	obj  *btfparse.Object
	// roots are the types that are declared, decls which of them stands for a
	// type.
	roots []*bpf2goType
	decls map[btfparse.Type]*bpf2goType
	// built are the structs that have been laid out, in what kind of type scope
	// says.
	built map[builtStruct]*structBuilder
	scope typeScope
}

// builtStruct is a struct as it is written out in some kind of types: which types
// have names there differs.
type builtStruct struct {
	typ   *btfparse.Struct
	scope typeScope
}

// typeScope says which types have names in the type that is being declared.
type typeScope int

const (
	// ofMaps are types of keys, values and -type, which call each other by name.
	ofMaps typeScope = iota
	// ofVariable are types of variables. The library has a copy of all types for
	// each variable (elf_reader.go), of which bpf2go knows no names.
	ofVariable
	// besideBpf2go are types that the typed API needs besides.
	besideBpf2go
	// ofMember are types of members that have no field.
	ofMember
)

// bpf2goType is a type that is declared.
type bpf2goType struct {
	typ  btfparse.Type
	name string
	path btfparse.Path
	decl *plan.Decl
	// size and align of the Go type, with 64-bit integers aligned to 8 bytes.
	size, align uint64
	scope       typeScope
}

func (b *bpf2go) file(t Target) *plan.Bpf2go {
	f := &plan.Bpf2go{Target: t.Name, Constraint: b.opts.constraint(t.GOARCH), ObjectFile: t.ObjectFile, Ident: b.opts.Ident}
	b.collect()
	for _, r := range b.roots {
		b.declare(r)
		f.Types = append(f.Types, r.decl)
	}
	slices.SortFunc(f.Types, func(x, y *plan.Decl) int { return cmp.Compare(x.Name, y.Name) })
	b.nameConstants(f.Types)
	for _, m := range b.obj.Maps {
		f.Maps = append(f.Maps, plan.Named{C: m.Name})
	}
	for _, p := range b.obj.Programs {
		f.Programs = append(f.Programs, plan.Named{C: p.Name})
	}
	for _, v := range b.obj.Variables {
		if b.hasVariable(v) {
			f.Variables = append(f.Variables, plan.Named{C: v.Name})
		}
	}
	b.nameAll("map", f.Maps)
	b.nameAll("program", f.Programs)
	b.nameAll("variable", f.Variables)
	b.mustBeNames(f)
	return f
}

// mustBeNames refuses what other languages than C call so that bpf2go's names are
// none in Go: a::b. bpf2go's own source does not format then.
func (b *bpf2go) mustBeNames(f *plan.Bpf2go) {
	must := func(c, name string) {
		if !token.IsIdentifier(name) {
			b.fail(b.on, "%s: -bpf2go calls it %s, which is no name in Go; without -bpf2go it has one", c, name)
		}
	}
	for _, all := range [][]plan.Named{f.Maps, f.Programs, f.Variables} {
		for _, n := range all {
			must(n.C, n.Go)
		}
	}
	var fields func(c string, all []plan.Field)
	fields = func(c string, all []plan.Field) {
		for _, field := range all {
			must(c, field.Name)
			fields(c, field.Type.Fields)
		}
	}
	for _, d := range f.Types {
		must(d.C, d.Name)
		fields(d.C, d.Fields)
		if d.Enum != nil {
			for _, v := range d.Enum.Consts {
				must(d.C, v.Name)
			}
		}
	}
}

// hasVariable says whether the library's spec has the variable, and bpf2go with
// it: globals of .data*, .rodata* and .bss (elf_reader.go, v0.22).
func (b *bpf2go) hasVariable(v *btfparse.Variable) bool {
	if v.Static || v.Kind != btfparse.VarData && v.Kind != btfparse.VarConst {
		return false
	}
	return !strings.HasPrefix(v.Section, ".bss.")
}

// nameAll gives maps, programs or variables their names. bpf2go would write two
// of one name, which does not compile; here the second keeps C's spelling.
func (b *bpf2go) nameAll(what string, all []plan.Named) {
	slices.SortFunc(all, func(x, y plan.Named) int { return cmp.Compare(x.C, y.C) })
	taken := make(map[string]string)
	for i := range all {
		n := &all[i]
		n.Go = bpf2goIdentifier(n.C)
		if other, ok := taken[n.Go]; ok {
			b.warn(b.on, btfparse.Diagnostic{
				Path: btfparse.Path(what + " " + n.C),
				What: fmt.Sprintf("is %s in Go: %s would also be %s %s", unlike(taken, n.C), n.Go, what, other), InC: "rename one of them",
			})
			n.Go = unlike(taken, n.C)
		}
		taken[n.Go] = n.C
	}
}

// unlike is the exact spelling of a C name, with as many underscores behind it
// as it takes to be new.
func unlike(taken map[string]string, c string) string {
	name := exactIdentifier(c)
	for taken[name] != "" {
		name += "_"
	}
	return name
}

// bpf2goIdentifier is the library's internal.Identifier: camel case as ours,
// without the X in front of what is not exported.
func bpf2goIdentifier(c string) string {
	if name := camel(c); name != "" {
		return name
	}
	return exactIdentifier(c)
}

// collect finds the types to declare (gen.CollectGlobalTypes, and -type).
func (b *bpf2go) collect() {
	for _, name := range b.opts.Types {
		b.collectNamed(name)
	}
	if b.opts.NoGlobalTypes {
		return
	}
	for _, m := range b.obj.Maps {
		for _, t := range []btfparse.Type{m.Key, m.Value} {
			if t != nil && bpf2goTypeName(t) != "" {
				b.root(t, m.Path(), ofMaps)
			}
		}
	}
	for _, v := range b.obj.Variables {
		if b.hasVariable(v) && v.Type != nil {
			b.root(v.Type, v.Path(), ofVariable)
		}
	}
}

// collectNamed declares what -type names. bpf2go takes the first of all types
// of the name; here a struct, union or enum goes before a typedef.
func (b *bpf2go) collectNamed(name string) {
	var found []btfparse.Type
	for _, t := range b.obj.Types {
		if bpf2goTypeName(t) == name {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		b.fail(b.on, "-type %s: there is no type of this name in the object", name)
		return
	}
	slices.SortStableFunc(found, func(x, y btfparse.Type) int { return cmp.Compare(typedefLast(x), typedefLast(y)) })
	b.declared(found[0], btfparse.Path("-type "+name), ofMaps)
}

func typedefLast(t btfparse.Type) int {
	if _, ok := t.(*btfparse.Typedef); ok {
		return 1
	}
	return 0
}

// bpf2goTypeName is the name in BTF: that of a struct which only a typedef
// names is the typedef's.
func bpf2goTypeName(t btfparse.Type) string {
	switch t := t.(type) {
	case *btfparse.Typedef:
		return t.Name
	case *btfparse.Struct:
		return t.Name
	case *btfparse.Enum:
		return t.Name
	case *btfparse.Int:
		return t.Name
	}
	return ""
}

// root declares the struct, union or enum that a type is, or is an array of.
func (b *bpf2go) root(t btfparse.Type, path btfparse.Path, scope typeScope) {
	switch u := btfparse.Underlying(t).(type) {
	case *btfparse.Struct, *btfparse.Enum:
		if bpf2goTypeName(t) != "" {
			b.declared(t, path, scope)
		}
	case *btfparse.Array:
		b.root(u.Elem, path, scope)
	}
}

// declared makes a type one that is declared. Of several of one name the first
// is: bpf2go takes any.
func (b *bpf2go) declared(t btfparse.Type, path btfparse.Path, scope typeScope) {
	name := bpf2goTypeName(t)
	for _, r := range b.roots {
		if bpf2goTypeName(r.typ) != name {
			continue
		}
		if btfparse.Underlying(r.typ) == btfparse.Underlying(t) {
			if scope == ofMaps {
				b.decls[t] = r
			}
		} else if r.typ != t {
			b.warn(b.on, btfparse.Diagnostic{
				Path: path, What: fmt.Sprintf("%s is another type than that of %s: only one of them can be %s", t.CName(), r.path, r.name), InC: "rename one of them",
			})
		}
		return
	}
	r := &bpf2goType{typ: t, name: b.opts.Ident + bpf2goIdentifier(name), path: path, scope: scope}
	for _, other := range b.roots {
		if other.name == r.name {
			r.name = b.opts.Ident + "_" + name
		}
	}
	b.roots = append(b.roots, r)
	if scope == ofMaps {
		b.decls[t] = r
	}
}

// declare decides on one declaration, once.
func (b *bpf2go) declare(r *bpf2goType) {
	if r.decl != nil {
		return
	}
	defer func(scope typeScope) { b.scope = scope }(b.scope)
	b.scope = r.scope
	d := &plan.Decl{Name: r.name, C: r.typ.CName(), Size: r.typ.Size()}
	r.decl = d
	r.size, r.align = uint64(d.Size), 1
	switch t := r.typ.(type) {
	case *btfparse.Enum:
		// One that only a typedef names has no constants (writeTypeDecl).
		if base := sizedInt(t.Bytes, t.Signed); len(base.typ.Dims) == 0 && !t.FromTypedef {
			d.Enum = &plan.Enum{Base: base.typ, Signed: t.Signed}
			for _, v := range t.Values {
				d.Enum.Consts = append(d.Enum.Consts, plan.Const{Name: r.name + bpf2goIdentifier(v.Name), C: v.Name, Value: t.Literal(v.Value)})
			}
			r.align = uint64(t.Bytes)
			return
		}
	case *btfparse.Struct:
		d.Fields, r.align = b.structFields(t, r.path.Join(t.CName()), r)
		return
	}
	v := b.literal(r.typ, r.path)
	if v.typ.Name == "" && len(v.typ.Dims) == 0 {
		d.Fields = v.typ.Fields
	} else {
		d.Base = &v.typ
	}
	r.align = v.align
	d.Foreign = v.wrong
}

// bpf2goValue is a Go type with what the layout needs of it.
type bpf2goValue struct {
	typ         plan.GoType
	size, align uint64
	// wrong is true if Go lays it out otherwise than C and it was kept.
	wrong bool
}

func plainValue(base goBase) bpf2goValue {
	return bpf2goValue{typ: base.typ, size: uint64(base.size), align: uint64(max(base.align, 1))}
}

// value is the Go type of a member: by name where it is declared.
func (b *bpf2go) value(t btfparse.Type, path btfparse.Path) bpf2goValue {
	if r := b.decls[t]; r != nil && b.scope != ofVariable {
		b.declare(r)
		return bpf2goValue{typ: plan.GoType{Name: r.name}, size: r.size, align: r.align, wrong: r.decl.Foreign}
	}
	return b.literal(t, path)
}

// literal is the Go type written out (GoFormatter.writeTypeLit).
func (b *bpf2go) literal(t btfparse.Type, path btfparse.Path) bpf2goValue {
	switch t := t.(type) {
	case *btfparse.Typedef:
		return b.value(t.Type, path)
	case *btfparse.Array:
		elem := b.value(t.Elem, path)
		elem.typ = elem.typ.Of(t.Len)
		elem.size *= uint64(t.Len)
		return elem
	case *btfparse.Int:
		return plainValue(bpf2goInt(t))
	case *btfparse.Float:
		return plainValue(floatBase(t))
	case *btfparse.Enum:
		return plainValue(sizedInt(t.Bytes, t.Signed))
	case *btfparse.Pointer:
		return plainValue(goBase{typ: plan.GoType{Name: "uint64"}, size: 8, align: 8})
	case *btfparse.Struct:
		inner := &bpf2goType{typ: t, size: uint64(t.Bytes)}
		fields, align := b.structFields(t, path, inner)
		return bpf2goValue{typ: plan.GoType{Fields: fields}, size: uint64(t.Bytes), align: align, wrong: inner.decl != nil && inner.decl.Foreign}
	}
	return plainValue(bytesBase(t.Size(), ""))
}

// bpf2goInt is the integer; sizes that Go does not have are bytes.
func bpf2goInt(t *btfparse.Int) goBase {
	if t.Encoding == btfparse.Bool && t.Bytes == 1 {
		return goBase{typ: plan.GoType{Name: "bool"}, size: 1, align: 1}
	}
	return sizedInt(t.Bytes, t.Encoding == btfparse.Signed)
}

// nameConstants makes the constants of enums differ from one another and from
// the types.
func (b *bpf2go) nameConstants(decls []*plan.Decl) {
	taken := make(map[string]bool)
	for _, d := range decls {
		taken[d.Name] = true
	}
	for _, d := range decls {
		if d.Enum == nil {
			continue
		}
		for i := range d.Enum.Consts {
			c := &d.Enum.Consts[i]
			for taken[c.Name] {
				c.Name += "_"
			}
			taken[c.Name] = true
		}
	}
}
