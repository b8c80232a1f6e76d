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
	"github.com/bpfgen/bpfgen/emit/internal/plan"
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
	in := structOf("bar", 4, at(0, "in", structOf("", 4, at(0, "x", cU32))))
	hop := enumOf("hop", 4, false, btfparse.EnumValue{Name: "HOP_PASS"})
	for _, c := range []struct {
		name     string
		opts     *Options
		types    []btfparse.Type
		want     []string
		warnings []string
	}{
		{"kinds differ", nil, []btfparse.Type{a, enumOf("foo", 4, false), unionOf("foo", 4, at(0, "u", cU32)), typedef},
			[]string{"type counterFoo struct {", "type counterFooEnum uint32", "type counterFooUnion struct {", "type counterFooTypedef struct {"},
			[]string{"union foo: its name in Go is counterFooUnion, because counterFoo is that of struct foo; -rename 'union foo=…'", "enum foo: its", "foo: its name in Go is counterFooTypedef"}},
		{"spelling differs", nil, []btfparse.Type{structOf("flow_key", 4, at(0, "a", cU32)), structOf("FlowKey", 8, at(0, "a", cU64))},
			[]string{"type counterFlowKey struct {", "type counter_FlowKey struct {"},
			[]string{"-rename 'struct FlowKey=…', or in C btf_decl_tag(\"bpfgen:name=…\")"}},
		{"structure differs", nil, []btfparse.Type{a, b},
			[]string{"type counterFoo struct {", "type counterFoo_fc37be struct {"},
			[]string{"counterFoo is that of another struct foo, of a different structure; -rename 'struct foo_fc37be=…'"}},
		{"structure differs, renamed", options(map[string]string{"struct foo_affef4": "Old"}), []btfparse.Type{a, b},
			[]string{"type counterOld struct {", "type counterFoo struct {"}, nil},
		{"API wins", nil, []btfparse.Type{structOf("collection", 4, at(0, "a", cU32))},
			[]string{"type counterCollectionStruct struct {"}, []string{"because counterCollection is that of the API of counter"}},
		{"renamed", options(map[string]string{"struct foo": "Baz", "struct bar.in{}": "Inside", "enum gone": "X"}), []btfparse.Type{a, in},
			[]string{"type counterBaz struct {", "type counterInside struct {", "In counterInside"},
			[]string{"-rename enum gone=X names nothing that is generated"}},
		{"member renamed", options(map[string]string{"struct bar.in": "inside", "struct bar.in.x": "y"}), []btfparse.Type{in},
			[]string{"Inside counterBarInside", "type counterBarInside struct {", "Y uint32"}, nil},
		{"enumerators renamed", options(map[string]string{"HOP_PASS": "Pass", "enum v.B": "Bee"}),
			[]btfparse.Type{hop, enumOf("v", 4, false, btfparse.EnumValue{Name: "B"})},
			[]string{"counterPass counterHop = 0", "counterBee counterV = 0"}, nil},
		{"chosen by tag", nil, []btfparse.Type{bar("bpfgen:name=Baz")}, []string{"type counterBaz struct {"}, nil},
		{"tag of a typedef", nil, []btfparse.Type{&btfparse.Typedef{Name: "bar_t", Type: bar(), Tags: []string{"bpfgen:name=Baz"}}},
			[]string{"type counterBar struct {"}, []string{"typedef bar_t: btf_decl_tag(\"bpfgen:name=Baz\") has no effect"}},
		{"members called by keywords", options(map[string]string{"struct bar.b": "range"}), []btfparse.Type{structOf("bar", 8, at(0, "a", cU32, "bpfgen:name=type"), at(4, "b", cU32))},
			[]string{"Type uint32", "Range uint32"}, nil},
		{"tag that is no identifier", nil, []btfparse.Type{bar("bpfgen:name=a b")}, []string{"type counterBar struct {"}, []string{"gives no Go identifier"}},
		{"derived names give way", nil, []btfparse.Type{in, structOf("bar_in", 1, at(0, "y", cU8))},
			[]string{"type counterBarIn struct {", "type counterBar_In struct {", "In counterBar_In"},
			[]string{"struct bar.in{}: its name in Go is counterBar_In, because counterBarIn is that of struct bar_in"}},
		{"derived names that meet", nil, []btfparse.Type{
			structOf("aa", 4, at(0, "bb_cc", structOf("", 4, at(0, "x", cU32)))), structOf("aa_bb", 2, at(0, "cc", structOf("", 2, at(0, "y", cU16)))),
		}, []string{"type counterAaBbCc struct {", "type counterAaBb_Cc struct {"}, []string{"struct aa_bb.cc{}: its name in Go is counterAaBb_Cc, because counterAaBbCc is that of struct aa.bb_cc{}"}},
		{"constants give way", nil, []btfparse.Type{hop, structOf("hop_pass", 4, at(0, "x", cU32))},
			[]string{"type counterHopPass struct {", "counterHop_HOP_PASS counterHop = 0"},
			[]string{"enum hop > HOP_PASS: its constant in Go is counterHop_HOP_PASS, because counterHopPass is that of struct hop_pass"}},
		{"constants of one name", nil, []btfparse.Type{enumOf("v", 4, false, btfparse.EnumValue{Name: "V_PASS"}, btfparse.EnumValue{Name: "PASS", Value: 1})},
			[]string{"counterV_V_PASS counterV = 0", "counterVPass counterV = 1"}, []string{"counterVPass is that of enum v's PASS"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := c.opts
			if opts == nil {
				opts = options(nil)
			}
			g := generateWith(t, opts, rootsOf(c.types...)...)
			g.want(t, c.want...)
			g.wantWarnings(t, c.warnings...)
			for range 5 {
				rand.Shuffle(len(c.types), func(i, j int) { c.types[i], c.types[j] = c.types[j], c.types[i] })
				if source := render(t, planTypes(opts, 1, rootsOf(c.types...)...).plan); source != g.source {
					t.Fatalf("the order of the roots matters:\n%s\n%s", g.source, source)
				}
			}
		})
	}
}

// A struct that has a name and a typedef bears the one by which it is asked for;
// what else uses it finds it under its own name as well.
func TestTypedefOfNamedStruct(t *testing.T) {
	flow := structOf("flow_id_t", 4, at(0, "a", cU32))
	td := &btfparse.Typedef{Name: "flow_id", Type: flow}
	object := &btfparse.Object{TypesOnly: true, Types: []btfparse.Type{flow, td}}
	for _, c := range []struct {
		opts  Options
		other btfparse.Type
		want  []string
	}{
		{Options{Types: []string{"flow_id"}}, nil, []string{"type counterFlowId struct {"}},
		{Options{Types: []string{"flow_id_t"}}, nil, []string{"type counterFlowIdT struct {"}},
		{Options{Types: []string{"flow_*"}}, nil, []string{"type counterFlowIdT struct {"}},
		{Options{Types: []string{"flow_id"}}, structOf("s", 4, at(0, "f", flow)), []string{"type counterFlowId struct {", "type counterFlowIdT = counterFlowId", "F counterFlowId"}},
		{Options{Types: []string{"flow_id_t"}, Renames: map[string]string{"flow_id": "X"}}, nil, []string{"type counterX struct {"}},
		{Options{Types: []string{"flow_id_t"}, Renames: map[string]string{"flow_id.a": "b"}}, nil, []string{"type counterFlowIdT struct {", "B uint32"}},
	} {
		c.opts.Ident, c.opts.Package, c.opts.TypesOnly = "counter", "counter", true
		o := *object
		if c.other != nil {
			o.Types = append(slices.Clone(o.Types), c.other)
			c.opts.Types = append(c.opts.Types, "s")
		}
		p, err := NewPlan([]Target{{Object: &o}}, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		g := generated{source: render(t, p.plan)}
		g.want(t, c.want...)
		if declares := strings.Contains(g.source, "FlowIdT"); declares != strings.Contains(strings.Join(c.want, " "), "FlowIdT") {
			t.Errorf("-type %v: FlowIdT is there: %t\n%s", c.opts.Types, declares, g.source)
		}
		for _, w := range p.Warnings {
			t.Errorf("warning: %s", w)
		}
	}
}

func TestRenameToNoIdentifier(t *testing.T) {
	g := planTypes(options(map[string]string{"struct foo": "a-b"}), 1, rootsOf(structOf("foo", 4, at(0, "a", cU32)))...)
	if len(g.texts) != 1 || g.texts[0] != "-rename struct foo=a-b: countera-b is not a Go identifier" {
		t.Errorf("errors: %v", g.texts)
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
	g.want(t, "// counterAmValue is an anonymous struct, 4 bytes.", "// Value of map a.",
		"// counterBmValue is an anonymous struct, 4 bytes.", "// Value of map b.",
		"// counterKey is struct key, 4 bytes.", "// Key of map a. Variable keys.")
	g.wantWarnings(t, "map c > key: is void in BTF, which has no size")
	for _, c := range []struct {
		typ  btfparse.Type
		want string
	}{
		{named, "counterKey"}, {array(named, 3), "[3]counterKey"}, {cU64, "uint64"},
		{cBE32, "ctypes.BE32"}, {array(array(cChar, 16), 2), "[2][16]int8"}, {pointer("void"), "ctypes.Pointer"},
		{structOf("elsewhere", 12), "[12]byte"},
	} {
		if got := g.types.ref(&root{Type: c.typ}).goType().String(); got != c.want {
			t.Errorf("the Go type of %s is %s, want %s", c.typ.CName(), got, c.want)
		}
	}
}

// Two targets share a declaration if what is printed is the same, whoever uses
// it.
func TestDeclarationsEqual(t *testing.T) {
	declare := func(typ btfparse.Type, use string) *plan.Decl {
		return planTypes(options(nil), 1, root{Type: typ, Path: "map m", Use: use}).plan.Types[0]
	}
	a := declare(structOf("s", 8, at(0, "x", cU32), bits(32, "y", cU32, 3)), "key of map m")
	if b := declare(structOf("s", 8, at(0, "x", cU32), bits(32, "y", cU32, 3)), "key of map n"); !a.Equal(b) {
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
		if a.Equal(declare(other, "key of map m")) {
			t.Errorf("equal although the %s differs", name)
		}
	}
}

// A type of two targets has one name, whatever it looks like on each, and so
// have its members.
func TestNamesOverTargets(t *testing.T) {
	regs := func(target int, fields ...btfparse.Field) root {
		return root{target: target, Type: structOf("regs", 8, fields...), Path: "p"}
	}
	g := planTypes(options(nil), 2,
		regs(0, at(0, "ip_addr", cU32), at(4, "ipAddr", cU32)), regs(1, at(0, "ipAddr", cU64)),
		root{target: 0, Name: "am_value", Type: structOf("", 4, at(0, "x", cU32))},
		root{target: 1, Name: "am_value", Type: enumOf("", 4, false)})
	if err := g.err(); err != nil {
		t.Fatal(err)
	}
	var got [2][]string
	for i, target := range g.plan.Targets {
		for _, d := range target.Types {
			text := d.Name
			for _, f := range d.Fields {
				text += " " + f.Name
			}
			got[i] = append(got[i], text)
		}
	}
	first, second := strings.Join(got[0], ", "), strings.Join(got[1], ", ")
	if !strings.Contains(first, "IpAddr XipAddr") || !strings.Contains(second, " XipAddr") || strings.Contains(second, " IpAddr") {
		t.Errorf("the members are\n%s\n%s", first, second)
	}
	if !strings.Contains(first, "counterAmValue") || !strings.Contains(second, "counterAmValue") {
		t.Errorf("a root without a name has two:\n%s\n%s", first, second)
	}
}

func TestHasName(t *testing.T) {
	d := planTypes(options(nil), 1, rootsOf(structOf("s", 8, at(0, "text", array(cChar, 4)), bits(32, "y", cU32, 3), at(8, "tail", array(cU8, 0))))...).plan.Types[0]
	for _, name := range []string{"Text", "TextString", "Y", "SetY", "RawY", "TailTail"} {
		if !d.HasName(name) {
			t.Errorf("%s is a name of the type", name)
		}
	}
	if d.HasName("Prefix") {
		t.Error("Prefix is no name of the type")
	}
	how := make(map[string]plan.Reach)
	for _, m := range d.Members {
		how[m.C+" "+m.Name] = m.Reach
	}
	if how["text Text"] != plan.ByField || how["y Y"] != plan.ByAccessor || how["tail TailTail"] != plan.ByTail {
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
