package emit

// The fields of structs in bpf2go's flavour (GoFormatter.writeStructLit): C's
// members at C's offsets, blank bytes between them; a union is its first member;
// bitfields are blank bytes. The members of anonymous structs, which bpf2go
// refuses, stand among those around them, as in C.

import (
	"fmt"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// structBuilder collects the fields of one struct.
type structBuilder struct {
	*bpf2go
	path   btfparse.Path
	fields []plan.Field
	values []bpf2goValue
	names  map[string]string
	// of are the members that the fields are, without a type for blank ones;
	// dropped have no field, or one of bytes alone.
	of      []btfparse.Field
	dropped []droppedMember
	// end is the first byte behind the last field, bits that a bitfield was
	// left out since.
	end  uint32
	bits bool
}

// droppedMember is a member that starts at a bit of the outer struct.
type droppedMember struct {
	field btfparse.Field
	bit   uint64
}

// structFields are the fields of a struct or union, and its alignment in Go. of
// is the type that they are of.
func (b *bpf2go) structFields(t *btfparse.Struct, path btfparse.Path, of *bpf2goType) (fields []plan.Field, align uint64) {
	s := &structBuilder{bpf2go: b, path: path, names: make(map[string]string)}
	b.built[builtStruct{t, b.scope}] = s
	s.members(t, 0)
	s.pad(t.Bytes)
	s.check(t, of)
	align = 1
	for _, v := range s.values {
		align = max(align, v.align)
	}
	return s.fields, align
}

// members adds those of a struct that starts at a byte; of a union the first.
func (s *structBuilder) members(t *btfparse.Struct, base uint32) {
	fields := t.Fields
	if t.Union && len(fields) > 0 {
		for _, f := range fields[1:] {
			s.drop(t, f, base)
		}
		fields = fields[:1]
	}
	for _, f := range fields {
		if f.Bitfield || f.OffsetBits%8 != 0 {
			s.bits = true
			s.drop(t, f, base)
			continue
		}
		s.member(t, f, base)
	}
}

// drop notes a member that has no field, or those of one without a name.
func (s *structBuilder) drop(t *btfparse.Struct, f btfparse.Field, base uint32) {
	if inner := f.Anonymous(); inner != nil {
		for _, g := range inner.Fields {
			s.drop(inner, g, base+f.OffsetBits/8)
		}
		return
	}
	if unsized(f) {
		f.SizeBits = 8 * room(t, f)
	}
	if f.Name != "" {
		s.dropped = append(s.dropped, droppedMember{f, 8*uint64(base) + uint64(f.OffsetBits)})
	}
}

func (s *structBuilder) member(t *btfparse.Struct, f btfparse.Field, base uint32) {
	offset := base + f.OffsetBits/8
	if inner := f.Anonymous(); inner != nil {
		s.members(inner, offset)
		return
	}
	v := s.value(f.Type, s.path.Join("field "+f.Name))
	if f.Name == "" || isOpaque(f.Type) || offset < s.end || v.size > 1<<31-1 {
		s.drop(t, f, base)
		return // blank bytes
	}
	s.pad(offset)
	s.fields = append(s.fields, plan.Field{Name: s.name(f.Name), Type: v.typ, Offset: offset, Size: uint32(v.size)})
	s.values = append(s.values, v)
	s.of = append(s.of, f)
	s.end = offset + uint32(v.size)
}

// pad fills up to a byte.
func (s *structBuilder) pad(to uint32) {
	if to <= s.end {
		return
	}
	f := plan.Field{Name: "_", Type: plan.GoType{Name: "byte"}.Of(to - s.end), Offset: s.end, Size: to - s.end}
	if s.bits {
		f.Comment = "unsupported bitfield"
	}
	s.fields = append(s.fields, f)
	s.values = append(s.values, bpf2goValue{typ: f.Type, size: uint64(f.Size), align: 1})
	s.of = append(s.of, btfparse.Field{})
	s.end = to
}

// name is the field's. bpf2go would write two of one name, which does not
// compile.
func (s *structBuilder) name(c string) string {
	name := bpf2goIdentifier(c)
	if s.names[name] != "" {
		name = unlike(s.names, c)
	}
	s.names[name] = c
	return name
}

// check compares C's layout with Go's. A difference is an error, unless the
// user said what to do about it.
func (s *structBuilder) check(t *btfparse.Struct, of *bpf2goType) {
	s.dropTail(t)
	if s.fits(t.Bytes) {
		return
	}
	switch s.opts.Packed {
	case PackedFix:
		s.fix(t.Bytes)
	case PackedKeep:
		if of.decl == nil {
			of.decl = &plan.Decl{}
		}
		of.decl.Foreign = true
	default:
		s.fail(s.on, "%s: Go would lay out %s otherwise than C (%s): -packed fix makes byte arrays of the fields that stand wrong, -packed keep leaves them as bpf2go has them",
			s.path, t.CName(), s.bothLayouts(t))
	}
}

// dropTail leaves out a flexible array at the very end: as the last field
// without a size it would make Go's struct longer than C's, unless that has no
// size itself.
func (s *structBuilder) dropTail(t *btfparse.Struct) {
	for t.Bytes > 0 && len(s.fields) > 1 && s.values[len(s.values)-1].size == 0 {
		last := s.fields[len(s.fields)-1]
		if !s.opts.Typed { // else it has a function, or memberFinder says that it has none
			s.warn(s.on, btfparse.Diagnostic{
				Path: s.path.Join("field " + last.Name),
				What: fmt.Sprintf("is left out: as the last field, without a size, it would make Go's %s longer than C's", t.CName()), Remedy: "with -typed there is a function for it, without -bpf2go a method",
			})
		}
		s.dropField(len(s.fields) - 1)
		s.fields, s.values = s.fields[:len(s.fields)-1], s.values[:len(s.values)-1]
	}
}

// fits says whether Go puts every field at its offset, and the struct has C's
// size, whether 64-bit integers are aligned to 8 bytes or to 4.
func (s *structBuilder) fits(size uint32) bool {
	for _, most := range []uint64{8, 4} {
		at, whole := uint64(0), uint64(1)
		for i, v := range s.values {
			align := min(v.align, most)
			at = (at + align - 1) / align * align
			if at != uint64(s.fields[i].Offset) || v.wrong {
				return false
			}
			at, whole = at+v.size, max(whole, align)
		}
		if (at+whole-1)/whole*whole != uint64(size) {
			return false
		}
	}
	return true
}

// fix makes byte arrays of the fields that cannot stand where C has them, and
// of all with the largest alignment if the size is no multiple of it.
func (s *structBuilder) fix(size uint32) {
	for i := range s.fields {
		f, v := &s.fields[i], &s.values[i]
		if uint64(f.Offset)%v.align != 0 || uint64(size)%v.align != 0 || v.wrong {
			s.dropField(i)
			f.Type = plan.GoType{Name: "byte"}.Of(f.Size)
			*v = bpf2goValue{typ: f.Type, size: uint64(f.Size), align: 1}
		}
	}
}

// dropField notes that a member does not have the field that it had.
func (s *structBuilder) dropField(i int) {
	s.dropped = append(s.dropped, droppedMember{s.of[i], 8 * uint64(s.fields[i].Offset)})
	s.of[i] = btfparse.Field{}
}

// bothLayouts shows where C and Go have the fields: "Pid at 1, in Go at 4".
func (s *structBuilder) bothLayouts(t *btfparse.Struct) string {
	var parts []string
	at, whole := uint64(0), uint64(1)
	for i, v := range s.values {
		at = (at + v.align - 1) / v.align * v.align
		if f := s.fields[i]; at != uint64(f.Offset) && f.Name != "_" {
			parts = append(parts, fmt.Sprintf("%s at %d, in Go at %d", f.Name, f.Offset, at))
		}
		at, whole = at+v.size, max(whole, v.align)
	}
	if at = (at + whole - 1) / whole * whole; at != uint64(t.Bytes) {
		parts = append(parts, fmt.Sprintf("size %d, in Go %d", t.Bytes, at))
	}
	const most = 4
	if n := len(parts) - most; n > 0 {
		parts = append(parts[:most], fmt.Sprintf("and %d more", n))
	}
	return strings.Join(parts, "; ")
}
