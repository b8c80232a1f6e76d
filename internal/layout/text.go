package layout

// The text of layouts, which stands in generated code. A layout is one word
//
//	u32 s64 bool f64 ptr be16 le32 void [16]u8 [2][3]#1 #2 ptr(kptr) bpf_timer:128 #3:5 u3
//
// for the category and the width in bits, after the dimensions of arrays and
// before a tag. Structs, unions and enums are lines with a number, each behind
// those that it refers to:
//
//	#1 4 enum verdict: PASS=0, DROP=1
//	#2 24 struct flow_stats: packets u64 @0, bytes u64 @8, verdict #1 @16, low u3 @20, high u5 @20.3
//
// with the size in bytes, and the place of each field as byte and bit.
//
// A Table has lines for several layouts before them, with a place in words and a
// hash, and may give the numbers names of Go types:
//
//	map flows value #2 3f9a12bc44d0e1f2
//	variable sample_rate u32 0a1b2c3d4e5f6071
//	#2 24 struct flow_stats = counterFlowStats: packets u64 @0, …
//
// Words that are no identifiers are quoted as in Go, with \x60 for a backtick,
// so that the text can stand between backticks.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// String is the canonical text, which [Parse] reads.
func (l Layout) String() string {
	var p printer
	p.word(l.root)
	return string(p.appendNodes(append(p.line, '\n')))
}

// Root is a layout with the place in C that has it.
type Root struct {
	// Place in words: "map", "flows", "value".
	Place  []string
	Layout Layout
	// Hash of the layout.
	Hash Hash
}

// Named is the layout of a declared Go type.
type Named struct {
	// Name in Go.
	Name   string
	Layout Layout
}

// Table is the layouts that one generated file carries.
type Table struct {
	Roots []Root
	// Named are structs, unions and enums with their names in Go.
	Named []Named
}

// Add adds a root.
func (t *Table) Add(l Layout, place ...string) {
	t.Roots = append(t.Roots, Root{place, l, l.Hash()})
}

// Name gives a struct, union or enum its name in Go. Other layouts have none.
func (t *Table) Name(name string, l Layout) {
	if l.root.of != nil && len(l.root.dims) == 0 {
		t.Named = append(t.Named, Named{name, l})
	}
}

// Find is the layout of a place, which has that hash: where C has several types of
// one name, a place may have several.
func (t *Table) Find(hash Hash, place ...string) (Layout, bool) {
	for _, r := range t.Roots {
		if r.Hash == hash && slices.Equal(r.Place, place) {
			return r.Layout, true
		}
	}
	return Layout{}, false
}

// String is the text of the table, which [ParseTable] reads.
func (t *Table) String() string {
	var p printer
	p.names = make(map[nodeKey][]string)
	for _, n := range t.Named {
		key := n.Layout.root.of.key()
		if !slices.Contains(p.names[key], n.Name) {
			p.names[key] = append(p.names[key], n.Name)
		}
	}
	for _, r := range t.Roots {
		for _, w := range r.Place {
			p.line = append(appendWord(p.line, w), ' ')
		}
		p.word(r.Layout.root)
		p.line = append(append(append(p.line, ' '), r.Hash.String()...), '\n')
	}
	for _, n := range t.Named {
		p.number(n.Layout.root.of)
	}
	return string(p.appendNodes(p.line))
}

// typedefWord stands before a name that is a typedef's.
const typedefWord = "typedef"

// printer numbers nodes as it meets them.
type printer struct {
	line    []byte
	numbers map[nodeKey]int
	order   []*node
	names   map[nodeKey][]string
}

// nodeKey tells apart what has lines of its own. Two types of one name and
// layout, as linking leaves them behind, are one.
type nodeKey struct {
	hash       Hash
	kind, name string
	typedef    bool
}

func (n *node) key() nodeKey { return nodeKey{n.hash, n.kind, n.name, n.typedef} }

// number of a node, after those of all that it refers to.
func (p *printer) number(n *node) int {
	if number, ok := p.numbers[n.key()]; ok {
		return number
	}
	for _, f := range n.fields {
		if f.of != nil {
			p.number(f.of)
		}
	}
	if p.numbers == nil {
		p.numbers = make(map[nodeKey]int)
	}
	p.order = append(p.order, n)
	p.numbers[n.key()] = len(p.order)
	return len(p.order)
}

func (p *printer) appendNodes(text []byte) []byte {
	p.line = nil // which text is
	for i, n := range p.order {
		p.line = fmt.Appendf(p.line[:0], "#%d %d %s", i+1, n.size, n.kind)
		if n.typedef {
			p.line = append(p.line, " "+typedefWord...)
		}
		if n.name != "" {
			p.line = appendWord(append(p.line, ' '), n.name)
		}
		for _, name := range p.names[n.key()] {
			p.line = appendWord(append(p.line, " = "...), name)
		}
		p.line = append(p.line, ':')
		p.body(n)
		text = append(append(text, p.line...), '\n')
	}
	return text
}

// body is the fields or the enumerators.
func (p *printer) body(n *node) {
	separator := " "
	for _, f := range n.fields {
		p.line = append(appendWord(append(p.line, separator...), f.name), ' ')
		p.word(f.elem)
		p.line = append(append(p.line, " @"...), place(f.off)...)
		separator = ", "
	}
	for _, v := range n.values {
		p.line = append(appendWord(append(p.line, separator...), v.name), '=')
		p.line = strconv.AppendInt(p.line, n.signedValue(v.value), 10)
		separator = ", "
	}
}

// place is byte and bit.
func place(bits uint64) string {
	if bits%8 == 0 {
		return strconv.FormatUint(bits/8, 10)
	}
	return fmt.Sprintf("%d.%d", bits/8, bits%8)
}

// words of the categories that have one; the width follows.
var categoryWords = [...]string{
	integer: "u", signed: "s", boolean: "bool", float: "f", pointer: "ptr", bigEndian: "be", littleEndian: "le", void: "void",
}

// implied is the width that is not written, of categories that have one.
func (c category) implied() (bits uint64, ok bool) {
	switch c {
	case boolean:
		return 8, true
	case pointer:
		return 64, true
	case void:
		return 0, true
	default:
		return 0, false
	}
}

// word writes an elem.
func (p *printer) word(e elem) {
	for _, d := range e.dims {
		p.line = fmt.Appendf(p.line, "[%d]", d)
	}
	width, hasImplied := e.cat.implied()
	switch e.cat {
	case enum, aggregate:
		p.line = strconv.AppendInt(append(p.line, '#'), int64(p.number(e.of)), 10)
		if e.bits != 8*uint64(e.of.size) {
			p.line = fmt.Appendf(p.line, ":%d", e.bits)
		}
	case special:
		p.line = fmt.Appendf(p.line, "%s:%d", e.name, e.bits)
	default:
		p.line = append(p.line, categoryWords[e.cat]...)
		if !hasImplied || width != e.bits {
			p.line = strconv.AppendUint(p.line, e.bits, 10)
		}
	}
	switch {
	case e.tagged:
		p.line = append(p.line, "(tag)"...)
	case e.tag != "":
		p.line = append(appendWord(append(p.line, '('), e.tag), ')')
	}
}

// appendWord quotes what is no identifier.
func appendWord(line []byte, s string) []byte {
	if isWord(s) {
		return append(line, s...)
	}
	return append(line, strings.ReplaceAll(strconv.QuoteToASCII(s), "`", `\x60`)...)
}

// isWord is true for identifiers of C, and names of sections.
func isWord(s string) bool {
	for i := range len(s) {
		if !isWordByte(s[i]) {
			return false
		}
	}
	return s != "" && !isDigit(s[0]) && s != typedefWord
}

// isWordByte is true for the bytes of words. It is no table: what fills one is part of
// every program that imports the package, also of those that never read a layout.
func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || 'A' <= c && c <= 'Z' || c == '.'
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }
