package emit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
)

func options(renames map[string]string) *Options {
	return &Options{Ident: "counter", Package: "counter", Renames: renames}
}

// Names of types that clash, with API identifiers, constants and each other.
func TestTypeNames(t *testing.T) {
	a := structOf("foo", 4, at(0, "a", cU32))
	b := structOf("foo", 8, at(0, "b", cU64))
	typedef := &btfparse.Struct{Name: "foo", FromTypedef: true, Bytes: 1, Fields: []btfparse.Field{at(0, "c", cU8)}}
	bar := func(tags ...string) *btfparse.Struct {
		return &btfparse.Struct{Name: "bar", Bytes: 4, Tags: tags, Fields: []btfparse.Field{at(0, "x", cU32)}}
	}
	for _, c := range []struct {
		name     string
		opts     *Options
		reserved []string
		types    []btfparse.Type
		want     []string
		warnings []string
	}{
		{"kinds differ", nil, nil, []btfparse.Type{a, enumOf("foo", 4, false), unionOf("foo", 4, at(0, "u", cU32)), typedef},
			[]string{"type counterFooStruct struct {", "type counterFooEnum uint32", "type counterFooUnion struct {", "type counterFooTypedef struct {"},
			[]string{"struct foo: is counterFooStruct in Go: counterFoo would also be enum foo, foo, union foo; -rename 'struct foo=…'", "enum foo: is", "union foo: is", "foo: is counterFooTypedef"}},
		{"spelling differs", nil, nil, []btfparse.Type{structOf("flow_key", 4, at(0, "a", cU32)), structOf("FlowKey", 8, at(0, "a", cU64))},
			[]string{"type counter_flow_key struct {", "type counter_FlowKey struct {"},
			[]string{"-rename 'struct flow_key=…' or btf_decl_tag(\"bpfgen:name=…\")", "-rename 'struct FlowKey=…'"}},
		{"structure differs", nil, nil, []btfparse.Type{a, b},
			[]string{"type counterFoo_affef4 struct {", "type counterFoo_fc37be struct {"},
			[]string{"another struct foo, of a different structure; -rename 'struct foo_affef4=…'", "-rename 'struct foo_fc37be=…'"}},
		{"structure differs, renamed", options(map[string]string{"struct foo_affef4": "Old"}), nil, []btfparse.Type{a, b},
			[]string{"type counterOld struct {", "type counterFoo struct {"}, nil},
		{"API wins", nil, []string{"counterFoo"}, []btfparse.Type{a},
			[]string{"type counterFooStruct struct {"}, []string{"counterFoo is taken in the package"}},
		{"renamed", options(map[string]string{"struct foo": "Baz", "struct bar.in": "Inside", "enum gone": "X"}), nil,
			[]btfparse.Type{a, structOf("bar", 4, at(0, "in", structOf("", 4, at(0, "x", cU32))))},
			[]string{"type counterBaz struct {", "type counterInside struct {", "In counterInside"},
			[]string{"-rename enum gone=X names no type that is generated"}},
		{"chosen by tag", nil, nil, []btfparse.Type{bar("bpfgen:name=Baz")}, []string{"type counterBaz struct {"}, nil},
		{"tag of a typedef", nil, nil, []btfparse.Type{&btfparse.Typedef{Name: "bar_t", Type: bar(), Tags: []string{"bpfgen:name=Baz"}}},
			[]string{"type counterBar struct {"}, []string{"typedef bar_t: btf_decl_tag(\"bpfgen:name=Baz\") has no effect"}},
		{"tag that is no identifier", nil, nil, []btfparse.Type{bar("bpfgen:name=a b")}, []string{"type counterBar struct {"}, []string{"gives no Go identifier"}},
		{"derived names give way", nil, nil, []btfparse.Type{structOf("bar", 4, at(0, "in", structOf("", 4, at(0, "x", cU32)))), structOf("bar_in", 1, at(0, "y", cU8))},
			[]string{"type counterBarIn struct {", "type counterBar_In struct {", "In counterBar_In"},
			[]string{"struct bar.in: is counterBar_In in Go: counterBarIn is taken in the package"}},
		{"derived names that meet", nil, nil, []btfparse.Type{
			structOf("aa", 4, at(0, "bb_cc", structOf("", 4, at(0, "x", cU32)))), structOf("aa_bb", 2, at(0, "cc", structOf("", 2, at(0, "y", cU16)))),
		}, []string{"type counterAa_BbCc struct {", "type counterAaBb_Cc struct {"}, []string{"struct aa.bb_cc: is", "struct aa_bb.cc: is"}},
		{"constants give way", nil, nil, []btfparse.Type{enumOf("hop", 4, false, btfparse.EnumValue{Name: "HOP_PASS"}), structOf("hop_pass", 4, at(0, "x", cU32))},
			[]string{"type counterHopPass struct {", "counterHop_HOP_PASS counterHop = 0"}, []string{"enum hop > HOP_PASS: is counterHop_HOP_PASS in Go: counterHopPass is taken in the package"}},
		{"constants of one name", nil, nil, []btfparse.Type{enumOf("v", 4, false, btfparse.EnumValue{Name: "V_PASS"}, btfparse.EnumValue{Name: "PASS", Value: 1})},
			[]string{"counterV_V_PASS counterV = 0", "counterV_PASS counterV = 1"}, []string{"would also be enum v's PASS", "would also be enum v's V_PASS"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := c.opts
			if opts == nil {
				opts = options(nil)
			}
			g := generateWith(t, opts, c.reserved, rootsOf(c.types...)...)
			g.want(t, c.want...)
			g.wantWarnings(t, c.warnings...)
			for range 5 {
				rand.Shuffle(len(c.types), func(i, j int) { c.types[i], c.types[j] = c.types[j], c.types[i] })
				again := newTypeSet(nil, rootsOf(c.types...), opts, c.reserved)
				if source := render(t, again.decls()); source != g.source {
					t.Fatalf("the order of the roots matters:\n%s\n%s", g.source, source)
				}
			}
		})
	}
}

func TestRenameToNoIdentifier(t *testing.T) {
	ts := newTypeSet(nil, rootsOf(structOf("foo", 4, at(0, "a", cU32))), options(map[string]string{"struct foo": "a-b"}), nil)
	if len(ts.errors) != 1 || ts.errors[0].Error() != "-rename struct foo=a-b: countera-b is not a Go identifier" {
		t.Errorf("errors: %v", ts.errors)
	}
}

// Types without a name are called after the root, and say who uses them.
func TestRoots(t *testing.T) {
	value := structOf("", 4, at(0, "x", cU32))
	named := structOf("key", 4, at(0, "y", cBE32))
	g := generateTypes(t,
		root{Type: value, Path: "map b > value", Use: "value of map b", Name: "bm_value"},
		root{Type: value, Path: "map a > value", Use: "value of map a", Name: "am_value"},
		root{Type: named, Path: "map a > key", Use: "key of map a", Name: "a_key"},
		root{Type: array(named, 3), Path: "variable keys", Use: "variable keys", Name: "keys"},
		root{Type: cU64, Path: "map b > key", Use: "key of map b", Name: "b_key"},
		root{Type: &btfparse.Opaque{Spelling: "void", Why: "void"}, Path: "map c > key", Name: "c_key"},
	)
	g.want(t, "// counterAmValue is an anonymous struct, 4 bytes.", "// Value of map a. Value of map b.",
		"// counterKey is struct key, 4 bytes.", "// Key of map a. Variable keys.")
	g.wantWarnings(t, "map c > key: is void in BTF, which has no size")
	for _, c := range []struct {
		typ  btfparse.Type
		want string
	}{
		{value, "counterAmValue"}, {named, "counterKey"}, {array(named, 3), "[3]counterKey"}, {cU64, "uint64"},
		{cBE32, "ctypes.BE32"}, {array(array(cChar, 16), 2), "[2][16]int8"}, {pointer("void"), "ctypes.Pointer"},
		{structOf("elsewhere", 12), "[12]byte"},
	} {
		if got := g.goType(c.typ); got != c.want {
			t.Errorf("goType(%s) = %s, want %s", c.typ.CName(), got, c.want)
		}
	}
}

// Two targets share a declaration if what is printed is the same, whoever uses
// it.
func TestDeclarationsEqual(t *testing.T) {
	declare := func(typ btfparse.Type, use string) *typeDecl {
		ts := newTypeSet(nil, []root{{Type: typ, Path: "map m", Use: use}}, options(nil), nil)
		return ts.decls()[0]
	}
	a := declare(structOf("s", 8, at(0, "x", cU32), bits(32, "y", cU32, 3)), "key of map m")
	if b := declare(structOf("s", 8, at(0, "x", cU32), bits(32, "y", cU32, 3)), "key of map n"); !a.equal(b) {
		t.Error("the use counts")
	}
	for name, other := range map[string]btfparse.Type{
		"size":    structOf("s", 12, at(0, "x", cU32), bits(32, "y", cU32, 3)),
		"type":    structOf("s", 8, at(0, "x", cS32), bits(32, "y", cU32, 3)),
		"width":   structOf("s", 8, at(0, "x", cU32), bits(32, "y", cU32, 4)),
		"place":   structOf("s", 8, at(0, "x", cU32), bits(33, "y", cU32, 3)),
		"members": structOf("s", 8, at(0, "x", cU32)),
		"comment": structOf("s", 8, at(0, "x", cU32, "tagged"), bits(32, "y", cU32, 3)),
	} {
		if a.equal(declare(other, "key of map m")) {
			t.Errorf("equal although the %s differs", name)
		}
	}
}

func TestHasName(t *testing.T) {
	d := newTypeSet(nil, rootsOf(structOf("s", 8, at(0, "text", array(cChar, 4)), bits(32, "y", cU32, 3), at(8, "tail", array(cU8, 0)))), options(nil), nil).decls()[0]
	for _, name := range []string{"Text", "TextString", "Y", "SetY", "RawY", "TailTail"} {
		if !d.hasName(name) {
			t.Errorf("%s is a name of the type", name)
		}
	}
	if d.hasName("Prefix") {
		t.Error("Prefix is no name of the type")
	}
	how := make(map[string]reachKind)
	for _, m := range d.members() {
		how[m.cName+" "+m.goName] = m.how
	}
	if how["text Text"] != byField || how["y Y"] != byAccessor || how["tail TailTail"] != byTail {
		t.Errorf("members: %v", how)
	}
}

// What C names hold cannot leave a comment or a string.
func TestHostileNames(t *testing.T) {
	evil := "*/\nfunc init() { panic(1) } /* \"`\\ //go:embed\r\u2028\xff"
	s := structOf("s"+evil, 8, at(0, "f"+evil, pointer("struct "+evil)))
	s.Tags = []string{evil, "go:build ignore", "\tindented", "# heading", "- item"}
	u := unionOf("u"+evil, 8, at(0, "g"+evil, cU64, evil), at(0, "", unionOf("", 4, bits(3, "h"+evil, cU32, 2))))
	e := enumOf("e"+evil, 4, false, btfparse.EnumValue{Name: evil}, btfparse.EnumValue{Name: "x" + evil})
	g := generateTypes(t, root{Type: s, Path: "p", Use: "use" + evil}, root{Type: u, Path: "p"}, root{Type: e, Path: "p"})
	file, err := parser.ParseFile(token.NewFileSet(), "", g.source, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && (id.Name == "panic" || id.Name == "init") {
			t.Errorf("%s is Go in\n%s", id.Name, g.source)
		}
		return true
	})
	for _, w := range g.warnings {
		if strings.ContainsAny(w.String(), "\n\r") {
			t.Errorf("warning of several lines: %q", w)
		}
	}
	if i := slices.IndexFunc(strings.Split(g.source, "\n"), func(l string) bool { return strings.HasPrefix(l, "//go:") }); i >= 0 {
		t.Errorf("line %d is a directive", i+1)
	}
}

// The functions of a key that another ident declares are that ident's.
func TestBorrowedKey(t *testing.T) {
	key := structOf("key", 8, at(0, "prefixlen", cU32), at(4, "address", cBE32))
	opts := &Options{Ident: "counterOfFlows", TypesFrom: "c", Declared: map[string]bool{"cKey": true}}
	decls := newTypeSet(nil, []root{{Type: key, Path: "key", LPM: true}}, opts, nil).decls()
	if d := decls[0]; d.name != "cKey" || !d.borrowed || d.lpm != nil {
		t.Errorf("%s, borrowed %t, functions %v; want cKey, borrowed, without functions", d.name, d.borrowed, d.lpm)
	}
}

// What would mean something to Go at the start of a comment line is escaped.
func TestCommentLines(t *testing.T) {
	long := strings.Repeat("word ", 15)
	for text, want := range map[string]string{
		"+build ignore":           `// \+build ignore`,
		"builds +build":           "// builds +build",
		"[x]: http://example.com": `// \[x]: http://example.com`,
		"[0, 9]":                  "// [0, 9]",
		long + "+build it":        "// " + strings.TrimSpace(long) + "\n// \\+build it",
	} {
		if got := strings.Join(wrap(clean(text)), "\n"); got != want {
			t.Errorf("%q becomes\n%s\nwant\n%s", text, got, want)
		}
		if strings.Contains(want, "\n") {
			continue
		}
		if got := lineComment(text); got != want {
			t.Errorf("%q on one line becomes %s, want %s", text, got, want)
		}
	}
}
