package btfparse

// This file turns the types of cilium/ebpf/btf into the types of this package.
//
// Each converted node is interned: a key is built from what counts for its
// identity, in which the nodes below stand as numbers, and a second node with
// the same key is the first one. Pointers hold only the spelling of what they
// point to, so the graph has no cycles and the walk follows C's own nesting,
// which is shallow in all that a compiler makes and bounded here.

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"
)

const (
	// maxNesting bounds structs in structs, arrays of arrays and typedef
	// chains. The kernel's own limit is 32 (MAX_RESOLVE_DEPTH in kernel/bpf/btf.c).
	maxNesting = 256
	// maxMembers bounds the members of one struct, those of anonymous structs
	// in it included: they are repeated wherever the struct is written out.
	maxMembers = 1 << 20
	// maxName bounds the names of types, members and enumerators. The kernel
	// takes 511 bytes (KSYM_NAME_LEN), and every name is repeated in Go.
	maxName = 16 << 10
	// maxIntBytes is beyond every integer of C; larger ones are damage.
	maxIntBytes = 64
)

// converter holds the nodes made so far.
type converter struct {
	// done has the node of each BTF type; nil while it is being converted.
	done  map[btf.Type]Type
	nodes map[string]Type
	ids   map[Type]int
	// origins are the BTF types that nodes were first made of, by id - 1; nil
	// for nodes that stand for no type of their own.
	origins []btf.Type
	depth   int
	// keep are typedefs that the user asks for.
	keep []string
	// members has the number of members of each struct, see maxMembers.
	members map[Type]int
	// spelled has the C spelling of pointer targets.
	spelled map[btf.Type]spelling
	key     []byte
	// aligns has the alignments that were asked for.
	aligns map[btf.Type]uint32
	// halved are the enums of 8 bytes of whose values there is the lower half.
	halved map[btf.Type]bool
	// notes are the warnings about types.
	notes []Diagnostic
}

func newConverter(keep ...string) *converter {
	return &converter{
		keep:    keep,
		done:    make(map[btf.Type]Type),
		nodes:   make(map[string]Type),
		ids:     make(map[Type]int),
		members: make(map[Type]int),
		spelled: make(map[btf.Type]spelling),
		aligns:  make(map[btf.Type]uint32),
	}
}

// convert is the node of a type as it stands in a declaration: typedefs that
// mean nothing to the layout are skipped.
func (c *converter) convert(t btf.Type) (Type, error) {
	if node, ok := c.done[t]; ok {
		if node == nil {
			return nil, fmt.Errorf("malformed BTF: %s contains itself", describe(t))
		}
		return node, nil
	}
	if c.depth++; c.depth > maxNesting {
		return nil, fmt.Errorf("malformed BTF: types nest more than %d levels deep", maxNesting)
	}
	if err := checkName(t.TypeName()); err != nil {
		return nil, err
	}
	c.done[t] = nil
	node, err := c.convertNew(t)
	c.depth--
	if err != nil {
		return nil, err
	}
	c.done[t] = node
	if id := c.ids[node]; c.origins[id-1] == nil {
		c.origins[id-1] = t
	}
	return node, nil
}

// checkName is an error for a name that no compiler writes.
func checkName(name string) error {
	if len(name) > maxName {
		return fmt.Errorf("malformed BTF: a name of %d bytes, %s…", len(name), strings.ToValidUTF8(name[:32], ""))
	}
	return nil
}

func (c *converter) convertNew(t btf.Type) (Type, error) {
	switch t := t.(type) {
	case *btf.Int:
		return c.integer(t)
	case *btf.Float:
		return c.float(t)
	case *btf.Enum:
		return c.enum(t, t.Name, nil)
	case *btf.Struct, *btf.Union:
		return c.composite(t, t.TypeName(), nil)
	case *btf.Array:
		return c.array(t)
	case *btf.Pointer:
		return c.pointer(t), nil
	case *btf.Typedef:
		return c.typedef(t)
	case *btf.Fwd:
		return c.opaque(describe(t), whyForward), nil
	case *btf.FuncProto:
		return c.opaque(c.spell(t).with(""), whyFunction), nil
	}
	if next, ok := unqualify(t); ok {
		return c.convert(next)
	}
	return c.opaque("void", whyVoid), nil
}

// declaration is the node of a named type as an entry of Object.Types: a
// typedef keeps its name, whatever it stands for.
func (c *converter) declaration(t btf.Type) (Type, error) {
	node, err := c.convert(t)
	td, ok := t.(*btf.Typedef)
	if err != nil || !ok || nodeName(node) == td.Name {
		return node, err
	}
	return c.typedefNode(td.Name, node, td.Tags), nil
}

// nodeName is the name of a node that bears a typedef's name, else "".
func nodeName(t Type) string {
	switch t := t.(type) {
	case *Typedef:
		return t.Name
	case *Struct:
		if t.FromTypedef {
			return t.Name
		}
	case *Enum:
		if t.FromTypedef {
			return t.Name
		}
	}
	return ""
}

// unqualify removes one const, volatile, restrict or type tag.
func unqualify(t btf.Type) (btf.Type, bool) {
	switch t := t.(type) {
	case *btf.Const:
		return t.Type, true
	case *btf.Volatile:
		return t.Type, true
	case *btf.Restrict:
		return t.Type, true
	case *btf.TypeTag:
		return t.Type, true
	}
	return t, false
}

// intNames are the names that interned integers bear, so that one C type is
// spelled alike in every object ("unsigned long" and "unsigned long long" are
// one type for the BPF machine).
var intNames = map[IntEncoding]map[uint32]string{
	Unsigned: {1: "unsigned char", 2: "unsigned short", 4: "unsigned int", 8: "unsigned long long", 16: "unsigned __int128"},
	Signed:   {1: "signed char", 2: "short", 4: "int", 8: "long long", 16: "__int128"},
	Bool:     {1: "_Bool"},
}

func (c *converter) integer(t *btf.Int) (Type, error) {
	if t.Size == 0 || t.Size > maxIntBytes {
		return nil, fmt.Errorf("malformed BTF: integer %s has %d bytes", t.Name, t.Size)
	}
	n := &Int{Name: t.Name, Bytes: t.Size, Encoding: intEncoding(t.Encoding)}
	n.Char = t.Size == 1 && n.Encoding != Bool && (t.Name == "char" || t.Encoding == btf.Char)
	switch name := intNames[n.Encoding][n.Bytes]; {
	case n.Char:
		n.Name = "char"
	case name != "":
		n.Name = name
	default:
		n.Name = fmt.Sprintf("%s (%d bytes)", [...]string{"unsigned", "signed", "_Bool"}[n.Encoding], n.Bytes)
	}
	c.start("i", n.Name)
	c.number(uint64(n.Bytes), uint64(n.Encoding))
	return c.intern(n), nil
}

func intEncoding(e btf.IntEncoding) IntEncoding {
	switch {
	case e&btf.Bool != 0:
		return Bool
	case e&btf.Signed != 0:
		return Signed
	}
	return Unsigned
}

func (c *converter) float(t *btf.Float) (Type, error) {
	if t.Size == 0 || t.Size > maxIntBytes {
		return nil, fmt.Errorf("malformed BTF: float %s has %d bytes", t.Name, t.Size)
	}
	c.start("f", t.Name)
	c.number(uint64(t.Size))
	return c.intern(&Float{Name: t.Name, Bytes: t.Size}), nil
}

// enum converts an enum, or the anonymous one behind a typedef (name, tags).
func (c *converter) enum(t *btf.Enum, name string, tags []string) (Type, error) {
	switch {
	case t.Size == 0 && len(t.Values) == 0:
		return c.opaque(tagged("enum", name, t.Name == "" && name != ""), whyForward), nil
	case t.Size != 1 && t.Size != 2 && t.Size != 4 && t.Size != 8:
		return nil, fmt.Errorf("malformed BTF: %s has %d bytes", describe(t), t.Size)
	}
	n := &Enum{Name: name, FromTypedef: t.Name == "" && name != "", Bytes: t.Size, Signed: t.Signed, Halved: c.halved[t], Tags: tags}
	c.start("e", name)
	c.flags(n.FromTypedef, n.Signed, n.Halved)
	c.number(uint64(n.Bytes), uint64(len(t.Values)))
	for _, v := range t.Values {
		if err := checkName(v.Name); err != nil {
			return nil, err
		}
		n.Values = append(n.Values, EnumValue(v))
		c.text(v.Name)
		c.number(v.Value)
	}
	c.text(tags...)
	return c.intern(n), nil
}

// composite converts a struct or union, or the anonymous one behind a typedef
// (name, tags).
func (c *converter) composite(t btf.Type, name string, tags []string) (Type, error) {
	n := &Struct{Name: name, FromTypedef: t.TypeName() == "" && name != ""}
	var members []btf.Member
	switch t := t.(type) {
	case *btf.Struct:
		n.Bytes, members, n.Tags = t.Size, t.Members, join(tags, t.Tags)
	case *btf.Union:
		n.Bytes, members, n.Tags = t.Size, t.Members, join(tags, t.Tags)
		n.Union = true
	}
	if isTruncated(n.Bytes, members) {
		return c.opaque(n.CName(), whyCut), nil
	}
	for _, m := range c.ownMembers(n.CName(), n.Union, n.Bytes, members) {
		f, err := c.field(m, n.Bytes)
		if err != nil {
			return nil, inMember(n, m.Name, err)
		}
		n.Fields = append(n.Fields, f)
	}
	node := c.intern(c.structKey(n))
	if c.members[node] = c.countMembers(n); c.members[node] > maxMembers {
		return nil, fmt.Errorf("malformed BTF: %s has more than %d members", n.CName(), maxMembers)
	}
	return node, nil
}

// isTruncated says whether a struct has a member of 512 MiB or more, and a size
// that is too small for it. clang counts sizes in 32 bits of bits: what it writes
// of such a struct is the rest (llvm/lib/Target/BPF/BTFDebug.cpp).
func isTruncated(bytes uint32, members []btf.Member) bool {
	const limit = 1 << 29
	for _, m := range members {
		if n, err := btf.Sizeof(m.Type); err == nil && n >= limit && uint64(n) > uint64(bytes) {
			return true
		}
	}
	return false
}

// inMember says where an error is, until that is more than anyone reads.
func inMember(n *Struct, member string, err error) error {
	if len(err.Error()) > maxSpelling {
		return err
	}
	return fmt.Errorf("%s, member %s: %w", n.CName(), member, err)
}

// countMembers includes those of anonymous structs and unions, and of arrays of them.
func (c *converter) countMembers(n *Struct) int {
	count := 0
	for _, f := range n.Fields {
		count++
		if s := Nameless(f.Type); s != nil {
			count += c.members[s]
		}
	}
	return count
}

// structKey fills the key after the fields are there: converting them uses it too.
func (c *converter) structKey(n *Struct) Type {
	c.start("s", n.Name)
	c.flags(n.FromTypedef, n.Union)
	c.number(uint64(n.Bytes), uint64(len(n.Fields)))
	for _, f := range n.Fields {
		c.text(f.Name)
		c.flags(f.Bitfield)
		c.number(uint64(f.OffsetBits), uint64(f.SizeBits))
		c.node(f.Type)
		c.text(f.Tags...)
	}
	c.text(n.Tags...)
	return n
}

// field converts a member of a struct of so many bytes.
func (c *converter) field(m btf.Member, structBytes uint32) (Field, error) {
	if err := checkName(m.Name); err != nil {
		return Field{}, err
	}
	t, err := c.convert(m.Type)
	if err != nil {
		return Field{}, err
	}
	bits := 8 * uint64(t.Size())
	if m.BitfieldSize > 0 {
		if uint64(m.BitfieldSize) > bits {
			return Field{}, fmt.Errorf("malformed BTF: %d bits in a type of %d", m.BitfieldSize, bits)
		}
		bits = uint64(m.BitfieldSize)
	}
	if uint64(m.Offset)+bits > 8*uint64(structBytes) {
		return Field{}, fmt.Errorf("malformed BTF: ends behind the %d bytes of the type", structBytes)
	}
	return Field{
		Name: m.Name, Type: t, OffsetBits: uint32(m.Offset), SizeBits: uint32(bits),
		Bitfield: m.BitfieldSize > 0, Tags: m.Tags,
	}, nil
}

func (c *converter) array(t *btf.Array) (Type, error) {
	elem, err := c.convert(t.Type)
	if err != nil {
		return nil, err
	}
	if uint64(t.Nelems)*uint64(elem.Size()) > math.MaxUint32 {
		return c.opaque(c.spell(t).with(""), whyHuge), nil
	}
	c.start("a", "")
	c.number(uint64(t.Nelems))
	c.node(elem)
	return c.intern(&Array{Elem: elem, Len: t.Nelems}), nil
}

// pointer keeps the type tags that stand directly behind the "*".
func (c *converter) pointer(t *btf.Pointer) Type {
	n := &Pointer{}
	target := t.Target
	for i := 0; i < maxNesting; i++ {
		next, ok := unqualify(target)
		if !ok {
			break
		}
		if tag, ok := target.(*btf.TypeTag); ok {
			n.TypeTags = append(n.TypeTags, tag.Value)
		}
		target = next
	}
	n.Target, n.spelled = c.spell(target).with(""), c.spell(t)
	_, n.Func = underlying(target).(*btf.FuncProto)
	c.start("p", n.Target)
	c.flags(n.Func)
	c.text(n.TypeTags...)
	return c.intern(n)
}

// underlying skips typedefs and qualifiers, at most maxNesting of them.
func underlying(t btf.Type) btf.Type {
	for i := 0; i < maxNesting; i++ {
		if td, ok := t.(*btf.Typedef); ok {
			t = td.Type
		} else if next, ok := unqualify(t); ok {
			t = next
		} else {
			break
		}
	}
	return t
}

// typedef names an anonymous struct, union or enum, keeps the typedefs that
// carry meaning or that the user asks for, and skips the others.
func (c *converter) typedef(t *btf.Typedef) (Type, error) {
	switch base := underlying(t).(type) {
	case *btf.Struct, *btf.Union:
		if base.TypeName() == "" {
			return c.composite(base, t.Name, typedefTags(t))
		}
	case *btf.Enum:
		if base.Name == "" {
			return c.enum(base, t.Name, typedefTags(t))
		}
	}
	node, err := c.convert(t.Type)
	if err != nil {
		return nil, err
	}
	if means(t.Name, node) || len(t.Tags) > 0 || slices.Contains(c.keep, t.Name) {
		return c.typedefNode(t.Name, node, t.Tags), nil
	}
	return node, nil
}

// means says whether a typedef says more than what it stands for: it is a byte
// order, or a further name of a struct, union or enum, which bpf2go calls by it.
func means(name string, of Type) bool {
	switch of := of.(type) {
	case *Int:
		return isByteOrder(name, of.Bytes)
	case *Struct, *Enum:
		return true
	case *Typedef:
		return means(name, of.Type)
	}
	return false
}

func (c *converter) typedefNode(name string, of Type, tags []string) Type {
	c.start("t", name)
	c.node(of)
	c.text(tags...)
	return c.intern(&Typedef{Name: name, Type: of, Tags: tags})
}

// typedefTags are the decl tags of a chain of typedefs, outermost first.
func typedefTags(t btf.Type) []string {
	var tags []string
	for i := 0; i < maxNesting; i++ {
		if td, ok := t.(*btf.Typedef); ok {
			tags = append(tags, td.Tags...)
			t = td.Type
		} else if next, ok := unqualify(t); ok {
			t = next
		} else {
			break
		}
	}
	return tags
}

func (c *converter) opaque(spelling, why string) Type {
	c.start("o", spelling)
	c.text(why)
	return c.intern(&Opaque{Spelling: spelling, Why: why})
}

// The key under construction. Text is preceded by its length, so that two
// different sequences never give one key.

func (c *converter) start(kind, name string) {
	c.key = append(c.key[:0], kind...)
	c.text(name)
}

func (c *converter) text(all ...string) {
	c.number(uint64(len(all)))
	for _, s := range all {
		c.number(uint64(len(s)))
		c.key = append(c.key, s...)
	}
}

func (c *converter) number(all ...uint64) {
	for _, n := range all {
		c.key = append(strconv.AppendUint(c.key, n, 16), ',')
	}
}

func (c *converter) flags(all ...bool) {
	for _, f := range all {
		c.key = strconv.AppendBool(c.key, f)
	}
}

func (c *converter) node(t Type) { c.number(uint64(c.ids[t])) }

// intern gives the node of the key, which is n if there was none.
func (c *converter) intern(n Type) Type {
	if old, ok := c.nodes[string(c.key)]; ok {
		return old
	}
	c.nodes[string(c.key)] = n
	c.ids[n] = len(c.ids) + 1
	c.origins = append(c.origins, nil)
	return n
}

// join concatenates without sharing memory.
func join(a, b []string) []string {
	if len(a)+len(b) == 0 {
		return nil
	}
	return append(append([]string(nil), a...), b...)
}

// tooDeep is the spelling of what is not written out.
var tooDeep = spelling{base: "…"}

// spell is how C writes the type, without qualifiers. Too long or too deep a
// type ends in "…".
func (c *converter) spell(t btf.Type) spelling {
	if s, ok := c.spelled[t]; ok {
		return s
	}
	c.spelled[t] = tooDeep // what a cycle sees
	if c.depth++; c.depth > maxNesting {
		c.depth--
		return tooDeep
	}
	s := c.spellNew(t).bounded()
	c.depth--
	c.spelled[t] = s
	return s
}

func (c *converter) spellNew(t btf.Type) spelling {
	switch t := t.(type) {
	case *btf.Pointer:
		return c.spell(t.Target).pointer()
	case *btf.Array:
		return c.spell(t.Type).array(t.Nelems)
	case *btf.FuncProto:
		return c.spell(t.Return).function(c.spellParams(t.Params))
	}
	if next, ok := unqualify(t); ok {
		return c.spell(next)
	}
	return spelling{base: describe(t)}
}

func (c *converter) spellParams(list []btf.FuncParam) []string {
	if len(list) == 0 {
		return []string{"void"}
	}
	var params []string
	for i, p := range list {
		_, void := p.Type.(*btf.Void)
		if void && i == len(list)-1 {
			params = append(params, "...") // how BTF writes variadic functions
		} else {
			params = append(params, c.spell(p.Type).with(""))
		}
	}
	return params
}

// describe names a type without looking behind it.
func describe(t btf.Type) string {
	switch t := t.(type) {
	case *btf.Struct:
		return tagged("struct", t.Name, false)
	case *btf.Union:
		return tagged("union", t.Name, false)
	case *btf.Enum:
		return tagged("enum", t.Name, false)
	case *btf.Fwd:
		return tagged(t.Kind.String(), t.Name, false)
	case *btf.Void:
		return "void"
	}
	if name := t.TypeName(); name != "" {
		return name
	}
	return "an anonymous type"
}
