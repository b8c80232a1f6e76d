package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/bpfgen/bpfgen/forecast"
	"github.com/bpfgen/bpfgen/internal/words"
)

// matrixKernels is how many kernels have a column each; more are counted.
const matrixKernels = 10

// forecastText collects verdicts, and prints a matrix and the causes for each
// object in the end.
type forecastText struct {
	w       *bufio.Writer
	verbose bool
	causes  causes
	objects []*objectVerdicts
}

// objectVerdicts are the rows of an object, in the order of the first kernel.
type objectVerdicts struct {
	name string
	rows []*verdictRow
}

// verdictRow is one program or map on all kernels; noVerdict where the object is
// not for that kernel.
type verdictRow struct {
	name, section string
	isMap         bool
	verdicts      []forecast.Verdict
	remarks       []string
}

const noVerdict forecast.Verdict = -1

func newForecastText(w io.Writer, objects []*forecast.Object, verbose bool) *forecastText {
	t := &forecastText{w: bufio.NewWriter(w), verbose: verbose}
	for _, o := range objects {
		t.objects = append(t.objects, &objectVerdicts{name: o.Name()})
	}
	return t
}

func (t *forecastText) add(kernel *forecast.Kernel, reports []*forecast.Report) error {
	n := len(t.causes.kernels)
	t.causes.add(kernel, reports)
	for _, r := range reports {
		i := slices.IndexFunc(t.objects, func(o *objectVerdicts) bool { return o.name == r.Object })
		o := t.objects[i]
		for _, p := range r.Programs {
			t.verdict(o, n, false, kernel.Name(), p)
		}
		for _, m := range r.Maps {
			if m.Verdict != forecast.Clear || o.row(true, m.Name) != nil {
				t.verdict(o, n, true, kernel.Name(), m)
			}
		}
	}
	return nil
}

func (o *objectVerdicts) row(isMap bool, name string) *verdictRow {
	i := slices.IndexFunc(o.rows, func(r *verdictRow) bool { return r.isMap == isMap && r.name == name })
	if i < 0 {
		return nil
	}
	return o.rows[i]
}

func (t *forecastText) verdict(o *objectVerdicts, kernel int, isMap bool, name string, r forecast.Result) {
	row := o.row(isMap, r.Name)
	if row == nil {
		row = &verdictRow{name: r.Name, section: r.Section, isMap: isMap}
		o.rows = append(o.rows, row)
		if isMap { // those of kernels before were clear
			row.fill(kernel, forecast.Clear)
		}
	}
	row.fill(kernel, noVerdict)
	row.verdicts = append(row.verdicts, r.Verdict)
	for _, f := range r.Findings {
		if f.Verdict == forecast.Clear {
			row.remarks = append(row.remarks, fmt.Sprintf("%s: %s: %s%s", name, f.Cause, f.What, at(f)))
		}
	}
}

func (r *verdictRow) fill(n int, v forecast.Verdict) {
	for len(r.verdicts) < n {
		r.verdicts = append(r.verdicts, v)
	}
}

// at is the place of a finding in C.
func at(f forecast.Finding) string {
	if f.Place() == "" {
		return ""
	}
	return " (" + f.Place() + ")"
}

func (t *forecastText) close() error {
	for i, o := range t.objects {
		if i > 0 {
			fmt.Fprintln(t.w)
		}
		fmt.Fprintln(t.w, oneLine(o.name))
		if len(o.rows) == 0 {
			fmt.Fprintln(t.w, "  nothing to load, or for no kernel's byte order")
			continue
		}
		t.matrix(o)
		t.findings(o)
	}
	return t.w.Flush()
}

// matrix shows verdicts by kernel, or, of many kernels, how many have which.
func (t *forecastText) matrix(o *objectVerdicts) {
	tw := tabwriter.NewWriter(t.w, 0, 0, 2, ' ', 0)
	few := len(t.causes.kernels) <= matrixKernels
	if few {
		fmt.Fprint(tw, "  PROGRAM")
		for _, k := range t.causes.kernels {
			fmt.Fprint(tw, "\t", oneLine(k.name))
		}
		fmt.Fprintln(tw)
	}
	for _, row := range o.rows {
		row.fill(len(t.causes.kernels), noVerdict)
		fmt.Fprint(tw, "  ", oneLine(row.title()))
		if few {
			for _, v := range row.verdicts {
				fmt.Fprint(tw, "\t", verdictCell(v))
			}
		} else {
			fmt.Fprint(tw, "\t", row.counts())
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
}

func (r *verdictRow) title() string {
	if r.isMap {
		return "map " + r.name
	}
	return r.name
}

func verdictCell(v forecast.Verdict) string {
	if v == noVerdict {
		return "-"
	}
	return v.String()
}

// counts is "clear on 998, fails on 2".
func (r *verdictRow) counts() string {
	var parts []string
	for v := forecast.Clear; v <= forecast.Fails; v++ {
		n := 0
		for _, is := range r.verdicts {
			if is == v {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s on %d", v, n))
		}
	}
	return strings.Join(parts, ", ")
}

// findings explains the verdicts of an object, cause by cause: what stops several
// programs, or one in several places, is said once.
func (t *forecastText) findings(o *objectVerdicts) {
	var groups []*causeGroup
	for _, c := range t.causes.list {
		if c.object != o.name {
			continue
		}
		i := slices.IndexFunc(groups, func(g *causeGroup) bool { return g.sameAs(c) })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &causeGroup{cause: c})
		}
		groups[i].add(o.row(c.isMap, c.subject).title(), c.Place())
	}
	slices.SortStableFunc(groups, func(a, b *causeGroup) int { return int(b.Finding.Verdict - a.Finding.Verdict) })
	for _, g := range groups {
		t.finding(g)
	}
	if t.verbose {
		t.remarks(o)
	}
}

// causeGroup is one finding of several programs or maps, wherever in them.
type causeGroup struct {
	*cause
	programs []string
	// places in C, the first of them that of the finding.
	places []string
}

func (g *causeGroup) sameAs(c *cause) bool {
	return withoutPlace(g.Finding) == withoutPlace(c.Finding) && slices.Equal(g.kernels, c.kernels)
}

func withoutPlace(f forecast.Finding) forecast.Finding {
	f.File, f.Line, f.Code = "", 0, ""
	return f
}

func (g *causeGroup) add(program, place string) {
	if !slices.Contains(g.programs, program) {
		g.programs = append(g.programs, program)
	}
	if place != "" && !slices.Contains(g.places, place) {
		g.places = append(g.places, place)
	}
}

func (t *forecastText) finding(g *causeGroup) {
	fmt.Fprintf(t.w, "\n  %s on %s: %s: %s\n", g.Finding.Verdict, t.kernels(g.cause), g.Finding.Cause, oneLine(g.What))
	fmt.Fprintf(t.w, "    in %s\n", oneLine(words.Some(g.programs, 10)))
	if g.Place() != "" {
		fmt.Fprintf(t.w, "    at %s: %s\n", oneLine(g.Place()), oneLine(g.Code))
	}
	if len(g.places) > 1 {
		fmt.Fprintf(t.w, "    and at %s\n", oneLine(words.Some(g.places[1:], 10)))
	}
	if since := t.causes.since(g.cause); since != "" {
		fmt.Fprintf(t.w, "    not so since %s\n", oneLine(since))
	}
	if g.Remedy != "" {
		fmt.Fprintf(t.w, "    remedy: %s\n", oneLine(g.Remedy))
	}
}

// remarks are what was found and does no harm.
func (t *forecastText) remarks(o *objectVerdicts) {
	for _, row := range o.rows {
		for _, remark := range row.remarks {
			fmt.Fprintf(t.w, "\n  clear on %s\n    in %s\n", oneLine(remark), oneLine(row.title()))
		}
	}
}

// kernels are the names, or a number of them.
func (t *forecastText) kernels(c *cause) string {
	names := t.causes.names(c.kernels)
	if len(names) == len(t.causes.kernels) && len(names) > 1 {
		return "all"
	}
	return oneLine(words.Some(names, 10))
}
