package emit

import (
	"go/token"
	"math/rand"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
)

// The first column of names as bpf2go gives them: TestIdentifier of cilium/ebpf
// v0.22's internal/output_test.go has these, and they must stay the same.
func TestIdentifierAsBpf2go(t *testing.T) {
	for c, want := range map[string]string{
		".rodata": "Rodata", "_foo_bar_": "FooBar", "ipv6_test": "Ipv6Test", "FOO_BAR": "FOO_BAR",
		"FOO_": "FOO_", "FOO__BAR": "FOO__BAR", "FOO_FOO__": "FOO_FOO__", "FOO__BAR__": "FOO__BAR__",
		"flow_key": "FlowKey", "saddr": "Saddr", "f_path": "F_path", "sk_buff": "SkBuff", "a2_b": "A2B",
	} {
		if got := identifier(c); got != want {
			t.Errorf("identifier(%q) = %q, want %q", c, got, want)
		}
	}
}

func TestIdentifierIsLegal(t *testing.T) {
	for c, want := range map[string]struct{ identifier, exact string }{
		"_32_bit":  {"X32Bit", "X_32_bit"},
		"type":     {"Type", "Type"},
		"a::b<c>":  {"Abc", "A__b_c_"},
		"":         {"X", "X"},
		"_":        {"X_", "X_"},
		"__":       {"X__", "X__"},
		"größe":    {"Größe", "Größe"},
		"名":        {"X名", "X名"},
		"a\n\"`*/": {"A", "A_____"},
		"\xff\xfe": {"X__", "X__"},
		"flow_key": {"FlowKey", "Flow_key"},
	} {
		for _, got := range []string{identifier(c), exactIdentifier(c)} {
			if !token.IsIdentifier(got) || !token.IsExported(got) {
				t.Errorf("%q becomes %q", c, got)
			}
		}
		if got := identifier(c); got != want.identifier {
			t.Errorf("identifier(%q) = %q, want %q", c, got, want.identifier)
		}
		if got := exactIdentifier(c); got != want.exact {
			t.Errorf("exactIdentifier(%q) = %q, want %q", c, got, want.exact)
		}
	}
}

func TestConstantName(t *testing.T) {
	for _, c := range []struct{ enum, enumerator, want string }{
		{"verdict", "VERDICT_PASS", "gVerdictPass"},
		{"verdict", "verdict_pass", "gVerdictPass"},
		{"verdict", "VERDICT", "gVerdictVerdict"},
		{"verdict", "VERDICT_", "gVerdictVerdict"},
		{"act", "A_B", "gVerdictAB"},
		{"act", "AB_C", "gVerdictAbC"},
		{"reason", "REASON_X_1", "gVerdictX1"},
		{"reason", "Reason_X_1", "gVerdictX1"},
		{"lower", "a_b", "gVerdictAB"},
		{"verdict", "VERDICT_2", "gVerdict2"},
		{"verdict", "VERDICTS_PASS", "gVerdictVerdictsPass"},
		{"verdict", "PASS_TO_6", "gVerdictPassTo6"},
		{"verdict", "MixedCase", "gVerdictMixedCase"},
		{"verdict", "lower_case", "gVerdictLowerCase"},
		{"", "VERDICT_PASS", "gVerdictVerdictPass"},
		{"verdict", "___", "gVerdictX___"},
	} {
		if got := constantName("gVerdict", c.enum, c.enumerator); got != c.want {
			t.Errorf("enum %s: %s becomes %s, want %s", c.enum, c.enumerator, got, c.want)
		}
	}
}

// The names that claims get do not depend on the order in which they come, and
// the lowest rank chooses first.
func TestSettleInAnyOrder(t *testing.T) {
	more := map[string][]string{
		"foo_bar": {"Foo_bar"},
		"fooBar":  {"FooBar", "XfooBar"},
		"FooBar":  {"FooBar", "XFooBar"},
		"Foo_bar": {"XFoo_bar"},
		"other":   nil,
		"taken":   {"Taken_1", "Taken_2"},
		"__kept":  {"Hidden"},
		"kept":    nil,
	}
	want := map[string]string{
		"foo_bar": "FooBar", "FooBar": "XFooBar", "fooBar": "XfooBar", "Foo_bar": "Foo_bar", "other": "Other",
		"taken": "Taken_2", "kept": "Kept", "__kept": "Hidden",
	}
	for range 50 {
		claims := claimsOf(more)
		s := newScope("the test", "Taken", "Taken_1")
		if err := s.settle(claims); err != nil {
			t.Fatal(err)
		}
		for _, c := range claims {
			if c.name != want[c.label] {
				t.Fatalf("%s became %s, want %s", c.label, c.name, want[c.label])
			}
			if s[c.name] != c.label {
				t.Fatalf("%s is that of %s, not of %s", c.name, s[c.name], c.label)
			}
		}
	}
}

// claimsOf are claims of C names, in a random order.
func claimsOf(more map[string][]string) []*claim {
	var claims []*claim
	for _, c := range sortedKeys(more) {
		first := identifier(c)
		if c == "Foo_bar" {
			first = c // a name that is somebody else's second form
		}
		claims = append(claims, &claim{label: c, rank: rank{class: classOfName(c), spelling: c}, first: first, more: func() []string { return more[c] }})
	}
	rand.Shuffle(len(claims), func(i, j int) { claims[i], claims[j] = claims[j], claims[i] })
	return claims
}

// What is added renames nothing that ranks higher.
func TestSettleRank(t *testing.T) {
	all := []string{"__foo_bar", "FOO_BAR", "FooBar", "_foo_bar", "fooBar", "foo_bar", "foo__bar"}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	before := make(map[string]string)
	for n := 1; n <= len(all); n++ {
		more := make(map[string][]string)
		for _, c := range all[:n] {
			more[c] = []string{exactIdentifier(c), "X" + spelled(c)}
		}
		claims := claimsOf(more)
		if err := make(scope).settle(claims); err != nil {
			t.Fatal(err)
		}
		newcomer := rank{class: classOfName(all[n-1]), spelling: all[n-1]}
		for _, c := range claims {
			if old := before[c.label]; old != "" && old != c.name && newcomer.compare(c.rank) > 0 {
				t.Errorf("%s was %s and is %s, because of %s, which ranks lower", c.label, old, c.name, all[n-1])
			}
			before[c.label] = c.name
		}
	}
}

// Thousands of things of one name are an error, in time.
func TestSettleTooMany(t *testing.T) {
	var values []btfparse.EnumValue
	for i := range 60_000 {
		values = append(values, btfparse.EnumValue{Name: "same", Value: uint64(i)})
	}
	g := planTypes(options(nil), 1, rootsOf(enumOf("e", 4, false, values...))...)
	if err := g.err(); err == nil || !strings.Contains(err.Error(), "more than 1000 things are called like enum e's same") {
		t.Errorf("error: %v", err)
	}
}

// The enumerator of thousands of enums without a name, on one target or the other
// or both: no quadratic work.
func TestOneNameOfMany(t *testing.T) {
	var claims []*constantClaim
	for i := range 60_000 {
		v := &variant{on: []bool{i%3 != 1, i%3 != 0}}
		v.of = &thing{variants: []*variant{v}}
		claims = append(claims, &constantClaim{claim: &claim{}, of: []*variant{v}})
	}
	var pairs, both int
	for _, c := range oneName(claims) {
		switch {
		case len(c.of) == 2 && c.of[0].on[0] != c.of[1].on[0]:
			pairs++
		case len(c.of) == 1 && c.of[0].on[0] && c.of[0].on[1]:
			both++
		}
	}
	if pairs != 20_000 || both != 20_000 {
		t.Errorf("%d names of two enums and %d of one", pairs, both)
	}
}

// Names of members that clash, and derived names that give way to them.
func TestMemberNames(t *testing.T) {
	for _, c := range []struct {
		name     string
		typ      btfparse.Type
		want     []string
		warnings []string
	}{
		{"different spelling", structOf("r", 12, at(0, "foo_bar", cU32), at(4, "fooBar", cU32), at(8, "__foo_bar", cU32)),
			[]string{"FooBar uint32", "XfooBar uint32", "X__foo_bar uint32"},
			[]string{"field fooBar: its name in Go is XfooBar, because FooBar is that of field foo_bar; -rename 'struct r.fooBar=…'", "field __foo_bar: its name in Go is X__foo_bar"}},
		{"underscores give way", structOf("r", 8, at(0, "rx_bytes", cU32), at(4, "__rx_bytes", cU32)),
			[]string{"RxBytes uint32", "X__rx_bytes uint32"},
			[]string{"field __rx_bytes: its name in Go is X__rx_bytes, because RxBytes is that of field rx_bytes"}},
		{"chosen by tag", structOf("r", 8, at(0, "foo_bar", cU32), at(4, "fooBar", cU32, "bpfgen:name=other")),
			[]string{"FooBar uint32", "Other uint32"}, nil},
		{"tag that is no identifier", structOf("r", 4, at(0, "a", cU32, "bpfgen:name=1 2")),
			[]string{"A uint32"}, []string{"gives no Go identifier"}},
		{"derived names give way", structOf("r", 24, bits(0, "x", cU32, 3), at(4, "set_x", cU32), at(8, "raw_x", cU32), at(12, "text", array(cChar, 4)), at(16, "text_string", cU32)),
			[]string{"RawX_ [1]byte // x", "SetX uint32", "RawX uint32",
				"func (s *counterR) X() uint32 { return uint32(ctypes.Bits(s.RawX_[:], 0, 3)) }",
				"func (s *counterR) SetX_(v uint32) { ctypes.SetBits(s.RawX_[:], 0, 3, uint64(v)) }",
				"func (s *counterR) TextString_() string { return ctypes.CString(s.Text[:]) }"},
			[]string{"field text: its text in Go is TextString_, because TextString is that of field text_string; -rename 'struct r.text=…'",
				"field x: its setter in Go is SetX_, because SetX is that of field set_x", "field x: its storage in Go is RawX_, because RawX is that of field raw_x"}},
		{"methods that mean something", unionOf("r", 4, at(0, "string", cU32), at(0, "read_byte", cU8), at(0, "string_value", cU16), at(0, "go", array(cChar, 4))),
			[]string{"func (s *counterR) StringValue_() uint32 { return ctypes.Load[uint32](s.RawString[:]) }",
				"func (s *counterR) StringValue() uint16 { return ctypes.Load[uint16](s.RawString[0:2]) }",
				"func (s *counterR) ReadByteValue() uint8 { return ctypes.Load[uint8](s.RawString[0:1]) }",
				"func (s *counterR) GoString_() string {"},
			[]string{"field string: its getter in Go is StringValue_, because StringValue is that of field string_value"}},
		{"a member instead of MinSize", structOf("r", 16, at(0, "a", cU64), at(8, "min_size", cU32), at(12, "data", array(cChar, 0))),
			[]string{"MinSize uint32"}, []string{"field min_size: it has the name in Go of the method by which readers know how short a record may be"}},
		{"fields may be called so", structOf("r", 8, at(0, "string", cU32), at(4, "error", cU32)),
			[]string{"String uint32", "Error uint32"}, nil},
		{"two members of one name", structOf("r", 8, at(0, "a", cU32), at(4, "a", cU32)),
			[]string{"A uint32", "Xa uint32"}, []string{"field a: its name in Go is Xa, because A is that of another field a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := generateTypes(t, rootsOf(c.typ)...)
			g.want(t, c.want...)
			g.wantWarnings(t, c.warnings...)
		})
	}
}
