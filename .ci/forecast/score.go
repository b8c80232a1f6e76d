package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/forecast"
)

// score collects pairs of forecast and truth.
type score struct {
	pairs   []pair
	kernels []string
	// unread are the errors of objects that package forecast refuses, by name.
	unread map[string]error
}

// pair is one program or map on one kernel.
type pair struct {
	kernel, set string
	answer
	class    class
	verdict  forecast.Verdict
	findings []forecast.Finding
	// byDesign: a selftest that the kernel must refuse.
	byDesign bool
}

// setOf is the part of an object's name in front of the colon.
func setOf(object string) string { set, _, _ := strings.Cut(object, ":"); return set }

func (s *score) kernel(c config, truth *truthOf) error {
	k, err := truth.load(c.cache)
	if err != nil {
		return err
	}
	s.kernels = append(s.kernels, truth.series)
	byObject := make(map[string][]answer)
	for _, a := range truth.answers {
		byObject[a.Object] = append(byObject[a.Object], a)
	}
	files, err := filepath.Glob(filepath.Join(c.objects, "*.o"))
	if err != nil {
		return err
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".o")
		if len(byObject[name]) == 0 {
			continue
		}
		o, err := readObject(name, file)
		if err != nil {
			s.unread[name] = err
			continue
		}
		report, err := forecast.Check(o, k)
		if err != nil {
			return err
		}
		s.object(truth.series, report, byObject[name], mustFail(file))
	}
	return nil
}

func readObject(name, file string) (*forecast.Object, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return forecast.ReadObject(name, f)
}

func (s *score) object(kernel string, r *forecast.Report, answers []answer, byDesign map[string]bool) {
	for _, a := range answers {
		p := pair{kernel: kernel, set: setOf(a.Object), answer: a, class: classOf(a), byDesign: byDesign[a.Program]}
		results, name := r.Programs, a.Program
		if a.Map != "" {
			results, name = r.Maps, a.Map
		}
		if p.class == classObject {
			p.verdict = r.Verdict
		}
		i := slices.IndexFunc(results, func(r forecast.Result) bool { return r.Name == name })
		if i >= 0 {
			p.verdict, p.findings = results[i].Verdict, results[i].Findings
		}
		s.pairs = append(s.pairs, p)
	}
}

// decidable failures are those that a forecast can know of.
func (p pair) decidable() bool {
	return p.class != classLoads && p.class != classVerifier && p.class != classPolicy
}

func (s *score) report(c config, w io.Writer) error {
	if c.show != "" {
		show, err := regexp.Compile(c.show)
		if err != nil {
			return err
		}
		s.show(w, show)
	}
	if c.table != "" {
		return s.writeTable(c.table)
	}
	for _, set := range s.sets() {
		for _, k := range append(slices.Clone(s.kernels), "") {
			fmt.Fprintln(w, s.tally(set, k))
		}
	}
	return nil
}

// sets are the rows, those that must fail behind all others.
func (s *score) sets() (sets []string) {
	for _, p := range s.pairs {
		if row := p.row(); !slices.Contains(sets, row) && row != mustFailSet {
			sets = append(sets, row)
		}
	}
	slices.Sort(sets)
	if slices.ContainsFunc(s.pairs, func(p pair) bool { return p.byDesign }) {
		sets = append(sets, mustFailSet)
	}
	return sets
}

// tally counts programs of a set on a kernel.
type tally struct {
	set, kernel               string
	n, unknown                int
	rightFails, falseAlarms   int
	decidable, decidableFound int
	failures, failuresFound   int
	verifier, policy          int
}

// mustFailSet is the row of the selftests that the kernel must refuse, of all sets.
const mustFailSet = "must fail by design"

// row is what a pair is counted in.
func (p pair) row() string {
	if p.byDesign {
		return mustFailSet
	}
	return p.set
}

func (s *score) tally(set, kernel string) tally {
	t := tally{set: set, kernel: kernel}
	for _, p := range s.pairs {
		if p.row() != set || kernel != "" && p.kernel != kernel || p.Program == "" {
			continue
		}
		t.add(p)
	}
	return t
}

func (t *tally) add(p pair) {
	if p.class == classPolicy {
		t.policy++
		return
	}
	t.n++
	switch {
	case p.verdict == forecast.Unknown:
		t.unknown++
	case p.verdict == forecast.Fails && p.Loads:
		t.falseAlarms++
	case p.verdict == forecast.Fails:
		t.rightFails++
	}
	if !p.Loads {
		t.failures++
		if p.verdict == forecast.Fails {
			t.failuresFound++
		}
	}
	if p.decidable() {
		t.decidable++
		if p.verdict == forecast.Fails {
			t.decidableFound++
		}
	}
	if p.class == classVerifier {
		t.verifier++
	}
}

func percent(a, b int) string {
	if b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(a)/float64(b))
}

func (t tally) String() string {
	return fmt.Sprintf("%-12s %-6s n=%d unknown=%d (%s) precision=%s (%d false) recall=%s of %d, of all %s of %d; verifier %d, policy %d",
		t.set, t.kernel, t.n, t.unknown, percent(t.unknown, t.n), percent(t.rightFails, t.rightFails+t.falseAlarms), t.falseAlarms,
		percent(t.decidableFound, t.decidable), t.decidable, percent(t.failuresFound, t.failures), t.failures, t.verifier, t.policy)
}

// show prints what the forecast got wrong.
func (s *score) show(w io.Writer, sets *regexp.Regexp) {
	for _, p := range s.pairs {
		if !sets.MatchString(p.set) || p.byDesign || p.class == classPolicy {
			continue
		}
		kind := ""
		switch {
		case p.verdict == forecast.Fails && p.Loads:
			kind = "FALSE"
		case p.verdict == forecast.Unknown:
			kind = "UNKNOWN"
		case p.verdict < forecast.Unknown && p.decidable():
			kind = "MISSED"
		default:
			continue
		}
		fmt.Fprintf(w, "%s %s %s %s%s [%s] %.300s | %.200s\n", kind, p.kernel, p.Object, p.Program, p.Map, p.class, strings.ReplaceAll(p.Error, "\n", " "), strings.Join(p.Log, " / "))
		for _, f := range p.findings {
			if f.Verdict > forecast.Attach {
				fmt.Fprintf(w, "    %s %s %s: %s\n", f.Verdict, f.Cause, f.Subject, f.What)
			}
		}
	}
}

// mustFail are the programs of a selftest that the kernel must refuse: their
// functions have the tag of __failure in bpf_misc.h, which is counted since Linux 7.
func mustFail(file string) map[string]bool { return taggedFunctions(file, expectFailure) }

var expectFailure = regexp.MustCompile(`^comment:(\d+:)?test_expect_failure`)
