// Package corerelo tells what a CO-RE relocation asks of a kernel's types.
//
// cilium/ebpf v0.22 resolves relocations and shows nothing of them but a text.
// This package takes that apart and follows the access in the object's types, for
// people (which field is missing?) and for minimised BTF (which types and members
// are needed?). The rules are those of bpf_core_spec_match in libbpf's relo_core.c,
// as the library has them in btf/core.go.
package corerelo

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/internal/lazyregexp"
)

// Kind is what a relocation asks: enum bpf_core_relo_kind of include/uapi/linux/bpf.h.
type Kind string

const (
	FieldByteOffset Kind = "byte_off"
	FieldByteSize   Kind = "byte_sz"
	FieldExists     Kind = "field_exists"
	FieldSigned     Kind = "signed"
	FieldLShift     Kind = "lshift_u64"
	FieldRShift     Kind = "rshift_u64"
	TypeIDLocal     Kind = "local_type_id"
	TypeIDTarget    Kind = "target_type_id"
	TypeExists      Kind = "type_exists"
	TypeSize        Kind = "type_size"
	TypeMatches     Kind = "type_matches"
	EnumvalExists   Kind = "enumval_exists"
	EnumvalValue    Kind = "enumval_value"
)

var kinds = map[Kind]class{
	FieldByteOffset: ofField, FieldByteSize: ofField, FieldExists: ofField, FieldSigned: ofField, FieldLShift: ofField, FieldRShift: ofField,
	TypeIDLocal: ofType, TypeIDTarget: ofType, TypeExists: ofType, TypeSize: ofType, TypeMatches: ofType,
	EnumvalExists: ofEnumerator, EnumvalValue: ofEnumerator,
}

type class int

const (
	ofField class = iota + 1
	ofType
	ofEnumerator
)

// OfField is true where the relocation is about a member of a struct or union.
func (k Kind) OfField() bool { return kinds[k] == ofField }

// OfEnumerator is true where it is about an enumerator.
func (k Kind) OfEnumerator() bool { return kinds[k] == ofEnumerator }

// Asks is true where the program asks whether something is there, and 0 is an
// answer. The others poison their instruction where it is not.
func (k Kind) Asks() bool {
	return k == FieldExists || k == TypeExists || k == TypeMatches || k == EnumvalExists
}

// Relocation is one relocation.
type Relocation struct {
	Kind Kind
	// Type is the object's.
	Type btf.Type
	// Access are the indices of the access string: the first that of an array
	// of Type, then one a member or element, anonymous members too; of an
	// enumerator its index alone.
	Access []int
}

var text = lazyregexp.New(`^CORERelocation\(([a-z0-9_]+), .*\[([0-9:]+)\], local_id=(\d+)\)$`)

// Parse takes a relocation of an object apart. types are the object's.
func Parse(relo *btf.CORERelocation, types *btf.Spec) (Relocation, error) {
	m := text().FindStringSubmatch(relo.String())
	if m == nil {
		return Relocation{}, fmt.Errorf("relocation of a form that this version of bpfgen does not know: %s", relo)
	}
	r := Relocation{Kind: Kind(m[1])}
	if _, known := kinds[r.Kind]; !known {
		return r, fmt.Errorf("relocation of a kind that this version of bpfgen does not know: %s", m[1])
	}
	id, err := strconv.ParseUint(m[3], 10, 32)
	if err != nil {
		return r, err
	}
	if r.Type, err = types.TypeByID(btf.TypeID(id)); err != nil {
		return r, err
	}
	for index := range strings.SplitSeq(m[2], ":") {
		n, err := strconv.Atoi(index)
		if err != nil {
			return r, err
		}
		r.Access = append(r.Access, n)
	}
	return r, nil
}

// Essential is a name without its flavour, "task_struct" of "task_struct___old":
// what is looked for in the kernel.
func Essential(name string) string {
	if i := strings.LastIndex(name, "___"); i > 0 {
		return name[:i]
	}
	return name
}

// Step is one member or element on the way to a field, in C's spelling.
type Step struct {
	// Name of the member, "" where it is anonymous or Index counts.
	Name string
	// Index of the element of an array.
	Index int
	// Element is true for a step into an array.
	Element bool
}

// Steps follows the access of a field in the object's types.
func (r Relocation) Steps() ([]Step, error) {
	if len(r.Access) == 0 {
		return nil, errAccess
	}
	var steps []Step
	t := btf.UnderlyingType(r.Type)
	for _, index := range r.Access[1:] {
		switch v := t.(type) {
		case *btf.Array:
			steps = append(steps, Step{Index: index, Element: true})
			t = btf.UnderlyingType(v.Type)
		case *btf.Struct, *btf.Union:
			members := Members(v)
			if index >= len(members) {
				return nil, errAccess
			}
			steps = append(steps, Step{Name: members[index].Name})
			t = btf.UnderlyingType(members[index].Type)
		default:
			return nil, errAccess
		}
	}
	return steps, nil
}

var errAccess = errors.New("the relocation's access does not fit its type")

// Members of a struct or union, nil for other types.
func Members(t btf.Type) []btf.Member {
	switch t := t.(type) {
	case *btf.Struct:
		return t.Members
	case *btf.Union:
		return t.Members
	}
	return nil
}

// Enumerator is the one that the relocation is about, without its flavour.
func (r Relocation) Enumerator() string {
	enum, ok := btf.UnderlyingType(r.Type).(*btf.Enum)
	if !ok || len(r.Access) != 1 || r.Access[0] >= len(enum.Values) {
		return ""
	}
	return Essential(enum.Values[r.Access[0]].Name)
}

// String is what is looked for, in C's spelling: "struct sock.__sk_common.skc_family",
// "enum bpf_func_id: BPF_FUNC_loop", "struct trace_event_raw_bio".
func (r Relocation) String() string {
	name := Spell(r.Type)
	if r.Kind.OfEnumerator() {
		return name + ": " + r.Enumerator()
	}
	if !r.Kind.OfField() {
		return name
	}
	steps, err := r.Steps()
	if err != nil {
		return name
	}
	for _, s := range steps {
		switch {
		case s.Element:
			name += fmt.Sprintf("[%d]", s.Index)
		case s.Name != "":
			name += "." + s.Name
		}
	}
	return name
}

// Spell is a type's name in C, without its flavour.
func Spell(t btf.Type) string {
	name := Essential(t.TypeName())
	if name == "" {
		name = "(anonymous)"
	}
	switch t.(type) {
	case *btf.Struct:
		return "struct " + name
	case *btf.Union:
		return "union " + name
	case *btf.Enum:
		return "enum " + name
	}
	return name
}
