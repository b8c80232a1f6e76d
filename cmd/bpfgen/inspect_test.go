package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/inspecthtml"
)

// inspected are the reports of all golden objects that can be read.
func inspected(t *testing.T) map[string]*report {
	t.Helper()
	objects, err := filepath.Glob("../../golden/*/*.o")
	if err != nil {
		t.Fatal(err)
	}
	reports := make(map[string]*report)
	for _, name := range objects {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		object, err := parseBytes(name, content)
		if err != nil {
			continue // wrong on purpose
		}
		r, err := newReport(object, patterns{"*"})
		if err != nil {
			continue // without types
		}
		if err := r.addCode(name, object, content); err != nil {
			t.Errorf("%v", err)
		}
		reports[name] = r
	}
	if len(reports) < 50 {
		t.Fatalf("only %d golden objects can be read", len(reports))
	}
	return reports
}

// TestInspectDrawsItsHoles compares the two places that look for holes: the
// listing and the picture of each struct.
func TestInspectDrawsItsHoles(t *testing.T) {
	holes := 0
	for name, r := range inspected(t) {
		for _, typ := range r.Types {
			s, ok := typ.typ.(*btfparse.Struct)
			if !ok || s.Union || s.Bytes == 0 {
				continue
			}
			listed, drawn := joined(listedHoles(typ.Members)), joined(drawnHoles(inspecthtml.Draw(s)[0]))
			if !reflect.DeepEqual(listed, drawn) {
				t.Errorf("%s: %s: holes at bits %v, drawn at %v", name, typ.Name, listed, drawn)
			}
			holes += len(listed)
		}
	}
	if holes < 50 {
		t.Errorf("golden objects have only %d holes", holes)
	}
}

// listedHoles are the first bits and sizes of holes. Arrays and unions without a
// name have pictures of their own.
func listedHoles(members []memberReport) (holes [][2]uint64) {
	for _, m := range members {
		_, direct := btfparse.Underlying(m.typ).(*btfparse.Struct)
		switch inner := btfparse.Nameless(m.typ); {
		case m.Hole != "":
			holes = append(holes, [2]uint64{uint64(m.OffsetBits), uint64(m.SizeBits)})
		case inner != nil && direct && !inner.Union:
			holes = append(holes, listedHoles(m.Members)...)
		}
	}
	return holes
}

// joined makes one of holes that touch: the end of a struct without a name, or a
// member of no size, is between them.
func joined(holes [][2]uint64) (all [][2]uint64) {
	for _, h := range holes {
		if last := len(all) - 1; last >= 0 && all[last][0]+all[last][1] == h[0] {
			all[last][1] += h[1]
			continue
		}
		all = append(all, h)
	}
	return all
}

func drawnHoles(d inspecthtml.Drawing) (holes [][2]uint64) {
	for _, p := range d.Lanes[0].Parts {
		if p.Kind == inspecthtml.Hole || p.Kind == inspecthtml.Padding {
			holes = append(holes, [2]uint64{p.From, p.To - p.From})
		}
	}
	return holes
}

// TestInspectSharesTypeIDs: the IDs of one object differ, and objects of both byte
// orders have the same for the same type.
func TestInspectSharesTypeIDs(t *testing.T) {
	reports := inspected(t)
	shared := 0
	for name, r := range reports {
		ids := make(map[string]string)
		for _, typ := range r.Types {
			if other, ok := ids[typ.ID]; ok {
				t.Errorf("%s: %s and %s have one ID", name, typ.Name, other)
			}
			ids[typ.ID] = typ.Name
		}
		other, ok := reports[strings.Replace(name, "_bpfel.o", "_bpfeb.o", 1)]
		if !ok || other == r || len(other.Types) != len(r.Types) || strings.Contains(name, "different") {
			continue
		}
		for _, typ := range other.Types {
			if ids[typ.ID] == typ.Name {
				shared++
			}
		}
	}
	if shared < 200 {
		t.Errorf("only %d types have one ID in both byte orders", shared)
	}
}

func TestInspectPagesOfGoldenObjects(t *testing.T) {
	for name, r := range inspected(t) {
		var first, second bytes.Buffer
		if err := r.writeHTML(&first, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := r.writeHTML(&second, name); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: two pages differ (%v)", name, err)
		}
		if strings.Contains(first.String(), "ZgotmplZ") {
			t.Errorf("%s: the template refuses a value", name)
		}
		if err := inspecthtml.CheckForm(first.String()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInitial(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	char := &btfparse.Int{Name: "char", Bytes: 1, Char: true}
	s16 := &btfparse.Int{Name: "short", Bytes: 2, Encoding: btfparse.Signed}
	for name, test := range map[string]struct {
		typ   btfparse.Type
		data  string
		order binary.ByteOrder
		want  string
	}{
		"zero":         {s16, "\x00\x00", le, "0"},
		"little":       {s16, "\xfe\xff", le, "-2"},
		"big":          {s16, "\xff\xfe", be, "-2"},
		"text":         {&btfparse.Array{Elem: char, Len: 4}, "ab\x00c", le, `"ab"`},
		"array":        {&btfparse.Array{Elem: s16, Len: 2}, "\x01\x00\x00\x00", le, "{1, 0}"},
		"enumerator":   {&btfparse.Enum{Bytes: 1, Values: []btfparse.EnumValue{{Name: "A", Value: 1}}}, "\x01", le, "A"},
		"no such":      {&btfparse.Enum{Bytes: 1}, "\x01", le, "1"},
		"pointer":      {&btfparse.Pointer{}, "\x06\x00\x00\x00\x00\x00\x00\x00", le, "0x6"},
		"union":        {&btfparse.Struct{Union: true, Bytes: 2}, "\x06\x10", le, "{0x06, 0x10}"},
		"only padding": {&btfparse.Struct{Bytes: 2}, "\x06\x10", le, "0"},
		"too short":    {s16, "\x01", le, ""},
	} {
		if got := initial(test.typ, []byte(test.data), test.order); got != test.want {
			t.Errorf("%s: %s, not %s", name, got, test.want)
		}
	}
}

func TestByteSize(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 1 << 20: "1 MiB", 1<<64 - 1: "16 EiB"} {
		if got := byteSize(n); got != want {
			t.Errorf("%d: %s, not %s", n, got, want)
		}
	}
}
