package main

// This file writes the tables of docs/forecast.md, each between its two marks.

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/forecast"
)

const tableText = `Written by ` + "`.ci/forecast.sh`" + `, which loads every program alone in these kernels and compares; not edited by hand. Objects:
libbpf-tools, golden, examples, and the kernel's selftests. Those of 6.12 are in two halves: the rules were made with *a* in view, and mended twice
after *b* was measured (25 false alarms of six helpers that depend on more than the kind of program; helpers on 5.10). *c* are
selftests that came after 6.12, for which no rule was made. Programs that a policy of the machine refuses are counted apart, and selftests that the kernel must
refuse stand in a row of their own: what refuses them is the verifier's logic, if the kernel is new enough to get that far.

- *precision*: of the programs that are said to fail, how many do.
- *recall*: of the programs that fail otherwise than by the verifier's own logic (bounds, types, complexity, values), how many are said to.
- *of all*: of all that fail.

`

func (s *score) writeTable(file string) error { return writeBetween(file, "table", s.markdown()) }

// writeBetween replaces what stands in a file between the two marks of a name.
func writeBetween(file, name string, content []byte) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	start, end := []byte("<!-- "+name+" -->\n"), []byte("<!-- end of "+name+" -->\n")
	head, rest, ok := bytes.Cut(text, start)
	_, tail, ok2 := bytes.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no marks for the %s", file, name)
	}
	return os.WriteFile(file, slices.Concat(head, start, content, end, tail), 0o644)
}

func (s *score) markdown() []byte {
	var b bytes.Buffer
	b.WriteString(tableText + "| objects | kernel | programs | unknown | precision | false alarms | recall | of all | policy |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, set := range s.sets() {
		for _, k := range append(slices.Clone(s.kernels), "") {
			t := s.tally(set, k)
			if t.n+t.policy == 0 {
				continue // this set has not been loaded there
			}
			fmt.Fprintf(&b, "| %s | %s | %d | %d (%s) | %s | %d | %s of %d | %s of %d | %d |\n",
				set, cmp.Or(k, "**all**"), t.n, t.unknown, percent(t.unknown, t.n), percent(t.rightFails, t.rightFails+t.falseAlarms), t.falseAlarms,
				percent(t.decidableFound, t.decidable), t.decidable, percent(t.failuresFound, t.failures), t.failures, t.policy)
		}
	}
	s.misses(&b)
	s.refused(&b)
	return b.Bytes()
}

// refused tells of objects of which nothing is loaded, whose programs no row counts.
func (s *score) refused(b *bytes.Buffer) {
	said := make(map[string]bool)
	for _, p := range s.pairs {
		if p.class == classObject {
			said[p.Object] = p.verdict == forecast.Fails
		}
	}
	fails := 0
	for _, ok := range said {
		if ok {
			fails++
		}
	}
	fmt.Fprintf(b, "\ncilium/ebpf refuses %d objects whole, on every kernel; they are in no row. Of %d of them everything is said to fail, with what is wrong and a remedy.\n", len(said)+len(s.unread), fails)
	for _, name := range slices.Sorted(maps.Keys(s.unread)) {
		_, why, _ := strings.Cut(s.unread[name].Error(), ": ")
		fmt.Fprintf(b, "Of `%s` the forecast is an error: %s.\n", name, why)
	}
}

// misses counts what was missed and what was a false alarm, by its kind.
func (s *score) misses(b *bytes.Buffer) {
	type kind struct{ what, why string }
	counts, examples := make(map[kind]int), make(map[kind]string)
	for _, p := range s.pairs {
		if p.Program == "" || p.byDesign || p.class == classPolicy {
			continue
		}
		k := kind{"missed", string(p.class)}
		switch {
		case p.verdict == forecast.Fails && p.Loads:
			k = kind{"false alarm", string(p.findings[0].Cause)}
		case p.verdict < forecast.Unknown && !p.Loads:
		default:
			continue
		}
		counts[k]++
		if examples[k] == "" {
			examples[k] = fmt.Sprintf("%s of %s on %s", p.Program, p.Object, p.kernel)
		}
	}
	b.WriteString("\n| | kernel's answer, or cause said | programs | for example |\n|---|---|---|---|\n")
	for _, k := range slices.SortedFunc(maps.Keys(counts), func(x, y kind) int {
		return cmp.Or(cmp.Compare(x.what, y.what), cmp.Compare(counts[y], counts[x]), cmp.Compare(x.why, y.why))
	}) {
		fmt.Fprintf(b, "| %s | %s | %d | `%s` |\n", k.what, k.why, counts[k], strings.ReplaceAll(examples[k], "|", ""))
	}
}
