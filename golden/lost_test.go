package golden

// Nothing is lost: every named member of every C type that a map or a variable
// uses is reachable from Go, or a warning names it. The C side is counted here
// from cilium/ebpf's view of the BTF, the Go side from go/types' view of the
// generated package; btfparse and emit have no say.

import (
	"bytes"
	"debug/elf"
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/btfparse"
)

// TestNothingLost counts over the golden cases; TestCorpus and TestHostKernel
// count over theirs.
func TestNothingLost(t *testing.T) {
	byArch := map[string][]generatedPackage{}
	for _, c := range findCases(t) {
		r, err := c.committed()
		if err != nil {
			t.Fatal(err)
		}
		// No kernel creates the maps of maps-impossible: their types do not matter.
		if r["errors.txt"] != "" || c.opts.NoGlobalTypes || c.opts.Bpf2go || c.name == "maps-impossible" {
			continue
		}
		objects, err := filepath.Glob(filepath.Join(c.dir, "*.o"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range objects {
			g := generatedPackage{
				dir: c.dir, ident: c.opts.Ident, allTypes: c.opts.TypesOnly,
				warnings: strings.Split(r["warnings.txt"], "\n"),
			}
			g.spec = readSpec(t, file)
			goarch := goarchOf(file)
			byArch[goarch] = append(byArch[goarch], g)
		}
	}
	logMembers(t, byArch)
}

// goarchOf is a GOARCH that an object is for, by the suffix of its file.
func goarchOf(file string) string {
	switch {
	case strings.HasSuffix(file, "_arm64_bpfel.o"):
		return "arm64"
	case strings.HasSuffix(file, "bpfeb.o"):
		return "s390x"
	}
	return "amd64"
}

func readSpec(t *testing.T, file string) *btf.Spec {
	t.Helper()
	object, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := specOf(object)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return spec
}

// generatedPackage is one package and the BTF that it was generated from.
type generatedPackage struct {
	dir      string
	ident    string
	spec     *btf.Spec
	warnings []string
	// allTypes is set where the package has all named types of the BTF.
	allTypes bool
}

// tally counts structs and unions, and their members.
type tally struct {
	types, members, reached, warned int
}

func (s tally) String() string {
	return fmt.Sprintf("%d members in C, %d reachable in Go, %d named by a warning", s.members, s.reached, s.warned)
}

func (s *tally) add(o tally) {
	s.types += o.types
	s.members += o.members
	s.reached += o.reached
	s.warned += o.warned
}

// checkMembers compares each package with its BTF, for one GOARCH.
func checkMembers(t *testing.T, goarch string, generated []generatedPackage) (sum tally) {
	t.Helper()
	l := newLoader(t, goarch)
	for _, g := range generated {
		code, err := l.load(g.dir)
		if err != nil {
			t.Errorf("GOARCH=%s: %v", goarch, err)
			continue
		}
		c := &comparison{generatedPackage: g, generatedCode: code, sizes: l.sizes(), seen: make(map[pair]bool)}
		c.compare()
		sum.add(c.tally)
		for _, problem := range c.problems {
			t.Errorf("%s: %s", g.dir, problem)
		}
	}
	return sum
}

// comparison walks the types of BTF and of Go side by side.
type comparison struct {
	generatedPackage
	*generatedCode
	tally
	sizes    types.Sizes
	seen     map[pair]bool
	problems []string
}

type pair struct {
	c btf.Type
	g types.Type
}

func (c *comparison) compare() {
	if c.allTypes {
		c.compareNamed()
		return
	}
	for typ, err := range c.spec.All() {
		if err != nil {
			c.fail("BTF: %v", err)
			return
		}
		section, ok := typ.(*btf.Datasec)
		if !ok {
			continue
		}
		for _, info := range section.Vars {
			if v, ok := info.Type.(*btf.Var); ok {
				c.compareVar(section.Name, v)
			}
		}
	}
}

var (
	mapSection      = regexp.MustCompile(`^\.maps$`)
	structOpsMap    = regexp.MustCompile(`^\??\.struct_ops(\.link)?$`)
	variableSection = regexp.MustCompile(`^\.(data|rodata|bss)(\..*)?$|^\.kconfig$|^\.addr_space\.1$`)
)

func (c *comparison) compareVar(section string, v *btf.Var) {
	switch {
	case mapSection.MatchString(section):
		if def, ok := btf.As[*btf.Struct](v.Type); ok {
			c.compareMap("map "+v.Name, def, c.mapType(v.Name))
		}
	case structOpsMap.MatchString(section):
		if args := mapArgs(c.mapType(v.Name)); args["V"] != nil {
			c.visit("map "+v.Name, v.Type, args["V"])
		} else {
			c.fail("struct_ops map %s has no Go type", v.Name)
		}
	case variableSection.MatchString(section):
		c.compareVariable(v)
	}
}

// mapType is the Go type of a map, nil if there is none.
func (c *comparison) mapType(name string) types.Type {
	for _, t := range c.handles("Maps", name) {
		return t
	}
	return nil
}

// handles are the types of the loaded maps or variables of a C name.
func (c *comparison) handles(kind, name string) []types.Type {
	container := c.scope.Lookup(c.ident + "Collection" + kind)
	if container == nil {
		return nil
	}
	var list []types.Type
	for f := range container.Type().Underlying().(*types.Struct).Fields() {
		if slices.Contains(c.bound[kind+"."+name], f.Name()) {
			list = append(list, types.Unalias(f.Type().(*types.Pointer).Elem()))
		}
	}
	return list
}

// typeArgs are the type arguments of an instantiated type by the names of its
// parameters: K, V, T, M.
func typeArgs(t types.Type) map[string]types.Type {
	args := make(map[string]types.Type)
	n, ok := t.(*types.Named)
	if !ok {
		return args
	}
	for i := range n.TypeArgs().Len() {
		args[n.Origin().TypeParams().At(i).Obj().Name()] = types.Unalias(n.TypeArgs().At(i))
	}
	return args
}

// mapArgs are the types that a generated type of maps is made for, out of the
// parameters and results of its methods: K, V, and M for maps inside.
func mapArgs(t types.Type) map[string]types.Type {
	args := typeArgs(t)
	if t == nil || len(args) > 0 {
		return args
	}
	methods := types.NewMethodSet(types.NewPointer(t))
	for i := range methods.Len() {
		sig := methods.At(i).Type().(*types.Signature)
		for _, tuple := range []*types.Tuple{sig.Params(), sig.Results()} {
			for v := range tuple.Variables() {
				switch v.Name() {
				case "key":
					args["K"] = types.Unalias(v.Type())
				case "value", "values":
					args["V"] = elem(v.Type())
				}
			}
		}
		switch methods.At(i).Obj().Name() {
		case "Ops":
			args["V"] = elem(sig.Results().At(0).Type())
		case "NewInner":
			args["M"] = elem(sig.Results().At(0).Type())
		case "NewReader", "NewProducer":
			args["T"] = typeArgs(elem(sig.Results().At(0).Type()))["T"]
		}
	}
	return args
}

// elem is what a pointer points to or a slice is made of, else the type itself.
func elem(t types.Type) types.Type {
	switch t := types.Unalias(t).(type) {
	case *types.Pointer:
		return types.Unalias(t.Elem())
	case *types.Slice:
		return types.Unalias(t.Elem())
	default:
		return t
	}
}

// isBuiltin says whether package typed gives a map's value, of which the kernel
// demands the layout, a form of its own.
func isBuiltin(value types.Type) bool {
	named, ok := value.(*types.Named)
	return ok && slices.Contains([]string{"DevMapValue", "CPUMapValue"}, named.Obj().Name())
}

// compareMap compares key and value of a definition with a class of maps.
func (c *comparison) compareMap(path string, def *btf.Struct, g types.Type) {
	if g == nil {
		c.fail("%s has no Go type", path)
		return
	}
	if slices.ContainsFunc(c.warnings, func(w string) bool {
		return strings.Contains(w, path+": a ") && strings.Contains(w, "is more than Go's functions can take")
	}) {
		return
	}
	args := mapArgs(g)
	for _, m := range def.Members {
		ptr, ok := m.Type.(*btf.Pointer)
		switch {
		case m.Name == "key" && ok:
			c.visitArg(path+" > key", ptr.Target, args["K"])
		case m.Name == "value" && ok && !isBuiltin(args["V"]):
			value := args["V"]
			if value == nil {
				value = args["T"]
			}
			c.visitArg(path+" > value", ptr.Target, value)
		case m.Name == "values" && args["M"] != nil:
			if inner, ok := innerDefinition(m.Type); ok {
				c.compareMap(path+" > inner map", inner, args["M"])
			}
		}
	}
}

func (c *comparison) visitArg(path string, t btf.Type, g types.Type) {
	if g == nil {
		if composite(t) != nil {
			c.fail("%s: the class of the map has no type for it", path)
		}
		return
	}
	c.visit(path, t, g)
}

// innerDefinition is what __array(values, struct inner) points to.
func innerDefinition(t btf.Type) (*btf.Struct, bool) {
	array, ok := t.(*btf.Array)
	if !ok {
		return nil, false
	}
	ptr, ok := array.Type.(*btf.Pointer)
	if !ok {
		return nil, false
	}
	return btf.As[*btf.Struct](ptr.Target)
}

// compareVariable finds the typed.Variable or typed.Constant of a variable.
func (c *comparison) compareVariable(v *btf.Var) {
	handles := c.handles("Variables", v.Name)
	for _, h := range handles {
		if arg := typeArgs(h)["T"]; arg != nil && c.size(arg) == cSize(v.Type) {
			c.visit("variable "+v.Name, v.Type, arg)
			return
		}
	}
	typ := v.Type
	for array, ok := btf.As[*btf.Array](typ); ok; array, ok = btf.As[*btf.Array](typ) {
		typ = array.Type
	}
	switch target, isPointer := btf.As[*btf.Pointer](typ); {
	case strings.Contains(v.Name, "."): // static in a function
	case len(handles) == 0 && isPointer && (c.declares(target.Target) || btf.UnderlyingType(target.Target).TypeName() == ""): // keeps that type
	case v.Name == "in_arena": // in the memory of its map
	case !c.warnedOf("variable " + v.Name):
		c.fail("variable %s: Go has %v", v.Name, handles)
	}
}

// declares says whether the package has a type for one of C.
func (c *comparison) declares(t btf.Type) bool {
	want := squeeze(c.ident + btf.UnderlyingType(t).TypeName())
	return slices.ContainsFunc(c.scope.Names(), func(name string) bool { return squeeze(hash.ReplaceAllString(name, "")) == want })
}

// compareNamed compares all named structs, unions and enums of the BTF.
func (c *comparison) compareNamed() {
	byName := make(map[string][]types.Type)
	constants := make(map[types.Type]int)
	for _, name := range c.scope.Names() {
		switch o := c.scope.Lookup(name).(type) {
		case *types.TypeName:
			key := squeeze(hash.ReplaceAllString(name, ""))
			byName[key] = append(byName[key], types.Unalias(o.Type()))
		case *types.Const:
			constants[o.Type()]++
		}
	}
	for typ, err := range c.spec.All() {
		if err != nil {
			c.fail("BTF: %v", err)
			return
		}
		key := squeeze(c.ident + typ.TypeName())
		candidates := slices.Concat(byName[key], byName[key+kindOf(typ)])
		switch typ := typ.(type) {
		case *btf.Struct, *btf.Union:
			if typ.TypeName() != "" {
				c.compareCandidates(typ, candidates)
			}
		case *btf.Enum:
			if typ.Name != "" {
				c.compareEnum(typ, candidates, constants)
			}
		case *btf.Typedef:
			if members(typ.Type) != nil && typ.Type.TypeName() == "" {
				c.compareCandidates(typ.Type, candidates)
			}
		}
	}
}

// hash is what tells apart types of one name.
var hash = regexp.MustCompile(`_[0-9a-f]{6,}$`)

// compareEnum looks for a type of the enum's size with all its constants.
func (c *comparison) compareEnum(typ *btf.Enum, candidates []types.Type, constants map[types.Type]int) {
	c.types++
	if !slices.ContainsFunc(candidates, func(g types.Type) bool {
		return c.size(g) == int64(typ.Size) && constants[g] == len(typ.Values)
	}) {
		c.fail("enum %s with %d values is not in Go", typ.Name, len(typ.Values))
	}
}

// compareCandidates compares a type with each Go type of its name (C may have
// several) until one has all members.
func (c *comparison) compareCandidates(typ btf.Type, candidates []types.Type) {
	var best *comparison
	for _, g := range candidates {
		try := &comparison{generatedPackage: c.generatedPackage, generatedCode: c.generatedCode, sizes: c.sizes, seen: make(map[pair]bool)}
		try.visitMembers(kindOf(typ)+" "+typ.TypeName(), typ, g)
		if best == nil || len(try.problems) < len(best.problems) {
			best = try
		}
	}
	if best == nil {
		c.fail("%s %s is not in Go", kindOf(typ), typ.TypeName())
		return
	}
	c.tally.add(best.tally)
	c.problems = append(c.problems, best.problems...)
}

// visit compares one C type with the Go type that stands for it.
func (c *comparison) visit(path string, t btf.Type, g types.Type) {
	g = types.Unalias(g)
	if got, want := c.size(g), cSize(t); got != want && !(got > want && endsInTail(t)) {
		c.fail("%s: %d bytes in C, %d in Go (%v)", path, want, got, g)
		return
	}
	for {
		array, ok := btf.As[*btf.Array](t)
		goArray, isArray := g.(*types.Array)
		if !ok || !isArray {
			break
		}
		t, g = array.Type, types.Unalias(goArray.Elem())
	}
	if n, ok := g.(*types.Named); ok && n.Obj().Pkg() != nil && strings.Contains(n.Obj().Pkg().Path(), "/golden/bind/") {
		return // the user's own type, of which guards prove the layout
	}
	typ := composite(t)
	if typ == nil || c.allTypes && typ.TypeName() != "" || c.seen[pair{typ, g}] {
		return
	}
	c.seen[pair{typ, g}] = true
	c.visitMembers(path, typ, g)
}

// visitMembers looks for each member of a struct or union in a Go type.
func (c *comparison) visitMembers(path string, t btf.Type, g types.Type) {
	c.types++
	reach := c.reachable(g)
	list := opened(flatten(members(t), 0), cSize(t))
	for _, m := range list {
		c.members++
		step := path + " > " + m.Name
		i := slices.IndexFunc(reach, func(r reachableMember) bool {
			return named(tagName(m.Tags, m.Name), r.name) && c.fits(m, r)
		})
		switch {
		case i >= 0:
			c.reached++
			r := reach[i]
			reach = slices.Delete(slices.Clone(reach), i, i+1)
			if m.BitfieldSize == 0 && !r.tail {
				c.visit(step, m.Type, r.typ)
			}
		case cSize(m.Type) == 0 && !isTail(m, list) && c.comments(g, m.Name):
			c.reached++ // it has no bytes
		case c.warnedOfMember(t, m.Name):
			c.warned++
		default:
			c.fail("%s is not reachable from %v", step, g)
		}
	}
}

// comments says whether the comment of a Go type names a member.
func (c *comparison) comments(g types.Type, member string) bool {
	n, ok := g.(*types.Named)
	return ok && strings.Contains(c.docs[n.Obj().Name()], member)
}

// isTail says whether a member is a flexible array behind all other members.
func isTail(m btf.Member, list []btf.Member) bool {
	if !isFlexible(m.Type) {
		return false
	}
	return !slices.ContainsFunc(list, func(o btf.Member) bool {
		return cSize(o.Type) > 0 && int64(m.Offset.Bytes()) < int64(o.Offset.Bytes())+cSize(o.Type)
	})
}

// fits says whether a Go member can be the C member of its name.
func (c *comparison) fits(m btf.Member, r reachableMember) bool {
	if r.tail || m.BitfieldSize > 0 {
		return r.tail == isFlexible(m.Type)
	}
	if r.field && r.offset != int64(m.Offset.Bytes()) {
		return false
	}
	return c.size(r.typ) == cSize(m.Type) || c.size(r.typ) > cSize(m.Type) && endsInTail(m.Type)
}

// endsInTail says whether a flexible array stands at the end of a type, in
// itself or in a struct or union at its end. Go gives such a type the bytes behind
// it.
func endsInTail(t btf.Type) bool {
	list := members(btf.UnderlyingType(t))
	_, union := btf.UnderlyingType(t).(*btf.Union)
	end := func(m btf.Member) int64 { return int64(m.Offset.Bytes()) + cSize(m.Type) }
	return slices.ContainsFunc(list, func(m btf.Member) bool {
		last := union || !slices.ContainsFunc(list, func(o btf.Member) bool { return end(o) > end(m) })
		return last && (isFlexible(m.Type) || endsInTail(m.Type))
	})
}

// opened are the members of a struct of size bytes, with those that have no bytes
// and end it in a flexible array replaced by what they hold: Go has the array in
// their place.
func opened(list []btf.Member, size int64) []btf.Member {
	var all []btf.Member
	for _, m := range list {
		if cSize(m.Type) > 0 || int64(m.Offset.Bytes()) < size || !endsInTail(m.Type) {
			all = append(all, m)
			continue
		}
		inside := flatten(members(btf.UnderlyingType(m.Type)), m.Offset)
		for i := range inside {
			inside[i].Name = m.Name + "." + inside[i].Name
		}
		all = append(all, opened(inside, size)...)
	}
	return all
}

// reachableMember is a field, a pair of methods or a method for a tail.
type reachableMember struct {
	name string
	typ  types.Type
	tail bool
	// offset is that of a field.
	field  bool
	offset int64
}

// reachable are the members that a Go type offers.
func (c *comparison) reachable(g types.Type) []reachableMember {
	var list []reachableMember
	s, ok := g.Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	fields := slices.Collect(s.Fields())
	offsets := c.sizes.Offsetsof(fields)
	for i, f := range fields {
		if f.Exported() {
			list = append(list, reachableMember{name: f.Name(), typ: f.Type(), field: true, offset: offsets[i]})
		}
	}
	methods := types.NewMethodSet(types.NewPointer(g))
	for i := range methods.Len() {
		f := methods.At(i).Obj().(*types.Func)
		signature := f.Signature()
		if signature.Results().Len() != 1 {
			continue
		}
		result := types.Unalias(signature.Results().At(0).Type())
		if name, ok := strings.CutSuffix(strings.TrimRight(f.Name(), "_"), "Tail"); ok && signature.Params().Len() == 1 {
			list = append(list, reachableMember{name: name, typ: result, tail: true})
		} else if signature.Params().Len() == 0 && hasSetter(methods, f.Name(), result) {
			list = append(list, reachableMember{name: f.Name(), typ: result})
		}
	}
	return list
}

// hasSetter says whether there is a method SetX(T) to the method X() T. A name
// that is taken by another member of C has _ behind it.
func hasSetter(methods *types.MethodSet, getter string, typ types.Type) bool {
	want := squeeze("Set" + strings.TrimSuffix(getter, "Value"))
	for i := range methods.Len() {
		f := methods.At(i).Obj().(*types.Func)
		if got := squeeze(f.Name()); got != want && got != squeeze("Set"+getter) {
			continue
		}
		params := f.Signature().Params()
		if params.Len() == 1 && types.Identical(types.Unalias(params.At(0).Type()), typ) {
			return true
		}
	}
	return false
}

// flatten lists the named members, those of anonymous ones in their place, with
// their offsets from the start of the whole.
func flatten(list []btf.Member, base btf.Bits) []btf.Member {
	var flat []btf.Member
	for _, m := range list {
		m.Offset += base
		if m.Name != "" {
			flat = append(flat, m)
		} else if inner := composite(m.Type); inner != nil {
			flat = append(flat, flatten(members(inner), m.Offset)...)
		}
	}
	return flat
}

// members of a struct or union, nil of other types.
func members(t btf.Type) []btf.Member {
	switch t := t.(type) {
	case *btf.Struct:
		return t.Members
	case *btf.Union:
		return t.Members
	}
	return nil
}

// composite is the struct or union behind typedefs, qualifiers and arrays, nil
// where there is none.
func composite(t btf.Type) btf.Type {
	for {
		t = btf.UnderlyingType(t)
		switch x := t.(type) {
		case *btf.Struct, *btf.Union:
			return t
		case *btf.Array:
			t = x.Type
		default:
			return nil
		}
	}
}

func kindOf(t btf.Type) string {
	switch t.(type) {
	case *btf.Union:
		return "union"
	case *btf.Enum:
		return "enum"
	}
	return "struct"
}

func isFlexible(t btf.Type) bool {
	array, ok := btf.As[*btf.Array](t)
	return ok && array.Nelems == 0
}

// cSize is the size of a C type, 0 where it has none.
func cSize(t btf.Type) int64 {
	n, err := btf.Sizeof(t)
	if err != nil {
		return 0
	}
	return int64(n)
}

func (c *comparison) size(t types.Type) int64 { return c.sizes.Sizeof(t) }

func (c *comparison) fail(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *comparison) warnedOf(what string) bool {
	return slices.ContainsFunc(c.warnings, func(w string) bool { return strings.Contains(w, what) })
}

// warnedOfMember says whether a warning tells what became of a member of a
// type. That it has another name in Go tells nothing: then it must be there.
func (c *comparison) warnedOfMember(t btf.Type, member string) bool {
	owner := "" // of an anonymous type, which may bear the name of a typedef
	if t.TypeName() != "" {
		owner = kindOf(t) + " " + t.TypeName()
	}
	return slices.ContainsFunc(c.warnings, func(w string) bool {
		place := owner + " > field " + member
		_, what, ok := strings.Cut(w, place+": ")
		return ok && !renamed.MatchString(what) || strings.Contains(w, place+", ") || strings.Contains(w, place+" (") // one of many
	})
}

// renamed is what a warning says of a name that clashes.
var renamed = regexp.MustCompile(`^its name in Go is `)

// tagName is the name that btf_decl_tag("bpfgen:name=…") gives, else the name.
func tagName(tags []string, name string) string {
	for _, tag := range tags {
		if n, ok := strings.CutPrefix(tag, "bpfgen:name="); ok {
			return n
		}
	}
	return name
}

// suffix is what names get behind them where they clash or mean something to
// Go, prefix what makes them exported.
var suffix = regexp.MustCompile(`^(value)?(_[0-9a-f]{4,})?_*$`)

// named says whether a Go name stands for a C name, whatever the spelling.
func named(c, g string) bool {
	want, got := squeeze(c), squeeze(g)
	for _, got := range []string{got, strings.TrimPrefix(got, "x")} {
		if rest, ok := strings.CutPrefix(got, want); ok && (rest == "" || suffix.MatchString(rest) || suffix.MatchString(tail(g, len(rest)))) {
			return true
		}
	}
	return false
}

// tail is the end of a name from the rune on that has n letters or digits
// behind it.
func tail(name string, n int) string {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '_' {
			continue
		}
		if n--; n == 0 {
			return "_" + strings.ToLower(name[i:])
		}
	}
	return name
}

// squeeze leaves the letters and digits, in lower case.
func squeeze(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

func texts(warnings []btfparse.Diagnostic) []string {
	var list []string
	for _, w := range warnings {
		list = append(list, w.String())
	}
	return list
}

// specOf is the library's view of an object's BTF, without what it adds of ELF.
// The error is [btf.ErrNotFound] where there is none.
func specOf(object []byte) (*btf.Spec, error) {
	f, err := elf.NewFile(bytes.NewReader(object))
	if err != nil {
		return nil, err
	}
	section := f.Section(".BTF")
	if section == nil {
		return nil, btf.ErrNotFound
	}
	raw, err := section.Data()
	if err != nil {
		return nil, err
	}
	return btf.LoadSpecFromReader(bytes.NewReader(raw))
}
