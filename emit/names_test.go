package emit

import (
	"fmt"
	"go/token"
	"math/rand"
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
		{"verdict", "VERDICT_", "gVerdictVerdict_"},
		{"verdict", "VERDICT_2", "gVerdict2"},
		{"verdict", "VERDICTS_PASS", "gVerdictVerdictsPass"},
		{"verdict", "PASS_TO_6", "gVerdictPassTo6"},
		{"verdict", "MixedCase", "gVerdictMixedCase"},
		{"verdict", "lower_case", "gVerdictLowerCase"},
		{"", "VERDICT_PASS", "gVerdictVerdictPass"},
		{"verdict", "___", "gVerdictX___"},
	} {
		if got := constantName("gVerdict", c.enum, c.enumerator); got != c.want && got+"_" != c.want {
			t.Errorf("enum %s: %s becomes %s, want %s", c.enum, c.enumerator, got, c.want)
		}
	}
}

// The names that claims get do not depend on the order in which they come.
func TestSettleClaimsInAnyOrder(t *testing.T) {
	forms := map[string][]string{
		"foo_bar": {"FooBar", "Foo_bar"},
		"fooBar":  {"FooBar", "FooBar", "XfooBar"},
		"FooBar":  {"FooBar", "FooBar", "XFooBar"},
		"Foo_bar": {"Foo_bar", "XFoo_bar"}, // somebody else's second form
		"other":   {"Other"},
		"taken":   {"Taken", "Taken_1", "Taken_2"},
		"hidden":  {"Kept", "Hidden"},
		"kept":    {"Kept"},
	}
	class := map[string]int{"hidden": 1}
	want := map[string]string{
		"foo_bar": "", "fooBar": "XfooBar", "FooBar": "XFooBar", "other": "Other", "taken": "Taken_2", "hidden": "Hidden", "kept": "Kept",
	}
	labels := sortedKeys(forms)
	var first map[string]string
	for range 50 {
		rand.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
		var claims []*claim
		for _, l := range labels {
			claims = append(claims, &claim{label: l, class: class[l], form: func(n int) string {
				if n < len(forms[l]) {
					return forms[l][n]
				}
				return fmt.Sprintf("%s_%d", l, n)
			}})
		}
		settleClaims(claims, setOf("Taken", "Taken_1"))
		got := make(map[string]string)
		owners := make(map[string]string)
		for _, c := range claims {
			got[c.label] = c.name
			if o, ok := owners[c.name]; ok {
				t.Fatalf("%s and %s are both %s", o, c.label, c.name)
			}
			owners[c.name] = c.label
			if w := want[c.label]; w != "" && c.name != w {
				t.Fatalf("%s became %s, want %s", c.label, c.name, w)
			}
		}
		if first == nil {
			first = got
		}
		for l, name := range got {
			if first[l] != name {
				t.Fatalf("%s became %s, and %s in another order", l, first[l], name)
			}
		}
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
			[]string{"Foo_bar uint32", "FooBar uint32", "X__foo_bar uint32"},
			[]string{"field foo_bar: is Foo_bar in Go: FooBar would also be __foo_bar, fooBar", "field __foo_bar: is X__foo_bar in Go"}},
		{"underscores give way", structOf("r", 8, at(0, "rx_bytes", cU32), at(4, "__rx_bytes", cU32)),
			[]string{"RxBytes uint32", "X__rx_bytes uint32"},
			[]string{"field __rx_bytes: is X__rx_bytes in Go: RxBytes would also be rx_bytes"}},
		{"chosen by tag", structOf("r", 8, at(0, "foo_bar", cU32), at(4, "fooBar", cU32, "bpfgen:name=other")),
			[]string{"FooBar uint32", "Other uint32"}, nil},
		{"tag that is no identifier", structOf("r", 4, at(0, "a", cU32, "bpfgen:name=1 2")),
			[]string{"A uint32"}, []string{"gives no Go identifier"}},
		{"derived names give way", structOf("r", 24, bits(0, "x", cU32, 3), at(4, "set_x", cU32), at(8, "raw_x", cU32), at(12, "text", array(cChar, 4)), at(16, "text_string", cU32)),
			[]string{"RawX_ [1]byte // x", "SetX uint32", "RawX uint32",
				"func (s *counterR) X() uint32 { return uint32(ctypes.Bits(s.RawX_[:], 0, 3)) }",
				"func (s *counterR) SetX_(v uint32) { ctypes.SetBits(s.RawX_[:], 0, 3, uint64(v)) }",
				"func (s *counterR) TextString_() string { return ctypes.CString(s.Text[:]) }"}, nil},
		{"methods that mean something", unionOf("r", 4, at(0, "string", cU32), at(0, "read_byte", cU8), at(0, "string_value", cU16), at(0, "go", array(cChar, 4))),
			[]string{"func (s *counterR) StringValue_() uint32 { return ctypes.Load[uint32](s.RawString[:]) }",
				"func (s *counterR) StringValue() uint16 { return ctypes.Load[uint16](s.RawString[0:2]) }",
				"func (s *counterR) ReadByteValue() uint8 { return ctypes.Load[uint8](s.RawString[0:1]) }",
				"func (s *counterR) GoString_() string {"}, nil},
		{"fields may be called so", structOf("r", 8, at(0, "string", cU32), at(4, "error", cU32)),
			[]string{"String uint32", "Error uint32"}, nil},
		{"two members of one name", structOf("r", 8, at(0, "a", cU32), at(4, "a", cU32)),
			[]string{"_ structs.HostLayout"}, []string{"field a: is Xa_", "field a: is Xa_"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := generateTypes(t, rootsOf(c.typ)...)
			g.want(t, c.want...)
			g.wantWarnings(t, c.warnings...)
		})
	}
}
