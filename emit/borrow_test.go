package emit

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
)

// lend plans an ident of a golden object, and gives what another one of the
// package sees of it.
func lend(t *testing.T, ident, object string, opts Options) (*Plan, Lender) {
	t.Helper()
	content, err := os.ReadFile("../golden/" + object)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := btfparse.Parse(object, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	opts.Ident, opts.Package = ident, "p"
	p, err := NewPlan([]Target{{Object: parsed, ObjectFile: "x.o", Embedded: content}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	d := Lender{Layouts: p.plan.Layouts, Set: "1", Types: make(map[string]Declaration)}
	for _, decl := range p.plan.Types {
		d.Types[decl.Name] = declarationOf(decl)
	}
	return p, d
}

// The functions of a key that another ident declares are that ident's.
func TestBorrowedKey(t *testing.T) {
	_, declared := lend(t, "c", "lpm-trie/lpmtrie_bpfel.o", Options{})
	p, _ := lend(t, "counterOfFlows", "lpm-trie/lpmtrie_bpfel.o", Options{TypesFrom: "c", Lenders: []Lender{declared}})
	if len(p.plan.Types) < 2 {
		t.Fatal(len(p.plan.Types))
	}
	for _, d := range p.plan.Types {
		if !strings.HasPrefix(d.Name, "c") || strings.HasPrefix(d.Name, "counter") || !d.Borrowed || d.LPM != nil {
			t.Errorf("%s, borrowed %t, functions %v; want c…, borrowed, without functions", d.Name, d.Borrowed, d.LPM)
		}
	}
}

// Structs that have the first bytes of a flexible array are lent with what they stand in.
func TestBorrowedTails(t *testing.T) {
	const object = "flexible-tail/flexibletail_bpfel.o"
	_, declared := lend(t, "c", object, Options{})
	p, _ := lend(t, "d", object, Options{TypesFrom: "c", Lenders: []Lender{declared}})
	extended := 0
	for _, d := range p.plan.Types {
		if !d.Borrowed {
			t.Errorf("%s is not borrowed", d.Name)
		}
		if strings.Contains(d.C, "with the bytes of its flexible array") {
			extended++
		}
	}
	if extended == 0 || len(p.Warnings) > 0 && strings.Contains(p.Warnings[0].What, "types-from") {
		t.Errorf("%d extended types, warnings %v", extended, p.Warnings)
	}
}

// TestBorrowedByteSign: the layout does not say it, Go reads it.
func TestBorrowedByteSign(t *testing.T) {
	_, declared := lend(t, "c", "counter/counter_bpfel.o", Options{})
	declared.Types["cFlowKey"]["Protocol"] = "int8"
	content, err := os.ReadFile("../golden/counter/counter_bpfel.o")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := btfparse.Parse("counter", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlan([]Target{{Object: parsed}}, Options{Ident: "d", Package: "p", TypesFrom: "c", Lenders: []Lender{declared}})
	if err != nil {
		t.Fatal(err)
	}
	const want = "struct flow_key: is dFlowKey in Go, and not cFlowKey of -types-from: Protocol is int8 there, and uint8 here"
	if !slices.ContainsFunc(p.Warnings, func(d btfparse.Diagnostic) bool { return strings.Contains(d.String(), want) }) {
		t.Errorf("no warning %q in %v", want, p.Warnings)
	}
	for _, d := range p.plan.Types {
		if own := d.Name == "dFlowKey"; own == d.Borrowed {
			t.Errorf("%s: borrowed %t", d.Name, d.Borrowed)
		}
	}
}
