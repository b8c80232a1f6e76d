package emit

// What tells types of one C name apart, as text and as a hash.

import (
	"fmt"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/lazyregexp"
	"github.com/bpfgen/bpfgen/internal/words"
)

// structureHash tells types of one C name apart by what C says of their own
// members. It is in names that users write, so the text under it must stay as
// it is; and it does not follow named types inside, so that a change in one of
// these does not rename all that hold it.
func structureHash(t btfparse.Type) string { return hashSuffix(structureText(t, 0), 6) }

// hashedName is the end of a C name with such a hash.
var hashedName = lazyregexp.New(`_[0-9a-f]{6}$`)

// structureText is size, members and enumerators; of types inside, those
// without a name only, and the names of others.
func structureText(t btfparse.Type, depth int) string {
	switch t := t.(type) {
	case *btfparse.Int:
		return fmt.Sprintf("int %d %d %t", t.Bytes, t.Encoding, t.Char)
	case *btfparse.Array:
		return fmt.Sprintf("[%d]%s", t.Len, structureText(t.Elem, depth+1))
	case *btfparse.Enum:
		if depth == 0 || t.Name == "" {
			return fmt.Sprintf("%s %d %t %v", t.CName(), t.Bytes, t.Signed, t.Values)
		}
	case *btfparse.Struct:
		if depth > 0 && t.Name != "" {
			break
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%s %d", t.CName(), t.Bytes)
		for _, f := range t.Fields {
			fmt.Fprintf(&b, "\n%q %d %d %t %s", f.Name, f.OffsetBits, f.SizeBits, f.Bitfield, structureText(f.Type, depth+1))
		}
		return b.String()
	}
	return t.CName()
}

// describeMembers is what a type holds, for people.
func describeMembers(t btfparse.Type) string {
	var names []string
	switch t := t.(type) {
	case *btfparse.Struct:
		for _, f := range t.Fields {
			names = append(names, f.Declaration())
		}
	case *btfparse.Enum:
		for _, v := range t.Values {
			names = append(names, v.Name)
		}
	}
	if len(names) > maxListed {
		names = append(names[:maxListed], "…")
	}
	return words.Bytes(t.Size()) + ": " + strings.Join(names, ", ")
}

// structures are texts that are the same for two types only if they are
// structurally identical, all the way down.
type structures struct{ texts map[btfparse.Type]string }

func (s *structures) of(t btfparse.Type) string {
	if text, ok := s.texts[t]; ok {
		return text
	}
	var b strings.Builder
	b.WriteString(structureText(t, 0))
	switch t := t.(type) {
	case *btfparse.Typedef:
		b.WriteString(" = " + s.of(t.Type))
	case *btfparse.Array:
		b.WriteString(" of " + s.of(t.Elem))
	case *btfparse.Struct:
		for _, f := range t.Fields {
			b.WriteString("\n" + s.of(f.Type))
		}
	}
	text := hashSuffix(b.String(), 64)
	s.texts[t] = text
	return text
}
