package btfparse

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJoin(t *testing.T) {
	kind := &Kind{What: "%d sections are unknown", Remedy: "write libbpf's names"}
	other := &Kind{What: "%d others"}
	many := &Kind{What: "%d are many", Most: 2}
	for _, test := range []struct {
		name string
		list []Diagnostic
		want string
	}{
		{"alone", []Diagnostic{{Path: "map a", What: "is wrong", Remedy: "mend it"}},
			"map a: is wrong; mend it"},
		{"twice the same", []Diagnostic{{Path: "map a", What: "is wrong"}, {Path: "map a", What: "is wrong"}},
			"map a: is wrong"},
		{"the same of several", []Diagnostic{{Path: "map b", What: "is wrong"}, {Path: "map a", What: "is wrong"}, {Path: "variable v", What: "is wrong"}},
			"map a, b, variable v: is wrong"},
		{"other words, other files", []Diagnostic{{Path: "map a", What: "is wrong"}, {Path: "map b", What: "is bad"}, {File: "x.o", Path: "map b", What: "is wrong"}},
			"map a: is wrong\nmap b: is bad\nx.o: map b: is wrong"},
		{"without a place", []Diagnostic{{What: "no BTF"}, {File: "x.o", What: "no BTF"}},
			"no BTF\nx.o: no BTF"},
		{"one of a kind", []Diagnostic{{Path: "program p", What: "SEC(\"x\") is unknown", Kind: kind}},
			"program p: SEC(\"x\") is unknown"},
		{"several of a kind", []Diagnostic{
			{Path: "program q", What: "SEC(\"y\") is unknown", Kind: kind, Item: `q (SEC("y"))`},
			{Path: "program p", What: "SEC(\"x\") is unknown", Kind: kind},
			{Path: "program p", What: "another", Kind: other},
		},
			"2 sections are unknown: program p, q (SEC(\"y\")); write libbpf's names\nprogram p: another"},
		{"many of a kind", []Diagnostic{{Path: "a", Kind: many}, {Path: "b", Kind: many}, {Path: "c", Kind: many}, {Path: "d", Kind: many}},
			"4 are many: a, b, and 2 more (-verbose names each)"},
		{"in C", []Diagnostic{{Path: "struct s", What: "clashes", Remedy: "-rename s=T", InC: "rename it"}, {Path: "struct t", What: "is void", InC: "declare it"}},
			"struct s: clashes; -rename s=T, or in C rename it\nstruct t: is void; declare it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var lines []string
			for _, d := range Join(test.list) {
				lines = append(lines, d.String())
			}
			if diff := cmp.Diff(test.want, strings.Join(lines, "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
