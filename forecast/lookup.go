package forecast

// This file says why a relocation finds nothing: how far the object's access can
// be followed in the kernel's types. libbpf's messages show the same.

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/internal/corerelo"
)

// whyMissing is a clause: "struct request has no member rq_disk".
func (k *Kernel) whyMissing(r corerelo.Relocation) string {
	targets := k.candidates(corerelo.Essential(r.Type.TypeName()))
	name := corerelo.Spell(r.Type)
	switch {
	case len(targets) == 0:
		return fmt.Sprintf("the kernel has no %s", name)
	case r.Kind.OfEnumerator():
		return fmt.Sprintf("%s has no enumerator %s on this kernel", name, r.Enumerator())
	case !r.Kind.OfField():
		return fmt.Sprintf("the kernel's %s is another kind of type", name)
	}
	steps, err := r.Steps()
	if err != nil {
		return err.Error()
	}
	best := -1
	var why string
	for _, t := range targets {
		if depth, text := follow(t, steps); depth > best {
			best, why = depth, text
		}
	}
	return why
}

// candidates are the types of a name in kernel and modules, flavours too.
func (k *Kernel) candidates(name string) (types []btf.Type) {
	for _, spec := range k.all {
		found, err := spec.AnyTypesByName(name)
		if err == nil {
			types = append(types, found...)
		}
	}
	return types
}

// follow goes along the steps as far as it can, and says what stops it.
func follow(target btf.Type, steps []corerelo.Step) (depth int, why string) {
	at, from := corerelo.Spell(target), btf.UnderlyingType(target)
	for i, s := range steps {
		if s.Name == "" && !s.Element {
			continue // anonymous here need not be there
		}
		var next btf.Type
		switch t := from.(type) {
		case *btf.Array:
			if s.Element && (t.Nelems == 0 || uint32(s.Index) < t.Nelems) {
				next = t.Type
				break
			}
			return i, fmt.Sprintf("%s has %d elements on this kernel", at, t.Nelems)
		case *btf.Struct, *btf.Union:
			next = memberNamed(t, s.Name, 0)
			if next == nil || s.Element {
				return i, fmt.Sprintf("%s has no member %s on this kernel", at, s.Name)
			}
		default:
			return i, fmt.Sprintf("%s is %s on this kernel", at, kindOf(t))
		}
		if s.Element {
			at = fmt.Sprintf("%s[%d]", at, s.Index)
		} else {
			at += "." + s.Name
		}
		from = btf.UnderlyingType(next)
	}
	return len(steps), fmt.Sprintf("%s is %s on this kernel, which is not what the program takes it for", at, kindOf(from))
}

// memberNamed looks in anonymous members, too.
func memberNamed(t btf.Type, name string, depth int) btf.Type {
	const deepest = 32 // maxResolveDepth of the library
	for _, m := range corerelo.Members(t) {
		switch {
		case m.Name == name && name != "":
			return m.Type
		case m.Name == "" && depth < deepest:
			if found := memberNamed(btf.UnderlyingType(m.Type), name, depth+1); found != nil {
				return found
			}
		}
	}
	return nil
}

// kindOf is what a type is, in words.
func kindOf(t btf.Type) string {
	switch t := t.(type) {
	case *btf.Int:
		return strings.TrimSpace("integer " + t.Name)
	case *btf.Pointer:
		return "a pointer"
	case *btf.Array:
		return "an array"
	case *btf.Struct, *btf.Union, *btf.Enum:
		return corerelo.Spell(t)
	case *btf.Fwd:
		return "only declared"
	}
	return fmt.Sprintf("%T", t)
}
