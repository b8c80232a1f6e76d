package emit

import (
	"os"
	"strings"
	"testing"

	"go/parser"
	"go/token"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// TestRows has every row of the table from C to Go: a struct, and lines of what
// becomes of it.
func TestRows(t *testing.T) {
	verdict := enumOf("verdict", 4, false, btfparse.EnumValue{Name: "VERDICT_PASS"}, btfparse.EnumValue{Name: "VERDICT_DROP", Value: 1})
	offset := enumOf("offset", 8, true, btfparse.EnumValue{Name: "BEFORE", Value: ^uint64(0)})
	empty := structOf("empty", 0)
	pair := structOf("pair", 16, at(0, "a", cU64), at(8, "b", cU8))
	for _, row := range []struct {
		name string
		typ  btfparse.Type
		want []string
	}{
		{"integers", structOf("r", 32, at(0, "a", cU8), at(2, "b", cU16), at(4, "c", cS32), at(8, "d", cU64), at(16, "e", cInt128)), []string{
			"A uint8", "_ [1]byte", "B uint16", "C int32", "D uint64", "E [16]byte // __int128",
		}},
		{"eight bytes align to four on 386 and arm", structOf("r", 16, at(0, "a", cU32), at(8, "b", cU64)), []string{
			"A uint32", "_ [4]byte", "B uint64",
		}},
		{"bool", structOf("r", 8, at(0, "a", cBool), at(4, "b", &btfparse.Int{Name: "_Bool", Bytes: 4, Encoding: btfparse.Bool})), []string{
			"A ctypes.Bool", "_ [3]byte", "B uint32",
		}},
		{"float", structOf("r", 32, at(0, "a", cDouble), at(8, "b", &btfparse.Float{Name: "float", Bytes: 4}), at(16, "c", &btfparse.Float{Name: "long double", Bytes: 16})), []string{
			"A float64", "B float32", "C [16]byte // long double",
		}},
		{"text", structOf("r", 44, at(0, "comm", array(cChar, 16)), at(16, "rows", array(array(cChar, 4), 3)), at(28, "cube", array(array(array(cChar, 4), 2), 2))), []string{
			"Comm [16]int8", "Rows [3][4]int8",
			"func (s *counterR) CommString() string { return ctypes.CString(s.Comm[:]) }",
			"func (s *counterR) RowsString(i int) string { return ctypes.CString(s.Rows[i][:]) }",
			"func (s *counterR) CubeString(i0, i1 int) string { return ctypes.CString(s.Cube[i0][i1][:]) }",
		}},
		{"signed char is no text", structOf("r", 4, at(0, "a", array(cS8, 4))), []string{
			"A [4]int8", "}",
		}},
		{"byte order", structOf("r", 24, at(0, "a", cU8), at(1, "b", cBE32), at(5, "c", array(cBE32, 2)), at(16, "d", cU32, "bpfgen:type=__be32"), at(20, "e", cU16, "bpfgen:type=__le16")), []string{
			"A uint8", "B ctypes.BE32", "C [2]ctypes.BE32", "_ [3]byte", "D ctypes.BE32", "E ctypes.LE16", "_ [2]byte",
		}},
		{"enum", structOf("r", 16, at(0, "a", verdict), at(8, "b", offset)), []string{
			"type counterVerdict uint32", "type counterOffset int64", "A counterVerdict",
			"counterVerdictPass counterVerdict = 0", "counterVerdictDrop counterVerdict = 1", "counterOffsetBefore counterOffset = -1",
			`return "VERDICT_PASS"`, `return "counterVerdict(" + strconv.FormatUint(uint64(v), 10) + ")"`,
			`return "counterOffset(" + strconv.FormatInt(int64(v), 10) + ")"`,
		}},
		{"enum in a field without a name", structOf("r", 4, at(0, "state", enumOf("", 4, false, btfparse.EnumValue{Name: "OPEN", Value: 2}))), []string{
			"type counterRState uint32", "State counterRState", "counterRStateOpen counterRState = 2",
			"// counterRState is the enum state in struct r, 4 bytes.",
		}},
		{"enum with duplicate values", enumOf("e", 1, false, btfparse.EnumValue{Name: "A", Value: 7}, btfparse.EnumValue{Name: "B", Value: 7}), []string{
			"type counterE uint8", "counterEA counterE = 7", "counterEB counterE = 7 // B", "case counterEA:",
		}},
		{"pointers", structOf("r", 24, at(0, "sk", pointer("struct sock")), at(8, "fn", &btfparse.Pointer{Target: "int (void *)", Func: true}),
			at(16, "task", &btfparse.Pointer{Target: "struct task_struct", TypeTags: []string{"kptr"}})), []string{
			"Sk ctypes.Pointer // struct sock *", "Fn ctypes.Pointer // int (*)(void *)", "Task ctypes.Pointer // struct task_struct *, kptr",
		}},
		{"nested struct", structOf("r", 40, at(0, "one", pair), at(16, "row", array(structOf("small", 2, at(0, "x", cU16)), 12))), []string{
			"One counterPair", "Row [12]counterSmall", "// Part of struct r.", "_ [7]byte",
		}},
		{"anonymous struct", structOf("r", 8, at(0, "a", cU8), at(4, "", structOf("", 4, at(0, "b", cU16), at(2, "", structOf("", 2, at(1, "c", cU8)))))), []string{
			"A uint8", "_ [3]byte", "B uint16", "_ [1]byte", "C uint8",
		}},
		{"field of a struct without a name", structOf("r", 8, at(0, "in", structOf("", 8, at(0, "deep", structOf("", 4, at(0, "x", cU32)))))), []string{
			"In counterRIn", "Deep counterRInDeep", "type counterRInDeep struct {",
			"// counterRInDeep is the struct deep in struct r.in, 4 bytes.",
		}},
		{"function pointer in storage", unionOf("r", 8, at(0, "fn", &btfparse.Pointer{Target: "int (void *)", Func: true}), at(0, "fns", array(&btfparse.Pointer{Target: "int (void)", Func: true}, 1))), []string{
			"// Fn is int (*fn)(void *).", "// Fns is int (*fns[1])(void).",
		}},
		{"union", unionOf("addr", 16, at(0, "v4", cBE32), at(0, "v6", array(cU8, 16)), at(0, "flag", cBool)), []string{
			"RawV4 [16]byte // v4, v6, flag",
			"// V4 is __be32 v4.",
			"func (s *counterAddr) V4() ctypes.BE32 { return ctypes.Load[ctypes.BE32](s.RawV4[0:4]) }",
			"func (s *counterAddr) SetV4(v ctypes.BE32) { ctypes.Store(s.RawV4[0:4], v) }",
			"func (s *counterAddr) V6() [16]uint8 { return ctypes.Load[[16]uint8](s.RawV4[:]) }",
			"func (s *counterAddr) Flag() ctypes.Bool { return ctypes.Load[ctypes.Bool](s.RawV4[0:1]) }",
			"func (s *counterAddr) SetFlag(v ctypes.Bool) { ctypes.Store(s.RawV4[0:1], v) }",
		}},
		{"anonymous union", structOf("r", 24, at(0, "a", cU8), at(8, "", unionOf("", 16, at(0, "n", cU64),
			at(0, "", structOf("", 16, at(4, "hi", cU32), at(8, "", unionOf("", 8, at(0, "x", cU64), at(0, "y", array(cChar, 8)))))))),
		), []string{
			"A uint8", "_ [7]byte", "RawN [16]byte // n, hi, x, y",
			"func (s *counterR) Hi() uint32 { return ctypes.Load[uint32](s.RawN[4:8]) }",
			"func (s *counterR) Y() [8]int8 { return ctypes.Load[[8]int8](s.RawN[8:16]) }",
			"v := s.Y()", "return ctypes.CString(v[:])",
		}},
		{"bitfields", structOf("r", 12, bits(0, "a", cU32, 3), bits(3, "b", cS32, 9), at(2, "c", cU16), bits(32, "v", verdict, 2), bits(34, "f", cBool, 1), bits(40, "w", cU8, 8), bits(48, "u", cU64, 2), bits(50, "i", &btfparse.Int{Name: "long long", Bytes: 8, Encoding: btfparse.Signed}, 2)), []string{
			"RawA [2]byte // a, b", "C uint16", "RawV [3]byte // v, f, w, u, i", "_ [5]byte",
			"func (s *counterR) U() uint64 { return ctypes.Bits(s.RawV[:], 16, 2) }",
			"func (s *counterR) SetU(v uint64) { ctypes.SetBits(s.RawV[:], 16, 2, v) }",
			"func (s *counterR) I() int64 { return ctypes.SignedBits(s.RawV[:], 18, 2) }",
			"// B is int b : 9.",
			"func (s *counterR) A() uint32 { return uint32(ctypes.Bits(s.RawA[:], 0, 3)) }",
			"func (s *counterR) SetA(v uint32) { ctypes.SetBits(s.RawA[:], 0, 3, uint64(v)) }",
			"func (s *counterR) B() int32 { return int32(ctypes.SignedBits(s.RawA[:], 3, 9)) }",
			"func (s *counterR) V() counterVerdict { return counterVerdict(ctypes.Bits(s.RawV[:], 0, 2)) }",
			"func (s *counterR) F() bool { return ctypes.Bits(s.RawV[:], 2, 1) != 0 }",
			"func (s *counterR) SetF(v bool) { ctypes.SetBits(s.RawV[:], 2, 1, ctypes.Bit(v)) }",
		}},
		{"packed", structOf("r", 11, at(0, "a", cU8), at(1, "b", cU64), at(9, "c", cU16)), []string{
			"A uint8", "B ctypes.Uint64", "C ctypes.Uint16",
		}},
		{"packed arrays, enums and pointers", structOf("r", 32, at(0, "a", cU8), at(1, "b", array(array(cS32, 2), 2)), at(17, "v", verdict), at(21, "p", pointer("void")), at(29, "f", cS8)), []string{
			"B [2][2]ctypes.Int32", "RawV [4]byte // v", "P ctypes.Uint64 // void *", "F int8",
			"func (s *counterR) V() counterVerdict { return ctypes.Load[counterVerdict](s.RawV[:]) }",
		}},
		{"size no multiple of the alignment", structOf("r", 6, at(0, "a", cU32), at(4, "b", cU16)), []string{
			"A ctypes.Uint32", "B uint16",
		}},
		{"union with a single member", structOf("r", 16, at(0, "", unionOf("", 8, at(0, "n", cU32))), at(8, "u", unionOf("u", 8, at(0, "x", cU64)))), []string{
			"N uint32", "_ [4]byte", "U counterU", "X uint64",
		}},
		{"struct at an offset that Go would not give it", structOf("r", 20, at(0, "a", cU32), at(4, "p", pair)), []string{
			"A uint32", "RawP [16]byte // p", "func (s *counterR) P() counterPair { return ctypes.Load[counterPair](s.RawP[:]) }",
		}},
		{"packed struct has no alignment", structOf("r", 12, at(0, "a", cU8), at(1, "p", structOf("packed", 5, at(0, "x", cU32), at(4, "y", cU8)))), []string{
			"A uint8", "P counterPacked", "_ [6]byte", "X ctypes.Uint32",
		}},
		{"flexible array", structOf("r", 4, at(0, "n", cU32), at(4, "data", array(pair, 0))), []string{
			"N uint32",
			"func (s *counterR) DataTail(rest []byte) []counterPair { return ctypes.Tail[counterPair](nil, rest) }",
		}},
		{"flexible array in the padding", structOf("r", 8, at(0, "n", cU32), at(4, "b", cU8), at(6, "data", array(array(cU8, 2), 0))), []string{
			"N uint32", "B uint8", "_ [1]byte", "RawData [2]byte // data",
			"func (s *counterR) DataTail(rest []byte) [][2]uint8 { return ctypes.Tail[[2]uint8](s.RawData[:], rest) }",
		}},
		{"flexible array in a union", structOf("r", 8, at(0, "n", cU32), at(4, "", unionOf("", 1, at(0, "first", cU8), at(0, "all", array(cU8, 0))))), []string{
			"RawFirst [4]byte // first, all",
			"func (s *counterR) AllTail(rest []byte) []uint8 { return ctypes.Tail[uint8](s.RawFirst[:], rest) }",
			"func (s *counterR) First() uint8 { return ctypes.Load[uint8](s.RawFirst[0:1]) }",
		}},
		{"members of no size", structOf("r", 8, at(0, "head", array(cU32, 0)), at(0, "a", cU32), at(4, "mid", array(cU16, 0)), at(4, "odd", empty), at(5, "b", cU8), at(8, "end", empty)), []string{
			"Head [0]uint32", "A uint32", "Mid [0]uint16", "Odd counterEmpty", "_ [1]byte", "B uint8", "_ [2]byte",
			"// Without data in C, and so not in Go: struct empty end.",
		}},
		{"empty", structOf("r", 0), []string{"type counterR struct {", "_ structs.HostLayout", "const _ = -unsafe.Sizeof(counterR{})"}},
		{"empty union", unionOf("r", 0), []string{"type counterR struct {"}},
		{"kernel's own", structOf("bpf_timer", 16, at(0, "__opaque", array(cU64, 2))), []string{
			"Opaque [2]uint64", "// It belongs to the kernel: an update of a map leaves it as it is and a lookup",
		}},
		{"decl tags", &btfparse.Struct{Name: "r", Bytes: 4, Tags: []string{"of the struct", "bpfgen:name=R"}, Fields: []btfparse.Field{at(0, "a", cU32, "of the member")}}, []string{
			"// of the struct", "// of the member",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := generateTypes(t, rootsOf(row.typ)...)
			g.want(t, row.want...)
			g.wantWarnings(t)
		})
	}
}

// What cannot be expressed is raw bytes and a warning; the rest of the struct
// does not suffer.
func TestOddMembers(t *testing.T) {
	g := generateTypes(t, rootsOf(structOf("odd", 64,
		at(0, "plain", cU32),
		at(4, "gone", &btfparse.Opaque{Spelling: "struct gone", Why: "forward declaration"}),
		btfparse.Field{Name: "wide", Type: cInt128, OffsetBits: 128, SizeBits: 100, Bitfield: true},
		btfparse.Field{Name: "lies", Type: cU32, OffsetBits: 256, SizeBits: 64},
		btfparse.Field{Name: "beyond", Type: cU64, OffsetBits: 8 * 60, SizeBits: 64},
		btfparse.Field{Name: "within", Type: cU8, OffsetBits: 8*48 + 3, SizeBits: 8},
		at(52, "short", enumOf("three", 3, false)),
		at(56, "last", cU32),
		at(60, "long", array(structOf("empty", 0), 1<<31)),
	))...)
	g.want(t, "Plain uint32", "Gone [12]byte // struct gone", "Lies [8]byte // unsigned int", "RawWide [13]byte // wide", "Short [3]byte", "Last uint32")
	g.wantWarnings(t,
		"field gone: is struct gone, which has no layout (forward declaration); it has the 12 bytes up to the next member",
		"field wide: is a bitfield of 100 bits",
		"field lies: unsigned int does not have the size",
		"field beyond: lies outside of its struct",
		"field within: starts or ends within a byte",
		"field short: enum three is of 3 bytes",
		"field long: an array of 2147483648 elements",
	)
}

// An array that is too long for the arguments of Go's functions is no Go type.
func TestHugeArray(t *testing.T) {
	g := planTypes(&Options{Package: "p", Ident: "c"}, 1, root{Type: array(cU64, 1<<27), Path: "value"})
	if len(g.warnings) != 1 || !strings.Contains(g.warnings[0].What, "an array of 1073741824 bytes is more than Go's functions can take") {
		t.Errorf("warnings are %v", g.warnings)
	}
}

// The records of tracepoints say where their arrays are: in integers of 4 bytes
// whose names have a prefix.
func TestDataLoc(t *testing.T) {
	g := generateTypes(t, rootsOf(structOf("trace_event_raw_x", 24,
		at(0, "ent", cU32),
		at(4, "__data_loc_name", cU32),
		at(8, "__rel_loc_args", cS32),
		at(12, "__data_loc_half", cU16),
		at(16, "data_loc", cU64),
	))...)
	g.want(t,
		"func (s *counterTraceEventRawX) DataLocNameBytes(rest []byte) []byte {",
		"return ctypes.DataLoc(s, rest, uint32(s.DataLocName), 0)",
		"func (s *counterTraceEventRawX) DataLocNameString(rest []byte) string {",
		"return ctypes.DataLoc(s, rest, uint32(s.RelLocArgs), unsafe.Offsetof(s.RelLocArgs)+4)",
	)
	if strings.Contains(g.source, "DataLocHalfBytes") || strings.Contains(g.source, "DataLocBytes") {
		t.Errorf("methods for members that are no places of arrays:\n%s", g.source)
	}
}

// Types that overlap by malformed BTF share storage instead of breaking Go.
func TestOverlap(t *testing.T) {
	g := generateTypes(t, rootsOf(structOf("r", 8, at(0, "a", cU32), at(2, "b", cU32), at(6, "c", cU16)))...)
	g.want(t, "RawA [6]byte // a, b", "C uint16")
}

func TestTypeTag(t *testing.T) {
	g := generateTypes(t, rootsOf(structOf("r", 8,
		at(0, "a", cU32, "bpfgen:type=__be16"),
		at(4, "b", cU16, "bpfgen:type=big"),
		at(6, "c", &btfparse.Typedef{Name: "port", Type: cU16, Tags: []string{"bpfgen:type=__be16"}}),
	))...)
	g.want(t, "A uint32", "B uint16", "C ctypes.BE16")
	g.wantWarnings(t, "is on an integer of 4 bytes", "names no type that is known")
}

// TestVmlinux declares every named type of the running kernel.
func TestVmlinux(t *testing.T) {
	if testing.Short() {
		t.Skip("generates the types of a whole kernel")
	}
	const name = "/sys/kernel/btf/vmlinux"
	f, err := os.Open(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("the kernel shows no BTF: %v", err)
	}
	defer f.Close()
	object, err := btfparse.Parse(name, f)
	if err != nil {
		t.Fatal(err)
	}
	var roots []root
	for _, typ := range object.Types {
		if declarable(typ) {
			roots = append(roots, root{Type: typ, Path: btfparse.Path(typ.CName())})
		}
	}
	g := planTypes(&Options{Ident: "counter", Package: "counter"}, 1, roots...)
	if err := g.err(); err != nil {
		t.Fatal(err)
	}
	if len(g.plan.Types) < 5000 {
		t.Errorf("%d declarations of %d types", len(g.plan.Types), len(roots))
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "types.go", render(t, g.plan), parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, goarch := range goarches {
		pkg, errs := typeCheckFile(t, goarch, fset, file, goarch != "amd64")
		for _, err := range errs[:min(len(errs), 10)] {
			t.Errorf("%s: %v", goarch, err)
		}
		if goarch == "amd64" && len(errs) == 0 {
			checkReached(t, pkg, g)
		}
	}
	for _, d := range g.plan.Types {
		for _, m := range d.Members {
			if m.Reach == plan.ByWarning {
				t.Errorf("%s: member %s is lost", d.C, m.C)
			}
		}
	}
	for _, w := range g.warnings {
		if w.Kind == signlessEnums { // this object does not say that it is a kernel's
			continue
		}
		if !strings.Contains(w.What, " in Go is ") && !strings.HasPrefix(w.What, "is a struct that ends in a flexible array") {
			t.Errorf("unexpected warning: %s", w)
		}
	}
}

// The library reads no object with so much data: a variable is none of the golden ones.
func TestVariablesTooLargeForFunctionsAreNotInTheAPI(t *testing.T) {
	object := &btfparse.Object{Variables: []*btfparse.Variable{
		{Name: "large", Section: ".bss", Size: maxValueBytes + 1, Type: array(cU8, maxValueBytes+1)},
		{Name: "fits", Section: ".bss", Size: maxValueBytes, Type: array(cU8, maxValueBytes)},
	}}
	p, err := NewPlan([]Target{{Name: "bpfel", Object: object}}, Options{Package: "p", Ident: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if v := p.plan.Variables; len(v) != 1 || v[0].Name != "fits" {
		t.Errorf("variables are %+v", v)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0].String(), "variable large: a variable of 535822337 bytes is more than Go's functions can take") {
		t.Errorf("warnings are %v", p.Warnings)
	}
}
