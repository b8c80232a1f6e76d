package layout

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Parse reads what [Layout.String] writes.
func Parse(text string) (Layout, error) {
	root, nodes, _ := strings.Cut(text, "\n")
	p := parser{named: func(string, Layout) {}}
	if err := p.nodeLines(nodes); err != nil {
		return Layout{}, err
	}
	s := scanner{rest: root}
	e := s.elem(p.nodes)
	return Layout{e}, s.finish(root)
}

// ParseTable reads what [Table.String] writes, and compares the hashes in it
// with those of the layouts.
func ParseTable(text string) (*Table, error) {
	var t Table
	p := parser{named: t.Name}
	roots, nodes := splitTable(text)
	if err := p.nodeLines(nodes); err != nil {
		return nil, err
	}
	for line := range strings.Lines(roots) {
		line = strings.TrimSuffix(line, "\n")
		place, rest, hash, err := splitRoot(line, nil)
		if err != nil {
			return nil, err
		}
		s := scanner{rest: rest}
		r := Root{Place: place, Layout: Layout{s.elem(p.nodes)}, Hash: hash}
		if err := s.finish(line); err != nil {
			return nil, err
		}
		if r.Layout.Hash() != hash {
			return nil, fmt.Errorf("layout %q has the hash %s", line, r.Layout.Hash())
		}
		t.Roots = append(t.Roots, r)
	}
	return &t, nil
}

// EachHash calls f for the places of a table and their hashes, without reading
// the layouts. f must not keep the place.
func EachHash(text string, f func(place []string, hash Hash)) error {
	roots, _ := splitTable(text)
	place := make([]string, 0, 8)
	for roots != "" {
		line, rest, _ := strings.Cut(roots, "\n")
		words, _, hash, err := splitRoot(line, place)
		if err != nil {
			return err
		}
		f(words, hash)
		roots = rest
	}
	return nil
}

// splitTable cuts the text before the first node.
func splitTable(text string) (roots, nodes string) {
	text = strings.TrimLeft(text, "\n")
	if strings.HasPrefix(text, "#") {
		return "", text
	}
	if i := strings.Index(text, "\n#"); i >= 0 {
		return text[:i+1], text[i+1:]
	}
	return text, ""
}

// splitRoot cuts a line into its words: the place, which is appended to into, the
// type and the hash.
func splitRoot(line string, into []string) (place []string, typ string, hash Hash, err error) {
	const digits = 16
	at := len(line) - digits - 1
	if at < 0 || line[at] != ' ' {
		return nil, "", 0, damaged(line)
	}
	for i := at + 1; i < len(line); i++ {
		d := hexDigit(line[i])
		if d == 0 {
			return nil, "", 0, damaged(line)
		}
		hash = hash<<4 | Hash(d-1)
	}
	s := scanner{rest: line[:at]}
	place = into
	for {
		start := s.rest
		w := s.word()
		if s.err != nil || !s.accept(" ") {
			return place, start, hash, nil
		}
		place = append(place, w)
	}
}

// hexDigit is the value of a hexadecimal digit and 1, 0 for other bytes.
func hexDigit(c byte) uint8 {
	switch {
	case '0' <= c && c <= '9':
		return c - '0' + 1
	case 'a' <= c && c <= 'f':
		return c - 'a' + 11
	}
	return 0
}

func damaged(line string) error { return fmt.Errorf("damaged layout %q", line) }

// parser reads the lines of nodes.
type parser struct {
	nodes []*node
	// named is told of the Go names.
	named  func(name string, l Layout)
	leaves int
}

func (p *parser) nodeLines(text string) error {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		n, names, err := p.node(line)
		if err != nil {
			return err
		}
		p.nodes = append(p.nodes, n)
		for _, name := range names {
			cat := aggregate
			if n.kind == enumKind {
				cat = enum
			}
			p.named(name, Layout{elem{cat: cat, bits: 8 * uint64(n.size), of: n}})
		}
	}
	return nil
}

// node reads a line: "#1 4 enum verdict = counterVerdict: PASS=0, DROP=1".
func (p *parser) node(line string) (*node, []string, error) {
	s := scanner{rest: line}
	s.expect(fmt.Sprintf("#%d ", len(p.nodes)+1))
	n := &node{size: uint32(s.number(math.MaxUint32))}
	s.expect(" ")
	n.kind = s.word()
	if !slices.Contains([]string{structKind, unionKind, enumKind}, n.kind) {
		s.fail()
	}
	n.typedef = s.acceptTypedef()
	if !strings.HasPrefix(s.rest, " =") && s.accept(" ") {
		n.name = s.word()
	}
	var names []string
	for s.accept(" = ") {
		names = append(names, s.word())
	}
	s.expect(":")
	for separator := " "; s.err == nil && s.rest != ""; separator = ", " {
		s.expect(separator)
		p.item(&s, n)
	}
	if err := s.finish(line); err != nil {
		return nil, nil, err
	}
	if p.leaves += len(n.fields) + len(n.values); p.leaves > maxLeaves {
		return nil, nil, ErrTooLarge
	}
	n.finish()
	if n.depth > maxNesting {
		return nil, nil, ErrTooLarge
	}
	return n, names, nil
}

// item reads a field or an enumerator.
func (p *parser) item(s *scanner, n *node) {
	name := s.word()
	if n.kind == enumKind {
		s.expect("=")
		n.values = append(n.values, value{name, s.integer()})
		return
	}
	s.expect(" ")
	f := field{name: name, elem: s.elem(p.nodes)}
	s.expect(" @")
	f.off = 8 * s.number(math.MaxUint32)
	if s.accept(".") {
		f.off += s.number(7)
	}
	n.fields = append(n.fields, f)
}

// scanner reads a line from the left. After an error it reads nothing more.
type scanner struct {
	rest string
	err  error
}

var errDamaged = errors.New("damaged")

func (s *scanner) fail() {
	s.err, s.rest = errDamaged, ""
}

// finish is the error of the whole line, of which nothing may be left.
func (s *scanner) finish(line string) error {
	if s.err != nil || s.rest != "" {
		return damaged(line)
	}
	return nil
}

func (s *scanner) accept(text string) bool {
	rest, ok := strings.CutPrefix(s.rest, text)
	if ok {
		s.rest = rest
	}
	return ok
}

// acceptTypedef accepts the word typedef, which a name may begin with.
func (s *scanner) acceptTypedef() bool {
	rest, ok := strings.CutPrefix(s.rest, " "+typedefWord)
	if !ok || rest != "" && isWordByte(rest[0]) {
		return false
	}
	s.rest = rest
	return true
}

func (s *scanner) expect(text string) {
	if !s.accept(text) {
		s.fail()
	}
}

// word is an identifier or a quoted string.
func (s *scanner) word() string {
	if strings.HasPrefix(s.rest, `"`) {
		quoted, err := strconv.QuotedPrefix(s.rest)
		if err != nil {
			s.fail()
			return ""
		}
		s.rest = s.rest[len(quoted):]
		text, err := strconv.Unquote(quoted)
		if err != nil {
			s.fail()
		}
		return text
	}
	n := 0
	for n < len(s.rest) && isWordByte(s.rest[n]) {
		n++
	}
	if n == 0 || isDigit(s.rest[0]) {
		s.fail()
		return ""
	}
	w := s.rest[:n]
	s.rest = s.rest[n:]
	return w
}

// digits cuts the digits off.
func (s *scanner) digits() string {
	n := 0
	for n < len(s.rest) && isDigit(s.rest[n]) {
		n++
	}
	d := s.rest[:n]
	s.rest = s.rest[n:]
	return d
}

func (s *scanner) number(limit uint64) uint64 {
	n, err := strconv.ParseUint(s.digits(), 10, 64)
	if err != nil || n > limit {
		s.fail()
	}
	return n
}

// integer is a number with a sign, as two's complement.
func (s *scanner) integer() uint64 {
	sign := ""
	if s.accept("-") {
		sign = "-"
	}
	n, err := strconv.ParseInt(sign+s.digits(), 10, 64)
	if err != nil {
		s.fail()
	}
	return uint64(n)
}

// elem reads the word of a type.
func (s *scanner) elem(nodes []*node) elem {
	var e elem
	for s.accept("[") {
		e.dims = append(e.dims, uint32(s.number(math.MaxUint32)))
		s.expect("]")
		if len(e.dims) > maxNesting {
			s.fail()
		}
	}
	if s.accept("#") {
		s.reference(&e, nodes)
	} else {
		s.plain(&e)
	}
	if s.accept("(") {
		s.tag(&e)
	}
	if e.checkSize() != nil || e.bits > 8*math.MaxUint32 {
		s.fail()
	}
	return e
}

// reference reads the number of a node that stands before this line.
func (s *scanner) reference(e *elem, nodes []*node) {
	n := s.number(uint64(len(nodes)))
	if s.err != nil || n == 0 {
		s.fail()
		return
	}
	e.of = nodes[n-1]
	e.bits, e.cat = 8*uint64(e.of.size), aggregate
	if e.of.kind == enumKind {
		e.cat = enum
	}
	if s.accept(":") {
		e.bits = s.number(8 * math.MaxUint32)
	}
}

// plain reads a category with its width.
func (s *scanner) plain(e *elem) {
	n := 0
	for n < len(s.rest) && ('a' <= s.rest[n] && s.rest[n] <= 'z' || s.rest[n] == '_') {
		n++
	}
	name := s.rest[:n]
	s.rest = s.rest[n:]
	if kernelTypes[name] {
		e.cat, e.name = special, name
		s.expect(":")
		e.bits = s.number(8 * math.MaxUint32)
		return
	}
	cat, ok := wordCategory(name)
	if !ok {
		s.fail()
		return
	}
	e.cat = cat
	width, hasImplied := cat.implied()
	if e.bits = width; !hasImplied || s.rest != "" && isDigit(s.rest[0]) {
		e.bits = s.number(8 * math.MaxUint32)
	}
}

// wordCategory is the category with that word.
func wordCategory(word string) (cat category, ok bool) {
	for cat, w := range categoryWords {
		if w == word && w != "" {
			return category(cat), true
		}
	}
	return 0, false
}

// tag reads what stands in parentheses.
func (s *scanner) tag(e *elem) {
	w := s.word()
	switch {
	case e.cat == bigEndian || e.cat == littleEndian:
		e.tagged = w == "tag"
		if !e.tagged {
			s.fail()
		}
	case e.cat == pointer && kernelPointerTag(w) == w && w != "", e.cat == special && strings.HasPrefix(w, containsTag):
		e.tag = w
	default:
		s.fail()
	}
	s.expect(")")
}
