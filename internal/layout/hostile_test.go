package layout

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// BTF that no compiler writes, and text that nobody has generated. None of it may
// end the process, or take so long that the test never ends.

var u32 = &btf.Int{Name: "unsigned int", Size: 4}

// chain nests structs, each with two members of the one before.
func chain(depth int, name string) *btf.Struct {
	inner := &btf.Struct{Name: "s0", Size: 4, Members: []btf.Member{{Name: "x", Type: u32}}}
	for i := range depth {
		inner = &btf.Struct{Name: fmt.Sprintf("s%d", i+1), Size: 4, Members: []btf.Member{{Name: name + "a", Type: inner}, {Name: name + "b", Type: inner}}}
	}
	return inner
}

func TestSharingIsLinear(t *testing.T) {
	l, err := Of(chain(maxNesting-1, ""))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(l.String(), "\n"); n != maxNesting+1 {
		t.Errorf("%d lines", n)
	}
	other, err := Of(chain(maxNesting-1, "other_"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(Compare(l, other)); n == 0 || n > MaxDiffs {
		t.Errorf("%d differences", n)
	}
	if _, err := Parse(l.String()); err != nil {
		t.Error(err)
	}
}

func TestTooDeepOrTooLarge(t *testing.T) {
	anonymous := &btf.Struct{Size: 4, Members: []btf.Member{{Name: "x", Type: u32}}}
	for range 100 {
		anonymous = &btf.Struct{Size: 4, Members: []btf.Member{{Type: anonymous}, {Type: anonymous}}}
	}
	deep := &btf.Struct{Size: 4, Members: []btf.Member{{Name: "x", Type: u32}}}
	for range maxNesting + 1 {
		deep = &btf.Struct{Size: 4, Members: []btf.Member{{Type: deep}}}
	}
	typedefs := btf.Type(u32)
	for i := range maxNesting + 1 {
		typedefs = &btf.Typedef{Name: fmt.Sprint("t", i), Type: typedefs}
	}
	arrays := btf.Type(u32)
	for range 5 {
		arrays = &btf.Array{Type: arrays, Index: u32, Nelems: math.MaxUint32}
	}
	many := &btf.Enum{Size: 4, Values: make([]btf.EnumValue, maxLeaves+1)}
	for name, typ := range map[string]btf.Type{
		"anonymous structs": &btf.Struct{Name: "s", Size: 4, Members: []btf.Member{{Type: anonymous}}},
		"deep anonymous":    deep,
		"deep":              chain(maxNesting+1, ""),
		"typedefs":          typedefs,
		"arrays":            arrays,
		"enumerators":       many,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Of(typ); !errors.Is(err, ErrTooLarge) {
				t.Error(err)
			}
		})
	}
}

// TestContainsItself: by a member, by an array in an anonymous union.
func TestContainsItself(t *testing.T) {
	direct := &btf.Struct{Name: "s", Size: 4}
	direct.Members = []btf.Member{{Name: "s", Type: &btf.Const{Type: direct}}}
	array := &btf.Struct{Name: "s", Size: 4}
	array.Members = []btf.Member{{Type: &btf.Union{Size: 4, Members: []btf.Member{{Name: "a", Type: &btf.Array{Type: array, Index: u32, Nelems: 1}}}}}}
	loop := &btf.Union{Size: 4}
	loop.Members = []btf.Member{{Type: loop}, {Type: loop}}
	typedef := &btf.Typedef{Name: "t"}
	typedef.Type = &btf.Volatile{Type: typedef}
	for _, typ := range []btf.Type{direct, array, loop, typedef, &btf.Datasec{}, &btf.Func{}} {
		var m Maker
		for range 2 {
			if l, err := m.Layout(typ); err == nil {
				t.Errorf("%v: %s", typ, l)
			}
		}
	}
}

// TestUnknownTypes: what has no layout is unknown, and no difference.
func TestUnknownTypes(t *testing.T) {
	known, err := Of(u32)
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []btf.Type{&btf.Void{}, &btf.Fwd{Name: "x"}, &btf.FuncProto{Return: u32}, &btf.Enum{Name: "forward"}} {
		l, err := Of(typ)
		if err != nil || l.Known() || l.Size() != 0 {
			t.Errorf("%v: %v %s", typ, err, l)
		}
		for _, diffs := range [][]Diff{Compare(l, known), Compare(known, l), Compare(Layout{}, known)} {
			if len(diffs) != 1 || diffs[0].Class != Unknown {
				t.Errorf("%v: %v", typ, diffs)
			}
		}
	}
}

// wide has fields from a name up, one behind the other.
func wide(n int, prefix string, step btf.Bits) *btf.Struct {
	s := &btf.Struct{Name: "wide", Size: uint32(n) * 4}
	for i := range n {
		s.Members = append(s.Members, btf.Member{Name: fmt.Sprint(prefix, i), Type: u32, Offset: btf.Bits(i) * step})
	}
	return s
}

// TestCompareIsBounded: structs in which every field lies over every other.
func TestCompareIsBounded(t *testing.T) {
	const n = 60_000
	for name, pair := range map[string][2]*btf.Struct{
		"renamed": {wide(n, "a", 32), wide(n, "b", 32)},
		"shifted": {wide(n, "a", 32), wide(n, "b", 31)},
		"one":     {wide(n, "a", 0), wide(n, "b", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			a, errA := Of(pair[0])
			b, errB := Of(pair[1])
			if err := errors.Join(errA, errB); err != nil {
				t.Fatal(err)
			}
			if n := len(Compare(a, b)); n == 0 || n > MaxDiffs {
				t.Errorf("%d differences", n)
			}
		})
	}
}

// TestHostileNames: whatever C++ or a forger calls things, the text can be read
// again and stands between backticks.
func TestHostileNames(t *testing.T) {
	for _, name := range []string{"typedef", "typedefs", "typedef_kind", "structs", "enums", "u32", "u32s", "ptr", "a b", "`", "\"", "\n#1 4 struct", "ns::t<int>", "=", "é", "\xff", "", "9", "a:", ",", "@", "enum"} {
		s := &btf.Struct{Name: name, Size: 8, Members: []btf.Member{
			{Name: name + "1", Type: u32}, {Name: "e", Type: &btf.Enum{Name: name, Size: 4, Values: []btf.EnumValue{{Name: name, Value: 1}}}, Offset: 32},
		}}
		l, err := Of(s)
		if err != nil {
			t.Fatal(err)
		}
		var table Table
		table.Add(l, "map", name, "key")
		table.Name(name, l)
		text := table.String()
		if strings.Contains(text, "`") {
			t.Errorf("%q: %s", name, text)
		}
		back, err := ParseTable(text)
		if err != nil {
			t.Errorf("%q: %v\n%s", name, err, text)
			continue
		}
		if back.String() != text || back.Roots[0].Place[1] != name || back.Named[0].Name != name {
			t.Errorf("%q:\n%s\n%s", name, back, text)
		}
	}
}

// TestDamagedText: every text that is cut or changed is refused, or is another layout.
func TestDamagedText(t *testing.T) {
	l, err := Of(chain(3, ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"", "#1", "#1\n#1 4 struct s: a #1 @0", "#2\n#1 4 struct s: a u32 @0", "u32x", "[4]", "[4294967295][4294967295]u64", "x\n#1 4 struct s: a u32 @0",
		"#1\n#2 4 struct s: a u32 @0", "#1\n#1 4 structure s: a u32 @0", "#1\n#1 4 struct s: a u32", "#1\n#1 4 struct s: a u32 @0,", "#1\n#1 4 struct s: a u32 @0.8",
		"u99999999999999999999", "ptr(const)", "be32(x)", "u32(tag)", "bpf_timer", "#1\n#1 4 enum e: A", "#1\n#1 4 enum e: A=", "#1\n#1 99999999999 enum e: A=1",
	} {
		if l, err := Parse(text); err == nil {
			t.Errorf("%q is read as %s", text, l)
		}
	}
	var table Table
	table.Add(l, "map", "m", "key")
	text := table.String()
	for _, damaged := range []string{
		strings.Replace(text, "a #", "b #", 1), text[:strings.IndexByte(text, '\n')], strings.Replace(text, " #", " ", 1),
		strings.Replace(text, l.Hash().String(), "0000000000000000", 1), strings.Replace(text, l.Hash().String(), "", 1),
	} {
		if _, err := ParseTable(damaged); err == nil || damaged == text {
			t.Errorf("%q is read", damaged)
		}
	}
}

func FuzzParse(f *testing.F) {
	l, err := Of(chain(2, ""))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(l.String())
	f.Add("[4]#1\n#1 4 enum verdict: PASS=0, DROP=-1\n")
	f.Add("#2:3\n#1 4 enum typedef e: \"a b\"=0\n#2 24 struct: packets u64 @0, low u3 @20, high be32(tag) @20.3, p ptr(kptr) @8\n")
	f.Fuzz(func(t *testing.T, text string) {
		if table, err := ParseTable(text); err == nil {
			if _, err := ParseTable(table.String()); err != nil {
				t.Error(err)
			}
		}
		l, err := Parse(text)
		if err != nil {
			return
		}
		back, err := Parse(l.String())
		if err != nil || back.Hash() != l.Hash() {
			t.Errorf("%v: %q is %q", err, text, l)
		}
		if diffs := Compare(l, back); len(diffs) > 0 {
			t.Errorf("%v", diffs)
		}
	})
}

func TestReservedNames(t *testing.T) {
	for name, want := range map[string]bool{
		"pad": true, "_pad": true, "__pad2": true, "pad_end": true, "reserved": true, "Reserved1": true, "_unused_": true, "rsvd3": true, "padding0_1": true,
		"reserved_bits": true, "pad_to_align": true, "spare": true, "__reserved__": true,
		"": false, "_": false, "flags": false, "padded": false, "pads": false, "reserved_memory": false, "unused_inodes": false, "to": false, "bits": false, "mem_reserved": false,
	} {
		if isReserved(name) != want {
			t.Errorf("%q", name)
		}
	}
}

func TestEveryClassHasSeverities(t *testing.T) {
	for class := range classNames {
		if _, ok := severities[Class(class)]; !ok || Class(class).String() == "" {
			t.Errorf("class %d", class)
		}
	}
	if len(severities) != len(classNames) {
		t.Errorf("%d classes, %d rows", len(classNames), len(severities))
	}
	if w := Worst([]Diff{{Class: Reserved}, {Class: Renamed}, {Class: Unknown}}, AtPin); w != Warning {
		t.Error(w)
	}
}
