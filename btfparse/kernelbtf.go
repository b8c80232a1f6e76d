package btfparse

// This file finds what the kernel refuses of the BTF of an object, by the checks
// of kernel/bpf/btf.c in Linux 7.1. C++ writes such BTF, and clang does for a
// few types of C: then no map of such a type can be created, nor a program that
// has one in its functions.

import (
	"debug/elf"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// containsTag starts the decl tag of a bpf_list_head or bpf_rb_root, which names
// the struct of its nodes and the member in them: "contains:node:list".
const containsTag = "contains:"

// refusedTypes is what is said of several of them.
var refusedTypes = &Kind{
	What:   "%d places in the BTF are refused by the kernel, so that maps, variables and functions of these types cannot be loaded",
	Remedy: "use plain C types there",
}

// RefusedAt says whether a warning tells that the kernel refuses the type that
// stands at a place, by its path or the end of it.
func (o *Object) RefusedAt(path Path) bool {
	return slices.ContainsFunc(o.Warnings, func(d Diagnostic) bool {
		return d.Kind == refusedTypes && (path == d.Path || strings.HasSuffix(string(path), " > "+string(d.Path)))
	})
}

// btfCheck walks the types that the library hands to the kernel.
type btfCheck struct {
	parser *parser
	seen   map[btf.Type]bool
	// roots are the types of maps and variables.
	roots []btfPlace
	// contains is true once a member has a containsTag; budget bounds what is
	// looked at for them.
	contains bool
	budget   int
	// todo are types still to be looked at, with the place where they stand.
	todo []btfPlace
}

type btfPlace struct {
	typ btf.Type
	at  Path
}

// checkKernelBTF looks at the types of maps, data sections and functions.
func (p *parser) checkKernelBTF() error {
	if p.spec == nil {
		return nil
	}
	c := &btfCheck{parser: p, seen: make(map[btf.Type]bool), budget: maxMembers}
	for _, def := range p.mapTypes {
		c.push(def.typ, def.at)
		c.roots = append(c.roots, def)
	}
	for i := range p.elf.Sections {
		sec := p.elf.Sections[i]
		if _, ok := dataKind(sec.Name); !ok {
			continue
		}
		for _, info := range p.datasecs[sec.Name] {
			if v, ok := info.Type.(*btf.Var); ok {
				c.variable(v, info.Size)
				c.roots = append(c.roots, btfPlace{v.Type, Path("variable " + v.Name)})
			}
		}
	}
	c.functions()
	for len(c.todo) > 0 {
		next := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		c.check(next.typ, next.at)
	}
	if c.contains {
		for _, root := range c.roots {
			c.contained(root)
		}
	}
	return nil
}

// contained looks for the types that tags of a map or variable name. The library
// hands over those that others lead to, and a tag does not.
func (c *btfCheck) contained(root btfPlace) {
	seen := make(map[btf.Type]bool)
	structs := make(map[string]bool)
	var tags []string
	todo := []btf.Type{root.typ}
	for ; len(todo) > 0 && c.budget > 0; c.budget-- {
		t := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if t == nil || seen[t] {
			continue
		}
		seen[t] = true
		if s, ok := t.(*btf.Struct); ok {
			structs[s.Name] = true
			for _, m := range s.Members {
				tags = append(tags, m.Tags...)
			}
		}
		todo = append(todo, referred(t)...)
	}
	for _, tag := range tags {
		name, ok := strings.CutPrefix(tag, containsTag)
		name, _, _ = strings.Cut(name, ":")
		if ok && !structs[name] {
			c.parser.fails(root.at, fmt.Sprintf("has %s, and cilium/ebpf v0.22 does not give the kernel struct %s with it", tag, name),
				fmt.Sprintf("have the type lead to it: a member struct %s *", name))
		}
	}
}

// referred are the types that one refers to.
func referred(t btf.Type) []btf.Type {
	switch t := t.(type) {
	case *btf.Struct:
		return memberTypes(t.Members)
	case *btf.Union:
		return memberTypes(t.Members)
	case *btf.Array:
		return []btf.Type{t.Type}
	case *btf.Typedef:
		return []btf.Type{t.Type}
	case *btf.Pointer:
		return []btf.Type{t.Target}
	}
	if next, ok := unqualify(t); ok {
		return []btf.Type{next}
	}
	return nil
}

func memberTypes(members []btf.Member) []btf.Type {
	var types []btf.Type
	for _, m := range members {
		types = append(types, m.Type)
	}
	return types
}

// functions are handed over with their programs, where .BTF.ext says which
// instructions they are.
func (c *btfCheck) functions() {
	elfFile := c.parser.elf
	if elfFile.section(".BTF.ext") == nil {
		return
	}
	for i, sec := range elfFile.Sections {
		if sec.Type != elf.SHT_PROGBITS || sec.Flags&elf.SHF_EXECINSTR == 0 {
			continue
		}
		for _, sym := range elfFile.inSection[elf.SectionIndex(i)] {
			if fn := c.parser.funcs[sym.Name]; fn != nil && isFunction(sym) {
				c.push(fn.Type, Path("function "+sym.Name))
			}
		}
	}
}

func (c *btfCheck) push(t btf.Type, at Path) {
	if t != nil && !c.seen[t] {
		c.seen[t] = true
		c.todo = append(c.todo, btfPlace{t, at})
	}
}

func (c *btfCheck) refuse(at Path, what, remedy string) {
	c.parser.obj.Warnings = append(c.parser.obj.Warnings, Diagnostic{
		Path: at, What: "the kernel refuses BTF with " + what, Remedy: remedy, Fails: true, Kind: refusedTypes, Item: fmt.Sprintf("%s (%s)", at, what),
	})
}

// variable: btf_var_check_meta and btf_datasec_resolve.
func (c *btfCheck) variable(v *btf.Var, size uint32) {
	at := Path("variable " + v.Name)
	switch {
	case hasNoSize(v.Type):
		c.refuse(at, "a variable of type void", voidRemedy)
	case size == 0:
		c.refuse(at, "a variable of no size", "remove it, or give its type a member")
	case !isKernelName(v.Name):
		c.refuse(at, "this name", "use a C name")
	}
	c.push(v.Type, at)
}

const voidRemedy = "clang writes void for _Atomic and _Complex types, for references and for classes of C++: declare a plain one"

// check looks at one type and finds those that it refers to.
func (c *btfCheck) check(t btf.Type, at Path) {
	switch t := t.(type) {
	case *btf.Int:
		// btf_int_check_meta: one encoding or none.
		if e := t.Encoding; e&(e-1) != 0 {
			c.refuse(at, fmt.Sprintf("an integer that has two encodings (%s)", t.Name), "compile with clang: GCC writes these for char")
		}
	case *btf.Struct:
		c.members("struct", t.Name, t.Size, t.Members, at)
	case *btf.Union:
		c.members("union", t.Name, t.Size, t.Members, at)
	case *btf.Enum:
		at = c.named("enum", t.Name, at)
		for _, v := range t.Values {
			if !isKernelName(v.Name) {
				c.refuse(at.Join(v.Name), "this name", "use a C name")
			}
		}
	case *btf.Array:
		if hasNoSize(t.Type) {
			c.refuse(at, "an array of void", voidRemedy)
		}
		c.push(t.Type, at)
	case *btf.Typedef:
		if !isKernelName(t.Name) {
			c.refuse(Path("typedef "+t.Name), "this name", "use a C name")
		}
		c.push(t.Type, at)
	case *btf.Pointer:
		c.push(t.Target, at)
	case *btf.FuncProto:
		c.push(t.Return, at)
		for _, param := range t.Params {
			c.push(param.Type, at)
		}
	default:
		if next, ok := unqualify(t); ok {
			c.push(next, at)
		}
	}
}

// named is the place of a type, which is its own name where it has one.
func (c *btfCheck) named(kind, name string, at Path) Path {
	if name == "" {
		return at
	}
	at = Path(kind + " " + name)
	if !isKernelName(name) {
		c.refuse(at, "this name", "use a C name; C++ gives such names to templates")
	}
	return at
}

// members: btf_struct_check_meta and btf_struct_resolve.
func (c *btfCheck) members(kind, name string, size uint32, members []btf.Member, at Path) {
	at = c.named(kind, name, at)
	last := btf.Bits(0)
	for _, m := range members {
		place := at.Join("field " + m.Name)
		if m.Name == "" {
			place = at.Join("a member without a name")
		}
		switch {
		case m.Name != "" && !isKernelName(m.Name):
			c.refuse(place, "this name", "use a C name")
		case hasNoSize(m.Type):
			c.refuse(place, "a member of type void", voidRemedy+", and put base classes and member functions elsewhere")
		case kind == "union" && m.Offset != 0, kind == "struct" && m.Offset < last:
			c.refuse(place, "a member before the one that precedes it", "C++ does this with static members: put them elsewhere")
		case isMisaligned(m):
			c.refuse(place, "a misaligned float", "align it, or use an integer of its size")
		case uint64(m.Offset) > 8*uint64(size):
			c.refuse(place, "a member outside of its struct", "use a plain C struct")
		case uint64(m.Offset)+memberBits(m) > 8*uint64(size): // btf_array_check_member and kin
			c.refuse(place, "a member that reaches behind its struct", "use a plain C struct of less than 512 MiB")
		}
		last = max(last, m.Offset)
		c.contains = c.contains || slices.ContainsFunc(m.Tags, func(tag string) bool { return strings.HasPrefix(tag, containsTag) })
		c.push(m.Type, place)
	}
}

// isMisaligned: btf_float_check_member.
func isMisaligned(m btf.Member) bool {
	float, ok := underlying(m.Type).(*btf.Float)
	return ok && float.Size > 0 && uint64(m.Offset)%(8*uint64(min(float.Size, pointerSize))) != 0
}

// hasNoSize is true for what is no type of a variable or member.
func hasNoSize(t btf.Type) bool {
	switch t := underlying(t).(type) {
	case nil, *btf.Void, *btf.Fwd, *btf.FuncProto:
		return true
	case *btf.Enum:
		return t.Size == 0
	}
	return false
}

// isKernelName is btf_name_valid_identifier: C's letters, digits and
// underscores, and dots, which clang puts into the names of variables.
func isKernelName(name string) bool {
	if name == "" {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '.'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}
