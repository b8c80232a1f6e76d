package inspecthtml

// This file lays the bytes of a struct out in rows of eight. A drawing has
// lanes: a struct one, a union one for each arm. Every bit of a lane is in
// exactly one part of it: a member, a piece of a bitfield's byte, a hole.

import (
	"fmt"

	"github.com/bpfgen/bpfgen/btfparse"
)

// PartKind says what bits are there for. It is the name of a class of the page's
// style.
type PartKind string

const (
	Member   PartKind = "member"
	Bitfield PartKind = "bitfield"
	// Union is a union without a name of its own: its arms have a drawing.
	Union PartKind = "union"
	// Hole is between members, Padding behind the last, Unused behind an arm of
	// a union that is shorter than others.
	Hole    PartKind = "hole"
	Padding PartKind = "padding"
	Unused  PartKind = "unused"
)

// Part is a run of bits, counted from the start of the drawing.
type Part struct {
	Kind PartKind
	// Label is the path of the member, "" for holes.
	Label string
	// Declared is the member as in C.
	Declared string
	From, To uint64
	// Type of the member, nil for holes.
	Type btfparse.Type
	// Color is a number that neighbours do not share.
	Color int
}

// Drawing is a struct, a union, or an element of an array.
type Drawing struct {
	// Title is "" for the type itself.
	Title string
	Bits  uint64
	Lanes []Lane
}

// Lane is one way to read the bytes.
type Lane struct {
	// Title is the arm of a union, else "".
	Title string
	Parts []Part
	// Behind are members of no size, as C declares them: the tail.
	Behind []string
	Rows   []Row
}

// Row is eight bytes, or the rows in the midst of a large part.
type Row struct {
	// Offset in bytes, from the start of the type where the row is at one place of
	// it, else from the start of the drawing.
	Offset uint64
	// Line is true where a cache line starts.
	Line bool
	// Bytes that the row stands for: 8, fewer at the end, more where rows are
	// left out.
	Bytes   uint64
	Skipped bool
	Cells   []Cell
}

// Cell is what one part has of a row.
type Cell struct {
	*Part
	// Span in bits, of 64.
	Span uint64
	// Skips is how many bytes of a row that stands for several are left out.
	Skips uint64
	// Named is true for the cell that has the part's label.
	Named bool
}

const (
	rowBits = 64
	// CacheLine in bytes, of x86-64 and nearly all of arm64.
	CacheLine = 64
	// keptRows is how many rows a part may fill before some are left out.
	keptRows = 16
	colors   = 6
)

// Draw draws a struct or union, and what in it has no drawing elsewhere because
// nothing gives it a name.
func Draw(t *btfparse.Struct) []Drawing {
	d := drawer{seen: map[*btfparse.Struct]bool{t: true}}
	d.draw("", t, 0)
	for len(d.queue) > 0 {
		next := d.queue[0]
		d.queue = d.queue[1:]
		d.draw(next.title, next.typ, next.base)
	}
	return d.drawings
}

type drawer struct {
	drawings []Drawing
	queue    []pending
	seen     map[*btfparse.Struct]bool
	// base is where the drawing starts in the whole type, in bytes.
	base uint64
}

type pending struct {
	title string
	typ   *btfparse.Struct
	base  uint64
}

// nowhere is the base of what is at several places.
const nowhere = ^uint64(0)

func (d *drawer) later(title string, t *btfparse.Struct, base uint64) {
	if t.Bytes > 0 && !d.seen[t] {
		d.seen[t] = true
		d.queue = append(d.queue, pending{title, t, base})
	}
}

func (d *drawer) draw(title string, t *btfparse.Struct, base uint64) {
	drawing := Drawing{Title: title, Bits: 8 * uint64(t.Bytes)}
	d.base = base
	if t.Union {
		for _, f := range t.Fields {
			drawing.Lanes = append(drawing.Lanes, d.arm(f, drawing.Bits))
		}
	} else {
		drawing.Lanes = []Lane{d.lane(t, drawing.Bits)}
	}
	if len(drawing.Lanes) == 0 && drawing.Bits > 0 {
		drawing.Lanes = []Lane{d.lane(&btfparse.Struct{Bytes: t.Bytes}, drawing.Bits)}
	}
	d.drawings = append(d.drawings, drawing)
}

// lane is a struct.
func (d *drawer) lane(t *btfparse.Struct, bits uint64) Lane {
	w := walk{drawer: d}
	w.fields(t, 0, "")
	return w.finish(bits, Padding)
}

// arm is a union's member.
func (d *drawer) arm(f btfparse.Field, bits uint64) Lane {
	w := walk{drawer: d}
	w.field(f, 0, "")
	lane := w.finish(bits, Unused)
	lane.Title = f.Declaration()
	return lane
}

// walk goes over members in the order of memory.
type walk struct {
	*drawer
	lane Lane
	at   uint64 // bits
}

func (w *walk) fields(t *btfparse.Struct, base uint64, path string) {
	for _, f := range t.Fields {
		w.field(f, base+uint64(f.OffsetBits), path)
	}
	// What is behind the members of a struct inside belongs to that one.
	if end := base + 8*uint64(t.Bytes); path != "" || base > 0 {
		w.gap(end, Padding)
	}
}

func (w *walk) field(f btfparse.Field, at uint64, path string) {
	label := path + f.Name
	inner := btfparse.Nameless(f.Type)
	if _, direct := btfparse.Underlying(f.Type).(*btfparse.Struct); direct && inner != nil && !inner.Union {
		if f.Name != "" {
			label += "."
		}
		w.gap(at, Hole)
		w.fields(inner, at, label)
		w.gap(at+8*uint64(inner.Bytes), Padding)
		return
	}
	part := Part{Kind: Member, Label: label, Declared: f.Declaration(), Type: f.Type}
	switch {
	case f.Bitfield:
		part.Kind = Bitfield
	case inner != nil && inner.Union:
		part.Kind = Union
		if label == path {
			part.Label += "union"
		}
		base := w.base
		if base != nowhere {
			base += at / 8
		}
		if _, array := btfparse.Underlying(f.Type).(*btfparse.Array); array {
			base = nowhere
		}
		w.later(f.Declaration(), inner, base)
	case inner != nil:
		w.later("each of "+f.Declaration(), inner, nowhere)
	}
	w.put(part, at, at+uint64(f.SizeBits))
}

// gap fills what no member has.
func (w *walk) gap(to uint64, kind PartKind) {
	if to > w.at {
		w.lane.Parts = append(w.lane.Parts, Part{Kind: kind, From: w.at, To: to})
		w.at = to
	}
}

func (w *walk) put(p Part, from, to uint64) {
	if from == to {
		w.lane.Behind = append(w.lane.Behind, p.Declared)
		return
	}
	w.gap(from, Hole)
	// Members of a malformed struct may overlap: the first one has the bits.
	if p.From, p.To = max(from, w.at), to; p.From < p.To {
		p.Color = len(w.lane.Parts) % colors
		w.lane.Parts = append(w.lane.Parts, p)
		w.at = to
	}
}

func (w *walk) finish(bits uint64, rest PartKind) Lane {
	w.gap(bits, rest)
	w.lane.Rows = rows(w.lane.Parts)
	for i := range w.lane.Rows {
		r := &w.lane.Rows[i]
		if w.base == nowhere {
			r.Line = false
			continue
		}
		r.Offset += w.base
		r.Line = r.Offset%CacheLine == 0
	}
	return w.lane
}

// rows cuts parts at every eighth byte.
func rows(parts []Part) []Row {
	var all []Row
	for i := range parts {
		p := &parts[i]
		named := widest(p)
		for at := p.From; at < p.To; {
			if at%rowBits == 0 {
				all = append(all, Row{Offset: at / 8})
			}
			row := &all[len(all)-1]
			end := min(p.To, (at/rowBits+1)*rowBits)
			skips := skippable(p, at)
			if skips > 0 {
				row.Skipped, end = true, at+skips*rowBits
			}
			span := min(end-at, rowBits)
			row.Cells = append(row.Cells, Cell{Part: p, Span: span, Skips: 8 * skips, Named: at == named})
			at = end
		}
	}
	for i := range all {
		if next := i + 1; next < len(all) {
			all[i].Bytes = all[next].Offset - all[i].Offset
		} else if len(parts) > 0 {
			all[i].Bytes = (parts[len(parts)-1].To+7)/8 - all[i].Offset
		}
	}
	return all
}

// widest is where the first of the widest cells of a part starts.
func widest(p *Part) uint64 {
	next := (p.From/rowBits + 1) * rowBits
	if next < p.To && next-p.From < min(p.To-next, rowBits) {
		return next
	}
	return p.From
}

// skippable is how many rows of a large part to leave out at a bit: all but a few
// at its ends.
func skippable(p *Part, at uint64) uint64 {
	first, last := (p.From+rowBits-1)/rowBits, p.To/rowBits
	if last < first+keptRows || at != (first+2)*rowBits {
		return 0
	}
	return last - first - 3
}

// Text is what the cell says.
func (c Cell) Text() string {
	const narrowest = 5 // bits that have room for a letter
	switch {
	case c.Span < narrowest:
		return ""
	case c.Kind == Hole || c.Kind == Padding || c.Kind == Unused:
		if c.Span < 12 {
			return ""
		}
		return string(c.Kind)
	default:
		return c.Label
	}
}

// Tip is all that is known of the part.
func (c Cell) Tip() string {
	what := string(c.Kind)
	if c.Declared != "" {
		what = c.Declared
		if c.Label != "" {
			what += " (" + c.Label + ")"
		}
	}
	return fmt.Sprintf("%s: %s at %s", what, amount(c.To-c.From), place(c.From))
}

func amount(bits uint64) string {
	switch {
	case bits == 8:
		return "1 byte"
	case bits == 1:
		return "1 bit"
	case bits%8 == 0:
		return fmt.Sprintf("%d bytes", bits/8)
	}
	return fmt.Sprintf("%d bits", bits)
}

func place(bit uint64) string {
	if bit%8 == 0 {
		return fmt.Sprint(bit / 8)
	}
	return fmt.Sprintf("%d:%d", bit/8, bit%8)
}
