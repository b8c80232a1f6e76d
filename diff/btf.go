package diff

// The BTF of two kernels or modules: types and functions, all or those that objects
// touch.

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/forecast"
	"github.com/bpfgen/bpfgen/internal/corerelo"
	"github.com/bpfgen/bpfgen/internal/layout"
)

// touched is what objects need of a kernel, each with the programs that do. The
// zero value is for everything.
type touched struct {
	// fields by type and name; "" is the type as a whole.
	fields    map[[2]string][]string
	functions map[string][]string
}

// touch finds out what the objects of UsedBy need.
func (c *comparison) touch() (*touched, error) {
	if len(c.opts.UsedBy) == 0 {
		return nil, nil
	}
	t := &touched{make(map[[2]string][]string), make(map[string][]string)}
	for _, in := range c.opts.UsedBy {
		if in.spec == nil {
			return nil, fmt.Errorf("%s: cilium/ebpf v0.22 refuses the object, so that it is not known what it needs: %s", in.name, in.object.Unloadable())
		}
		for _, name := range slices.Sorted(maps.Keys(in.programs)) {
			if err := t.program(in, in.programs[name], "program "+name+in.suffix()); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// suffix tells the programs of several objects apart.
func (i *Input) suffix() string { return " of " + i.name }

func (t *touched) program(in *Input, p *program, user string) error {
	if p.spec.AttachTo != "" {
		for _, name := range []string{p.spec.AttachTo, "bpf_lsm_" + p.spec.AttachTo, "__bpf_trace_" + p.spec.AttachTo} {
			t.functions[name] = append(t.functions[name], user)
		}
	}
	for _, f := range p.functions {
		for name := range f.kfuncs {
			t.functions[name] = append(t.functions[name], user)
		}
	}
	for i := range p.spec.Instructions {
		relo := btf.CORERelocationMetadata(&p.spec.Instructions[i])
		if relo == nil {
			continue
		}
		r, err := corerelo.Parse(relo, in.spec.Types)
		if err != nil {
			return err
		}
		if r.Kind != corerelo.TypeIDLocal {
			t.relocation(r, user)
		}
	}
	return nil
}

// relocation notes every member on the way of an access.
func (t *touched) relocation(r corerelo.Relocation, user string) {
	add := func(typ, member string) {
		t.fields[[2]string{typ, member}] = append(t.fields[[2]string{typ, member}], user)
	}
	owner := corerelo.Spell(r.Type)
	steps, err := r.Steps()
	switch {
	case r.Kind.OfEnumerator():
		add(owner, r.Enumerator())
		return
	case !r.Kind.OfField() || err != nil:
		add(owner, "")
		return
	}
	at := btf.UnderlyingType(r.Type)
	for i, s := range steps {
		if s.Name != "" {
			add(owner, s.Name)
		}
		switch v := at.(type) {
		case *btf.Array:
			at = btf.UnderlyingType(v.Type)
		default:
			at = btf.UnderlyingType(corerelo.Members(v)[r.Access[i+1]].Type)
		}
		if at.TypeName() != "" {
			owner = corerelo.Spell(at)
		}
	}
}

// users of a place; ok is false where nothing touches it.
func (t *touched) users(place string) (users []string, ok bool) {
	if t == nil {
		return nil, true
	}
	typ, member := owner(place)
	users = append(slices.Clone(t.fields[[2]string{typ, member}]), t.fields[[2]string{typ, ""}]...)
	return users, len(users) > 0
}

// kernelTypes compares all named types.
func (c *comparison) kernelTypes() error {
	t, err := c.touch()
	if err != nil {
		return err
	}
	old, new := typesByName(c.old.object), typesByName(c.new.object)
	names := maps.Clone(new)
	maps.Copy(names, old)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		c.typesNamed(name, old[name], new[name], t)
	}
	return nil
}

func typesByName(o *btfparse.Object) map[string][]btfparse.Type {
	byName := make(map[string][]btfparse.Type)
	for _, t := range o.Types {
		byName[t.CName()] = append(byName[t.CName()], t)
	}
	return byName
}

// typesNamed compares the types of one name. Where a kernel has several, those that
// both have alike are left out, and the others paired in order.
func (c *comparison) typesNamed(name string, old, new []btfparse.Type, t *touched) {
	was, is := layoutsOf(c.old.object, old), layoutsOf(c.new.object, new)
	was, is = notIn(was, is), notIn(is, was)
	for i := range max(len(was), len(is)) {
		switch {
		case i >= len(was):
			if !c.old.inKernel(name) {
				c.whole(name, "added", t)
			}
		case i >= len(is):
			if !c.new.inKernel(name) {
				c.whole(name, "removed", t)
			}
		default:
			c.kernelType(name, was[i].Layout, is[i].Layout, t)
			c.heldTypes(name, was[i].of, is[i].of, t)
		}
	}
}

// laidOut is a type and its layout.
type laidOut struct {
	layout.Layout
	of btfparse.Type
}

func layoutsOf(o *btfparse.Object, types []btfparse.Type) (known []laidOut) {
	for _, t := range types {
		if l, ok := o.Layout(t); ok {
			known = append(known, laidOut{l, t})
		}
	}
	return known
}

// notIn leaves out what others have alike. Layouts do not tell structs by their names.
func notIn(list, others []laidOut) (left []laidOut) {
	for _, l := range list {
		if !slices.ContainsFunc(others, func(o laidOut) bool { return o.Hash() == l.Hash() && maps.Equal(held(o.of), held(l.of)) }) {
			left = append(left, l)
		}
	}
	return left
}

// held are the named structs, unions and enums that a struct's members are, or are
// arrays of, by the member's name.
func held(t btfparse.Type) map[string]string {
	s, ok := btfparse.Underlying(t).(*btfparse.Struct)
	if !ok {
		return nil
	}
	types := make(map[string]string)
	for _, f := range s.Fields {
		at := btfparse.Underlying(f.Type)
		for {
			array, ok := at.(*btfparse.Array)
			if !ok {
				break
			}
			at = btfparse.Underlying(array.Elem)
		}
		switch at.(type) {
		case *btfparse.Struct, *btfparse.Enum:
			if f.Name != "" && btfparse.BareName(at) != "" {
				types[f.Name] = at.CName()
			}
		}
	}
	return types
}

// heldTypes are members that are of another struct, union or enum than they were:
// what differs in these is told where they are, which says nothing of this member.
func (c *comparison) heldTypes(name string, old, new btfparse.Type, t *touched) {
	was, is := held(old), held(new)
	for _, field := range slices.Sorted(maps.Keys(was)) {
		place := name + " > field " + field
		users, ok := t.users(place)
		if is[field] == "" || is[field] == was[field] || !ok {
			continue
		}
		change := Change{Class: API, Place: place, What: "type", Old: was[field], New: is[field], UsedBy: users}
		if t == nil {
			change.breaks(Go, "Go types of the old kernel are of another type there")
		}
		c.add(change)
	}
}

// whole is a type that only one side has.
func (c *comparison) whole(name, what string, t *touched) {
	var users []string
	if t != nil {
		for at, who := range t.fields {
			if at[0] == name {
				users = append(users, who...)
			}
		}
		if len(users) == 0 {
			return
		}
	}
	change := Change{Class: API, Place: name, What: what, UsedBy: users}
	if t == nil && what == "removed" {
		change.breaks(Go, "types of the new kernel lack it")
	}
	c.add(change)
}

// kernelType adds what is a type's own of the differences: those of types in it
// that have a name are told there.
func (c *comparison) kernelType(name string, old, new layout.Layout, t *touched) {
	sameSize := old.Size() == new.Size()
	for _, d := range layout.Compare(old, new) {
		place := d.Path
		if place == "" {
			place = name
		}
		if isNested(place) || d.Class == layout.Reserved {
			continue
		}
		users, ok := t.users(place)
		if !ok {
			continue
		}
		if d.Class == layout.Unknown {
			c.unknown(place, fmt.Sprintf("%s is %s on one side and %s on the other", d.Property, d.Old, d.New))
			continue
		}
		change := Change{Class: ofVariable(sameSize), Place: place, What: d.Property, Old: d.Old, New: d.New, UsedBy: users}
		if onlyNames[d.Class] {
			change.Class = API
		}
		if t == nil && d.At(layout.AtOpen) == layout.Error { // CO-RE adapts programs, and nothing adapts Go
			change.breaks(Go, "Go types of the old kernel read other values")
		}
		c.add(change)
	}
}

// isNested says whether a place is in a named type within another.
func isNested(place string) bool {
	steps := strings.Split(place, " > ")
	for i, step := range steps[1:] {
		if strings.HasPrefix(step, "field ") || strings.HasPrefix(step, "anonymous ") {
			continue
		}
		// Behind a type stands an enumerator, behind a field a type.
		if strings.HasPrefix(steps[i], "field ") {
			return true
		}
	}
	return false
}

// functions compares prototypes.
func (c *comparison) functions() error {
	t, err := c.touch()
	if err != nil {
		return err
	}
	old, err := prototypes(c.old)
	if err != nil {
		return err
	}
	new, err := prototypes(c.new)
	if err != nil {
		return err
	}
	names := maps.Clone(new)
	maps.Copy(names, old)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var users []string
		if t != nil {
			if users = t.functions[name]; len(users) == 0 {
				continue
			}
		}
		if old[name] != new[name] {
			c.add(Change{Class: Code, Place: "function " + name, What: "prototype", Old: old[name], New: new[name], UsedBy: users})
		}
	}
	return nil
}

// prototypes are the kernel's functions by name; of several of one name, all.
func prototypes(in *Input) (map[string]string, error) {
	spec, err := in.kernelSpec()
	if err != nil {
		return nil, err
	}
	all := make(map[string][]string)
	for t, err := range spec.All() {
		if err != nil {
			return nil, err
		}
		if f, ok := t.(*btf.Func); ok {
			all[f.Name] = append(all[f.Name], spell(f.Type))
		}
	}
	joined := make(map[string]string, len(all))
	for name, texts := range all {
		slices.Sort(texts)
		joined[name] = strings.Join(slices.Compact(texts), " or ")
	}
	return joined, nil
}

// spell is a type in C's words, pointers to structs by their name.
func spell(t btf.Type) string {
	switch t := t.(type) {
	case *btf.Void:
		return "void"
	case *btf.Pointer:
		return spell(t.Target) + " *"
	case *btf.Const:
		return "const " + spell(t.Type)
	case *btf.Volatile:
		return spell(t.Type)
	case *btf.Restrict:
		return spell(t.Type)
	case *btf.TypeTag:
		return spell(t.Type)
	case *btf.Array:
		return fmt.Sprintf("%s[%d]", spell(t.Type), t.Nelems)
	case *btf.Fwd:
		return t.Kind.String() + " " + t.Name
	case *btf.FuncProto:
		params := make([]string, len(t.Params))
		for i, p := range t.Params {
			params[i] = spell(p.Type)
		}
		return spell(t.Return) + " (" + strings.Join(params, ", ") + ")"
	}
	return corerelo.Spell(t)
}

// users are the programs of objects that load on the old kernel and not on the new.
func (c *comparison) users() error {
	if len(c.opts.UsedBy) == 0 || c.old.module != nil { // of modules the kernel's report tells
		return nil
	}
	was, err := c.old.asKernel()
	if err != nil {
		return err
	}
	is, err := c.new.asKernel()
	if err != nil {
		return err
	}
	for _, in := range c.opts.UsedBy {
		if in.object.ByteOrder != c.old.object.ByteOrder {
			return fmt.Errorf("%s and %s: %w", in.name, c.old.name, ErrByteOrder)
		}
		o, err := in.asObject()
		if err != nil {
			return err
		}
		before, err := forecast.Check(o, was)
		if err != nil {
			return err
		}
		after, err := forecast.Check(o, is)
		if err != nil {
			return err
		}
		c.newFailures(before, after, is.Name(), in.suffix())
	}
	return nil
}
