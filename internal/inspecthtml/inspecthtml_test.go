package inspecthtml

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
)

// goldenStructs are those of all golden objects.
func goldenStructs(t *testing.T) map[string][]*btfparse.Struct {
	t.Helper()
	objects, err := filepath.Glob("../../golden/*/*.o")
	if err != nil || len(objects) < 50 {
		t.Fatalf("golden objects: %d, %v", len(objects), err)
	}
	found := make(map[string][]*btfparse.Struct)
	for _, name := range objects {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		object, err := btfparse.Parse(name, bytes.NewReader(content))
		if err != nil {
			continue // some are wrong on purpose
		}
		for _, typ := range object.Types {
			if s, ok := typ.(*btfparse.Struct); ok {
				found[name] = append(found[name], s)
			}
		}
	}
	return found
}

// paint counts for each bit of a struct how many members claim it, without
// regard to the drawing.
func paint(t *btfparse.Struct, base uint64, counts []int) {
	for _, f := range t.Fields {
		from := base + uint64(f.OffsetBits)
		inner := btfparse.Nameless(f.Type)
		if _, direct := btfparse.Underlying(f.Type).(*btfparse.Struct); direct && inner != nil && !inner.Union {
			paint(inner, from, counts)
			continue
		}
		for bit := from; bit < from+uint64(f.SizeBits); bit++ {
			counts[bit]++
		}
	}
}

func TestEveryBitIsDrawnOnce(t *testing.T) {
	structs, kinds := 0, make(map[PartKind]int)
	for name, list := range goldenStructs(t) {
		for _, s := range list {
			if uint64(s.Bytes) > 1<<20 {
				continue
			}
			structs++
			drawings := Draw(s)
			for _, d := range drawings {
				for _, lane := range d.Lanes {
					checkLane(t, name+": "+s.CName()+": "+d.Title, d, lane)
					for _, p := range lane.Parts {
						kinds[p.Kind]++
					}
				}
			}
			if !s.Union && s.Bytes > 0 {
				checkHoles(t, name+": "+s.CName(), s, drawings[0].Lanes[0])
			}
		}
	}
	if structs < 100 {
		t.Errorf("only %d structs", structs)
	}
	for _, kind := range []PartKind{Member, Bitfield, Union, Hole, Padding, Unused} {
		if kinds[kind] == 0 {
			t.Errorf("no golden object has a %s", kind)
		}
	}
}

func checkLane(t *testing.T, what string, d Drawing, lane Lane) {
	t.Helper()
	at := uint64(0)
	for _, p := range lane.Parts {
		if p.From != at || p.To <= p.From {
			t.Errorf("%s: bits %d to %d of %q follow bit %d", what, p.From, p.To, p.Label, at)
		}
		at = p.To
	}
	if at != d.Bits {
		t.Errorf("%s: %d of %d bits are drawn", what, at, d.Bits)
	}
	rowBytes, named := uint64(0), make(map[*Part]int)
	for _, row := range lane.Rows {
		rowBytes += row.Bytes
		span := uint64(0)
		for _, c := range row.Cells {
			span += c.Span
			if c.Named {
				named[c.Part]++
			}
		}
		if want := min(8*row.Bytes, rowBits); span != want && !row.Skipped {
			t.Errorf("%s: the row at %d has %d bits, not %d", what, row.Offset, span, want)
		}
	}
	if 8*rowBytes != d.Bits {
		t.Errorf("%s: rows of %d bytes for %d bits", what, rowBytes, d.Bits)
	}
	for i := range lane.Parts {
		if n := named[&lane.Parts[i]]; n != 1 {
			t.Errorf("%s: %q has its name %d times", what, lane.Parts[i].Label, n)
		}
	}
}

// checkHoles compares what is drawn with the bits that no member claims.
func checkHoles(t *testing.T, what string, s *btfparse.Struct, lane Lane) {
	t.Helper()
	counts := make([]int, 8*uint64(s.Bytes))
	paint(s, 0, counts)
	for _, p := range lane.Parts {
		hole := p.Kind == Hole || p.Kind == Padding
		for bit := p.From; bit < p.To; bit++ {
			if hole != (counts[bit] == 0) {
				t.Errorf("%s: bit %d is drawn as %s of %q, and %d members have it", what, bit, p.Kind, p.Label, counts[bit])
				break
			}
		}
	}
}

func field(name string, offset uint32, typ btfparse.Type) btfparse.Field {
	return btfparse.Field{Name: name, Type: typ, OffsetBits: 8 * offset, SizeBits: 8 * typ.Size()}
}

var (
	u8  = &btfparse.Int{Name: "unsigned char", Bytes: 1}
	u32 = &btfparse.Int{Name: "unsigned int", Bytes: 4}
	u64 = &btfparse.Int{Name: "unsigned long long", Bytes: 8}
)

func bitfield(name string, bit, width uint32) btfparse.Field {
	return btfparse.Field{Name: name, Type: u32, OffsetBits: bit, SizeBits: width, Bitfield: true}
}

func TestReorder(t *testing.T) {
	for name, test := range map[string]struct {
		bytes  uint32
		fields []btfparse.Field
		want   string // "" for nothing
	}{
		"small between large": {24, []btfparse.Field{field("a", 0, u8), field("b", 8, u64), field("c", 16, u8)}, "b a c 16"},
		"two small":           {24, []btfparse.Field{field("a", 0, u32), field("b", 8, u64), field("c", 16, u32)}, "b a c 16"},
		"best already":        {16, []btfparse.Field{field("a", 0, u64), field("b", 8, u8)}, ""},
		"packed":              {10, []btfparse.Field{field("a", 0, u8), field("b", 1, u64), field("c", 9, u8)}, ""},
		"aligned by hand":     {64, []btfparse.Field{field("a", 0, u8), field("b", 8, u64), field("c", 16, u8)}, ""},
		"tail stays":          {16, []btfparse.Field{field("a", 0, u8), field("b", 8, u64), field("tail", 16, &btfparse.Array{Elem: u8})}, ""},
		"tail stays last":     {24, []btfparse.Field{field("a", 0, u8), field("b", 8, u64), field("c", 16, u32), field("tail", 20, &btfparse.Array{Elem: u32})}, "b c a tail 16"},
		"bitfields stay together": {24, []btfparse.Field{
			field("a", 0, u8), field("b", 8, u64), bitfield("x", 128, 3), bitfield("y", 131, 5)}, "b x y a 16"},
		"bitfields apart": {24, []btfparse.Field{bitfield("x", 0, 3), field("b", 8, u64), bitfield("y", 128, 5)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := Reorder(&btfparse.Struct{Name: "s", Bytes: test.bytes, Fields: test.fields})
			got := ""
			if o != nil {
				for _, d := range o.Declared {
					words := strings.Fields(strings.NewReplacer(";", "", "[]", "", ":", " : ").Replace(d))
					name := words[len(words)-1]
					if i := len(words) - 2; words[i] == ":" {
						name = words[i-1]
					}
					got += name + " "
				}
				got += strings.TrimSuffix(amount(8*o.Bytes), " bytes")
			}
			if want := test.want; got != want {
				t.Errorf("%q, not %q", got, want)
			}
		})
	}
}

// TestPageIsWellFormed reads a page of hostile names as XML, which is stricter
// than HTML.
func TestPageIsWellFormed(t *testing.T) {
	hostile := `</title><script>alert("1")</script>'&]]>`
	s := &btfparse.Struct{Name: hostile, Bytes: 24, Fields: []btfparse.Field{field(hostile, 0, u8), field("b", 8, u64)}}
	p := &Page{
		Title: hostile, Failures: []string{hostile}, Warnings: []string{hostile}, Facts: []Fact{{hostile, hostile}},
		Programs:  []Program{{Name: hostile, Section: hostile, Hook: hostile, Maps: []string{hostile}, Lists: []List{{hostile, []string{hostile}}}}},
		Maps:      []Map{{Name: hostile, Type: hostile, Holds: []string{hostile}, Key: Ref{hostile, "t1"}, Value: Ref{Text: hostile}}},
		Variables: []Variable{{Section: hostile, Declared: hostile, Initial: hostile, Type: "t1"}},
		Types: []Type{{ID: "t1", Name: hostile, UsedBy: []string{hostile}, Drawings: Draw(s), Order: &Order{Declared: []string{hostile}},
			Values: []Fact{{hostile, hostile}}, Listing: []Line{{Text: hostile}}}},
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.Contains(text, "<script") || strings.Contains(text, "ZgotmplZ") {
		t.Errorf("a name got through, or was refused:\n%s", text)
	}
	for _, outside := range []string{"http:", "https:", "src=", "url(", "@import"} {
		if strings.Contains(text, outside) {
			t.Errorf("the page refers to something outside: %s", outside)
		}
	}
	if err := CheckForm(text); err != nil {
		t.Error(err)
	}
}
