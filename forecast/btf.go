package forecast

// This file checks the types that are loaded with a map or program against what
// the kernel's own check of BTF refuses (btf_check_meta and btf_resolve of
// kernel/bpf/btf.c), as far as a compiler writes it and the library passes it on.

import (
	"fmt"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/internal/lazyregexp"
)

// identifier is btf_name_valid_identifier.
var identifier = lazyregexp.New(`^[A-Za-z_.][A-Za-z0-9_.]*$`)

// btfProblem is what the kernel does not like of a type and of all that it refers
// to. inMap: the type is a map's key or value.
func (k *Kernel) btfProblem(root btf.Type, inMap bool) (problem, remedy string) {
	types := reachableTypes(root)
	for _, t := range types {
		if name := t.TypeName(); badName(t) {
			return fmt.Sprintf("the kernel takes no BTF with the name %q, which is no identifier of C", name), "rename it"
		}
		if float := k.floatProblem(t); float != "" {
			return float, "store the bytes as an integer"
		}
		if d, ok := t.(*btf.Datasec); ok && len(d.Vars) == 0 && k.since(featEmptyDatasec.version) == no {
			return fmt.Sprintf("the kernel does not have %s (Linux %s), and %s has none that BTF knows", featEmptyDatasec.name, featEmptyDatasec.version, d.Name), "add a variable to the section"
		}
	}
	if inMap && k.since(featGraphs.version) == yes {
		return graphProblem(types)
	}
	return "", ""
}

func badName(t btf.Type) bool {
	name := t.TypeName()
	switch t := t.(type) {
	case *btf.Datasec, *btf.Int, *btf.Float:
		return false
	case *btf.Enum:
		for _, v := range t.Values {
			if !identifier().MatchString(v.Name) {
				return true
			}
		}
	case *btf.Struct, *btf.Union:
		for _, m := range membersOf(t) {
			if m.Name != "" && !identifier().MatchString(m.Name) {
				return true
			}
		}
	}
	return name != "" && !identifier().MatchString(name)
}

// floatProblem: kernels before 5.13 do not know the kind, later ones want such
// members aligned (btf_float_check_member).
func (k *Kernel) floatProblem(t btf.Type) string {
	if _, ok := t.(*btf.Float); ok && k.supports(featFloatBTF) == no {
		return fmt.Sprintf("its types hold a float or double, and the kernel does not have %s (Linux %s)", featFloatBTF.name, featFloatBTF.version)
	}
	for _, m := range membersOf(t) {
		float, ok := btf.UnderlyingType(m.Type).(*btf.Float)
		if align := btf.Bits(8 * min(floatSize(float), 8)); ok && m.Offset%align != 0 {
			return fmt.Sprintf("the member %s is a float or double that is not aligned, which the kernel's BTF cannot have", m.Name)
		}
	}
	return ""
}

func floatSize(f *btf.Float) uint32 {
	if f == nil || f.Size == 0 {
		return 1
	}
	return f.Size
}

// graphProblem: of a bpf_list_head or bpf_rb_root the kernel looks for the type of
// the nodes by name, in the BTF of the map alone (btf_parse_graph_root). The
// library loads no more of the object's BTF than the map's type refers to.
func graphProblem(types []btf.Type) (problem, remedy string) {
	structs := make(map[string]bool)
	for _, t := range types {
		if s, ok := t.(*btf.Struct); ok {
			structs[s.Name] = true
		}
	}
	for _, t := range types {
		for _, m := range membersOf(t) {
			if name := missingNode(m.Tags, structs); name != "" {
				return fmt.Sprintf("it contains struct %s by a tag alone, and cilium/ebpf v0.22 does not load that struct's BTF with the map", name),
					fmt.Sprintf("add a member or variable of a pointer to struct %s", name)
			}
		}
	}
	return "", ""
}

// missingNode is the struct that a tag "contains:STRUCT:MEMBER" names and that is
// not there.
func missingNode(tags []string, structs map[string]bool) string {
	for _, tag := range tags {
		node, ok := strings.CutPrefix(tag, "contains:")
		if name, _, _ := strings.Cut(node, ":"); ok && !structs[name] {
			return name
		}
	}
	return ""
}

// reachableTypes are a type and all that it refers to.
func reachableTypes(root btf.Type) (types []btf.Type) {
	seen := map[btf.Type]bool{root: true}
	types = append(types, root)
	for i := 0; i < len(types); i++ {
		for _, child := range children(types[i]) {
			if child != nil && !seen[child] {
				seen[child] = true
				types = append(types, child)
			}
		}
	}
	return types
}

// children are the types that a type refers to.
func children(t btf.Type) (types []btf.Type) {
	switch t := t.(type) {
	case *btf.Pointer:
		return []btf.Type{t.Target}
	case *btf.Array:
		return []btf.Type{t.Type, t.Index}
	case *btf.Typedef:
		return []btf.Type{t.Type}
	case *btf.Const:
		return []btf.Type{t.Type}
	case *btf.Volatile:
		return []btf.Type{t.Type}
	case *btf.Restrict:
		return []btf.Type{t.Type}
	case *btf.TypeTag:
		return []btf.Type{t.Type}
	case *btf.Var:
		return []btf.Type{t.Type}
	case *btf.Func:
		return []btf.Type{t.Type}
	case *btf.FuncProto:
		for _, p := range t.Params {
			types = append(types, p.Type)
		}
		return append(types, t.Return)
	case *btf.Datasec:
		for _, v := range t.Vars {
			types = append(types, v.Type)
		}
	case *btf.Struct, *btf.Union:
		for _, m := range membersOf(t) {
			types = append(types, m.Type)
		}
	}
	return types
}

// membersOf a struct or union, nil for other types.
func membersOf(t btf.Type) []btf.Member {
	switch t := t.(type) {
	case *btf.Struct:
		return t.Members
	case *btf.Union:
		return t.Members
	}
	return nil
}
